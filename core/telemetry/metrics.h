/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/metrics.h: the registry of Nacelle's own metrics: counters, gauges and histograms with labels. */
#ifndef NACELLE_CORE_TELEMETRY_METRICS_H
#define NACELLE_CORE_TELEMETRY_METRICS_H

#include <nacelle/host.h>
#include <stdbool.h>

typedef struct ncl_metrics ncl_metrics;             /* all metrics of the process */
typedef struct ncl_metrics_scope ncl_metrics_scope; /* those that one component holds */

#define NCL_METRICS_SCOPE_SERIES 1000u /* series (name and labels) of one scope */
#define NCL_METRICS_SERIES 50000u      /* of the registry */
#define NCL_METRICS_LABELS 16u         /* of one series, the scope's own included */
#define NCL_METRICS_BUCKETS 31u        /* bounds of one histogram */
#define NCL_METRICS_TEXT_MAX 1024u     /* bytes of a name, a unit, a doc, a label's name or value */

/* What a metric is. The text is copied. */
typedef struct ncl_metric_spec {
  uint32_t type;  /* NCL_METRIC_* */
  uint32_t level; /* NCL_LEVEL_*; 0 = basic */
  uint32_t bound_count;
  ncl_str name;          /* in full, as it is exported: "otelcol_exporter_sent_spans" */
  ncl_str unit;          /* UCUM: "{spans}", "By", "s" */
  ncl_str doc;           /* one sentence */
  double scale;          /* value in `unit` = stored integer * scale; 0 = 1 */
  const int64_t *bounds; /* histograms: upper bounds of the buckets, inclusive, growing, stored for good (static);
                            NULL = OpenTelemetry's default */
} ncl_metric_spec;

/* NULL = no memory. */
ncl_metrics *ncl_metrics_new(void);
void ncl_metrics_free(ncl_metrics *metrics);        /* NULL is ignored; all scopes must be closed */
uint64_t ncl_metrics_series(ncl_metrics *metrics);  /* [any] how many there are */
uint64_t ncl_metrics_refused(ncl_metrics *metrics); /* [any] how many were asked for over a limit or without memory */

/* [any] A holder of metrics, all of which carry `labels` (copied). NULL = no memory, or too many labels. */
ncl_metrics_scope *ncl_metrics_scope_open(ncl_metrics *metrics, const ncl_pair *labels, uint32_t count);
/* [any] Its metrics are dead, and leave the registry unless another scope holds the same ones. NULL is ignored. */
void ncl_metrics_scope_close(ncl_metrics_scope *scope);

/* [any] The metric of this name and these labels besides the scope's, made at need, alive as long as the scope. NULL =
 * no memory, over a limit, not a valid name ([a-zA-Z_:][a-zA-Z0-9_:]*, of a label without ":"), a label given twice, or
 * one of another type has the name. Unit, doc and bounds are those of the first. */
ncl_metric *ncl_metrics_get(ncl_metrics_scope *scope, const ncl_metric_spec *spec, const ncl_pair *labels,
                            uint32_t count);

/* [any] See ncl_host.metric_add and metric_set; NULL is ignored. A counter ignores what is negative. */
void ncl_metric_add(ncl_metric *metric, int64_t value);
void ncl_metric_set(ncl_metric *metric, int64_t value);
/* [any] A counter that follows a total kept elsewhere: sets it. */
void ncl_metric_follow(ncl_metric *metric, int64_t total);
/* [any] Value of a counter or gauge; of a histogram how many values were recorded. NULL gives 0. */
int64_t ncl_metric_value(const ncl_metric *metric);

/* One series as an exporter sees it; borrowed during the visit. */
typedef struct ncl_metric_point {
  uint32_t type;
  uint32_t level; /* NCL_LEVEL_* */
  uint32_t label_count;
  ncl_str name;
  ncl_str unit;
  ncl_str doc;
  const ncl_pair *labels; /* sorted by name */
  double scale;
  int64_t value;           /* counter, gauge */
  uint64_t count;          /* histogram: values recorded */
  int64_t sum;             /* histogram */
  uint32_t bound_count;    /* histogram */
  const int64_t *bounds;   /* histogram */
  const uint64_t *buckets; /* histogram: bound_count + 1 counts, not cumulative */
} ncl_metric_point;

/* False ends the iteration. */
typedef bool (*ncl_metric_visit_fn)(void *arg, const ncl_metric_point *point);
/* [any] Visits all series, those of one name together, names in the order of their bytes. The registry is locked
 * meanwhile: `visit` may change values but not call the registry. */
void ncl_metrics_each(ncl_metrics *metrics, ncl_metric_visit_fn visit, void *arg);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/introspection.h: interface "ncl.introspection/1": what the running process knows of itself. The host
 * publishes it: host->service(me, NCL_INTROSPECTION_1, &outcome). */
#ifndef NACELLE_INTROSPECTION_H
#define NACELLE_INTROSPECTION_H

#include <nacelle/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_INTROSPECTION_1 "ncl.introspection/1"

/* What is handed to a visitor is borrowed until it returns. A visitor answers 1 to go on, 0 to end. */

#define NCL_PROCESS_STARTING 1u
#define NCL_PROCESS_READY 2u
#define NCL_PROCESS_ENDING 3u

typedef struct ncl_process_view {
  uint32_t struct_size;
  uint32_t state;     /* NCL_PROCESS_* */
  ncl_str version;    /* of the program */
  int64_t started_ns; /* wall clock, since 1970-01-01 UTC */
  int64_t uptime_ns;  /* since the start, whatever happened to the wall clock */
  int64_t config_ns;  /* wall clock: when the config in force was taken */
  uint64_t reloads;   /* configs taken since the start */
  uint64_t reload_failures;
  ncl_str reload_error;   /* why the newest config was not taken; empty when it was */
  uint64_t delivered;     /* items that backends took, since the start */
  uint64_t dropped;       /* items that were taken and given up */
  ncl_array resource;     /* of ncl_pair: service.name, ..., in the order of their names */
  uint32_t metrics_level; /* NCL_LEVEL_*: what is exported; 0 = nothing */
  uint32_t reserved;
} ncl_process_view;

/* What an instance has been through. */
#define NCL_LIFE_NEW 0u     /* not created yet */
#define NCL_LIFE_CREATED 1u /* created, not started */
#define NCL_LIFE_STARTED 2u /* started, or starting */
#define NCL_LIFE_ENDED 3u   /* shut down */

/* One instance of a component. An id that serves several signals or pipelines may have several. */
typedef struct ncl_component_view {
  uint32_t struct_size;
  uint32_t kind;     /* NCL_KIND_* */
  uint32_t signal;   /* 0 = all */
  uint32_t life;     /* NCL_LIFE_* */
  ncl_status status; /* what it last said: NCL_OK, NCL_RETRYABLE (it may pass) or NCL_PERMANENT */
  uint32_t reserved;
  ncl_str id;       /* "otlp/2" */
  ncl_str pipeline; /* processors: of which it is a part; else empty */
  ncl_str plugin;   /* its plugin's name and version, and where its file lies */
  ncl_str plugin_version;
  ncl_str plugin_file;
  ncl_str doc;             /* one line: what its type is for */
  int64_t since_ns;        /* wall clock: when the status became so */
  ncl_str message;         /* of the status; may be empty */
  int64_t error_ns;        /* wall clock of the newest status that was not NCL_OK; 0 = there was none */
  ncl_str error;           /* its message */
  uint64_t in_items;       /* receiver: accepted; processor, connector: incoming; exporter: handed to it */
  uint64_t out_items;      /* receiver: the same; processor, connector: outgoing; exporter: delivered */
  uint64_t failed_items;   /* receiver: refused and failed; others: dropped, not enqueued, given up (what is left out
                              on purpose, by a filter, is not in it) */
  uint64_t queue_size;     /* exporters, in the unit of the sizer, what is being sent included; the rest 0 */
  uint64_t queue_capacity; /* 0 = no queue */
  uint64_t queue_bytes;    /* encoded, as they came; also of what waits without a queue */
  int64_t queue_oldest_ns; /* age of the oldest item; 0 = empty */
  uint64_t send_failures;  /* exporters: tries that failed, since the start */
} ncl_component_view;

/* The ids of what a pipeline is made of, in the order of the config. A connector is an exporter here and a receiver
 * there. */
typedef struct ncl_pipeline_view {
  uint32_t struct_size;
  uint32_t signal;
  ncl_str id;           /* "traces/2" */
  ncl_array receivers;  /* of ncl_str */
  ncl_array processors; /* of ncl_str */
  ncl_array exporters;  /* of ncl_str */
} ncl_pipeline_view;

/* One series of the process's own metrics. */
typedef struct ncl_metric_view {
  uint32_t struct_size;
  uint32_t type; /* NCL_METRIC_* */
  ncl_str name;  /* "otelcol_exporter_sent_spans" */
  ncl_str unit;  /* UCUM */
  ncl_str doc;
  const ncl_pair *labels; /* sorted by name */
  uint32_t label_count;
  uint32_t bound_count;    /* histograms */
  double scale;            /* value in `unit` = stored integer * scale */
  int64_t value;           /* counter, gauge */
  uint64_t count;          /* histogram: values recorded */
  int64_t sum;             /* histogram */
  const int64_t *bounds;   /* histogram: upper bounds, inclusive, growing */
  const uint64_t *buckets; /* histogram: bound_count + 1 counts, not cumulative */
  uint32_t level;          /* NCL_LEVEL_*: from which on it is exported */
  uint32_t reserved;
} ncl_metric_view;

/* One line of the own log. */
typedef struct ncl_log_view {
  uint32_t struct_size;
  uint32_t level;    /* NCL_LOG_* */
  uint64_t sequence; /* grows by 1 a line */
  int64_t wall_ns;
  ncl_str event;     /* "export.failed" */
  ncl_str component; /* "exporter otlp/2"; empty = the process */
  ncl_str message;
  const ncl_attr *attrs;
  uint32_t attr_count;
  uint32_t reserved;
} ncl_log_view;

typedef uint32_t (*ncl_component_visit_fn)(void *arg, const ncl_component_view *view);
typedef uint32_t (*ncl_pipeline_visit_fn)(void *arg, const ncl_pipeline_view *view);
typedef uint32_t (*ncl_metric_view_fn)(void *arg, const ncl_metric_view *view);
typedef uint32_t (*ncl_log_visit_fn)(void *arg, const ncl_log_view *view);

typedef struct ncl_introspection {
  uint32_t struct_size;
  uint32_t reserved;
  void *self; /* first argument of the slots */
  /* [loop] Fills *out, whose struct_size says what fits. Its strings live until the callback that asked returns. */
  void (*process)(void *self, ncl_process_view *out);
  /* [loop] In the order of the start, then the services in use. The visitor asks nothing else of this interface. */
  void (*components)(void *self, ncl_component_visit_fn visit, void *arg);
  /* [loop] In the order of the config. */
  void (*pipelines)(void *self, ncl_pipeline_visit_fn visit, void *arg);
  /* [loop] All series of every level, those of one name together, names in the order of their bytes. The visitor asks
   * nothing else of this interface and opens no metric. */
  void (*metrics)(void *self, ncl_metric_view_fn visit, void *arg);
  /* [loop] The newest lines that are kept (64 KiB of them, each cut at some 4 KiB), oldest first, from the first whose
   * sequence is above `after`. Text is UTF-8 without control characters. What the visitor logs is not visited. */
  void (*logs)(void *self, uint64_t after, ncl_log_visit_fn visit, void *arg);
  /* [loop] The effective config as YAML, secrets replaced by "[REDACTED]", written into the arena that the caller
   * opened and closes. NCL_OK, NCL_NO_MEMORY; NCL_UNSUPPORTED: this process does not keep it. */
  ncl_status (*config)(void *self, ncl_arena *arena, ncl_str *yaml);
} ncl_introspection;

#ifdef __cplusplus
}
#endif
#endif

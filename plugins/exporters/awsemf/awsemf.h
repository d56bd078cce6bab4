/* SPDX-License-Identifier: Apache-2.0 */
/* awsemf.h: what the exporter's files share: itself. */
#ifndef NCL_AWSEMF_H
#define NCL_AWSEMF_H

#include <nacelle/log_events.h>
#include <nacelle/plugin.h>

#include "translate.h"

/* Bytes of lines for standard output that wait. */
#define NCL_EMF_LINES_MAX ((size_t)256 << 20)

enum {
  NCL_EMF_METRIC_SKIPPED,
  NCL_EMF_METRIC_CAPPED,
  NCL_EMF_METRIC_SERIES,
  NCL_EMF_METRIC_STDOUT,
  NCL_EMF_METRICS = 6 /* with those of the sender */
};
extern const ncl_metric_type ncl_emf_metrics[NCL_EMF_METRICS];

typedef struct ncl_emf_item ncl_emf_item;

typedef struct ncl_emf_exporter {
  const ncl_host *host;
  ncl_component *me;
  ncl_emf_settings settings;
  ncl_emf_translator translator;
  char own_stream[64];    /* "otel-stream-<uuid>" */
  char probed[600];       /* the log group that `probe` asks about */
  ncl_log_sender *sender; /* NULL: to standard output */
  ncl_emf_item *sending;  /* under way */
  ncl_writer lines;       /* what standard output has not taken yet, from `written` on */
  size_t written;
  ncl_timer *timer; /* tries the rest again; NULL until the first need */
  int64_t charged;  /* for what the translator remembers */
  uint32_t warned;  /* placeholders: a bit each */
  bool said_unit, said_capped;
} ncl_emf_exporter;

/* items.c: the slots of the host. */
ncl_status ncl_emf_prepare(void *self, ncl_item *item, ncl_outcome *outcome);
ncl_status ncl_emf_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome);
void ncl_emf_release(void *self, ncl_item *item);
void ncl_emf_cancel(void *self, ncl_token token);

/* stdout.c: what standard output does not take at once is kept and tried again. NCL_OK; NCL_RETRYABLE: there is still
 * something of before; NCL_NO_MEMORY. */
ncl_status ncl_emf_print(ncl_emf_exporter *x, const ncl_log_events *set, ncl_outcome *outcome);
/* True: nothing is left. */
bool ncl_emf_flush(ncl_emf_exporter *x);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* push.h: one request under way to one backend: what metrics and log lines have in common. All [loop]. */
#ifndef NACELLE_OTLP_PUSH_PUSH_H
#define NACELLE_OTLP_PUSH_PUSH_H

#include <nacelle/introspection.h>
#include <nacelle/otlp_sender.h>
#include <nacelle/plugin.h>

#include "target.h"

#define NCL_PUSH_REQUEST_MAX ((size_t)4 << 20)

/* Called once for each request that was sent, also from within ncl_push_send. */
typedef void (*ncl_push_answered_fn)(void *arg, const ncl_outcome *outcome);

typedef struct ncl_push {
  const ncl_host *host;
  ncl_component *me;
  ncl_push_target target;
  ncl_otlp_sender *sender;
  const ncl_introspection *process; /* from the start on */
  ncl_push_answered_fn answered;
  void *arg;
  ncl_metric *went, *failed; /* pushes */
  int64_t try_ns;            /* that a request may take */
  int64_t backoff_ns;        /* after the last one that failed; 0 = it did not */
  ncl_token token;           /* of the request under way */
  ncl_otlp_try *open;        /* begun and not sent */
  bool under_way;
  bool has_worked;
  uint64_t failures; /* in a row */
} ncl_push;

/* [create] `section` has the field `exporter`. NCL_OK, NCL_NO_MEMORY, NCL_PERMANENT after host->config_error; the push
 * is to be closed in any case. `whole_ns` = what a push may take, whatever a try may. */
ncl_status ncl_push_create(ncl_push *push, const ncl_create *create, uint32_t signal, int64_t whole_ns,
                           ncl_push_answered_fn answered, void *arg);
ncl_status ncl_push_check(ncl_push *push);
ncl_status ncl_push_start(ncl_push *push, ncl_outcome *outcome);
/* Ends the request under way, without a word. */
void ncl_push_stop(ncl_push *push);
void ncl_push_close(ncl_push *push);

/* A writer for a request, while none is under way; NULL = no memory. */
ncl_writer *ncl_push_begin(ncl_push *push);
/* Sends it, to be answered by `deadline_ns`. */
void ncl_push_send(ncl_push *push, int64_t deadline_ns);
/* Or leaves it. */
void ncl_push_abort(ncl_push *push);

/* After a failure: how long to wait, which grows from failure to failure. A backend that asks for a delay gets it. */
int64_t ncl_push_delay(const ncl_push *push, const ncl_outcome *outcome);

/* The components. */
extern const ncl_methods ncl_push_metrics_methods;
extern const ncl_methods ncl_push_lines_methods;     /* otlp_logs */
extern const ncl_methods ncl_push_each_line_methods; /* otlp_log_lines */

/* Their own metrics, in the order of the descriptor. */
extern const ncl_metric_type ncl_push_metric_types[2];
#define NCL_PUSH_PUSHES (&ncl_push_metric_types[0])
#define NCL_PUSH_DROPPED (&ncl_push_metric_types[1])

#endif

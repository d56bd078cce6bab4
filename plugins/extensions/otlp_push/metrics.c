/* SPDX-License-Identifier: Apache-2.0 */
/* The component otlp_metrics: own metrics at an interval. A push that fails is made anew, with the totals of then,
 * until its time is over; the next one comes in any case. */
#include <nacelle/config_fill.h>
#include <nacelle/otlp_own.h>
#include <stdlib.h>
#include <string.h>

#include "push.h"

#define MS_NS INT64_C(1000000)

typedef struct pusher {
  ncl_push push;
  int64_t interval_ns;
  int64_t timeout_ns;
  uint32_t temporality; /* NCL_OWN_* */
  ncl_own_past *past;
  ncl_timer *timer;
  int64_t next_ns;    /* when the next push begins */
  int64_t give_up_ns; /* the present one */
  ncl_token drained;
  bool ending;       /* nothing follows but the last totals */
  bool last_is_next; /* which are pushed after the request under way */
} pusher;

static void push_now(pusher *p) {
  ncl_process_view process = {.struct_size = sizeof process};
  ncl_writer *writer = ncl_push_begin(&p->push);
  if (writer == NULL) return; /* the next time */
  p->push.process->process(p->push.process->self, &process);
  ncl_own_metrics_options options = {.level = process.metrics_level,
                                     .temporality = p->temporality,
                                     .past = p->past,
                                     .wall_ns = p->push.host->wall_ns(p->push.me)};
  if (ncl_own_metrics_write(p->push.process, &options, writer) == 0 && writer->status == NCL_OK) {
    ncl_push_abort(&p->push);
  } else {
    ncl_push_send(&p->push, p->give_up_ns);
  }
}

static void end_drain(pusher *p) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_token token = p->drained;
  p->drained = 0;
  if (token != 0) p->push.host->complete(p->push.me, token, &outcome);
}

static void on_answered(void *arg, const ncl_outcome *outcome) {
  pusher *p = arg;
  if (outcome->status == NCL_OK && p->past != NULL) ncl_own_past_keep(p->past);
  if (p->last_is_next) {
    p->last_is_next = false;
    push_now(p);
  }
  if (p->ending && !p->push.under_way) end_drain(p);
  if (p->ending || outcome->status == NCL_OK || outcome->status == NCL_PERMANENT) return;
  int64_t again_ns = p->push.host->now_ns(p->push.me) + ncl_push_delay(&p->push, outcome);
  if (again_ns < p->give_up_ns && again_ns < p->next_ns) p->push.host->timer_set(p->timer, again_ns);
}

static void on_timer(void *arg) {
  pusher *p = arg;
  int64_t now = p->push.host->now_ns(p->push.me);
  if (now >= p->next_ns) {
    p->next_ns += p->interval_ns;
    if (p->next_ns <= now) p->next_ns = now + p->interval_ns; /* the process stood still: what was missed stays so */
    if (!p->push.under_way) p->give_up_ns = now + p->timeout_ns;
  }
  p->push.host->timer_set(p->timer, p->next_ns);
  if (!p->push.under_way) push_now(p);
}

/* ---- life ---------------------------------------------------------------------------------------------- */

static void destroy(void *self) {
  pusher *p = self;
  ncl_push_close(&p->push);
  p->push.host->timer_close(p->timer);
  ncl_own_past_free(p->past);
  free(p);
}

static ncl_status create(const ncl_create *create, void **self) {
  static const ncl_str preference = NCL_STR("temporality_preference");
  const ncl_value *exporter = ncl_value_get(create->config, (ncl_str)NCL_STR("exporter"));
  const ncl_value *otlp = ncl_value_get(exporter, (ncl_str)NCL_STR("otlp"));
  pusher *p = calloc(1, sizeof *p);
  if (p == NULL) return NCL_NO_MEMORY;
  p->interval_ns = ncl_config_int(create->config, (ncl_str)NCL_STR("interval"), 60000) * MS_NS;
  p->timeout_ns = ncl_config_int(create->config, (ncl_str)NCL_STR("timeout"), 30000) * MS_NS;
  p->temporality = (uint32_t)ncl_config_int(otlp, preference, NCL_OWN_CUMULATIVE);
  ncl_status status = ncl_push_create(&p->push, create, NCL_SIGNAL_METRICS, p->timeout_ns, on_answered, p);
  if (status == NCL_OK && p->temporality != NCL_OWN_CUMULATIVE) {
    p->past = ncl_own_past_new();
    if (p->past == NULL) status = NCL_NO_MEMORY;
  }
  if (status == NCL_OK) {
    *self = p;
  } else {
    destroy(p);
  }
  return status;
}

static ncl_status check(void *self) {
  pusher *p = self;
  return ncl_push_check(&p->push);
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  pusher *p = self;
  (void)token;
  ncl_status status = ncl_push_start(&p->push, outcome);
  if (status != NCL_OK) return status;
  p->timer = p->push.host->timer_open(p->push.me, on_timer, p);
  if (p->timer == NULL) return NCL_NO_MEMORY;
  p->next_ns = p->push.host->now_ns(p->push.me) + p->interval_ns;
  p->push.host->timer_set(p->timer, p->next_ns);
  return NCL_OK;
}

/* The last totals go out, too: those of a task that lives shorter than the interval are all that is known of it. */
static ncl_status drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  pusher *p = self;
  (void)outcome;
  p->push.host->timer_set(p->timer, 0);
  p->ending = true;
  p->give_up_ns = deadline_ns;
  if (p->push.under_way) {
    p->last_is_next = true;
  } else {
    push_now(p);
  }
  if (!p->push.under_way) return NCL_OK;
  p->drained = token;
  return NCL_PENDING;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  pusher *p = self;
  (void)token, (void)outcome;
  p->push.host->timer_set(p->timer, 0);
  p->ending = true;
  p->last_is_next = false;
  p->drained = 0;
  ncl_push_stop(&p->push);
  return NCL_OK;
}

const ncl_methods ncl_push_metrics_methods = {.struct_size = sizeof ncl_push_metrics_methods,
                                              .create = create,
                                              .check = check,
                                              .start = start,
                                              .drain = drain,
                                              .shutdown = shut_down,
                                              .destroy = destroy};

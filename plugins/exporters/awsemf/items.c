/* SPDX-License-Identifier: Apache-2.0 */
/* items.c: a batch becomes log events once, in `prepare`; each try sends what is left of them. */
#include <stdlib.h>
#include <string.h>

#include "awsemf.h"

/* What an item of the queue has become. */
struct ncl_emf_item {
  ncl_emf_exporter *x;
  ncl_log_events *set;
  ncl_token token;       /* of the try that is under way; 0 = none */
  uint64_t skipped;      /* data points that make no event, and are no loss */
  uint64_t rejected;     /* to standard output: data points that cannot be said */
  ncl_str group, stream; /* the last ones that were asked for, while it is translated, and their number */
  uint32_t number;
  struct ncl_emf_item *next;
};

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

/* ---- into the set ------------------------------------------------------------------------------------ */

/* Of most documents the stream is that of the one before. */
static ncl_status find_stream(ncl_emf_item *i, ncl_str group, ncl_str stream) {
  if (i->group.ptr == group.ptr && i->group.len == group.len && i->stream.ptr == stream.ptr &&
      i->stream.len == stream.len) {
    return NCL_OK;
  }
  ncl_status status = ncl_log_events_stream(i->set, group, stream, &i->number);
  i->group = status == NCL_OK ? group : ncl_str_of(NULL, 0);
  i->stream = stream;
  return status;
}

static ncl_writer *begin(void *arg, ncl_str group, ncl_str stream, int64_t time_ms, ncl_status *status) {
  static const ncl_str standard_output = NCL_STR("stdout");
  ncl_emf_item *i = arg;
  if (i->x->sender == NULL) {
    group = stream = standard_output;
    time_ms = 0; /* nobody there refuses old ones */
  }
  *status = find_stream(i, group, stream.len > 0 ? stream : str(i->x->own_stream));
  if (*status != NCL_OK) return NULL;
  *status = NCL_NO_MEMORY;
  return ncl_log_events_begin(i->set, i->number, time_ms);
}

static void reject(void *arg, uint32_t items, const char *reason) {
  ncl_emf_item *i = arg;
  if (i->x->sender == NULL) {
    i->rejected += items;
  } else if (items > 0) {
    (void)ncl_log_events_reject(i->set, items, 0, reason);
  }
}

static ncl_status end(void *arg, uint32_t items) {
  ncl_emf_item *i = arg;
  ncl_status status = ncl_log_events_end(i->set, items, 0);
  if (status != NCL_PERMANENT) return status;
  reject(i, items, "batch_too_large");
  return NCL_OK;
}

static void drop(void *arg) {
  ncl_emf_item *i = arg;
  ncl_log_events_drop(i->set);
}

/* ---- what the translator has to say ------------------------------------------------------------------ */

static void warn_placeholders(ncl_emf_exporter *x, uint32_t missing) {
  for (uint32_t i = 0; i < NCL_LOG_PLACEHOLDERS; i++) {
    if ((missing & ~x->warned & 1u << i) == 0) continue;
    const ncl_attr attrs[] = {{.key = NCL_STR("placeholder"), .type = NCL_ATTR_STR, .s = ncl_log_placeholder(i)},
                              {.key = NCL_STR("log_group"), .type = NCL_ATTR_STR, .s = x->settings.log_group},
                              {.key = NCL_STR("log_stream"), .type = NCL_ATTR_STR, .s = x->settings.log_stream}};
    x->host->log(
        x->me, NCL_LOG_WARN, str("emf.placeholder"),
        str("Neither the resource nor a label has what a placeholder stands for, which is \"undefined\" in the "
            "name."),
        attrs, 3);
  }
  x->warned |= missing;
}

static void count_skipped(ncl_emf_exporter *x, ncl_emf_item *i) {
  for (uint32_t k = 0; k < NCL_EMF_SKIPPED_REASONS; k++) {
    uint64_t count = x->translator.skipped[k];
    const ncl_pair label = {NCL_STR("reason"), ncl_emf_skipped_words[k]};
    if (count == 0) continue;
    x->host->metric_add(x->host->metric(x->me, &ncl_emf_metrics[NCL_EMF_METRIC_SKIPPED], &label, 1), (int64_t)count);
    i->skipped += count;
  }
  memset(x->translator.skipped, 0, sizeof x->translator.skipped);
}

static void say_all(ncl_emf_exporter *x, ncl_emf_item *i) {
  ncl_emf_translator *t = &x->translator;
  count_skipped(x, i);
  if ((t->missing & ~x->warned) != 0) warn_placeholders(x, t->missing);
  if (t->odd_unit[0] != 0 && !x->said_unit) {
    const ncl_attr unit = {.key = NCL_STR("unit"), .type = NCL_ATTR_STR, .s = str(t->odd_unit)};
    x->said_unit = true;
    x->host->log(x->me, NCL_LOG_WARN, str("emf.unit"),
                 str("A metric has a unit that CloudWatch does not know, as in ADOT: set adot_compat to false, or the "
                     "unit in metric_descriptors. This is said once."),
                 &unit, 1);
  }
  if (t->capped > 0) {
    x->host->metric_add(x->host->metric(x->me, &ncl_emf_metrics[NCL_EMF_METRIC_CAPPED], NULL, 0), (int64_t)t->capped);
    if (!x->said_capped) {
      x->host->log(x->me, NCL_LOG_WARN, str("emf.dimensions"),
                   str("A metric has more labels than the 30 dimensions that CloudWatch takes: the others are kept in "
                       "the log event only. Choose dimensions in metric_declarations. This is said once."),
                   NULL, 0);
    }
    x->said_capped = true;
    t->capped = 0;
  }
  x->host->metric_set(x->host->metric(x->me, &ncl_emf_metrics[NCL_EMF_METRIC_SERIES], NULL, 0),
                      ncl_emf_deltas_count(t->deltas));
}

/* What is remembered of series is memory of the budget, too; over it, it is charged later. */
static void charge(ncl_emf_exporter *x) {
  int64_t bytes = (int64_t)ncl_emf_deltas_bytes(x->translator.deltas);
  if (bytes != x->charged && x->host->memory_charge(x->me, bytes - x->charged) == NCL_OK) x->charged = bytes;
}

/* ---- prepare ----------------------------------------------------------------------------------------- */

static void free_item(ncl_emf_item *i) {
  ncl_log_events_free(i->set);
  free(i);
}

ncl_status ncl_emf_prepare(void *self, ncl_item *item, ncl_outcome *outcome) {
  ncl_emf_exporter *x = self;
  int64_t wall_ns = x->host->wall_ns(x->me);
  ncl_emf_item *i = calloc(1, sizeof *i);
  (void)outcome;
  if (i == NULL) return NCL_NO_MEMORY;
  i->x = x;
  i->set = ncl_log_events_new(x->host, x->me, wall_ns, 0);
  const ncl_emf_sink sink = {i, begin, end, drop, reject};
  ncl_status status = i->set != NULL
                          ? ncl_emf_translate(&x->translator, item->batch, wall_ns, x->host->now_ns(x->me), &sink)
                          : NCL_NO_MEMORY;
  if (status != NCL_OK) {
    memset(x->translator.skipped, 0, sizeof x->translator.skipped);
    free_item(i);
    return NCL_NO_MEMORY;
  }
  say_all(x, i);
  charge(x);
  item->state = i;
  item->flags |= NCL_ITEM_TRANSLATED;
  item->bytes = ncl_log_events_bytes(i->set);
  return NCL_OK;
}

void ncl_emf_release(void *self, ncl_item *item) {
  (void)self;
  free_item(item->state);
  item->state = NULL;
}

/* ---- CloudWatch Logs --------------------------------------------------------------------------------- */

static void unlink_item(ncl_emf_item *i) {
  ncl_emf_item **at = &i->x->sending;
  while (*at != NULL && *at != i)
    at = &(*at)->next;
  if (*at == i) *at = i->next;
  i->token = 0;
}

static void done(void *arg, const ncl_log_result *result) {
  ncl_emf_item *i = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_token token = i->token;
  ncl_log_outcome(result, &outcome);
  if (result->status == NCL_OK && i->skipped > 0) {
    outcome.status = NCL_OK; /* others were not rejected */
    outcome.rejected = result->rejected;
  }
  unlink_item(i);
  i->x->host->complete(i->x->me, token, &outcome);
}

ncl_status ncl_emf_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  ncl_emf_exporter *x = self;
  ncl_emf_item *i = item->state;
  if (x->sender == NULL) {
    ncl_status printed = ncl_emf_print(x, i->set, outcome);
    if (printed == NCL_OK) outcome->rejected = i->rejected;
    return printed;
  }
  i->token = token;
  i->next = x->sending;
  x->sending = i;
  ncl_status status = ncl_log_sender_send(x->sender, i->set, deadline_ns, done, i, outcome);
  if (status == NCL_OK) return NCL_PENDING;
  unlink_item(i);
  return status;
}

void ncl_emf_cancel(void *self, ncl_token token) {
  ncl_emf_exporter *x = self;
  for (ncl_emf_item *i = x->sending; i != NULL; i = i->next) {
    if (i->token != token) continue;
    ncl_log_sender_cancel(x->sender, i->set);
    unlink_item(i);
    return;
  }
}

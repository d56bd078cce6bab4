/* SPDX-License-Identifier: Apache-2.0 */
/* send.c: a batch as log events, part by part, and what became of each record. */
#include <nacelle/otlp_edit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "awscloudwatchlogs.h"

#define WORDS 384u /* bytes of a reason */

/* One try of an item. */
struct ncl_cwl_attempt {
  ncl_cwl_exporter *x;
  const ncl_batch *batch;
  ncl_token token;
  int64_t deadline_ns;
  uint8_t *fates; /* NCL_LOG_*, one a record */
  ncl_log_events *set;
  uint32_t group, scope, record; /* the next one that is to be translated */
  uint64_t delivered, rejected;
  ncl_status failure; /* NCL_OK = nothing speaks against the next part */
  int64_t retry_after_ns;
  ncl_str reason;
  char words[WORDS];
  struct ncl_cwl_attempt *next;
};

/* Where the records of a scope go. */
typedef struct place {
  uint32_t scope; /* UINT32_MAX = none yet */
  uint32_t stream;
  ncl_repeated attributes; /* of the resource */
  ncl_status status;       /* of the stream */
} place;

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static void say(ncl_cwl_attempt *a, ncl_str words) {
  if (words.len > 0) (void)snprintf(a->words, sizeof a->words, "%.*s", (int)words.len, words.ptr);
}

/* ---- the end of a try -------------------------------------------------------------------------------- */

static void unlink_attempt(ncl_cwl_attempt *a) {
  ncl_cwl_attempt **at = &a->x->attempts;
  while (*at != NULL && *at != a)
    at = &(*at)->next;
  if (*at == a) *at = a->next;
}

static void free_attempt(ncl_cwl_attempt *a) {
  ncl_log_events_free(a->set);
  a->x->host->batch_release(a->batch);
  free(a->fates);
  free(a);
}

/* The records that are to be tried again. NULL: no memory for them; all of the batch is tried again then. */
static const ncl_batch *remainder_of(const ncl_cwl_attempt *a, uint32_t open) {
  uint32_t *indices = malloc(open * sizeof *indices), count = 0;
  const ncl_batch *part = NULL;
  if (indices == NULL) return NULL;
  for (uint32_t i = 0; i < a->batch->records.count; i++) {
    if (a->fates[i] == NCL_LOG_OPEN) indices[count++] = i;
  }
  if (ncl_batch_subset(a->x->host, a->x->me, a->batch, indices, count, &part) != NCL_OK) part = NULL;
  free(indices);
  return part;
}

static void finish(ncl_cwl_attempt *a) {
  ncl_cwl_exporter *x = a->x;
  uint32_t total = a->batch->records.count, open = 0;
  ncl_log_result result = {.status = NCL_OK,
                           .message = str(a->words),
                           .reason = a->reason,
                           .retry_after_ns = a->retry_after_ns,
                           .delivered = a->delivered,
                           .rejected = a->rejected};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *part = NULL;
  for (uint32_t i = 0; i < total; i++)
    open += a->fates[i] == NCL_LOG_OPEN;
  if (open > 0) result.status = a->failure == NCL_NO_MEMORY ? NCL_NO_MEMORY : NCL_RETRYABLE;
  ncl_log_outcome(&result, &outcome);
  if (a->failure == NCL_PERMANENT) outcome.status = NCL_PERMANENT; /* there is no client */
  if (open > 0 && open < total) {
    part = remainder_of(a, open);
    outcome.remainder = part;
    if (part == NULL) outcome.delivered = outcome.rejected = 0;
  }
  unlink_attempt(a);
  x->host->complete(x->me, a->token, &outcome);
  x->host->batch_release(part);
  free_attempt(a);
}

/* ---- streams ----------------------------------------------------------------------------------------- */

/* Once for each placeholder. */
static void warn_undefined(ncl_cwl_exporter *x, uint32_t undefined) {
  for (uint32_t i = 0; i < NCL_LOG_PLACEHOLDERS; i++) {
    if ((undefined & ~x->warned & 1u << i) == 0) continue;
    const ncl_attr attrs[] = {{.key = NCL_STR("placeholder"), .type = NCL_ATTR_STR, .s = ncl_log_placeholder(i)},
                              {.key = NCL_STR("log_group"), .type = NCL_ATTR_STR, .s = ncl_text_str(&x->group)},
                              {.key = NCL_STR("log_stream"), .type = NCL_ATTR_STR, .s = ncl_text_str(&x->stream)}};
    x->host->log(x->me, NCL_LOG_WARN, str("logs.placeholder"),
                 str("A resource has no attribute for a placeholder, which is \"undefined\" in the name."), attrs, 3);
  }
  x->warned |= undefined;
}

static ncl_status find_stream(ncl_cwl_attempt *a, place *p) {
  ncl_cwl_exporter *x = a->x;
  ncl_text_clear(&x->group);
  ncl_text_clear(&x->stream);
  uint32_t undefined = ncl_log_name_fill(&x->group, x->settings.group, &p->attributes, 1);
  undefined |= ncl_log_name_fill(&x->stream, x->settings.stream, &p->attributes, 1);
  if ((undefined & ~x->warned) != 0) warn_undefined(x, undefined);
  return ncl_log_events_stream(a->set, ncl_text_str(&x->group), ncl_text_str(&x->stream), &p->stream);
}

/* The scope of the next record, and where its records go. */
static void find_place(ncl_cwl_attempt *a, place *p) {
  for (;;) {
    const ncl_group *group = ncl_batch_group(a->batch, a->group);
    const ncl_scope *scope =
        a->scope < group->first_scope + group->scope_count ? ncl_batch_scope(a->batch, a->scope) : NULL;
    if (scope == NULL) {
      a->group++;
    } else if (a->record >= scope->first_record + scope->record_count) {
      a->scope++;
    } else if (p->scope == a->scope) {
      return;
    } else {
      ncl_resource resource;
      (void)ncl_resource_read(group->resource, &resource);
      p->attributes = resource.attributes;
      p->scope = a->scope;
      p->status = ncl_cwl_around_set(&a->x->around, group->resource, scope->scope);
      if (p->status == NCL_OK) p->status = find_stream(a, p);
      return;
    }
  }
}

/* ---- translating ------------------------------------------------------------------------------------- */

static ncl_status add_raw(ncl_cwl_attempt *a, const place *p, const ncl_log_record *record) {
  ncl_json_doc doc;
  ncl_str group, name, body = record->body.type == NCL_ANY_STRING ? record->body.string : ncl_str_of(NULL, 0);
  uint32_t stream = p->stream;
  ncl_status status = NCL_OK;
  if (ncl_cwl_redirect(body, &doc, &group, &name)) {
    if (name.len == 0) name = ncl_log_events_name(a->set, p->stream);
    status = ncl_log_events_stream(a->set, group, name, &stream);
  }
  ncl_json_doc_close(&doc);
  if (status != NCL_OK) return status;
  ncl_cwl_raw(ncl_log_events_begin(a->set, stream, ncl_cwl_time_ms(record)), &record->body);
  return ncl_log_events_end(a->set, 1, a->record);
}

static ncl_status add_record(ncl_cwl_attempt *a, const place *p) {
  const ncl_record *at = ncl_batch_record(a->batch, a->record);
  ncl_log_record record;
  (void)ncl_log_record_read((ncl_range){at->ptr, at->len}, &record);
  if (p->status != NCL_OK) return p->status;
  if (a->x->settings.raw) return add_raw(a, p, &record);
  ncl_cwl_record(ncl_log_events_begin(a->set, p->stream, ncl_cwl_time_ms(&record)), &a->x->around, &record);
  return ncl_log_events_end(a->set, 1, a->record);
}

/* The next records, as many as make a part. */
static ncl_status fill(ncl_cwl_attempt *a) {
  ncl_cwl_exporter *x = a->x;
  place p = {.scope = UINT32_MAX};
  a->set = ncl_log_events_new(x->host, x->me, x->host->wall_ns(x->me), 0);
  if (a->set == NULL) return NCL_NO_MEMORY;
  while (a->record < a->batch->records.count && ncl_log_events_bytes(a->set) < NCL_CWL_PART_BYTES) {
    find_place(a, &p);
    ncl_status status = add_record(a, &p);
    if (status == NCL_PERMANENT && ncl_log_events_count(a->set) > 0) return NCL_OK; /* full: the next part has room */
    if (status == NCL_PERMANENT) status = ncl_log_events_reject(a->set, 1, a->record, "not_an_event");
    if (status != NCL_OK) return status;
    a->record++;
  }
  return NCL_OK;
}

/* ---- sending ----------------------------------------------------------------------------------------- */

static void go_on(ncl_cwl_attempt *a);

static void take_part(ncl_cwl_attempt *a, const ncl_log_result *result) {
  for (uint32_t i = 0; i < ncl_log_events_count(a->set); i++) {
    const ncl_log_event *e = ncl_log_events_at(a->set, i);
    a->fates[e->tag] = (uint8_t)e->fate;
  }
  ncl_log_events_free(a->set);
  a->set = NULL;
  say(a, result->message);
  if (result->reason.len > 0) a->reason = result->reason;
  a->delivered += result->delivered;
  a->rejected += result->rejected;
  a->failure = result->status;
  if (result->retry_after_ns > a->retry_after_ns) a->retry_after_ns = result->retry_after_ns;
}

static void on_part(void *arg, const ncl_log_result *result) {
  ncl_cwl_attempt *a = arg;
  take_part(a, result);
  go_on(a);
}

/* The next part, or the end. */
static void go_on(ncl_cwl_attempt *a) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (a->failure != NCL_OK || a->record == a->batch->records.count) {
    finish(a);
    return;
  }
  ncl_status status = fill(a);
  if (status == NCL_OK) {
    status = ncl_log_sender_send(a->x->sender, a->set, a->deadline_ns, on_part, a, &outcome);
    if (status == NCL_OK) return;
  } else {
    outcome.message = (ncl_str)NCL_STR("no memory to translate log records");
  }
  say(a, outcome.message);
  a->failure = status;
  finish(a);
}

ncl_status ncl_cwl_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  ncl_cwl_exporter *x = self;
  (void)outcome;
  ncl_cwl_attempt *a = calloc(1, sizeof *a);
  uint8_t *fates = calloc((size_t)item->batch->records.count + 1, 1);
  if (a == NULL || fates == NULL) {
    free(a);
    free(fates);
    return NCL_NO_MEMORY;
  }
  a->x = x;
  a->batch = item->batch;
  a->token = token;
  a->deadline_ns = deadline_ns;
  a->fates = fates;
  x->host->batch_retain(a->batch);
  a->next = x->attempts;
  x->attempts = a;
  go_on(a);
  return NCL_PENDING;
}

/* ---- giving up --------------------------------------------------------------------------------------- */

void ncl_cwl_cancel(void *self, ncl_token token) {
  ncl_cwl_exporter *x = self;
  for (ncl_cwl_attempt *a = x->attempts; a != NULL; a = a->next) {
    if (a->token != token) continue;
    ncl_log_sender_cancel(x->sender, a->set);
    unlink_attempt(a);
    free_attempt(a);
    return;
  }
}

void ncl_cwl_stop(ncl_cwl_exporter *x) {
  if (x->sender != NULL) ncl_log_sender_stop(x->sender);
}

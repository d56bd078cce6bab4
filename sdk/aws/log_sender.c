/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_sender.c: sets of log events as calls of PutLogEvents: one at a time of each stream, several streams at
 * once, and what became of each event. */
#include <nacelle/json_doc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_sender.h"

#define SECOND_NS INT64_C(1000000000)
#define MARGIN_NS (SECOND_NS / 10)

static const ncl_metric_type metric_types[] = {NCL_LOG_METRIC_TYPES};
enum { METRIC_REJECTED, METRIC_TRUNCATED };

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static void say(log_try *t, ncl_str words) {
  if (words.len > 0) (void)snprintf(t->words, sizeof t->words, "%.*s", (int)words.len, words.ptr);
}

ncl_log_sender *ncl_log_sender_new(const ncl_host *host, ncl_component *me, const ncl_log_sender_config *config) {
  ncl_log_sender *sender = calloc(1, sizeof *sender);
  if (sender == NULL) return NULL;
  sender->host = host;
  sender->me = me;
  sender->config = *config;
  sender->config.client.service = (ncl_str)NCL_STR("logs");
  sender->config.client.service_id = (ncl_str)NCL_STR("CLOUDWATCH_LOGS");
  if (sender->config.max_calls == 0) sender->config.max_calls = 8;
  if (sender->config.request_timeout_ns == 0) sender->config.request_timeout_ns = 30 * SECOND_NS;
  sender->truncated = host->metric(me, &metric_types[METRIC_TRUNCATED], NULL, 0);
  return sender;
}

void ncl_log_sender_free(ncl_log_sender *sender) {
  if (sender == NULL) return;
  ncl_log_sender_stop(sender);
  free(sender);
}

/* ---- the end of a try -------------------------------------------------------------------------------- */

static void count_rejected(ncl_log_sender *sender, const log_reasons *reasons) {
  for (uint32_t i = 0; i < reasons->count; i++) {
    const ncl_pair label = {NCL_STR("reason"), str(reasons->list[i].word)};
    ncl_metric *metric = sender->host->metric(sender->me, &metric_types[METRIC_REJECTED], &label, 1);
    sender->host->metric_add(metric, (int64_t)reasons->list[i].events);
  }
}

/* "3 log events were rejected: 2 too_old, 1 expired", where nothing worse is to be said. */
static void say_rejected(log_try *t) {
  uint64_t events = 0;
  if (t->words[0] != '\0' || t->reasons.count == 0) return;
  for (uint32_t i = 0; i < t->reasons.count; i++)
    events += t->reasons.list[i].events;
  size_t at = (size_t)snprintf(t->words, sizeof t->words, "%llu log events were rejected", (unsigned long long)events);
  for (uint32_t i = 0; i < t->reasons.count && at < sizeof t->words; i++) {
    at += (size_t)snprintf(t->words + at, sizeof t->words - at, "%s %llu %s", i == 0 ? ":" : ",",
                           (unsigned long long)t->reasons.list[i].events, t->reasons.list[i].word);
  }
}

static ncl_str main_reason(const log_reasons *reasons) {
  uint32_t most = 0;
  if (reasons->count == 0) return ncl_str_of(NULL, 0);
  for (uint32_t i = 1; i < reasons->count; i++) {
    if (reasons->list[i].items > reasons->list[most].items) most = i;
  }
  return str(reasons->list[most].word);
}

static uint64_t count_open(const ncl_log_events *set) {
  uint64_t open = 0;
  for (uint32_t i = 0; i < set->count; i++)
    open += set->events[i].fate == NCL_LOG_OPEN ? set->events[i].items : 0;
  return open;
}

static bool is_anything_open(const ncl_log_events *set) {
  for (uint32_t i = 0; i < set->count; i++) {
    if (set->events[i].fate == NCL_LOG_OPEN) return true;
  }
  return false;
}

static void unlink_try(ncl_log_sender *sender, const log_try *t) {
  log_try **at = &sender->tries;
  while (*at != t)
    at = &(*at)->next;
  *at = t->next;
}

static void finish(ncl_log_sender *sender, log_try *t) {
  ncl_log_result result = {.status = NCL_OK, .retry_after_ns = t->retry_after_ns};
  unlink_try(sender, t);
  count_rejected(sender, &t->reasons);
  say_rejected(t);
  if (is_anything_open(t->set)) result.status = t->failure == NCL_NO_MEMORY ? NCL_NO_MEMORY : NCL_RETRYABLE;
  result.message = str(t->words);
  result.reason = main_reason(&t->reasons);
  result.delivered = t->delivered;
  result.rejected = t->rejected;
  result.open = count_open(t->set);
  result.bytes = t->bytes;
  t->done(t->arg, &result);
  free(t);
}

void ncl_log_outcome(const ncl_log_result *result, ncl_outcome *outcome) {
  outcome->status = result->status;
  outcome->message = result->message;
  outcome->reason = result->reason;
  outcome->rejected = result->rejected;
  if (result->status != NCL_OK) {
    outcome->retry_after_ns = result->retry_after_ns;
    outcome->delivered = result->delivered;
  } else if (result->delivered == 0 && result->rejected > 0) {
    outcome->status = NCL_PERMANENT;
    outcome->rejected = 0;
  }
}

/* ---- fates ------------------------------------------------------------------------------------------- */

static void set_fate(log_try *t, uint32_t i, uint32_t fate, const char *reason) {
  ncl_log_event *e = &t->set->events[i];
  if (e->fate != NCL_LOG_OPEN) return;
  e->fate = fate;
  if (e->is_cut) t->sender->host->metric_add(t->sender->truncated, 1);
  if (fate == NCL_LOG_DELIVERED) {
    t->delivered += e->items;
  } else {
    t->rejected += e->items;
    ncl_log_reasons_add(&t->reasons, reason, 1, e->items);
  }
}

static void reject_call(log_request *r, uint32_t from, uint32_t to, const char *reason) {
  for (uint32_t i = from; i < to && i < r->call.count; i++)
    set_fate(r->attempt, ncl_log_call_event(r->attempt->set, &r->call, i), NCL_LOG_REJECTED, reason);
}

static void reject_stream(log_try *t, log_stream *s, const char *reason) {
  s->state = STREAM_DONE;
  for (uint32_t i = 0; i < s->count; i++)
    set_fate(t, t->set->order[s->first + i], NCL_LOG_REJECTED, reason);
}

static bool read_index(const ncl_json_doc *doc, const ncl_json_value *object, const char *name, uint32_t count,
                       uint32_t *index) {
  int64_t number;
  if (!ncl_json_int(ncl_json_get(doc, object, name), &number)) return false;
  *index = number < 0 ? 0 : number > (int64_t)count ? count : (uint32_t)number;
  return true;
}

/* {"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":2,"expiredLogEventEndIndex":2,"tooNewLogEventStartIndex":7}} */
static void read_rejected(log_request *r, const ncl_json_doc *doc, const ncl_json_value *info) {
  uint32_t index, count = r->call.count;
  if (read_index(doc, info, "tooOldLogEventEndIndex", count, &index)) reject_call(r, 0, index, "too_old");
  if (read_index(doc, info, "expiredLogEventEndIndex", count, &index)) reject_call(r, 0, index, "expired");
  if (read_index(doc, info, "tooNewLogEventStartIndex", count, &index)) reject_call(r, index, count, "too_new");
}

/* Says something about who sent them, which this exporter does not; the events themselves were taken. */
static void read_entity(log_request *r, const ncl_json_doc *doc, const ncl_json_value *info) {
  ncl_log_sender *sender = r->attempt->sender;
  const ncl_attr attr = {
      .key = NCL_STR("error_type"), .type = NCL_ATTR_STR, .s = ncl_json_text(ncl_json_get(doc, info, "errorType"))};
  if (info == NULL) return;
  sender->host->log(sender->me, NCL_LOG_WARN, str("logs.entity_rejected"),
                    str("CloudWatch Logs took log events, but not the entity that they came with."), &attr, 1);
}

static void read_success(log_request *r, const ncl_outcome *outcome) {
  const ncl_aws_reply *reply = outcome->result;
  ncl_json_doc doc;
  if (reply != NULL && reply->body.len > 2) {
    if (ncl_json_doc_open(&doc, reply->body) == NCL_OK) {
      const ncl_json_value *root = ncl_json_root(&doc);
      read_rejected(r, &doc, ncl_json_get(&doc, root, "rejectedLogEventsInfo"));
      read_entity(r, &doc, ncl_json_get(&doc, root, "rejectedEntityInfo"));
    }
    ncl_json_doc_close(&doc);
  }
  for (uint32_t i = 0; i < r->call.count; i++)
    set_fate(r->attempt, ncl_log_call_event(r->attempt->set, &r->call, i), NCL_LOG_DELIVERED, "");
}

/* ---- answers ----------------------------------------------------------------------------------------- */

static bool is_code(const ncl_outcome *outcome, const char *code) {
  const ncl_aws_reply *reply = outcome->result;
  return reply != NULL && reply->code.len == strlen(code) && memcmp(reply->code.ptr, code, reply->code.len) == 0;
}

static const char *reason_of(const ncl_outcome *outcome) {
  const ncl_aws_reply *reply = outcome->result;
  if (reply == NULL) return "refused";
  return reply->error == NCL_AWS_ERROR_ACCESS_DENIED ? "access_denied" : "refused";
}

/* What cannot be sent now cannot be a moment later. */
static void fail_try(log_request *r, ncl_status status, const ncl_outcome *outcome) {
  log_try *t = r->attempt;
  log_stream_of(r)->state = STREAM_DONE;
  t->failure = status;
  t->is_stopped = true;
  if (outcome->retry_after_ns > t->retry_after_ns) t->retry_after_ns = outcome->retry_after_ns;
}

static void take_put(log_request *r, const ncl_outcome *outcome) {
  log_try *t = r->attempt;
  log_stream *s = log_stream_of(r);
  const char *reason = reason_of(outcome);
  s->state = STREAM_READY;
  s->next = r->call.first + r->call.count;
  if (outcome->status == NCL_OK) {
    read_success(r, outcome);
    return;
  }
  if (is_code(outcome, "ResourceNotFoundException") && !s->was_created) {
    s->step = STEP_CREATE_STREAM;
    s->next = r->call.first;
    return;
  }
  say(t, outcome->message);
  if (is_code(outcome, "ResourceNotFoundException")) {
    fail_try(r, NCL_RETRYABLE, outcome); /* it was created a moment ago */
  } else if (outcome->status != NCL_PERMANENT) {
    fail_try(r, outcome->status, outcome);
  } else if (strcmp(reason, "access_denied") == 0) {
    reject_stream(t, s, reason);
  } else {
    reject_call(r, 0, r->call.count, reason); /* the next ones may be fine */
  }
}

static void take_step(log_request *r, const ncl_outcome *outcome) {
  log_stream *s = log_stream_of(r);
  uint8_t step = s->step;
  s->state = STREAM_READY;
  ncl_status status = ncl_log_create_answer(r, outcome);
  if (status != NCL_OK) {
    say(r->attempt, outcome->message);
    if (status == NCL_PERMANENT) {
      reject_stream(r->attempt, s, reason_of(outcome));
    } else {
      fail_try(r, status, outcome);
    }
  }
  if (step == STEP_CREATE_GROUP) ncl_log_create_wake(r->attempt->sender, s);
}

static void take_answer(log_request *r, const ncl_outcome *outcome) {
  if (log_stream_of(r)->step == STEP_PUT) {
    take_put(r, outcome);
  } else {
    take_step(r, outcome);
  }
}

/* ---- requests ---------------------------------------------------------------------------------------- */

static void free_request(log_request *r) {
  ncl_log_call_close(&r->call);
  ncl_writer_close(&r->small);
  free(r);
}

static void unlink_request(log_request *r) {
  ncl_log_sender *sender = r->attempt->sender;
  log_request **at = &sender->requests;
  while (*at != NULL && *at != r)
    at = &(*at)->next;
  if (*at == r) *at = r->next;
  sender->calls--;
  r->attempt->in_flight--;
}

static void pump(ncl_log_sender *sender);

static void on_done(void *arg, const ncl_outcome *outcome) {
  log_request *r = arg;
  ncl_log_sender *sender = r->attempt->sender;
  unlink_request(r);
  take_answer(r, outcome);
  free_request(r);
  pump(sender);
}

typedef struct operation {
  const char *target, *action;
} operation;

static const operation operations[] = {
    [STEP_PUT] = {"Logs_20140328.PutLogEvents", "logs:PutLogEvents"},
    [STEP_CREATE_STREAM] = {"Logs_20140328.CreateLogStream", "logs:CreateLogStream"},
    [STEP_CREATE_GROUP] = {"Logs_20140328.CreateLogGroup", "logs:CreateLogGroup"},
    [STEP_RETENTION] = {"Logs_20140328.PutRetentionPolicy", "logs:PutRetentionPolicy"},
};

/* A moment before the end of the try, so that what was delivered until then is not forgotten with it. */
static int64_t deadline_of(const log_try *t) {
  int64_t now = t->sender->host->now_ns(t->sender->me);
  int64_t deadline = now + t->sender->config.request_timeout_ns, end = t->deadline_ns;
  if (end - now > 2 * MARGIN_NS) end -= MARGIN_NS;
  return end > 0 && end < deadline ? end : deadline;
}

static ncl_status start_request(log_request *r, ncl_outcome *outcome) {
  log_try *t = r->attempt;
  ncl_log_sender *sender = t->sender;
  const operation *what = &operations[log_stream_of(r)->step];
  bool is_put = r->call.count > 0;
  r->headers[0] = (ncl_pair){NCL_STR("Content-Type"), NCL_STR("application/x-amz-json-1.1")};
  r->headers[1] = (ncl_pair){NCL_STR("X-Amz-Target"), str(what->target)};
  r->headers[2] = (ncl_pair){NCL_STR("x-amzn-logs-format"), NCL_STR("json/emf")};
  const ncl_aws_call call = {.struct_size = sizeof call,
                             .header_count = is_put && sender->config.is_emf ? 3 : 2,
                             .headers = r->headers,
                             .body = is_put ? (ncl_array){r->call.pieces, r->call.piece_count, sizeof(ncl_range)}
                                            : (ncl_array){&r->whole, 1, sizeof r->whole},
                             .action = str(what->action),
                             .deadline_ns = deadline_of(t)};
  for (uint32_t i = 0; i < r->call.piece_count; i++)
    t->bytes += r->call.pieces[i].len;
  r->own = sender->host->token_open(sender->me, on_done, r, 0);
  if (r->own == 0) return NCL_NO_MEMORY;
  ncl_status status = sender->aws->call(sender->client, &call, r->own, outcome);
  if (status != NCL_PENDING) sender->host->token_cancel(sender->me, r->own);
  return status;
}

static ncl_status make_body(log_request *r) {
  const log_stream *s = log_stream_of(r);
  if (s->step != STEP_PUT) return ncl_log_create_body(r);
  return ncl_log_events_call(r->attempt->set, r->stream, s->next, &r->call);
}

/* The stream's next step. */
static void start_next(log_try *t, uint32_t stream) {
  ncl_log_sender *sender = t->sender;
  log_stream *s = &t->set->streams[stream];
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  log_request *r = calloc(1, sizeof *r);
  if (r == NULL) {
    t->failure = NCL_NO_MEMORY;
    t->is_stopped = true;
    return;
  }
  r->attempt = t;
  r->stream = stream;
  outcome.status = make_body(r);
  if (outcome.status == NCL_OK && s->step == STEP_PUT && r->call.count == 0) {
    s->state = STREAM_DONE;
    free_request(r);
    return;
  }
  s->state = STREAM_BUSY;
  r->next = sender->requests;
  sender->requests = r;
  sender->calls++;
  t->in_flight++;
  if (outcome.status == NCL_OK) outcome.status = start_request(r, &outcome);
  if (outcome.status == NCL_PENDING) return;
  if (outcome.status == NCL_NO_MEMORY && outcome.message.len == 0)
    outcome.message = (ncl_str)NCL_STR("no memory for a call of CloudWatch Logs");
  unlink_request(r);
  take_answer(r, &outcome);
  free_request(r);
  if (outcome.release != NULL && outcome.result != NULL) outcome.release(outcome.result);
}

/* ---- what is next ------------------------------------------------------------------------------------ */

/* An earlier try is not through with the same stream: its order is kept. */
static bool is_taken(const log_try *t, const log_stream *s) {
  for (const log_try *e = t->sender->tries; e != NULL && e != t; e = e->next) {
    for (uint32_t i = e->first_stream; i < e->set->stream_count; i++) {
      const log_stream *other = &e->set->streams[i];
      if (other->state == STREAM_DONE || other->hash != s->hash || strcmp(other->name, s->name) != 0) continue;
      if (other->state != STREAM_BUSY && e->is_stopped) continue;
      if (strcmp(other->group, s->group) == 0) return true;
    }
  }
  return false;
}

static void pump_try(log_try *t) {
  ncl_log_events *set = t->set;
  for (uint32_t i = t->first_stream; i < set->stream_count && !t->is_stopped; i++) {
    log_stream *s = &set->streams[i];
    while (s->state == STREAM_READY && !t->is_stopped && t->sender->calls < t->sender->config.max_calls) {
      if (is_taken(t, s)) break;
      if (ncl_log_create_waits(t->sender, s)) {
        s->state = STREAM_WAITS;
      } else {
        start_next(t, i);
      }
    }
  }
  while (t->first_stream < set->stream_count && set->streams[t->first_stream].state == STREAM_DONE)
    t->first_stream++;
}

static bool is_over(const log_try *t) {
  return t->in_flight == 0 && (t->is_stopped || t->first_stream == t->set->stream_count);
}

/* Until nothing changes any more: the end of a try lets others begin, a callback may bring new ones, and what fails at
 * once wakes who waited for it. */
static void pump(ncl_log_sender *sender) {
  if (sender->is_pumping) return;
  sender->is_pumping = true;
  for (log_try *t = sender->tries; t != NULL;) {
    sender->was_woken = false;
    pump_try(t);
    bool is_end = is_over(t);
    log_try *next = t->next;
    if (is_end) finish(sender, t);
    t = is_end || sender->was_woken ? sender->tries : next;
  }
  sender->is_pumping = false;
}

/* ---- sending ----------------------------------------------------------------------------------------- */

static ncl_status open_client(ncl_log_sender *sender, ncl_outcome *outcome) {
  if (sender->client != NULL) return NCL_OK;
  if (sender->aws == NULL) sender->aws = sender->host->service(sender->me, str(NCL_AWS_1), outcome);
  if (sender->aws == NULL) return NCL_RETRYABLE;
  sender->client = sender->aws->open(sender->aws->self, sender->me, &sender->config.client, outcome);
  if (sender->client != NULL) return NCL_OK;
  return outcome->status != NCL_OK ? outcome->status : NCL_PERMANENT;
}

/* The budget may have no room; the only try goes on all the same, or a spent budget would stay so. */
static ncl_status charge(ncl_log_sender *sender, ncl_log_events *set) {
  int64_t bytes = (int64_t)(set->text.capacity + set->capacity * sizeof *set->events + set->count * sizeof *set->order +
                            set->stream_capacity * sizeof *set->streams);
  if (bytes <= set->charged) return NCL_OK;
  if (sender->host->memory_charge(sender->me, bytes - set->charged) == NCL_OK) {
    set->charged = bytes;
    return NCL_OK;
  }
  return sender->tries == NULL ? NCL_OK : NCL_NO_MEMORY;
}

/* What was rejected while the set was made is said by its first try. */
static void take_reasons(log_try *t) {
  ncl_log_events *set = t->set;
  t->reasons = set->reasons;
  for (uint32_t i = 0; i < set->reasons.count; i++)
    t->rejected += set->reasons.list[i].items;
  set->reasons.count = 0;
}

ncl_status ncl_log_sender_send(ncl_log_sender *sender, ncl_log_events *set, int64_t deadline_ns, ncl_log_done_fn done,
                               void *arg, ncl_outcome *outcome) {
  ncl_status status = open_client(sender, outcome);
  if (status != NCL_OK) return status;
  log_try *t = calloc(1, sizeof *t);
  if (t == NULL || ncl_log_events_sort(set) != NCL_OK || charge(sender, set) != NCL_OK) {
    free(t);
    outcome->message = (ncl_str)NCL_STR("no memory to send log events");
    return NCL_NO_MEMORY;
  }
  t->sender = sender;
  t->set = set;
  t->deadline_ns = deadline_ns;
  t->done = done;
  t->arg = arg;
  take_reasons(t);
  for (uint32_t i = 0; i < set->stream_count; i++) {
    log_stream *s = &set->streams[i];
    s->step = STEP_PUT;
    s->state = STREAM_READY;
    s->next = 0;
    s->was_created = false;
  }
  log_try **at = &sender->tries;
  while (*at != NULL)
    at = &(*at)->next;
  *at = t;
  pump(sender);
  return NCL_OK;
}

/* ---- giving up --------------------------------------------------------------------------------------- */

static void end_requests(log_try *t) {
  ncl_log_sender *sender = t->sender;
  for (log_request *r = sender->requests, *next; r != NULL; r = next) {
    next = r->next;
    if (r->attempt != t) continue;
    sender->aws->cancel(sender->aws->self, r->own);
    sender->host->token_cancel(sender->me, r->own);
    unlink_request(r);
    if (log_stream_of(r)->step == STEP_CREATE_GROUP) ncl_log_create_wake(sender, log_stream_of(r));
    free_request(r);
  }
  t->is_stopped = true;
}

/* Nobody heard what this try has rejected: the next one says so. */
static void give_back_reasons(log_try *t) {
  for (uint32_t i = 0; i < t->reasons.count; i++) {
    const log_reason *r = &t->reasons.list[i];
    ncl_log_reasons_add(&t->set->reasons, r->word, r->events, r->items);
  }
}

void ncl_log_sender_cancel(ncl_log_sender *sender, const ncl_log_events *set) {
  for (log_try *t = sender->tries; t != NULL; t = t->next) {
    if (t->set != set) continue;
    end_requests(t);
    unlink_try(sender, t);
    give_back_reasons(t);
    free(t);
    pump(sender);
    return;
  }
}

void ncl_log_sender_stop(ncl_log_sender *sender) {
  sender->is_pumping = true; /* nothing begins any more */
  while (sender->tries != NULL) {
    log_try *t = sender->tries;
    end_requests(t);
    say(t, (ncl_str)NCL_STR("the exporter was stopped before CloudWatch Logs had answered"));
    finish(sender, t);
  }
  sender->is_pumping = false;
  if (sender->client != NULL) sender->aws->close(sender->client);
  sender->client = NULL;
  ncl_log_create_forget(sender);
  ncl_log_probe_end(sender);
}

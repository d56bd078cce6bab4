/* SPDX-License-Identifier: Apache-2.0 */
/* send.c: a batch as calls of PutTraceSegments, several at once, and what became of each document. */
#include <nacelle/json_doc.h>
#include <nacelle/otlp_edit.h>
#include <stdio.h>
#include <stdlib.h>

#include "awsxray.h"

#define SECOND_NS INT64_C(1000000000)
#define WORDS 384 /* bytes of a reason */

/* What became of a record. The greater one counts where it made two documents. */
enum { OPEN, DELIVERED, REJECTED, AGAIN };

typedef struct sent_document {
  uint8_t id[8];
  uint32_t record;
} sent_document;

/* One PutTraceSegments. */
typedef struct call {
  ncl_xray_attempt *attempt;
  ncl_token own;
  ncl_writer body;
  ncl_range whole;
  int64_t charged;
  ncl_pair headers[2];
  char stamp[32];
  sent_document documents[NCL_XRAY_CALL_DOCUMENTS + NCL_XRAY_DOCUMENTS_MAX];
  uint32_t count;
  struct call *next;
} call;

/* One try of an item. */
struct ncl_xray_attempt {
  ncl_xray_exporter *x;
  const ncl_batch *batch;
  ncl_token token;
  int64_t deadline_ns;
  uint8_t *fates; /* one a record */
  uint32_t group, scope, record;
  uint32_t in_flight;
  uint32_t unnamed; /* refused documents of which X-Ray did not say which they are */
  bool is_first;    /* of the item's tries */
  bool is_stopped;  /* no further call: one failed so that the next would, too */
  int64_t retry_after_ns;
  ncl_status failure; /* of the last call that failed as a whole */
  char words[WORDS];
  call *calls;
  struct ncl_xray_attempt *next;
};

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static void say(ncl_xray_attempt *a, ncl_str words) {
  if (words.len > 0) (void)snprintf(a->words, sizeof a->words, "%.*s", (int)words.len, words.ptr);
}

static void count_unprocessed(ncl_xray_exporter *x, ncl_str code) {
  static const ncl_str other = NCL_STR("other");
  bool is_word = code.len > 0 && code.len <= 48;
  for (size_t i = 0; is_word && i < code.len; i++) {
    char c = code.ptr[i];
    is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  const ncl_pair label = {NCL_STR("code"), is_word ? code : other};
  x->host->metric_add(x->host->metric(x->me, &ncl_xray_metrics[NCL_XRAY_METRIC_UNPROCESSED], &label, 1), 1);
}

static void set_fate(ncl_xray_attempt *a, uint32_t record, uint8_t fate) {
  if (a->fates[record] < fate) a->fates[record] = fate;
}

/* ---- the end of a try -------------------------------------------------------------------------------- */

static void unlink_attempt(ncl_xray_attempt *a) {
  ncl_xray_attempt **at = &a->x->attempts;
  while (*at != NULL && *at != a)
    at = &(*at)->next;
  if (*at == a) *at = a->next;
}

static void free_attempt(ncl_xray_attempt *a) {
  a->x->host->batch_release(a->batch);
  free(a->fates);
  free(a);
}

/* The records that are to be tried again. NULL: no memory for them; all of the batch is tried again then, which X-Ray
 * can bear: a document that comes twice replaces itself. */
static const ncl_batch *remainder_of(ncl_xray_attempt *a, uint32_t again) {
  uint32_t *indices = malloc(again * sizeof *indices), count = 0;
  const ncl_batch *part = NULL;
  if (indices == NULL) return NULL;
  for (uint32_t i = 0; i < a->batch->records.count; i++) {
    if (a->fates[i] == OPEN || a->fates[i] == AGAIN) indices[count++] = i;
  }
  if (ncl_batch_subset(a->x->host, a->x->me, a->batch, indices, count, &part) != NCL_OK) part = NULL;
  free(indices);
  return part;
}

static void finish(ncl_xray_attempt *a) {
  ncl_xray_exporter *x = a->x;
  uint32_t total = a->batch->records.count, again = 0, rejected = 0;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *part = NULL;
  for (uint32_t i = 0; i < total; i++) {
    again += a->fates[i] == OPEN || a->fates[i] == AGAIN;
    rejected += a->fates[i] == REJECTED;
  }
  rejected += a->unnamed < total - again - rejected ? a->unnamed : total - again - rejected;
  outcome.message = str(a->words);
  outcome.rejected = rejected;
  outcome.reason = str("rejected");
  if (again > 0) {
    outcome.status = a->failure == NCL_NO_MEMORY ? NCL_NO_MEMORY : NCL_RETRYABLE;
    outcome.retry_after_ns = a->retry_after_ns;
    if (again < total) part = remainder_of(a, again);
    outcome.remainder = part;
  } else if (rejected == total && rejected > 0) {
    outcome.status = NCL_PERMANENT;
  }
  unlink_attempt(a);
  x->host->complete(x->me, a->token, &outcome);
  x->host->batch_release(part);
  free_attempt(a);
}

/* ---- calls ------------------------------------------------------------------------------------------- */

static void free_call(call *c) {
  ncl_xray_exporter *x = c->attempt->x;
  if (c->charged > 0) (void)x->host->memory_charge(x->me, -c->charged);
  ncl_writer_close(&c->body);
  free(c);
}

static void unlink_call(call *c) {
  call **at = &c->attempt->calls;
  while (*at != NULL && *at != c)
    at = &(*at)->next;
  if (*at == c) *at = c->next;
  c->attempt->in_flight--;
  c->attempt->x->calls--;
}

static void set_all(call *c, uint8_t fate) {
  for (uint32_t i = 0; i < c->count; i++)
    set_fate(c->attempt, c->documents[i].record, fate);
}

static uint32_t count_fates(const call *c, uint8_t fate) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->count; i++)
    n += c->attempt->fates[c->documents[i].record] == fate;
  return n;
}

/* The document with this id in hex; c->count = there is none. */
static uint32_t find_document(const call *c, ncl_str id) {
  static const char digits[] = "0123456789abcdef";
  if (id.len != 16) return c->count;
  for (uint32_t i = 0; i < c->count; i++) {
    size_t same = 0;
    for (size_t k = 0; k < 8; k++) {
      uint8_t byte = c->documents[i].id[k];
      same += id.ptr[2 * k] == digits[byte >> 4] && id.ptr[2 * k + 1] == digits[byte & 15];
    }
    if (same == 8) return i;
  }
  return c->count;
}

/* A document that may be taken later. X-Ray's API reference leaves the codes open; those that were seen (InvalidName,
 * MissingId) are final. Passing are the codes that the reference names for throttling and for failures of its own
 * ("Errors" and "Common Errors" of PutTraceSegments), and those that AWS's SDKs count among them. */
static bool is_passing(ncl_str code) {
  static const char *const codes[] = {"ThrottledException",
                                      "ThrottlingException",
                                      "Throttled",
                                      "Throttling",
                                      "RequestThrottled",
                                      "RequestThrottledException",
                                      "TooManyRequestsException",
                                      "LimitExceededException",
                                      "RequestLimitExceeded",
                                      "SlowDown",
                                      "InternalFailure",
                                      "InternalServerError",
                                      "InternalServerException",
                                      "InternalError",
                                      "ServiceUnavailable",
                                      "ServiceUnavailableException",
                                      "RequestTimeout",
                                      "RequestTimeoutException"};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    if (code.len == strlen(codes[i]) && memcmp(code.ptr, codes[i], code.len) == 0) return true;
  }
  return false;
}

static void say_unprocessed(ncl_xray_attempt *a, ncl_str id, ncl_str code, ncl_str message) {
  const ncl_host *host = a->x->host;
  const ncl_attr attrs[] = {{.key = NCL_STR("error_code"), .type = NCL_ATTR_STR, .s = code},
                            {.key = NCL_STR("message"), .type = NCL_ATTR_STR, .s = message},
                            {.key = NCL_STR("segment_id"), .type = NCL_ATTR_STR, .s = id}};
  host->log(a->x->me, NCL_LOG_WARN, str("xray.unprocessed"), str("X-Ray did not take a segment document."), attrs, 3);
  (void)snprintf(a->words, sizeof a->words, "X-Ray did not take a document: %.*s: %.*s", (int)code.len, code.ptr,
                 (int)message.len, message.ptr);
}

/* {"UnprocessedTraceSegments":[{"Id":"…","ErrorCode":"…","Message":"…"}]} */
static void read_unprocessed(call *c, ncl_range body) {
  ncl_json_doc doc;
  if (ncl_json_doc_open(&doc, body) == NCL_OK) {
    const ncl_json_value *list = ncl_json_get(&doc, ncl_json_root(&doc), "UnprocessedTraceSegments");
    for (const ncl_json_value *one = ncl_json_first(&doc, list); one != NULL; one = ncl_json_next(&doc, one)) {
      ncl_str id = ncl_json_text(ncl_json_get(&doc, one, "Id"));
      ncl_str code = ncl_json_text(ncl_json_get(&doc, one, "ErrorCode"));
      uint32_t i = find_document(c, id);
      count_unprocessed(c->attempt->x, code);
      say_unprocessed(c->attempt, id, code, ncl_json_text(ncl_json_get(&doc, one, "Message")));
      bool again = is_passing(code);
      if (!again) ncl_xray_telemetry_rejected(c->attempt->x, 1);
      if (i < c->count) {
        set_fate(c->attempt, c->documents[i].record, again ? AGAIN : REJECTED);
      } else if (again) { /* of which one nobody says: one that comes twice replaces itself */
        set_all(c, AGAIN);
      } else {
        c->attempt->unnamed++; /* X-Ray could not read its id */
      }
    }
  }
  ncl_json_doc_close(&doc);
}

static void read_failure(call *c, const ncl_outcome *outcome) {
  ncl_xray_attempt *a = c->attempt;
  const ncl_aws_reply *reply = outcome->result;
  bool is_final = outcome->status == NCL_PERMANENT;
  say(a, outcome->message);
  ncl_xray_telemetry_failed(a->x, outcome);
  if (is_final) ncl_xray_telemetry_rejected(a->x, c->count);
  a->failure = outcome->status;
  if (outcome->retry_after_ns > a->retry_after_ns) a->retry_after_ns = outcome->retry_after_ns;
  set_all(c, is_final ? REJECTED : AGAIN);
  for (uint32_t i = 0; is_final && i < c->count; i++)
    count_unprocessed(a->x, reply != NULL ? reply->code : ncl_str_of(NULL, 0));
  /* What cannot be sent now cannot be a moment later; a document that is wrong is wrong for its own call only. */
  a->is_stopped = !is_final;
}

static void take_answer(call *c, const ncl_outcome *outcome) {
  if (outcome->status == NCL_OK) {
    const ncl_aws_reply *reply = outcome->result;
    if (reply != NULL) read_unprocessed(c, reply->body);
    set_all(c, DELIVERED);
    ncl_xray_telemetry_sent(c->attempt->x, count_fates(c, DELIVERED));
  } else {
    read_failure(c, outcome);
  }
}

static void pump(ncl_xray_attempt *a);

static void on_done(void *arg, const ncl_outcome *outcome) {
  call *c = arg;
  ncl_xray_attempt *a = c->attempt;
  take_answer(c, outcome);
  unlink_call(c);
  free_call(c);
  pump(a);
}

/* ---- bodies ------------------------------------------------------------------------------------------ */

static void add_documents(call *c, const ncl_xray_document *documents, uint32_t count) {
  ncl_xray_attempt *a = c->attempt;
  for (uint32_t i = 0; i < count; i++) {
    sent_document *to = &c->documents[c->count++];
    memcpy(to->id, documents[i].id, sizeof to->id);
    to->record = a->record;
    if (documents[i].trimmed > 0) a->x->host->metric_add(a->x->trimmed, 1);
  }
}

/* The group of the next record: its resource is read anew after each wait, since all tries share one translator. */
static void find_place(ncl_xray_attempt *a, bool *is_known) {
  for (;;) {
    const ncl_group *group = ncl_batch_group(a->batch, a->group);
    const ncl_scope *scope =
        a->scope < group->first_scope + group->scope_count ? ncl_batch_scope(a->batch, a->scope) : NULL;
    if (scope != NULL && a->record < scope->first_record + scope->record_count) {
      if (!*is_known) ncl_xray_resource(&a->x->translator, group->resource);
      *is_known = true;
      return;
    }
    if (scope != NULL) {
      a->scope++;
      continue;
    }
    a->group++;
    *is_known = false;
  }
}

/* Adds the next record. False: the call is full, or there is no memory. */
static bool add_record(call *c) {
  ncl_xray_attempt *a = c->attempt;
  const ncl_record *record = ncl_batch_record(a->batch, a->record);
  ncl_xray_document documents[NCL_XRAY_DOCUMENTS_MAX];
  uint32_t count;
  ncl_str reason = {NULL, 0};
  size_t before = c->body.len;
  ncl_status status =
      ncl_xray_span(&a->x->translator, (ncl_range){record->ptr, record->len}, &c->body, documents, &count, &reason);
  if (status == NCL_PERMANENT) {
    set_fate(a, a->record, REJECTED);
    count_unprocessed(a->x, reason);
    (void)snprintf(a->words, sizeof a->words, "a span cannot be a segment document: %.*s", (int)reason.len, reason.ptr);
    return true;
  }
  if (status != NCL_OK) {
    a->failure = NCL_NO_MEMORY;
    a->is_stopped = true;
    return false;
  }
  bool is_over = c->count + count > NCL_XRAY_CALL_DOCUMENTS || c->body.len > NCL_XRAY_CALL_BYTES;
  if (is_over && c->count > 0) {
    c->body.len = before;
    return false;
  }
  add_documents(c, documents, count);
  if (a->is_first) ncl_xray_telemetry_received(a->x, count);
  return true;
}

/* Bytes that the body of one call may have for a moment, with the documents that are one too many. */
#define BODY_MAX (NCL_XRAY_CALL_BYTES + 16 * NCL_XRAY_DOCUMENT_MAX + ((size_t)64 << 20))

static call *make_call(ncl_xray_attempt *a) {
  call *c = calloc(1, sizeof *c);
  bool is_known = false;
  if (c == NULL) return NULL;
  c->attempt = a;
  ncl_writer_heap(&c->body, BODY_MAX);
  ncl_write_raw(&c->body, "{\"TraceSegmentDocuments\":[", 26);
  while (a->record < a->batch->records.count && c->count < NCL_XRAY_CALL_DOCUMENTS) {
    find_place(a, &is_known);
    if (!add_record(c)) break;
    a->record++;
  }
  ncl_write_raw(&c->body, "]}", 2);
  c->whole = ncl_writer_range(&c->body);
  return c;
}

/* ---- sending ----------------------------------------------------------------------------------------- */

ncl_aws_client_config ncl_xray_client_config(const ncl_xray_exporter *x) {
  ncl_aws_client_config config = ncl_aws_session_client(&x->settings.session, x->config);
  config.service = (ncl_str)NCL_STR("xray");
  config.service_id = (ncl_str)NCL_STR("XRAY");
  return config;
}

ncl_status ncl_xray_open_client(ncl_xray_exporter *x, ncl_outcome *outcome) {
  if (x->client != NULL) return NCL_OK;
  if (x->aws == NULL) x->aws = x->host->service(x->me, str(NCL_AWS_1), outcome);
  if (x->aws == NULL) return NCL_RETRYABLE;
  const ncl_aws_client_config config = ncl_xray_client_config(x);
  x->client = x->aws->open(x->aws->self, x->me, &config, outcome);
  if (x->client != NULL) return NCL_OK;
  return outcome->status != NCL_OK ? outcome->status : NCL_PERMANENT;
}

/* The budget may have no room; the only call goes out all the same, or a spent budget would stay so. */
static bool charge(ncl_xray_exporter *x, call *c) {
  int64_t bytes = (int64_t)(c->body.capacity + sizeof *c);
  if (x->host->memory_charge(x->me, bytes) == NCL_OK) {
    c->charged = bytes;
    return true;
  }
  return x->calls == 0;
}

static ncl_status start_call(call *c, ncl_outcome *outcome) {
  ncl_xray_attempt *a = c->attempt;
  ncl_xray_exporter *x = a->x;
  int64_t wall = x->host->wall_ns(x->me),
          deadline = x->host->now_ns(x->me) + x->settings.session.request_timeout * SECOND_NS;
  if (a->deadline_ns > 0 && a->deadline_ns < deadline) deadline = a->deadline_ns;
  (void)snprintf(c->stamp, sizeof c->stamp, "%lld.%09lld", (long long)(wall / SECOND_NS),
                 (long long)(wall % SECOND_NS));
  c->headers[0] = (ncl_pair){NCL_STR("Content-Type"), NCL_STR("application/json")};
  c->headers[1] = (ncl_pair){NCL_STR("X-Amzn-Xray-Timestamp"), str(c->stamp)};
  const ncl_aws_call request = {.struct_size = sizeof request,
                                .header_count = 2,
                                .path = NCL_STR("/TraceSegments"),
                                .headers = c->headers,
                                .body = {&c->whole, 1, sizeof c->whole},
                                .action = NCL_STR("xray:PutTraceSegments"),
                                .deadline_ns = deadline};
  if (!charge(x, c)) return NCL_NO_MEMORY;
  c->own = x->host->token_open(x->me, on_done, c, 0);
  if (c->own == 0) return NCL_NO_MEMORY;
  ncl_status status = x->aws->call(x->client, &request, c->own, outcome);
  if (status != NCL_PENDING) x->host->token_cancel(x->me, c->own);
  return status;
}

/* False: nothing is left to be started. */
static bool start_next(ncl_xray_attempt *a) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  call *c = make_call(a);
  if (c == NULL || c->body.status != NCL_OK) {
    outcome.status = NCL_NO_MEMORY;
    outcome.message = (ncl_str)NCL_STR("no memory to write segment documents");
  } else if (c->count > 0) {
    outcome.status = start_call(c, &outcome);
  }
  if (c != NULL && outcome.status == NCL_PENDING) {
    c->next = a->calls;
    a->calls = c;
    a->in_flight++;
    a->x->calls++;
    return true;
  }
  if (c != NULL) {
    if (c->count > 0) take_answer(c, &outcome);
    free_call(c);
  }
  if (outcome.status != NCL_OK && outcome.status != NCL_PERMANENT) {
    say(a, outcome.message);
    a->failure = outcome.status;
    a->is_stopped = true;
  }
  if (outcome.release != NULL && outcome.result != NULL) outcome.release(outcome.result);
  return !a->is_stopped;
}

/* As many calls as may be at once; the try ends with the last of them. */
static void pump(ncl_xray_attempt *a) {
  uint32_t most = (uint32_t)a->x->settings.session.num_workers;
  while (!a->is_stopped && a->record < a->batch->records.count && a->in_flight < most) {
    if (!start_next(a)) break;
  }
  if (a->in_flight == 0) finish(a);
}

ncl_status ncl_xray_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome) {
  ncl_xray_exporter *x = self;
  ncl_status status = ncl_xray_open_client(x, outcome);
  if (status != NCL_OK) return status;
  ncl_xray_attempt *a = calloc(1, sizeof *a);
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
  a->is_first = item->attempt == 0;
  a->fates = fates;
  x->host->batch_retain(a->batch);
  a->next = x->attempts;
  x->attempts = a;
  pump(a);
  return NCL_PENDING;
}

/* ---- giving up --------------------------------------------------------------------------------------- */

static void end_calls(ncl_xray_attempt *a) {
  ncl_xray_exporter *x = a->x;
  while (a->calls != NULL) {
    call *c = a->calls;
    a->calls = c->next;
    x->aws->cancel(x->aws->self, c->own);
    x->host->token_cancel(x->me, c->own);
    unlink_call(c);
    free_call(c);
  }
}

void ncl_xray_cancel(void *self, ncl_token token) {
  ncl_xray_exporter *x = self;
  for (ncl_xray_attempt *a = x->attempts; a != NULL; a = a->next) {
    if (a->token != token) continue;
    end_calls(a);
    unlink_attempt(a);
    free_attempt(a);
    return;
  }
}

void ncl_xray_stop(ncl_xray_exporter *x) {
  while (x->attempts != NULL) {
    ncl_xray_attempt *a = x->attempts;
    x->attempts = a->next;
    end_calls(a);
    a->is_stopped = true;
    say(a, (ncl_str)NCL_STR("the exporter was stopped before X-Ray had answered"));
    finish(a);
  }
  ncl_xray_telemetry_stop(x);
  if (x->client != NULL) x->aws->close(x->client);
  x->client = NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry.c: counts of a minute become a record, records become calls. What cannot be sent waits for the next minute.
 */
#include "telemetry.h"

#include <nacelle/json_write.h>
#include <stdio.h>

#include "awsxray.h"

#define SECOND_NS INT64_C(1000000000)
#define BODY_MAX ((size_t)65536)
#define METADATA_AGE_NS (3600 * SECOND_NS)

enum { ASK_HOSTNAME, ASK_INSTANCE_ID, ASKED };

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static void copy(char *to, size_t size, ncl_str text) {
  size_t len = text.len < size ? text.len : size - 1;
  memcpy(to, text.ptr, len);
  to[len] = '\0';
}

/* ---- counting ---------------------------------------------------------------------------------------- */

static void count(ncl_xray_exporter *x, int64_t *at, uint64_t n) {
  if (x->telemetry.timer == NULL || n == 0) return;
  *at += (int64_t)n;
  x->telemetry.is_touched = true;
}

void ncl_xray_telemetry_received(ncl_xray_exporter *x, uint64_t documents) {
  count(x, &x->telemetry.now.received, documents);
}

void ncl_xray_telemetry_sent(ncl_xray_exporter *x, uint64_t documents) {
  count(x, &x->telemetry.now.sent, documents);
}

void ncl_xray_telemetry_rejected(ncl_xray_exporter *x, uint64_t documents) {
  count(x, &x->telemetry.now.rejected, documents);
}

static bool says(ncl_str words, const char *part) {
  return memmem(words.ptr, words.len, part, strlen(part)) != NULL;
}

/* Why there was no connection is said in words only; words that are not known count as "other". */
void ncl_xray_telemetry_failed(ncl_xray_exporter *x, const ncl_outcome *outcome) {
  ncl_xray_record *now = &x->telemetry.now;
  const ncl_aws_reply *reply = outcome->result;
  int64_t *at = &now->others;
  if (reply != NULL && reply->status / 100 == 4) {
    at = &now->http_4xx;
  } else if (reply != NULL && reply->status / 100 == 5) {
    at = &now->http_5xx;
  } else if (outcome->message.len > 0 && says(outcome->message, "before the deadline")) {
    at = &now->timeouts;
  } else if (outcome->message.len > 0 && says(outcome->message, "onnection refused")) {
    at = &now->refused;
  } else if (outcome->message.len > 0 && says(outcome->message, "resolved")) {
    at = &now->unknown_hosts;
  }
  count(x, at, 1);
}

/* ---- bodies ------------------------------------------------------------------------------------------ */

static void put_count(ncl_writer *w, const char *name, int64_t n) {
  ncl_json_put_name(w, str(name));
  ncl_json_put_int(w, n);
}

static void put_record(ncl_writer *w, const ncl_xray_record *r) {
  char seconds[40];
  int len = snprintf(seconds, sizeof seconds, "%lld.%03lld", (long long)(r->at_ns / SECOND_NS),
                     (long long)(r->at_ns % SECOND_NS / 1000000));
  ncl_json_comma(w);
  ncl_json_open(w);
  ncl_json_put_key(w, "Timestamp");
  ncl_write_raw(w, seconds, (size_t)len);
  put_count(w, "SegmentsReceivedCount", r->received);
  put_count(w, "SegmentsSentCount", r->sent);
  put_count(w, "SegmentsSpilloverCount", 0);
  put_count(w, "SegmentsRejectedCount", r->rejected);
  ncl_json_put_key(w, "BackendConnectionErrors");
  ncl_json_open(w);
  put_count(w, "TimeoutCount", r->timeouts);
  put_count(w, "ConnectionRefusedCount", r->refused);
  put_count(w, "HTTPCode4XXCount", r->http_4xx);
  put_count(w, "HTTPCode5XXCount", r->http_5xx);
  put_count(w, "UnknownHostCount", r->unknown_hosts);
  put_count(w, "OtherCount", r->others);
  ncl_json_close(w);
  ncl_json_close(w);
}

static void put_text(ncl_writer *w, const char *name, ncl_str text) {
  if (text.len == 0) return;
  ncl_json_put_name(w, str(name));
  ncl_json_put_str(w, text);
}

static bool make_body(ncl_xray_telemetry *t) {
  ncl_writer_heap(&t->body, BODY_MAX);
  ncl_json_open(&t->body);
  ncl_json_put_key(&t->body, "TelemetryRecords");
  ncl_json_literal(&t->body, "[");
  for (uint32_t i = 0; i < t->sending; i++)
    put_record(&t->body, &t->records[i]);
  ncl_json_literal(&t->body, "]");
  put_text(&t->body, "EC2InstanceId", str(t->instance_id));
  put_text(&t->body, "Hostname", str(t->hostname));
  put_text(&t->body, "ResourceARN", t->resource_arn);
  ncl_json_close(&t->body);
  t->whole = ncl_writer_range(&t->body);
  return t->body.status == NCL_OK;
}

/* ---- sending ----------------------------------------------------------------------------------------- */

static void send_records(ncl_xray_exporter *x);

static void end_call(ncl_xray_exporter *x, const ncl_outcome *outcome) {
  ncl_xray_telemetry *t = &x->telemetry;
  ncl_writer_close(&t->body);
  if (outcome->status == NCL_OK) {
    t->count -= t->sending;
    memmove(t->records, t->records + t->sending, t->count * sizeof t->records[0]);
  } else {
    ncl_xray_telemetry_failed(x, outcome);
  }
  t->sending = 0;
  if (outcome->status == NCL_OK) send_records(x);
}

static void on_sent(void *arg, const ncl_outcome *outcome) {
  ncl_xray_exporter *x = arg;
  x->telemetry.waiting = 0;
  end_call(x, outcome);
}

static void send_records(ncl_xray_exporter *x) {
  ncl_xray_telemetry *t = &x->telemetry;
  static const ncl_pair headers[] = {{NCL_STR("Content-Type"), NCL_STR("application/json")}};
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (t->count == 0) return;
  t->sending = t->count < NCL_XRAY_TELEMETRY_CALL ? t->count : NCL_XRAY_TELEMETRY_CALL;
  bool is_made = make_body(t);
  t->waiting = is_made ? x->host->token_open(x->me, on_sent, x, 0) : 0;
  const ncl_aws_call request = {.struct_size = sizeof request,
                                .header_count = 1,
                                .path = NCL_STR("/TelemetryRecords"),
                                .headers = headers,
                                .body = {&t->whole, 1, sizeof t->whole},
                                .action = NCL_STR("xray:PutTelemetryRecords")};
  outcome.status = NCL_NO_MEMORY;
  if (t->waiting != 0) outcome.status = x->aws->call(x->client, &request, t->waiting, &outcome);
  if (outcome.status == NCL_PENDING) return;
  if (t->waiting != 0) x->host->token_cancel(x->me, t->waiting);
  t->waiting = 0;
  /* An answer at once that is good would go round and round here: it waits for the next minute, too. */
  if (outcome.status == NCL_OK) outcome.status = NCL_RETRYABLE;
  end_call(x, &outcome);
  if (outcome.release != NULL && outcome.result != NULL) outcome.release(outcome.result);
}

/* ---- where it runs ----------------------------------------------------------------------------------- */

static void ask_metadata(ncl_xray_exporter *x);

/* What there is none of stays empty. */
static void take_metadata(ncl_xray_exporter *x, const ncl_outcome *outcome) {
  ncl_xray_telemetry *t = &x->telemetry;
  const ncl_aws_document *document = outcome->result;
  if (outcome->status == NCL_OK && document != NULL) {
    ncl_str text = {(const char *)document->body.ptr, document->body.len};
    while (text.len > 0 && (unsigned char)text.ptr[text.len - 1] <= ' ')
      text.len--;
    if (t->step == ASK_HOSTNAME) copy(t->hostname, sizeof t->hostname, text);
    if (t->step == ASK_INSTANCE_ID) copy(t->instance_id, sizeof t->instance_id, text);
  }
  t->step++;
  ask_metadata(x);
}

static void on_metadata(void *arg, const ncl_outcome *outcome) {
  ncl_xray_exporter *x = arg;
  x->telemetry.waiting = 0;
  take_metadata(x, outcome);
}

/* What the config and the environment leave open is asked of EC2, once; then records go out. */
static void ask_metadata(ncl_xray_exporter *x) {
  ncl_xray_telemetry *t = &x->telemetry;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (t->step == ASK_HOSTNAME && t->hostname[0] != '\0') t->step++;
  if (t->step == ASK_INSTANCE_ID && t->instance_id[0] != '\0') t->step++;
  if (t->step == ASKED) {
    send_records(x);
    return;
  }
  t->waiting = x->host->token_open(x->me, on_metadata, x, 0);
  const ncl_aws_metadata request = {
      .struct_size = sizeof request,
      .kind = NCL_AWS_EC2_METADATA,
      .path = str(t->step == ASK_HOSTNAME ? "/latest/meta-data/hostname" : "/latest/meta-data/instance-id"),
      .max_age_ns = METADATA_AGE_NS};
  outcome.status = NCL_NO_MEMORY;
  if (t->waiting != 0) outcome.status = x->aws->metadata(x->aws->self, x->me, &request, t->waiting, &outcome);
  if (outcome.status == NCL_PENDING) return;
  if (t->waiting != 0) x->host->token_cancel(x->me, t->waiting);
  t->waiting = 0;
  take_metadata(x, &outcome);
  if (outcome.release != NULL && outcome.result != NULL) outcome.release(outcome.result);
}

/* ---- each minute ------------------------------------------------------------------------------------- */

static void rotate(ncl_xray_exporter *x) {
  ncl_xray_telemetry *t = &x->telemetry;
  if (!t->is_touched) return;
  if (t->count == NCL_XRAY_TELEMETRY_RECORDS && t->sending == 0) {
    t->count--;
    memmove(t->records, t->records + 1, t->count * sizeof t->records[0]);
  }
  if (t->count == NCL_XRAY_TELEMETRY_RECORDS) return; /* the oldest are on their way: this minute goes on */
  t->now.at_ns = x->host->wall_ns(x->me);
  t->records[t->count++] = t->now;
  t->now = (ncl_xray_record){0};
  t->is_touched = false;
}

static void on_minute(void *arg) {
  ncl_xray_exporter *x = arg;
  ncl_xray_telemetry *t = &x->telemetry;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  x->host->timer_set(t->timer, x->host->now_ns(x->me) + NCL_XRAY_TELEMETRY_NS);
  rotate(x);
  if (t->count == 0 || t->waiting != 0) return;
  if (ncl_xray_open_client(x, &outcome) != NCL_OK) return;
  ask_metadata(x);
}

static ncl_str first_of(const ncl_xray_exporter *x, ncl_str configured, const char *variable) {
  return configured.len > 0 ? configured : x->host->environment(x->me, str(variable));
}

ncl_status ncl_xray_telemetry_start(ncl_xray_exporter *x) {
  const ncl_xray_telemetry_settings *s = &x->settings.telemetry;
  ncl_xray_telemetry *t = &x->telemetry;
  if (s->enabled == 0) return NCL_OK;
  t->timer = x->host->timer_open(x->me, on_minute, x);
  if (t->timer == NULL) return NCL_NO_MEMORY;
  x->host->timer_set(t->timer, x->host->now_ns(x->me) + NCL_XRAY_TELEMETRY_NS);
  t->step = ASKED;
  if (s->include_metadata == 0) return NCL_OK;
  copy(t->hostname, sizeof t->hostname, first_of(x, s->hostname, "AWS_HOSTNAME"));
  copy(t->instance_id, sizeof t->instance_id, first_of(x, s->instance_id, "AWS_INSTANCE_ID"));
  t->resource_arn = s->resource_arn;
  if (x->settings.session.local_mode == 0) t->step = ASK_HOSTNAME;
  return NCL_OK;
}

void ncl_xray_telemetry_stop(ncl_xray_exporter *x) {
  ncl_xray_telemetry *t = &x->telemetry;
  if (t->waiting != 0) {
    x->aws->cancel(x->aws->self, t->waiting);
    x->host->token_cancel(x->me, t->waiting);
    if (t->sending > 0) ncl_writer_close(&t->body);
  }
  t->waiting = 0;
  t->sending = 0;
  if (t->timer != NULL) x->host->timer_close(t->timer);
  t->timer = NULL;
}

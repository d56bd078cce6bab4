/* SPDX-License-Identifier: Apache-2.0 */
/* Sends, and says when it begins to fail and to work: a line a change, whatever happens in between. */
#include "push.h"

#include <nacelle/config_fill.h>
#include <string.h>

#define FIRST_DELAY_NS INT64_C(5000000000) /* OpenTelemetry's SDKs wait as long */
#define LAST_DELAY_NS INT64_C(30000000000)
#define MS_NS INT64_C(1000000)

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

const ncl_metric_type ncl_push_metric_types[2] = {
    {.name = NCL_STR("pushes"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("{request}"),
     .labels = NCL_STR("outcome"),
     .doc = NCL_STR("Requests with own telemetry: outcome is ok or failed.")},
    {.name = NCL_STR("dropped_lines"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("{line}"),
     .labels = NCL_STR("reason"),
     .doc = NCL_STR("Lines of the own log that were not pushed: overflow, overrun, memory, oversize, rejected, "
                    "shutdown.")},
};

/* ---- what is said -------------------------------------------------------------------------------------- */

static void say_working(ncl_push *push) {
  ncl_attr failures = {.key = NCL_STR("failures"), .type = NCL_ATTR_INT, .i = (int64_t)push->failures};
  push->host->log(push->me, NCL_LOG_INFO, str("push.working"), str("The export of own telemetry works."), &failures, 1);
}

static void say_failing(ncl_push *push, const ncl_outcome *outcome) {
  ncl_str reason = outcome->message.len > 0 ? outcome->message : str("no reason was given");
  ncl_attr attr = {.key = NCL_STR("error"), .type = NCL_ATTR_STR, .s = reason};
  push->host->log(push->me, NCL_LOG_WARN, str("push.failing"),
                  str("Own telemetry cannot be exported; it is tried again."), &attr, 1);
}

static void settle(ncl_push *push, const ncl_outcome *outcome) {
  push->under_way = false;
  if (outcome->status == NCL_OK) {
    push->host->metric_add(push->went, 1);
    if (!push->has_worked || push->failures > 0) say_working(push);
    push->has_worked = true;
    push->failures = 0;
    push->backoff_ns = 0;
  } else {
    push->host->metric_add(push->failed, 1);
    if (push->failures++ == 0) say_failing(push, outcome);
    push->backoff_ns = push->backoff_ns == 0 ? FIRST_DELAY_NS : push->backoff_ns * 2;
    if (push->backoff_ns > LAST_DELAY_NS) push->backoff_ns = LAST_DELAY_NS;
  }
  push->answered(push->arg, outcome);
}

static void on_done(void *arg, const ncl_outcome *outcome) {
  ncl_push *push = arg;
  push->token = 0;
  settle(push, outcome);
}

int64_t ncl_push_delay(const ncl_push *push, const ncl_outcome *outcome) {
  return outcome->retry_after_ns > push->backoff_ns ? outcome->retry_after_ns : push->backoff_ns;
}

/* ---- one request --------------------------------------------------------------------------------------- */

ncl_writer *ncl_push_begin(ncl_push *push) {
  push->open = ncl_otlp_sender_begin(push->sender);
  if (push->open == NULL) return NULL;
  ncl_writer_heap(&push->open->text, NCL_PUSH_REQUEST_MAX);
  return &push->open->text;
}

void ncl_push_abort(ncl_push *push) {
  ncl_otlp_sender_abort(push->sender, push->open);
  push->open = NULL;
}

void ncl_push_send(ncl_push *push, int64_t deadline_ns) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_otlp_try *attempt = push->open;
  int64_t latest = push->host->now_ns(push->me) + push->try_ns;
  push->open = NULL;
  outcome.status = attempt->text.status;
  if (outcome.status == NCL_OK) {
    push->token = push->host->token_open(push->me, on_done, push, 0);
    if (push->token == 0) outcome.status = NCL_NO_MEMORY;
  }
  if (outcome.status == NCL_OK) {
    attempt->whole = ncl_writer_range(&attempt->text);
    attempt->body = (ncl_array){&attempt->whole, 1, sizeof attempt->whole};
    attempt->deadline_ns = deadline_ns < latest ? deadline_ns : latest;
    push->under_way = true;
    outcome.status = ncl_otlp_sender_send(push->sender, attempt, push->token, &outcome);
  } else {
    outcome.message = outcome.status == NCL_NO_MEMORY ? str("no memory for a request") : str("a request is too large");
    ncl_otlp_sender_abort(push->sender, attempt);
  }
  if (outcome.status == NCL_PENDING) return;
  if (push->token != 0) push->host->token_cancel(push->me, push->token);
  push->token = 0;
  if (outcome.message.len == 0 && outcome.status == NCL_NO_MEMORY) outcome.message = str("no memory for a request");
  settle(push, &outcome);
}

/* ---- life ---------------------------------------------------------------------------------------------- */

static ncl_metric *counter(ncl_push *push, const char *outcome) {
  ncl_pair label = {NCL_STR("outcome"), str(outcome)};
  return push->host->metric(push->me, NCL_PUSH_PUSHES, &label, 1);
}

static ncl_status make_sender(ncl_push *push, const ncl_create *create, uint32_t signal, const ncl_value *otlp) {
  static const ncl_pair proto = {NCL_STR("Content-Type"), NCL_STR("application/x-protobuf")};
  ncl_create of_signal = *create;
  of_signal.signal = signal;
  ncl_push_target *t = &push->target;
  bool gzip = ncl_config_int(otlp, str("compression"), 0) == 0;
  ncl_otlp_sender_config config = {
      .create = &of_signal,
      .channel = {.struct_size = sizeof config.channel,
                  .is_grpc = t->is_grpc,
                  .tls = &t->tls,
                  .max_connections = 1,
                  .encoding = gzip ? NCL_HTTP_ENCODING_GZIP : NCL_HTTP_ENCODING_NONE},
      .url = str(t->url),
      .headers = &t->headers,
      .own = &proto,
      .own_count = t->is_grpc ? 0 : 1,
  };
  return ncl_otlp_sender_new(&config, &push->sender);
}

static ncl_status refuse(const ncl_create *create, const ncl_value *where, const char *message, const char *hint) {
  create->host->config_error(create->me, where, str(message), str(hint));
  return NCL_PERMANENT;
}

ncl_status ncl_push_create(ncl_push *push, const ncl_create *create, uint32_t signal, int64_t whole_ns,
                           ncl_push_answered_fn answered, void *arg) {
  const ncl_value *exporter = ncl_value_get(create->config, str("exporter"));
  const ncl_value *console = ncl_value_get(exporter, str("console"));
  const ncl_value *otlp = ncl_value_get(exporter, str("otlp"));
  push->host = create->host;
  push->me = create->me;
  push->answered = answered;
  push->arg = arg;
  if (console != NULL && console->is_set != 0) {
    return refuse(create, console, "the exporter console is not supported",
                  "use otlp; the log is on the console in any case");
  }
  if (!ncl_config_is_on(otlp)) {
    return refuse(create, create->config, "names no exporter",
                  "add \"exporter: {otlp: {protocol: http/protobuf, endpoint: ...}}\"");
  }
  push->try_ns = ncl_config_int(otlp, str("timeout"), 10000) * MS_NS;
  if (push->try_ns > whole_ns) push->try_ns = whole_ns;
  push->went = counter(push, "ok");
  push->failed = counter(push, "failed");
  ncl_status status = ncl_push_target_read(create, signal, otlp, &push->target);
  return status == NCL_OK ? make_sender(push, create, signal, otlp) : status;
}

ncl_status ncl_push_check(ncl_push *push) {
  return ncl_otlp_sender_check(push->sender);
}

ncl_status ncl_push_start(ncl_push *push, ncl_outcome *outcome) {
  push->process = push->host->service(push->me, str(NCL_INTROSPECTION_1), outcome);
  if (push->process == NULL) return outcome->status != NCL_OK ? outcome->status : NCL_PERMANENT;
  return ncl_otlp_sender_start(push->sender, outcome);
}

void ncl_push_stop(ncl_push *push) {
  if (push->token != 0) {
    ncl_otlp_sender_cancel(push->sender, push->token);
    push->host->token_cancel(push->me, push->token);
    push->token = 0;
    push->under_way = false;
  }
  if (push->sender != NULL) ncl_otlp_sender_stop(push->sender);
}

void ncl_push_close(ncl_push *push) {
  ncl_otlp_sender_free(push->sender);
  push->sender = NULL;
  ncl_push_target_close(&push->target);
}

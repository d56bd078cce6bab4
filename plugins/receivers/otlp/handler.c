/* SPDX-License-Identifier: Apache-2.0 */
/* handler.c: a request from its headers to its answer. */
#include <nacelle/config_fill.h>
#include <nacelle/otlp_json.h>
#include <stdio.h>
#include <string.h>

#include "otlp.h"

enum {
  GRPC_INVALID_ARGUMENT = 3,
  GRPC_DEADLINE_EXCEEDED = 4,
  GRPC_PERMISSION_DENIED = 7,
  GRPC_RESOURCE_EXHAUSTED = 8,
  GRPC_UNIMPLEMENTED = 12,
  GRPC_INTERNAL = 13,
  GRPC_UNAVAILABLE = 14,
  GRPC_UNAUTHENTICATED = 16
};

/* How much larger the wire form of JSON can be than its text: "0," of a list of fixed64 becomes eight bytes. */
#define JSON_GROWTH 4u

static const ncl_str grpc_name = NCL_STR("grpc"), http_name = NCL_STR("http");

bool ncl_otlp_same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool ncl_otlp_same_word(ncl_str text, ncl_str lower_case) {
  if (text.len != lower_case.len) return false;
  if (memcmp(text.ptr, lower_case.ptr, text.len) == 0) return true;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (c >= 'A' && c <= 'Z') c = (char)(c + ('a' - 'A'));
    if (c != lower_case.ptr[i]) return false;
  }
  return true;
}

ncl_str ncl_otlp_path(ncl_str path) {
  return path.len > 0 && path.ptr[0] == '/' ? ncl_str_of(path.ptr + 1, path.len - 1) : path;
}

/* ---- where a request goes ---------------------------------------------------------------------------------------- */

static uint32_t grpc_signal(ncl_str path) {
  static const ncl_str paths[] = {
      {NULL, 0},
      NCL_STR("/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
      NCL_STR("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"),
      NCL_STR("/opentelemetry.proto.collector.logs.v1.LogsService/Export"),
  };
  for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
    if (ncl_otlp_same(path, paths[signal])) return signal;
  }
  return 0;
}

static uint32_t http_signal(const ncl_otlp_receiver *receiver, ncl_str path) {
  for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
    if (ncl_otlp_same(ncl_otlp_path(path), ncl_otlp_path(receiver->settings.paths[signal]))) return signal;
  }
  return 0;
}

/* The media type without its parameters. */
static ncl_str media_type(ncl_str content_type) {
  size_t len = 0;
  while (len < content_type.len && content_type.ptr[len] != ';')
    len++;
  while (len > 0 && (content_type.ptr[len - 1] == ' ' || content_type.ptr[len - 1] == '\t'))
    len--;
  return ncl_str_of(content_type.ptr, len);
}

/* NCL_OTLP_PROTOBUF, NCL_OTLP_JSON, or -1. */
static int http_form(ncl_str content_type) {
  ncl_str type = media_type(content_type);
  if (ncl_otlp_same_word(type, (ncl_str)NCL_STR("application/x-protobuf"))) return NCL_OTLP_PROTOBUF;
  if (ncl_otlp_same_word(type, (ncl_str)NCL_STR("application/json"))) return NCL_OTLP_JSON;
  return -1;
}

/* What is known once the headers are in; the same is found again when the body is. */
static void route(ncl_otlp_port *port, ncl_http_stream *stream, const ncl_http_request *request, ncl_otlp_answer *to) {
  to->receiver = port->receiver;
  to->stream = stream;
  to->request = request;
  if (request->is_grpc) {
    to->form = NCL_OTLP_GRPC;
    to->signal = grpc_signal(request->path);
  } else {
    to->form = http_form(request->content_type) == NCL_OTLP_JSON ? NCL_OTLP_JSON : NCL_OTLP_PROTOBUF;
    to->signal = http_signal(port->receiver, request->path);
  }
}

static ncl_str transport(const ncl_otlp_answer *to) {
  return to->form == NCL_OTLP_GRPC ? grpc_name : http_name;
}

/* Requests whose items nobody can count. */
static void count_rejected(const ncl_otlp_answer *to, const char *reason) {
  const ncl_otlp_receiver *receiver = to->receiver;
  const ncl_pair labels[] = {{NCL_STR("transport"), transport(to)},
                             {NCL_STR("reason"), ncl_str_of(reason, strlen(reason))}};
  ncl_metric *metric = receiver->host->metric(receiver->me, &ncl_otlp_metrics[0], labels, 2);
  receiver->host->metric_add(metric, 1);
}

/* ---- headers ----------------------------------------------------------------------------------------------------- */

static ncl_status begin_grpc(const ncl_otlp_answer *to) {
  static const ncl_str plain = NCL_STR("application/grpc"), proto = NCL_STR("application/grpc+proto");
  static const ncl_str no_service = NCL_STR("unknown service or method, or no pipeline takes this signal"),
                       no_codec = NCL_STR("unknown message encoding: only protobuf is taken");
  ncl_str type = media_type(to->request->content_type);
  if (to->signal == 0 || to->receiver->outputs[to->signal] == NULL) {
    count_rejected(to, "unknown_service");
    ncl_otlp_answer_error(to, 0, GRPC_UNIMPLEMENTED, no_service, 0);
    return NCL_PERMANENT;
  }
  if (!ncl_otlp_same_word(type, plain) && !ncl_otlp_same_word(type, proto)) {
    count_rejected(to, "content_type");
    ncl_otlp_answer_error(to, 0, GRPC_UNIMPLEMENTED, no_codec, 0);
    return NCL_PERMANENT;
  }
  return NCL_OK;
}

static ncl_status begin_http(const ncl_otlp_answer *to) {
  bool post = ncl_otlp_same(to->request->method, (ncl_str)NCL_STR("POST"));
  /* Of gRPC's paths the method is what is wrong first. */
  bool grpc_path = to->signal == 0 && grpc_signal(to->request->path) != 0;
  bool known = to->signal != 0 && to->receiver->outputs[to->signal] != NULL;
  if (!known && (post || !grpc_path)) {
    count_rejected(to, "path");
    ncl_otlp_answer_text(to, 404, "404 no such path, or no pipeline takes this signal\n", NULL);
  } else if (!post) {
    count_rejected(to, "method");
    ncl_otlp_answer_text(to, 405, "405 method not allowed, use POST\n", "POST");
  } else if (http_form(to->request->content_type) < 0) {
    count_rejected(to, "content_type");
    ncl_otlp_answer_text(to, 415, "415 unsupported media type, send application/x-protobuf or application/json\n",
                         NULL);
  } else {
    return NCL_OK;
  }
  return NCL_PERMANENT;
}

static ncl_status on_begin(void *arg, ncl_http_stream *stream, ncl_http_request *request, ncl_http_verdict *verdict) {
  ncl_otlp_answer to;
  (void)verdict;
  route(arg, stream, request, &to);
  return request->is_grpc ? begin_grpc(&to) : begin_http(&to);
}

/* ---- the body ---------------------------------------------------------------------------------------------------- */

static void answer_malformed(const ncl_otlp_answer *to, ncl_str reason) {
  count_rejected(to, "malformed");
  ncl_otlp_answer_error(to, 400, to->form == NCL_OTLP_GRPC ? GRPC_INTERNAL : GRPC_INVALID_ARGUMENT, reason, 0);
}

static void answer_no_memory(const ncl_otlp_answer *to) {
  static const ncl_str reason = NCL_STR("no memory for the request now");
  count_rejected(to, "memory");
  ncl_otlp_answer_error(to, 0, GRPC_UNAVAILABLE, reason, 0);
}

/* The batch of a protobuf request, in the arena that it came in. NULL = answered. */
static const ncl_batch *batch_of_wire(const ncl_otlp_answer *to, ncl_http_request *request) {
  const ncl_otlp_receiver *receiver = to->receiver;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *batch = NULL;
  ncl_status status = receiver->host->batch_from_wire(receiver->me, to->signal, request->arena, request->body,
                                                      request->body_len, &batch, &outcome);
  if (status == NCL_OK) {
    request->arena = NULL;
    return batch;
  }
  if (status == NCL_PERMANENT) {
    answer_malformed(to, outcome.message);
  } else {
    answer_no_memory(to);
  }
  return NULL;
}

/* The same of a JSON request, whose wire form gets an arena of its own; the text is given back at once. */
static const ncl_batch *batch_of_json(const ncl_otlp_answer *to, ncl_http_request *request) {
  const ncl_otlp_receiver *receiver = to->receiver;
  const ncl_host *host = receiver->host;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  const ncl_batch *batch = NULL;
  ncl_json_report report;
  ncl_range wire = {NULL, 0}, json = {request->body, request->body_len};
  size_t limit = json.len * JSON_GROWTH + 1024;
  report.message[0] = '\0';
  ncl_arena *arena = host->arena_open(receiver->me, ncl_json_reserve(json.len));
  if (arena == NULL) {
    answer_no_memory(to);
    return NULL;
  }
  ncl_str reason = ncl_str_of(report.message, 0);
  ncl_status status = ncl_json_to_wire(host, arena, to->signal, json, limit, &wire, &report);
  host->arena_close(request->arena);
  request->arena = NULL;
  if (status == NCL_OK) {
    status = host->batch_from_wire(receiver->me, to->signal, arena, wire.ptr, wire.len, &batch, &outcome);
    reason = outcome.message;
  } else {
    reason.len = strlen(report.message);
  }
  if (status == NCL_OK) return batch;
  if (status == NCL_NO_MEMORY) {
    answer_no_memory(to);
  } else {
    answer_malformed(to, reason);
  }
  host->arena_close(arena);
  return NULL;
}

/* Pairs of a context: the headers that the server takes, the authority, and what an authenticator says. */
#define PAIRS_MAX 192u

/* Names that begin so are the authenticator's: no client may say them of itself. */
static bool is_reserved(ncl_str name) {
  return name.len >= 5 && memcmp(name.ptr, "auth.", 5) == 0;
}

/* "host" is there whatever the protocol, as in the Go collector. */
static uint32_t add_headers(const ncl_http_request *request, ncl_pair *pairs) {
  static const ncl_str host = NCL_STR("host");
  uint32_t count = 0;
  bool has_host = false;
  for (uint32_t i = 0; i < request->headers.count && count < PAIRS_MAX - 1; i++) {
    const ncl_pair *pair = ncl_array_at(&request->headers, i);
    if (is_reserved(pair->name)) continue;
    has_host = has_host || ncl_otlp_same(pair->name, host);
    pairs[count++] = *pair;
  }
  if (!has_host && request->authority.len > 0) pairs[count++] = (ncl_pair){host, request->authority};
  return count;
}

/* The address of the client alone. The one that sends again and again, as an application beside its sidecar does, has
 * the same context each time. */
static ncl_context *context_of_peer(ncl_otlp_port *port, ncl_str peer) {
  const ncl_otlp_receiver *receiver = port->receiver;
  const ncl_host *host = receiver->host;
  ncl_str known = port->last != NULL ? host->context_peer(port->last) : ncl_str_of(NULL, 0);
  if (port->last == NULL || known.len != peer.len || memcmp(known.ptr, peer.ptr, peer.len) != 0) {
    ncl_context *made = host->context_new(receiver->me, peer, NULL, 0);
    if (made == NULL) return NULL;
    host->context_release(port->last);
    port->last = made;
  }
  host->context_retain(port->last);
  return port->last;
}

/* Who sent it as a context; *failed when there is no memory for it. */
static ncl_context *context_of(ncl_otlp_port *port, const ncl_http_request *request, bool *failed) {
  const ncl_otlp_receiver *receiver = port->receiver;
  ncl_pair pairs[PAIRS_MAX];
  uint32_t count = 0;
  if (port->settings->include_metadata) count = add_headers(request, pairs);
  for (uint32_t i = 0; i < request->auth.count && count < PAIRS_MAX; i++)
    pairs[count++] = *(const ncl_pair *)ncl_array_at(&request->auth, i);
  if (count == 0 && request->peer.len == 0) return NULL;
  ncl_context *context = count == 0 ? context_of_peer(port, request->peer)
                                    : receiver->host->context_new(receiver->me, request->peer, pairs, count);
  *failed = context == NULL;
  return context;
}

static void count_received(const ncl_otlp_answer *to, uint64_t items, ncl_status status) {
  const ncl_otlp_receiver *receiver = to->receiver;
  if (items > 0) receiver->host->received(receiver->me, to->signal, transport(to), items, status);
}

/* The call is over: counts it, and answers if there is still someone to answer. */
static void conclude(const ncl_otlp_answer *to, uint64_t items, const ncl_outcome *outcome) {
  uint64_t rejected = outcome->rejected < items ? outcome->rejected : items;
  if (outcome->status != NCL_OK) {
    count_received(to, items, outcome->status);
    if (to->stream != NULL) ncl_otlp_answer_outcome(to, outcome);
    return;
  }
  count_received(to, items - rejected, NCL_OK);
  count_received(to, rejected, NCL_PERMANENT);
  if (to->stream != NULL) ncl_otlp_answer_success(to, rejected, outcome->message);
}

static void on_done(void *arg, const ncl_outcome *outcome) {
  ncl_otlp_pending *pending = arg;
  ncl_otlp_receiver *receiver = pending->port->receiver;
  const ncl_otlp_answer to = {receiver, pending->stream, pending->request, pending->signal, pending->form};
  uint64_t items = pending->items;
  if (pending->stream != NULL) ncl_otlp_pending_remove(receiver, pending);
  ncl_otlp_pending_give(receiver, pending);
  conclude(&to, items, outcome);
}

static void hand_on(ncl_otlp_port *port, const ncl_otlp_answer *to, ncl_http_request *request, const ncl_batch *batch) {
  ncl_otlp_receiver *receiver = port->receiver;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  bool failed = false;
  uint64_t items = batch->items;
  ncl_otlp_pending *pending = ncl_otlp_pending_take(receiver);
  ncl_context *context = context_of(port, request, &failed);
  if (pending == NULL || failed) {
    if (pending != NULL) ncl_otlp_pending_give(receiver, pending);
    receiver->host->context_release(context);
    count_received(to, items, NCL_NO_MEMORY);
    answer_no_memory(to);
    return;
  }
  pending->port = port;
  pending->stream = to->stream;
  pending->request = request;
  pending->items = items;
  pending->signal = to->signal;
  pending->form = to->form;
  const ncl_emission emission = {sizeof(emission), 0, batch, context, request->deadline_ns, on_done, pending};
  outcome.status = receiver->host->emit(receiver->me, receiver->outputs[to->signal], &emission, &outcome);
  receiver->host->context_release(context);
  if (outcome.status == NCL_PENDING) { /* on_done runs later, never within emit */
    ncl_otlp_pending_add(receiver, pending);
    return;
  }
  ncl_otlp_pending_give(receiver, pending);
  conclude(to, items, &outcome);
}

static void on_message(void *arg, ncl_http_stream *stream, ncl_http_request *request) {
  ncl_otlp_port *port = arg;
  const ncl_host *host = port->receiver->host;
  const ncl_batch *batch;
  ncl_otlp_answer to;
  route(port, stream, request, &to);
  if (request->body_len == 0) {
    if (to.form == NCL_OTLP_JSON) {
      answer_malformed(&to, (ncl_str)NCL_STR("an empty body is not JSON"));
    } else {
      ncl_otlp_answer_success(&to, 0, (ncl_str){NULL, 0});
    }
    return;
  }
  batch = to.form == NCL_OTLP_JSON ? batch_of_json(&to, request) : batch_of_wire(&to, request);
  if (batch == NULL) return;
  if (batch->items == 0) {
    ncl_otlp_answer_success(&to, 0, (ncl_str){NULL, 0});
  } else {
    hand_on(port, &to, request, batch);
  }
  host->batch_release(batch);
}

/* ---- what does not get that far ---------------------------------------------------------------------------------- */

static void on_refuse(void *arg, ncl_http_stream *stream, ncl_http_request *request, uint32_t why, ncl_str detail) {
  static const struct {
    const char *reason;
    uint32_t http, http_code, grpc;
  } answers[] = {
      {"other", 400, GRPC_INVALID_ARGUMENT, GRPC_INTERNAL},
      [NCL_HTTP_REFUSED_AUTH] = {"unauthenticated", 401, GRPC_UNAUTHENTICATED, GRPC_UNAUTHENTICATED},
      [NCL_HTTP_REFUSED_DENIED] = {"denied", 403, GRPC_PERMISSION_DENIED, GRPC_PERMISSION_DENIED},
      [NCL_HTTP_REFUSED_ENCODING] = {"encoding", 400, GRPC_INVALID_ARGUMENT, GRPC_UNIMPLEMENTED},
      [NCL_HTTP_REFUSED_SIZE] = {"size", 413, GRPC_RESOURCE_EXHAUSTED, GRPC_RESOURCE_EXHAUSTED},
      [NCL_HTTP_REFUSED_BODY] = {"malformed", 400, GRPC_INVALID_ARGUMENT, GRPC_INTERNAL},
      [NCL_HTTP_REFUSED_MEMORY] = {"memory", 503, GRPC_UNAVAILABLE, GRPC_UNAVAILABLE},
      [NCL_HTTP_REFUSED_TIMEOUT] = {"timeout", 408, GRPC_DEADLINE_EXCEEDED, GRPC_DEADLINE_EXCEEDED},
  };
  const ncl_otlp_port *port = arg;
  ncl_otlp_answer to;
  char text[256];
  route(arg, stream, request, &to);
  if (why >= sizeof(answers) / sizeof(answers[0])) why = 0;
  if (why == NCL_HTTP_REFUSED_SIZE) {
    int n = snprintf(text, sizeof(text), "%.*s: %llu bytes (%s)", (int)detail.len, detail.ptr,
                     (unsigned long long)port->settings->config.max_body, port->settings->limit_key);
    if (n > 0 && (size_t)n < sizeof(text)) detail = ncl_str_of(text, (size_t)n);
  }
  count_rejected(&to, answers[why].reason);
  ncl_otlp_answer_error(&to, answers[why].http, request->is_grpc ? answers[why].grpc : answers[why].http_code, detail,
                        0);
}

static void on_gone(void *arg, ncl_http_stream *stream, ncl_http_request *request) {
  const ncl_otlp_port *port = arg;
  (void)stream;
  if (request->user == NULL) return; /* its body never came whole */
  ncl_otlp_pending_remove(port->receiver, request->user);
}

const ncl_http_handler ncl_otlp_handler = {sizeof(ncl_http_handler), 0, on_begin, on_message, on_refuse, on_gone};

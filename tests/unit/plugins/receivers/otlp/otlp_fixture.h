/* SPDX-License-Identifier: Apache-2.0 */
/* otlp_fixture.h: the receiver over the real http_server, on two sockets, with what it hands on in the test's hands. */
#ifndef NACELLE_TESTS_OTLP_FIXTURE_H
#define NACELLE_TESTS_OTLP_FIXTURE_H

#include "unit/plugins/services/http_server/h2_client.h"

#include <nacelle/otlp_json.h>
#include "core/config/decode.h"
#include "core/config/load.h"

#include "plugins/receivers/otlp/receiver.h"

#define TRACES_PATH "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define METRICS_PATH "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
#define LOGS_PATH "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

typedef struct otlp_fixture {
  server_fixture server; /* first: its host, its service, its clients */
  ncl_config *config;
  ncl_decoded *decoded;
  ncl_diagnostics *diagnostics;
  ncl_output_info outputs[3];
  void *receiver;
  bool started;
  /* What was handed on. */
  uint32_t emitted;
  uint32_t signal;
  uint64_t items;
  uint64_t wire_len;
  int64_t deadline_ns;
  bool with_context;
  ncl_done_fn done[8];
  void *done_arg[8];
  /* What is answered. */
  ncl_outcome outcome;
  /* What was counted, by status. */
  uint64_t received[8];
  char transport[8];
} otlp_fixture;

static inline const void *otlp_service(loop_host *host, ncl_str name) {
  otlp_fixture *f = (otlp_fixture *)(void *)host;
  bool same = name.len == sizeof(NCL_HTTP_SERVER_1) - 1 && memcmp(name.ptr, NCL_HTTP_SERVER_1, name.len) == 0;
  return same ? f->server.server : NULL;
}

static inline ncl_status otlp_emit(loop_host *host, ncl_output *output, const ncl_emission *emission,
                                   ncl_outcome *outcome) {
  otlp_fixture *f = (otlp_fixture *)(void *)host;
  assert_ptr_equal(output, &f->outputs[emission->batch->signal - NCL_SIGNAL_TRACES]);
  assert_true(f->emitted < 8 || f->outcome.status != NCL_PENDING);
  f->done[f->emitted % 8] = emission->done;
  f->done_arg[f->emitted % 8] = emission->arg;
  f->emitted++;
  f->signal = emission->batch->signal;
  f->items = emission->batch->items;
  f->wire_len = emission->batch->wire_len;
  f->deadline_ns = emission->deadline_ns;
  f->with_context = emission->context != NULL;
  *outcome = f->outcome;
  return f->outcome.status;
}

static inline void otlp_received(loop_host *host, uint32_t signal, ncl_str transport, uint64_t items,
                                 ncl_status outcome) {
  otlp_fixture *f = (otlp_fixture *)(void *)host;
  (void)signal;
  f->received[outcome] += items;
  loop_host_copy(f->transport, sizeof(f->transport), transport);
}

static inline int open_otlp(void **state) {
  otlp_fixture *f = calloc(1, sizeof(*f));
  set_up_server(&f->server);
  f->server.host.service = otlp_service;
  f->server.host.emit = otlp_emit;
  f->server.host.received = otlp_received;
  f->outcome = (ncl_outcome)NCL_OUTCOME_INIT;
  for (uint32_t i = 0; i < 3; i++) {
    f->outputs[i].signal = NCL_SIGNAL_TRACES + i;
    f->outputs[i].output = (ncl_output *)(void *)&f->outputs[i]; /* an address of its own */
  }
  *state = f;
  return 0;
}

/* Makes the receiver of a config in YAML, in which $ stands for the folder of the sockets. `outputs`: how many of
 * traces, metrics, logs lead somewhere. */
static inline ncl_status make_receiver(otlp_fixture *f, const char *yaml, uint32_t outputs) {
  char text[4096] = "yaml:";
  size_t at = strlen(text);
  for (; *yaml != '\0'; yaml++) {
    int n = *yaml == '$' ? snprintf(text + at, sizeof(text) - at, "%s", f->server.folder)
                         : snprintf(text + at, sizeof(text) - at, "%c", *yaml);
    at += (size_t)n;
    assert_true(at < sizeof(text));
  }
  const char *uris[] = {text};
  ncl_load_options options = {.uris = uris, .uri_count = 1};
  f->diagnostics = ncl_diagnostics_new(NULL);
  f->config = ncl_config_load_with(&options, f->diagnostics);
  assert_non_null(f->config);
  f->decoded = ncl_decode(f->config, ncl_config_root(f->config), NCL_MARK_NONE, &ncl_otlp_fields,
                          (ncl_str)NCL_STR("receivers.otlp"), f->diagnostics);
  if (ncl_diagnostics_errors(f->diagnostics) > 0) {
    ncl_diagnostics_print(f->diagnostics, stderr);
    fail_msg("the config of the test is wrong: %s", text);
  }
  ncl_create create = loop_host_create(&f->server.host);
  create.config = ncl_decoded_root(f->decoded, 0);
  create.outputs = (ncl_array){f->outputs, outputs, sizeof(f->outputs[0])};
  return ncl_otlp_create(&create, &f->receiver);
}

static inline void start_receiver(otlp_fixture *f, const char *yaml) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  assert_int_equal(make_receiver(f, yaml, 3), NCL_OK);
  ncl_status status = ncl_otlp_start(f->receiver, 1, &outcome);
  if (status != NCL_OK) fail_msg("not started: %.*s", (int)outcome.message.len, outcome.message.ptr);
  f->started = true;
}

#define BOTH "protocols: {grpc: {transport: unix, endpoint: $/grpc}, http: {transport: unix, endpoint: $/http}}"

static inline void drop_receiver(otlp_fixture *f) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (f->started) assert_int_equal(ncl_otlp_shutdown(f->receiver, 2, &outcome), NCL_OK);
  if (f->receiver != NULL) ncl_otlp_destroy(f->receiver);
  ncl_decoded_release(f->decoded);
  ncl_config_free(f->config);
  ncl_diagnostics_free(f->diagnostics);
  f->receiver = NULL;
  f->decoded = NULL;
  f->config = NULL;
  f->diagnostics = NULL;
  f->started = false;
}

static inline int close_otlp(void **state) {
  otlp_fixture *f = *state;
  drop_receiver(f);
  assert_int_equal(f->server.host.contexts, 0);
  take_down_server(&f->server);
  free(f);
  return 0;
}

/* Clients from now on connect to "grpc" or to "http". */
static inline void use_port(otlp_fixture *f, const char *name) {
  snprintf(f->server.address.sun_path, sizeof(f->server.address.sun_path), "%s/%s", f->server.folder, name);
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

/* Two spans, one metric of one point, three log records. */
static const char *const json_requests[] = {
    NULL,
    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"a\"},{\"name\":\"b\"}]}]}]}",
    "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"m\",\"gauge\":{\"dataPoints\":[{\"asInt\":"
    "\"1\"}]}}"
    "]}]}]}",
    "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"severityText\":\"a\"},{\"severityText\":\"b\"},"
    "{\"severityText\":\"c\"}]}]}]}",
};
static const char *const http_paths[] = {NULL, "/v1/traces", "/v1/metrics", "/v1/logs"};
static const char *const grpc_paths[] = {NULL, TRACES_PATH, METRICS_PATH, LOGS_PATH};
static const uint64_t request_items[] = {0, 2, 1, 3};

/* The protobuf form of a request; the caller ends the writer. */
static inline ncl_range wire_request(uint32_t signal, ncl_writer *writer) {
  ncl_range json = {(const uint8_t *)json_requests[signal], strlen(json_requests[signal])};
  uint8_t padded[1024] = {0};
  assert_true(json.len + NCL_PADDING <= sizeof(padded));
  memcpy(padded, json.ptr, json.len);
  json.ptr = padded;
  assert_int_equal(ncl_json_to_wire_heap(signal, json, 65536, writer, NULL), NCL_OK);
  return ncl_writer_range(writer);
}

/* An HTTP/1.1 request; the answer as text, of `len` bytes. */
static inline const char *post(otlp_fixture *f, int fd, const char *path, const char *type, const char *headers,
                               ncl_range body, size_t *len) {
  static char reply[16384];
  char head[1024];
  snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n", path,
           type, headers, body.len);
  client_text(&f->server, fd, head);
  client_send(&f->server, fd, body.ptr, body.len);
  size_t n = client_read(&f->server, fd, reply, sizeof(reply), NULL);
  if (len != NULL) *len = n;
  return reply;
}

static inline ncl_range bytes_of(const char *text) {
  return (ncl_range){(const uint8_t *)text, strlen(text)};
}

/* The body of an answer; *len comes in as the length of the whole. */
static inline ncl_range body_of(const char *reply, size_t len) {
  const char *end = strstr(reply, "\r\n\r\n");
  assert_non_null(end);
  return (ncl_range){(const uint8_t *)end + 4, len - (size_t)(end + 4 - reply)};
}

/* A gRPC call; the answer lives until the next one. */
static inline h2_reply *grpc_call(h2_client *c, const char *path, ncl_range message, const char *const *more) {
  const char *headers[16] = {"content-type", "application/grpc", "te", "trailers"};
  h2_body body = h2_framed(message.ptr, message.len, 0);
  for (int i = 0; more != NULL && more[i] != NULL; i++)
    headers[4 + i] = more[i];
  int32_t id = h2_request(c, "POST", path, &body, headers);
  h2_run(c);
  h2_free(&body);
  return h2_find(c, id);
}

#define OTLP_TEST(name) cmocka_unit_test_setup_teardown(name, open_otlp, close_otlp)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/plugins/extensions/otlp_push/fixture.h: a pusher between a backend and a process that the test makes. */
#ifndef NACELLE_TESTS_OTLP_PUSH_FIXTURE_H
#define NACELLE_TESTS_OTLP_PUSH_FIXTURE_H

#include <nacelle/introspection.h>
#include <nacelle/otlp_json.h>

#include "../../exporters/fake_http_client.h"

static fake_http http;
static ncl_introspection process;
static ncl_test_interface interfaces[2];
static ncl_test *t;

static inline ncl_test_options options_of(const char *plugin, const char *config) {
  fake_http_open(&http);
  interfaces[0] = http.interface;
  interfaces[1] = (ncl_test_interface){NCL_KIND_SERVICE, "introspection", NCL_INTROSPECTION_1, &process};
  return (ncl_test_options){
      .plugin = plugin, .kind = NCL_KIND_EXTENSION, .config = config, .interfaces = interfaces, .interface_count = 2};
}

static inline void open_pusher(const char *plugin, const char *config) {
  ncl_test_options options = options_of(plugin, config);
  t = open_started(&options);
  http.t = t;
}

static inline void answer_with(uint32_t i, uint32_t status) {
  assert_true(i < http.count);
  ncl_http_reply reply = {.struct_size = sizeof reply, .status = status};
  fake_answer(&http, i, &reply);
}

/* What goes out at the end gets an answer, too. */
static inline void close_pusher(void) {
  if (ncl_test_end(t, 5 * S) == 0) answer_with(http.count - 1, 200);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(ncl_test_close(t), 0);
  fake_http_free(&http);
}

/* Request `i` as JSON; lives until the next. */
static inline const char *request(uint32_t i, uint32_t signal) {
  static char json[1 << 16];
  ncl_writer writer;
  assert_true(i < http.count);
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_range body = {http.calls[i].body, http.calls[i].body_len};
  assert_int_equal(ncl_message_to_json(signal, body, &writer), NCL_OK);
  assert_true(writer.len < sizeof json);
  memcpy(json, writer.base, writer.len);
  json[writer.len] = '\0';
  ncl_writer_close(&writer);
  return json;
}

static inline int64_t pushes(const char *outcome) {
  char name[128], labels[64];
  const char *types[] = {"otlp_metrics", "otlp_logs", "otlp_log_lines"};
  int64_t sum = 0;
  (void)snprintf(labels, sizeof labels, "outcome=%s", outcome);
  for (size_t i = 0; i < 3; i++) {
    (void)snprintf(name, sizeof name, "otelcol_extension_%s_pushes", types[i]);
    sum += ncl_test_metric_sum(t, name, labels);
  }
  return sum;
}

#endif

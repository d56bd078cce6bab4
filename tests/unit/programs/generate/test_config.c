/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/config.h: the config that is written is read as what was meant, whatever the texts hold. */
#include "programs/generate/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/config/load.h"
#include "core/config/service.h"

typedef struct loaded {
  ncl_generate_options options;
  ncl_writer writer;
  ncl_diagnostics *diagnostics;
  ncl_config *config;
} loaded;

static const char *no_variable(void *ctx, const char *name) {
  (void)ctx, (void)name;
  return NULL;
}

static void load(loaded *l, int argc, char **argv) {
  char error[256];
  assert_true(ncl_generate_options_parse(argc, argv, &l->options, error, sizeof error));
  ncl_writer_heap(&l->writer, 1 << 20);
  ncl_generate_write_config(&l->writer, &l->options);
  assert_int_equal(l->writer.status, NCL_OK);
  const char *uris[] = {(const char *)l->writer.base};
  ncl_environment environment = {no_variable, NULL};
  l->diagnostics = ncl_diagnostics_new(NULL);
  l->config = ncl_config_load(uris, 1, &environment, l->diagnostics);
  if (l->config == NULL || ncl_diagnostics_errors(l->diagnostics) > 0) fail_msg("cannot be read:\n%s", uris[0]);
  assert_int_equal(ncl_diagnostics_warnings(l->diagnostics), 0);
}

#define LOAD(l, ...) load((l), (int)(sizeof(char *[]){"x", __VA_ARGS__} / sizeof(char *)), (char *[]){"x", __VA_ARGS__})

static void unload(loaded *l) {
  ncl_config_free(l->config);
  ncl_diagnostics_free(l->diagnostics);
  ncl_writer_close(&l->writer);
}

/* The text at a path of keys that ends with NULL; NULL = there is none. */
static ncl_str text_at(const loaded *l, const char *const *keys) {
  const ncl_node *node = ncl_config_root(l->config);
  for (; *keys != NULL && node != NULL; keys++)
    node = ncl_node_get(node, ncl_str_of(*keys, strlen(*keys)));
  return node == NULL ? (ncl_str){NULL, 0} : node->text;
}

#define HAS(l, value, ...)                                                  \
  do {                                                                      \
    ncl_str found = text_at((l), (const char *const[]){__VA_ARGS__, NULL}); \
    assert_int_equal(found.len, strlen(value));                             \
    assert_memory_equal(found.ptr, (value), found.len);                     \
  } while (0)

static void sends_without_queue_and_retries(void **state) {
  (void)state;
  loaded l;
  LOAD(&l, "traces", "--timeout", "3s");
  HAS(&l, "http://localhost:4317", "exporters", "otlp_grpc", "endpoint");
  HAS(&l, "3s", "exporters", "otlp_grpc", "timeout");
  HAS(&l, "false", "exporters", "otlp_grpc", "sending_queue", "enabled");
  HAS(&l, "false", "exporters", "otlp_grpc", "retry_on_failure", "enabled");
  HAS(&l, "true", "exporters", "otlp_grpc", "tls", "insecure");
  HAS(&l, "none", "service", "telemetry", "metrics", "level");
  const ncl_service_config *service = ncl_service_read(l.config, l.diagnostics);
  assert_non_null(service);
  assert_int_equal(ncl_diagnostics_errors(l.diagnostics), 0);
  assert_int_equal(service->pipeline_count, 1);
  assert_int_equal(service->pipelines[0].signal, NCL_SIGNAL_TRACES);
  unload(&l);
}

static void gives_http_a_scheme_and_json_its_encoding(void **state) {
  (void)state;
  loaded l;
  LOAD(&l, "logs", "--protocol", "http/json", "--endpoint", "localhost:4318");
  HAS(&l, "http://localhost:4318", "exporters", "otlp_http", "endpoint");
  HAS(&l, "json", "exporters", "otlp_http", "encoding");
  unload(&l);
  LOAD(&l, "metrics", "--protocol", "http/protobuf", "--endpoint", "otlp.example.com/path");
  HAS(&l, "https://otlp.example.com/path", "exporters", "otlp_http", "endpoint");
  HAS(&l, "false", "exporters", "otlp_http", "tls", "insecure");
  unload(&l);
}

static void takes_every_text_as_it_is(void **state) {
  (void)state;
  loaded l;
  LOAD(&l, "traces", "--endpoint", "https://a:1", "--ca", "a \"b\\c: #${env:HOME}$$.pem", "--cert", "'c'", "--key",
       "\t{d}", "--header", "x-token=$ECRET \"1\"\\", "--header", "y: z=\xc3\xa9=", "--insecure-skip-verify");
  HAS(&l, "a \"b\\c: #${env:HOME}$$.pem", "exporters", "otlp_grpc", "tls", "ca_file");
  HAS(&l, "'c'", "exporters", "otlp_grpc", "tls", "cert_file");
  HAS(&l, "\t{d}", "exporters", "otlp_grpc", "tls", "key_file");
  HAS(&l, "true", "exporters", "otlp_grpc", "tls", "insecure_skip_verify");
  HAS(&l, "$ECRET \"1\"\\", "exporters", "otlp_grpc", "headers", "x-token");
  HAS(&l, "\xc3\xa9=", "exporters", "otlp_grpc", "headers", "y: z");
  unload(&l);
}

static const char *option_of(const char *path) {
  return ncl_generate_option_of(ncl_str_of(path, strlen(path)));
}

static void names_the_option_that_a_key_came_from(void **state) {
  (void)state;
  assert_string_equal(option_of("exporters.otlp_grpc.endpoint"), "--endpoint");
  assert_string_equal(option_of("exporters.otlp_http.tls.ca_file"), "--ca");
  assert_string_equal(option_of("exporters.otlp_http.headers.endpoint"), "--header");
  assert_string_equal(option_of("exporters.otlp_http.headers"), "--header");
  assert_null(option_of("receivers.nop"));
  assert_null(option_of(""));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sends_without_queue_and_retries),
      cmocka_unit_test(gives_http_a_scheme_and_json_its_encoding),
      cmocka_unit_test(takes_every_text_as_it_is),
      cmocka_unit_test(names_the_option_that_a_key_came_from),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

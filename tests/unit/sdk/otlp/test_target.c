/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of where an exporter sends to, as the Go collector has them. */
#include "sdk/otlp/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void urls_become_labels(void **state) {
  (void)state;
  static const struct {
    const char *url, *path;
    uint32_t is_grpc;
    const char *labels;
  } cases[] = {
      {"http://127.0.0.1:4318/v1/traces", "", 0, "server_address=127.0.0.1 server_port=4318 url_path=/v1/traces "},
      {"https://otlp.example.com/a/v1/logs?x=y", "", 0, "server_address=otlp.example.com url_path=/a/v1/logs "},
      {"https://user:pass@h:1", "", 0, "server_address=h server_port=1 "},
      {"https://us@er:p@h/p", "", 0, "server_address=h url_path=/p "},
      {"http://[::1]:4317/opentelemetry.proto/Export", "", 1, "server_address=::1 server_port=4317 "},
      {"https://[fe80::2]", "", 1, "server_address=fe80::2 "},
      {"unix:///run/x.sock", "/v1/traces", 0, "server_address=/run/x.sock url_path=/v1/traces "},
      {"unix:///run/x.sock", "/Export", 1, "server_address=/run/x.sock "},
      {"http://", "", 0, "server_address= "},
      {"[", "", 0, "server_address= "},
      {"", "", 0, "server_address= "},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_pair labels[NCL_OTLP_TARGET_LABELS];
    char text[256] = "";
    size_t len = 0;
    uint32_t count = ncl_otlp_target(str(cases[i].url), str(cases[i].path), cases[i].is_grpc, labels);
    for (uint32_t k = 0; k < count; k++) {
      len += (size_t)snprintf(text + len, sizeof text - len, "%.*s=%.*s ", (int)labels[k].name.len, labels[k].name.ptr,
                              (int)labels[k].value.len, labels[k].value.ptr);
    }
    assert_string_equal(text, cases[i].labels);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(urls_become_labels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

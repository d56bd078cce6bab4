/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/effective.h: what was decoded as a config again, without its secrets. */
#include "core/config/effective.h"

#include "unit/core/config/decode_support.h"

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

/* The effective form of a section by the table of every type; the caller frees. */
static char *rendered(const char *yaml, bool show_secrets) {
  support_decoded d = support_decode(yaml, &support_table, NULL);
  ncl_document *document = ncl_document_new(NCL_DOCUMENT_YAML, NULL);
  ncl_effective_section section = {d.decoded, {support_table}, 1};
  size_t len;
  if (ncl_diagnostics_errors(d.diagnostics) > 0) fail_msg("%s\n%s", support_lines(d.diagnostics), yaml);
  ncl_effective_write_section(&section, show_secrets, document);
  const char *text = ncl_document_text(document, &len);
  assert_non_null(text);
  char *copy = strndup(text, len);
  ncl_document_free(document);
  support_decode_end(&d);
  return copy;
}

static void expect(const char *yaml, const char *expected) {
  char *text = rendered(yaml, false);
  SUPPORT_EXPECT(text, expected, yaml);
  free(text);
}

#define DEFAULTS_BEFORE \
  "auth: null\n"        \
  "compression: gzip\n" \
  "headers: {}\n"

static void fills_in_defaults_in_the_order_of_the_keys(void **state) {
  (void)state;
  expect("{}", DEFAULTS_BEFORE
         "labels: {}\n"
         "limit: 1048576\n"
         "names:\n"
         "    - a\n"
         "    - b\n"
         "number: 7\n"
         "numbers: []\n"
         "\"on\": true\n"
         "pin: \"[REDACTED]\"\n"
         "protocols: {}\n"
         "queue:\n"
         "    enabled: true\n"
         "    size: 1000\n"
         "    storage: null\n"
         "ratio: 0.5\n"
         "rules: []\n"
         "secrets: {}\n"
         "target: null\n"
         "text: dflt\n"
         "timeout: 5s\n"
         "token: \"\"\n");
}

static void expect_has(const char *yaml, const char *part) {
  char *text = rendered(yaml, false);
  if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in\n%s", part, text);
  free(text);
}

static void hides_what_is_secret_and_what_nobody_knows(void **state) {
  (void)state;
  static const char canary[] = "c4n4ry";
  static const char *const yamls[] = {
      "token: c4n4ry",
      "headers: {authorization: Bearer c4n4ry, other: \"c4n4ry\"}",
      "secrets: {a: c4n4ry}",
      "anything: c4n4ry",
      "anything: {a: [c4n4ry, {b: c4n4ry}], n: 5}",
      "text: https://user:c4n4ry@host/path",
      "text: https://c4n4ry@host/path",
      "text: https://host/path?token=c4n4ry&other=c4n4ry#f",
      "text: https://host/?c4n4ry",
      "names: [\"http://u:c4n4ry@h\"]",
      "labels: {a: \"x://u:c4n4ry@h\"}",
  };
  for (size_t i = 0; i < ITEMS(yamls); i++) {
    char *text = rendered(yamls[i], false);
    if (strstr(text, canary) != NULL) fail_msg("the secret of\n%s\nshows in\n%s", yamls[i], text);
    if (strstr(text, NCL_REDACTED) == NULL) fail_msg("nothing says that there is one:\n%s", text);
    free(text);
    text = rendered(yamls[i], true);
    if (strstr(text, canary) == NULL) fail_msg("who asks for it does not see it:\n%s", text);
    free(text);
  }
  expect_has("pin: 1234", "pin: \"[REDACTED]\"\n");
  expect_has("anything: {n: 5, f: 1.5, b: true, z: null}",
             "anything:\n    b: true\n    f: \"[REDACTED]\"\n    \"n\": \"[REDACTED]\"\n    z: null\n");
  expect_has("headers: {authorization: x, empty: \"\"}",
             "headers:\n    authorization: \"[REDACTED]\"\n    empty: \"\"\n");
}

static void shows_what_of_a_url_is_no_secret(void **state) {
  (void)state;
  static const struct {
    const char *text, *seen;
  } cases[] = {
      {"https://user:pw@host:4317/p", "https://" NCL_REDACTED "@host:4317/p"},
      {"https://a@b:pw@host", "https://" NCL_REDACTED "@host"},
      {"https://host/a@b", "https://host/a@b"},
      {"https://host?q=1&r&s=2#frag@x", "https://host?q=" NCL_REDACTED "&" NCL_REDACTED "&s=" NCL_REDACTED "#frag@x"},
      {"https://u@host/?q=", "https://" NCL_REDACTED "@host/?q="},
      {"https://host", "https://host"},
      {"user@host:4317", "user@host:4317"},
      {"://", "://"},
      {"x://@h", "x://@h"},
      {"", ""},
  };
  for (size_t i = 0; i < ITEMS(cases); i++) {
    char *room = malloc(NCL_URL_ROOM(strlen(cases[i].text)));
    ncl_str seen = ncl_url_redacted(str(cases[i].text), room);
    char *copy = strndup(seen.ptr, seen.len);
    SUPPORT_EXPECT(copy, cases[i].seen, cases[i].text);
    free(copy);
    free(room);
  }
}

static void says_what_was_written(void **state) {
  (void)state;
  expect_has("timeout: 90s", "timeout: 1m30s\n");
  expect_has("limit: 64KiB", "limit: 65536\n");
  expect_has("compression: \"1.2\"", "compression: \"1.2\"\n");
  expect_has("old_text: x", "text: x\n");
  expect_has("legacy: x", "legacy: x\n");
  expect_has("names: a,b", "names:\n    - a\n    - b\n");
  expect_has("rules: [{key: k}]", "rules:\n    - keep: true\n      key: k\n");
  expect_has("labels: {b: \"1\", a: x}", "labels:\n    a: x\n    b: \"1\"\n");
  expect_has("protocols: {grpc: {tls: {cert_file: c}}}",
             "protocols:\n    grpc:\n        endpoint: localhost:4317\n        max_streams: 100\n"
             "        tls:\n            cert_file: c\n            insecure: false\n");
  expect_has("queue: {enabled: false, size: 5}", "queue:\n    enabled: false\nratio");
}

/* What is printed, read again, prints the same. */
static void reads_back_as_the_same_config(void **state) {
  (void)state;
  static const char *const yamls[] = {
      "{}",
      "{text: \"12\", on: false, number: 100, ratio: 1, timeout: 59m3s4ms, limit: 1.5MiB, compression: none}",
      "{names: [], numbers: [1, 2], rules: [{key: a, keep: false}, {key: \"\"}], labels: {\"a b\": \"x\\ny\"}}",
      "{headers: {a: b}, token: t, secrets: {s: \"null\"}, pin: 12, auth: ext/1, target: \"unix:///s\"}",
      "{protocols: {grpc: null}, queue: {enabled: false}, anything: [1, 2.5, \"3\", {a: null, b: true}]}",
      "{protocols: {grpc: {tls: {cert_file: x}}}, queue: {storage: file_storage}, legacy: y}",
      "{text: \"https://u:p@h?q=1\"}",
  };
  for (size_t i = 0; i < ITEMS(yamls); i++) {
    char *first = rendered(yamls[i], true), *second = rendered(first, true);
    SUPPORT_EXPECT(second, first, yamls[i]);
    free(first);
    free(second);
  }
}

static const ncl_field own_fields[] = {
    {.name = NCL_STR("timeout"), .type = NCL_TYPE_DURATION, .dflt = NCL_STR("30s")},
    {.name = NCL_STR("unset"), .type = NCL_TYPE_INT, .min = 5, .max = 9},
};
static const ncl_field host_fields[] = {
    {.name = NCL_STR("retry"), .type = NCL_TYPE_BOOL, .dflt = NCL_STR("true")},
    {.name = NCL_STR("timeout"), .type = NCL_TYPE_DURATION, .dflt = NCL_STR("5s")},
};

static void writes_a_whole_config(void **state) {
  (void)state;
  ncl_array tables[] = {NCL_ARRAY(own_fields), NCL_ARRAY(host_fields)};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_decoded *decoded = ncl_decode_tables(NULL, NULL, NCL_MARK_NONE, tables, 2, str("exporters.x"), diagnostics);
  ncl_effective_section section = {decoded, {tables[0], tables[1]}, 2};
  ncl_effective_component components[] = {
      {"exporters", str("x/2"), section}, {"receivers", str("r"), {NULL, {{NULL, 0, 0}}, 0}},
      {"exporters", str("x"), section},   {"exporters", str("x/2"), section},
      {"receivers", str("in"), section},
  };
  ncl_str in[] = {NCL_STR("in")}, out[] = {NCL_STR("x/2"), NCL_STR("x")}, extensions[] = {NCL_STR("health_check")};
  ncl_effective_pipeline pipelines[] = {{str("traces/a"), NCL_ARRAY(in), {NULL, 0, 0}, NCL_ARRAY(out)}};
  ncl_effective effective = {components, 5, NCL_ARRAY(extensions), pipelines, 1, {NULL, {{NULL, 0, 0}}, 0}, false};
  ncl_document *document = ncl_document_new(NCL_DOCUMENT_YAML, NULL);
  size_t len;
  ncl_effective_write(&effective, document);
  const char *text = ncl_document_text(document, &len);
  assert_non_null(text);
  char *copy = strndup(text, len);
  SUPPORT_EXPECT(copy,
                 "exporters:\n"
                 "    x:\n        retry: true\n        timeout: 30s\n"
                 "    x/2:\n        retry: true\n        timeout: 30s\n"
                 "receivers:\n"
                 "    in:\n        retry: true\n        timeout: 30s\n"
                 "service:\n"
                 "    extensions:\n        - health_check\n"
                 "    pipelines:\n"
                 "        traces/a:\n"
                 "            exporters:\n                - x/2\n                - x\n"
                 "            receivers:\n                - in\n",
                 "whole");
  free(copy);
  ncl_document_free(document);
  ncl_decoded_release(decoded);
  ncl_diagnostics_free(diagnostics);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fills_in_defaults_in_the_order_of_the_keys),
      cmocka_unit_test(hides_what_is_secret_and_what_nobody_knows),
      cmocka_unit_test(shows_what_of_a_url_is_no_secret),
      cmocka_unit_test(says_what_was_written),
      cmocka_unit_test(reads_back_as_the_same_config),
      cmocka_unit_test(writes_a_whole_config),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

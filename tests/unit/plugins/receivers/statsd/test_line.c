/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/receivers/statsd/line.c: what is read out of a line, and why one is none. */
#include <stdio.h>

#include "../../plugin_test.h"
#include "plugins/receivers/statsd/line.h"

/* "name type value weight sign time k=v,..." or why it is none. */
static const char *read_with(const char *text, ncl_statsd_syntax syntax) {
  static char said[1024];
  ncl_statsd_line line;
  const char *why = ncl_statsd_read((ncl_str){text, strlen(text)}, &syntax, &line);
  if (why != NULL) return why;
  int len = snprintf(said, sizeof said, "%.*s %u %g %g %s %lld", (int)line.name.len, line.name.ptr, line.type,
                     line.value, line.weight, line.is_addition ? "signed" : "plain", (long long)line.timestamp_ns);
  for (uint32_t i = 0; i < line.tag_count; i++) {
    const ncl_statsd_tag *tag = &line.tags[i];
    len += snprintf(said + len, sizeof said - (size_t)len, "%s%.*s=%.*s", i > 0 ? "," : " ", (int)tag->key.len,
                    tag->key.ptr, (int)tag->value.len, tag->value.ptr);
  }
  return said;
}

static const char *read_plain(const char *text) {
  return read_with(text, (ncl_statsd_syntax){false, false});
}

static void types_and_values(void **state) {
  (void)state;
  assert_string_equal(read_plain("a.b:1|c"), "a.b 0 1 1 plain 0");
  assert_string_equal(read_plain("a:-1.5|g"), "a 1 -1.5 1 signed 0");
  assert_string_equal(read_plain("a:+2|g"), "a 1 2 1 signed 0");
  assert_string_equal(read_plain("a:3|ms"), "a 2 3 1 plain 0");
  assert_string_equal(read_plain("a:3e2|h"), "a 3 300 1 plain 0");
  assert_string_equal(read_plain("a:0x10p0|d"), "a 4 16 1 plain 0");
}

static void rates_become_weights(void **state) {
  (void)state;
  assert_string_equal(read_plain("a:1|c|@0.25"), "a 0 1 4 plain 0");
  assert_string_equal(read_plain("a:1|c|@1"), "a 0 1 1 plain 0");
  assert_string_equal(read_plain("a:1|c|@0"), "a 0 1 1 plain 0");
  assert_string_equal(read_plain("a:1|c|@-3"), "a 0 1 1 plain 0");
  assert_string_equal(read_plain("a:1|c|@x"), "malformed");
}

static void tags_are_ordered_and_none_comes_twice(void **state) {
  (void)state;
  assert_string_equal(read_plain("a:1|c|#z:1,b:2,z:3,y:a:b"), "a 0 1 1 plain 0 b=2,y=a:b,z=3");
  assert_string_equal(read_plain("a:1|c|#z:1|@0.5|#b:2|c:id|T12"), "a 0 1 2 plain 12000000000 b=2,container.id=id,z=1");
  assert_string_equal(read_plain("a:1|c|#,,b:1,"), "a 0 1 1 plain 0 b=1");
  assert_string_equal(read_plain("a:1|c|#"), "a 0 1 1 plain 0");
  assert_string_equal(read_plain("a:1|c|c:"), "a 0 1 1 plain 0");
  assert_string_equal(read_plain("a:1|c||#b:1"), "a 0 1 1 plain 0");
  assert_string_equal(read_plain("a:1|c|#b"), "malformed");
  assert_string_equal(read_with("a:1|c|#b,c:", (ncl_statsd_syntax){false, true}), "a 0 1 1 plain 0 b=,c=");
  assert_string_equal(read_with("a:1|ms|#m:1", (ncl_statsd_syntax){true, false}),
                      "a 2 1 1 plain 0 m=1,metric_type=timing");
}

static void what_is_no_line_is_said(void **state) {
  static const char *const malformed[] = {"",
                                          "a",
                                          "a:1",
                                          "a|c",
                                          ":1|c",
                                          "a:|c",
                                          "a:x|c",
                                          "a:1:2|c",
                                          "a:1|c|x",
                                          "a:1|c|#:1",
                                          "a:1|c|Tx",
                                          "a:1|c|T-1",
                                          "a:1|ms|T1",
                                          "a:1|c|T99999999999999999999",
                                          "a:1|c|T9999999999999999"};
  char many[2000] = "a:1|c|#";
  (void)state;
  for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
    assert_string_equal(read_plain(malformed[i]), "malformed");
  assert_string_equal(read_plain("a:1|s"), "unsupported");
  assert_string_equal(read_plain("a:1|"), "unsupported");
  assert_string_equal(read_plain("a:1|c\r"), "unsupported");
  assert_string_equal(read_plain("a:nan|c"), "not_a_number");
  assert_string_equal(read_plain("a:-Inf|g"), "not_a_number");
  for (int i = 0; i <= (int)NCL_STATSD_TAGS_MAX; i++)
    (void)snprintf(many + strlen(many), 16, "k%d:v,", i);
  assert_string_equal(read_plain(many), "tags");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(types_and_values),
      cmocka_unit_test(rates_become_weights),
      cmocka_unit_test(tags_are_ordered_and_none_comes_twice),
      cmocka_unit_test(what_is_no_line_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

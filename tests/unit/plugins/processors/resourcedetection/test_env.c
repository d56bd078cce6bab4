/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/processors/resourcedetection/env.c: OTEL_RESOURCE_ATTRIBUTES. */
#include "found_test.h"

#include "plugins/processors/resourcedetection/env.h"

static void add_bad(void *arg, ncl_str part) {
  char *text = arg;
  size_t len = strlen(text);
  (void)snprintf(text + len, 256 - len, "<%.*s>", (int)part.len, part.ptr);
}

static void assert_read(const char *text, const char *expected, const char *bad) {
  ncl_found found;
  char parts[256] = "";
  ncl_found_open(&found, NULL);
  ncl_env_read(ncl_found_str(text), NULL, &found, add_bad, parts);
  assert_found(&found, expected);
  assert_string_equal(parts, bad);
  ncl_found_close(&found);
}

static void pairs_are_attributes(void **state) {
  (void)state;
  assert_read("", "", "");
  assert_read("  ", "", "");
  assert_read("a=b", "a=b\n", "");
  assert_read(" a = b , service.name=shop ", "a=b\nservice.name=shop\n", "");
  assert_read("a=b=c", "a=b=c\n", "");
  assert_read("a=1,a=2", "a=1\n", "");
}

static void values_are_percent_decoded(void **state) {
  (void)state;
  assert_read("a=x%2Cy%3dz,b=%20 %C3%A9", "a=x,y=z\nb=  \xc3\xa9\n", "");
  assert_read("a=1+1", "a=1+1\n", "");
}

static void an_empty_value_is_no_attribute_and_no_mistake(void **state) {
  (void)state;
  assert_read("a=,b=2", "b=2\n", "");
}

static void what_is_bad_is_said_and_the_rest_stays(void **state) {
  (void)state;
  assert_read("a=1,,b=2", "a=1\nb=2\n", "<>");
  assert_read("a=1,b", "a=1\n", "<b>");
  assert_read("=1,b=2", "b=2\n", "<=1>");
  assert_read("a=%,b=%4,c=%zz,d=%41", "d=A\n", "<a=%><b=%4><c=%zz>");
  assert_read("a=1,", "a=1\n", "");
}

static void values_that_are_no_utf8_are_bad(void **state) {
  (void)state;
  assert_read("a=%ff,b=%c3,c=%c0%80,d=%ed%a0%80,e=%f4%90%80%80,f=%80,g=%e0%80%80,h=%f0%80%80%80", "",
              "<a=%ff><b=%c3><c=%c0%80><d=%ed%a0%80><e=%f4%90%80%80><f=%80><g=%e0%80%80><h=%f0%80%80%80>");
  assert_read("a=%f4%8f%bf%bf", "a=\xf4\x8f\xbf\xbf\n", "");
  assert_read("\xff=a,b=1", "b=1\n", "<\xff=a>");
}

static void an_allowlist_takes_what_it_names(void **state) {
  ncl_value names[] = {{.kind = NCL_VALUE_STRING, .s = NCL_STR("b")}};
  ncl_value allowed = {.kind = NCL_VALUE_LIST, .children = NCL_ARRAY(names)};
  ncl_found found;
  char parts[256] = "";
  (void)state;
  ncl_found_open(&found, NULL);
  ncl_env_read(ncl_found_str("a=1,b=2,c=%"), &allowed, &found, add_bad, parts);
  assert_found(&found, "b=2\n");
  assert_string_equal(parts, "<c=%>");
  ncl_found_close(&found);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pairs_are_attributes),
      cmocka_unit_test(values_are_percent_decoded),
      cmocka_unit_test(an_empty_value_is_no_attribute_and_no_mistake),
      cmocka_unit_test(what_is_bad_is_said_and_the_rest_stays),
      cmocka_unit_test(values_that_are_no_utf8_are_bad),
      cmocka_unit_test(an_allowlist_takes_what_it_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

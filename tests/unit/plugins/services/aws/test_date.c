/* SPDX-License-Identifier: Apache-2.0 */
/* Times as AWS writes them. */
#include "aws_test.h"

#include "plugins/services/aws/date.h"

static void writes_what_signatures_have(void **state) {
  (void)state;
  static const struct {
    int64_t seconds;
    const char *text;
  } rows[] = {{0, "19700101T000000Z"},          {951782400, "20000229T000000Z"},  {1767323045, "20260102T030405Z"},
              {4107542399, "21000228T235959Z"}, {4107542400, "21000301T000000Z"}, {-5, "19700101T000000Z"},
              {9223372036, "22620411T234716Z"}};
  for (size_t i = 0; i < ROWS(rows); i++) {
    char text[NCL_AWS_DATE_SIZE];
    ncl_aws_date_basic(rows[i].seconds * S, text);
    assert_string_equal(text, rows[i].text);
  }
}

static void reads_what_documents_have(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t ns; /* -1 = refused */
  } rows[] = {{"2026-01-02T03:04:05Z", 1767323045 * S},
              {"2026-01-02t03:04:05z", 1767323045 * S},
              {"2026-01-02T03:04:05.25Z", 1767323045 * S + S / 4},
              {"2026-01-02T03:04:05.123456789123Z", 1767323045 * S + 123456789},
              {"2026-01-02T04:04:05+01:00", 1767323045 * S},
              {"2026-01-01T23:34:05-03:30", 1767323045 * S},
              {"2016-12-31T23:59:60Z", 1483228799 * S},
              {"1970-01-01T00:00:00Z", 0},
              {"9999-12-31T23:59:59Z", INT64_MAX},
              {"2026-01-02T03:04:05", -1},
              {"2026-01-02 03:04:05Z", -1},
              {"2026-13-02T03:04:05Z", -1},
              {"2026-01-32T03:04:05Z", -1},
              {"2026-01-02T24:04:05Z", -1},
              {"2026-01-02T03:04:05.Z", -1},
              {"2026-01-02T03:04:05Zx", -1},
              {"2026-01-02T03\x1a"
               "04:05Z",
               -1},
              {"1969-12-31T23:59:59Z", -1},
              {"", -1}};
  for (size_t i = 0; i < ROWS(rows); i++) {
    int64_t ns = -1;
    ncl_str text = exact(rows[i].text);
    bool ok = ncl_aws_date_read(text, &ns);
    exact_free(text);
    if (ok != (rows[i].ns >= 0) || (ok && ns != rows[i].ns)) fail_msg("%s: %d, %lld", rows[i].text, ok, (long long)ns);
  }
}

static void reads_what_the_header_date_has(void **state) {
  (void)state;
  static const char *const wrong[] = {"",
                                      "Fri, 02 Jan 2026 03:04:05 UTC",
                                      "Fri, 02 Foo 2026 03:04:05 GMT",
                                      "Friday, 02-Jan-26 03:04:05 GMT",
                                      "Fri, 32 Jan 2026 03:04:05 GMT",
                                      "Fri, 02 Jan 2026 03:04:05 GMT "};
  int64_t ns = 0;
  assert_true(ncl_aws_date_read_http(ncl_aws_str("Fri, 02 Jan 2026 03:04:05 GMT"), &ns));
  assert_true(ns == 1767323045 * S);
  for (size_t i = 0; i < ROWS(wrong); i++) {
    ncl_str text = exact(wrong[i]);
    assert_false(ncl_aws_date_read_http(text, &ns));
    exact_free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_what_signatures_have),
      cmocka_unit_test(reads_what_documents_have),
      cmocka_unit_test(reads_what_the_header_date_has),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

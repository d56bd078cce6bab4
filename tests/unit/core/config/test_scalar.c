/* SPDX-License-Identifier: Apache-2.0 */
/* Plain scalars, durations and sizes: each spelling and what it means. The scalars' table was compared with Go's
 * yaml.v3. */
#include "unit/core/config/support.h"

#include <math.h>

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

typedef struct scalar_case {
  const char *text;
  uint32_t kind;
  int64_t i;
  double d;
} scalar_case;

#define IS_NULL NCL_SCALAR_NULL, 0, 0
#define IS_BOOL(v) NCL_SCALAR_BOOL, (v), 0
#define IS_INT(v) NCL_SCALAR_INT, (v), 0
#define IS_DOUBLE(v) NCL_SCALAR_DOUBLE, 0, (v)
#define IS_TEXT NCL_SCALAR_STRING, 0, 0

static void resolves_plain_scalars_as_yaml_v3_does(void **state) {
  static const scalar_case cases[] = {
      {"", IS_NULL},
      {"~", IS_NULL},
      {"null", IS_NULL},
      {"Null", IS_NULL},
      {"NULL", IS_NULL},
      {"nULL", IS_TEXT},
      {"true", IS_BOOL(1)},
      {"True", IS_BOOL(1)},
      {"TRUE", IS_BOOL(1)},
      {"tRUE", IS_TEXT},
      {"false", IS_BOOL(0)},
      {"False", IS_BOOL(0)},
      {"FALSE", IS_BOOL(0)},
      {"yes", IS_TEXT},
      {"on", IS_TEXT},
      {"y", IS_TEXT},
      {"0", IS_INT(0)},
      {"-0", IS_INT(0)},
      {"+1", IS_INT(1)},
      {"00", IS_INT(0)},
      {"017", IS_INT(15)},
      {"-017", IS_INT(-15)},
      {"+017", IS_INT(15)},
      {"0o17", IS_INT(15)},
      {"-0o17", IS_INT(-15)},
      {"0O17", IS_INT(15)},
      {"0o8", IS_TEXT},
      {"08", IS_DOUBLE(8)},
      {"09", IS_DOUBLE(9)},
      {"0x1F", IS_INT(31)},
      {"-0x1f", IS_INT(-31)},
      {"0X1F", IS_INT(31)},
      {"0x1_F", IS_INT(31)},
      {"0x", IS_TEXT},
      {"0x1.8p1", IS_TEXT},
      {"0b101", IS_INT(5)},
      {"-0b11", IS_INT(-3)},
      {"0b", IS_TEXT},
      {"1_000", IS_INT(1000)},
      {"1__0", IS_INT(10)},
      {"1_", IS_INT(1)},
      {"0_1", IS_INT(1)},
      {"-_1", IS_INT(-1)},
      {"_1", IS_TEXT},
      {"_", IS_TEXT},
      {"1,000", IS_TEXT},
      {"9223372036854775807", IS_INT(INT64_MAX)},
      {"-9223372036854775808", IS_INT(INT64_MIN)},
      {"9223372036854775808", IS_DOUBLE(9223372036854775808.0)},
      {"-9223372036854775809", IS_DOUBLE(-9223372036854775809.0)},
      {"-0x8000000000000000", IS_INT(INT64_MIN)},
      {"1e3", IS_DOUBLE(1000)},
      {"1E3", IS_DOUBLE(1000)},
      {"1e+3", IS_DOUBLE(1000)},
      {"1e-3", IS_DOUBLE(0.001)},
      {"1e5_0", IS_DOUBLE(1e50)},
      {"1.5", IS_DOUBLE(1.5)},
      {".5", IS_DOUBLE(0.5)},
      {"-.5", IS_DOUBLE(-0.5)},
      {"+.5", IS_DOUBLE(0.5)},
      {".5_5", IS_DOUBLE(0.55)},
      {"._5", IS_TEXT},
      {"5.", IS_DOUBLE(5)},
      {"1.e3", IS_DOUBLE(1000)},
      {"1_0.5_0", IS_DOUBLE(10.5)},
      {"0.0", IS_DOUBLE(0)},
      {"1e400", IS_TEXT},
      {"-1e400", IS_TEXT},
      {"1e-400", IS_DOUBLE(0)},
      {".inf", IS_DOUBLE(INFINITY)},
      {"+.Inf", IS_DOUBLE(INFINITY)},
      {"-.INF", IS_DOUBLE(-INFINITY)},
      {"inf", IS_TEXT},
      {"nan", IS_TEXT},
      {"-.nan", IS_TEXT},
      {"1e", IS_TEXT},
      {"1e+", IS_TEXT},
      {".", IS_TEXT},
      {"+", IS_TEXT},
      {"--", IS_TEXT},
      {"-+1", IS_TEXT},
      {"1.5.2", IS_TEXT},
      {"1e3.5", IS_TEXT},
      {"0-1", IS_TEXT},
      {"12:30:45", IS_TEXT},
      {"2024-01-01", IS_TEXT},
      {"1 2", IS_TEXT},
      {"5s", IS_TEXT},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    ncl_scalar found = ncl_scalar_resolve(str(cases[i].text));
    double tolerance = fabs(cases[i].d) * 1e-15;
    bool same = found.kind == cases[i].kind;
    if (same && cases[i].kind == NCL_SCALAR_DOUBLE) {
      same = found.d == cases[i].d || fabs(found.d - cases[i].d) <= tolerance;
    } else if (same) {
      same = found.i == cases[i].i;
    }
    if (!same) fail_msg("\"%s\" is of kind %u, i %lld, d %g", cases[i].text, found.kind, (long long)found.i, found.d);
  }
}

static void resolves_nan(void **state) {
  static const char *const cases[] = {".nan", ".NaN", ".NAN"};
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    ncl_scalar found = ncl_scalar_resolve(str(cases[i]));
    assert_int_equal(found.kind, NCL_SCALAR_DOUBLE);
    assert_true(isnan(found.d));
  }
}

static void takes_a_number_of_hundreds_of_digits_as_text(void **state) {
  char text[500];
  (void)state;
  memset(text, '1', sizeof(text));
  assert_int_equal(ncl_scalar_resolve(ncl_str_of(text, sizeof(text))).kind, NCL_SCALAR_STRING);
  assert_int_equal(ncl_scalar_resolve(ncl_str_of(text, 300)).kind, NCL_SCALAR_DOUBLE);
  assert_int_equal(ncl_scalar_resolve(ncl_str_of("1\0002", 3)).kind, NCL_SCALAR_STRING);
}

static void parses_durations(void **state) {
  static const struct {
    const char *text;
    int64_t ns;
  } cases[] = {
      {"0", 0},
      {"0s", 0},
      {"-0", 0},
      {"5s", INT64_C(5000000000)},
      {"200ms", 200000000},
      {"1h2m3.5s", INT64_C(3723500000000)},
      {"1.5h", INT64_C(5400000000000)},
      {"-1.5h", INT64_C(-5400000000000)},
      {"+5s", INT64_C(5000000000)},
      {".5s", 500000000},
      {"5.s", INT64_C(5000000000)},
      {"100us", 100000},
      {"100\xC2\xB5s", 100000},
      {"100\xCE\xBCs", 100000},
      {"7ns", 7},
      {"1.000000001s", 1000000001},
      {"0.3333333333333333333h", INT64_C(1199999999999)},
      {"2562047h47m16.854775807s", INT64_MAX},
      {"-2562047h47m16.854775808s", INT64_MIN},
      {"1m1m", INT64_C(120000000000)},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    const char *reason;
    int64_t ns;
    if (!ncl_duration_parse(str(cases[i].text), &ns, &reason)) fail_msg("\"%s\" %s", cases[i].text, reason);
    if (ns != cases[i].ns) fail_msg("\"%s\" is %lld ns", cases[i].text, (long long)ns);
  }
}

static void says_why_a_text_is_no_duration(void **state) {
  static const struct {
    const char *text, *reason;
  } cases[] = {
      {"", "is empty"},
      {"5", "has no unit"},
      {"5m30", "has no unit"},
      {"-", "is not a duration such as 200ms, 5s or 1h30m"},
      {"s", "is not a duration such as 200ms, 5s or 1h30m"},
      {".s", "is not a duration such as 200ms, 5s or 1h30m"},
      {"5 s", "is not a duration such as 200ms, 5s or 1h30m"},
      {"abc", "is not a duration such as 200ms, 5s or 1h30m"},
      {"1d", "counts days, a unit that durations do not have: a day is 24h"},
      {"5sec", "has a unit that is not known: units are ns, us, ms, s, m and h"},
      {"5S", "has a unit that is not known: units are ns, us, ms, s, m and h"},
      {"9999999h", "is too long: 2562047h is the most"},
      {"99999999999999999999s", "is too long: 2562047h is the most"},
      {"9223372036854775808ns", "is too long: 2562047h is the most"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    const char *reason = NULL;
    int64_t ns;
    assert_false(ncl_duration_parse(str(cases[i].text), &ns, &reason));
    SUPPORT_EXPECT(reason, cases[i].reason, cases[i].text);
  }
}

static void formats_durations_as_they_are_written(void **state) {
  static const struct {
    int64_t ns;
    const char *text;
  } cases[] = {{0, "0s"},
               {1, "1ns"},
               {INT64_C(5000000000), "5s"},
               {200000000, "200ms"},
               {INT64_C(90000000000), "1m30s"},
               {INT64_C(3600000000000), "1h"},
               {-1500, "-1us500ns"},
               {INT64_MAX, "2562047h47m16s854ms775us807ns"},
               {INT64_MIN, "-2562047h47m16s854ms775us808ns"}};
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    char text[48];
    const char *reason;
    int64_t back;
    size_t length = ncl_duration_format(cases[i].ns, text, sizeof(text));
    assert_int_equal(length, strlen(text));
    SUPPORT_EXPECT(text, cases[i].text, "duration");
    assert_true(ncl_duration_parse(str(text), &back, &reason));
    assert_true(back == cases[i].ns);
  }
}

static void parses_sizes(void **state) {
  static const struct {
    const char *text;
    int64_t bytes;
  } cases[] = {{"0", 0},
               {"512", 512},
               {"512B", 512},
               {"64KiB", 65536},
               {"64 KiB", 65536},
               {"1.5MiB", 1572864},
               {"1GiB", 1 << 30},
               {"2TiB", INT64_C(2) << 40},
               {"10KB", 10000},
               {"10kB", 10000},
               {"10MB", 10000000},
               {"1GB", 1000000000},
               {"1TB", INT64_C(1000000000000)},
               {"8388607TiB", INT64_C(8388607) << 40}};
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    const char *reason;
    int64_t bytes;
    if (!ncl_size_parse(str(cases[i].text), &bytes, &reason)) fail_msg("\"%s\" %s", cases[i].text, reason);
    if (bytes != cases[i].bytes) fail_msg("\"%s\" is %lld", cases[i].text, (long long)bytes);
  }
}

static void says_why_a_text_is_no_size(void **state) {
  static const struct {
    const char *text, *reason;
  } cases[] = {{"", "is empty"},
               {"-1", "is not a size such as 512, 64KiB or 1.5MiB"},
               {"KiB", "is not a size such as 512, 64KiB or 1.5MiB"},
               {"64K", "has a unit that is not known: units are B, KiB, MiB, GiB, TiB and KB, MB, GB, TB"},
               {"64kib", "has a unit that is not known: units are B, KiB, MiB, GiB, TiB and KB, MB, GB, TB"},
               {"8388608TiB", "is too large"},
               {"99999999999999999999", "is too large"}};
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    const char *reason = NULL;
    int64_t bytes;
    assert_false(ncl_size_parse(str(cases[i].text), &bytes, &reason));
    SUPPORT_EXPECT(reason, cases[i].reason, cases[i].text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(resolves_plain_scalars_as_yaml_v3_does),
      cmocka_unit_test(resolves_nan),
      cmocka_unit_test(takes_a_number_of_hundreds_of_digits_as_text),
      cmocka_unit_test(parses_durations),
      cmocka_unit_test(says_why_a_text_is_no_duration),
      cmocka_unit_test(formats_durations_as_they_are_written),
      cmocka_unit_test(parses_sizes),
      cmocka_unit_test(says_why_a_text_is_no_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/awsemf: what documents hold where ADOT's (which tests/oracle/awsemf_go compares with) differ, and
 * what happens at limits. */
#include "emf_test.h"

#define POINT(value) "{\"asInt\":\"" value "\"" TIME "}"
#define GAUGE_UNIT(name, unit, value) \
  "{\"name\":\"" name "\",\"unit\":\"" unit "\",\"gauge\":{\"dataPoints\":[" POINT(value) "]}}"
#define GAUGE(name, value) GAUGE_UNIT(name, "", value)
#define SUM(name, value, monotonic)                                                         \
  "{\"name\":\"" name "\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":" monotonic \
  ",\"dataPoints\":[" POINT(value) "]}}"
#define SUM_SINCE(name, value, since)                                                                 \
  "{\"name\":\"" name                                                                                 \
  "\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{\"asInt\":\"" value \
  "\",\"startTimeUnixNano\":\"" since "\"" TIME "}]}}"
#define MINMAX(min, max) ",\"min\":" min ",\"max\":" max
/* Buckets up to 5, up to 10, and above. */
#define HISTOGRAM(name, temporality, counts, count, sum, minmax)                                 \
  "{\"name\":\"" name "\",\"histogram\":{\"aggregationTemporality\":" temporality                \
  ",\"dataPoints\":[{\"bucketCounts\":[" counts "],\"explicitBounds\":[5,10],\"count\":\"" count \
  "\",\"sum\":" sum minmax TIME "}]}}"
#define EXPONENTIAL(name, scale, offset, counts, count, sum)                                                        \
  "{\"name\":\"" name "\",\"exponentialHistogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"scale\":" scale \
  ",\"positive\":{\"offset\":" offset ",\"bucketCounts\":[" counts "]},\"count\":\"" count "\",\"sum\":" sum TIME   \
  "}]}}"

static void assert_has(const char *text, const char *part) {
  if (strstr(text, part) == NULL) fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part) {
  if (strstr(text, part) != NULL) fail_msg("\"%s\" is in:\n%s", part, text);
}

static size_t lines_of(const char *text) {
  size_t count = 0;
  for (; *text != 0; text++)
    count += *text == '\n';
  return count;
}

/* ---- values, without adot_compat --------------------------------------------------------------------- */

static void a_level_stays_a_level(void **state) {
  emf e;
  (void)state;
  emf_open(&e, "adot_compat: false");
  assert_has(emf_make(&e, SUM("pool", "10", "false")), "\"pool\":10,");
  assert_has(emf_make(&e, SUM("pool", "4", "false")), "\"pool\":4,");
  assert_string_equal(emf_make(&e, SUM("total", "10", "true")), "");
  assert_has(emf_make(&e, SUM("total", "14", "true")), "\"total\":4,");
  assert_int_equal(e.t.skipped[NCL_EMF_SKIPPED_FIRST], 1);
  emf_close(&e);
}

static void a_new_start_time_is_a_new_beginning(void **state) {
  emf e;
  (void)state;
  emf_open(&e, "adot_compat: false");
  (void)emf_make(&e, SUM_SINCE("a", "10", "1"));
  assert_has(emf_make(&e, SUM_SINCE("a", "12", "2")), "\"a\":12,");
  emf_close(&e);
  emf_open(&e, "adot_compat: true");
  (void)emf_make(&e, SUM_SINCE("a", "10", "1"));
  assert_has(emf_make(&e, SUM_SINCE("a", "12", "2")), "\"a\":2,");
  emf_close(&e);
}

static void a_series_that_was_long_away_begins_anew(void **state) {
  emf e;
  (void)state;
  emf_open(&e, "{}");
  (void)emf_make(&e, SUM("a", "10", "true"));
  e.now_ns += NCL_EMF_SERIES_TTL_NS;
  assert_string_equal(emf_make(&e, SUM("a", "15", "true")), "");
  assert_has(emf_make(&e, SUM("a", "18", "true")), "\"a\":3,");
  emf_close(&e);
}

static void cumulative_histograms_become_differences(void **state) {
  emf e;
  (void)state;
  emf_open(&e, "adot_compat: false");
  assert_string_equal(emf_make(&e, HISTOGRAM("h", "2", "\"1\",\"2\",\"0\"", "3", "12.5", MINMAX("1", "9"))), "");
  /* Two more between 5 and 10. */
  assert_has(emf_make(&e, HISTOGRAM("h", "2", "\"1\",\"4\",\"0\"", "5", "28.5", MINMAX("1", "9"))),
             "\"h\":{\"Max\":9,\"Min\":5,\"Count\":2,\"Sum\":16}");
  /* Fewer than before: a new beginning. */
  assert_has(emf_make(&e, HISTOGRAM("h", "2", "\"0\",\"1\",\"1\"", "2", "30", MINMAX("6", "24"))),
             "\"h\":{\"Max\":24,\"Min\":6,\"Count\":2,\"Sum\":30}");
  emf_close(&e);
}

static void absent_bounds_are_estimated(void **state) {
  emf e;
  (void)state;
  emf_open(&e, "adot_compat: false");
  assert_has(emf_make(&e, HISTOGRAM("h", "1", "\"0\",\"2\",\"0\"", "2", "14", "")),
             "\"h\":{\"Max\":10,\"Min\":5,\"Count\":2,\"Sum\":14}");
  assert_has(emf_make(&e, HISTOGRAM("h", "1", "\"1\",\"0\",\"1\"", "2", "14", "")),
             "\"h\":{\"Max\":10,\"Min\":0,\"Count\":2,\"Sum\":14}");
  assert_has(emf_make(&e, HISTOGRAM("h", "1", "", "2", "14", "")),
             "\"h\":{\"Max\":7,\"Min\":7,\"Count\":2,\"Sum\":14}");
  emf_close(&e);
}

static void histograms_as_values(void **state) {
  emf e;
  (void)state;
  emf_open(&e, "{adot_compat: false, histograms: values}");
  assert_has(emf_make(&e, HISTOGRAM("h", "1", "\"1\",\"2\",\"1\"", "4", "30", MINMAX("1", "18"))),
             "\"h\":{\"Values\":[14,7.5,3],\"Counts\":[1,2,1],\"Max\":18,\"Min\":1,\"Count\":4,\"Sum\":30}");
  emf_close(&e);
}

static void cumulative_exponential_histograms_become_differences(void **state) {
  emf e;
  (void)state;
  emf_open(&e, "adot_compat: false");
  assert_string_equal(emf_make(&e, EXPONENTIAL("x", "0", "0", "\"1\",\"2\",\"1\"", "4", "8")), "");
  /* Two more in the second bucket. */
  assert_has(emf_make(&e, EXPONENTIAL("x", "0", "0", "\"1\",\"4\",\"1\"", "6", "11")),
             "\"x\":{\"Values\":[3],\"Counts\":[2],\"Max\":4,\"Min\":2,\"Count\":2,\"Sum\":3}");
  /* At half the resolution: the first two are one bucket now. One more in it. */
  assert_has(emf_make(&e, EXPONENTIAL("x", "-1", "0", "\"6\",\"1\"", "7", "12")),
             "\"x\":{\"Values\":[2.5],\"Counts\":[1],\"Max\":4,\"Min\":1,\"Count\":1,\"Sum\":1}");
  /* Fewer: a new beginning. */
  assert_has(emf_make(&e, EXPONENTIAL("x", "-1", "0", "\"1\"", "1", "1.5")),
             "\"x\":{\"Values\":[2.5],\"Counts\":[1],\"Max\":4,\"Min\":1,\"Count\":1,\"Sum\":1.5}");
  emf_close(&e);
}

static void every_unit_is_one_of_cloudwatchs(void **state) {
  static const char *const rows[][2] = {{"1", "None"},
                                        {"%", "Percent"},
                                        {"{request}", "Count"},
                                        {"kBy", "Kilobytes"},
                                        {"{x}/s", "Count/Second"},
                                        {"By/s", "Bytes/Second"},
                                        {"", "None"},
                                        {"ns", "None"},
                                        {"KiBy", "None"},
                                        {"Count", "Count"},
                                        {"ms", "Milliseconds"},
                                        {"{x", "None"}};
  emf e;
  (void)state;
  emf_open(&e, "adot_compat: false");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char metric[256], wanted[64];
    (void)snprintf(metric, sizeof metric, GAUGE_UNIT("a", "%s", "1"), rows[i][0]);
    (void)snprintf(wanted, sizeof wanted, "\"Unit\":\"%s\"", rows[i][1]);
    assert_has(emf_make(&e, metric), wanted);
  }
  assert_string_equal(e.t.odd_unit, "");
  emf_close(&e);
  emf_open(&e, "{}");
  (void)emf_make(&e, GAUGE_UNIT("a", "{request}", "1"));
  assert_string_equal(e.t.odd_unit, "{request}");
  emf_close(&e);
}

/* ---- limits ------------------------------------------------------------------------------------------ */

static void names_of_the_format_are_no_metrics(void **state) {
  emf e;
  (void)state;
  emf_open(&e, "{}");
  const char *made = emf_make(&e, GAUGE("_aws", "1") "," GAUGE("Version", "2") "," GAUGE("a", "3"));
  assert_has(made, "rejected 1 reserved_name\nrejected 1 reserved_name\n{");
  assert_has(made, "\"a\":3,\"Version\":\"1\",\"_aws\":{");
  assert_int_equal(e.items, 1);
  emf_close(&e);
}

/* One more gauge, and NUL behind it. */
static void add_long_name(ncl_text *metrics, uint32_t number, size_t len) {
  ncl_text_put(metrics, metrics->len > 0 ? ",{\"name\":\"" : "{\"name\":\"");
  for (size_t i = 0; i < len; i++)
    ncl_text_put(metrics, "n");
  ncl_text_format(metrics, "%u\",\"gauge\":{\"dataPoints\":[" POINT("1") "]}}", number);
  ncl_text_add(metrics, ncl_str_of("", 1));
  metrics->len--;
}

static void a_document_that_is_too_large_is_halved(void **state) {
  emf e;
  ncl_text metrics;
  (void)state;
  emf_open(&e, "{}");
  ncl_text_open(&metrics, (size_t)1 << 20);
  /* Three names of 60,000 bytes, each of them twice in its document. */
  for (uint32_t i = 0; i < 3; i++)
    add_long_name(&metrics, i, 60000);
  assert_int_equal(lines_of(emf_make(&e, metrics.ptr)), 2);
  assert_int_equal(e.items, 3);
  ncl_text_clear(&metrics);
  add_long_name(&metrics, 0, 200000);
  assert_string_equal(emf_make(&e, metrics.ptr), "rejected 1 document_too_large\n");
  ncl_text_close(&metrics);
  emf_close(&e);
}

static void series_beyond_the_limit_are_said(void **state) {
  emf e;
  (void)state;
  ncl_text metrics;
  emf_open(&e, "{}");
  ncl_text_open(&metrics, (size_t)32 << 20);
  ncl_text_put(&metrics, "{\"name\":\"a\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[");
  for (uint32_t i = 0; i <= NCL_EMF_SERIES_MAX; i++) {
    if (i > 0) ncl_text_put(&metrics, ",");
    ncl_text_format(&metrics,
                    "{\"asInt\":\"1\"" TIME ",\"attributes\":[{\"key\":\"k\",\"value\":{\"intValue\":\"%u\"}}]}", i);
  }
  ncl_text_put(&metrics, "]}}");
  ncl_text_add(&metrics, ncl_str_of("", 1));
  assert_string_equal(emf_make(&e, metrics.ptr), "rejected 1 too_many_series\n");
  assert_int_equal(ncl_emf_deltas_count(e.t.deltas), NCL_EMF_SERIES_MAX);
  ncl_text_close(&metrics);
  emf_close(&e);
}

static void sets_of_dimensions_are_cut_and_counted(void **state) {
  emf e;
  ncl_text metrics;
  (void)state;
  emf_open(&e, "dimension_rollup_option: NoDimensionRollup");
  ncl_text_open(&metrics, 65536);
  ncl_text_put(&metrics, "{\"name\":\"a\",\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"" TIME ",\"attributes\":[");
  for (uint32_t i = 0; i < 40; i++)
    ncl_text_format(&metrics, "%s{\"key\":\"l%02u\",\"value\":{\"stringValue\":\"v\"}}", i > 0 ? "," : "", i);
  ncl_text_put(&metrics, "]}]}}");
  ncl_text_add(&metrics, ncl_str_of("", 1));
  const char *made = emf_make(&e, metrics.ptr);
  assert_has(made, "\"l39\":\"v\"");
  assert_has(made, "\"l28\",\"l29\"]]");
  assert_int_equal(e.t.capped, 1);
  ncl_text_close(&metrics);
  emf_close(&e);
}

/* A batch whose translation fails half-way is as if it had never come: the differences are the same later. */
static void what_fails_is_translated_again(void **state) {
  emf e;
  (void)state;
  emf_open(&e, "{adot_compat: false}");
  (void)emf_make(&e, SUM("a", "10", "true") "," HISTOGRAM("h", "2", "\"1\",\"2\",\"0\"", "3", "12.5", ""));
  for (uint32_t fail_at = 1; fail_at <= 2; fail_at++) {
    e.fail_at = fail_at;
    assert_int_equal(emf_try(&e, SUM("a", "15", "true") "," SUM("new", "1", "true") "," HISTOGRAM(
                                     "h", "2", "\"1\",\"4\",\"0\"", "5", "28.5", "")),
                     NCL_NO_MEMORY);
    assert_int_equal(ncl_emf_deltas_count(e.t.deltas), 2);
  }
  e.fail_at = 0;
  const char *made = emf_make(&e, SUM("a", "15", "true") "," SUM("new", "1", "true") "," HISTOGRAM(
                                      "h", "2", "\"1\",\"4\",\"0\"", "5", "28.5", ""));
  assert_has(made, "\"a\":5,");
  assert_has(made, "\"Count\":2,\"Sum\":16}");
  assert_has_not(made, "\"new\"");
  emf_close(&e);
}

/* ---- rules ------------------------------------------------------------------------------------------- */

static void rules_that_cannot_be_are_said(void **state) {
  static const char *const rows[][2] = {
      {"metric_declarations: [{dimensions: [[a]]}]", "error: a metric declaration needs `metric_name_selectors`"},
      {"metric_declarations: [{metric_name_selectors: ['(']}]", "error: not a regular expression that can be used"},
      {"metric_declarations: [{metric_name_selectors: [a], label_matchers: [{regex: x}]}]",
       "error: a label matcher needs `label_names`"},
      {"metric_declarations: [{metric_name_selectors: [a], label_matchers: [{label_names: [x]}]}]",
       "error: a label matcher needs `regex`"},
      {"metric_declarations: [{metric_name_selectors: [a], dimensions: "
       "[[a1,a2,a3,a4,a5,a6,a7,a8,a9,b0,b1,b2,b3,b4,b5,b6,"
       "b7,b8,b9,c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,d0,d1]]}]",
       "error: a set has at most 30 dimensions in CloudWatch"}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    emf e;
    emf_open(&e, rows[i][0]);
    assert_int_equal(e.opened, NCL_PERMANENT);
    assert_has(e.complaints, rows[i][1]);
    emf_close(&e);
  }
}

static void names_are_remembered_and_forgotten(void **state) {
  emf e;
  (void)state;
  emf_open(&e, "metric_declarations: [{metric_name_selectors: ['7$'], dimensions: [[]]}]");
  for (uint32_t i = 0; i < NCL_EMF_RULE_NAMES_MAX + 100; i++) {
    char name[32], metric[256];
    (void)snprintf(name, sizeof name, "metric%u", i);
    (void)snprintf(metric, sizeof metric, GAUGE("%s", "1"), name);
    bool is_selected = strstr(emf_make(&e, metric), "_aws") != NULL;
    assert_int_equal(is_selected, i % 10 == 7);
  }
  emf_close(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_level_stays_a_level),
      cmocka_unit_test(a_new_start_time_is_a_new_beginning),
      cmocka_unit_test(a_series_that_was_long_away_begins_anew),
      cmocka_unit_test(cumulative_histograms_become_differences),
      cmocka_unit_test(absent_bounds_are_estimated),
      cmocka_unit_test(histograms_as_values),
      cmocka_unit_test(cumulative_exponential_histograms_become_differences),
      cmocka_unit_test(every_unit_is_one_of_cloudwatchs),
      cmocka_unit_test(names_of_the_format_are_no_metrics),
      cmocka_unit_test(a_document_that_is_too_large_is_halved),
      cmocka_unit_test(series_beyond_the_limit_are_said),
      cmocka_unit_test(sets_of_dimensions_are_cut_and_counted),
      cmocka_unit_test(what_fails_is_translated_again),
      cmocka_unit_test(rules_that_cannot_be_are_said),
      cmocka_unit_test(names_are_remembered_and_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

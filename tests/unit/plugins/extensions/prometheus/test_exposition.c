/* SPDX-License-Identifier: Apache-2.0 */
/* The text format to the byte: heads, labels, escapes, histograms, suffixes. */
#include "plugins/extensions/prometheus/exposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static ncl_text text;

static void expect(ncl_exposition *e, const char *expected) {
  ncl_str all = ncl_text_str(&text);
  char found[8192];
  (void)e;
  assert_true(all.len < sizeof found);
  if (all.len > 0) memcpy(found, all.ptr, all.len);
  found[all.len] = '\0';
  assert_string_equal(found, expected);
  assert_int_equal(text.failed, 0);
  ncl_text_close(&text);
}

static void begin(ncl_exposition *e, const ncl_exposition_options *options) {
  ncl_text_open(&text, 1 << 20);
  ncl_exposition_begin(e, options, &text);
}

#define VIEW(n, t, v) \
  { .struct_size = sizeof(ncl_metric_view), .name = NCL_STR(n), .type = (t), .value = (v), .scale = 1, .level = 1 }

static void a_name_has_one_head(void **state) {
  (void)state;
  ncl_exposition e;
  ncl_exposition_options options = {.level = NCL_LEVEL_NORMAL};
  static const ncl_pair one[] = {{NCL_STR("exporter"), NCL_STR("otlp/2")}, {NCL_STR("signal"), NCL_STR("traces")}};
  ncl_metric_view view = VIEW("otelcol_sent", NCL_METRIC_COUNTER, 7);
  view.doc = (ncl_str)NCL_STR("What was \"sent\" \\ and\nmore.");
  view.labels = one;
  view.label_count = 2;
  begin(&e, &options);
  ncl_exposition_add(&e, &view);
  view.label_count = 1;
  view.value = INT64_MAX;
  ncl_exposition_add(&e, &view);
  ncl_metric_view level = VIEW("otelcol_size", NCL_METRIC_GAUGE, -3);
  ncl_exposition_add(&e, &level);
  expect(&e,
         "# HELP otelcol_sent What was \"sent\" \\\\ and\\nmore.\n"
         "# TYPE otelcol_sent counter\n"
         "otelcol_sent{exporter=\"otlp/2\",signal=\"traces\"} 7\n"
         "otelcol_sent{exporter=\"otlp/2\"} 9223372036854775807\n"
         "# HELP otelcol_size \n"
         "# TYPE otelcol_size gauge\n"
         "otelcol_size -3\n");
}

static void values_of_labels_are_escaped(void **state) {
  (void)state;
  ncl_exposition e;
  ncl_exposition_options options = {.level = NCL_LEVEL_NORMAL};
  static const ncl_pair one[] = {{NCL_STR("a"), NCL_STR("x\"y\\z\nend")}, {NCL_STR("b"), NCL_STR("")}};
  ncl_metric_view view = VIEW("n", NCL_METRIC_GAUGE, 1);
  view.labels = one;
  view.label_count = 2;
  begin(&e, &options);
  ncl_exposition_add(&e, &view);
  expect(&e, "# HELP n \n# TYPE n gauge\nn{a=\"x\\\"y\\\\z\\nend\",b=\"\"} 1\n");
}

static void levels_above_the_one_asked_for_are_left_out(void **state) {
  (void)state;
  ncl_exposition e;
  ncl_exposition_options options = {.level = NCL_LEVEL_BASIC};
  ncl_metric_view view = VIEW("n", NCL_METRIC_GAUGE, 1);
  begin(&e, &options);
  view.level = NCL_LEVEL_NORMAL;
  ncl_exposition_add(&e, &view);
  options.level = 0;
  view.level = NCL_LEVEL_BASIC;
  ncl_exposition_add(&e, &view);
  expect(&e, "");
}

static const int64_t bounds[] = {5000000000, 10000000000};
static const uint64_t buckets[] = {1, 2, 4};

static void histograms_are_cumulative_and_times_are_in_seconds(void **state) {
  (void)state;
  ncl_exposition e;
  ncl_exposition_options options = {.level = NCL_LEVEL_NORMAL};
  static const ncl_pair label[] = {{NCL_STR("p"), NCL_STR("batch")}};
  ncl_metric_view view = VIEW("h", NCL_METRIC_HISTOGRAM, 0);
  view.scale = 1e-9;
  view.bounds = bounds;
  view.bound_count = 2;
  view.buckets = buckets;
  view.count = 7;
  view.sum = 300000000;
  begin(&e, &options);
  ncl_exposition_add(&e, &view);
  view.labels = label;
  view.label_count = 1;
  ncl_exposition_add(&e, &view);
  expect(&e,
         "# HELP h \n# TYPE h histogram\n"
         "h_bucket{le=\"5\"} 1\nh_bucket{le=\"10\"} 3\nh_bucket{le=\"+Inf\"} 7\nh_sum 0.3\nh_count 7\n"
         "h_bucket{p=\"batch\",le=\"5\"} 1\nh_bucket{p=\"batch\",le=\"10\"} 3\nh_bucket{p=\"batch\",le=\"+Inf\"} 7\n"
         "h_sum{p=\"batch\"} 0.3\nh_count{p=\"batch\"} 7\n");
}

/* As the Go collector's exporter puts them (v0.158): see the names there with without_units: false. */
static void suffixes_are_put_as_opentelemetry_puts_them(void **state) {
  (void)state;
  static const struct {
    const char *name, *unit;
    uint32_t type;
    const char *line;
  } cases[] = {
      {"otelcol_process_uptime", "s", NCL_METRIC_COUNTER, "\notelcol_process_uptime_seconds_total 1\n"},
      {"otelcol_process_cpu_seconds", "s", NCL_METRIC_COUNTER, "\notelcol_process_cpu_seconds_total 1\n"},
      {"otelcol_process_memory_rss", "By", NCL_METRIC_GAUGE, "\notelcol_process_memory_rss_bytes 1\n"},
      {"heap_alloc_bytes", "By", NCL_METRIC_GAUGE, "\nheap_alloc_bytes 1\n"},
      {"otelcol_exporter_sent_spans", "{span}", NCL_METRIC_COUNTER, "\notelcol_exporter_sent_spans_total 1\n"},
      {"otelcol_exporter_queue_size", "{batch}", NCL_METRIC_GAUGE, "\notelcol_exporter_queue_size 1\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_exposition e;
    ncl_exposition_options options = {.level = NCL_LEVEL_NORMAL, .suffixes = 1};
    ncl_metric_view view = VIEW("", cases[i].type, 1);
    view.name = ncl_str_of(cases[i].name, strlen(cases[i].name));
    view.unit = ncl_str_of(cases[i].unit, strlen(cases[i].unit));
    begin(&e, &options);
    ncl_exposition_add(&e, &view);
    ncl_text_put(&text, "");
    ncl_text_add(&text, (ncl_str){"\0", 1});
    if (strstr(text.ptr, cases[i].line) == NULL) fail_msg("%s", text.ptr);
    ncl_text_close(&text);
  }
}

static void constant_labels_lie_among_the_others(void **state) {
  (void)state;
  ncl_exposition e;
  ncl_exposition_options options = {
      .level = NCL_LEVEL_NORMAL,
      .constant_count = 3,
      .constants = {
          {NCL_STR("a"), NCL_STR("1")}, {NCL_STR("m"), NCL_STR("own label wins")}, {NCL_STR("z"), NCL_STR("3")}}};
  static const ncl_pair labels[] = {{NCL_STR("b"), NCL_STR("2")}, {NCL_STR("m"), NCL_STR("mine")}};
  ncl_metric_view view = VIEW("n", NCL_METRIC_GAUGE, 1);
  view.labels = labels;
  view.label_count = 2;
  begin(&e, &options);
  ncl_exposition_add(&e, &view);
  expect(&e, "# HELP n \n# TYPE n gauge\nn{a=\"1\",b=\"2\",m=\"mine\",z=\"3\"} 1\n");
}

static void the_resource_is_target_info(void **state) {
  (void)state;
  ncl_exposition e;
  static const ncl_pair resource[] = {{NCL_STR("service.name"), NCL_STR("na\"me")}, {NCL_STR("9x-y"), NCL_STR("v")}};
  ncl_exposition_options options = {.resource = {resource, 2, sizeof resource[0]}};
  begin(&e, &options);
  ncl_exposition_end(&e);
  expect(&e,
         "# HELP target_info Target metadata\n# TYPE target_info gauge\n"
         "target_info{service_name=\"na\\\"me\",_9x_y=\"v\"} 1\n");
  options.resource.count = 0;
  begin(&e, &options);
  ncl_exposition_end(&e);
  expect(&e, "# HELP target_info Target metadata\n# TYPE target_info gauge\ntarget_info 1\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_name_has_one_head),
      cmocka_unit_test(values_of_labels_are_escaped),
      cmocka_unit_test(levels_above_the_one_asked_for_are_left_out),
      cmocka_unit_test(histograms_are_cumulative_and_times_are_in_seconds),
      cmocka_unit_test(suffixes_are_put_as_opentelemetry_puts_them),
      cmocka_unit_test(constant_labels_lie_among_the_others),
      cmocka_unit_test(the_resource_is_target_info),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

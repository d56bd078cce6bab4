/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/test_own.c: own metrics and log lines as OTLP, read as JSON. */
#include <nacelle/otlp_own.h>

#include "fixture.h"

#define S INT64_C(1000000000)

/* ---- a process with three metrics --------------------------------------------------------------------- */

typedef struct fake_process {
  int64_t sent, rss, nanos;
  uint64_t buckets[3];
  int64_t sum;
} fake_process;

static void fake_view(void *self, ncl_process_view *out) {
  static const ncl_pair resource[] = {{NCL_STR("service.name"), NCL_STR("nacelle")}};
  (void)self;
  out->started_ns = 100 * S;
  out->resource = (ncl_array)NCL_ARRAY(resource);
}

static void fake_metrics(void *self, ncl_metric_view_fn visit, void *arg) {
  static const int64_t bounds[] = {10, 20};
  static const ncl_pair one[] = {{NCL_STR("exporter"), NCL_STR("otlp")},
                                 {NCL_STR("server_address"), NCL_STR("backend")},
                                 {NCL_STR("server_port"), NCL_STR("4317")}};
  fake_process *p = self;
  ncl_metric_view sent = {.struct_size = sizeof sent,
                          .type = NCL_METRIC_COUNTER,
                          .name = NCL_STR("otelcol_exporter_sent_spans"),
                          .unit = NCL_STR("{spans}"),
                          .doc = NCL_STR("Spans."),
                          .labels = one,
                          .label_count = 3,
                          .scale = 1,
                          .value = p->sent,
                          .level = NCL_LEVEL_BASIC};
  ncl_metric_view rss = {.struct_size = sizeof rss,
                         .type = NCL_METRIC_GAUGE,
                         .name = NCL_STR("otelcol_process_memory_rss"),
                         .scale = 1,
                         .value = p->rss,
                         .level = NCL_LEVEL_BASIC};
  ncl_metric_view cpu = {.struct_size = sizeof cpu,
                         .type = NCL_METRIC_COUNTER,
                         .name = NCL_STR("otelcol_process_cpu_seconds"),
                         .scale = 1e-9,
                         .value = p->nanos,
                         .level = NCL_LEVEL_BASIC};
  ncl_metric_view sizes = {.struct_size = sizeof sizes,
                           .type = NCL_METRIC_HISTOGRAM,
                           .name = NCL_STR("otelcol_sizes"),
                           .scale = 1,
                           .bounds = bounds,
                           .buckets = p->buckets,
                           .bound_count = 2,
                           .count = p->buckets[0] + p->buckets[1] + p->buckets[2],
                           .sum = p->sum,
                           .level = NCL_LEVEL_DETAILED};
  const ncl_metric_view *views[] = {&sent, &rss, &cpu, &sizes};
  for (size_t i = 0; i < 4 && visit(arg, views[i]); i++)
    ;
}

static ncl_introspection process_of(fake_process *fake) {
  return (ncl_introspection){
      .struct_size = sizeof(ncl_introspection), .self = fake, .process = fake_view, .metrics = fake_metrics};
}

/* ---- what they become --------------------------------------------------------------------------------- */

static char *json_of(uint32_t message, ncl_writer *wire) {
  ncl_writer text;
  assert_int_equal(wire->status, NCL_OK);
  ncl_writer_heap(&text, SIZE_MAX);
  assert_int_equal(ncl_message_to_json(message, ncl_writer_range(wire), &text), NCL_OK);
  ncl_write_raw(&text, "", 1);
  char *json = strdup((const char *)text.base);
  ncl_writer_close(&text);
  ncl_writer_close(wire);
  assert_non_null(json);
  return json;
}

/* The request as JSON, which the caller frees. */
static char *metrics(fake_process *fake, const ncl_own_metrics_options *options, uint32_t points) {
  ncl_introspection process = process_of(fake);
  ncl_writer writer;
  ncl_writer_heap(&writer, SIZE_MAX);
  assert_int_equal(ncl_own_metrics_write(&process, options, &writer), points);
  return json_of(NCL_JSON_METRICS_REQUEST, &writer);
}

static void assert_has(const char *json, const char *piece) {
  if (strstr(json, piece) == NULL) fail_msg("%s is not in %s", piece, json);
}

static void assert_lacks(const char *json, const char *piece) {
  if (strstr(json, piece) != NULL) fail_msg("%s is in %s", piece, json);
}

static void totals_since_the_start(void **state) {
  fake_process fake = {.sent = 5, .rss = 4096, .nanos = 250000000, .buckets = {1, 0, 2}, .sum = 77};
  ncl_own_metrics_options options = {.level = NCL_LEVEL_DETAILED, .wall_ns = 160 * S};
  (void)state;
  char *json = metrics(&fake, &options, 4);
  assert_has(json,
             "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":"
             "{\"stringValue\":\"nacelle\"}}]},\"scopeMetrics\":[{\"scope\":{\"name\":\"nacelle\",\"version\":");
  assert_has(json,
             "{\"name\":\"otelcol_exporter_sent_spans\",\"description\":\"Spans.\",\"unit\":\"{spans}\",\"sum\":");
  assert_has(json, "\"startTimeUnixNano\":\"100000000000\",\"timeUnixNano\":\"160000000000\"");
  assert_has(json, "\"asInt\":\"5\"");
  assert_has(json, "\"aggregationTemporality\":2,\"isMonotonic\":true");
  assert_has(json, "{\"key\":\"server.address\",\"value\":{\"stringValue\":\"backend\"}}");
  assert_has(json, "{\"key\":\"server.port\",\"value\":{\"intValue\":\"4317\"}}");
  assert_has(json, "\"name\":\"otelcol_process_memory_rss\",\"gauge\":{\"dataPoints\":[{\"timeUnixNano\":");
  assert_has(json, "\"asDouble\":0.25");
  assert_has(json, "\"count\":\"3\",\"sum\":77,\"bucketCounts\":[\"1\",\"0\",\"2\"],\"explicitBounds\":[10,20]");
  free(json);
}

static void only_what_is_chosen(void **state) {
  static const ncl_str names[] = {NCL_STR("otelcol_process_*"), NCL_STR("otelcol_sizes")};
  fake_process fake = {.sent = 5};
  ncl_own_metrics_options options = {.level = NCL_LEVEL_NORMAL, .wall_ns = 160 * S, .names = NCL_ARRAY(names)};
  (void)state;
  char *json = metrics(&fake, &options, 2);
  assert_lacks(json, "otelcol_exporter");
  assert_lacks(json, "otelcol_sizes");
  free(json);
  options.level = 0;
  json = metrics(&fake, &options, 0);
  assert_string_equal(json, "{}");
  free(json);
}

static void differences_since_what_arrived(void **state) {
  fake_process fake = {.sent = 5, .rss = 7, .buckets = {1, 0, 2}, .sum = 77};
  ncl_own_metrics_options options = {
      .level = NCL_LEVEL_DETAILED, .temporality = NCL_OWN_DELTA, .past = ncl_own_past_new(), .wall_ns = 160 * S};
  (void)state;
  assert_non_null(options.past);
  char *json = metrics(&fake, &options, 4);
  assert_has(json, "\"startTimeUnixNano\":\"100000000000\"");
  assert_has(json, "\"aggregationTemporality\":1,\"isMonotonic\":true");
  assert_has(json, "\"asInt\":\"5\"");
  free(json);
  /* It did not arrive: the next one has all of it. */
  fake.sent = 6;
  options.wall_ns = 170 * S;
  json = metrics(&fake, &options, 4);
  assert_has(json, "\"asInt\":\"6\"");
  assert_has(json, "\"startTimeUnixNano\":\"100000000000\"");
  free(json);
  ncl_own_past_keep(options.past);
  fake.sent = 10;
  fake.buckets[1] = 4;
  fake.sum = 137;
  options.wall_ns = 180 * S;
  json = metrics(&fake, &options, 4);
  assert_has(json, "\"startTimeUnixNano\":\"170000000000\",\"timeUnixNano\":\"180000000000\"");
  assert_has(json, "\"asInt\":\"4\"");
  assert_has(json, "\"asInt\":\"7\""); /* a gauge says what is */
  assert_has(json, "\"count\":\"4\",\"sum\":60,\"bucketCounts\":[\"0\",\"4\",\"0\"]");
  free(json);
  ncl_own_past_free(options.past);
}

static void low_memory_keeps_totals_of_what_others_count(void **state) {
  fake_process fake = {.sent = 5, .nanos = S};
  ncl_own_metrics_options options = {
      .level = NCL_LEVEL_NORMAL, .temporality = NCL_OWN_LOW_MEMORY, .past = ncl_own_past_new(), .wall_ns = 160 * S};
  (void)state;
  free(metrics(&fake, &options, 3));
  ncl_own_past_keep(options.past);
  fake.sent = 8;
  fake.nanos = 3 * S;
  options.wall_ns = 170 * S;
  char *json = metrics(&fake, &options, 3);
  assert_has(json, "\"asInt\":\"3\"");
  assert_has(json, "\"asDouble\":3}");
  free(json);
  ncl_own_past_free(options.past);
}

/* ---- many series, and no memory ----------------------------------------------------------------------- */

#define SERIES 1000

static void many_metrics(void *self, ncl_metric_view_fn visit, void *arg) {
  const int64_t *value = self;
  for (int i = 0; i < SERIES; i++) {
    char text[16];
    int len = snprintf(text, sizeof text, "%d", i);
    ncl_pair label = {NCL_STR("i"), {text, (size_t)len}};
    ncl_metric_view view = {.struct_size = sizeof view,
                            .type = NCL_METRIC_COUNTER,
                            .name = NCL_STR("many"),
                            .scale = 1,
                            .labels = &label,
                            .label_count = 1,
                            .value = *value + i,
                            .level = NCL_LEVEL_BASIC};
    if (!visit(arg, &view)) return;
  }
}

static void differences_of_many_series(void **state) {
  int64_t value = 100000;
  ncl_introspection process = {
      .struct_size = sizeof process, .self = &value, .process = fake_view, .metrics = many_metrics};
  ncl_own_metrics_options options = {
      .level = NCL_LEVEL_BASIC, .temporality = NCL_OWN_DELTA, .past = ncl_own_past_new(), .wall_ns = 160 * S};
  (void)state;
  for (int round = 0; round < 3; round++) {
    ncl_writer writer;
    ncl_writer_heap(&writer, SIZE_MAX);
    assert_int_equal(ncl_own_metrics_write(&process, &options, &writer), SERIES);
    ncl_own_past_keep(options.past);
    char *json = json_of(NCL_JSON_METRICS_REQUEST, &writer);
    uint32_t ones = 0;
    for (const char *at = json; (at = strstr(at, "\"asInt\":\"1\"")) != NULL; at++)
      ones++;
    assert_int_equal(ones, round == 0 ? 0 : SERIES);
    free(json);
    value++;
  }
  ncl_own_past_free(options.past);
}

#ifdef FIX_MALLOC
/* In how many of the two requests it is. */
static int in_one(const char *first, const char *second, const char *piece) {
  return (first != NULL && strstr(first, piece) != NULL) + (strstr(second, piece) != NULL);
}
#endif

/* Whatever allocation fails: what is written is whole, and what was left out comes with the next one. */
static void without_memory_nothing_is_lost(void **state) {
  (void)state;
#ifdef FIX_MALLOC
  for (uint64_t at = 1; at < 6; at++) {
    fake_process fake = {.sent = 5, .buckets = {1, 0, 2}, .sum = 77};
    ncl_introspection process = process_of(&fake);
    ncl_own_metrics_options options = {
        .level = NCL_LEVEL_DETAILED, .temporality = NCL_OWN_DELTA, .past = ncl_own_past_new(), .wall_ns = 160 * S};
    ncl_writer writer;
    ncl_writer_heap(&writer, SIZE_MAX);
    faults = (fix_faults){.armed = 1, .fail_at = at, .live = faults.live};
    uint32_t points = ncl_own_metrics_write(&process, &options, &writer);
    faults.armed = 0;
    assert_true(points < 4 || writer.status == NCL_NO_MEMORY || faults.count < at);
    char *first = NULL;
    if (writer.status == NCL_OK) {
      ncl_own_past_keep(options.past);
      first = json_of(NCL_JSON_METRICS_REQUEST, &writer);
    } else {
      ncl_writer_close(&writer);
    }
    options.wall_ns = 170 * S;
    char *second = metrics(&fake, &options, 4);
    assert_int_equal(in_one(first, second, "\"asInt\":\"5\""), 1);
    assert_int_equal(in_one(first, second, "\"count\":\"3\""), 1);
    free(first);
    free(second);
    ncl_own_past_free(options.past);
  }
#endif
}

/* ---- lines and names ---------------------------------------------------------------------------------- */

static void a_line_is_a_record(void **state) {
  static const ncl_attr attrs[] = {
      {.key = NCL_STR("path"), .type = NCL_ATTR_STR, .s = NCL_STR("/x")},
      {.key = NCL_STR("dropped_items"), .type = NCL_ATTR_INT, .i = -3},
      {.key = NCL_STR("share"), .type = NCL_ATTR_DOUBLE, .d = 0.5},
      {.key = NCL_STR("last"), .type = NCL_ATTR_BOOL, .i = 1},
      {.key = NCL_STR("odd"), .type = 99},
  };
  ncl_log_view line = {.struct_size = sizeof line,
                       .level = NCL_LOG_WARN,
                       .wall_ns = 5 * S,
                       .event = NCL_STR("export.failing"),
                       .component = NCL_STR("exporter otlp/2"),
                       .message = NCL_STR("Cannot export."),
                       .attrs = attrs,
                       .attr_count = 5};
  ncl_writer writer;
  (void)state;
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_own_log_write(&line, &writer);
  char *json = json_of(NCL_JSON_LOG_RECORD, &writer);
  assert_has(json, "{\"timeUnixNano\":\"5000000000\",");
  assert_has(json, "\"severityNumber\":13,\"severityText\":\"warn\",\"body\":{\"stringValue\":\"Cannot export.\"}");
  assert_has(json, "\"observedTimeUnixNano\":\"5000000000\"");
  assert_has(json, "\"eventName\":\"export.failing\"");
  assert_has(json, "{\"key\":\"otelcol.component.kind\",\"value\":{\"stringValue\":\"exporter\"}}");
  assert_has(json, "{\"key\":\"otelcol.component.id\",\"value\":{\"stringValue\":\"otlp/2\"}}");
  assert_has(json, "{\"key\":\"dropped_items\",\"value\":{\"intValue\":\"-3\"}}");
  assert_has(json, "{\"key\":\"share\",\"value\":{\"doubleValue\":0.5}}");
  assert_has(json, "{\"key\":\"last\",\"value\":{\"boolValue\":true}}");
  assert_lacks(json, "odd");
  free(json);
}

static void stars_stand_for_any_text(void **state) {
  static const struct {
    const char *pattern, *name;
    uint32_t matches;
  } cases[] = {{"a", "a", 1},         {"a", "b", 0},         {"a", "ab", 0},     {"ab", "a", 0},
               {"*", "", 1},          {"*", "abc", 1},       {"a*", "a", 1},     {"a*", "abc", 1},
               {"a*", "ba", 0},       {"*c", "abc", 1},      {"*c", "abcd", 0},  {"a*c", "abbc", 1},
               {"a*c*e", "abcde", 1}, {"a*c*e", "abcd", 0},  {"*ab*", "aab", 1}, {"*aab", "aaaab", 1},
               {"", "", 1},           {"", "a", 0},          {"**", "x", 1},     {"*_refused_*", "r_refused_s", 1},
               {"a.c", "abc", 0},     {"*a*b*c", "aXbYc", 1}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_str pattern = ncl_str_of(cases[i].pattern, strlen(cases[i].pattern));
    ncl_str name = ncl_str_of(cases[i].name, strlen(cases[i].name));
    if (ncl_own_matches(pattern, name) != cases[i].matches) fail_msg("%s, %s", cases[i].pattern, cases[i].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(totals_since_the_start),
      cmocka_unit_test(only_what_is_chosen),
      cmocka_unit_test(differences_since_what_arrived),
      cmocka_unit_test(low_memory_keeps_totals_of_what_others_count),
      cmocka_unit_test(differences_of_many_series),
      cmocka_unit_test(without_memory_nothing_is_lost),
      cmocka_unit_test(a_line_is_a_record),
      cmocka_unit_test(stars_stand_for_any_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

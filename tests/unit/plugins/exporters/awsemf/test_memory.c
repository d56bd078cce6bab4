/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/awsemf without memory: each allocation of a translation fails in turn. Nothing leaks, and what is
 * translated again comes out as if nothing had been. */
#include "unit/sdk/otlp/fixture.h"

#include "emf_test.h"

#define LABELS                                                                                                        \
  ",\"attributes\":[{\"key\":\"d\",\"value\":{\"doubleValue\":0.25}},{\"key\":\"l\",\"value\":{\"arrayValue\":{"      \
  "\"values\":[{\"intValue\":\"1\"}]}}},{\"key\":\"json\",\"value\":{\"stringValue\":\"{\\\"a\\\":[1]}\"}},{\"key\":" \
  "\"Type\",\"value\":{\"stringValue\":\"Pod\"}}]"
#define SUM(name, value)                                                                                               \
  "{\"name\":\"" name                                                                                                  \
  "\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{\"asInt\":\"" value "\"" TIME LABELS \
  "}]}}"
#define HISTOGRAM(counts, count, sum)                                                                      \
  "{\"name\":\"h\",\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"bucketCounts\":[" counts \
  "],\"explicitBounds\":[5,10],\"count\":\"" count "\",\"sum\":" sum TIME "}]}}"
#define EXPONENTIAL(counts, count, sum)                                                                    \
  "{\"name\":\"x\",\"exponentialHistogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{\"positive\":{" \
  "\"bucketCounts\":[" counts "]},\"count\":\"" count "\",\"sum\":" sum TIME "}]}}"
#define SUMMARY                                                                                                  \
  "{\"name\":\"s\",\"summary\":{\"dataPoints\":[{\"count\":\"3\",\"sum\":2.5,\"quantileValues\":[{\"quantile\":" \
  "0.5,\"value\":7}]" TIME "}]}}"

static const char config[] =
    "{adot_compat: false, detailed_metrics: true, log_stream_name: '{TaskId}-{PodName}', namespace: '{ServiceName}',"
    " parse_json_encoded_attr_values: [json, kubernetes], eks_fargate_container_insights_enabled: true,"
    " resource_to_telemetry_conversion: {enabled: true},"
    " metric_declarations: [{metric_name_selectors: ['.'], dimensions: [[d], []],"
    " label_matchers: [{label_names: [d, l], regex: '.'}]}]}";

static const char first[] =
    SUM("a", "10") "," HISTOGRAM("\"1\",\"2\",\"0\"", "3", "12.5") "," EXPONENTIAL("\"1\",\"2\"", "3", "4.5");
static const char second[] = SUM("a", "15") "," SUM("new", "1") "," HISTOGRAM(
    "\"1\",\"4\",\"1\"", "6", "40.5") "," EXPONENTIAL("\"1\",\"2\",\"4\"", "7", "20") "," SUMMARY;

static void prepare(emf *e) {
  static const char room[65536];
  emf_open(e, config);
  ncl_write_raw(&e->out, room, sizeof room);
  ncl_write_raw(&e->event, room, sizeof room);
  (void)emf_make(e, first);
}

static void every_allocation_fails_once(void **state) {
  emf reference;
  (void)state;
  prepare(&reference);
  const char *wanted = emf_make(&reference, second);
  assert_non_null(strstr(wanted, "\"a\":5"));
  assert_non_null(strstr(wanted, "\"Count\":3,\"Sum\":28"));
  uint64_t failures = 0;
  for (uint64_t fail_at = 1;; fail_at++) {
    emf e;
    prepare(&e);
    const ncl_batch *batch = emf_batch(&e, second);
    const ncl_emf_sink sink = {&e, emf_begin, emf_end, emf_drop, emf_reject};
    ncl_writer_reset(&e.out);
    faults = (fix_faults){.armed = 1, .fail_at = fail_at, .live = faults.live};
    ncl_status status = ncl_emf_translate(&e.t, batch, WALL_NS, e.now_ns, &sink);
    faults.armed = 0;
    ncl_batch_release(batch);
    assert_true(status == NCL_OK || status == NCL_NO_MEMORY);
    failures += status == NCL_NO_MEMORY;
    if (status == NCL_NO_MEMORY) assert_string_equal(emf_make(&e, second), wanted);
    emf_close(&e);
    if (faults.count < fail_at) break; /* all have failed */
  }
#ifdef FIX_MALLOC
  assert_true(failures > 10);
#endif
  emf_close(&reference);
}

static void nothing_leaks(void **state) {
  int64_t before = 0;
  (void)state;
  for (uint32_t round = 0; round < 3; round++) {
    emf e;
    prepare(&e);
    (void)emf_make(&e, second);
    emf_close(&e);
    if (round == 0) before = faults.live; /* libraries keep something from their first use on */
  }
  assert_int_equal(faults.live, before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_fails_once),
      cmocka_unit_test(nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

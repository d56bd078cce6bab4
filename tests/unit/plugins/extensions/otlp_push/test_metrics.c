/* SPDX-License-Identifier: Apache-2.0 */
/* otlp_metrics as it is shipped: what it pushes, when, and what it does about a backend that is not there. */
#include "fixture.h"

#define PLUGIN_FILE PLUGIN("extensions", "otlp_metrics")
#define EXPORTER(keys) "exporter: {otlp: {protocol: http/protobuf, endpoint: http://b:4318" keys "}}\n"

/* ---- a process with one counter ----------------------------------------------------------------------- */

static int64_t value;
static uint32_t level;

static void view(void *self, ncl_process_view *out) {
  static const ncl_pair resource[] = {{NCL_STR("service.name"), NCL_STR("nacelle")}};
  (void)self;
  out->state = NCL_PROCESS_READY;
  out->resource = (ncl_array)NCL_ARRAY(resource);
  out->metrics_level = level;
}

static void metrics(void *self, ncl_metric_view_fn visit, void *arg) {
  ncl_metric_view normal = {.struct_size = sizeof normal,
                            .type = NCL_METRIC_COUNTER,
                            .name = NCL_STR("things"),
                            .scale = 1,
                            .value = value,
                            .level = NCL_LEVEL_NORMAL};
  (void)self;
  visit(arg, &normal);
}

static int set_up(void **state) {
  (void)state;
  value = 3;
  level = NCL_LEVEL_NORMAL;
  process = (ncl_introspection){.struct_size = sizeof process, .process = view, .metrics = metrics};
  return 0;
}

/* ---- what goes out ------------------------------------------------------------------------------------ */

static void totals_at_every_interval(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "interval: 10000\n" EXPORTER(", headers: [{name: api-key, value: canary}]"));
  ncl_test_advance(t, 9 * S);
  assert_int_equal(http.count, 0);
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 1);
  assert_string_equal(http.calls[0].url, "http://b:4318/v1/metrics");
  assert_contains(http.calls[0].headers, "api-key: canary\n");
  assert_contains(http.calls[0].headers, "Content-Type: application/x-protobuf\n");
  assert_int_equal(http.config.encoding, NCL_HTTP_ENCODING_NONE);
  assert_int_equal(http.config.is_grpc, 0);
  assert_contains(request(0, NCL_SIGNAL_METRICS), "\"name\":\"things\"");
  assert_contains(request(0, NCL_SIGNAL_METRICS), "\"asInt\":\"3\"");
  assert_contains(request(0, NCL_SIGNAL_METRICS), "service.name");
  answer_with(0, 200);
  value = 4;
  ncl_test_advance(t, 10 * S);
  assert_int_equal(http.count, 2);
  assert_contains(request(1, NCL_SIGNAL_METRICS), "\"asInt\":\"4\"");
  answer_with(1, 200);
  assert_int_equal(pushes("ok"), 2);
  assert_int_equal(ncl_test_logged(t, "push.working"), 1);
  assert_int_equal(ncl_test_logged(t, "canary"), 0);
  level = NCL_LEVEL_BASIC; /* as a reload may have it */
  ncl_test_advance(t, 10 * S);
  assert_int_equal(http.count, 2);
  close_pusher();
}

static void grpc_and_compression(void **state) {
  (void)state;
  open_pusher(
      PLUGIN_FILE,
      "interval: 10000\nexporter: {otlp: {protocol: grpc, endpoint: b, compression: gzip, certificate: /ca}}\n");
  ncl_test_advance(t, 10 * S);
  assert_int_equal(http.config.is_grpc, 1);
  assert_int_equal(http.config.encoding, NCL_HTTP_ENCODING_GZIP);
  const ncl_value *ca = ncl_value_get(http.config.tls, (ncl_str)NCL_STR("ca_file"));
  assert_non_null(ca);
  assert_memory_equal(ca->s.ptr, "/ca", 3);
  assert_string_equal(http.calls[0].url,
                      "https://b:443/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
  ncl_http_reply reply = {.struct_size = sizeof reply, .status = 200};
  fake_answer(&http, 0, &reply);
  assert_int_equal(pushes("ok"), 1);
  close_pusher();
}

/* A backend that is away: one line when it goes, one when it comes, and nothing in between. */
static void a_backend_that_is_away_is_told_once(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "interval: 60000\ntimeout: 12000\n" EXPORTER(", timeout: 1000"));
  ncl_test_advance(t, 60 * S);
  assert_int_equal(http.calls[0].deadline_ns, ncl_test_now_ns(t) + S);
  fake_fail(&http, 0, NCL_RETRYABLE, "connection refused");
  ncl_test_advance(t, 5 * S); /* tried again after 5 s, and after 10 s more the time of this push is over */
  assert_int_equal(http.count, 2);
  answer_with(1, 503);
  ncl_test_advance(t, 54 * S);
  assert_int_equal(http.count, 2);
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 3);
  answer_with(2, 400);
  ncl_test_advance(t, 60 * S);
  assert_int_equal(http.count, 4);
  assert_int_equal(ncl_test_logged(t, "push.failing"), 1);
  assert_int_equal(ncl_test_logged(t, "connection refused"), 1);
  answer_with(3, 200);
  assert_int_equal(ncl_test_logged(t, "push.working"), 1);
  assert_int_equal(ncl_test_logged(t, "\"failures\": 3") + ncl_test_logged(t, "\"failures\":3"), 1);
  assert_int_equal(pushes("ok"), 1);
  assert_int_equal(pushes("failed"), 3);
  close_pusher();
}

static void a_backend_that_hangs_gets_one_request(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "interval: 1000\n" EXPORTER(""));
  ncl_test_advance(t, 10 * S);
  assert_int_equal(http.count, 1);
  answer_with(0, 200);
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 2);
  answer_with(1, 200);
  close_pusher();
}

static void differences_are_told_again_until_they_arrive(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "interval: 10000\n" EXPORTER(", temporality_preference: delta"));
  ncl_test_advance(t, 10 * S);
  answer_with(0, 400);
  value = 5;
  ncl_test_advance(t, 10 * S);
  assert_contains(request(1, NCL_SIGNAL_METRICS), "\"asInt\":\"5\"");
  answer_with(1, 200);
  value = 7;
  ncl_test_advance(t, 10 * S);
  assert_contains(request(2, NCL_SIGNAL_METRICS), "\"asInt\":\"2\"");
  assert_contains(request(2, NCL_SIGNAL_METRICS), "\"aggregationTemporality\":1");
  answer_with(2, 200);
  close_pusher();
}

static void the_last_totals_go_out_at_the_end(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "interval: 600000\n" EXPORTER(""));
  assert_int_equal(ncl_test_end(t, 5 * S), 0);
  assert_int_equal(http.count, 1);
  answer_with(0, 200);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(ncl_test_close(t), 0);
  fake_http_free(&http);
}

static void the_last_totals_come_after_those_under_way(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "interval: 1000\n" EXPORTER(""));
  ncl_test_advance(t, S);
  value = 9;
  assert_int_equal(ncl_test_end(t, 5 * S), 0);
  assert_int_equal(http.count, 1);
  fake_fail(&http, 0, NCL_RETRYABLE, "gone");
  assert_int_equal(http.count, 2);
  assert_contains(request(1, NCL_SIGNAL_METRICS), "\"asInt\":\"9\"");
  fake_fail(&http, 1, NCL_RETRYABLE, "gone");
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(ncl_test_close(t), 0);
  fake_http_free(&http);
}

static void an_end_does_not_wait_for_a_backend_that_hangs(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "interval: 1000\n" EXPORTER(""));
  assert_int_equal(ncl_test_end(t, 5 * S), 0);
  ncl_test_advance(t, 6 * S);
  assert_int_equal(ncl_test_ended(t), 1);
  assert_int_equal(http.cancels, 1);
  assert_int_equal(ncl_test_close(t), 0);
  fake_http_free(&http);
}

static void what_cannot_be_sent_is_said(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "interval: 1000\n" EXPORTER(""));
  http.refuses_start = NCL_PERMANENT;
  for (int i = 0; i < 5; i++)
    ncl_test_advance(t, S);
  assert_int_equal(ncl_test_logged(t, "push.failing"), 1);
  assert_int_equal(ncl_test_logged(t, "the fake starts nothing"), 1);
  assert_int_equal(pushes("failed"), 5);
  http.refuses_start = NCL_OK;
  ncl_test_advance(t, S);
  assert_int_equal(http.count, 1);
  answer_with(0, 200);
  close_pusher();
}

static void without_memory_it_tries_again(void **state) {
  (void)state;
  for (uint64_t after = 0; after < 6; after++) {
    open_pusher(PLUGIN_FILE, "interval: 1000\n" EXPORTER(", temporality_preference: delta"));
    ncl_test_fail_allocations(t, after, 1);
    ncl_test_advance(t, S);
    if (http.count > 0) answer_with(0, 200);
    ncl_test_fail_allocations(t, 0, 0);
    uint32_t before = http.count;
    ncl_test_advance(t, 6 * S);
    assert_int_equal(http.count, before + 1);
    answer_with(before, 200);
    close_pusher();
  }
}

static void what_is_wrong_is_refused(void **state) {
  static const struct {
    const char *config, *words;
  } cases[] = {
      {"interval: 1000\n", "names no exporter"},
      {"exporter: {console: {}}\n", "console is not supported"},
      {"exporter: {otlp: {protocol: grpc, endpoint: 'https://u:secret@b'}}\n", "a user or password"},
      {"exporter: {otlp: {protocol: http/json, endpoint: b}}\n", "http/protobuf"},
      {"exporter: {otlp: {protocol: grpc, endpoint: b, headers: [{value: canary}]}}\n", "has no name"},
      {"exporter: {otlp: {protocol: grpc, endpoint: b, headers: [{name: a, value: 5}]}}\n", "into quotes"},
      {"exporter: {otlp: {protocol: grpc, endpoint: b, headers: canary}}\n", "neither a list nor a map"},
      {"exporter: {otlp: {protocol: grpc, endpoint: b, headers: {'a b': canary}}}\n", "no name that a header"},
      {"exporter: {otlp: {protocol: grpc, endpoint: b, headers_list: canary}}\n", "not as it should be"},
      {"exporter: {otlp: {protocol: grpc, endpoint: b, client_key: /k}}\n", "belong together"},
      {"exporter: {otlp: {protocol: grpc, endpoint: b, default_histogram_aggregation: "
       "base2_exponential_bucket_histogram}}\n",
       "exponential histograms"},
      {"interval: 10s\nexporter: {otlp: {protocol: grpc, endpoint: b}}\n", "interval"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_test_options options = options_of(PLUGIN_FILE, cases[i].config);
    ncl_test *opened = ncl_test_open(&options);
    assert_int_equal(ncl_test_status(opened), NCL_PERMANENT);
    assert_contains(ncl_test_diagnostics(opened), cases[i].words);
    assert_null(strstr(ncl_test_diagnostics(opened), "canary"));
    assert_int_equal(ncl_test_close(opened), 0);
  }
}

static void headers_of_all_forms(void **state) {
  (void)state;
  open_pusher(PLUGIN_FILE, "interval: 1000\n" EXPORTER(", headers_list: 'a=1,b=x%20y', headers: {A: '2', c: d}"));
  ncl_test_advance(t, S);
  assert_contains(http.calls[0].headers, "A: 2\n");
  assert_contains(http.calls[0].headers, "b: x y\n");
  assert_contains(http.calls[0].headers, "c: d\n");
  assert_null(strstr(http.calls[0].headers, "a: 1"));
  answer_with(0, 200);
  close_pusher();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(totals_at_every_interval, set_up),
      cmocka_unit_test_setup(grpc_and_compression, set_up),
      cmocka_unit_test_setup(a_backend_that_is_away_is_told_once, set_up),
      cmocka_unit_test_setup(a_backend_that_hangs_gets_one_request, set_up),
      cmocka_unit_test_setup(differences_are_told_again_until_they_arrive, set_up),
      cmocka_unit_test_setup(the_last_totals_go_out_at_the_end, set_up),
      cmocka_unit_test_setup(the_last_totals_come_after_those_under_way, set_up),
      cmocka_unit_test_setup(an_end_does_not_wait_for_a_backend_that_hangs, set_up),
      cmocka_unit_test_setup(what_cannot_be_sent_is_said, set_up),
      cmocka_unit_test_setup(without_memory_it_tries_again, set_up),
      cmocka_unit_test_setup(what_is_wrong_is_refused, set_up),
      cmocka_unit_test_setup(headers_of_all_forms, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

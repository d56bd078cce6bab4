/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: same name and labels, same series; limits; iteration; many threads; no memory. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/telemetry/metrics.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static ncl_metric *get(ncl_metrics_scope *scope, uint32_t type, const char *name) {
  ncl_metric_spec spec = {.type = type, .name = str(name), .unit = str("{x}"), .doc = str("A metric.")};
  return ncl_metrics_get(scope, &spec, NULL, 0);
}

static ncl_metric *get_labelled(ncl_metrics_scope *scope, const char *name, const char *label, const char *value) {
  ncl_metric_spec spec = {.type = NCL_METRIC_COUNTER, .name = str(name)};
  ncl_pair pair = {str(label), str(value)};
  return ncl_metrics_get(scope, &spec, &pair, 1);
}

static bool write_point(void *arg, const ncl_metric_point *point) {
  char *out = arg;
  size_t len = strlen(out);
  len += (size_t)snprintf(out + len, 4096 - len, "%.*s{", (int)point->name.len, point->name.ptr);
  for (uint32_t i = 0; i < point->label_count; i++) {
    len += (size_t)snprintf(out + len, 4096 - len, "%s%.*s=%.*s", i > 0 ? "," : "", (int)point->labels[i].name.len,
                            point->labels[i].name.ptr, (int)point->labels[i].value.len, point->labels[i].value.ptr);
  }
  snprintf(out + len, 4096 - len, "} %lld\n", (long long)point->value);
  return true;
}

static const char *all(ncl_metrics *metrics) {
  static char out[4096];
  out[0] = '\0';
  ncl_metrics_each(metrics, write_point, out);
  return out;
}

static void the_same_name_and_labels_are_the_same_series(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_pair label = {str("processor"), str("batch")};
  ncl_metrics_scope *a = ncl_metrics_scope_open(metrics, &label, 1);
  ncl_metrics_scope *b = ncl_metrics_scope_open(metrics, &label, 1);
  ncl_metric *one = get(a, NCL_METRIC_COUNTER, "m");
  assert_non_null(one);
  assert_ptr_equal(get(a, NCL_METRIC_COUNTER, "m"), one);
  assert_ptr_equal(get(b, NCL_METRIC_COUNTER, "m"), one);
  assert_ptr_not_equal(get_labelled(a, "m", "x", "1"), one);
  assert_int_equal(ncl_metrics_series(metrics), 2);

  /* Labels are a set: whichever scope or order they come from. */
  ncl_metric_spec spec = {.type = NCL_METRIC_COUNTER, .name = str("n")};
  ncl_pair xy[] = {{str("x"), str("1")}, {str("y"), str("2")}};
  ncl_pair yx[] = {{str("y"), str("2")}, {str("x"), str("1")}};
  assert_ptr_equal(ncl_metrics_get(a, &spec, xy, 2), ncl_metrics_get(b, &spec, yx, 2));
  ncl_metrics_scope_close(a);
  ncl_metrics_scope_close(b);
  ncl_metrics_free(metrics);
}

static void a_series_leaves_with_its_last_holder(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_metrics_scope *a = ncl_metrics_scope_open(metrics, NULL, 0);
  ncl_metrics_scope *b = ncl_metrics_scope_open(metrics, NULL, 0);
  ncl_metric_add(get(a, NCL_METRIC_COUNTER, "shared"), 5);
  get(a, NCL_METRIC_COUNTER, "shared");
  get(b, NCL_METRIC_COUNTER, "shared");
  get(a, NCL_METRIC_COUNTER, "alone");
  ncl_metrics_scope_close(a);
  assert_string_equal(all(metrics), "shared{} 5\n");
  ncl_metrics_scope_close(b);
  assert_string_equal(all(metrics), "");
  assert_int_equal(ncl_metrics_series(metrics), 0);
  ncl_metrics_scope_close(NULL);
  ncl_metrics_free(metrics);
  ncl_metrics_free(NULL);
}

static void counters_grow_and_gauges_move(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_metrics_scope *scope = ncl_metrics_scope_open(metrics, NULL, 0);
  ncl_metric *counter = get(scope, NCL_METRIC_COUNTER, "c");
  ncl_metric *gauge = get(scope, NCL_METRIC_GAUGE, "g");
  ncl_metric_add(counter, 5);
  ncl_metric_add(counter, -3);
  ncl_metric_set(counter, 1);
  assert_int_equal(ncl_metric_value(counter), 5);
  ncl_metric_follow(counter, 9);
  assert_int_equal(ncl_metric_value(counter), 9);
  ncl_metric_set(gauge, 5);
  ncl_metric_add(gauge, -7);
  ncl_metric_follow(gauge, 100);
  assert_int_equal(ncl_metric_value(gauge), -2);
  ncl_metric_add(NULL, 1);
  ncl_metric_set(NULL, 1);
  ncl_metric_follow(NULL, 1);
  assert_int_equal(ncl_metric_value(NULL), 0);
  ncl_metrics_scope_close(scope);
  ncl_metrics_free(metrics);
}

static bool keep_point(void *arg, const ncl_metric_point *point) {
  ncl_metric_point *kept = arg;
  *kept = *point;
  static uint64_t buckets[NCL_METRICS_BUCKETS + 1];
  memcpy(buckets, point->buckets, (point->bound_count + 1) * sizeof(buckets[0]));
  kept->buckets = buckets;
  return true;
}

static void histograms_put_values_into_buckets_whose_bounds_belong_to_them(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_metrics_scope *scope = ncl_metrics_scope_open(metrics, NULL, 0);
  static const int64_t bounds[] = {0, 10, 20};
  ncl_metric_spec spec = {
      .type = NCL_METRIC_HISTOGRAM, .name = str("h"), .bounds = bounds, .bound_count = 3, .scale = 0.5};
  ncl_metric *histogram = ncl_metrics_get(scope, &spec, NULL, 0);
  static const int64_t values[] = {-5, 0, 1, 10, 11, 20, 21, 1000};
  for (size_t i = 0; i < 8; i++)
    ncl_metric_add(histogram, values[i]);
  assert_int_equal(ncl_metric_value(histogram), 8);
  ncl_metric_point point;
  ncl_metrics_each(metrics, keep_point, &point);
  assert_int_equal(point.count, 8);
  assert_int_equal(point.sum, 1058);
  assert_int_equal(point.bound_count, 3);
  assert_true(point.scale == 0.5);
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(point.buckets[i], 2);

  uint32_t count;
  spec = (ncl_metric_spec){.type = NCL_METRIC_HISTOGRAM, .name = str("h2")};
  assert_ptr_equal(ncl_metrics_get(scope, &spec, NULL, 0)->family->bounds, ncl_name_default_bounds(&count));
  ncl_metrics_scope_close(scope);
  ncl_metrics_free(metrics);
}

static void visits_names_in_order_with_all_that_an_exporter_needs(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_pair label = {str("receiver"), str("otlp")};
  ncl_metrics_scope *scope = ncl_metrics_scope_open(metrics, &label, 1);
  ncl_metric_add(get_labelled(scope, "b", "transport", "http"), 2);
  ncl_metric_add(get_labelled(scope, "ab", "a", "1"), 1);
  ncl_metric_add(get_labelled(scope, "b", "transport", "grpc"), 3);
  ncl_metric_add(get(scope, NCL_METRIC_COUNTER, "a"), 4);
  assert_string_equal(all(metrics),
                      "a{receiver=otlp} 4\nab{a=1,receiver=otlp} 1\n"
                      "b{receiver=otlp,transport=http} 2\nb{receiver=otlp,transport=grpc} 3\n");
  ncl_metrics_scope_close(scope);
  ncl_metrics_free(metrics);
}

static bool stop_at_first(void *arg, const ncl_metric_point *point) {
  assert_true(point->scale == 1);
  assert_memory_equal(point->unit.ptr, "{x}", 3);
  assert_memory_equal(point->doc.ptr, "A metric.", 9);
  ++*(int *)arg;
  return false;
}

static void a_visit_may_end_early(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_metrics_scope *scope = ncl_metrics_scope_open(metrics, NULL, 0);
  get(scope, NCL_METRIC_COUNTER, "a");
  get(scope, NCL_METRIC_COUNTER, "b");
  int visits = 0;
  ncl_metrics_each(metrics, stop_at_first, &visits);
  assert_int_equal(visits, 1);
  ncl_metrics_scope_close(scope);
  ncl_metrics_free(metrics);
}

static void refuses_and_counts_what_is_no_metric(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_pair label = {str("receiver"), str("otlp")};
  ncl_metrics_scope *scope = ncl_metrics_scope_open(metrics, &label, 1);
  assert_non_null(get(scope, NCL_METRIC_COUNTER, "taken"));
  assert_null(get(scope, NCL_METRIC_GAUGE, "taken")); /* another type, the same series and another one */
  ncl_metric_spec gauge = {.type = NCL_METRIC_GAUGE, .name = str("taken")};
  assert_null(ncl_metrics_get(scope, &gauge, &(ncl_pair){str("x"), str("1")}, 1));
  assert_null(get(scope, 0, "m"));
  assert_null(get(scope, 4, "m"));
  static const char *const names[] = {"", "1a", "a-b", "a b", "a.b", "\xc3\xa9", "a\n"};
  for (size_t i = 0; i < 7; i++) {
    assert_null(get(scope, NCL_METRIC_COUNTER, names[i]));
    assert_null(get_labelled(scope, "m", names[i], "v"));
  }
  assert_null(get_labelled(scope, "m", "receiver", "twice"));
  assert_null(get_labelled(scope, "m", "a:b", "v"));
  assert_non_null(get(scope, NCL_METRIC_COUNTER, "a:b"));
  char large[NCL_METRICS_TEXT_MAX + 2];
  memset(large, 'a', sizeof(large) - 1);
  large[sizeof(large) - 1] = '\0';
  assert_null(get(scope, NCL_METRIC_COUNTER, large));
  assert_null(get_labelled(scope, "m", "x", large));
  ncl_pair many[NCL_METRICS_LABELS];
  char label_names[NCL_METRICS_LABELS][4];
  for (size_t i = 0; i < NCL_METRICS_LABELS; i++) {
    snprintf(label_names[i], sizeof(label_names[i]), "l%02zu", i);
    many[i] = (ncl_pair){str(label_names[i]), str("v")};
  }
  ncl_metric_spec spec = {.type = NCL_METRIC_COUNTER, .name = str("m")};
  assert_null(ncl_metrics_get(scope, &spec, many, NCL_METRICS_LABELS));
  assert_non_null(ncl_metrics_get(scope, &spec, many, NCL_METRICS_LABELS - 1));
  assert_null(ncl_metrics_scope_open(metrics, many, NCL_METRICS_LABELS + 1));
  assert_int_equal(ncl_metrics_refused(metrics), 2 + 2 + 14 + 2 + 2 + 1);
  assert_int_equal(ncl_metrics_series(metrics), 3);
  ncl_metrics_scope_close(scope);
  assert_int_equal(metrics->family_count, 0);
  ncl_metrics_free(metrics);
}

static void a_scope_holds_a_thousand_series(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_metrics_scope *scope = ncl_metrics_scope_open(metrics, NULL, 0);
  char value[16];
  for (unsigned i = 0; i < NCL_METRICS_SCOPE_SERIES; i++) {
    snprintf(value, sizeof(value), "%u", i);
    assert_non_null(get_labelled(scope, "m", "x", value));
  }
  assert_null(get_labelled(scope, "m", "x", "more"));
  assert_non_null(get_labelled(scope, "m", "x", "999")); /* what it holds it gets */
  assert_int_equal(ncl_metrics_series(metrics), NCL_METRICS_SCOPE_SERIES);
  ncl_metrics_scope *other = ncl_metrics_scope_open(metrics, NULL, 0);
  assert_non_null(get_labelled(other, "m", "x", "more"));
  ncl_metrics_scope_close(scope);
  assert_string_equal(all(metrics), "m{x=more} 0\n");
  ncl_metrics_scope_close(other);
  ncl_metrics_free(metrics);
}

static void the_registry_has_a_limit(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_metrics_scope *scopes[NCL_METRICS_SERIES / NCL_METRICS_SCOPE_SERIES + 1];
  char text[2][16];
  for (unsigned s = 0; s < NCL_METRICS_SERIES / NCL_METRICS_SCOPE_SERIES; s++) {
    snprintf(text[0], sizeof(text[0]), "%u", s);
    scopes[s] = ncl_metrics_scope_open(metrics, &(ncl_pair){str("s"), str(text[0])}, 1);
    for (unsigned i = 0; i < NCL_METRICS_SCOPE_SERIES; i++) {
      snprintf(text[1], sizeof(text[1]), "%u", i);
      assert_non_null(get_labelled(scopes[s], "m", "x", text[1]));
    }
  }
  ncl_metrics_scope *last = ncl_metrics_scope_open(metrics, NULL, 0);
  assert_null(get(last, NCL_METRIC_COUNTER, "m"));
  ncl_metrics_scope_close(scopes[0]);
  assert_non_null(get(last, NCL_METRIC_COUNTER, "m"));
  ncl_metrics_scope_close(last);
  for (unsigned s = 1; s < NCL_METRICS_SERIES / NCL_METRICS_SCOPE_SERIES; s++)
    ncl_metrics_scope_close(scopes[s]);
  assert_int_equal(ncl_metrics_series(metrics), 0);
  ncl_metrics_free(metrics);
}

/* ---- threads and memory --------------------------------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS 2000

static void *count_many(void *arg) {
  ncl_metrics *metrics = arg;
  ncl_metrics_scope *scope = ncl_metrics_scope_open(metrics, NULL, 0);
  ncl_metric_spec spec = {.type = NCL_METRIC_HISTOGRAM, .name = str("h")};
  for (int i = 0; i < ROUNDS; i++) {
    ncl_metric_add(get(scope, NCL_METRIC_COUNTER, "c"), 1);
    ncl_metric_add(ncl_metrics_get(scope, &spec, NULL, 0), i);
    if (i % 100 == 0) {
      char out[4096] = "";
      ncl_metrics_each(metrics, write_point, out);
      ncl_metrics_scope *brief = ncl_metrics_scope_open(metrics, NULL, 0);
      get_labelled(brief, "brief", "x", "1");
      ncl_metrics_scope_close(brief);
    }
  }
  ncl_metrics_scope_close(scope);
  return NULL;
}

static void threads_count_together(void **state) {
  (void)state;
  ncl_metrics *metrics = ncl_metrics_new();
  ncl_metrics_scope *scope = ncl_metrics_scope_open(metrics, NULL, 0);
  ncl_metric *counter = get(scope, NCL_METRIC_COUNTER, "c");
  ncl_metric_spec spec = {.type = NCL_METRIC_HISTOGRAM, .name = str("h")};
  ncl_metric *histogram = ncl_metrics_get(scope, &spec, NULL, 0);
  pthread_t threads[THREADS];
  for (int t = 0; t < THREADS; t++)
    assert_int_equal(pthread_create(&threads[t], NULL, count_many, metrics), 0);
  for (int t = 0; t < THREADS; t++)
    pthread_join(threads[t], NULL);
  assert_int_equal(ncl_metric_value(counter), THREADS * ROUNDS);
  assert_int_equal(ncl_metric_value(histogram), THREADS * ROUNDS);
  assert_int_equal(ncl_metrics_series(metrics), 2);
  ncl_metrics_scope_close(scope);
  ncl_metrics_free(metrics);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  fail_alloc(1);
  assert_null(ncl_metrics_new());
  ncl_metrics *metrics = ncl_metrics_new();
  fail_alloc(1);
  assert_null(ncl_metrics_scope_open(metrics, NULL, 0));
  ncl_metrics_scope *scope = ncl_metrics_scope_open(metrics, NULL, 0);
  char name[16];
  uint64_t failures = 0;
  for (int i = 0; i < 200; i++) { /* past the growth of families, of the table and of what the scope holds */
    snprintf(name, sizeof(name), "m%d", i);
    for (size_t nth = 1;; nth++) {
      size_t series = metrics->series;
      size_t families = metrics->family_count;
      fail_alloc(nth);
      ncl_metric *metric = get(scope, NCL_METRIC_COUNTER, name);
      if (fail_alloc_unreached()) {
        assert_non_null(metric);
        break;
      }
      if (metric != NULL) break; /* the table could not grow, and the old one did */
      failures++;
      assert_int_equal(metrics->series, series);
      assert_int_equal(metrics->family_count, families);
    }
  }
  assert_int_equal(ncl_metrics_refused(metrics), failures);
  assert_int_equal(ncl_metrics_series(metrics), 200);
  ncl_metrics_scope_close(scope);
  ncl_metrics_free(metrics);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_name_and_labels_are_the_same_series),
      cmocka_unit_test(a_series_leaves_with_its_last_holder),
      cmocka_unit_test(counters_grow_and_gauges_move),
      cmocka_unit_test(histograms_put_values_into_buckets_whose_bounds_belong_to_them),
      cmocka_unit_test(visits_names_in_order_with_all_that_an_exporter_needs),
      cmocka_unit_test(a_visit_may_end_early),
      cmocka_unit_test(refuses_and_counts_what_is_no_metric),
      cmocka_unit_test(a_scope_holds_a_thousand_series),
      cmocka_unit_test(the_registry_has_a_limit),
      cmocka_unit_test(threads_count_together),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

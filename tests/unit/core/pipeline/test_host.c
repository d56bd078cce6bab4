/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/host_table.c: what the host counts on a component's word. */
#include "../process_fixture.h"

typedef struct wanted {
  const char *name;
  int64_t value;
} wanted;

static bool look(void *arg, const ncl_metric_point *point) {
  wanted *w = arg;
  bool same = point->name.len == strlen(w->name) && memcmp(point->name.ptr, w->name, point->name.len) == 0;
  if (same) w->value += point->value;
  return true;
}

static int64_t value_of(const fixture *f, const char *name) {
  wanted w = {name, 0};
  ncl_metrics_each(f->process->metrics, look, &w);
  return w.value;
}

static const ncl_component_type declared = {.type = NCL_STR("fake")};
static const ncl_type type = {&declared, NULL, "fake.so", {.struct_size = sizeof(ncl_methods)}};

static void counts_what_a_receiver_took_refused_or_failed_at(void **state) {
  (void)state;
  static const ncl_status outcomes[] = {NCL_OK, NCL_RETRYABLE, NCL_NO_MEMORY, NCL_PERMANENT, NCL_UNSUPPORTED};
  fixture f;
  fixture_open(&f);
  ncl_component *c = ncl_component_new(f.process, &type, NCL_KIND_RECEIVER, declared.type, 0, (ncl_str){NULL, 0});
  uint64_t items = 1;
  for (size_t i = 0; i < 5; i++, items *= 10)
    f.process->host.received(c, NCL_SIGNAL_TRACES, (ncl_str)NCL_STR("grpc"), items, outcomes[i]);
  assert_int_equal(value_of(&f, "otelcol_receiver_accepted_spans"), 1);
  assert_int_equal(value_of(&f, "otelcol_receiver_refused_spans"), 110);
  assert_int_equal(value_of(&f, "otelcol_receiver_failed_spans"), 11000);
  ncl_component_free(c);
  fixture_close(&f);
}

static void a_drop_is_in_the_total_and_a_filter_is_not(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  ncl_component *c = ncl_component_new(f.process, &type, NCL_KIND_PROCESSOR, declared.type, 1, (ncl_str){NULL, 0});
  f.process->host.drop(c, NCL_SIGNAL_TRACES, 3, (ncl_str)NCL_STR("oversize"));
  f.process->host.filtered(c, NCL_SIGNAL_TRACES, 5, (ncl_str)NCL_STR("sampled"));
  assert_int_equal(atomic_load(&f.process->dropped), 3);
  assert_int_equal(value_of(&f, "nacelle_dropped_items"), 3);
  assert_int_equal(value_of(&f, "nacelle_filtered_items"), 5);
  ncl_component_free(c);
  fixture_close(&f);
}

static void a_variable_that_is_not_set_differs_from_an_empty_one(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  ncl_component *c = ncl_component_new(f.process, &type, NCL_KIND_EXTENSION, declared.type, 0, (ncl_str){NULL, 0});
  assert_int_equal(setenv("NACELLE_TEST_FULL", "a value", 1), 0);
  assert_int_equal(setenv("NACELLE_TEST_EMPTY", "", 1), 0);
  assert_int_equal(unsetenv("NACELLE_TEST_NONE"), 0);
  static const char longer[] = "NACELLE_TEST_FULL=";
  ncl_str full = f.process->host.environment(c, ncl_str_of(longer, sizeof longer - 2));
  assert_int_equal(full.len, 7);
  assert_memory_equal(full.ptr, "a value", 7);
  ncl_str empty = f.process->host.environment(c, (ncl_str)NCL_STR("NACELLE_TEST_EMPTY"));
  assert_non_null(empty.ptr);
  assert_int_equal(empty.len, 0);
  assert_null(f.process->host.environment(c, (ncl_str)NCL_STR("NACELLE_TEST_NONE")).ptr);
  assert_null(f.process->host.environment(c, (ncl_str){NULL, 0}).ptr);
  char name[400];
  memset(name, 'A', sizeof name);
  assert_null(f.process->host.environment(c, ncl_str_of(name, sizeof name)).ptr);
  ncl_component_free(c);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts_what_a_receiver_took_refused_or_failed_at),
      cmocka_unit_test(a_drop_is_in_the_total_and_a_filter_is_not),
      cmocka_unit_test(a_variable_that_is_not_set_differs_from_an_empty_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/services.c: one of each, made when it is asked for, ended after those that use it. */
#include "graph.h"

static const char yaml[] =
    "receivers: {acme: }\nexporters: {acme: }\nservice: {pipelines: {traces: {receivers: [acme], exporters: "
    "[acme]}}}\n";

static fake *ask(fake *who, const char *name) {
  char interface[32];
  (void)snprintf(interface, sizeof interface, "%s/1", name);
  return (fake *)(uintptr_t)who->host->service(who->me, ncl_str_of(interface, strlen(interface)), NULL);
}

static void there_is_one_of_each(void **state) {
  (void)state;
  graph g;
  graph_open(&g, yaml);
  fake *receiver = fake_of(NCL_KIND_RECEIVER, "acme", 1);
  fake *exporter = fake_of(NCL_KIND_EXPORTER, "acme", 1);
  fake *one = ask(receiver, "one");
  assert_non_null(one);
  assert_ptr_equal(ask(exporter, "one"), one);
  assert_ptr_not_equal(ask(exporter, "two"), one);
  assert_null(ask(exporter, "four"));
  graph_close(&g);
}

static void one_that_is_asked_for_late_ends_after_its_user(void **state) {
  (void)state;
  graph g;
  graph_open(&g, yaml);
  fake *receiver = fake_of(NCL_KIND_RECEIVER, "acme", 1);
  fake *one = ask(receiver, "one");
  fake *two = ask(one, "two");
  (void)ask(two, "three");
  stage.events[0] = '\0';
  ncl_process_end_services(g.f.process);
  assert_string_equal(stage.events, "shutdown one, shutdown two, shutdown three");
  stage.events[0] = '\0';
  graph_close(&g);
  assert_non_null(strstr(stage.events, "destroy acme, destroy acme, destroy one, destroy two, destroy three"));
}

static void one_that_was_there_before_its_user_ends_after_it_all_the_same(void **state) {
  (void)state;
  graph g;
  graph_open(&g, yaml);
  fake *receiver = fake_of(NCL_KIND_RECEIVER, "acme", 1);
  fake *three = ask(receiver, "three");
  fake *two = ask(receiver, "two");
  fake *one = ask(receiver, "one");
  (void)ask(three, "two");
  (void)ask(two, "one");
  (void)one;
  stage.events[0] = '\0';
  ncl_process_end_services(g.f.process);
  assert_string_equal(stage.events, "shutdown three, shutdown two, shutdown one");
  graph_close(&g);
}

static void those_that_use_each_other_end_too(void **state) {
  (void)state;
  graph g;
  graph_open(&g, yaml);
  fake *one = ask(fake_of(NCL_KIND_RECEIVER, "acme", 1), "one");
  fake *two = ask(one, "two");
  assert_ptr_equal(ask(two, "one"), one);
  graph_close(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(there_is_one_of_each),
      cmocka_unit_test(one_that_is_asked_for_late_ends_after_its_user),
      cmocka_unit_test(one_that_was_there_before_its_user_ends_after_it_all_the_same),
      cmocka_unit_test(those_that_use_each_other_end_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

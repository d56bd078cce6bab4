/* SPDX-License-Identifier: Apache-2.0 */
/* The states of components. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/telemetry/status.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static bool write_view(void *arg, const ncl_status_view *view) {
  char *out = arg;
  size_t len = strlen(out);
  snprintf(out + len, 1024 - len, "%.*s %.*s %u since %lld (%llu): %.*s\n", (int)view->kind.len, view->kind.ptr,
           (int)view->id.len, view->id.ptr, view->status, (long long)view->since_ns, (unsigned long long)view->changes,
           (int)view->message.len, view->message.ptr);
  return true;
}

static const char *all(ncl_status_table *table) {
  static char out[1024];
  out[0] = '\0';
  ncl_status_each(table, write_view, out);
  return out;
}

static void remembers_state_since_when_and_the_last_message(void **state) {
  (void)state;
  ncl_status_table *table = ncl_status_table_new();
  ncl_status_entry *a = ncl_status_add(table, str("receiver"), str("otlp"), 10);
  ncl_status_entry *b = ncl_status_add(table, str("exporter"), str("otlp/2"), 11);
  assert_string_equal(all(table), "receiver otlp 0 since 10 (0): \nexporter otlp/2 0 since 11 (0): \n");
  assert_true(ncl_status_set(table, b, NCL_RETRYABLE, str("no connection"), 20));
  assert_false(ncl_status_set(table, b, NCL_RETRYABLE, str("still none"), 30));
  assert_false(ncl_status_set(table, a, NCL_OK, str(""), 30));
  assert_string_equal(all(table), "receiver otlp 0 since 10 (0): \nexporter otlp/2 4 since 20 (1): still none\n");
  assert_true(ncl_status_set(table, b, NCL_OK, str(""), 40));
  assert_string_equal(all(table), "receiver otlp 0 since 10 (0): \nexporter otlp/2 0 since 40 (2): \n");
  ncl_status_table_free(table);
  ncl_status_table_free(NULL);
}

static void keeps_the_last_error_when_all_is_well_again(void **state) {
  (void)state;
  ncl_status_table *table = ncl_status_table_new();
  ncl_status_entry *a = ncl_status_add(table, str("exporter"), str("otlp"), 10);
  ncl_status_copy copy;
  ncl_status_get(table, a, &copy);
  assert_int_equal(copy.view.error_ns, 0);
  assert_int_equal(copy.view.error.len, 0);
  ncl_status_set(table, a, NCL_PERMANENT, str("no such host"), 20);
  ncl_status_set(table, a, NCL_OK, str("fine"), 30);
  ncl_status_get(table, a, &copy);
  ncl_status_set(table, a, NCL_OK, str("gone"), 30);
  assert_int_equal(copy.view.status, NCL_OK);
  assert_int_equal(copy.view.error_ns, 20);
  assert_memory_equal(copy.view.error.ptr, "no such host", 12);
  assert_memory_equal(copy.view.message.ptr, "fine", 4);
  assert_memory_equal(copy.view.id.ptr, "otlp", 4);
  ncl_status_table_free(table);
}

static void the_worst_is_permanent_before_recoverable(void **state) {
  (void)state;
  ncl_status_table *table = ncl_status_table_new();
  assert_int_equal(ncl_status_worst(table), NCL_OK);
  ncl_status_entry *e[3];
  for (int i = 0; i < 3; i++)
    e[i] = ncl_status_add(table, str("k"), str("i"), 0);
  assert_int_equal(ncl_status_worst(table), NCL_OK);
  ncl_status_set(table, e[2], NCL_NO_MEMORY, str(""), 1);
  assert_int_equal(ncl_status_worst(table), NCL_RETRYABLE);
  ncl_status_set(table, e[0], NCL_PERMANENT, str(""), 1);
  assert_int_equal(ncl_status_worst(table), NCL_PERMANENT);
  ncl_status_remove(table, e[0]);
  assert_int_equal(ncl_status_worst(table), NCL_RETRYABLE);
  ncl_status_table_free(table);
}

static void entries_leave_from_any_place(void **state) {
  (void)state;
  ncl_status_table *table = ncl_status_table_new();
  ncl_status_entry *a = ncl_status_add(table, str("k"), str("a"), 0);
  ncl_status_entry *b = ncl_status_add(table, str("k"), str("b"), 0);
  ncl_status_entry *c = ncl_status_add(table, str("k"), str("c"), 0);
  ncl_status_remove(table, b);
  ncl_status_remove(table, c);
  ncl_status_entry *d = ncl_status_add(table, str("k"), str("d"), 0);
  assert_string_equal(all(table), "k a 0 since 0 (0): \nk d 0 since 0 (0): \n");
  ncl_status_remove(table, a);
  ncl_status_remove(table, d);
  ncl_status_remove(table, NULL);
  assert_string_equal(all(table), "");
  ncl_status_table_free(table);
}

static bool stop_at_first(void *arg, const ncl_status_view *view) {
  (void)view;
  ++*(int *)arg;
  return false;
}

static void long_messages_are_cut_at_a_character(void **state) {
  (void)state;
  ncl_status_table *table = ncl_status_table_new();
  ncl_status_entry *entry = ncl_status_add(table, str("k"), str("a"), 0);
  ncl_status_add(table, str("k"), str("b"), 0);
  char message[NCL_STATUS_MESSAGE_MAX + 2];
  memset(message, 'x', sizeof(message));
  memcpy(message + NCL_STATUS_MESSAGE_MAX - 1, "\xe2\x82\xac", 3);
  ncl_status_set(table, entry, NCL_RETRYABLE, ncl_str_of(message, sizeof(message)), 1);
  assert_int_equal(entry->message_len, NCL_STATUS_MESSAGE_MAX - 1);
  int visits = 0;
  ncl_status_each(table, stop_at_first, &visits);
  assert_int_equal(visits, 1);
  ncl_status_table_free(table);
}

static void is_null_without_memory(void **state) {
  (void)state;
  fail_alloc(1);
  assert_null(ncl_status_table_new());
  ncl_status_table *table = ncl_status_table_new();
  fail_alloc(1);
  assert_null(ncl_status_add(table, str("k"), str("a"), 0));
  assert_string_equal(all(table), "");
  ncl_status_table_free(table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(remembers_state_since_when_and_the_last_message),
      cmocka_unit_test(keeps_the_last_error_when_all_is_well_again),
      cmocka_unit_test(the_worst_is_permanent_before_recoverable),
      cmocka_unit_test(entries_leave_from_any_place),
      cmocka_unit_test(long_messages_are_cut_at_a_character),
      cmocka_unit_test(is_null_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

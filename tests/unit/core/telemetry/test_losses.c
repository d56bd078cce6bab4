/* SPDX-License-Identifier: Apache-2.0 */
/* Lines about losses: the first at once, the others of its tick together, and numbers that add up, from many threads.
 */
#include "core/telemetry/losses.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

typedef struct desk {
  ncl_logger *logger;
  ncl_losses *losses;
  uint64_t after;
  uint64_t items; /* of all lines seen */
  uint32_t lines;
  char last[512];
} desk;

static desk d;

static int setup(void **state) {
  (void)state;
  static const ncl_str nowhere = NCL_STR("/dev/null");
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  config.outputs = &nowhere;
  config.output_count = 1;
  memset(&d, 0, sizeof d);
  d.logger = ncl_logger_new(&config);
  d.losses = ncl_losses_new(d.logger);
  return d.losses == NULL;
}

static int teardown(void **state) {
  (void)state;
  ncl_losses_free(d.losses);
  ncl_logger_free(d.logger);
  return 0;
}

static const ncl_log_scope scope = {NCL_STR("otlp"), NCL_STR("exporter"), NCL_STR("traces"), {NULL, 0}};

static void lose(const char *reason, const char *error, uint64_t items, int64_t now_ns) {
  ncl_loss loss = {.scope = &scope,
                   .event = NCL_STR("export.dropped"),
                   .message = NCL_STR("Dropping data."),
                   .key = NCL_STR("dropped_items"),
                   .reason = {reason, strlen(reason)},
                   .error = {error, strlen(error)},
                   .items = items};
  ncl_losses_tell(d.losses, &loss, now_ns);
}

static uint32_t on_line(void *arg, const ncl_log_view *view) {
  (void)arg;
  size_t len = 0;
  d.after = view->sequence;
  d.lines++;
  assert_int_equal(view->level, NCL_LOG_ERROR);
  for (uint32_t i = 0; i < view->attr_count; i++) {
    const ncl_attr *a = &view->attrs[i];
    bool is_items = a->key.len == 13 && memcmp(a->key.ptr, "dropped_items", 13) == 0;
    if (is_items) d.items += (uint64_t)a->i;
    if (a->type == NCL_ATTR_STR) {
      len += (size_t)snprintf(d.last + len, sizeof d.last - len, "%.*s=%.*s;", (int)a->key.len, a->key.ptr,
                              (int)a->s.len, a->s.ptr);
    } else {
      len += (size_t)snprintf(d.last + len, sizeof d.last - len, "%.*s=%lld;", (int)a->key.len, a->key.ptr,
                              (long long)a->i);
    }
    if (len >= sizeof d.last) len = sizeof d.last - 1; /* cut */
  }
  return 1;
}

static void look(void) {
  d.lines = 0;
  ncl_logger_recent(d.logger, d.after, on_line, NULL);
}

static void the_first_is_said_at_once_and_the_others_together(void **state) {
  (void)state;
  lose("a", "first", 5, 100 * S);
  look();
  assert_int_equal(d.lines, 1);
  assert_string_equal(d.last, "otelcol.signal=traces;error=first;reason=a;dropped_items=5;");
  for (int i = 0; i < 100; i++)
    lose("a", "newest", 2, 101 * S);
  ncl_losses_flush(d.losses, 109 * S, false);
  look();
  assert_int_equal(d.lines, 0);
  ncl_losses_flush(d.losses, 110 * S, false);
  look();
  assert_int_equal(d.lines, 1);
  assert_string_equal(d.last, "otelcol.signal=traces;error=newest;reason=a;dropped_items=200;times=100;");
  assert_int_equal(d.items, 205);
}

static void a_loss_after_its_tick_takes_what_waited_along(void **state) {
  (void)state;
  lose("a", "x", 1, 100 * S);
  lose("a", "x", 2, 105 * S);
  lose("a", "x", 4, 111 * S); /* nobody flushed */
  look();
  assert_int_equal(d.lines, 2);
  assert_int_equal(d.items, 7);
}

static void kinds_do_not_wait_for_one_another(void **state) {
  (void)state;
  lose("a", "x", 1, 100 * S);
  lose("b", "x", 2, 100 * S);
  look();
  assert_int_equal(d.lines, 2);
  ncl_losses_flush(d.losses, 200 * S, false); /* both are forgotten */
  lose("a", "x", 1, 201 * S);
  look();
  assert_int_equal(d.lines, 1);
}

static void too_many_kinds_are_said_each_time(void **state) {
  (void)state;
  char reason[16];
  for (unsigned i = 0; i < 2 * NCL_LOSSES_MAX; i++) {
    (void)snprintf(reason, sizeof reason, "r%u", i);
    lose(reason, "x", 1, S);
    lose(reason, "x", 1, S);
    look();
  }
  ncl_losses_flush(d.losses, S, true);
  look();
  assert_int_equal(d.items, 4 * NCL_LOSSES_MAX);
}

static void without_a_limit_each_is_said(void **state) {
  (void)state;
  ncl_losses_set_tick(d.losses, 0);
  for (int i = 0; i < 30; i++)
    lose("a", "x", 1, S);
  look();
  assert_int_equal(d.lines, 30);
}

static void long_words_are_cut(void **state) {
  (void)state;
  static char large[5000];
  memset(large, 'x', sizeof large - 1);
  lose("a", large, 1, S);
  look();
  assert_int_equal(d.lines, 1);
}

#define THREADS 4
#define ROUNDS 2000

static void *lose_many(void *arg) {
  (void)arg;
  for (int i = 0; i < ROUNDS; i++) {
    lose("a", "x", 1, S + i);
    if (i % 100 == 0) ncl_losses_flush(d.losses, S + i, false);
  }
  return NULL;
}

static void losses_of_many_threads_add_up(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  for (int t = 0; t < THREADS; t++)
    assert_int_equal(pthread_create(&threads[t], NULL, lose_many, NULL), 0);
  for (int t = 0; t < THREADS; t++)
    pthread_join(threads[t], NULL);
  ncl_losses_flush(d.losses, S, true);
  look();
  assert_int_equal(d.items, THREADS * ROUNDS);
}

static void what_waits_is_said_at_the_end(void **state) {
  (void)state;
  lose("a", "x", 1, S);
  lose("a", "x", 6, S);
  ncl_losses_free(d.losses);
  d.losses = NULL;
  look();
  assert_int_equal(d.items, 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_first_is_said_at_once_and_the_others_together),
      TEST(a_loss_after_its_tick_takes_what_waited_along),
      TEST(kinds_do_not_wait_for_one_another),
      TEST(too_many_kinds_are_said_each_time),
      TEST(without_a_limit_each_is_said),
      TEST(long_words_are_cut),
      TEST(losses_of_many_threads_add_up),
      TEST(what_waits_is_said_at_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

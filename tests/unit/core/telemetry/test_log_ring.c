/* SPDX-License-Identifier: Apache-2.0 */
/* The newest lines of the log: what is kept of each, which make room, what a reader sees. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/telemetry/log_ring.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const ncl_str none = {NULL, 0};
static ncl_log_packed packed;
static ncl_log_record record;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void assert_text(ncl_str got, const char *want) {
  if (got.len != strlen(want) || memcmp(got.ptr, want, got.len) != 0) {
    fail_msg("\"%.*s\" is not \"%s\"", (int)got.len, got.ptr, want);
  }
}

static void gives_back_each_part_of_a_line(void **state) {
  (void)state;
  ncl_log_ring ring;
  assert_true(ncl_log_ring_open(&ring));
  assert_false(ncl_log_ring_next(&ring, 0, &record));
  const ncl_attr attrs[] = {{str("error"), NCL_ATTR_STR, 0, NCL_STR("no route"), 0, 0},
                            {str("items"), NCL_ATTR_INT, 0, none, -7, 0},
                            {str("share"), NCL_ATTR_DOUBLE, 0, none, 0, 0.25},
                            {str("final"), NCL_ATTR_BOOL, 0, none, 1, 0}};
  ncl_log_pack(&packed, NCL_LOG_WARN, 77, str("exporter"), str("otlp/2"), str("export.failed"), str("It failed."),
               attrs, 4);
  ncl_log_ring_add(&ring, &packed);
  assert_true(ncl_log_ring_next(&ring, 0, &record));
  assert_int_equal(record.view.level, NCL_LOG_WARN);
  assert_int_equal(record.view.sequence, 1);
  assert_int_equal(record.view.wall_ns, 77);
  assert_text(record.view.component, "exporter otlp/2");
  assert_text(record.view.event, "export.failed");
  assert_text(record.view.message, "It failed.");
  assert_int_equal(record.view.attr_count, 4);
  assert_text(record.view.attrs[0].key, "error");
  assert_text(record.view.attrs[0].s, "no route");
  assert_int_equal(record.view.attrs[1].i, -7);
  assert_true(record.view.attrs[2].d == 0.25);
  assert_int_equal(record.view.attrs[3].type, NCL_ATTR_BOOL);
  assert_int_equal(record.view.attrs[3].i, 1);
  assert_false(ncl_log_ring_next(&ring, 1, &record));
  ncl_log_ring_close(&ring);
}

static void the_oldest_lines_make_room(void **state) {
  (void)state;
  ncl_log_ring ring;
  assert_true(ncl_log_ring_open(&ring));
  for (uint32_t i = 1; i <= 5000; i++) {
    char text[400];
    int len = snprintf(text, sizeof text, "line %u %.*s", i, (int)(i % 300),
                       "................................"
                       "..............................................................................................."
                       "..............................................................................................."
                       "................................................................................");
    ncl_log_pack(&packed, NCL_LOG_INFO, (int64_t)i, none, none, none, ncl_str_of(text, (size_t)len), NULL, 0);
    ncl_log_ring_add(&ring, &packed);
    assert_true(ring.end - ring.begin <= NCL_LOG_RING_BYTES);
  }
  uint64_t last = 0;
  uint32_t lines = 0;
  while (ncl_log_ring_next(&ring, last, &record)) {
    assert_true(last == 0 || record.view.sequence == last + 1);
    last = record.view.sequence;
    char text[32];
    (void)snprintf(text, sizeof text, "line %llu ", (unsigned long long)last);
    assert_memory_equal(record.view.message.ptr, text, strlen(text));
    assert_int_equal(record.view.message.len, strlen(text) + last % 300);
    assert_int_equal(record.view.wall_ns, last);
    lines++;
  }
  assert_int_equal(last, 5000);
  assert_in_range(lines, 200, 600);
  ncl_log_ring_close(&ring);
}

static void a_long_line_is_cut_and_stays_whole_text(void **state) {
  (void)state;
  static char text[20000];
  ncl_attr attrs[40];
  memset(text, 'x', sizeof text);
  memcpy(text + 10, "\xc3\xa4\x1b[31m\n\xff", 9);
  for (size_t i = 0; i < 40; i++)
    attrs[i] = (ncl_attr){str("key"), NCL_ATTR_STR, 0, {text, sizeof text}, 0, 0};
  attrs[39] = (ncl_attr){str("last"), NCL_ATTR_INT, 0, none, 3, 0};
  ncl_str all = {text, sizeof text};
  ncl_log_ring ring;
  assert_true(ncl_log_ring_open(&ring));
  ncl_log_pack(&packed, NCL_LOG_ERROR, 1, all, all, all, all, attrs, 40);
  ncl_log_ring_add(&ring, &packed);
  assert_true(ncl_log_ring_next(&ring, 0, &record));
  assert_true(record.packed.size <= NCL_LOG_RECORD_BYTES);
  assert_in_range(record.view.message.len, 900, NCL_LOG_RECORD_MESSAGE_MAX + 3);
  assert_in_range(record.view.attr_count, 2, NCL_LOG_RECORD_ATTRS);
  assert_text(record.view.attrs[record.view.attr_count - 1].key, "last");
  for (size_t i = 0; i < record.view.message.len; i++)
    assert_true((unsigned char)record.view.message.ptr[i] >= 0x20);
  assert_memory_equal(record.view.message.ptr, "xxxxxxxxxx\xc3\xa4\\u001b[31m", 22);
  ncl_log_ring_close(&ring);
}

static void without_memory_there_is_no_ring(void **state) {
  (void)state;
  ncl_log_ring ring;
  fail_alloc(1);
  assert_false(ncl_log_ring_open(&ring));
  ncl_log_ring_close(&ring);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_back_each_part_of_a_line),
      cmocka_unit_test(the_oldest_lines_make_room),
      cmocka_unit_test(a_long_line_is_cut_and_stays_whole_text),
      cmocka_unit_test(without_memory_there_is_no_ring),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

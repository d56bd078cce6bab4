/* SPDX-License-Identifier: Apache-2.0 */
/* core/control/protocol.h: what is written reads back, and what is wrong is refused. */
#include "core/control/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool says(ncl_str text, const char *word) {
  return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static void a_question_reads_back(void **state) {
  (void)state;
  uint8_t out[256];
  const char *const pairs[] = {"pipeline", "traces/a b", "left out", NULL, "count", "10", "empty", "", NULL};
  size_t len = ncl_control_ask_write(out, sizeof out, "tap", pairs);
  ncl_control_frame frame;
  ncl_control_ask ask;
  assert_true(len > NCL_CONTROL_HEAD);
  assert_int_equal(ncl_control_frame_read((ncl_range){out, len}, NCL_CONTROL_ASK_MAX, &frame), len);
  assert_int_equal(frame.kind, NCL_CONTROL_ASK);
  assert_true(ncl_control_ask_read(frame.body, &ask));
  assert_true(says(ask.verb, "tap"));
  assert_int_equal(ask.count, 3);
  assert_true(says(ncl_control_ask_get(&ask, "pipeline"), "traces/a b"));
  assert_true(says(ncl_control_ask_get(&ask, "count"), "10"));
  assert_int_equal(ncl_control_ask_get(&ask, "empty").len, 0);
  assert_null(ncl_control_ask_get(&ask, "left out").ptr);
}

static void a_frame_is_whole_or_not_yet_there(void **state) {
  (void)state;
  uint8_t out[64];
  const char *const none[] = {NULL};
  size_t len = ncl_control_ask_write(out, sizeof out, "status", none);
  for (size_t part = 0; part < len; part++) {
    /* Memory of exactly that size, so that a sanitizer sees what is read beyond it. */
    uint8_t *copy = malloc(part > 0 ? part : 1);
    ncl_control_frame frame;
    memcpy(copy, out, part);
    assert_int_equal(ncl_control_frame_read((ncl_range){copy, part}, NCL_CONTROL_ASK_MAX, &frame), 0);
    free(copy);
  }
}

static void refuses_what_is_no_frame(void **state) {
  (void)state;
  static const uint8_t cases[][NCL_CONTROL_HEAD] = {
      {1, 0, 0, 0, 0, 0, 0, 0},       /* no kind */
      {1, 0, 0, 0, 6, 0, 0, 0},       /* an unknown one */
      {1, 0, 0, 0, 1, 1, 0, 0},       /* the zeros are none */
      {0x01, 0x10, 0, 0, 1, 0, 0, 0}, /* one byte too long */
      {0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0},
      {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'},
  };
  ncl_control_frame frame;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(ncl_control_frame_read((ncl_range){cases[i], NCL_CONTROL_HEAD}, NCL_CONTROL_ASK_MAX, &frame), -1);
  }
}

static void refuses_what_is_no_question(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t len;
    bool good;
  } cases[] = {
      {"", 0, false},       {"x", 1, false},       {"\0", 1, false},       {"x\0", 2, true},
      {"x\0a\0", 4, false}, {"x\0a\0b", 5, false}, {"x\0a\0b\0", 6, true}, {"x\0\0\0", 4, true},
  };
  ncl_control_ask ask;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t *copy = malloc(cases[i].len > 0 ? cases[i].len : 1);
    memcpy(copy, cases[i].bytes, cases[i].len);
    assert_int_equal(ncl_control_ask_read((ncl_range){copy, cases[i].len}, &ask), cases[i].good);
    free(copy);
  }
  char many[64] = "v";
  size_t len = 2;
  for (size_t i = 0; i <= NCL_CONTROL_PAIRS; i++) {
    bool fits = ncl_control_ask_read((ncl_range){(const uint8_t *)many, len}, &ask);
    assert_true(fits);
    assert_int_equal(ask.count, i);
    memcpy(many + len, "k\0w\0", 4);
    len += 4;
  }
  assert_false(ncl_control_ask_read((ncl_range){(const uint8_t *)many, len}, &ask));
}

static void a_question_has_a_limit(void **state) {
  (void)state;
  static uint8_t out[NCL_CONTROL_HEAD + NCL_CONTROL_ASK_MAX + 100];
  static char word[NCL_CONTROL_ASK_MAX + 50];
  const char *const pairs[] = {"k", word, NULL};
  const size_t others = 2 + 2 + 1; /* "v", "k" and the NUL of the word */
  memset(word, 'x', NCL_CONTROL_ASK_MAX - others);
  assert_int_equal(ncl_control_ask_write(out, sizeof out, "v", pairs), NCL_CONTROL_HEAD + NCL_CONTROL_ASK_MAX);
  word[NCL_CONTROL_ASK_MAX - others] = 'x';
  assert_int_equal(ncl_control_ask_write(out, sizeof out, "v", pairs), 0);
  assert_int_equal(ncl_control_ask_write(out, 4, "v", pairs + 2), 0);
}

static void batches_and_losses_read_back(void **state) {
  (void)state;
  uint8_t out[NCL_CONTROL_BATCH_HEAD + 3] = {0};
  ncl_control_batch batch = {3, UINT64_MAX, 7, INT64_C(-5)}, read;
  ncl_control_lost lost = {1, UINT64_C(1) << 40}, read_lost;
  ncl_range wire;
  ncl_control_batch_write(out, &batch);
  assert_true(ncl_control_batch_read((ncl_range){out, sizeof out}, &read, &wire));
  assert_int_equal(read.signal, 3);
  assert_true(read.items == UINT64_MAX && read.shown == 7 && read.wall_ns == -5);
  assert_ptr_equal(wire.ptr, out + NCL_CONTROL_BATCH_HEAD);
  assert_int_equal(wire.len, 3);
  assert_false(ncl_control_batch_read((ncl_range){out, NCL_CONTROL_BATCH_HEAD - 1}, &read, &wire));
  ncl_control_lost_write(out, &lost);
  assert_true(ncl_control_lost_read((ncl_range){out, NCL_CONTROL_LOST_SIZE}, &read_lost));
  assert_true(read_lost.batches == 1 && read_lost.items == UINT64_C(1) << 40);
  assert_false(ncl_control_lost_read((ncl_range){out, NCL_CONTROL_LOST_SIZE - 1}, &read_lost));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_question_reads_back),    cmocka_unit_test(a_frame_is_whole_or_not_yet_there),
      cmocka_unit_test(refuses_what_is_no_frame), cmocka_unit_test(refuses_what_is_no_question),
      cmocka_unit_test(a_question_has_a_limit),   cmocka_unit_test(batches_and_losses_read_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

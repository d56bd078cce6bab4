/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_check.c: the fast validators say what the tables say, on sound and on damaged messages. */
#include "core/pdata/check.h"

#include "core/pdata/walk.h"
#include "unit/core/pdata/fixture.h"
#include "unit/core/pdata/sample.h"

static const ncl_message *const records[] = {NULL, &ncl_message_span, &ncl_message_metric, &ncl_message_log_record};
static const ncl_check_fn checks[] = {NULL, ncl_check_span, ncl_check_metric, ncl_check_log_record};

static uint64_t draw(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static uint32_t by_tables(const ncl_message *type, const uint8_t *ptr, size_t len) {
  ncl_walk walk = {0};
  if (!ncl_walk_message(&walk, type, ptr, ptr + len, 0)) return NCL_CHECK_MALFORMED;
  return walk.bad_strings ? NCL_CHECK_TEXT : NCL_CHECK_OK;
}

/* Both verdicts on a copy of exact size and padding; the padding is hostile. */
static uint32_t assert_agreed(const ncl_message *type, ncl_check_fn check, const uint8_t *bytes, size_t len,
                              uint8_t padding) {
  uint8_t *copy = malloc(len + NCL_PADDING);
  assert_non_null(copy);
  if (len) memcpy(copy, bytes, len);
  memset(copy + len, padding, NCL_PADDING);
  uint32_t items = 0;
  uint32_t fast = check(copy, copy + len, &items);
  assert_int_equal(fast, by_tables(type, copy, len));
  free(copy);
  return fast;
}

static void damage(message *m, uint64_t *state) {
  static const uint8_t telling[] = {0x00, 0x01, 0x02, 0x0a, 0x12, 0x18, 0x1a, 0x21, 0x4a, 0x7f, 0x80, 0x81, 0xc2, 0xff};
  for (uint64_t n = draw(state) % 3 + 1; n > 0; n--) {
    size_t at = draw(state) % m->len;
    switch (draw(state) % 4) {
      case 0:
        m->bytes[at] = (uint8_t)draw(state);
        break;
      case 1:
        m->bytes[at] = telling[draw(state) % sizeof telling];
        break;
      case 2:
        m->bytes[at] ^= (uint8_t)(1u << draw(state) % 8);
        break;
      default:
        memmove(m->bytes + at, m->bytes + at + 1, m->len - at - 1);
        m->len--;
    }
  }
}

static void agree_on_damaged(const message *sound, const ncl_message *type, ncl_check_fn check, uint64_t seed) {
  uint32_t seen[3] = {0};
  assert_int_equal(assert_agreed(type, check, sound->bytes, sound->len, 0xff), NCL_CHECK_OK);
  for (int i = 0; i < 20000; i++) {
    message damaged = *sound;
    damage(&damaged, &seed);
    seen[assert_agreed(type, check, damaged.bytes, damaged.len, (uint8_t)draw(&seed))]++;
  }
  /* All three verdicts were among them. */
  assert_true(seen[NCL_CHECK_OK] && seen[NCL_CHECK_TEXT] && seen[NCL_CHECK_MALFORMED]);
}

static void agree_on_damaged_spans(void **state) {
  (void)state;
  message span = {0};
  put_sample_span(&span);
  agree_on_damaged(&span, &ncl_message_span, ncl_check_span, 1);
}

static void agree_on_damaged_log_records(void **state) {
  (void)state;
  message record = {0};
  put_sample_log_record(&record);
  agree_on_damaged(&record, &ncl_message_log_record, ncl_check_log_record, 2);
}

static void agree_on_damaged_metrics(void **state) {
  (void)state;
  static const uint32_t kinds[] = {5, 7, 9, 10, 11};
  for (uint64_t i = 0; i < 5; i++) {
    message metric = {0};
    put_sample_metric(&metric, kinds[i], 2);
    agree_on_damaged(&metric, &ncl_message_metric, ncl_check_metric, 3 + i);
  }
}

static void agree_on_damaged_resources_and_scopes(void **state) {
  (void)state;
  message resource = {0}, scope = {0};
  put_sample_attributes(&resource, 1);
  put_int(&resource, 2, 1);
  agree_on_damaged(&resource, &ncl_message_resource, ncl_check_resource, 20);
  put_text(&scope, 1, "name");
  put_text(&scope, 2, "version");
  put_sample_attributes(&scope, 3);
  put_int(&scope, 4, 1);
  agree_on_damaged(&scope, &ncl_message_scope, ncl_check_scope, 21);
}

static void agree_on_every_field_and_wire_type(void **state) {
  (void)state;
  static const char *const values[] = {"", "\x01", "\x80", "\x80\x01", "\x02\x0a\x00", "12345678", "\x03\xff\xff\xff"};
  for (uint32_t signal = 1; signal <= 3; signal++) {
    for (uint32_t field = 0; field < 20; field++) {
      for (uint32_t type = 0; type < 8; type++) {
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
          for (int width = 1; width <= 6; width++) {
            message m = {0};
            put_wide_varint(&m, field << 3 | type, width == 1 && field >= 16 ? 2 : width);
            put_raw(&m, values[i], values[i][0] ? strlen(values[i]) : 1);
            (void)assert_agreed(records[signal], checks[signal], m.bytes, m.len, 0x80);
          }
        }
      }
    }
  }
}

/* Attributes whose lengths and key lengths cross every boundary of the usual shape. */
static void agree_on_attributes_of_every_length(void **state) {
  (void)state;
  for (size_t key_len = 0; key_len < 140; key_len += key_len < 20 || key_len > 115 ? 1 : 13) {
    for (size_t len = 0; len < 300; len += len < 20 || (len > 100 && len < 140) ? 1 : 17) {
      for (int reversed = 0; reversed < 2; reversed++) {
        message key = {0}, value = {0}, pair = {0}, span = {0};
        for (size_t i = 0; i < key_len; i++)
          PUT_RAW(&key, "k");
        message text = {0};
        for (size_t i = 0; i < len; i++)
          PUT_RAW(&text, "v");
        put_message(&value, 1, &text);
        if (reversed) put_message(&pair, 2, &value);
        put_message(&pair, 1, &key);
        if (!reversed) put_message(&pair, 2, &value);
        put_message(&span, 9, &pair);
        assert_int_equal(assert_agreed(&ncl_message_span, ncl_check_span, span.bytes, span.len, 0xff), NCL_CHECK_OK);
        for (size_t at = 1; at < span.len; at += 5) {
          message damaged = span;
          damaged.bytes[at] |= 0x80;
          (void)assert_agreed(&ncl_message_span, ncl_check_span, damaged.bytes, damaged.len, 0xff);
        }
      }
    }
  }
}

static void agree_on_integers_of_every_length(void **state) {
  (void)state;
  for (int width = 1; width <= 12; width++) {
    for (uint64_t last = 0; last < 4; last++) {
      for (int reversed = 0; reversed < 2; reversed++) {
        message value = {0}, pair = {0}, span = {0};
        put_tag(&value, 3, VARINT);
        for (int i = 1; i < width; i++)
          put_byte(&value, 0x80);
        put_byte(&value, last);
        if (!reversed) put_text(&pair, 1, "key");
        put_message(&pair, 2, &value);
        if (reversed) put_text(&pair, 1, "key");
        put_message(&span, 9, &pair);
        uint32_t verdict = assert_agreed(&ncl_message_span, ncl_check_span, span.bytes, span.len, 0xff);
        int sound = width < 10 || (width == 10 && last < 2);
        assert_int_equal(verdict, sound ? NCL_CHECK_OK : NCL_CHECK_MALFORMED);
        /* Without its last byte the varint runs into what follows. */
        message cut = {0}, short_pair = {0}, short_span = {0};
        put_raw(&cut, value.bytes, value.len - 1);
        if (!reversed) put_text(&short_pair, 1, "key");
        put_message(&short_pair, 2, &cut);
        if (reversed) put_text(&short_pair, 1, "key");
        put_message(&short_span, 9, &short_pair);
        verdict = assert_agreed(&ncl_message_span, ncl_check_span, short_span.bytes, short_span.len, 0xff);
        assert_int_equal(verdict, NCL_CHECK_MALFORMED);
      }
    }
  }
}

static uint32_t points_of(const message *metric) {
  uint32_t items = 77;
  uint8_t *copy = calloc(1, metric->len + NCL_PADDING);
  assert_non_null(copy);
  memcpy(copy, metric->bytes, metric->len);
  assert_int_equal(ncl_check_metric(copy, copy + metric->len, &items), NCL_CHECK_OK);
  free(copy);
  return items;
}

static void counts_the_points_of_all_five_kinds(void **state) {
  (void)state;
  static const uint32_t kinds[] = {5, 7, 9, 10, 11};
  for (size_t i = 0; i < 5; i++) {
    for (uint32_t points = 0; points < 4; points++) {
      message metric = {0};
      put_sample_metric(&metric, kinds[i], points);
      assert_int_equal(points_of(&metric), points);
    }
  }
  message empty = {0};
  put_text(&empty, 1, "without data");
  assert_int_equal(points_of(&empty), 0);
}

static void counts_what_stands_of_a_oneof(void **state) {
  (void)state;
  message metric = {0}, again = {0};
  put_sample_metric(&metric, 5, 3);
  put_sample_metric(&metric, 5, 2);
  assert_int_equal(points_of(&metric), 5); /* the same kind is merged */
  put_sample_metric(&metric, 7, 1);
  assert_int_equal(points_of(&metric), 1); /* another kind replaces */
  put_sample_metric(&metric, 5, 2);
  assert_int_equal(points_of(&metric), 2);
  message data = {0}, point = {0};
  put_wide_message(&data, 1, &point);
  put_int(&data, 99, 1);
  put_wide_message(&data, 1, &point);
  put_wide_message(&again, 10, &data);
  assert_int_equal(points_of(&again), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agree_on_damaged_spans),
      cmocka_unit_test(agree_on_damaged_log_records),
      cmocka_unit_test(agree_on_damaged_metrics),
      cmocka_unit_test(agree_on_damaged_resources_and_scopes),
      cmocka_unit_test(agree_on_every_field_and_wire_type),
      cmocka_unit_test(agree_on_attributes_of_every_length),
      cmocka_unit_test(agree_on_integers_of_every_length),
      cmocka_unit_test(counts_the_points_of_all_five_kinds),
      cmocka_unit_test(counts_what_stands_of_a_oneof),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_repair.c: strings that are not UTF-8 are mended in their own part, and counted. */
#include "core/pdata/repair.h"

#include "unit/core/pdata/fixture.h"
#include "unit/core/pdata/sample.h"

#define FFFD "\xef\xbf\xbd"

static void mends_a_string_in_its_own_record_alone(void **state) {
  message bad = {0}, mended = {0}, good = {0}, list = {0}, group = {0}, request = {0};
  message good_list = {0}, good_group = {0}, expected = {0};
  put_text(&bad, 5, "caf\xe9");
  put_bytes(&bad, 1, "\xff\xff", 2);
  put_text(&mended, 5, "caf" FFFD);
  put_bytes(&mended, 1, "\xff\xff", 2); /* bytes are no text */
  put_text(&good, 5, "coffee");
  put_message(&list, 2, &good);
  put_message(&list, 2, &bad);
  put_message(&list, 2, &good);
  put_message(&group, 2, &list);
  put_message(&request, 1, &group);
  put_message(&good_list, 2, &good);
  put_message(&good_list, 2, &mended);
  put_message(&good_list, 2, &good);
  put_message(&good_group, 2, &good_list);
  put_message(&expected, 1, &good_group);
  assert_becomes(*state, NCL_SIGNAL_TRACES, &request, &expected);
  result got = take_message(*state, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.stats.repaired_strings, 1);
  assert_int_equal(got.stats.rewritten, 1);
  const ncl_record *records = ncl_batch_record(got.batch, 0);
  assert_true(records[2].ptr > records[0].ptr && records[2].ptr < records[0].ptr + request.len);
  ncl_batch_release(got.batch);
}

/* The same message twice, once with text that is not UTF-8 and once with what it becomes. */
static void put_deep_span(message *span, const char *text) {
  message value = {0}, list = {0}, pair = {0}, event = {0};
  put_text(span, 5, "name");
  put_int(span, 99, 5);
  put_text(&value, 1, text);
  for (int i = 0; i < 20; i++) {
    message entry = {0};
    put_text(&entry, 1, "key");
    put_message(&entry, 2, &value);
    list.len = value.len = 0;
    put_attribute(&list, 1, "before", "untouched");
    put_message(&list, 1, &entry);
    put_attribute(&list, 1, "after", "untouched, too");
    put_message(&value, 6, &list);
  }
  put_text(&pair, 1, text);
  put_message(&pair, 2, &value);
  put_attribute(&event, 3, "k", "v");
  put_message(&event, 3, &pair);
  put_text(&event, 2, "event");
  put_message(span, 11, &event);
  put_attribute(span, 9, "last", "of all");
}

static void mends_at_any_depth_and_lengthens_what_is_around(void **state) {
  message bad = {0}, good = {0}, request = {0}, expected = {0};
  put_deep_span(&bad, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
  put_deep_span(
      &good,
      FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD);
  wrap_record(&request, &bad);
  wrap_record(&expected, &good);
  assert_becomes(*state, NCL_SIGNAL_TRACES, &request, &expected);
  result got = take_message(*state, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.stats.repaired_strings, 2);
  ncl_batch_release(got.batch);
}

static void mends_resources_scopes_and_urls(void **state) {
  message resource = {0}, scope = {0}, list = {0}, group = {0}, request = {0};
  message good_resource = {0}, good_scope = {0}, good_list = {0}, good_group = {0}, expected = {0};
  put_attribute(&resource, 1, "service.name\x80", "\xc3");
  put_text(&scope, 2, "\xed\xa0\x80");
  put_message(&list, 1, &scope);
  put_text(&list, 3, "url \xfe");
  put_message(&group, 1, &resource);
  put_message(&group, 2, &list);
  put_text(&group, 3, "\xf0\x9f\x98");
  put_message(&request, 1, &group);
  put_attribute(&good_resource, 1, "service.name" FFFD, FFFD);
  put_text(&good_scope, 2, FFFD FFFD FFFD);
  put_message(&good_list, 1, &good_scope);
  put_text(&good_list, 3, "url " FFFD);
  put_message(&good_group, 1, &good_resource);
  put_message(&good_group, 2, &good_list);
  put_text(&good_group, 3, FFFD);
  put_message(&expected, 1, &good_group);
  assert_becomes(*state, NCL_SIGNAL_METRICS, &request, &expected);
  result got = take_message(*state, NCL_SIGNAL_METRICS, &request);
  assert_int_equal(got.stats.repaired_strings, 5);
  assert_int_equal(got.stats.rewritten, 4);
  ncl_batch_release(got.batch);
}

static void mends_what_comes_in_pieces(void **state) {
  message first = {0}, second = {0}, all = {0}, group = {0}, request = {0}, good_group = {0}, expected = {0};
  put_attribute(&first, 1, "k", "\xff");
  put_attribute(&second, 1, "l", "\xfe");
  put_message(&group, 1, &first);
  put_message(&group, 1, &second);
  put_message(&request, 1, &group);
  put_attribute(&all, 1, "k", FFFD);
  put_attribute(&all, 1, "l", FFFD);
  put_message(&good_group, 1, &all);
  put_message(&expected, 1, &good_group);
  assert_becomes(*state, NCL_SIGNAL_LOGS, &request, &expected);
}

static void leaves_headers_and_unknown_fields_as_they_came(void **state) {
  message pair = {0}, good_pair = {0}, span = {0}, good = {0}, sound = {0}, request = {0}, expected = {0};
  put_attribute(&sound, 9, "k", "v");
  put_wide_message(&span, 97, &sound);
  put_wide_message(&span, 11, &sound); /* an event, with a field that it does not have */
  put_text(&pair, 1, "\xff");
  put_text(&pair, 50, "\xff of an unknown field stays");
  put_wide_varint(&span, 9 << 3 | BYTES, 4);
  put_varint(&span, pair.len);
  put_raw(&span, pair.bytes, pair.len);
  put_wide_message(&good, 97, &sound);
  put_wide_message(&good, 11, &sound);
  put_text(&good_pair, 1, FFFD);
  put_text(&good_pair, 50, "\xff of an unknown field stays");
  put_wide_varint(&good, 9 << 3 | BYTES, 4);
  put_varint(&good, good_pair.len);
  put_raw(&good, good_pair.bytes, good_pair.len);
  wrap_record(&request, &span);
  wrap_record(&expected, &good);
  assert_becomes(*state, NCL_SIGNAL_TRACES, &request, &expected);
}

static void another_signal_has_no_text_but_its_urls(void **state) {
  message record = {0}, list = {0}, group = {0}, request = {0}, good_list = {0}, good_group = {0}, expected = {0};
  put_text(&record, 5, "\xff");
  put_message(&list, 2, &record);
  put_text(&list, 3, "\xff");
  put_message(&group, 2, &list);
  put_message(&request, 1, &group);
  put_message(&good_list, 2, &record);
  put_text(&good_list, 3, FFFD);
  put_message(&good_group, 2, &good_list);
  put_message(&expected, 1, &good_group);
  assert_becomes(*state, 4711, &request, &expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(mends_a_string_in_its_own_record_alone),
      POOL_TEST(mends_at_any_depth_and_lengthens_what_is_around),
      POOL_TEST(mends_resources_scopes_and_urls),
      POOL_TEST(mends_what_comes_in_pieces),
      POOL_TEST(leaves_headers_and_unknown_fields_as_they_came),
      POOL_TEST(another_signal_has_no_text_but_its_urls),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

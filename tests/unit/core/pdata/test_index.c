/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/test_index.c: the index of a request, and the canonical form of what is legal but rare. */
#include "core/pdata/index.h"

#include "unit/core/pdata/fixture.h"
#include "unit/core/pdata/sample.h"

static void takes_the_empty_request(void **state) {
  result got = take(*state, NCL_SIGNAL_TRACES, "", 0);
  assert_int_equal(got.status, NCL_OK);
  assert_int_equal(got.batch->items, 0);
  assert_int_equal(got.batch->wire_len, 0);
  assert_int_equal(got.batch->groups.count, 0);
  assert_null(got.batch->request.ptr);
  ncl_batch_release(got.batch);
}

static void canonical_requests_stay_byte_for_byte_in_their_place(void **state) {
  for (uint32_t signal = 1; signal <= 3; signal++) {
    message request = {0};
    put_sample_request(&request, signal);
    ncl_arena *arena = ncl_arena_open(*state, request.len);
    uint8_t *bytes = ncl_arena_alloc(arena, request.len);
    memcpy(bytes, request.bytes, request.len);
    const ncl_batch *batch;
    ncl_wire_stats stats = {9, 9};
    assert_int_equal(ncl_batch_from_wire(*state, signal, arena, bytes, request.len, &batch, NULL, &stats), NCL_OK);
    assert_int_equal(stats.rewritten, 0);
    assert_int_equal(stats.repaired_strings, 0);
    assert_int_equal(batch->signal, signal);
    assert_int_equal(batch->wire_len, request.len);
    assert_int_equal(batch->groups.count, 1);
    assert_int_equal(batch->scopes.count, 1);
    assert_int_equal(batch->records.count, signal == NCL_SIGNAL_METRICS ? 5 : 1);
    assert_int_equal(batch->items, signal == NCL_SIGNAL_METRICS ? 10 : 1);
    for (uint32_t i = 0; i < batch->records.count; i++) {
      const ncl_record *record = ncl_batch_record(batch, i);
      assert_true(record->ptr > bytes && record->ptr + record->len <= bytes + request.len);
      /* Records follow each other, so that an exporter can send them as one range. */
      if (i) assert_ptr_equal(record->ptr - ncl_field_head(record->len), record[-1].ptr + record[-1].len);
    }
    assert_memory_equal(ncl_batch_group(batch, 0)->schema_url.ptr, "https://opentelemetry.io/schemas/1.31.0", 39);
    assert_memory_equal(ncl_batch_scope(batch, 0)->schema_url.ptr, "https://opentelemetry.io/schemas/1.30.0", 39);
    check_index(batch);
    ncl_batch_release(batch);
    assert_becomes(*state, signal, &request, &request);
  }
}

static void tells_absent_parts_from_empty_ones(void **state) {
  message request = {0}, group = {0}, scope = {0}, nothing = {0};
  put_message(&scope, 1, &nothing);
  put_text(&scope, 3, "");
  put_message(&group, 2, &nothing);
  put_message(&group, 2, &scope);
  put_message(&request, 1, &group);
  put_message(&request, 1, &nothing);
  assert_becomes(*state, NCL_SIGNAL_LOGS, &request, &request);
  result got = take_message(*state, NCL_SIGNAL_LOGS, &request);
  assert_int_equal(got.status, NCL_OK);
  assert_null(ncl_batch_group(got.batch, 0)->resource.ptr);
  assert_null(ncl_batch_scope(got.batch, 0)->scope.ptr);
  assert_non_null(ncl_batch_scope(got.batch, 1)->scope.ptr);
  assert_int_equal(ncl_batch_scope(got.batch, 1)->scope.len, 0);
  assert_non_null(ncl_batch_scope(got.batch, 1)->schema_url.ptr);
  assert_int_equal(ncl_batch_group(got.batch, 1)->scope_count, 0);
  ncl_batch_release(got.batch);
}

static void records_without_content_are_records(void **state) {
  message request = {0}, nothing = {0};
  wrap_record(&request, &nothing);
  result got = take_message(*state, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.batch->items, 1);
  ncl_batch_release(got.batch);
  got = take_message(*state, NCL_SIGNAL_METRICS, &request);
  assert_int_equal(got.batch->items, 0); /* a metric without points */
  assert_int_equal(got.batch->records.count, 1);
  ncl_batch_release(got.batch);
}

static void long_headers_are_written_as_they_should_be(void **state) {
  message resource = {0}, scope = {0}, span = {0}, list = {0}, group = {0}, request = {0};
  message good_list = {0}, good_group = {0}, expected = {0}, url = {0};
  put_attribute(&resource, 1, "service.name", "checkout");
  put_text(&scope, 1, "scope");
  put_text(&span, 5, "span");
  PUT_RAW(&url, "url");
  put_wide_message(&list, 1, &scope);
  put_wide_message(&list, 2, &span);
  put_wide_message(&list, 3, &url);
  put_wide_message(&group, 1, &resource);
  put_wide_message(&group, 2, &list);
  put_wide_message(&group, 3, &url);
  put_wide_message(&request, 1, &group);
  put_message(&good_list, 1, &scope);
  put_message(&good_list, 2, &span);
  put_message(&good_list, 3, &url);
  put_message(&good_group, 1, &resource);
  put_message(&good_group, 2, &good_list);
  put_message(&good_group, 3, &url);
  put_message(&expected, 1, &good_group);
  assert_becomes(*state, NCL_SIGNAL_TRACES, &request, &expected);
  result got = take_message(*state, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.stats.rewritten, 5);
  assert_int_equal(got.stats.repaired_strings, 0);
  ncl_batch_release(got.batch);
}

static void long_headers_within_a_record_stay(void **state) {
  message name = {0}, span = {0}, request = {0};
  PUT_RAW(&name, "name");
  put_wide_message(&span, 5, &name);
  wrap_record(&request, &span);
  assert_becomes(*state, NCL_SIGNAL_TRACES, &request, &request);
}

static void pieces_of_a_resource_are_merged(void **state) {
  message first = {0}, second = {0}, third = {0}, all = {0}, scope = {0};
  message group = {0}, request = {0}, good_group = {0}, expected = {0};
  put_attribute(&first, 1, "a", "1");
  put_int(&second, 2, 7);
  put_attribute(&third, 1, "b", "2");
  put_int(&third, 2, 8);
  put_message(&group, 1, &first);
  put_message(&group, 2, &scope);
  put_wide_message(&group, 1, &second);
  put_text(&group, 9, "unknown");
  put_message(&group, 1, &third);
  put_message(&request, 1, &group);
  put_raw(&all, first.bytes, first.len);
  put_raw(&all, second.bytes, second.len);
  put_raw(&all, third.bytes, third.len);
  put_message(&good_group, 1, &all);
  put_message(&good_group, 2, &scope);
  put_text(&good_group, 9, "unknown");
  put_message(&expected, 1, &good_group);
  assert_becomes(*state, NCL_SIGNAL_LOGS, &request, &expected);
  result got = take_message(*state, NCL_SIGNAL_LOGS, &request);
  assert_int_equal(got.stats.rewritten, 1);
  ncl_batch_release(got.batch);
}

static void pieces_of_a_scope_are_merged(void **state) {
  message first = {0}, second = {0}, all = {0}, list = {0}, good = {0}, record = {0};
  message group = {0}, good_group = {0}, request = {0}, expected = {0};
  put_text(&first, 1, "old name");
  put_text(&second, 1, "new name");
  put_message(&list, 2, &record);
  put_message(&list, 1, &first);
  put_message(&list, 2, &record);
  put_message(&list, 1, &second);
  put_message(&group, 2, &list);
  put_message(&request, 1, &group);
  put_raw(&all, first.bytes, first.len);
  put_raw(&all, second.bytes, second.len);
  put_message(&good, 1, &all);
  put_message(&good, 2, &record);
  put_message(&good, 2, &record);
  put_message(&good_group, 2, &good);
  put_message(&expected, 1, &good_group);
  assert_becomes(*state, NCL_SIGNAL_METRICS, &request, &expected);
}

static void of_several_urls_the_last_one_stands(void **state) {
  message group = {0}, request = {0}, good = {0}, expected = {0};
  message wide = {0};
  PUT_RAW(&wide, "with a header longer than it need be");
  put_text(&group, 3, "\xff not even UTF-8");
  put_wide_message(&group, 3, &wide);
  put_text(&group, 3, "second");
  put_message(&request, 1, &group);
  put_text(&good, 3, "second");
  put_message(&expected, 1, &good);
  assert_becomes(*state, NCL_SIGNAL_TRACES, &request, &expected);
  result got = take_message(*state, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.stats.rewritten, 0);
  assert_int_equal(got.stats.repaired_strings, 0);
  ncl_batch_release(got.batch);
}

static void fields_in_odd_order_find_their_place(void **state) {
  message resource = {0}, scope = {0}, span = {0}, list = {0}, group = {0}, request = {0};
  message good_list = {0}, good_group = {0}, expected = {0};
  put_attribute(&resource, 1, "a", "1");
  put_text(&scope, 1, "scope");
  put_text(&span, 5, "name");
  put_text(&list, 3, "list url");
  put_message(&list, 2, &span);
  put_message(&list, 1, &scope);
  put_text(&group, 3, "group url");
  put_message(&group, 2, &list);
  put_message(&group, 1, &resource);
  put_message(&request, 1, &group);
  put_message(&good_list, 1, &scope);
  put_message(&good_list, 2, &span);
  put_text(&good_list, 3, "list url");
  put_message(&good_group, 1, &resource);
  put_message(&good_group, 2, &good_list);
  put_text(&good_group, 3, "group url");
  put_message(&expected, 1, &good_group);
  assert_becomes(*state, NCL_SIGNAL_TRACES, &request, &expected);
  result got = take_message(*state, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.stats.rewritten, 0); /* only the order of the envelope changed, which no range shows */
  ncl_batch_release(got.batch);
}

static void unknown_fields_of_an_envelope_are_kept_in_order(void **state) {
  message span = {0}, list = {0}, group = {0}, request = {0}, rest = {0}, wide = {0};
  put_text(&span, 5, "name");
  PUT_RAW(&wide, "a header longer than it need be");
  put_int(&list, 1000, 1);
  put_message(&list, 2, &span);
  put_wide_message(&list, 77, &wide);
  put_fixed32(&list, 76, 1);
  put_message(&list, 2, &span);
  put_tag(&list, 75, GROUP);
  put_int(&list, 1, 1);
  put_tag(&list, 75, GROUP_END);
  put_fixed64(&list, 74, 1);
  put_int(&rest, 1000, 1);
  put_wide_message(&rest, 77, &wide);
  put_fixed32(&rest, 76, 1);
  put_tag(&rest, 75, GROUP);
  put_int(&rest, 1, 1);
  put_tag(&rest, 75, GROUP_END);
  put_fixed64(&rest, 74, 1);
  put_int(&group, 1000, 2);
  put_message(&group, 2, &list);
  put_int(&request, 1000, 3);
  put_message(&request, 1, &group);
  put_int(&request, 1001, 4);
  result got = take_message(*state, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.status, NCL_OK);
  const ncl_scope *scope = ncl_batch_scope(got.batch, 0);
  assert_int_equal(scope->record_count, 2);
  assert_int_equal(scope->rest.len, rest.len);
  assert_memory_equal(scope->rest.ptr, rest.bytes, rest.len);
  message of_group = {0}, of_request = {0};
  put_int(&of_group, 1000, 2);
  put_int(&of_request, 1000, 3);
  put_int(&of_request, 1001, 4);
  assert_int_equal(ncl_batch_group(got.batch, 0)->rest.len, of_group.len);
  assert_memory_equal(ncl_batch_group(got.batch, 0)->rest.ptr, of_group.bytes, of_group.len);
  assert_int_equal(got.batch->request.len, of_request.len);
  assert_memory_equal(got.batch->request.ptr, of_request.bytes, of_request.len);
  assert_int_equal(got.batch->wire_len, request.len);
  assert_int_equal(got.stats.rewritten, 2); /* two remainders that lay in pieces */
  ncl_batch_release(got.batch);
}

static void indexes_many_of_everything(void **state) {
  message span = {0}, list = {0}, group = {0}, request = {0};
  put_text(&span, 5, "n");
  for (int i = 0; i < 30; i++)
    put_message(&list, 2, &span);
  for (int i = 0; i < 3; i++)
    put_message(&group, 2, &list);
  for (int i = 0; i < 30; i++)
    put_message(&request, 1, &group);
  result got = take_message(*state, NCL_SIGNAL_TRACES, &request);
  assert_int_equal(got.status, NCL_OK);
  assert_int_equal(got.batch->groups.count, 30);
  assert_int_equal(got.batch->scopes.count, 90);
  assert_int_equal(got.batch->records.count, 2700);
  assert_int_equal(got.batch->items, 2700);
  for (uint32_t i = 0; i < 90; i++)
    assert_int_equal(ncl_batch_scope(got.batch, i)->first_record, i * 30);
  ncl_batch_release(got.batch);
  assert_becomes(*state, NCL_SIGNAL_TRACES, &request, &request);
}

static void an_invented_signal_has_an_index_too(void **state) {
  message record = {0}, scope = {0}, list = {0}, resource = {0}, group = {0}, dictionary = {0}, request = {0};
  put_int(&record, 1, 5);
  put_fixed64(&record, 9, 5);
  put_bytes(&record, 2, "\xff\xff", 2);
  put_int(&scope, 7, 7);
  put_fixed32(&resource, 1, 1);
  put_message(&list, 1, &scope);
  put_message(&list, 2, &record);
  put_message(&list, 2, &record);
  put_text(&list, 3, "url");
  put_message(&group, 1, &resource);
  put_message(&group, 2, &list);
  put_text(&group, 3, "url");
  put_text(&dictionary, 1, "words");
  put_message(&request, 1, &group);
  put_message(&request, 2, &dictionary);
  assert_becomes(*state, 4711, &request, &request);
  result got = take_message(*state, 4711, &request);
  assert_int_equal(got.batch->signal, 4711);
  assert_int_equal(got.batch->items, 2);
  assert_int_equal(got.batch->request.len, dictionary.len + 2);
  assert_int_equal(ncl_batch_record(got.batch, 1)->len, record.len);
  ncl_batch_release(got.batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      POOL_TEST(takes_the_empty_request),
      POOL_TEST(canonical_requests_stay_byte_for_byte_in_their_place),
      POOL_TEST(tells_absent_parts_from_empty_ones),
      POOL_TEST(records_without_content_are_records),
      POOL_TEST(long_headers_are_written_as_they_should_be),
      POOL_TEST(long_headers_within_a_record_stay),
      POOL_TEST(pieces_of_a_resource_are_merged),
      POOL_TEST(pieces_of_a_scope_are_merged),
      POOL_TEST(of_several_urls_the_last_one_stands),
      POOL_TEST(fields_in_odd_order_find_their_place),
      POOL_TEST(unknown_fields_of_an_envelope_are_kept_in_order),
      POOL_TEST(indexes_many_of_everything),
      POOL_TEST(an_invented_signal_has_an_index_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

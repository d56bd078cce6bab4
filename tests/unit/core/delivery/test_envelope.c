/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/envelope.h: what is written reads the same, and nothing else is believed. */
#include "core/delivery/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const ncl_pair two[] = {{NCL_STR("x-tenant"), NCL_STR("a")}, {NCL_STR("empty"), NCL_STR("")}};

/* An entry with these pairs around "request", in one allocation of exactly its size. */
static ncl_range entry_of(const ncl_array *pairs) {
  static const ncl_range pieces[] = {{(const uint8_t *)"req", 3}, {NULL, 0}, {(const uint8_t *)"uest", 4}};
  static const ncl_array request = {pieces, 3, sizeof pieces[0]};
  ncl_envelope head = {.signal = 1, .items = 7, .enqueued_ns = 1234567890123456789};
  size_t size = ncl_envelope_size(pairs);
  uint8_t *bytes = malloc(size + 7);
  ncl_envelope_write(&head, pairs, &request, bytes);
  memcpy(bytes + size, "request", 7);
  return (ncl_range){bytes, size + 7};
}

static void reads_what_was_written(void **state) {
  ncl_array pairs = NCL_ARRAY(two);
  ncl_range entry = entry_of(&pairs);
  ncl_envelope e;
  ncl_pair pair;
  (void)state;
  assert_null(ncl_envelope_read(entry, &e));
  assert_int_equal(e.signal, 1);
  assert_int_equal(e.items, 7);
  assert_true(e.enqueued_ns == 1234567890123456789);
  assert_int_equal(e.request.len, 7);
  assert_memory_equal(e.request.ptr, "request", 7);
  assert_true(ncl_envelope_pair(&e.metadata, &pair));
  assert_memory_equal(pair.name.ptr, "x-tenant", pair.name.len);
  assert_memory_equal(pair.value.ptr, "a", pair.value.len);
  assert_true(ncl_envelope_pair(&e.metadata, &pair));
  assert_int_equal(pair.value.len, 0);
  assert_false(ncl_envelope_pair(&e.metadata, &pair));
  free((void *)(uintptr_t)entry.ptr);
}

/* Version and number of pairs are in front of the checksum: the first is compared, the second is not used. */
static void notices_every_changed_byte(void **state) {
  ncl_array pairs = NCL_ARRAY(two);
  ncl_range entry = entry_of(&pairs);
  uint8_t *bytes = (uint8_t *)(uintptr_t)entry.ptr;
  ncl_envelope e;
  (void)state;
  for (size_t i = 0; i < entry.len; i++) {
    if (i == 6 || i == 7) continue;
    bytes[i] ^= 0x10;
    assert_non_null(ncl_envelope_read(entry, &e));
    bytes[i] ^= 0x10;
  }
  assert_null(ncl_envelope_read(entry, &e));
  free(bytes);
}

static void notices_every_cut(void **state) {
  ncl_array pairs = {NULL, 0, sizeof(ncl_pair)};
  ncl_range entry = entry_of(&pairs);
  ncl_envelope e;
  (void)state;
  for (size_t len = 0; len < entry.len; len++)
    assert_non_null(ncl_envelope_read((ncl_range){entry.ptr, len}, &e));
  free((void *)(uintptr_t)entry.ptr);
}

static void leaves_out_metadata_beyond_its_limit(void **state) {
  static const char large[60000] = "v";
  const ncl_pair many[] = {{NCL_STR("a"), {large, sizeof large}}, {NCL_STR("b"), {large, sizeof large}}};
  ncl_array pairs = {many, 2, sizeof many[0]};
  ncl_range entry = entry_of(&pairs);
  ncl_envelope e;
  (void)state;
  assert_null(ncl_envelope_read(entry, &e));
  assert_int_equal(e.pair_count, 1);
  assert_in_range(e.metadata.len, sizeof large, NCL_ENVELOPE_METADATA_MAX);
  free((void *)(uintptr_t)entry.ptr);
}

/* RFC 3720, B.4 */
static void computes_crc32c(void **state) {
  uint8_t bytes[32];
  (void)state;
  memset(bytes, 0, sizeof bytes);
  assert_int_equal(ncl_crc32c(0, bytes, 32), 0x8a9136aa);
  memset(bytes, 0xff, sizeof bytes);
  assert_int_equal(ncl_crc32c(0, bytes, 32), 0x62a8ab43);
  for (uint8_t i = 0; i < 32; i++)
    bytes[i] = i;
  assert_int_equal(ncl_crc32c(0, bytes, 32), 0x46dd794e);
  for (size_t cut = 0; cut <= 32; cut++)
    assert_int_equal(ncl_crc32c(ncl_crc32c(0, bytes, cut), bytes + cut, 32 - cut), 0x46dd794e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_was_written), cmocka_unit_test(notices_every_changed_byte),
      cmocka_unit_test(notices_every_cut),      cmocka_unit_test(leaves_out_metadata_beyond_its_limit),
      cmocka_unit_test(computes_crc32c),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

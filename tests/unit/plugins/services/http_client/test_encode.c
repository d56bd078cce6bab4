/* SPDX-License-Identifier: Apache-2.0 */
/* Compression there and back again, and what a bomb may take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/services/http_client/encode.h"

#define SIZE ((size_t)300000)

static const uint32_t encodings[] = {NCL_HTTP_ENCODING_GZIP, NCL_HTTP_ENCODING_ZSTD, NCL_HTTP_ENCODING_DEFLATE};

static uint8_t *text_of(size_t size) {
  uint8_t *text = malloc(size);
  for (size_t i = 0; i < size; i++)
    text[i] = (uint8_t)("span name and its attributes "[i * i % 29]);
  return text;
}

static ncl_range compressed(uint32_t encoding, int32_t level, ncl_range plain) {
  size_t size = ncl_http_compress_bound(encoding, plain.len);
  uint8_t *into = malloc(size);
  ncl_http_compressor *compressor = ncl_http_compressor_new(encoding, level);
  size_t len = ncl_http_compress(compressor, plain, into, size);
  assert_true(len > 0);
  assert_int_equal(ncl_http_compress(compressor, plain, into, size), len); /* and once more */
  ncl_http_compressor_free(compressor);
  return (ncl_range){into, len};
}

static void gives_back_what_it_got(void **state) {
  (void)state;
  uint8_t *text = text_of(SIZE);
  for (size_t i = 0; i < 3; i++) {
    for (int32_t level = 0; level <= 12; level += 6) {
      ncl_http_buffer out = {0};
      ncl_range packed = compressed(encodings[i], level, (ncl_range){text, SIZE});
      assert_true(packed.len < SIZE / 2);
      assert_null(ncl_http_decompress(encodings[i], packed, &out, SIZE));
      assert_int_equal(out.len, SIZE);
      assert_memory_equal(out.ptr, text, SIZE);
      ncl_http_buffer_clear(&out, 0);
      free((void *)(uintptr_t)packed.ptr);
    }
  }
  free(text);
}

static void stops_at_the_limit(void **state) {
  (void)state;
  uint8_t *zeros = calloc(1, SIZE);
  for (size_t i = 0; i < 3; i++) {
    ncl_http_buffer out = {0};
    ncl_range packed = compressed(encodings[i], 1, (ncl_range){zeros, SIZE});
    assert_non_null(ncl_http_decompress(encodings[i], packed, &out, SIZE - 1));
    assert_true(out.size < SIZE);
    ncl_http_buffer_clear(&out, 0);
    free((void *)(uintptr_t)packed.ptr);
  }
  free(zeros);
}

static void refuses_damaged_data(void **state) {
  (void)state;
  uint8_t *text = text_of(1000);
  for (size_t i = 0; i < 3; i++) {
    ncl_range packed = compressed(encodings[i], 1, (ncl_range){text, 1000});
    uint8_t *copy = malloc(packed.len);
    for (size_t cut = 0; cut < packed.len; cut++) {
      ncl_http_buffer out = {0};
      assert_non_null(ncl_http_decompress(encodings[i], (ncl_range){packed.ptr, cut}, &out, 100000));
      ncl_http_buffer_clear(&out, 0);
    }
    for (size_t at = 0; at < packed.len; at++) {
      ncl_http_buffer out = {0};
      memcpy(copy, packed.ptr, packed.len);
      copy[at] ^= 0x55;
      (void)ncl_http_decompress(encodings[i], (ncl_range){copy, packed.len}, &out, 100000); /* must not crash */
      ncl_http_buffer_clear(&out, 0);
    }
    free(copy);
    free((void *)(uintptr_t)packed.ptr);
  }
  free(text);
}

static void knows_the_names(void **state) {
  uint32_t encoding;
  (void)state;
  assert_string_equal(ncl_http_encoding_name(NCL_HTTP_ENCODING_GZIP), "gzip");
  assert_string_equal(ncl_http_encoding_name(NCL_HTTP_ENCODING_ZSTD), "zstd");
  assert_string_equal(ncl_http_encoding_name(NCL_HTTP_ENCODING_DEFLATE), "deflate");
  assert_true(ncl_http_encoding_of((ncl_str)NCL_STR("GZIP"), &encoding));
  assert_int_equal(encoding, NCL_HTTP_ENCODING_GZIP);
  assert_true(ncl_http_encoding_of((ncl_str)NCL_STR("identity"), &encoding));
  assert_int_equal(encoding, NCL_HTTP_ENCODING_NONE);
  assert_true(ncl_http_encoding_of((ncl_str)NCL_STR(""), &encoding));
  assert_int_equal(encoding, NCL_HTTP_ENCODING_NONE);
  assert_false(ncl_http_encoding_of((ncl_str)NCL_STR("br"), &encoding));
}

static void knows_the_levels(void **state) {
  (void)state;
  assert_true(ncl_http_level_is_valid(NCL_HTTP_ENCODING_GZIP, 0));
  assert_true(ncl_http_level_is_valid(NCL_HTTP_ENCODING_GZIP, 12));
  assert_false(ncl_http_level_is_valid(NCL_HTTP_ENCODING_GZIP, 13));
  assert_true(ncl_http_level_is_valid(NCL_HTTP_ENCODING_ZSTD, 19));
  assert_false(ncl_http_level_is_valid(NCL_HTTP_ENCODING_ZSTD, 20));
  assert_false(ncl_http_level_is_valid(NCL_HTTP_ENCODING_DEFLATE, -1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_back_what_it_got), cmocka_unit_test(stops_at_the_limit),
      cmocka_unit_test(refuses_damaged_data),   cmocka_unit_test(knows_the_names),
      cmocka_unit_test(knows_the_levels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Compression there and back again, and what a bomb may take. */
#include "plugins/services/http_client/encode.h"
#include "unit/plugins/services/http_client/unpack.h"

#define SIZE ((size_t)300000)

static ncl_http_codecs codecs; /* as the service has them */

static const uint32_t encodings[] = {NCL_HTTP_ENCODING_GZIP, NCL_HTTP_ENCODING_ZSTD, NCL_HTTP_ENCODING_DEFLATE};

static uint8_t *text_of(size_t size) {
  uint8_t *text = malloc(size);
  for (size_t i = 0; i < size; i++)
    text[i] = (uint8_t)("span name and its attributes "[i * i % 29]);
  return text;
}

static ncl_range compressed(uint32_t encoding, int32_t level, ncl_range plain) {
  assert_null(ncl_http_codecs_load(&codecs, encoding));
  size_t size = ncl_http_compress_bound(&codecs, encoding, plain.len);
  uint8_t *into = malloc(size);
  ncl_http_compressor *compressor = ncl_http_compressor_new(&codecs, encoding, level);
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
      assert_null(ncl_http_decompress(&codecs, encodings[i], packed, &out, SIZE));
      assert_int_equal(out.len, SIZE);
      assert_memory_equal(out.ptr, text, SIZE);
      ncl_http_buffer_clear(&out, 0);
      free((void *)(uintptr_t)packed.ptr);
    }
  }
  free(text);
}

/* Sizes around a block of the framing format; what cannot get smaller, too. */
static void every_encoding_gives_back_every_size(void **state) {
  static const size_t sizes[] = {1, 7, 65535, 65536, 65537, 200000};
  (void)state;
  uint8_t *text = text_of(200000), *noise = malloc(200000);
  uint32_t seed = 1;
  for (size_t i = 0; i < 200000; i++) {
    seed = seed * 1664525u + 1013904223u;
    noise[i] = (uint8_t)(seed >> 24);
  }
  for (uint32_t encoding = NCL_HTTP_ENCODING_GZIP; encoding <= NCL_HTTP_ENCODING_LZ4; encoding++) {
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
      const uint8_t *both[] = {text, noise};
      for (size_t j = 0; j < 2; j++) {
        ncl_range packed = compressed(encoding, 0, (ncl_range){both[j], sizes[i]});
        assert_true(j == 1 || sizes[i] < 1000 || packed.len < sizes[i] / 2);
        assert_unpacks(encoding, packed, both[j], sizes[i]);
        free((void *)(uintptr_t)packed.ptr);
      }
    }
  }
  free(noise);
  free(text);
}

static void stops_at_the_limit(void **state) {
  (void)state;
  uint8_t *zeros = calloc(1, SIZE);
  for (size_t i = 0; i < 3; i++) {
    ncl_http_buffer out = {0};
    ncl_range packed = compressed(encodings[i], 1, (ncl_range){zeros, SIZE});
    assert_non_null(ncl_http_decompress(&codecs, encodings[i], packed, &out, SIZE - 1));
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
      assert_non_null(ncl_http_decompress(&codecs, encodings[i], (ncl_range){packed.ptr, cut}, &out, 100000));
      ncl_http_buffer_clear(&out, 0);
    }
    for (size_t at = 0; at < packed.len; at++) {
      ncl_http_buffer out = {0};
      memcpy(copy, packed.ptr, packed.len);
      copy[at] ^= 0x55;
      (void)ncl_http_decompress(&codecs, encodings[i], (ncl_range){copy, packed.len}, &out,
                                100000); /* must not crash */
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
  assert_string_equal(ncl_http_encoding_name(NCL_HTTP_ENCODING_GZIP, false), "gzip");
  assert_string_equal(ncl_http_encoding_name(NCL_HTTP_ENCODING_ZSTD, false), "zstd");
  assert_string_equal(ncl_http_encoding_name(NCL_HTTP_ENCODING_DEFLATE, false), "deflate");
  assert_string_equal(ncl_http_encoding_name(NCL_HTTP_ENCODING_SNAPPY_FRAMED, false), "x-snappy-framed");
  assert_string_equal(ncl_http_encoding_name(NCL_HTTP_ENCODING_SNAPPY_FRAMED, true), "snappy");
  assert_true(ncl_http_encoding_of((ncl_str)NCL_STR("GZIP"), &encoding));
  assert_int_equal(encoding, NCL_HTTP_ENCODING_GZIP);
  assert_true(ncl_http_encoding_of((ncl_str)NCL_STR("identity"), &encoding));
  assert_int_equal(encoding, NCL_HTTP_ENCODING_NONE);
  assert_true(ncl_http_encoding_of((ncl_str)NCL_STR(""), &encoding));
  assert_int_equal(encoding, NCL_HTTP_ENCODING_NONE);
  assert_false(ncl_http_encoding_of((ncl_str)NCL_STR("br"), &encoding));
  assert_false(ncl_http_encoding_of((ncl_str)NCL_STR("lz4"), &encoding)); /* was not offered */
}

static void knows_the_levels(void **state) {
  (void)state;
  assert_true(ncl_http_level_is_valid(NCL_HTTP_ENCODING_GZIP, 0));
  assert_true(ncl_http_level_is_valid(NCL_HTTP_ENCODING_GZIP, 12));
  assert_false(ncl_http_level_is_valid(NCL_HTTP_ENCODING_GZIP, 13));
  assert_true(ncl_http_level_is_valid(NCL_HTTP_ENCODING_ZSTD, 19));
  assert_false(ncl_http_level_is_valid(NCL_HTTP_ENCODING_ZSTD, 20));
  assert_false(ncl_http_level_is_valid(NCL_HTTP_ENCODING_DEFLATE, -1));
  assert_true(ncl_http_level_is_valid(NCL_HTTP_ENCODING_LZ4, 0));
  assert_false(ncl_http_level_is_valid(NCL_HTTP_ENCODING_LZ4, 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gives_back_what_it_got), cmocka_unit_test(every_encoding_gives_back_every_size),
      cmocka_unit_test(stops_at_the_limit),     cmocka_unit_test(refuses_damaged_data),
      cmocka_unit_test(knows_the_names),        cmocka_unit_test(knows_the_levels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

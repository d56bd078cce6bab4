/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed bodies, made by the libraries' own compressors: what comes out, and what a bomb may take. */
#include "unit/plugins/services/http_server/loop_host.h"

#include <dlfcn.h>
#include <libdeflate.h>
#include <lz4frame.h>
#include <zstd.h>

#include "plugins/services/http_server/decode.h"

typedef struct fixture {
  loop_host host;
  ncl_blocks blocks;
  ncl_decoders decoders;
  uint8_t *room;
  size_t largest; /* that was asked for */
  uint32_t makes;
  uint8_t *out;
  size_t out_len;
} fixture;

static uint8_t *make_room(void *arg, size_t size) {
  fixture *f = arg;
  free(f->room);
  f->room = malloc(size > 0 ? size : 1);
  if (size > f->largest) f->largest = size;
  f->makes++;
  return f->room;
}

static int open_fixture(void **state) {
  fixture *f = calloc(1, sizeof(*f));
  loop_host_open(&f->host);
  ncl_blocks_init(&f->blocks, &f->host.table, loop_host_me(&f->host));
  f->decoders.blocks = &f->blocks;
  *state = f;
  return 0;
}

static int close_fixture(void **state) {
  fixture *f = *state;
  ncl_decoders_end(&f->decoders);
  ncl_blocks_end(&f->blocks);
  loop_host_close(&f->host);
  free(f->room);
  free(f);
  return 0;
}

static uint32_t decode(fixture *f, uint32_t encoding, const void *data, size_t len, size_t limit) {
  ncl_decode_room room = {make_room, f};
  /* Exactly as large as the data, so that reading beyond its end is seen. */
  uint8_t *copy = malloc(len > 0 ? len : 1);
  if (len > 0) memcpy(copy, data, len);
  ncl_range in = {copy, len};
  f->largest = 0;
  f->makes = 0;
  uint32_t result = ncl_body_decode(&f->decoders, encoding, in, limit, &room, &f->out, &f->out_len);
  free(copy);
  return result;
}

/* Text that compresses like telemetry: repetitive, not constant. */
static void fill(uint8_t *text, size_t len) {
  for (size_t i = 0; i < len; i++)
    text[i] = (uint8_t)((uint8_t) "attribute.name=value;"[i % 21] + (i / 1000) % 7);
}

typedef struct sample {
  uint8_t *bytes;
  size_t len;
} sample;

static sample new_sample(size_t cap) {
  sample made = {malloc(cap), cap};
  assert_non_null(made.bytes);
  return made;
}

static sample deflated(const uint8_t *text, size_t len,
                       size_t (*compress)(struct libdeflate_compressor *, const void *, size_t, void *, size_t)) {
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
  sample made = new_sample(len + 1024);
  made.len = compress(compressor, text, len, made.bytes, made.len);
  libdeflate_free_compressor(compressor);
  assert_true(made.len > 0);
  return made;
}

static sample zstd_streamed(const uint8_t *text, size_t len) {
  ZSTD_CCtx *context = ZSTD_createCCtx();
  sample made = new_sample(ZSTD_compressBound(len));
  ZSTD_outBuffer out = {made.bytes, made.len, 0};
  ZSTD_inBuffer in = {text, len, 0};
  while (in.pos < in.size)
    assert_false(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue)));
  while (ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) != 0) {
  }
  made.len = out.pos;
  ZSTD_freeCCtx(context);
  return made;
}

static void assert_round_trip(fixture *f, uint32_t encoding, sample packed, const uint8_t *text, size_t len) {
  assert_int_equal(decode(f, encoding, packed.bytes, packed.len, 64 << 20), NCL_DECODE_OK);
  assert_int_equal(f->out_len, len);
  assert_memory_equal(f->out, text, len);
  /* A limit of exactly its size is enough, one byte less is not, and never is more room taken than the limit. */
  assert_int_equal(decode(f, encoding, packed.bytes, packed.len, len), NCL_DECODE_OK);
  assert_int_equal(f->out_len, len);
  assert_true(f->largest <= len);
  assert_int_equal(decode(f, encoding, packed.bytes, packed.len, len - 1), NCL_DECODE_SIZE);
  assert_true(f->largest <= len - 1);
}

static void assert_refuses_damage(fixture *f, uint32_t encoding, sample packed) {
  for (size_t cut = 0; cut < packed.len; cut += 1 + packed.len / 37) {
    assert_int_not_equal(decode(f, encoding, packed.bytes, cut, 1 << 20), NCL_DECODE_OK);
  }
  assert_int_equal(decode(f, encoding, "not compressed at all, really", 29, 1 << 20), NCL_DECODE_BROKEN);
}

static void unpacks_gzip_in_one_go(void **state) {
  fixture *f = *state;
  static uint8_t text[300000];
  fill(text, sizeof(text));
  sample packed = deflated(text, sizeof(text), libdeflate_gzip_compress);
  assert_int_equal(decode(f, NCL_ENCODING_GZIP, packed.bytes, packed.len, 20 << 20), NCL_DECODE_OK);
  assert_int_equal(f->makes, 1);
  assert_int_equal(f->largest, sizeof(text));
  assert_round_trip(f, NCL_ENCODING_GZIP, packed, text, sizeof(text));
  assert_refuses_damage(f, NCL_ENCODING_GZIP, packed);
  free(packed.bytes);
}

static void unpacks_gzip_of_several_members(void **state) {
  fixture *f = *state;
  static uint8_t text[100000];
  fill(text, sizeof(text));
  sample first = deflated(text, 90000, libdeflate_gzip_compress);
  sample second = deflated(text + 90000, 10000, libdeflate_gzip_compress);
  sample both = new_sample(first.len + second.len);
  memcpy(both.bytes, first.bytes, first.len);
  memcpy(both.bytes + first.len, second.bytes, second.len);
  assert_round_trip(f, NCL_ENCODING_GZIP, both, text, sizeof(text));
  free(first.bytes);
  free(second.bytes);
  free(both.bytes);
}

static void unpacks_zlib_and_raw_deflate(void **state) {
  fixture *f = *state;
  static uint8_t text[200000];
  fill(text, sizeof(text));
  sample zlib = deflated(text, sizeof(text), libdeflate_zlib_compress);
  assert_round_trip(f, NCL_ENCODING_ZLIB, zlib, text, sizeof(text));
  assert_refuses_damage(f, NCL_ENCODING_ZLIB, zlib);
  sample raw = deflated(text, sizeof(text), libdeflate_deflate_compress);
  assert_round_trip(f, NCL_ENCODING_ZLIB, raw, text, sizeof(text));
  free(zlib.bytes);
  free(raw.bytes);
}

static void unpacks_zstd_with_and_without_its_size(void **state) {
  fixture *f = *state;
  static uint8_t text[3000000];
  fill(text, sizeof(text));
  sample sized = new_sample(ZSTD_compressBound(sizeof(text)));
  sized.len = ZSTD_compress(sized.bytes, sized.len, text, sizeof(text), 1);
  assert_round_trip(f, NCL_ENCODING_ZSTD, sized, text, sizeof(text));
  assert_refuses_damage(f, NCL_ENCODING_ZSTD, sized);
  sample streamed = zstd_streamed(text, sizeof(text));
  assert_int_equal(ZSTD_getFrameContentSize(streamed.bytes, streamed.len), ZSTD_CONTENTSIZE_UNKNOWN);
  assert_round_trip(f, NCL_ENCODING_ZSTD, streamed, text, sizeof(text));
  assert_refuses_damage(f, NCL_ENCODING_ZSTD, streamed);
  free(sized.bytes);
  free(streamed.bytes);
}

static void unpacks_lz4_frames(void **state) {
  fixture *f = *state;
  static uint8_t text[700000];
  fill(text, sizeof(text));
  sample packed = new_sample(LZ4F_compressFrameBound(sizeof(text), NULL));
  packed.len = LZ4F_compressFrame(packed.bytes, packed.len, text, sizeof(text), NULL);
  assert_round_trip(f, NCL_ENCODING_LZ4, packed, text, sizeof(text));
  assert_refuses_damage(f, NCL_ENCODING_LZ4, packed);
  free(packed.bytes);
}

/* snappy's compressor, from the library that the decoder loads too. */
static sample snappy_block(const uint8_t *text, size_t len) {
  void *library = dlopen("libsnappy.so.1", RTLD_NOW | RTLD_LOCAL);
  int (*compress)(const char *, size_t, char *, size_t *);
  sample made = new_sample(32 + len + len / 6);
  assert_non_null(library);
  void *symbol = dlsym(library, "snappy_compress");
  memcpy(&compress, &symbol, sizeof(symbol));
  assert_int_equal(compress((const char *)text, len, (char *)made.bytes, &made.len), 0);
  dlclose(library);
  return made;
}

static void unpacks_snappy_blocks(void **state) {
  fixture *f = *state;
  static uint8_t text[200000];
  fill(text, sizeof(text));
  sample packed = snappy_block(text, sizeof(text));
  assert_round_trip(f, NCL_ENCODING_SNAPPY, packed, text, sizeof(text));
  assert_refuses_damage(f, NCL_ENCODING_SNAPPY, packed);
  /* A length that no input of this size can make is not believed. */
  assert_int_equal(decode(f, NCL_ENCODING_SNAPPY, "\xff\xff\xff\x03\0\0", 6, 20 << 20), NCL_DECODE_BROKEN);
  assert_int_equal(f->makes, 0);
  free(packed.bytes);
}

/* The stream identifier and the head of a chunk of type 1 (not compressed) with a checksum and 9 bytes. */
static const uint8_t snappy_framed[] = {0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y', 1, 13, 0, 0};

static void unpacks_framed_snappy_and_checks_sums(void **state) {
  fixture *f = *state;
  uint8_t frame[10 + 4 + 4 + 9];
  uint32_t crc = 0xe3069283u, /* CRC-32C of "123456789", its published check value */
      masked = (crc >> 15 | crc << 17) + 0xa282ead8u;
  memcpy(frame, snappy_framed, sizeof(snappy_framed));
  for (int i = 0; i < 4; i++)
    frame[14 + i] = (uint8_t)(masked >> 8 * i);
  memcpy(frame + 18, "123456789", 9);
  assert_int_equal(decode(f, NCL_ENCODING_SNAPPY, frame, sizeof(frame), 1000), NCL_DECODE_OK);
  assert_int_equal(f->out_len, 9);
  assert_memory_equal(f->out, "123456789", 9);
  assert_int_equal(decode(f, NCL_ENCODING_SNAPPY, frame, sizeof(frame), 8), NCL_DECODE_SIZE);
  frame[20]++;
  assert_int_equal(decode(f, NCL_ENCODING_SNAPPY, frame, sizeof(frame), 1000), NCL_DECODE_BROKEN);
  frame[20]--;
  frame[10] = 0x02; /* a reserved chunk that must not be skipped */
  assert_int_equal(decode(f, NCL_ENCODING_SNAPPY, frame, sizeof(frame), 1000), NCL_DECODE_BROKEN);
  frame[10] = 0x80; /* one that may */
  assert_int_equal(decode(f, NCL_ENCODING_SNAPPY, frame, sizeof(frame), 1000), NCL_DECODE_OK);
  assert_int_equal(f->out_len, 0);
}

static void bounds_what_a_bomb_takes(void **state) {
  fixture *f = *state;
  const size_t size = 100 << 20, limit = 1 << 20;
  uint8_t *zeros = calloc(1, size);
  assert_non_null(zeros);
  sample gzip = deflated(zeros, size, libdeflate_gzip_compress);
  sample zlib = deflated(zeros, size, libdeflate_zlib_compress);
  sample zstd = zstd_streamed(zeros, size);
  const sample bombs[] = {gzip, zlib, zstd};
  const uint32_t encodings[] = {NCL_ENCODING_GZIP, NCL_ENCODING_ZLIB, NCL_ENCODING_ZSTD};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(decode(f, encodings[i], bombs[i].bytes, bombs[i].len, limit), NCL_DECODE_SIZE);
    assert_true(f->largest <= limit);
    free(bombs[i].bytes);
  }
  free(zeros);
}

static void says_when_there_is_no_memory(void **state) {
  fixture *f = *state;
  sample packed = deflated((const uint8_t *)"text", 4, libdeflate_gzip_compress);
  ncl_pool_set_budget(f->host.pool, 0);
  assert_int_equal(decode(f, NCL_ENCODING_GZIP, packed.bytes, packed.len, 100), NCL_DECODE_MEMORY);
  assert_int_equal(decode(f, NCL_ENCODING_LZ4, packed.bytes, packed.len, 100), NCL_DECODE_MEMORY);
  ncl_pool_set_budget(f->host.pool, UINT64_MAX);
  assert_int_equal(decode(f, NCL_ENCODING_GZIP, packed.bytes, packed.len, 100), NCL_DECODE_OK);
  free(packed.bytes);
}

static void knows_the_names_of_encodings(void **state) {
  (void)state;
  assert_int_equal(ncl_encoding_of((ncl_str)NCL_STR("")), NCL_ENCODING_IDENTITY);
  assert_int_equal(ncl_encoding_of((ncl_str)NCL_STR("identity")), NCL_ENCODING_IDENTITY);
  assert_int_equal(ncl_encoding_of((ncl_str)NCL_STR("gzip")), NCL_ENCODING_GZIP);
  assert_int_equal(ncl_encoding_of((ncl_str)NCL_STR("deflate")), NCL_ENCODING_ZLIB);
  assert_int_equal(ncl_encoding_of((ncl_str)NCL_STR("gzip, gzip")), NCL_ENCODING_UNKNOWN);
  assert_int_equal(ncl_encoding_of((ncl_str)NCL_STR("br")), NCL_ENCODING_UNKNOWN);
}

static void loads_no_library_before_its_first_body(void **state) {
  fixture *f = *state;
  sample packed = deflated((const uint8_t *)"text", 4, libdeflate_gzip_compress);
  assert_int_equal(decode(f, NCL_ENCODING_GZIP, packed.bytes, packed.len, 100), NCL_DECODE_OK);
  assert_non_null(f->decoders.deflate_library.handle);
  assert_null(f->decoders.zstd_library.handle);
  assert_null(f->decoders.lz4_library.handle);
  assert_null(f->decoders.snappy_library.handle);
  free(packed.bytes);
}

static void refuses_what_no_installed_library_decodes(void **state) {
  fixture *f = *state;
  ncl_library *libraries[] = {&f->decoders.deflate_library, &f->decoders.deflate_library, &f->decoders.zstd_library,
                              &f->decoders.lz4_library, &f->decoders.snappy_library};
  const uint32_t encodings[] = {NCL_ENCODING_GZIP, NCL_ENCODING_ZLIB, NCL_ENCODING_ZSTD, NCL_ENCODING_LZ4,
                                NCL_ENCODING_SNAPPY};
  static const char *const names[] = {"no_such_function"};
  for (int i = 0; i < 5; i++) {
    assert_int_equal(ncl_library_load(libraries[i], "libno_such_library.so.1", names, 1), 0);
    assert_int_equal(decode(f, encodings[i], "some bytes", 10, 100), NCL_DECODE_UNSUPPORTED);
    assert_null(libraries[i]->handle);
  }
}

static void a_library_without_a_function_is_missing(void **state) {
  (void)state;
  ncl_library library = {0};
  static const char *const names[] = {"ZSTD_createDCtx", "no_such_function"};
  assert_int_equal(ncl_library_load(&library, "libzstd.so.1", names, 2), 0);
  assert_int_equal(library.is_missing, 1);
  ncl_library_close(&library);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(unpacks_gzip_in_one_go),
      TEST(unpacks_gzip_of_several_members),
      TEST(unpacks_zlib_and_raw_deflate),
      TEST(unpacks_zstd_with_and_without_its_size),
      TEST(unpacks_lz4_frames),
      TEST(unpacks_snappy_blocks),
      TEST(unpacks_framed_snappy_and_checks_sums),
      TEST(bounds_what_a_bomb_takes),
      TEST(says_when_there_is_no_memory),
      TEST(knows_the_names_of_encodings),
      TEST(loads_no_library_before_its_first_body),
      TEST(refuses_what_no_installed_library_decodes),
      TEST(a_library_without_a_function_is_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

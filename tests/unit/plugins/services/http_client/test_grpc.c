/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of gRPC: frames, timeouts, status, messages, details. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/services/http_client/grpc.h"

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void writes_prefixes(void **state) {
  uint8_t prefix[NCL_GRPC_PREFIX];
  (void)state;
  assert_true(ncl_grpc_put_prefix(prefix, true, 0x01020304));
  assert_memory_equal(prefix, "\1\1\2\3\4", 5);
  assert_true(ncl_grpc_put_prefix(prefix, false, 0));
  assert_memory_equal(prefix, "\0\0\0\0\0", 5);
  assert_false(ncl_grpc_put_prefix(prefix, false, (size_t)UINT32_MAX + 1));
}

static bool take(const char *bytes, size_t len, bool *compressed, ncl_range *message) {
  return ncl_grpc_take_message((ncl_range){(const uint8_t *)bytes, len}, compressed, message);
}

static void takes_messages(void **state) {
  ncl_range message;
  bool compressed;
  (void)state;
  assert_true(take("\0\0\0\0\3abc", 8, &compressed, &message));
  assert_false(compressed);
  assert_int_equal(message.len, 3);
  assert_memory_equal(message.ptr, "abc", 3);
  assert_true(take("\1\0\0\0\1a", 6, &compressed, &message));
  assert_true(compressed);
  assert_true(take("\0\0\0\0\0", 5, &compressed, &message));
  assert_non_null(message.ptr);
  assert_int_equal(message.len, 0);
  assert_true(take("", 0, &compressed, &message));
  assert_null(message.ptr);
}

static void refuses_broken_frames(void **state) {
  ncl_range message;
  bool compressed;
  (void)state;
  assert_false(take("\0\0\0\0", 4, &compressed, &message));
  assert_false(take("\2\0\0\0\0", 5, &compressed, &message));
  assert_false(take("\0\0\0\0\2a", 6, &compressed, &message));
  assert_false(take("\0\0\0\0\1ab", 7, &compressed, &message));
  assert_false(take("\0\xff\xff\xff\xff", 5, &compressed, &message));
}

static void writes_timeouts(void **state) {
  static const struct {
    int64_t ns;
    const char *text;
  } cases[] = {{0, "1n"},
               {-5, "1n"},
               {1, "1n"},
               {99999999, "99999999n"},
               {100000000, "100000u"},
               {INT64_C(5000000000), "5000000u"},
               {INT64_C(30000000000), "30000000u"},
               {INT64_C(100000000000), "100000m"},
               {INT64_C(100000000000000), "100000S"},
               {INT64_MAX, "2562047H"}};
  char text[NCL_GRPC_TIMEOUT_SIZE];
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ncl_grpc_put_timeout(text, cases[i].ns);
    assert_string_equal(text, cases[i].text);
  }
}

static void reads_status_numbers(void **state) {
  (void)state;
  assert_int_equal(ncl_grpc_read_status(str("0")), 0);
  assert_int_equal(ncl_grpc_read_status(str("14")), 14);
  assert_int_equal(ncl_grpc_read_status(str("99")), 99);
  assert_int_equal(ncl_grpc_read_status(str("")), 2);
  assert_int_equal(ncl_grpc_read_status(str("-1")), 2);
  assert_int_equal(ncl_grpc_read_status(str("1x")), 2);
  assert_int_equal(ncl_grpc_read_status(str("99999999999")), 2);
}

static void decodes_messages(void **state) {
  static const char *const cases[][2] = {{"plain", "plain"}, {"a%20b", "a b"},   {"%E2%82%ac", "\xe2\x82\xac"},
                                         {"100%", "100%"},   {"%zz%4", "%zz%4"}, {"%", "%"},
                                         {"", ""},           {"%%41", "%A"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char out[32];
    size_t len = ncl_grpc_decode_message(str(cases[i][0]), out);
    assert_int_equal(len, strlen(cases[i][1]));
    assert_memory_equal(out, cases[i][1], len);
  }
}

static void decodes_base64(void **state) {
  static const char *const good[][2] = {{"", ""},
                                        {"YQ==", "a"},
                                        {"YQ", "a"},
                                        {"YWI=", "ab"},
                                        {"YWI", "ab"},
                                        {"YWJj", "abc"},
                                        {"+/+/", "\xfb\xff\xbf"},
                                        {"-_-_", "\xfb\xff\xbf"}};
  static const char *const bad[] = {"Y", "YWJjZ", "Y Q", "YQ=x", "Y\nQ"};
  uint8_t out[32];
  size_t len;
  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_true(ncl_grpc_decode_base64(str(good[i][0]), out, &len));
    assert_int_equal(len, strlen(good[i][1]));
    assert_memory_equal(out, good[i][1], len);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_false(ncl_grpc_decode_base64(str(bad[i]), out, &len));
  }
}

static void maps_http_statuses(void **state) {
  (void)state;
  assert_int_equal(ncl_grpc_code_of_http(400), 13);
  assert_int_equal(ncl_grpc_code_of_http(401), 16);
  assert_int_equal(ncl_grpc_code_of_http(403), 7);
  assert_int_equal(ncl_grpc_code_of_http(404), 12);
  assert_int_equal(ncl_grpc_code_of_http(429), 14);
  assert_int_equal(ncl_grpc_code_of_http(502), 14);
  assert_int_equal(ncl_grpc_code_of_http(503), 14);
  assert_int_equal(ncl_grpc_code_of_http(504), 14);
  assert_int_equal(ncl_grpc_code_of_http(200), 2);
  assert_int_equal(ncl_grpc_code_of_http(500), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_prefixes),       cmocka_unit_test(takes_messages),
      cmocka_unit_test(refuses_broken_frames), cmocka_unit_test(writes_timeouts),
      cmocka_unit_test(reads_status_numbers),  cmocka_unit_test(decodes_messages),
      cmocka_unit_test(decodes_base64),        cmocka_unit_test(maps_http_statuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The text and the framing of gRPC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/services/http_server/grpc.h"

static void takes_a_prefix_in_any_pieces(void **state) {
  static const uint8_t bytes[] = {1, 0, 1, 2, 3, 'x', 'y'};
  (void)state;
  for (size_t first = 1; first <= NCL_GRPC_PREFIX; first++) {
    ncl_grpc_frame frame = {0};
    size_t used = 0;
    int got = ncl_grpc_take_prefix(&frame, bytes, first, &used);
    assert_int_equal(used, first);
    if (first < NCL_GRPC_PREFIX) {
      assert_int_equal(got, NCL_GRPC_MORE);
      got = ncl_grpc_take_prefix(&frame, bytes + first, sizeof(bytes) - first, &used);
      assert_int_equal(used, NCL_GRPC_PREFIX - first);
    }
    assert_int_equal(got, NCL_GRPC_HEAD);
    assert_int_equal(frame.compressed, 1);
    assert_int_equal(frame.len, 0x010203);
  }
}

static void refuses_an_unknown_flag(void **state) {
  static const uint8_t bytes[] = {2, 0, 0, 0, 1};
  ncl_grpc_frame frame = {0};
  size_t used = 0;
  (void)state;
  assert_int_equal(ncl_grpc_take_prefix(&frame, bytes, sizeof(bytes), &used), NCL_GRPC_BROKEN);
}

static void knows_its_content_types(void **state) {
  (void)state;
  assert_true(ncl_grpc_is_content_type((ncl_str)NCL_STR("application/grpc")));
  assert_true(ncl_grpc_is_content_type((ncl_str)NCL_STR("application/grpc+proto")));
  assert_true(ncl_grpc_is_content_type((ncl_str)NCL_STR("application/grpc;charset=utf-8")));
  assert_false(ncl_grpc_is_content_type((ncl_str)NCL_STR("application/grpc-web")));
  assert_false(ncl_grpc_is_content_type((ncl_str)NCL_STR("application/json")));
  assert_false(ncl_grpc_is_content_type((ncl_str)NCL_STR("")));
}

static void reads_timeouts(void **state) {
  (void)state;
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("1H")), INT64_C(3600000000000));
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("2M")), INT64_C(120000000000));
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("10S")), INT64_C(10000000000));
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("250m")), INT64_C(250000000));
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("99999999u")), INT64_C(99999999000));
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("7n")), 7);
  assert_true(ncl_grpc_timeout_ns((ncl_str)NCL_STR("99999999H")) > 0);
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("")), -1);
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("S")), -1);
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("10")), -1);
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("10s")), -1);
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("-1S")), -1);
  assert_int_equal(ncl_grpc_timeout_ns((ncl_str)NCL_STR("123456789S")), -1);
}

static void encodes_messages(void **state) {
  char text[64];
  (void)state;
  size_t n = ncl_grpc_percent_encode((ncl_str)NCL_STR("a b%\r\n\xc3\xa9~"), text);
  assert_int_equal(n, strlen("a b%25%0D%0A%C3%A9~"));
  assert_memory_equal(text, "a b%25%0D%0A%C3%A9~", n);
}

static void encodes_base64_without_padding(void **state) {
  static const struct {
    const char *in, *out;
  } cases[] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},           {"foo", "Zm9v"},
               {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"\xff\xff\xfe", "///+"}};
  char text[16];
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    ncl_range in = {(const uint8_t *)cases[i].in, strlen(cases[i].in)};
    size_t n = ncl_grpc_base64(in, text);
    assert_true(n <= ncl_grpc_base64_len(in.len));
    assert_int_equal(n, strlen(cases[i].out));
    assert_memory_equal(text, cases[i].out, n);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_a_prefix_in_any_pieces),
      cmocka_unit_test(refuses_an_unknown_flag),
      cmocka_unit_test(knows_its_content_types),
      cmocka_unit_test(reads_timeouts),
      cmocka_unit_test(encodes_messages),
      cmocka_unit_test(encodes_base64_without_padding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

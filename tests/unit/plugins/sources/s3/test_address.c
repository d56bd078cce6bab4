/* SPDX-License-Identifier: Apache-2.0 */
/* What addresses of S3 mean, and which mean nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "plugins/sources/s3/address.h"

static void assert_text(ncl_str text, const char *expected) {
  assert_int_equal(text.len, strlen(expected));
  if (text.len > 0) assert_memory_equal(text.ptr, expected, text.len);
}

static void takes_addresses_apart(void **state) {
  (void)state;
  static const char *const rows[][4] = {
      {"//my-bucket.s3.us-east-1.amazonaws.com/a/b.yaml", "my-bucket", "us-east-1", "/a/b.yaml"},
      {"//b.c.d.s3.cn-north-1.amazonaws.com.cn/k", "b.c.d", "cn-north-1", "/k"},
      {"//bucket/k", "bucket", "", "/k"},
      {"//bucket/k?region=eu-west-1", "bucket", "eu-west-1", "/k"},
      {"//bucket/a%20b/%C3%A9+c", "bucket", "", "/a%20b/%C3%A9%2Bc"},
      {"//bucket/a b/\xc3\xa9", "bucket", "", "/a%20b/%C3%A9"},
      {"//bucket/%zz%2", "bucket", "", "/%25zz%252"},
      {"//bucket//double/../x", "bucket", "", "//double/../x"},
      {"//bucket/a%3Fb", "bucket", "", "/a%3Fb"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ncl_s3_address address;
    const char *wrong = ncl_s3_address_parse(ncl_str_of(rows[i][0], strlen(rows[i][0])), &address);
    if (wrong != NULL) fail_msg("%s: %s", rows[i][0], wrong);
    assert_text(address.bucket, rows[i][1]);
    assert_text(address.region, rows[i][2]);
    assert_string_equal(address.path, rows[i][3]);
  }
}

static void refuses_what_names_no_object(void **state) {
  (void)state;
  static const char *const wrong[] = {"",
                                      "bucket/key",
                                      "//bucket",
                                      "//bucket/",
                                      "//ab/key",
                                      "//Bucket/key",
                                      "//bu_cket/key",
                                      "//bucket.s3.us-east-1.example.com/key",
                                      "//bucket.s3.us-east-1/key",
                                      "//.s3.us-east-1.amazonaws.com/key",
                                      "//bucket/key?versionId=1",
                                      "//bucket/key?region=",
                                      "//bucket/key?region=US",
                                      "//bucket.s3.us-east-1.amazonaws.com/key?region=eu-west-1",
                                      "//bucket.s3.US.amazonaws.com/key"};
  char longest[1100] = "//bucket/";
  ncl_s3_address address;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    if (ncl_s3_address_parse(ncl_str_of(wrong[i], strlen(wrong[i])), &address) == NULL) fail_msg("%s", wrong[i]);
  }
  memset(longest + 9, 'k', 1025);
  assert_non_null(ncl_s3_address_parse(ncl_str_of(longest, 9 + 1025), &address));
  assert_null(ncl_s3_address_parse(ncl_str_of(longest, 9 + 1024), &address));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_addresses_apart),
      cmocka_unit_test(refuses_what_names_no_object),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

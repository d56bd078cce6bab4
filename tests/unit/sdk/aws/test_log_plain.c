/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_plain.h: the bytes of a text without its escapes. */
#include "sdk/aws/log_plain.h"

#include <stdlib.h>

#include "unit/plugins/plugin_test.h"

static size_t slowly(const uint8_t *at, size_t len) {
  const uint8_t *end = at + len;
  size_t size = 0;
  for (; at < end; size++) {
    if (*at != '\\') {
      at++;
    } else {
      at += at[1] == 'u' ? 6 : 2;
    }
  }
  return size;
}

static size_t size_of(const char *text) {
  return ncl_log_plain_size((const uint8_t *)text, strlen(text));
}

static void escapes_count_once(void **state) {
  (void)state;
  assert_int_equal(size_of(""), 0);
  assert_int_equal(size_of("plain"), 5);
  assert_int_equal(size_of("\\\""), 1);
  assert_int_equal(size_of("\\\\u0041"), 6);
  assert_int_equal(size_of("\\u0001\\\\\\n"), 3);
}

/* Escapes at every place, so that they lie across the ends of blocks, too. */
static void escapes_count_wherever_they_stand(void **state) {
  static const char *const pieces[] = {"x", "\\\"", "\\\\", "\\n", "\\u001f", "xxxxxxxxxxxxxxxxxxxxxxxx", "u"};
  uint32_t random = 7;
  (void)state;
  for (uint32_t round = 0; round < 3000; round++) {
    char *text = calloc(1, 4096);
    size_t len = 0, wanted = 300 + round % 400;
    while (len < wanted) {
      random = random * 1103515245u + 12345u;
      const char *piece = pieces[random >> 16 & 0xff ? (random >> 24) % 7 : 0];
      memcpy(text + len, piece, strlen(piece));
      len += strlen(piece);
    }
    text = realloc(text, len); /* a sanitizer sees a byte too many */
    assert_int_equal(ncl_log_plain_size((uint8_t *)text, len), slowly((uint8_t *)text, len));
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(escapes_count_once),
      cmocka_unit_test(escapes_count_wherever_they_stand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

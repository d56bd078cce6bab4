/* SPDX-License-Identifier: Apache-2.0 */
/* Near misses, and the ids of components. */
#include "core/config/component_id.h"
#include "core/config/near_miss.h"
#include "unit/core/config/support.h"

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void finds_the_word_that_was_meant(void **state) {
  static const char *const known[] = {
      "endpoint", "timeout", "send_batch_size", "send_batch_max_size", "headers", "read_buffer_size", "tls", "id"};
  static const struct {
    const char *wrong, *meant;
  } cases[] = {
      {"endpiont", "endpoint"},  /* swapped */
      {"endpont", "endpoint"},   /* left out */
      {"end_point", "endpoint"}, /* separators count for nothing */
      {"Endpoint", "endpoint"},  /* nor does case */
      {"sendBatchSize", "send_batch_size"},
      {"send-batch-size", "send_batch_size"},
      {"send_batch_max", "send_batch_max_size"}, /* a part of it */
      {"buffer_size", "read_buffer_size"},
      {"max_size", "send_batch_max_size"},
      {"siz", ""},
      {"timout", "timeout"},
      {"timeouts", "timeout"},
      {"header", "headers"},
      {"tsl", "tls"},
      {"TLS", "tls"},
      {"di", "id"},
      {"x", ""},
      {"", ""},
      {"insecure", ""},
      {"a_word_of_more_than_sixty_four_bytes_that_is_near_to_nothing_at_all", ""},
  };
  size_t i, j;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    char found[80];
    ncl_near_miss near;
    ncl_near_miss_init(&near, str(cases[i].wrong));
    for (j = 0; j < ITEMS(known); j++)
      ncl_near_miss_offer(&near, str(known[j]));
    (void)snprintf(found, sizeof(found), "%.*s", (int)near.best.len, near.best.ptr);
    SUPPORT_EXPECT(found, cases[i].meant, cases[i].wrong);
  }
}

static void offers_words_that_cannot_be_compared(void **state) {
  char word[100];
  ncl_near_miss near;
  (void)state;
  memset(word, 'x', sizeof(word));
  ncl_near_miss_init(&near, str("xxxx"));
  ncl_near_miss_offer(&near, ncl_str_of(word, sizeof(word)));
  ncl_near_miss_offer(&near, str(""));
  ncl_near_miss_offer(&near, str("___"));
  assert_int_equal(near.best.len, 0);
  ncl_near_miss_init(&near, ncl_str_of(word, 64));
  ncl_near_miss_offer(&near, ncl_str_of(word, 63));
  assert_int_equal(near.best.len, 63);
}

static void divides_component_ids(void **state) {
  static const struct {
    const char *id, *wrong, *type, *name;
  } cases[] = {
      {"otlp", NULL, "otlp", ""},
      {"otlp/2", NULL, "otlp", "2"},
      {" otlp / a ", NULL, "otlp", "a"},
      {"a/b/c", NULL, "a", "b/c"},
      {"Otlp_1/\xC3\xA9", NULL, "Otlp_1", "\xC3\xA9"},
      {"", "its type is empty", NULL, NULL},
      {"/a", "its type is empty", NULL, NULL},
      {"1a", "its type does not begin with a letter", NULL, NULL},
      {"_a", "its type does not begin with a letter", NULL, NULL},
      {"a-b", "its type may hold letters, digits and \"_\" only", NULL, NULL},
      {"a b", "its type may hold letters, digits and \"_\" only", NULL, NULL},
      {"a/", "its name behind the \"/\" is empty", NULL, NULL},
      {"a/ ", "its name behind the \"/\" is empty", NULL, NULL},
      {"a/b c", "its name holds a space or a control character", NULL, NULL},
      {"a/b\x7F", "its name holds a space or a control character", NULL, NULL},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    ncl_str type, name;
    const char *wrong = ncl_component_id_split(str(cases[i].id), &type, &name);
    if (cases[i].wrong != NULL) {
      assert_non_null(wrong);
      SUPPORT_EXPECT(wrong, cases[i].wrong, cases[i].id);
      continue;
    }
    assert_null(wrong);
    assert_true(ncl_str_eq(type, str(cases[i].type)));
    assert_true(ncl_str_eq(name, str(cases[i].name)));
  }
}

static void limits_the_length_of_component_ids(void **state) {
  char id[2000];
  ncl_str type, name;
  (void)state;
  memset(id, 'a', sizeof(id));
  assert_null(ncl_component_id_split(ncl_str_of(id, 63), &type, &name));
  assert_string_equal(ncl_component_id_split(ncl_str_of(id, 64), &type, &name),
                      "its type is longer than 63 characters");
  id[1] = '/';
  assert_null(ncl_component_id_split(ncl_str_of(id, 2 + 1024), &type, &name));
  assert_string_equal(ncl_component_id_split(ncl_str_of(id, 2 + 1025), &type, &name),
                      "its name is longer than 1024 bytes");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_the_word_that_was_meant),
      cmocka_unit_test(offers_words_that_cannot_be_compared),
      cmocka_unit_test(divides_component_ids),
      cmocka_unit_test(limits_the_length_of_component_ids),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

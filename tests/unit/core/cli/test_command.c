/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/command.h: the table says all that help texts and scripts are made from. */
#include "core/cli/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void every_command_teaches(void **state) {
  (void)state;
  assert_true(ncl_command_count() > 5);
  for (size_t i = 0; i < ncl_command_count(); i++) {
    const ncl_command *c = ncl_command_at(i);
    if (strlen(c->summary) < 10 || strlen(c->text) < 10 || strchr(c->examples, '\t') == NULL) {
      fail_msg("%s does not say what it is for, or shows no example", c->name);
    }
    assert_true(c->summary[0] >= 'A' && c->summary[0] <= 'Z');
    assert_true(c->least_words <= c->most_words && c->most_words <= NCL_OPTION_WORDS_MAX);
    assert_int_equal(c->most_words == 0, c->words[0] == '\0');
    assert_int_equal((c->options & NCL_OPTION_BIT(NCL_OPTION_FORMAT)) != 0, c->formats != NULL);
    assert_ptr_equal(ncl_command_find(c->name), c);
  }
}

static void every_option_is_explained(void **state) {
  (void)state;
  for (int id = 0; id < NCL_OPTIONS; id++) {
    const ncl_option_spec *spec = &ncl_option_specs[id];
    assert_int_equal(strncmp(spec->name, "--", 2), 0);
    assert_true(strlen(spec->doc) > 5);
    assert_int_equal(spec->kind == NCL_OPTION_SWITCH, spec->value == NULL);
  }
}

/* Every example that begins with "nacelle" is a line that the parser takes. */
static void check_example(const char *text, size_t len) {
  char copy[512], error[256], *words[16];
  int count = 0;
  ncl_options options;
  assert_true(len < sizeof copy);
  memcpy(copy, text, len);
  copy[len] = '\0';
  char *end = strpbrk(copy, ">|)");
  if (end != NULL) *end = '\0';
  for (char *save = NULL, *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
    words[count++] = word;
  words[count] = NULL;
  if (!ncl_options_parse(count, words, NULL, &options, error, sizeof error)) fail_msg("%s: %s", copy, error);
  ncl_options_free(&options);
}

static void its_examples_can_be_typed(void **state) {
  (void)state;
  size_t seen = 0;
  for (size_t i = 0; i < ncl_command_count(); i++) {
    for (const char *at = strstr(ncl_command_at(i)->examples, "nacelle "); at != NULL;
         at = strstr(at + 1, "nacelle ")) {
      if (at[-1] != '\t' && at[-1] != '(') continue;
      check_example(at, strcspn(at, "\n"));
      seen++;
    }
  }
  assert_true(seen > 8);
}

static void knows_what_may_be_meant(void **state) {
  (void)state;
  char near[64];
  assert_true(ncl_command_near("helthcheck", near, sizeof near));
  assert_string_equal(near, "healthcheck");
  assert_true(ncl_command_near("printconfig", near, sizeof near));
  assert_string_equal(near, "print-config");
  assert_false(ncl_command_near("zzzzzz", near, sizeof near));
  assert_null(ncl_command_find("helthcheck"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_command_teaches),
      cmocka_unit_test(every_option_is_explained),
      cmocka_unit_test(its_examples_can_be_typed),
      cmocka_unit_test(knows_what_may_be_meant),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

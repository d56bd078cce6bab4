/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/gates.h: feature gates of the Go collector are understood, others are refused. */
#include "core/cli/gates.c"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* What is said on stderr meanwhile, into `said`. */
static bool parse(const char *list, char error[256], char said[1024]) {
  int pipes[2], kept = dup(STDERR_FILENO);
  assert_int_equal(pipe(pipes), 0);
  (void)fflush(stderr);
  assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
  error[0] = '\0';
  bool good = ncl_gates_parse(list, error, 256);
  (void)fflush(stderr);
  (void)dup2(kept, STDERR_FILENO);
  (void)close(pipes[1]);
  (void)close(kept);
  ssize_t len = read(pipes[0], said, 1023);
  said[len < 0 ? 0 : len] = '\0';
  (void)close(pipes[0]);
  return good;
}

static void takes_every_gate_as_it_is(void **state) {
  (void)state;
  char error[256], said[1024], text[200];
  for (size_t i = 0; i < GATES; i++) {
    if (gates[i].state != OFF) {
      (void)snprintf(text, sizeof text, "%s,+%s", gates[i].id, gates[i].id);
    } else {
      (void)snprintf(text, sizeof text, "-%s", gates[i].id);
    }
    if (!parse(text, error, said) || said[0] != '\0') fail_msg("%s: %s%s", text, error, said);
  }
  assert_true(parse("", error, said) && parse(" , ", error, said));
}

static void says_what_cannot_be_switched(void **state) {
  (void)state;
  char error[256], said[1024];
  assert_true(parse("service.profilesSupport", error, said));
  assert_non_null(strstr(said, "Warning: the feature gate service.profilesSupport cannot be switched on"));
  assert_true(parse("+pdata.useProtoPooling, -confmap.strictlyTypedInput", error, said));
  assert_non_null(strstr(said, "confmap.strictlyTypedInput cannot be switched off"));
  assert_null(strstr(said, "pdata"));
}

static void refuses_what_it_does_not_know(void **state) {
  (void)state;
  char error[256], said[1024];
  assert_false(parse("service.partialReload,-nope", error, said));
  assert_string_equal(error, "there is no feature gate \"nope\"; `nacelle featuregate` lists them");
  assert_false(parse("service.partialReloads", error, said));
  assert_string_equal(error,
                      "there is no feature gate \"service.partialReloads\"; did you mean \"service.partialReload\"?");
  assert_false(parse("-", error, said));
}

static void is_sorted_and_names_each_once(void **state) {
  (void)state;
  for (size_t i = 1; i < GATES; i++) {
    if (strcmp(gates[i - 1].id, gates[i].id) >= 0) fail_msg("%s stands before %s", gates[i - 1].id, gates[i].id);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_every_gate_as_it_is),
      cmocka_unit_test(says_what_cannot_be_switched),
      cmocka_unit_test(refuses_what_it_does_not_know),
      cmocka_unit_test(is_sorted_and_names_each_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

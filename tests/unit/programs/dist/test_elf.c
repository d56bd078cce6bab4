/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of ELF files: this program, and the same cut off and changed at every place of its headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs/dist/elf.h"

#define HEADERS 1024u /* bytes: the header and the program headers */

static const char known_text[] = "a text that only this test has";

typedef struct found {
  const char *wanted;
  bool is_there;
} found;

static bool look(void *arg, const char *text) {
  found *f = arg;
  if (strcmp(text, f->wanted) == 0) f->is_there = true;
  return true;
}

static void reads_what_a_program_needs_and_names(void **state) {
  ncl_elf elf;
  ncl_problem problem;
  found needed = {"libc.so.6", false}, text = {known_text, false};
  (void)state;
  assert_true(ncl_elf_open(&elf, "/proc/self/exe", &problem));
  assert_true(ncl_elf_needed(&elf, look, &needed, &problem));
  assert_true(needed.is_there);
  assert_true(ncl_elf_texts(&elf, look, &text));
  assert_true(text.is_there);
  assert_non_null(strstr(ncl_elf_interpreter(&elf), "ld-linux"));
  ncl_elf_close(&elf);
}

static void refuses_what_is_no_elf_file(void **state) {
  static const char *const bad[] = {"/etc/passwd", "/dev/null", "/", "/nosuch"};
  ncl_elf elf;
  ncl_problem problem;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_false(ncl_elf_open(&elf, bad[i], &problem));
    assert_non_null(strstr(problem.text, bad[i]));
  }
}

static bool pass(void *arg, const char *text) {
  (void)arg;
  return strlen(text) < 100000;
}

static void read_all(const char *path) {
  ncl_elf elf;
  ncl_problem problem;
  if (!ncl_elf_open(&elf, path, &problem)) return;
  (void)ncl_elf_needed(&elf, pass, NULL, &problem);
  (void)ncl_elf_texts(&elf, pass, NULL);
  (void)ncl_elf_interpreter(&elf);
  ncl_elf_close(&elf);
}

static void survives_any_header(void **state) {
  char path[] = "/tmp/nacelle-test-elf-XXXXXX";
  static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
  uint8_t bytes[8192];
  int fd = mkstemp(path);
  FILE *self = fopen("/proc/self/exe", "rb");
  (void)state;
  assert_true(fd >= 0 && self != NULL);
  size_t size = fread(bytes, 1, sizeof bytes, self);
  (void)fclose(self);
  for (size_t i = 4; i < HEADERS && i < size; i++) {
    for (size_t k = 0; k < sizeof values; k++) {
      assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
      assert_int_equal(pwrite(fd, &values[k], 1, (off_t)i), 1);
      read_all(path);
    }
  }
  for (size_t len = 0; len < HEADERS && len < size; len += 7) {
    assert_int_equal(ftruncate(fd, (off_t)len), 0);
    read_all(path);
  }
  (void)close(fd);
  (void)unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_a_program_needs_and_names),
      cmocka_unit_test(refuses_what_is_no_elf_file),
      cmocka_unit_test(survives_any_header),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

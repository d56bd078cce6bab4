/* SPDX-License-Identifier: Apache-2.0 */
/* One SQLite file: what is kept, what is refused, and what becomes of a broken one. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "plugins/extensions/file_storage/database.h"

#define MIB ((uint64_t)1 << 20)

typedef struct fixture {
  char dir[64];
  char path[96];
  ncl_database_options options;
  ncl_database_report report;
  ncl_database *database;
  char words[NCL_DATABASE_WORDS];
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  (void)snprintf(f->dir, sizeof f->dir, "/tmp/ncl-database-XXXXXX");
  if (mkdtemp(f->dir) == NULL) return -1;
  (void)snprintf(f->path, sizeof f->path, "%s/queue.db", f->dir);
  f->options.max_bytes = 64 * MIB;
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  ncl_database_close(f->database);
  DIR *dir = opendir(f->dir);
  for (struct dirent *e; (e = readdir(dir)) != NULL;)
    (void)unlinkat(dirfd(dir), e->d_name, 0);
  (void)closedir(dir);
  (void)rmdir(f->dir);
  free(f);
  return 0;
}

static void open_database(fixture *f) {
  ncl_database_close(f->database);
  f->database = ncl_database_open(f->path, &f->options, &f->report);
  if (f->database == NULL) fail_msg("%s", f->report.words);
}

static ncl_status put(fixture *f, uint64_t key, const char *a, size_t a_len, const char *b, size_t b_len) {
  ncl_range pieces[2] = {{(const uint8_t *)a, a_len}, {(const uint8_t *)b, b_len}};
  ncl_storage_op op = {NCL_STORAGE_PUT, 0, key, {pieces, b != NULL ? 2 : 1, sizeof *pieces}};
  ncl_status status = ncl_database_begin(f->database, f->words);
  if (status == NCL_OK) status = ncl_database_apply(f->database, &op, f->words);
  if (status == NCL_OK) status = ncl_database_commit(f->database, f->words);
  if (status != NCL_OK) ncl_database_rollback(f->database);
  return status;
}

static ncl_status put_text(fixture *f, uint64_t key, const char *text) {
  return put(f, key, text, strlen(text), NULL, 0);
}

/* "1=a;2=b;" */
typedef struct text {
  char buf[256];
  size_t len;
  uint32_t limit;
} text;

static bool take(void *arg, uint64_t key, ncl_range value) {
  text *t = arg;
  if (t->limit-- == 0) return false;
  t->len += (size_t)snprintf(t->buf + t->len, sizeof t->buf - t->len, "%d=%.*s;", (int)key, (int)value.len,
                             (const char *)value.ptr);
  return true;
}

static void expect(fixture *f, uint64_t from, uint32_t limit, const char *expected) {
  text t = {.limit = limit};
  assert_int_equal(ncl_database_scan(f->database, from, take, &t, f->words), NCL_OK);
  assert_string_equal(t.buf, expected);
}

static void keeps_entries_in_the_order_of_their_keys(void **state) {
  fixture *f = *state;
  open_database(f);
  assert_int_equal(put_text(f, 2, "two"), NCL_OK);
  assert_int_equal(put(f, 1, "o", 1, "ne", 2), NCL_OK);
  assert_int_equal(put_text(f, 3, ""), NCL_OK);
  assert_int_equal(put_text(f, 2, "zwei"), NCL_OK);
  expect(f, 0, 9, "1=one;2=zwei;3=;");
  expect(f, 2, 1, "2=zwei;");
  open_database(f);
  assert_int_equal(f->report.entries, 3);
  expect(f, 0, 9, "1=one;2=zwei;3=;");
}

static void deletes(void **state) {
  fixture *f = *state;
  ncl_storage_op drop = {NCL_STORAGE_DELETE, 0, 1, {NULL, 0, 0}};
  open_database(f);
  assert_int_equal(put_text(f, 1, "a"), NCL_OK);
  assert_int_equal(ncl_database_begin(f->database, f->words), NCL_OK);
  assert_int_equal(ncl_database_apply(f->database, &drop, f->words), NCL_OK);
  drop.key = 77; /* not there */
  assert_int_equal(ncl_database_apply(f->database, &drop, f->words), NCL_OK);
  assert_int_equal(ncl_database_commit(f->database, f->words), NCL_OK);
  expect(f, 0, 9, "");
}

static void a_rollback_leaves_nothing(void **state) {
  fixture *f = *state;
  ncl_range value = {(const uint8_t *)"x", 1};
  ncl_storage_op op = {NCL_STORAGE_PUT, 0, 5, {&value, 1, sizeof value}};
  open_database(f);
  assert_int_equal(ncl_database_begin(f->database, f->words), NCL_OK);
  assert_int_equal(ncl_database_apply(f->database, &op, f->words), NCL_OK);
  ncl_database_rollback(f->database);
  expect(f, 0, 9, "");
  op.key = UINT64_MAX;
  assert_int_equal(ncl_database_begin(f->database, f->words), NCL_OK);
  assert_int_equal(ncl_database_apply(f->database, &op, f->words), NCL_PERMANENT);
  ncl_database_rollback(f->database);
}

/* What was committed is there although nothing was closed. */
static void survives_the_end_of_the_process(void **state) {
  fixture *f = *state;
  pid_t child = fork();
  if (child == 0) {
    f->database = ncl_database_open(f->path, &f->options, &f->report);
    bool ok =
        f->database != NULL && put_text(f, 1, "kept") == NCL_OK && ncl_database_begin(f->database, f->words) == NCL_OK;
    (void)raise(ok ? SIGKILL : SIGTERM);
    _exit(1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  open_database(f);
  expect(f, 0, 9, "1=kept;");
}

static void is_one_processs_at_a_time(void **state) {
  fixture *f = *state;
  open_database(f);
  pid_t child = fork();
  if (child == 0) {
    ncl_database_report report;
    ncl_database *second = ncl_database_open(f->path, &f->options, &report);
    _exit(second == NULL && strstr(report.words, "another process") != NULL ? 7 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(WEXITSTATUS(status), 7);
}

static void refuses_what_is_over_the_limit_and_goes_on(void **state) {
  fixture *f = *state;
  char *large = calloc(1, 600 << 10);
  f->options.max_bytes = MIB;
  open_database(f);
  assert_int_equal(put(f, 1, large, 600 << 10, NULL, 0), NCL_OK);
  assert_int_equal(put(f, 2, large, 600 << 10, NULL, 0), NCL_RETRYABLE);
  assert_non_null(strstr(f->words, "max_size"));
  ncl_storage_op drop = {NCL_STORAGE_DELETE, 0, 1, {NULL, 0, 0}};
  assert_int_equal(ncl_database_begin(f->database, f->words), NCL_OK);
  assert_int_equal(ncl_database_apply(f->database, &drop, f->words), NCL_OK);
  assert_int_equal(ncl_database_commit(f->database, f->words), NCL_OK);
  assert_int_equal(put(f, 2, large, 600 << 10, NULL, 0), NCL_OK);
  free(large);
}

static void refuses_another_programs_database(void **state) {
  fixture *f = *state;
  sqlite3 *other = NULL;
  assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
  assert_int_equal(sqlite3_exec(other, "CREATE TABLE t (a)", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_close(other), SQLITE_OK);
  assert_null(ncl_database_open(f->path, &f->options, &f->report));
  assert_non_null(strstr(f->report.words, "another program"));
}

static void refuses_a_later_format(void **state) {
  fixture *f = *state;
  sqlite3 *file = NULL;
  open_database(f);
  ncl_database_close(f->database);
  f->database = NULL;
  assert_int_equal(sqlite3_open(f->path, &file), SQLITE_OK);
  assert_int_equal(sqlite3_exec(file, "PRAGMA user_version=2", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_close(file), SQLITE_OK);
  assert_null(ncl_database_open(f->path, &f->options, &f->report));
  assert_non_null(strstr(f->report.words, "format 2"));
}

static void overwrite(const char *path, off_t at, size_t len) {
  uint8_t junk[4096];
  memset(junk, 0xa5, sizeof junk);
  int fd = open(path, O_WRONLY);
  assert_true(fd >= 0);
  for (size_t n = 0; n < len; n += sizeof junk)
    assert_int_equal(pwrite(fd, junk, sizeof junk, at + (off_t)n), (ssize_t)sizeof junk);
  (void)close(fd);
}

/* One broken page in the middle: what lies before and behind it is kept, the file as it was, too. */
static void keeps_what_can_be_read_of_a_broken_file(void **state) {
  fixture *f = *state;
  char *value = calloc(1, 40 << 10);
  struct stat st;
  open_database(f);
  for (uint64_t key = 1; key <= 40; key++) {
    (void)snprintf(value, 16, "value %d", (int)key);
    assert_int_equal(put(f, key, value, 40 << 10, NULL, 0), NCL_OK);
  }
  free(value);
  ncl_database_close(f->database);
  f->database = NULL;
  assert_int_equal(stat(f->path, &st), 0);
  overwrite(f->path, st.st_size / 2 / 16384 * 16384, 16384);
  open_database(f);
  assert_true(f->report.was_broken);
  assert_in_range(f->report.salvaged, 20, 40);
  assert_int_equal(f->report.entries, f->report.salvaged);
  char aside[200];
  (void)snprintf(aside, sizeof aside, "%s%s", f->path, f->report.aside);
  assert_int_equal(access(aside, F_OK), 0);
  assert_int_equal(put_text(f, 99, "goes on"), NCL_OK);
}

/* Several holes, and keys that are far apart: each hole costs what lies in it. */
static void keeps_what_lies_between_broken_pages(void **state) {
  fixture *f = *state;
  char *value = calloc(1, 12 << 10);
  struct stat st;
  open_database(f);
  for (uint64_t key = 1; key <= 200; key++)
    assert_int_equal(put(f, key <= 100 ? key : key + (UINT64_C(1) << 40), value, 12 << 10, NULL, 0), NCL_OK);
  free(value);
  ncl_database_close(f->database);
  f->database = NULL;
  assert_int_equal(stat(f->path, &st), 0);
  off_t pages = st.st_size / 16384;
  for (off_t hole = 1; hole <= 8; hole++)
    overwrite(f->path, pages * hole / 10 * 16384, 16384);
  open_database(f);
  assert_true(f->report.was_broken);
  assert_in_range(f->report.salvaged, 180, 199);
}

static void a_file_of_junk_is_put_aside(void **state) {
  fixture *f = *state;
  int fd = open(f->path, O_WRONLY | O_CREAT, 0600);
  (void)close(fd);
  overwrite(f->path, 0, 65536);
  open_database(f);
  assert_true(f->report.was_broken);
  assert_int_equal(f->report.salvaged, 0);
  assert_int_equal(put_text(f, 1, "goes on"), NCL_OK);
}

static void says_why_a_file_cannot_be_opened(void **state) {
  fixture *f = *state;
  (void)snprintf(f->path, sizeof f->path, "%s/missing/queue.db", f->dir);
  assert_null(ncl_database_open(f->path, &f->options, &f->report));
  assert_non_null(strstr(f->report.words, "No such file"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(keeps_entries_in_the_order_of_their_keys),
      TEST(deletes),
      TEST(a_rollback_leaves_nothing),
      TEST(survives_the_end_of_the_process),
      TEST(is_one_processs_at_a_time),
      TEST(refuses_what_is_over_the_limit_and_goes_on),
      TEST(refuses_another_programs_database),
      TEST(refuses_a_later_format),
      TEST(keeps_what_can_be_read_of_a_broken_file),
      TEST(keeps_what_lies_between_broken_pages),
      TEST(a_file_of_junk_is_put_aside),
      TEST(says_why_a_file_cannot_be_opened),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

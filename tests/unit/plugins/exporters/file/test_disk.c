/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/file: full disks, files that are there already, and writers that get in each other's way. */
#include <signal.h>
#include <sys/resource.h>

#include "file_test.h"

/* No file of this process may grow beyond `bytes`; the system then writes a part, and refuses the rest. */
static void limit_files(rlim_t bytes) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static off_t size_of(const char *path) {
  struct stat file;
  assert_int_equal(stat(path, &file), 0);
  return file.st_size;
}

static void takes_back_a_record_that_did_not_fit(void **state) {
  (void)state;
  static const char *const configs[] = {"format: proto\n", "", "compression: zstd\n"};
  for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
    bench b;
    bench_begin(&b);
    bench_open(&b, configs[i]);
    assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 3000)->status, NCL_OK);
    off_t whole = size_of(b.path);
    assert_true(whole > 4096);        /* the log of the test is a file, too */
    limit_files((rlim_t)whole + 100); /* a part of the next record */
    const ncl_test_answer *refused = bench_give(&b, NCL_SIGNAL_LOGS, 100);
    limit_files(RLIM_INFINITY);
    assert_int_equal(refused->status, NCL_RETRYABLE);
    assert_contains(refused->message, "cannot write to ");
    assert_contains(refused->message, b.path);
    assert_contains(refused->message, "File too large");
    assert_int_equal(size_of(b.path), whole);
    const char *reason;
    assert_int_equal(ncl_test_health(b.t, &reason), NCL_RETRYABLE);
    assert_contains(reason, "File too large");
    assert_int_equal(ncl_test_logged(b.t, "The file cannot be written. Refusing data until it can."), 1);
    /* There is room again. */
    assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 100)->status, NCL_OK);
    assert_int_equal(ncl_test_health(b.t, NULL), NCL_OK);
    assert_int_equal(ncl_test_logged(b.t, "The file can be written again."), 1);
    if (i == 1) {
      assert_int_equal(bench_lines(b.path), 2);
    } else {
      assert_int_equal(bench_records(b.path, NULL, NULL), 2);
    }
    bench_close(&b);
    bench_end(&b);
  }
}

static void says_that_it_fails_once(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  (void)snprintf(b.path, sizeof b.path, "/dev/full");
  bench_open(&b, "format: proto\n");
  for (uint32_t i = 0; i < 5; i++) {
    const ncl_test_answer *answer = bench_give(&b, NCL_SIGNAL_TRACES, 3);
    assert_int_equal(answer->status, NCL_RETRYABLE);
    assert_string_equal(answer->message, "cannot write to /dev/full: No space left on device");
  }
  assert_int_equal(ncl_test_logged(b.t, "No space left on device"),
                   3); /* its own, the state, and that the export fails */
  assert_int_equal(ncl_test_metric(b.t, "otelcol_exporter_send_failed_spans", "exporter=file"), 15);
  bench_close(&b);
  bench_end(&b);
}

static void tries_again_from_its_queue_where_there_is_one(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  bench_open(&b, "sending_queue:\nretry_on_failure:\n  randomization_factor: 0\n");
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 100)->status, NCL_OK);
  off_t whole = size_of(b.path);
  limit_files((rlim_t)whole + 100);
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  assert_int_equal(size_of(b.path), whole);
  ncl_test_advance(b.t, 5 * S);
  assert_int_equal(size_of(b.path), whole);
  limit_files(RLIM_INFINITY);
  ncl_test_advance(b.t, 60 * S);
  ncl_test_advance(b.t, 60 * S);
  assert_int_equal(bench_lines(b.path), 3);
  size_t len;
  char *bytes = bench_read(b.path, &len);
  assert_non_null(strstr(bytes, "\"item 101\""));
  assert_true(strstr(bytes, "\"item 100\"") < strstr(bytes, "\"item 101\""));
  free(bytes);
  assert_int_equal(ncl_test_flow_of(b.t).dropped, 0);
  bench_close(&b);
  bench_end(&b);
}

/* ---- what is there ----------------------------------------------------------------------------------- */

static void empties_the_file_unless_told_to_append(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  for (uint32_t i = 0; i < 2; i++) {
    bench_open(&b, "");
    assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
    bench_close(&b);
    assert_int_equal(bench_lines(b.path), 1);
  }
  for (uint32_t i = 0; i < 2; i++) {
    bench_open(&b, "append: true\n");
    assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
    bench_close(&b);
    assert_int_equal(bench_lines(b.path), 2 + i);
  }
  bench_end(&b);
}

static void begins_a_new_line_behind_a_torn_one(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  bench_write(b.path, "{\"torn", 6);
  bench_open(&b, "append: true\n");
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  bench_close(&b);
  size_t len;
  char *bytes = bench_read(b.path, &len);
  assert_memory_equal(bytes, "{\"torn\n{\"resourceLogs\"", 22);
  free(bytes);
  bench_end(&b);
}

static void does_not_append_to_what_it_cannot_read(void **state) {
  (void)state;
  static const char *const contents[] = {"\0\0\0\005ab", "{\"resourceLogs\":[]}\n", "\0\0"};
  static const size_t lens[] = {6, 20, 2};
  for (uint32_t i = 0; i < 3; i++) {
    bench b;
    bench_begin(&b);
    bench_write(b.path, contents[i], lens[i]);
    ncl_test_options options = bench_options(&b, "append: true\nformat: proto\n");
    ncl_test *t = ncl_test_open(&options);
    assert_int_equal(ncl_test_start(t), NCL_PERMANENT);
    assert_contains(ncl_test_log(t), "does not end with a whole record of this format");
    assert_int_equal(ncl_test_close(t), 0);
    assert_int_equal(size_of(b.path), lens[i]); /* untouched */
    bench_end(&b);
  }
}

static void appends_behind_whole_records(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  for (uint32_t i = 1; i <= 3; i++) {
    bench_open(&b, "append: true\nformat: proto\n");
    assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, i)->status, NCL_OK);
    bench_close(&b);
    assert_int_equal(bench_records(b.path, NULL, NULL), i);
  }
  bench_end(&b);
}

static void is_the_only_writer(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  bench_open(&b, "");
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  ncl_test_options options = bench_options(&b, "");
  options.id = "file/2";
  ncl_test *other = ncl_test_open(&options);
  assert_int_equal(ncl_test_start(other), NCL_PERMANENT);
  assert_contains(ncl_test_log(other), "is being written by another exporter or process");
  assert_int_equal(ncl_test_close(other), 0);
  assert_int_equal(bench_lines(b.path), 1); /* and was not emptied */
  bench_close(&b);
  bench_end(&b);
}

static void goes_on_behind_a_cut_by_somebody_else(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  bench_open(&b, "");
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  assert_int_equal(truncate(b.path, 0), 0); /* logrotate's copytruncate */
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  assert_int_equal(bench_lines(b.path), 1);
  bench_close(&b);
  bench_end(&b);
}

/* ---- directories ------------------------------------------------------------------------------------- */

static void makes_directories_if_told_to(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  (void)snprintf(b.path, sizeof b.path, "%s/a/b/out", b.dir);
  ncl_test_options options = bench_options(&b, "");
  ncl_test *t = ncl_test_open(&options);
  assert_int_equal(ncl_test_start(t), NCL_PERMANENT);
  assert_contains(ncl_test_log(t), "No such file or directory");
  assert_int_equal(ncl_test_close(t), 0);

  bench_open(&b, "create_directory: true\ndirectory_permissions: \"0711\"\n");
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  bench_close(&b);
  char dir[64];
  struct stat file;
  (void)snprintf(dir, sizeof dir, "%s/a/b", b.dir);
  assert_int_equal(stat(dir, &file), 0);
  assert_int_equal(file.st_mode & 0777, 0711);
  assert_int_equal(stat(b.path, &file), 0);
  assert_int_equal(file.st_mode & 0777, 0600);
  bench_open(&b, "create_directory: true\n"); /* they are there now */
  bench_close(&b);
  bench_end(&b);
}

static uint32_t errors_of_check(bench *b, const char *keys, const char *part) {
  ncl_test_options options = bench_options(b, keys);
  ncl_test *t = ncl_test_open(&options);
  assert_int_equal(ncl_test_status(t), NCL_OK);
  uint32_t errors = ncl_test_check(t);
  if (errors > 0) assert_contains(ncl_test_diagnostics(t), part);
  assert_int_equal(ncl_test_close(t), 0);
  return errors;
}

static void looks_whether_the_directory_is_there(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  assert_int_equal(errors_of_check(&b, "", ""), 0);
  (void)snprintf(b.path, sizeof b.path, "%s/a/b/out", b.dir);
  assert_int_equal(errors_of_check(&b, "", "cannot find the directory"), 1);
  assert_int_equal(errors_of_check(&b, "create_directory: true\n", ""), 0);
  (void)snprintf(b.path, sizeof b.path, "%s", b.dir);
  assert_int_equal(errors_of_check(&b, "", "Is a directory"), 1);
  (void)snprintf(b.path, sizeof b.path, "/proc/nacelle/out");
  assert_int_equal(errors_of_check(&b, "create_directory: true\n", "/proc"), geteuid() == 0 ? 0 : 1);
  (void)snprintf(b.path, sizeof b.path, "/dev/null/out");
  assert_int_equal(errors_of_check(&b, "", "Not a directory"), 1);
  /* Nothing was made by looking. */
  char a[64];
  (void)snprintf(a, sizeof a, "%s/a", b.dir);
  assert_int_equal(access(a, F_OK), -1);
  bench_end(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_back_a_record_that_did_not_fit),
      cmocka_unit_test(says_that_it_fails_once),
      cmocka_unit_test(tries_again_from_its_queue_where_there_is_one),
      cmocka_unit_test(empties_the_file_unless_told_to_append),
      cmocka_unit_test(begins_a_new_line_behind_a_torn_one),
      cmocka_unit_test(does_not_append_to_what_it_cannot_read),
      cmocka_unit_test(appends_behind_whole_records),
      cmocka_unit_test(is_the_only_writer),
      cmocka_unit_test(goes_on_behind_a_cut_by_somebody_else),
      cmocka_unit_test(makes_directories_if_told_to),
      cmocka_unit_test(looks_whether_the_directory_is_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/file: files that are moved away when they are full, and files that others have moved away. */
#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <time.h>

#include "file_test.h"

/* Names in the test's directory that match, in their order; returns how many. */
static uint32_t find(const bench *b, const char *pattern, char names[16][128]) {
  struct dirent **entries;
  int n = scandir(b->dir, &entries, NULL, alphasort);
  uint32_t count = 0;
  assert_true(n >= 0);
  for (int i = 0; i < n; i++) {
    if (fnmatch(pattern, entries[i]->d_name, 0) == 0) {
      assert_true(count < 16);
      (void)snprintf(names[count++], 128, "%s/%.90s", b->dir, entries[i]->d_name);
    }
    free(entries[i]);
  }
  free(entries);
  return count;
}

static off_t size_of(const char *path) {
  struct stat file;
  assert_int_equal(stat(path, &file), 0);
  return file.st_size;
}

/* A record of more than a third and less than half of a MiB. */
static void give_much(bench *b) {
  assert_int_equal(bench_give(b, NCL_SIGNAL_LOGS, 2500)->status, NCL_OK);
}

static void set_path(bench *b, const char *name) {
  (void)snprintf(b->path, sizeof b->path, "%s/%s", b->dir, name);
}

static void moves_a_full_file_away(void **state) {
  (void)state;
  bench b;
  char names[16][128];
  bench_begin(&b);
  set_path(&b, "out.json");
  bench_open(&b, "rotation:\n  max_megabytes: 1\n");
  for (int i = 0; i < 7; i++) {
    give_much(&b);
    ncl_test_advance(b.t, 1500 * MS);
  }
  /* The clock of a test begins at 2026-01-02 03:04:05. */
  assert_int_equal(find(&b, "out-2026-01-02T03-04-*-size.json", names), 3);
  assert_non_null(strstr(names[0], "/out-2026-01-02T03-04-08.000-size.json"));
  uint32_t lines = bench_lines(b.path);
  for (int i = 0; i < 3; i++) {
    assert_true(size_of(names[i]) <= 1 << 20);
    lines += bench_lines(names[i]);
  }
  assert_int_equal(lines, 7);
  assert_int_equal(ncl_test_metric(b.t, "otelcol_exporter_file_rotations", ""), 3);
  assert_int_equal(ncl_test_logged(b.t, "The file was full and has been moved away"), 3);
  bench_close(&b);
  bench_end(&b);
}

static void writes_what_is_larger_than_a_file_into_one_of_its_own(void **state) {
  (void)state;
  bench b;
  char names[16][128];
  bench_begin(&b);
  bench_open(&b, "format: proto\nrotation:\n  max_megabytes: 1\n");
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 10)->status, NCL_OK);
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 60000)->status, NCL_OK);
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 10)->status, NCL_OK);
  assert_int_equal(find(&b, "out-*-size", names), 2); /* in the same millisecond, and neither is overwritten */
  assert_int_equal(bench_records(names[0], NULL, NULL), 1);
  assert_int_equal(bench_records(names[1], NULL, NULL), 1);
  assert_true(size_of(names[1]) > 1 << 20);
  assert_int_equal(bench_records(b.path, NULL, NULL), 1);
  bench_close(&b);
  bench_end(&b);
}

static void keeps_so_many_and_so_old_ones(void **state) {
  (void)state;
  static const char *const others[] = {"out-2026-01-02T03-04.json", "out-x-2020-01-01T00-00-00.000-size.json",
                                       "out-2020-01-01T00-00-00.000-size.json.gz", "out.json.1",
                                       "out-2020-01-01T00-00-00.000-size2.json"};
  bench b;
  char names[16][128], path[128];
  bench_begin(&b);
  set_path(&b, "out.json");
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", b.dir, others[i]);
    bench_write(path, "x", 1);
  }
  /* As the Go collector has named them before, and now. */
  (void)snprintf(path, sizeof path, "%s/out-2025-12-29T03-04-04.999.json", b.dir);
  bench_write(path, "x", 1);
  (void)snprintf(path, sizeof path, "%s/out-2025-12-30T04-00-00.000-time.json", b.dir);
  bench_write(path, "x", 1);
  bench_open(&b, "rotation:\n  max_megabytes: 1\n  max_days: 3\n  max_backups: 2\n");
  assert_int_equal(find(&b, "out-2025-*", names), 1); /* the one that is too old is gone at the start */
  for (int i = 0; i < 3; i++) {
    give_much(&b);
    ncl_test_advance(b.t, 1000 * MS);
  }
  assert_int_equal(find(&b, "out-2025-*", names), 1);
  assert_int_equal(find(&b, "out-2026-*-size.json", names), 1);
  for (int i = 0; i < 6; i++) {
    give_much(&b);
    ncl_test_advance(b.t, 1000 * MS);
  }
  assert_int_equal(find(&b, "out-2025-*", names), 0);
  assert_int_equal(find(&b, "out-2026-*-size.json", names), 2);
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", b.dir, others[i]);
    assert_int_equal(access(path, F_OK), 0);
  }
  bench_close(&b);
  bench_end(&b);
}

static void names_files_by_the_machines_time_if_told_to(void **state) {
  (void)state;
  bench b;
  char names[16][128];
  bench_begin(&b);
  assert_int_equal(setenv("TZ", "XYZ-05:30", 1), 0);
  tzset();
  bench_open(&b, "rotation:\n  max_megabytes: 1\n  localtime: true\n");
  for (int i = 0; i < 3; i++)
    give_much(&b);
  bench_close(&b);
  assert_int_equal(unsetenv("TZ"), 0);
  tzset();
  assert_int_equal(find(&b, "out-2026-01-02T08-34-05.000-size", names), 1);
  bench_end(&b);
}

static void goes_on_in_the_file_that_is_there(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  for (int i = 0; i < 2; i++) {
    bench_open(&b, "rotation:\n");
    assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
    bench_close(&b);
  }
  assert_int_equal(bench_lines(b.path), 2);
  bench_end(&b);
}

static void begins_anew_behind_what_it_cannot_read(void **state) {
  (void)state;
  bench b;
  char names[16][128];
  bench_begin(&b);
  bench_write(b.path, "\0\0\1\0cut", 7);
  bench_open(&b, "format: proto\nrotation:\n");
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  bench_close(&b);
  assert_int_equal(bench_records(b.path, NULL, NULL), 1);
  assert_int_equal(find(&b, "out-*-size", names), 1);
  assert_int_equal(size_of(names[0]), 7);
  bench_end(&b);
}

static void writes_on_where_the_file_cannot_be_moved(void **state) {
  (void)state;
  bench b;
  char long_name[256], names[16][128];
  bench_begin(&b);
  /* The name itself is as long as one may be: there is no room for a time in it. */
  memset(long_name, 'n', 255);
  long_name[255] = '\0';
  char config[512];
  (void)snprintf(config, sizeof config, "path: %s/%s\nrotation:\n  max_megabytes: 1\n", b.dir, long_name);
  ncl_test_options options = {.plugin = PLUGIN("exporters", "file"), .config = config};
  b.t = open_started(&options);
  for (int i = 0; i < 4; i++)
    give_much(&b);
  assert_int_equal(find(&b, "out*", names), 0);
  (void)snprintf(config, sizeof config, "%s/%s", b.dir, long_name);
  assert_int_equal(bench_lines(config), 4);
  assert_true(ncl_test_logged(b.t, "A file could not be looked after") > 0);
  assert_contains(ncl_test_log(b.t), "File name too long");
  bench_close(&b);
  bench_end(&b);
}

/* ---- what others move away ---------------------------------------------------------------------------- */

static void opens_the_file_again_on_a_reload(void **state) {
  (void)state;
  bench b;
  char moved[128];
  bench_begin(&b);
  bench_open(&b, "");
  (void)snprintf(moved, sizeof moved, "%s.1", b.path);
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  assert_int_equal(rename(b.path, moved), 0); /* as logrotate does, without copytruncate */
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  assert_int_equal(bench_lines(moved), 2);
  ncl_test_refresh(b.t);
  assert_int_equal(bench_lines(b.path), 0); /* at once: the tool may go on with the old one */
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  assert_int_equal(bench_lines(moved), 2);
  assert_int_equal(bench_lines(b.path), 1);
  /* Where nothing was moved nothing is done, and what is there is not thrown away. */
  ncl_test_refresh(b.t);
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  assert_int_equal(bench_lines(b.path), 2);
  bench_close(&b);
  bench_end(&b);
}

static void keeps_the_old_file_where_a_new_one_cannot_be(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  set_path(&b, "deep/out");
  bench_open(&b, "create_directory: true\n");
  char deep[128], moved[128], lines[160];
  (void)snprintf(deep, sizeof deep, "%s/deep", b.dir);
  (void)snprintf(moved, sizeof moved, "%s/moved", b.dir);
  (void)snprintf(lines, sizeof lines, "%s/moved/out", b.dir);
  assert_int_equal(rename(deep, moved), 0);
  bench_write(deep, "in the way", 10);
  ncl_test_refresh(b.t);
  assert_contains(ncl_test_log(b.t), "file.upkeep_failed");
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  assert_int_equal(bench_lines(lines), 1);
  bench_close(&b);
  bench_end(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(moves_a_full_file_away),
      cmocka_unit_test(writes_what_is_larger_than_a_file_into_one_of_its_own),
      cmocka_unit_test(keeps_so_many_and_so_old_ones),
      cmocka_unit_test(names_files_by_the_machines_time_if_told_to),
      cmocka_unit_test(goes_on_in_the_file_that_is_there),
      cmocka_unit_test(begins_anew_behind_what_it_cannot_read),
      cmocka_unit_test(writes_on_where_the_file_cannot_be_moved),
      cmocka_unit_test(opens_the_file_again_on_a_reload),
      cmocka_unit_test(keeps_the_old_file_where_a_new_one_cannot_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

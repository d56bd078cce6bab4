/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/file: a file for each value of a resource attribute. */
#include "file_test.h"

#define KEYS "group_by:\n  enabled: true\n"

static void open_groups(bench *b, const char *name, const char *keys) {
  (void)snprintf(b->path, sizeof b->path, "%s/%s", b->dir, name);
  bench_open(b, keys);
}

/* Lines of a file in the directory of the test; -1 = it is not there. */
static int lines_of(const bench *b, const char *name) {
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", b->dir, name);
  return access(path, F_OK) == 0 ? (int)bench_lines(path) : -1;
}

static const ncl_test_answer *give(bench *b, const char *resource) {
  return ncl_test_consume(b->t, ncl_test_batch(b->t, NCL_SIGNAL_LOGS, 2, resource), NULL);
}

static void writes_each_resource_into_its_file(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  open_groups(&b, "made/*.json", KEYS);
  ncl_test_build *build = ncl_test_build_open(b.t, NCL_SIGNAL_LOGS);
  static const char *const resources[] = {"fileexporter.path_segment=a;host=1", "fileexporter.path_segment=b",
                                          "fileexporter.path_segment=a;host=2", "fileexporter.path_segment=deep/c"};
  for (size_t i = 0; i < 4; i++) {
    ncl_test_resource(build, resources[i]);
    ncl_test_logs(build, (uint32_t)i + 1, "x", NULL);
  }
  const ncl_test_answer *answer = ncl_test_consume(b.t, ncl_test_build_finish(build), NULL);
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 0);
  assert_int_equal(give(&b, "fileexporter.path_segment=b")->status, NCL_OK);
  bench_close(&b);
  assert_int_equal(lines_of(&b, "made/a.json"), 1); /* both of its resources in one line */
  assert_int_equal(lines_of(&b, "made/b.json"), 2);
  assert_int_equal(lines_of(&b, "made/deep/c.json"), 1);
  size_t len;
  char path[128];
  (void)snprintf(path, sizeof path, "%s/made/a.json", b.dir);
  char *text = bench_read(path, &len);
  assert_contains(text, "{\"stringValue\":\"1\"}");
  assert_contains(text, "{\"stringValue\":\"2\"}");
  assert_null(strstr(text, "\"b\""));
  free(text);
  bench_end(&b);
}

static void drops_what_does_not_say_where_it_belongs(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  open_groups(&b, "*.json", KEYS "  resource_attribute: tenant\n");
  assert_int_equal(give(&b, "service.name=a")->rejected, 2);
  assert_int_equal(give(&b, "tenant:=7")->rejected, 2); /* not a string */
  const ncl_test_answer *answer = give(&b, "tenant=a");
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 0);
  assert_int_equal(ncl_test_metric(b.t, "otelcol_exporter_sent_log_records", NULL), 2);
  assert_int_equal(ncl_test_metric(b.t, "otelcol_exporter_send_failed_log_records", NULL), 4);
  bench_close(&b);
  assert_int_equal(lines_of(&b, "a.json"), 1);
  bench_end(&b);
}

static void stays_below_its_directory(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  open_groups(&b, "in/*.json", KEYS);
  static const char *const segments[] = {"../out", "../../out", "a/../../../out", "/out", "./out", "b/./c//d/../e"};
  for (size_t i = 0; i < sizeof segments / sizeof segments[0]; i++) {
    char resource[128];
    (void)snprintf(resource, sizeof resource, "fileexporter.path_segment=%s", segments[i]);
    assert_int_equal(give(&b, resource)->status, NCL_OK);
  }
  bench_close(&b);
  assert_int_equal(lines_of(&b, "out.json"), -1);
  assert_int_equal(access("/tmp/out.json", F_OK), -1);
  assert_int_equal(lines_of(&b, "in/out.json"), 5);
  assert_int_equal(lines_of(&b, "in/b/c/e.json"), 1);
  bench_end(&b);
}

static uint32_t open_files(void) {
  uint32_t count = 0;
  for (int fd = 0; fd < 1024; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static void keeps_no_more_files_open_than_it_may(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  open_groups(&b, "*.json", KEYS "  max_open_files: 3\n");
  uint32_t before = open_files();
  for (uint32_t round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < 10; i++) {
      char resource[64];
      (void)snprintf(resource, sizeof resource, "fileexporter.path_segment=f%u", i);
      assert_int_equal(give(&b, resource)->status, NCL_OK);
      assert_true(open_files() <= before + 3);
    }
  }
  bench_close(&b);
  for (uint32_t i = 0; i < 10; i++) {
    char name[32];
    (void)snprintf(name, sizeof name, "f%u.json", i);
    assert_int_equal(lines_of(&b, name), 2); /* not emptied when it was opened again */
  }
  bench_end(&b);
}

static void writes_what_it_can_and_asks_for_the_rest(void **state) {
  (void)state;
  bench b;
  char path[128];
  bench_begin(&b);
  open_groups(&b, "*", KEYS);
  (void)snprintf(path, sizeof path, "%s/full", b.dir);
  assert_int_equal(symlink("/dev/full", path), 0);
  (void)snprintf(path, sizeof path, "%s/folder", b.dir);
  assert_int_equal(mkdir(path, 0700), 0);
  ncl_test_build *build = ncl_test_build_open(b.t, NCL_SIGNAL_LOGS);
  static const char *const resources[] = {"fileexporter.path_segment=a", "fileexporter.path_segment=full",
                                          "fileexporter.path_segment=folder", "fileexporter.path_segment=b"};
  for (size_t i = 0; i < 4; i++) {
    ncl_test_resource(build, resources[i]);
    ncl_test_logs(build, 10, "x", NULL);
  }
  const ncl_test_answer *answer = ncl_test_consume(b.t, ncl_test_build_finish(build), NULL);
  assert_int_equal(answer->status, NCL_RETRYABLE);
  assert_contains(answer->message, "No space left on device");
  assert_int_equal(lines_of(&b, "a"), 1);
  assert_int_equal(lines_of(&b, "b"), 1);
  assert_int_equal(answer->rejected, 10);
  assert_int_equal(ncl_test_metric(b.t, "otelcol_exporter_sent_log_records", NULL), 20);
  assert_int_equal(ncl_test_metric(b.t, "otelcol_exporter_send_failed_log_records", NULL), 20);
  /* A file that can never be is that resource's trouble. */
  answer = give(&b, "fileexporter.path_segment=folder");
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->rejected, 2);
  bench_close(&b);
  bench_end(&b);
}

static void tries_only_the_rest_again(void **state) {
  (void)state;
  bench b;
  char path[128], other[128];
  bench_begin(&b);
  open_groups(&b, "*", KEYS "sending_queue:\nretry_on_failure:\n  initial_interval: 1s\n  randomization_factor: 0\n");
  (void)snprintf(path, sizeof path, "%s/full", b.dir);
  (void)snprintf(other, sizeof other, "%s/moved", b.dir);
  assert_int_equal(symlink("/dev/full", path), 0);
  ncl_test_build *build = ncl_test_build_open(b.t, NCL_SIGNAL_LOGS);
  ncl_test_resource(build, "fileexporter.path_segment=full");
  ncl_test_logs(build, 10, "x", NULL);
  ncl_test_resource(build, "fileexporter.path_segment=a");
  ncl_test_logs(build, 10, "x", NULL);
  ncl_test_resource(build, "host=nameless");
  ncl_test_logs(build, 5, "x", NULL);
  assert_int_equal(ncl_test_consume(b.t, ncl_test_build_finish(build), NULL)->status, NCL_OK);
  assert_int_equal(lines_of(&b, "a"), 1);
  assert_int_equal(ncl_test_metric(b.t, "otelcol_exporter_sent_log_records", NULL), 10);
  assert_int_equal(ncl_test_metric(b.t, "nacelle_dropped_items", "reason=no_file"), 5);
  ncl_test_advance(b.t, 1 * S);
  assert_int_equal(rename(path, other), 0); /* there is room again */
  ncl_test_refresh(b.t);
  for (int i = 0; i < 20; i++)
    ncl_test_advance(b.t, 1 * S);
  assert_int_equal(ncl_test_metric(b.t, "otelcol_exporter_sent_log_records", NULL), 10); /* not again */
  assert_int_equal(ncl_test_metric(b.t, "nacelle_dropped_items", NULL), 5);
  bench_close(&b);
  (void)unlink(other);
  assert_int_equal(lines_of(&b, "a"), 1);
  bench_end(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_each_resource_into_its_file),
      cmocka_unit_test(drops_what_does_not_say_where_it_belongs),
      cmocka_unit_test(stays_below_its_directory),
      cmocka_unit_test(keeps_no_more_files_open_than_it_may),
      cmocka_unit_test(writes_what_it_can_and_asks_for_the_rest),
      cmocka_unit_test(tries_only_the_rest_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/file: its config, its life, and a disk that does not answer. */
#include <poll.h>

#include "file_test.h"

static void assert_config_refused(const char *config, const char *part) {
  ncl_test_options options = {.plugin = PLUGIN("exporters", "file"), .config = config};
  assert_refused(&options, part);
}

static void refuses_a_config_that_makes_no_sense(void **state) {
  (void)state;
  assert_config_refused("format: json\n", "path");
  assert_config_refused("path: \"\"\n", "the path is empty");
  assert_config_refused("path: /tmp/\n", "name a file");
  assert_config_refused("path: x\nformat: xml\n", "exporters.file.format");
  assert_config_refused("path: x\ncompression: gzip\n", "exporters.file.compression");
  assert_config_refused("path: x\ndirectory_permissions: \"0799\"\n", "octal");
  assert_config_refused("path: x\ndirectory_permissions: \"\"\n", "octal");
  assert_config_refused("path: x\nflush_interval: -1s\n", "flush_interval");
  assert_config_refused("path: x\nappend: 1\n", "append");
  assert_config_refused("path: x\nrotation:\n  max_megabytes: -1\n", "max_megabytes");
  assert_config_refused("path: x\ngroup_by:\n  enabled: true\n", "has one * in it");
  assert_config_refused("path: a*b*c\ngroup_by:\n  enabled: true\n", "has one * in it");
  assert_config_refused("path: \"*.json\"\ngroup_by:\n  enabled: true\n", "cannot begin with *");
  assert_config_refused("path: ./*.json\ngroup_by:\n  enabled: true\n  resource_attribute: \"\"\n",
                        "exporters.file.group_by.resource_attribute");
  assert_config_refused("path: ./*.json\ngroup_by:\n  enabled: true\n  max_open_files: 0\n", "max_open_files");
}

static void says_what_is_not_available(void **state) {
  (void)state;
  assert_config_refused("path: x\nencoding: otlp_encoding\n",
                        "yaml:2:1: error: exporters.file.encoding: encoding extensions are not supported");
}

static void takes_the_config_of_the_go_collector(void **state) {
  (void)state;
  ncl_test_options options = {.plugin = PLUGIN("exporters", "file"),
                              .config =
                                  "path: ./filename\nformat: proto\nappend: true\nflush_interval: 1s\n"
                                  "create_directory: true\ndirectory_permissions: \"0755\"\ncompression: zstd\n"
                                  "rotation:\n  max_megabytes: 10\n  max_days: 3\n  max_backups: 3\n"
                                  "  localtime: true\ngroup_by:\n  enabled: false\n  max_open_files: 7\n"};
  ncl_test *t = ncl_test_open(&options);
  assert_int_equal(ncl_test_status(t), NCL_OK);
  assert_string_equal(ncl_test_diagnostics(t), "");
  assert_int_equal(ncl_test_close(t), 0);
}

static void opens_the_file_in_start_and_not_before(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  ncl_test_options options = bench_options(&b, "");
  ncl_test *t = ncl_test_open(&options);
  assert_int_equal(ncl_test_status(t), NCL_OK);
  assert_int_equal(ncl_test_check(t), 0);
  assert_int_equal(access(b.path, F_OK), -1);
  assert_int_equal(ncl_test_start(t), NCL_OK);
  assert_int_equal(access(b.path, F_OK), 0);
  assert_int_equal(ncl_test_close(t), 0);
  bench_end(&b);
}

static void takes_all_signals_into_one_file(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  bench_open(&b, "");
  for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++)
    assert_int_equal(bench_give(&b, signal, 2)->status, NCL_OK);
  size_t len;
  char *bytes = bench_read(b.path, &len);
  assert_contains(bytes, "{\"resourceSpans\":[");
  assert_contains(bytes, "\n{\"resourceMetrics\":[");
  assert_contains(bytes, "\n{\"resourceLogs\":[");
  free(bytes);
  bench_close(&b);
  bench_end(&b);
}

static void tells_the_sender_when_it_is_written(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  bench_open(&b, "");
  const ncl_test_answer *answer = bench_give(&b, NCL_SIGNAL_LOGS, 1);
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->later, 1);
  assert_int_equal(bench_lines(b.path), 1);
  bench_close(&b);
  bench_end(&b);
}

static void writes_what_is_queued_before_it_ends(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  bench_open(&b, "sending_queue:\n");
  for (uint32_t i = 0; i < 50; i++)
    assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  bench_close(&b);
  assert_int_equal(bench_lines(b.path), 50);
  bench_end(&b);
}

static void holds_no_memory_that_is_not_charged(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  bench_open(&b, "compression: zstd\n");
  uint64_t before = ncl_test_memory(b.t);
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 100)->status, NCL_OK);
  assert_true(ncl_test_memory(b.t) > before + 10000);
  /* What a large batch took is given back. */
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 40000)->status, NCL_OK);
  assert_true(ncl_test_memory(b.t) < before + (UINT64_C(8) << 20));
  /* Over the budget nothing is kept; the sender has to try again. */
  const ncl_batch *batch = ncl_test_batch(b.t, NCL_SIGNAL_LOGS, 20000, NULL);
  ncl_test_set_budget(b.t, 1);
  const ncl_test_answer *refused = ncl_test_consume(b.t, batch, NULL);
  assert_int_equal(refused->status, NCL_NO_MEMORY);
  assert_string_equal(refused->message, "no memory for a record");
  assert_int_equal(ncl_test_memory(b.t), before);
  ncl_test_set_budget(b.t, UINT64_MAX);
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 10)->status, NCL_OK);
  bench_close(&b);
  assert_int_equal(bench_records(b.path, NULL, NULL), 3);
  bench_end(&b);
}

/* ---- a disk that does not answer ---------------------------------------------------------------------- */

static uint32_t is_there(void *path) {
  return access(path, F_OK) == 0;
}

static uint32_t has_bytes(void *fd) {
  struct pollfd ready = {*(int *)fd, POLLIN, 0};
  return poll(&ready, 1, 0) == 1;
}

/* Reads up to the end of a line; returns how many bytes that was. */
static size_t read_line(int fd) {
  char buffer[65536];
  size_t bytes = 0;
  for (;;) {
    ssize_t n = read(fd, buffer, sizeof buffer);
    assert_true(n > 0);
    bytes += (size_t)n;
    if (memchr(buffer, '\n', (size_t)n) != NULL) return bytes;
  }
}

/* A pipe in the file system that nobody reads: opening it for writing waits. */
static void begin_with_pipe(bench *b) {
  bench_begin(b);
  assert_int_equal(mkfifo(b->path, 0600), 0);
}

static void gives_up_a_file_that_cannot_be_opened_in_time(void **state) {
  (void)state;
  bench b;
  begin_with_pipe(&b);
  char made[64];
  (void)snprintf(made, sizeof made, "%s/made", b.dir);
  (void)snprintf(b.path, sizeof b.path, "%s/made/../out", b.dir);
  ncl_test_options options = bench_options(&b, "create_directory: true\n");
  ncl_test *t = ncl_test_open(&options);
  ncl_test_wait_for_jobs(t, 0);
  assert_int_equal(ncl_test_start(t), NCL_PENDING);
  assert_int_equal(ncl_test_until(t, is_there, made, 10000), 1); /* the thread is about to open the file */
  ncl_test_advance(t, 30 * S);                                   /* the deadline of a start, and then that of its end */
  ncl_test_advance(t, 30 * S);
  assert_int_equal(ncl_test_started(t), NCL_PERMANENT);
  assert_contains(ncl_test_log(t), "no answer before the deadline");
  /* The thread that waits goes on only when the instance is gone. */
  assert_int_equal(ncl_test_close(t), 0);
  int fd = open(b.path, O_RDONLY | O_CLOEXEC);
  char byte;
  assert_int_equal(read(fd, &byte, 1), 0); /* it has come, and closed the file */
  (void)close(fd);
  bench_end(&b);
}

static void refuses_while_the_disk_does_not_answer(void **state) {
  (void)state;
  bench b;
  begin_with_pipe(&b);
  int fd = open(b.path, O_RDWR | O_CLOEXEC);
  bench_open(&b, "timeout: 5s\n");
  const ncl_batch *large = ncl_test_batch(b.t, NCL_SIGNAL_LOGS, 2000, NULL); /* more than a pipe holds */
  const ncl_batch *small = ncl_test_batch(b.t, NCL_SIGNAL_LOGS, 1, NULL);
  ncl_test_wait_for_jobs(b.t, 0);
  const ncl_test_answer *first = ncl_test_consume(b.t, large, NULL);
  assert_int_equal(first->status, NCL_PENDING);
  assert_int_equal(ncl_test_until(b.t, has_bytes, &fd, 10000), 1);
  ncl_test_advance(b.t, 5 * S);
  assert_int_equal(first->status, NCL_RETRYABLE);
  const ncl_test_answer *second = ncl_test_consume(b.t, small, NULL);
  assert_int_equal(second->status, NCL_RETRYABLE);
  assert_contains(second->message, "has not answered yet");
  /* It answers: the record is there in full, and the next one can be written. */
  assert_true(read_line(fd) > 100000);
  ncl_test_wait_for_jobs(b.t, 1);
  ncl_test_settle(b.t);
  assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, 1)->status, NCL_OK);
  assert_int_equal(ncl_test_stale(b.t), 0); /* nobody was told of the first one a second time */
  bench_close(&b);
  (void)close(fd);
  bench_end(&b);
}

static uint32_t has_ended(void *t) {
  return ncl_test_ended(t);
}

static void waits_for_a_write_that_is_under_way_when_it_ends(void **state) {
  (void)state;
  bench b;
  begin_with_pipe(&b);
  int fd = open(b.path, O_RDWR | O_CLOEXEC);
  bench_open(&b, "");
  ncl_test_wait_for_jobs(b.t, 0);
  (void)ncl_test_consume(b.t, ncl_test_batch(b.t, NCL_SIGNAL_LOGS, 2000, NULL), NULL);
  assert_int_equal(ncl_test_until(b.t, has_bytes, &fd, 10000), 1);
  assert_int_equal(ncl_test_end(b.t, 10 * S), 0);
  ncl_test_advance(b.t, 10 * S - 400 * MS); /* the drain is over, the shutdown is not */
  assert_int_equal(ncl_test_ended(b.t), 0);
  assert_true(read_line(fd) > 100000);
  assert_int_equal(ncl_test_until(b.t, has_ended, b.t, 10000), 1);
  ncl_test_wait_for_jobs(b.t, 1);
  assert_int_equal(ncl_test_close(b.t), 0);
  (void)close(fd);
  bench_end(&b);
}

static void can_be_destroyed_while_the_disk_does_not_answer(void **state) {
  (void)state;
  bench b;
  begin_with_pipe(&b);
  int fd = open(b.path, O_RDWR | O_CLOEXEC);
  bench_open(&b, "");
  ncl_test_wait_for_jobs(b.t, 0);
  const ncl_test_answer *answer = ncl_test_consume(b.t, ncl_test_batch(b.t, NCL_SIGNAL_LOGS, 2000, NULL), NULL);
  assert_int_equal(answer->status, NCL_PENDING);
  assert_int_equal(ncl_test_until(b.t, has_bytes, &fd, 10000), 1);
  assert_int_equal(ncl_test_end(b.t, 2 * S), 0);
  ncl_test_advance(b.t, 2 * S); /* the drain, */
  ncl_test_advance(b.t, 2 * S); /* and the shutdown go on without it */
  assert_int_equal(ncl_test_ended(b.t), 1);
  assert_int_equal(answer->status, NCL_RETRYABLE); /* the sender hears of it */
  assert_int_equal(ncl_test_close(b.t), 0);
  /* The thread goes on when the pipe is read, and frees what it used. */
  (void)read_line(fd);
  (void)close(fd);
  bench_end(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_a_config_that_makes_no_sense),
      cmocka_unit_test(says_what_is_not_available),
      cmocka_unit_test(takes_the_config_of_the_go_collector),
      cmocka_unit_test(opens_the_file_in_start_and_not_before),
      cmocka_unit_test(takes_all_signals_into_one_file),
      cmocka_unit_test(tells_the_sender_when_it_is_written),
      cmocka_unit_test(writes_what_is_queued_before_it_ends),
      cmocka_unit_test(holds_no_memory_that_is_not_charged),
      cmocka_unit_test(gives_up_a_file_that_cannot_be_opened_in_time),
      cmocka_unit_test(refuses_while_the_disk_does_not_answer),
      cmocka_unit_test(waits_for_a_write_that_is_under_way_when_it_ends),
      cmocka_unit_test(can_be_destroyed_while_the_disk_does_not_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

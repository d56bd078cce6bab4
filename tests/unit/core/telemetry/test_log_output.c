/* SPDX-License-Identifier: Apache-2.0 */
/* Lines into real pipes, sockets and files whose readers are slow, stuck or gone. */
#include "core/telemetry/log_output.c"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static char line[8192];

static int setup(void **state) {
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  memset(line, 'x', sizeof(line));
  line[sizeof(line) - 1] = '\n';
  return 0;
}

/* Reads all there is; returns how many bytes. */
static size_t drain(int fd, char *out, size_t size) {
  size_t len = 0;
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  for (ssize_t n; len < size && (n = read(fd, out + len, size - len)) > 0;)
    len += (size_t)n;
  return len;
}

static size_t fill(ncl_log_output *output) {
  size_t lines = 0;
  while (ncl_log_output_write(output, line, sizeof(line)))
    lines++;
  return lines;
}

/* What is left of a stuck pipe or socket is whole lines, at most one torn one, and whole lines again. */
static void lose_and_recover(int write_fd, int read_fd, int kind) {
  ncl_log_output output;
  ncl_log_output_open(&output, write_fd);
  if (kind >= 0) output.kind = kind;
  int flags = fcntl(write_fd, F_GETFL);
  size_t lines = fill(&output);
  assert_true(lines > 0);
  assert_true(output.stuck);
  bool torn = output.torn;
  assert_false(ncl_log_output_write(&output, "never\n", 6) && !torn);
  static char all[1 << 21];
  size_t len = drain(read_fd, all, sizeof(all));
  assert_true(len >= lines * sizeof(line));
  assert_true(ncl_log_output_write(&output, "again\n", 6));
  assert_false(output.stuck || output.torn);
  len = drain(read_fd, all, sizeof(all));
  assert_true(len >= 6);
  assert_memory_equal(all + len - 6, "again\n", 6);
  if (output.torn) assert_int_equal(all[len - 7], '\n');
  assert_int_equal(fcntl(write_fd, F_GETFL), flags); /* the shared description is as it was */
  ncl_log_output_close(&output);
}

static void a_stuck_pipe_loses_lines_and_recovers(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0); /* blocking, as standard error is */
  lose_and_recover(fds[1], fds[0], -1);
  close(fds[0]);
  close(fds[1]);
}

static void a_pipe_that_cannot_be_opened_anew_does_not_block_either(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  ncl_log_output output = {.fd = fds[1], .kind = KIND_ASK};
  assert_true(fill(&output) > 0);
  static char all[1 << 20];
  drain(fds[0], all, sizeof(all));
  assert_true(ncl_log_output_write(&output, "again\n", 6));
  size_t len = drain(fds[0], all, sizeof(all));
  assert_memory_equal(all + len - 6, "again\n", 6);
  close(fds[0]);
  close(fds[1]);
}

static void a_stuck_socket_loses_lines_and_recovers(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  lose_and_recover(fds[1], fds[0], -1);
  close(fds[0]);
  close(fds[1]);
}

static void a_torn_line_is_ended_before_the_next(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  ncl_log_output output;
  ncl_log_output_open(&output, fds[1]);
  while (write(output.fd, line, 4096) > 0)
    continue; /* full */
  char page[4096];
  assert_int_equal(read(fds[0], page, sizeof(page)), sizeof(page));
  assert_false(ncl_log_output_write(&output, line, sizeof(line))); /* room for half of it */
  assert_true(output.torn);
  static char all[1 << 20];
  drain(fds[0], all, sizeof(all));
  assert_true(ncl_log_output_write(&output, "next\n", 5));
  assert_int_equal(drain(fds[0], all, sizeof(all)), 6);
  assert_memory_equal(all, "\nnext\n", 6);
  ncl_log_output_close(&output);
  close(fds[0]);
  close(fds[1]);
}

static void a_slow_reader_gets_everything(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  ncl_log_output output;
  ncl_log_output_open(&output, fds[1]);
  pid_t reader = fork(); /* reads on while lines are written, and ends with how many bytes it saw modulo 251 */
  if (reader == 0) {
    close(fds[1]);
    ncl_log_output_close(&output);
    size_t total = 0;
    char part[1000];
    for (ssize_t n; (n = read(fds[0], part, sizeof(part))) > 0;)
      total += (size_t)n;
    _exit((int)(total % 251));
  }
  close(fds[0]);
  size_t total = 0;
  for (int i = 0; i < 200; i++) {
    /* Under load the reader may not run for 20 ms: then the line is lost, as it says. */
    bool torn_before = output.torn;
    bool ok = ncl_log_output_write(&output, line, sizeof(line));
    if (!ok || torn_before) {
      total = 0;
      break;
    }
    total += sizeof(line);
  }
  ncl_log_output_close(&output);
  close(fds[1]);
  int status;
  assert_int_equal(waitpid(reader, &status, 0), reader);
  if (total > 0) assert_int_equal(WEXITSTATUS(status), total % 251);
}

static void a_reader_that_is_gone_is_a_lost_line(void **state) {
  (void)state;
  int fds[2];
  assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
  ncl_log_output output;
  ncl_log_output_open(&output, fds[1]);
  close(fds[0]);
  assert_false(ncl_log_output_write(&output, "x\n", 2));
  ncl_log_output_close(&output);
  close(fds[1]);
  ncl_log_output_open(&output, -1);
  assert_false(ncl_log_output_write(&output, "x\n", 2));
  ncl_log_output_close(&output);
}

static void appends_to_files_and_closes_only_what_is_its_own(void **state) {
  (void)state;
  char path[] = "/tmp/nacelle-test-log-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  unlink(path);
  ncl_log_output output;
  ncl_log_output_open(&output, fd);
  assert_false(output.own);
  assert_true(ncl_log_output_write(&output, "one\n", 4));
  assert_true(ncl_log_output_write(&output, "two\n", 4));
  ncl_log_output_close(&output);
  char text[16];
  assert_int_equal(pread(fd, text, sizeof(text), 0), 8);
  assert_memory_equal(text, "one\ntwo\n", 8);
  close(fd);
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  ncl_log_output_open(&output, null);
  assert_true(output.own);
  assert_true(ncl_log_output_write(&output, "x\n", 2));
  ncl_log_output_close(&output);
  assert_int_equal(close(null), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_stuck_pipe_loses_lines_and_recovers),
      cmocka_unit_test(a_pipe_that_cannot_be_opened_anew_does_not_block_either),
      cmocka_unit_test(a_stuck_socket_loses_lines_and_recovers),
      cmocka_unit_test(a_torn_line_is_ended_before_the_next),
      cmocka_unit_test(a_slow_reader_gets_everything),
      cmocka_unit_test(a_reader_that_is_gone_is_a_lost_line),
      cmocka_unit_test(appends_to_files_and_closes_only_what_is_its_own),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}

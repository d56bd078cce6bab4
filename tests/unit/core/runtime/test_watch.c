/* SPDX-License-Identifier: Apache-2.0 */
/* Watched descriptors: real sockets, their events and errors, and closing from within. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/runtime/watch.c"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* One end of a socket pair that is watched. */
typedef struct {
  ncl_loop *loop;
  ncl_watch *watch;
  ncl_watch *victim; /* closed by the callback */
  int fds[2];
  uint32_t events; /* seen, all together */
  int calls;
  int error; /* what reading gave */
} end;

static void note_events(void *arg, uint32_t events) {
  end *e = arg;
  e->events |= events;
  e->calls++;
  if (e->victim != NULL) {
    ncl_watch_close(e->victim);
    e->victim = NULL;
  }
}

static void open_end(end *e, ncl_loop *loop, uint32_t events) {
  *e = (end){.loop = loop};
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, e->fds), 0);
  e->watch = ncl_watch_open(loop, e->fds[0], events, note_events, e);
  assert_non_null(e->watch);
}

static void close_end(end *e) {
  ncl_watch_close(e->watch);
  close(e->fds[0]);
  close(e->fds[1]);
}

static void reports_what_was_asked_for_and_no_more(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  end e;
  open_end(&e, loop, NCL_EVENT_READ);
  assert_int_equal(ncl_loop_turn(loop, false), 0);
  assert_int_equal(write(e.fds[1], "x", 1), 1);
  assert_int_equal(ncl_loop_turn(loop, false), 1);
  assert_int_equal(e.events, NCL_EVENT_READ);

  e.events = 0;
  ncl_watch_set(e.watch, NCL_EVENT_WRITE);
  ncl_loop_turn(loop, false);
  assert_int_equal(e.events, NCL_EVENT_WRITE);

  e.events = 0;
  ncl_watch_set(e.watch, NCL_EVENT_READ | NCL_EVENT_WRITE);
  ncl_loop_turn(loop, false);
  assert_int_equal(e.events, NCL_EVENT_READ | NCL_EVENT_WRITE);

  e.events = 0;
  ncl_watch_set(e.watch, 0);
  assert_int_equal(ncl_loop_turn(loop, false), 0);
  ncl_watch_set(e.watch, NCL_EVENT_READ);
  ncl_loop_turn(loop, false);
  assert_int_equal(e.events, NCL_EVENT_READ);
  close_end(&e);
  ncl_loop_free(loop);
}

static void goes_on_until_the_data_is_read(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  end e;
  open_end(&e, loop, NCL_EVENT_READ);
  assert_int_equal(write(e.fds[1], "x", 1), 1);
  for (int i = 1; i <= 3; i++) {
    ncl_loop_turn(loop, false);
    assert_int_equal(e.calls, i);
  }
  char c;
  assert_int_equal(read(e.fds[0], &c, 1), 1);
  assert_int_equal(ncl_loop_turn(loop, false), 0);
  close_end(&e);
  ncl_loop_free(loop);
}

static void a_hang_up_comes_as_what_was_asked_for(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  end e;
  open_end(&e, loop, NCL_EVENT_READ);
  close(e.fds[1]);
  ncl_loop_turn(loop, false);
  assert_int_equal(e.events, NCL_EVENT_READ);
  char c;
  assert_int_equal(read(e.fds[0], &c, 1), 0);
  ncl_watch_close(e.watch);
  close(e.fds[0]);
  ncl_loop_free(loop);
}

static void read_datagram(void *arg, uint32_t events) {
  end *e = arg;
  e->events |= events;
  e->calls++;
  char c;
  e->error = recv(e->fds[0], &c, 1, 0) < 0 ? errno : 0;
}

/* A datagram socket whose peer port nobody has: each send makes an error of the descriptor (ICMP). */
static void goes_on_after_an_error_that_was_read(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  end e = {.loop = loop};
  struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof(nobody);
  int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(other, (struct sockaddr *)&nobody, len), 0);
  assert_int_equal(getsockname(other, (struct sockaddr *)&nobody, &len), 0);
  close(other);
  e.fds[0] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(e.fds[0], (struct sockaddr *)&nobody, len), 0);
  e.watch = ncl_watch_open(loop, e.fds[0], NCL_EVENT_READ, read_datagram, &e);
  for (int i = 1; i <= 3; i++) {
    e.error = 0;
    assert_int_equal(send(e.fds[0], "x", 1, 0), 1);
    ncl_loop_turn(loop, true);
    assert_int_equal(e.error, ECONNREFUSED);
    assert_int_equal(e.calls, i);
    assert_int_equal(e.events, NCL_EVENT_READ);
  }
  ncl_watch_close(e.watch);
  close(e.fds[0]);
  ncl_loop_free(loop);
}

static void write_to_pipe(void *arg, uint32_t events) {
  end *e = arg;
  e->events |= events;
  e->calls++;
  e->error = write(e->fds[1], "x", 1) < 0 ? errno : 0;
}

static void a_pipe_without_a_reader_wakes_its_writer(void **state) {
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  ncl_loop *loop = ncl_loop_new();
  end e = {.loop = loop};
  assert_int_equal(pipe2(e.fds, O_NONBLOCK | O_CLOEXEC), 0);
  static const char block[4096];
  while (write(e.fds[1], block, sizeof(block)) > 0)
    continue;
  e.watch = ncl_watch_open(loop, e.fds[1], NCL_EVENT_WRITE, write_to_pipe, &e);
  assert_int_equal(ncl_loop_turn(loop, false), 0);
  close(e.fds[0]);
  assert_int_equal(ncl_loop_turn(loop, false), 1);
  assert_int_equal(e.events, NCL_EVENT_WRITE);
  assert_int_equal(e.error, EPIPE);
  assert_int_equal(ncl_loop_turn(loop, false), 1); /* the error stays, and so do the calls */
  ncl_watch_close(e.watch);
  close(e.fds[1]);
  ncl_loop_free(loop);
}

static void is_closed_from_its_own_callback(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  end e;
  open_end(&e, loop, NCL_EVENT_READ);
  assert_int_equal(write(e.fds[1], "x", 1), 1);
  e.victim = e.watch;
  assert_int_equal(ncl_loop_turn(loop, false), 1);
  assert_int_equal(ncl_loop_turn(loop, false), 0);
  assert_int_equal(ncl_loop_open_handles(loop), 0);
  e.watch = NULL;
  close_end(&e);
  ncl_loop_free(loop);
}

static void one_closed_by_another_is_not_called(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  end e[2];
  for (int i = 0; i < 2; i++) {
    open_end(&e[i], loop, NCL_EVENT_READ);
    assert_int_equal(write(e[i].fds[1], "x", 1), 1);
  }
  e[0].victim = e[1].watch; /* whichever comes first closes the other */
  e[1].victim = e[0].watch;
  assert_int_equal(ncl_loop_turn(loop, false), 1);
  assert_int_equal(e[0].calls + e[1].calls, 1);
  e[e[0].calls == 1 ? 1 : 0].watch = NULL;
  close_end(&e[0]);
  close_end(&e[1]);
  ncl_loop_free(loop);
}

static void a_reused_descriptor_is_watched_anew(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  end e;
  open_end(&e, loop, NCL_EVENT_READ);
  ncl_loop_turn(loop, false);
  for (int i = 0; i < 10; i++) {
    int fd = e.fds[0];
    close_end(&e);
    open_end(&e, loop, NCL_EVENT_READ); /* before libuv has called back for the first one */
    assert_int_equal(e.fds[0], fd);
    assert_int_equal(write(e.fds[1], "x", 1), 1);
    ncl_loop_turn(loop, false);
    assert_int_equal(e.calls, 1);
  }
  close_end(&e);
  ncl_loop_free(loop);
}

static void refuses_what_cannot_be_watched(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  end e;
  open_end(&e, loop, NCL_EVENT_READ);
  assert_null(ncl_watch_open(loop, e.fds[0], NCL_EVENT_READ, note_events, &e));
  assert_int_equal(errno, EEXIST);
  assert_null(ncl_watch_open(loop, -1, NCL_EVENT_READ, note_events, &e));
  assert_int_equal(errno, EBADF);
  char path[] = "/tmp/nacelle-test-watch-XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  unlink(path);
  assert_null(ncl_watch_open(loop, file, NCL_EVENT_READ, note_events, &e));
  assert_int_equal(errno, EPERM);
  close(file);
  fail_alloc(1);
  assert_null(ncl_watch_open(loop, e.fds[1], NCL_EVENT_READ, note_events, &e));
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(ncl_loop_open_handles(loop), 1);
  close_end(&e);
  ncl_watch_close(NULL);
  ncl_loop_free(loop);
}

static void a_high_descriptor_needs_memory_for_the_loops_table(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  int high = fcntl(fds[0], F_DUPFD_CLOEXEC, 700);
  assert_true(high >= 700);
  end e = {.loop = loop};
  for (size_t nth = 1; nth <= 2; nth++) {
    fail_alloc(nth);
    assert_null(ncl_watch_open(loop, high, NCL_EVENT_WRITE, note_events, &e));
    assert_int_equal(errno, ENOMEM);
    assert_false(fail_alloc_unreached());
  }
  e.watch = ncl_watch_open(loop, high, NCL_EVENT_WRITE, note_events, &e);
  assert_non_null(e.watch);
  ncl_loop_turn(loop, false);
  assert_int_equal(e.events, NCL_EVENT_WRITE);
  ncl_watch_close(e.watch);
  close(high);
  close(fds[0]);
  close(fds[1]);
  ncl_loop_free(loop);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reports_what_was_asked_for_and_no_more),
      cmocka_unit_test(goes_on_until_the_data_is_read),
      cmocka_unit_test(a_hang_up_comes_as_what_was_asked_for),
      cmocka_unit_test(goes_on_after_an_error_that_was_read),
      cmocka_unit_test(a_pipe_without_a_reader_wakes_its_writer),
      cmocka_unit_test(is_closed_from_its_own_callback),
      cmocka_unit_test(one_closed_by_another_is_not_called),
      cmocka_unit_test(a_reused_descriptor_is_watched_anew),
      cmocka_unit_test(refuses_what_cannot_be_watched),
      cmocka_unit_test(a_high_descriptor_needs_memory_for_the_loops_table),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

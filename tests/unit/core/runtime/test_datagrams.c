/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners for datagrams: real ones on the loopback and at socket files, limits, losses, and one after the other. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/runtime/loop.h"
#define ncl_timer_open(loop, fn, arg) (alloc_fails_now() ? NULL : ncl_timer_open(loop, fn, arg))
#define ncl_watch_open(loop, fd, events, fn, arg) \
  (alloc_fails_now() ? (errno = ENOMEM, NULL) : ncl_watch_open(loop, fd, events, fn, arg))
#include "core/runtime/listener.c"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <nacelle/pdata.h>

/* A listener with what came to it. */
typedef struct {
  ncl_clock *clock;
  ncl_loop *loop;
  ncl_listener *listener;
  ncl_outcome outcome;
  size_t count;
  size_t close_after; /* the listener is closed after this many, 0 = never */
  size_t pause_after;
  size_t len; /* of the newest */
  uint32_t flags;
  uint8_t first, last; /* bytes of it */
  char peer[NCL_ENDPOINT_TEXT];
} server;

static void take_datagram(void *arg, ncl_range bytes, uint32_t flags, ncl_str peer) {
  server *s = arg;
  uint8_t padding = 0;
  for (size_t i = 0; i < NCL_PADDING; i++) /* may be read: the sanitizers say so */
    padding |= bytes.ptr[bytes.len + i];
  assert_true(padding < 128);
  s->count++;
  s->len = bytes.len;
  s->flags = flags;
  s->first = bytes.len > 0 ? bytes.ptr[0] : 0;
  s->last = bytes.len > 0 ? bytes.ptr[bytes.len - 1] : 0;
  (void)snprintf(s->peer, sizeof(s->peer), "%.*s", (int)peer.len, peer.ptr);
  if (s->count == s->pause_after) ncl_listener_accept(s->listener, 0);
  if (s->count == s->close_after) {
    ncl_listener_close(s->listener);
    s->listener = NULL;
  }
}

static const ncl_datagrams usual = {sizeof(ncl_datagrams), 0, 0, 0};

static void open_server(server *s, const char *endpoint, const ncl_datagrams *how) {
  ncl_listen_for who = {s, false, NULL, NULL};
  *s = (server){.clock = ncl_clock_new(1, 1)};
  s->loop = ncl_loop_new_on(s->clock);
  s->listener = ncl_listen_datagrams_as(s->loop, ncl_str_of(endpoint, strlen(endpoint)), how, &who, take_datagram, s,
                                        &s->outcome);
}

static void close_server(server *s) {
  ncl_listener_close(s->listener);
  assert_int_equal(ncl_loop_open_handles(s->loop), 0);
  ncl_loop_free(s->loop);
  ncl_clock_free(s->clock);
}

static void turn_until_quiet(server *s) {
  while (ncl_loop_turn(s->loop, false) > 0)
    continue;
}

static int client_of(const server *s) {
  const ncl_address *to = &s->listener->socket->address;
  int fd = socket(to->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (const struct sockaddr *)&to->sa, to->len), 0);
  return fd;
}

static void give(int client, const char *text) {
  assert_int_equal(send(client, text, strlen(text), 0), (ssize_t)strlen(text));
}

static uint32_t follows_it(const void *arg, const void *owner) {
  return arg == owner ? NCL_LISTEN_SUCCEEDED : NCL_LISTEN_STAYS;
}

static void open_successor(server *s, const server *first, const char *endpoint) {
  ncl_listen_for who = {s, true, follows_it, first};
  *s = (server){.loop = first->loop};
  s->listener = ncl_listen_datagrams_as(s->loop, ncl_str_of(endpoint, strlen(endpoint)), &usual, &who, take_datagram, s,
                                        &s->outcome);
  assert_non_null(s->listener);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static void takes_datagrams_with_their_senders(void **state) {
  (void)state;
  static const char *const endpoints[] = {"127.0.0.1:0", "localhost:0", ":0"};
  for (size_t i = 0; i < 3; i++) {
    server s;
    open_server(&s, endpoints[i], &usual);
    assert_non_null(s.listener);
    int client = client_of(&s);
    give(client, "one");
    give(client, "two!");
    assert_int_equal(send(client, "", 0, 0), 0); /* an empty one is one, too */
    turn_until_quiet(&s);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.len, 0);
    give(client, "four");
    turn_until_quiet(&s);
    assert_int_equal(s.len, 4);
    assert_int_equal(s.first, 'f');
    assert_int_equal(s.flags, 0);
    ncl_address name = {.len = sizeof(name.sa)};
    assert_int_equal(getsockname(client, (struct sockaddr *)&name.sa, &name.len), 0);
    char expected[NCL_ENDPOINT_TEXT];
    (void)ncl_address_format(&name, expected);
    if (i < 2) assert_string_equal(s.peer, expected);
    close(client);
    close_server(&s);
  }
}

static void says_where_one_was_cut(void **state) {
  (void)state;
  static char large[65507];
  server s;
  ncl_datagrams small = {sizeof(small), 8, 0, 0};
  open_server(&s, "127.0.0.1:0", &small);
  int client = client_of(&s);
  give(client, "12345678");
  turn_until_quiet(&s);
  assert_int_equal(s.len, 8);
  assert_int_equal(s.flags, 0);
  give(client, "123456789");
  turn_until_quiet(&s);
  assert_int_equal(s.len, 8);
  assert_int_equal(s.last, '8');
  assert_int_equal(s.flags, NCL_DATAGRAM_CUT);
  close(client);
  close_server(&s);
  open_server(&s, "127.0.0.1:0", &usual); /* the largest that UDP has is whole */
  client = client_of(&s);
  memset(large, 'x', sizeof(large));
  assert_int_equal(send(client, large, sizeof(large), 0), (ssize_t)sizeof(large));
  turn_until_quiet(&s);
  assert_int_equal(s.len, sizeof(large));
  assert_int_equal(s.flags, 0);
  assert_int_equal(s.last, 'x');
  close(client);
  close_server(&s);
}

static void reads_in_rounds(void **state) {
  (void)state;
  server s;
  open_server(&s, "127.0.0.1:0", &usual);
  int client = client_of(&s);
  for (int i = 0; i < ACCEPTS_A_TURN + 10; i++)
    give(client, "x");
  while (s.count == 0)
    (void)ncl_loop_turn(s.loop, false);
  assert_int_equal(s.count, ACCEPTS_A_TURN);
  turn_until_quiet(&s);
  assert_int_equal(s.count, ACCEPTS_A_TURN + 10);
  close(client);
  close_server(&s);
}

static void pauses_and_is_closed_from_its_own_callback(void **state) {
  (void)state;
  server s;
  open_server(&s, "127.0.0.1:0", &usual);
  s.pause_after = 2;
  s.close_after = 3;
  int client = client_of(&s);
  for (int i = 0; i < 5; i++)
    give(client, "x");
  turn_until_quiet(&s);
  assert_int_equal(s.count, 2);
  ncl_listener_accept(s.listener, 1);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 3);
  assert_null(s.listener);
  close(client);
  close_server(&s);
}

static void counts_what_the_kernel_threw_away(void **state) {
  (void)state;
  server s;
  static char large[32768];
  ncl_datagrams small = {sizeof(small), 0, 4096, 0};
  open_server(&s, "127.0.0.1:0", &small);
  int client = client_of(&s);
  assert_int_equal(ncl_listener_lost(s.listener), 0);
  for (int i = 0; i < 20; i++)
    assert_int_equal(send(client, large, 1000, 0), 1000);
  turn_until_quiet(&s);
  size_t came = s.count;
  assert_true(came < 20);
  give(client, "x"); /* the newest tells of those before it */
  turn_until_quiet(&s);
  assert_int_equal(s.count, came + 1);
  assert_int_equal(ncl_listener_lost(s.listener), 20 - came);
  close(client);
  close_server(&s);
}

/* ---- addresses ------------------------------------------------------------------------------------------------- */

/* A server at a port where TCP has nobody: which one the kernel gives out, it knows of UDP only. */
static ncl_listener *open_with_tcp(server *s) {
  for (int attempt = 0; attempt < 50; attempt++) {
    open_server(s, "127.0.0.1:0", &usual);
    ncl_listen_for who = {NULL, false, follows_it, s}; /* it follows, but is of the other kind */
    ncl_listener *tcp = ncl_listen_as(s->loop, ncl_listener_endpoint(s->listener), &who, NULL, NULL, NULL);
    if (tcp != NULL) return tcp;
    close_server(s);
  }
  fail_msg("no port is free for both");
  return NULL;
}

static void shares_a_port_with_tcp_and_with_nobody_else(void **state) {
  (void)state;
  server s;
  server other;
  char endpoint[NCL_ENDPOINT_TEXT];
  ncl_listener *tcp = open_with_tcp(&s);
  assert_ptr_not_equal(tcp->socket, s.listener->socket);
  ncl_str text = ncl_listener_endpoint(s.listener);
  (void)snprintf(endpoint, sizeof(endpoint), "%.*s", (int)text.len, text.ptr);
  open_server(&other, endpoint, &usual);
  assert_null(other.listener);
  assert_int_equal(other.outcome.status, NCL_RETRYABLE);
  assert_non_null(memmem(other.outcome.message.ptr, other.outcome.message.len, "another process", 15));
  close_server(&other);
  ncl_listener_close(tcp);
  close_server(&s);
}

static void opens_nothing_without_memory(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  for (size_t nth = 1; nth <= 5; nth++) { /* the buffer, the listener, its socket, timer, watch */
    ncl_outcome outcome;
    fail_alloc(nth);
    assert_null(ncl_listen_datagrams(loop, (ncl_str)NCL_STR("127.0.0.1:0"), &usual, take_datagram, NULL, &outcome));
    assert_false(fail_alloc_unreached());
    assert_int_equal(outcome.status, NCL_NO_MEMORY);
    assert_int_equal(ncl_loop_open_handles(loop), 0);
  }
  ncl_loop_free(loop);
}

static void takes_datagrams_at_a_socket_file(void **state) {
  (void)state;
  char dir[] = "/tmp/nacelle-datagrams-XXXXXX", path[64], endpoint[NCL_ENDPOINT_TEXT];
  struct stat file;
  server s;
  server other;
  ncl_datagrams open_to_all = {sizeof(open_to_all), 200000, 0, 0622};
  assert_non_null(mkdtemp(dir));
  (void)snprintf(path, sizeof(path), "%s/s", dir);
  (void)snprintf(endpoint, sizeof(endpoint), "unix://%s", path);
  for (int round = 0; round < 2; round++) {
    open_server(&s, endpoint, &open_to_all);
    assert_non_null(s.listener);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777u, 0622);
    int client = client_of(&s);
    give(client, "hello");
    turn_until_quiet(&s);
    assert_int_equal(s.count, 1);
    assert_string_equal(s.peer, "unix");
    open_server(&other, endpoint, &usual); /* in use */
    assert_null(other.listener);
    close_server(&other);
    ncl_outcome outcome;
    assert_null(
        ncl_listen(s.loop, ncl_str_of(endpoint, strlen(endpoint)), NULL, NULL, &outcome)); /* by the other kind */
    assert_int_equal(outcome.status, NCL_RETRYABLE);
    close(client);
    close_server(&s);
    assert_int_equal(access(path, F_OK), -1);
    int dead = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* as a process that was killed leaves it */
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    memcpy(sa.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(dead, (struct sockaddr *)&sa, sizeof(sa)), 0);
    close(dead);
  }
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(dir), 0);
}

/* ---- one after the other ----------------------------------------------------------------------------------------- */

static void a_successor_takes_the_port_and_what_waits_in_it(void **state) {
  (void)state;
  server first;
  server second;
  open_server(&first, "127.0.0.1:0", &usual);
  open_successor(&second, &first, "127.0.0.1:0");
  assert_ptr_equal(second.listener->socket, first.listener->socket);
  int client = client_of(&first);
  give(client, "before");
  turn_until_quiet(&first);
  assert_int_equal(first.count, 1); /* not yet */
  give(client, "between");
  ncl_listeners_take(first.loop, &second);
  turn_until_quiet(&first);
  assert_int_equal(first.count, 1);
  assert_int_equal(second.count, 1);
  ncl_listener_close(first.listener);
  first.listener = NULL;
  give(client, "after");
  turn_until_quiet(&first);
  assert_int_equal(second.count, 2);
  assert_int_equal(ncl_listener_lost(second.listener), 0);
  close(client);
  ncl_listener_close(second.listener);
  close_server(&first);
}

static void all_addresses_may_follow_one_and_the_other_way_round(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    char endpoint[NCL_ENDPOINT_TEXT];
    server first;
    server second;
    open_server(&first, i == 0 ? "127.0.0.1:0" : "0.0.0.0:0", &usual);
    const struct sockaddr_in *bound = (const struct sockaddr_in *)&first.listener->socket->address.sa;
    (void)snprintf(endpoint, sizeof(endpoint), i == 0 ? "0.0.0.0:%u" : "127.0.0.1:%u", ntohs(bound->sin_port));
    int early = client_of(&first);
    give(early, "in the queue of a socket that goes");
    open_successor(&second, &first, endpoint);
    assert_ptr_not_equal(second.listener->socket, first.listener->socket);
    ncl_listeners_take(first.loop, &second);
    ncl_listener_close(first.listener);
    first.listener = NULL;
    assert_int_equal(second.count, 1);
    give(early, "for the one that is there");
    turn_until_quiet(&first);
    assert_int_equal(second.count, 2);
    close(early);
    ncl_listener_close(second.listener);
    close_server(&first);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_datagrams_with_their_senders),
      cmocka_unit_test(says_where_one_was_cut),
      cmocka_unit_test(reads_in_rounds),
      cmocka_unit_test(pauses_and_is_closed_from_its_own_callback),
      cmocka_unit_test(counts_what_the_kernel_threw_away),
      cmocka_unit_test(shares_a_port_with_tcp_and_with_nobody_else),
      cmocka_unit_test(opens_nothing_without_memory),
      cmocka_unit_test(takes_datagrams_at_a_socket_file),
      cmocka_unit_test(a_successor_takes_the_port_and_what_waits_in_it),
      cmocka_unit_test(all_addresses_may_follow_one_and_the_other_way_round),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

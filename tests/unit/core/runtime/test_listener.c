/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: real connections on the loopback, socket files, limits and the end of descriptors. */
#include "unit/core/runtime/failing_alloc.h"

#include "core/runtime/loop.h"
#define ncl_timer_open(loop, fn, arg) (alloc_fails_now() ? NULL : ncl_timer_open(loop, fn, arg))
#define ncl_watch_open(loop, fd, events, fn, arg) \
  (alloc_fails_now() ? (errno = ENOMEM, NULL) : ncl_watch_open(loop, fd, events, fn, arg))
#include "core/runtime/listener.c"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

#define FDS_MAX 512

/* A listener with what came to it. */
typedef struct {
  ncl_clock *clock;
  ncl_loop *loop;
  ncl_listener *listener;
  ncl_outcome outcome;
  int fds[FDS_MAX];
  int count;
  int close_after; /* the listener is closed after this many, 0 = never */
  int pause_after;
  char peer[NCL_ENDPOINT_TEXT];
} server;

static void take_connection(void *arg, int32_t fd, ncl_str peer) {
  server *s = arg;
  assert_true(s->count < FDS_MAX);
  s->fds[s->count++] = fd;
  snprintf(s->peer, sizeof(s->peer), "%.*s", (int)peer.len, peer.ptr);
  if (s->count == s->pause_after) ncl_listener_accept(s->listener, 0);
  if (s->count == s->close_after) {
    ncl_listener_close(s->listener);
    s->listener = NULL;
  }
}

static void try_server(server *s, const char *endpoint) {
  *s = (server){.clock = ncl_clock_new(1, 1)};
  s->loop = ncl_loop_new_on(s->clock);
  s->listener = ncl_listen(s->loop, ncl_str_of(endpoint, strlen(endpoint)), take_connection, s, &s->outcome);
}

static void open_server(server *s, const char *endpoint) {
  try_server(s, endpoint);
  if (s->listener == NULL) print_error("%.*s\n", (int)s->outcome.message.len, s->outcome.message.ptr);
  assert_non_null(s->listener);
}

static void close_server(server *s) {
  for (int i = 0; i < s->count; i++)
    close(s->fds[i]);
  ncl_listener_close(s->listener);
  assert_int_equal(ncl_loop_open_handles(s->loop), 0);
  ncl_loop_free(s->loop);
  ncl_clock_free(s->clock);
}

/* A new connection to the server, in the backlog; -1 with errno. */
static int connect_to(const server *s) {
  const ncl_address *to = &s->listener->socket->address;
  int family = ((const struct sockaddr *)&to->sa)->sa_family;
  int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (const struct sockaddr *)&to->sa, to->len) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

static void turn_until_quiet(server *s) {
  while (ncl_loop_turn(s->loop, false) > 0)
    continue;
}

static bool says(const server *s, const char *part) {
  return memmem(s->outcome.message.ptr, s->outcome.message.len, part, strlen(part)) != NULL;
}

static int option(int fd, int level, int name) {
  int value = -1;
  socklen_t len = sizeof(value);
  assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
  return value;
}

/* ---- TCP ------------------------------------------------------------------------------------------------------ */

static void accepts_with_all_that_was_promised(void **state) {
  (void)state;
  server s;
  open_server(&s, "127.0.0.1:0");
  ncl_str text = ncl_listener_endpoint(s.listener);
  assert_memory_equal(text.ptr, "127.0.0.1:", 10);
  assert_true(text.len > 10 && text.ptr[10] != '0');
  int client = connect_to(&s);
  assert_true(client >= 0);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 1);
  assert_true((fcntl(s.fds[0], F_GETFL) & O_NONBLOCK) != 0);
  assert_true((fcntl(s.fds[0], F_GETFD) & FD_CLOEXEC) != 0);
  assert_int_equal(option(s.fds[0], IPPROTO_TCP, TCP_NODELAY), 1);
  ncl_address name = {.len = sizeof(name.sa)};
  assert_int_equal(getsockname(client, (struct sockaddr *)&name.sa, &name.len), 0);
  char expected[NCL_ENDPOINT_TEXT];
  ncl_address_format(&name, expected);
  assert_string_equal(s.peer, expected);
  close(client);
  close_server(&s);
}

static void listens_on_names_and_all_addresses(void **state) {
  (void)state;
  static const char *const endpoints[] = {"localhost:0", ":0", "0.0.0.0:0"};
  for (size_t i = 0; i < 3; i++) {
    server s;
    open_server(&s, endpoints[i]);
    int port =
        ntohs(((const struct sockaddr_in *)&s.listener->socket->address.sa)->sin_port); /* the same place in IPv6 */
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    turn_until_quiet(&s);
    assert_int_equal(s.count, 1);
    assert_memory_equal(s.peer, "127.0.0.1:", 10); /* IPv4 also through a dual-stack socket */
    close(client);
    close_server(&s);
  }
}

static void listens_on_ipv6(void **state) {
  (void)state;
  server s;
  try_server(&s, "[::1]:0");
  if (s.listener == NULL && says(&s, "does not have the address")) {
    close_server(&s);
    skip();
  }
  assert_non_null(s.listener);
  assert_memory_equal(ncl_listener_endpoint(s.listener).ptr, "[::1]:", 6);
  int client = connect_to(&s);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 1);
  assert_memory_equal(s.peer, "[::1]:", 6);
  close(client);
  close_server(&s);
}

static void an_address_is_free_again_at_once(void **state) {
  (void)state;
  server s;
  open_server(&s, "127.0.0.1:0");
  char endpoint[NCL_ENDPOINT_TEXT];
  ncl_str text = ncl_listener_endpoint(s.listener);
  snprintf(endpoint, sizeof(endpoint), "%.*s", (int)text.len, text.ptr);
  int client = connect_to(&s);
  turn_until_quiet(&s);
  close_server(&s); /* the server closes first: its side waits in TIME_WAIT */
  close(client);
  open_server(&s, endpoint);
  close_server(&s);
}

static void a_taken_address_is_refused_and_may_be_tried_again(void **state) {
  (void)state;
  server s;
  open_server(&s, "127.0.0.1:0");
  server other;
  char endpoint[NCL_ENDPOINT_TEXT];
  ncl_str text = ncl_listener_endpoint(s.listener);
  snprintf(endpoint, sizeof(endpoint), "localhost:%.*s", (int)text.len - 10, text.ptr + 10);
  try_server(&other, endpoint); /* must not move on to [::1] */
  assert_null(other.listener);
  assert_int_equal(other.outcome.status, NCL_RETRYABLE);
  assert_true(says(&other, endpoint));
  assert_true(says(&other, "choose another port"));
  close_server(&other);
  close_server(&s);
}

static void refuses_what_is_no_endpoint(void **state) {
  (void)state;
  server s;
  static const char *const endpoints[] = {"localhost", "http://127.0.0.1:0", "192.0.2.1:0", "a..b:0"};
  for (size_t i = 0; i < 4; i++) {
    try_server(&s, endpoints[i]);
    assert_null(s.listener);
    assert_int_equal(s.outcome.status, NCL_PERMANENT);
    assert_true(says(&s, endpoints[i]));
    assert_null(ncl_listen(s.loop, ncl_str_of(endpoints[i], strlen(endpoints[i])), take_connection, &s, NULL));
    close_server(&s);
  }
}

static void accepts_more_than_one_round_holds(void **state) {
  (void)state;
  server s;
  open_server(&s, "127.0.0.1:0");
  static int clients[3 * ACCEPTS_A_TURN];
  for (int i = 0; i < 3 * ACCEPTS_A_TURN; i++) {
    clients[i] = connect_to(&s);
    assert_true(clients[i] >= 0);
  }
  assert_int_equal(ncl_loop_turn(s.loop, false), 1);
  assert_int_equal(s.count, ACCEPTS_A_TURN);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 3 * ACCEPTS_A_TURN);
  for (int i = 0; i < 3 * ACCEPTS_A_TURN; i++)
    close(clients[i]);
  close_server(&s);
}

static void stops_and_goes_on_accepting(void **state) {
  (void)state;
  server s;
  open_server(&s, "127.0.0.1:0");
  s.pause_after = 1;
  int clients[3];
  for (int i = 0; i < 3; i++)
    clients[i] = connect_to(&s);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 1);
  ncl_listener_accept(s.listener, 1);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 3);
  for (int i = 0; i < 3; i++)
    close(clients[i]);
  close_server(&s);
}

static void is_closed_from_its_own_callback(void **state) {
  (void)state;
  server s;
  open_server(&s, "127.0.0.1:0");
  s.close_after = 2;
  int clients[4];
  for (int i = 0; i < 4; i++)
    clients[i] = connect_to(&s);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 2);
  assert_null(s.listener);
  char c;
  assert_true(read(clients[3], &c, 1) <= 0); /* the backlog was reset */
  for (int i = 0; i < 4; i++)
    close(clients[i]);
  close_server(&s);
}

/* ---- no descriptors ------------------------------------------------------------------------------------------- */

static int next_descriptor(void) {
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(fd);
  return fd;
}

static void refuses_and_pauses_when_descriptors_run_out(void **state) {
  (void)state;
  server s;
  open_server(&s, "127.0.0.1:0");
  int clients[6];
  for (int i = 0; i < 6; i++)
    clients[i] = connect_to(&s);
  struct rlimit before;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  struct rlimit limit = {(rlim_t)next_descriptor() + 2, before.rlim_max}; /* room for two */
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  size_t ran = ncl_loop_turn(s.loop, false);
  size_t spun = ncl_loop_turn(s.loop, false);
  setrlimit(RLIMIT_NOFILE, &before);
  assert_int_equal(ran, 1);
  assert_int_equal(spun, 0); /* paused */
  assert_int_equal(s.count, 2);
  assert_int_equal(ncl_loop_connections_refused(s.loop), 4);
  char c;
  for (int i = 2; i < 6; i++)
    assert_true(read(clients[i], &c, 1) <= 0); /* told at once */

  int late = connect_to(&s);
  assert_int_equal(ncl_loop_turn(s.loop, false), 0);
  ncl_clock_advance(s.clock, PAUSE_NS);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 3);
  for (int i = 0; i < 6; i++)
    close(clients[i]);
  close(late);
  close_server(&s);
}

static void a_pause_outlasts_the_owners_wish_to_go_on(void **state) {
  (void)state;
  server s;
  open_server(&s, "127.0.0.1:0");
  s.listener->socket->paused = true; /* as after an error */
  pause_accepting(s.listener->socket);
  int client = connect_to(&s);
  ncl_listener_accept(s.listener, 1);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 0);
  ncl_listener_accept(s.listener, 0);
  ncl_clock_advance(s.clock, PAUSE_NS);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 0); /* the owner's stop outlasts the pause as well */
  ncl_listener_accept(s.listener, 1);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 1);
  close(client);
  close_server(&s);
}

static void opens_nothing_without_memory(void **state) {
  (void)state;
  ncl_loop *loop = ncl_loop_new();
  ncl_str endpoint = NCL_STR("127.0.0.1:0");
  ncl_listen(loop, endpoint, take_connection, NULL, NULL); /* the loop keeps a descriptor in reserve from now on */
  int next = next_descriptor();
  size_t handles = ncl_loop_open_handles(loop);
  for (size_t nth = 1; nth <= 4; nth++) { /* the listener, its socket, timer, watch */
    ncl_outcome outcome;
    fail_alloc(nth);
    assert_null(ncl_listen(loop, endpoint, take_connection, NULL, &outcome));
    assert_false(fail_alloc_unreached());
    assert_int_equal(outcome.status, NCL_NO_MEMORY);
    assert_int_equal(ncl_loop_open_handles(loop), handles);
    assert_int_equal(next_descriptor(), next);
  }
  ncl_loop_free(loop);
}

static void opens_nothing_without_descriptors(void **state) {
  (void)state;
  server s;
  struct rlimit before;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  s.clock = NULL;
  ncl_loop *loop = ncl_loop_new();
  int next = next_descriptor();
  struct rlimit limit = {(rlim_t)next, before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ncl_str endpoint = NCL_STR("127.0.0.1:0");
  ncl_listener *listener = ncl_listen(loop, endpoint, take_connection, &s, &s.outcome);
  setrlimit(RLIMIT_NOFILE, &before);
  assert_null(listener);
  assert_int_equal(s.outcome.status, NCL_RETRYABLE);
  assert_true(says(&s, "descriptors"));
  assert_int_equal(next_descriptor(), next);
  ncl_loop_free(loop);
}

/* ---- socket files --------------------------------------------------------------------------------------------- */

static char directory[] = "/tmp/nacelle-test-listener-XXXXXX";
static char socket_path[64];
static char socket_endpoint[80];

static int make_directory(void **state) {
  (void)state;
  if (mkdtemp(directory) == NULL) return -1;
  snprintf(socket_path, sizeof(socket_path), "%s/n.sock", directory);
  snprintf(socket_endpoint, sizeof(socket_endpoint), "unix://%s", socket_path);
  return 0;
}

static int remove_directory(void **state) {
  (void)state;
  unlink(socket_path);
  return rmdir(directory);
}

static void listens_on_a_socket_file_and_removes_it(void **state) {
  (void)state;
  server s;
  open_server(&s, socket_endpoint);
  ncl_str text = ncl_listener_endpoint(s.listener);
  assert_int_equal(text.len, strlen(socket_endpoint));
  assert_memory_equal(text.ptr, socket_endpoint, text.len);
  int client = connect_to(&s);
  assert_true(client >= 0);
  turn_until_quiet(&s);
  assert_int_equal(s.count, 1);
  assert_string_equal(s.peer, "unix");
  close(client);
  close_server(&s);
  assert_int_equal(access(socket_path, F_OK), -1);
}

static void replaces_a_socket_file_that_nobody_listens_on(void **state) {
  (void)state;
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  memcpy(sa.sun_path, socket_path, strlen(socket_path) + 1);
  int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(dead, (struct sockaddr *)&sa, sizeof(sa)), 0);
  close(dead); /* as a process that was killed leaves it */
  server s;
  open_server(&s, socket_endpoint);
  int client = connect_to(&s);
  assert_true(client >= 0);
  close(client);
  close_server(&s);
}

static void leaves_a_socket_file_that_is_in_use(void **state) {
  (void)state;
  server s;
  open_server(&s, socket_endpoint);
  server other;
  try_server(&other, socket_endpoint);
  assert_null(other.listener);
  assert_int_equal(other.outcome.status, NCL_RETRYABLE);
  assert_true(says(&other, "another process"));
  close_server(&other);
  int client = connect_to(&s);
  assert_true(client >= 0);
  close(client);
  close_server(&s);
}

static void leaves_a_file_that_is_no_socket(void **state) {
  (void)state;
  int file = open(socket_path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  assert_true(file >= 0);
  close(file);
  server s;
  try_server(&s, socket_endpoint);
  assert_null(s.listener);
  assert_true(says(&s, "not a socket"));
  assert_int_equal(access(socket_path, F_OK), 0);
  unlink(socket_path);
  close_server(&s);
}

static void leaves_the_socket_file_of_its_successor(void **state) {
  (void)state;
  server s;
  open_server(&s, socket_endpoint);
  assert_int_equal(unlink(socket_path), 0);
  server successor;
  open_server(&successor, socket_endpoint);
  close_server(&s);
  assert_int_equal(access(socket_path, F_OK), 0);
  close_server(&successor);
  assert_int_equal(access(socket_path, F_OK), -1);
}

static void says_what_is_wrong_with_a_directory(void **state) {
  (void)state;
  server s;
  char endpoint[128];
  snprintf(endpoint, sizeof(endpoint), "unix://%s/none/n.sock", directory);
  try_server(&s, endpoint);
  assert_null(s.listener);
  assert_int_equal(s.outcome.status, NCL_PERMANENT);
  assert_true(says(&s, "No such file"));
  close_server(&s);
}

/* ---- one after the other ------------------------------------------------------------------------------------------
 */

static uint32_t follows_it(const void *arg, const void *owner) {
  return arg == owner ? NCL_LISTEN_SUCCEEDED : NCL_LISTEN_STAYS;
}

static uint32_t only_goes(const void *arg, const void *owner) {
  return arg == owner ? NCL_LISTEN_GOES : NCL_LISTEN_STAYS;
}

/* A server on the same loop that takes the place of `first`. */
static void open_successor(server *s, const server *first, const char *endpoint) {
  ncl_listen_for who = {s, true, follows_it, first};
  *s = (server){.loop = first->loop};
  s->listener = ncl_listen_as(s->loop, ncl_str_of(endpoint, strlen(endpoint)), &who, take_connection, s, &s->outcome);
  if (s->listener == NULL) print_error("%.*s\n", (int)s->outcome.message.len, s->outcome.message.ptr);
  assert_non_null(s->listener);
}

static void open_first(server *s, const char *endpoint) {
  ncl_listen_for who = {s, false, NULL, NULL};
  *s = (server){.clock = ncl_clock_new(1, 1)};
  s->loop = ncl_loop_new_on(s->clock);
  s->listener = ncl_listen_as(s->loop, ncl_str_of(endpoint, strlen(endpoint)), &who, take_connection, s, &s->outcome);
  assert_non_null(s->listener);
}

static void close_accepted(server *s) {
  for (int i = 0; i < s->count; i++)
    close(s->fds[i]);
  s->count = 0;
}

static void a_successor_takes_over_what_waits_in_the_queue(void **state) {
  (void)state;
  char endpoint[NCL_ENDPOINT_TEXT];
  server first;
  server second;
  int clients[4];
  open_first(&first, "127.0.0.1:0");
  for (int round = 0; round < 2; round++) { /* by what was asked for (port 0), and by the address */
    ncl_str text = ncl_listener_endpoint(first.listener);
    (void)snprintf(endpoint, sizeof(endpoint), "%.*s", (int)text.len, text.ptr);
    open_successor(&second, &first, round == 0 ? "127.0.0.1:0" : endpoint);
    assert_int_equal(ncl_listener_endpoint(second.listener).len, text.len);
    assert_memory_equal(ncl_listener_endpoint(second.listener).ptr, endpoint, text.len);
    clients[0] = connect_to(&first);
    turn_until_quiet(&first);
    assert_int_equal(first.count, 1); /* not yet */
    clients[1] = connect_to(&first);
    ncl_listeners_take(first.loop, &second);
    clients[2] = connect_to(&first);
    ncl_listener_accept(first.listener, 1); /* it has no say any more */
    turn_until_quiet(&first);
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 2);
    clients[3] = connect_to(&first);
    ncl_listener_close(first.listener);
    turn_until_quiet(&first);
    assert_int_equal(second.count, 3);
    close_accepted(&first);
    close_accepted(&second);
    for (int i = 0; i < 4; i++)
      close(clients[i]);
    first.listener = second.listener;
    first.listener->owner = &first;
    first.listener->arg = &first;
  }
  close_server(&first);
}

static void a_successor_that_is_given_up_changes_nothing(void **state) {
  (void)state;
  server first;
  server second;
  open_first(&first, "127.0.0.1:0");
  open_successor(&second, &first, "127.0.0.1:0");
  int client = connect_to(&first);
  ncl_listener_close(second.listener);
  turn_until_quiet(&first);
  assert_int_equal(first.count, 1);
  int other = connect_to(&first);
  turn_until_quiet(&first);
  assert_int_equal(first.count, 2);
  close(client);
  close(other);
  close_server(&first);
}

static void two_of_port_0_find_one_each(void **state) {
  (void)state;
  server first;
  server second;
  open_first(&first, "127.0.0.1:0");
  ncl_listen_for who = {&first, false, NULL, NULL};
  ncl_listener *other = ncl_listen_as(first.loop, (ncl_str)NCL_STR("127.0.0.1:0"), &who, take_connection, &first, NULL);
  open_successor(&second, &first, "127.0.0.1:0");
  ncl_listener *kept = second.listener;
  assert_ptr_equal(kept->socket, first.listener->socket);
  ncl_listen_for again = {&second, true, follows_it, &first};
  ncl_listener *last =
      ncl_listen_as(first.loop, (ncl_str)NCL_STR("127.0.0.1:0"), &again, take_connection, &second, NULL);
  assert_ptr_equal(last->socket, other->socket);
  ncl_listener_close(last);
  ncl_listener_close(kept);
  ncl_listener_close(other);
  close_server(&first);
}

static void another_one_of_port_0_gets_a_port_of_its_own(void **state) {
  (void)state;
  server first;
  server second;
  open_first(&first, "127.0.0.1:0");
  ncl_listen_for who = {&second, true, only_goes, &first};
  ncl_listener *other =
      ncl_listen_as(first.loop, (ncl_str)NCL_STR("127.0.0.1:0"), &who, take_connection, &second, NULL);
  assert_ptr_not_equal(other->socket, first.listener->socket);
  ncl_listener *same =
      ncl_listen_as(first.loop, ncl_listener_endpoint(first.listener), &who, take_connection, &second, NULL);
  assert_ptr_equal(same->socket, first.listener->socket);
  ncl_listener_close(same);
  ncl_listener_close(other);
  close_server(&first);
}

static void one_that_waits_accepts_nothing_until_it_is_told(void **state) {
  (void)state;
  server first;
  server second;
  open_first(&first, "127.0.0.1:0");
  ncl_listen_for who = {&second, true, NULL, NULL};
  second = (server){.loop = first.loop};
  second.listener = ncl_listen_as(first.loop, (ncl_str)NCL_STR("127.0.0.1:0"), &who, take_connection, &second, NULL);
  int client = connect_to(&second);
  assert_true(client >= 0);
  turn_until_quiet(&first);
  assert_int_equal(second.count, 0);
  ncl_listeners_take(first.loop, &second);
  turn_until_quiet(&first);
  assert_int_equal(second.count, 1);
  close(client);
  close_accepted(&second);
  ncl_listener_close(second.listener);
  close_server(&first);
}

static void all_addresses_may_follow_one_and_the_other_way_round(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    char endpoint[NCL_ENDPOINT_TEXT];
    server first;
    server second;
    server third;
    open_first(&first, i == 0 ? "127.0.0.1:0" : "0.0.0.0:0");
    unsigned port = ntohs(((const struct sockaddr_in *)&first.listener->socket->address.sa)->sin_port);
    (void)snprintf(endpoint, sizeof(endpoint), i == 0 ? "0.0.0.0:%u" : "127.0.0.1:%u", port);
    open_successor(&second, &first, endpoint);
    try_server(&third, endpoint); /* nobody else may */
    assert_null(third.listener);
    close_server(&third);
    int early = connect_to(&first); /* in the queue of a socket that is closed before anybody looks at it */
    ncl_listeners_take(first.loop, &second);
    ncl_listener_close(first.listener);
    first.listener = NULL;
    assert_int_equal(second.count, i == 0 ? 1 : 0);
    close(early);
    turn_until_quiet(&first);
    close_accepted(&second);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    turn_until_quiet(&first);
    assert_int_equal(second.count, 1);
    close(client);
    close_accepted(&second);
    ncl_listener_close(second.listener);
    close_server(&first);
  }
}

static void a_socket_file_stays_for_the_successor(void **state) {
  (void)state;
  char endpoint[NCL_ENDPOINT_TEXT];
  char dir[] = "/tmp/nacelle-listener-XXXXXX";
  server first;
  server second;
  assert_non_null(mkdtemp(dir));
  (void)snprintf(endpoint, sizeof(endpoint), "unix://%s/s", dir);
  open_first(&first, endpoint);
  open_successor(&second, &first, endpoint);
  ncl_listeners_take(first.loop, &second);
  ncl_listener_close(first.listener);
  first.listener = NULL;
  int client = connect_to(&second);
  assert_true(client >= 0);
  turn_until_quiet(&first);
  assert_int_equal(second.count, 1);
  close(client);
  close_accepted(&second);
  ncl_listener_close(second.listener);
  assert_int_equal(rmdir(dir), 0); /* and is removed by the last one */
  close_server(&first);
}

static void a_loop_that_ends_closes_shared_sockets_once(void **state) {
  (void)state;
  server first;
  server second;
  open_first(&first, "127.0.0.1:0");
  open_successor(&second, &first, "127.0.0.1:0");
  ncl_loop_free(first.loop);
  ncl_clock_free(first.clock);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepts_with_all_that_was_promised),
      cmocka_unit_test(listens_on_names_and_all_addresses),
      cmocka_unit_test(listens_on_ipv6),
      cmocka_unit_test(an_address_is_free_again_at_once),
      cmocka_unit_test(a_taken_address_is_refused_and_may_be_tried_again),
      cmocka_unit_test(refuses_what_is_no_endpoint),
      cmocka_unit_test(accepts_more_than_one_round_holds),
      cmocka_unit_test(stops_and_goes_on_accepting),
      cmocka_unit_test(is_closed_from_its_own_callback),
      cmocka_unit_test(refuses_and_pauses_when_descriptors_run_out),
      cmocka_unit_test(a_pause_outlasts_the_owners_wish_to_go_on),
      cmocka_unit_test(opens_nothing_without_memory),
      cmocka_unit_test(opens_nothing_without_descriptors),
      cmocka_unit_test(listens_on_a_socket_file_and_removes_it),
      cmocka_unit_test(replaces_a_socket_file_that_nobody_listens_on),
      cmocka_unit_test(leaves_a_socket_file_that_is_in_use),
      cmocka_unit_test(leaves_a_file_that_is_no_socket),
      cmocka_unit_test(leaves_the_socket_file_of_its_successor),
      cmocka_unit_test(says_what_is_wrong_with_a_directory),
      cmocka_unit_test(a_successor_takes_over_what_waits_in_the_queue),
      cmocka_unit_test(a_successor_that_is_given_up_changes_nothing),
      cmocka_unit_test(two_of_port_0_find_one_each),
      cmocka_unit_test(another_one_of_port_0_gets_a_port_of_its_own),
      cmocka_unit_test(one_that_waits_accepts_nothing_until_it_is_told),
      cmocka_unit_test(all_addresses_may_follow_one_and_the_other_way_round),
      cmocka_unit_test(a_socket_file_stays_for_the_successor),
      cmocka_unit_test(a_loop_that_ends_closes_shared_sockets_once),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* core/control/server.h and client.h: one asks the other over a real socket; and what a stranger may do to it. */
#include "core/control/server.h"

#include "../pipeline/graph.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/control/client.h"

static const char one_pipeline[] =
    "receivers: {acme: }\n"
    "exporters: {direct: }\n"
    "extensions: {acme/x: }\n"
    "service: {extensions: [acme/x], pipelines: {traces: {receivers: [acme], exporters: [direct]}}}\n";

typedef struct served {
  graph g;
  ncl_control *control;
  char dir[64];
  ncl_control_roots roots;
} served;

static void open_all(served *s) {
  char why[512];
  memset(s, 0, sizeof *s);
  graph_open(&s->g, one_pipeline);
  (void)snprintf(s->dir, sizeof s->dir, "/tmp/nacelle-control-XXXXXX");
  assert_non_null(mkdtemp(s->dir));
  s->roots = (ncl_control_roots){s->dir, "/nonexistent", "/nonexistent", "/nonexistent", geteuid()};
  s->control = ncl_control_open(s->g.f.process, NULL, &s->roots, why, sizeof why);
  if (s->control == NULL) fail_msg("%s", why);
}

static void close_all(served *s) {
  ncl_control_close(s->control);
  assert_int_equal(rmdir(s->dir), 0); /* nothing is left in it */
  graph_close(&s->g);
}

/* ---- asking, on a thread of its own, as another program would --------------------------------------- */

typedef struct asking {
  const char *path;
  const ncl_control_roots *roots;
  const char *verb;
  const char *const *pairs;
  pid_t pid;
  atomic_bool done;
  int result; /* of the last ncl_client_next */
  uint32_t kind;
  uint32_t frames;
  char text[65536];
  char why[NCL_CLIENT_WHY];
} asking;

static void *ask(void *arg) {
  asking *a = arg;
  ncl_control_frame frame;
  a->result = -1;
  ncl_client *client = ncl_client_open(a->path, a->pid, a->roots, a->why);
  if (client != NULL && ncl_client_ask(client, a->verb, a->pairs, a->why)) {
    while ((a->result = ncl_client_next(client, 20000, &frame, a->why)) == 1) {
      a->kind = frame.kind;
      a->frames++;
      size_t len = frame.body.len < sizeof a->text - 1 ? frame.body.len : sizeof a->text - 1;
      if (len > 0) memcpy(a->text, frame.body.ptr, len);
      a->text[len] = '\0';
    }
  }
  ncl_client_close(client);
  atomic_store(&a->done, true);
  return NULL;
}

typedef void (*meanwhile_fn)(served *s);

/* Runs the loop until the other side has its answer. */
static void run(served *s, asking *a, meanwhile_fn meanwhile) {
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, ask, a), 0);
  while (!atomic_load(&a->done)) {
    (void)ncl_loop_turn(s->g.f.loop, false);
    if (meanwhile != NULL) meanwhile(s);
    (void)usleep(200);
  }
  (void)pthread_join(thread, NULL);
  settle(&s->g.f);
}

static asking *question(served *s, const char *verb, const char *const *pairs) {
  asking *a = calloc(1, sizeof *a);
  assert_non_null(a);
  a->path = ncl_control_path(s->control);
  a->roots = &s->roots;
  a->verb = verb;
  a->pairs = pairs;
  return a;
}

static const char *const nothing[] = {NULL};

static void answers_with_the_state_of_the_process(void **state) {
  (void)state;
  served s;
  open_all(&s);
  asking *a = question(&s, "status", nothing);
  run(&s, a, NULL);
  assert_int_equal(a->result, 0);
  assert_int_equal(a->kind, NCL_CONTROL_TEXT);
  assert_non_null(strstr(a->text, "starting, up 0s"));
  assert_non_null(strstr(a->text, "  traces: acme -> direct\n"));
  assert_non_null(strstr(a->text, "receiver acme (traces)"));
  free(a);
  const char *const json[] = {"format", "json", NULL};
  a = question(&s, "status", json);
  run(&s, a, NULL);
  assert_non_null(strstr(a->text, "\"kind\": \"exporter\",\n      \"id\": \"direct\""));
  assert_non_null(strstr(a->text, "\"pipelines\": [\n    {\n      \"id\": \"traces\""));
  free(a);
  assert_int_equal(ncl_control_clients(s.control), 0);
  close_all(&s);
}

static void changes_the_level_of_the_log(void **state) {
  (void)state;
  served s;
  open_all(&s);
  static const struct {
    const char *level, *answer;
    uint32_t kind, then;
  } cases[] = {
      {NULL, "info\n", NCL_CONTROL_TEXT, NCL_LOG_INFO},
      {"debug", "info -> debug\n", NCL_CONTROL_TEXT, NCL_LOG_DEBUG},
      {"error", "debug -> error\n", NCL_CONTROL_TEXT, NCL_LOG_ERROR},
      {"DEBUG", "the levels are debug, info, warn and error", NCL_CONTROL_ERROR, NCL_LOG_ERROR},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *const pairs[] = {"level", cases[i].level, NULL};
    asking *a = question(&s, "log-level", pairs);
    run(&s, a, NULL);
    assert_int_equal(a->kind, cases[i].kind);
    assert_string_equal(a->text, cases[i].answer);
    assert_int_equal(ncl_logger_level(s.g.f.logger), cases[i].then);
    free(a);
  }
  close_all(&s);
}

static void emit_one(served *s) {
  (void)graph_emit(&s->g, fake_of(NCL_KIND_RECEIVER, "acme", NCL_SIGNAL_TRACES), 0, 2, NULL, NULL);
  settle(&s->g.f);
}

static void shows_a_pipeline_until_the_count_is_reached(void **state) {
  (void)state;
  served s;
  open_all(&s);
  const char *const pairs[] = {"pipeline", "traces", "count", "3", NULL};
  asking *a = question(&s, "tap", pairs);
  run(&s, a, emit_one);
  assert_int_equal(a->result, 0);
  assert_int_equal(a->kind, NCL_CONTROL_BATCH);
  assert_int_equal(a->frames, 3);
  assert_null(s.g.f.process->tap);
  free(a);
  close_all(&s);
}

static void a_tap_ends_with_who_looks(void **state) {
  (void)state;
  served s;
  open_all(&s);
  char why[NCL_CLIENT_WHY];
  ncl_client *client = ncl_client_open(ncl_control_path(s.control), 0, &s.roots, why);
  const char *const pairs[] = {"pipeline", "traces", NULL};
  assert_non_null(client);
  assert_true(ncl_client_ask(client, "tap", pairs, why));
  settle(&s.g.f);
  assert_non_null(s.g.f.process->tap);
  emit_one(&s);
  ncl_client_close(client);
  settle(&s.g.f);
  emit_one(&s);
  settle(&s.g.f);
  assert_null(s.g.f.process->tap);
  assert_int_equal(ncl_control_clients(s.control), 0);
  close_all(&s);
}

/* It hangs on to a connection and reads nothing: the tap ends, and until then the pipeline goes on. */
static void who_does_not_read_is_let_go(void **state) {
  (void)state;
  served s;
  open_all(&s);
  char why[NCL_CLIENT_WHY];
  ncl_client *client = ncl_client_open(ncl_control_path(s.control), 0, &s.roots, why);
  const char *const pairs[] = {"pipeline", "traces", NULL};
  assert_true(ncl_client_ask(client, "tap", pairs, why));
  settle(&s.g.f);
  fake *exporter = fake_of(NCL_KIND_EXPORTER, "direct", NCL_SIGNAL_TRACES);
  uint64_t before = exporter->sent;
  uint32_t emitted = 0;
  /* The socket takes some 200 KiB, the buffer 1 MiB. */
  for (int i = 0; i < 200 && s.g.f.process->tap != NULL; i++) {
    for (int k = 0; k < 400; k++, emitted++)
      emit_one(&s);
    advance(&s.g.f, INT64_C(1000000000));
  }
  assert_null(s.g.f.process->tap);
  assert_int_equal(exporter->sent - before, 2 * emitted);
  ncl_client_close(client);
  settle(&s.g.f);
  close_all(&s);
}

static void tells_what_it_does_not_know(void **state) {
  (void)state;
  served s;
  open_all(&s);
  asking *a = question(&s, "reboot", nothing);
  run(&s, a, NULL);
  assert_int_equal(a->kind, NCL_CONTROL_ERROR);
  assert_non_null(strstr(a->text, "another version"));
  free(a);
  const char *const pairs[] = {"pipeline", "logs", NULL};
  a = question(&s, "tap", pairs);
  run(&s, a, NULL);
  assert_int_equal(a->kind, NCL_CONTROL_ERROR);
  assert_non_null(strstr(a->text, "there is no pipeline \"logs\""));
  free(a);
  close_all(&s);
}

/* ---- finding --------------------------------------------------------------------------------------- */

static void is_found_without_its_path(void **state) {
  (void)state;
  served s;
  open_all(&s);
  asking *a = question(&s, "log-level", nothing);
  a->path = NULL;
  run(&s, a, NULL);
  if (a->result != 0) fail_msg("%s", a->why);
  assert_string_equal(a->text, "info\n");
  free(a);
  a = question(&s, "log-level", nothing);
  a->path = NULL;
  a->pid = getpid() + 1;
  run(&s, a, NULL);
  assert_int_equal(a->result, -1);
  assert_non_null(strstr(a->why, "has no control socket in"));
  free(a);
  close_all(&s);
}

static void says_which_when_there_are_several(void **state) {
  (void)state;
  served s;
  open_all(&s);
  char second[NCL_CONTROL_PATH], why[512];
  (void)snprintf(second, sizeof second, "%s/nacelle/1.sock", s.dir);
  ncl_control *other = ncl_control_open(s.g.f.process, second, &s.roots, why, sizeof why);
  if (other == NULL) fail_msg("%s", why);
  asking *a = question(&s, "log-level", nothing);
  a->path = NULL;
  run(&s, a, NULL);
  assert_int_equal(a->result, -1);
  assert_non_null(strstr(a->why, "several collectors run: say which one with --pid, of "));
  free(a);
  a = question(&s, "log-level", nothing);
  a->path = NULL;
  a->pid = 1;
  run(&s, a, NULL);
  assert_int_equal(a->result, 0);
  free(a);
  ncl_control_close(other);
  close_all(&s);
}

static void what_a_dead_process_left_is_no_process(void **state) {
  (void)state;
  served s;
  open_all(&s);
  char left[NCL_CONTROL_PATH];
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  (void)snprintf(left, sizeof left, "%s/nacelle/2147483646.sock", s.dir); /* more than any pid */
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", left);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
  (void)close(fd);
  asking *a = question(&s, "log-level", nothing);
  a->path = NULL;
  run(&s, a, NULL);
  if (a->result != 0) fail_msg("%s", a->why);
  assert_int_equal(access(left, F_OK), -1); /* cleared away */
  free(a);
  close_all(&s);
}

static void says_what_was_tried_when_nothing_runs(void **state) {
  (void)state;
  char why[NCL_CLIENT_WHY];
  ncl_control_roots roots = {"/nonexistent/a", "/nonexistent/b", "/nonexistent/c", "/nonexistent/d", geteuid()};
  assert_null(ncl_client_open(NULL, 0, &roots, why));
  assert_non_null(strstr(why, "no running collector was found"));
  assert_non_null(strstr(why, "/nonexistent/c/nacelle-"));
  assert_null(ncl_client_open("/nonexistent/x.sock", 0, &roots, why));
  assert_string_equal(why, "/nonexistent/x.sock: No such file or directory: no collector listens there");
  char longest[200];
  memset(longest, 'x', sizeof longest);
  longest[sizeof longest - 1] = '\0';
  assert_null(ncl_client_open(longest, 0, &roots, why));
  assert_non_null(strstr(why, "longer than 107 bytes"));
}

/* ---- strangers ------------------------------------------------------------------------------------- */

static int connect_raw(const served *s) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", ncl_control_path(s->control));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
  assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

/* It never catches up, but it takes something now and then. */
static void who_reads_slowly_stays(void **state) {
  (void)state;
  served s;
  open_all(&s);
  static uint8_t bytes[16384];
  const char *const pairs[] = {"pipeline", "traces", NULL};
  size_t len = ncl_control_ask_write(bytes, sizeof bytes, "tap", pairs);
  int fd = connect_raw(&s);
  assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
  settle(&s.g.f);
  fake *from = fake_of(NCL_KIND_RECEIVER, "acme", NCL_SIGNAL_TRACES);
  for (int second = 0; second < 40; second++) { /* the socket and the buffer are full after some 20 */
    for (int k = 0; k < 450; k++)
      (void)graph_emit(&s.g, from, 0, 22, NULL, NULL);
    settle(&s.g.f);
    assert_true(recv(fd, bytes, sizeof bytes, 0) > 0);
    advance(&s.g.f, INT64_C(1000000000));
    assert_non_null(s.g.f.process->tap);
  }
  (void)close(fd);
  settle(&s.g.f);
  close_all(&s);
}

static void nobody_else_may_use_it(void **state) {
  (void)state;
  served s;
  open_all(&s);
  struct stat st;
  assert_int_equal(stat(ncl_control_path(s.control), &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  close_all(&s);
}

static void garbage_is_answered_and_ends(void **state) {
  (void)state;
  served s;
  open_all(&s);
  int fd = connect_raw(&s);
  static const char garbage[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  assert_int_equal(send(fd, garbage, sizeof garbage - 1, MSG_NOSIGNAL), sizeof garbage - 1);
  settle(&s.g.f);
  char answer[512];
  ssize_t len = recv(fd, answer, sizeof answer - 1, 0);
  assert_true(len > (ssize_t)NCL_CONTROL_HEAD);
  answer[len] = '\0';
  assert_non_null(strstr(answer + NCL_CONTROL_HEAD, "not a question of nacelle"));
  assert_int_equal(ncl_control_clients(s.control), 0);
  (void)close(fd);
  close_all(&s);
}

static void who_says_nothing_is_let_go(void **state) {
  (void)state;
  served s;
  open_all(&s);
  int fd = connect_raw(&s);
  settle(&s.g.f);
  assert_int_equal(ncl_control_clients(s.control), 1);
  assert_int_equal(send(fd, "\5\0", 2, MSG_NOSIGNAL), 2); /* the beginning of a frame */
  advance(&s.g.f, NCL_CONTROL_WITHIN_NS - 1000000);
  assert_int_equal(ncl_control_clients(s.control), 1);
  advance(&s.g.f, 2000000);
  assert_int_equal(ncl_control_clients(s.control), 0);
  (void)close(fd);
  close_all(&s);
}

static void takes_so_many_at_once(void **state) {
  (void)state;
  served s;
  open_all(&s);
  int fds[NCL_CONTROL_CLIENTS + 2];
  const size_t count = sizeof fds / sizeof *fds;
  for (size_t i = 0; i < count; i++) {
    fds[i] = connect_raw(&s);
    settle(&s.g.f);
  }
  assert_int_equal(ncl_control_clients(s.control), NCL_CONTROL_CLIENTS);
  (void)close(fds[0]);
  settle(&s.g.f);
  assert_int_equal(ncl_control_clients(s.control), NCL_CONTROL_CLIENTS); /* one that waited came in */
  for (size_t i = 1; i < count; i++)
    (void)close(fds[i]);
  settle(&s.g.f);
  assert_int_equal(ncl_control_clients(s.control), 0);
  close_all(&s);
}

static void ends_with_somebody_connected(void **state) {
  (void)state;
  served s;
  open_all(&s);
  int fd = connect_raw(&s);
  settle(&s.g.f);
  close_all(&s);
  char byte;
  assert_int_equal(recv(fd, &byte, 1, 0), 0);
  (void)close(fd);
}

static void says_why_it_cannot_listen(void **state) {
  (void)state;
  served s;
  char why[512];
  open_all(&s);
  ncl_control_roots none = {NULL, "/nonexistent", "/nonexistent", "/nonexistent", geteuid()};
  assert_null(ncl_control_open(s.g.f.process, NULL, &none, why, sizeof why));
  assert_string_equal(why, "no directory for it can be written: give --control-socket PATH");
  assert_null(ncl_control_open(s.g.f.process, "/nonexistent/x.sock", &none, why, sizeof why));
  assert_non_null(strstr(why, "/nonexistent/x.sock"));
  assert_null(ncl_control_open(s.g.f.process, ncl_control_path(s.control), &none, why, sizeof why)); /* in use */
  close_all(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_with_the_state_of_the_process),
      cmocka_unit_test(changes_the_level_of_the_log),
      cmocka_unit_test(shows_a_pipeline_until_the_count_is_reached),
      cmocka_unit_test(a_tap_ends_with_who_looks),
      cmocka_unit_test(who_does_not_read_is_let_go),
      cmocka_unit_test(who_reads_slowly_stays),
      cmocka_unit_test(tells_what_it_does_not_know),
      cmocka_unit_test(is_found_without_its_path),
      cmocka_unit_test(says_which_when_there_are_several),
      cmocka_unit_test(what_a_dead_process_left_is_no_process),
      cmocka_unit_test(says_what_was_tried_when_nothing_runs),
      cmocka_unit_test(nobody_else_may_use_it),
      cmocka_unit_test(garbage_is_answered_and_ends),
      cmocka_unit_test(who_says_nothing_is_let_go),
      cmocka_unit_test(takes_so_many_at_once),
      cmocka_unit_test(ends_with_somebody_connected),
      cmocka_unit_test(says_why_it_cannot_listen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

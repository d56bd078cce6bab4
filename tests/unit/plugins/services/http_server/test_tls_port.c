/* SPDX-License-Identifier: Apache-2.0 */
/* A port with TLS, by a stand-in for ncl.tls that only turns bits around: what the server asks of it, and when. */
#include "unit/plugins/services/http_server/h2_client.h"

#include <nacelle/tls.h>

#define MASK 0x55u
#define HELLO 0x16 /* as a TLS record of the handshake begins */
#define ROOM ((size_t)1 << 20)

/* A session: the first byte from the client is its hello, answered with one byte; all else is masked. */
struct ncl_tls_session {
  bool greeted;
  bool ended;
  bool broken;
  uint8_t in[ROOM];
  size_t in_len, in_at;
  uint8_t out[ROOM];
  size_t out_len, out_at;
};

struct ncl_tls_context {
  int unused;
};

typedef struct fake_tls {
  ncl_tls table;
  ncl_str alpn;
  uint32_t contexts, sessions, shutdowns;
  char protocols[64];
  struct ncl_tls_context context;
} fake_tls;

/* The one of the test that runs; a slot without `self` has no other way to it. */
static fake_tls *fake;

static ncl_tls_context *fake_server(void *self, ncl_component *owner, const ncl_value *section, ncl_array alpn,
                                    ncl_outcome *outcome) {
  fake_tls *f = self;
  (void)owner;
  if (section->i == -1) {
    outcome->status = NCL_PERMANENT;
    outcome->message = (ncl_str)NCL_STR("no such certificate");
    return NULL;
  }
  f->contexts++;
  for (uint32_t i = 0; i < alpn.count; i++) {
    const ncl_str *name = ncl_array_at(&alpn, i);
    size_t len = strlen(f->protocols);
    snprintf(f->protocols + len, sizeof(f->protocols) - len, "%.*s ", (int)name->len, name->ptr);
  }
  return &f->context;
}

static void fake_context_close(ncl_tls_context *context) {
  (void)context;
  fake->contexts--;
}

static ncl_tls_session *fake_session(ncl_tls_context *context) {
  (void)context;
  fake->sessions++;
  return calloc(1, sizeof(ncl_tls_session));
}

static ncl_status fake_feed(ncl_tls_session *session, const uint8_t *bytes, size_t len, ncl_outcome *outcome) {
  for (size_t i = 0; i < len; i++) {
    if (!session->greeted) {
      session->greeted = true;
      session->out[session->out_len++] = 'h';
      if (bytes[i] == HELLO) continue;
      outcome->status = NCL_PERMANENT;
      outcome->message = (ncl_str)NCL_STR("not a hello");
      return NCL_PERMANENT;
    }
    if (bytes[i] == 0) {
      session->ended = true;
    } else {
      assert_true(session->in_len < ROOM);
      session->in[session->in_len++] = (uint8_t)(bytes[i] ^ MASK);
    }
  }
  return NCL_OK;
}

static int64_t fake_read(ncl_tls_session *session, uint8_t *into, size_t size) {
  size_t n = session->in_len - session->in_at < size ? session->in_len - session->in_at : size;
  if (n == 0) return session->ended ? -1 : 0;
  memcpy(into, session->in + session->in_at, n);
  session->in_at += n;
  if (session->in_at == session->in_len) session->in_at = session->in_len = 0;
  return (int64_t)n;
}

static ncl_status fake_write(ncl_tls_session *session, const uint8_t *bytes, size_t len) {
  if (session->out_at > 0) {
    memmove(session->out, session->out + session->out_at, session->out_len - session->out_at);
    session->out_len -= session->out_at;
    session->out_at = 0;
  }
  if (len > ROOM - session->out_len) return NCL_NO_MEMORY;
  for (size_t i = 0; i < len; i++)
    session->out[session->out_len++] = (uint8_t)(bytes[i] ^ MASK);
  return NCL_OK;
}

static ncl_range fake_pending(ncl_tls_session *session) {
  ncl_range range = {session->out + session->out_at, session->out_len - session->out_at};
  if (range.len > 16384) range.len = 16384; /* a record at a time */
  return range;
}

static void fake_sent(ncl_tls_session *session, size_t len) {
  session->out_at += len;
}

static ncl_str fake_alpn(const ncl_tls_session *session) {
  (void)session;
  return fake->alpn;
}

static ncl_str fake_subject(const ncl_tls_session *session) {
  (void)session;
  return ncl_str_of(NULL, 0);
}

static void fake_shutdown(ncl_tls_session *session) {
  (void)session;
  fake->shutdowns++;
}

static void fake_session_close(ncl_tls_session *session) {
  fake->sessions--;
  free(session);
}

static const void *find_service(loop_host *host, ncl_str name) {
  (void)host;
  return name.len == sizeof(NCL_TLS_1) - 1 && memcmp(name.ptr, NCL_TLS_1, name.len) == 0 ? &fake->table : NULL;
}

static ncl_value section = {.kind = NCL_VALUE_MAP};

static int open_tls(void **state) {
  open_server(state);
  server_fixture *f = *state;
  fake = calloc(1, sizeof(*fake));
  fake->table = (ncl_tls){sizeof(ncl_tls), 0,         fake,         fake_server,   fake_context_close,
                          fake_session,    fake_feed, fake_read,    fake_write,    fake_pending,
                          fake_sent,       fake_alpn, fake_subject, fake_shutdown, fake_session_close};
  f->host.service = find_service;
  section.i = 0;
  f->config.tls = &section;
  return 0;
}

static int close_tls(void **state) {
  close_server(state);
  assert_int_equal(fake->contexts, 0);
  assert_int_equal(fake->sessions, 0);
  free(fake);
  fake = NULL;
  return 0;
}

static void masked(server_fixture *f, int fd, const char *text) {
  size_t len = strlen(text);
  char *copy = malloc(len);
  for (size_t i = 0; i < len; i++)
    copy[i] = (char)((uint8_t)text[i] ^ MASK);
  client_send(f, fd, copy, len);
  free(copy);
}

static size_t unmasked(server_fixture *f, int fd, char *reply, size_t size, int *ended) {
  size_t len = client_read(f, fd, reply, size, ended);
  for (size_t i = 0; i < len; i++)
    reply[i] = (char)((uint8_t)reply[i] ^ MASK);
  return len;
}

static int greet(server_fixture *f) {
  char reply[8];
  int fd = client_open(f);
  client_send(f, fd, "\x16", 1);
  client_read(f, fd, reply, sizeof(reply), NULL);
  assert_string_equal(reply, "h");
  return fd;
}

static void serves_what_alpn_agreed_on_or_the_first_bytes_say(void **state) {
  server_fixture *f = *state;
  char reply[4096];
  open_port(f);
  assert_string_equal(fake->protocols, "h2 http/1.1 ");
  int fd = greet(f);
  masked(f, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  unmasked(f, fd, reply, sizeof(reply), NULL);
  assert_starts(reply, "HTTP/1.1 200 OK\r\n");
  assert_has(reply, "\r\n\r\nhello");
  close(fd);
  fd = greet(f);
  masked(f, fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  size_t len = unmasked(f, fd, reply, sizeof(reply), NULL);
  assert_true(len > 9);
  assert_int_equal(reply[3], NGHTTP2_SETTINGS);
  close(fd);
  fake->alpn = (ncl_str)NCL_STR("http/1.1");
  fd = greet(f);
  masked(f, fd, "PRI * HTTP/1.1\r\nHost: a\r\n\r\n");
  unmasked(f, fd, reply, sizeof(reply), NULL);
  assert_starts(reply, "HTTP/1.1 200 OK\r\n");
  close(fd);
  fake->alpn = (ncl_str)NCL_STR("h2");
  fd = greet(f);
  masked(f, fd, "GET / HTTP/1.1\r\n\r\n");
  int ended = 0;
  unmasked(f, fd, reply, sizeof(reply), &ended);
  assert_int_not_equal(ended, 0);
  close(fd);
}

static void ends_a_connection_whose_handshake_fails(void **state) {
  server_fixture *f = *state;
  char reply[64];
  int ended = 0;
  open_port(f);
  int fd = client_open(f);
  client_text(f, fd, "\x15 not a hello");
  client_read(f, fd, reply, sizeof(reply), &ended);
  assert_string_equal(reply, "h"); /* the alert, which no reset takes away */
  assert_int_equal(ended, CLIENT_CLOSED);
  assert_string_equal(f->host.last_event, "http_server.tls_failed");
  close(fd);
}

static void tells_a_client_that_speaks_without_tls(void **state) {
  server_fixture *f = *state;
  int ended = 0;
  open_port(f);
  int fd = client_open(f);
  const char *reply = exchange(f, fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &ended);
  assert_starts(reply, "HTTP/1.1 400 ");
  assert_has(reply, "use https://");
  assert_int_equal(ended, CLIENT_CLOSED);
  assert_string_equal(f->host.last_event, "http_server.clear_on_tls_port");
  close(fd);
}

static void keeps_what_the_socket_does_not_take(void **state) {
  server_fixture *f = *state;
  const size_t size = 8 << 20;
  uint8_t *body = malloc(size);
  memset(body, 'b', size);
  const ncl_range piece = {body, size};
  const ncl_http_response response = {.struct_size = sizeof(response), .status = 200, .body = &piece, .body_count = 1};
  char *reply = malloc(size + 4096);
  int ended = 0;
  f->response = &response;
  f->done = note_done;
  open_port(f);
  int fd = greet(f);
  masked(f, fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert_int_equal(f->dones, 0);
  size_t len = unmasked(f, fd, reply, size + 4096, &ended);
  assert_true(len > size);
  for (size_t i = len - size; i < len; i++)
    assert_int_equal(reply[i], 'b');
  assert_int_equal(f->dones, 1);
  assert_int_equal(ended, CLIENT_CLOSED);
  assert_int_equal(fake->shutdowns, 1);
  free(reply);
  free(body);
  close(fd);
}

static void answers_after_the_peer_ended_its_side(void **state) {
  server_fixture *f = *state;
  char reply[4096];
  int ended = 0;
  f->mode = LATER;
  open_port(f);
  int fd = greet(f);
  masked(f, fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client_send(f, fd, "\0", 1); /* close_notify */
  assert_int_equal(f->waiting_count, 1);
  answer(f, f->waiting[0], 200, 0, "late", 4);
  unmasked(f, fd, reply, sizeof(reply), &ended);
  assert_has(reply, "\r\n\r\nlate");
  assert_int_equal(ended, CLIENT_CLOSED);
  close(fd);
}

static void does_not_open_without_its_certificate(void **state) {
  server_fixture *f = *state;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  section.i = -1;
  assert_null(f->server->open(f->server->self, loop_host_me(&f->host), &f->config, &test_handler, f, &outcome));
  assert_int_equal(outcome.status, NCL_PERMANENT);
  f->host.service = NULL;
  section.i = 0;
}

static void ends_a_handshake_that_takes_too_long(void **state) {
  server_fixture *f = *state;
  char reply[64];
  int ended = 0;
  f->config.read_header_timeout_ns = 2 * SECOND_NS;
  open_port(f);
  int fd = greet(f);
  loop_host_advance(&f->host, 3 * SECOND_NS);
  client_read(f, fd, reply, sizeof(reply), &ended);
  assert_int_not_equal(ended, 0);
  close(fd);
}

#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, open_tls, close_tls)

int main(void) {
  const struct CMUnitTest tests[] = {
      TLS_TEST(serves_what_alpn_agreed_on_or_the_first_bytes_say),
      TLS_TEST(ends_a_connection_whose_handshake_fails),
      TLS_TEST(keeps_what_the_socket_does_not_take),
      TLS_TEST(answers_after_the_peer_ended_its_side),
      TLS_TEST(tells_a_client_that_speaks_without_tls),
      TLS_TEST(does_not_open_without_its_certificate),
      TLS_TEST(ends_a_handshake_that_takes_too_long),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

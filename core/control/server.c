/* SPDX-License-Identifier: Apache-2.0 */
/* A connection is read until its question is whole, then written until its answer is, or until its tap is over. */
#include "core/control/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/control/answer.h"
#include "core/control/tap.h"

/* A connection. */
typedef struct client {
  ncl_control *control;
  struct client *next;
  int fd;
  ncl_watch *watch;
  ncl_timer *timer;
  ncl_tap *tap; /* while it taps */
  char *answer; /* while it is answered: the head of the frame, then the text */
  size_t answer_len, answer_sent;
  size_t asked; /* bytes of `ask` */
  uint8_t ask[NCL_CONTROL_HEAD + NCL_CONTROL_ASK_MAX];
} client;

struct ncl_control {
  ncl_process *process;
  ncl_listener *listener;
  ncl_taps *taps;
  client *first;
  size_t count;
  char path[NCL_CONTROL_PATH];
  char dir[NCL_CONTROL_PATH]; /* that may be removed when it is empty; "" = none */
};

/* It is in the list no more. */
static void free_client(client *l) {
  ncl_tap_close(l->tap);
  ncl_timer_close(l->timer);
  ncl_watch_close(l->watch);
  (void)close(l->fd);
  free(l->answer);
  free(l);
}

static void close_client(client *l) {
  ncl_control *c = l->control;
  client **at = &c->first;
  while (*at != l)
    at = &(*at)->next;
  *at = l->next;
  c->count--;
  ncl_listener_accept(c->listener, 1);
  free_client(l);
}

static void wait_on(client *l) {
  ncl_timer_set(l->timer, ncl_loop_now_ns(l->control->process->loop) + NCL_CONTROL_WITHIN_NS);
}

/* ---- writing -------------------------------------------------------------------------------------- */

/* How many bytes the kernel took; -1 = the connection is over. */
static ssize_t write_some(const client *l, const void *bytes, size_t len) {
  ssize_t sent = send(l->fd, bytes, len, MSG_NOSIGNAL);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void write_answer(client *l) {
  ssize_t sent = write_some(l, l->answer + l->answer_sent, l->answer_len - l->answer_sent);
  if (sent > 0) l->answer_sent += (size_t)sent;
  if (sent < 0 || l->answer_sent == l->answer_len) {
    close_client(l);
  } else {
    ncl_watch_set(l->watch, NCL_EVENT_WRITE);
  }
}

static void write_tapped(client *l) {
  ncl_range pending = ncl_tap_pending(l->tap);
  ssize_t sent = pending.len == 0 ? 0 : write_some(l, pending.ptr, pending.len);
  if (sent > 0) {
    ncl_tap_written(l->tap, (size_t)sent);
    wait_on(l);
  }
  pending = ncl_tap_pending(l->tap);
  if (sent < 0 || (pending.len == 0 && ncl_tap_is_done(l->tap))) {
    close_client(l);
  } else if (pending.len == 0) {
    ncl_timer_set(l->timer, 0); /* nobody is late while there is nothing to take */
    ncl_watch_set(l->watch, NCL_EVENT_READ);
  } else {
    ncl_watch_set(l->watch, NCL_EVENT_READ | NCL_EVENT_WRITE);
  }
}

/* A socket says that it can be written only when most of it is free again: a slow reader is one that took nothing. */
static void on_late(void *arg) {
  client *l = arg;
  ncl_range pending = l->tap == NULL ? (ncl_range){NULL, 0} : ncl_tap_pending(l->tap);
  ssize_t sent = pending.len == 0 ? 0 : write_some(l, pending.ptr, pending.len);
  if (sent <= 0) {
    close_client(l);
  } else {
    ncl_tap_written(l->tap, (size_t)sent);
    wait_on(l);
  }
}

static void on_tapped(void *arg) {
  client *l = arg;
  wait_on(l);
  ncl_watch_set(l->watch, NCL_EVENT_READ | NCL_EVENT_WRITE);
}

/* Takes over `text`; NULL = no memory. */
static void answer_with(client *l, uint32_t kind, char *text, size_t len) {
  l->answer = text == NULL || len > NCL_CONTROL_ANSWER_MAX ? NULL : malloc(NCL_CONTROL_HEAD + len);
  if (l->answer != NULL) {
    ncl_control_head((uint8_t *)l->answer, kind, len);
    memcpy(l->answer + NCL_CONTROL_HEAD, text, len);
    l->answer_len = NCL_CONTROL_HEAD + len;
  }
  free(text);
  if (l->answer == NULL) {
    close_client(l);
  } else {
    wait_on(l);
    write_answer(l);
  }
}

static void refuse(client *l, const char *why) {
  answer_with(l, NCL_CONTROL_ERROR, strdup(why), strlen(why));
}

/* ---- reading -------------------------------------------------------------------------------------- */

static uint64_t number_of(ncl_str text) {
  uint64_t number = 0;
  for (size_t i = 0; i < text.len && i < 18; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return 0;
    number = number * 10 + (uint64_t)(text.ptr[i] - '0');
  }
  return number;
}

static void begin_tap(client *l, const ncl_control_ask *ask) {
  char why[512];
  ncl_tap_options options = {ncl_control_ask_get(ask, "pipeline"), ncl_control_ask_get(ask, "component"),
                             number_of(ncl_control_ask_get(ask, "count")), on_tapped, l};
  l->tap = ncl_tap_open(l->control->taps, &options, why, sizeof why);
  if (l->tap == NULL) {
    refuse(l, why);
    return;
  }
  ncl_timer_set(l->timer, 0);
}

static void serve(client *l, ncl_range body) {
  ncl_control_ask ask;
  char why[512];
  size_t len;
  if (!ncl_control_ask_read(body, &ask)) {
    refuse(l, "the question is not of the form that this version knows");
  } else if (ask.verb.len == 3 && memcmp(ask.verb.ptr, "tap", 3) == 0) {
    begin_tap(l, &ask);
  } else {
    char *text = ncl_control_answer(l->control->process, &ask, &len, why, sizeof why);
    if (text != NULL) {
      answer_with(l, NCL_CONTROL_TEXT, text, len);
    } else {
      refuse(l, why);
    }
  }
}

/* Who taps says nothing any more: what comes is its end. */
static void read_end(client *l) {
  uint8_t byte;
  ssize_t got = recv(l->fd, &byte, 1, 0);
  if (got >= 0 || (errno != EAGAIN && errno != EINTR)) close_client(l);
}

static void read_ask(client *l) {
  ncl_control_frame frame;
  ssize_t got = recv(l->fd, l->ask + l->asked, sizeof l->ask - l->asked, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    close_client(l);
    return;
  }
  l->asked += (size_t)got;
  int64_t taken = ncl_control_frame_read((ncl_range){l->ask, l->asked}, NCL_CONTROL_ASK_MAX, &frame);
  if (taken == 0) return;
  if (taken < 0 || frame.kind != NCL_CONTROL_ASK || (size_t)taken != l->asked) {
    refuse(l, "this is not a question of nacelle");
  } else {
    serve(l, frame.body);
  }
}

static void on_client(void *arg, uint32_t events) {
  client *l = arg;
  if (l->answer != NULL) {
    write_answer(l);
  } else if (l->tap == NULL) {
    read_ask(l);
  } else if ((events & NCL_EVENT_WRITE) != 0) {
    write_tapped(l);
  } else {
    read_end(l);
  }
}

/* ---- connections ---------------------------------------------------------------------------------- */

static bool is_trusted(int fd) {
  struct ucred peer;
  socklen_t len = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

static void on_accept(void *arg, int32_t fd, ncl_str peer) {
  ncl_control *c = arg;
  (void)peer;
  client *l = is_trusted(fd) ? calloc(1, sizeof *l) : NULL;
  if (l == NULL) {
    (void)close(fd);
    return;
  }
  l->control = c;
  l->fd = fd;
  l->next = c->first;
  c->first = l;
  c->count++;
  if (c->count == NCL_CONTROL_CLIENTS) ncl_listener_accept(c->listener, 0);
  l->timer = ncl_timer_open(c->process->loop, on_late, l);
  l->watch = ncl_watch_open(c->process->loop, fd, NCL_EVENT_READ, on_client, l);
  if (l->timer == NULL || l->watch == NULL) {
    close_client(l);
  } else {
    wait_on(l);
  }
}

/* ---- open and close ------------------------------------------------------------------------------- */

static bool listen_at(ncl_control *c, char *why, size_t size) {
  char endpoint[NCL_CONTROL_PATH + 16];
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  int len = snprintf(endpoint, sizeof endpoint, "unix://%s", c->path);
  c->listener = ncl_listen(c->process->loop, ncl_str_of(endpoint, (size_t)len), on_accept, c, &outcome);
  if (c->listener == NULL) {
    (void)snprintf(why, size, "%.*s", (int)outcome.message.len, outcome.message.len > 0 ? outcome.message.ptr : "");
    return false;
  }
  (void)chmod(c->path, S_IRUSR | S_IWUSR);
  return true;
}

static bool listen_somewhere(ncl_control *c, const ncl_control_roots *roots, char *why, size_t size) {
  (void)snprintf(why, size, "no directory for it can be written: give --control-socket PATH");
  for (size_t place = 0; place < NCL_CONTROL_PLACES; place++) {
    if (!ncl_control_place(roots, place, getpid(), c->path) || !listen_at(c, why, size)) continue;
    (void)snprintf(c->dir, sizeof c->dir, "%.*s", (int)(strrchr(c->path, '/') - c->path), c->path);
    return true;
  }
  return false;
}

ncl_control *ncl_control_open(ncl_process *process, const char *path, const ncl_control_roots *roots, char *why,
                              size_t size) {
  ncl_control *c = calloc(1, sizeof *c);
  if (c != NULL) c->taps = ncl_taps_new(process);
  if (c == NULL || c->taps == NULL) {
    (void)snprintf(why, size, "no memory");
    free(c);
    return NULL;
  }
  c->process = process;
  if (path != NULL && strlen(path) >= sizeof c->path) {
    (void)snprintf(why, size, "the path of the control socket is longer than %zu bytes", sizeof c->path - 1);
  } else if (path != NULL) {
    (void)snprintf(c->path, sizeof c->path, "%s", path);
    if (listen_at(c, why, size)) return c;
  } else if (listen_somewhere(c, roots, why, size)) {
    return c;
  }
  ncl_taps_free(c->taps);
  free(c);
  return NULL;
}

void ncl_control_close(ncl_control *c) {
  if (c == NULL) return;
  for (client *l = c->first, *next; l != NULL; l = next) {
    next = l->next;
    free_client(l);
  }
  ncl_listener_close(c->listener);
  if (c->dir[0] != '\0') (void)rmdir(c->dir); /* stays while it holds another process's socket */
  ncl_taps_free(c->taps);
  free(c);
}

const char *ncl_control_path(const ncl_control *c) {
  return c->path;
}

size_t ncl_control_clients(const ncl_control *c) {
  return c->count;
}

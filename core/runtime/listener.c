/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners: accepted from, or read, in bounded rounds. When there are no more descriptors the connection is closed
 * with one kept for that, and the socket pauses. Two listeners may share a socket, when one is to take the place of the
 * other: only one of them accepts. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/runtime/listen_socket.h"
#include "core/runtime/loop_state.h"

#define ACCEPTS_A_TURN 64 /* connections or datagrams */
#define UDP_MAX 65535u
#define PAUSE_NS ((int64_t)100000000)

/* A listening socket. */
typedef struct listen_socket {
  ncl_loop *loop;
  int fd;
  uint32_t holders;
  ncl_listener *taker; /* who accepts; NULL = nobody for now */
  ncl_watch *watch;
  ncl_timer *resume; /* ends a pause */
  bool paused;       /* for lack of descriptors or memory */
  bool accepting;    /* inside on_readable: freed at its end */
  bool datagrams;
  uint32_t lost_told; /* datagrams: what the kernel last said, which wraps around */
  uint64_t lost;
  struct stat file; /* of the socket file, st_ino == 0 without one */
  ncl_address address;
  size_t text_len;
  char text[NCL_ENDPOINT_TEXT];
} listen_socket;

struct ncl_listener {
  ncl_handle handle;
  ncl_accept_fn fn;
  ncl_datagram_fn read_fn; /* datagrams: in place of fn */
  uint8_t *buffer;         /* of one datagram, and the padding */
  size_t max;              /* of it, without the padding */
  uint64_t lost_before;    /* of the socket, when this one took it */
  void *arg;
  const void *owner;
  listen_socket *socket;
  listen_socket *beside; /* one in its way, that goes: what still comes there is for this one; NULL once it is gone */
  bool on;               /* as the owner wants it */
  bool waits;            /* for ncl_listeners_take */
  size_t asked_len;
  char asked[]; /* the endpoint, as it was asked for */
};

/* ---- accepting ------------------------------------------------------------------------------------------------ */

static bool may_accept(const listen_socket *s) {
  return s->taker != NULL && s->taker->on && !s->paused;
}

static void watch_again(listen_socket *s) {
  ncl_watch_set(s->watch, may_accept(s) ? NCL_EVENT_READ : 0);
}

static void on_resume(void *arg) {
  listen_socket *s = arg;
  s->paused = false;
  watch_again(s);
}

static void pause_accepting(listen_socket *s) {
  s->paused = true;
  ncl_timer_set(s->resume, ncl_loop_now_ns(s->loop) + PAUSE_NS);
  watch_again(s);
}

static int open_reserve(void) {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Closes the next connection in the queue, so that its client learns of it now. False when that cannot be done. */
static bool refuse_one(const listen_socket *s) {
  ncl_loop *loop = s->loop;
  if (loop->reserve_fd < 0) return false;
  close(loop->reserve_fd);
  int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    close(fd);
    atomic_fetch_add_explicit(&loop->connections_refused, 1, memory_order_relaxed);
  }
  loop->reserve_fd = open_reserve();
  return fd >= 0;
}

/* Takes one datagram. False ends this round. */
static bool read_one(listen_socket *s) {
  ncl_listener *to = s->taker;
  ncl_datagram in;
  if (ncl_datagram_read(s->fd, to->buffer, to->max, &in)) {
    char text[NCL_ENDPOINT_TEXT];
    size_t len = ncl_address_format(&in.peer, text);
    if (in.told_lost) {
      s->lost += (uint32_t)(in.lost - s->lost_told);
      s->lost_told = in.lost;
    }
    ncl_loop *loop = to->handle.loop;
    ncl_loop_call before = ncl_loop_enter(&loop->running_call, to->handle.who, (uintptr_t)to->read_fn);
    to->read_fn(to->arg, (ncl_range){to->buffer, in.len}, in.cut ? NCL_DATAGRAM_CUT : 0, ncl_str_of(text, len));
    ncl_loop_leave(&loop->running_call, before);
    return true;
  }
  if (errno == EINTR || errno == ECONNREFUSED) return true;
  if (errno != EAGAIN) s->paused = true;
  return false;
}

/* Accepts one connection. False ends this round. */
static bool accept_connection(listen_socket *s) {
  ncl_address peer = {.len = sizeof(peer.sa)};
  int fd = accept4(s->fd, (struct sockaddr *)&peer.sa, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    char text[NCL_ENDPOINT_TEXT];
    size_t len = ncl_address_format(&peer, text);
    ncl_loop *loop = s->taker->handle.loop;
    ncl_loop_call before = ncl_loop_enter(&loop->running_call, s->taker->handle.who, (uintptr_t)s->taker->fn);
    s->taker->fn(s->taker->arg, fd, ncl_str_of(text, len));
    ncl_loop_leave(&loop->running_call, before);
    return true;
  }
  switch (errno) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
      s->paused = true;
      return refuse_one(s);
    case ENOBUFS:
    case ENOMEM:
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
      s->paused = true;
      return false;
    default: /* the connection has failed already: accept(2), "Error handling" */
      return true;
  }
}

static bool accept_one(listen_socket *s) {
  return s->datagrams ? read_one(s) : accept_connection(s);
}

static void on_readable(void *arg, uint32_t events) {
  (void)events;
  listen_socket *s = arg;
  s->accepting = true;
  for (int i = 0; i < ACCEPTS_A_TURN && s->taker != NULL && s->taker->on; i++) {
    if (!accept_one(s)) break;
  }
  s->accepting = false;
  if (s->holders == 0) {
    free(s);
  } else if (s->paused) {
    pause_accepting(s);
  }
}

/* ---- the socket ----------------------------------------------------------------------------------------------- */

/* Removes the socket file, unless another process has put its own in its place. */
static void remove_file(const listen_socket *s) {
  const struct sockaddr_un *sa = (const struct sockaddr_un *)&s->address.sa;
  struct stat file;
  if (s->file.st_ino == 0 || lstat(sa->sun_path, &file) != 0) return;
  if (file.st_ino == s->file.st_ino && file.st_dev == s->file.st_dev) unlink(sa->sun_path);
}

static void close_listener(ncl_handle *handle);

/* Nobody looks at it any more. */
static void forget_beside(const listen_socket *s) {
  ncl_loop *loop = s->loop;
  for (ncl_handle *h = loop->handles.next; h != &loop->handles; h = h->next) {
    ncl_listener *listener = (ncl_listener *)h;
    if (h->close == close_listener && listener->beside == s) listener->beside = NULL;
  }
}

/* What had come before the end is for the one that takes its place. */
static void accept_rest(listen_socket *s) {
  s->accepting = true;
  for (int i = 0; i < NCL_LISTEN_BACKLOG && s->taker != NULL && s->taker->beside == s && accept_one(s); i++)
    continue;
  s->accepting = false;
}

static void let_go(listen_socket *s) {
  if (s->holders == 1 && !s->accepting) accept_rest(s);
  if (--s->holders > 0) return;
  s->taker = NULL;
  forget_beside(s);
  ncl_watch_close(s->watch);
  ncl_timer_close(s->resume);
  remove_file(s);
  close(s->fd);
  if (!s->accepting) free(s);
}

/* Takes `fd` over, also when it fails: then NULL with errno. One holder. */
static listen_socket *attach(ncl_loop *loop, int fd, bool datagrams) {
  listen_socket *s = calloc(1, sizeof(*s));
  if (s == NULL) {
    close(fd);
    errno = ENOMEM;
    return NULL;
  }
  s->loop = loop;
  s->fd = fd;
  s->holders = 1;
  s->datagrams = datagrams;
  s->address.len = sizeof(s->address.sa);
  const struct sockaddr_un *sa = (const struct sockaddr_un *)&s->address.sa;
  bool good = getsockname(fd, (struct sockaddr *)&s->address.sa, &s->address.len) == 0;
  if (good && sa->sun_family == AF_UNIX && lstat(sa->sun_path, &s->file) != 0) good = false;
  if (!datagrams && loop->reserve_fd < 0) loop->reserve_fd = open_reserve();
  if (good) {
    s->text_len = ncl_address_format(&s->address, s->text);
    errno = ENOMEM;
    s->resume = ncl_timer_open(loop, on_resume, s);
    s->watch = s->resume == NULL ? NULL : ncl_watch_open(loop, fd, 0, on_readable, s);
    good = s->watch != NULL;
  }
  if (good) return s;
  int error = errno;
  let_go(s);
  errno = error;
  return NULL;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

static const char *advice(int error, bool is_unix) {
  switch (error) {
    case EADDRINUSE:
      return is_unix ? "another process listens there: stop it or choose another path"
                     : "another process or component listens there: stop it or choose another port";
    case EEXIST:
      return "there is a file that is not a socket: remove it or choose another path";
    case EACCES:
    case EPERM:
      return is_unix ? "no permission: check the rights of the directory"
                     : "no permission: ports below 1024 need CAP_NET_BIND_SERVICE";
    case EADDRNOTAVAIL:
      return "this machine does not have the address: use one that it has, or 0.0.0.0 for all";
    case EMFILE:
    case ENFILE:
      return "there are no free descriptors: raise the limit (ulimit -n)";
    default:
      return NULL;
  }
}

static void set_outcome(ncl_loop *loop, ncl_outcome *outcome, ncl_status status, ncl_str endpoint, const char *reason) {
  if (outcome == NULL) return;
  int len = snprintf(loop->listen_error, sizeof(loop->listen_error), "cannot listen on \"%.*s\": %s",
                     endpoint.len > 256 ? 256 : (int)endpoint.len, endpoint.ptr, reason);
  if (len < 0) len = 0;
  if ((size_t)len >= sizeof(loop->listen_error)) len = (int)sizeof(loop->listen_error) - 1;
  *outcome = (ncl_outcome)NCL_OUTCOME_INIT;
  outcome->status = status;
  outcome->message = ncl_str_of(loop->listen_error, (size_t)len);
}

static void set_error(ncl_loop *loop, ncl_outcome *outcome, ncl_str endpoint, int error, bool is_unix) {
  char buffer[128];
  const char *reason = advice(error, is_unix);
  if (reason == NULL) reason = strerror_r(error, buffer, sizeof(buffer));
  ncl_status status = NCL_PERMANENT;
  if (error == EADDRINUSE || error == EMFILE || error == ENFILE) status = NCL_RETRYABLE;
  if (error == ENOMEM || error == ENOBUFS) status = NCL_NO_MEMORY;
  set_outcome(loop, outcome, status, endpoint, reason);
}

/* The next listener of the kind on the loop that `who` may follow, and that nobody follows yet; NULL = none. */
static ncl_listener *next_followed(ncl_loop *loop, ncl_handle *from, const ncl_listen_for *who, uint32_t least,
                                   bool datagrams) {
  if (who->follows == NULL) return NULL;
  for (ncl_handle *h = from; h != &loop->handles; h = h->next) {
    ncl_listener *listener = (ncl_listener *)h;
    if (h->close != close_listener || listener->socket->holders > 1) continue;
    if (listener->socket->datagrams != datagrams) continue;
    if (listener->owner != NULL && who->follows(who->arg, listener->owner) >= least) return listener;
  }
  return NULL;
}

#define FOR_FOLLOWED(l, loop, who, least, datagrams)                                                          \
  for (ncl_listener *l = next_followed((loop), (loop)->handles.next, (who), (least), (datagrams)); l != NULL; \
       l = next_followed((loop), l->handle.next, (who), (least), (datagrams)))

/* One that asked for the same, which is the only way to find port 0 again; or one on one of the addresses. */
static listen_socket *find_shared(ncl_loop *loop, ncl_str endpoint, const ncl_listen_for *who,
                                  const ncl_address *addresses, size_t count, bool datagrams) {
  FOR_FOLLOWED(l, loop, who, NCL_LISTEN_SUCCEEDED, datagrams) {
    if (l->asked_len == endpoint.len && memcmp(l->asked, endpoint.ptr, endpoint.len) == 0) return l->socket;
  }
  FOR_FOLLOWED(l, loop, who, NCL_LISTEN_GOES, datagrams) {
    for (size_t i = 0; i < count; i++) {
      if (ncl_listen_same(&l->socket->address, &addresses[i])) return l->socket;
    }
  }
  return NULL;
}

/* A socket of its own, beside one that is to go where that is in the way. */
static listen_socket *open_own(ncl_loop *loop, const ncl_listen_for *who, const ncl_address *addresses, size_t count,
                               const ncl_datagrams *how, listen_socket **beside) {
  int fd = ncl_listen_socket(addresses, count, how, -1);
  FOR_FOLLOWED(l, loop, who, NCL_LISTEN_GOES, how != NULL) {
    if (fd != -EADDRINUSE) break;
    if (ncl_listen_overlaps(&l->socket->address, &addresses[0])) {
      fd = ncl_listen_socket(addresses, count, how, l->socket->fd);
      *beside = fd >= 0 ? l->socket : NULL;
    }
  }
  if (fd >= 0) return attach(loop, fd, how != NULL);
  errno = -fd;
  return NULL;
}

/* A listener that does not watch yet; `how` NULL = for connections. */
static ncl_listener *open_listener(ncl_loop *loop, ncl_str endpoint, const ncl_datagrams *how,
                                   const ncl_listen_for *who, ncl_outcome *outcome) {
  assert(ncl_loop_on_thread(loop));
  ncl_endpoint parsed;
  const char *reason = ncl_endpoint_parse(endpoint, &parsed);
  ncl_address addresses[NCL_ENDPOINT_ADDRESSES];
  size_t count = reason == NULL ? ncl_endpoint_resolve(&parsed, addresses, &reason) : 0;
  if (count == 0) {
    set_outcome(loop, outcome, NCL_PERMANENT, endpoint, reason);
    return NULL;
  }
  ncl_listener *listener = calloc(1, sizeof(*listener) + endpoint.len);
  if (listener != NULL) {
    listener->socket = find_shared(loop, endpoint, who, addresses, count, how != NULL);
    if (listener->socket != NULL) {
      listener->socket->holders++;
    } else {
      listener->socket = open_own(loop, who, addresses, count, how, &listener->beside);
    }
  } else {
    errno = ENOMEM;
  }
  if (listener == NULL || listener->socket == NULL) {
    int error = errno;
    free(listener);
    set_error(loop, outcome, endpoint, error, parsed.is_unix);
    return NULL;
  }
  listener->owner = who->owner;
  listener->on = true;
  listener->waits = who->waits;
  listener->asked_len = endpoint.len;
  memcpy(listener->asked, endpoint.ptr, endpoint.len);
  ncl_handle_add(loop, &listener->handle, close_listener);
  return listener;
}

void ncl_listener_for(ncl_listener *listener, const ncl_callee *who) {
  if (listener != NULL) listener->handle.who = who;
}

static void take_socket(ncl_listener *listener, listen_socket *s) {
  s->taker = listener;
  if (listener != NULL && s == listener->socket) listener->lost_before = s->lost;
  watch_again(s);
}

ncl_listener *ncl_listen_as(ncl_loop *loop, ncl_str endpoint, const ncl_listen_for *who, ncl_accept_fn fn, void *arg,
                            ncl_outcome *outcome) {
  ncl_listener *listener = open_listener(loop, endpoint, NULL, who, outcome);
  if (listener == NULL) return NULL;
  listener->fn = fn;
  listener->arg = arg;
  if (!listener->waits) take_socket(listener, listener->socket);
  return listener;
}

ncl_listener *ncl_listen_datagrams_as(ncl_loop *loop, ncl_str endpoint, const ncl_datagrams *how,
                                      const ncl_listen_for *who, ncl_datagram_fn fn, void *arg, ncl_outcome *outcome) {
  size_t max = how->max == 0 ? UDP_MAX : how->max < NCL_DATAGRAM_MAX ? how->max : NCL_DATAGRAM_MAX;
  uint8_t *buffer = calloc(1, max + NCL_PADDING);
  if (buffer == NULL) {
    set_error(loop, outcome, endpoint, ENOMEM, false);
    return NULL;
  }
  ncl_listener *listener = open_listener(loop, endpoint, how, who, outcome);
  if (listener == NULL) {
    free(buffer);
    return NULL;
  }
  listener->read_fn = fn;
  listener->arg = arg;
  listener->buffer = buffer;
  listener->max = max;
  if (!listener->waits) take_socket(listener, listener->socket);
  return listener;
}

ncl_listener *ncl_listen(ncl_loop *loop, ncl_str endpoint, ncl_accept_fn fn, void *arg, ncl_outcome *outcome) {
  ncl_listen_for who = {NULL, false, NULL, NULL};
  return ncl_listen_as(loop, endpoint, &who, fn, arg, outcome);
}

ncl_listener *ncl_listen_datagrams(ncl_loop *loop, ncl_str endpoint, const ncl_datagrams *how, ncl_datagram_fn fn,
                                   void *arg, ncl_outcome *outcome) {
  ncl_listen_for who = {NULL, false, NULL, NULL};
  return ncl_listen_datagrams_as(loop, endpoint, how, &who, fn, arg, outcome);
}

uint64_t ncl_listener_lost(const ncl_listener *listener) {
  return listener->socket->lost - listener->lost_before;
}

void ncl_listeners_take(ncl_loop *loop, const void *owner) {
  for (ncl_handle *h = loop->handles.next; h != &loop->handles; h = h->next) {
    ncl_listener *listener = (ncl_listener *)h;
    if (h->close != close_listener || listener->owner != owner || !listener->waits) continue;
    listener->waits = false;
    take_socket(listener, listener->socket);
    if (listener->beside != NULL) take_socket(listener, listener->beside);
  }
}

static void close_listener(ncl_handle *handle) {
  ncl_listener_close((ncl_listener *)handle);
}

ncl_str ncl_listener_endpoint(const ncl_listener *listener) {
  return ncl_str_of(listener->socket->text, listener->socket->text_len);
}

void ncl_listener_accept(ncl_listener *listener, uint32_t on) {
  listener->on = on != 0;
  if (listener->socket->taker == listener) watch_again(listener->socket);
}

void ncl_listener_close(ncl_listener *listener) {
  if (listener == NULL) return;
  listen_socket *s = listener->socket;
  if (s->taker == listener) take_socket(NULL, s);
  if (listener->beside != NULL && listener->beside->taker == listener) take_socket(NULL, listener->beside);
  let_go(s);
  ncl_handle_remove(&listener->handle);
  free(listener->buffer);
  free(listener);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: made from an endpoint, accepted from in bounded rounds, and what happens when there are no more
 * descriptors: the connection is closed with one kept for that, and the listener pauses. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/runtime/endpoint.h"
#include "core/runtime/loop_state.h"

#define BACKLOG 1024
#define ACCEPTS_A_TURN 64
#define PAUSE_NS ((int64_t)100000000)

struct ncl_listener {
  ncl_handle handle;
  ncl_accept_fn fn;
  void *arg;
  int fd;
  ncl_watch *watch;
  ncl_timer *resume; /* ends a pause */
  bool on;           /* as the owner wants it */
  bool paused;       /* for lack of descriptors or memory */
  bool accepting;    /* inside on_readable: freed at its end */
  bool closed;
  struct stat file; /* of the socket file, st_ino == 0 without one */
  ncl_address address;
  size_t text_len;
  char text[NCL_ENDPOINT_TEXT];
};

/* ---- accepting ------------------------------------------------------------------------------------------------ */

static void watch_again(ncl_listener *listener) {
  ncl_watch_set(listener->watch, listener->on && !listener->paused ? NCL_EVENT_READ : 0);
}

static void on_resume(void *arg) {
  ncl_listener *listener = arg;
  listener->paused = false;
  watch_again(listener);
}

static void pause_accepting(ncl_listener *listener) {
  ncl_loop *loop = listener->handle.loop;
  listener->paused = true;
  ncl_timer_set(listener->resume, ncl_loop_now_ns(loop) + PAUSE_NS);
  watch_again(listener);
}

static int open_reserve(void) {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Closes the next connection in the queue, so that its client learns of it now. False when that cannot be done. */
static bool refuse_one(ncl_listener *listener) {
  ncl_loop *loop = listener->handle.loop;
  if (loop->reserve_fd < 0) return false;
  close(loop->reserve_fd);
  int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    close(fd);
    atomic_fetch_add_explicit(&loop->connections_refused, 1, memory_order_relaxed);
  }
  loop->reserve_fd = open_reserve();
  return fd >= 0;
}

/* Accepts one connection. False ends this round. */
static bool accept_one(ncl_listener *listener) {
  ncl_address peer = {.len = sizeof(peer.sa)};
  int fd = accept4(listener->fd, (struct sockaddr *)&peer.sa, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    char text[NCL_ENDPOINT_TEXT];
    size_t len = ncl_address_format(&peer, text);
    listener->fn(listener->arg, fd, ncl_str_of(text, len));
    return true;
  }
  switch (errno) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
      listener->paused = true;
      return refuse_one(listener);
    case ENOBUFS:
    case ENOMEM:
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
      listener->paused = true;
      return false;
    default: /* the connection has failed already: accept(2), "Error handling" */
      return true;
  }
}

static void on_readable(void *arg, uint32_t events) {
  (void)events;
  ncl_listener *listener = arg;
  listener->accepting = true;
  for (int i = 0; i < ACCEPTS_A_TURN && !listener->closed && listener->on; i++) {
    if (!accept_one(listener)) break;
  }
  listener->accepting = false;
  if (listener->closed) {
    free(listener);
  } else if (listener->paused) {
    pause_accepting(listener);
  }
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

/* Removes a socket file that nobody listens on. 0, or an errno: EADDRINUSE when somebody does, EEXIST when it is not a
 * socket. */
static int remove_stale(const ncl_address *address) {
  const struct sockaddr_un *sa = (const struct sockaddr_un *)&address->sa;
  struct stat file;
  if (lstat(sa->sun_path, &file) != 0) return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(file.st_mode)) return EEXIST;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  int error = connect(fd, (const struct sockaddr *)sa, address->len) == 0 ? EADDRINUSE : errno;
  close(fd);
  if (error != ECONNREFUSED) return error == EAGAIN ? EADDRINUSE : error;
  return unlink(sa->sun_path) == 0 ? 0 : errno;
}

/* Options that accepted connections inherit on Linux, so that they cost nothing a connection. */
static int set_options(int fd, int family) {
  int on = 1;
  int off = 0;
  if (family == AF_UNIX) return 0;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) return errno;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) return errno;
  if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0) return errno;
  return 0;
}

/* A listening socket at one address, or a negative errno. */
static int open_socket(const ncl_address *address) {
  int family = ((const struct sockaddr *)&address->sa)->sa_family;
  if (family == AF_UNIX) {
    int error = remove_stale(address);
    if (error != 0) return -error;
  }
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int error = set_options(fd, family);
  if (error == 0 && bind(fd, (const struct sockaddr *)&address->sa, address->len) != 0) error = errno;
  if (error == 0 && listen(fd, BACKLOG) != 0) error = errno;
  if (error == 0) return fd;
  close(fd);
  return -error;
}

/* The first address that the machine has. An address that is taken ends the search: the next one would be another. */
static int open_first(const ncl_address *addresses, size_t count) {
  int fd = -EADDRNOTAVAIL;
  for (size_t i = 0; i < count; i++) {
    fd = open_socket(&addresses[i]);
    if (fd != -EADDRNOTAVAIL && fd != -EAFNOSUPPORT) break;
  }
  return fd;
}

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

static void close_listener(ncl_handle *handle) {
  ncl_listener_close((ncl_listener *)handle);
}

/* Takes `fd` over, also when it fails: then -1 with errno. */
static int attach(ncl_loop *loop, ncl_listener *listener, int fd) {
  listener->fd = fd;
  listener->on = true;
  ncl_handle_add(loop, &listener->handle, close_listener);
  listener->address.len = sizeof(listener->address.sa);
  if (getsockname(fd, (struct sockaddr *)&listener->address.sa, &listener->address.len) != 0) return -1;
  listener->text_len = ncl_address_format(&listener->address, listener->text);
  const struct sockaddr_un *sa = (const struct sockaddr_un *)&listener->address.sa;
  if (sa->sun_family == AF_UNIX && lstat(sa->sun_path, &listener->file) != 0) return -1;
  if (loop->reserve_fd < 0) loop->reserve_fd = open_reserve();
  listener->resume = ncl_timer_open(loop, on_resume, listener);
  if (listener->resume == NULL) {
    errno = ENOMEM;
    return -1;
  }
  listener->watch = ncl_watch_open(loop, fd, NCL_EVENT_READ, on_readable, listener);
  return listener->watch != NULL ? 0 : -1;
}

ncl_listener *ncl_listen(ncl_loop *loop, ncl_str endpoint, ncl_accept_fn fn, void *arg, ncl_outcome *outcome) {
  assert(ncl_loop_on_thread(loop));
  ncl_endpoint parsed;
  const char *reason = ncl_endpoint_parse(endpoint, &parsed);
  ncl_address addresses[NCL_ENDPOINT_ADDRESSES];
  size_t count = reason == NULL ? ncl_endpoint_resolve(&parsed, addresses, &reason) : 0;
  if (count == 0) {
    set_outcome(loop, outcome, NCL_PERMANENT, endpoint, reason);
    return NULL;
  }
  ncl_listener *listener = calloc(1, sizeof(*listener));
  int fd = listener == NULL ? -ENOMEM : open_first(addresses, count);
  if (fd < 0) {
    free(listener);
    set_error(loop, outcome, endpoint, -fd, parsed.is_unix);
    return NULL;
  }
  listener->fn = fn;
  listener->arg = arg;
  if (attach(loop, listener, fd) != 0) {
    int error = errno;
    ncl_listener_close(listener);
    set_error(loop, outcome, endpoint, error, parsed.is_unix);
    return NULL;
  }
  return listener;
}

ncl_str ncl_listener_endpoint(const ncl_listener *listener) {
  return ncl_str_of(listener->text, listener->text_len);
}

void ncl_listener_accept(ncl_listener *listener, uint32_t on) {
  listener->on = on != 0;
  watch_again(listener);
}

/* Removes the socket file, unless another process has put its own in its place. */
static void remove_file(const ncl_listener *listener) {
  const struct sockaddr_un *sa = (const struct sockaddr_un *)&listener->address.sa;
  struct stat file;
  if (listener->file.st_ino == 0 || lstat(sa->sun_path, &file) != 0) return;
  if (file.st_ino == listener->file.st_ino && file.st_dev == listener->file.st_dev) unlink(sa->sun_path);
}

void ncl_listener_close(ncl_listener *listener) {
  if (listener == NULL) return;
  assert(!listener->closed);
  ncl_watch_close(listener->watch);
  ncl_timer_close(listener->resume);
  remove_file(listener);
  close(listener->fd);
  ncl_handle_remove(&listener->handle);
  listener->closed = true;
  if (!listener->accepting) free(listener);
}

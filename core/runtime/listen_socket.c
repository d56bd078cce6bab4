/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets are made from addresses. One that takes the place of another beside it (0.0.0.0 of 127.0.0.1) is
 * bound while both allow it, and neither does any more afterwards. */
#include "core/runtime/listen_socket.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* Removes a socket file that nobody listens on. 0, or an errno: EADDRINUSE when somebody does, EEXIST when it is not a
 * socket. */
static int remove_stale(const ncl_address *address, int type) {
  const struct sockaddr_un *sa = (const struct sockaddr_un *)&address->sa;
  struct stat file;
  if (lstat(sa->sun_path, &file) != 0) return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(file.st_mode)) return EEXIST;
  int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  int error = connect(fd, (const struct sockaddr *)sa, address->len) == 0 ? EADDRINUSE : errno;
  close(fd);
  if (error != ECONNREFUSED) return error == EAGAIN || error == EPROTOTYPE ? EADDRINUSE : error;
  return unlink(sa->sun_path) == 0 ? 0 : errno;
}

/* Options that accepted connections inherit on Linux, so that they cost nothing a connection. */
static int set_stream_options(int fd, int family) {
  int on = 1;
  if (family == AF_UNIX) return 0;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) return errno;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) return errno;
  return 0;
}

/* SO_REUSEADDR is not for datagrams: two processes could have the port then. What the kernel grants of the buffer is
 * its own affair (socket(7), SO_RCVBUF). */
static void set_datagram_options(int fd, const ncl_datagrams *how) {
  int on = 1;
  int size = how->receive_buffer > INT_MAX ? INT_MAX : (int)how->receive_buffer;
  (void)setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
  if (size > 0) (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static int set_options(int fd, int family, const ncl_datagrams *how) {
  int off = 0;
  int error = 0;
  if (how == NULL) {
    error = set_stream_options(fd, family);
  } else {
    set_datagram_options(fd, how);
  }
  if (error == 0 && family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)
    error = errno;
  return error;
}

static int set_file_mode(const ncl_address *address, const ncl_datagrams *how) {
  const struct sockaddr_un *sa = (const struct sockaddr_un *)&address->sa;
  if (sa->sun_family != AF_UNIX || how->file_mode == 0) return 0;
  if (chmod(sa->sun_path, (mode_t)(how->file_mode & 0777u)) == 0) return 0;
  int error = errno;
  (void)unlink(sa->sun_path);
  return error;
}

static void allow_reuse(int fd, int on) {
  if (fd >= 0) (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
}

/* A listening socket at one address, or a negative errno. */
static int open_socket(const ncl_address *address, const ncl_datagrams *how, int beside) {
  int family = ((const struct sockaddr *)&address->sa)->sa_family;
  int type = how == NULL ? SOCK_STREAM : SOCK_DGRAM;
  if (family == AF_UNIX) {
    int error = remove_stale(address, type);
    if (error != 0) return -error;
  }
  int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int error = set_options(fd, family, how);
  if (beside >= 0) allow_reuse(fd, 1);
  allow_reuse(beside, 1);
  if (error == 0 && bind(fd, (const struct sockaddr *)&address->sa, address->len) != 0) error = errno;
  if (error == 0 && how == NULL && listen(fd, NCL_LISTEN_BACKLOG) != 0) error = errno;
  if (error == 0 && how != NULL) error = set_file_mode(address, how);
  allow_reuse(beside, 0);
  if (beside >= 0) allow_reuse(fd, 0);
  if (error == 0) return fd;
  close(fd);
  return -error;
}

int ncl_listen_socket(const ncl_address *addresses, size_t count, const ncl_datagrams *how, int beside) {
  int fd = -EADDRNOTAVAIL;
  for (size_t i = 0; i < count; i++) {
    fd = open_socket(&addresses[i], how, beside);
    if (fd != -EADDRNOTAVAIL && fd != -EAFNOSUPPORT) break;
  }
  return fd;
}

bool ncl_datagram_read(int fd, uint8_t *bytes, size_t max, ncl_datagram *out) {
  union {
    struct cmsghdr align;
    uint8_t room[CMSG_SPACE(sizeof(uint32_t))];
  } control;
  struct iovec part = {bytes, max};
  struct msghdr message = {.msg_name = &out->peer.sa,
                           .msg_namelen = sizeof(out->peer.sa),
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof(control)};
  ssize_t len = recvmsg(fd, &message, 0);
  if (len < 0) return false;
  out->len = (size_t)len;
  out->cut = (message.msg_flags & MSG_TRUNC) != 0;
  out->peer.len = message.msg_namelen;
  out->told_lost = false;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL) continue;
    memcpy(&out->lost, CMSG_DATA(c), sizeof(out->lost));
    out->told_lost = true;
  }
  return true;
}

bool ncl_listen_overlaps(const ncl_address *a, const ncl_address *b) {
  const struct sockaddr_in *x = (const struct sockaddr_in *)&a->sa; /* the port lies at the same place in IPv6 */
  const struct sockaddr_in *y = (const struct sockaddr_in *)&b->sa;
  bool ip = (x->sin_family == AF_INET || x->sin_family == AF_INET6) &&
            (y->sin_family == AF_INET || y->sin_family == AF_INET6);
  return ip && x->sin_port == y->sin_port && x->sin_port != 0;
}

bool ncl_listen_same(const ncl_address *a, const ncl_address *b) {
  if (a->len != b->len || a->sa.ss_family != b->sa.ss_family) return false;
  if (a->sa.ss_family == AF_UNIX) {
    return strcmp(((const struct sockaddr_un *)&a->sa)->sun_path, ((const struct sockaddr_un *)&b->sa)->sun_path) == 0;
  }
  if (!ncl_listen_overlaps(a, b)) return false;
  if (a->sa.ss_family == AF_INET) {
    const struct sockaddr_in *x = (const struct sockaddr_in *)&a->sa;
    return x->sin_addr.s_addr == ((const struct sockaddr_in *)&b->sa)->sin_addr.s_addr;
  }
  const struct sockaddr_in6 *x = (const struct sockaddr_in6 *)&a->sa;
  return memcmp(&x->sin6_addr, &((const struct sockaddr_in6 *)&b->sa)->sin6_addr, sizeof(x->sin6_addr)) == 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Writing lines without ever waiting long: sockets by MSG_DONTWAIT, pipes and terminals through a non-blocking
 * description of our own, or where that cannot be had by asking poll before each piece that a pipe takes at once. */
#include "core/telemetry/log_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/runtime/clock.h"

#define KIND_PLAIN 0  /* a file, or non-blocking: write */
#define KIND_SOCKET 1 /* send */
#define KIND_ASK 2    /* may block: poll, then write at most PIPE_BUF bytes */

static int open_again(int fd) {
  char path[40];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

void ncl_log_output_open(ncl_log_output *output, int fd) {
  *output = (ncl_log_output){.fd = fd, .kind = KIND_PLAIN};
  struct stat file;
  if (fstat(fd, &file) != 0) return;
  if (S_ISSOCK(file.st_mode)) output->kind = KIND_SOCKET;
  if (!S_ISFIFO(file.st_mode) && !S_ISCHR(file.st_mode)) return;
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) != 0) return;
  int own = open_again(fd);
  if (own < 0) {
    output->kind = KIND_ASK;
  } else {
    output->fd = own;
    output->own = true;
  }
}

int ncl_log_output_open_path(ncl_log_output *output, const char *path) {
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0644);
  if (fd < 0) return errno;
  *output = (ncl_log_output){.fd = fd, .kind = KIND_PLAIN, .own = true};
  return 0;
}

int ncl_log_output_check_path(const char *path) {
  struct stat file;
  char dir[PATH_MAX];
  if (stat(path, &file) == 0) {
    if (S_ISDIR(file.st_mode)) return EISDIR;
    return access(path, W_OK) == 0 ? 0 : errno;
  }
  if (errno != ENOENT) return errno;
  const char *slash = strrchr(path, '/');
  size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
  if (len >= sizeof dir) return ENAMETOOLONG;
  (void)snprintf(dir, sizeof dir, "%.*s", (int)(len > 0 ? len : 1), len > 0 ? path : ".");
  return access(dir, W_OK | X_OK) == 0 ? 0 : errno;
}

void ncl_log_output_close(ncl_log_output *output) {
  if (output->own) close(output->fd);
  output->fd = -1;
  output->own = false;
}

static ssize_t write_ask(int fd, const char *ptr, size_t len) {
  struct pollfd ready = {.fd = fd, .events = POLLOUT};
  if (poll(&ready, 1, 0) < 1 || (ready.revents & (POLLOUT | POLLERR | POLLNVAL | POLLHUP)) == 0) {
    errno = EAGAIN;
    return -1;
  }
  return write(fd, ptr, len < PIPE_BUF ? len : PIPE_BUF);
}

static ssize_t write_some(const ncl_log_output *output, const char *ptr, size_t len) {
  if (output->kind == KIND_SOCKET) return send(output->fd, ptr, len, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (output->kind == KIND_ASK) return write_ask(output->fd, ptr, len);
  return write(output->fd, ptr, len);
}

/* Waits until there is room again. False when that takes until `until_ns`. */
static bool wait_for_room(const ncl_log_output *output, int64_t until_ns) {
  int64_t left_ns = until_ns - ncl_clock_now_ns(NULL);
  if (left_ns <= 0) return false;
  struct pollfd ready = {.fd = output->fd, .events = POLLOUT};
  poll(&ready, 1, (int)((left_ns + 999999) / 1000000));
  return true;
}

/* Returns how many bytes were written. */
static size_t write_all(ncl_log_output *output, const char *ptr, size_t len) {
  int64_t until_ns = output->stuck ? 0 : ncl_clock_now_ns(NULL) + NCL_LOG_WAIT_NS;
  size_t done = 0;
  while (done < len) {
    ssize_t n = write_some(output, ptr + done, len - done);
    if (n > 0) {
      done += (size_t)n;
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) break;
    if (!wait_for_room(output, until_ns)) {
      output->stuck = true;
      errno = EAGAIN;
      return done;
    }
  }
  if (done == len) output->stuck = false;
  return done;
}

bool ncl_log_output_write(ncl_log_output *output, const char *line, size_t len) {
  if (output->torn) {
    if (write_all(output, "\n", 1) != 1) return false;
    output->torn = false;
  }
  size_t done = write_all(output, line, len);
  if (done > 0 && done < len) output->torn = true;
  return done == len;
}

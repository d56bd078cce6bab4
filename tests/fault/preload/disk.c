/* SPDX-License-Identifier: Apache-2.0 */
/* preload/disk.c: a disk that misbehaves, and a clock that jumps, as the file FAULT_ORDERS says at each call: lines of
 * "<operation> <error>" (write, sync, rename, truncate, open; ENOSPC, EIO, EROFS, short) and "clock <seconds>". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))
#define SHORT (-1) /* half of it is written, and the next call fails for want of space */

/* Reads without the calls that are replaced here. The argument of the order `name`, or NULL. */
static const char *order(const char *name, char *buffer, size_t size) {
  const char *path = getenv("FAULT_ORDERS");
  if (path == NULL) return NULL;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return NULL;
  ssize_t len = syscall(SYS_read, fd, buffer, size - 1);
  (void)syscall(SYS_close, fd);
  buffer[len > 0 ? len : 0] = '\0';
  size_t name_len = strlen(name);
  for (char *line = buffer, *end; *line != '\0'; line = end) {
    end = line + strcspn(line, "\n");
    if (*end != '\0') *end++ = '\0';
    if (strncmp(line, name, name_len) == 0 && line[name_len] == ' ') return line + name_len + 1;
  }
  return NULL;
}

static int is_on_disk(const char *path) {
  const char *directory = getenv("FAULT_DIRECTORY");
  return directory != NULL && strncmp(path, directory, strlen(directory)) == 0;
}

/* The errno that a call on this path fails with, SHORT, or 0. */
static int fault_of(const char *name, const char *path) {
  char buffer[256];
  if (!is_on_disk(path)) return 0;
  const char *error = order(name, buffer, sizeof buffer);
  if (error == NULL) return 0;
  if (strcmp(error, "ENOSPC") == 0) return ENOSPC;
  if (strcmp(error, "EROFS") == 0) return EROFS;
  return strcmp(error, "short") == 0 ? SHORT : EIO;
}

static int fault_of_fd(const char *name, int fd) {
  char link[64], path[512];
  (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, path, sizeof path - 1);
  if (len <= 0) return 0;
  path[len] = '\0';
  return fault_of(name, path);
}

static int refuse(int error) {
  errno = error;
  return -1;
}

/* ---- the disk */

ssize_t write(int fd, const void *bytes, size_t len) {
  int fault = fault_of_fd("write", fd);
  if (fault > 0 || (fault == SHORT && len < 2)) return refuse(fault > 0 ? fault : ENOSPC);
  return NEXT(ssize_t(*)(int, const void *, size_t), "write")(fd, bytes, fault == SHORT ? len / 2 : len);
}

static ssize_t write_at(const char *name, int fd, const void *bytes, size_t len, off_t at) {
  int fault = fault_of_fd("write", fd);
  if (fault > 0 || (fault == SHORT && len < 2)) return refuse(fault > 0 ? fault : ENOSPC);
  return NEXT(ssize_t(*)(int, const void *, size_t, off_t), name)(fd, bytes, fault == SHORT ? len / 2 : len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
  return write_at("pwrite", fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t at) {
  return write_at("pwrite64", fd, bytes, len, at);
}

int fsync(int fd) {
  int fault = fault_of_fd("sync", fd);
  return fault > 0 ? refuse(fault) : NEXT(int (*)(int), "fsync")(fd);
}

int fdatasync(int fd) {
  int fault = fault_of_fd("sync", fd);
  return fault > 0 ? refuse(fault) : NEXT(int (*)(int), "fdatasync")(fd);
}

int ftruncate(int fd, off_t len) {
  int fault = fault_of_fd("truncate", fd);
  return fault > 0 ? refuse(fault) : NEXT(int (*)(int, off_t), "ftruncate")(fd, len);
}

int ftruncate64(int fd, off_t len) {
  int fault = fault_of_fd("truncate", fd);
  return fault > 0 ? refuse(fault) : NEXT(int (*)(int, off_t), "ftruncate64")(fd, len);
}

int rename(const char *from, const char *to) {
  int fault = fault_of("rename", to);
  return fault > 0 ? refuse(fault) : NEXT(int (*)(const char *, const char *), "rename")(from, to);
}

static int open_with(const char *name, const char *path, int flags, mode_t mode) {
  int fault = (flags & (O_WRONLY | O_RDWR)) != 0 ? fault_of("open", path) : 0;
  return fault > 0 ? refuse(fault) : NEXT(int (*)(const char *, int, mode_t), name)(path, flags, mode);
}

static mode_t mode_of(int flags, va_list args) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = mode_of(flags, args);
  va_end(args);
  return open_with("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  mode_t mode = mode_of(flags, args);
  va_end(args);
  return open_with("open64", path, flags, mode);
}

/* ---- the clock: only that of the wall, the monotonic one never jumps */

static time_t jump(void) {
  char buffer[256];
  const char *seconds = order("clock", buffer, sizeof buffer);
  return seconds != NULL ? (time_t)strtol(seconds, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += jump();
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec exact;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *into) {
  struct timespec exact;
  if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return (time_t)-1;
  if (into != NULL) *into = exact.tv_sec;
  return exact.tv_sec;
}

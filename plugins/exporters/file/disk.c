/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/disk.c: a write that fails half way is taken back, so that readers only ever see whole records. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0600 /* telemetry may hold secrets; the Go collector does the same */
#define HEAD 4         /* bytes of a record's length */

static ncl_status failed(ncl_file_disk *d, ncl_status status, const char *what, const char *path, int error) {
  char text[128];
  (void)snprintf(d->reason, sizeof d->reason, "cannot %s %.300s: %.100s", what, path,
                 strerror_r(error, text, sizeof text));
  return status;
}

/* ---- the directory ----------------------------------------------------------------------------------- */

/* The part of the path before its last "/", at most `size` bytes; "." where there is none. */
static void directory_of(const char *path, char *into, size_t size) {
  const char *slash = strrchr(path, '/');
  size_t len = slash == NULL ? 0 : (size_t)(slash - path);
  if (slash == path) len = 1;
  if (slash == NULL) {
    path = ".";
    len = 1;
  }
  if (len >= size) len = size - 1;
  memcpy(into, path, len);
  into[len] = '\0';
}

static ncl_status make_directories(ncl_file_disk *d) {
  char dir[4096];
  directory_of(d->path, dir, sizeof dir);
  for (char *at = dir + 1;; at++) {
    if (*at != '/' && *at != '\0') continue;
    char end = *at;
    *at = '\0';
    if (mkdir(dir, d->directory_mode) != 0 && errno != EEXIST) {
      return failed(d, NCL_PERMANENT, "create the directory", dir, errno);
    }
    *at = end;
    if (end == '\0') return NCL_OK;
  }
}

/* ---- what is there ----------------------------------------------------------------------------------- */

/* Lengths lead from record to record up to the end of the file, or it was not written by this exporter in this format.
 */
static ncl_status check_lengths(ncl_file_disk *d, off_t size) {
  off_t at = 0;
  while (at < size) {
    unsigned char head[HEAD];
    if (pread(d->fd, head, HEAD, at) != HEAD) break;
    at += HEAD + ((off_t)head[0] << 24 | (off_t)head[1] << 16 | (off_t)head[2] << 8 | (off_t)head[3]);
  }
  if (at == size) return NCL_OK;
  (void)snprintf(d->reason, sizeof d->reason,
                 "%s does not end with a whole record of this format, so nothing can be appended; move it away",
                 d->path);
  return NCL_PERMANENT;
}

/* A file that is appended to begins a new line. */
static ncl_status check_lines(ncl_file_disk *d, off_t size) {
  char last = '\n';
  if (size > 0 && pread(d->fd, &last, 1, size - 1) != 1) return failed(d, NCL_PERMANENT, "read", d->path, errno);
  if (last == '\n') return NCL_OK;
  return ncl_file_write(d, (const uint8_t *)"\n", 1) == NCL_OK ? NCL_OK : NCL_PERMANENT;
}

static ncl_status prepare_regular(ncl_file_disk *d, off_t size) {
  /* Two writers would take each other's records back. Where locks are not known there is none. */
  if (flock(d->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    (void)snprintf(d->reason, sizeof d->reason, "%s is being written by another exporter or process", d->path);
    return NCL_PERMANENT;
  }
  if (d->append) return d->lines ? check_lines(d, size) : check_lengths(d, size);
  if (ftruncate(d->fd, 0) != 0) return failed(d, NCL_PERMANENT, "empty", d->path, errno);
  return NCL_OK;
}

ncl_status ncl_file_open(ncl_file_disk *d) {
  if (d->create_directory && make_directories(d) != NCL_OK) return NCL_PERMANENT;
  /* Reading is needed to look at the end of a file that is appended to; pipes and devices may not allow it. */
  int flags = O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY;
  struct stat before;
  d->regular = stat(d->path, &before) != 0 || S_ISREG(before.st_mode);
  d->fd = open(d->path, flags | (d->regular && d->append ? O_RDWR : O_WRONLY), FILE_MODE);
  if (d->fd < 0) return failed(d, NCL_PERMANENT, "open", d->path, errno);
  struct stat file;
  if (fstat(d->fd, &file) != 0) return failed(d, NCL_PERMANENT, "look at", d->path, errno);
  d->regular = S_ISREG(file.st_mode);
  if (!d->regular) return NCL_OK;
  ncl_status status = prepare_regular(d, file.st_size);
  if (status == NCL_OK) return NCL_OK;
  (void)close(d->fd);
  d->fd = -1;
  return status;
}

ncl_status ncl_file_look(ncl_file_disk *d) {
  char dir[4096];
  struct stat file;
  directory_of(d->path, dir, sizeof dir);
  if (stat(d->path, &file) == 0) {
    if (S_ISDIR(file.st_mode)) return failed(d, NCL_PERMANENT, "write to", d->path, EISDIR);
    if (access(d->path, W_OK) != 0) return failed(d, NCL_PERMANENT, "write to", d->path, errno);
    return NCL_OK;
  }
  /* What will be made goes into the first directory that is there. */
  while (d->create_directory && stat(dir, &file) != 0 && errno == ENOENT && strchr(dir, '/') != NULL &&
         strcmp(dir, "/") != 0) {
    char above[4096];
    directory_of(dir, above, sizeof above);
    memcpy(dir, above, sizeof dir);
  }
  if (stat(dir, &file) != 0) return failed(d, NCL_PERMANENT, "find the directory", dir, errno);
  if (!S_ISDIR(file.st_mode)) return failed(d, NCL_PERMANENT, "use the directory", dir, ENOTDIR);
  if (access(dir, W_OK | X_OK) != 0) return failed(d, NCL_PERMANENT, "write to the directory", dir, errno);
  return NCL_OK;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

/* Takes a torn record back, or, where that cannot be done, ends its line. */
static ncl_status mend(ncl_file_disk *d) {
  if (!d->torn) return NCL_OK;
  if (d->regular) {
    if (ftruncate(d->fd, d->whole) != 0)
      return failed(d, NCL_RETRYABLE, "take back a part of a record in", d->path, errno);
  } else if (d->lines) {
    if (write(d->fd, "\n", 1) != 1) return failed(d, NCL_RETRYABLE, "write to", d->path, errno);
  } else {
    (void)snprintf(d->reason, sizeof d->reason, "%s has a part of a record in it, which its reader cannot skip",
                   d->path);
    return NCL_RETRYABLE;
  }
  d->torn = 0;
  return NCL_OK;
}

ncl_status ncl_file_write(ncl_file_disk *d, const uint8_t *record, size_t len) {
  struct stat file;
  if (mend(d) != NCL_OK) return NCL_RETRYABLE;
  /* Somebody else may have cut the file, as logrotate's copytruncate does: its end is where it is now. */
  if (d->regular && fstat(d->fd, &file) != 0) return failed(d, NCL_RETRYABLE, "look at", d->path, errno);
  size_t done = 0;
  while (done < len) {
    ssize_t n = write(d->fd, record + done, len - done);
    if (n > 0) {
      done += (size_t)n;
    } else if (n == 0 || errno != EINTR) {
      int error = n == 0 ? ENOSPC : errno;
      d->torn = done > 0;
      if (d->torn && d->regular) {
        d->whole = file.st_size;
        (void)mend(d); /* if it fails it is tried again before the next record */
      }
      return failed(d, NCL_RETRYABLE, "write to", d->path, error);
    }
  }
  return NCL_OK;
}

ncl_status ncl_file_close(ncl_file_disk *d) {
  if (d->fd < 0) return NCL_OK;
  (void)mend(d);
  int fd = d->fd;
  d->fd = -1;
  /* Network file systems report late what they could not write. */
  return close(fd) == 0 || errno == EINTR ? NCL_OK : failed(d, NCL_RETRYABLE, "close", d->path, errno);
}

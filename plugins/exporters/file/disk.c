/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/disk.c: a write that fails half way is taken back, so that readers only ever see whole records. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0600 /* telemetry may hold secrets; the Go collector does the same */
#define HEAD 4         /* bytes of a record's length */

static ncl_status failed(ncl_file_disk *d, ncl_status status, const char *what, const char *path, int error) {
  char text[128];
  d->error = error;
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
  d->error = EINVAL; /* what is there does not become better by itself */
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
  return write(d->fd, "\n", 1) == 1 ? NCL_OK : failed(d, NCL_PERMANENT, "write to", d->path, errno);
}

static bool rotates(const ncl_file_disk *d) {
  return d->regular && d->rotation.max_bytes > 0;
}

static ncl_status lock(ncl_file_disk *d) {
  /* Two writers would take each other's records back. Where locks are not known there is none. */
  if (flock(d->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return NCL_OK;
  d->error = EWOULDBLOCK;
  (void)snprintf(d->reason, sizeof d->reason, "%s is being written by another exporter or process", d->path);
  return NCL_PERMANENT;
}

/* Opens what the path leads to. On failure nothing is open. */
static ncl_status open_path(ncl_file_disk *d, bool keeps) {
  /* Reading is needed to look at the end of a file that is appended to; pipes and devices may not allow it. */
  int flags = O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY;
  struct stat file;
  d->regular = stat(d->path, &file) != 0 || S_ISREG(file.st_mode);
  d->fd = open(d->path, flags | (d->regular && keeps ? O_RDWR : O_WRONLY), FILE_MODE);
  if (d->fd < 0) return failed(d, NCL_PERMANENT, "open", d->path, errno);
  ncl_status status = NCL_OK;
  if (fstat(d->fd, &file) != 0) status = failed(d, NCL_PERMANENT, "look at", d->path, errno);
  d->regular = S_ISREG(file.st_mode);
  if (status == NCL_OK && d->regular) status = lock(d);
  if (status == NCL_OK) return NCL_OK;
  (void)close(d->fd);
  d->fd = -1;
  return status;
}

static void close_quietly(ncl_file_disk *d) {
  (void)close(d->fd);
  d->fd = -1;
}

/* What cannot be added to is moved away, where files are moved away at all. */
static ncl_status begin_anew(ncl_file_disk *d, int64_t wall_ns) {
  char moved[NCL_FILE_PATH_MAX];
  close_quietly(d);
  int error = ncl_file_move_away(d->path, &d->rotation, wall_ns, moved);
  if (error != 0) return failed(d, NCL_PERMANENT, "move away", d->path, error);
  d->rotations++;
  return open_path(d, true);
}

/* Makes the end of an open file one behind which a record may stand. */
static ncl_status prepare(ncl_file_disk *d, int64_t wall_ns) {
  struct stat file;
  if (!d->regular) return NCL_OK;
  if (!d->append && !rotates(d)) {
    return ftruncate(d->fd, 0) == 0 ? NCL_OK : failed(d, NCL_PERMANENT, "empty", d->path, errno);
  }
  if (fstat(d->fd, &file) != 0) return failed(d, NCL_PERMANENT, "look at", d->path, errno);
  ncl_status status = d->lines ? check_lines(d, file.st_size) : check_lengths(d, file.st_size);
  return status != NCL_OK && rotates(d) ? begin_anew(d, wall_ns) : status;
}

static void remove_old(ncl_file_disk *d, int64_t wall_ns) {
  int error = ncl_file_remove_old(d->path, &d->rotation, wall_ns);
  char text[128];
  if (error == 0) return;
  (void)snprintf(d->notice, sizeof d->notice, "cannot remove old files of %.300s: %.100s", d->path,
                 strerror_r(error, text, sizeof text));
}

ncl_status ncl_file_open(ncl_file_disk *d, int64_t wall_ns) {
  if (d->create_directory && make_directories(d) != NCL_OK) return NCL_PERMANENT;
  ncl_status status = open_path(d, d->append || d->rotation.max_bytes > 0);
  if (status != NCL_OK) return status;
  status = prepare(d, wall_ns);
  if (status != NCL_OK) {
    if (d->fd >= 0) close_quietly(d);
    return status;
  }
  if (rotates(d)) remove_old(d, wall_ns);
  return NCL_OK;
}

ncl_status ncl_file_reopen(ncl_file_disk *d, int64_t wall_ns) {
  struct stat there, open_one;
  if (d->fd < 0 || !d->regular) return NCL_OK;
  bool same = stat(d->path, &there) == 0 && fstat(d->fd, &open_one) == 0 && there.st_dev == open_one.st_dev &&
              there.st_ino == open_one.st_ino;
  if (same) return NCL_OK;
  ncl_file_disk next = *d;
  next.torn = 0;
  next.append = 1; /* what others have put there is not ours to throw away */
  ncl_status status = ncl_file_open(&next, wall_ns);
  if (status == NCL_OK && !next.regular) {
    close_quietly(&next);
    status = NCL_PERMANENT;
    (void)snprintf(next.reason, sizeof next.reason, "%s is not a file any more", d->path);
  }
  if (status != NCL_OK) {
    memcpy(d->reason, next.reason, sizeof d->reason);
    return status;
  }
  (void)ncl_file_close(d);
  d->fd = next.fd;
  d->torn = 0;
  return NCL_OK;
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

/* The file is full: it goes on in a new one. Where that cannot be, it grows on. */
static void rotate(ncl_file_disk *d, int64_t wall_ns) {
  char moved[NCL_FILE_PATH_MAX], text[128];
  int old = d->fd;
  int error = ncl_file_move_away(d->path, &d->rotation, wall_ns, moved);
  if (error != 0) {
    (void)snprintf(d->notice, sizeof d->notice, "cannot move %.300s away: %.100s", d->path,
                   strerror_r(error, text, sizeof text));
    return;
  }
  if (open_path(d, true) != NCL_OK) {
    memcpy(d->notice, d->reason, sizeof d->notice);
    (void)rename(moved, d->path);
    d->fd = old;
    d->regular = 1;
    return;
  }
  /* Network file systems report late what they could not write. */
  if (close(old) != 0 && errno != EINTR) {
    (void)snprintf(d->notice, sizeof d->notice, "cannot close %.300s: %.100s", moved,
                   strerror_r(errno, text, sizeof text));
  }
  d->rotations++;
  remove_old(d, wall_ns);
}

/* All of it, or nothing. */
static ncl_status write_all(ncl_file_disk *d, const uint8_t *record, size_t len, off_t size) {
  size_t done = 0;
  while (done < len) {
    ssize_t n = write(d->fd, record + done, len - done);
    if (n > 0) {
      done += (size_t)n;
    } else if (n == 0 || errno != EINTR) {
      int error = n == 0 ? ENOSPC : errno;
      d->torn = done > 0;
      if (d->torn && d->regular) {
        d->whole = size;
        (void)mend(d); /* if it fails it is tried again before the next record */
      }
      return failed(d, NCL_RETRYABLE, "write to", d->path, error);
    }
  }
  return NCL_OK;
}

ncl_status ncl_file_write(ncl_file_disk *d, const uint8_t *record, size_t len, int64_t wall_ns) {
  struct stat file = {0};
  if (mend(d) != NCL_OK) return NCL_RETRYABLE;
  /* Somebody else may have cut the file, as logrotate's copytruncate does: its end is where it is now. */
  if (d->regular && fstat(d->fd, &file) != 0) return failed(d, NCL_RETRYABLE, "look at", d->path, errno);
  bool is_full = rotates(d) && file.st_size > 0 && file.st_size + (off_t)len > d->rotation.max_bytes;
  if (is_full) {
    rotate(d, wall_ns);
    if (fstat(d->fd, &file) != 0) return failed(d, NCL_RETRYABLE, "look at", d->path, errno);
  }
  return write_all(d, record, len, file.st_size);
}

ncl_status ncl_file_close(ncl_file_disk *d) {
  if (d->fd < 0) return NCL_OK;
  (void)mend(d);
  int fd = d->fd;
  d->fd = -1;
  /* Network file systems report late what they could not write. */
  return close(fd) == 0 || errno == EINTR ? NCL_OK : failed(d, NCL_RETRYABLE, "close", d->path, errno);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/config/small_file.c: one read when the file is another one than the last time. */
#include <errno.h>
#include <fcntl.h>
#include <nacelle/small_file.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

static void drop_text(ncl_small_file *file) {
  if (file->text != NULL) explicit_bzero(file->text, file->len);
  free(file->text);
  file->text = NULL;
  file->len = 0;
}

/* Returns bytes; -1 = errno says what. */
static ssize_t read_all(int fd, char *into, size_t size) {
  size_t len = 0;
  while (len < size) {
    ssize_t n = read(fd, into + len, size - len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    len += (size_t)n;
  }
  return (ssize_t)len;
}

/* Only regular files: a pipe would never end, or block. */
static int look_at(int fd, struct stat *st) {
  if (fstat(fd, st) != 0) return errno;
  if (S_ISDIR(st->st_mode)) return EISDIR;
  if (!S_ISREG(st->st_mode)) return EINVAL;
  return st->st_size > (off_t)NCL_SMALL_FILE_MAX ? EFBIG : 0;
}

/* Into *text and *len, which are the caller's. Returns errno, 0 = it went well. */
static int read_file(const char *path, struct stat *st, char **text, size_t *len) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno;
  int error = look_at(fd, st);
  *text = error == 0 ? malloc(NCL_SMALL_FILE_MAX + 1) : NULL;
  if (error == 0 && *text == NULL) error = ENOMEM;
  ssize_t n = error == 0 ? read_all(fd, *text, NCL_SMALL_FILE_MAX + 1) : 0;
  if (n < 0) error = errno;
  if (n > (ssize_t)NCL_SMALL_FILE_MAX) error = EFBIG;
  (void)close(fd);
  if (error != 0) {
    free(*text);
    return error;
  }
  (*text)[n] = '\0';
  *len = (size_t)n;
  return 0;
}

/* Gives up what it does not need of the room for the largest file. */
static char *shrink(char *text, size_t len) {
  char *copy = malloc(len + 1);
  if (copy != NULL) memcpy(copy, text, len + 1);
  explicit_bzero(text, len);
  free(text);
  return copy;
}

/* True: the text is another one. */
static bool take(ncl_small_file *file) {
  char *text = NULL;
  size_t len = 0;
  struct stat st;
  file->error = read_file(file->path, &st, &text, &len);
  if (file->error != 0) return false;
  text = shrink(text, len);
  if (text == NULL) {
    file->error = ENOMEM;
    return false;
  }
  file->seen = st;
  bool is_same = file->text != NULL && file->len == len && memcmp(file->text, text, len) == 0;
  drop_text(file);
  file->text = text;
  file->len = len;
  return !is_same;
}

ncl_status ncl_small_file_open(ncl_small_file *file, ncl_str path, int64_t now_ns) {
  file->path = strndup(path.len > 0 ? path.ptr : "", path.len);
  if (file->path == NULL) return NCL_NO_MEMORY;
  file->looked_ns = now_ns;
  (void)take(file);
  if (file->error == ENOMEM) return NCL_NO_MEMORY;
  return file->error == 0 ? NCL_OK : NCL_PERMANENT;
}

static bool is_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

uint32_t ncl_small_file_look(ncl_small_file *file, int64_t now_ns, uint32_t at_once) {
  struct stat st;
  if (file->path == NULL || (at_once == 0 && now_ns - file->looked_ns < SECOND_NS)) return 0;
  file->looked_ns = now_ns;
  if (stat(file->path, &st) != 0) {
    file->error = errno;
    return 0;
  }
  if (file->error == 0 && is_same(&st, &file->seen)) return 0;
  return take(file) ? 1 : 0;
}

void ncl_small_file_close(ncl_small_file *file) {
  drop_text(file);
  free(file->path);
  memset(file, 0, sizeof *file);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* file.c: a read that cannot hang on a pipe and cannot grow beyond its limit. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

static ncl_status read_all(int fd, ncl_aws_file *file, const char **why) {
  struct stat stat;
  *why = "it is not a regular file";
  if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) return NCL_PERMANENT;
  *why = "it has more than 1 MiB";
  if ((uint64_t)stat.st_size > NCL_AWS_FILE_MAX) return NCL_PERMANENT;
  size_t size = (size_t)stat.st_size + 1;
  file->text = malloc(size);
  *why = "no memory";
  if (file->text == NULL) return NCL_NO_MEMORY;
  while (file->len < size - 1) {
    ssize_t n = read(fd, file->text + file->len, size - 1 - file->len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      *why = strerror(errno);
      return NCL_PERMANENT;
    }
    if (n == 0) break;
    file->len += (size_t)n;
  }
  file->text[file->len] = '\0';
  return NCL_OK;
}

ncl_status ncl_aws_file_read(ncl_str path, ncl_aws_file *file, const char **why) {
  char name[4096];
  *file = (ncl_aws_file){NULL, 0};
  *why = "its path is too long";
  if (path.len == 0 || path.len >= sizeof name) return NCL_PERMANENT;
  memcpy(name, path.ptr, path.len);
  name[path.len] = '\0';
  int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    *why = strerror(errno);
    return errno == ENOENT || errno == ENOTDIR ? NCL_UNSUPPORTED : NCL_PERMANENT;
  }
  ncl_status status = read_all(fd, file, why);
  (void)close(fd);
  if (status != NCL_OK) ncl_aws_file_close(file);
  return status;
}

void ncl_aws_file_close(ncl_aws_file *file) {
  ncl_aws_wipe(file->text, file->len);
  free(file->text);
  *file = (ncl_aws_file){NULL, 0};
}

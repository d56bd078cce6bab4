/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/disk.h: the file: opened once, written record by record, never left with a part of one. */
#ifndef NACELLE_FILE_DISK_H
#define NACELLE_FILE_DISK_H

#include <nacelle/abi.h>
#include <sys/types.h>

#define NCL_FILE_REASON_MAX 512u

/* All functions here may wait, and are called by one thread at a time. */
typedef struct ncl_file_disk {
  char *path;
  int64_t append;
  int64_t create_directory;
  mode_t directory_mode;
  uint32_t lines; /* 1 = records end with "\n"; 0 = they begin with their length */
  int fd;         /* -1 = not open */
  uint32_t regular;
  uint32_t torn; /* 1 = a part of a record could not be taken back */
  off_t whole;   /* regular files: the end of the last whole record, where one is torn */
  char reason[NCL_FILE_REASON_MAX];
} ncl_file_disk;

/* NCL_OK, or NCL_PERMANENT with the reason. The directory is made first where that is wanted. */
ncl_status ncl_file_open(ncl_file_disk *disk);
/* A whole record, or nothing of it: NCL_OK, or NCL_RETRYABLE with the reason. */
ncl_status ncl_file_write(ncl_file_disk *disk, const uint8_t *record, size_t len);
/* NCL_OK, or NCL_RETRYABLE with the reason: the system has found out that something was not written. */
ncl_status ncl_file_close(ncl_file_disk *disk);
/* Whether ncl_file_open could succeed, without changing anything: NCL_OK, or NCL_PERMANENT with the reason. */
ncl_status ncl_file_look(ncl_file_disk *disk);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/disk.h: one file: opened once, written record by record, never left with a part of one. */
#ifndef NACELLE_FILE_DISK_H
#define NACELLE_FILE_DISK_H

#include <nacelle/abi.h>
#include <sys/types.h>

#include "rotate.h"

#define NCL_FILE_REASON_MAX 512u

/* All functions here may wait, and are called by one thread at a time. */
typedef struct ncl_file_disk {
  char *path;
  int64_t append; /* 0 = what is in the file at the first open is thrown away */
  int64_t create_directory;
  mode_t directory_mode;
  uint32_t lines; /* 1 = records end with "\n"; 0 = they begin with their length */
  ncl_file_rotation rotation;
  int fd; /* -1 = not open */
  uint32_t regular;
  uint32_t torn;      /* 1 = a part of a record could not be taken back */
  off_t whole;        /* regular files: the end of the last whole record, where one is torn */
  uint32_t rotations; /* so far */
  int error;          /* errno of the last failure; 0 = it was not the system's */
  char reason[NCL_FILE_REASON_MAX];
  char notice[NCL_FILE_REASON_MAX]; /* what is worth a line though the record is written; "" = nothing */
} ncl_file_disk;

/* NCL_OK, or NCL_PERMANENT with the reason. The directory is made first where that is wanted. With rotation, what is in
 * the file is kept; where nothing can be added to it, it is moved away. */
ncl_status ncl_file_open(ncl_file_disk *disk, int64_t wall_ns);
/* Opens the file again if its path leads to another one by now, or to none. NCL_OK; otherwise what was open stays open,
 * with the reason. */
ncl_status ncl_file_reopen(ncl_file_disk *disk, int64_t wall_ns);
/* A whole record, or nothing of it: NCL_OK, or NCL_RETRYABLE with the reason. */
ncl_status ncl_file_write(ncl_file_disk *disk, const uint8_t *record, size_t len, int64_t wall_ns);
/* NCL_OK, or NCL_RETRYABLE with the reason: the system has found out that something was not written. */
ncl_status ncl_file_close(ncl_file_disk *disk);
/* Whether ncl_file_open could succeed, without changing anything: NCL_OK, or NCL_PERMANENT with the reason. */
ncl_status ncl_file_look(ncl_file_disk *disk);

#endif

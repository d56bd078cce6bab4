/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/outlets.h: the files that are open: one, or with group_by as many as may be, those used last. */
#ifndef NACELLE_FILE_OUTLETS_H
#define NACELLE_FILE_OUTLETS_H

#include "disk.h"

typedef struct ncl_file_outlet {
  struct ncl_file_outlet *next; /* used before this one */
  ncl_file_disk disk;
} ncl_file_outlet;

typedef struct ncl_file_outlets {
  ncl_file_disk settings; /* what every file begins with; `path` is not used */
  ncl_file_outlet *first; /* the one that was used last */
  uint32_t count;
  uint32_t max;
  uint32_t rotations; /* so far, of all */
  char notice[NCL_FILE_REASON_MAX];
} ncl_file_outlets;

/* All of these may wait, and are called by one thread at a time. */

/* Opens the file of a path, where it is not open yet; the one that was not used for longest is closed where they are
 * too many. NCL_OK; NCL_NO_MEMORY; otherwise `reason`, and NCL_PERMANENT where it cannot succeed later. */
ncl_status ncl_file_outlets_open(ncl_file_outlets *outlets, const char *path, int64_t wall_ns,
                                 char reason[NCL_FILE_REASON_MAX]);
/* Writes a record into the file of a path, opened where it is not. The same answers. What is worth a line though it is
 * written is in outlets->notice then. */
ncl_status ncl_file_outlets_write(ncl_file_outlets *outlets, const char *path, const uint8_t *record, size_t len,
                                  int64_t wall_ns, char reason[NCL_FILE_REASON_MAX]);
/* Opens again those whose paths lead to others. NCL_OK, or the first error with `reason`. */
ncl_status ncl_file_outlets_reopen(ncl_file_outlets *outlets, int64_t wall_ns, char reason[NCL_FILE_REASON_MAX]);
/* Closes all. NCL_OK, or the first error with `reason`. */
ncl_status ncl_file_outlets_close(ncl_file_outlets *outlets, char reason[NCL_FILE_REASON_MAX]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/rotate.h: a file that is full is moved away under a name with the time in it, and old ones are
 * removed. */
#ifndef NACELLE_FILE_ROTATE_H
#define NACELLE_FILE_ROTATE_H

#include <nacelle/abi.h>
#include <sys/types.h>

#define NCL_FILE_PATH_MAX 4096u

typedef struct ncl_file_rotation {
  off_t max_bytes; /* of a file; 0 = it is never rotated */
  int64_t max_days;
  int64_t max_backups;
  int64_t localtime; /* 1 = times in names are the machine's; 0 = UTC */
} ncl_file_rotation;

/* All of these may wait. `wall_ns` is since 1970-01-01 UTC. */

/* Moves the file of `path` away: "data.json" becomes "data-2026-01-02T03-04-05.678-size.json" beside it. What is there
 * already is never overwritten. 0, or an errno; `moved` is where it is now. */
int ncl_file_move_away(const char *path, const ncl_file_rotation *rotation, int64_t wall_ns,
                       char moved[NCL_FILE_PATH_MAX]);
/* Removes moved files of `path` that are too many or too old. 0, or the errno of the first that could not be removed.
 */
int ncl_file_remove_old(const char *path, const ncl_file_rotation *rotation, int64_t wall_ns);

#endif

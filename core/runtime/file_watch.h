/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/file_watch.h: tells when files that are known by their names have changed, however that was done. */
#ifndef NACELLE_CORE_RUNTIME_FILE_WATCH_H
#define NACELLE_CORE_RUNTIME_FILE_WATCH_H

#include "core/runtime/loop.h"

typedef struct ncl_file_watch ncl_file_watch;

#define NCL_FILE_WATCH_FILES 128u       /* names that are watched; further ones are not */
#define NCL_FILE_WATCH_DIRECTORIES 256u /* that lead to them */

/*
 * What is watched are the directories in which a name and the links that it leads over lie, so that all of these are
 * seen: a file that is written anew or renamed into place, a link that is exchanged (as Kubernetes does it with
 * ..data), a file that comes back. Of network file systems the kernel hears only what this machine does.
 */

/* What tells one state of a file from another. All 0 = it is not there. */
typedef struct ncl_file_state {
  uint64_t device, number, size;
  int64_t changed_ns, written_ns;
} ncl_file_state;
ncl_file_state ncl_file_look(const char *path); /* [any] */

/* A file as it was when its user read it. */
typedef struct ncl_watched_file {
  const char *path;
  ncl_file_state state;
} ncl_watched_file;

/* [loop] `fn` runs when a file that can be read is another one than before (by device, number, size, or the times of
 * its changes), once there was no further event for `quiet_ns`. NULL with errno = no memory, or no inotify. */
ncl_file_watch *ncl_file_watch_open(ncl_loop *loop, int64_t quiet_ns, ncl_call_fn fn, void *arg);
/* [loop] The files from now on. Names are copied; relative ones count from the working directory. One that has changed
 * already since it was read is seen like any other. False with errno: some cannot be watched; the others are. */
bool ncl_file_watch_set(ncl_file_watch *watch, const ncl_watched_file *files, size_t count);
void ncl_file_watch_close(ncl_file_watch *watch); /* [loop] NULL is ignored */

#endif

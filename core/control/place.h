/* SPDX-License-Identifier: Apache-2.0 */
/* core/control/place.h: where control sockets lie, and which there are. */
#ifndef NACELLE_CORE_CONTROL_PLACE_H
#define NACELLE_CORE_CONTROL_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define NCL_CONTROL_PATH 108u /* bytes of a socket's path, with its NUL */
#define NCL_CONTROL_PLACES 4u /* directories that a server tries */
#define NCL_CONTROL_FOUND 64u /* sockets that a client looks at */

/*
 * A server makes <dir>/<pid>.sock in the first of these directories that it can have: of its own user, writable by
 * nobody else.
 *   <XDG_RUNTIME_DIR>/nacelle   a user's session
 *   <run>/nacelle               a service of systemd with RuntimeDirectory=nacelle, or root
 *   <tmp>/nacelle-<uid>
 *   <shm>/nacelle-<uid>         a tmpfs that containers have even where their root is read-only and there is no /tmp
 * Abstract sockets would need no directory, but in a task of ECS all containers share them.
 */
typedef struct ncl_control_roots {
  const char *runtime; /* NULL or empty = none */
  const char *run, *tmp, *shm;
  uid_t uid;
} ncl_control_roots;

/* /run, /tmp, /dev/shm, the variable of the environment, and the effective user. */
ncl_control_roots ncl_control_roots_of_process(void);

/* The path for `pid` in the directory number `place` (from 0), which is made where it is missing. False: this one
 * cannot be had. */
bool ncl_control_place(const ncl_control_roots *roots, size_t place, pid_t pid, char path[NCL_CONTROL_PATH]);

/* Sockets that are there; whether somebody listens is for the caller to try. */
typedef struct ncl_control_found {
  size_t count;
  char paths[NCL_CONTROL_FOUND][NCL_CONTROL_PATH];
  pid_t pids[NCL_CONTROL_FOUND];
  char tried[1024]; /* the directories that were looked into, for a message */
} ncl_control_found;

/* Looks where a server of the same user would be; for root, of any user. */
void ncl_control_find(const ncl_control_roots *roots, ncl_control_found *found);

#endif

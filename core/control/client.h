/* SPDX-License-Identifier: Apache-2.0 */
/* core/control/client.h: the other side of the control socket: finds the running process and asks it. It waits, so it
 * is for programs without a loop. */
#ifndef NACELLE_CORE_CONTROL_CLIENT_H
#define NACELLE_CORE_CONTROL_CLIENT_H

#include "core/control/place.h"
#include "core/control/protocol.h"

#define NCL_CLIENT_WHY 2048u

typedef struct ncl_client ncl_client;

/* Connects to `path`, or where that is NULL to the one process that is found, or to the one with `pid` (0 = any). NULL
 * with one line in `why`: what was tried. */
ncl_client *ncl_client_open(const char *path, pid_t pid, const ncl_control_roots *roots, char why[NCL_CLIENT_WHY]);
void ncl_client_close(ncl_client *client); /* NULL is ignored */

/* Sends a question; see ncl_control_ask_write. */
bool ncl_client_ask(ncl_client *client, const char *verb, const char *const *pairs, char why[NCL_CLIENT_WHY]);

/* The next frame, borrowed until the next call. 1 = here it is; 0 = the other side has ended; -1 = failed, with `why`.
 * `timeout_ms` -1 = waits for ever. */
int ncl_client_next(ncl_client *client, int timeout_ms, ncl_control_frame *frame, char why[NCL_CLIENT_WHY]);

#endif

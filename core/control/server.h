/* SPDX-License-Identifier: Apache-2.0 */
/* core/control/server.h: the control socket of a running process: status, log-level and tap ask through it. */
#ifndef NACELLE_CORE_CONTROL_SERVER_H
#define NACELLE_CORE_CONTROL_SERVER_H

#include "core/control/place.h"
#include "core/pipeline/process.h"

/* Who asks is the user of the process, or root: the kernel says so (SO_PEERCRED). */

#define NCL_CONTROL_CLIENTS 8u                    /* at once; further ones wait in the kernel */
#define NCL_CONTROL_WITHIN_NS INT64_C(5000000000) /* for the question, and for taking the answer */

typedef struct ncl_control ncl_control;

/* [loop] Listens at `path`, or where `path` is NULL, in the first place of `roots` that can be had. NULL with one line
 * in `why`. */
ncl_control *ncl_control_open(ncl_process *process, const char *path, const ncl_control_roots *roots, char *why,
                              size_t size);
/* [loop] Ends all that is under way and removes the socket. NULL is ignored. */
void ncl_control_close(ncl_control *control);

const char *ncl_control_path(const ncl_control *control);
size_t ncl_control_clients(const ncl_control *control); /* [loop] connections that are open */

#endif

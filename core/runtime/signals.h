/* SPDX-License-Identifier: Apache-2.0 */
/* core/runtime/signals.h: the signals of the process as callbacks of a loop. */
#ifndef NACELLE_CORE_RUNTIME_SIGNALS_H
#define NACELLE_CORE_RUNTIME_SIGNALS_H

#include "core/runtime/loop.h"

typedef struct ncl_signals ncl_signals;

#define NCL_SIGNALS_STOP 1u   /* the first SIGTERM or SIGINT: end in order */
#define NCL_SIGNALS_KILL 2u   /* a further one: end at once */
#define NCL_SIGNALS_RELOAD 3u /* SIGHUP */

/* [loop] `what`: one of NCL_SIGNALS_*; `number`: the signal. */
typedef void (*ncl_signals_fn)(void *arg, uint32_t what, int32_t number);

/* [loop] Takes over SIGTERM, SIGINT and SIGHUP and ignores SIGPIPE, for the whole process: one at a time. NULL = no
 * memory or no descriptors. */
ncl_signals *ncl_signals_open(ncl_loop *loop, ncl_signals_fn fn, void *arg);
/* [loop] Gives them back as they were. NULL is ignored. */
void ncl_signals_close(ncl_signals *signals);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* core/control/tap.h: copies of batches that go by, for somebody who looks. The pipeline waits for nobody: what finds
 * no room is counted. */
#ifndef NACELLE_CORE_CONTROL_TAP_H
#define NACELLE_CORE_CONTROL_TAP_H

#include "core/control/protocol.h"
#include "core/pipeline/process.h"

/* Of one tap. What goes by faster than this is counted, not copied, so that looking costs little. */
#define NCL_TAP_BUFFER ((size_t)1 << 20) /* bytes that wait for the reader */
#define NCL_TAP_BYTES_A_SECOND (INT64_C(2) << 20)
#define NCL_TAP_BATCHES_A_SECOND 500

typedef struct ncl_tap ncl_tap;
typedef struct ncl_taps ncl_taps;

/* All [loop]. The taps of a process; without any open the process knows nothing of them. NULL = no memory. */
ncl_taps *ncl_taps_new(ncl_process *process);
void ncl_taps_free(ncl_taps *taps); /* none may be open; NULL is ignored */

typedef struct ncl_tap_options {
  ncl_str pipeline;  /* "traces/2" */
  ncl_str component; /* a receiver: what it hands in; a processor, an exporter: what reaches it; empty = the first
                        processor of the pipeline, or its first exporter */
  uint64_t count;    /* batches after which it is done; 0 = never */
  ncl_call_fn wake;  /* there is something to be written, where there was nothing */
  void *arg;
} ncl_tap_options;

/* NULL with one line in `why`: there is no such pipeline, or no such component in it. */
ncl_tap *ncl_tap_open(ncl_taps *taps, const ncl_tap_options *options, char *why, size_t size);
void ncl_tap_close(ncl_tap *tap); /* NULL is ignored */

/* Frames that are to be written; borrowed until the tap's next call. */
ncl_range ncl_tap_pending(ncl_tap *tap);
/* So many bytes of those were written. */
void ncl_tap_written(ncl_tap *tap, size_t len);
/* Its count is reached: when nothing is pending any more, it is over. */
bool ncl_tap_is_done(const ncl_tap *tap);

#endif

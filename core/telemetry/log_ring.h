/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/log_ring.h: the newest lines of the log, kept in 64 KiB for those who look at the running process. */
#ifndef NACELLE_CORE_TELEMETRY_LOG_RING_H
#define NACELLE_CORE_TELEMETRY_LOG_RING_H

#include <nacelle/introspection.h>
#include <stdbool.h>

#define NCL_LOG_RING_BYTES ((size_t)65536)  /* becomes resident as lines come */
#define NCL_LOG_RECORD_BYTES ((size_t)4096) /* of one line; what does not fit is left out */
#define NCL_LOG_RECORD_ATTRS 16u
/* Bytes of what is kept of a line's parts, after escapes; the rest is cut at a character. */
#define NCL_LOG_RECORD_NAME_MAX ((size_t)256)
#define NCL_LOG_RECORD_MESSAGE_MAX ((size_t)1024)
#define NCL_LOG_RECORD_VALUE_MAX ((size_t)512)

/* Not locked: whoever owns it sees to that. */
typedef struct ncl_log_ring {
  uint8_t *bytes;
  uint64_t begin, end; /* of what is kept, counted on for ever; place = count modulo the size */
  uint64_t newest;     /* sequence of the newest line; 0 = none yet */
} ncl_log_ring;

/* One line as it lies in the ring. */
typedef struct ncl_log_packed {
  size_t size;
  uint8_t bytes[NCL_LOG_RECORD_BYTES];
} ncl_log_packed;

/* One line taken out; the view points into it. */
typedef struct ncl_log_record {
  ncl_log_view view;
  ncl_attr attrs[NCL_LOG_RECORD_ATTRS];
  ncl_log_packed packed;
} ncl_log_record;

bool ncl_log_ring_open(ncl_log_ring *ring); /* false = no memory */
void ncl_log_ring_close(ncl_log_ring *ring);

/* Packs a line: `kind` and `id` say who speaks, both may be empty. Needs no ring. */
void ncl_log_pack(ncl_log_packed *out, uint32_t level, int64_t wall_ns, ncl_str kind, ncl_str id, ncl_str event,
                  ncl_str message, const ncl_attr *attrs, uint32_t count);
/* Keeps it as the newest, under the next sequence; the oldest make room. */
void ncl_log_ring_add(ncl_log_ring *ring, const ncl_log_packed *line);
/* Takes a copy of the oldest line whose sequence is above `after`. False = there is none. */
bool ncl_log_ring_next(const ncl_log_ring *ring, uint64_t after, ncl_log_record *out);

#endif

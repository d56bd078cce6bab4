/* SPDX-License-Identifier: Apache-2.0 */
/* spans.h: segment documents of X-Ray as OTLP. Pure but for its own memory: no host, no clock. */
#ifndef NCL_SEGMENT_SPANS_H
#define NCL_SEGMENT_SPANS_H

#include "attributes.h"

/* Large: one a receiver. */
typedef struct ncl_segment_translator {
  uint32_t compat; /* 1 = faults, origins and the members of ECS that ADOT's receiver leaves out are left out */
  uint32_t spans;  /* of the document that is being translated */
  const ncl_json_doc *doc;
  const char *why;
  ncl_segment_attributes attributes;
} ncl_segment_translator;

/* The document in a datagram, behind its header {"format":"json","version":1} and a line feed. NCL_OK; NCL_PERMANENT:
 * it is none, *why (a literal) says what is wrong. */
ncl_status ncl_segment_body(ncl_range datagram, ncl_range *body, const char **why);

/* Writes the request that a document comes to: one resource, and a span for the segment and for each subsegment in it,
 * *spans in all. NCL_OK; NCL_PERMANENT with *why (a literal), and *spans as far as they were counted, at least 1;
 * NCL_NO_MEMORY. What was written is of no use then. */
ncl_status ncl_segment_write(ncl_segment_translator *t, ncl_range body, ncl_writer *w, uint32_t *spans,
                             const char **why);

/* ---- parts ---------------------------------------------------------------------------------------------- */

/* resource.c: gathers the attributes of the resource. */
void ncl_segment_resource(ncl_segment_translator *t, const ncl_json_value *segment);
/* cause.c: writes the exceptions of a segment as events at `time_ns`. */
void ncl_segment_write_events(ncl_segment_translator *t, ncl_writer *w, const ncl_json_value *segment,
                              uint64_t time_ns);

/* Members of members; NULL where there is none. */
const ncl_json_value *ncl_segment_get(const ncl_segment_translator *t, const ncl_json_value *object, const char *name);
bool ncl_segment_is_text(const ncl_json_value *value);

#endif

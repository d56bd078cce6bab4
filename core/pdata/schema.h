/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/schema.h: OTLP's messages as tables: what walk.c checks and repair.c rewrites by. Source of numbers and
 * types: opentelemetry-proto 1.10 (common, resource, trace, metrics, logs). */
#ifndef NACELLE_CORE_PDATA_SCHEMA_H
#define NACELLE_CORE_PDATA_SCHEMA_H

#include <nacelle/pdata.h>

/* How a field is encoded. 0 = there is no such field. */
#define NCL_KIND_VARINT 1u           /* int32, uint32, sint32, int64, bool, enum */
#define NCL_KIND_FIXED64 2u          /* fixed64, sfixed64, double */
#define NCL_KIND_FIXED32 3u          /* fixed32 */
#define NCL_KIND_BYTES 4u            /* bytes */
#define NCL_KIND_STRING 5u           /* string: UTF-8 */
#define NCL_KIND_MESSAGE 6u          /* ncl_field.message */
#define NCL_KIND_REPEATED_VARINT 7u  /* packed or not */
#define NCL_KIND_REPEATED_FIXED64 8u /* packed or not */

typedef struct ncl_message ncl_message;

typedef struct ncl_field {
  const char *name;
  const ncl_message *message; /* NCL_KIND_MESSAGE */
  uint32_t kind;
} ncl_field;

struct ncl_message {
  const char *name;
  const ncl_field *fields; /* by number */
  uint32_t field_count;    /* the highest number + 1 */
};

/* The known field `number` of `message`; NULL = unknown. */
static inline const ncl_field *ncl_message_field(const ncl_message *message, uint32_t number) {
  if (number >= message->field_count || !message->fields[number].kind) return NULL;
  return &message->fields[number];
}

extern const ncl_message ncl_message_any_value;
extern const ncl_message ncl_message_key_value;
extern const ncl_message ncl_message_resource;
extern const ncl_message ncl_message_scope;
extern const ncl_message ncl_message_span;
extern const ncl_message ncl_message_event;
extern const ncl_message ncl_message_link;
extern const ncl_message ncl_message_span_status;
extern const ncl_message ncl_message_log_record;
extern const ncl_message ncl_message_metric;
extern const ncl_message ncl_message_gauge;
extern const ncl_message ncl_message_sum;
extern const ncl_message ncl_message_histogram;
extern const ncl_message ncl_message_exponential_histogram;
extern const ncl_message ncl_message_summary;
extern const ncl_message ncl_message_number_point;
extern const ncl_message ncl_message_histogram_point;
extern const ncl_message ncl_message_exponential_histogram_point;
extern const ncl_message ncl_message_buckets;
extern const ncl_message ncl_message_summary_point;
extern const ncl_message ncl_message_quantile;

/* The request of a signal; of a signal without code of its own: the envelope, in which resource, scope and record are
 * messages of unknown fields. */
const ncl_message *ncl_message_request(uint32_t signal);

#endif

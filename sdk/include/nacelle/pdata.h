/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/pdata.h: a batch of telemetry: OTLP's own bytes, and an index that says where each part lies. */
#ifndef NACELLE_PDATA_H
#define NACELLE_PDATA_H

#include <nacelle/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The signal of a batch is a number, and the list is open. The request of the first three is
 *   request { repeated group = 1 }  group { resource = 1, repeated scope = 2, schema_url = 3 }
 *   scope { scope = 1, repeated record = 2, schema_url = 3 }
 * (opentelemetry.proto.collector.*.v1.Export*ServiceRequest; group = ResourceSpans, ResourceMetrics,
 * ResourceLogs; record = Span, Metric, LogRecord).
 */
#define NCL_SIGNAL_TRACES 1u
#define NCL_SIGNAL_METRICS 2u
#define NCL_SIGNAL_LOGS 3u
#define NCL_SIGNAL_PROFILES 4u

/*
 * Canonical form. Every range in the index is the body of a length-delimited protobuf field, and the
 * bytes just before it are that field's header as a canonical encoder writes it: a one-byte tag and
 * the shortest varint of the length (none of these field numbers exceeds 15). So the encoded field
 * begins at body - ncl_field_head(len). Input that is legal but not of this form is rewritten when a
 * batch is made. The `rest` ranges are the exception: they hold whole encoded fields, tag and all,
 * in the order in which they came: the fields of the envelope that this index does not know. They and
 * ncl_batch.request may be copies that lie outside of the encoded request (fields that came between others are put
 * together), so nothing follows from where they lie.
 *
 * Padding: at least NCL_PADDING readable bytes follow every range, so that scanners may read in
 * words. What they hold is undefined.
 *
 * Limits: one record or envelope part is smaller than 4 GiB; one batch has fewer than 2^32 records.
 */
#define NCL_PADDING 64u

/* One span, metric or log record. */
typedef struct ncl_record {
  const uint8_t *ptr; /* body of the message */
  uint32_t len;       /* bytes of the body */
  uint32_t items;     /* what limits and counters count: 1, for a metric its data points */
} ncl_record;

/* Records that share a scope: ScopeSpans, ScopeMetrics, ScopeLogs. */
typedef struct ncl_scope {
  ncl_range scope;      /* InstrumentationScope body */
  ncl_range schema_url; /* text */
  ncl_range rest;       /* unknown fields of the envelope */
  uint32_t first_record;
  uint32_t record_count;
} ncl_scope;

/* Scopes that share a resource: ResourceSpans, ResourceMetrics, ResourceLogs. */
typedef struct ncl_group {
  ncl_range resource;   /* Resource body */
  ncl_range schema_url; /* text */
  ncl_range rest;       /* unknown fields of the envelope */
  uint32_t first_scope;
  uint32_t scope_count;
} ncl_group;

/*
 * A batch. Immutable from the moment it exists, shared by counting references (ncl_host.batch_retain
 * and batch_release, [any]). Its ranges live as long as the batch.
 */
typedef struct ncl_batch {
  uint32_t struct_size;
  uint32_t signal;   /* NCL_SIGNAL_* or one unknown to this header */
  uint64_t items;    /* spans, data points, log records: the sum over all records */
  uint64_t wire_len; /* bytes of the request when it is encoded again */
  ncl_array groups;  /* of ncl_group */
  ncl_array scopes;  /* of ncl_scope */
  ncl_array records; /* of ncl_record */
  ncl_range request; /* whole encoded fields of the request itself: unknown ones, a dictionary */
} ncl_batch;

static inline const ncl_group *ncl_batch_group(const ncl_batch *batch, uint32_t i) {
  return (const ncl_group *)ncl_array_at(&batch->groups, i);
}

static inline const ncl_scope *ncl_batch_scope(const ncl_batch *batch, uint32_t i) {
  return (const ncl_scope *)ncl_array_at(&batch->scopes, i);
}

static inline const ncl_record *ncl_batch_record(const ncl_batch *batch, uint32_t i) {
  return (const ncl_record *)ncl_array_at(&batch->records, i);
}

/* Bytes of the shortest varint of `value`. */
static inline uint32_t ncl_varint_len(uint64_t value) {
  uint32_t n = 1;
  while (value >= 0x80u) {
    value >>= 7;
    n++;
  }
  return n;
}

/* Bytes of a canonical field header: a one-byte tag and the length `len`. */
static inline uint32_t ncl_field_head(size_t len) {
  return 1u + ncl_varint_len(len);
}

#ifdef __cplusplus
}
#endif
#endif

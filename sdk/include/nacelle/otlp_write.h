/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/otlp_write.h: writes OTLP's wire format, and encodes batches. Part of the SDK, not of the ABI. */
#ifndef NACELLE_OTLP_WRITE_H
#define NACELLE_OTLP_WRITE_H

#include <nacelle/host.h>
#include <nacelle/otlp_read.h>

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- encoding a batch ------------------------------------------------------------------------------ */

/*
 * The encoded request of a batch as pieces of memory, to be sent one after the other. Parts that lie next to one
 * another become one piece; headers and small parts are written into `scratch`. The pieces live as long as the batch,
 * `scratch` and `ranges`.
 *
 * The caller provides `ranges` and `scratch` (may be NULL with a capacity of 0); whoever leaves that to
 * ncl_gather_batch starts from a zeroed struct and ends with ncl_gather_close.
 */
typedef struct ncl_gather {
  ncl_range *ranges; /* room for `range_capacity` pieces */
  size_t range_capacity;
  uint8_t *scratch; /* room for `scratch_capacity` bytes */
  size_t scratch_capacity;
  const ncl_range *pieces; /* out: in order, somewhere in `ranges` */
  size_t count;            /* out: pieces; on NCL_NO_MEMORY the capacity that is needed */
  size_t scratch_used;     /* out: bytes; on NCL_NO_MEMORY the capacity that is needed */
  uint64_t bytes;          /* out: all pieces together */
} ncl_gather;

/* [any] The whole batch; gather->bytes is batch->wire_len. NCL_NO_MEMORY: the room is too small, `count` and
 * `scratch_used` say what is needed. */
ncl_status ncl_batch_gather(const ncl_batch *batch, ncl_gather *gather);

/* [any] The same, with room from malloc that grows when it must and is used again for the next batch.
 * NCL_NO_MEMORY. */
ncl_status ncl_gather_batch(ncl_gather *gather, const ncl_batch *batch);
/* Frees the room of ncl_gather_batch. */
void ncl_gather_close(ncl_gather *gather);

/* A place between two records of a batch. Zeroed = its beginning. */
typedef struct ncl_batch_at {
  uint32_t group;  /* index into batch->groups */
  uint32_t scope;  /* index into batch->scopes */
  uint32_t record; /* index into batch->records */
} ncl_batch_at;

/* [any] 1 = nothing of the batch comes after this place. */
uint32_t ncl_batch_ends(const ncl_batch *batch, const ncl_batch_at *at);

/* [any] As many records from `*at` on as make a request of at most `max_bytes` (UINT64_MAX = no limit), at least one;
 * a request of one record may be larger: see gather->bytes. Moves `*at` behind them. NCL_UNSUPPORTED: the
 * request has fields of its own (batch->request) and does not fit as a whole. NCL_NO_MEMORY: as above, `*at` stays. */
ncl_status ncl_batch_gather_part(const ncl_batch *batch, ncl_batch_at *at, uint64_t max_bytes, ncl_gather *gather);

/* [any] Writes the whole request, batch->wire_len bytes, to `out`. */
void ncl_batch_encode(const ncl_batch *batch, uint8_t *out);

/* ---- the writer ------------------------------------------------------------------------------------ */

/*
 * Appends to memory. Writing never fails on the spot: look at `status` at the end. From the first failure on
 * nothing more is written, but `len` goes on counting, so that it says how much room would have been needed.
 * One thread at a time.
 */
typedef struct ncl_writer {
  uint8_t *base; /* may move with each write */
  size_t len;    /* bytes written, or counted */
  size_t capacity;
  size_t limit;      /* HEAP, ARENA: `len` must not grow beyond this */
  ncl_status status; /* NCL_OK; NCL_NO_MEMORY; NCL_PERMANENT: over the limit, or beyond the caller's memory */
  uint32_t kind;
  const ncl_host *host; /* ARENA */
  ncl_arena *arena;
} ncl_writer;

/* Writes into memory of the caller. */
void ncl_writer_fixed(ncl_writer *writer, void *memory, size_t size);
/* Writes nothing and counts: run the same code twice to write into memory of exactly the right size. */
void ncl_writer_count(ncl_writer *writer);
/* Writes into memory from malloc that grows up to `limit` bytes. ncl_writer_close frees it. */
void ncl_writer_heap(ncl_writer *writer, size_t limit);
/* [loop] Writes into the newest allocation of `arena`, which begins with `reserve` bytes and grows up to `limit`.
 * Nothing else may be allocated from the arena until ncl_writer_close, which gives back what was not used. */
void ncl_writer_arena(ncl_writer *writer, const ncl_host *host, ncl_arena *arena, size_t reserve, size_t limit);
/* Starts anew in the same memory. */
void ncl_writer_reset(ncl_writer *writer);
/* Ends the writer: HEAP frees the memory; ARENA trims it and keeps it (`base`, `len`), or drops it after a
 * failure; the others do nothing. */
void ncl_writer_close(ncl_writer *writer);

static inline ncl_range ncl_writer_range(const ncl_writer *writer) {
  ncl_range range;
  range.ptr = writer->base;
  range.len = writer->len;
  return range;
}

/* Makes room, or counts: for the functions below. */
uint8_t *ncl_writer_grow(ncl_writer *writer, size_t size);

/* `size` bytes (not 0) at the end, to be filled in; NULL = nothing is to be written (counting, or failed). */
static inline uint8_t *ncl_writer_append(ncl_writer *writer, size_t size) {
  uint8_t *at;
  if (writer->len + size <= writer->capacity) {
    at = writer->base + writer->len;
  } else {
    at = ncl_writer_grow(writer, size);
  }
  writer->len += size;
  return at;
}

static inline void ncl_write_raw(ncl_writer *writer, const void *bytes, size_t len) {
  uint8_t *at;
  if (!len) return;
  at = ncl_writer_append(writer, len);
  if (at) memcpy(at, bytes, len);
}

/* Writes a varint of at most 10 bytes; returns the byte after it. */
static inline uint8_t *ncl_varint_put(uint8_t *at, uint64_t value) {
  while (value >= 0x80u) {
    *at++ = (uint8_t)(value | 0x80u);
    value >>= 7;
  }
  *at++ = (uint8_t)value;
  return at;
}

static inline void ncl_write_varint(ncl_writer *writer, uint64_t value) {
  uint8_t *at = ncl_writer_append(writer, ncl_varint_len(value));
  if (at) ncl_varint_put(at, value);
}

static inline void ncl_write_tag(ncl_writer *writer, uint32_t field, uint32_t type) {
  ncl_write_varint(writer, (uint64_t)field << 3 | type);
}

/* Fields. Each is written whatever its value: leave out by yourself what is 0 and has no presence in proto3. */

static inline void ncl_write_uint64(ncl_writer *writer, uint32_t field, uint64_t value) {
  ncl_write_tag(writer, field, NCL_WIRE_VARINT);
  ncl_write_varint(writer, value);
}

/* int32, int64, bool and enum fields: negative numbers take ten bytes. */
static inline void ncl_write_int64(ncl_writer *writer, uint32_t field, int64_t value) {
  ncl_write_uint64(writer, field, (uint64_t)value);
}

/* sint32, sint64 */
static inline void ncl_write_sint64(ncl_writer *writer, uint32_t field, int64_t value) {
  ncl_write_uint64(writer, field, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

/* Little endian, as the wire has it. */
static inline void ncl_write_raw_fixed64(ncl_writer *writer, uint64_t value) {
  uint8_t *at = ncl_writer_append(writer, 8);
  uint32_t i;
  if (!at) return;
  for (i = 0; i < 8; i++)
    at[i] = (uint8_t)(value >> (8 * i));
}

static inline void ncl_write_fixed64(ncl_writer *writer, uint32_t field, uint64_t value) {
  ncl_write_tag(writer, field, NCL_WIRE_FIXED64);
  ncl_write_raw_fixed64(writer, value);
}

static inline void ncl_write_fixed32(ncl_writer *writer, uint32_t field, uint32_t value) {
  uint8_t *at;
  uint32_t i;
  ncl_write_tag(writer, field, NCL_WIRE_FIXED32);
  at = ncl_writer_append(writer, 4);
  if (!at) return;
  for (i = 0; i < 4; i++)
    at[i] = (uint8_t)(value >> (8 * i));
}

static inline void ncl_write_double(ncl_writer *writer, uint32_t field, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  ncl_write_fixed64(writer, field, bits);
}

/* Strings, bytes, and messages that are encoded already. */
static inline void ncl_write_bytes(ncl_writer *writer, uint32_t field, ncl_range bytes) {
  ncl_write_tag(writer, field, NCL_WIRE_LEN);
  ncl_write_varint(writer, bytes.len);
  ncl_write_raw(writer, bytes.ptr, bytes.len);
}

static inline void ncl_write_str(ncl_writer *writer, uint32_t field, ncl_str text) {
  ncl_range bytes;
  bytes.ptr = (const uint8_t *)text.ptr;
  bytes.len = text.len;
  ncl_write_bytes(writer, field, bytes);
}

/* Packed numbers; nothing when count is 0. */
void ncl_write_packed_fixed64(ncl_writer *writer, uint32_t field, const uint64_t *values, size_t count);
void ncl_write_packed_double(ncl_writer *writer, uint32_t field, const double *values, size_t count);
void ncl_write_packed_uint64(ncl_writer *writer, uint32_t field, const uint64_t *values, size_t count);

/* Every element of a repeated field, as it stands, without what lies between them. */
void ncl_write_repeated(ncl_writer *writer, ncl_repeated repeated);

/* A message around what is written between begin and end. Its length is put in front at the end; that moves
 * the message when the length takes more bytes than were kept free for it, so say what you expect. */
typedef struct ncl_write_mark {
  size_t at;    /* first byte of the body */
  size_t width; /* bytes kept free for the length */
} ncl_write_mark;

ncl_write_mark ncl_write_begin(ncl_writer *writer, uint32_t field, size_t expected_len);
void ncl_write_end(ncl_writer *writer, ncl_write_mark mark);

/* ---- messages -------------------------------------------------------------------------------------- */

/*
 * Each function writes the body of a message from the struct that otlp_read.h reads it into: what is 0 and has
 * no presence is left out, repeated fields are copied from where they point to. More elements of repeated fields
 * may be appended before ncl_write_end. Fields that the struct does not know are not copied: to change what others
 * wrote use nacelle/otlp_edit.h. Unions are written by their type, so the `body` and `status` ranges of the read
 * structs are not looked at.
 */

/* AnyValue. ARRAY and KVLIST copy value->list. Type 0 writes an empty body. */
void ncl_write_any(ncl_writer *writer, const ncl_any *value);

/* KeyValue as a field of the message that is being written. */
void ncl_write_attribute(ncl_writer *writer, uint32_t field, ncl_str key, const ncl_any *value);
void ncl_write_attribute_str(ncl_writer *writer, uint32_t field, ncl_str key, ncl_str value);
void ncl_write_attribute_int(ncl_writer *writer, uint32_t field, ncl_str key, int64_t value);
void ncl_write_attribute_double(ncl_writer *writer, uint32_t field, ncl_str key, double value);
void ncl_write_attribute_bool(ncl_writer *writer, uint32_t field, ncl_str key, uint32_t value);

void ncl_write_resource(ncl_writer *writer, const ncl_resource *resource);
void ncl_write_entity_ref(ncl_writer *writer, const ncl_entity_ref *entity_ref);
void ncl_write_instrumentation_scope(ncl_writer *writer, const ncl_instrumentation_scope *scope);
void ncl_write_span(ncl_writer *writer, const ncl_span *span);
void ncl_write_span_event(ncl_writer *writer, const ncl_span_event *event);
void ncl_write_span_link(ncl_writer *writer, const ncl_span_link *link);
void ncl_write_log_record(ncl_writer *writer, const ncl_log_record *log_record);
void ncl_write_number_point(ncl_writer *writer, const ncl_number_point *point);
void ncl_write_histogram_point(ncl_writer *writer, const ncl_histogram_point *point);
void ncl_write_exp_histogram_point(ncl_writer *writer, const ncl_exp_histogram_point *point);
void ncl_write_summary_point(ncl_writer *writer, const ncl_summary_point *point);
void ncl_write_quantile(ncl_writer *writer, const ncl_quantile *quantile);
void ncl_write_exemplar(ncl_writer *writer, const ncl_exemplar *exemplar);

/* A metric, and in it the data of metric->type with metric->points. */
void ncl_write_metric_record(ncl_writer *writer, const ncl_metric_record *metric);
/* The same in two steps: the metric's fields and the data's, then points (field NCL_DATA_POINTS) by the caller, then
 * ncl_write_end with what this returned. */
ncl_write_mark ncl_write_metric_begin(ncl_writer *writer, const ncl_metric_record *metric, size_t expected_len);

/* Export*ServiceResponse: empty when nothing was rejected and there is nothing to say. */
void ncl_write_partial_success(ncl_writer *writer, const ncl_partial_success *partial);
/* google.rpc.Status */
void ncl_write_rpc_status(ncl_writer *writer, const ncl_rpc_status *status);

#ifdef __cplusplus
}
#endif
#endif

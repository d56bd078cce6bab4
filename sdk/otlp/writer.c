/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/writer.c: the memory under the writer: fixed, counted, grown from malloc or from an arena. */

#include <nacelle/otlp_write.h>
#include <stdlib.h>

enum { WRITER_FIXED, WRITER_COUNT, WRITER_HEAP, WRITER_ARENA };

#define WRITER_FIRST_CAPACITY 256u

static void writer_init(ncl_writer *writer, uint32_t kind) {
  memset(writer, 0, sizeof *writer);
  writer->kind = kind;
  writer->limit = SIZE_MAX;
  writer->status = NCL_OK;
}

void ncl_writer_fixed(ncl_writer *writer, void *memory, size_t size) {
  writer_init(writer, WRITER_FIXED);
  writer->base = memory;
  writer->capacity = size;
  writer->limit = size;
}

void ncl_writer_count(ncl_writer *writer) {
  writer_init(writer, WRITER_COUNT);
}

void ncl_writer_heap(ncl_writer *writer, size_t limit) {
  writer_init(writer, WRITER_HEAP);
  writer->limit = limit;
}

void ncl_writer_arena(ncl_writer *writer, const ncl_host *host, ncl_arena *arena, size_t reserve, size_t limit) {
  writer_init(writer, WRITER_ARENA);
  writer->host = host;
  writer->arena = arena;
  writer->limit = limit;
  if (reserve > limit) reserve = limit;
  writer->base = host->arena_alloc(arena, reserve);
  if (writer->base) {
    writer->capacity = reserve;
  } else {
    writer->status = NCL_NO_MEMORY;
  }
}

void ncl_writer_reset(ncl_writer *writer) {
  writer->len = 0;
  writer->status = writer->kind == WRITER_ARENA && !writer->base ? NCL_NO_MEMORY : NCL_OK;
}

void ncl_writer_close(ncl_writer *writer) {
  if (writer->kind == WRITER_HEAP) {
    free(writer->base);
    writer->base = NULL;
    writer->capacity = 0;
    writer->len = 0;
  } else if (writer->kind == WRITER_ARENA && writer->base) {
    size_t kept = writer->status == NCL_OK ? writer->len : 0;
    uint8_t *base = writer->host->arena_resize(writer->arena, writer->base, writer->capacity, kept);
    if (base) writer->base = base; /* what cannot be trimmed stays as it is */
    writer->capacity = kept;
  }
}

/* The memory with room for `capacity` bytes, or NULL. */
static uint8_t *enlarge(ncl_writer *writer, size_t capacity) {
  if (writer->kind == WRITER_HEAP) return realloc(writer->base, capacity);
  return writer->host->arena_resize(writer->arena, writer->base, writer->capacity, capacity);
}

/* From now on `len` counts and nothing is written. The memory stays for reset and close. */
static uint8_t *writer_fail(ncl_writer *writer, ncl_status status) {
  if (writer->status == NCL_OK) writer->status = status;
  return NULL;
}

uint8_t *ncl_writer_grow(ncl_writer *writer, size_t size) {
  size_t capacity;
  uint8_t *base;
  if (writer->status != NCL_OK || writer->kind == WRITER_COUNT) return NULL;
  if (size > writer->limit || writer->len > writer->limit - size) return writer_fail(writer, NCL_PERMANENT);
  capacity = writer->capacity < WRITER_FIRST_CAPACITY ? WRITER_FIRST_CAPACITY : writer->capacity;
  while (capacity < writer->len + size)
    capacity += capacity;
  if (capacity > writer->limit) capacity = writer->limit;
  base = enlarge(writer, capacity);
  if (!base) return writer_fail(writer, NCL_NO_MEMORY);
  writer->base = base;
  writer->capacity = capacity;
  return base + writer->len;
}

void ncl_write_packed_fixed64(ncl_writer *writer, uint32_t field, const uint64_t *values, size_t count) {
  size_t i;
  if (!count) return;
  ncl_write_tag(writer, field, NCL_WIRE_LEN);
  ncl_write_varint(writer, count * 8);
  for (i = 0; i < count; i++)
    ncl_write_raw_fixed64(writer, values[i]);
}

void ncl_write_packed_double(ncl_writer *writer, uint32_t field, const double *values, size_t count) {
  size_t i;
  if (!count) return;
  ncl_write_tag(writer, field, NCL_WIRE_LEN);
  ncl_write_varint(writer, count * 8);
  for (i = 0; i < count; i++) {
    uint64_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    ncl_write_raw_fixed64(writer, bits);
  }
}

void ncl_write_packed_uint64(ncl_writer *writer, uint32_t field, const uint64_t *values, size_t count) {
  size_t i;
  size_t len = 0;
  if (!count) return;
  for (i = 0; i < count; i++)
    len += ncl_varint_len(values[i]);
  ncl_write_tag(writer, field, NCL_WIRE_LEN);
  ncl_write_varint(writer, len);
  for (i = 0; i < count; i++)
    ncl_write_varint(writer, values[i]);
}

ncl_write_mark ncl_write_begin(ncl_writer *writer, uint32_t field, size_t expected_len) {
  ncl_write_mark mark;
  ncl_write_tag(writer, field, NCL_WIRE_LEN);
  mark.width = ncl_varint_len(expected_len);
  ncl_writer_append(writer, mark.width);
  mark.at = writer->len;
  return mark;
}

void ncl_write_end(ncl_writer *writer, ncl_write_mark mark) {
  size_t len = writer->len - mark.at;
  size_t width = ncl_varint_len(len);
  size_t start = mark.at - mark.width;
  if (width > mark.width) {
    ncl_writer_append(writer, width - mark.width);
  } else {
    writer->len -= mark.width - width;
  }
  if (writer->status != NCL_OK || writer->kind == WRITER_COUNT) return;
  if (width != mark.width) memmove(writer->base + start + width, writer->base + mark.at, len);
  ncl_varint_put(writer->base + start, len);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/log_ring.c: lines one behind the other in a circle of bytes, each with its size first. */
#include "core/telemetry/log_ring.h"

#include <stdlib.h>
#include <string.h>

#include "core/telemetry/line.h"

/* How a line begins. Its texts follow: component, event, message, then the attributes. */
typedef struct head {
  uint32_t size; /* with the head */
  uint32_t level;
  uint64_t sequence;
  int64_t wall_ns;
  uint16_t component_len;
  uint16_t event_len;
  uint16_t message_len;
  uint16_t attr_count;
} head;

/* How an attribute begins. Its key and, of a string, the text follow. */
typedef struct attr_head {
  uint32_t type;
  uint16_t key_len;
  uint16_t text_len;
  union {
    int64_t i;
    double d;
  } number;
} attr_head;

_Static_assert(sizeof(head) + 3 * NCL_LOG_RECORD_NAME_MAX + NCL_LOG_RECORD_MESSAGE_MAX < NCL_LOG_RECORD_BYTES,
               "a line without attributes fits");

/* ---- packing -------------------------------------------------------------------------------------- */

/* Appends text, made harmless; returns its length. */
static uint16_t add_text(ncl_line *line, ncl_str text, size_t max) {
  size_t begin = line->len;
  ncl_line_text(line, text, max);
  return (uint16_t)(line->len - begin);
}

/* An attribute is kept whole or not at all. */
static bool add_attr(ncl_line *line, const ncl_attr *attr) {
  attr_head h = {.type = attr->type};
  size_t begin = line->len;
  if (attr->type == NCL_ATTR_DOUBLE) {
    h.number.d = attr->d;
  } else {
    h.number.i = attr->i;
  }
  ncl_line_add(line, (const char *)&h, sizeof h);
  h.key_len = add_text(line, attr->key, NCL_LOG_RECORD_NAME_MAX);
  if (attr->type == NCL_ATTR_STR) h.text_len = add_text(line, attr->s, NCL_LOG_RECORD_VALUE_MAX);
  if (line->full) {
    line->len = begin;
    line->full = false;
    return false;
  }
  memcpy(line->buf + begin, &h, sizeof h);
  return true;
}

void ncl_log_pack(ncl_log_packed *out, uint32_t level, int64_t wall_ns, ncl_str kind, ncl_str id, ncl_str event,
                  ncl_str message, const ncl_attr *attrs, uint32_t count) {
  head h = {.level = level, .wall_ns = wall_ns};
  ncl_line line = {.buf = (char *)out->bytes, .size = sizeof out->bytes};
  ncl_line_add(&line, (const char *)&h, sizeof h);
  size_t begin = line.len;
  ncl_line_text(&line, kind, NCL_LOG_RECORD_NAME_MAX);
  if (kind.len > 0 && id.len > 0) NCL_LINE_LITERAL(&line, " ");
  ncl_line_text(&line, id, NCL_LOG_RECORD_NAME_MAX);
  h.component_len = (uint16_t)(line.len - begin);
  h.event_len = add_text(&line, event, NCL_LOG_RECORD_NAME_MAX);
  h.message_len = add_text(&line, message, NCL_LOG_RECORD_MESSAGE_MAX);
  for (uint32_t i = 0; i < count && h.attr_count < NCL_LOG_RECORD_ATTRS; i++) {
    if (add_attr(&line, &attrs[i])) h.attr_count++;
  }
  h.size = (uint32_t)line.len;
  memcpy(out->bytes, &h, sizeof h);
  out->size = line.len;
}

/* ---- unpacking ------------------------------------------------------------------------------------ */

static ncl_str take(const uint8_t **at, size_t len) {
  ncl_str text = {(const char *)*at, len};
  *at += len;
  return text;
}

static void unpack(ncl_log_record *out) {
  const uint8_t *at = out->packed.bytes;
  head h;
  memcpy(&h, at, sizeof h);
  at += sizeof h;
  out->view = (ncl_log_view){.struct_size = sizeof out->view,
                             .level = h.level,
                             .sequence = h.sequence,
                             .wall_ns = h.wall_ns,
                             .attrs = out->attrs,
                             .attr_count = h.attr_count};
  out->view.component = take(&at, h.component_len);
  out->view.event = take(&at, h.event_len);
  out->view.message = take(&at, h.message_len);
  for (uint32_t i = 0; i < h.attr_count; i++) {
    attr_head a;
    memcpy(&a, at, sizeof a);
    at += sizeof a;
    ncl_attr *attr = &out->attrs[i];
    *attr = (ncl_attr){.type = a.type};
    attr->key = take(&at, a.key_len);
    attr->s = take(&at, a.text_len);
    if (a.type == NCL_ATTR_DOUBLE) {
      attr->d = a.number.d;
    } else {
      attr->i = a.number.i;
    }
  }
}

/* ---- the ring ------------------------------------------------------------------------------------- */

bool ncl_log_ring_open(ncl_log_ring *ring) {
  *ring = (ncl_log_ring){.bytes = malloc(NCL_LOG_RING_BYTES)};
  return ring->bytes != NULL;
}

void ncl_log_ring_close(ncl_log_ring *ring) {
  free(ring->bytes);
  ring->bytes = NULL;
}

static size_t until_the_edge(uint64_t at, size_t size) {
  size_t room = NCL_LOG_RING_BYTES - (size_t)(at % NCL_LOG_RING_BYTES);
  return size < room ? size : room;
}

static void read_at(const ncl_log_ring *ring, uint64_t at, void *out, size_t size) {
  size_t first = until_the_edge(at, size);
  memcpy(out, ring->bytes + at % NCL_LOG_RING_BYTES, first);
  memcpy((uint8_t *)out + first, ring->bytes, size - first);
}

static void write_at(ncl_log_ring *ring, uint64_t at, const void *bytes, size_t size) {
  size_t first = until_the_edge(at, size);
  memcpy(ring->bytes + at % NCL_LOG_RING_BYTES, bytes, first);
  memcpy(ring->bytes, (const uint8_t *)bytes + first, size - first);
}

void ncl_log_ring_add(ncl_log_ring *ring, const ncl_log_packed *line) {
  head h;
  while (ring->end - ring->begin + line->size > NCL_LOG_RING_BYTES) {
    read_at(ring, ring->begin, &h, sizeof h);
    ring->begin += h.size;
  }
  memcpy(&h, line->bytes, sizeof h);
  h.sequence = ++ring->newest;
  write_at(ring, ring->end, line->bytes, line->size);
  write_at(ring, ring->end, &h, sizeof h);
  ring->end += line->size;
}

bool ncl_log_ring_next(const ncl_log_ring *ring, uint64_t after, ncl_log_record *out) {
  head h;
  uint64_t at = ring->begin;
  if (after >= ring->newest) return false;
  for (; at < ring->end; at += h.size) {
    read_at(ring, at, &h, sizeof h);
    if (h.sequence > after) break;
  }
  if (at >= ring->end) return false;
  out->packed.size = h.size;
  read_at(ring, at, out->packed.bytes, h.size);
  unpack(out);
  return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/envelope.c: writing and reading entries of a queue on disk. What is read was on a disk: nothing in it
 * is believed before the checksum, and no length after it. */
#include "core/delivery/envelope.h"

#include <string.h>

#define CHECKED_FROM 12u /* what lies behind the checksum */

static void put16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)value;
  at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value) {
  put16(at, value);
  put16(at + 2, value >> 16);
}

static void put64(uint8_t *at, uint64_t value) {
  put32(at, (uint32_t)value);
  put32(at + 4, (uint32_t)(value >> 32));
}

static uint32_t get16(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *at) {
  return get16(at) | get16(at + 2) << 16;
}

static uint64_t get64(const uint8_t *at) {
  return (uint64_t)get32(at) | (uint64_t)get32(at + 4) << 32;
}

/* How many of the pairs are kept, and their bytes. */
static uint32_t kept(const ncl_array *pairs, size_t *bytes) {
  uint32_t count = 0;
  *bytes = 0;
  for (uint32_t i = 0; i < pairs->count && count < NCL_ENVELOPE_PAIRS_MAX; i++, count++) {
    const ncl_pair *pair = ncl_array_at(pairs, i);
    size_t need = 4 + pair->name.len + pair->value.len;
    if (pair->name.len > UINT16_MAX || pair->value.len > UINT16_MAX) break;
    if (*bytes + need > NCL_ENVELOPE_METADATA_MAX) break;
    *bytes += need;
  }
  return count;
}

size_t ncl_envelope_size(const ncl_array *pairs) {
  size_t bytes;
  (void)kept(pairs, &bytes);
  return NCL_ENVELOPE_HEAD + bytes;
}

static uint8_t *put_text(uint8_t *at, ncl_str text) {
  if (text.len > 0) memcpy(at, text.ptr, text.len);
  return at + text.len;
}

void ncl_envelope_write(const ncl_envelope *envelope, const ncl_array *pairs, const ncl_array *request, uint8_t *out) {
  size_t metadata, request_len = 0;
  uint32_t count = kept(pairs, &metadata);
  uint8_t *at = out + NCL_ENVELOPE_HEAD;
  for (uint32_t i = 0; i < count; i++) {
    const ncl_pair *pair = ncl_array_at(pairs, i);
    put16(at, (uint32_t)pair->name.len);
    put16(at + 2, (uint32_t)pair->value.len);
    at = put_text(put_text(at + 4, pair->name), pair->value);
  }
  for (uint32_t i = 0; i < request->count; i++)
    request_len += ((const ncl_range *)ncl_array_at(request, i))->len;
  memcpy(out, "NclQ", 4);
  put16(out + 4, NCL_ENVELOPE_VERSION);
  put16(out + 6, count);
  put32(out + 12, envelope->signal);
  put64(out + 16, envelope->items);
  put64(out + 24, (uint64_t)envelope->enqueued_ns);
  put64(out + 32, request_len);
  put32(out + 40, (uint32_t)metadata);
  uint32_t crc = ncl_crc32c(0, out + CHECKED_FROM, NCL_ENVELOPE_HEAD + metadata - CHECKED_FROM);
  for (uint32_t i = 0; i < request->count; i++) {
    const ncl_range *piece = ncl_array_at(request, i);
    crc = ncl_crc32c(crc, piece->ptr, piece->len);
  }
  put32(out + 8, crc);
}

const char *ncl_envelope_read(ncl_range entry, ncl_envelope *envelope) {
  *envelope = (ncl_envelope){0};
  if (entry.len < NCL_ENVELOPE_HEAD || memcmp(entry.ptr, "NclQ", 4) != 0) return "it is no entry of a queue";
  if (get16(entry.ptr + 4) != NCL_ENVELOPE_VERSION) return "a later version of the collector wrote it";
  envelope->pair_count = get16(entry.ptr + 6);
  envelope->signal = get32(entry.ptr + 12);
  envelope->items = get64(entry.ptr + 16);
  envelope->enqueued_ns = (int64_t)get64(entry.ptr + 24);
  uint64_t request = get64(entry.ptr + 32);
  size_t metadata = get32(entry.ptr + 40), behind = entry.len - NCL_ENVELOPE_HEAD;
  if (metadata > behind || request != behind - metadata) return "its length is not what its head says";
  if (ncl_crc32c(0, entry.ptr + CHECKED_FROM, entry.len - CHECKED_FROM) != get32(entry.ptr + 8)) {
    return "its checksum is wrong";
  }
  envelope->metadata = (ncl_range){entry.ptr + NCL_ENVELOPE_HEAD, metadata};
  envelope->request = (ncl_range){entry.ptr + NCL_ENVELOPE_HEAD + metadata, (size_t)request};
  return NULL;
}

bool ncl_envelope_pair(ncl_range *metadata, ncl_pair *pair) {
  if (metadata->len < 4) return false;
  size_t name = get16(metadata->ptr), value = get16(metadata->ptr + 2);
  if (name + value > metadata->len - 4) return false;
  pair->name = ncl_str_of((const char *)metadata->ptr + 4, name);
  pair->value = ncl_str_of(pair->name.ptr + name, value);
  metadata->ptr += 4 + name + value;
  metadata->len -= 4 + name + value;
  return true;
}

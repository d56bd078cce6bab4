/* SPDX-License-Identifier: Apache-2.0 */
/* Byte by byte, so that neither order nor alignment of the machine matters. */
#include "core/control/protocol.h"

#include <string.h>

static void put(uint8_t *out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *in, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++)
    value |= (uint64_t)in[i] << (8 * i);
  return value;
}

void ncl_control_head(uint8_t out[NCL_CONTROL_HEAD], uint32_t kind, size_t len) {
  put(out, len, 4);
  put(out + 4, kind, 4);
}

int64_t ncl_control_frame_read(ncl_range bytes, size_t most, ncl_control_frame *frame) {
  if (bytes.len < NCL_CONTROL_HEAD) return 0;
  uint64_t len = get(bytes.ptr, 4), kind = get(bytes.ptr + 4, 4);
  if (len > most || kind < NCL_CONTROL_ASK || kind > NCL_CONTROL_LOST) return -1;
  if (bytes.len - NCL_CONTROL_HEAD < len) return 0;
  frame->kind = (uint32_t)kind;
  frame->body = (ncl_range){bytes.ptr + NCL_CONTROL_HEAD, (size_t)len};
  return (int64_t)(NCL_CONTROL_HEAD + len);
}

/* ---- ASK ------------------------------------------------------------------------------------------- */

/* Takes a word and its NUL off the range. */
static bool take_word(ncl_range *rest, ncl_str *word) {
  const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->ptr, 0, rest->len);
  if (end == NULL) return false;
  *word = ncl_str_of((const char *)rest->ptr, (size_t)(end - rest->ptr));
  rest->len -= word->len + 1;
  rest->ptr = end + 1;
  return true;
}

bool ncl_control_ask_read(ncl_range body, ncl_control_ask *ask) {
  memset(ask, 0, sizeof *ask);
  if (!take_word(&body, &ask->verb) || ask->verb.len == 0) return false;
  while (body.len > 0) {
    if (ask->count == NCL_CONTROL_PAIRS) return false;
    if (!take_word(&body, &ask->pairs[ask->count].key) || !take_word(&body, &ask->pairs[ask->count].value))
      return false;
    ask->count++;
  }
  return true;
}

ncl_str ncl_control_ask_get(const ncl_control_ask *ask, const char *key) {
  size_t len = strlen(key);
  for (uint32_t i = 0; i < ask->count; i++) {
    if (ask->pairs[i].key.len == len && memcmp(ask->pairs[i].key.ptr, key, len) == 0) return ask->pairs[i].value;
  }
  return (ncl_str){NULL, 0};
}

static bool add_word(uint8_t *out, size_t size, size_t *used, const char *word) {
  size_t len = strlen(word) + 1;
  if (len > size - *used) return false;
  memcpy(out + *used, word, len);
  *used += len;
  return true;
}

size_t ncl_control_ask_write(uint8_t *out, size_t size, const char *verb, const char *const *pairs) {
  size_t used = NCL_CONTROL_HEAD;
  if (size > NCL_CONTROL_HEAD + NCL_CONTROL_ASK_MAX) size = NCL_CONTROL_HEAD + NCL_CONTROL_ASK_MAX;
  if (size < used || !add_word(out, size, &used, verb)) return 0;
  for (; *pairs != NULL; pairs += 2) {
    if (pairs[1] == NULL) continue;
    if (!add_word(out, size, &used, pairs[0]) || !add_word(out, size, &used, pairs[1])) return 0;
  }
  ncl_control_head(out, NCL_CONTROL_ASK, used - NCL_CONTROL_HEAD);
  return used;
}

/* ---- BATCH and LOST -------------------------------------------------------------------------------- */

void ncl_control_batch_write(uint8_t out[NCL_CONTROL_BATCH_HEAD], const ncl_control_batch *batch) {
  put(out, batch->signal, 8);
  put(out + 8, batch->items, 8);
  put(out + 16, batch->shown, 8);
  put(out + 24, (uint64_t)batch->wall_ns, 8);
}

bool ncl_control_batch_read(ncl_range body, ncl_control_batch *batch, ncl_range *wire) {
  if (body.len < NCL_CONTROL_BATCH_HEAD) return false;
  *batch = (ncl_control_batch){(uint32_t)get(body.ptr, 4), get(body.ptr + 8, 8), get(body.ptr + 16, 8),
                               (int64_t)get(body.ptr + 24, 8)};
  *wire = (ncl_range){body.ptr + NCL_CONTROL_BATCH_HEAD, body.len - NCL_CONTROL_BATCH_HEAD};
  return true;
}

void ncl_control_lost_write(uint8_t out[NCL_CONTROL_LOST_SIZE], const ncl_control_lost *lost) {
  put(out, lost->batches, 8);
  put(out + 8, lost->items, 8);
}

bool ncl_control_lost_read(ncl_range body, ncl_control_lost *lost) {
  if (body.len < NCL_CONTROL_LOST_SIZE) return false;
  *lost = (ncl_control_lost){get(body.ptr, 8), get(body.ptr + 8, 8)};
  return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/actions/values.c: the values that actions make: of the context, converted, hashed. */
#include <nacelle/otlp_text.h>
#include <stdlib.h>

#include "actions.h"

#define BLOCK_SIZE ((size_t)4000)
#define KEPT_MAX ((size_t)65536) /* no larger block is kept */

char *ncl_actions_make(ncl_attribute_actions *a, ncl_made *made, size_t size) {
  ncl_made_block *block = made->newest;
  if (!block || block->size - made->used < size) {
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    block = malloc(sizeof *block + room);
    if (!block) {
      a->status = NCL_NO_MEMORY;
      return NULL;
    }
    block->size = room;
    block->next = made->newest;
    made->newest = block;
    made->used = 0;
  }
  made->used += size;
  return block->bytes + (made->used - size);
}

static void free_blocks(ncl_made_block *block) {
  while (block) {
    ncl_made_block *next = block->next;
    free(block);
    block = next;
  }
}

void ncl_actions_free(ncl_made *made) {
  free_blocks(made->newest);
  made->newest = NULL;
  made->used = 0;
}

void ncl_actions_forget(ncl_made *made) {
  ncl_made_block *newest = made->newest;
  made->used = 0;
  if (!newest) return;
  if (newest->size > KEPT_MAX) {
    ncl_actions_free(made);
    return;
  }
  free_blocks(newest->next);
  newest->next = NULL;
}

static ncl_any string_of(const char *ptr, size_t len) {
  ncl_any any;
  memset(&any, 0, sizeof any);
  any.type = NCL_ANY_STRING;
  any.string.ptr = ptr;
  any.string.len = len;
  return any;
}

/* ---- context --------------------------------------------------------------------------------------- */

static uint32_t begins_with(ncl_str text, const char *prefix) {
  size_t len = strlen(prefix);
  return text.len > len && memcmp(text.ptr, prefix, len) == 0;
}

/* Names of pairs are in lower case. */
static uint32_t names(ncl_str key, ncl_str name) {
  size_t i;
  if (key.len != name.len) return 0;
  for (i = 0; i < key.len; i++) {
    char c = key.ptr[i];
    if (c >= 'A' && c <= 'Z') c = (char)(c + ('a' - 'A'));
    if (c != name.ptr[i]) return 0;
  }
  return 1;
}

/* "[::1]:4317", "10.0.0.1:80": the part before the port. */
static ncl_any address(ncl_str peer) {
  size_t end = peer.len;
  size_t begin = 0;
  while (end > 0 && peer.ptr[end - 1] != ':')
    end--;
  if (end == 0) end = peer.len + 1;
  end--;
  if (end >= 2 && peer.ptr[0] == '[' && peer.ptr[end - 1] == ']') {
    begin++;
    end--;
  }
  return string_of(peer.ptr + begin, end - begin);
}

ncl_any ncl_actions_from_context(ncl_attribute_actions *a, ncl_context *context, ncl_str key) {
  static const ncl_str client_address = NCL_STR("client.address");
  ncl_array pairs = a->host->context_pairs(context);
  ncl_any nothing;
  const ncl_pair *only = NULL;
  size_t size = 0, at = 0;
  uint32_t count = 0, i;
  char *text;
  memset(&nothing, 0, sizeof nothing);
  if (ncl_actions_same_str(key, client_address)) {
    ncl_str peer = a->host->context_peer(context);
    return peer.len ? address(peer) : nothing;
  }
  if (begins_with(key, "metadata.")) {
    key.ptr += 9;
    key.len -= 9;
  }
  for (i = 0; i < pairs.count; i++) {
    const ncl_pair *pair = ncl_array_at(&pairs, i);
    if (!names(key, pair->name)) continue;
    only = pair;
    count++;
    size += pair->value.len + 1;
  }
  if (count <= 1) return only ? string_of(only->value.ptr, only->value.len) : nothing;
  text = ncl_actions_make(a, &a->joined, size);
  if (!text) return nothing;
  for (i = 0; i < pairs.count; i++) {
    const ncl_pair *pair = ncl_array_at(&pairs, i);
    if (!names(key, pair->name)) continue;
    if (at) text[at++] = ';';
    if (pair->value.len) memcpy(text + at, pair->value.ptr, pair->value.len);
    at += pair->value.len;
  }
  return string_of(text, at);
}

/* ---- converted ------------------------------------------------------------------------------------- */

static uint32_t to_string(ncl_attribute_actions *a, ncl_any *value) {
  char *copy;
  if (value->type == NCL_ANY_STRING) return 0;
  ncl_writer_reset(&a->text);
  ncl_any_to_text(&a->text, value);
  if (a->text.status != NCL_OK) {
    a->status = a->text.status;
    return 0;
  }
  copy = ncl_actions_make(a, &a->made, a->text.len + 1);
  if (!copy) return 0;
  if (a->text.len) memcpy(copy, a->text.base, a->text.len);
  *value = string_of(copy, a->text.len);
  return 1;
}

/* The numbers of a double that an int64_t holds lie within these, the second one excluded. */
#define LEAST_INT (-9223372036854775808.0)
#define BEYOND_INT 9223372036854775808.0

static uint32_t to_int(ncl_any *value) {
  int64_t i;
  switch (value->type) {
    case NCL_ANY_DOUBLE:
      if (!(value->d >= LEAST_INT && value->d < BEYOND_INT)) return 0;
      i = (int64_t)value->d;
      break;
    case NCL_ANY_BOOL:
      i = value->b ? 1 : 0;
      break;
    case NCL_ANY_STRING:
      if (!ncl_text_to_int(value->string, &i)) return 0;
      break;
    default:
      return 0;
  }
  value->type = NCL_ANY_INT;
  value->i = i;
  return 1;
}

static uint32_t to_double(ncl_any *value) {
  double d;
  switch (value->type) {
    case NCL_ANY_INT:
      d = (double)value->i;
      break;
    case NCL_ANY_BOOL:
      d = value->b ? 1 : 0;
      break;
    case NCL_ANY_STRING:
      if (!ncl_text_to_double(value->string, &d)) return 0;
      break;
    default:
      return 0;
  }
  value->type = NCL_ANY_DOUBLE;
  value->d = d;
  return 1;
}

uint32_t ncl_actions_convert(ncl_attribute_actions *a, uint32_t converted, ncl_any *value) {
  if (converted == NCL_CONVERT_STRING) return to_string(a, value);
  return converted == NCL_CONVERT_INT ? to_int(value) : to_double(value);
}

/* Of what is neither text nor a number nothing is left. */
uint32_t ncl_actions_hash(ncl_attribute_actions *a, ncl_any *value) {
  char *hex = ncl_actions_make(a, &a->made, NCL_HASH_HEX);
  if (!hex) return 0;
  *value = string_of(hex, ncl_hash_any(&a->hash, value, hex) ? NCL_HASH_HEX : 0);
  return 1;
}

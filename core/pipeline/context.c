/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/context.c: one allocation: the head, the pairs, the text that they point to. */
#include "core/pipeline/context.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct ncl_context {
  atomic_uint_least32_t references;
  uint32_t count;
  ncl_str peer;
  ncl_pair pairs[];
};

static ncl_str copy(char **at, ncl_str text) {
  char *start = *at;
  if (text.len > 0) memcpy(start, text.ptr, text.len);
  *at += text.len;
  return ncl_str_of(start, text.len);
}

/* Adds to a sum that stays below twice the limit, so that it cannot wrap around. */
static void add(size_t *bytes, size_t more) {
  if (*bytes <= NCL_CONTEXT_BYTES_MAX) *bytes += more <= NCL_CONTEXT_BYTES_MAX ? more : NCL_CONTEXT_BYTES_MAX + 1;
}

ncl_context *ncl_context_new(ncl_str peer, const ncl_pair *pairs, uint32_t count) {
  size_t bytes = 0;
  add(&bytes, peer.len);
  for (uint32_t i = 0; i < count && bytes <= NCL_CONTEXT_BYTES_MAX; i++) {
    add(&bytes, sizeof *pairs);
    add(&bytes, pairs[i].name.len);
    add(&bytes, pairs[i].value.len);
  }
  if (bytes > NCL_CONTEXT_BYTES_MAX) return NULL;
  ncl_context *context = malloc(sizeof *context + bytes);
  if (context == NULL) return NULL;
  atomic_init(&context->references, 1);
  context->count = count;
  char *at = (char *)&context->pairs[count];
  context->peer = copy(&at, peer);
  for (uint32_t i = 0; i < count; i++) {
    context->pairs[i].name = copy(&at, pairs[i].name);
    context->pairs[i].value = copy(&at, pairs[i].value);
  }
  return context;
}

void ncl_context_retain(ncl_context *context) {
  (void)atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
}

void ncl_context_release(ncl_context *context) {
  if (context == NULL) return;
  if (atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) == 1) free(context);
}

ncl_array ncl_context_pairs(const ncl_context *context) {
  ncl_array pairs = {context->pairs, context->count, sizeof(ncl_pair)};
  return pairs;
}

ncl_str ncl_context_peer(const ncl_context *context) {
  return context->peer;
}

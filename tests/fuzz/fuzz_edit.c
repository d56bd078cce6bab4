/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_edit.c: any request that is taken, edited, divided and joined. The first bytes say how. Whatever
 * comes out is sound, and no item is lost or doubled. */

#include "fuzz/otlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PLAN 16u /* bytes that say what is done */

/* What the callbacks answer, byte after byte, over and over. */
typedef struct plan {
  const uint8_t *bytes;
  uint32_t next;
  uint64_t asked;
  ncl_attribute_op ops[3];
} plan;

static uint8_t take(plan *p) {
  p->asked++;
  return p->bytes[p->next++ % PLAN];
}

static const ncl_str keys[] = {NCL_STR("a"), NCL_STR("b"), NCL_STR("service.name"), NCL_STR("")};

static uint32_t answer(plan *p, ncl_change *change) {
  uint8_t byte = take(p);
  uint32_t i;
  for (i = 0; i < 3; i++) {
    uint8_t what = take(p);
    p->ops[i].type = 1u + what % 5u;
    p->ops[i].key = keys[what >> 3 & 3u];
    p->ops[i].to = keys[what >> 5 & 3u];
    p->ops[i].value.type = NCL_ANY_INT;
    p->ops[i].value.i = what;
  }
  change->ops = p->ops;
  change->op_count = byte % 4u;
  change->body.ptr = p->bytes;
  change->body.len = byte % 3u;
  return byte >> 4 & 3u;
}

static uint32_t on_part(void *arg, const ncl_edit_at *at, ncl_change *change) {
  (void)at;
  return answer(arg, change) & 2u; /* KEEP or CHANGE */
}

static uint32_t on_record(void *arg, const ncl_edit_at *at, ncl_change *change) {
  (void)at;
  return answer(arg, change);
}

static uint32_t on_point(void *arg, const ncl_edit_at *at, ncl_range point, ncl_change *change) {
  (void)at;
  (void)point;
  return answer(arg, change);
}

static void edit(ncl_pool *pool, const ncl_batch *batch, const uint8_t *bytes) {
  plan p = {.bytes = bytes};
  ncl_edit callbacks = {&p, on_part, on_part, on_record, bytes[0] & 1u ? on_point : NULL};
  const ncl_batch *out;
  uint64_t dropped = 0;
  ncl_status status = ncl_batch_edit(&fuzz_host, (ncl_component *)(void *)pool, batch, &callbacks, &out, &dropped);
  if (status != NCL_OK) {
    FUZZ_REQUIRE(status == NCL_PERMANENT && !out); /* a replacement that is not well-formed */
    return;
  }
  FUZZ_REQUIRE(dropped <= batch->items);
  ncl_batch_release(out);
}

/* The parts of a division have all items between them, and joined again they are as many. */
static void divide(ncl_pool *pool, const ncl_batch *batch, uint64_t items, uint64_t bytes) {
  ncl_component *me = (ncl_component *)(void *)pool;
  ncl_merge *merge = ncl_merge_open(&fuzz_host, me, batch->signal);
  ncl_split split;
  const ncl_batch *part;
  uint64_t seen = 0;
  memset(&split, 0, sizeof split);
  FUZZ_REQUIRE(merge);
  for (;;) {
    FUZZ_REQUIRE(ncl_batch_split(&fuzz_host, me, batch, &split, items, bytes, &part) == NCL_OK);
    if (!part) break;
    seen += part->items;
    FUZZ_REQUIRE(part->items <= items || part->items <= 1);
    FUZZ_REQUIRE(part->wire_len <= bytes || part->items <= 1);
    fuzz_sound(pool, part);
    FUZZ_REQUIRE(ncl_merge_add(merge, part) == NCL_OK);
    ncl_batch_release(part);
  }
  FUZZ_REQUIRE(seen == batch->items && ncl_merge_items(merge) == seen);
  part = ncl_merge_finish(merge);
  FUZZ_REQUIRE(part && part->items == seen && part->groups.count <= batch->groups.count);
  fuzz_sound(pool, part);
  ncl_batch_release(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ncl_batch *batch;
  ncl_pool *pool;
  if (size < PLAN) return 0;
  pool = ncl_pool_new();
  FUZZ_REQUIRE(pool);
  batch = fuzz_batch(pool, 1u + data[1] % 3u, data + PLAN, size - PLAN);
  if (batch) {
    fuzz_sound(pool, batch);
    edit(pool, batch, data);
    if (!batch->request.len) {
      divide(pool, batch, 1u + data[2] % 16u, UINT64_MAX);
      divide(pool, batch, UINT64_MAX, 1u + data[3] * 4u);
    }
    ncl_batch_release(batch);
  }
  FUZZ_REQUIRE(ncl_pool_used(pool) == 0);
  ncl_pool_free(pool);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* facts.c: the table of the keys that have a meaning for X-Ray. */
#include "facts.h"

typedef struct entry {
  ncl_str key;
  uint32_t taken_by;
} entry;

static const entry entries[] = {
#define X(place, key, group) {NCL_STR(key), NCL_XRAY_BY_##group},
    NCL_XRAY_FACTS(X)
#undef X
};

_Static_assert(NCL_XRAY_FACT_COUNT <= 128, "facts have a bit each in two words");
_Static_assert(NCL_XRAY_FACT_COUNT < NCL_XRAY_NO_FACT, "places are bytes");

/* Of the length and of the first and last eight bytes, which overlap in short keys. */
static uint32_t hash(ncl_str key) {
  uint64_t first = 0, last = 0;
  size_t part = key.len < sizeof first ? key.len : sizeof first;
  memcpy(&first, key.ptr, part);
  memcpy(&last, key.ptr + key.len - part, part);
  uint64_t h = (first ^ (last << 21 | last >> 43) ^ key.len) * UINT64_C(0x9e3779b97f4a7c15);
  return (uint32_t)(h >> 32) % NCL_XRAY_SLOTS;
}

void ncl_xray_keys_make(ncl_xray_keys *keys) {
  memset(keys->slots, NCL_XRAY_NO_FACT, sizeof keys->slots);
  for (uint32_t i = 0; i < NCL_XRAY_FACT_COUNT; i++) {
    uint32_t at = hash(entries[i].key);
    while (keys->slots[at] != NCL_XRAY_NO_FACT)
      at = (at + 1) % NCL_XRAY_SLOTS;
    keys->slots[at] = (uint8_t)i;
  }
}

uint32_t ncl_xray_keys_find(const ncl_xray_keys *keys, ncl_str key) {
  if (key.len == 0 || key.len > 48) return NCL_XRAY_NO_FACT;
  for (uint32_t at = hash(key); keys->slots[at] != NCL_XRAY_NO_FACT; at = (at + 1) % NCL_XRAY_SLOTS) {
    const entry *e = &entries[keys->slots[at]];
    if (e->key.len == key.len && memcmp(e->key.ptr, key.ptr, key.len) == 0) return keys->slots[at];
  }
  return NCL_XRAY_NO_FACT;
}

uint32_t ncl_xray_taken_by(uint32_t place) {
  return entries[place].taken_by;
}

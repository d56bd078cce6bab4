/* SPDX-License-Identifier: Apache-2.0 */
/* A storage in memory, which the test can make fail or wait. What it holds outlives the queues that use it. */
#ifndef NACELLE_TESTS_MEMORY_STORAGE_H
#define NACELLE_TESTS_MEMORY_STORAGE_H

#include <nacelle/storage.h>
#include <stdlib.h>
#include <string.h>

#include "../process_fixture.h"

#define STORED_MAX 64u

typedef struct stored_entry {
  uint64_t key;
  uint8_t *bytes;
  size_t len;
} stored_entry;

typedef struct memory_storage {
  ncl_storage table;
  fixture *f;
  stored_entry entries[STORED_MAX]; /* by key */
  uint32_t count;
  uint32_t open_clients, commits, scans;
  ncl_status fails; /* what is answered, NCL_OK = as asked */
  bool holds;       /* answers wait for memory_storage_go */
  struct {
    ncl_token token;
    ncl_status status;
  } held[STORED_MAX];
  uint32_t held_count;
} memory_storage;

static inline void memory_storage_drop(memory_storage *s, uint64_t key) {
  for (uint32_t i = 0; i < s->count; i++) {
    if (s->entries[i].key != key) continue;
    free(s->entries[i].bytes);
    memmove(&s->entries[i], &s->entries[i + 1], (s->count - i - 1) * sizeof s->entries[0]);
    s->count--;
    return;
  }
}

static inline void memory_storage_put(memory_storage *s, uint64_t key, const ncl_array *value) {
  size_t len = 0, at = 0;
  memory_storage_drop(s, key);
  for (uint32_t i = 0; i < value->count; i++)
    len += ((const ncl_range *)ncl_array_at(value, i))->len;
  uint8_t *bytes = malloc(len + 1);
  for (uint32_t i = 0; i < value->count; i++) {
    const ncl_range *piece = ncl_array_at(value, i);
    if (piece->len > 0) memcpy(bytes + at, piece->ptr, piece->len);
    at += piece->len;
  }
  uint32_t place = 0;
  while (place < s->count && s->entries[place].key < key)
    place++;
  assert_true(s->count < STORED_MAX);
  memmove(&s->entries[place + 1], &s->entries[place], (s->count - place) * sizeof s->entries[0]);
  s->entries[place] = (stored_entry){key, bytes, len};
  s->count++;
}

static inline ncl_storage_client *memory_storage_open_client(void *self, ncl_component *owner, ncl_str id, ncl_str name,
                                                             ncl_outcome *outcome) {
  memory_storage *s = self;
  (void)owner, (void)id, (void)name, (void)outcome;
  s->open_clients++;
  return (ncl_storage_client *)(void *)s;
}

static inline void memory_storage_answer(memory_storage *s, ncl_token token, ncl_status status) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  if (status != NCL_OK) outcome.message = (ncl_str)NCL_STR("the disk is full");
  ncl_token_complete(s->f->process->tokens, token, &outcome);
}

static inline ncl_status memory_storage_commit(ncl_storage_client *client, const ncl_storage_op *ops, uint32_t count,
                                               ncl_token token, ncl_outcome *outcome) {
  memory_storage *s = (memory_storage *)(void *)client;
  (void)outcome;
  s->commits++;
  for (uint32_t i = 0; i < count && s->fails == NCL_OK; i++) {
    if (ops[i].type == NCL_STORAGE_PUT) {
      memory_storage_put(s, ops[i].key, &ops[i].value);
    } else {
      memory_storage_drop(s, ops[i].key);
    }
  }
  if (s->holds) {
    s->held[s->held_count].token = token;
    s->held[s->held_count++].status = s->fails;
  } else {
    memory_storage_answer(s, token, s->fails);
  }
  return NCL_PENDING;
}

typedef struct scan_answer {
  ncl_array found;
  ncl_storage_entry entries[STORED_MAX];
} scan_answer;

static inline void memory_storage_release(void *result) {
  free(result);
}

static inline ncl_status memory_storage_scan(ncl_storage_client *client, uint64_t from, uint32_t limit,
                                             uint64_t max_bytes, ncl_token token, ncl_outcome *outcome) {
  memory_storage *s = (memory_storage *)(void *)client;
  (void)outcome;
  s->scans++;
  if (s->fails != NCL_OK) {
    memory_storage_answer(s, token, s->fails);
    return NCL_PENDING;
  }
  scan_answer *answer = calloc(1, sizeof *answer);
  uint64_t bytes = 0;
  answer->found = (ncl_array){answer->entries, 0, sizeof answer->entries[0]};
  for (uint32_t i = 0; i < s->count && answer->found.count < limit; i++) {
    if (s->entries[i].key < from) continue;
    if (answer->found.count > 0 && bytes + s->entries[i].len > max_bytes) break;
    bytes += s->entries[i].len;
    answer->entries[answer->found.count++] =
        (ncl_storage_entry){s->entries[i].key, {s->entries[i].bytes, s->entries[i].len}};
  }
  ncl_outcome done = NCL_OUTCOME_INIT;
  done.result = &answer->found;
  done.release = memory_storage_release;
  ncl_token_complete(s->f->process->tokens, token, &done);
  return NCL_PENDING;
}

static inline ncl_status memory_storage_close_client(ncl_storage_client *client, ncl_token token) {
  memory_storage *s = (memory_storage *)(void *)client;
  (void)token;
  assert_true(s->open_clients > 0);
  s->open_clients--;
  return NCL_OK;
}

static inline void memory_storage_open(memory_storage *s, fixture *f) {
  s->f = f;
  s->table = (ncl_storage){.struct_size = sizeof s->table,
                           .self = s,
                           .open = memory_storage_open_client,
                           .commit = memory_storage_commit,
                           .scan = memory_storage_scan,
                           .close = memory_storage_close_client};
}

/* Gives the answers that were held back. */
static inline void memory_storage_go(memory_storage *s) {
  uint32_t count = s->held_count;
  s->held_count = 0;
  for (uint32_t i = 0; i < count; i++)
    memory_storage_answer(s, s->held[i].token, s->held[i].status);
}

/* All that is stored, but for the number of openings. */
static inline uint32_t memory_storage_items(const memory_storage *s) {
  return s->count > 0 && s->entries[0].key == 0 ? s->count - 1 : s->count;
}

static inline void memory_storage_clear(memory_storage *s) {
  while (s->count > 0)
    memory_storage_drop(s, s->entries[0].key);
}

#endif

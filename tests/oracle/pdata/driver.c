/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/pdata/driver.c: reads requests from stdin, makes batches of them and encodes them again, for oracle.py.
 * Frame in: u32 signal, u32 length, bytes. Frame out: see answer(). All little-endian. With --schema: prints tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pdata/batch.h"
#include "core/pdata/schema.h"
#include "unit/core/pdata/encode.h"

static void die(const char *what) {
  (void)fprintf(stderr, "driver: %s\n", what);
  exit(1);
}

static void put(const void *bytes, size_t len) {
  if (len && fwrite(bytes, 1, len, stdout) != len) die("stdout is closed");
}

static void put_u64(uint64_t value) {
  put(&value, sizeof value);
}

/* u64 status, items, repaired strings, rewritten parts, groups, scopes, records, bytes of the encoding, bytes of the
 * reason; then the encoding; then the reason. */
static void answer(ncl_status status, const ncl_batch *batch, const ncl_wire_stats *stats, ncl_str reason) {
  encoding again = {NULL, 0, 0};
  if (batch) {
    check_index(batch);
    again = encode_batch(batch);
  }
  put_u64(status);
  put_u64(batch ? batch->items : 0);
  put_u64(stats->repaired_strings);
  put_u64(stats->rewritten);
  put_u64(batch ? batch->groups.count : 0);
  put_u64(batch ? batch->scopes.count : 0);
  put_u64(batch ? batch->records.count : 0);
  put_u64(again.len);
  put_u64(reason.len);
  put(again.bytes, again.len);
  put(reason.ptr, reason.len);
  free(again.bytes);
}

static void take(ncl_pool *pool, uint32_t signal, uint32_t len) {
  ncl_arena *arena = ncl_arena_open(pool, len);
  uint8_t *bytes = arena ? ncl_arena_alloc(arena, len) : NULL;
  if (!bytes) die("no memory");
  if (len && fread(bytes, 1, len, stdin) != len) die("a frame is cut off");
  const ncl_batch *batch;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_wire_stats stats;
  ncl_status status = ncl_batch_from_wire(pool, signal, arena, bytes, len, &batch, &outcome, &stats);
  answer(status, batch, &stats, outcome.message);
  if (batch) {
    ncl_batch_release(batch);
  } else {
    ncl_arena_close(arena);
  }
}

/* One line a field: message, number, name, kind, message of the field. */
static void print_schema(const ncl_message *message, const ncl_message **seen, size_t *count) {
  for (size_t i = 0; i < *count; i++) {
    if (seen[i] == message) return;
  }
  if (*count == 64) die("more than 64 messages");
  seen[(*count)++] = message;
  for (uint32_t i = 0; i < message->field_count; i++) {
    const ncl_field *field = ncl_message_field(message, i);
    if (!field) continue;
    (void)printf("%s %u %s %u %s\n", message->name, i, field->name, field->kind,
                 field->message ? field->message->name : "-");
    if (field->message) print_schema(field->message, seen, count);
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--schema") == 0) {
    const ncl_message *seen[64];
    size_t count = 0;
    for (uint32_t signal = 1; signal <= 3; signal++)
      print_schema(ncl_message_request(signal), seen, &count);
    return 0;
  }
  ncl_pool *pool = ncl_pool_new();
  if (!pool) die("no memory");
  uint32_t head[2];
  while (fread(head, sizeof head, 1, stdin) == 1) {
    take(pool, head[0], head[1]);
    if (fflush(stdout) != 0) die("stdout is closed");
  }
  ncl_pool_free(pool);
  return 0;
}

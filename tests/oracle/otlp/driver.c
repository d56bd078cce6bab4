/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/otlp/driver.c: what the SDK makes of a message, for check.py. Reads commands from stdin, {op, argument,
 * length, bytes}, numbers as uint32 little endian, and answers {status, length, bytes} on stdout. */

#include <nacelle/otlp_edit.h>
#include <nacelle/otlp_json.h>
#include <stdio.h>
#include <stdlib.h>

#include "host.h"
#include "rewrite.h"

/* Each puts its answer into `out`. */
typedef ncl_status (*command_fn)(oracle_host *host, uint32_t argument, ncl_range in, ncl_writer *out);

#define SIGNAL(argument) ((argument)&3u) /* the limit of a command is in the bits above */
#define LIMIT(argument) ((argument) >> 2)

static void put_sized(ncl_writer *out, const ncl_batch *batch) {
  uint32_t len = (uint32_t)batch->wire_len;
  uint8_t *at;
  ncl_write_raw(out, &len, sizeof len);
  if (!len) return;
  at = ncl_writer_append(out, len);
  if (!at) abort();
  ncl_batch_encode(batch, at);
}

/* ---- commands -------------------------------------------------------------------------------------- */

static ncl_status to_json(oracle_host *host, uint32_t message, ncl_range in, ncl_writer *out) {
  const ncl_batch *batch;
  ncl_status status;
  if (message > NCL_JSON_LOGS_REQUEST) return ncl_message_to_json(message, in, out);
  batch = oracle_batch(host, message, in.ptr, in.len);
  if (!batch) return NCL_PERMANENT;
  status = ncl_batch_to_json(batch, out);
  host->table.batch_release(batch);
  return status;
}

static ncl_status from_json(oracle_host *host, uint32_t message, ncl_range in, ncl_writer *out) {
  uint8_t *padded = malloc(in.len + NCL_PADDING);
  ncl_range text = {padded, in.len};
  ncl_json_report report;
  ncl_arena *arena = host->table.arena_open(host->me, 0);
  ncl_range wire;
  ncl_status status;
  if (!padded || !arena) abort();
  if (in.len) memcpy(padded, in.ptr, in.len);
  status = ncl_json_to_wire(&host->table, arena, message, text, SIZE_MAX, &wire, &report);
  if (status == NCL_OK)
    ncl_write_raw(out, wire.ptr, wire.len);
  else
    ncl_write_raw(out, report.message, strlen(report.message));
  host->table.arena_close(arena);
  free(padded);
  return status;
}

static ncl_status rewrite(oracle_host *host, uint32_t argument, ncl_range in, ncl_writer *out) {
  const ncl_batch *batch = oracle_batch(host, SIGNAL(argument), in.ptr, in.len);
  uint32_t ok;
  if (!batch) return NCL_PERMANENT;
  ok = rewrite_batch(batch, out);
  host->table.batch_release(batch);
  return ok ? NCL_OK : NCL_PERMANENT;
}

static ncl_status gather(oracle_host *host, uint32_t argument, ncl_range in, ncl_writer *out) {
  const ncl_batch *batch = oracle_batch(host, SIGNAL(argument), in.ptr, in.len);
  ncl_gather pieces = {0};
  size_t i;
  if (!batch) return NCL_PERMANENT;
  if (ncl_gather_batch(&pieces, batch) != NCL_OK) abort();
  for (i = 0; i < pieces.count; i++)
    ncl_write_raw(out, pieces.pieces[i].ptr, pieces.pieces[i].len);
  if (pieces.bytes != batch->wire_len || out->len != batch->wire_len) abort();
  ncl_gather_close(&pieces);
  host->table.batch_release(batch);
  return NCL_OK;
}

static ncl_status split_at(oracle_host *host, uint32_t argument, uint64_t items, uint64_t bytes, ncl_range in,
                           ncl_writer *out) {
  const ncl_batch *batch = oracle_batch(host, SIGNAL(argument), in.ptr, in.len);
  ncl_status status;
  ncl_split split;
  const ncl_batch *part;
  memset(&split, 0, sizeof split);
  if (!batch) return NCL_PERMANENT;
  do {
    status = ncl_batch_split(&host->table, host->me, batch, &split, items, bytes, &part);
    if (!part) break;
    if (part->items > items || (part->wire_len > bytes && part->items > 1)) abort();
    put_sized(out, part);
    host->table.batch_release(part);
  } while (1);
  host->table.batch_release(batch);
  return status;
}

static ncl_status split_items(oracle_host *host, uint32_t argument, ncl_range in, ncl_writer *out) {
  return split_at(host, argument, LIMIT(argument), UINT64_MAX, in, out);
}

static ncl_status split_bytes(oracle_host *host, uint32_t argument, ncl_range in, ncl_writer *out) {
  return split_at(host, argument, UINT64_MAX, LIMIT(argument), in, out);
}

/* Requests, each after its length. */
static ncl_status merge(oracle_host *host, uint32_t argument, ncl_range in, ncl_writer *out) {
  ncl_merge *merged = ncl_merge_open(&host->table, host->me, SIGNAL(argument));
  const ncl_batch *batch;
  if (!merged) abort();
  while (in.len) {
    uint32_t len;
    memcpy(&len, in.ptr, sizeof len);
    batch = oracle_batch(host, SIGNAL(argument), in.ptr + sizeof len, len);
    if (!batch) abort();
    if (ncl_merge_add(merged, batch) != NCL_OK) abort();
    host->table.batch_release(batch);
    in.ptr += sizeof len + len;
    in.len -= sizeof len + len;
  }
  batch = ncl_merge_finish(merged);
  if (!batch) abort();
  if (batch->wire_len) ncl_batch_encode(batch, ncl_writer_append(out, batch->wire_len));
  host->table.batch_release(batch);
  return NCL_OK;
}

/* The operations that check.py applies too. */
static uint32_t change(void *arg, const ncl_edit_at *at, ncl_change *to) {
  (void)at;
  to->ops = arg;
  to->op_count = 4;
  return NCL_EDIT_CHANGE;
}

static ncl_status edit(oracle_host *host, uint32_t argument, ncl_range in, ncl_writer *out) {
  const ncl_batch *batch = oracle_batch(host, SIGNAL(argument), in.ptr, in.len);
  ncl_attribute_op ops[4] = {{.type = NCL_ATTRIBUTE_UPSERT, .key = NCL_STR("k1")},
                             {.type = NCL_ATTRIBUTE_REMOVE, .key = NCL_STR("k2")},
                             {.type = NCL_ATTRIBUTE_RENAME, .key = NCL_STR("k3"), .to = NCL_STR("k4")},
                             {.type = NCL_ATTRIBUTE_INSERT, .key = NCL_STR("k5")}};
  ncl_edit callbacks = {ops, change, change, change, NULL};
  const ncl_batch *edited;
  if (!batch) return NCL_PERMANENT;
  ops[0].value.type = NCL_ANY_INT;
  ops[0].value.i = -7;
  ops[3].value.type = NCL_ANY_STRING;
  if (ncl_batch_edit(&host->table, host->me, batch, &callbacks, &edited, NULL) != NCL_OK) abort();
  if (edited->wire_len) ncl_batch_encode(edited, ncl_writer_append(out, edited->wire_len));
  host->table.batch_release(edited);
  host->table.batch_release(batch);
  return NCL_OK;
}

/* ---- the loop -------------------------------------------------------------------------------------- */

static command_fn command_of(uint32_t op) {
  switch (op) {
    case 'j':
      return to_json;
    case 'w':
      return from_json;
    case 'r':
      return rewrite;
    case 'g':
      return gather;
    case 's':
      return split_items;
    case 'b':
      return split_bytes;
    case 'm':
      return merge;
    case 'e':
      return edit;
    default:
      return NULL;
  }
}

int main(void) {
  oracle_host host;
  uint32_t head[3];
  oracle_open(&host);
  while (fread(head, sizeof head, 1, stdin) == 1) {
    command_fn command = command_of(head[0]);
    uint8_t *bytes = malloc(head[2] ? head[2] : 1);
    ncl_range in = {bytes, head[2]};
    ncl_writer out;
    uint32_t answer[2];
    if (!bytes || !command || (head[2] && fread(bytes, head[2], 1, stdin) != 1)) abort();
    ncl_writer_heap(&out, SIZE_MAX);
    answer[0] = command(&host, head[1], in, &out);
    answer[1] = (uint32_t)out.len;
    if (out.status != NCL_OK) abort();
    if (fwrite(answer, sizeof answer, 1, stdout) != 1) abort();
    if (out.len && fwrite(out.base, out.len, 1, stdout) != 1) abort();
    if (fflush(stdout) != 0) abort();
    ncl_writer_close(&out);
    free(bytes);
  }
  oracle_close(&host);
  return 0;
}

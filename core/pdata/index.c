/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/index.c: the envelope of a request: groups, scopes, records, and what is written anew of them. */
#include "core/pdata/index.h"

#include <string.h>

#include "core/pdata/check.h"
#include "core/pdata/repair.h"
#include "core/pdata/utf8.h"
#include "core/pdata/walk.h"
#include "core/pdata/wire.h"

/* The fields of a group and of a scope have the same numbers. */
#define HEAD_FIELD 1u /* the resource, the scope */
#define LIST_FIELD 2u /* the scopes, the records */
#define URL_FIELD 3u
#define TAG(field) (uint8_t) NCL_WIRE_TAG(field, NCL_WIRE_BYTES)

typedef struct indexer {
  ncl_batch_parts *parts;
  ncl_wire_stats *stats;
  ncl_arena *arena;
  ncl_pool *pool;
  ncl_check_fn check_resource, check_scope, check_record;
  const ncl_message *resource, *scope, *record;
  ncl_status status; /* of the step that failed */
} indexer;

/* A singular field of an envelope, as it was found so far. */
typedef struct part {
  ncl_range body;   /* of the last piece */
  size_t total;     /* bytes of all pieces */
  uint32_t pieces;  /* how often it came */
  uint32_t rewrite; /* a header is not canonical */
  uint32_t found;   /* NCL_CHECK_* */
} part;

/* The unknown fields of an envelope. */
typedef struct remainder {
  ncl_range run; /* the first ones that follow each other */
  size_t total;  /* bytes of all */
} remainder;

typedef struct envelope {
  part head;
  part url;
  remainder rest;
} envelope;

static const uint8_t *fail(indexer *index, ncl_status status) {
  index->status = status;
  return NULL;
}

static void note_unknown(remainder *rest, const uint8_t *ptr, const uint8_t *next) {
  size_t len = (size_t)(next - ptr);
  if (!rest->run.ptr) rest->run.ptr = ptr;
  if (rest->run.ptr + rest->run.len == ptr) rest->run.len += len;
  rest->total += len;
}

static const uint8_t *note_piece(part *piece, const uint8_t *field, const uint8_t *body, const uint8_t *next) {
  size_t len = (size_t)(next - body);
  piece->body.ptr = body;
  piece->body.len = len;
  piece->total += len;
  piece->pieces++;
  piece->rewrite |= (size_t)(body - field) != ncl_field_head(len);
  return next;
}

/*
 * Any field of a group or a scope but its list: begins at `ptr`, has this tag, and its value begins at `value`. Returns
 * its end; NULL = malformed.
 */
static const uint8_t *envelope_field(envelope *env, uint32_t tag, const uint8_t *ptr, const uint8_t *value,
                                     const uint8_t *end, ncl_check_fn check_head) {
  if (tag == TAG(HEAD_FIELD) || tag == TAG(URL_FIELD)) {
    const uint8_t *next = ncl_wire_body(&value, end);
    if (!next) return NULL;
    if (tag == TAG(URL_FIELD)) {
      env->url.rewrite = 0; /* of a string the last one stands */
      return note_piece(&env->url, ptr, value, next);
    }
    uint32_t items;
    env->head.found |= check_head(value, next, &items);
    return note_piece(&env->head, ptr, value, next);
  }
  if (tag >> 3 <= URL_FIELD) return NULL; /* number 0, or the wrong wire type */
  const uint8_t *next = ncl_walk_unknown(tag, value, end);
  if (next) note_unknown(&env->rest, ptr, next);
  return next;
}

/* Copies what belongs together and lies apart in the valid envelope [ptr, end): the bodies of the fields with number
 * `first`, or, where that is 0, all fields with a number above `last`. */
static void collect(uint8_t *out, const uint8_t *ptr, const uint8_t *end, uint32_t first, uint32_t last) {
  while (ptr < end) {
    uint32_t tag = 0;
    const uint8_t *from = ncl_wire_u32(ptr, &tag);
    const uint8_t *next = from ? ncl_walk_unknown(tag, from, end) : NULL;
    if (!next) return; /* not in a valid envelope */
    if (tag >> 3 == first) {
      (void)ncl_wire_body(&from, end);
    } else if (first == 0 && tag >> 3 > last) {
      from = ptr;
    } else {
      from = next;
    }
    memcpy(out, from, (size_t)(next - from));
    out += next - from;
    ptr = next;
  }
}

/* Room for a body of `len` bytes with a canonical header before it. NULL = no memory. */
static uint8_t *new_body(indexer *index, uint8_t tag, size_t len) {
  uint8_t *out = ncl_arena_alloc(index->arena, ncl_field_head(len) + len);
  if (!out) {
    (void)fail(index, NCL_NO_MEMORY);
    return NULL;
  }
  *out++ = tag;
  return ncl_wire_put_varint(out, len);
}

/* Writes `body` anew, repaired if a string in it is not UTF-8. 0 = failed. */
static int rewrite(indexer *index, const ncl_message *message, uint8_t tag, uint32_t found, ncl_range *body) {
  index->stats->rewritten++;
  if (found == NCL_CHECK_TEXT) {
    ncl_status status = ncl_repair(index->arena, message, tag, body, &index->stats->repaired_strings);
    return status == NCL_OK || fail(index, status) != NULL;
  }
  uint8_t *out = new_body(index, tag, body->len);
  if (!out) return 0;
  memcpy(out, body->ptr, body->len);
  body->ptr = out;
  return 1;
}

/* The resource or the scope of the envelope [ptr, end) in canonical form. 0 = failed. */
static int finish_head(indexer *index, envelope *env, const ncl_message *message, const uint8_t *ptr,
                       const uint8_t *end) {
  part *head = &env->head;
  if (head->found & NCL_CHECK_MALFORMED) return fail(index, NCL_PERMANENT) != NULL;
  if (head->pieces > 1) {
    /* Encoded messages that follow each other are their merge. */
    uint8_t *out = new_body(index, TAG(HEAD_FIELD), head->total);
    if (!out) return 0;
    collect(out, ptr, end, HEAD_FIELD, 0);
    head->body.ptr = out;
    head->body.len = head->total;
    head->rewrite = 0;
    if (head->found == NCL_CHECK_OK) index->stats->rewritten++;
  }
  if (head->found == NCL_CHECK_OK && !head->rewrite) return 1;
  return rewrite(index, message, TAG(HEAD_FIELD), head->found, &head->body);
}

static int finish_url(indexer *index, envelope *env) {
  part *url = &env->url;
  if (!url->pieces) return 1;
  if (!ncl_utf8_valid(url->body.ptr, url->body.len)) url->found = NCL_CHECK_TEXT;
  if (url->found == NCL_CHECK_OK && !url->rewrite) return 1;
  return rewrite(index, NULL, TAG(URL_FIELD), url->found, &url->body);
}

/* The unknown fields, those above `last`, of the envelope [ptr, end) in one piece. 0 = failed. */
static int finish_rest(indexer *index, remainder *rest, const uint8_t *ptr, const uint8_t *end, uint32_t last) {
  if (rest->run.len == rest->total) return 1;
  uint8_t *out = ncl_arena_alloc(index->arena, rest->total);
  if (!out) return fail(index, NCL_NO_MEMORY) != NULL;
  collect(out, ptr, end, 0, last);
  rest->run.ptr = out;
  rest->run.len = rest->total;
  index->stats->rewritten++;
  return 1;
}

static uint64_t field_len(size_t body) {
  return ncl_field_head(body) + (uint64_t)body;
}

/* Bytes of the envelope without its list, once it is encoded again. */
static uint64_t envelope_len(const envelope *env) {
  uint64_t len = env->rest.run.len;
  if (env->head.pieces) len += field_len(env->head.body.len);
  if (env->url.pieces) len += field_len(env->url.body.len);
  return len;
}

static const uint8_t *add_record(indexer *index, const uint8_t *field, const uint8_t *body, const uint8_t *end,
                                 uint64_t *wire_len) {
  const uint8_t *next = ncl_wire_body(&body, end);
  if (!next) return fail(index, NCL_PERMANENT);
  ncl_record *record = ncl_vector_add(&index->parts->records, index->pool, sizeof *record);
  if (!record) return fail(index, NCL_NO_MEMORY);
  uint32_t found = index->check_record(body, next, &record->items);
  record->ptr = body;
  record->len = (uint32_t)(next - body);
  index->parts->items += record->items;
  if (found != NCL_CHECK_OK || (size_t)(body - field) != ncl_field_head(record->len)) {
    if (found == NCL_CHECK_MALFORMED) return fail(index, NCL_PERMANENT);
    ncl_range range = {record->ptr, record->len};
    if (!rewrite(index, index->record, TAG(LIST_FIELD), found, &range)) return NULL;
    record->ptr = range.ptr;
    record->len = (uint32_t)range.len;
  }
  *wire_len += field_len(record->len);
  return next;
}

/* One scope: its body [ptr, end). */
static int add_scope(indexer *index, const uint8_t *ptr, const uint8_t *end, uint64_t *wire_len) {
  ncl_batch_parts *parts = index->parts;
  envelope env = {0};
  uint32_t first = parts->records.count;
  uint64_t len = 0;
  const uint8_t *start = ptr;
  while (ptr < end) {
    uint32_t tag = *ptr;
    const uint8_t *value = ptr + 1;
    if (tag >= 0x80) value = ncl_wire_u32(ptr, &tag);
    if (!value) return fail(index, NCL_PERMANENT) != NULL;
    if (tag == TAG(LIST_FIELD)) {
      ptr = add_record(index, ptr, value, end, &len);
      if (!ptr) return 0;
    } else {
      ptr = envelope_field(&env, tag, ptr, value, end, index->check_scope);
      if (!ptr) return fail(index, NCL_PERMANENT) != NULL;
    }
  }
  if (!finish_head(index, &env, index->scope, start, end) || !finish_url(index, &env) ||
      !finish_rest(index, &env.rest, start, end, URL_FIELD)) {
    return 0;
  }
  ncl_scope *scope = ncl_vector_add(&parts->scopes, index->pool, sizeof *scope);
  if (!scope) return fail(index, NCL_NO_MEMORY) != NULL;
  scope->scope = env.head.body;
  scope->schema_url = env.url.body;
  scope->rest = env.rest.run;
  scope->first_record = first;
  scope->record_count = parts->records.count - first;
  *wire_len += field_len(len + envelope_len(&env));
  return 1;
}

/* One group: its body [ptr, end). */
static int add_group(indexer *index, const uint8_t *ptr, const uint8_t *end) {
  ncl_batch_parts *parts = index->parts;
  envelope env = {0};
  uint32_t first = parts->scopes.count;
  uint64_t len = 0;
  const uint8_t *start = ptr;
  while (ptr < end) {
    uint32_t tag;
    const uint8_t *value = ncl_wire_u32(ptr, &tag);
    if (!value) return fail(index, NCL_PERMANENT) != NULL;
    if (tag == TAG(LIST_FIELD)) {
      ptr = ncl_wire_body(&value, end);
      if (!ptr) return fail(index, NCL_PERMANENT) != NULL;
      if (!add_scope(index, value, ptr, &len)) return 0;
    } else {
      ptr = envelope_field(&env, tag, ptr, value, end, index->check_resource);
      if (!ptr) return fail(index, NCL_PERMANENT) != NULL;
    }
  }
  if (!finish_head(index, &env, index->resource, start, end) || !finish_url(index, &env) ||
      !finish_rest(index, &env.rest, start, end, URL_FIELD)) {
    return 0;
  }
  ncl_group *group = ncl_vector_add(&parts->groups, index->pool, sizeof *group);
  if (!group) return fail(index, NCL_NO_MEMORY) != NULL;
  group->resource = env.head.body;
  group->schema_url = env.url.body;
  group->rest = env.rest.run;
  group->first_scope = first;
  group->scope_count = parts->scopes.count - first;
  parts->wire_len += field_len(len + envelope_len(&env));
  return 1;
}

static int add_request(indexer *index, const uint8_t *ptr, const uint8_t *end) {
  remainder rest = {0};
  const uint8_t *start = ptr;
  while (ptr < end) {
    uint32_t tag;
    const uint8_t *value = ncl_wire_u32(ptr, &tag);
    if (value && tag == TAG(1)) {
      ptr = ncl_wire_body(&value, end);
      if (!ptr) return fail(index, NCL_PERMANENT) != NULL;
      if (!add_group(index, value, ptr)) return 0;
    } else {
      const uint8_t *next = value && tag >> 3 > 1 ? ncl_walk_unknown(tag, value, end) : NULL;
      if (!next) return fail(index, NCL_PERMANENT) != NULL;
      note_unknown(&rest, ptr, next);
      ptr = next;
    }
  }
  if (!finish_rest(index, &rest, start, end, 1)) return 0;
  index->parts->request = rest.run;
  index->parts->wire_len += rest.run.len;
  return 1;
}

static void choose_checks(indexer *index, uint32_t signal) {
  const ncl_message *group = ncl_message_field(ncl_message_request(signal), 1)->message;
  const ncl_message *scope = ncl_message_field(group, LIST_FIELD)->message;
  index->resource = ncl_message_field(group, HEAD_FIELD)->message;
  index->scope = ncl_message_field(scope, HEAD_FIELD)->message;
  index->record = ncl_message_field(scope, LIST_FIELD)->message;
  index->check_resource = ncl_check_resource;
  index->check_scope = ncl_check_scope;
  switch (signal) {
    case NCL_SIGNAL_TRACES:
      index->check_record = ncl_check_span;
      break;
    case NCL_SIGNAL_METRICS:
      index->check_record = ncl_check_metric;
      break;
    case NCL_SIGNAL_LOGS:
      index->check_record = ncl_check_log_record;
      break;
    default:
      index->check_resource = ncl_check_unknown;
      index->check_scope = ncl_check_unknown;
      index->check_record = ncl_check_unknown;
  }
}

ncl_status ncl_index_request(ncl_batch_parts *parts, ncl_wire_stats *stats, ncl_arena *arena, const uint8_t *ptr,
                             size_t len) {
  indexer index = {.parts = parts, .stats = stats, .arena = arena, .pool = ncl_arena_pool(arena), .status = NCL_OK};
  choose_checks(&index, parts->signal);
  return add_request(&index, ptr, ptr + len) ? NCL_OK : index.status;
}

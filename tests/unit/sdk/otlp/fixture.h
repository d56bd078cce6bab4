/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/sdk/otlp/fixture.h: a host table over the real core/pdata, batches to work on, and allocations that can be
 * made to fail one by one. */
#ifndef NACELLE_TESTS_OTLP_FIXTURE_H
#define NACELLE_TESTS_OTLP_FIXTURE_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <nacelle/otlp_edit.h>
#include <nacelle/otlp_json.h>
#include <nacelle/otlp_read.h>
#include <nacelle/otlp_write.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/pdata/batch.h"
#include "core/pdata/builder.h"

/* ---- allocations that fail ------------------------------------------------------------------------- */

/* Counts allocations while it is armed and lets number `fail_at` fail (0 = none). */
typedef struct fix_faults {
  int armed;
  uint64_t count;
  uint64_t fail_at;
  int64_t live; /* allocated and not yet freed, without sanitizers */
} fix_faults;

static fix_faults faults;

static inline int fault_here(void) {
  return faults.armed && ++faults.count == faults.fail_at;
}

#if !defined(NCL_EXACT_ARENAS) && !defined(__SANITIZE_THREAD__)
#define FIX_MALLOC 1
/* The C library's own, which ours stand in front of. */
void *__libc_malloc(size_t size);                /* NOLINT */
void *__libc_calloc(size_t count, size_t size);  /* NOLINT */
void *__libc_realloc(void *memory, size_t size); /* NOLINT */
void __libc_free(void *memory);                  /* NOLINT */
__attribute__((visibility("default"))) void *malloc(size_t size);
__attribute__((visibility("default"))) void *calloc(size_t count, size_t size);
__attribute__((visibility("default"))) void *realloc(void *memory, size_t size);
__attribute__((visibility("default"))) void free(void *memory);

void *malloc(size_t size) {
  void *memory = fault_here() ? NULL : __libc_malloc(size);
  faults.live += memory != NULL;
  return memory;
}

void *calloc(size_t count, size_t size) {
  void *memory = fault_here() ? NULL : __libc_calloc(count, size);
  faults.live += memory != NULL;
  return memory;
}

void *realloc(void *memory, size_t size) {
  void *moved = fault_here() ? NULL : __libc_realloc(memory, size);
  faults.live += moved != NULL && memory == NULL;
  return moved;
}

void free(void *memory) {
  faults.live -= memory != NULL;
  __libc_free(memory);
}
#endif

/* ---- the host -------------------------------------------------------------------------------------- */

typedef struct fixture {
  ncl_pool *pool;
  ncl_host host;
  ncl_component *me;
} fixture;

static ncl_pool *fix_pool(ncl_component *me) {
  return (ncl_pool *)(void *)me;
}

static void *fix_chunk_alloc(void *arg, size_t size) {
  (void)arg;
  /* Without our malloc in front it would not be counted. */
#ifndef FIX_MALLOC
  if (fault_here()) return NULL;
#endif
  return malloc((size + 15) & ~(size_t)15);
}

static void fix_chunk_release(void *arg, void *memory, size_t size) {
  (void)arg;
  (void)size;
  free(memory);
}

static ncl_arena *fix_arena_open(ncl_component *me, size_t reserve) {
  return ncl_arena_open(fix_pool(me), reserve);
}

static ncl_status fix_batch_from_wire(ncl_component *me, uint32_t signal, ncl_arena *arena, const void *bytes,
                                      size_t len, const ncl_batch **batch, ncl_outcome *outcome) {
  return ncl_batch_from_wire(fix_pool(me), signal, arena, bytes, len, batch, outcome, NULL);
}

static ncl_builder *fix_builder_open(ncl_component *me, uint32_t signal) {
  return ncl_builder_open(fix_pool(me), signal);
}

static ncl_status fix_memory_charge(ncl_component *me, int64_t bytes) {
  if (bytes > 0 && fault_here()) return NCL_NO_MEMORY;
  return ncl_pool_charge(fix_pool(me), bytes);
}

static int64_t fix_now_ns(ncl_component *me) {
  (void)me;
  return 12345;
}

static inline void fix_open(fixture *f) {
  ncl_pool_allocator allocator = {fix_chunk_alloc, fix_chunk_release, NULL};
  memset(f, 0, sizeof *f);
  memset(&faults, 0, sizeof faults);
  f->pool = ncl_pool_new();
  assert_non_null(f->pool);
  ncl_pool_set_allocator(f->pool, &allocator);
  ncl_pool_set_cache(f->pool, 0);
  f->me = (ncl_component *)(void *)f->pool;
  f->host.struct_size = sizeof f->host;
  f->host.memory_charge = fix_memory_charge;
  f->host.arena_open = fix_arena_open;
  f->host.arena_alloc = ncl_arena_alloc;
  f->host.arena_resize = ncl_arena_resize;
  f->host.arena_close = ncl_arena_close;
  f->host.batch_from_wire = fix_batch_from_wire;
  f->host.batch_retain = ncl_batch_retain;
  f->host.batch_release = ncl_batch_release;
  f->host.builder_open = fix_builder_open;
  f->host.builder_bytes = ncl_builder_bytes;
  f->host.builder_reference = ncl_builder_reference;
  f->host.builder_group = ncl_builder_group;
  f->host.builder_scope = ncl_builder_scope;
  f->host.builder_records = ncl_builder_records;
  f->host.builder_request = ncl_builder_request;
  f->host.builder_finish = ncl_builder_finish;
  f->host.builder_abort = ncl_builder_abort;
  f->host.now_ns = fix_now_ns;
}

/* Everything that was taken from the pool or charged has been given back. */
static inline void fix_close(fixture *f) {
  assert_int_equal(ncl_pool_used(f->pool), 0);
  ncl_pool_free(f->pool);
}

/* Arms faults: from here on allocation number `fail_at` fails. */
static inline void fix_fail(uint64_t fail_at) {
  faults.count = 0;
  faults.fail_at = fail_at;
  faults.armed = 1;
}

/* Disarms; 1 = the fault came. */
static inline int fix_failed(void) {
  faults.armed = 0;
  return faults.count >= faults.fail_at;
}

/* ---- batches --------------------------------------------------------------------------------------- */

static inline ncl_str text_of(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static inline ncl_range range_of(const char *text) {
  ncl_range range = {(const uint8_t *)text, strlen(text)};
  return range;
}

/* A batch of an encoded request, which is closed. */
static inline const ncl_batch *fix_batch(fixture *f, uint32_t signal, ncl_writer *writer) {
  ncl_arena *arena = f->host.arena_open(f->me, writer->len);
  const ncl_batch *batch = NULL;
  uint8_t *bytes;
  assert_non_null(arena);
  assert_int_equal(writer->status, NCL_OK);
  bytes = f->host.arena_alloc(arena, writer->len);
  assert_non_null(bytes);
  if (writer->len) memcpy(bytes, writer->base, writer->len);
  assert_int_equal(f->host.batch_from_wire(f->me, signal, arena, bytes, writer->len, &batch, NULL), NCL_OK);
  ncl_writer_close(writer);
  return batch;
}

/* The encoded request of a batch, from malloc. */
static inline uint8_t *fix_encode(const ncl_batch *batch) {
  uint8_t *bytes = malloc(batch->wire_len + 1);
  assert_non_null(bytes);
  ncl_batch_encode(batch, bytes);
  return bytes;
}

/* Two batches have the same encoded request. */
static inline void assert_same_wire(const ncl_batch *a, const ncl_batch *b) {
  uint8_t *x = fix_encode(a);
  uint8_t *y = fix_encode(b);
  assert_int_equal(a->wire_len, b->wire_len);
  assert_memory_equal(x, y, a->wire_len);
  free(x);
  free(y);
}

/* What the index says is what the host would make of the encoded request. */
static inline void assert_sound(fixture *f, const ncl_batch *batch) {
  uint8_t *bytes = fix_encode(batch);
  ncl_writer writer;
  const ncl_batch *again;
  uint32_t i;
  ncl_writer_heap(&writer, SIZE_MAX);
  ncl_write_raw(&writer, bytes, batch->wire_len);
  free(bytes);
  again = fix_batch(f, batch->signal, &writer);
  assert_int_equal(again->items, batch->items);
  assert_int_equal(again->wire_len, batch->wire_len);
  assert_int_equal(again->groups.count, batch->groups.count);
  assert_int_equal(again->scopes.count, batch->scopes.count);
  assert_int_equal(again->records.count, batch->records.count);
  for (i = 0; i < batch->records.count; i++) {
    assert_int_equal(ncl_batch_record(again, i)->items, ncl_batch_record(batch, i)->items);
    assert_int_equal(ncl_batch_record(again, i)->len, ncl_batch_record(batch, i)->len);
  }
  f->host.batch_release(again);
}

/* ---- samples --------------------------------------------------------------------------------------- */

static inline ncl_write_mark sample_group(ncl_writer *writer, const char *service) {
  ncl_write_mark group = ncl_write_begin(writer, NCL_REQUEST_GROUP, 1000);
  ncl_write_mark resource = ncl_write_begin(writer, NCL_GROUP_RESOURCE, 50);
  ncl_write_attribute_str(writer, NCL_RESOURCE_ATTRIBUTES, text_of("service.name"), text_of(service));
  ncl_write_end(writer, resource);
  return group;
}

static inline ncl_write_mark sample_scope(ncl_writer *writer, const char *name) {
  ncl_write_mark scope = ncl_write_begin(writer, NCL_GROUP_SCOPE, 1000);
  ncl_write_mark instrumentation = ncl_write_begin(writer, NCL_SCOPE_SCOPE, 20);
  ncl_write_str(writer, NCL_INSTRUMENTATION_SCOPE_NAME, text_of(name));
  ncl_write_end(writer, instrumentation);
  return scope;
}

/* A span with an unknown field (number 1000) between the others. */
static inline void sample_span(ncl_writer *writer, const char *name, uint32_t attributes) {
  static const uint8_t id[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  ncl_write_mark mark = ncl_write_begin(writer, NCL_SCOPE_RECORD, 300);
  ncl_span span;
  uint32_t i;
  memset(&span, 0, sizeof span);
  span.trace_id.ptr = id;
  span.trace_id.len = 16;
  span.span_id.ptr = id + 8;
  span.span_id.len = 8;
  span.name = text_of(name);
  span.kind = NCL_SPAN_KIND_SERVER;
  span.start_time_ns = 1700000000000000000u;
  span.end_time_ns = 1700000000100000000u;
  ncl_write_span(writer, &span);
  ncl_write_str(writer, 1000, text_of("unknown"));
  for (i = 0; i < attributes; i++) {
    char key[32];
    snprintf(key, sizeof key, "key.%u", i);
    ncl_write_attribute_int(writer, NCL_SPAN_ATTRIBUTES, text_of(key), i);
  }
  ncl_write_end(writer, mark);
}

/* A log record with a body and an unknown field (number 1000). */
static inline void sample_log(ncl_writer *writer, const char *text, uint32_t attributes) {
  ncl_write_mark mark = ncl_write_begin(writer, NCL_SCOPE_RECORD, 100);
  ncl_log_record record;
  uint32_t i;
  memset(&record, 0, sizeof record);
  record.time_ns = 1700000000000000000u;
  record.severity_number = NCL_SEVERITY_NUMBER_INFO;
  record.body.type = NCL_ANY_STRING;
  record.body.string = text_of(text);
  ncl_write_log_record(writer, &record);
  ncl_write_str(writer, 1000, text_of("unknown"));
  for (i = 0; i < attributes; i++)
    ncl_write_attribute_double(writer, NCL_LOG_ATTRIBUTES, text_of("d"), i * 0.5);
  ncl_write_end(writer, mark);
}

/* A sum with `points` points, an unknown field in the metric (1000) and one in its data (1001). */
static inline void sample_sum(ncl_writer *writer, const char *name, uint32_t points) {
  ncl_write_mark record = ncl_write_begin(writer, NCL_SCOPE_RECORD, 300);
  ncl_metric_record metric;
  ncl_write_mark data;
  uint32_t i;
  memset(&metric, 0, sizeof metric);
  metric.name = text_of(name);
  metric.type = NCL_METRIC_DATA_SUM;
  metric.temporality = NCL_TEMPORALITY_DELTA;
  metric.monotonic = 1;
  data = ncl_write_metric_begin(writer, &metric, 200);
  ncl_write_str(writer, 1001, text_of("in data"));
  for (i = 0; i < points; i++) {
    ncl_write_mark mark = ncl_write_begin(writer, NCL_DATA_POINTS, 60);
    ncl_number_point point;
    memset(&point, 0, sizeof point);
    point.time_ns = 1700000000000000000u + i;
    point.type = NCL_NUMBER_AS_INT;
    point.as_int = (int64_t)i;
    ncl_write_number_point(writer, &point);
    ncl_write_attribute_int(writer, NCL_NUMBER_ATTRIBUTES, text_of("point"), i);
    ncl_write_end(writer, mark);
  }
  ncl_write_end(writer, data);
  ncl_write_str(writer, 1000, text_of("in metric"));
  ncl_write_end(writer, record);
}

/* `groups` groups of `scopes` scopes of `records` spans, log records, or sums of three points. */
static inline const ncl_batch *sample_batch(fixture *f, uint32_t signal, uint32_t groups, uint32_t scopes,
                                            uint32_t records) {
  ncl_writer writer;
  uint32_t g;
  uint32_t s;
  uint32_t r;
  ncl_writer_heap(&writer, SIZE_MAX);
  for (g = 0; g < groups; g++) {
    char name[48];
    ncl_write_mark group;
    snprintf(name, sizeof name, "service-%u", g);
    group = sample_group(&writer, name);
    for (s = 0; s < scopes; s++) {
      ncl_write_mark scope;
      snprintf(name, sizeof name, "scope-%u", s);
      scope = sample_scope(&writer, name);
      for (r = 0; r < records; r++) {
        snprintf(name, sizeof name, "record-%u-%u-%u", g, s, r);
        if (signal == NCL_SIGNAL_METRICS)
          sample_sum(&writer, name, 3);
        else if (signal == NCL_SIGNAL_LOGS)
          sample_log(&writer, name, r % 4);
        else
          sample_span(&writer, name, r % 4);
      }
      ncl_write_str(&writer, NCL_SCOPE_SCHEMA_URL, text_of("https://scope"));
      ncl_write_str(&writer, 900, text_of("scope rest"));
      ncl_write_end(&writer, scope);
    }
    ncl_write_str(&writer, NCL_GROUP_SCHEMA_URL, text_of("https://group"));
    ncl_write_str(&writer, 901, text_of("group rest"));
    ncl_write_end(&writer, group);
  }
  return fix_batch(f, signal, &writer);
}

#endif

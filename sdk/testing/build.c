/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/testing/build.c: batches for tests, written part by part with the SDK's own writer and validated by the host. */
#include <nacelle/otlp_write.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define WIRE_MAX ((size_t)1 << 30)

struct ncl_test_build {
  ncl_test *test;
  uint32_t signal;
  uint32_t depth; /* messages that are open around what is written next: NCL_TEST_IN_* */
  ncl_writer writer;
  ncl_write_mark marks[NCL_TEST_IN_RECORD + 1]; /* of the open ones, by level */
};

/* ---- attributes as text ------------------------------------------------------------------------------ */

static void read_plain(ncl_str text, ncl_any *value) {
  char copy[64];
  char *end;
  if (text.len >= sizeof copy) ncl_test_die("a number in an attribute text is too long");
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = '\0';
  if (strcmp(copy, "true") == 0 || strcmp(copy, "false") == 0) {
    value->type = NCL_ANY_BOOL;
    value->b = copy[0] == 't';
    return;
  }
  value->type = NCL_ANY_INT;
  value->i = strtoll(copy, &end, 10);
  if (*end == '\0' && end != copy) return;
  value->type = NCL_ANY_DOUBLE;
  value->d = strtod(copy, &end);
  if (*end != '\0' || end == copy) ncl_test_die("what follows := in an attribute text is a number, true or false");
}

bool ncl_test_pairs_next(const char **text, ncl_test_pair *pair) {
  const char *at = *text;
  if (at == NULL || *at == '\0') return false;
  const char *end = strchr(at, ';');
  size_t len = end == NULL ? strlen(at) : (size_t)(end - at);
  const char *equals = memchr(at, '=', len);
  if (equals == NULL || equals == at) ncl_test_die("an attribute text is \"key=value;key:=7\"");
  pair->plain = equals[-1] == ':';
  pair->key = ncl_str_of(at, (size_t)(equals - at) - pair->plain);
  pair->value = ncl_str_of(equals + 1, len - (size_t)(equals + 1 - at));
  *text = end == NULL ? at + len : end + 1;
  return true;
}

static void write_attributes(ncl_writer *writer, uint32_t field, const char *text) {
  ncl_test_pair pair;
  while (ncl_test_pairs_next(&text, &pair)) {
    ncl_any value = {.type = NCL_ANY_STRING, .string = pair.value};
    if (pair.plain) read_plain(pair.value, &value);
    ncl_write_attribute(writer, field, pair.key, &value);
  }
}

/* ---- levels ------------------------------------------------------------------------------------------ */

static void end_down_to(ncl_test_build *b, uint32_t level) {
  while (b->depth > level)
    ncl_write_end(&b->writer, b->marks[b->depth--]);
}

static void begin(ncl_test_build *b, uint32_t level) {
  static const uint32_t fields[] = {0, NCL_REQUEST_GROUP, NCL_GROUP_SCOPE, NCL_SCOPE_RECORD};
  end_down_to(b, level - 1);
  if (b->depth != level - 1) ncl_test_die("the parts of a batch begin in the order resource, scope, record");
  b->marks[level] = ncl_write_begin(&b->writer, fields[level], 4096);
  b->depth = level;
}

ncl_test_build *ncl_test_build_open(ncl_test *t, uint32_t signal) {
  ncl_test_build *b = calloc(1, sizeof *b);
  if (b == NULL) ncl_test_die("no memory");
  b->test = t;
  b->signal = signal;
  ncl_writer_heap(&b->writer, WIRE_MAX);
  return b;
}

void ncl_test_resource(ncl_test_build *b, const char *attributes) {
  begin(b, NCL_TEST_IN_GROUP);
  ncl_write_mark mark = ncl_write_begin(&b->writer, NCL_GROUP_RESOURCE, 64);
  write_attributes(&b->writer, NCL_RESOURCE_ATTRIBUTES, attributes);
  ncl_write_end(&b->writer, mark);
}

void ncl_test_scope(ncl_test_build *b, const char *name, const char *version, const char *attributes) {
  if (b->depth < NCL_TEST_IN_GROUP) ncl_test_resource(b, NULL);
  begin(b, NCL_TEST_IN_SCOPE);
  ncl_instrumentation_scope scope = {.name = ncl_str_of(name, strlen(name))};
  if (version != NULL) scope.version = ncl_str_of(version, strlen(version));
  ncl_write_mark mark = ncl_write_begin(&b->writer, NCL_SCOPE_SCOPE, 64);
  ncl_write_instrumentation_scope(&b->writer, &scope);
  write_attributes(&b->writer, NCL_INSTRUMENTATION_SCOPE_ATTRIBUTES, attributes);
  ncl_write_end(&b->writer, mark);
}

static void begin_record(ncl_test_build *b, uint32_t signal) {
  if (b->signal != signal) ncl_test_die("a record of another signal than its batch");
  if (b->depth < NCL_TEST_IN_SCOPE) ncl_test_scope(b, "test", NULL, NULL);
  begin(b, NCL_TEST_IN_RECORD);
}

void ncl_test_field(ncl_test_build *b, uint32_t level, uint32_t field, const char *text) {
  end_down_to(b, level);
  if (b->depth != level) ncl_test_die("there is no such part of the batch to write a field into");
  ncl_write_str(&b->writer, field, ncl_str_of(text, strlen(text)));
}

/* ---- records ----------------------------------------------------------------------------------------- */

/* The name of an item, or its number. */
typedef struct item_name {
  char buf[48];
  ncl_str text;
  uint64_t number;
} item_name;

static void name_item(ncl_test *t, item_name *item, const char *name) {
  item->number = ncl_test_next_number(t);
  int len = snprintf(item->buf, sizeof item->buf, "item %llu", (unsigned long long)item->number);
  item->text = name != NULL ? ncl_str_of(name, strlen(name)) : ncl_str_of(item->buf, (size_t)len);
}

static ncl_range id_bytes(uint8_t *buf, size_t len, uint64_t number) {
  memset(buf, 0xa5, len);
  for (uint32_t i = 0; i < 8; i++)
    buf[len - 1 - i] = (uint8_t)(number >> (8 * i));
  return (ncl_range){buf, len};
}

void ncl_test_spans(ncl_test_build *b, uint32_t count, const char *name, const char *attributes) {
  for (uint32_t i = 0; i < count; i++) {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    item_name item;
    begin_record(b, NCL_SIGNAL_TRACES);
    name_item(b->test, &item, name);
    uint64_t now = (uint64_t)ncl_test_wall_ns(b->test);
    ncl_span span = {.trace_id = id_bytes(trace_id, sizeof trace_id, item.number + 1),
                     .span_id = id_bytes(span_id, sizeof span_id, item.number + 1),
                     .name = item.text,
                     .kind = NCL_SPAN_KIND_INTERNAL,
                     .start_time_ns = now,
                     .end_time_ns = now + 1000000};
    ncl_write_span(&b->writer, &span);
    write_attributes(&b->writer, NCL_SPAN_ATTRIBUTES, attributes);
  }
}

void ncl_test_logs(ncl_test_build *b, uint32_t count, const char *body, const char *attributes) {
  for (uint32_t i = 0; i < count; i++) {
    item_name item;
    begin_record(b, NCL_SIGNAL_LOGS);
    name_item(b->test, &item, body);
    uint64_t now = (uint64_t)ncl_test_wall_ns(b->test);
    ncl_log_record record = {.time_ns = now, .observed_time_ns = now, .severity_number = NCL_SEVERITY_NUMBER_INFO};
    record.severity_text = (ncl_str)NCL_STR("INFO");
    record.body.type = NCL_ANY_STRING;
    record.body.string = item.text;
    ncl_write_log_record(&b->writer, &record);
    write_attributes(&b->writer, NCL_LOG_ATTRIBUTES, attributes);
  }
}

/* A point of any kind with `number` as its value, sum or count. */
static void write_point(ncl_writer *writer, uint32_t type, uint64_t time_ns, uint64_t number, const char *attributes) {
  ncl_write_mark mark = ncl_write_begin(writer, NCL_DATA_POINTS, 64);
  uint32_t field = NCL_NUMBER_ATTRIBUTES;
  if (type == NCL_METRIC_DATA_HISTOGRAM) {
    ncl_histogram_point point = {.time_ns = time_ns, .count = number, .sum = (double)number, .has_sum = 1};
    field = NCL_HISTOGRAM_ATTRIBUTES;
    ncl_write_histogram_point(writer, &point);
  } else if (type == NCL_METRIC_DATA_EXP_HISTOGRAM) {
    ncl_exp_histogram_point point = {.time_ns = time_ns, .count = number, .sum = (double)number, .has_sum = 1};
    field = NCL_EXP_HISTOGRAM_ATTRIBUTES;
    ncl_write_exp_histogram_point(writer, &point);
  } else if (type == NCL_METRIC_DATA_SUMMARY) {
    ncl_summary_point point = {.time_ns = time_ns, .count = number, .sum = (double)number};
    field = NCL_SUMMARY_ATTRIBUTES;
    ncl_write_summary_point(writer, &point);
  } else {
    ncl_number_point point = {.time_ns = time_ns, .type = NCL_NUMBER_AS_INT, .as_int = (int64_t)number};
    ncl_write_number_point(writer, &point);
  }
  write_attributes(writer, field, attributes);
  ncl_write_end(writer, mark);
}

void ncl_test_points(ncl_test_build *b, uint32_t type, uint32_t count, const char *name, const char *attributes) {
  static const char *const plain = "metric";
  if (name == NULL) name = plain;
  begin_record(b, NCL_SIGNAL_METRICS);
  ncl_metric_record metric = {.name = ncl_str_of(name, strlen(name)), .unit = NCL_STR("1"), .type = type};
  if (type != NCL_METRIC_DATA_GAUGE && type != NCL_METRIC_DATA_SUMMARY) {
    metric.temporality = NCL_TEMPORALITY_CUMULATIVE;
  }
  metric.monotonic = type == NCL_METRIC_DATA_SUM;
  ncl_write_mark mark = ncl_write_metric_begin(&b->writer, &metric, (size_t)count * 64);
  for (uint32_t i = 0; i < count; i++)
    write_point(&b->writer, type, (uint64_t)ncl_test_wall_ns(b->test), ncl_test_next_number(b->test), attributes);
  ncl_write_end(&b->writer, mark);
}

/* ---- the whole --------------------------------------------------------------------------------------- */

const ncl_batch *ncl_test_batch_of(ncl_test *t, uint32_t signal, ncl_range wire, ncl_outcome *outcome) {
  const ncl_host *host = ncl_test_host(t);
  ncl_component *me = ncl_test_me(t);
  const ncl_batch *batch = NULL;
  ncl_outcome mine = NCL_OUTCOME_INIT;
  if (outcome == NULL) outcome = &mine;
  ncl_arena *arena = host->arena_open(me, wire.len);
  void *bytes = arena == NULL ? NULL : host->arena_alloc(arena, wire.len);
  if (bytes == NULL) {
    outcome->status = NCL_NO_MEMORY;
    host->arena_close(arena);
    return NULL;
  }
  if (wire.len > 0) memcpy(bytes, wire.ptr, wire.len);
  outcome->status = host->batch_from_wire(me, signal, arena, bytes, wire.len, &batch, outcome);
  if (outcome->status == NCL_OK) return batch;
  host->arena_close(arena);
  return NULL;
}

const ncl_batch *ncl_test_build_finish(ncl_test_build *b) {
  end_down_to(b, NCL_TEST_IN_REQUEST);
  if (b->writer.status != NCL_OK) ncl_test_die("no memory for a batch of the test, or it is too large");
  const ncl_batch *batch = ncl_test_batch_of(b->test, b->signal, ncl_writer_range(&b->writer), NULL);
  ncl_writer_close(&b->writer);
  free(b);
  return batch;
}

const ncl_batch *ncl_test_batch(ncl_test *t, uint32_t signal, uint32_t items, const char *resource) {
  ncl_test_build *b = ncl_test_build_open(t, signal);
  ncl_test_resource(b, resource);
  ncl_test_scope(b, "test", NULL, NULL);
  if (signal == NCL_SIGNAL_TRACES) ncl_test_spans(b, items, NULL, NULL);
  if (signal == NCL_SIGNAL_LOGS) ncl_test_logs(b, items, NULL, NULL);
  if (signal == NCL_SIGNAL_METRICS) ncl_test_points(b, NCL_METRIC_DATA_GAUGE, items, NULL, NULL);
  return ncl_test_build_finish(b);
}

void ncl_test_release(ncl_test *t, const ncl_batch *batch) {
  ncl_test_host(t)->batch_release(batch);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/file: what a record looks like, in each format. */
#include <nacelle/otlp_json.h>
#include <zstd.h>

#include "file_test.h"

#define PADDED 64

/* A batch with what is easily lost. */
static const ncl_batch *rich_batch(ncl_test *t, uint32_t signal) {
  ncl_test_build *b = ncl_test_build_open(t, signal);
  ncl_test_resource(b, "service.name=a;n:=-5");
  ncl_test_scope(b, "lib", "1.0", "on:=true");
  if (signal == NCL_SIGNAL_TRACES) ncl_test_spans(b, 3, NULL, "share:=0.25;quote=say \"hi\"\n");
  if (signal == NCL_SIGNAL_LOGS) ncl_test_logs(b, 3, NULL, "big:=9007199254740993");
  if (signal == NCL_SIGNAL_METRICS) ncl_test_points(b, NCL_METRIC_DATA_SUM, 3, "requests", "k=v");
  ncl_test_field(b, NCL_TEST_IN_SCOPE, NCL_SCOPE_SCHEMA_URL, "https://scope");
  return ncl_test_build_finish(b);
}

/* What the records of a file are compared with. */
typedef struct expected {
  ncl_test *t;
  uint32_t signal;
  uint32_t compressed;
  uint32_t json;
  const char *text;
} expected;

static void same_wire(const expected *e, ncl_range wire) {
  const ncl_batch *batch = ncl_test_batch_of(e->t, e->signal, wire, NULL);
  assert_non_null(batch);
  assert_string_equal(ncl_test_text(e->t, batch), e->text);
  ncl_test_release(e->t, batch);
}

static void same_json(const expected *e, ncl_range json) {
  char *padded = calloc(1, json.len + PADDED);
  assert_non_null(padded);
  memcpy(padded, json.ptr, json.len);
  ncl_writer writer;
  ncl_json_report report;
  ncl_range text = {(const uint8_t *)padded, json.len};
  ncl_status status = ncl_json_to_wire_heap(e->signal, text, 1u << 20, &writer, &report);
  if (status != NCL_OK) fail_msg("%s", report.message);
  same_wire(e, ncl_writer_range(&writer));
  ncl_writer_close(&writer);
  free(padded);
}

static void same_record(void *arg, ncl_range record) {
  const expected *e = arg;
  uint8_t plain[65536];
  if (e->compressed) {
    assert_true(ZSTD_getFrameContentSize(record.ptr, record.len) > 0);
    assert_int_equal(record.ptr[4] & 4, 4); /* Content_Checksum_flag of RFC 8878 */
    size_t len = ZSTD_decompress(plain, sizeof plain, record.ptr, record.len);
    assert_false(ZSTD_isError(len));
    record = (ncl_range){plain, len};
  }
  if (e->json) {
    same_json(e, record);
  } else {
    same_wire(e, record);
  }
}

static void write_two(bench *b, const char *keys, uint32_t signal, expected *e) {
  bench_begin(b);
  bench_open(b, keys);
  const ncl_batch *batch = rich_batch(b->t, signal);
  *e = (expected){.t = b->t, .signal = signal, .text = ncl_test_text(b->t, batch)};
  for (uint32_t i = 0; i < 2; i++) {
    ncl_test_host(b->t)->batch_retain(batch);
    assert_int_equal(ncl_test_consume(b->t, batch, NULL)->status, NCL_OK);
  }
  ncl_test_release(b->t, batch);
}

static void writes_protobuf_behind_its_length(void **state) {
  (void)state;
  for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
    bench b;
    expected e;
    write_two(&b, "format: proto\n", signal, &e);
    assert_int_equal(bench_records(b.path, same_record, &e), 2);
    bench_close(&b);
    bench_end(&b);
  }
}

static void writes_a_line_of_json(void **state) {
  (void)state;
  for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
    bench b;
    expected e;
    write_two(&b, "", signal, &e);
    assert_int_equal(bench_lines(b.path), 2);
    size_t len;
    char *bytes = bench_read(b.path, &len);
    for (char *line = bytes; *line != '\0';) {
      char *end = strchr(line, '\n');
      same_json(&e, (ncl_range){(const uint8_t *)line, (size_t)(end - line)});
      line = end + 1;
    }
    assert_memory_equal(bytes, "{\"resource", 10);
    free(bytes);
    bench_close(&b);
    bench_end(&b);
  }
}

static void compresses_each_record(void **state) {
  (void)state;
  for (uint32_t json = 0; json < 2; json++) {
    for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
      bench b;
      expected e;
      write_two(&b, json ? "compression: zstd\n" : "compression: zstd\nformat: proto\n", signal, &e);
      e.compressed = 1;
      e.json = json;
      assert_int_equal(bench_records(b.path, same_record, &e), 2);
      bench_close(&b);
      bench_end(&b);
    }
  }
}

static void keeps_unknown_fields_in_protobuf(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  bench_open(&b, "format: proto\n");
  ncl_test_build *build = ncl_test_build_open(b.t, NCL_SIGNAL_LOGS);
  ncl_test_logs(build, 1, NULL, NULL);
  ncl_test_field(build, NCL_TEST_IN_RECORD, 100, "in the record");
  ncl_test_field(build, NCL_TEST_IN_GROUP, 101, "in the group");
  ncl_test_field(build, NCL_TEST_IN_REQUEST, 102, "in the request");
  const ncl_batch *batch = ncl_test_build_finish(build);
  expected e = {.t = b.t, .signal = NCL_SIGNAL_LOGS, .text = ncl_test_text(b.t, batch)};
  assert_contains(e.text, "#102=in the request");
  assert_int_equal(ncl_test_consume(b.t, batch, NULL)->status, NCL_OK);
  assert_int_equal(bench_records(b.path, same_record, &e), 1);
  bench_close(&b);
  bench_end(&b);
}

/* `depth` lists within one another as the value of an attribute. */
static void write_nested(ncl_writer *writer, uint32_t depth) {
  ncl_write_mark marks[2 * 64];
  uint32_t count = 0;
  for (uint32_t i = 0; i < depth; i++) {
    marks[count++] = ncl_write_begin(writer, NCL_ANY_ARRAY, 4096);
    marks[count++] = ncl_write_begin(writer, NCL_ARRAY_VALUES, 4096);
  }
  while (count > 0)
    ncl_write_end(writer, marks[--count]);
}

/* The same with maps: three messages a level, the deepest JSON that a batch can give. */
static void write_nested_maps(ncl_writer *writer, uint32_t depth) {
  ncl_write_mark marks[3 * 64];
  uint32_t count = 0;
  for (uint32_t i = 0; i < depth; i++) {
    marks[count++] = ncl_write_begin(writer, NCL_ANY_KVLIST, 4096);
    marks[count++] = ncl_write_begin(writer, NCL_KVLIST_VALUES, 4096);
    ncl_write_str(writer, NCL_KEY_VALUE_KEY, (ncl_str)NCL_STR("k"));
    marks[count++] = ncl_write_begin(writer, NCL_KEY_VALUE_VALUE, 4096);
  }
  while (count > 0)
    ncl_write_end(writer, marks[--count]);
}

static void writes_the_deepest_values_that_are_taken(void **state) {
  (void)state;
  for (uint32_t maps = 0; maps < 2; maps++) {
    bench b;
    bench_begin(&b);
    bench_open(&b, "");
    ncl_writer w;
    ncl_writer_heap(&w, 1u << 20);
    ncl_write_mark group = ncl_write_begin(&w, NCL_REQUEST_GROUP, 8192);
    ncl_write_mark scope = ncl_write_begin(&w, NCL_GROUP_SCOPE, 8192);
    ncl_write_mark record = ncl_write_begin(&w, NCL_SCOPE_RECORD, 8192);
    ncl_write_mark body = ncl_write_begin(&w, NCL_LOG_BODY, 8192);
    if (maps) {
      write_nested_maps(&w, 63);
    } else {
      write_nested(&w, 63);
    }
    ncl_write_end(&w, body);
    ncl_write_end(&w, record);
    ncl_write_end(&w, scope);
    ncl_write_end(&w, group);
    const ncl_batch *batch = ncl_test_batch_of(b.t, NCL_SIGNAL_LOGS, ncl_writer_range(&w), NULL);
    assert_non_null(batch);
    ncl_writer_close(&w);
    expected e = {.t = b.t, .signal = NCL_SIGNAL_LOGS, .text = ncl_test_text(b.t, batch)};
    assert_int_equal(ncl_test_consume(b.t, batch, NULL)->status, NCL_OK);
    size_t len;
    char *bytes = bench_read(b.path, &len);
    same_json(&e, (ncl_range){(const uint8_t *)bytes, len - 1});
    free(bytes);
    bench_close(&b);
    bench_end(&b);
  }
}

static void keeps_the_order_of_many_batches_of_any_size(void **state) {
  (void)state;
  bench b;
  bench_begin(&b);
  bench_open(&b, "sending_queue:\n  queue_size: 1000\n");
  uint32_t items = 0;
  for (uint32_t i = 0; i < 200; i++) {
    uint32_t n = i % 20 == 0 ? 2000 : 1 + i % 7;
    assert_int_equal(bench_give(&b, NCL_SIGNAL_LOGS, n)->status, NCL_OK);
    items += n;
  }
  assert_int_equal(ncl_test_end(b.t, 10 * S), 1);
  size_t len;
  char *bytes = bench_read(b.path, &len);
  const char *at = bytes;
  for (uint32_t i = 0; i < items; i++) {
    char part[32];
    (void)snprintf(part, sizeof part, "\"item %u\"", i);
    at = strstr(at, part);
    assert_non_null(at);
  }
  free(bytes);
  assert_int_equal(ncl_test_metric(b.t, "otelcol_exporter_sent_log_records", "exporter=file"), items);
  assert_int_equal(ncl_test_metric(b.t, "otelcol_exporter_file_written_bytes", NULL), len);
  bench_close(&b);
  bench_end(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_protobuf_behind_its_length),
      cmocka_unit_test(writes_a_line_of_json),
      cmocka_unit_test(compresses_each_record),
      cmocka_unit_test(keeps_unknown_fields_in_protobuf),
      cmocka_unit_test(writes_the_deepest_values_that_are_taken),
      cmocka_unit_test(keeps_the_order_of_many_batches_of_any_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

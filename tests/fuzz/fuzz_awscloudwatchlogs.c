/* SPDX-License-Identifier: Apache-2.0 */
/* Any logs request as calls of PutLogEvents: every body is JSON within the limits of AWS, in order of time, and each
 * record is in one of them or rejected. */
#include "otlp.h"

#include <nacelle/json_doc.h>
#include <nacelle/log_events.h>

#include "plugins/exporters/awscloudwatchlogs/record.h"

#define NOW_NS INT64_C(1700000000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_raw(ncl_log_events *set, const ncl_log_record *record, uint32_t stream, uint32_t tag) {
  ncl_json_doc doc;
  ncl_str group, name, body = record->body.type == NCL_ANY_STRING ? record->body.string : ncl_str_of(NULL, 0);
  if (ncl_cwl_redirect(body, &doc, &group, &name)) {
    static const ncl_str none = NCL_STR("stream");
    (void)ncl_log_events_stream(set, group, name.len > 0 ? name : none, &stream);
  }
  ncl_json_doc_close(&doc);
  ncl_cwl_raw(ncl_log_events_begin(set, stream, ncl_cwl_time_ms(record)), &record->body);
  FUZZ_REQUIRE(ncl_log_events_end(set, 1, tag) == NCL_OK);
}

static void add_record(ncl_log_events *set, const ncl_cwl_around *around, ncl_range wire, uint32_t tag, bool is_raw) {
  static const ncl_str group = NCL_STR("/g"), name = NCL_STR("s");
  ncl_log_record record;
  uint32_t stream;
  FUZZ_REQUIRE(ncl_log_record_read(wire, &record));
  FUZZ_REQUIRE(ncl_log_events_stream(set, group, name, &stream) == NCL_OK);
  if (is_raw) {
    add_raw(set, &record, stream, tag);
    return;
  }
  ncl_cwl_record(ncl_log_events_begin(set, stream, ncl_cwl_time_ms(&record)), around, &record);
  FUZZ_REQUIRE(ncl_log_events_end(set, 1, tag) == NCL_OK);
}

static void fill(ncl_log_events *set, const ncl_batch *batch, bool is_raw) {
  ncl_cwl_around around;
  ncl_cwl_around_open(&around);
  for (uint32_t g = 0; g < batch->groups.count; g++) {
    const ncl_group *group = ncl_batch_group(batch, g);
    for (uint32_t s = group->first_scope; s < group->first_scope + group->scope_count; s++) {
      const ncl_scope *scope = ncl_batch_scope(batch, s);
      FUZZ_REQUIRE(ncl_cwl_around_set(&around, group->resource, scope->scope) == NCL_OK);
      for (uint32_t r = scope->first_record; r < scope->first_record + scope->record_count; r++) {
        const ncl_record *record = ncl_batch_record(batch, r);
        add_record(set, &around, (ncl_range){record->ptr, record->len}, r, is_raw);
      }
    }
  }
  ncl_cwl_around_close(&around);
}

/* A message as it is by itself. */
static void check_message(ncl_str message, bool is_raw) {
  ncl_json_doc doc;
  if (is_raw || (message.len > 14 && memcmp(message.ptr + message.len - 14, "[Truncated...]", 14) == 0)) return;
  ncl_status status = ncl_json_doc_open(&doc, (ncl_range){(const uint8_t *)message.ptr, message.len});
  FUZZ_REQUIRE(status == NCL_OK && ncl_json_root(&doc)->type == NCL_JSON_OBJECT);
  ncl_json_doc_close(&doc);
}

static void check_body(const ncl_log_call *call, size_t max_event, bool is_raw) {
  ncl_json_doc doc;
  ncl_writer body;
  int64_t last = 0, time_ms = 0, first = -1;
  size_t bytes = 0;
  ncl_writer_heap(&body, SIZE_MAX);
  for (uint32_t i = 0; i < call->piece_count; i++)
    ncl_write_raw(&body, call->pieces[i].ptr, call->pieces[i].len);
  FUZZ_REQUIRE(body.status == NCL_OK && ncl_json_doc_open(&doc, ncl_writer_range(&body)) == NCL_OK);
  const ncl_json_value *root = ncl_json_root(&doc), *list = ncl_json_get(&doc, root, "logEvents");
  FUZZ_REQUIRE(list->count == call->count && call->count > 0 && call->count <= NCL_LOG_CALL_EVENTS);
  FUZZ_REQUIRE(ncl_json_text(ncl_json_get(&doc, root, "logGroupName")).len > 0);
  FUZZ_REQUIRE(ncl_json_text(ncl_json_get(&doc, root, "logStreamName")).len > 0);
  for (const ncl_json_value *one = ncl_json_first(&doc, list); one != NULL; one = ncl_json_next(&doc, one)) {
    ncl_str message = ncl_json_text(ncl_json_get(&doc, one, "message"));
    FUZZ_REQUIRE(ncl_json_int(ncl_json_get(&doc, one, "timestamp"), &time_ms) && time_ms >= last);
    if (first < 0) first = time_ms;
    last = time_ms;
    FUZZ_REQUIRE(message.len > 0 && message.len + NCL_LOG_EVENT_EXTRA <= max_event);
    bytes += message.len + NCL_LOG_EVENT_EXTRA;
    check_message(message, is_raw);
  }
  FUZZ_REQUIRE(bytes <= NCL_LOG_CALL_BYTES && last - first <= NCL_LOG_CALL_SPAN_MS);
  ncl_json_doc_close(&doc);
  ncl_writer_close(&body);
}

static uint32_t check_streams(ncl_log_events *set, size_t max_event, bool is_raw) {
  uint32_t sent = 0;
  ncl_log_call call;
  uint32_t streams = 0;
  for (uint32_t i = 0; i < ncl_log_events_count(set); i++) {
    const ncl_log_event *e = ncl_log_events_at(set, i);
    if (e->len > 0 && e->stream >= streams) streams = e->stream + 1;
  }
  for (uint32_t s = 0; s < streams; s++) {
    for (uint32_t from = 0;; from = call.first + call.count) {
      FUZZ_REQUIRE(ncl_log_events_call(set, s, from, &call) == NCL_OK);
      if (call.count == 0) break;
      if (from > 0) FUZZ_REQUIRE(call.first >= from);
      sent += call.count;
      check_body(&call, max_event, is_raw);
      uint32_t first = call.first, count = call.count;
      ncl_log_call_close(&call);
      call.first = first;
      call.count = count;
    }
    ncl_log_call_close(&call);
  }
  return sent;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  bool is_raw = data[0] & 1;
  size_t max_event = data[0] & 2 ? 64 : NCL_LOG_EVENT_BYTES;
  ncl_pool *pool = ncl_pool_new();
  const ncl_batch *batch = fuzz_batch(pool, NCL_SIGNAL_LOGS, data + 1, size - 1);
  if (batch != NULL) {
    ncl_log_events *set = ncl_log_events_new(&fuzz_host, (ncl_component *)(void *)pool, NOW_NS, max_event);
    uint32_t rejected = 0;
    fill(set, batch, is_raw);
    FUZZ_REQUIRE(ncl_log_events_count(set) == batch->records.count);
    for (uint32_t i = 0; i < ncl_log_events_count(set); i++)
      rejected += ncl_log_events_at(set, i)->fate == NCL_LOG_REJECTED;
    FUZZ_REQUIRE(check_streams(set, max_event, is_raw) + rejected == batch->records.count);
    ncl_log_events_free(set);
    ncl_batch_release(batch);
  }
  ncl_pool_free(pool);
  return 0;
}

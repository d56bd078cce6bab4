/* SPDX-License-Identifier: Apache-2.0 */
/* Any trace request as segment documents: what is made is JSON within JSON, no document is over its limit, and the same
 * span makes the same documents again. */
#include "otlp.h"

#include <nacelle/json_doc.h>

#include "plugins/exporters/awsxray/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_documents(ncl_range body, uint32_t count) {
  ncl_json_doc list, doc;
  if (body.len > NCL_JSON_DOC_MAX) return;
  ncl_status status = ncl_json_doc_open(&list, body);
  FUZZ_REQUIRE(status == NCL_OK);
  FUZZ_REQUIRE(ncl_json_root(&list)->count == count);
  const ncl_json_value *one = ncl_json_first(&list, ncl_json_root(&list));
  for (; one != NULL; one = ncl_json_next(&list, one)) {
    FUZZ_REQUIRE(one->type == NCL_JSON_STRING && one->text.len <= NCL_XRAY_DOCUMENT_MAX);
    status = ncl_json_doc_open(&doc, (ncl_range){(const uint8_t *)one->text.ptr, one->text.len});
    FUZZ_REQUIRE(status == NCL_OK && ncl_json_root(&doc)->type == NCL_JSON_OBJECT);
    FUZZ_REQUIRE(ncl_json_text(ncl_json_get(&doc, ncl_json_root(&doc), "name")).len > 0);
    FUZZ_REQUIRE(ncl_json_text(ncl_json_get(&doc, ncl_json_root(&doc), "id")).len == 16);
    FUZZ_REQUIRE(ncl_json_text(ncl_json_get(&doc, ncl_json_root(&doc), "trace_id")).len == 35);
    ncl_json_doc_close(&doc);
  }
  ncl_json_doc_close(&list);
}

static uint32_t translate(ncl_xray_translator *t, const ncl_batch *batch, ncl_writer *w) {
  ncl_xray_document documents[NCL_XRAY_DOCUMENTS_MAX];
  uint32_t total = 0, count;
  ncl_str reason;
  ncl_write_raw(w, "[", 1);
  for (uint32_t g = 0; g < batch->groups.count; g++) {
    const ncl_group *group = ncl_batch_group(batch, g);
    ncl_xray_resource(t, group->resource);
    for (uint32_t s = group->first_scope; s < group->first_scope + group->scope_count; s++) {
      const ncl_scope *scope = ncl_batch_scope(batch, s);
      for (uint32_t r = scope->first_record; r < scope->first_record + scope->record_count; r++) {
        const ncl_record *record = ncl_batch_record(batch, r);
        (void)ncl_xray_span(t, (ncl_range){record->ptr, record->len}, w, documents, &count, &reason);
        total += count;
      }
    }
  }
  ncl_write_raw(w, "]", 1);
  FUZZ_REQUIRE(w->status == NCL_OK);
  return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  ncl_pool *pool = ncl_pool_new();
  const ncl_batch *batch = fuzz_batch(pool, NCL_SIGNAL_TRACES, data + 1, size - 1);
  const ncl_xray_options options = {.index_all = data[0] & 1, .compat = data[0] & 2, .span_events = data[0] & 4};
  ncl_xray_translator t;
  ncl_writer first, second;
  ncl_xray_translator_open(&t, &options);
  ncl_writer_heap(&first, (size_t)1 << 30);
  ncl_writer_heap(&second, (size_t)1 << 30);
  if (batch != NULL) {
    uint32_t count = translate(&t, batch, &first);
    check_documents(ncl_writer_range(&first), count);
    FUZZ_REQUIRE(translate(&t, batch, &second) == count);
    FUZZ_REQUIRE(first.len == second.len && memcmp(first.base, second.base, first.len) == 0);
  }
  ncl_writer_close(&first);
  ncl_writer_close(&second);
  ncl_xray_translator_close(&t);
  ncl_batch_release(batch);
  ncl_pool_free(pool);
  return 0;
}

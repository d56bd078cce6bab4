/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that services answer with: what is read lies within the document's memory, and every value is reached by
 * walking exactly once. */
#include <assert.h>
#include <nacelle/json_doc.h>
#include <string.h>

static void look_at_text(const ncl_json_doc *doc, ncl_str text) {
  if (text.len == 0) return;
  const uint8_t *at = (const uint8_t *)text.ptr;
  assert(at >= doc->memory && at + text.len <= doc->memory + doc->memory_len);
}

static uint32_t walk(const ncl_json_doc *doc, const ncl_json_value *value, uint32_t depth) {
  uint32_t seen = 1, in = 0;
  int64_t number;
  assert(depth <= NCL_JSON_DOC_DEPTH);
  look_at_text(doc, value->key);
  look_at_text(doc, value->text);
  (void)ncl_json_int(value, &number);
  (void)ncl_json_double(value, 0);
  for (const ncl_json_value *at = ncl_json_first(doc, value); at != NULL; at = ncl_json_next(doc, at)) {
    seen += walk(doc, at, depth + 1);
    in++;
  }
  if (value->type == NCL_JSON_ARRAY || value->type == NCL_JSON_OBJECT) assert(in == value->count);
  return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ncl_json_doc doc;
  ncl_status status = ncl_json_doc_open(&doc, (ncl_range){data, size});
  if (status == NCL_OK) {
    assert(walk(&doc, ncl_json_root(&doc), 0) == doc.count);
    (void)ncl_json_get(&doc, ncl_json_root(&doc), "Token");
  } else {
    assert(ncl_json_root(&doc) == NULL);
    assert(status != NCL_PERMANENT || memchr(doc.message, 0, sizeof doc.message) > (void *)doc.message);
  }
  ncl_json_doc_close(&doc);
  return 0;
}

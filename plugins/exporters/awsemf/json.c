/* SPDX-License-Identifier: Apache-2.0 */
/* json.c: labels whose text is JSON (parse_json_encoded_attr_values), as parts of the document. */
#include <nacelle/json_doc.h>

#include "document.h"
#include "hash.h"

#define DEPTH_MAX 48 /* with the document around it within 64 levels */

/* Of a name that comes twice the last one counts. */
static bool comes_again(const ncl_json_doc *doc, const ncl_json_value *member) {
  const ncl_json_value *later = ncl_json_next(doc, member);
  while (later != NULL && !ncl_emf_same(later->key, member->key))
    later = ncl_json_next(doc, later);
  return later != NULL;
}

static void put(ncl_writer *w, const ncl_json_doc *doc, const ncl_json_value *value, uint32_t depth);

static void put_list(ncl_writer *w, const ncl_json_doc *doc, const ncl_json_value *list, uint32_t depth) {
  ncl_json_literal(w, "[");
  for (const ncl_json_value *one = ncl_json_first(doc, list); one != NULL; one = ncl_json_next(doc, one)) {
    ncl_json_comma(w);
    put(w, doc, one, depth);
  }
  ncl_json_literal(w, "]");
}

static void put_object(ncl_writer *w, const ncl_json_doc *doc, const ncl_json_value *object, uint32_t depth) {
  ncl_json_open(w);
  for (const ncl_json_value *one = ncl_json_first(doc, object); one != NULL; one = ncl_json_next(doc, one)) {
    /* Of very many members the doubles stay: looking for them would take too long. */
    if (object->count <= 1024 && comes_again(doc, one)) continue;
    ncl_json_inner_name(w, (ncl_str)NCL_STR(""), one->key);
    put(w, doc, one, depth);
  }
  ncl_json_close(w);
}

static void put(ncl_writer *w, const ncl_json_doc *doc, const ncl_json_value *value, uint32_t depth) {
  switch (depth > 0 ? value->type : NCL_JSON_NULL) {
    case NCL_JSON_BOOL:
      ncl_json_put_bool(w, value->count);
      break;
    case NCL_JSON_NUMBER:
      ncl_write_raw(w, value->text.ptr, value->text.len);
      break;
    case NCL_JSON_STRING:
      ncl_json_inner_text(w, value->text);
      break;
    case NCL_JSON_ARRAY:
      put_list(w, doc, value, depth - 1);
      break;
    case NCL_JSON_OBJECT:
      put_object(w, doc, value, depth - 1);
      break;
    default:
      ncl_json_literal(w, "null");
      break;
  }
}

bool ncl_emf_put_json(ncl_writer *w, ncl_str text) {
  ncl_json_doc doc;
  bool is_json = ncl_json_doc_open(&doc, (ncl_range){(const uint8_t *)text.ptr, text.len}) == NCL_OK;
  if (is_json) put(w, &doc, ncl_json_root(&doc), DEPTH_MAX);
  ncl_json_doc_close(&doc);
  return is_json;
}

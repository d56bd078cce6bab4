/* SPDX-License-Identifier: Apache-2.0 */
/* redirect.c: documents in the embedded metric format may name the group and the stream that they are for. */
#include <string.h>

#include "record.h"

static bool has(ncl_str text, const char *word) {
  return memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

static ncl_str either(const ncl_json_doc *doc, const ncl_json_value *object, const char *name, const char *other) {
  ncl_str text = ncl_json_text(ncl_json_get(doc, object, name));
  return text.len > 0 ? text : ncl_json_text(ncl_json_get(doc, object, other));
}

bool ncl_cwl_redirect(ncl_str body, ncl_json_doc *doc, ncl_str *group, ncl_str *stream) {
  memset(doc, 0, sizeof *doc);
  *group = *stream = ncl_str_of(NULL, 0);
  if (body.len == 0 || body.len > NCL_JSON_DOC_MAX || memchr(body.ptr, '{', body.len) == NULL) return false;
  if (!has(body, "\"_aws\"") && !has(body, "\"log_group_name\"")) return false;
  if (ncl_json_doc_open(doc, (ncl_range){(const uint8_t *)body.ptr, body.len}) != NCL_OK) return false;
  const ncl_json_value *root = ncl_json_root(doc), *aws = ncl_json_get(doc, root, "_aws");
  *group = either(doc, aws, "LogGroupName", "logGroupName");
  if (group->len > 0) {
    *stream = either(doc, aws, "LogStreamName", "logStreamName");
    return true;
  }
  *group = ncl_json_text(ncl_json_get(doc, root, "log_group_name"));
  if (group->len > 0) *stream = ncl_json_text(ncl_json_get(doc, root, "log_stream_name"));
  return group->len > 0;
}

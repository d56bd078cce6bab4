/* SPDX-License-Identifier: Apache-2.0 */
/* names.c: {placeholders} filled in; the default namespace. */
#include "names.h"

#include <string.h>

ncl_str ncl_emf_fill(ncl_emf_room *room, ncl_text *text, ncl_str pattern, const ncl_repeated *lists, uint32_t count,
                     uint32_t *missing) {
  ncl_text_clear(text);
  *missing = ncl_log_name_fill(text, pattern, lists, count);
  return ncl_emf_room_copy(room, ncl_text_str(text));
}

ncl_str ncl_emf_namespace(ncl_emf_room *room, ncl_repeated attributes) {
  ncl_any name, space;
  bool has_name =
      ncl_attributes_find(attributes, (ncl_str)NCL_STR("service.name"), &name) != 0 && name.type == NCL_ANY_STRING;
  bool has_space = ncl_attributes_find(attributes, (ncl_str)NCL_STR("service.namespace"), &space) != 0 &&
                   space.type == NCL_ANY_STRING;
  if (has_name && has_space) {
    size_t len = space.string.len + 1 + name.string.len;
    char *text = ncl_emf_room_alloc(room, len);
    if (text == NULL) return ncl_str_of(NULL, 0);
    if (space.string.len > 0) memcpy(text, space.string.ptr, space.string.len);
    text[space.string.len] = '/';
    if (name.string.len > 0) memcpy(text + space.string.len + 1, name.string.ptr, name.string.len);
    return ncl_str_of(text, len);
  }
  if (has_name && name.string.len > 0) return name.string;
  if (has_space && !has_name && space.string.len > 0) return space.string;
  return (ncl_str)NCL_STR("default");
}

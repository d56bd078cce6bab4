/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of components: what they may look like. */
#include "core/config/component_id.h"

#include <stdbool.h>
#include <string.h>

static ncl_str trim(ncl_str text) {
  while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
    text.ptr++, text.len--;
  while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
    text.len--;
  return text;
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *check_type(ncl_str type) {
  size_t i;
  if (type.len == 0) return "its type is empty";
  if (type.len > NCL_COMPONENT_TYPE_MAX) return "its type is longer than 63 characters";
  if (!is_letter(type.ptr[0])) return "its type does not begin with a letter";
  for (i = 1; i < type.len; i++) {
    char c = type.ptr[i];
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '_') return "its type may hold letters, digits and \"_\" only";
  }
  return NULL;
}

static const char *check_name(ncl_str name) {
  size_t i;
  if (name.len == 0) return "its name behind the \"/\" is empty";
  if (name.len > NCL_COMPONENT_NAME_MAX) return "its name is longer than 1024 bytes";
  for (i = 0; i < name.len; i++) {
    unsigned char c = (unsigned char)name.ptr[i];
    if (c <= ' ' || c == 0x7F) return "its name holds a space or a control character";
  }
  return NULL;
}

const char *ncl_component_id_split(ncl_str id, ncl_str *type, ncl_str *name) {
  const char *slash = id.len > 0 ? memchr(id.ptr, '/', id.len) : NULL;
  const char *wrong;

  *name = ncl_str_of("", 0);
  *type = trim(slash == NULL ? id : ncl_str_of(id.ptr, (size_t)(slash - id.ptr)));
  wrong = check_type(*type);
  if (wrong != NULL || slash == NULL) return wrong;
  *name = trim(ncl_str_of(slash + 1, id.len - (size_t)(slash + 1 - id.ptr)));
  return check_name(*name);
}

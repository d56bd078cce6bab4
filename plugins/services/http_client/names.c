/* SPDX-License-Identifier: Apache-2.0 */
/* names.c: what HTTP allows as the name and the value of a header. */
#include "names.h"

#include <string.h>
#include <strings.h>

bool ncl_http_is_name(ncl_str name, const char *other) {
  return name.len == strlen(other) && strncasecmp(name.ptr, other, name.len) == 0;
}

bool ncl_http_is_token(ncl_str name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.ptr[i];
    bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!word && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) return false;
  }
  return name.len > 0;
}

bool ncl_http_is_value(ncl_str value) {
  for (size_t i = 0; i < value.len; i++) {
    unsigned char c = (unsigned char)value.ptr[i];
    if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

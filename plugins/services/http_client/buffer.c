/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.c: bytes that grow up to a limit. */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 512u

bool ncl_http_buffer_reserve(ncl_http_buffer *buffer, size_t more, size_t max) {
  if (buffer->len > max || more > max - buffer->len) return false;
  size_t need = buffer->len + more;
  if (need <= buffer->size) return true;
  size_t size = buffer->size > 0 ? buffer->size : FIRST_SIZE;
  while (size < need)
    size = size > max / 2 ? max : size * 2;
  uint8_t *ptr = realloc(buffer->ptr, size);
  if (ptr == NULL) return false;
  buffer->ptr = ptr;
  buffer->size = size;
  return true;
}

bool ncl_http_buffer_add(ncl_http_buffer *buffer, const void *bytes, size_t len, size_t max) {
  if (!ncl_http_buffer_reserve(buffer, len, max)) return false;
  if (len > 0) memcpy(buffer->ptr + buffer->len, bytes, len);
  buffer->len += len;
  return true;
}

void ncl_http_buffer_clear(ncl_http_buffer *buffer, size_t keep) {
  buffer->len = 0;
  if (buffer->size <= keep) return;
  free(buffer->ptr);
  buffer->ptr = NULL;
  buffer->size = 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.h: bytes that grow up to a limit. */
#ifndef NCL_HTTP_CLIENT_BUFFER_H
#define NCL_HTTP_CLIENT_BUFFER_H

#include <nacelle/abi.h>
#include <stdbool.h>

typedef struct ncl_http_buffer {
  uint8_t *ptr;
  size_t len;
  size_t size; /* allocated */
} ncl_http_buffer;

/* Makes room for `more` bytes behind what is there. False: no memory, or it would grow beyond `max` bytes. */
bool ncl_http_buffer_reserve(ncl_http_buffer *buffer, size_t more, size_t max);
bool ncl_http_buffer_add(ncl_http_buffer *buffer, const void *bytes, size_t len, size_t max);
/* Empty again; memory beyond `keep` bytes is given back. */
void ncl_http_buffer_clear(ncl_http_buffer *buffer, size_t keep);

#endif

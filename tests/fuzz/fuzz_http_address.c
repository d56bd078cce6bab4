/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as the address of a config, and any other as where its server leads. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sources/http/address.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The address ends at the first line break; the rest is the header Location. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char to[NCL_ADDRESS_MAX + 1], basic[1024];
  ncl_http_address from, next;
  const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
  size_t len = end == NULL ? size : (size_t)(end - data);
  ncl_str location = end == NULL ? ncl_str_of("", 0) : ncl_str_of((const char *)end + 1, size - len - 1);

  if (ncl_http_address_parse(ncl_str_of((const char *)data, len), &from) != NULL) return 0;
  if (from.place.len == 0) abort();
  (void)ncl_http_address_basic(from.user_info, basic, sizeof(basic));
  if (ncl_http_address_redirect(&from, location, to, sizeof(to)) != NULL) return 0;
  if (ncl_http_address_parse(ncl_str_of(to, strlen(to)), &next) != NULL) abort();
  if (from.is_https && !next.is_https) abort();
  return 0;
}

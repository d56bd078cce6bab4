/* SPDX-License-Identifier: Apache-2.0 */
/* address.h: the address of a config: its parts, where a redirect leads, user and password as a header. */
#ifndef NCL_SOURCE_HTTP_ADDRESS_H
#define NCL_SOURCE_HTTP_ADDRESS_H

#include <nacelle/abi.h>
#include <stdbool.h>

#define NCL_ADDRESS_MAX 2048u /* bytes of an address */

typedef struct ncl_http_address {
  bool is_https;
  ncl_str user_info; /* "user:password"; empty = none */
  ncl_str place;     /* "host:port": what messages may name */
  ncl_str path;      /* from the first "/" on, with the query, without fragment; may be empty */
} ncl_http_address;

/* Takes "http://..." or "https://..." apart; what it finds points into `url`. NULL, or what is wrong with it. */
const char *ncl_http_address_parse(ncl_str url, ncl_http_address *out);

/* Where the header `location` of an answer from `from` leads: writes at most `size` bytes with a NUL. NULL, or why it
 * is not followed. An answer that came over TLS may not lead to one without. */
const char *ncl_http_address_redirect(const ncl_http_address *from, ncl_str location, char *out, size_t size);

/* "Basic <base64>" of a percent-encoded "user:password"; false = it does not fit. */
bool ncl_http_address_basic(ncl_str user_info, char *out, size_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: what HTTP allows as the name and the value of a header. */
#ifndef NCL_HTTP_CLIENT_NAMES_H
#define NCL_HTTP_CLIENT_NAMES_H

#include <nacelle/abi.h>
#include <stdbool.h>

bool ncl_http_is_name(ncl_str name, const char *other); /* the same, whatever the case */
bool ncl_http_is_token(ncl_str name);                   /* RFC 9110, 5.6.2 */
bool ncl_http_is_value(ncl_str value);                  /* RFC 9110, 5.5: no control character but tab */

#endif

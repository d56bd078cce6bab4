/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/http/pages.h: what the files behind nacelle/http_pages.h share. */
#ifndef NACELLE_SDK_HTTP_PAGES_H
#define NACELLE_SDK_HTTP_PAGES_H

#include <nacelle/http_pages.h>
#include <stdbool.h>

/* The child of a section; NULL = there is none. */
const ncl_value *ncl_pages_child(const ncl_value *map, const char *name);
/* The header of a request, its name in lower case; {NULL, 0} = absent. */
ncl_str ncl_pages_header(const ncl_http_request *request, ncl_str name);

/* Headers of an answer that a script of another origin may read; at most NCL_PAGES_CORS_HEADERS. `exposed` is
 * exposed_headers as one value. */
#define NCL_PAGES_CORS_HEADERS 8u
uint32_t ncl_pages_cors_headers(const ncl_value *cors, ncl_str exposed, const ncl_http_request *request, ncl_pair *out);
/* Headers of the answer to OPTIONS. `age` has room for the text of max_age. */
uint32_t ncl_pages_cors_preflight(const ncl_value *cors, const ncl_http_request *request, char age[16], ncl_pair *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* cors.h: requests of pages of other origins (Fetch, 3.2): the answer to a preflight, and headers of other answers. */
#ifndef NACELLE_HTTP_SERVER_CORS_H
#define NACELLE_HTTP_SERVER_CORS_H

#include <nacelle/http_server.h>
#include <stdbool.h>

#include "blocks.h"

/* Headers that it adds to an answer, at most. */
#define NCL_CORS_HEADERS 8u

typedef struct ncl_cors {
  const ncl_value *origins; /* NULL = off */
  const ncl_value *headers;
  bool any_origin;
  bool any_header;
  ncl_str exposed; /* one value; "" = none */
  char *exposed_text;
  char age[16]; /* "" = not said */
  size_t age_len;
} ncl_cors;

/* [loop] All of it. What a section says; it must live as long as `cors`. False = no memory. */
bool ncl_cors_open(ncl_cors *cors, ncl_blocks *blocks, const ncl_value *section);
void ncl_cors_close(ncl_cors *cors, ncl_blocks *blocks);

/* A browser asks whether it may send. */
bool ncl_cors_is_preflight(const ncl_cors *cors, const ncl_http_request *request);
/* Headers of the answer (204) to a preflight, or of any other answer. Their texts live as long as request and config.
 * Returns how many. */
uint32_t ncl_cors_preflight(const ncl_cors *cors, const ncl_http_request *request, ncl_pair headers[NCL_CORS_HEADERS]);
uint32_t ncl_cors_headers(const ncl_cors *cors, const ncl_http_request *request, ncl_pair headers[NCL_CORS_HEADERS]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* routes.h: which request is answered with which parts of the page. */
#ifndef NACELLE_EXTENSION_ZPAGES_ROUTES_H
#define NACELLE_EXTENSION_ZPAGES_ROUTES_H

#include "page.h"

typedef struct ncl_zpages_route {
  ncl_str path; /* as the page calls itself */
  const char *title;
  uint32_t parts;     /* NCL_ZPAGES_* */
  uint32_t kinds;     /* of the table */
  const char *absent; /* why there is no such page; NULL = there is */
} ncl_zpages_route;

/* NULL = nothing is known of this path. */
const ncl_zpages_route *ncl_zpages_route_of(ncl_str path);

/* The seconds of ?refresh=, 1 to 3600; 0 = none, or something else. */
uint32_t ncl_zpages_refresh_of(ncl_str query);

/* Whether the name by which the page was asked for is one of this machine alone: an address, localhost. A page of a
 * stranger may lead a browser here under a name of its own (DNS rebinding), and must not read the answer. */
bool ncl_zpages_is_local_host(ncl_str authority);

#endif

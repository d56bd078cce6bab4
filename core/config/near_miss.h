/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/near_miss.h: which of the known words was meant by an unknown one. */
#ifndef NCL_CORE_CONFIG_NEAR_MISS_H
#define NCL_CORE_CONFIG_NEAR_MISS_H

#include <stddef.h>

#include <nacelle/abi.h>

typedef struct ncl_near_miss {
  ncl_str wrong;
  ncl_str best;    /* empty: nothing is near enough */
  size_t distance; /* of best; the limit while there is none */
} ncl_near_miss;

/* Words up to 64 bytes are compared; a longer one is near to nothing. */
void ncl_near_miss_init(ncl_near_miss *near, ncl_str wrong);
/* Offers a known word; it is borrowed. The nearest wins, the first of equals. */
void ncl_near_miss_offer(ncl_near_miss *near, ncl_str known);

#endif

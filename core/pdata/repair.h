/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/repair.h: writes a message anew in which strings are not UTF-8. */
#ifndef NACELLE_CORE_PDATA_REPAIR_H
#define NACELLE_CORE_PDATA_REPAIR_H

#include "core/pdata/arena.h"
#include "core/pdata/schema.h"

/*
 * [loop] Writes the valid message `body` (ncl_walk_message) again into `arena`, behind a canonical field header with
 * `tag`: strings that are not UTF-8 get U+FFFD (utf8.h) and the messages around them their new length; everything else
 * stays byte for byte. *body becomes the new one; *strings grows by the strings that were repaired. `message` NULL:
 * the body itself is a string. NCL_NO_MEMORY, NCL_PERMANENT (it would grow beyond 4 GiB), or NCL_OK.
 */
ncl_status ncl_repair(ncl_arena *arena, const ncl_message *message, uint8_t tag, ncl_range *body, uint64_t *strings);

#endif

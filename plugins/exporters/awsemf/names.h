/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: namespaces, and names with {placeholders} (nacelle/log_names.h) filled in. */
#ifndef NCL_EMF_NAMES_H
#define NCL_EMF_NAMES_H

#include <nacelle/log_names.h>
#include <nacelle/otlp_read.h>

#include "room.h"

/* Bytes of a name; what is longer is cut. */
#define NCL_EMF_NAME_MAX 4096u

/* The name; `text` is used meanwhile. Each placeholder is looked for in the lists of attributes, one after the other;
 * what is in none of them is "undefined", and its bit is set in *missing. ptr == NULL = no memory. */
ncl_str ncl_emf_fill(ncl_emf_room *room, ncl_text *text, ncl_str pattern, const ncl_repeated *lists, uint32_t count,
                     uint32_t *missing);

/* Of a resource: its service's namespace and name, as far as they are texts; "default" where it has none. ptr == NULL =
 * no memory. */
ncl_str ncl_emf_namespace(ncl_emf_room *room, ncl_repeated attributes);

#endif

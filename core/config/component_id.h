/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/component_id.h: ids of components, "type" or "type/name". */
#ifndef NCL_CORE_CONFIG_COMPONENT_ID_H
#define NCL_CORE_CONFIG_COMPONENT_ID_H

#include <nacelle/abi.h>

#define NCL_COMPONENT_TYPE_MAX 63u   /* bytes */
#define NCL_COMPONENT_NAME_MAX 1024u /* bytes */

/* Splits an id: type [a-zA-Z][0-9a-zA-Z_]{0,62}, name anything visible. Spaces around both are dropped. Answers NULL,
 * or what is wrong with it ("the type is empty"); *type and *name (empty = none) are slices of `id`. */
const char *ncl_component_id_split(ncl_str id, ncl_str *type, ncl_str *name);

#endif

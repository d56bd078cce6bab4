/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/old_keys.h: keys and types that older collectors had and this one has no more: where they went. */
#ifndef NCL_CORE_CONFIG_OLD_KEYS_H
#define NCL_CORE_CONFIG_OLD_KEYS_H

#include <nacelle/abi.h>

/* What to write instead of an unknown key, "" = it is none that is known from older configs. `path` is the key path of
 * the section that it stands in ("exporters.otlp"). */
const char *ncl_old_key_hint(ncl_str path, ncl_str key);

/* The same for a component type that is not installed; `kind` is NCL_KIND_*. */
const char *ncl_old_type_hint(uint32_t kind, ncl_str type);

#endif

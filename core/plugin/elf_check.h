/* SPDX-License-Identifier: Apache-2.0 */
/* core/plugin/elf_check.h: looks at a plugin file before the dynamic linker does, which crashes on what is cut short.
 */
#ifndef NACELLE_CORE_PLUGIN_ELF_CHECK_H
#define NACELLE_CORE_PLUGIN_ELF_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* True when `path` is a whole shared object for this machine. Otherwise writes what was found and what was needed into
 * `why` (NUL-terminated, cut at `size` bytes). */
bool ncl_elf_check(const char *path, char *why, size_t size);

#endif

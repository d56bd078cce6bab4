/* SPDX-License-Identifier: Apache-2.0 */
/* elf.h: what a program or library needs, read from its file: nothing of it runs, so it may be of another machine. */
#ifndef NACELLE_DIST_ELF_H
#define NACELLE_DIST_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "programs/dist/problem.h"

#define NCL_ELF_FILE_MAX ((size_t)256 << 20) /* bytes */

typedef struct ncl_elf {
  uint8_t *bytes; /* the file, mapped */
  size_t size;
  uint16_t machine; /* EM_X86_64, EM_AARCH64 */
} ncl_elf;

/* Only 64-bit little-endian files of x86-64 and arm64. */
bool ncl_elf_open(ncl_elf *elf, const char *path, ncl_problem *problem);
void ncl_elf_close(ncl_elf *elf);

/* False: stop. */
typedef bool (*ncl_elf_each)(void *arg, const char *text);

/* Each DT_NEEDED. False: `each` said so, or the file is malformed (*problem). */
bool ncl_elf_needed(const ncl_elf *elf, ncl_elf_each each, void *arg, ncl_problem *problem);
/* The interpreter of a program; NULL = it has none. */
const char *ncl_elf_interpreter(const ncl_elf *elf);
/* Each text of printable characters, 4 to 255 of them, that ends with a NUL in a segment that is neither written to nor
 * executed: among them the names that it passes to dlopen. */
bool ncl_elf_texts(const ncl_elf *elf, ncl_elf_each each, void *arg);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/program.h: commands that are programs of their own: `nacelle X` runs nacelle-X. */
#ifndef NACELLE_CORE_CLI_PROGRAM_H
#define NACELLE_CORE_CLI_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* They lie beside this program, or in lib/nacelle/bin beside its bin, so that what only some need is not in the image
 * of all. */
#define NCL_PROGRAMS_MAX 32u
#define NCL_PROGRAM_NAME_MAX 48u

typedef struct ncl_programs {
  size_t count;
  char names[NCL_PROGRAMS_MAX][NCL_PROGRAM_NAME_MAX]; /* without "nacelle-", sorted */
} ncl_programs;

/* The file of this program, behind all links, whatever it was called by; also where no /proc is mounted, as in a
 * chroot. False: it cannot be found. `path` has PATH_MAX bytes. */
bool ncl_program_path(char *path);

/* What is installed. */
void ncl_programs_find(ncl_programs *programs);
/* One line about a program of this distribution; of another one, how to ask it. */
const char *ncl_program_summary(const char *name);

/* Becomes nacelle-<name>, with `argv` behind its name. Returns only when that failed: false when there is no such
 * program, true when it could not be run, which was said on stderr. */
bool ncl_program_exec(const char *name, char **argv);

#endif

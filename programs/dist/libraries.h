/* SPDX-License-Identifier: Apache-2.0 */
/* libraries.h: the shared libraries that programs and plugins need: those they are linked with, and those that they
 * open by name. */
#ifndef NACELLE_DIST_LIBRARIES_H
#define NACELLE_DIST_LIBRARIES_H

#include <stddef.h>
#include <stdint.h>

#include "programs/dist/elf.h"
#include "programs/dist/manifest.h"

#define NCL_LIBRARIES_MAX 512u

typedef struct ncl_library_file {
  char *name;      /* "libssl.so.3" */
  char *path;      /* of the file itself, behind all links */
  char *installed; /* the same, but of one of `others` the one whose place it took; NULL = there is none */
} ncl_library_file;

typedef struct ncl_libraries {
  const char *root; /* "" or the root of another system */
  const char *base; /* folder of the files of `others` */
  const ncl_manifest_library *others;
  size_t other_count;
  char *const *omit; /* names of libraries that are not added where they are opened by name */
  size_t omit_count;
  uint16_t machine;  /* of the first file; all others must be of the same. 0 = none yet */
  char *interpreter; /* "/lib64/ld-linux-x86-64.so.2"; NULL until a program was added */
  ncl_library_file files[NCL_LIBRARIES_MAX];
  size_t count;
} ncl_libraries;

/* Adds what a file of ours needs, and what that needs. */
bool ncl_libraries_add(ncl_libraries *libraries, const char *path, ncl_problem *problem);
/* "x86_64-linux-gnu" */
const char *ncl_libraries_triplet(const ncl_libraries *libraries);
void ncl_libraries_free(ncl_libraries *libraries);

#endif

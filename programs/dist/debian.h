/* SPDX-License-Identifier: Apache-2.0 */
/* debian.h: which package a file of the machine is of, and what Debian says of that package. */
#ifndef NACELLE_DIST_DEBIAN_H
#define NACELLE_DIST_DEBIAN_H

#include <stddef.h>

#include "programs/dist/problem.h"

#define NCL_DEBIAN_PACKAGES_MAX 256u
#define NCL_DEBIAN_NAME 128u

typedef struct ncl_debian_package {
  char name[NCL_DEBIAN_NAME]; /* "libc6:amd64", as its list is named */
  char version[NCL_DEBIAN_NAME];
  char source[NCL_DEBIAN_NAME];
  char *status;    /* its paragraph of dpkg's status file, with an empty line behind it */
  char *copyright; /* path of the file, or NULL */
} ncl_debian_package;

typedef struct ncl_debian {
  const char *root; /* "" or the root of another system */
  ncl_debian_package packages[NCL_DEBIAN_PACKAGES_MAX];
  size_t count;
} ncl_debian;

/* Notes the package that `path` belongs to. *package is NULL where dpkg does not know the file. False: more packages
 * than there is room for, or their lists cannot be read. */
bool ncl_debian_note(ncl_debian *debian, const char *path, const ncl_debian_package **package, ncl_problem *problem);
void ncl_debian_free(ncl_debian *debian);

#endif

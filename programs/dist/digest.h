/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h: SHA-256 of files and bytes, in lower-case hex. */
#ifndef NACELLE_DIST_DIGEST_H
#define NACELLE_DIST_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "programs/dist/problem.h"

#define NCL_DIGEST_HEX 65u /* with its NUL */

bool ncl_digest_bytes(const void *bytes, size_t len, char hex[NCL_DIGEST_HEX], ncl_problem *problem);
/* *size: bytes of the file; may be NULL. */
bool ncl_digest_file(const char *path, char hex[NCL_DIGEST_HEX], uint64_t *size, ncl_problem *problem);

#endif

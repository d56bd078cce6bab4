/* SPDX-License-Identifier: Apache-2.0 */
/* file.h: small local files that may hold secrets: tokens, shared credentials. */
#ifndef NCL_AWS_FILE_H
#define NCL_AWS_FILE_H

#include <nacelle/abi.h>

#define NCL_AWS_FILE_MAX ((size_t)1 << 20)

typedef struct ncl_aws_file {
  char *text; /* ends with NUL */
  size_t len;
} ncl_aws_file;

/* NCL_OK; NCL_UNSUPPORTED: there is no such file; NCL_PERMANENT: it cannot be read, is not a regular file or has more
 * than 1 MiB, with static or errno's words in *why; NCL_NO_MEMORY. Closed by the caller after NCL_OK only. */
ncl_status ncl_aws_file_read(ncl_str path, ncl_aws_file *file, const char **why);
/* Wipes and frees. */
void ncl_aws_file_close(ncl_aws_file *file);

#endif

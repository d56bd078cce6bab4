/* SPDX-License-Identifier: Apache-2.0 */
/* output.h: writes a tree as a folder, as a .tar.gz, and as an OCI image layout. The same tree gives the same bytes. */
#ifndef NACELLE_DIST_OUTPUT_H
#define NACELLE_DIST_OUTPUT_H

#include <stdint.h>

#include "programs/dist/contents.h"
#include "programs/dist/tree.h"

/* Each writes to a new path; what stands there already is an error. Times of files are `created_s` (Unix seconds). */
bool ncl_output_folder(const ncl_tree *tree, const char *path, int64_t created_s, ncl_problem *problem);
/* `prefix`: folder in the archive, with a slash at its end, or "". *plain: digest of the tar before gzip; may be NULL.
 */
bool ncl_output_archive(const ncl_tree *tree, const char *path, const char *prefix, int64_t created_s, char *plain,
                        ncl_problem *problem);
bool ncl_output_image(const ncl_contents *contents, const ncl_tree *tree, const char *path, int64_t created_s,
                      ncl_problem *problem);
/* Writes a small file. */
bool ncl_output_text(const char *path, const void *text, size_t len, ncl_problem *problem);

#endif

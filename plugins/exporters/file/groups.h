/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/groups.h: which file each resource of a batch belongs to (group_by), and the paths that come of it. */
#ifndef NACELLE_FILE_GROUPS_H
#define NACELLE_FILE_GROUPS_H

#include <nacelle/nacelle.h>

#include "rotate.h"

/* What became of a resource. */
enum {
  NCL_FILE_TO_DO,
  NCL_FILE_NOW, /* in the part that is being written */
  NCL_FILE_WRITTEN,
  NCL_FILE_LATER,    /* could not be written now */
  NCL_FILE_HOPELESS, /* its file cannot be written at all */
  NCL_FILE_NAMELESS  /* it does not say where it belongs */
};

typedef struct ncl_file_resource {
  ncl_str segment;
  uint64_t items;
  uint32_t state;
} ncl_file_resource;

/* A batch on its way into several files. Zeroed = none. All [loop]. */
typedef struct ncl_file_groups {
  const ncl_batch *batch; /* a reference of its own */
  ncl_file_resource *resources;
  uint32_t count;
} ncl_file_groups;

/* Begins with a batch. NCL_OK, NCL_NO_MEMORY. */
ncl_status ncl_file_groups_begin(ncl_file_groups *groups, const ncl_host *host, const ncl_batch *batch,
                                 ncl_str attribute);
/* The next part, all resources with one segment, which are NCL_FILE_NOW then: NCL_OK with *part, a reference of the
 * caller's, and *segment; *part == NULL: there is none. NCL_NO_MEMORY. */
ncl_status ncl_file_groups_next(ncl_file_groups *groups, const ncl_host *host, ncl_component *me,
                                const ncl_batch **part, ncl_str *segment);
/* What became of the part. */
void ncl_file_groups_settle(ncl_file_groups *groups, uint32_t state);
/* Items of resources in a state. */
uint64_t ncl_file_groups_items(const ncl_file_groups *groups, uint32_t state);
/* A batch of the resources in a state; NULL = no memory, or there are none. */
const ncl_batch *ncl_file_groups_batch(const ncl_file_groups *groups, const ncl_host *host, ncl_component *me,
                                       uint32_t state);
void ncl_file_groups_end(ncl_file_groups *groups, const ncl_host *host);

/* The path of a segment: `pattern` with the segment in place of its one "*", without "." and "..". A segment that would
 * lead out of what stands before the "*" stays below it. 0 = it is too long or no path at all. */
uint32_t ncl_file_path_of(ncl_str pattern, ncl_str segment, char path[NCL_FILE_PATH_MAX]);

#endif

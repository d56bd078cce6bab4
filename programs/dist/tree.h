/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h: what a distribution holds, before any of it is written: paths with where their bytes come from. */
#ifndef NACELLE_DIST_TREE_H
#define NACELLE_DIST_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "programs/dist/problem.h"

#define NCL_TREE_ENTRIES_MAX 20000u

typedef enum ncl_entry_kind { NCL_ENTRY_DIRECTORY, NCL_ENTRY_FILE, NCL_ENTRY_TEXT, NCL_ENTRY_LINK } ncl_entry_kind;

typedef struct ncl_entry {
  char *path; /* in the tree, without a slash at either end */
  char *from; /* FILE: the file to copy; TEXT: its bytes; LINK: where it points to */
  size_t len; /* TEXT: bytes */
  uint32_t mode;
  ncl_entry_kind kind;
} ncl_entry;

/* Sorted by path once it is whole, so that what is written of it is the same each time. */
typedef struct ncl_tree {
  ncl_entry *entries;
  size_t count, capacity;
} ncl_tree;

void ncl_tree_free(ncl_tree *tree);
/* Each adds the directories above it. What stands at a path already stays: false if it is something else. */
bool ncl_tree_directory(ncl_tree *tree, const char *path, uint32_t mode, ncl_problem *problem);
bool ncl_tree_file(ncl_tree *tree, const char *path, const char *from, uint32_t mode, ncl_problem *problem);
bool ncl_tree_text(ncl_tree *tree, const char *path, const char *text, size_t len, uint32_t mode, ncl_problem *problem);
bool ncl_tree_link(ncl_tree *tree, const char *path, const char *target, ncl_problem *problem);
const ncl_entry *ncl_tree_find(const ncl_tree *tree, const char *path);
void ncl_tree_sort(ncl_tree *tree);

#endif

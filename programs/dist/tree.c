/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c: the entries of a distribution. */
#include "programs/dist/tree.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64u
#define PATH_MAX_LEN 1024u

static void free_entry(ncl_entry *entry) {
  free(entry->path);
  free(entry->from);
}

void ncl_tree_free(ncl_tree *tree) {
  for (size_t i = 0; i < tree->count; i++)
    free_entry(&tree->entries[i]);
  free(tree->entries);
  memset(tree, 0, sizeof *tree);
}

const ncl_entry *ncl_tree_find(const ncl_tree *tree, const char *path) {
  for (size_t i = 0; i < tree->count; i++) {
    if (strcmp(tree->entries[i].path, path) == 0) return &tree->entries[i];
  }
  return NULL;
}

static bool make_room(ncl_tree *tree) {
  if (tree->count < tree->capacity) return true;
  if (tree->count >= NCL_TREE_ENTRIES_MAX) return false;
  size_t capacity = tree->capacity > 0 ? tree->capacity * 2 : FIRST_CAPACITY;
  ncl_entry *grown = realloc(tree->entries, capacity * sizeof *grown);
  if (grown == NULL) return false;
  tree->entries = grown;
  tree->capacity = capacity;
  return true;
}

static bool is_clean(const char *path) {
  size_t len = strlen(path);
  return len > 0 && len < PATH_MAX_LEN && path[0] != '/' && path[len - 1] != '/' && strstr(path, "//") == NULL &&
         strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 && strstr(path, "/../") == NULL &&
         (len < 3 || strcmp(path + len - 3, "/..") != 0);
}

static bool add_parents(ncl_tree *tree, const char *path, ncl_problem *problem) {
  char parent[PATH_MAX_LEN];
  const char *slash = strrchr(path, '/');
  if (slash == NULL) return true;
  memcpy(parent, path, (size_t)(slash - path));
  parent[slash - path] = '\0';
  return ncl_tree_directory(tree, parent, 0755, problem);
}

static bool is_same(const ncl_entry *entry, ncl_entry_kind kind, const char *from, size_t len) {
  if (entry->kind != kind) return false;
  if (kind == NCL_ENTRY_DIRECTORY) return true;
  if (kind == NCL_ENTRY_TEXT) return entry->len == len && memcmp(entry->from, from, len) == 0;
  return strcmp(entry->from, from) == 0;
}

static bool add(ncl_tree *tree, ncl_entry_kind kind, const char *path, const char *from, size_t len, uint32_t mode,
                ncl_problem *problem) {
  if (!is_clean(path)) return ncl_problem_set(problem, "\"%s\" is no path within a distribution", path);
  const ncl_entry *there = ncl_tree_find(tree, path);
  if (there != NULL) {
    return is_same(there, kind, from, len) || ncl_problem_set(problem, "two different things would be at /%s", path);
  }
  if (!add_parents(tree, path, problem)) return false;
  ncl_entry entry = {.path = strdup(path), .from = malloc(len + 1), .len = len, .mode = mode, .kind = kind};
  if (entry.path == NULL || entry.from == NULL || !make_room(tree)) {
    free_entry(&entry);
    return ncl_problem_set(problem, "no memory for /%s, or more than %u files", path, NCL_TREE_ENTRIES_MAX);
  }
  if (len > 0) memcpy(entry.from, from, len);
  entry.from[len] = '\0';
  tree->entries[tree->count++] = entry;
  return true;
}

bool ncl_tree_directory(ncl_tree *tree, const char *path, uint32_t mode, ncl_problem *problem) {
  return add(tree, NCL_ENTRY_DIRECTORY, path, "", 0, mode, problem);
}

bool ncl_tree_file(ncl_tree *tree, const char *path, const char *from, uint32_t mode, ncl_problem *problem) {
  return add(tree, NCL_ENTRY_FILE, path, from, strlen(from), mode, problem);
}

bool ncl_tree_text(ncl_tree *tree, const char *path, const char *text, size_t len, uint32_t mode,
                   ncl_problem *problem) {
  return add(tree, NCL_ENTRY_TEXT, path, text, len, mode, problem);
}

bool ncl_tree_link(ncl_tree *tree, const char *path, const char *target, ncl_problem *problem) {
  return add(tree, NCL_ENTRY_LINK, path, target, strlen(target), 0777, problem);
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const ncl_entry *)a)->path, ((const ncl_entry *)b)->path);
}

void ncl_tree_sort(ncl_tree *tree) {
  if (tree->count > 0) qsort(tree->entries, tree->count, sizeof *tree->entries, by_path);
}

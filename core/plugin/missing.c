/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the names of the files that are installed; no plugin is loaded for it. */
#include "core/plugin/missing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/near_miss.h"
#include "core/config/old_keys.h"

#define NAMES_MAX 64u
#define NAME_MAX_LEN 64u

typedef struct names {
  ncl_str wanted;
  bool has_wanted;
  uint32_t count;
  char at[NAMES_MAX][NAME_MAX_LEN];
} names;

static void add_name(void *arg, ncl_str type) {
  names *list = arg;
  list->has_wanted |= type.len == list->wanted.len && memcmp(type.ptr, list->wanted.ptr, type.len) == 0;
  if (list->count == NAMES_MAX || type.len >= NAME_MAX_LEN) return;
  memcpy(list->at[list->count], type.ptr, type.len);
  list->at[list->count++][type.len] = '\0';
}

static int compare(const void *left, const void *right) {
  return strcmp(left, right);
}

/* True when another room has it. */
static bool hint_kind(const ncl_registry *registry, uint32_t kind, ncl_str type, char *hint, size_t size) {
  for (uint32_t other = NCL_KIND_RECEIVER; other <= NCL_KIND_EXTENSION; other++) {
    names list = {.wanted = type};
    if (other == kind) continue;
    ncl_registry_list(registry, other, add_name, &list);
    if (!list.has_wanted) continue;
    (void)snprintf(hint, size, "\"%.*s\" is %s %s: define it under \"%s\"", (int)type.len, type.ptr,
                   other == NCL_KIND_EXPORTER || other == NCL_KIND_EXTENSION ? "an" : "a", ncl_kind_name(other),
                   ncl_kind_room(other));
    return true;
  }
  return false;
}

static bool hint_near(const names *list, ncl_str type, char *hint, size_t size) {
  ncl_near_miss near;
  ncl_near_miss_init(&near, type);
  for (uint32_t i = 0; i < list->count; i++)
    ncl_near_miss_offer(&near, ncl_str_of(list->at[i], strlen(list->at[i])));
  if (near.best.len == 0) return false;
  (void)snprintf(hint, size, "did you mean \"%.*s\"?", (int)near.best.len, near.best.ptr);
  return true;
}

void ncl_missing_hint(const ncl_registry *registry, uint32_t kind, ncl_str type, char *hint, size_t size) {
  names list = {.wanted = type};
  hint[0] = '\0';
  if (ncl_kind_room(kind) == NULL || type.len == 0 || type.len >= NAME_MAX_LEN) return;
  (void)snprintf(hint, size, "%s", ncl_old_type_hint(kind, type));
  ncl_registry_list(registry, kind, add_name, &list);
  /* A file of that name is there: something else is wrong with it. */
  if (hint[0] != '\0' || list.has_wanted) return;
  qsort(list.at, list.count, sizeof list.at[0], compare);
  if (hint_near(&list, type, hint, size) || hint_kind(registry, kind, type, hint, size)) return;
  int used = snprintf(hint, size, list.count == 0 ? "no %ss are installed" : "the %ss that are installed are ",
                      ncl_kind_name(kind));
  for (uint32_t i = 0; i < list.count && used > 0 && (size_t)used < size; i++) {
    if (i > 0 && strcmp(list.at[i], list.at[i - 1]) == 0) continue; /* in two directories */
    used += snprintf(hint + used, size - (size_t)used, "%s%s", i == 0 ? "" : ", ", list.at[i]);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* exporters/file/groups.c: resources by the value of an attribute; paths as the Go collector makes them of it. */
#include "groups.h"

#include <nacelle/otlp_edit.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ---- resources --------------------------------------------------------------------------------------- */

static bool find_segment(ncl_range resource, ncl_str attribute, ncl_str *segment) {
  ncl_resource read;
  ncl_any value;
  if (!ncl_resource_read(resource, &read) || !ncl_attributes_find(read.attributes, attribute, &value)) return false;
  if (value.type != NCL_ANY_STRING) return false;
  *segment = value.string;
  return segment->len == 0 || memchr(segment->ptr, '\0', segment->len) == NULL;
}

static uint64_t items_of(const ncl_batch *batch, const ncl_group *group) {
  uint64_t items = 0;
  for (uint32_t s = 0; s < group->scope_count; s++) {
    const ncl_scope *scope = ncl_batch_scope(batch, group->first_scope + s);
    for (uint32_t r = 0; r < scope->record_count; r++)
      items += ncl_batch_record(batch, scope->first_record + r)->items;
  }
  return items;
}

ncl_status ncl_file_groups_begin(ncl_file_groups *groups, const ncl_host *host, const ncl_batch *batch,
                                 ncl_str attribute) {
  groups->resources = calloc((size_t)batch->groups.count + 1, sizeof *groups->resources);
  if (groups->resources == NULL) return NCL_NO_MEMORY;
  groups->count = batch->groups.count;
  groups->batch = batch;
  host->batch_retain(batch);
  for (uint32_t i = 0; i < groups->count; i++) {
    const ncl_group *group = ncl_batch_group(batch, i);
    ncl_file_resource *resource = &groups->resources[i];
    resource->items = items_of(batch, group);
    bool found = find_segment(group->resource, attribute, &resource->segment);
    resource->state = found ? NCL_FILE_TO_DO : NCL_FILE_NAMELESS;
  }
  return NCL_OK;
}

/* Keeps resources in one state; it is asked of one after the other. */
typedef struct choice {
  const ncl_file_groups *groups;
  uint32_t state;
  uint32_t at;
} choice;

static uint32_t choose(void *arg, const ncl_edit_at *at, ncl_change *change) {
  choice *c = arg;
  (void)at;
  (void)change;
  uint32_t i = c->at++;
  return i < c->groups->count && c->groups->resources[i].state == c->state ? NCL_EDIT_KEEP : NCL_EDIT_DROP;
}

const ncl_batch *ncl_file_groups_batch(const ncl_file_groups *groups, const ncl_host *host, ncl_component *me,
                                       uint32_t state) {
  uint32_t chosen = 0;
  for (uint32_t i = 0; i < groups->count; i++)
    chosen += groups->resources[i].state == state;
  if (chosen == 0) return NULL;
  if (chosen == groups->count) {
    host->batch_retain(groups->batch);
    return groups->batch;
  }
  choice c = {groups, state, 0};
  const ncl_edit edit = {.arg = &c, .resource = choose};
  const ncl_batch *made = NULL;
  return ncl_batch_edit(host, me, groups->batch, &edit, &made, NULL) == NCL_OK ? made : NULL;
}

ncl_status ncl_file_groups_next(ncl_file_groups *groups, const ncl_host *host, ncl_component *me,
                                const ncl_batch **part, ncl_str *segment) {
  uint32_t first = 0;
  *part = NULL;
  while (first < groups->count && groups->resources[first].state != NCL_FILE_TO_DO)
    first++;
  if (first == groups->count) return NCL_OK;
  *segment = groups->resources[first].segment;
  for (uint32_t i = first; i < groups->count; i++) {
    ncl_file_resource *resource = &groups->resources[i];
    if (resource->state == NCL_FILE_TO_DO && same(resource->segment, *segment)) resource->state = NCL_FILE_NOW;
  }
  *part = ncl_file_groups_batch(groups, host, me, NCL_FILE_NOW);
  return *part != NULL ? NCL_OK : NCL_NO_MEMORY;
}

void ncl_file_groups_settle(ncl_file_groups *groups, uint32_t state) {
  for (uint32_t i = 0; i < groups->count; i++) {
    if (groups->resources[i].state == NCL_FILE_NOW) groups->resources[i].state = state;
  }
}

uint64_t ncl_file_groups_items(const ncl_file_groups *groups, uint32_t state) {
  uint64_t items = 0;
  for (uint32_t i = 0; i < groups->count; i++) {
    if (groups->resources[i].state == state) items += groups->resources[i].items;
  }
  return items;
}

void ncl_file_groups_end(ncl_file_groups *groups, const ncl_host *host) {
  host->batch_release(groups->batch);
  free(groups->resources);
  *groups = (ncl_file_groups){0};
}

/* ---- paths ------------------------------------------------------------------------------------------- */

/* "a//b/./c/../d" becomes "a/b/d" in place. Of an absolute path nothing leads above "/". */
static void clean(char *path) {
  bool absolute = path[0] == '/';
  char *out = path + (absolute ? 1 : 0), *start = out;
  const char *at = path;
  while (*at != '\0') {
    const char *end = at;
    while (*end != '\0' && *end != '/')
      end++;
    size_t len = (size_t)(end - at);
    bool up = len == 2 && at[0] == '.' && at[1] == '.';
    bool has_above =
        out > start && !(out - start >= 2 && out[-1] == '.' && out[-2] == '.' && (out - start == 2 || out[-3] == '/'));
    if (len == 0 || (len == 1 && at[0] == '.')) {
      /* nothing */
    } else if (up && has_above) {
      while (out > start && out[-1] != '/')
        out--;
      if (out > start) out--;
    } else if (!up || !absolute) {
      if (out > start) *out++ = '/';
      memmove(out, at, len);
      out += len;
    }
    at = *end == '/' ? end + 1 : end;
  }
  *out = '\0';
  if (out == path) memcpy(path, ".", 2);
}

/* Three texts one behind the other, made clean. False = they are too long. */
static bool join(const char *before, ncl_str middle, ncl_str after, char path[NCL_FILE_PATH_MAX]) {
  int n = snprintf(path, NCL_FILE_PATH_MAX, "%s%.*s%.*s", before, (int)middle.len, middle.len > 0 ? middle.ptr : "",
                   (int)after.len, after.len > 0 ? after.ptr : "");
  if (n < 0 || (size_t)n >= NCL_FILE_PATH_MAX) return false;
  clean(path);
  return true;
}

uint32_t ncl_file_path_of(ncl_str pattern, ncl_str segment, char path[NCL_FILE_PATH_MAX]) {
  const char *star = pattern.len > 0 ? memchr(pattern.ptr, '*', pattern.len) : NULL;
  const ncl_str none = {NULL, 0};
  char prefix[NCL_FILE_PATH_MAX], below[NCL_FILE_PATH_MAX];
  if (star == NULL || star == pattern.ptr) return 0;
  ncl_str before = {pattern.ptr, (size_t)(star - pattern.ptr)};
  ncl_str after = {star + 1, pattern.len - before.len - 1};
  if (!join("", before, none, prefix)) return 0;
  size_t len = strlen(prefix);
  if (star[-1] == '/' && prefix[len - 1] != '/' && len + 1 < sizeof prefix) memcpy(prefix + len++, "/", 2);
  /* "./x" and "../x" behind "/logs/" are "/x": what is asked for is a name below, not beside. */
  if (segment.len >= 2 && memcmp(segment.ptr, "./", 2) == 0) {
    segment = ncl_str_of(segment.ptr + 1, segment.len - 1);
  } else if (segment.len >= 3 && memcmp(segment.ptr, "../", 3) == 0) {
    segment = ncl_str_of(segment.ptr + 2, segment.len - 2);
  }
  if (!join(prefix, segment, after, path)) return 0;
  if (strncmp(path, prefix, len) == 0) return 1;
  if (!join("/", segment, after, below)) return 0;
  return join(prefix, ncl_str_of(below, strlen(below)), none, path);
}

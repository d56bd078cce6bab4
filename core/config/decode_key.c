/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that no table knows: where they belong, or which key was meant. */
#include <stdio.h>
#include <string.h>

#include "core/config/decoder.h"
#include "core/config/near_miss.h"
#include "core/config/old_keys.h"

#define SEARCH_DEPTH 4u
#define LISTED_MAX 12u /* keys that are listed where nothing is near */

static bool table_has(const ncl_array *table, ncl_str key) {
  uint32_t i;
  for (i = 0; i < table->count; i++) {
    ncl_field field = ncl_field_read(table, i);
    if (ncl_str_eq(field.name, key)) return true;
  }
  return false;
}

/* Finds `key` in a section below the table, and adds the way there to `path`. */
static bool find_below(const ncl_array *table, ncl_str key, uint32_t depth, ncl_path *path) {
  uint32_t i;
  for (i = 0; i < table->count && depth > 0; i++) {
    ncl_field field = ncl_field_read(table, i);
    size_t outer;
    if (field.type != NCL_TYPE_SECTION) continue;
    outer = ncl_path_key(path, field.name);
    if (table_has(&field.fields, key) || find_below(&field.fields, key, depth - 1, path)) return true;
    ncl_path_cut(path, outer);
  }
  return false;
}

static bool hint_below(const ncl_scope *scope, ncl_str key, char *hint, size_t size) {
  size_t i;
  for (i = 0; i < scope->table_count; i++) {
    ncl_path path = {{0}, 0};
    if (!find_below(&scope->tables[i], key, SEARCH_DEPTH, &path)) continue;
    (void)snprintf(hint, size, "it belongs under \"%.*s\", indented", NCL_ARG(ncl_path_str(&path)));
    return true;
  }
  return false;
}

static bool hint_above(const ncl_decoder *d, ncl_str key, char *hint, size_t size) {
  uint32_t i;
  for (i = d->depth - 1; i > 0; i--) {
    const ncl_scope *scope = &d->scopes[i - 1];
    size_t j;
    for (j = 0; j < scope->table_count; j++) {
      if (!table_has(&scope->tables[j], key)) continue;
      (void)snprintf(hint, size, "it is a key of \"%.*s\": indent it less",
                     NCL_ARG(ncl_str_of(d->path.text, scope->path_len)));
      return true;
    }
  }
  return false;
}

static ncl_near_miss find_near(const ncl_scope *scope, ncl_str key) {
  ncl_near_miss near;
  size_t i;
  uint32_t j;
  ncl_near_miss_init(&near, key);
  for (i = 0; i < scope->table_count; i++) {
    for (j = 0; j < scope->tables[i].count; j++)
      ncl_near_miss_offer(&near, ncl_field_read(&scope->tables[i], j).name);
  }
  return near;
}

static bool earlier_has(const ncl_scope *scope, size_t table, ncl_str key) {
  size_t i;
  for (i = 0; i < table; i++) {
    if (table_has(&scope->tables[i], key)) return true;
  }
  return false;
}

static void list_keys(const ncl_scope *scope, char *hint, size_t size) {
  size_t used = 0, i, count = 0;
  uint32_t j;
  for (i = 0; i < scope->table_count; i++)
    count += scope->tables[i].count;
  hint[0] = 0;
  if (count > LISTED_MAX) return;
  if (count == 0) {
    (void)snprintf(hint, size, "there are no keys here");
    return;
  }
  for (i = 0; i < scope->table_count; i++) {
    for (j = 0; j < scope->tables[i].count && used < size; j++) {
      ncl_field field = ncl_field_read(&scope->tables[i], j);
      if (earlier_has(scope, i, field.name)) continue;
      used += (size_t)snprintf(hint + used, size - used, "%s%.*s", used == 0 ? "the keys here are " : ", ",
                               NCL_ARG(field.name));
    }
  }
}

void ncl_decode_unknown_key(ncl_decoder *d, const ncl_entry *entry) {
  const ncl_scope *scope = &d->scopes[d->depth - 1];
  char hint[500];
  ncl_near_miss near;

  /* The path is that of the key: the section's is a part of it. */
  (void)snprintf(hint, sizeof(hint), "%s", ncl_old_key_hint(ncl_path_str(&d->path), entry->key));
  /* Beyond the limit nobody reads the hint, and a search for each of many keys takes its time. */
  if (hint[0] == 0 && ncl_diagnostics_errors(d->diagnostics) <= NCL_DIAGNOSTICS_MAX) {
    near = find_near(scope, entry->key);
    if ((near.best.len > 0 && near.distance == 0) ||
        (!hint_below(scope, entry->key, hint, sizeof(hint)) && !hint_above(d, entry->key, hint, sizeof(hint)) &&
         near.best.len > 0)) {
      (void)snprintf(hint, sizeof(hint), "did you mean \"%.*s\"?", NCL_ARG(near.best));
    }
    if (hint[0] == 0) list_keys(scope, hint, sizeof(hint));
  }
  ncl_decoder_fault(d, entry->mark, hint, "there is no such key");
}

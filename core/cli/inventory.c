/* SPDX-License-Identifier: Apache-2.0 */
/* A file is found under a name; what it is says its descriptor, so links to one file become aliases of one entry. */
#include "core/cli/inventory.h"

#include <stdlib.h>
#include <string.h>

#define KINDS 7u

typedef struct taker {
  ncl_registry *registry;
  ncl_inventory *inventory;
  uint32_t kind;
  bool no_memory;
} taker;

static void free_one(ncl_installed *entry) {
  free(entry->name);
  free(entry->aliases);
  free(entry->why);
}

void ncl_inventory_free(ncl_inventory *inventory) {
  for (size_t i = 0; i < inventory->count; i++)
    free_one(&inventory->at[i]);
  free(inventory->at);
  *inventory = (ncl_inventory){NULL, 0, 0};
}

const char *ncl_installed_alias(const ncl_installed *installed, const char *alias) {
  if (alias == NULL) return installed->aliases;
  alias += strlen(alias) + 1;
  return *alias == '\0' ? NULL : alias;
}

bool ncl_installed_is(const ncl_installed *installed, const char *name) {
  bool found = strcmp(installed->name, name) == 0;
  for (const char *a = ncl_installed_alias(installed, NULL); a != NULL && !found; a = ncl_installed_alias(installed, a))
    found = strcmp(a, name) == 0;
  return found;
}

static bool add_alias(ncl_installed *entry, ncl_str name) {
  size_t used = 0;
  for (const char *a = ncl_installed_alias(entry, NULL); a != NULL; a = ncl_installed_alias(entry, a))
    used = (size_t)(a - entry->aliases) + strlen(a) + 1;
  char *grown = realloc(entry->aliases, used + name.len + 2);
  if (grown == NULL) return false;
  memcpy(grown + used, name.ptr, name.len);
  grown[used + name.len] = '\0';
  grown[used + name.len + 1] = '\0';
  entry->aliases = grown;
  return true;
}

static ncl_installed *find(ncl_inventory *inventory, uint32_t kind, ncl_str name) {
  for (size_t i = 0; i < inventory->count; i++) {
    ncl_installed *entry = &inventory->at[i];
    if (entry->kind == kind && strlen(entry->name) == name.len && memcmp(entry->name, name.ptr, name.len) == 0) {
      return entry;
    }
  }
  return NULL;
}

static ncl_installed *add(taker *t, ncl_str name) {
  ncl_inventory *inventory = t->inventory;
  ncl_installed *grown = realloc(inventory->at, (inventory->count + 1) * sizeof *grown);
  if (grown == NULL) return NULL;
  inventory->at = grown;
  grown[inventory->count] = (ncl_installed){.kind = t->kind, .name = strndup(name.ptr, name.len)};
  if (grown[inventory->count].name == NULL) return NULL;
  return &grown[inventory->count++];
}

/* A file; several directories may have one of the same name, of which the first counts for all. */
static void take(void *arg, ncl_str name) {
  taker *t = arg;
  char why[512];
  if (t->no_memory || t->inventory->count == NCL_INVENTORY_MAX) return;
  const ncl_type *type = ncl_registry_find(t->registry, t->kind, name, why, sizeof why);
  ncl_str own = type == NULL ? name : type->decl->type;
  ncl_installed *entry = find(t->inventory, t->kind, own);
  if (entry == NULL) entry = add(t, own);
  if (entry == NULL) {
    t->no_memory = true;
  } else if (type != NULL) {
    bool is_own = own.len == name.len && memcmp(own.ptr, name.ptr, own.len) == 0;
    char text[256] = "";
    if (name.len < sizeof text) memcpy(text, name.ptr, name.len);
    if (entry->type == NULL || is_own) entry->type = type; /* the file of its own name is the one that is shown */
    if (!is_own && !ncl_installed_is(entry, text) && !add_alias(entry, name)) t->no_memory = true;
  } else if (entry->type == NULL && entry->why == NULL) {
    entry->why = strdup(why);
    t->inventory->broken++;
    t->no_memory = entry->why == NULL;
  }
}

static int in_order(const void *a, const void *b) {
  const ncl_installed *x = a, *y = b;
  return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : strcmp(x->name, y->name);
}

bool ncl_inventory_take(ncl_registry *registry, ncl_inventory *inventory) {
  *inventory = (ncl_inventory){NULL, 0, 0};
  taker t = {registry, inventory, 0, false};
  for (t.kind = 1; t.kind <= KINDS && !t.no_memory; t.kind++)
    ncl_registry_list(registry, t.kind, take, &t);
  if (inventory->count > 0) qsort(inventory->at, inventory->count, sizeof *inventory->at, in_order);
  return !t.no_memory;
}

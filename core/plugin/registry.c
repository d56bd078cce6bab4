/* SPDX-License-Identifier: Apache-2.0 */
/* core/plugin/registry.c: search, dlopen, hand over to the handshake, keep. */
#include "core/plugin/registry.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/plugin/elf_check.h"
#include "core/plugin/handshake.h"

typedef struct loaded {
  struct loaded *next;
  uint32_t kind;
  char *name; /* the type or alias that was asked for */
  char *file;
  void *handle;
  ncl_type type;
} loaded;

struct ncl_registry {
  char *dirs[NCL_PLUGIN_DIRS_MAX];
  uint32_t dir_count;
  loaded *first;
  ncl_registry_look_fn look;
  void *look_arg;
};

const char *ncl_kind_room(uint32_t kind) {
  static const char *const rooms[] = {NULL,         "receivers",  "processors", "exporters",
                                      "connectors", "extensions", "services",   "sources"};
  return kind < sizeof rooms / sizeof rooms[0] ? rooms[kind] : NULL;
}

const char *ncl_kind_name(uint32_t kind) {
  static const char *const names[] = {"component", "receiver",  "processor", "exporter",
                                      "connector", "extension", "service",   "source"};
  return names[kind < sizeof names / sizeof names[0] ? kind : 0];
}

ncl_registry *ncl_registry_new(const char *const *dirs, uint32_t count) {
  ncl_registry *registry = calloc(1, sizeof *registry);
  if (registry == NULL) return NULL;
  for (uint32_t i = 0; i < count && i < NCL_PLUGIN_DIRS_MAX; i++) {
    registry->dirs[i] = strdup(dirs[i]);
    if (registry->dirs[i] == NULL) {
      ncl_registry_free(registry, false);
      return NULL;
    }
    registry->dir_count++;
  }
  return registry;
}

static void free_loaded(loaded *entry) {
  free(entry->name);
  free(entry->file);
  free(entry);
}

void ncl_registry_free(ncl_registry *registry, bool unload) {
  if (registry == NULL) return;
  while (registry->first != NULL) {
    loaded *entry = registry->first;
    registry->first = entry->next;
    if (unload) (void)dlclose(entry->handle);
    free_loaded(entry);
  }
  for (uint32_t i = 0; i < registry->dir_count; i++)
    free(registry->dirs[i]);
  free(registry);
}

/* A type is part of a path: nothing but letters, digits, "_" (and "." and "-" in services' names) may be in it. */
static bool is_file_name(ncl_str type) {
  if (type.len == 0 || type.len > 128 || type.ptr[0] == '.') return false;
  for (size_t i = 0; i < type.len; i++) {
    char c = type.ptr[i];
    bool good =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (!good) return false;
  }
  return true;
}

/* The first directory that has the file. Writes the path into `path`. */
static bool locate(const ncl_registry *registry, uint32_t kind, ncl_str type, char *path, size_t path_size, char *why,
                   size_t size) {
  const char *room = ncl_kind_room(kind);
  for (uint32_t i = 0; i < registry->dir_count; i++) {
    int n = snprintf(path, path_size, "%s/%s/%.*s.so", registry->dirs[i], room, (int)type.len, type.ptr);
    if (n > 0 && (size_t)n < path_size && access(path, F_OK) == 0) return true;
  }
  int n = snprintf(why, size, "%s \"%.*s\" is not installed: no file %s/%.*s.so in ", ncl_kind_name(kind),
                   (int)type.len, type.ptr, room, (int)type.len, type.ptr);
  for (uint32_t i = 0; i < registry->dir_count && n > 0 && (size_t)n < size; i++) {
    n += snprintf(why + n, size - (size_t)n, "%s%s", i > 0 ? ", " : "", registry->dirs[i]);
  }
  if (registry->dir_count == 0 && n > 0 && (size_t)n < size)
    (void)snprintf(why + n, size - (size_t)n, "(no directory)");
  return false;
}

/* Opens the file and asks it what it is. NULL with a line in `why`. */
static loaded *load(const char *path, uint32_t kind, ncl_str name, char *why, size_t size) {
  char reason[512];
  if (!ncl_elf_check(path, reason, sizeof reason)) {
    (void)snprintf(why, size, "%s: %s", path, reason);
    return NULL;
  }
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    const char *error = dlerror();
    (void)snprintf(why, size, "%s", error != NULL ? error : path);
    return NULL;
  }
  loaded *entry = calloc(1, sizeof *entry);
  if (entry != NULL) {
    entry->name = strndup(name.ptr, name.len);
    entry->file = strdup(path);
  }
  if (entry == NULL || entry->name == NULL || entry->file == NULL) {
    (void)snprintf(why, size, "%s: no memory", path);
  } else {
    entry->kind = kind;
    entry->handle = handle;
    entry->type.file = entry->file;
    /* dlsym gives an object pointer where a function pointer is meant: POSIX wants this conversion to work. */
    union {
      void *object;
      ncl_plugin_fn function;
    } symbol = {dlsym(handle, NCL_PLUGIN_SYMBOL)};
    if (ncl_handshake(symbol.object == NULL ? NULL : symbol.function, kind, name, &entry->type, reason,
                      sizeof reason)) {
      return entry;
    }
    (void)snprintf(why, size, "%s: %s", path, reason);
  }
  if (entry != NULL) free_loaded(entry);
  (void)dlclose(handle);
  return NULL;
}

const ncl_type *ncl_registry_find(ncl_registry *registry, uint32_t kind, ncl_str type, char *why, size_t size) {
  for (loaded *entry = registry->first; entry != NULL; entry = entry->next) {
    if (entry->kind == kind && strlen(entry->name) == type.len && memcmp(entry->name, type.ptr, type.len) == 0) {
      return &entry->type;
    }
  }
  char path[PATH_MAX];
  if (ncl_kind_room(kind) == NULL || !is_file_name(type)) {
    (void)snprintf(why, size, "\"%.*s\" cannot be the type of a %s", (int)(type.len < 64 ? type.len : 64), type.ptr,
                   ncl_kind_name(kind));
    return NULL;
  }
  if (!locate(registry, kind, type, path, sizeof path, why, size)) return NULL;
  loaded *entry = load(path, kind, type, why, size);
  if (entry == NULL) return NULL;
  entry->next = registry->first;
  registry->first = entry;
  if (registry->look != NULL) registry->look(registry->look_arg, entry->type.plugin);
  return &entry->type;
}

void ncl_registry_watch(ncl_registry *registry, ncl_registry_look_fn look, void *arg) {
  registry->look = look;
  registry->look_arg = arg;
}

void ncl_registry_list(const ncl_registry *registry, uint32_t kind, void (*each)(void *arg, ncl_str type), void *arg) {
  const char *room = ncl_kind_room(kind);
  if (room == NULL) return;
  for (uint32_t i = 0; i < registry->dir_count; i++) {
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", registry->dirs[i], room);
    DIR *dir = n > 0 && (size_t)n < sizeof path ? opendir(path) : NULL;
    if (dir == NULL) continue;
    for (struct dirent *file = readdir(dir); file != NULL; file = readdir(dir)) {
      size_t len = strlen(file->d_name);
      if (len > 3 && strcmp(file->d_name + len - 3, ".so") == 0) each(arg, ncl_str_of(file->d_name, len - 3));
    }
    (void)closedir(dir);
  }
}

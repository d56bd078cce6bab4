/* SPDX-License-Identifier: Apache-2.0 */
/* A config as the owner of its tree and its sources; key paths. */
#include "core/config/config.h"

#include <stdio.h>
#include <string.h>

#include "core/config/load.h"

ncl_config *ncl_config_new(const ncl_allocator *allocator) {
  ncl_region region;
  ncl_config *config;
  ncl_region_init(&region, allocator, NCL_CONFIG_MEMORY_MAX);
  config = ncl_region_alloc(&region, sizeof(*config));
  if (config != NULL) config->region = region;
  return config;
}

bool ncl_config_own_source(ncl_config *config, ncl_source *source) {
  ncl_source **sources =
      ncl_region_grow(&config->region, config->sources, config->source_count, &config->source_capacity, sizeof(source));
  if (sources == NULL) {
    ncl_source_release(source);
    return false;
  }
  config->sources = sources;
  sources[config->source_count++] = source;
  return true;
}

const ncl_node *ncl_config_root(const ncl_config *config) {
  return config->root;
}

void ncl_config_free(ncl_config *config) {
  ncl_region region;
  size_t i;
  if (config == NULL) return;
  for (i = 0; i < config->source_count; i++)
    ncl_source_release(config->sources[i]);
  region = config->region;
  ncl_region_end(&region);
}

static void append(ncl_path *path, const char *text, size_t len) {
  size_t room = sizeof(path->text) - path->len;
  if (len > room) len = room;
  memcpy(path->text + path->len, text, len);
  path->len += len;
}

static bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80 ||
         (c != 0 && strchr("_-./$+@{}()<>", c) != NULL);
}

size_t ncl_key_shown(ncl_str key) {
  size_t i = 0;
  while (i < key.len) {
    bool path = key.ptr[i] == ':' && i + 2 < key.len && key.ptr[i + 1] == ':';
    bool scheme = key.ptr[i] == ':' && i >= 5 && memcmp(key.ptr + i - 5, "${env", 5) == 0;
    if (!path && !scheme && !is_name_character(key.ptr[i])) break;
    i += path ? 2 : 1;
  }
  return i;
}

void ncl_path_begin(ncl_path *path, ncl_str whole) {
  path->len = 0;
  if (whole.len > 0) append(path, whole.ptr, whole.len);
}

size_t ncl_path_key(ncl_path *path, ncl_str key) {
  size_t before = path->len, shown = ncl_key_shown(key);
  if (before > 0) append(path, ".", 1);
  if (shown > 0) append(path, key.ptr, shown);
  if (shown < key.len) append(path, "...", 3);
  return before;
}

size_t ncl_path_index(ncl_path *path, size_t index) {
  size_t before = path->len;
  char text[32];
  int len = snprintf(text, sizeof(text), "[%zu]", index);
  append(path, text, (size_t)len);
  return before;
}

void ncl_path_cut(ncl_path *path, size_t len) {
  path->len = len;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From --config URIs to one tree: retrieve, parse, merge, expand. */
#include "core/config/load.h"

#include <string.h>

#include "core/config/config.h"
#include "core/config/expand.h"
#include "core/config/explain.h"
#include "core/config/merge.h"
#include "core/config/retrieve.h"
#include "core/config/yaml.h"

#define NO_PATH ncl_str_of("", 0)

typedef struct loader {
  const ncl_load_options *options;
  ncl_diagnostics *diagnostics;
  ncl_config *config;
  bool has_text; /* one of the texts says something */
  bool unusable; /* a text could not be read as a map: what is missing cannot be judged */
} loader;

static void report_unset(loader *l, ncl_str uri, ncl_str name) {
  ncl_error_at(
      l->diagnostics, NCL_MARK_NONE, uri,
      "set it to the text of the config; in an ECS task definition, list it under \"secrets\" of this container "
      "with the parameter's ARN as \"valueFrom\"",
      "the environment variable %.*s is not set", NCL_ARG(name));
}

/* Finds the text of a URI. On false, why has been said. */
static bool fetch(loader *l, ncl_str uri, ncl_retrieved *out) {
  ncl_str scheme = ncl_str_of("file", 4), rest = uri;
  (void)ncl_uri_split(uri, &scheme, &rest);
  if (!ncl_retrieve(l->options, scheme, rest, out)) {
    char shown[NCL_URI_SHOWN_MAX];
    size_t len = out->kind == NCL_SOURCE_OTHER && out->no_scheme == 0 ? ncl_uri_show(uri, shown, sizeof(shown)) : 0;
    ncl_error_at(l->diagnostics, NCL_MARK_NONE, ncl_str_of(shown, len), out->hint, "%s", out->reason);
    return false;
  }
  if (out->unset) {
    report_unset(l, uri, rest);
    return false;
  }
  return true;
}

/* What a source is called in messages: a file by its name, an inline text by its scheme, an address without secrets. */
static ncl_str name_of(ncl_str uri, uint32_t kind, char shown[NCL_URI_SHOWN_MAX]) {
  ncl_str scheme, rest;
  if (kind == NCL_SOURCE_OTHER) return ncl_str_of(shown, ncl_uri_show(uri, shown, NCL_URI_SHOWN_MAX));
  if (kind == NCL_SOURCE_YAML) return ncl_str_of("yaml:", 5);
  if (kind == NCL_SOURCE_FILE && ncl_uri_split(uri, &scheme, &rest)) return rest;
  if (kind == NCL_SOURCE_ENVIRONMENT) {
    size_t i;
    for (i = 0; i + 1 < uri.len; i++) {
      if (uri.ptr[i] == ':' && uri.ptr[i + 1] == '-') return ncl_str_of(uri.ptr, i);
    }
  }
  return uri;
}

/* false = no memory. */
static bool merge_text(loader *l, ncl_source *source) {
  ncl_region *region = &l->config->region;
  ncl_path path = {{0}, 0};
  bool no_memory = false, agrees;
  ncl_node *root =
      ncl_explain_layout(source, l->diagnostics) ? NULL : ncl_yaml_parse(source, region, l->diagnostics, &no_memory);

  if (no_memory) return false;
  if (root == NULL || !ncl_explain_root(source, root, l->diagnostics)) {
    l->unusable = true;
    return true;
  }
  if (root->kind == NCL_NODE_NULL) {
    if (l->options->uri_count > 1)
      ncl_warning_at(l->diagnostics, (ncl_mark){source, 0, 0}, NO_PATH, NULL, "the text is empty");
    return true;
  }
  l->has_text = true;
  if (!ncl_node_split_keys(region, root, &path, l->diagnostics, &agrees)) return false;
  return ncl_node_merge(region, l->config->root, root);
}

/* A text of the very length at which parameters end. */
static void warn_of_cut(loader *l, ncl_source *source) {
  size_t len = ncl_source_text(source).len;
  if (ncl_source_kind(source) != NCL_SOURCE_ENVIRONMENT ||
      (len != NCL_SSM_STANDARD_MAX && len != NCL_SSM_ADVANCED_MAX)) {
    return;
  }
  ncl_warning_at(l->diagnostics, (ncl_mark){source, 0, 0}, NO_PATH, "look whether its end is missing",
                 "the text is exactly %zu bytes long, the most that %s SSM parameter holds: it may have been cut off",
                 len, len == NCL_SSM_STANDARD_MAX ? "a standard" : "an advanced");
}

/* All texts together say nothing. The last one is named. */
static void report_empty(loader *l) {
  ncl_source *source = l->config->sources[l->config->source_count - 1];
  bool variable = ncl_source_kind(source) == NCL_SOURCE_ENVIRONMENT;
  l->unusable = true;
  ncl_error_at(l->diagnostics, (ncl_mark){source, 0, 0}, NO_PATH,
               variable ? "look at the value of the parameter or secret that the variable comes from"
                        : "write at least receivers:, exporters: and service: with pipelines:",
               variable ? "the variable is set, and there is no config in it" : "there is no config in it");
}

static bool load_one(loader *l, ncl_str uri, uint32_t order) {
  char shown[NCL_URI_SHOWN_MAX];
  ncl_retrieved retrieved;
  ncl_source *source;

  if (!fetch(l, uri, &retrieved)) {
    l->unusable = true;
    return true;
  }
  source =
      ncl_source_new(l->options->allocator, retrieved.kind, name_of(uri, retrieved.kind, shown), retrieved.text, order);
  ncl_retrieved_end(&retrieved);
  if (source == NULL || !ncl_config_own_source(l->config, source)) return false;
  if (!merge_text(l, source)) return false;
  if (!l->unusable) warn_of_cut(l, source);
  return true;
}

static bool load_all(loader *l) {
  size_t i;
  if (l->options->uri_count == 0 || l->options->uri_count > NCL_CONFIG_SOURCES_MAX) {
    l->unusable = true;
    ncl_error_at(
        l->diagnostics, NCL_MARK_NONE, NO_PATH, "name one with --config, for example --config /etc/nacelle.yaml",
        l->options->uri_count == 0 ? "there is no config" : "there are more than %u configs", NCL_CONFIG_SOURCES_MAX);
    return true;
  }
  for (i = 0; i < l->options->uri_count; i++) {
    if (!load_one(l, ncl_str_of(l->options->uris[i], strlen(l->options->uris[i])), (uint32_t)i)) return false;
  }
  if (!l->unusable && !l->has_text) report_empty(l);
  return l->unusable || ncl_config_expand(l->config, l->options, l->diagnostics);
}

ncl_config *ncl_config_load_with(const ncl_load_options *options, ncl_diagnostics *diagnostics) {
  loader l = {options, diagnostics, ncl_config_new(options->allocator), false, false};
  bool done = false;

  if (l.config != NULL) {
    l.config->root = ncl_node_new(&l.config->region, NCL_NODE_MAP, NCL_MARK_NONE);
    done = l.config->root != NULL && load_all(&l);
  }
  if (!done) ncl_diagnostics_no_memory(diagnostics);
  if (done && !l.unusable) return l.config;
  ncl_config_free(l.config);
  return NULL;
}

static bool begins(ncl_str text, const char *with) {
  return text.len >= strlen(with) && memcmp(text.ptr, with, strlen(with)) == 0;
}

/* In a container a variable is filled from a parameter. */
static bool is_of_parameter(const ncl_source *source) {
  return ncl_source_kind(source) == NCL_SOURCE_ENVIRONMENT || begins(ncl_source_name(source), "ssm:");
}

void ncl_config_warn_of_sizes(const ncl_config *config, bool all, ncl_diagnostics *diagnostics) {
  size_t i;
  for (i = 0; i < config->source_count; i++) {
    ncl_source *source = config->sources[i];
    size_t len = ncl_source_text(source).len;
    bool advanced = len > NCL_SSM_ADVANCED_MAX;
    if ((!all && !is_of_parameter(source)) || len <= NCL_SSM_STANDARD_MAX) continue;
    ncl_warning_at(diagnostics, (ncl_mark){source, 0, 0}, NO_PATH,
                   advanced ? "keep it in a secret (64 KiB) or a file, or shorten it"
                            : "make it an advanced parameter (8192 bytes) or a secret (64 KiB), or shorten it",
                   "the text has %zu bytes, more than %s SSM parameter holds (%u)", len,
                   advanced ? "any" : "a standard", advanced ? NCL_SSM_ADVANCED_MAX : NCL_SSM_STANDARD_MAX);
  }
}

ncl_config *ncl_config_load(const char *const *uris, size_t n, const ncl_environment *environment,
                            ncl_diagnostics *diagnostics) {
  ncl_load_options options = {.uris = uris, .uri_count = n};
  if (environment != NULL) options.environment = *environment;
  return ncl_config_load_with(&options, diagnostics);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/load.h: from --config URIs to one merged tree with its references expanded. */
#ifndef NCL_CORE_CONFIG_LOAD_H
#define NCL_CORE_CONFIG_LOAD_H

#include "core/config/diagnostic.h"
#include "core/config/node.h"

/* How environment variables are read. Tests bring their own. */
typedef struct ncl_environment {
  const char *(*get)(void *ctx, const char *name); /* borrowed until the load ends; NULL = unset */
  void *ctx;
} ncl_environment;

/* The environment of the process. */
ncl_environment ncl_environment_of_process(void);

/* What a scheme answers. */
typedef struct ncl_retrieved {
  uint32_t kind;              /* NCL_SOURCE_*; set to NCL_SOURCE_OTHER before the call */
  uint32_t is_default;        /* 1 = the default of the reference (env) */
  uint32_t unset;             /* 1 = there is no such thing, which in a value is a warning and null (env) */
  uint32_t no_scheme;         /* 1 = failed, since nobody has the scheme */
  ncl_str text;               /* at most NCL_CONFIG_TEXT_MAX bytes */
  void (*release)(void *arg); /* gives `text` back; may be NULL */
  void *release_arg;
  char reason[600]; /* on failure: why, in words */
  char hint[600];   /* on failure: what to do; may be empty */
} ncl_retrieved;

/* Fetches what stands behind "<scheme>:" of the schemes that the core does not have; false = failed, with the reason.
 * May wait: it runs before anything serves. `uri` is what follows the colon, with a NUL behind its last byte. A scheme
 * that nobody has: out->no_scheme = 1, out->reason empty, and out->hint where it was looked for. */
typedef bool (*ncl_retrieve_fn)(void *ctx, ncl_str scheme, ncl_str uri, ncl_retrieved *out);

#define NCL_SSM_STANDARD_MAX 4096u                  /* bytes of an SSM standard parameter */
#define NCL_SSM_ADVANCED_MAX 8192u                  /* bytes of an SSM advanced parameter */
#define NCL_CONFIG_TEXT_MAX (1024u * 1024u)         /* bytes of one source */
#define NCL_CONFIG_SOURCES_MAX 100u                 /* --config arguments */
#define NCL_CONFIG_REFERENCES_MAX 1000u             /* ${...} read in one load */
#define NCL_CONFIG_RECURSION_MAX 20u                /* a reference whose value holds a reference, and so on */
#define NCL_CONFIG_MEMORY_MAX (64u * 1024u * 1024u) /* bytes of a config */

typedef struct ncl_load_options {
  const char *const *uris; /* "file:/etc/nacelle.yaml", "env:COLLECTOR_CONFIG", "yaml:a::b: v", "/etc/nacelle.yaml" */
  size_t uri_count;
  ncl_environment environment; /* get == NULL: every variable is unset */
  ncl_retrieve_fn retrieve;    /* schemes besides file, env and yaml; NULL = there are none */
  void *retrieve_ctx;
  void (*note_file)(void *ctx, ncl_str path); /* told of each file before it is read; NULL = nobody wants to know */
  void *note_ctx;
  const ncl_allocator *allocator; /* NULL = the default */
} ncl_load_options;

/* Reads, merges and expands. Every mistake is in `diagnostics`. The config is NULL where one of its texts could not be
 * read as a map, or without memory; with errors in references it is still there, so that the rest can be checked:
 * whoever starts something asks ncl_diagnostics_errors first. */
ncl_config *ncl_config_load_with(const ncl_load_options *options, ncl_diagnostics *diagnostics);

/* Warns of texts that no SSM parameter of a size could hold: of those from environment variables and from ssm:, or of
 * all. */
void ncl_config_warn_of_sizes(const ncl_config *config, bool all, ncl_diagnostics *diagnostics);

/* ncl_config_load_with, with file, env and yaml alone. */
ncl_config *ncl_config_load(const char *const *uris, size_t n, const ncl_environment *environment,
                            ncl_diagnostics *diagnostics);

#endif

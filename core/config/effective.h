/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/effective.h: the config in force as a document: what was decoded, defaults filled in, secrets hidden. */
#ifndef NCL_CORE_CONFIG_EFFECTIVE_H
#define NCL_CORE_CONFIG_EFFECTIVE_H

#include "core/config/decode.h"
#include "core/config/document.h"

/* What stands in place of a secret. */
#define NCL_REDACTED "[REDACTED]"

/* A section and the tables that it was decoded by. All borrowed. */
typedef struct ncl_effective_section {
  const ncl_decoded *config; /* NULL = nothing is known of it: it is left out */
  ncl_array tables[2];       /* of ncl_field */
  size_t table_count;
} ncl_effective_section;

typedef struct ncl_effective_component {
  const char *room; /* "receivers" */
  ncl_str id;       /* "otlp/2" */
  ncl_effective_section section;
} ncl_effective_component;

typedef struct ncl_effective_pipeline {
  ncl_str id;           /* "traces/2" */
  ncl_array receivers;  /* of ncl_str, in the order of the config */
  ncl_array processors; /* of ncl_str */
  ncl_array exporters;  /* of ncl_str */
} ncl_effective_pipeline;

typedef struct ncl_effective {
  const ncl_effective_component *components; /* in any order; of several with one room and id the first counts */
  size_t component_count;
  ncl_array extensions; /* of ncl_str: service.extensions */
  const ncl_effective_pipeline *pipelines;
  size_t pipeline_count;
  ncl_effective_section telemetry; /* service.telemetry */
  bool show_secrets;               /* only for who owns the config and asked */
} ncl_effective;

/*
 * Writes a map: a config that, loaded again, means the same, but for what is hidden. Keys are in the order of their
 * bytes, as the Go collector prints them. Hidden is every scalar of a field that is marked secret, every text and
 * number under a field of type ANY, of which nobody says that it holds no secret, and in texts that look like a URL
 * the user info and the values of the query. Optional sections that are off are left out.
 */
void ncl_effective_write(const ncl_effective *effective, ncl_document *document);

/* One section alone, as a map. */
void ncl_effective_write_section(const ncl_effective_section *section, bool show_secrets, ncl_document *document);

/* `text`, where it looks like a URL without its user info and the values of its query. Written into `room`, where that
 * is large enough (NCL_URL_ROOM(text.len)); a text that hides nothing is returned as it is. */
#define NCL_URL_ROOM(len) ((len) * sizeof(NCL_REDACTED) + sizeof(NCL_REDACTED))
ncl_str ncl_url_redacted(ncl_str text, char *room);
/* Whether that would hide something. */
bool ncl_url_has_secrets(ncl_str text);

#endif

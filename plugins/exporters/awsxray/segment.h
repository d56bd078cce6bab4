/* SPDX-License-Identifier: Apache-2.0 */
/* segment.h: spans as segment documents of X-Ray. Pure but for its own memory: no host, no clock, no chance. */
#ifndef NCL_XRAY_SEGMENT_H
#define NCL_XRAY_SEGMENT_H

#include <nacelle/config_fill.h>
#include <nacelle/json_write.h>

#include "facts.h"
#include "names.h"

/* Bytes of a document (AWS X-Ray segment documents: 64 kB). */
#define NCL_XRAY_DOCUMENT_MAX ((size_t)64 << 10)
/* Documents that a span makes at most. */
#define NCL_XRAY_DOCUMENTS_MAX 2u

/* What the config says of documents. */
typedef struct ncl_xray_options {
  const ncl_value *indexed_attributes; /* lists of texts; may be NULL */
  const ncl_value *log_groups;
  int64_t index_all;
  int64_t compat;      /* db.system.name and its like are left where ADOT leaves them */
  int64_t span_events; /* other events than exceptions are kept as metadata */
} ncl_xray_options;

/* An attribute; once the span is read, one that nobody takes. */
typedef struct ncl_xray_rest {
  ncl_attribute attribute;
  uint32_t is_removed; /* not in the service segment of a local root */
  uint32_t place;      /* or NCL_XRAY_NO_FACT */
} ncl_xray_rest;

/* Everything about the span that is being translated. Large: one an exporter. */
typedef struct ncl_xray_translator {
  ncl_xray_options options;
  ncl_xray_keys keys;
  ncl_xray_facts resource;
  ncl_repeated resource_attributes;
  ncl_writer resource_members; /* of the resource in metadata, as they stand in each of its documents */
  ncl_span span;
  ncl_xray_facts facts;
  ncl_xray_rest *rest;
  uint32_t rest_count, rest_capacity;
  bool has_exceptions; /* or failed requests of an AWS SDK */
  bool is_sdk;         /* rpc.system is aws-api */
  uint64_t ids;        /* seed of ids that are made up */
} ncl_xray_translator;

/* A document that was written. */
typedef struct ncl_xray_document {
  uint8_t id[8];
  uint32_t trimmed; /* 0 = whole; how many steps it was cut down by */
} ncl_xray_document;

#define NCL_XRAY_TRIM_METADATA 1u
#define NCL_XRAY_TRIM_ANNOTATIONS 2u
#define NCL_XRAY_TRIM_STACKS 3u
#define NCL_XRAY_TRIM_TOO_LARGE 4u

void ncl_xray_translator_open(ncl_xray_translator *t, const ncl_xray_options *options);
void ncl_xray_translator_close(ncl_xray_translator *t);

/* The resource of the spans that follow; its bytes must stay. */
void ncl_xray_resource(ncl_xray_translator *t, ncl_range resource);

/* Writes the documents of a span, each as a JSON string with its quotes, with commas between them and before the first
 * where the writer does not end with "[". *count documents were written.
 * NCL_OK; NCL_PERMANENT: it cannot be one, *reason says why ("no_id", "document_too_large"), and nothing was written;
 * NCL_NO_MEMORY: see writer->status, too. */
ncl_status ncl_xray_span(ncl_xray_translator *t, ncl_range span, ncl_writer *writer, ncl_xray_document *documents,
                         uint32_t *count, ncl_str *reason);

/* ---- parts: each writes its member of the document, if there is something to say ------------------------- */

void ncl_xray_put_http(ncl_xray_translator *t, ncl_writer *w);
/* Without operation and its like where it is the service segment of a local root. */
void ncl_xray_put_aws(ncl_xray_translator *t, ncl_writer *w, bool is_service);
void ncl_xray_put_sql(ncl_xray_translator *t, ncl_writer *w);
bool ncl_xray_is_sql(const ncl_xray_translator *t);
void ncl_xray_put_cause(ncl_xray_translator *t, ncl_writer *w, bool with_stacks);
/* Annotations, metadata, as far as `trimmed` allows. */
void ncl_xray_put_attributes(ncl_xray_translator *t, ncl_writer *w, bool with_resource, bool is_service,
                             uint32_t trimmed);
/* Writes t->resource_members. */
void ncl_xray_resource_members(ncl_xray_translator *t);
/* An id that is made up of the span's and `number`: the same each time that the span is translated. */
uint64_t ncl_xray_made_up_id(const ncl_xray_translator *t, uint64_t number);
void ncl_xray_put_id(ncl_writer *w, uint64_t id);
/* Seconds with a fraction: 1700000000.5. */
void ncl_xray_seconds(ncl_writer *w, uint64_t time_ns);

/* stack.c: the exceptions of one event: the first as given, further ones as the stack trace says. `number` counts ids.
 */
typedef struct ncl_xray_exception {
  ncl_str type, message, stack;
  ncl_str language;
  bool is_remote;
} ncl_xray_exception;
void ncl_xray_put_exception(ncl_xray_translator *t, ncl_writer *w, const ncl_xray_exception *exception,
                            uint64_t *number);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/decode.h: checks a section of the config against a table of fields and makes the tree of values. */
#ifndef NCL_CORE_CONFIG_DECODE_H
#define NCL_CORE_CONFIG_DECODE_H

#include <nacelle/config.h>

#include "core/config/diagnostic.h"
#include "core/config/node.h"

/*
 * A decoded section. It stands alone: it keeps the texts that its marks point into, so it may outlive the config
 * that it came from. Counted; used by one thread at a time. The values never change.
 */
typedef struct ncl_decoded ncl_decoded;

/* A NCL_TYPE_COMPONENT value that is not empty. */
typedef struct ncl_component_ref {
  ncl_str id;
  uint32_t kind;          /* NCL_KIND_* of the field */
  ncl_str iface;          /* of the field */
  const ncl_value *value; /* for ncl_decoded_where */
} ncl_component_ref;

/* Field `i` of a table, as far as the one who wrote the table knew the struct; the rest is zero. */
ncl_field ncl_field_read(const ncl_array *table, uint32_t i);

/* Sections inside each other that a table may have. */
#define NCL_DECODE_DEPTH_MAX 64u

/*
 * Decodes `section` (NULL or a null: all defaults) against `table_count` tables of ncl_field, of which the first that
 * knows a key has it: the component's own, then the host's (sending_queue, ...). `mark` is where the section's key
 * stands, `path` its key path ("exporters.otlp"). `tables` are borrowed for the call only, but strings in them (names,
 * choices) for as long as the result lives: tables are static.
 *
 * Every mistake is added to `diagnostics`. The result is NULL only without memory; with mistakes in it, the values
 * concerned are their defaults, and ncl_decoded_errors says so: no component is created from it.
 */
ncl_decoded *ncl_decode_tables(const ncl_config *config, const ncl_node *section, ncl_mark mark,
                               const ncl_array *tables, size_t table_count, ncl_str path, ncl_diagnostics *diagnostics);
/* The same with one table. */
ncl_decoded *ncl_decode(const ncl_config *config, const ncl_node *section, ncl_mark mark, const ncl_array *fields,
                        ncl_str path, ncl_diagnostics *diagnostics);

ncl_decoded *ncl_decoded_retain(ncl_decoded *decoded);
void ncl_decoded_release(ncl_decoded *decoded); /* NULL is ignored */

/* The map of table `table`: every field in the table's order. */
const ncl_value *ncl_decoded_root(const ncl_decoded *decoded, size_t table);
/* How many errors were found in it. */
uint32_t ncl_decoded_errors(const ncl_decoded *decoded);
/* Whether both hold the same values, those that were written in the same places. Where they stand in which text is not
 * compared. */
bool ncl_decoded_equal(const ncl_decoded *a, const ncl_decoded *b);
/* The components that it names, in the order of the tables. */
size_t ncl_decoded_refs(const ncl_decoded *decoded, const ncl_component_ref **refs);

/* Where a value was written (of a default: where the section around it is) and its key path, which lives as long as
 * `decoded`. `value` is one of this tree; NULL = the section itself. */
typedef struct ncl_where {
  ncl_mark mark;
  ncl_str path;
} ncl_where;
ncl_where ncl_decoded_where(ncl_decoded *decoded, const ncl_value *value);

/* The value, or one above it, belongs to a field marked NCL_FIELD_SECRET. */
bool ncl_decoded_is_secret(const ncl_decoded *decoded, const ncl_value *value);

/* A copy of `text` that lives as long as `decoded`; empty without memory. */
ncl_str ncl_decoded_text(ncl_decoded *decoded, ncl_str text);

/* For ncl_host.config_error and config_warning: adds a diagnostic at `value` (NULL = the section). */
void ncl_decoded_report(ncl_decoded *decoded, const ncl_value *value, uint32_t severity, ncl_str message, ncl_str hint,
                        ncl_diagnostics *diagnostics);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/explain.h: why a text is no config, in words that help. */
#ifndef NCL_CORE_CONFIG_EXPLAIN_H
#define NCL_CORE_CONFIG_EXPLAIN_H

#include <stdbool.h>

#include "core/config/diagnostic.h"
#include "core/config/node.h"

/* What the YAML parser said. Lines and columns from 1. */
typedef struct ncl_yaml_problem {
  const char *problem;
  const char *context; /* what it was doing, or "" */
  uint32_t line, column;
  uint32_t context_line, context_column; /* where that began */
} ncl_yaml_problem;

/* Looks at the bytes before they are parsed: false = they are no text, with an error. Warns of characters that look
 * like indentation or quotes and are neither. `diagnostics` may be NULL. */
bool ncl_explain_text(ncl_source *source, ncl_diagnostics *diagnostics);

/* Looks at how the lines of a whole config stand, before they are parsed: true = it was damaged on its way, with an
 * error that says how. */
bool ncl_explain_layout(ncl_source *source, ncl_diagnostics *diagnostics);
/* The same for a text that was found to be no YAML: all lines but the first are shifted to the right. */
bool ncl_explain_shift(ncl_source *source, ncl_diagnostics *diagnostics);

/* Adds an error for what the parser found. */
void ncl_explain_problem(ncl_source *source, const ncl_yaml_problem *problem, ncl_diagnostics *diagnostics);

/* Looks at the top of a whole config: false = it is no config, with an error. A null is one (an empty text). */
bool ncl_explain_root(ncl_source *source, const ncl_node *root, ncl_diagnostics *diagnostics);

/* The text as a whole is something else (an ARN, a file's name, base64, ...) or was damaged on its way (line breaks
 * lost): adds that error and answers true. For texts that cannot be read as a map. */
bool ncl_explain_whole(ncl_source *source, ncl_diagnostics *diagnostics);

#endif

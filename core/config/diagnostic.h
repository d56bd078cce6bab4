/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/diagnostic.h: what is wrong with a config, all of it, each with its place and what to do about it. */
#ifndef NCL_CORE_CONFIG_DIAGNOSTIC_H
#define NCL_CORE_CONFIG_DIAGNOSTIC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/config/source.h"

#define NCL_SEVERITY_WARNING 1u
#define NCL_SEVERITY_ERROR 2u

/* Kept of each severity; what comes behind is counted only. */
#define NCL_DIAGNOSTICS_MAX 100u
/* Bytes; a longer text is cut and ends in "...". */
#define NCL_DIAGNOSTIC_TEXT_MAX 1000u

typedef struct ncl_diagnostic {
  uint32_t severity; /* NCL_SEVERITY_* */
  ncl_mark mark;     /* source == NULL: about no text in particular */
  ncl_str path;      /* "receivers.otlp.protocols.grpc.endpoint", or empty */
  ncl_str message;   /* what is wrong; never a value that may be secret */
  ncl_str hint;      /* what to do, or empty */
} ncl_diagnostic;

/* The list. It keeps the sources that it points at alive, so it may be printed after the config is gone. */
typedef struct ncl_diagnostics ncl_diagnostics;

ncl_diagnostics *ncl_diagnostics_new(
    const ncl_allocator *allocator);                     /* NULL allocator = the default; NULL = no memory */
void ncl_diagnostics_free(ncl_diagnostics *diagnostics); /* NULL is ignored */

/* Adds one, unless the same is there for the same place. Texts are copied; control characters in them become visible.
 * An entry that finds no memory is still counted, and the print says so. */
void ncl_diagnostics_add(ncl_diagnostics *diagnostics, uint32_t severity, ncl_mark mark, ncl_str path, ncl_str message,
                         ncl_str hint);
/* The same with a formatted message. `hint` may be NULL. */
void ncl_error_at(ncl_diagnostics *diagnostics, ncl_mark mark, ncl_str path, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void ncl_warning_at(ncl_diagnostics *diagnostics, ncl_mark mark, ncl_str path, const char *hint, const char *format,
                    ...) __attribute__((format(printf, 5, 6)));
/* Memory ran out: an error without a place, kept without memory, and one however often it is said. */
void ncl_diagnostics_no_memory(ncl_diagnostics *diagnostics);

/* How many there were, kept or not. */
uint32_t ncl_diagnostics_errors(const ncl_diagnostics *diagnostics);
uint32_t ncl_diagnostics_warnings(const ncl_diagnostics *diagnostics);
/* Those that were kept, sorted by source and position after ncl_diagnostics_sort or _print, else in the order of
 * their coming. */
size_t ncl_diagnostics_count(const ncl_diagnostics *diagnostics);
const ncl_diagnostic *ncl_diagnostics_at(const ncl_diagnostics *diagnostics, size_t i);
void ncl_diagnostics_sort(ncl_diagnostics *diagnostics);

/* Sorts and prints each as
 *   file:line:col: error: key.path: what is wrong; what to do
 *       the line
 *       ^
 * with hidden values as "***", then how many were not kept. */
void ncl_diagnostics_print(ncl_diagnostics *diagnostics, FILE *out);
/* One of them, without its excerpt, on one line with its newline. */
void ncl_diagnostic_print_line(const ncl_diagnostic *diagnostic, FILE *out);

#endif

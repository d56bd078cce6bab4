/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what is wrong with a config: bounded, sorted, printed with the lines that it is about. */
#include "core/config/diagnostic.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/node.h"
#include "core/config/utf8.h"

#define MEMORY_MAX (4u * 1024u * 1024u)
#define EXCERPT_INDENT 4

typedef struct entry {
  ncl_diagnostic diagnostic;
  uint32_t number; /* of its coming */
} entry;

struct ncl_diagnostics {
  ncl_region region;                   /* holds the list itself, too */
  uint32_t errors, warnings;           /* all */
  uint32_t kept_errors, kept_warnings; /* in `entries` */
  uint32_t no_memory;                  /* it ran out, for the config or for an entry of this list */
  uint32_t ran_out;                    /* that was counted as an error, once */
  size_t count;
  entry entries[2 * NCL_DIAGNOSTICS_MAX];
};

ncl_diagnostics *ncl_diagnostics_new(const ncl_allocator *allocator) {
  ncl_region region;
  ncl_diagnostics *diagnostics;
  ncl_region_init(&region, allocator, MEMORY_MAX);
  diagnostics = ncl_region_alloc(&region, sizeof(*diagnostics));
  if (diagnostics != NULL) diagnostics->region = region;
  return diagnostics;
}

void ncl_diagnostics_free(ncl_diagnostics *diagnostics) {
  ncl_region region;
  size_t i;
  if (diagnostics == NULL) return;
  for (i = 0; i < diagnostics->count; i++)
    ncl_source_release(diagnostics->entries[i].diagnostic.mark.source);
  region = diagnostics->region;
  ncl_region_end(&region);
}

/* Characters that move the cursor or hide text must not reach a terminal. */
static bool is_printable(uint32_t code) {
  if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return false;
  if (code == 0x2028 || code == 0x2029 || code == 0xFEFF) return false;
  return !(code >= 0x202A && code <= 0x202E) && !(code >= 0x2066 && code <= 0x2069);
}

/* Copies `text` into `out` (NCL_DIAGNOSTIC_TEXT_MAX + 8 bytes) with unprintable bytes as \xNN; returns the length. */
static size_t make_printable(ncl_str text, char *out) {
  static const char digits[] = "0123456789abcdef";
  size_t at = 0, length = 0;
  while (at < text.len) {
    uint32_t code = 0;
    size_t bytes = ncl_utf8_decode(text.ptr + at, text.len - at, &code);
    bool plain = bytes > 0 && is_printable(code);
    size_t i;
    if (length + (plain ? bytes : 4 * (bytes > 0 ? bytes : 1)) > NCL_DIAGNOSTIC_TEXT_MAX) {
      memcpy(out + length, "...", 3);
      return length + 3;
    }
    if (bytes == 0) bytes = 1;
    for (i = 0; i < bytes; i++) {
      unsigned char c = (unsigned char)text.ptr[at + i];
      if (plain) {
        out[length++] = (char)c;
      } else {
        memcpy(out + length, "\\x", 2);
        out[length + 2] = digits[c >> 4];
        out[length + 3] = digits[c & 15];
        length += 4;
      }
    }
    at += bytes;
  }
  return length;
}

/* A printable copy; ptr == NULL = no memory. */
static ncl_str keep(ncl_diagnostics *diagnostics, ncl_str text) {
  char buffer[NCL_DIAGNOSTIC_TEXT_MAX + 8];
  return ncl_region_copy(&diagnostics->region, ncl_str_of(buffer, make_printable(text, buffer)));
}

/* Whether it is there already: what several look at and find wrong is said once. */
static bool was_said(const ncl_diagnostics *diagnostics, uint32_t severity, ncl_mark mark, ncl_str path,
                     ncl_str message) {
  char printable[NCL_DIAGNOSTIC_TEXT_MAX + 8];
  size_t i;
  for (i = 0; i < diagnostics->count; i++) {
    const ncl_diagnostic *d = &diagnostics->entries[i].diagnostic;
    if (d->severity != severity || d->mark.source != mark.source || d->mark.line != mark.line) continue;
    if (mark.source == NULL || d->mark.column != mark.column) continue;
    if (!ncl_str_eq(d->path, ncl_str_of(printable, make_printable(path, printable)))) continue;
    if (ncl_str_eq(d->message, ncl_str_of(printable, make_printable(message, printable)))) return true;
  }
  return false;
}

void ncl_diagnostics_add(ncl_diagnostics *diagnostics, uint32_t severity, ncl_mark mark, ncl_str path, ncl_str message,
                         ncl_str hint) {
  uint32_t *kept = severity == NCL_SEVERITY_ERROR ? &diagnostics->kept_errors : &diagnostics->kept_warnings;
  uint32_t *all = severity == NCL_SEVERITY_ERROR ? &diagnostics->errors : &diagnostics->warnings;
  entry *added = &diagnostics->entries[diagnostics->count];
  ncl_diagnostic diagnostic = {severity, mark, {NULL, 0}, {NULL, 0}, {NULL, 0}};

  if (was_said(diagnostics, severity, mark, path, message)) return;
  if (*all < UINT32_MAX) (*all)++;
  if (*kept == NCL_DIAGNOSTICS_MAX) return;
  diagnostic.path = keep(diagnostics, path);
  diagnostic.message = keep(diagnostics, message);
  diagnostic.hint = keep(diagnostics, hint);
  if (diagnostic.path.ptr == NULL || diagnostic.message.ptr == NULL || diagnostic.hint.ptr == NULL) {
    diagnostics->no_memory = 1;
    return;
  }
  (void)ncl_source_retain(mark.source);
  added->diagnostic = diagnostic;
  added->number = (uint32_t)diagnostics->count++;
  (*kept)++;
}

static void add_formatted(ncl_diagnostics *diagnostics, uint32_t severity, ncl_mark mark, ncl_str path,
                          const char *hint, const char *format, va_list arguments)
    __attribute__((format(printf, 6, 0)));

static void add_formatted(ncl_diagnostics *diagnostics, uint32_t severity, ncl_mark mark, ncl_str path,
                          const char *hint, const char *format, va_list arguments) {
  char message[2 * NCL_DIAGNOSTIC_TEXT_MAX];
  int length = vsnprintf(message, sizeof(message), format, arguments);
  size_t used = length < 0 ? 0 : (size_t)length;
  if (used >= sizeof(message)) used = sizeof(message) - 1;
  ncl_diagnostics_add(diagnostics, severity, mark, path, ncl_str_of(message, used),
                      hint == NULL ? ncl_str_of("", 0) : ncl_str_of(hint, strlen(hint)));
}

void ncl_error_at(ncl_diagnostics *diagnostics, ncl_mark mark, ncl_str path, const char *hint, const char *format,
                  ...) {
  va_list arguments;
  va_start(arguments, format);
  add_formatted(diagnostics, NCL_SEVERITY_ERROR, mark, path, hint, format, arguments);
  va_end(arguments);
}

void ncl_warning_at(ncl_diagnostics *diagnostics, ncl_mark mark, ncl_str path, const char *hint, const char *format,
                    ...) {
  va_list arguments;
  va_start(arguments, format);
  add_formatted(diagnostics, NCL_SEVERITY_WARNING, mark, path, hint, format, arguments);
  va_end(arguments);
}

void ncl_diagnostics_no_memory(ncl_diagnostics *diagnostics) {
  if (diagnostics->ran_out) return;
  if (diagnostics->errors < UINT32_MAX) diagnostics->errors++;
  diagnostics->ran_out = diagnostics->no_memory = 1;
}

uint32_t ncl_diagnostics_errors(const ncl_diagnostics *diagnostics) {
  return diagnostics->errors;
}
uint32_t ncl_diagnostics_warnings(const ncl_diagnostics *diagnostics) {
  return diagnostics->warnings;
}
size_t ncl_diagnostics_count(const ncl_diagnostics *diagnostics) {
  return diagnostics->count;
}

const ncl_diagnostic *ncl_diagnostics_at(const ncl_diagnostics *diagnostics, size_t i) {
  return &diagnostics->entries[i].diagnostic;
}

static int compare(const void *left, const void *right) {
  const entry *a = left, *b = right;
  const ncl_mark *ma = &a->diagnostic.mark, *mb = &b->diagnostic.mark;
  uint32_t oa = ma->source == NULL ? 0 : ncl_source_order(ma->source) + 1;
  uint32_t ob = mb->source == NULL ? 0 : ncl_source_order(mb->source) + 1;
  if (oa != ob) return oa < ob ? -1 : 1;
  if (ma->line != mb->line) return ma->line < mb->line ? -1 : 1;
  if (ma->column != mb->column) return ma->column < mb->column ? -1 : 1;
  return a->number < b->number ? -1 : 1;
}

void ncl_diagnostics_sort(ncl_diagnostics *diagnostics) {
  qsort(diagnostics->entries, diagnostics->count, sizeof(entry), compare);
}

static void print_text(ncl_str text, FILE *out) {
  if (text.len > 0) (void)fwrite(text.ptr, 1, text.len, out);
}

void ncl_diagnostic_print_line(const ncl_diagnostic *diagnostic, FILE *out) {
  const ncl_mark *mark = &diagnostic->mark;
  if (mark->source != NULL) {
    ncl_str name = ncl_source_name(mark->source);
    if (name.len > 0 && name.ptr[name.len - 1] == ':') name.len--; /* "yaml:" */
    print_text(name, out);
    if (mark->line > 0) (void)fprintf(out, ":%u:%u", mark->line, mark->column);
    (void)fputs(": ", out);
  }
  (void)fputs(diagnostic->severity == NCL_SEVERITY_ERROR ? "error: " : "warning: ", out);
  if (diagnostic->path.len > 0) {
    print_text(diagnostic->path, out);
    (void)fputs(": ", out);
  }
  print_text(diagnostic->message, out);
  if (diagnostic->hint.len > 0) {
    (void)fputs("; ", out);
    print_text(diagnostic->hint, out);
  }
  (void)fputc('\n', out);
}

void ncl_diagnostics_print(ncl_diagnostics *diagnostics, FILE *out) {
  uint32_t more_errors = diagnostics->errors - diagnostics->kept_errors;
  uint32_t more_warnings = diagnostics->warnings - diagnostics->kept_warnings;
  size_t i;

  ncl_diagnostics_sort(diagnostics);
  for (i = 0; i < diagnostics->count; i++) {
    const ncl_diagnostic *diagnostic = &diagnostics->entries[i].diagnostic;
    ncl_diagnostic_print_line(diagnostic, out);
    if (diagnostic->mark.source != NULL) {
      ncl_source_print_excerpt(diagnostic->mark.source, diagnostic->mark.line, diagnostic->mark.column, EXCERPT_INDENT,
                               out);
    }
  }
  if (diagnostics->no_memory) (void)fputs("error: there is not enough memory to read the config\n", out);
  if (more_errors > 0 && !diagnostics->no_memory) (void)fprintf(out, "... and %u more errors\n", more_errors);
  if (more_warnings > 0) (void)fprintf(out, "... and %u more warnings\n", more_warnings);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the YAML parser found, in words: the usual cause of each of its problems, and what to do about it. */
#include <string.h>

#include "core/config/config.h"
#include "core/config/explain.h"
#include "core/config/load.h"
#include "core/config/utf8.h"

#define NO_PATH ncl_str_of("", 0)

typedef struct finding {
  ncl_source *source;
  const ncl_yaml_problem *problem;
  ncl_diagnostics *diagnostics;
} finding;

static ncl_mark here(const finding *f) {
  return (ncl_mark){f->source, f->problem->line, f->problem->column};
}
static ncl_mark begin(const finding *f) {
  return (ncl_mark){f->source, f->problem->context_line, f->problem->context_column};
}

/* ---- lines --------------------------------------------------------------------------------- */

/* Spaces and tabs at the start. */
static size_t margin(ncl_str line) {
  size_t i = 0;
  while (i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t'))
    i++;
  return i;
}

static bool says_nothing(ncl_str line) {
  size_t i = margin(line);
  return i == line.len || line.ptr[i] == '#';
}

/* The last line above `line` with something on it; 0 = none. */
static uint32_t line_above(const ncl_source *source, uint32_t line) {
  for (line--; line > 0; line--) {
    if (!says_nothing(ncl_source_line(source, line))) return line;
  }
  return 0;
}

/* The place of the first ":" with a space or the line's end behind it; line.len = none. */
static size_t find_colon(ncl_str line, size_t from) {
  size_t i;
  for (i = from; i < line.len; i++) {
    if (line.ptr[i] == ':' && (i + 1 == line.len || line.ptr[i + 1] == ' ')) return i;
  }
  return line.len;
}

static bool begins_item(ncl_str line) {
  size_t i = margin(line);
  return i + 1 < line.len && line.ptr[i] == '-' && line.ptr[i + 1] == ' ';
}

static bool has_only_spaces(ncl_str line, size_t from) {
  while (from < line.len && (line.ptr[from] == ' ' || line.ptr[from] == '\t'))
    from++;
  return from >= line.len || line.ptr[from] == '#';
}

/* The first byte of the character at column `column` (from 1); 0 = the line is shorter. */
static char character_at(const ncl_source *source, uint32_t line, uint32_t column) {
  ncl_str text = ncl_source_line(source, line);
  size_t i = 0;
  for (; column > 1 && i < text.len; column--) {
    size_t length = ncl_utf8_length(text.ptr + i, text.len - i);
    i += length > 0 ? length : 1;
  }
  return i < text.len ? text.ptr[i] : 0;
}

/* ---- cut off -------------------------------------------------------------------------------- */

/* A text that stops at the length where parameters end was cut off. */
static const char *cut_off(const finding *f) {
  size_t len = ncl_source_text(f->source).len;
  if (ncl_source_kind(f->source) != NCL_SOURCE_ENVIRONMENT) return NULL;
  if (len == NCL_SSM_STANDARD_MAX) {
    return "the text is exactly 4096 bytes long, the most that an SSM standard parameter holds: it was cut off; use an "
           "advanced parameter or a secret";
  }
  if (len == NCL_SSM_ADVANCED_MAX) {
    return "the text is exactly 8192 bytes long, the most that an SSM advanced parameter holds: it was cut off; use a "
           "secret or a file";
  }
  return NULL;
}

/* The problem is at the end of a text that was cut off: nothing else needs to be said. */
static bool explain_cut(const finding *f) {
  const char *cut = cut_off(f);
  uint32_t last;
  if (cut == NULL || f->problem->line + 1 < ncl_source_line_count(f->source)) return false;
  last = ncl_source_line_count(f->source);
  while (last > 1 && ncl_source_line(f->source, last).len == 0)
    last--;
  ncl_error_at(f->diagnostics, (ncl_mark){f->source, last, (uint32_t)margin(ncl_source_line(f->source, last)) + 1},
               NO_PATH, cut, "the text ends in the middle of something");
  return true;
}

/* ---- causes -------------------------------------------------------------------------------- */

/* Names the lines that a tab indents, so that they can be mended in one go. */
static void explain_tab(const finding *f) {
  char others[200];
  size_t used = 0;
  uint32_t line, more = 0;

  others[0] = 0;
  for (line = f->problem->line + 1; line <= ncl_source_line_count(f->source); line++) {
    ncl_str text = ncl_source_line(f->source, line);
    if (margin(text) == text.len || memchr(text.ptr, '\t', margin(text)) == NULL) continue;
    if (used + 32 < sizeof(others)) {
      used +=
          (size_t)snprintf(others + used, sizeof(others) - used, "%s%u", used == 0 ? ", also in line " : ", ", line);
    } else {
      more++;
    }
  }
  if (more > 0) (void)snprintf(others + used, sizeof(others) - used, " and %u more", more);
  ncl_error_at(f->diagnostics, here(f), NO_PATH, "YAML indents with spaces: replace each tab by spaces",
               "a tab stands where only spaces may%s", others);
}

static void explain_first_character(const finding *f) {
  char c = character_at(f->source, f->problem->line, f->problem->column);
  if (c == '\t' || c == 0) {
    explain_tab(f);
    return;
  }
  ncl_error_at(f->diagnostics, here(f), NO_PATH, "put the whole value in quotes", "a value cannot begin with \"%c\"",
               c);
}

/* A ":" where no key can be. */
static void explain_colon(const finding *f) {
  if (explain_cut(f)) return;
  ncl_str line = ncl_source_line(f->source, f->problem->line);
  uint32_t above_number = line_above(f->source, f->problem->line);
  ncl_str above = ncl_source_line(f->source, above_number);
  size_t own_colon = find_colon(line, 0), above_colon = find_colon(above, 0);

  if (own_colon + 1 < f->problem->column) {
    ncl_error_at(f->diagnostics, here(f), NO_PATH,
                 "put the value in quotes if the \":\" belongs to it, else begin a new line for the second key",
                 "a second \": \" stands on this line");
  } else if (above_number > 0 && above_colon == above.len && begins_item(above)) {
    ncl_error_at(f->diagnostics, here(f), NO_PATH, "begin it further left, or give the item keys: \"- key: value\"",
                 "this line is indented under the list item of line %u, which is text", above_number);
  } else if (above_number > 0 && above_colon < above.len && !has_only_spaces(above, above_colon + 1)) {
    ncl_error_at(f->diagnostics, here(f), NO_PATH,
                 "begin both lines in the same column if they are neighbours, or remove the value above if this line "
                 "belongs under it",
                 "this line is indented under line %u, which already has a value", above_number);
  } else if (above_number > 0 && above_colon == above.len && memchr(above.ptr, ':', above.len) != NULL) {
    ncl_error_at(f->diagnostics, (ncl_mark){f->source, above_number, (uint32_t)margin(above) + 1}, NO_PATH,
                 "write \"key: value\" with a space behind the \":\"", "there is no space behind the \":\"");
  } else if (above_number > 0 && above_colon == above.len) {
    ncl_error_at(f->diagnostics, (ncl_mark){f->source, above_number, (uint32_t)margin(above) + 1}, NO_PATH,
                 "end a key with \":\", or begin a list item with \"- \"",
                 "this line is neither a key nor a list item, and keys follow it");
  } else {
    ncl_error_at(f->diagnostics, here(f), NO_PATH, "put the text in quotes if the \":\" belongs to it",
                 "no key can end here");
  }
}

/* "{grpc:, http:}": other parsers take "grpc:" for the key. */
static void explain_bare_colon(const finding *f) {
  ncl_error_at(f->diagnostics, here(f), NO_PATH, "write a space behind it, as in {grpc: , http: }, or {} as the value",
               "between brackets, a \":\" needs a space behind it");
}

/* A line in a column that none of the lines above has. */
static void explain_indentation(const finding *f, const char *among) {
  ncl_str line = ncl_source_line(f->source, f->problem->line);
  size_t column = margin(line) + 1;
  uint32_t above = line_above(f->source, f->problem->line);
  size_t above_column = margin(ncl_source_line(f->source, above)) + 1;

  if (f->problem->column > column) {
    ncl_error_at(f->diagnostics, here(f), NO_PATH, "put the whole value in quotes",
                 "text follows behind the end of the value");
  } else if (character_at(f->source, f->problem->line, f->problem->column) == ':') {
    ncl_error_at(f->diagnostics, here(f), NO_PATH, "write the key before the \":\"", "a key is missing");
  } else if (column == f->problem->context_column) {
    bool item = character_at(f->source, f->problem->line, f->problem->column) == '-';
    ncl_error_at(
        f->diagnostics, here(f), NO_PATH,
        item ? "indent the item under the key that it belongs to" : "begin each item with \"- \"",
        item ? "a list item stands among %s, which began on line %u" : "a key stands among %s, which began on line %u",
        among, f->problem->context_line);
  } else {
    char hint[200];
    int used = snprintf(hint, sizeof(hint), "begin it in column %u as line %u does", f->problem->context_column,
                        f->problem->context_line);
    if (above > 0 && above_column != f->problem->context_column && above_column > column) {
      (void)snprintf(hint + used, sizeof(hint) - (size_t)used, ", or in column %zu as line %u does", above_column,
                     above);
    }
    ncl_error_at(f->diagnostics, here(f), NO_PATH, hint,
                 "the indentation fits none of the lines above: this line begins in column %zu", column);
  }
}

static void explain_keys(const finding *f) {
  explain_indentation(f, "keys");
}
static void explain_items(const finding *f) {
  explain_indentation(f, "list items");
}

/* The line that the config begins on. */
static uint32_t first_line(const ncl_source *source) {
  uint32_t line;
  for (line = 1; line < ncl_source_line_count(source); line++) {
    ncl_str text = ncl_source_line(source, line);
    if (!says_nothing(text) && !(text.len >= 3 && memcmp(text.ptr, "---", 3) == 0)) break;
  }
  return line;
}

static void explain_second_top(const finding *f) {
  uint32_t first = first_line(f->source);
  size_t column = margin(ncl_source_line(f->source, first)) + 1;
  if (column > f->problem->column) {
    ncl_error_at(f->diagnostics, here(f), NO_PATH, "begin all top-level keys in the same column, best the first",
                 "this line begins further left than line %u, where the config begins in column %zu", first, column);
  } else {
    ncl_error_at(f->diagnostics, here(f), NO_PATH, "put all keys into one map at the left margin",
                 "the config is complete before this line, and here is more");
  }
}

static void explain_missing_colon(const finding *f) {
  if (explain_cut(f)) return;
  ncl_error_at(f->diagnostics, begin(f), NO_PATH,
               "write \"key: value\", with a space behind the \":\"; if it is the rest of the line above, join the two",
               "a key begins here and no \":\" follows it");
}

static void explain_quote(const finding *f) {
  const char *cut = cut_off(f);
  ncl_error_at(f->diagnostics, begin(f), NO_PATH, cut != NULL ? cut : "close it at the end of its value",
               "the quote that opens here is never closed");
}

static void explain_escape(const finding *f) {
  ncl_error_at(f->diagnostics, here(f), NO_PATH, "put the text in single quotes, or write each backslash twice",
               "a backslash in double quotes begins an escape, and this is none");
}

/* Whether "${" stands in the lines between the bracket and the problem: its "{" was taken for a bracket. */
static bool has_reference(const finding *f) {
  uint32_t line;
  for (line = f->problem->context_line; line <= f->problem->line; line++) {
    ncl_str text = ncl_source_line(f->source, line);
    if (memmem(text.ptr, text.len, "${", 2) != NULL) return true;
  }
  return false;
}

static void explain_brackets(const finding *f) {
  char c = character_at(f->source, f->problem->context_line, f->problem->context_column);
  const char *cut = cut_off(f);
  const char *hint = "close it, put a \",\" between the parts, and quotes around text with , : [ ] { }";
  if (has_reference(f)) hint = "between brackets, put each ${...} in quotes";
  ncl_error_at(f->diagnostics, begin(f), NO_PATH, cut != NULL ? cut : hint,
               "the \"%c\" that opens here is not closed before line %u, or a \",\" is missing", c == '{' ? '{' : '[',
               f->problem->line);
}

static void explain_no_value(const finding *f) {
  char c = character_at(f->source, f->problem->line, f->problem->column);
  const char *cut = cut_off(f);
  if (c == 0) {
    ncl_error_at(f->diagnostics, here(f), NO_PATH, cut != NULL ? cut : "close each \"[\" and \"{\"",
                 "the text ends before a list or a map in brackets is complete");
  } else {
    ncl_error_at(f->diagnostics, here(f), NO_PATH, "remove it, or put the text that it belongs to in quotes",
                 "a value is expected here, and \"%c\" is none", c);
  }
}

static void explain_item_on_key_line(const finding *f) {
  ncl_error_at(f->diagnostics, here(f), NO_PATH,
               "begin the list on the next line, or put text that begins with \"-\" in quotes",
               "a list item cannot stand on the line of its key");
}

static void explain_star(const finding *f) {
  char c = character_at(f->source, f->problem->context_line, f->problem->context_column);
  ncl_error_at(f->diagnostics, begin(f), NO_PATH, "put the whole value in quotes",
               "\"%c\" at the start of a value has a meaning of its own in YAML", c == '&' ? '&' : '*');
}

static void explain_block(const finding *f) {
  ncl_error_at(f->diagnostics, here(f), NO_PATH, "begin the text on the next line, indented",
               "nothing may follow \"|\" or \">\" on its line");
}

static void explain_directive(const finding *f) {
  ncl_error_at(f->diagnostics, here(f), NO_PATH, "remove the line",
               "a line that begins with \"%%\" is a YAML directive, and this one is not supported");
}

static bool starts_with(const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

void ncl_explain_problem(ncl_source *source, const ncl_yaml_problem *problem, ncl_diagnostics *diagnostics) {
  static const struct {
    const char *problem; /* how the parser's words begin */
    void (*explain)(const finding *f);
  } causes[] = {
      {"found a tab character", explain_tab},
      {"found character that cannot start any token", explain_first_character},
      {"mapping values are not allowed", explain_colon},
      {"found unexpected ':'", explain_bare_colon},
      {"did not find expected key", explain_keys},
      {"did not find expected '-' indicator", explain_items},
      {"did not find expected <document start>", explain_second_top},
      {"could not find expected ':'", explain_missing_colon},
      {"found unexpected end of stream", explain_quote},
      {"found unexpected document indicator", explain_quote},
      {"found unknown escape character", explain_escape},
      {"did not find expected hexdecimal number", explain_escape},
      {"did not find expected ','", explain_brackets},
      {"did not find expected node content", explain_no_value},
      {"mapping keys are not allowed", explain_first_character},
      {"block sequence entries are not allowed", explain_item_on_key_line},
      {"did not find expected alphabetic or numeric character", explain_star},
      {"did not find expected comment or line break", explain_block},
      {"found incompatible YAML document", explain_directive},
      {"found unknown directive name", explain_directive},
      {"could not find expected directive name", explain_directive},
  };
  finding f = {source, problem, diagnostics};
  size_t i;

  if (ncl_explain_whole(source, diagnostics) || ncl_explain_shift(source, diagnostics)) return;
  for (i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
    if (!starts_with(problem->problem, causes[i].problem)) continue;
    causes[i].explain(&f);
    return;
  }
  ncl_error_at(diagnostics, here(&f), NO_PATH, "put text with special characters in quotes", "this is not YAML: %s%s%s",
               problem->context, problem->context[0] != 0 ? ", " : "", problem->problem);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How the lines of a text stand when it was damaged on its way: indentation lost, line numbers or a shell's lines
 * copied along, characters escaped. */
#include <stdlib.h>
#include <string.h>

#include "core/config/config.h"
#include "core/config/explain.h"

#define NO_PATH ncl_str_of("", 0)
#define BARE_KEYS_MIN 3u /* lines "key:" without any indented line that are no chance */
#define ESCAPED_ENDS_MIN 2u
#define NUMBERED_MIN 3u

static ncl_mark at(ncl_source *source, uint32_t line, uint32_t column) {
  return (ncl_mark){source, line, column};
}

static bool starts(ncl_str text, const char *with) {
  size_t len = strlen(with);
  return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

static bool ends(ncl_str text, const char *with) {
  size_t len = strlen(with);
  return text.len >= len && memcmp(text.ptr + text.len - len, with, len) == 0;
}

static size_t margin(ncl_str line) {
  size_t i = 0;
  while (i < line.len && line.ptr[i] == ' ')
    i++;
  return i;
}

static ncl_str trim_end(ncl_str line) {
  while (line.len > 0 &&
         (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\t' || line.ptr[line.len - 1] == '\r'))
    line.len--;
  return line;
}

static bool says_nothing(ncl_str line) {
  size_t i = margin(line);
  return i == line.len || line.ptr[i] == '#' || line.ptr[i] == '\r';
}

static bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '/' || c == '.';
}

/* "key:" and nothing behind it. */
static bool is_bare_key(ncl_str line) {
  size_t i;
  line = trim_end(line);
  if (line.len < 2 || line.ptr[line.len - 1] != ':') return false;
  for (i = 0; i + 1 < line.len; i++) {
    if (!is_word_character(line.ptr[i])) return false;
  }
  return true;
}

/* The line holds a key of the top level of a config, and `rest` begins there. */
static bool is_top_key(ncl_str rest) {
  static const char *const tops[] = {
      "receivers:", "processors:", "exporters:", "connectors:", "extensions:", "service:", NULL};
  size_t i;
  for (i = 0; tops[i] != NULL; i++) {
    if (starts(rest, tops[i])) return true;
  }
  return false;
}

static ncl_str behind(ncl_str line, size_t from) {
  return ncl_str_of(line.ptr + from, line.len - from);
}

/* ---- indentation --------------------------------------------------------------------------- */

static bool explain_lost_indentation(ncl_source *source, ncl_diagnostics *diagnostics) {
  uint32_t line, bare = 0, first = 0;
  for (line = 1; line <= ncl_source_line_count(source); line++) {
    ncl_str text = ncl_source_line(source, line);
    if (says_nothing(text)) continue;
    if (text.ptr[0] == ' ' || text.ptr[0] == '\t' || (unsigned char)text.ptr[0] >= 0x80) return false;
    if (!is_bare_key(text)) continue;
    bare++;
    if (bare == 2) first = line; /* the first line that should stand below another */
  }
  if (bare < BARE_KEYS_MIN) return false;
  ncl_error_at(diagnostics, at(source, first, 1), NO_PATH,
               "store the text as the file has it, spaces at the start of lines included; a form field or a template "
               "may take them away",
               "no line of it is indented: its indentation was lost on the way");
  return true;
}

bool ncl_explain_shift(ncl_source *source, ncl_diagnostics *diagnostics) {
  uint32_t line, first = 0, other = 0;
  size_t least = SIZE_MAX;
  for (line = 1; line <= ncl_source_line_count(source); line++) {
    ncl_str text = ncl_source_line(source, line);
    if (says_nothing(text)) continue;
    if (first == 0) {
      if (!is_top_key(text)) return false;
      first = line;
      continue;
    }
    if (margin(text) < least) least = margin(text);
    if (other == 0 && margin(text) > 0 && is_top_key(behind(text, margin(text)))) other = line;
  }
  if (other == 0 || least == 0 || margin(ncl_source_line(source, other)) != least) return false;
  ncl_error_at(
      diagnostics, at(source, other, (uint32_t)least + 1), NO_PATH,
      "begin both in the same column: the start of the first line was not copied along",
      "all lines but the first are shifted by %zu columns: line %u begins in column 1, and this belongs beside "
      "it",
      least, first);
  return true;
}

/* ---- what was copied along ----------------------------------------------------------------- */

/* "{{resolve:ssm:/otel/config}}" */
static bool explain_dynamic_reference(ncl_source *source, uint32_t line, ncl_str text, ncl_diagnostics *diagnostics) {
  if (!starts(text, "{{resolve:")) return false;
  ncl_error_at(diagnostics, at(source, line, 1), NO_PATH,
               "list the variable under \"secrets\" of the container, with the parameter's ARN as \"valueFrom\"",
               "this is a reference of CloudFormation that was not resolved, not the config behind it");
  return true;
}

/* "cat <<EOF", "$ cat config.yaml", "NAME=receivers:": true = said. */
static bool explain_first_line(ncl_source *source, uint32_t line, ncl_str text, ncl_diagnostics *diagnostics) {
  const char *equals = memchr(text.ptr, '=', text.len);
  size_t name = equals == NULL ? 0 : (size_t)(equals - text.ptr), i;
  if (starts(text, "cat ") || starts(text, "$ ") || starts(text, "#!/") || starts(text, "export ")) {
    ncl_error_at(diagnostics, at(source, line, 1), NO_PATH,
                 "remove the lines of the shell, also one such as EOF at the end",
                 "the text begins with a command of a shell");
    return true;
  }
  for (i = 0; i < name; i++) {
    if (!is_word_character(text.ptr[i])) return false;
  }
  if (name == 0 || !is_top_key(behind(text, name + 1 + (name + 1 < text.len && text.ptr[name + 1] == '"')))) {
    return false;
  }
  ncl_error_at(diagnostics, at(source, line, 1), NO_PATH, "the text begins behind the \"=\"",
               "the name of a variable stands before the text: \"%.*s=\"", NCL_ARG(ncl_str_of(text.ptr, name)));
  return true;
}

/* "1  receivers:", "2    otlp:" */
static bool explain_line_numbers(ncl_source *source, ncl_diagnostics *diagnostics) {
  uint32_t line, numbered = 0, before = 0;
  for (line = 1; line <= ncl_source_line_count(source) && numbered < NUMBERED_MIN; line++) {
    ncl_str text = ncl_source_line(source, line);
    size_t i = margin(text);
    uint32_t number = 0;
    if (i == text.len) continue;
    for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9' && number < 100000; i++)
      number = number * 10 + (uint32_t)(text.ptr[i] - '0');
    if (i < text.len && (text.ptr[i] == ':' || text.ptr[i] == '.' || text.ptr[i] == '|')) i++;
    if (number == 0 || (numbered > 0 && number != before + 1) || (i < text.len && text.ptr[i] != ' ')) return false;
    before = number;
    numbered++;
  }
  if (numbered < NUMBERED_MIN) return false;
  ncl_error_at(diagnostics, at(source, 1, 1), NO_PATH, "copy the text without them",
               "the lines begin with their numbers");
  return true;
}

/* ---- escapes ------------------------------------------------------------------------------- */

/* Lines that end in the two characters \n. */
static bool explain_escaped_ends(ncl_source *source, ncl_diagnostics *diagnostics) {
  uint32_t line, count = 0, first = 0, lines = 0;
  for (line = 1; line <= ncl_source_line_count(source); line++) {
    ncl_str text = trim_end(ncl_source_line(source, line));
    if (says_nothing(text)) continue;
    lines++;
    if (!ends(text, "\\n") && !ends(text, "\\r")) continue;
    if (count++ == 0) first = line;
  }
  if (count < ESCAPED_ENDS_MIN || count * 2 < lines) return false;
  ncl_error_at(diagnostics, at(source, first, 1), NO_PATH, "take them away, or store the text as the file has it",
               "its lines end in the two characters \\n");
  return true;
}

/* "receivers%3A%0A%20%20otlp" */
static bool explain_url_encoding(ncl_source *source, ncl_diagnostics *diagnostics) {
  ncl_str text = ncl_source_line(source, 1);
  if (memchr(text.ptr, ' ', text.len) != NULL) return false;
  if (memmem(text.ptr, text.len, "%3A%0A", 6) == NULL && memmem(text.ptr, text.len, "%3a%0a", 6) == NULL) return false;
  ncl_error_at(diagnostics, at(source, 1, 1), NO_PATH, "store the YAML text as it is",
               "the text is percent-encoded, as in an address");
  return true;
}

bool ncl_explain_layout(ncl_source *source, ncl_diagnostics *diagnostics) {
  uint32_t line = 1;
  while (line < ncl_source_line_count(source) && says_nothing(ncl_source_line(source, line)) &&
         !starts(ncl_source_line(source, line), "#!/")) {
    line++;
  }
  if (ncl_source_line(source, line).len == 0) return false;
  return explain_dynamic_reference(source, line, ncl_source_line(source, line), diagnostics) ||
         explain_first_line(source, line, ncl_source_line(source, line), diagnostics) ||
         explain_line_numbers(source, diagnostics) || explain_escaped_ends(source, diagnostics) ||
         explain_url_encoding(source, diagnostics) || explain_lost_indentation(source, diagnostics);
}

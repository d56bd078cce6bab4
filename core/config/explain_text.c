/* SPDX-License-Identifier: Apache-2.0 */
/* What a text is when it is no config: the mistakes that happen on the way into a parameter, a secret, a variable. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/config/config.h"
#include "core/config/explain.h"
#include "core/config/utf8.h"

#define NO_PATH ncl_str_of("", 0)
#define LOOKALIKES_MAX 5u /* warnings of one text */
#define BASE64_MIN 40u    /* bytes: shorter texts are rather words */

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

static size_t count(ncl_str text, const char *what) {
  size_t len = strlen(what), found = 0, i;
  for (i = 0; i + len <= text.len; i++) {
    if (memcmp(text.ptr + i, what, len) == 0) found++;
  }
  return found;
}

static bool is_white(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static ncl_str trim(ncl_str text) {
  while (text.len > 0 && is_white(text.ptr[0]))
    text.ptr++, text.len--;
  while (text.len > 0 && is_white(text.ptr[text.len - 1]))
    text.len--;
  return text;
}

static bool is_one_word(ncl_str text) {
  size_t i;
  for (i = 0; i < text.len; i++) {
    if (is_white(text.ptr[i])) return false;
  }
  return text.len > 0;
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* Where a byte stands. */
static ncl_mark mark_of_byte(ncl_source *source, size_t offset) {
  const char *begin = ncl_source_text(source).ptr;
  uint32_t line = 1, count_lines = ncl_source_line_count(source), column = 1;
  const char *p;
  while (line < count_lines && (size_t)(ncl_source_line(source, line + 1).ptr - begin) <= offset)
    line++;
  for (p = ncl_source_line(source, line).ptr; p < begin + offset; column++) {
    size_t length = ncl_utf8_length(p, (size_t)(begin + offset - p));
    p += length > 0 ? length : 1;
  }
  return at(source, line, column);
}

/* The characters that YAML allows in a text. */
static bool is_allowed(uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return code < 0x7F || code == 0x85 || (code >= 0xA0 && code <= 0xFFFD && code != 0xFEFF) || code >= 0x10000;
}

static void refuse_byte(ncl_source *source, size_t offset, bool is_utf8, ncl_diagnostics *diagnostics) {
  ncl_str text = ncl_source_text(source);
  unsigned char byte = (unsigned char)text.ptr[offset];
  if (starts(text, "\xFF\xFE") || starts(text, "\xFE\xFF")) {
    ncl_error_at(diagnostics, at(source, 0, 0), NO_PATH, "save it as UTF-8 (PowerShell: Out-File -Encoding utf8)",
                 "the text is UTF-16, not UTF-8");
  } else if (starts(text, "\x1F\x8B")) {
    ncl_error_at(diagnostics, at(source, 0, 0), NO_PATH, "unpack it first", "this is compressed (gzip), not YAML text");
  } else if (is_utf8) {
    ncl_error_at(diagnostics, mark_of_byte(source, offset), NO_PATH,
                 "remove it; in a value, write it in double quotes with its escape, such as \"\\x1b\"",
                 "an invisible control character stands here, which YAML does not allow");
  } else {
    ncl_error_at(diagnostics, mark_of_byte(source, offset), NO_PATH, "save the text as UTF-8",
                 "the byte 0x%02x is not UTF-8", byte);
  }
}

/* ---- lookalikes ---------------------------------------------------------------------------- */

/* A character that is seen as a space and is none. */
static bool is_false_space(uint32_t code) {
  return code == 0xA0 || (code >= 0x2000 && code <= 0x200B) || code == 0x202F || code == 0x205F || code == 0x3000;
}

static bool is_name_character(uint32_t code) {
  return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') || code == '_' ||
         code == '-' || code == '/' || code == '.';
}

static bool is_false_quote(uint32_t code) {
  return code >= 0x2018 && code <= 0x201F;
}

/* "key:" or "- " begins at `i`. */
static bool is_structure(ncl_str line, size_t i) {
  if (line.ptr[i] == '-') return i + 1 < line.len && line.ptr[i + 1] == ' ';
  for (; i < line.len && line.ptr[i] != ' ' && line.ptr[i] != '#'; i++) {
    if (line.ptr[i] == ':') return true;
  }
  return false;
}

/* The column of a character that stands for a space where YAML needs one: in the indentation of a key or a list item,
 * or behind the ":" of a key. 0 = there is none; *code is its number. */
static uint32_t false_space(ncl_str line, uint32_t *code) {
  uint32_t column = 1, found = 0, found_code = 0, next = 0;
  bool indentation = true;
  size_t i = 0, length;
  for (; i < line.len; i += length, column++) {
    length = ncl_utf8_decode(line.ptr + i, line.len - i, &next);
    if (length == 0) return 0;
    if (indentation && is_false_space(next)) {
      if (found == 0) found = column, found_code = next;
    } else if (next == ':' && i + 1 < line.len && (unsigned char)line.ptr[i + 1] >= 0x80) {
      (void)ncl_utf8_decode(line.ptr + i + 1, line.len - i - 1, code);
      return is_false_space(*code) ? column + 1 : 0;
    } else if (next != ' ' && next != '-') {
      if (found > 0 && is_structure(line, i)) {
        *code = found_code;
        return found;
      }
      if (!is_name_character(next)) return 0; /* what follows is no key of a block */
      indentation = false;
    } else if (found > 0 && next == '-' && is_structure(line, i)) {
      *code = found_code;
      return found;
    }
  }
  return 0;
}

/* One error for all lines of the text; true = there is one. */
static bool refuse_false_spaces(ncl_source *source, ncl_diagnostics *diagnostics) {
  ncl_mark first = at(source, 0, 0);
  char others[200];
  size_t used = 0;
  uint32_t line, more = 0, code = 0, first_code = 0;

  others[0] = 0;
  for (line = 1; line <= ncl_source_line_count(source); line++) {
    uint32_t column = false_space(ncl_source_line(source, line), &code);
    if (column == 0) continue;
    if (first.line == 0) {
      first = at(source, line, column);
      first_code = code;
    } else if (used + 32 < sizeof(others)) {
      used +=
          (size_t)snprintf(others + used, sizeof(others) - used, "%s%u", used == 0 ? ", also in line " : ", ", line);
    } else {
      more++;
    }
  }
  if (first.line == 0) return false;
  if (more > 0) (void)snprintf(others + used, sizeof(others) - used, " and %u more", more);
  ncl_error_at(diagnostics, first, NO_PATH,
               "replace each by a space; such characters come from copying out of web pages and documents",
               "the character U+%04X stands here, which looks like a space and is none%s", first_code, others);
  return true;
}

/* Looks for quotes that are none at the start of a value. True = it was warned of one. */
static bool warn_of_quote(ncl_source *source, uint32_t line, ncl_diagnostics *diagnostics) {
  ncl_str text = ncl_source_line(source, line);
  bool value = true;
  uint32_t column = 1;
  size_t i = 0;

  while (i < text.len) {
    uint32_t code = 0;
    size_t length = ncl_utf8_decode(text.ptr + i, text.len - i, &code);
    if (length == 0) return false;
    if (value && is_false_quote(code)) {
      ncl_warning_at(diagnostics, at(source, line, column), NO_PATH, "write \" or ' instead",
                     "the quote U+%04X is not a quote to YAML and becomes part of the text", code);
      return true;
    }
    if (code != ' ') value = code == ':' || code == '-' || code == '[' || code == '{' || code == ',';
    i += length;
    column++;
  }
  return false;
}

bool ncl_explain_text(ncl_source *source, ncl_diagnostics *diagnostics) {
  ncl_str text = ncl_source_text(source);
  bool ascii = true;
  size_t i = 0;
  uint32_t line, warned = 0;

  while (i < text.len) {
    uint32_t code = 0;
    size_t length = ncl_utf8_decode(text.ptr + i, text.len - i, &code);
    if (length == 0 || !is_allowed(code)) {
      if (diagnostics != NULL) refuse_byte(source, i, length > 0, diagnostics);
      return false;
    }
    if (length > 1) ascii = false;
    i += length;
  }
  if (ascii || diagnostics == NULL) return true;
  for (line = 1; line <= ncl_source_line_count(source) && warned < LOOKALIKES_MAX; line++) {
    if (warn_of_quote(source, line, diagnostics)) warned++;
  }
  return !refuse_false_spaces(source, diagnostics);
}

/* ---- the whole text ------------------------------------------------------------------------ */

static bool is_base64(ncl_str text) {
  size_t i;
  for (i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '+' && c != '/' && c != '=' && c != '\n' && c != '\r') return false;
  }
  return text.len >= BASE64_MIN;
}

static bool is_file_name(ncl_str text) {
  if (!is_one_word(text) || count(text, ": ") > 0) return false;
  return starts(text, "file:") || starts(text, "/") || starts(text, "./") || ends(text, ".yaml") ||
         ends(text, ".yml") || ends(text, ".json");
}

/* "/otel/collector-config", "collector-config": a name, and none of a file. */
static bool is_parameter_name(ncl_str text) {
  size_t i;
  if (!is_one_word(text) || text.len > 1024) return false;
  for (i = 0; i < text.len; i++) {
    if (!is_name_character((unsigned char)text.ptr[i])) return false;
  }
  return !ends(text, ".yaml") && !ends(text, ".yml") && !ends(text, ".json") && !is_base64(text);
}

static bool is_markup(ncl_str text) {
  static const char *const begins[] = {"<!doctype", "<html", "<?xml", NULL};
  size_t i;
  for (i = 0; begins[i] != NULL; i++) {
    if (text.len >= strlen(begins[i]) && strncasecmp(text.ptr, begins[i], strlen(begins[i])) == 0) return true;
  }
  return false;
}

/* A line that git leaves behind; 0 = there is none. */
static uint32_t conflict_line(const ncl_source *source) {
  uint32_t line;
  for (line = 1; line <= ncl_source_line_count(source); line++) {
    ncl_str text = ncl_source_line(source, line);
    if (starts(text, "<<<<<<< ") || starts(text, ">>>>>>> ")) return line;
  }
  return 0;
}

static bool explain_pointer(ncl_source *source, ncl_str text, ncl_diagnostics *diagnostics) {
  bool variable = ncl_source_kind(source) == NCL_SOURCE_ENVIRONMENT;
  ncl_mark mark = at(source, 1, 1);
  if (starts(text, "arn:") && is_one_word(text)) {
    ncl_error_at(diagnostics, mark, NO_PATH,
                 variable ? "in the ECS task definition, name the variable under \"secrets\" with this ARN as "
                            "\"valueFrom\", not under \"environment\""
                          : "put the text that is stored there in its place",
                 "this is the ARN of a parameter or secret, not the config that is stored under it");
    return true;
  }
  if ((starts(text, "http://") || starts(text, "https://") || starts(text, "s3://")) && is_one_word(text)) {
    ncl_error_at(diagnostics, mark, NO_PATH, "to read it from there, give the address itself: --config https://...",
                 "this is an address, not the config that is found there");
    return true;
  }
  if (variable && is_parameter_name(text)) {
    ncl_error_at(diagnostics, mark, NO_PATH,
                 "in the ECS task definition, list the variable under \"secrets\" with this name, or the parameter's "
                 "ARN, as \"valueFrom\", not under \"environment\"",
                 "this is one word, perhaps the name of a parameter or secret, not the config that is stored under it");
    return true;
  }
  if (is_file_name(text)) {
    ncl_error_at(diagnostics, mark, NO_PATH,
                 variable ? "store the file's text (aws ssm put-parameter --value file://collector.yaml), or read the "
                            "file itself with --config file:NAME"
                          : "to read a file, use --config file:NAME",
                 "this is the name of a file, not the config in it");
    return true;
  }
  if (is_markup(text)) {
    ncl_error_at(diagnostics, mark, NO_PATH,
                 "fetch the file itself, not the page that shows it or the one to log in at",
                 "this is an HTML page or XML, not YAML text");
    return true;
  }
  if (is_base64(text)) {
    ncl_error_at(diagnostics, mark, NO_PATH, "store the YAML text as it is",
                 "this looks like base64, not like YAML text");
    return true;
  }
  return false;
}

static const char *how_to_store(const ncl_source *source) {
  if (ncl_source_kind(source) == NCL_SOURCE_YAML) {
    return "write nested keys as a::b::c: value, or with braces: {a: {b: value}}";
  }
  return "store the text as the file has it, for example aws ssm put-parameter --value file://collector.yaml, and in a "
         "shell keep \"$VARIABLE\" in double quotes";
}

/* "receivers: otlp: protocols:": keys that stood below each other. */
static bool keys_in_a_row(ncl_str text) {
  static const char *const tops[] = {
      "receivers:", "processors:", "exporters:", "connectors:", "extensions:", "service:", NULL};
  size_t i, colons = 0;
  for (i = 0; tops[i] != NULL && !starts(text, tops[i]); i++) {
  }
  if (tops[i] == NULL) return false;
  for (i = 0; i < text.len && text.ptr[i] != '{' && text.ptr[i] != '['; i++) {
    if (text.ptr[i] == ':' && (i + 1 == text.len || text.ptr[i + 1] == ' ')) colons++;
  }
  return colons > 1;
}

static bool explain_damage(ncl_source *source, ncl_str text, ncl_diagnostics *diagnostics) {
  ncl_mark mark = at(source, 1, 1);
  bool one_line = count(text, "\n") == 0;
  if (text.len > 0 && strchr("\"'|>", text.ptr[0]) != NULL &&
      (count(text, "receivers:") > 0 || count(text, "service:") > 0)) {
    bool escaped = one_line && count(text, "\\n") > 0, block = text.ptr[0] == '|' || text.ptr[0] == '>';
    ncl_error_at(diagnostics, mark, NO_PATH,
                 escaped ? "take the quotes away and turn each \\n into a real line break"
                 : block ? "take it away"
                         : "take them away",
                 block ? "\"%c\" stands before the whole text, so it is one string and no config"
                       : "the whole text stands in quotes (%c), so it is one string and no config",
                 text.ptr[0]);
    return true;
  }
  if (text.len > 2 && text.len < 100 && count(text, "*") == text.len) {
    ncl_error_at(diagnostics, mark, NO_PATH, "store the config itself",
                 "this is a hidden value as a page shows it, not the config");
    return true;
  }
  if (one_line && count(text, "\\n") > 0) {
    ncl_error_at(diagnostics, mark, NO_PATH, how_to_store(source),
                 "its line breaks became the two characters \\n, so all of it is one line");
    return true;
  }
  if (one_line && keys_in_a_row(text)) {
    ncl_error_at(diagnostics, mark, NO_PATH, how_to_store(source),
                 "all of it stands on one line: its line breaks were lost on the way");
    return true;
  }
  return false;
}

bool ncl_explain_whole(ncl_source *source, ncl_diagnostics *diagnostics) {
  ncl_str text = trim(ncl_source_text(source));
  uint32_t line;

  if (explain_pointer(source, text, diagnostics) || explain_damage(source, text, diagnostics)) return true;
  if (starts(text, "```")) {
    ncl_error_at(diagnostics, at(source, 1, 1), NO_PATH, "remove the lines that begin with ```",
                 "the text begins with a Markdown fence");
    return true;
  }
  line = conflict_line(source);
  if (line > 0) {
    ncl_error_at(diagnostics, at(source, line, 1), NO_PATH, "resolve the conflict and remove its markers",
                 "this line is the mark of a merge conflict");
    return true;
  }
  return false;
}

/* ---- the top of the tree ------------------------------------------------------------------- */

/* Maps that are something else. */
static bool explain_other_map(const ncl_node *root, ncl_diagnostics *diagnostics) {
  static const struct {
    const char *key, *what;
  } others[] = {{"containerDefinitions", "an ECS task definition"},
                {"AWSTemplateFormatVersion", "a CloudFormation template"},
                {"apiVersion", "a Kubernetes object"},
                {"Parameter", "the answer of aws ssm get-parameter"}};
  const ncl_entry *first = root->map.count > 0 ? &root->map.entries[0] : NULL;
  size_t i;

  for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
    const ncl_entry *entry = ncl_node_entry(root, ncl_str_of(others[i].key, strlen(others[i].key)));
    if (entry == NULL) continue;
    ncl_error_at(diagnostics, entry->mark, NO_PATH, "give the collector's part of it alone, as text",
                 "this is %s around a config, not the config itself", others[i].what);
    return true;
  }
  if (root->map.count == 1 && first->value->kind == NCL_NODE_SCALAR && count(first->value->text, "receivers:") > 0 &&
      count(first->value->text, "\n") > 0) {
    char hint[400];
    (void)snprintf(
        hint, sizeof(hint),
        "in the ECS task definition, end \"valueFrom\" with \":%.*s::\" to take that key of the secret alone",
        NCL_ARG(first->key));
    ncl_error_at(diagnostics, first->mark, NO_PATH, hint, "the config is a text inside the key \"%.*s\"",
                 NCL_ARG(first->key));
    return true;
  }
  return false;
}

bool ncl_explain_root(ncl_source *source, const ncl_node *root, ncl_diagnostics *diagnostics) {
  if (root->kind == NCL_NODE_NULL) return true;
  if (root->kind == NCL_NODE_MAP) return !explain_other_map(root, diagnostics);
  if (ncl_explain_whole(source, diagnostics)) return false;
  ncl_error_at(diagnostics, root->mark, NO_PATH,
               "a config begins with keys at the left margin: receivers:, exporters:, service:",
               "a config is a map, and this is %s", ncl_node_kind_word(root));
  return false;
}

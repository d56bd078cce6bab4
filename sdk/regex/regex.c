/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/regex/regex.c: expressions on PCRE2, which is loaded with the first of them. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <nacelle/library.h>
#include <nacelle/regex.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "syntax.h"

typedef struct pcre2_calls {
  pcre2_code *(*compile)(PCRE2_SPTR, PCRE2_SIZE, uint32_t, int *, PCRE2_SIZE *, pcre2_compile_context *);
  void (*code_free)(pcre2_code *);
  pcre2_match_data *(*match_data)(const pcre2_code *, pcre2_general_context *);
  void (*match_data_free)(pcre2_match_data *);
  int (*match)(const pcre2_code *, PCRE2_SPTR, PCRE2_SIZE, PCRE2_SIZE, uint32_t, pcre2_match_data *,
               pcre2_match_context *);
  PCRE2_SIZE *(*places)(pcre2_match_data *);
  int (*error_message)(int, PCRE2_UCHAR *, PCRE2_SIZE);
} pcre2_calls;

static const char *const call_names[] = {
    "pcre2_compile_8",           "pcre2_code_free_8", "pcre2_match_data_create_from_pattern_8",
    "pcre2_match_data_free_8",   "pcre2_match_8",     "pcre2_get_ovector_pointer_8",
    "pcre2_get_error_message_8",
};

struct ncl_regex {
  ncl_library library;
  pcre2_calls calls;
  pcre2_code *code;
  pcre2_match_data *found;
  uint32_t groups;
  ncl_str names[]; /* of the groups, within this allocation */
};

/* `$` is the end of the text, and `^` with (?m) stands behind every newline, as in RE2. Texts that are no UTF-8 are
 * searched all the same, in their parts that are. */
#define OPTIONS \
  (PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C)

static ncl_regex *allocate(const ncl_regex_syntax *syntax) {
  size_t bytes = 0;
  ncl_regex *regex;
  char *at;
  uint32_t i;
  for (i = 0; i < syntax->groups; i++)
    bytes += syntax->names[i].len;
  regex = calloc(1, sizeof *regex + syntax->groups * sizeof regex->names[0] + bytes);
  if (!regex) return NULL;
  at = (char *)&regex->names[syntax->groups];
  regex->groups = syntax->groups;
  for (i = 0; i < syntax->groups; i++) {
    ncl_str name = syntax->names[i];
    regex->names[i].ptr = at;
    regex->names[i].len = name.len;
    if (name.len) memcpy(at, name.ptr, name.len);
    at += name.len;
  }
  return regex;
}

static uint32_t compile(ncl_regex *regex, ncl_str pattern, char *message, size_t size) {
  int code = 0;
  PCRE2_SIZE at = 0;
  PCRE2_UCHAR words[128] = "";
  if (!ncl_library_load(&regex->library, "libpcre2-8.so.0", call_names, sizeof call_names / sizeof *call_names)) {
    (void)snprintf(message, size, "libpcre2-8.so.0, which patterns need, is not installed");
    return 0;
  }
  NCL_LIBRARY_GET(&regex->library, &regex->calls);
  regex->code = regex->calls.compile((PCRE2_SPTR)pattern.ptr, pattern.len, OPTIONS, &code, &at, NULL);
  if (!regex->code) {
    (void)regex->calls.error_message(code, words, sizeof words);
    (void)snprintf(message, size, "%s", (const char *)words);
    return 0;
  }
  regex->found = regex->calls.match_data(regex->code, NULL);
  if (!regex->found) (void)snprintf(message, size, "out of memory");
  return regex->found != NULL;
}

ncl_regex *ncl_regex_open(ncl_str pattern, char *message, size_t size) {
  ncl_regex_syntax syntax;
  ncl_regex *regex = NULL;
  message[0] = 0;
  if (ncl_regex_translate(&syntax, pattern)) {
    regex = allocate(&syntax);
    if (!regex) {
      (void)snprintf(message, size, "out of memory");
    } else if (!compile(regex, ncl_text_str(&syntax.out), message, size)) {
      ncl_regex_close(regex);
      regex = NULL;
    }
  } else if (syntax.mistake) {
    (void)snprintf(message, size, "%s (byte %zu)", syntax.mistake, syntax.at + 1);
  } else {
    (void)snprintf(message, size, "out of memory");
  }
  ncl_regex_syntax_close(&syntax);
  return regex;
}

void ncl_regex_close(ncl_regex *regex) {
  if (!regex) return;
  if (regex->found) regex->calls.match_data_free(regex->found);
  if (regex->code) regex->calls.code_free(regex->code);
  ncl_library_close(&regex->library);
  free(regex);
}

uint32_t ncl_regex_groups(const ncl_regex *regex) {
  return regex->groups;
}

ncl_str ncl_regex_group_name(const ncl_regex *regex, uint32_t i) {
  ncl_str none = {"", 0};
  return i >= 1 && i <= regex->groups ? regex->names[i - 1] : none;
}

uint32_t ncl_regex_find(ncl_regex *regex, ncl_str text, ncl_str *groups, uint32_t count) {
  const char *start = text.ptr ? text.ptr : "";
  const PCRE2_SIZE *places;
  uint32_t i;
  int found = regex->calls.match(regex->code, (PCRE2_SPTR)start, text.len, 0, 0, regex->found, NULL);
  if (found == PCRE2_ERROR_NOMATCH) return NCL_REGEX_NO;
  if (found < 0) return NCL_REGEX_GAVE_UP;
  places = regex->calls.places(regex->found);
  for (i = 0; i < count; i++) {
    groups[i].ptr = start;
    groups[i].len = 0;
    /* Groups behind the last one that took part are not in what was found. */
    if (i > regex->groups || (int)i >= found || places[2 * i] == PCRE2_UNSET) continue;
    groups[i].ptr = start + places[2 * i];
    groups[i].len = places[2 * i + 1] - places[2 * i];
  }
  return NCL_REGEX_YES;
}

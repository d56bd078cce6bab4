/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/regex/syntax.h: a pattern in RE2's syntax, checked, and written as PCRE2 has it. */
#ifndef NCL_REGEX_SYNTAX_H
#define NCL_REGEX_SYNTAX_H

#include <nacelle/regex.h>
#include <nacelle/text.h>

typedef struct ncl_regex_syntax {
  ncl_text out;
  ncl_str names[NCL_REGEX_GROUPS_MAX]; /* of the groups, in the pattern; "" = none */
  uint32_t groups;
  const char *mistake; /* NULL = there is none */
  size_t at;           /* byte of the mistake */
} ncl_regex_syntax;

/* 1 = syntax->out holds the pattern; 0: see mistake, or out.failed. To be closed in any case. */
uint32_t ncl_regex_translate(ncl_regex_syntax *syntax, ncl_str pattern);
void ncl_regex_syntax_close(ncl_regex_syntax *syntax);

#endif

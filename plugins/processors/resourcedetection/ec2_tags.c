/* SPDX-License-Identifier: Apache-2.0 */
/* ec2_tags.c: patterns are compiled where they are used: that is once for each tag of an instance. */
#include "ec2_tags.h"

#include <nacelle/config_fill.h>
#include <regex.h>
#include <string.h>

#define PATTERN_MAX 512u

static bool compile(const ncl_value *pattern, regex_t *regex) {
  char text[PATTERN_MAX];
  if (pattern->s.len >= sizeof text || memchr(pattern->s.ptr, '\0', pattern->s.len) != NULL) return false;
  memcpy(text, pattern->s.ptr, pattern->s.len);
  text[pattern->s.len] = '\0';
  return regcomp(regex, text, REG_EXTENDED | REG_NOSUB) == 0;
}

const ncl_value *ncl_ec2_tags_mistake(const ncl_value *patterns) {
  const ncl_value *pattern;
  regex_t regex;
  for (uint32_t i = 0; (pattern = ncl_config_at(patterns, i)) != NULL; i++) {
    if (pattern->s.len == 0 || !compile(pattern, &regex)) return pattern;
    regfree(&regex);
  }
  return NULL;
}

bool ncl_ec2_tags_match(const ncl_value *patterns, ncl_str key) {
  char text[PATTERN_MAX];
  const ncl_value *pattern;
  regex_t regex;
  bool is_match = false;
  if (key.len >= sizeof text) return false;
  memcpy(text, key.ptr, key.len);
  text[key.len] = '\0';
  for (uint32_t i = 0; !is_match && (pattern = ncl_config_at(patterns, i)) != NULL; i++) {
    if (!compile(pattern, &regex)) continue;
    is_match = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
  }
  return is_match;
}

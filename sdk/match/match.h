/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/match/match.h: a section `include` or `exclude` as it is kept. */
#ifndef NCL_MATCH_H
#define NCL_MATCH_H

#include <nacelle/match_properties.h>
#include <nacelle/otlp_write.h>
#include <nacelle/regex.h>

/* A text that has to match. */
typedef struct ncl_match_one {
  ncl_str text;
  ncl_regex *regex; /* NULL = as a whole */
} ncl_match_one;

/* Of which one has to match; count == 0: everything does. */
typedef struct ncl_match_set {
  ncl_match_one *list;
  uint32_t count;
} ncl_match_set;

typedef struct ncl_match_key {
  ncl_str key;
  uint32_t has_value;
  uint32_t reserved;
  ncl_any value; /* match_type strict */
  ncl_regex *regex;
} ncl_match_key;

typedef struct ncl_match_keys {
  ncl_match_key *list; /* all have to match */
  uint32_t count;
} ncl_match_keys;

typedef struct ncl_match_scope {
  ncl_match_one name;
  ncl_match_one version;
  uint32_t has_version;
  uint32_t reserved;
} ncl_match_scope;

typedef struct ncl_match_section {
  uint32_t is_on;
  uint32_t has_severity;
  uint32_t least_severity;
  uint32_t undefined_matches;
  ncl_match_set services, names, kinds, bodies, severity_texts, metrics;
  ncl_match_keys attributes, resources;
  ncl_match_scope *scopes; /* all have to match */
  uint32_t scope_count;
  uint32_t group_matches; /* as far as the group says, */
  uint32_t scope_matches; /* and the scope, too */
} ncl_match_section;

struct ncl_match {
  uint32_t signal;
  uint32_t reserved;
  ncl_match_section include, exclude;
  ncl_writer encoded; /* values of the config */
  ncl_writer text;    /* a value as text */
  uint64_t gave_up;
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h: metric_declarations: which metrics become metrics of CloudWatch, and with which dimensions. */
#ifndef NCL_EMF_RULES_H
#define NCL_EMF_RULES_H

#include "labels.h"
#include "settings.h"

/* Dimensions in a set (CloudWatch: 30). */
#define NCL_EMF_DIMENSIONS_MAX 30u
#define NCL_EMF_RULES_MAX 256u
/* Names of metrics whose rules are remembered. */
#define NCL_EMF_RULE_NAMES_MAX 4096u

/* Some of the rules: a bit each. */
typedef struct ncl_emf_mask {
  uint64_t words[NCL_EMF_RULES_MAX / 64];
} ncl_emf_mask;

/* A set of dimensions, in order. */
typedef struct ncl_emf_set {
  const ncl_str *names;
  uint32_t count;
} ncl_emf_set;

typedef struct ncl_emf_rules ncl_emf_rules;

/* Of a config that was refused (every mistake is said) or for want of memory NULL, with NCL_PERMANENT or NCL_NO_MEMORY
 * in *status. */
ncl_emf_rules *ncl_emf_rules_open(const ncl_value *declarations, const ncl_emf_complain *complain, ncl_status *status);
void ncl_emf_rules_close(ncl_emf_rules *rules); /* NULL is ignored */

uint32_t ncl_emf_rules_count(const ncl_emf_rules *rules);
const ncl_emf_set *ncl_emf_rule_sets(const ncl_emf_rules *rules, uint32_t rule, uint32_t *count);

/* The rules whose matchers these labels match; those that select a metric of this name. False = no memory. */
bool ncl_emf_rules_of_labels(ncl_emf_rules *rules, const ncl_emf_labels *labels, ncl_emf_mask *mask);
bool ncl_emf_rules_of_name(ncl_emf_rules *rules, ncl_str name, ncl_emf_mask *mask);

static inline bool ncl_emf_mask_has(const ncl_emf_mask *mask, uint32_t rule) {
  return (mask->words[rule / 64] >> (rule % 64) & 1) != 0;
}

/* How many expressions gave up since the rules were opened. */
uint64_t ncl_emf_rules_gave_up(const ncl_emf_rules *rules);

#endif

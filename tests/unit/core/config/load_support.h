/* SPDX-License-Identifier: Apache-2.0 */
/* URIs, and the tree or the words that they give. */
#ifndef TESTS_UNIT_CORE_CONFIG_LOAD_SUPPORT_H
#define TESTS_UNIT_CORE_CONFIG_LOAD_SUPPORT_H

#include "unit/core/config/support.h"

typedef struct load_case {
  const char *uris[4];
  const char *tree;  /* NULL = there is no config */
  const char *lines; /* diagnostics; NULL = none */
} load_case;

/* Loads and compares. */
static inline void load_and_expect(const load_case *c, const char *const *environment) {
  ncl_environment env = support_environment(environment);
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  size_t n = 0;
  ncl_config *config;
  char *lines, *tree = NULL;

  while (n < ITEMS(c->uris) && c->uris[n] != NULL)
    n++;
  config = ncl_config_load(c->uris, n, &env, diagnostics);
  lines = support_lines(diagnostics);
  SUPPORT_EXPECT(lines, c->lines != NULL ? c->lines : "", c->uris[0]);
  if (config != NULL) tree = support_node_text(ncl_config_root(config));
  SUPPORT_EXPECT(tree != NULL ? tree : "(none)", c->tree != NULL ? c->tree : "(none)", c->uris[0]);
  free(tree);
  free(lines);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

#endif

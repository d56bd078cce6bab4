/* SPDX-License-Identifier: Apache-2.0 */
/* section.h: a section of a config from YAML and its table of fields. */
#ifndef NACELLE_TESTS_SECTION_H
#define NACELLE_TESTS_SECTION_H

#include <nacelle/config_fill.h>

#include "core/config/decode.h"
#include "core/config/load.h"

typedef struct config_section {
  ncl_config *config;
  ncl_decoded *decoded;
  ncl_diagnostics *diagnostics;
  const ncl_value *value;
} config_section;

static inline config_section section_open(const char *yaml, ncl_array fields) {
  char text[4096];
  config_section made = {.diagnostics = ncl_diagnostics_new(NULL)};
  snprintf(text, sizeof(text), "yaml:%s", yaml);
  const char *uris[] = {text};
  ncl_load_options options = {.uris = uris, .uri_count = 1};
  made.config = ncl_config_load_with(&options, made.diagnostics);
  assert_non_null(made.config);
  made.decoded = ncl_decode(made.config, ncl_config_root(made.config), NCL_MARK_NONE, &fields,
                            (ncl_str)NCL_STR("section"), made.diagnostics);
  if (ncl_diagnostics_errors(made.diagnostics) > 0) {
    ncl_diagnostics_print(made.diagnostics, stderr);
    fail_msg("the config of the test is wrong: %s", yaml);
  }
  made.value = ncl_decoded_root(made.decoded, 0);
  return made;
}

static inline void section_close(config_section *s) {
  ncl_decoded_release(s->decoded);
  ncl_config_free(s->config);
  ncl_diagnostics_free(s->diagnostics);
}

#endif

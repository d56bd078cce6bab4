/* SPDX-License-Identifier: Apache-2.0 */
/* Sections decoded by the table of every type, and their values as text. */
#ifndef TESTS_UNIT_CORE_CONFIG_DECODE_SUPPORT_H
#define TESTS_UNIT_CORE_CONFIG_DECODE_SUPPORT_H

#include "unit/core/config/decode_table.h"
#include "unit/core/config/support.h"

static inline void support_print_value(FILE *out, const ncl_value *value, bool only_set);

static inline void support_print_children(FILE *out, const ncl_value *value, bool only_set) {
  uint32_t i, printed = 0;
  for (i = 0; i < value->children.count; i++) {
    const ncl_value *child = ncl_array_at(&value->children, i);
    if (only_set && !child->is_set) continue;
    (void)fputs(printed++ == 0 ? "" : ", ", out);
    if (child->key.len > 0) (void)fprintf(out, "%.*s: ", (int)child->key.len, child->key.ptr);
    support_print_value(out, child, only_set);
  }
}

/* A value as one line: text in quotes, whole numbers bare, floats with a dot, an optional section that is off as "off".
 */
static inline void support_print_value(FILE *out, const ncl_value *value, bool only_set) {
  switch (value->kind) {
    case NCL_VALUE_NULL:
      (void)fputs("null", out);
      break;
    case NCL_VALUE_BOOL:
      (void)fputs(value->i ? "true" : "false", out);
      break;
    case NCL_VALUE_INT:
      (void)fprintf(out, "%lld", (long long)value->i);
      if (value->s.len > 0) (void)fprintf(out, "=%.*s", (int)value->s.len, value->s.ptr);
      break;
    case NCL_VALUE_DOUBLE:
      (void)fprintf(out, "%g.", value->d);
      break;
    case NCL_VALUE_STRING:
      support_print_text(out, value->s);
      break;
    case NCL_VALUE_OFF:
      (void)fputs("off", out);
      break;
    default:
      (void)fputc(value->kind == NCL_VALUE_LIST ? '[' : '{', out);
      support_print_children(out, value, only_set);
      (void)fputc(value->kind == NCL_VALUE_LIST ? ']' : '}', out);
  }
}

/* The caller frees. */
static inline char *support_value_text(const ncl_value *value, bool only_set) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  support_print_value(out, value, only_set);
  (void)fclose(out);
  return text;
}

/* A section decoded from YAML text, with all that it stands on. */
typedef struct support_decoded {
  ncl_diagnostics *diagnostics;
  ncl_config *config;
  ncl_decoded *decoded;
} support_decoded;

/* Decodes the whole text as the section "exporters.x" by `table`. */
static inline support_decoded support_decode(const char *text, const ncl_array *table, const char *const *environment) {
  support_decoded d = {ncl_diagnostics_new(NULL), NULL, NULL};
  char *uri = malloc(strlen(text) + 16);
  const char *uris[1];
  ncl_environment env = support_environment(environment);

  assert_non_null(uri);
  (void)snprintf(uri, strlen(text) + 16, "yaml:%s", text);
  uris[0] = uri;
  d.config = ncl_config_load(uris, 1, &env, d.diagnostics);
  free(uri);
  if (d.config == NULL) return d;
  d.decoded = ncl_decode(d.config, ncl_config_root(d.config), NCL_MARK_NONE, table, (ncl_str)NCL_STR("exporters.x"),
                         d.diagnostics);
  return d;
}

static inline void support_decode_end(support_decoded *d) {
  ncl_decoded_release(d->decoded);
  ncl_config_free(d->config);
  ncl_diagnostics_free(d->diagnostics);
}

#endif

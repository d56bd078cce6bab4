/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of core/config share: an environment, trees and diagnostics as text. */
#ifndef TESTS_UNIT_CORE_CONFIG_SUPPORT_H
#define TESTS_UNIT_CORE_CONFIG_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/config/load.h"
#include "core/config/scalar.h"
#include "core/config/yaml.h"

#define ITEMS(array) (sizeof(array) / sizeof((array)[0]))

/* Pairs of a name and a value, ended by NULL. */
static inline const char *support_get(void *ctx, const char *name) {
  const char *const *pairs = ctx;
  for (; pairs != NULL && pairs[0] != NULL; pairs += 2) {
    if (strcmp(pairs[0], name) == 0) return pairs[1];
  }
  return NULL;
}

static inline ncl_environment support_environment(const char *const *pairs) {
  return (ncl_environment){support_get, (void *)(uintptr_t)pairs};
}

static inline void support_print_text(FILE *out, ncl_str text) {
  size_t i;
  (void)fputc('"', out);
  for (i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (c == '\n') {
      (void)fputs("\\n", out);
    } else if (c == '"') {
      (void)fputs("\\\"", out);
    } else {
      (void)fputc(c, out);
    }
  }
  (void)fputc('"', out);
}

/* A tree as one line: text in quotes, numbers bare. */
static inline void support_print_node(FILE *out, const ncl_node *node) {
  ncl_scalar scalar = {NCL_SCALAR_STRING, 0, 0};
  size_t i;
  if (node->kind == NCL_NODE_NULL) {
    (void)fputs("null", out);
  } else if (node->kind == NCL_NODE_MAP) {
    (void)fputc('{', out);
    for (i = 0; i < node->map.count; i++) {
      (void)fprintf(out, "%s%.*s: ", i == 0 ? "" : ", ", (int)node->map.entries[i].key.len,
                    node->map.entries[i].key.ptr);
      support_print_node(out, node->map.entries[i].value);
    }
    (void)fputc('}', out);
  } else if (node->kind == NCL_NODE_LIST) {
    (void)fputc('[', out);
    for (i = 0; i < node->list.count; i++) {
      if (i > 0) (void)fputs(", ", out);
      support_print_node(out, node->list.items[i]);
    }
    (void)fputc(']', out);
  } else {
    if (node->style == NCL_STYLE_PLAIN) scalar = ncl_scalar_resolve(ncl_node_value(node));
    if (scalar.kind == NCL_SCALAR_BOOL) {
      (void)fputs(scalar.i ? "true" : "false", out);
    } else if (scalar.kind == NCL_SCALAR_INT) {
      (void)fprintf(out, "%lld", (long long)scalar.i);
    } else if (scalar.kind == NCL_SCALAR_DOUBLE) {
      (void)fprintf(out, "%g.", scalar.d);
    } else {
      support_print_text(out, node->text);
    }
  }
}

/* The caller frees. */
static inline char *support_node_text(const ncl_node *node) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  support_print_node(out, node);
  (void)fclose(out);
  return text;
}

/* All that a list of diagnostics prints. The caller frees. */
static inline char *support_printed(ncl_diagnostics *diagnostics) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  ncl_diagnostics_print(diagnostics, out);
  (void)fclose(out);
  return text;
}

/* The same without excerpts: one line each. The caller frees. */
static inline char *support_lines(ncl_diagnostics *diagnostics) {
  char *text = NULL;
  size_t size = 0, i;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  ncl_diagnostics_sort(diagnostics);
  for (i = 0; i < ncl_diagnostics_count(diagnostics); i++) {
    ncl_diagnostic_print_line(ncl_diagnostics_at(diagnostics, i), out);
  }
  (void)fclose(out);
  return text;
}

/* Fails with what was said when a text that should be there is not. */
#define SUPPORT_EXPECT(actual, expected, about)                                       \
  do {                                                                                \
    if (strcmp((actual), (expected)) != 0) {                                          \
      fail_msg("%s\n--- expected\n%s\n--- found\n%s", (about), (expected), (actual)); \
    }                                                                                 \
  } while (0)

#endif

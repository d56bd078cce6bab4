/* SPDX-License-Identifier: Apache-2.0 */
/* aws_test.h: what the tests of the service's parts share. */
#ifndef NACELLE_TESTS_AWS_TEST_H
#define NACELLE_TESTS_AWS_TEST_H

#include "unit/plugins/plugin_test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugins/services/aws/text.h"

#define ROWS(array) (sizeof(array) / sizeof((array)[0]))

static inline void assert_str(ncl_str s, const char *expected) {
  if (!ncl_aws_is(s, expected)) fail_msg("\"%.*s\" is not \"%s\"", NCL_AWS_FMT(s), expected);
}

/* A copy with not one byte more, so that the sanitizers see a read beyond. Freed by the caller. */
static inline ncl_str exact(const char *text) {
  size_t len = strlen(text);
  char *copy = malloc(len > 0 ? len : 1);
  memcpy(copy, text, len);
  return ncl_str_of(copy, len);
}

static inline void exact_free(ncl_str s) {
  free((void *)(uintptr_t)s.ptr);
}

#endif

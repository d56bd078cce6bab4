/* SPDX-License-Identifier: Apache-2.0 */
/* core/plugin/missing.h: what is suggested for a type that is not installed. The files are empty: none is loaded. */
#include "core/plugin/missing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const files[] = {"receivers/otlp.so",      "receivers/nop.so",   "processors/batch.so",
                                    "exporters/otlp_http.so", "exporters/debug.so", "exporters/README"};
static const char *const rooms[] = {"receivers", "processors", "exporters"};

static char dir[64];

static int make_dir(void **state) {
  char path[160];
  (void)state;
  (void)snprintf(dir, sizeof dir, "/tmp/nacelle-missing-XXXXXX");
  if (mkdtemp(dir) == NULL) return 1;
  for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", dir, rooms[i]);
    if (mkdir(path, 0700) != 0) return 1;
  }
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
    FILE *file = fopen(path, "w");
    if (file == NULL || fclose(file) != 0) return 1;
  }
  return 0;
}

static int remove_dir(void **state) {
  char path[160];
  (void)state;
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
    (void)unlink(path);
  }
  for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", dir, rooms[i]);
    (void)rmdir(path);
  }
  return rmdir(dir);
}

static void expect(uint32_t kind, const char *type, const char *expected) {
  const char *dirs[] = {dir, dir}; /* twice: a name is listed once */
  ncl_registry *registry = ncl_registry_new(dirs, 2);
  char hint[512];
  ncl_missing_hint(registry, kind, ncl_str_of(type, strlen(type)), hint, sizeof hint);
  ncl_registry_free(registry, false);
  assert_string_equal(hint, expected);
}

static void suggests_a_name_that_is_near(void **state) {
  (void)state;
  expect(NCL_KIND_RECEIVER, "oltp", "did you mean \"otlp\"?");
  expect(NCL_KIND_EXPORTER, "otlphttp2", "did you mean \"otlp_http\"?");
}

static void knows_of_what_kind_it_is(void **state) {
  (void)state;
  expect(NCL_KIND_EXPORTER, "batch", "\"batch\" is a processor: define it under \"processors\"");
  expect(NCL_KIND_PROCESSOR, "debug", "\"debug\" is an exporter: define it under \"exporters\"");
}

static void lists_what_there_is(void **state) {
  (void)state;
  expect(NCL_KIND_RECEIVER, "prometheus", "the receivers that are installed are nop, otlp");
  expect(NCL_KIND_CONNECTOR, "spanmetrics", "no connectors are installed");
}

static void knows_what_became_of_old_types(void **state) {
  (void)state;
  expect(NCL_KIND_EXPORTER, "jaeger", "Jaeger takes OTLP since v1.35: use the exporter otlp, port 4317");
  expect(NCL_KIND_PROCESSOR, "queued_retry",
         "every exporter has \"sending_queue\" and \"retry_on_failure\": remove it");
}

static void says_nothing_of_a_file_that_is_there(void **state) {
  (void)state;
  expect(NCL_KIND_RECEIVER, "otlp", "");
}

static void stays_within_its_limits(void **state) {
  char long_type[200], hint[24];
  const char *dirs[] = {dir};
  ncl_registry *registry = ncl_registry_new(dirs, 1);
  (void)state;
  memset(long_type, 'a', sizeof long_type - 1);
  long_type[sizeof long_type - 1] = '\0';
  expect(NCL_KIND_RECEIVER, long_type, "");
  ncl_missing_hint(registry, NCL_KIND_RECEIVER, (ncl_str)NCL_STR("prometheus"), hint, sizeof hint);
  assert_string_equal(hint, "the receivers that are ");
  ncl_registry_free(registry, false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(suggests_a_name_that_is_near),
      cmocka_unit_test(knows_of_what_kind_it_is),
      cmocka_unit_test(lists_what_there_is),
      cmocka_unit_test(knows_what_became_of_old_types),
      cmocka_unit_test(says_nothing_of_a_file_that_is_there),
      cmocka_unit_test(stays_within_its_limits),
  };
  return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* core/cli/components.h: what is told of a component that is installed, and the schema made of all. */
#include "core/cli/components.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const ncl_str choices[] = {NCL_STR("gzip"), NCL_STR("none")};
static const ncl_field secret_text[] = {{.type = NCL_TYPE_STRING, .flags = NCL_FIELD_SECRET}};
static const ncl_field rule_fields[] = {
    {.name = NCL_STR("key"), .type = NCL_TYPE_STRING, .flags = NCL_FIELD_REQUIRED, .doc = NCL_STR("Which.")},
};
static const ncl_field rule[] = {{.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(rule_fields)}};
static const ncl_field tls_fields[] = {
    {.name = NCL_STR("file"), .type = NCL_TYPE_STRING, .doc = NCL_STR("Path.")},
};
static const ncl_field fields[] = {
    {.name = NCL_STR("endpoint"), .type = NCL_TYPE_ENDPOINT, .flags = NCL_FIELD_REQUIRED, .doc = NCL_STR("Where.")},
    {.name = NCL_STR("timeout"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("30s"),
     .min = 0,
     .max = INT64_C(60000000000),
     .doc = NCL_STR("How long.")},
    {.name = NCL_STR("size"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("7"),
     .min = 1,
     .max = INT64_MAX,
     .alias = NCL_STR("old_size")},
    {.name = NCL_STR("compression"), .type = NCL_TYPE_ENUM, .choices = NCL_ARRAY(choices), .flags = NCL_FIELD_ANY_CASE},
    {.name = NCL_STR("headers"), .type = NCL_TYPE_MAP, .fields = NCL_ARRAY(secret_text)},
    {.name = NCL_STR("rules"), .type = NCL_TYPE_LIST, .dflt = NCL_STR("[{key: a}]"), .fields = NCL_ARRAY(rule)},
    {.name = NCL_STR("tls"), .type = NCL_TYPE_SECTION, .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(tls_fields)},
    {.name = NCL_STR("store"), .type = NCL_TYPE_COMPONENT, .kind = NCL_KIND_EXTENSION},
};
static const uint32_t signals[] = {NCL_SIGNAL_TRACES};
static const ncl_component_type decl = {.type = NCL_STR("acme"),
                                        .kind = NCL_KIND_EXPORTER,
                                        .doc = NCL_STR("Sends to Acme."),
                                        .signals = NCL_ARRAY(signals),
                                        .fields = NCL_ARRAY(fields)};
static const ncl_plugin plugin = {
    .abi_major = 1, .abi_minor_built = 2, .name = NCL_STR("acme-plugin"), .version = NCL_STR("3.1")};
static const ncl_type type = {.decl = &decl, .plugin = &plugin, .file = "/lib/acme.so"};

/* An inventory of one exporter, with an alias, and one file that cannot be loaded. */
static void sample(ncl_installed at[2], ncl_inventory *inventory) {
  static char name[] = "acme", aliases[] = "acme_old\0", broken[] = "broken", why[] = "cut short";
  at[0] = (ncl_installed){NCL_KIND_EXPORTER, &type, name, aliases, NULL};
  at[1] = (ncl_installed){NCL_KIND_EXPORTER, NULL, broken, NULL, why};
  *inventory = (ncl_inventory){at, 2, 1};
}

static void expect_parts(const char *text, const char *const *parts, size_t count) {
  const char *at = text;
  for (size_t i = 0; i < count; i++) {
    at = strstr(at, parts[i]);
    if (at == NULL) fail_msg("behind the parts before it there is no\n%s\nin\n%s", parts[i], text);
  }
}

static size_t occurrences(const char *text, const char *part) {
  size_t count = 0;
  for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
    count++;
  return count;
}

/* Not inlined: gcc 12 then takes the text for a part of the variable that open_memstream wrote its address to. */
__attribute__((noinline)) static char *described(const ncl_installed *installed) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  ncl_component_describe(installed, out);
  (void)fclose(out);
  return text;
}

static void describes_a_component_as_a_config_with_comments(void **state) {
  (void)state;
  ncl_installed at[2];
  ncl_inventory inventory;
  sample(at, &inventory);
  char *text = described(&at[0]);
  static const char *const parts[] = {
      "# exporter acme: Sends to Acme.\n# plugin acme-plugin 3.1, /lib/acme.so\n# also called acme_old\n",
      "exporters:\n  acme:\n",
      "    # Where. (endpoint; required)\n    endpoint:\n",
      "    # How long. (duration, 0s to 1m)\n    timeout: 30s\n",
      "    # (int, at least 1; once old_size)\n    size: 7\n",
      "    # (one of gzip, none)\n    compression: gzip\n",
      "    # (map of string, secret)\n    headers: {}\n",
      "    # (list of section)\n    rules: [{key: a}]\n      # each of them:\n        # Which. (string; required)\n",
      "    # (section; off unless it is written)\n    tls:\n      # Path. (string)\n      file: \"\"\n",
      "    # (id of an extension)\n    store:\n",
      /* the host's, without its timeout, which the component's hides */
      "    # Queue in front of the backend. (section)\n    sending_queue:\n",
      "    retry_on_failure:\n",
  };
  expect_parts(text, parts, sizeof parts / sizeof *parts);
  assert_int_equal(occurrences(text, "\n    timeout:"), 1);
  free(text);
  text = described(&at[1]);
  assert_string_equal(text, "# exporter broken cannot be loaded: cut short\n");
  free(text);
}

typedef void (*write_fn)(const ncl_inventory *inventory, ncl_document *document);

static char *written(write_fn write, uint32_t format) {
  ncl_installed at[2];
  ncl_inventory inventory;
  size_t len;
  sample(at, &inventory);
  ncl_document *d = ncl_document_new(format, NULL);
  write(&inventory, d);
  const char *text = ncl_document_text(d, &len);
  assert_non_null(text);
  char *copy = strndup(text, len);
  ncl_document_free(d);
  return copy;
}

static void lists_what_is_installed_and_what_is_broken(void **state) {
  (void)state;
  char *text = written(ncl_components_write, NCL_DOCUMENT_YAML);
  static const char *const parts[] = {
      "buildinfo:\n    command: nacelle\n",
      "receivers: []\n",
      "exporters:\n    - name: acme\n      aliases:\n          - acme_old\n      description: Sends to Acme.\n"
      "      signals:\n          - traces\n      plugin:\n          name: acme-plugin\n          version: \"3.1\"\n"
      "          abi: \"1.2\"\n          file: /lib/acme.so\n",
      "    - name: broken\n      error: cut short\n",
      "providers:\n    - scheme: env\n",
  };
  expect_parts(text, parts, sizeof parts / sizeof *parts);
  free(text);
}

static void write_with_fields(const ncl_inventory *inventory, ncl_document *document) {
  ncl_component_write(&inventory->at[0], true, document);
}

static void tells_programs_all_of_a_field(void **state) {
  (void)state;
  char *text = written(write_with_fields, NCL_DOCUMENT_JSON_LINE);
  static const char *const parts[] = {
      "\"kind\":\"exporter\"",
      "{\"name\":\"endpoint\",\"type\":\"endpoint\",\"description\":\"Where.\",\"required\":true}",
      "{\"name\":\"timeout\",\"type\":\"duration\",\"description\":\"How long.\",\"default\":\"30s\",\"min\":\"0s\",",
      "\"max\":\"1m\"}",
      "{\"name\":\"size\",\"type\":\"int\",\"default\":\"7\",\"old_name\":\"old_size\",\"min\":1}",
      "\"choices\":[\"gzip\",\"none\"]",
      "\"element\":{\"type\":\"string\",\"secret\":true}",
      "\"optional\":true,\"fields\":[{\"name\":\"file\"",
      "{\"name\":\"store\",\"type\":\"component\",\"kind\":\"extension\"}",
      "\"name\":\"sending_queue\"",
  };
  expect_parts(text, parts, sizeof parts / sizeof *parts);
  free(text);
}

static void makes_a_schema_of_the_tables(void **state) {
  (void)state;
  char *text = written(ncl_schema_write, NCL_DOCUMENT_JSON_LINE);
  static const char *const parts[] = {
      "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"",
      "\"exporters\":{\"type\":[\"object\",\"null\"],\"patternProperties\":{\"^acme(/.+)?$\":"
      "{\"$ref\":\"#/$defs/exporters.acme\"},\"^acme_old(/.+)?$\":{\"$ref\":\"#/$defs/exporters.acme\"}},"
      "\"additionalProperties\":false}",
      "\"$defs\":{\"reference\":",
      "\"exporters.acme\":{\"description\":\"Sends to Acme.\"",
      "\"timeout\":{\"description\":\"How long.\",\"default\":\"30s\",\"anyOf\":[{\"type\":\"string\",\"pattern\":",
      "\"size\":{\"default\":7,\"anyOf\":[{\"type\":[\"integer\",\"null\"],\"minimum\":1}",
      "\"old_size\":{\"deprecated\":true,",
      "\"compression\":{\"anyOf\":[{\"enum\":[\"gzip\",\"none\",null]},{\"type\":\"string\",\"pattern\":",
      "\"^([gG][zZ][iI][pP]|[nN][oO][nN][eE])$\"}",
      "\"headers\":{\"anyOf\":[{\"type\":[\"object\",\"null\"],\"additionalProperties\":{\"writeOnly\":true,",
      "\"rules\":{\"default\":[{\"key\":\"a\"}],",
      "\"tls\":{\"anyOf\":[{\"type\":[\"object\",\"null\"],\"properties\":{\"file\":",
      "\"enabled\":{",
      "\"additionalProperties\":false,\"required\":[\"endpoint\"]}",
  };
  expect_parts(text, parts, sizeof parts / sizeof *parts);
  free(text);
}

/* Files of a plugin directory: what cannot be loaded is told, not fatal. */
static void takes_an_inventory_of_a_directory(void **state) {
  (void)state;
  char dir[] = "/tmp/nacelle-inventory-XXXXXX", path[128];
  assert_non_null(mkdtemp(dir));
  (void)snprintf(path, sizeof path, "%s/exporters", dir);
  assert_int_equal(mkdir(path, 0700), 0);
  (void)snprintf(path, sizeof path, "%s/exporters/b.so", dir);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  (void)fclose(file);
  const char *dirs[] = {dir};
  ncl_registry *registry = ncl_registry_new(dirs, 1);
  ncl_inventory inventory;
  assert_true(ncl_inventory_take(registry, &inventory));
  assert_int_equal(inventory.count, 1);
  assert_int_equal(inventory.broken, 1);
  assert_string_equal(inventory.at[0].name, "b");
  assert_non_null(strstr(inventory.at[0].why, "cut short"));
  assert_true(ncl_installed_is(&inventory.at[0], "b"));
  ncl_inventory_free(&inventory);
  ncl_registry_free(registry, true);
  assert_int_equal(unlink(path), 0);
  (void)snprintf(path, sizeof path, "%s/exporters", dir);
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(rmdir(dir), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(describes_a_component_as_a_config_with_comments),
      cmocka_unit_test(lists_what_is_installed_and_what_is_broken),
      cmocka_unit_test(tells_programs_all_of_a_field),
      cmocka_unit_test(makes_a_schema_of_the_tables),
      cmocka_unit_test(takes_an_inventory_of_a_directory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

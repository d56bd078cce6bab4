/* SPDX-License-Identifier: Apache-2.0 */
/* Regions, and what happens when memory runs out: each allocation of a load is made to fail in turn. */
#include <sys/types.h>

#include "core/config/config.h"
#include "core/config/service.h"
#include "unit/core/config/decode_support.h"

/* Gives out `left` allocations, then none. */
typedef struct budget {
  size_t left, live;
  bool failed;
} budget;

static bool spend(budget *b) {
  if (b->left == 0) {
    b->failed = true;
    return false;
  }
  b->left--;
  return true;
}

static void *budget_alloc(void *ctx, size_t size) {
  budget *b = ctx;
  void *ptr = spend(b) ? malloc(size) : NULL;
  if (ptr != NULL) b->live++;
  return ptr;
}

static void budget_free(void *ctx, void *ptr) {
  budget *b = ctx;
  if (ptr != NULL) b->live--;
  free(ptr);
}

/* libyaml has no allocator to set, but calls these by name, so the program's come first. */
static budget *yaml_budget;

#define VISIBLE __attribute__((visibility("default")))
VISIBLE void *yaml_malloc(size_t size);
VISIBLE void *yaml_realloc(void *ptr, size_t size);
VISIBLE void yaml_free(void *ptr);
VISIBLE unsigned char *yaml_strdup(const unsigned char *text);

void *yaml_malloc(size_t size) {
  return yaml_budget == NULL || spend(yaml_budget) ? malloc(size > 0 ? size : 1) : NULL;
}

void *yaml_realloc(void *ptr, size_t size) {
  return yaml_budget == NULL || spend(yaml_budget) ? realloc(ptr, size > 0 ? size : 1) : NULL;
}

void yaml_free(void *ptr) {
  free(ptr);
}

unsigned char *yaml_strdup(const unsigned char *text) {
  if (text == NULL || (yaml_budget != NULL && !spend(yaml_budget))) return NULL;
  return (unsigned char *)strdup((const char *)text);
}

static const char config_text[] =
    "receivers:\n"
    "  otlp: &otlp\n"
    "    names: [a, b, \"${A}\"]\n"
    "    queue: {storage: file_storage}\n"
    "    anything: ${MAP}\n"
    "  otlp/2:\n"
    "    <<: *otlp\n"
    "    headers: {a: \"x${A}y\", b: \"${UNSET}\"}\n"
    "    protocols::grpc::endpoint: localhost:1\n"
    "exporters: {debug: }\n"
    "service:\n"
    "  pipelines:\n"
    "    traces: {receivers: [otlp, otlp/2], exporters: \"debug, debug/2\"}\n";

static const char *const environment[] = {"A", "text", "MAP", "{a: [1, {b: 2}], c: !x d}", "CONFIG", config_text, NULL};

typedef struct outcome {
  bool loaded, read, decoded;
  uint32_t errors;
} outcome;

/* Everything that reads a config, with memory from `config` and `list`. */
static outcome run(budget *config, budget *list) {
  ncl_allocator allocator = {budget_alloc, budget_free, config}, list_allocator = {budget_alloc, budget_free, list};
  const char *uris[] = {"env:CONFIG", "yaml:receivers::otlp::number: 5"};
  ncl_load_options options = {
      .uris = uris, .uri_count = 2, .environment = support_environment(environment), .allocator = &allocator};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(&list_allocator);
  ncl_config *loaded;
  outcome result = {false, false, false, 0};
  char *printed;

  if (diagnostics == NULL) return result;
  loaded = ncl_config_load_with(&options, diagnostics);
  if (loaded != NULL) {
    const ncl_service_config *service = ncl_service_read(loaded, diagnostics);
    size_t i;
    result.loaded = true;
    result.read = service != NULL;
    result.decoded = service != NULL;
    for (i = 0; service != NULL && i < service->receivers.count; i++) {
      const ncl_component_config *receiver = &service->receivers.at[i];
      ncl_decoded *decoded =
          ncl_decode(loaded, receiver->node, receiver->mark, &support_table, receiver->path, diagnostics);
      if (decoded != NULL) {
        (void)ncl_decoded_where(decoded, ncl_array_at(&ncl_decoded_root(decoded, 0)->children, 3));
      } else {
        result.decoded = false;
      }
      ncl_decoded_release(decoded);
    }
  }
  printed = support_printed(diagnostics);
  free(printed);
  result.errors = ncl_diagnostics_errors(diagnostics);
  ncl_config_free(loaded);
  ncl_diagnostics_free(diagnostics);
  return result;
}

static void reports_that_memory_ran_out_at_any_allocation(void **state) {
  budget list = {SIZE_MAX, 0, false};
  size_t n;
  (void)state;
  for (n = 0; n < 100000; n++) {
    budget config = {n, 0, false};
    outcome result = run(&config, &list);
    assert_int_equal(config.live, 0);
    assert_int_equal(list.live, 0);
    if (!config.failed) {
      assert_true(result.decoded);
      assert_int_equal(result.errors, 1); /* debug/2 */
      break;
    }
    assert_int_not_equal(result.errors, 0);
    assert_true(result.errors == 1 || result.loaded);
  }
  assert_true(n > 10 && n < 100000);
}

static void counts_what_it_has_no_memory_to_keep(void **state) {
  budget config = {SIZE_MAX, 0, false};
  size_t n;
  (void)state;
  for (n = 0; n < 1000; n++) {
    budget list = {n, 0, false};
    outcome result = run(&config, &list);
    assert_int_equal(config.live, 0);
    assert_int_equal(list.live, 0);
    if (n > 0) assert_int_equal(result.errors, 1);
    if (!list.failed) break;
  }
  assert_true(n > 0 && n < 1000);
}

static void reports_that_the_yaml_parser_ran_out_of_memory(void **state) {
  budget config = {SIZE_MAX, 0, false}, list = {SIZE_MAX, 0, false}, yaml = {0, 0, false};
  size_t n;
  (void)state;
  for (n = 0; n < 100000; n++) {
    outcome result;
    yaml = (budget){n, 0, false};
    yaml_budget = &yaml;
    result = run(&config, &list);
    yaml_budget = NULL;
    assert_int_equal(config.live, 0);
    if (!yaml.failed) break;
    assert_int_not_equal(result.errors, 0);
    assert_false(result.decoded && result.errors == 1); /* more than the mistake that the text has */
  }
  assert_true(n > 10 && n < 100000); /* the parser's allocations were really seen */
}

/* ---- regions ------------------------------------------------------------------------------- */

static void gives_aligned_zeroed_memory_up_to_its_limit(void **state) {
  ncl_region region;
  size_t i;
  (void)state;
  ncl_region_init(&region, NULL, 20000);
  for (i = 1; i < 50; i++) {
    unsigned char *p = ncl_region_alloc(&region, i);
    size_t j;
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 16, 0);
    for (j = 0; j < i; j++)
      assert_int_equal(p[j], 0);
    memset(p, 0xFF, i);
  }
  assert_null(ncl_region_alloc(&region, 20001));
  assert_null(ncl_region_alloc(&region, SIZE_MAX));
  assert_null(ncl_region_alloc(&region, SIZE_MAX - 20));
  for (i = 0; i < 100 && ncl_region_alloc(&region, 1000) != NULL; i++) {
  }
  assert_in_range(i, 5, 20);
  ncl_region_end(&region);
  assert_int_equal(region.used, 0);
  assert_non_null(ncl_region_alloc(&region, 1)); /* may be used again */
  ncl_region_end(&region);
}

static void copies_and_grows(void **state) {
  ncl_region region;
  ncl_str copy;
  int *numbers = NULL;
  size_t capacity = 0, i;
  (void)state;
  ncl_region_init(&region, NULL, 1u << 20);
  copy = ncl_region_copy(&region, ncl_str_of("abc", 2));
  assert_int_equal(copy.len, 2);
  assert_string_equal(copy.ptr, "ab");
  copy = ncl_region_copy(&region, ncl_str_of(NULL, 0));
  assert_non_null(copy.ptr);
  for (i = 0; i < 1000; i++) {
    numbers = ncl_region_grow(&region, numbers, i, &capacity, sizeof(int));
    assert_non_null(numbers);
    numbers[i] = (int)i;
  }
  for (i = 0; i < 1000; i++)
    assert_int_equal(numbers[i], i);
  assert_null(ncl_region_grow(&region, numbers, capacity, &capacity, 1u << 20));
  ncl_region_end(&region);
}

static void cuts_key_paths_that_are_too_long(void **state) {
  ncl_path path = {{0}, 0};
  char key[500];
  size_t outer;
  (void)state;
  memset(key, 'k', sizeof(key));
  outer = ncl_path_key(&path, ncl_str_of(key, sizeof(key)));
  assert_int_equal(outer, 0);
  (void)ncl_path_key(&path, ncl_str_of(key, sizeof(key)));
  (void)ncl_path_index(&path, 7);
  assert_int_equal(path.len, NCL_PATH_MAX);
  ncl_path_cut(&path, 3);
  (void)ncl_path_index(&path, 7);
  assert_true(ncl_str_eq(ncl_path_str(&path), (ncl_str)NCL_STR("kkk[7]")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reports_that_memory_ran_out_at_any_allocation),
      cmocka_unit_test(counts_what_it_has_no_memory_to_keep),
      cmocka_unit_test(reports_that_the_yaml_parser_ran_out_of_memory),
      cmocka_unit_test(gives_aligned_zeroed_memory_up_to_its_limit),
      cmocka_unit_test(copies_and_grows),
      cmocka_unit_test(cuts_key_paths_that_are_too_long),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

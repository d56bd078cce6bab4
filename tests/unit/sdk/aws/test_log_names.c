/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/log_names.h: placeholders in names. */
#include <nacelle/log_names.h>
#include <nacelle/otlp_write.h>

#include "unit/plugins/plugin_test.h"

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

/* Resource attributes: key, value, key, value, ... of texts; NULL ends them. */
static ncl_repeated attributes_of(ncl_writer *w, const char *const *pairs) {
  ncl_resource resource;
  ncl_writer_heap(w, 4096);
  for (; *pairs != NULL; pairs += 2)
    ncl_write_attribute_str(w, 1, str(pairs[0]), str(pairs[1]));
  ncl_write_attribute_int(w, 1, str("service.instance.id"), 7);
  assert_int_equal(ncl_resource_read(ncl_writer_range(w), &resource), 1);
  return resource.attributes;
}

static void assert_filled(const char *pattern, const char *const *pairs, const char *wanted, uint32_t undefined) {
  ncl_writer w;
  ncl_text text;
  ncl_repeated attributes = attributes_of(&w, pairs);
  ncl_text_open(&text, 256);
  assert_int_equal(ncl_log_name_fill(&text, str(pattern), &attributes, 1), undefined);
  ncl_text_add(&text, ncl_str_of("", 1));
  assert_string_equal(text.ptr, wanted);
  ncl_text_close(&text);
  ncl_writer_close(&w);
}

#define TASK_ARN "arn:aws:ecs:eu-central-1:1:task/shop/0123"
static const char *const none[] = {NULL};
static const char *const by_key[] = {"aws.ecs.task.id", "0123", "aws.ecs.cluster.name", "shop", NULL};
static const char *const by_name[] = {"aws.ecs.task.id", "0123", "TaskId", "mine", NULL};
static const char *const by_arn[] = {"aws.ecs.task.arn", TASK_ARN, "aws.ecs.cluster.arn",
                                     "arn:aws:ecs:eu-central-1:1:cluster/shop", NULL};
static const char *const empty[] = {"aws.ecs.task.id", "", NULL};

static void placeholders_stand_for_attributes(void **state) {
  (void)state;
  assert_filled("plain", none, "plain", 0);
  assert_filled("/ecs/{ClusterName}/{TaskId}", by_key, "/ecs/shop/0123", 0);
  assert_filled("{TaskId}", by_name, "mine", 0);
  assert_filled("{ClusterName}-{TaskId}", by_arn, "shop-0123", 0);
  assert_filled("{InstanceId}", none, "7", 0);
}

static void one_that_is_not_known_leaves_the_others(void **state) {
  (void)state;
  uint32_t name = ncl_log_name_uses(str("{ServiceName}"), NULL);
  assert_filled("{TaskId}/{ServiceName}", by_key, "0123/undefined", name);
  assert_filled("{TaskId}", empty, "undefined", ncl_log_name_uses(str("{TaskId}"), NULL));
}

static void other_braces_are_text(void **state) {
  (void)state;
  ncl_str unknown;
  assert_filled("{a{TaskId}}{b}{", by_key, "{a0123}{b}{", 0);
  assert_int_equal(ncl_log_name_uses(str("{TaskId}{x}{y}"), &unknown), 2);
  assert_int_equal(unknown.len, 1);
  assert_int_equal(unknown.ptr[0], 'x');
  (void)ncl_log_name_uses(str("{TaskId}"), &unknown);
  assert_null(unknown.ptr);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(placeholders_stand_for_attributes),
      cmocka_unit_test(one_that_is_not_known_leaves_the_others),
      cmocka_unit_test(other_braces_are_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

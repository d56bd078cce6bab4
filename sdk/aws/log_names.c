/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_names.c: placeholders in the names of log groups and streams, filled in from attributes. */
#include <nacelle/log_names.h>
#include <stdbool.h>
#include <string.h>

typedef struct placeholder {
  ncl_str name;
  ncl_str key;
  ncl_str arn; /* attribute whose last part behind "/" says the same; empty = none */
} placeholder;

static const placeholder placeholders[NCL_LOG_PLACEHOLDERS] = {
    {NCL_STR("ClusterName"), NCL_STR("aws.ecs.cluster.name"), NCL_STR("aws.ecs.cluster.arn")},
    {NCL_STR("TaskId"), NCL_STR("aws.ecs.task.id"), NCL_STR("aws.ecs.task.arn")},
    {NCL_STR("NodeName"), NCL_STR("k8s.node.name"), NCL_STR("")},
    {NCL_STR("PodName"), NCL_STR("pod"), NCL_STR("")},
    {NCL_STR("ServiceName"), NCL_STR("service.name"), NCL_STR("")},
    {NCL_STR("ContainerInstanceId"), NCL_STR("aws.ecs.container.instance.id"), NCL_STR("")},
    {NCL_STR("TaskDefinitionFamily"), NCL_STR("aws.ecs.task.family"), NCL_STR("")},
    {NCL_STR("InstanceId"), NCL_STR("service.instance.id"), NCL_STR("")},
    {NCL_STR("FaasName"), NCL_STR("faas.name"), NCL_STR("")},
    {NCL_STR("FaasVersion"), NCL_STR("faas.version"), NCL_STR("")},
};

ncl_str ncl_log_placeholder(uint32_t i) {
  return placeholders[i].name;
}

/* The next "{...}" without braces in it from `at` on: where it begins, and the text within. False: there is none. */
static bool next_braces(ncl_str pattern, size_t at, size_t *begin, ncl_str *within) {
  bool is_open = false;
  for (size_t i = at; i < pattern.len; i++) {
    if (pattern.ptr[i] == '{') {
      is_open = true;
      *begin = i;
    } else if (pattern.ptr[i] == '}' && is_open) {
      *within = ncl_str_of(pattern.ptr + *begin + 1, i - *begin - 1);
      return true;
    }
  }
  return false;
}

/* NCL_LOG_PLACEHOLDERS = it is none. */
static uint32_t find(ncl_str name) {
  uint32_t i = 0;
  while (i < NCL_LOG_PLACEHOLDERS &&
         (placeholders[i].name.len != name.len || memcmp(placeholders[i].name.ptr, name.ptr, name.len) != 0))
    i++;
  return i;
}

uint32_t ncl_log_name_uses(ncl_str pattern, ncl_str *unknown) {
  uint32_t uses = 0;
  size_t begin = 0;
  ncl_str within;
  if (unknown != NULL) *unknown = ncl_str_of(NULL, 0);
  for (size_t at = 0; next_braces(pattern, at, &begin, &within); at = begin + within.len + 2) {
    uint32_t i = find(within);
    if (i < NCL_LOG_PLACEHOLDERS) {
      uses |= 1u << i;
    } else if (unknown != NULL && unknown->ptr == NULL) {
      *unknown = within;
    }
  }
  return uses;
}

static bool add_value(ncl_text *out, const ncl_any *value) {
  switch (value->type) {
    case NCL_ANY_STRING:
      ncl_text_add(out, value->string);
      return value->string.len > 0;
    case NCL_ANY_BOOL:
      ncl_text_put(out, value->b ? "true" : "false");
      return true;
    case NCL_ANY_INT:
      ncl_text_format(out, "%lld", (long long)value->i);
      return true;
    case NCL_ANY_DOUBLE:
      ncl_text_format(out, "%g", value->d);
      return true;
    default:
      return false;
  }
}

static bool add_last_part(ncl_text *out, const ncl_any *arn) {
  if (arn->type != NCL_ANY_STRING || arn->string.len == 0) return false;
  const char *slash = memrchr(arn->string.ptr, '/', arn->string.len);
  if (slash == NULL) return false;
  size_t len = (size_t)(arn->string.ptr + arn->string.len - slash - 1);
  ncl_text_add(out, ncl_str_of(slash + 1, len));
  return len > 0;
}

static bool add_attribute(ncl_text *out, const placeholder *p, const ncl_repeated *lists, uint32_t count) {
  ncl_any value;
  for (uint32_t i = 0; i < count; i++) {
    if (ncl_attributes_find(lists[i], p->name, &value) && add_value(out, &value)) return true;
    if (ncl_attributes_find(lists[i], p->key, &value) && add_value(out, &value)) return true;
  }
  for (uint32_t i = 0; i < count && p->arn.len > 0; i++) {
    if (ncl_attributes_find(lists[i], p->arn, &value) && add_last_part(out, &value)) return true;
  }
  return false;
}

uint32_t ncl_log_name_fill(ncl_text *out, ncl_str pattern, const ncl_repeated *lists, uint32_t count) {
  uint32_t undefined = 0;
  size_t begin = 0, at = 0;
  ncl_str within;
  while (next_braces(pattern, at, &begin, &within)) {
    uint32_t i = find(within);
    size_t end = begin + within.len + 2;
    if (i == NCL_LOG_PLACEHOLDERS) {
      ncl_text_add(out, ncl_str_of(pattern.ptr + at, end - at));
    } else {
      ncl_text_add(out, ncl_str_of(pattern.ptr + at, begin - at));
      if (!add_attribute(out, &placeholders[i], lists, count)) {
        ncl_text_put(out, "undefined");
        undefined |= 1u << i;
      }
    }
    at = end;
  }
  ncl_text_add(out, ncl_str_of(pattern.ptr + at, pattern.len - at));
  return undefined;
}

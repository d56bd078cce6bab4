/* SPDX-License-Identifier: Apache-2.0 */
/* The shared files of AWS: what is before the first NUL is ~/.aws/config, what is behind it ~/.aws/credentials.
 * Whatever they say, a plan comes of it. */
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugins/services/aws/plan.h"
#include "plugins/services/aws/text.h"

static int files[2] = {-1, -1};
static char paths[2][64];

static void put(int which, const void *bytes, size_t len) {
  if (files[which] < 0) {
    files[which] = memfd_create("aws", 0);
    (void)snprintf(paths[which], sizeof paths[which], "/proc/self/fd/%d", files[which]);
  }
  assert(ftruncate(files[which], 0) == 0);
  if (len > 0) assert(pwrite(files[which], bytes, len, 0) == (ssize_t)len);
}

static ncl_str get(void *arg, const char *name) {
  const bool *has_container = arg;
  if (strcmp(name, "AWS_CONFIG_FILE") == 0) return ncl_aws_str(paths[0]);
  if (strcmp(name, "AWS_SHARED_CREDENTIALS_FILE") == 0) return ncl_aws_str(paths[1]);
  if (*has_container && strcmp(name, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") == 0) return ncl_aws_str("/c");
  return ncl_str_of(NULL, 0);
}

static void check(const char *profile, bool has_container) {
  ncl_aws_environment environment = {get, &has_container};
  ncl_aws_plan plan;
  ncl_status status = ncl_aws_plan_open(&plan, &environment, ncl_aws_str(profile));
  assert(status == NCL_OK || status == NCL_NO_MEMORY);
  assert(plan.role_count <= NCL_AWS_PLAN_ROLES);
  assert(memchr(plan.words, 0, sizeof plan.words) != NULL);
  if (plan.base == NCL_AWS_BASE_NONE) assert(plan.role_count == 0 && plan.words[0] != '\0');
  if (plan.base == NCL_AWS_BASE_KEYS) assert(plan.access_key_id.len > 0 && plan.secret_access_key.len > 0);
  if (plan.base == NCL_AWS_BASE_WEB_IDENTITY) assert(plan.identity.arn.len > 0 && plan.identity.token_file.len > 0);
  for (uint32_t i = 0; i < plan.role_count; i++)
    assert(plan.roles[i].arn.len > 0);
  ncl_aws_plan_close(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
  size_t first = end != NULL ? (size_t)(end - data) : size;
  put(0, data, first);
  put(1, data + first + (end != NULL), size - first - (end != NULL));
  check("", false);
  check("a", true);
  /* What a service asks about: paths that the profile gives for a container's URL. */
  (void)ncl_aws_container_url_mistake(ncl_str_of((const char *)data, size));
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What endpoints of credentials, STS, metadata and services may answer. The first byte says which; what holds for every
 * answer is asserted: no header can be broken with what was read, and no secret comes out in words. */
#include <assert.h>
#include <string.h>

#include "plugins/services/aws/date.h"
#include "plugins/services/aws/error.h"
#include "plugins/services/aws/keys.h"
#include "plugins/services/aws/partition.h"
#include "plugins/services/aws/region.h"
#include "plugins/services/aws/text.h"
#include "plugins/services/aws/xml.h"

#define SECRET "a secret of 40 characters, more or less!"

static void check_keys(ncl_aws_keys *keys, const char *why, size_t size) {
  assert(memchr(why, 0, size) != NULL);
  if (keys == NULL) return;
  assert(keys->view.access_key_id.len > 0 && keys->view.secret_access_key.len > 0);
  assert(ncl_aws_is_printable(keys->view.access_key_id) && ncl_aws_is_printable(keys->view.session_token));
  ncl_aws_keys_date(keys, 1000000000, 1767323045000000000, 12345);
  assert(keys->renew_ns <= keys->until_ns && keys->until_ns > 1000000000);
  ncl_aws_keys_leave(keys);
}

static bool is_line(const char *text, size_t size) {
  assert(memchr(text, 0, size) != NULL);
  return ncl_aws_is_printable(ncl_aws_str(text));
}

static void check_error(ncl_range body, uint32_t status) {
  static const ncl_str secrets[] = {NCL_STR(SECRET)};
  static const ncl_pair headers[] = {{NCL_STR("retry-after"), NCL_STR("7")}};
  ncl_array list = NCL_ARRAY(headers);
  ncl_aws_answer answer = {status, &list, body, 1767323045000000000, secrets, 1};
  ncl_aws_error error;
  ncl_aws_error_read(&answer, &error);
  assert(error.error > NCL_AWS_ERROR_NO_ANSWER && error.error <= NCL_AWS_ERROR_OTHER);
  assert(is_line(error.code, sizeof error.code) && is_line(error.message, sizeof error.message));
  assert(is_line(error.request_id, sizeof error.request_id) && is_line(error.action, sizeof error.action));
  assert(is_line(error.resource, sizeof error.resource) && is_line(error.principal, sizeof error.principal));
  assert(strstr(error.message, SECRET) == NULL);
}

static void check_xml(ncl_str text) {
  char into[64];
  size_t len;
  static const char *const paths[] = {"a", "*/*", "Error/Code", "a/b/c/d"};
  for (size_t i = 0; i < 4; i++) {
    ncl_status status = ncl_aws_xml_get(text, paths[i], into, sizeof into, &len);
    if (status == NCL_OK) assert(len < sizeof into && into[len] == '\0');
  }
}

static void check_texts(ncl_str text) {
  int64_t ns;
  ncl_str service, region;
  if (ncl_aws_date_read(text, &ns)) assert(ns >= 0);
  if (ncl_aws_date_read_http(text, &ns)) assert(ns >= 0);
  if (ncl_aws_host_names(text, &service, &region)) assert(ncl_aws_region_is_valid(region) && service.len > 0);
  region = ncl_aws_arn_region(text);
  assert(region.len == 0 || ncl_aws_region_is_valid(region));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char why[300] = "", region[64] = "";
  if (size == 0) return 0;
  ncl_range body = {data + 1, size - 1};
  ncl_str text = ncl_str_of((const char *)data + 1, size - 1);
  switch (data[0]) {
    case 'j':
      check_keys(ncl_aws_keys_read_json(body, ncl_aws_str("fuzz"), why, sizeof why), why, sizeof why);
      break;
    case 's':
      check_keys(ncl_aws_keys_read_sts(text, "AssumeRole", ncl_aws_str("fuzz"), why, sizeof why), why, sizeof why);
      break;
    case 'e':
      check_error(body, 400);
      check_error(body, 403);
      break;
    case 't':
      if (ncl_aws_region_of_task(body, region, sizeof region)) assert(ncl_aws_region_is_valid(ncl_aws_str(region)));
      break;
    case 'd':
      check_texts(text);
      break;
    default:
      check_xml(text);
  }
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Regions, partitions, endpoints, and what hosts say. The oracle compares endpoints with botocore's. */
#include "aws_test.h"

#include <nacelle/aws.h>

#include "plugins/services/aws/partition.h"

static void a_region_names_its_partition(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"us-east-1", "aws"},
                                        {"cn-north-1", "aws-cn"},
                                        {"us-gov-west-1", "aws-us-gov"},
                                        {"us-iso-east-1", "aws-iso"},
                                        {"us-isob-east-1", "aws-iso-b"},
                                        {"eusc-de-east-1", "aws-eusc"},
                                        {"mx-central-1", "aws"},
                                        {"", "aws"}};
  for (size_t i = 0; i < ROWS(rows); i++)
    assert_string_equal(ncl_aws_partition_of(ncl_aws_str(rows[i][0]))->id, rows[i][1]);
}

static void a_region_is_a_word_of_a_host(void **state) {
  (void)state;
  static const char *const wrong[] = {"", "us east", "US-EAST-1", "a/b", "a.b", "-a", "a-", "evil.com/x", "a\n"};
  for (size_t i = 0; i < ROWS(wrong); i++)
    assert_false(ncl_aws_region_is_valid(ncl_aws_str(wrong[i])));
  assert_true(ncl_aws_region_is_valid(ncl_aws_str("ap-southeast-3")));
}

static void endpoints_follow_partition_and_switches(void **state) {
  (void)state;
  static const struct {
    const char *prefix, *region;
    uint32_t flags;
    const char *url;
  } rows[] = {
      {"xray", "us-east-1", 0, "https://xray.us-east-1.amazonaws.com"},
      {"xray", "cn-north-1", 0, "https://xray.cn-north-1.amazonaws.com.cn"},
      {"logs", "eu-west-1", NCL_AWS_FIPS, "https://logs-fips.eu-west-1.amazonaws.com"},
      {"logs", "us-gov-west-1", NCL_AWS_FIPS, "https://logs.us-gov-west-1.amazonaws.com"},
      {"logs", "us-gov-west-1", NCL_AWS_FIPS | NCL_AWS_DUALSTACK, "https://logs-fips.us-gov-west-1.api.aws"},
      {"xray", "us-gov-west-1", NCL_AWS_FIPS, "https://xray-fips.us-gov-west-1.amazonaws.com"},
      {"s3", "us-east-1", NCL_AWS_DUALSTACK, "https://s3.dualstack.us-east-1.amazonaws.com"},
      {"b.s3", "us-east-1", NCL_AWS_FIPS | NCL_AWS_DUALSTACK, "https://b.s3-fips.dualstack.us-east-1.amazonaws.com"},
  };
  char url[128];
  for (size_t i = 0; i < ROWS(rows); i++) {
    assert_true(ncl_aws_endpoint(ncl_aws_str(rows[i].prefix), ncl_aws_str(rows[i].region), rows[i].flags, url, 128));
    assert_string_equal(url, rows[i].url);
  }
  assert_false(ncl_aws_endpoint(ncl_aws_str("xray"), ncl_aws_str("us-east-1"), 0, url, 20));
}

static void variables_have_the_names_of_the_sdks(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"xray", "XRAY"}, {"logs", "CLOUDWATCH_LOGS"}, {"monitoring", "CLOUDWATCH"}, {"a-b", "A_B"}};
  char id[32];
  for (size_t i = 0; i < ROWS(rows); i++) {
    assert_true(ncl_aws_service_id(ncl_aws_str(rows[i][0]), id, sizeof id));
    assert_string_equal(id, rows[i][1]);
  }
  assert_false(ncl_aws_service_id(ncl_aws_str(""), id, sizeof id));
  assert_false(ncl_aws_service_id(ncl_aws_str("xray"), id, 4));
}

static void an_arn_has_a_region(void **state) {
  (void)state;
  assert_str(ncl_aws_arn_region(ncl_aws_str("arn:aws-cn:ecs:cn-north-1:1:task/x")), "cn-north-1");
  assert_str(ncl_aws_arn_region(ncl_aws_str("arn:aws:ecs:us-west-2")), "us-west-2");
  assert_str(ncl_aws_arn_region(ncl_aws_str("arn:aws:iam::1:role/x")), "");
  assert_str(ncl_aws_arn_region(ncl_aws_str("arn:aws:ecs")), "");
  assert_str(ncl_aws_arn_region(ncl_aws_str("158d1c80")), "");
}

static void a_host_names_service_and_region(void **state) {
  (void)state;
  static const char *const rows[][3] = {
      {"xray.us-east-1.amazonaws.com", "xray", "us-east-1"},
      {"logs.eu-west-1.amazonaws.com:443", "logs", "eu-west-1"},
      {"monitoring.cn-north-1.amazonaws.com.cn", "monitoring", "cn-north-1"},
      {"xray-fips.us-gov-west-1.amazonaws.com", "xray", "us-gov-west-1"},
      {"logs.us-east-1.api.aws", "logs", "us-east-1"},
      {"aps-workspaces.us-west-2.amazonaws.com", "aps", "us-west-2"},
      {"search-my-domain.us-east-1.es.amazonaws.com", "es", "us-east-1"},
      {"vpc-x.eu-west-1.es.amazonaws.com", "es", "eu-west-1"},
      {"pipe-1.us-east-1.osis.amazonaws.com", "osis", "us-east-1"},
  };
  static const char *const others[] = {"localhost:4318",
                                       "example.com",
                                       "xray.us-east-1.amazonaws.com.evil.com",
                                       "amazonaws.com",
                                       ".amazonaws.com",
                                       "xray.amazonaws.com",
                                       "queue.us-east-1.amazonaws.com",
                                       "xray..amazonaws.com",
                                       ""};
  ncl_str service, region;
  for (size_t i = 0; i < ROWS(rows); i++) {
    if (!ncl_aws_host_names(ncl_aws_str(rows[i][0]), &service, &region)) fail_msg("%s", rows[i][0]);
    assert_str(service, rows[i][1]);
    assert_str(region, rows[i][2]);
  }
  for (size_t i = 0; i < ROWS(others); i++)
    assert_false(ncl_aws_host_names(ncl_aws_str(others[i]), &service, &region));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_region_names_its_partition),
      cmocka_unit_test(a_region_is_a_word_of_a_host),
      cmocka_unit_test(endpoints_follow_partition_and_switches),
      cmocka_unit_test(variables_have_the_names_of_the_sdks),
      cmocka_unit_test(an_arn_has_a_region),
      cmocka_unit_test(a_host_names_service_and_region),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

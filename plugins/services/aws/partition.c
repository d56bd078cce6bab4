/* SPDX-License-Identifier: Apache-2.0 */
/* partition.c: the partitions, and where the endpoints are that do not follow the rule (as botocore has them, for the
 * services that telemetry goes to). */
#include "partition.h"

#include <nacelle/aws.h>
#include <stdio.h>

#include "text.h"

static const ncl_aws_partition partitions[] = {
    {"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1"},
    {"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws", "us-gov-west-1"},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1"},
    {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1"},
    {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1"},
    {"eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1"},
    {"", "aws", "amazonaws.com", "api.aws", "us-east-1"},
};

const ncl_aws_partition *ncl_aws_partition_of(ncl_str region) {
  const ncl_aws_partition *partition = partitions;
  while (!ncl_aws_begins(region, partition->region_prefix))
    partition++;
  return partition;
}

bool ncl_aws_region_is_valid(ncl_str region) {
  for (size_t i = 0; i < region.len; i++) {
    char c = region.ptr[i];
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') return false;
  }
  return region.len > 0 && region.len < 64 && region.ptr[0] != '-' && region.ptr[region.len - 1] != '-';
}

static bool ends_with(ncl_str s, const char *text) {
  size_t len = strlen(text);
  return s.len > len && memcmp(s.ptr + s.len - len, text, len) == 0;
}

static bool is_one_of(ncl_str text, const char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (ncl_aws_is(text, words[i])) return true;
  }
  return false;
}

/* In GovCloud all endpoints of these are FIPS endpoints, under the plain name. */
static bool is_plain_in_gov(ncl_str prefix, bool is_dualstack) {
  static const char *const plain[] = {"sts", "logs", "monitoring", "ssm", "ec2"};
  if (is_dualstack) return ncl_aws_is(prefix, "monitoring");
  return is_one_of(prefix, plain, sizeof plain / sizeof plain[0]);
}

bool ncl_aws_endpoint(ncl_str prefix, ncl_str region, uint32_t flags, char *into, size_t size) {
  const ncl_aws_partition *partition = ncl_aws_partition_of(region);
  bool is_dualstack = (flags & NCL_AWS_DUALSTACK) != 0, is_fips = (flags & NCL_AWS_FIPS) != 0;
  bool is_gov = ncl_aws_begins(region, "us-gov-");
  /* "s3", or "bucket.s3" */
  bool is_s3 = ncl_aws_is(prefix, "s3") || ends_with(prefix, ".s3");
  if (is_fips && is_gov && is_plain_in_gov(prefix, is_dualstack)) is_fips = false;
  /* S3 had IPv6 before there was a domain for it. */
  const char *suffix = is_dualstack && !is_s3 ? partition->dualstack_suffix : partition->dns_suffix;
  int len = snprintf(into, size, "https://%.*s%s.%s%.*s.%s", NCL_AWS_FMT(prefix), is_fips ? "-fips" : "",
                     is_dualstack && is_s3 ? "dualstack." : "", NCL_AWS_FMT(region), suffix);
  return len > 0 && (size_t)len < size;
}

bool ncl_aws_service_id(ncl_str service, char *into, size_t size) {
  static const char *const names[][2] = {
      {"logs", "CLOUDWATCH_LOGS"}, {"monitoring", "CLOUDWATCH"}, {"aps", "AMP"},
      {"es", "OPENSEARCH"},        {"lambda", "LAMBDA"},         {"events", "EVENTBRIDGE"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (ncl_aws_is(service, names[i][0])) service = ncl_aws_str(names[i][1]);
  }
  if (service.len == 0 || service.len >= size) return false;
  for (size_t i = 0; i < service.len; i++) {
    char c = service.ptr[i];
    bool is_small = c >= 'a' && c <= 'z', is_other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    into[i] = is_small ? (char)(c - 'a' + 'A') : is_other ? c : '_';
  }
  into[service.len] = '\0';
  return true;
}

/* "arn:partition:service:region:account:resource" */
ncl_str ncl_aws_arn_region(ncl_str arn) {
  if (!ncl_aws_begins(arn, "arn:")) return ncl_str_of(NULL, 0);
  for (int i = 0; i < 3; i++) {
    size_t colon = ncl_aws_find(arn, ':');
    if (colon == arn.len) return ncl_str_of(NULL, 0);
    arn = ncl_aws_after(arn, colon + 1);
  }
  ncl_str region = ncl_aws_cut(arn, 0, ncl_aws_find(arn, ':'));
  return ncl_aws_region_is_valid(region) ? region : ncl_str_of(NULL, 0);
}

/* ---- hosts ------------------------------------------------------------------------------------------- */

/* Whether the host is of AWS: its name without the domain, "logs.eu-west-1". */
static bool strip_domain(ncl_str *host) {
  for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++) {
    const char *const suffixes[] = {partitions[i].dns_suffix, partitions[i].dualstack_suffix};
    for (size_t j = 0; j < 2; j++) {
      size_t len = strlen(suffixes[j]);
      if (!ends_with(*host, suffixes[j]) || host->len < len + 2 || host->ptr[host->len - len - 1] != '.') continue;
      host->len -= len + 1;
      return true;
    }
  }
  return false;
}

static const char *service_of(ncl_str word) {
  static const char *const names[][2] = {{"aps-workspaces", "aps"}, {"aps", "aps"}, {"logs", "logs"},
                                         {"xray", "xray"},          {"es", "es"},   {"monitoring", "monitoring"},
                                         {"aoss", "aoss"},          {"ssm", "ssm"}, {"sts", "sts"},
                                         {"osis", "osis"},          {"s3", "s3"}};
  if (ends_with(word, "-fips")) word.len -= 5;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (ncl_aws_is(word, names[i][0])) return names[i][1];
  }
  return NULL;
}

bool ncl_aws_host_names(ncl_str host, ncl_str *service, ncl_str *region) {
  *service = *region = ncl_str_of(NULL, 0);
  host.len = ncl_aws_find(host, ':');
  if (!strip_domain(&host)) return false;
  /* "xray.us-east-1", "search-domain-abc.us-east-1.es", "pipeline-abc.us-east-1.osis": the service is at one end. */
  size_t first_end = ncl_aws_find(host, '.'), last = host.len;
  while (last > 0 && host.ptr[last - 1] != '.')
    last--;
  if (first_end == host.len || last == 0) return false;
  const char *first_service = service_of(ncl_aws_cut(host, 0, first_end));
  const char *last_service = service_of(ncl_aws_cut(host, last, host.len));
  ncl_str middle = ncl_aws_cut(host, first_end + 1, host.len);
  if (last_service != NULL && last > first_end + 1) middle = ncl_aws_cut(host, first_end + 1, last - 1);
  const char *name = last_service != NULL ? last_service : first_service;
  if (name == NULL || !ncl_aws_region_is_valid(middle)) return false;
  *service = ncl_aws_str(name);
  *region = middle;
  return true;
}

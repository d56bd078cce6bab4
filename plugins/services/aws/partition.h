/* SPDX-License-Identifier: Apache-2.0 */
/* partition.h: which part of AWS a region belongs to, and the endpoints there. */
#ifndef NCL_AWS_PARTITION_H
#define NCL_AWS_PARTITION_H

#include <nacelle/abi.h>
#include <stdbool.h>

typedef struct ncl_aws_partition {
  const char *region_prefix; /* of its regions: "cn-" */
  const char *id;            /* "aws-cn" */
  const char *dns_suffix;
  const char *dualstack_suffix;
  const char *home; /* a region where the services without a region of their own are */
} ncl_aws_partition;

/* Never NULL: a region of none of them is taken for one of "aws". */
const ncl_aws_partition *ncl_aws_partition_of(ncl_str region);

/* Letters, digits and hyphens as in a name of a host, 63 at most. */
bool ncl_aws_region_is_valid(ncl_str region);

/* "https://xray.us-east-1.amazonaws.com" for "xray". `flags`: NCL_AWS_FIPS, NCL_AWS_DUALSTACK. False: it does not fit.
 */
bool ncl_aws_endpoint(ncl_str prefix, ncl_str region, uint32_t flags, char *into, size_t size);

/* The name in AWS_ENDPOINT_URL_<NAME> for a service by its name in signatures. False: it does not fit. */
bool ncl_aws_service_id(ncl_str service, char *into, size_t size);

/* The region in an ARN ("arn:aws:ecs:us-west-2:1111:task/x"); "" = none. */
ncl_str ncl_aws_arn_region(ncl_str arn);

/* What a host of AWS says about service and region ("logs.eu-west-1.amazonaws.com"): false for any other. The names are
 * those of signatures. */
bool ncl_aws_host_names(ncl_str host, ncl_str *service, ncl_str *region);

#endif

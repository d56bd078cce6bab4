/* SPDX-License-Identifier: Apache-2.0 */
/* assume.h: credentials of a role, from STS: with other credentials, or with a token in a file. */
#ifndef NCL_AWS_ASSUME_H
#define NCL_AWS_ASSUME_H

#include "keys.h"
#include "service.h"

typedef struct ncl_aws_assume ncl_aws_assume;

typedef struct ncl_aws_assume_request {
  ncl_aws_role role;  /* borrowed until the end */
  ncl_aws_keys *keys; /* whose; NULL = the role's token file */
  ncl_str region;     /* of STS; "" = where the partition of the role's ARN is at home */
  ncl_str endpoint;   /* URL, as the config has it; "" = by environment or region */
  uint32_t flags;     /* NCL_AWS_FIPS, NCL_AWS_DUALSTACK */
} ncl_aws_assume_request;

/* `keys` is the callee's, or NULL with the reason. */
typedef void (*ncl_aws_assumed_fn)(void *arg, ncl_aws_keys *keys, ncl_status status, ncl_str message);

/* Calls fn(arg) once, never inside this call. NULL with the reason in *outcome. */
ncl_aws_assume *ncl_aws_assume_start(ncl_aws_service *service, const ncl_aws_assume_request *request,
                                     ncl_aws_assumed_fn fn, void *arg, ncl_outcome *outcome);
/* Before fn was called only. NULL is ignored. */
void ncl_aws_assume_cancel(ncl_aws_assume *assume);

#endif

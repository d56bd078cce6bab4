/* SPDX-License-Identifier: Apache-2.0 */
/* imds.h: EC2's metadata, version 2: a token first, shared by all, then the document. Version 1, without a token, is
 * not spoken. */
#ifndef NCL_AWS_IMDS_H
#define NCL_AWS_IMDS_H

#include "fetch.h"

typedef struct ncl_aws_imds ncl_aws_imds;
typedef struct ncl_aws_imds_get ncl_aws_imds_get;

#define NCL_AWS_IMDS_PATH_MAX 512u

/* True: AWS_EC2_METADATA_DISABLED. */
bool ncl_aws_imds_is_off(const ncl_aws_service *service);

/* Calls fn(arg) once, never inside this call. NULL = no memory, or a path that cannot be. */
ncl_aws_imds_get *ncl_aws_imds_start(ncl_aws_service *service, ncl_str path, ncl_aws_fetched_fn fn, void *arg);
/* Before fn was called only. NULL is ignored. */
void ncl_aws_imds_cancel(ncl_aws_imds_get *get);

/* Wipes the token. Nothing is under way. NULL is ignored. */
void ncl_aws_imds_close(ncl_aws_imds *imds);

#endif

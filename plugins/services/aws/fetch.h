/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h: one small request to an endpoint of credentials or metadata, or to STS: bounded in time and size, tried
 * again where the way or the server failed. */
#ifndef NCL_AWS_FETCH_H
#define NCL_AWS_FETCH_H

#include "service.h"

typedef struct ncl_aws_fetch ncl_aws_fetch;

typedef struct ncl_aws_fetch_request {
  uint32_t way;       /* NCL_AWS_TO_* */
  uint32_t tries;     /* 1 = once */
  const char *method; /* static */
  ncl_str url;        /* this and what follows are copied */
  const ncl_pair *headers;
  uint32_t header_count;
  ncl_str body;
  int64_t timeout_ns; /* of each try */
} ncl_aws_fetch_request;

/* What came: borrowed until the callback returns. */
typedef struct ncl_aws_fetched {
  ncl_status status; /* NCL_OK: a whole response, whatever its status */
  ncl_str message;   /* otherwise the reason */
  uint32_t http_status;
  const ncl_array *headers; /* of ncl_pair */
  ncl_range body;
} ncl_aws_fetched;

typedef void (*ncl_aws_fetched_fn)(void *arg, const ncl_aws_fetched *fetched);

/* Calls fn(arg) once, never inside this call. NULL = no memory. */
ncl_aws_fetch *ncl_aws_fetch_start(ncl_aws_service *service, const ncl_aws_fetch_request *request,
                                   ncl_aws_fetched_fn fn, void *arg);
/* Before fn was called only. NULL is ignored. */
void ncl_aws_fetch_cancel(ncl_aws_fetch *fetch);

#endif

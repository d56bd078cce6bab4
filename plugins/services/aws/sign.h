/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h: AWS Signature Version 4 of one request, in its headers. */
#ifndef NCL_AWS_SIGN_H
#define NCL_AWS_SIGN_H

#include <nacelle/call.h>

#include "crypto.h"

#define NCL_AWS_SIGN_HEADERS 128u /* of a request */
#define NCL_AWS_SIGN_QUERY 256u   /* parameters of a request */
#define NCL_AWS_SIGNATURE_HEADERS 4u

/* A request just as it goes out. */
typedef struct ncl_aws_to_sign {
  ncl_str method;
  ncl_str url; /* "https://host:port/path?query" or "unix://..."; what of it needs escapes has them */
  const ncl_pair *headers;
  uint32_t header_count;
  ncl_array body; /* of ncl_range */
  ncl_str access_key_id, secret_access_key, session_token;
  ncl_str region, service;
  int64_t wall_ns; /* by the service's clock, as far as it is known */
  bool is_s3;      /* the path is signed as it is, and the hash of the body is a header */
} ncl_aws_to_sign;

/* Headers that are to be added, in place of those of their names. */
typedef struct ncl_aws_signature {
  ncl_pair headers[NCL_AWS_SIGNATURE_HEADERS];
  uint32_t count;
  char *text; /* of the headers; holds the session token */
  size_t text_len;
} ncl_aws_signature;

/*
 * NCL_OK; NCL_NO_MEMORY; NCL_PERMANENT with static words in *why: the request is over a limit.
 *
 * All headers are signed but those that proxies and HTTP clients change (the list is botocore's). A header
 * "x-amz-content-sha256" of the request is taken for the hash of the body. To be closed in any case.
 */
ncl_status ncl_aws_sign(ncl_aws_crypto *crypto, const ncl_aws_to_sign *request, ncl_aws_signature *signature,
                        const char **why);
/* Wipes and frees. */
void ncl_aws_signature_close(ncl_aws_signature *signature);

#endif

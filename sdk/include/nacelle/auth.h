/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/auth.h: interface "ncl.auth.client/1": proof of identity on requests that go out (SigV4, bearer token). */
#ifndef NACELLE_AUTH_H
#define NACELLE_AUTH_H

#include <nacelle/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_AUTH_CLIENT_1 "ncl.auth.client/1"

/* What is to be signed: the request just as it will go out. Struct and all it points to stay until sign has answered or
 * the token is completed, also where the request itself was given up meanwhile. */
typedef struct ncl_auth_request {
  uint32_t struct_size;
  uint32_t header_count;
  ncl_str method;
  ncl_str url;
  const ncl_pair *headers;
  ncl_array body; /* of ncl_range: as sent, so after compression */
} ncl_auth_request;

typedef struct ncl_auth_client {
  uint32_t struct_size;
  uint32_t reserved;
  void *self;
  /* [loop] NCL_OK completes nothing and has put the answer into outcome.result; NCL_PENDING completes `token` with it
   * (credentials are being fetched); otherwise an error: retryable where credentials may come later. outcome.result is
   * an ncl_array of ncl_pair: headers to add or to replace, valid until the done callback (or the caller, for NCL_OK)
   * is through with it; then outcome.release is called. */
  ncl_status (*sign)(void *self, const ncl_auth_request *request, ncl_token token, ncl_outcome *outcome);
  /* [loop] The backend answered 401 or 403 to what was signed: what is cached may be stale, or the clock be wrong (the
   * Date header tells). */
  void (*rejected)(void *self, uint32_t http_status, const ncl_pair *headers, uint32_t header_count);
} ncl_auth_client;

#ifdef __cplusplus
}
#endif
#endif

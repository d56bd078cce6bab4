/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/auth.h: interfaces "ncl.auth.client/1": proof of identity on requests that go out (SigV4, bearer token), and
 * "ncl.auth.server/1": who sent a request that comes in. */
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
  ncl_array body;       /* of ncl_range: as sent, so after compression */
  ncl_context *context; /* of the telemetry: who sent it, client metadata; NULL = none */
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
   * Date header tells). 1 = something was mended: signed anew, the request may be taken, and is sent once more. */
  uint32_t (*rejected)(void *self, uint32_t http_status, const ncl_pair *headers, uint32_t header_count);
} ncl_auth_client;

#define NCL_AUTH_SERVER_1 "ncl.auth.server/1"

/* What a client has said of itself. Borrowed until authenticate returns: who answers NCL_PENDING copies what it needs.
 */
typedef struct ncl_auth_credentials {
  uint32_t struct_size;
  uint32_t is_grpc;
  ncl_array headers;    /* of ncl_pair, names in lower case; query parameters that the config names come first */
  ncl_str peer;         /* "ip:port" */
  ncl_str peer_subject; /* of a verified client certificate; "" = none */
} ncl_auth_credentials;

typedef struct ncl_auth_server {
  uint32_t struct_size;
  uint32_t reserved;
  void *self;
  /* [loop] Before anything else of a request is looked at. NCL_OK and NCL_PENDING as in ncl_auth_client.sign;
   * outcome.result is an ncl_array of ncl_pair, what is known of the client (names begin with "auth.", as
   * "auth.subject"; at most 32 of 16 KiB), or NULL; it becomes part of the telemetry's context. NCL_PERMANENT: refused,
   * with a reason in outcome.message that the client may read, and outcome.grpc_code: 0 or 16 (UNAUTHENTICATED) = the
   * client may log in and come back, 7 (PERMISSION_DENIED) = it is known and may not. Any other error: this cannot be
   * told now, the client is to come again. */
  ncl_status (*authenticate)(void *self, const ncl_auth_credentials *credentials, ncl_token token,
                             ncl_outcome *outcome);
} ncl_auth_server;

#ifdef __cplusplus
}
#endif
#endif

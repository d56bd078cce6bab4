/* SPDX-License-Identifier: Apache-2.0 */
/* request.h: what a plugin asked with a token, from the question to the answer: first the place, then the credentials,
 * then what was asked for. */
#ifndef NCL_AWS_REQUEST_H
#define NCL_AWS_REQUEST_H

#include "client.h"
#include "sign.h"

enum { NCL_AWS_ASK_PLACE, NCL_AWS_ASK_CREDENTIALS, NCL_AWS_ASK_SIGNATURE, NCL_AWS_ASK_CALL, NCL_AWS_ASK_DOCUMENT };

struct ncl_aws_sending;

typedef struct ncl_aws_request {
  ncl_aws_service *service;
  ncl_aws_client *client; /* NULL: a document */
  struct ncl_aws_request *next, *prev;
  uint32_t kind;
  ncl_token token;
  ncl_aws_region_waiter region_waiter;
  ncl_aws_keys_waiter keys_waiter;
  ncl_aws_document_waiter document_waiter;
  ncl_aws_signing signing;         /* a signature */
  struct ncl_aws_sending *sending; /* a call */
} ncl_aws_request;

/* Slots of the interface. */
ncl_status ncl_aws_ask_place(ncl_aws_client *client, ncl_token token, ncl_outcome *outcome);
ncl_status ncl_aws_ask_credentials(ncl_aws_client *client, ncl_token token, ncl_outcome *outcome);
ncl_status ncl_aws_ask_call(ncl_aws_client *client, const ncl_aws_call *call, ncl_token token, ncl_outcome *outcome);
ncl_status ncl_aws_ask_signature(ncl_aws_client *client, const ncl_aws_signing *signing, ncl_token token,
                                 ncl_outcome *outcome);
ncl_status ncl_aws_ask_document(void *self, ncl_component *owner, const ncl_aws_metadata *wanted, ncl_token token,
                                ncl_outcome *outcome);
uint32_t ncl_aws_rejected(ncl_aws_client *client, uint32_t http_status, const ncl_pair *headers, uint32_t header_count);
void ncl_aws_cancel(void *self, ncl_token token);

/* Drops all requests of a client; NULL = all there are. */
void ncl_aws_requests_drop(ncl_aws_service *service, const ncl_aws_client *client);

/* ---- for calls (call.c) ------------------------------------------------------------------------------ */

/* A request that waits for its credentials (again). NCL_OK with a share of them; NCL_PENDING: ncl_aws_sending_go
 * follows; an error. */
ncl_status ncl_aws_request_keys(ncl_aws_request *request, ncl_aws_keys **keys, ncl_outcome *outcome);
/* Ends a request: its token is completed. `outcome` is the answer. */
void ncl_aws_request_finish(ncl_aws_request *request, const ncl_outcome *outcome);

/* Takes a copy of the call. */
ncl_status ncl_aws_sending_open(ncl_aws_request *request, const ncl_aws_call *call, ncl_outcome *outcome);
/* Signs and sends with these credentials, whose share is taken over. NCL_PENDING, or an error in *outcome. */
ncl_status ncl_aws_sending_go(ncl_aws_request *request, ncl_aws_keys *keys, ncl_outcome *outcome);
/* Ends it without an answer. */
void ncl_aws_sending_close(struct ncl_aws_sending *sending);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* client.h: one component's way to one service: its config, where its calls go, whose credentials it uses. */
#ifndef NCL_AWS_CLIENT_H
#define NCL_AWS_CLIENT_H

#include "provider.h"
#include "region.h"

struct ncl_aws_client {
  ncl_aws_service *service;
  ncl_component *owner;
  ncl_aws_client *next;
  ncl_aws_client_config config; /* texts lie in `text` */
  char *text;
  ncl_aws_provider *provider; /* NULL until the first need */
  ncl_http_channel *channel;  /* likewise */
  int64_t skew_ns;            /* of our clock, as far as the service has said so */
  bool has_place;
  const char *region_source;
  char region[64];
  char profile_source[160];
  char endpoint[600];
  ncl_value tls_members[1], tls;
};

/* Slots of the interface. */
ncl_aws_client *ncl_aws_client_open(void *self, ncl_component *owner, const ncl_aws_client_config *config,
                                    ncl_outcome *outcome);
void ncl_aws_client_close(ncl_aws_client *client);
void ncl_aws_client_refresh(ncl_aws_client *client);

/* NCL_OK: the client knows its place. NCL_PENDING: waiter->fn is called, and ncl_aws_client_settle is due there; an
 * error. */
ncl_status ncl_aws_client_place(ncl_aws_client *client, ncl_aws_region_waiter *waiter, ncl_outcome *outcome);
/* The region was found. False: its endpoint cannot be. */
bool ncl_aws_client_settle(ncl_aws_client *client, ncl_str region, const char *source);
/* What is in the interface of it. */
void ncl_aws_client_view(const ncl_aws_client *client, ncl_aws_place *place);

/* The provider; the place is known. NULL = no memory. */
ncl_aws_provider *ncl_aws_client_provider(ncl_aws_client *client);
/* The channel of its calls. NULL with the reason in *outcome. */
ncl_http_channel *ncl_aws_client_channel(ncl_aws_client *client, ncl_outcome *outcome);

#endif

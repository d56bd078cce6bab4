/* SPDX-License-Identifier: Apache-2.0 */
/* provider.h: one source of credentials and its cache: the chain of a profile, or a role on top of one. Shared by all
 * clients that want the same. */
#ifndef NCL_AWS_PROVIDER_H
#define NCL_AWS_PROVIDER_H

#include "keys.h"
#include "service.h"

typedef struct ncl_aws_provider ncl_aws_provider;

/* What a client wants. */
typedef struct ncl_aws_provider_config {
  ncl_str profile;
  ncl_aws_role role; /* arn "" = the chain's own credentials; with a token file there is no chain below it */
  ncl_str sts_region, sts_endpoint;
  uint32_t flags; /* NCL_AWS_FIPS, NCL_AWS_DUALSTACK: of STS */
} ncl_aws_provider_config;

/* Someone who waits. `keys` is NULL where there are none, with the reason; the callee takes a share of its own. */
typedef struct ncl_aws_keys_waiter {
  struct ncl_aws_keys_waiter *next, *prev;
  ncl_aws_provider *provider; /* NULL = does not wait */
  void (*fn)(void *arg, ncl_aws_keys *keys, ncl_status status, ncl_str message);
  void *arg;
} ncl_aws_keys_waiter;

/* The provider of this, found or made; one user. NULL = no memory. */
ncl_aws_provider *ncl_aws_provider_open(ncl_aws_service *service, const ncl_aws_provider_config *config);
void ncl_aws_provider_close(ncl_aws_provider *provider); /* NULL is ignored */

/* NCL_OK with a share of valid keys; NCL_PENDING: waiter->fn is called later, unless it leaves; an error with the
 * reason in *outcome (its words live in the provider). */
ncl_status ncl_aws_provider_get(ncl_aws_provider *provider, ncl_aws_keys_waiter *waiter, ncl_aws_keys **keys,
                                ncl_outcome *outcome);
/* One that does not wait is ignored. */
void ncl_aws_provider_leave(ncl_aws_keys_waiter *waiter);
/* `keys` (NULL = whatever there is) were refused: they are not handed out again. False: they came just now, or others
 * are there already; nothing changes. */
bool ncl_aws_provider_refused(ncl_aws_provider *provider, const ncl_aws_keys *keys);

#endif

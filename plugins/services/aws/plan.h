/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h: where credentials come from, as environment and shared files say now: one base, and roles to be assumed on
 * top of it. Reads files; asks nobody. */
#ifndef NCL_AWS_PLAN_H
#define NCL_AWS_PLAN_H

#include "ini.h"

#define NCL_AWS_PLAN_ROLES 5u

/* A variable of the environment; ptr == NULL: not set. */
typedef struct ncl_aws_environment {
  ncl_str (*get)(void *arg, const char *name);
  void *arg;
} ncl_aws_environment;

/* What the credentials begin with. */
enum {
  NCL_AWS_BASE_NONE,         /* no link of the chain is configured, or the one that is cannot work: see words */
  NCL_AWS_BASE_KEYS,         /* of the environment, or of a profile */
  NCL_AWS_BASE_WEB_IDENTITY, /* a role by a token in a file */
  NCL_AWS_BASE_CONTAINER,    /* an endpoint of ECS or EKS */
  NCL_AWS_BASE_INSTANCE,     /* EC2's metadata */
};

typedef struct ncl_aws_role {
  ncl_str arn;
  ncl_str external_id;
  ncl_str session_name;
  ncl_str token_file; /* with a web identity; else "" */
  int64_t duration_s; /* 0 = 3,600 */
} ncl_aws_role;

/* Texts point into the environment, into the plan's files, or into the plan. */
typedef struct ncl_aws_plan {
  uint32_t base;
  uint32_t role_count;
  ncl_aws_role roles[NCL_AWS_PLAN_ROLES];                              /* in the order in which they are assumed */
  ncl_aws_role identity;                                               /* WEB_IDENTITY */
  ncl_str access_key_id, secret_access_key, session_token, account_id; /* KEYS */
  ncl_str authorization, authorization_file;                           /* CONTAINER; "" = none */
  ncl_str profile;                                                     /* its name */
  ncl_str region;                                                      /* of the profile; "" = none */
  char url[512];                                                       /* CONTAINER */
  char source[400];                                                    /* of the base, for words */
  char words[1500]; /* each link that was passed over or cannot work, and why */
  ncl_aws_ini config, credentials;
} ncl_aws_plan;

/* `profile`: "" = AWS_PROFILE, else "default"; one that is named here comes before the environment's keys, as in AWS's
 * SDKs. NCL_OK, also for NCL_AWS_BASE_NONE; NCL_NO_MEMORY. To be closed in any case. */
ncl_status ncl_aws_plan_open(ncl_aws_plan *plan, const ncl_aws_environment *environment, ncl_str profile);
void ncl_aws_plan_close(ncl_aws_plan *plan);

/* NULL, or why credentials must not be fetched from `url`: in clear text only from this machine and from the addresses
 * of ECS and EKS. */
const char *ncl_aws_container_url_mistake(ncl_str url);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/aws.h: interface "ncl.aws/1": what every plugin for AWS needs, once a process: credentials, signed calls,
 * endpoints and regions, metadata of ECS and EC2. */
#ifndef NACELLE_AWS_H
#define NACELLE_AWS_H

#include <nacelle/auth.h>
#include <nacelle/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_AWS_1 "ncl.aws/1"

/*
 * All slots are [loop], and none of them waits. A slot with a `token` (of ncl_host.token_open) answers
 *   NCL_OK       the answer is in *outcome now; the token was not used, and the caller calls outcome.release, where it
 *                is not NULL, when it is through with outcome.result
 *   NCL_PENDING  the token is completed later with the same; outcome.result lives until the done callback returns
 *   an error     the reason is in *outcome, and the token was not used. Words name hosts, files, roles and codes,
 *                never a secret; they live until the caller returns to the loop.
 * What arguments point to is borrowed until the slot returns, but for the pieces of a body.
 */

typedef struct ncl_aws_client ncl_aws_client; /* one component's way to one service of AWS */

/* Flags of a client. */
#define NCL_AWS_FIPS 1u      /* the endpoint with FIPS 140 cryptography; also by AWS_USE_FIPS_ENDPOINT */
#define NCL_AWS_DUALSTACK 2u /* the endpoint with IPv6; also by AWS_USE_DUALSTACK_ENDPOINT */
#define NCL_AWS_S3 4u        /* signs as S3 wants it: paths are not escaped again, the hash of the body is a header */
#define NCL_AWS_NO_VERIFY 8u /* believes any certificate of the service (not of STS): for tests only */
#define NCL_AWS_NO_IMDS 16u  /* the region is not asked of EC2's metadata ("local_mode") */

typedef struct ncl_aws_client_config {
  uint32_t struct_size;
  uint32_t flags;          /* NCL_AWS_* */
  ncl_str service;         /* name in signatures, "xray"; "" = none: only `place`, `credentials` and `sign` are used */
  ncl_str endpoint_prefix; /* first word of the endpoint, "aps-workspaces"; "" = the service */
  ncl_str service_id;      /* for AWS_ENDPOINT_URL_<ID>, "CLOUDWATCH_LOGS"; "" = known or made from the service */
  ncl_str region;          /* "" = found: see `place` */
  ncl_str endpoint;        /* URL; "" = by AWS_ENDPOINT_URL, else by region and partition */
  ncl_str profile;         /* of the shared files; "" = AWS_PROFILE, else "default" */
  ncl_str role_arn;        /* assumed with the credentials of the chain; "" = none */
  ncl_str external_id;
  ncl_str role_session_name;       /* "" = "nacelle" */
  ncl_str web_identity_token_file; /* the role is assumed with this token instead; needs role_arn */
  ncl_str sts_region;              /* "" = the client's region */
  ncl_str sts_endpoint;            /* URL; "" = by AWS_ENDPOINT_URL_STS, else by region and partition */
  ncl_str proxy_url;               /* as in ncl_http_channel_config; not for STS, metadata and credentials */
  ncl_str user_agent;              /* "" = program, version and AWS_EXECUTION_ENV */
  const ncl_value *tls;            /* as in ncl_http_channel_config; NULL = AWS_CA_BUNDLE, else the system's */
  uint32_t max_connections;        /* 0 = 10 */
  uint32_t reserved;
  uint64_t max_response; /* bytes; 0 = 4 MiB */
} ncl_aws_client_config;

/* Where a client's calls go: outcome.result of `place`. */
typedef struct ncl_aws_place {
  uint32_t struct_size;
  uint32_t reserved;
  ncl_str region;
  ncl_str region_source; /* for words: "the config", "AWS_REGION", "profile default", "the ECS task", "EC2 metadata" */
  ncl_str partition;     /* "aws", "aws-cn", "aws-us-gov": second word of ARNs */
  ncl_str dns_suffix;    /* "amazonaws.com" */
  ncl_str endpoint;      /* URL without a slash at its end; "" where the client has no service */
} ncl_aws_place;

/* outcome.result of `credentials`. Never log the secret key or the token. */
typedef struct ncl_aws_credentials {
  uint32_t struct_size;
  uint32_t reserved;
  ncl_str access_key_id;
  ncl_str secret_access_key;
  ncl_str session_token; /* "" = none */
  ncl_str account_id;    /* "" = not known */
  ncl_str source;        /* for words: the link of the chain that gave them, and where it found them */
  int64_t expires_ns;    /* wall clock; 0 = never */
} ncl_aws_credentials;

typedef struct ncl_aws_call {
  uint32_t struct_size;
  uint32_t header_count;
  ncl_str method;          /* "" = POST */
  ncl_str path;            /* escaped, as it goes out; "" = "/". Behind the path that the endpoint has */
  ncl_str query;           /* likewise, without "?"; "" = none */
  const ncl_pair *headers; /* besides those of HTTP and of the signature */
  ncl_array body;          /* of ncl_range; must stay, array and pieces, until the token is completed or cancelled */
  ncl_str action;          /* "xray:PutTraceSegments": the permission that the call needs, for words; may be "" */
  int64_t deadline_ns;     /* monotonic; 0 = 30 s */
} ncl_aws_call;

/* What an answer means. */
#define NCL_AWS_ERROR_NONE 0u
#define NCL_AWS_ERROR_NO_ANSWER 1u     /* no whole response came */
#define NCL_AWS_ERROR_THROTTLED 2u     /* retryable, after retry_after_ns */
#define NCL_AWS_ERROR_CREDENTIALS 3u   /* expired, not known or wrongly signed, with fresh ones too: retryable */
#define NCL_AWS_ERROR_CLOCK 4u         /* the signature's time was refused, after a correction too: retryable */
#define NCL_AWS_ERROR_ACCESS_DENIED 5u /* permanent; a line with the policy that is missing was logged */
#define NCL_AWS_ERROR_VALIDATION 6u    /* the request is wrong: permanent */
#define NCL_AWS_ERROR_SERVER 7u        /* 5xx: retryable */
#define NCL_AWS_ERROR_OTHER 8u         /* any other status: permanent; see `code` */

/* outcome.result of `call`, also where outcome.status is an error (but NULL where nothing was sent, for want of a
 * region or of credentials). outcome.status is NCL_OK for a 2xx, else as the list above says. */
typedef struct ncl_aws_reply {
  uint32_t struct_size;
  uint32_t status;   /* HTTP status; 0 = none came */
  uint32_t error;    /* NCL_AWS_ERROR_* */
  uint32_t tries;    /* how often it was sent: 2 after a correction of the clock or with fresh credentials */
  ncl_array headers; /* of ncl_pair, names in lower case */
  ncl_range body;
  uint64_t sent;      /* bytes of the body as they went out */
  ncl_str code;       /* of an error: "ThrottlingException" */
  ncl_str message;    /* of an error, as the service says it */
  ncl_str request_id; /* for support of AWS */
  ncl_str action;     /* ACCESS_DENIED: "logs:PutLogEvents" */
  ncl_str resource;   /* ACCESS_DENIED: an ARN; "" = not said */
  ncl_str principal;  /* ACCESS_DENIED: who was refused, an ARN; "" = not said */
  int64_t retry_after_ns;
} ncl_aws_reply;

/* A request that someone else sends. */
typedef struct ncl_aws_signing {
  uint32_t struct_size;
  uint32_t reserved;
  const ncl_auth_request *request; /* must stay, with its body, until the token is completed or cancelled */
  ncl_str service;                 /* "" = the client's, else by the URL's host, where that is one of AWS's */
  ncl_str region; /* "" = that of the client's config, else by the URL's host, else the client's place */
} ncl_aws_signing;

#define NCL_AWS_ECS_METADATA 1u /* ECS_CONTAINER_METADATA_URI_V4, else ECS_CONTAINER_METADATA_URI */
#define NCL_AWS_EC2_METADATA 2u /* IMDSv2 */

typedef struct ncl_aws_metadata {
  uint32_t struct_size;
  uint32_t kind;      /* NCL_AWS_ECS_METADATA, NCL_AWS_EC2_METADATA */
  ncl_str path;       /* ECS: "" (own container), "/task", "/task/stats"; EC2: "/latest/meta-data/instance-id" */
  int64_t max_age_ns; /* a cached answer may be as old as this; 0 = of any age, for what never changes */
} ncl_aws_metadata;

/* outcome.result of `metadata`. */
typedef struct ncl_aws_document {
  uint32_t struct_size;
  uint32_t version; /* ECS: 4 or 3; EC2: 2 */
  ncl_range body;
  int64_t fetched_ns; /* monotonic */
} ncl_aws_document;

typedef struct ncl_aws {
  uint32_t struct_size;
  uint32_t reserved;
  void *self; /* first argument where there is no client */

  /* NULL with the reason in *outcome (NCL_PERMANENT: a region, URL or role that cannot be; NCL_NO_MEMORY). Does no I/O.
   * Lines about its calls are logged in the name of `owner`. */
  ncl_aws_client *(*open)(void *self, ncl_component *owner, const ncl_aws_client_config *config, ncl_outcome *outcome);
  /* Gives up what is under way; its tokens are not completed. NULL is ignored. */
  void (*close)(ncl_aws_client *client);

  /* Region, partition and endpoint. The region is the config's, or that of AWS_REGION, AWS_DEFAULT_REGION, the profile,
   * the ECS task, EC2's metadata; NCL_RETRYABLE with what was tried where none of them has one. */
  ncl_status (*place)(ncl_aws_client *client, ncl_token token, ncl_outcome *outcome);

  /* Credentials that are valid now: those of the chain (environment, web identity, profile, container, EC2), or of the
   * client's role. Cached for all clients, fetched once for all that wait, and fetched anew before they expire.
   * NCL_RETRYABLE with each link that was tried and why it gave none. */
  ncl_status (*credentials)(ncl_aws_client *client, ncl_token token, ncl_outcome *outcome);
  /* The cached ones are not to be used any more. */
  void (*refresh)(ncl_aws_client *client);

  /* Signs and sends. Once more where the clock was wrong (corrected by the header Date) or the credentials had expired;
   * all other retries are the caller's. outcome.retry_after_ns is set where the service asked for a delay. */
  ncl_status (*call)(ncl_aws_client *client, const ncl_aws_call *call, ncl_token token, ncl_outcome *outcome);

  /* Signs only. outcome.result is an ncl_array of ncl_pair, as ncl_auth_client.sign has it. */
  ncl_status (*sign)(ncl_aws_client *client, const ncl_aws_signing *signing, ncl_token token, ncl_outcome *outcome);
  /* What `sign` has signed was answered 401 or 403: as ncl_auth_client.rejected. */
  uint32_t (*rejected)(ncl_aws_client *client, uint32_t http_status, const ncl_pair *headers, uint32_t header_count);

  /* A document of the metadata. Cached, fetched once for all that wait. NCL_UNSUPPORTED: there is none here (no such
   * variable, or switched off); NCL_PERMANENT: it has no such document; NCL_RETRYABLE. */
  ncl_status (*metadata)(void *self, ncl_component *owner, const ncl_aws_metadata *request, ncl_token token,
                         ncl_outcome *outcome);

  /* Nobody waits for `token` any more: ends what was asked with it, unless others wait for the same. It is not
   * completed then. */
  void (*cancel)(void *self, ncl_token token);
} ncl_aws;

#ifdef __cplusplus
}
#endif
#endif

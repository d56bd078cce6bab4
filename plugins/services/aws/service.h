/* SPDX-License-Identifier: Apache-2.0 */
/* service.h: the one instance of a process: what its parts share. */
#ifndef NCL_AWS_SERVICE_H
#define NCL_AWS_SERVICE_H

#include <nacelle/aws.h>
#include <nacelle/http_client.h>
#include <stdbool.h>

#include "crypto.h"
#include "plan.h"

#define NCL_AWS_SECOND_NS INT64_C(1000000000)

/* Limits. */
#define NCL_AWS_REQUESTS_MAX 4096u /* of all clients, that wait or are under way */
#define NCL_AWS_DOCUMENTS_MAX 64u  /* of metadata, that are kept */
#define NCL_AWS_WORDS 1800u        /* why there are no credentials */

struct ncl_aws_provider;
struct ncl_aws_request;
struct ncl_aws_document_entry;

/* The ways to HTTP that are not a component's own. Metadata in clear text needs no certificates, which take 8 MB of
 * libraries to read; who gives credentials at a https:// URL is reached as metadata is, with them. */
enum { NCL_AWS_TO_METADATA, NCL_AWS_TO_METADATA_TLS, NCL_AWS_TO_STS, NCL_AWS_WAYS };

typedef struct ncl_aws_service {
  const ncl_host *host;
  ncl_component *me;
  ncl_aws table; /* what is published */
  const ncl_http_client *http;
  ncl_http_channel *ways[NCL_AWS_WAYS]; /* NULL until the first need */
  ncl_aws_crypto crypto;
  ncl_aws_client *clients;
  struct ncl_aws_provider *providers;
  struct ncl_aws_request *requests; /* of all clients, newest first */
  uint32_t request_count;
  struct ncl_aws_document_entry *documents; /* newest use first */
  uint32_t document_count;
  struct ncl_aws_imds *imds;
  struct ncl_aws_region_search *regions[2]; /* of ECS only; of EC2, too */
  bool is_shut;
  char user_agent[128];
  char ca_bundle[512]; /* AWS_CA_BUNDLE */
  ncl_value ca_members[1], ca_section;
  char words[512]; /* of the last outcome that needed more than a literal */
} ncl_aws_service;

/* A variable of the environment; "" where it is not set. */
ncl_str ncl_aws_env(const ncl_aws_service *service, const char *name);
ncl_aws_environment ncl_aws_environment_of(ncl_aws_service *service);

/* The URL that is configured for a service: AWS_ENDPOINT_URL_<ID>, else the config's, else AWS_ENDPOINT_URL, in the
 * order of AWS's SDK for Go; "" = none. */
ncl_str ncl_aws_configured_endpoint(const ncl_aws_service *service, const char *id, ncl_str config);

/* The section `tls` of ways that have none of their own: AWS_CA_BUNDLE; NULL = the system's. */
const ncl_value *ncl_aws_tls(const ncl_aws_service *service);

/* A way, opened at first need. NULL with the reason in *outcome. */
ncl_http_channel *ncl_aws_way(ncl_aws_service *service, uint32_t way, ncl_outcome *outcome);

int64_t ncl_aws_now(const ncl_aws_service *service);
int64_t ncl_aws_wall(const ncl_aws_service *service);

/* Puts a reason into an outcome; `words` are static or live as long. Returns status. */
ncl_status ncl_aws_fail(ncl_outcome *outcome, ncl_status status, ncl_str words);
/* The same with words that live in the service until the next time. */
ncl_status ncl_aws_failf(ncl_aws_service *service, ncl_outcome *outcome, ncl_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* One line of the log, in the name of `component` (NULL = the service), with one attribute. */
void ncl_aws_say(const ncl_aws_service *service, ncl_component *component, uint32_t level, const char *event,
                 const char *message, const char *key, ncl_str value);

/* A number that nobody can foretell, for delays. */
uint64_t ncl_aws_random(void);

#endif

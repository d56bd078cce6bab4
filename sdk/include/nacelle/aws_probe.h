/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/aws_probe.h: the slot `probe` of a component that calls a service of AWS: region, credentials, identity,
 * name, connection, then each permission by a call that writes no telemetry. Part of the plugin, not of the ABI. */
#ifndef NACELLE_AWS_PROBE_H
#define NACELLE_AWS_PROBE_H

#include <nacelle/aws.h>
#include <nacelle/probe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is known once the calls begin. */
typedef struct ncl_aws_probe_facts {
  ncl_str partition; /* "aws" */
  ncl_str region;
  ncl_str account;   /* "" = not known */
  ncl_str principal; /* ARN of who calls; "" = not known */
} ncl_aws_probe_facts;

/* A call by which a permission shows. */
typedef struct ncl_aws_probe_call {
  ncl_str action;   /* "logs:PutLogEvents": the permission */
  ncl_str resource; /* ARN for the statement to add; "" = as the refusal says, else * */
  /* Error codes, with spaces between, that say as much as a 2xx that the caller may: the call is made such that it
   * does nothing ("ResourceNotFoundException"). An answer that the request is not valid always says so. */
  ncl_str codes;
  ncl_str path; /* "" = "/" */
  const ncl_pair *headers;
  uint32_t header_count;
  uint32_t is_optional; /* 1 = telemetry is delivered without it: a refusal is a note */
  ncl_str body;
} ncl_aws_probe_call;

typedef struct ncl_aws_probe_config {
  const ncl_host *host;
  ncl_component *me;
  ncl_aws_client_config client; /* as the component opens its own; what it points to stays. Without a service only the
                                   credentials are tried */
  /* Fills in call number `i`, whose texts have to stay until the next question; 0 = there are no more. `last` is the
   * answer to the one before it, NULL for the first. [loop] */
  uint32_t (*call)(void *arg, uint32_t i, const ncl_aws_probe_facts *facts, const ncl_aws_reply *last,
                   ncl_aws_probe_call *into);
  void *arg;
} ncl_aws_probe_config;

typedef struct ncl_aws_probe ncl_aws_probe;

/* For the slot `probe`: begins, and completes `token` when all was tried. NCL_PENDING, then *probe is to be ended in
 * the slot `shutdown`; or an error. [loop] */
ncl_status ncl_aws_probe_begin(const ncl_aws_probe_config *config, ncl_aws_probe **probe, ncl_token token,
                               ncl_outcome *outcome);
void ncl_aws_probe_end(ncl_aws_probe *probe); /* NULL is ignored [loop] */

#ifdef __cplusplus
}
#endif
#endif

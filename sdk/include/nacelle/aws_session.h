/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/aws_session.h: the keys that all exporters to AWS have, for their tables of fields, and the client of
 * ncl.aws/1 that they come to. Part of the SDK, not of the ABI. */
#ifndef NACELLE_AWS_SESSION_H
#define NACELLE_AWS_SESSION_H

#include <nacelle/aws.h>
#include <nacelle/plugin.h>
#include <nacelle/tls_client_fields.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A member of the author's struct, filled in with it (ncl_config_fill). */
typedef struct ncl_aws_session {
  ncl_str region;
  ncl_str endpoint;
  ncl_str role_arn;
  ncl_str external_id;
  ncl_str proxy_address;
  ncl_str resource_arn;
  ncl_str certificate_file;
  int64_t no_verify_ssl;
  int64_t local_mode;
  int64_t num_workers;
  int64_t request_timeout; /* seconds */
} ncl_aws_session;

#define NCL_AWS_SESSION_FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define NCL_AWS_SESSION_AT(type, member, field) .offset = offsetof(type, member) + offsetof(ncl_aws_session, field)

/* In a table of fields: `type` is the author's struct, `member` its ncl_aws_session, `service` a literal for words
 * ("X-Ray"). */
#define NCL_AWS_SESSION_FIELDS(type, member, service)                                                                  \
  {NCL_AWS_SESSION_FIELD("region", NCL_TYPE_STRING, "",                                                                \
                         "Region; empty = of the environment, the profile, the ECS task, EC2."),                       \
   NCL_AWS_SESSION_AT(type, member, region)},                                                                          \
      {NCL_AWS_SESSION_FIELD("endpoint", NCL_TYPE_STRING, "", "URL of " service "; empty = that of the region."),      \
       NCL_AWS_SESSION_AT(type, member, endpoint)},                                                                    \
      {NCL_AWS_SESSION_FIELD("role_arn", NCL_TYPE_STRING, "",                                                          \
                             "Role that is assumed with the credentials of the environment."),                         \
       NCL_AWS_SESSION_AT(type, member, role_arn)},                                                                    \
      {NCL_AWS_SESSION_FIELD("external_id", NCL_TYPE_STRING, "", "External id that the role asks for."),               \
       NCL_AWS_SESSION_AT(type, member, external_id)},                                                                 \
      {NCL_AWS_SESSION_FIELD("proxy_address", NCL_TYPE_STRING, "",                                                     \
                             "Proxy; empty = from HTTP_PROXY, HTTPS_PROXY and NO_PROXY, none = no proxy."),            \
       NCL_AWS_SESSION_AT(type, member, proxy_address), .flags = NCL_FIELD_SECRET},                                    \
      {NCL_AWS_SESSION_FIELD("no_verify_ssl", NCL_TYPE_BOOL, "false",                                                  \
                             "Believes any certificate of " service ": for tests only."),                              \
       NCL_AWS_SESSION_AT(type, member, no_verify_ssl)},                                                               \
      {NCL_AWS_SESSION_FIELD("tls", NCL_TYPE_SECTION, "", "TLS towards " service "."), .offset = NCL_CONFIG_NO_OFFSET, \
       .fields = NCL_ARRAY(ncl_tls_client_fields)},                                                                    \
      {NCL_AWS_SESSION_FIELD("certificate_file_path", NCL_TYPE_STRING, "", "Not supported: write tls::ca_file."),      \
       NCL_AWS_SESSION_AT(type, member, certificate_file)},                                                            \
      {NCL_AWS_SESSION_FIELD("local_mode", NCL_TYPE_BOOL, "false", "The region is not asked of EC2's metadata."),      \
       NCL_AWS_SESSION_AT(type, member, local_mode)},                                                                  \
      {NCL_AWS_SESSION_FIELD("resource_arn", NCL_TYPE_STRING, "", "Without effect."),                                  \
       NCL_AWS_SESSION_AT(type, member, resource_arn)},                                                                \
      {NCL_AWS_SESSION_FIELD("num_workers", NCL_TYPE_INT, "8", "Calls at once."),                                      \
       NCL_AWS_SESSION_AT(type, member, num_workers), .min = 1, .max = 64},                                            \
      {NCL_AWS_SESSION_FIELD("request_timeout_seconds", NCL_TYPE_INT, "30", "Seconds that a call may take."),          \
       NCL_AWS_SESSION_AT(type, member, request_timeout), .min = 1, .max = 3600},                                      \
      {NCL_AWS_SESSION_FIELD("max_retries", NCL_TYPE_INT, "2",                                                         \
                             "Without effect: retry_on_failure says what is tried again."),                            \
       .offset = NCL_CONFIG_NO_OFFSET},                                                                                \
      {NCL_AWS_SESSION_FIELD("imds_retries", NCL_TYPE_INT, "0", "Without effect: EC2's metadata is asked twice."),     \
       .offset = NCL_CONFIG_NO_OFFSET},                                                                                \
  {                                                                                                                    \
    NCL_AWS_SESSION_FIELD("middleware", NCL_TYPE_STRING, "", "Not supported."), .offset = NCL_CONFIG_NO_OFFSET         \
  }

/* [create] Reports keys that are not supported, and warns of those without effect. NCL_OK, NCL_PERMANENT. */
ncl_status ncl_aws_session_check(const ncl_create *create, const ncl_aws_session *session);

/* [any] The client's config but for its service. `config` is the component's, for its tls section. What it points to
 * lives as long as the config. */
ncl_aws_client_config ncl_aws_session_client(const ncl_aws_session *session, const ncl_value *config);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/session.c: the keys that all exporters to AWS have, and the client that they come to. */
#include <nacelle/aws_session.h>
#include <string.h>

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static ncl_status refuse(const ncl_create *create, const char *key, const char *message, const char *hint) {
  create->host->config_error(create->me, ncl_value_get(create->config, str(key)), str(message), str(hint));
  return NCL_PERMANENT;
}

static void warn_if_set(const ncl_create *create, const char *key, const char *message) {
  const ncl_value *value = ncl_value_get(create->config, str(key));
  if (value == NULL || value->is_set == 0) return;
  create->host->config_warning(create->me, value, str(message), str(""));
}

ncl_status ncl_aws_session_check(const ncl_create *create, const ncl_aws_session *session) {
  const ncl_value *middleware = ncl_value_get(create->config, str("middleware"));
  const ncl_value *tls = ncl_value_get(create->config, str("tls"));
  ncl_status status = NCL_OK;
  if (session->certificate_file.len > 0) {
    status = refuse(create, "certificate_file_path", "this key is not supported", "write it as tls: ca_file");
  }
  if (middleware != NULL && middleware->s.len > 0) {
    status = refuse(create, "middleware", "middlewares are not supported", "leave `middleware` out");
  }
  warn_if_set(create, "max_retries", "this key has no effect: retry_on_failure says what is tried again");
  warn_if_set(create, "imds_retries", "this key has no effect");
  warn_if_set(create, "resource_arn", "this key has no effect");
  return tls != NULL && tls->is_set && ncl_tls_section_check(create, tls, 0) != NCL_OK ? NCL_PERMANENT : status;
}

ncl_aws_client_config ncl_aws_session_client(const ncl_aws_session *session, const ncl_value *config) {
  const ncl_value *tls = ncl_value_get(config, str("tls"));
  return (ncl_aws_client_config){
      .struct_size = sizeof(ncl_aws_client_config),
      .flags = (session->no_verify_ssl ? NCL_AWS_NO_VERIFY : 0) | (session->local_mode ? NCL_AWS_NO_IMDS : 0),
      .region = session->region,
      .endpoint = session->endpoint,
      .role_arn = session->role_arn,
      .external_id = session->external_id,
      .proxy_url = session->proxy_address,
      .tls = tls != NULL && tls->is_set ? tls : NULL,
      .max_connections = (uint32_t)session->num_workers};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4auth.c: the extension sigv4auth: signs the requests of exporters for AWS, with the credentials of the service
 * "ncl.aws/1". */
#include <nacelle/auth.h>
#include <nacelle/aws.h>
#include <nacelle/aws_probe.h>
#include <nacelle/config_fill.h>
#include <nacelle/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* After start, until credentials are fetched by itself: what is wrong is then said without a first request, and the
 * service and its libraries are not on the path to ready. */
#define WARM_UP_NS INT64_C(100000000)

/* ---- config ------------------------------------------------------------------------------------------ */

typedef struct settings {
  ncl_str region, service;
  ncl_str arn, session_name, sts_region, external_id, web_identity_token_file;
} settings;

#define FIELD(n, member, text) \
  .name = NCL_STR(n), .type = NCL_TYPE_STRING, .doc = NCL_STR(text), .offset = offsetof(settings, member)

static const ncl_field role_fields[] = {
    {FIELD("arn", arn, "Role that is assumed, and whose credentials sign.")},
    {FIELD("session_name", session_name, "Name of the role's session; empty = nacelle.")},
    {FIELD("sts_region", sts_region, "Region of STS, which gives the role; empty = region.")},
    {FIELD("external_id", external_id, "External id that the role's trust policy asks for.")},
    {FIELD("web_identity_token_file", web_identity_token_file,
           "File of a token with which the role is assumed, instead of other credentials.")},
};

static const ncl_field fields[] = {
    {FIELD(
        "region", region,
        "Region that requests are signed for; empty = as the endpoint's host says, else AWS_REGION and what follows.")},
    {FIELD("service", service,
           "Service that requests are signed for; empty = as the endpoint's host says (aps, es, logs, xray, "
           "monitoring).")},
    {.name = NCL_STR("assume_role"),
     .type = NCL_TYPE_SECTION,
     .doc = NCL_STR("Role that is assumed on top of the credentials that are found."),
     .fields = NCL_ARRAY(role_fields),
     .offset = NCL_CONFIG_NO_OFFSET},
};

/* ---- life -------------------------------------------------------------------------------------------- */

typedef struct sigv4auth {
  const ncl_host *host;
  ncl_component *me;
  ncl_auth_client table; /* what is published */
  settings settings;
  const ncl_aws *aws; /* NULL until the first need */
  ncl_aws_client *client;
  ncl_timer *warm_up;
  ncl_token warming;    /* of the first question for credentials; 0 = none */
  ncl_aws_probe *probe; /* NULL but for `nacelle check` */
} sigv4auth;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static ncl_aws_client_config config_of(const settings *s) {
  return (ncl_aws_client_config){.struct_size = sizeof(ncl_aws_client_config),
                                 .service = s->service,
                                 .region = s->region,
                                 .role_arn = s->arn,
                                 .external_id = s->external_id,
                                 .role_session_name = s->session_name,
                                 .web_identity_token_file = s->web_identity_token_file,
                                 .sts_region = s->sts_region};
}

/* ---- the service ------------------------------------------------------------------------------------- */

static ncl_status open_client(sigv4auth *extension, ncl_outcome *outcome) {
  if (extension->client != NULL) return NCL_OK;
  if (extension->aws == NULL) extension->aws = extension->host->service(extension->me, str(NCL_AWS_1), outcome);
  if (extension->aws == NULL) return NCL_RETRYABLE;
  ncl_aws_client_config config = config_of(&extension->settings);
  extension->client = extension->aws->open(extension->aws->self, extension->me, &config, outcome);
  return extension->client != NULL ? NCL_OK : outcome->status;
}

/* Requests that cannot be signed come back to their exporters, which try again. */
static void report(const sigv4auth *extension, ncl_status status, ncl_str message) {
  extension->host->status(extension->me, status == NCL_OK ? NCL_OK : NCL_RETRYABLE, message);
}

static void on_warm(void *arg, const ncl_outcome *outcome) {
  sigv4auth *extension = arg;
  extension->warming = 0;
  report(extension, outcome->status, outcome->message);
}

static void warm_up(void *arg) {
  sigv4auth *extension = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = open_client(extension, &outcome);
  if (status == NCL_OK) {
    extension->warming = extension->host->token_open(extension->me, on_warm, extension, 0);
    if (extension->warming == 0) return;
    status = extension->aws->credentials(extension->client, extension->warming, &outcome);
    if (status == NCL_PENDING) return;
    extension->host->token_cancel(extension->me, extension->warming);
    extension->warming = 0;
  }
  report(extension, status, status == NCL_OK ? ncl_str_of(NULL, 0) : outcome.message);
  if (outcome.release != NULL) outcome.release(outcome.result);
}

/* ---- the interface ----------------------------------------------------------------------------------- */

static ncl_status sign(void *self, const ncl_auth_request *request, ncl_token token, ncl_outcome *outcome) {
  sigv4auth *extension = self;
  ncl_status status = open_client(extension, outcome);
  if (status != NCL_OK) return status;
  ncl_aws_signing signing = {.struct_size = sizeof signing, .request = request};
  /* The answer is of the form that ncl.auth.client/1 wants: it goes straight to who asked. */
  return extension->aws->sign(extension->client, &signing, token, outcome);
}

static uint32_t rejected(void *self, uint32_t http_status, const ncl_pair *headers, uint32_t header_count) {
  const sigv4auth *extension = self;
  if (extension->client == NULL) return 0;
  return extension->aws->rejected(extension->client, http_status, headers, header_count);
}

/* ---- slots ------------------------------------------------------------------------------------------- */

static bool is_region(ncl_str region) {
  for (size_t i = 0; i < region.len; i++) {
    char c = region.ptr[i];
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') return false;
  }
  return region.len < 64;
}

static ncl_status check_settings(const ncl_create *create, const settings *s) {
  const ncl_value *role = ncl_value_get(create->config, str("assume_role"));
  ncl_status status = NCL_OK;
  const struct {
    const ncl_value *map;
    const char *key;
    bool is_wrong;
    const char *message, *hint;
  } checks[] = {
      {create->config, "region", !is_region(s->region), "this is no name of a region", "write it as us-east-1"},
      {role, "sts_region", !is_region(s->sts_region), "this is no name of a region", "write it as us-east-1"},
      {role, "arn", s->arn.len > 0 && (s->arn.len < 4 || memcmp(s->arn.ptr, "arn:", 4) != 0), "this is no ARN",
       "write it as arn:aws:iam::123456789012:role/name"},
      {role, "arn", s->arn.len == 0 && (s->external_id.len > 0 || s->web_identity_token_file.len > 0),
       "external_id and web_identity_token_file are for a role", "set arn, too"},
  };
  for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
    if (!checks[i].is_wrong) continue;
    create->host->config_error(create->me, ncl_value_get(checks[i].map, str(checks[i].key)), str(checks[i].message),
                               str(checks[i].hint));
    status = NCL_PERMANENT;
  }
  return status;
}

static ncl_status create_extension(const ncl_create *create, void **self) {
  sigv4auth *extension = calloc(1, sizeof *extension);
  if (extension == NULL) return NCL_NO_MEMORY;
  const ncl_array table = NCL_ARRAY(fields);
  extension->host = create->host;
  extension->me = create->me;
  extension->table =
      (ncl_auth_client){.struct_size = sizeof extension->table, .self = extension, .sign = sign, .rejected = rejected};
  ncl_status status = ncl_config_fill(create->config, &table, &extension->settings);
  if (status == NCL_OK) status = check_settings(create, &extension->settings);
  if (status != NCL_OK) {
    free(extension);
    return status;
  }
  *self = extension;
  return NCL_OK;
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  sigv4auth *extension = self;
  (void)token;
  (void)outcome;
  extension->warm_up = extension->host->timer_open(extension->me, warm_up, extension);
  if (extension->warm_up == NULL) return NCL_NO_MEMORY;
  extension->host->timer_set(extension->warm_up, extension->host->now_ns(extension->me) + WARM_UP_NS);
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  sigv4auth *extension = self;
  (void)token;
  (void)outcome;
  if (extension->client != NULL) extension->aws->close(extension->client);
  extension->client = NULL;
  if (extension->warming != 0) extension->host->token_cancel(extension->me, extension->warming);
  extension->warming = 0;
  if (extension->warm_up != NULL) extension->host->timer_close(extension->warm_up);
  extension->warm_up = NULL;
  ncl_aws_probe_end(extension->probe);
  extension->probe = NULL;
  return NCL_OK;
}

/* What may be done with the credentials shows where requests are sent: the exporters try that. */
static ncl_status probe(void *self, ncl_token token, ncl_outcome *outcome) {
  sigv4auth *extension = self;
  const ncl_aws_probe_config config = {
      .host = extension->host, .me = extension->me, .client = config_of(&extension->settings)};
  return ncl_aws_probe_begin(&config, &extension->probe, token, outcome);
}

static void destroy(void *self) {
  (void)shut_down(self, 0, NULL);
  free(self);
}

static const void *publish(void *self, ncl_str name) {
  sigv4auth *extension = self;
  static const char known[] = NCL_AUTH_CLIENT_1;
  if (name.len != sizeof known - 1 || memcmp(name.ptr, known, name.len) != 0) return NULL;
  return &extension->table;
}

/* ---- descriptor -------------------------------------------------------------------------------------- */

static const ncl_str interfaces[] = {NCL_STR(NCL_AUTH_CLIENT_1)};

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create_extension,
                                    .start = start,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .publish = publish,
                                    .probe = probe};

static const ncl_component_type components[] = {
    {.type = NCL_STR("sigv4auth"),
     .kind = NCL_KIND_EXTENSION,
     .doc = NCL_STR("Signs requests of exporters for AWS (Signature Version 4)."),
     .fields = NCL_ARRAY(fields),
     .interfaces = NCL_ARRAY(interfaces),
     .methods = &methods},
};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-sigv4auth"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

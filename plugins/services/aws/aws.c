/* SPDX-License-Identifier: Apache-2.0 */
/* aws.c: the service "ncl.aws/1": credentials, signed calls, endpoints and metadata of AWS, once a process. */
#include <nacelle/plugin.h>
#include <stdio.h>
#include <stdlib.h>

#include "document.h"
#include "imds.h"
#include "provider.h"
#include "region.h"
#include "request.h"
#include "service.h"
#include "text.h"

/* ---- life -------------------------------------------------------------------------------------------- */

/* "nacelle/0.1.0 exec-env/AWS_ECS_FARGATE" */
static void name_agent(ncl_aws_service *service) {
  ncl_str where = ncl_aws_env(service, "AWS_EXECUTION_ENV");
  bool is_clean = where.len > 0 && where.len < 64 && ncl_aws_is_printable(where);
  (void)snprintf(service->user_agent, sizeof service->user_agent, "nacelle/%.*s%s%.*s",
                 NCL_AWS_FMT(service->host->version), is_clean ? " exec-env/" : "", is_clean ? (int)where.len : 0,
                 is_clean ? where.ptr : "");
}

static void take_bundle(ncl_aws_service *service) {
  ncl_str bundle = ncl_aws_env(service, "AWS_CA_BUNDLE");
  if (bundle.len == 0 || bundle.len >= sizeof service->ca_bundle) return;
  memcpy(service->ca_bundle, bundle.ptr, bundle.len);
  service->ca_members[0] = (ncl_value){
      .kind = NCL_VALUE_STRING, .is_set = 1, .key = NCL_STR("ca_file"), .s = ncl_aws_str(service->ca_bundle)};
  service->ca_section = (ncl_value){.kind = NCL_VALUE_MAP, .is_set = 1, .children = NCL_ARRAY(service->ca_members)};
}

static ncl_status create(const ncl_create *create, void **self) {
  ncl_aws_service *service = calloc(1, sizeof *service);
  if (service == NULL) return NCL_NO_MEMORY;
  service->host = create->host;
  service->me = create->me;
  service->table = (ncl_aws){.struct_size = sizeof service->table,
                             .self = service,
                             .open = ncl_aws_client_open,
                             .close = ncl_aws_client_close,
                             .place = ncl_aws_ask_place,
                             .credentials = ncl_aws_ask_credentials,
                             .refresh = ncl_aws_client_refresh,
                             .call = ncl_aws_ask_call,
                             .sign = ncl_aws_ask_signature,
                             .rejected = ncl_aws_rejected,
                             .metadata = ncl_aws_ask_document,
                             .cancel = ncl_aws_cancel};
  *self = service;
  return NCL_OK;
}

/* The HTTP client is asked for now: services end in the opposite order of their beginning. */
static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_aws_service *service = self;
  (void)token;
  service->http = service->host->service(service->me, ncl_aws_str(NCL_HTTP_CLIENT_1), outcome);
  if (service->http == NULL) return NCL_PERMANENT;
  if (!ncl_aws_crypto_open(&service->crypto)) {
    return ncl_aws_fail(outcome, NCL_PERMANENT, ncl_aws_str("OpenSSL offers no SHA-256 and HMAC"));
  }
  name_agent(service);
  take_bundle(service);
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_aws_service *service = self;
  (void)token;
  (void)outcome;
  if (service->is_shut) return NCL_OK;
  service->is_shut = true;
  ncl_aws_requests_drop(service, NULL);
  while (service->clients != NULL)
    ncl_aws_client_close(service->clients);
  for (size_t i = 0; i < 2; i++) {
    ncl_aws_region_close(service->regions[i]);
    service->regions[i] = NULL;
  }
  ncl_aws_documents_close(service);
  ncl_aws_imds_close(service->imds);
  service->imds = NULL;
  for (uint32_t i = 0; i < NCL_AWS_WAYS; i++) {
    if (service->ways[i] != NULL) service->http->close(service->ways[i]);
    service->ways[i] = NULL;
  }
  return NCL_OK;
}

static void destroy(void *self) {
  ncl_aws_service *service = self;
  (void)shut_down(service, 0, NULL);
  ncl_aws_crypto_close(&service->crypto);
  free(service);
}

static const void *publish(void *self, ncl_str name) {
  ncl_aws_service *service = self;
  return ncl_aws_is(name, NCL_AWS_1) ? &service->table : NULL;
}

/* ---- descriptor -------------------------------------------------------------------------------------- */

static const ncl_str interfaces[] = {NCL_STR(NCL_AWS_1)};

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create,
                                    .start = start,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .publish = publish};

static const ncl_component_type types[] = {{.type = NCL_STR("aws"),
                                            .kind = NCL_KIND_SERVICE,
                                            .doc = NCL_STR("Credentials, signed calls, endpoints and metadata of AWS."),
                                            .interfaces = NCL_ARRAY(interfaces),
                                            .methods = &methods}};

static const ncl_plugin plugin = {.magic = NCL_PLUGIN_MAGIC,
                                  .struct_size = sizeof plugin,
                                  .abi_major = NCL_ABI_MAJOR,
                                  .abi_minor_built = NCL_ABI_MINOR,
                                  .name = NCL_STR("nacelle-aws"),
                                  .version = NCL_STR(NCL_VERSION),
                                  .components = NCL_ARRAY(types)};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

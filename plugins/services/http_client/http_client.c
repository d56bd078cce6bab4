/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.c: the service "ncl.http_client/1": HTTP/1.1 and gRPC requests, one pool of connections a process. */
#include <nacelle/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h1.h"
#include "h2.h"

ncl_status ncl_http_fail(ncl_outcome *outcome, ncl_status status, const char *words) {
  if (outcome != NULL) {
    outcome->status = status;
    outcome->message = ncl_str_of(words, strlen(words));
  }
  return status;
}

/* ---- life -------------------------------------------------------------------------------------------- */

static void close_parts(ncl_http_service *service) {
  ncl_http_h1_close_all(service);
  ncl_http_h2_close_all(service);
  ncl_http_multi_close(&service->multi);
  ncl_http_store_close(&service->store);
  if (service->reap != NULL) service->host->timer_close(service->reap);
  service->reap = NULL;
  ncl_http_libraries_close(&service->libraries);
}

static void reap(void *arg) {
  ncl_http_h1_reap(arg);
  ncl_http_h2_reap(arg);
}

bool ncl_http_service_libraries(ncl_http_service *service) {
  return ncl_http_libraries_open(&service->libraries, service->words, sizeof service->words);
}

bool ncl_http_service_ready(ncl_http_service *service, ncl_outcome *outcome) {
  if (service->is_ready) return true;
  service->reap = service->host->timer_open(service->me, reap, service);
  bool ok = service->reap != NULL && ncl_http_store_open(&service->store, service->host, service->me, &service->codecs);
  ok = ok && ncl_http_multi_open(&service->multi, service->host, service->me, &service->libraries,
                                 ncl_http_exchange_done, service);
  if (!ok) {
    close_parts(service);
    (void)ncl_http_fail(outcome, NCL_NO_MEMORY, "no memory for the HTTP client");
    return false;
  }
  service->is_ready = true;
  return true;
}

void ncl_http_service_leave(ncl_http_service *service) {
  if (--service->users > 0) return;
  ncl_http_codecs_close(&service->codecs);
  free(service);
}

static ncl_status create(const ncl_create *create, void **self) {
  ncl_http_service *service = calloc(1, sizeof *service);
  if (service == NULL) return NCL_NO_MEMORY;
  service->host = create->host;
  service->me = create->me;
  service->users = 1;
  service->uncharged_fd = -1;
  service->table = (ncl_http_client){.struct_size = sizeof service->table,
                                     .self = service,
                                     .open = ncl_http_channel_open,
                                     .start = ncl_http_exchange_start,
                                     .cancel = ncl_http_exchange_cancel,
                                     .close = ncl_http_channel_close};
  (void)snprintf(service->user_agent, sizeof service->user_agent, "nacelle/%.*s", (int)create->host->version.len,
                 create->host->version.ptr);
  *self = service;
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_http_service *service = self;
  (void)token;
  (void)outcome;
  service->is_shut = true;
  if (service->is_ready) close_parts(service);
  service->is_ready = false;
  return NCL_OK;
}

static void destroy(void *self) {
  ncl_http_service *service = self;
  if (!service->is_shut) (void)shut_down(service, 0, NULL);
  ncl_http_service_leave(service);
}

static const void *publish(void *self, ncl_str name) {
  ncl_http_service *service = self;
  static const char known[] = NCL_HTTP_CLIENT_1;
  if (name.len != sizeof known - 1 || memcmp(name.ptr, known, name.len) != 0) return NULL;
  return &service->table;
}

/* ---- descriptor -------------------------------------------------------------------------------------- */

static const ncl_str interfaces[] = {NCL_STR(NCL_HTTP_CLIENT_1)};

static const ncl_methods methods = {
    .struct_size = sizeof methods, .create = create, .shutdown = shut_down, .destroy = destroy, .publish = publish};

static const ncl_component_type types[] = {{.type = NCL_STR("http_client"),
                                            .kind = NCL_KIND_SERVICE,
                                            .doc = NCL_STR("HTTP and gRPC requests to backends."),
                                            .interfaces = NCL_ARRAY(interfaces),
                                            .methods = &methods}};

static const ncl_plugin plugin = {.magic = NCL_PLUGIN_MAGIC,
                                  .struct_size = sizeof plugin,
                                  .abi_major = NCL_ABI_MAJOR,
                                  .abi_minor_built = NCL_ABI_MINOR,
                                  .name = NCL_STR("nacelle-http-client"),
                                  .version = NCL_STR(NCL_VERSION),
                                  .components = NCL_ARRAY(types)};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

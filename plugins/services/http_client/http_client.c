/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.c: the service "ncl.http_client/1": HTTP/1.1 and gRPC requests through libcurl, one pool of connections
 * a process. */
#include <nacelle/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2.h"

#define WORKSPACES_MAX 2u                 /* free ones that are kept */
#define WORKSPACE_KEPT ((size_t)16 << 20) /* bytes; larger ones are not kept */
#define WORKSPACE_STEP ((size_t)64 << 10)
#define REST_NS INT64_C(5000000000) /* after the last request, until they are given up */

ncl_status ncl_http_fail(ncl_outcome *outcome, ncl_status status, const char *words) {
  if (outcome != NULL) {
    outcome->status = status;
    outcome->message = ncl_str_of(words, strlen(words));
  }
  return status;
}

/* ---- workspaces -------------------------------------------------------------------------------------- */

static void free_workspace(ncl_http_service *service, ncl_http_workspace *workspace) {
  ncl_http_compressor_free(workspace->compressor);
  free(workspace->in);
  free(workspace->out);
  if (workspace->charged > 0 && !service->is_shut) {
    (void)service->host->memory_charge(service->me, -workspace->charged);
  }
  free(workspace);
}

static void drop_workspaces(void *arg) {
  ncl_http_service *service = arg;
  while (service->workspaces != NULL) {
    ncl_http_workspace *workspace = service->workspaces;
    service->workspaces = workspace->next;
    free_workspace(service, workspace);
  }
  service->workspace_count = 0;
}

static bool make_room(uint8_t **room, size_t *size, size_t need) {
  if (need <= *size) return true;
  need = (need + WORKSPACE_STEP - 1) / WORKSPACE_STEP * WORKSPACE_STEP;
  free(*room); /* what was in it is of no use any more */
  *room = malloc(need);
  *size = *room != NULL ? need : 0;
  return *room != NULL;
}

/* False: no memory, or none within the budget. The only exchange under way goes on without. */
static bool prepare_workspace(ncl_http_service *service, ncl_http_workspace *workspace, size_t in_size,
                              size_t out_size) {
  if (!make_room(&workspace->in, &workspace->in_size, in_size)) return false;
  if (!make_room(&workspace->out, &workspace->out_size, out_size)) return false;
  int64_t bytes = (int64_t)(workspace->in_size + workspace->out_size);
  if (bytes == workspace->charged) return true;
  if (service->host->memory_charge(service->me, bytes - workspace->charged) == NCL_OK) {
    workspace->charged = bytes;
    return true;
  }
  return service->under_way <= 1;
}

static ncl_http_workspace *take_workspace(ncl_http_service *service, uint32_t encoding, int32_t level) {
  for (ncl_http_workspace **at = &service->workspaces; *at != NULL; at = &(*at)->next) {
    ncl_http_workspace *found = *at;
    if (found->compressor->encoding != encoding || found->compressor->level != level) continue;
    *at = found->next;
    service->workspace_count--;
    return found;
  }
  ncl_http_workspace *workspace = calloc(1, sizeof *workspace);
  if (workspace == NULL) return NULL;
  workspace->compressor = ncl_http_compressor_new(encoding, level);
  if (workspace->compressor != NULL) return workspace;
  free(workspace);
  return NULL;
}

ncl_http_workspace *ncl_http_service_workspace(ncl_http_service *service, uint32_t encoding, int32_t level,
                                               size_t in_size, size_t out_size) {
  ncl_http_workspace *workspace = take_workspace(service, encoding, level);
  if (workspace == NULL) return NULL;
  if (prepare_workspace(service, workspace, in_size, out_size)) return workspace;
  free_workspace(service, workspace);
  return NULL;
}

void ncl_http_service_give_back(ncl_http_service *service, ncl_http_workspace *workspace) {
  bool is_large = workspace->in_size + workspace->out_size > WORKSPACE_KEPT;
  if (service->is_shut || is_large || service->workspace_count >= WORKSPACES_MAX) {
    free_workspace(service, workspace);
    return;
  }
  workspace->next = service->workspaces;
  service->workspaces = workspace;
  service->workspace_count++;
}

void ncl_http_service_rests(ncl_http_service *service) {
  if (service->is_shut || service->workspaces == NULL) return;
  service->host->timer_set(service->tidy, service->host->now_ns(service->me) + REST_NS);
}

/* ---- life -------------------------------------------------------------------------------------------- */

bool ncl_http_service_ready(ncl_http_service *service, ncl_outcome *outcome) {
  if (service->is_ready) return true;
  /* OpenSSL's allocators stay as they are: libcurl leaves them alone, and so does this. */
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    (void)ncl_http_fail(outcome, NCL_NO_MEMORY, "libcurl could not be initialised");
    return false;
  }
  service->reap = service->host->timer_open(service->me, ncl_http_h2_reap, service);
  service->tidy = service->host->timer_open(service->me, drop_workspaces, service);
  if (service->reap == NULL || service->tidy == NULL ||
      !ncl_http_multi_open(&service->multi, service->host, service->me, ncl_http_exchange_done, service)) {
    if (service->reap != NULL) service->host->timer_close(service->reap);
    if (service->tidy != NULL) service->host->timer_close(service->tidy);
    curl_global_cleanup();
    (void)ncl_http_fail(outcome, NCL_NO_MEMORY, "no memory for the HTTP client");
    return false;
  }
  service->is_ready = true;
  return true;
}

void ncl_http_service_leave(ncl_http_service *service) {
  if (--service->users > 0) return;
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
  drop_workspaces(service);
  service->is_shut = true;
  if (!service->is_ready) return NCL_OK;
  ncl_http_h2_close_all(service);
  ncl_http_multi_close(&service->multi);
  service->host->timer_close(service->reap);
  service->host->timer_close(service->tidy);
  curl_global_cleanup();
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
                                            .doc = NCL_STR("HTTP and gRPC requests to backends, through libcurl."),
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

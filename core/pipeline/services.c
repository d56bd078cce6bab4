/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/services.c: services are loaded, created and started when somebody first asks for them, and end after
 * all that uses them. */
#include <stdio.h>
#include <string.h>

#include "core/pipeline/process.h"

#define SERVICES_MAX 64u /* as many as `uses` has bits */

static const void *refuse(ncl_outcome *outcome, ncl_str reason) {
  if (outcome != NULL) {
    outcome->status = NCL_PERMANENT;
    outcome->message = reason;
  }
  return NULL;
}

/* "ncl.http_server/1" lies in services/http_server.so; another vendor's "acme.x/1" in services/acme.x.so. */
static ncl_str type_of(ncl_str interface) {
  static const char own[] = "ncl.";
  size_t skip = interface.len > sizeof own - 1 && memcmp(interface.ptr, own, sizeof own - 1) == 0 ? sizeof own - 1 : 0;
  const char *slash = memchr(interface.ptr, '/', interface.len);
  size_t end = slash == NULL ? interface.len : (size_t)(slash - interface.ptr);
  return ncl_str_of(interface.ptr + skip, end - skip);
}

static ncl_component *find(const ncl_process *process, ncl_str type) {
  for (ncl_component *service = process->services; service != NULL; service = service->next) {
    if (ncl_str_eq(service->id, type)) return service;
  }
  return NULL;
}

/* ---- the order of the end ------------------------------------------------------------------------- */

/* A service that uses another one and stands behind it; NULL = the order is good. */
static ncl_component *misplaced(const ncl_process *process, ncl_component **used) {
  for (ncl_component *first = process->services; first != NULL; first = first->next) {
    for (ncl_component *c = first->next; c != NULL; c = c->next) {
      *used = first;
      if ((c->uses >> first->number & 1) != 0) return c;
    }
  }
  return NULL;
}

static void move_behind(ncl_process *process, ncl_component *moved, ncl_component *place) {
  ncl_component **at = &process->services;
  while (*at != moved)
    at = &(*at)->next;
  *at = moved->next;
  moved->next = place->next;
  place->next = moved;
}

/* Those that use each other have no order; then any will do. */
static void put_in_order(ncl_process *process) {
  ncl_component *used = NULL;
  ncl_component *user;
  for (uint32_t i = 0; i < SERVICES_MAX * SERVICES_MAX && (user = misplaced(process, &used)) != NULL; i++)
    move_behind(process, used, user);
}

/* ---- asking --------------------------------------------------------------------------------------- */

/* A service has to be ready at once: whoever asked for it is in the middle of something. */
static ncl_component *start(ncl_process *process, ncl_str type) {
  const ncl_type *loaded =
      ncl_registry_find(process->registry, NCL_KIND_SERVICE, type, process->reason, sizeof process->reason);
  if (loaded == NULL) return NULL;
  if (process->service_count == SERVICES_MAX) {
    (void)snprintf(process->reason, sizeof process->reason, "more than %u services", SERVICES_MAX);
    return NULL;
  }
  ncl_component *service = ncl_component_new(process, loaded, NCL_KIND_SERVICE, type, 0, (ncl_str){NULL, 0});
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (service != NULL) service->number = process->service_count++;
  if (service != NULL && ncl_component_create(service, NULL) == NCL_OK) {
    ncl_status status = loaded->methods.start(service->self, 0, &outcome);
    if (status == NCL_OK) {
      service->state = NCL_STATE_STARTED;
      service->next = process->services;
      process->services = service;
      return service;
    }
  }
  (void)snprintf(process->reason, sizeof process->reason, "service %.*s (%s) could not be started: %.*s", (int)type.len,
                 type.ptr, loaded->file, (int)outcome.message.len, outcome.message.len > 0 ? outcome.message.ptr : "");
  if (service != NULL && service->number + 1 == process->service_count) process->service_count--;
  ncl_component_free(service);
  return NULL;
}

const void *ncl_process_service(ncl_process *process, ncl_component *user, ncl_str interface, ncl_outcome *outcome) {
  ncl_str type = type_of(interface);
  ncl_component *service = find(process, type);
  /* The process's own, unless a test has put another one in its place. */
  if (service == NULL && ncl_str_eq(interface, (ncl_str)NCL_STR(NCL_INTROSPECTION_1))) return &process->introspection;
  if (service == NULL) service = start(process, type);
  if (service == NULL) return refuse(outcome, ncl_str_of(process->reason, strlen(process->reason)));
  if (user->kind == NCL_KIND_SERVICE && user != service) {
    user->uses |= UINT64_C(1) << service->number;
    put_in_order(process);
  }
  const void *table = service->type->methods.publish(service->self, interface);
  if (table == NULL) return refuse(outcome, (ncl_str)NCL_STR("the service does not have this interface"));
  return table;
}

void ncl_process_end_services(ncl_process *process) {
  for (ncl_component *service = process->services; service != NULL; service = service->next) {
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    service->state = NCL_STATE_ENDED;
    (void)service->type->methods.shutdown(service->self, 0, &outcome);
  }
}

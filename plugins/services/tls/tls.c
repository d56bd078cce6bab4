/* SPDX-License-Identifier: Apache-2.0 */
/* services/tls: TLS by OpenSSL, for whoever owns the socket. Loaded when the first port asks for it. */
#include <nacelle/nacelle.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"

typedef struct service {
  const ncl_host *host;
  ncl_tls table;
  ncl_tls_context *contexts;
  char reason[NCL_TLS_REASON_MAX];
} service;

static ncl_tls_context *server(void *self, ncl_component *owner, const ncl_value *section, ncl_array alpn,
                               ncl_outcome *outcome) {
  service *s = self;
  return ncl_tls_context_open(s->host, owner, section, alpn, &s->contexts, s->reason, outcome);
}

static ncl_status tls_create(const ncl_create *create, void **self) {
  service *s = calloc(1, sizeof *s);
  if (s == NULL) return NCL_NO_MEMORY;
  s->host = create->host;
  s->table = (ncl_tls){.struct_size = sizeof s->table,
                       .self = s,
                       .server = server,
                       .context_close = ncl_tls_context_close,
                       .session = ncl_tls_session_open,
                       .feed = ncl_tls_session_feed,
                       .read = ncl_tls_session_read,
                       .write = ncl_tls_session_write,
                       .pending = ncl_tls_session_pending,
                       .sent = ncl_tls_session_sent,
                       .alpn = ncl_tls_session_alpn,
                       .peer_subject = ncl_tls_session_peer_subject,
                       .shutdown = ncl_tls_session_shutdown,
                       .session_close = ncl_tls_session_close};
  *self = s;
  return NCL_OK;
}

static void tls_refresh(void *self) {
  const service *s = self;
  for (ncl_tls_context *context = s->contexts; context != NULL; context = context->next)
    ncl_tls_reload(context);
}

static void tls_destroy(void *self) {
  free(self);
}

static const void *tls_publish(void *self, ncl_str name) {
  static const char interface[] = NCL_TLS_1;
  const service *s = self;
  return name.len == sizeof interface - 1 && memcmp(name.ptr, interface, name.len) == 0 ? &s->table : NULL;
}

static const ncl_methods methods = {
    .struct_size = sizeof methods,
    .create = tls_create,
    .refresh = tls_refresh,
    .destroy = tls_destroy,
    .publish = tls_publish,
};

static const ncl_str interfaces[] = {NCL_STR(NCL_TLS_1)};
static const ncl_component_type components[] = {{
    .type = NCL_STR("tls"),
    .kind = NCL_KIND_SERVICE,
    .doc = NCL_STR("TLS for servers."),
    .interfaces = NCL_ARRAY(interfaces),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-tls"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* extensions/zpages: one page that shows what the collector does: its pipelines, components, config and log. */
#include <nacelle/config_fill.h>
#include <nacelle/http_pages.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "routes.h"

#define PAGE_MAX ((size_t)16 << 20)
#define WATCHED_NS INT64_C(60000000000) /* samples are taken for so long after the last look */

typedef struct extension {
  const ncl_host *host;
  ncl_component *me;
  ncl_create create;
  ncl_http_settings port;
  const ncl_introspection *introspection;
  ncl_pages *pages;
  ncl_timer *timer;
  int64_t looked_ns; /* monotonic: when somebody looked last */
  ncl_zpages_samples samples;
} extension;

/* ---- samples -------------------------------------------------------------------------------------- */

static void on_sample(void *arg) {
  extension *e = arg;
  ncl_zpages_model model;
  int64_t now = e->host->now_ns(e->me);
  if (now - e->looked_ns > WATCHED_NS) {
    ncl_zpages_samples_clear(&e->samples);
    return;
  }
  if (ncl_zpages_model_open(&model, e->introspection, false)) {
    ncl_zpages_samples_add(&e->samples, &model, now);
    ncl_zpages_model_close(&model);
  }
  e->host->timer_set(e->timer, now + NCL_ZPAGES_SAMPLE_NS);
}

/* Somebody looks: from now on there are rates. */
static void note_look(extension *e, const ncl_zpages_model *model) {
  e->looked_ns = e->host->now_ns(e->me);
  if (e->samples.count > 0) return;
  ncl_zpages_samples_add(&e->samples, model, e->looked_ns);
  e->host->timer_set(e->timer, e->looked_ns + NCL_ZPAGES_SAMPLE_NS);
}

/* ---- the page ------------------------------------------------------------------------------------- */

static bool make_nonce(char nonce[NCL_ZPAGES_NONCE + 1]) {
  uint8_t bytes[NCL_ZPAGES_NONCE / 2];
  if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) != (ssize_t)sizeof bytes) return false;
  for (size_t i = 0; i < sizeof bytes; i++)
    (void)snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
  return true;
}

static void respond(const ncl_pages_request *request, const char *nonce, ncl_text *body) {
  char policy[256];
  int n = snprintf(policy, sizeof policy,
                   "default-src 'none'; style-src 'nonce-%s'; img-src data:; base-uri 'none'; form-action 'none'; "
                   "frame-ancestors 'none'",
                   nonce);
  const ncl_pair headers[] = {{NCL_STR("content-security-policy"), ncl_str_of(policy, n > 0 ? (size_t)n : 0)},
                              {NCL_STR("referrer-policy"), NCL_STR("no-referrer")},
                              {NCL_STR("cross-origin-resource-policy"), NCL_STR("same-origin")}};
  ncl_pages_answer answer = {.status = 200,
                             .content_type = NCL_STR("text/html; charset=utf-8"),
                             .body = ncl_text_str(body),
                             .headers = headers,
                             .header_count = 3};
  if (body->failed) {
    ncl_pages_respond_text(request, 503, "503: no memory for the page\n");
  } else {
    ncl_pages_respond(request, &answer);
  }
}

static void answer_page(extension *e, const ncl_pages_request *request, const ncl_zpages_route *route,
                        const ncl_zpages_model *model) {
  ncl_zpages_page page = {.model = model,
                          .parts = route->parts,
                          .kinds = route->kinds,
                          .title = route->title,
                          .path = route->path,
                          .refresh_s = ncl_zpages_refresh_of(request->http->query),
                          .memory = {.struct_size = sizeof page.memory},
                          .wall_ns = e->host->wall_ns(e->me)};
  page.base = ncl_zpages_base_of(&e->samples, model, e->host->now_ns(e->me));
  if (!ncl_pages_is_local(e->port.config.endpoint)) page.open_endpoint = e->port.config.endpoint;
  e->host->memory_state(e->me, &page.memory);
  ncl_arena *arena = (route->parts & NCL_ZPAGES_CONFIG) != 0 ? e->host->arena_open(e->me, 4096) : NULL;
  if (arena != NULL) (void)e->introspection->config(e->introspection->self, arena, &page.yaml);
  ncl_text body;
  ncl_text_open(&body, PAGE_MAX);
  if (make_nonce(page.nonce)) {
    ncl_zpages_write(&page, &body);
    respond(request, page.nonce, &body);
  } else {
    ncl_pages_respond_text(request, 503, "503: the system has no random numbers yet\n");
  }
  ncl_text_close(&body);
  if (arena != NULL) e->host->arena_close(arena);
}

/* A socket's path is out of a browser's reach, and its clients may name any host. */
static bool is_strange(const extension *e, ncl_str authority) {
  ncl_str endpoint = e->port.config.endpoint;
  bool is_socket = endpoint.len > 5 && memcmp(endpoint.ptr, "unix:", 5) == 0;
  return !is_socket && ncl_pages_is_local(endpoint) && !ncl_zpages_is_local_host(authority);
}

static void on_request(void *arg, const ncl_pages_request *request) {
  extension *e = arg;
  ncl_zpages_model model;
  const ncl_zpages_route *route = ncl_zpages_route_of(request->http->path);
  if (is_strange(e, request->http->authority)) {
    ncl_pages_respond_text(request, 403, "403: ask for this page by localhost or by an address\n");
  } else if (route == NULL) {
    ncl_pages_respond_text(request, 404,
                           "404: there is /, /debug/servicez, /debug/pipelinez, /debug/extensionz and "
                           "/debug/featurez\n");
  } else if (route->absent != NULL) {
    ncl_pages_respond_text(request, 404, route->absent);
  } else if (ncl_pages_only_get(request)) {
    if (ncl_zpages_model_open(&model, e->introspection, (route->parts & NCL_ZPAGES_LOG) != 0)) {
      answer_page(e, request, route, &model);
      note_look(e, &model);
      ncl_zpages_model_close(&model);
    } else {
      ncl_pages_respond_text(request, 503, "503: no memory for the page\n");
    }
  }
}

/* ---- life ----------------------------------------------------------------------------------------- */

static void warn_of(const ncl_create *create, ncl_str endpoint) {
  const ncl_value *expvar = ncl_value_get(create->config, (ncl_str)NCL_STR("expvar"));
  if (ncl_config_int(expvar, (ncl_str)NCL_STR("enabled"), 0) != 0) {
    create->host->config_warning(create->me, expvar,
                                 (ncl_str)NCL_STR("this has no effect: expvar belongs to the Go runtime"),
                                 (ncl_str)NCL_STR("remove it"));
  }
  if (!ncl_pages_is_local(endpoint)) {
    create->host->config_warning(create->me, ncl_value_get(create->config, (ncl_str)NCL_STR("endpoint")),
                                 (ncl_str)NCL_STR("whoever reaches this address reads the config (without its secrets) "
                                                  "and the log"),
                                 (ncl_str)NCL_STR("use localhost:55679 unless that is meant"));
  }
}

static ncl_status zpages_create(const ncl_create *create, void **self) {
  extension *e = calloc(1, sizeof *e);
  if (e == NULL) return NCL_NO_MEMORY;
  e->host = create->host;
  e->me = create->me;
  e->create = *create;
  ncl_status status = ncl_http_settings_read(create, create->config, 0, &e->port);
  if (status != NCL_OK) {
    free(e);
    return status;
  }
  warn_of(create, e->port.config.endpoint);
  *self = e;
  return NCL_OK;
}

static ncl_status zpages_check(void *self) {
  extension *e = self;
  return ncl_http_settings_check(&e->create, &e->port);
}

static void zpages_destroy(void *self) {
  extension *e = self;
  ncl_zpages_samples_clear(&e->samples);
  e->host->timer_close(e->timer);
  free(e);
}

static ncl_status zpages_start(void *self, ncl_token token, ncl_outcome *outcome) {
  extension *e = self;
  (void)token;
  e->introspection = e->host->service(e->me, (ncl_str)NCL_STR(NCL_INTROSPECTION_1), outcome);
  if (e->introspection == NULL) return NCL_PERMANENT;
  e->timer = e->host->timer_open(e->me, on_sample, e);
  if (e->timer == NULL) return NCL_NO_MEMORY;
  ncl_pages_options options = {e->host, e->me, &e->port, on_request, e};
  e->pages = ncl_pages_open(&options, outcome);
  if (e->pages == NULL) return outcome->status;
  const ncl_attr attr = {NCL_STR("endpoint"), NCL_ATTR_STR, 0, ncl_pages_endpoint(e->pages), 0, 0};
  e->host->log(e->me, NCL_LOG_INFO, (ncl_str)NCL_STR("zpages.starting"), (ncl_str)NCL_STR("Starting zPages extension"),
               &attr, 1);
  return NCL_OK;
}

static ncl_status zpages_drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  const extension *e = self;
  (void)outcome;
  return e->pages == NULL ? NCL_OK : ncl_pages_drain(e->pages, deadline_ns, token);
}

static ncl_status zpages_shutdown(void *self, ncl_token token, ncl_outcome *outcome) {
  extension *e = self;
  (void)token, (void)outcome;
  ncl_pages_close(e->pages);
  e->pages = NULL;
  if (e->timer != NULL) e->host->timer_set(e->timer, 0);
  return NCL_OK;
}

static const ncl_methods methods = {
    .struct_size = sizeof methods,
    .create = zpages_create,
    .check = zpages_check,
    .start = zpages_start,
    .drain = zpages_drain,
    .shutdown = zpages_shutdown,
    .destroy = zpages_destroy,
};

static const ncl_field expvar_fields[] = {
    {NCL_HTTP_FIELD("enabled", NCL_TYPE_BOOL, "false", "Without effect: expvar belongs to the Go runtime.")},
};

static const ncl_field fields[] = {
    {NCL_HTTP_FIELD("expvar", NCL_TYPE_SECTION, "", "Without effect."), .fields = NCL_ARRAY(expvar_fields)},
    NCL_HTTP_ENDPOINT_FIELD("localhost:55679"),
    NCL_HTTP_SERVER_FIELDS,
};

static const ncl_component_type components[] = {{
    .type = NCL_STR("zpages"),
    .kind = NCL_KIND_EXTENSION,
    .doc = NCL_STR("Shows pipelines, components, config and log on one page in a browser."),
    .fields = NCL_ARRAY(fields),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-zpages"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

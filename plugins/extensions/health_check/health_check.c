/* SPDX-License-Identifier: Apache-2.0 */
/* extensions/health_check: tells probes whether the collector serves, and people which component does not and why. */
#include "health_check.h"

#include <stdlib.h>
#include <string.h>

#define BODY_MAX ((size_t)8 << 20)

typedef struct extension {
  const ncl_host *host;
  ncl_component *me;
  ncl_create create;
  ncl_health_settings settings;
  const ncl_introspection *introspection;
  ncl_pages *pages;
  ncl_timer *timer; /* NULL = check_collector_pipeline is off */
  ncl_health_failures failures;
} extension;

static bool same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ---- failures of exporters ------------------------------------------------------------------------ */

static uint32_t add_failures(void *arg, const ncl_component_view *view) {
  uint64_t *sum = arg;
  *sum += view->send_failures;
  return 1;
}

static void note_failures(extension *e) {
  uint64_t sum = 0;
  e->introspection->components(e->introspection->self, add_failures, &sum);
  ncl_health_note(&e->failures, sum);
}

static void on_tick(void *arg) {
  extension *e = arg;
  int64_t now = e->host->now_ns(e->me);
  note_failures(e);
  ncl_health_sample(&e->failures, now);
  e->host->timer_set(e->timer, now + ncl_health_tick_ns(&e->failures));
}

/* ---- answers -------------------------------------------------------------------------------------- */

static ncl_health_question question(extension *e) {
  ncl_health_question q = {e->introspection, &e->settings, e->host->wall_ns(e->me), 0};
  if (e->timer != NULL) {
    note_failures(e);
    q.failures = ncl_health_recent(&e->failures, e->host->now_ns(e->me));
  }
  return q;
}

static void respond(const ncl_pages_request *request, uint32_t status, ncl_text *body, ncl_str type) {
  ncl_pages_answer answer = {.status = status, .content_type = type, .body = ncl_text_str(body)};
  if (body->failed) {
    ncl_pages_respond_text(request, 503, "no memory for the answer\n");
  } else {
    ncl_pages_respond(request, &answer);
  }
  ncl_text_close(body);
}

static void answer_health(extension *e, const ncl_pages_request *request) {
  ncl_health_question q = question(e);
  ncl_health health = ncl_health_of(&q);
  uint32_t status = health.healthy ? 200 : 503;
  ncl_text body;
  ncl_text_open(&body, BODY_MAX);
  if (e->settings.has_body) {
    ncl_text_add(&body, health.healthy ? e->settings.healthy_body : e->settings.unhealthy_body);
    respond(request, status, &body, (ncl_str)NCL_STR("text/plain; charset=utf-8"));
  } else {
    ncl_health_write(&health, &body);
    respond(request, status, &body, (ncl_str)NCL_STR("application/json"));
  }
}

static void answer_status(extension *e, const ncl_pages_request *request) {
  static const ncl_str no = NCL_STR("false");
  char verbose_room[16], pipeline_room[1200];
  ncl_str verbose, pipeline = {NULL, 0};
  ncl_health_question q = question(e);
  ncl_str query = request->http->query;
  bool is_verbose = e->settings.status_verbose != 0;
  if (ncl_pages_query(query, (ncl_str)NCL_STR("verbose"), verbose_room, sizeof verbose_room, &verbose)) {
    is_verbose = !same(verbose, no);
  }
  (void)ncl_pages_query(query, (ncl_str)NCL_STR("pipeline"), pipeline_room, sizeof pipeline_room, &pipeline);
  ncl_text body;
  ncl_text_open(&body, BODY_MAX);
  uint32_t status = ncl_health_write_status(&q, pipeline, is_verbose, &body);
  if (status == 404) ncl_text_put(&body, "{\"error\":\"there is no such pipeline\"}");
  respond(request, status, &body, (ncl_str)NCL_STR("application/json"));
}

static void answer_config(const extension *e, const ncl_pages_request *request) {
  ncl_arena *arena = e->host->arena_open(e->me, 4096);
  ncl_str yaml = {NULL, 0};
  ncl_status status = arena == NULL ? NCL_NO_MEMORY : e->introspection->config(e->introspection->self, arena, &yaml);
  if (status == NCL_OK) {
    ncl_pages_answer answer = {.status = 200, .content_type = NCL_STR("application/yaml"), .body = yaml};
    ncl_pages_respond(request, &answer);
  } else {
    ncl_pages_respond_text(request, 503, "the config cannot be given now\n");
  }
  if (arena != NULL) e->host->arena_close(arena);
}

/* As Go's ServeMux: a pattern that ends with / stands for all below it. */
static bool matches(ncl_str pattern, ncl_str path) {
  if (same(pattern, path)) return true;
  bool subtree = pattern.ptr[pattern.len - 1] == '/';
  return subtree && path.len > pattern.len && memcmp(path.ptr, pattern.ptr, pattern.len) == 0;
}

static void answer_v2(extension *e, const ncl_pages_request *request) {
  const ncl_health_settings *s = &e->settings;
  if (s->status_enabled && matches(s->status_path, request->http->path)) {
    answer_status(e, request);
  } else if (s->config_enabled && matches(s->config_path, request->http->path)) {
    answer_config(e, request);
  } else {
    ncl_pages_respond_text(request, 404, "404 page not found\n");
  }
}

static void on_request(void *arg, const ncl_pages_request *request) {
  extension *e = arg;
  static const ncl_str status_path = NCL_STR("/status");
  ncl_str path = request->http->path;
  if (e->settings.use_v2) {
    answer_v2(e, request);
  } else if (same(path, status_path) && !same(path, e->settings.path)) {
    answer_status(e, request);
  } else if (matches(e->settings.path, path)) {
    answer_health(e, request);
  } else {
    ncl_pages_respond_text(request, 404, "404 page not found\n");
  }
}

/* ---- life ----------------------------------------------------------------------------------------- */

static ncl_status health_create(const ncl_create *create, void **self) {
  extension *e = calloc(1, sizeof *e);
  if (e == NULL) return NCL_NO_MEMORY;
  e->host = create->host;
  e->me = create->me;
  e->create = *create;
  ncl_status status = ncl_health_settings_read(create, &e->settings);
  if (status != NCL_OK) {
    free(e);
    return status;
  }
  e->failures.interval_ns = e->settings.interval_ns;
  *self = e;
  return NCL_OK;
}

static void health_destroy(void *self) {
  extension *e = self;
  e->host->timer_close(e->timer);
  free(e);
}

static ncl_status health_check(void *self) {
  extension *e = self;
  return ncl_http_settings_check(&e->create, &e->settings.port);
}

static ncl_status health_start(void *self, ncl_token token, ncl_outcome *outcome) {
  extension *e = self;
  (void)token;
  e->introspection = e->host->service(e->me, (ncl_str)NCL_STR(NCL_INTROSPECTION_1), outcome);
  if (e->introspection == NULL) return NCL_PERMANENT;
  if (e->settings.check_pipeline) {
    e->timer = e->host->timer_open(e->me, on_tick, e);
    if (e->timer == NULL) return NCL_NO_MEMORY;
    on_tick(e);
  }
  ncl_pages_options options = {e->host, e->me, &e->settings.port, on_request, e};
  e->pages = ncl_pages_open(&options, outcome);
  if (e->pages == NULL) return outcome->status;
  const ncl_attr attr = {NCL_STR("endpoint"), NCL_ATTR_STR, 0, ncl_pages_endpoint(e->pages), 0, 0};
  e->host->log(e->me, NCL_LOG_INFO, (ncl_str)NCL_STR("health_check.starting"),
               (ncl_str)NCL_STR("Starting health_check extension"), &attr, 1);
  return NCL_OK;
}

static ncl_status health_drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  const extension *e = self;
  (void)outcome;
  return e->pages == NULL ? NCL_OK : ncl_pages_drain(e->pages, deadline_ns, token);
}

static ncl_status health_shutdown(void *self, ncl_token token, ncl_outcome *outcome) {
  extension *e = self;
  (void)token, (void)outcome;
  ncl_pages_close(e->pages);
  e->pages = NULL;
  return NCL_OK;
}

static const ncl_methods methods = {
    .struct_size = sizeof methods,
    .create = health_create,
    .check = health_check,
    .start = health_start,
    .drain = health_drain,
    .shutdown = health_shutdown,
    .destroy = health_destroy,
};

static const ncl_str aliases[] = {NCL_STR("healthcheckv2")};

static const ncl_component_type components[] = {{
    .type = NCL_STR("health_check"),
    .aliases = NCL_ARRAY(aliases),
    .kind = NCL_KIND_EXTENSION,
    .doc = NCL_STR("Tells probes over HTTP whether the collector serves."),
    .fields = NCL_ARRAY(ncl_health_table),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-health-check"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

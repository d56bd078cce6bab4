/* SPDX-License-Identifier: Apache-2.0 */
/* extensions/prometheus: serves the collector's own metrics at http://localhost:8888/metrics. The host starts it where
 * service.telemetry.metrics asks for it, and without a word there. */
#include <nacelle/config_fill.h>
#include <nacelle/http_pages.h>
#include <nacelle/introspection.h>
#include <nacelle/telemetry_fields.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exposition.h"

#define BODY_MAX ((size_t)16 << 20)
#define HOST_MAX 256u
#define ADDRESS_MAX (HOST_MAX + 16u)
#define LABEL_MAX 128u
/* As the Go collector's: nobody scrapes slowly. */
#define READ_TIMEOUT_NS INT64_C(5000000000)
#define WRITE_TIMEOUT_NS INT64_C(10000000000)
#define IDLE_TIMEOUT_NS INT64_C(120000000000)

typedef struct prometheus {
  const ncl_host *host;
  ncl_component *me;
  const ncl_value *config;
  const ncl_introspection *introspection;
  ncl_pages *pages;
  bool wanted; /* the user wrote the address: it must be had */
  uint32_t suffixes;
  char address[ADDRESS_MAX];
  ncl_http_settings port;
  char labels[NCL_EXPOSITION_CONSTANTS][LABEL_MAX]; /* names of constant labels */
} prometheus;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static const ncl_value *get(const ncl_value *map, const char *key) {
  return ncl_value_get(map, str(key));
}

static bool same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ---- the page ----------------------------------------------------------------------------------------- */

static bool is_included(const ncl_value *chosen, ncl_str attribute) {
  const ncl_value *included = get(chosen, "included");
  if (ncl_config_list_has(get(chosen, "excluded"), attribute) != 0) return false;
  return ncl_config_count(included) == 0 || ncl_config_list_has(included, attribute) != 0;
}

static int compare(const void *a, const void *b) {
  ncl_str x = ((const ncl_pair *)a)->name, y = ((const ncl_pair *)b)->name;
  int order = memcmp(x.ptr, y.ptr, x.len < y.len ? x.len : y.len);
  return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

static void add_constant(prometheus *p, ncl_exposition_options *options, ncl_str name, ncl_str value) {
  if (options->constant_count == NCL_EXPOSITION_CONSTANTS) return;
  char *room = p->labels[options->constant_count];
  size_t len = ncl_exposition_label(name, room, LABEL_MAX);
  options->constants[options->constant_count++] = (ncl_pair){ncl_str_of(room, len), value};
}

static void add_constants(prometheus *p, ncl_exposition_options *options) {
  const ncl_value *chosen = get(p->config, "with_resource_constant_labels");
  for (uint32_t i = 0; ncl_config_is_on(chosen) && i < options->resource.count; i++) {
    const ncl_pair *pair = ncl_array_at(&options->resource, i);
    if (is_included(chosen, pair->name)) add_constant(p, options, pair->name, pair->value);
  }
  if (ncl_config_int(p->config, str("without_scope_info"), 1) == 0) {
    add_constant(p, options, str("otel_scope_name"), str("nacelle"));
    add_constant(p, options, str("otel_scope_version"), str(NCL_VERSION));
  }
  qsort(options->constants, options->constant_count, sizeof options->constants[0], compare);
}

static uint32_t on_metric(void *arg, const ncl_metric_view *view) {
  ncl_exposition_add(arg, view);
  return 1;
}

static void write_page(prometheus *p, ncl_text *text) {
  const ncl_introspection *i = p->introspection;
  ncl_process_view process = {.struct_size = sizeof process};
  ncl_exposition_options options = {.suffixes = p->suffixes};
  ncl_exposition exposition;
  i->process(i->self, &process);
  options.level = process.metrics_level;
  options.resource = process.resource;
  add_constants(p, &options);
  ncl_exposition_begin(&exposition, &options, text);
  i->metrics(i->self, on_metric, &exposition);
  ncl_exposition_end(&exposition);
}

static void on_request(void *arg, const ncl_pages_request *request) {
  prometheus *p = arg;
  ncl_text text;
  if (!same(request->http->path, str("/metrics"))) {
    ncl_pages_respond_text(request, 404, "404 page not found\n");
    return;
  }
  if (ncl_pages_only_get(request) == 0) return;
  ncl_text_open(&text, BODY_MAX);
  write_page(p, &text);
  if (text.failed) {
    ncl_pages_respond_text(request, 503, "no memory for the metrics\n");
  } else {
    ncl_pages_answer answer = {.status = 200,
                               .content_type = NCL_STR("text/plain; version=0.0.4; charset=utf-8"),
                               .body = ncl_text_str(&text)};
    ncl_pages_respond(request, &answer);
  }
  ncl_text_close(&text);
}

/* ---- config ------------------------------------------------------------------------------------------- */

static ncl_status refuse(const ncl_create *create, const ncl_value *where, const char *message, const char *hint) {
  create->host->config_error(create->me, where, str(message), str(hint));
  return NCL_PERMANENT;
}

/* "host:port" into p->address. A host with colons is an IPv6 address, with or without its brackets. */
static ncl_status read_address(prometheus *p, const ncl_create *create) {
  const ncl_value *whole = get(create->config, "address");
  const ncl_value *host = get(create->config, "host");
  const ncl_value *port = get(create->config, "port");
  p->wanted = whole->s.len > 0 || host->is_set != 0 || port->is_set != 0;
  if (whole->s.len > 0) {
    if (whole->s.len >= sizeof p->address || memchr(whole->s.ptr, ':', whole->s.len) == NULL) {
      return refuse(create, whole, "the address is not host:port", "write host and port of a reader");
    }
    (void)snprintf(p->address, sizeof p->address, "%.*s", (int)whole->s.len, whole->s.ptr);
    return NCL_OK;
  }
  if (host->s.len > HOST_MAX || memchr(host->s.len > 0 ? host->s.ptr : "", '/', host->s.len) != NULL) {
    return refuse(create, host, "the host is not an address or a name", "write it as localhost, 0.0.0.0 or ::1");
  }
  bool bare = host->s.len > 0 && host->s.ptr[0] != '[' && memchr(host->s.ptr, ':', host->s.len) != NULL;
  (void)snprintf(p->address, sizeof p->address, "%s%.*s%s:%lld", bare ? "[" : "", (int)host->s.len,
                 host->s.len > 0 ? host->s.ptr : "", bare ? "]" : "", (long long)port->i);
  return NCL_OK;
}

static ncl_status check_labels(const ncl_create *create) {
  const ncl_value *chosen = get(create->config, "with_resource_constant_labels");
  const ncl_value *item;
  for (uint32_t i = 0; (item = ncl_config_at(get(chosen, "excluded"), i)) != NULL; i++) {
    if (ncl_config_list_has(get(chosen, "included"), item->s) != 0) {
      return refuse(create, item, "is both included and excluded", "leave it in one of the lists");
    }
  }
  return NCL_OK;
}

static void set_port(prometheus *p) {
  p->port.config = (ncl_http_port_config){.struct_size = sizeof p->port.config,
                                          .endpoint = str(p->address),
                                          .max_body = 1,
                                          .read_header_timeout_ns = READ_TIMEOUT_NS,
                                          .read_timeout_ns = READ_TIMEOUT_NS,
                                          .write_timeout_ns = WRITE_TIMEOUT_NS,
                                          .idle_timeout_ns = IDLE_TIMEOUT_NS};
}

/* ---- life --------------------------------------------------------------------------------------------- */

static ncl_status prometheus_create(const ncl_create *create, void **self) {
  prometheus *p = calloc(1, sizeof *p);
  if (p == NULL) return NCL_NO_MEMORY;
  p->host = create->host;
  p->me = create->me;
  p->config = create->config;
  ncl_status status = read_address(p, create);
  ncl_status of_labels = check_labels(create);
  if (status == NCL_OK) status = of_labels;
  if (status != NCL_OK) {
    free(p);
    return status;
  }
  /* As the Go collector does it: suffixes are left out where both are unwanted. */
  p->suffixes = ncl_config_int(create->config, str("without_type_suffix"), 1) == 0 ||
                ncl_config_int(create->config, str("without_units"), 1) == 0;
  set_port(p);
  *self = p;
  return NCL_OK;
}

static void prometheus_destroy(void *self) {
  free(self);
}

/* Nobody asked for this address: without it the collector still does its work. */
static ncl_status go_without(const prometheus *p, const ncl_outcome *outcome) {
  ncl_attr attrs[] = {{.key = NCL_STR("endpoint"), .type = NCL_ATTR_STR, .s = str(p->address)},
                      {.key = NCL_STR("error"), .type = NCL_ATTR_STR, .s = outcome->message}};
  p->host->log(p->me, NCL_LOG_WARN, str("metrics.not_served"),
               str("Own metrics are not served: the default address cannot be had. Set another one under "
                   "service.telemetry.metrics.readers, or level: none."),
               attrs, 2);
  return NCL_OK;
}

static ncl_status prometheus_start(void *self, ncl_token token, ncl_outcome *outcome) {
  prometheus *p = self;
  (void)token;
  p->introspection = p->host->service(p->me, str(NCL_INTROSPECTION_1), outcome);
  if (p->introspection == NULL) return NCL_PERMANENT;
  ncl_pages_options options = {p->host, p->me, &p->port, on_request, p};
  p->pages = ncl_pages_open(&options, outcome);
  if (p->pages == NULL && !p->wanted) return go_without(p, outcome);
  if (p->pages == NULL) return outcome->status == NCL_OK ? NCL_PERMANENT : outcome->status;
  const ncl_attr attr = {.key = NCL_STR("endpoint"), .type = NCL_ATTR_STR, .s = ncl_pages_endpoint(p->pages)};
  p->host->log(p->me, NCL_LOG_INFO, str("metrics.serving"), str("Serving own metrics"), &attr, 1);
  return NCL_OK;
}

static ncl_status prometheus_drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  const prometheus *p = self;
  (void)outcome;
  return p->pages == NULL ? NCL_OK : ncl_pages_drain(p->pages, deadline_ns, token);
}

static ncl_status prometheus_shutdown(void *self, ncl_token token, ncl_outcome *outcome) {
  prometheus *p = self;
  (void)token, (void)outcome;
  ncl_pages_close(p->pages);
  p->pages = NULL;
  return NCL_OK;
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = prometheus_create,
                                    .start = prometheus_start,
                                    .drain = prometheus_drain,
                                    .shutdown = prometheus_shutdown,
                                    .destroy = prometheus_destroy};

static const ncl_component_type components[] = {{
    .type = NCL_STR("prometheus"),
    .kind = NCL_KIND_EXTENSION,
    .doc = NCL_STR("Serves the collector's own metrics to Prometheus; started by service.telemetry."),
    .fields = NCL_ARRAY(ncl_prometheus_fields),
    .methods = &methods,
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-prometheus"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

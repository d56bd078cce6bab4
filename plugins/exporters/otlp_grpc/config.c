/* SPDX-License-Identifier: Apache-2.0 */
/* config.c: what can be wrong with the exporter's settings, and the URL that its endpoint comes to. */
#include <nacelle/config_fill.h>
#include <nacelle/tls_client_fields.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "otlp_grpc.h"

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

/* Reports mistakes at the key that they are in. */
typedef struct report {
  const ncl_create *create;
  ncl_status status;
} report;

static const ncl_value *key(const report *r, const char *name) {
  return ncl_value_get(r->create->config, str(name));
}

static void refuse(report *r, const ncl_value *where, const char *message, const char *hint) {
  r->create->host->config_error(r->create->me, where, str(message), str(hint));
  r->status = NCL_PERMANENT;
}

static void warn(const report *r, const ncl_value *where, const char *message, const char *hint) {
  r->create->host->config_warning(r->create->me, where, str(message), str(hint));
}

static bool is(ncl_str s, const char *word) {
  return s.len == strlen(word) && memcmp(s.ptr, word, s.len) == 0;
}

static void look_at_balancer(report *r, const ncl_otlp_grpc_settings *settings) {
  if (settings->balancer_name.len == 0 || is(settings->balancer_name, "pick_first")) return;
  if (is(settings->balancer_name, "round_robin")) {
    warn(r, key(r, "balancer_name"), "requests go to one address at a time, as with pick_first",
         "put a load balancer in front of the backends to spread the load");
    return;
  }
  refuse(r, key(r, "balancer_name"), "this balancer is not supported", "use pick_first, or leave the key out");
}

static bool is_set(const report *r, const char *name) {
  const ncl_value *value = key(r, name);
  return value != NULL && value->is_set != 0;
}

/* grpc-go's KeepaliveMinPingTime: backends answer pings that come oftener by GOAWAY. */
#define PING_TIME_MIN_NS INT64_C(10000000000)

static void look_at_pings(const report *r, ncl_otlp_grpc_settings *settings) {
  const ncl_value *keepalive = key(r, "keepalive");
  if (!ncl_config_is_on(keepalive)) {
    settings->ping_time_ns = 0;
    return;
  }
  if (settings->ping_time_ns >= PING_TIME_MIN_NS) return;
  settings->ping_time_ns = PING_TIME_MIN_NS;
  warn(r, ncl_value_get(keepalive, str("time")), "pings are sent every 10 seconds at most", "set time: 10s, or more");
}

ncl_status ncl_otlp_grpc_check(const ncl_create *create, ncl_otlp_grpc_settings *settings) {
  report r = {create, NCL_OK};
  look_at_balancer(&r, settings);
  look_at_pings(&r, settings);
  if (settings->wait_for_ready) {
    warn(&r, key(&r, "wait_for_ready"), "a try does not wait for a connection: it fails and is made again",
         "leave the key out; retry_on_failure says how often and how long");
  }
  if (ncl_config_count(key(&r, "middlewares")) > 0) {
    refuse(&r, key(&r, "middlewares"), "middlewares are not supported", "leave `middlewares` out");
  }
  if (is_set(&r, "read_buffer_size")) warn(&r, key(&r, "read_buffer_size"), "this key has no effect here", "");
  if (is_set(&r, "write_buffer_size")) warn(&r, key(&r, "write_buffer_size"), "this key has no effect here", "");
  if (ncl_tls_section_check(create, key(&r, "tls"), 0) != NCL_OK) r.status = NCL_PERMANENT;
  return r.status;
}

uint32_t ncl_otlp_grpc_encoding(const ncl_otlp_grpc_settings *settings) {
  switch (settings->compression) {
    case NCL_OTLP_GRPC_GZIP:
      return NCL_HTTP_ENCODING_GZIP;
    case NCL_OTLP_GRPC_ZSTD:
      return NCL_HTTP_ENCODING_ZSTD;
    case NCL_OTLP_GRPC_SNAPPY:
      return NCL_HTTP_ENCODING_SNAPPY_FRAMED;
    default:
      return NCL_HTTP_ENCODING_NONE;
  }
}

/* ---- the endpoint ------------------------------------------------------------------------------------ */

typedef struct target {
  ncl_str place; /* "host:port", or the path of a socket */
  bool is_unix;
  bool is_https; /* the endpoint said so */
  bool is_http;
} target;

static bool take(ncl_str *s, const char *prefix) {
  size_t len = strlen(prefix);
  if (s->len < len || strncasecmp(s->ptr, prefix, len) != 0) return false;
  s->ptr += len;
  s->len -= len;
  return true;
}

static ncl_str without_slash(ncl_str s) {
  while (s.len > 0 && s.ptr[s.len - 1] == '/')
    s.len--;
  return s;
}

/* "host:port", "[::1]:port", "host". NULL, or what is wrong. */
static const char *check_place(ncl_str place) {
  const char *colon = memrchr(place.ptr, ':', place.len);
  const char *bracket = memrchr(place.ptr, ']', place.len);
  for (size_t i = 0; i < place.len; i++) {
    char c = place.ptr[i];
    if ((unsigned char)c <= ' ' || c == 0x7f) return "the endpoint has a space or control character in it";
    if (strchr("/?#@", c) != NULL) return "the endpoint has to be host:port, without a path";
  }
  if ((place.ptr[0] == '[') != (bracket != NULL)) return "the endpoint has an unfinished IPv6 address";
  if (bracket == NULL && colon != memchr(place.ptr, ':', place.len)) {
    return "the endpoint has an IPv6 address without brackets";
  }
  if (colon == NULL || (bracket != NULL && colon < bracket)) return NULL;
  size_t digits = place.len - (size_t)(colon - place.ptr) - 1;
  unsigned port = 0;
  for (size_t i = 1; i <= digits; i++) {
    if (colon[i] < '0' || colon[i] > '9' || port > 65535) return "the endpoint's port is no number up to 65535";
    port = port * 10 + (unsigned)(colon[i] - '0');
  }
  if (colon == place.ptr) return "the endpoint has no host";
  return digits > 0 && port > 0 && port <= 65535 ? NULL : "the endpoint's port is no number up to 65535";
}

/* gRPC names: dns:///host:port, dns://resolver/host:port, passthrough:///host:port, unix:path, unix:///path; and the
 * collector's http:// and https://. NULL, or what is wrong. */
static const char *parse_endpoint(ncl_str endpoint, target *t) {
  *t = (target){0};
  if (take(&endpoint, "unix-abstract:")) return "abstract sockets are not supported";
  if (take(&endpoint, "unix:")) {
    if (take(&endpoint, "//") && (endpoint.len == 0 || endpoint.ptr[0] != '/')) return "the endpoint names no socket";
    t->is_unix = true;
    t->place = endpoint;
    return endpoint.len > 0 && endpoint.ptr[0] == '/' ? NULL : "the path of the socket has to be absolute";
  }
  t->is_https = take(&endpoint, "https://");
  t->is_http = !t->is_https && take(&endpoint, "http://");
  if (!t->is_https && !t->is_http) {
    if (take(&endpoint, "dns://")) {
      if (endpoint.len == 0 || endpoint.ptr[0] != '/') return "a resolver of its own is not supported";
      (void)take(&endpoint, "/");
    } else if (!take(&endpoint, "dns:")) {
      (void)take(&endpoint, "passthrough:///");
    }
  }
  t->place = without_slash(endpoint);
  return t->place.len > 0 ? check_place(t->place) : "the endpoint has no host";
}

static bool text_is_set(const ncl_value *tls, const char *name) {
  const ncl_value *value = ncl_value_get(tls, str(name));
  return value != NULL && value->kind == NCL_VALUE_STRING && value->s.len > 0;
}

/* As in the Go collector: TLS unless `insecure` is set and no certificate authority is named; https:// forces it. */
static bool wants_tls(const ncl_value *tls, const target *t) {
  const ncl_value *insecure = ncl_value_get(tls, str("insecure"));
  if (t->is_https || text_is_set(tls, "ca_file") || text_is_set(tls, "ca_pem")) return true;
  return insecure == NULL || insecure->i == 0;
}

static bool has_port(ncl_str place) {
  const char *colon = memrchr(place.ptr, ':', place.len);
  const char *bracket = memrchr(place.ptr, ']', place.len);
  return colon != NULL && (bracket == NULL || colon > bracket);
}

static ncl_status print_url(const target *t, bool is_tls, const char *path, char **url) {
  const char *scheme = t->is_unix ? "unix" : is_tls ? "https" : "http";
  const char *port = t->is_unix || has_port(t->place) ? "" : ":443";
  size_t size = strlen(scheme) + 3 + t->place.len + strlen(port) + strlen(path) + 1;
  *url = malloc(size);
  if (*url == NULL) return NCL_NO_MEMORY;
  (void)snprintf(*url, size, "%s://%.*s%s%s", scheme, (int)t->place.len, t->place.ptr, port, t->is_unix ? "" : path);
  return NCL_OK;
}

ncl_status ncl_otlp_grpc_url(const ncl_create *create, const ncl_otlp_grpc_settings *settings, char **url,
                             ncl_str *path) {
  static const char *const paths[] = {"/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                                      "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                                      "/opentelemetry.proto.collector.logs.v1.LogsService/Export"};
  report r = {create, NCL_OK};
  target t;
  const ncl_value *tls = key(&r, "tls");
  if (create->signal < NCL_SIGNAL_TRACES || create->signal > NCL_SIGNAL_LOGS) {
    refuse(&r, NULL, "this exporter takes traces, metrics and logs only", "");
    return r.status;
  }
  if (settings->endpoint.len == 0) {
    refuse(&r, key(&r, "endpoint"), "there is no endpoint", "set endpoint: host:4317");
    return r.status;
  }
  const char *wrong = parse_endpoint(settings->endpoint, &t);
  if (wrong != NULL) {
    refuse(&r, key(&r, "endpoint"), wrong, "write it as host:4317, https://host:4317 or unix:///run/backend.sock");
    return r.status;
  }
  bool is_tls = wants_tls(tls, &t);
  if (t.is_unix && is_tls) {
    refuse(&r, key(&r, "endpoint"), "TLS over a unix socket is not supported", "set tls: {insecure: true}");
    return r.status;
  }
  if (t.is_http && is_tls) {
    warn(&r, key(&r, "endpoint"), "http:// does not switch TLS off here",
         "set tls: {insecure: true} for a connection without TLS");
  }
  *path = t.is_unix ? str(paths[create->signal - NCL_SIGNAL_TRACES]) : str("");
  return print_url(&t, is_tls, paths[create->signal - NCL_SIGNAL_TRACES], url);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* config.c: what can be wrong with the exporter's settings, and the URL that they come to. */
#include <nacelle/config_fill.h>
#include <nacelle/tls_client_fields.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "otlp_http.h"

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

static void warn(const report *r, const ncl_value *where, const char *message) {
  r->create->host->config_warning(r->create->me, where, str(message), str(""));
}

static void warn_if_set(const report *r, const char *name, const char *message) {
  const ncl_value *value = key(r, name);
  if (value != NULL && value->is_set != 0) warn(r, value, message);
}

#define DEFLATE_LEVEL_MAX 12
#define ZSTD_LEVEL_MAX 19

/* The Go collector takes any number for zstd and uses the nearest level that it has. */
static void look_at_compression(report *r, const ncl_otlp_http_settings *settings) {
  const ncl_value *level = ncl_value_get(key(r, "compression_params"), str("level"));
  switch (ncl_otlp_http_encoding(settings)) {
    case NCL_HTTP_ENCODING_NONE:
      break;
    case NCL_HTTP_ENCODING_ZSTD:
      if (settings->level > ZSTD_LEVEL_MAX) warn(r, level, "zstd's highest level is 19: it is used");
      break;
    case NCL_HTTP_ENCODING_GZIP:
    case NCL_HTTP_ENCODING_DEFLATE:
    case NCL_HTTP_ENCODING_ZLIB:
      if (settings->level > DEFLATE_LEVEL_MAX || settings->level < -2) {
        refuse(r, level, "gzip, deflate and zlib have the levels 1 to 12", "use one of them, or leave the key out");
      }
      break;
    default:
      if (settings->level != 0) refuse(r, level, "this compression has no levels", "leave `compression_params` out");
      break;
  }
}

static void look_at_limits(report *r, const ncl_otlp_http_settings *settings) {
  static const char no_effect[] = "this key has no effect here";
  const ncl_value *http2 = key(r, "force_attempt_http2");
  if (ncl_config_is_on(key(r, "cookies"))) {
    refuse(r, key(r, "cookies"), "cookies are not supported",
           "leave `cookies` out; session affinity needs another means");
  }
  if (ncl_config_count(key(r, "middlewares")) > 0) {
    refuse(r, key(r, "middlewares"), "middlewares are not supported", "leave `middlewares` out");
  }
  if (settings->profiles_endpoint.len > 0) {
    refuse(r, key(r, "profiles_endpoint"), "profiles are not exported", "leave `profiles_endpoint` out");
  }
  warn_if_set(r, "max_idle_conns", no_effect);
  warn_if_set(r, "max_idle_conns_per_host", no_effect);
  warn_if_set(r, "read_buffer_size", no_effect);
  warn_if_set(r, "write_buffer_size", no_effect);
  warn_if_set(r, "http2_read_idle_timeout", "this key has no effect: requests use HTTP/1.1");
  warn_if_set(r, "http2_ping_timeout", "this key has no effect: requests use HTTP/1.1");
  if (http2 != NULL && http2->i != 0) {
    warn_if_set(r, "force_attempt_http2", "this key has no effect: requests use HTTP/1.1");
  }
}

ncl_status ncl_otlp_http_check(const ncl_create *create, const ncl_otlp_http_settings *settings) {
  report r = {create, NCL_OK};
  look_at_compression(&r, settings);
  look_at_limits(&r, settings);
  if (ncl_tls_section_check(create, key(&r, "tls"), 0) != NCL_OK) r.status = NCL_PERMANENT;
  return r.status;
}

uint32_t ncl_otlp_http_encoding(const ncl_otlp_http_settings *settings) {
  static const uint32_t encodings[] = {[NCL_OTLP_HTTP_GZIP] = NCL_HTTP_ENCODING_GZIP,
                                       [NCL_OTLP_HTTP_ZSTD] = NCL_HTTP_ENCODING_ZSTD,
                                       [NCL_OTLP_HTTP_DEFLATE] = NCL_HTTP_ENCODING_DEFLATE,
                                       [NCL_OTLP_HTTP_NONE] = NCL_HTTP_ENCODING_NONE,
                                       [NCL_OTLP_HTTP_EMPTY] = NCL_HTTP_ENCODING_NONE,
                                       [NCL_OTLP_HTTP_SNAPPY] = NCL_HTTP_ENCODING_SNAPPY,
                                       [NCL_OTLP_HTTP_ZLIB] = NCL_HTTP_ENCODING_ZLIB,
                                       [NCL_OTLP_HTTP_LZ4] = NCL_HTTP_ENCODING_LZ4,
                                       [NCL_OTLP_HTTP_SNAPPY_FRAMED] = NCL_HTTP_ENCODING_SNAPPY_FRAMED};
  return encodings[settings->compression];
}

int64_t ncl_otlp_http_level(const ncl_otlp_http_settings *settings) {
  if (settings->level <= 0 || ncl_otlp_http_encoding(settings) == NCL_HTTP_ENCODING_NONE) return 0;
  return settings->level < ZSTD_LEVEL_MAX ? settings->level : ZSTD_LEVEL_MAX;
}

/* ---- the URL ----------------------------------------------------------------------------------------- */

static bool begins_with(ncl_str s, const char *prefix) {
  size_t len = strlen(prefix);
  return s.len >= len && strncasecmp(s.ptr, prefix, len) == 0;
}

/* NULL, or what is wrong with an URL, and what to do. The service and libcurl parse the rest. */
static const char *mistake(ncl_str url, const char **hint) {
  *hint = "write it as http://host:4318";
  for (size_t i = 0; i < url.len; i++) {
    if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == 0x7f) return "the URL has a space or control character in it";
  }
  if (begins_with(url, "unix://")) {
    *hint = "write it as unix:///run/backend.sock";
    return url.len > 7 && url.ptr[7] == '/' ? NULL : "the URL names no absolute path of a socket";
  }
  size_t scheme = begins_with(url, "http://") ? 7 : begins_with(url, "https://") ? 8 : 0;
  if (scheme == 0) return "the URL has to begin with http://, https:// or unix://";
  if (url.len == scheme || strchr("/?#:", url.ptr[scheme]) != NULL) return "the URL has no host";
  return NULL;
}

/* The commonest mistake with this key. It is no error, since a backend may have such a path. */
static void look_for_a_path(const report *r, ncl_str base, const char *const paths[3]) {
  while (base.len > 0 && base.ptr[base.len - 1] == '/')
    base.len--;
  for (uint32_t i = 0; i < 3; i++) {
    size_t len = strlen(paths[i]);
    if (base.len < len || memcmp(base.ptr + base.len - len, paths[i], len) != 0) continue;
    char message[160], hint[96];
    (void)snprintf(message, sizeof message, "the path of each signal is added to it, so that requests go to %s%s",
                   paths[i], paths[i]);
    (void)snprintf(hint, sizeof hint, "leave %s off (%.*s_endpoint is used as it is)", paths[i], (int)len - 4,
                   paths[i] + 4);
    r->create->host->config_warning(r->create->me, key(r, "endpoint"), str(message), str(hint));
  }
}

ncl_status ncl_otlp_http_url(const ncl_create *create, const ncl_otlp_http_settings *settings, char **url,
                             ncl_str *path) {
  static const char *const keys[] = {"traces_endpoint", "metrics_endpoint", "logs_endpoint"};
  static const char *const paths[] = {"/v1/traces", "/v1/metrics", "/v1/logs"};
  report r = {create, NCL_OK};
  if (create->signal < NCL_SIGNAL_TRACES || create->signal > NCL_SIGNAL_LOGS) {
    refuse(&r, NULL, "this exporter takes traces, metrics and logs only", "");
    return r.status;
  }
  uint32_t i = create->signal - NCL_SIGNAL_TRACES;
  ncl_str own = settings->signal_endpoints[i], all = settings->endpoint;
  const char *name = own.len > 0 ? keys[i] : "endpoint", *hint;
  ncl_str base = own.len > 0 ? own : all;
  if (base.len == 0) {
    char message[64];
    (void)snprintf(message, sizeof message, "neither endpoint nor %s is set", keys[i]);
    refuse(&r, NULL, message, "set endpoint: http://host:4318");
    return r.status;
  }
  const char *wrong = mistake(base, &hint);
  if (wrong != NULL) {
    refuse(&r, key(&r, name), wrong, hint);
    return r.status;
  }
  if (own.len == 0) look_for_a_path(&r, base, paths);
  bool is_unix = begins_with(base, "unix://");
  *path = is_unix ? str(paths[i]) : str("");
  const char *suffix = own.len > 0 || is_unix ? "" : paths[i];
  if (*suffix != '\0' && base.ptr[base.len - 1] == '/') suffix++;
  size_t size = base.len + strlen(suffix) + 1;
  *url = malloc(size);
  if (*url == NULL) return NCL_NO_MEMORY;
  (void)snprintf(*url, size, "%.*s%s", (int)base.len, base.ptr, suffix);
  return NCL_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints, headers and certificates as the declarative configuration 0.3 has them. */
#include "target.h"

#include <nacelle/config_fill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

typedef struct reader {
  const ncl_create *create;
  const ncl_value *otlp;
  ncl_push_target *target;
  ncl_status status;
} reader;

static const ncl_value *get(const reader *r, const char *name) {
  return ncl_value_get(r->otlp, str(name));
}

static ncl_str text_of(const reader *r, const char *name) {
  return ncl_config_str(r->otlp, str(name), (ncl_str){NULL, 0});
}

static void refuse(reader *r, const ncl_value *where, const char *message, const char *hint) {
  r->create->host->config_error(r->create->me, where, str(message), str(hint));
  r->status = NCL_PERMANENT;
}

/* ---- the URL ------------------------------------------------------------------------------------------- */

static bool begins_with(ncl_str s, const char *prefix) {
  size_t len = strlen(prefix);
  return s.len >= len && strncasecmp(s.ptr, prefix, len) == 0;
}

/* NULL, or what is wrong with "host", "host:port" or "[::1]:port". */
static const char *check_host(ncl_str host, bool *has_port) {
  const char *bracket = host.len > 0 ? memrchr(host.ptr, ']', host.len) : NULL;
  const char *colon = host.len > 0 ? memrchr(host.ptr, ':', host.len) : NULL;
  if (bracket != NULL && colon != NULL && colon < bracket) colon = NULL;
  size_t name = colon != NULL ? (size_t)(colon - host.ptr) : host.len;
  unsigned port = 0;
  *has_port = colon != NULL;
  if (name == 0) return "the endpoint has no host";
  if ((host.ptr[0] == '[') != (bracket != NULL)) return "the endpoint has an unfinished IPv6 address";
  if (bracket == NULL && memchr(host.ptr, ':', name) != NULL)
    return "the endpoint has an IPv6 address without brackets";
  if (colon == NULL) return NULL;
  for (const char *at = colon + 1; at < host.ptr + host.len; at++) {
    port = *at >= '0' && *at <= '9' && port < 65536 ? port * 10 + (unsigned)(*at - '0') : 65536;
  }
  return port > 0 && port < 65536 ? NULL : "the endpoint's port is no number from 1 to 65535";
}

static const char *check_text(ncl_str text) {
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    if (c <= ' ' || c == 0x7f) return "the endpoint has a space or control character in it";
    if (c == '?' || c == '#') return "the endpoint has a query or fragment in it";
  }
  return NULL;
}

static const char *default_path(bool is_grpc, uint32_t signal) {
  bool metrics = signal == NCL_SIGNAL_METRICS;
  if (is_grpc) {
    return metrics ? "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
                   : "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
  }
  return metrics ? "/v1/metrics" : "/v1/logs";
}

char *ncl_push_url(ncl_str endpoint, bool is_grpc, bool insecure, uint32_t signal, const char **wrong) {
  bool has_port = false;
  bool is_http = begins_with(endpoint, "http://");
  bool is_https = begins_with(endpoint, "https://");
  size_t scheme = is_http ? 7 : is_https ? 8 : 0;
  ncl_str host = {endpoint.ptr + scheme, endpoint.len - scheme};
  const char *slash = host.len > 0 ? memchr(host.ptr, '/', host.len) : NULL;
  ncl_str path = {slash, slash != NULL ? (size_t)(host.ptr + host.len - slash) : 0};
  host.len -= path.len;
  *wrong = check_text(endpoint);
  if (*wrong == NULL && host.len > 0 && memchr(host.ptr, '@', host.len) != NULL) {
    *wrong = "the endpoint has a user or password in it, which belongs into a header";
  }
  if (*wrong == NULL) *wrong = check_host(host, &has_port);
  if (*wrong != NULL) return NULL;
  if (is_grpc || path.len == 0) path = str(default_path(is_grpc, signal));
  const char *port = is_grpc && !has_port ? ":443" : "";
  size_t size = 8 + host.len + strlen(port) + path.len + 1;
  char *url = malloc(size);
  if (url == NULL) return NULL;
  (void)snprintf(url, size, "%s://%.*s%s%.*s", is_http || (!is_https && insecure) ? "http" : "https", (int)host.len,
                 host.ptr, port, (int)path.len, path.ptr);
  return url;
}

static void read_url(reader *r) {
  const char *wrong;
  ncl_push_target *t = r->target;
  bool insecure = ncl_config_int(r->otlp, str("insecure"), 0) != 0;
  t->url = ncl_push_url(text_of(r, "endpoint"), t->is_grpc, insecure, r->create->signal, &wrong);
  if (t->url != NULL) return;
  if (wrong != NULL) {
    refuse(r, get(r, "endpoint"), wrong,
           t->is_grpc ? "write it as https://host:4317" : "write it as https://host:4318");
  } else {
    r->status = NCL_NO_MEMORY;
  }
}

/* ---- headers ------------------------------------------------------------------------------------------- */

static char *skip_blanks(char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t'))
    at++;
  return at;
}

static char *trim_end(const char *begin, char *end) {
  while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
    end--;
  return end;
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; NULL = malformed, else the new end. */
static char *percent_decode(char *begin, const char *end) {
  char *out = begin;
  for (const char *at = begin; at < end; at++) {
    if (*at != '%') {
      *out++ = *at;
      continue;
    }
    if (end - at < 3 || hex(at[1]) < 0 || hex(at[2]) < 0) return NULL;
    *out++ = (char)(hex(at[1]) * 16 + hex(at[2]));
    at += 2;
  }
  return out;
}

static bool read_member(char *begin, char *end, ncl_pair *out) {
  char *equals = memchr(begin, '=', (size_t)(end - begin));
  char *semicolon = memchr(begin, ';', (size_t)(end - begin));
  if (semicolon != NULL) end = semicolon;
  if (equals == NULL || equals > end) return false;
  begin = skip_blanks(begin, equals);
  char *name_end = trim_end(begin, equals);
  char *value = skip_blanks(equals + 1, end);
  char *value_end = percent_decode(value, trim_end(value, end));
  if (name_end == begin || value_end == NULL) return false;
  out->name = ncl_str_of(begin, (size_t)(name_end - begin));
  out->value = ncl_str_of(value, (size_t)(value_end - value));
  return true;
}

bool ncl_push_headers(char *text, ncl_pair *out, uint32_t max, uint32_t *count) {
  char *end = text + strlen(text);
  *count = 0;
  while (text < end) {
    char *comma = memchr(text, ',', (size_t)(end - text));
    char *stop = comma != NULL ? comma : end;
    if (*count == max || !read_member(text, stop, &out[*count])) return false;
    ++*count;
    text = stop + 1;
  }
  return true;
}

/* Of the same name the newest wins. */
static void add_header(reader *r, ncl_str name, ncl_str value, const ncl_value *where) {
  ncl_push_target *t = r->target;
  uint32_t count = t->headers.children.count;
  uint32_t i = 0;
  while (i < count && (t->header[i].key.len != name.len || strncasecmp(t->header[i].key.ptr, name.ptr, name.len) != 0))
    i++;
  if (i == NCL_PUSH_HEADERS_MAX) {
    if (r->status == NCL_OK) refuse(r, where, "there are more than 64 headers", "leave some out");
    return;
  }
  t->header[i] = (ncl_value){.kind = NCL_VALUE_STRING, .is_set = 1, .key = name, .s = value, .mark = where->mark};
  if (i == count) t->headers.children.count++;
}

static void read_listed(reader *r) {
  ncl_pair pairs[NCL_PUSH_HEADERS_MAX];
  uint32_t count;
  const ncl_value *list = get(r, "headers_list");
  if (list == NULL || list->s.len == 0) return;
  r->target->listed = strndup(list->s.ptr, list->s.len);
  if (r->target->listed == NULL) {
    r->status = NCL_NO_MEMORY;
  } else if (!ncl_push_headers(r->target->listed, pairs, NCL_PUSH_HEADERS_MAX, &count)) {
    refuse(r, list, "headers_list is not as it should be", "write name=value,name=value with values percent-encoded");
  } else {
    for (uint32_t i = 0; i < count; i++)
      add_header(r, pairs[i].name, pairs[i].value, list);
  }
}

static void read_headers(reader *r) {
  const ncl_value *headers = get(r, "headers");
  const ncl_value *item;
  bool is_map = headers != NULL && headers->kind == NCL_VALUE_MAP;
  if (headers != NULL && headers->is_set != 0 && headers->kind != NCL_VALUE_NULL && !is_map &&
      headers->kind != NCL_VALUE_LIST) {
    refuse(r, headers, "headers is neither a list nor a map", "write headers: [{name: a, value: b}]");
    return;
  }
  for (uint32_t i = 0; (item = ncl_config_at(headers, i)) != NULL; i++) {
    const ncl_value *name = is_map ? NULL : ncl_value_get(item, str("name"));
    const ncl_value *value = is_map ? item : ncl_value_get(item, str("value"));
    bool named = is_map || (name != NULL && name->kind == NCL_VALUE_STRING);
    if (!named) {
      refuse(r, item, "this header has no name", "write headers: [{name: a, value: b}]");
    } else if (value == NULL || value->kind == NCL_VALUE_NULL) {
      refuse(r, item, "this header has no value", "give it one, or leave the header out");
    } else if (value->kind != NCL_VALUE_STRING) {
      refuse(r, item, "the value of this header is no text", "put it into quotes");
    } else {
      add_header(r, is_map ? item->key : name->s, value->s, value);
    }
  }
}

/* ---- certificates -------------------------------------------------------------------------------------- */

static void read_tls(reader *r) {
  static const char *const from[] = {"certificate", "client_certificate", "client_key"};
  static const char *const to[] = {"ca_file", "cert_file", "key_file"};
  ncl_push_target *t = r->target;
  for (size_t i = 0; i < 3; i++) {
    const ncl_value *value = get(r, from[i]);
    if (value != NULL) t->tls_key[i] = *value;
    t->tls_key[i].key = str(to[i]);
  }
  t->tls_key[3] = (ncl_value){.kind = NCL_VALUE_BOOL, .key = NCL_STR("insecure")};
  t->tls = (ncl_value){.kind = NCL_VALUE_MAP, .children = {t->tls_key, NCL_PUSH_TLS_KEYS, sizeof t->tls_key[0]}};
  if (t->url != NULL && begins_with(str(t->url), "http://")) t->tls_key[3].i = 1;
  if ((t->tls_key[1].s.len > 0) != (t->tls_key[2].s.len > 0)) {
    refuse(r, &t->tls_key[t->tls_key[1].s.len > 0 ? 1 : 2], "a client's certificate and key belong together",
           "set both client_certificate and client_key");
  }
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

ncl_status ncl_push_target_read(const ncl_create *create, uint32_t signal, const ncl_value *otlp,
                                ncl_push_target *target) {
  ncl_create of_signal = *create;
  of_signal.signal = signal;
  reader r = {&of_signal, otlp, target, NCL_OK};
  *target = (ncl_push_target){.is_grpc = false};
  target->is_grpc = ncl_config_int(otlp, str("protocol"), 0) == 0;
  target->headers = (ncl_value){.kind = NCL_VALUE_MAP, .children = {target->header, 0, sizeof target->header[0]}};
  read_url(&r);
  read_listed(&r);
  read_headers(&r);
  read_tls(&r);
  if (ncl_config_int(otlp, str("default_histogram_aggregation"), 0) != 0) {
    refuse(&r, get(&r, "default_histogram_aggregation"), "exponential histograms are not made of own metrics",
           "leave the key out");
  }
  return r.status;
}

void ncl_push_target_close(ncl_push_target *target) {
  free(target->url);
  free(target->listed);
}

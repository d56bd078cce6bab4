/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c: what a call says, checked and copied: a caller's strings need not outlive its call of `start`. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client.h"
#include "names.h"

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static bool has_space(ncl_str path) {
  for (size_t i = 0; i < path.len; i++) {
    if ((unsigned char)path.ptr[i] <= ' ' || path.ptr[i] == 0x7f) return true;
  }
  return false;
}

static ncl_status check_headers(const ncl_http_call *call, ncl_outcome *outcome) {
  if (call->header_count > NCL_HTTP_HEADERS_MAX) {
    return ncl_http_fail(outcome, NCL_PERMANENT, "a request has more than 128 headers");
  }
  for (uint32_t i = 0; i < call->header_count; i++) {
    if (!ncl_http_is_token(call->headers[i].name)) {
      return ncl_http_fail(outcome, NCL_PERMANENT, "the name of a header holds characters that HTTP does not allow");
    }
    if (!ncl_http_is_value(call->headers[i].value)) {
      return ncl_http_fail(outcome, NCL_PERMANENT, "the value of a header holds control characters");
    }
  }
  return NCL_OK;
}

/* The name that the certificate has to have where it is not the URL's host: of the tls section, or for gRPC the
 * authority (as grpc-go has it). */
static ncl_str certificate_name(const ncl_http_exchange *exchange, const ncl_http_call *call) {
  if (!exchange->target.is_https) return ncl_str_of(NULL, 0);
  ncl_str name = ncl_http_tls_server_name(exchange->channel->tls);
  for (uint32_t i = 0; name.len == 0 && exchange->channel->is_grpc && i < call->header_count; i++) {
    if (!ncl_http_is_name(call->headers[i].name, "host")) continue;
    name = call->headers[i].value;
    const char *colon = name.len > 0 && name.ptr[0] != '[' ? memchr(name.ptr, ':', name.len) : NULL;
    if (colon != NULL) name.len = (size_t)(colon - name.ptr);
  }
  bool is_host =
      name.len == exchange->target.host.len && strncasecmp(name.ptr, exchange->target.host.ptr, name.len) == 0;
  return is_host ? ncl_str_of(NULL, 0) : name;
}

/* Puts texts one behind the other, each with a NUL. */
typedef struct copier {
  char *at;
  size_t left;
} copier;

static ncl_str copy(copier *c, ncl_str s) {
  ncl_str copied = {c->at, s.len};
  if (s.len > 0) memcpy(c->at, s.ptr, s.len);
  c->at[s.len] = '\0';
  c->at += s.len + 1;
  c->left -= s.len + 1;
  return copied;
}

__attribute__((format(printf, 2, 3))) static const char *print(copier *c, const char *format, ...) {
  const char *text = c->at;
  va_list args;
  va_start(args, format);
  int len = vsnprintf(c->at, c->left, format, args);
  va_end(args);
  c->at += (size_t)len + 1;
  c->left -= (size_t)len + 1;
  return text;
}

#define STR(s) (int)(s).len, (s).len > 0 ? (s).ptr : ""

/* Where libcurl connects, and as what. Of gRPC the path is not its business. */
static void print_target(copier *c, ncl_http_exchange *exchange, ncl_str name) {
  const ncl_http_url *target = &exchange->target;
  const char *scheme = target->is_https ? "https" : "http";
  ncl_str path = exchange->channel->is_grpc ? str("/") : exchange->path;
  exchange->unix_path = target->is_unix ? target->host.ptr : NULL;
  exchange->connect_to = NULL;
  if (name.len == 0) {
    ncl_str place = target->is_unix ? str("localhost") : target->place;
    exchange->url = print(c, "%s://%.*s%.*s", scheme, STR(place), STR(path));
  } else {
    bool is_v6 = memchr(target->host.ptr, ':', target->host.len) != NULL;
    const char *colon = target->port.len > 0 ? ":" : "";
    exchange->url = print(c, "%s://%.*s%s%.*s%.*s", scheme, STR(name), colon, STR(target->port), STR(path));
    exchange->connect_to =
        print(c, "::%s%.*s%s:%.*s", is_v6 ? "[" : "", STR(target->host), is_v6 ? "]" : "", STR(target->port));
  }
  if (exchange->is_plain) {
    exchange->connection = print(c, "%s %.*s", target->is_unix ? "unix" : "tcp", STR(target->place));
    return;
  }
  exchange->connection = print(c, "%s %s %s", exchange->url, exchange->connect_to != NULL ? exchange->connect_to : "",
                               exchange->unix_path != NULL ? exchange->unix_path : "");
}

ncl_status ncl_http_request_copy(ncl_http_exchange *exchange, const ncl_http_call *call, ncl_outcome *outcome) {
  ncl_status status = check_headers(call, outcome);
  if (status != NCL_OK) return status;
  const char *wrong = ncl_http_url_parse(call->url, &exchange->target);
  if (wrong == NULL && has_space(call->path)) wrong = "has a space or control character in its path";
  if (wrong != NULL) {
    ncl_http_service *service = exchange->channel->service;
    (void)snprintf(service->words, sizeof service->words, "the URL %s", wrong);
    return ncl_http_fail(outcome, NCL_PERMANENT, service->words);
  }
  ncl_str method = exchange->channel->is_grpc || call->method.len == 0 ? str("POST") : call->method;
  ncl_str name = certificate_name(exchange, call);
  if (!ncl_http_is_token(method)) return ncl_http_fail(outcome, NCL_PERMANENT, "the method is none that HTTP allows");
  if (!ncl_http_is_value(name))
    return ncl_http_fail(outcome, NCL_PERMANENT, "the server name holds control characters");

  /* The URL, in whole or in part, is there six times at most, the path three times, the name twice. */
  size_t size = sizeof(ncl_pair) + 6 * call->url.len + 3 * call->path.len + 2 * name.len + method.len + 128;
  for (uint32_t i = 0; i < call->header_count; i++) {
    size += sizeof(ncl_pair) + call->headers[i].name.len + call->headers[i].value.len + 2;
  }
  exchange->text = malloc(size);
  if (exchange->text == NULL) return ncl_http_fail(outcome, NCL_NO_MEMORY, "no memory for a request");
  size_t pairs = ((size_t)call->header_count + 1) * sizeof(ncl_pair); /* one to spare: content-encoding */
  copier c = {exchange->text + pairs, size - pairs};
  exchange->headers = (ncl_pair *)(void *)exchange->text;
  exchange->header_count = call->header_count;
  for (uint32_t i = 0; i < call->header_count; i++) {
    exchange->headers[i].name = copy(&c, call->headers[i].name);
    exchange->headers[i].value = copy(&c, call->headers[i].value);
  }
  exchange->asked_url = copy(&c, call->url);
  exchange->method = copy(&c, method).ptr;
  (void)ncl_http_url_parse(exchange->asked_url, &exchange->target);
  exchange->place = exchange->target.place;
  exchange->is_plain = !exchange->target.is_https && ncl_http_request_proxy(exchange)[0] == '\0';
  ncl_str path = exchange->target.is_unix ? call->path : exchange->target.path;
  const char *fragment = path.len > 0 ? memchr(path.ptr, '#', path.len) : NULL;
  if (fragment != NULL) path.len = (size_t)(fragment - path.ptr);
  bool has_slash = path.len > 0 && path.ptr[0] == '/';
  exchange->path.ptr = print(&c, "%s%.*s", has_slash ? "" : "/", STR(path));
  exchange->path.len = path.len + (has_slash ? 0 : 1);
  print_target(&c, exchange, name);
  return NCL_OK;
}

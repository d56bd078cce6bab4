/* SPDX-License-Identifier: Apache-2.0 */
/* lines.c: which headers a request has, and how libcurl (a list of lines), nghttp2 (pairs) and a socket (text) want
 * them: one allocation each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "h2.h"
#include "names.h"

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

/* What the service writes itself, or what would break the framing. */
static bool is_reserved(const ncl_http_exchange *exchange, ncl_str name) {
  static const char *const always[] = {"content-length", "transfer-encoding", "expect", "trailer", "upgrade"};
  static const char *const of_grpc[] = {
      "te",           "connection",    "keep-alive",           "proxy-connection", "content-type", "content-encoding",
      "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "grpc-status"};
  for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
    if (ncl_http_is_name(name, always[i])) return true;
  }
  if (exchange->channel->encoding != NCL_HTTP_ENCODING_NONE && ncl_http_is_name(name, "content-encoding")) return true;
  for (size_t i = 0; exchange->channel->is_grpc && i < sizeof of_grpc / sizeof of_grpc[0]; i++) {
    if (ncl_http_is_name(name, of_grpc[i])) return true;
  }
  return false;
}

static bool is_among(ncl_str name, const ncl_array *pairs) {
  for (uint32_t i = 0; pairs != NULL && i < pairs->count; i++) {
    const ncl_pair *pair = ncl_array_at(pairs, i);
    if (pair->name.len == name.len && strncasecmp(pair->name.ptr, name.ptr, name.len) == 0) return true;
  }
  return false;
}

typedef void (*header_fn)(void *into, ncl_str name, ncl_str value);

/* Every header of the caller's and of the authenticator's that goes out. */
static void each_header(const ncl_http_exchange *exchange, const ncl_array *added, header_fn fn, void *into) {
  for (uint32_t i = 0; i < exchange->header_count; i++) {
    const ncl_pair *header = &exchange->headers[i];
    if (!is_reserved(exchange, header->name) && !is_among(header->name, added)) fn(into, header->name, header->value);
  }
  for (uint32_t i = 0; added != NULL && i < added->count; i++) {
    const ncl_pair *pair = ncl_array_at(added, i);
    if (!is_reserved(exchange, pair->name)) fn(into, pair->name, pair->value);
  }
}

static bool has_header(const ncl_http_exchange *exchange, const ncl_array *added, const char *name) {
  ncl_array own = {exchange->headers, exchange->header_count, sizeof *exchange->headers};
  return is_among(str(name), &own) || is_among(str(name), added);
}

/* ---- for libcurl ------------------------------------------------------------------------------------- */

/* The lines under construction: first counted, then written. */
typedef struct lines {
  struct curl_slist *nodes; /* NULL: counting */
  char *text;
  size_t count;
  size_t bytes;
} lines;

static void put(lines *l, ncl_str name, const char *between, ncl_str value) {
  size_t gap = strlen(between);
  if (l->nodes != NULL) {
    char *at = l->text + l->bytes;
    memcpy(at, name.ptr, name.len);
    memcpy(at + name.len, between, gap);
    if (value.len > 0) memcpy(at + name.len + gap, value.ptr, value.len);
    at[name.len + gap + value.len] = '\0';
    l->nodes[l->count] = (struct curl_slist){at, NULL};
    if (l->count > 0) l->nodes[l->count - 1].next = &l->nodes[l->count];
  }
  l->count++;
  l->bytes += name.len + gap + value.len + 1;
}

/* libcurl takes "Name;" for a header without a value and "Name:" for one of its own that is to be left out. */
static void put_header(void *into, ncl_str name, ncl_str value) {
  put(into, name, value.len > 0 ? ": " : ";", value);
}

static void put_without(lines *l, const char *name) {
  put(l, str(name), ":", str(""));
}

static void put_lines(lines *l, const ncl_http_exchange *exchange, const ncl_array *added) {
  const ncl_http_channel *channel = exchange->channel;
  l->count = 0;
  l->bytes = 0;
  put_without(l, "Expect");
  if (channel->encoding != NCL_HTTP_ENCODING_NONE && exchange->body_len > 0) {
    put_header(l, str("Content-Encoding"), str(ncl_http_encoding_name(channel->encoding, channel->is_grpc)));
  }
  each_header(exchange, added, put_header, l);
  if (!has_header(exchange, added, "accept")) put_without(l, "Accept");
  /* The URL names the certificate's host then: the backend shall see its own. */
  if (exchange->connect_to != NULL && !has_header(exchange, added, "host")) put_header(l, str("Host"), exchange->place);
}

static bool make_lines(ncl_http_exchange *exchange, const ncl_array *added) {
  lines l = {NULL, NULL, 0, 0};
  put_lines(&l, exchange, added);
  char *block = malloc(l.count * sizeof(struct curl_slist) + l.bytes);
  if (block == NULL) return false;
  l.nodes = (struct curl_slist *)(void *)block;
  l.text = block + l.count * sizeof(struct curl_slist);
  put_lines(&l, exchange, added);
  exchange->header_block = block;
  return true;
}

/* ---- for a socket ------------------------------------------------------------------------------------ */

/* The head under construction: first counted, then written. */
typedef struct head {
  char *text; /* NULL: counting */
  size_t bytes;
} head;

static void put_text(head *h, ncl_str s) {
  if (h->text != NULL && s.len > 0) memcpy(h->text + h->bytes, s.ptr, s.len);
  h->bytes += s.len;
}

static void put_head_line(void *into, ncl_str name, ncl_str value) {
  head *h = into;
  put_text(h, name);
  put_text(h, str(": "));
  put_text(h, value);
  put_text(h, str("\r\n"));
}

static void put_head(head *h, const ncl_http_exchange *exchange, const ncl_array *added) {
  const ncl_http_channel *channel = exchange->channel;
  bool has_body = exchange->body_len > 0;
  char length[24];
  h->bytes = 0;
  put_text(h, str(exchange->method));
  put_text(h, str(" "));
  put_text(h, exchange->path);
  put_text(h, str(" HTTP/1.1\r\n"));
  if (!has_header(exchange, added, "host")) {
    put_head_line(h, str("Host"), exchange->unix_path != NULL ? str("localhost") : exchange->place);
  }
  if (!has_header(exchange, added, "user-agent"))
    put_head_line(h, str("User-Agent"), str(ncl_http_user_agent(channel)));
  if (!has_header(exchange, added, "accept-encoding")) {
    put_head_line(h, str("Accept-Encoding"), str("gzip, deflate, zstd"));
  }
  if (has_body || (strcmp(exchange->method, "GET") != 0 && strcmp(exchange->method, "HEAD") != 0)) {
    (void)snprintf(length, sizeof length, "%zu", exchange->body_len);
    put_head_line(h, str("Content-Length"), str(length));
  }
  if (channel->encoding != NCL_HTTP_ENCODING_NONE && has_body) {
    put_head_line(h, str("Content-Encoding"), str(ncl_http_encoding_name(channel->encoding, channel->is_grpc)));
  }
  each_header(exchange, added, put_head_line, h);
  put_text(h, str("\r\n"));
}

static bool make_head(ncl_http_exchange *exchange, const ncl_array *added) {
  head h = {NULL, 0};
  put_head(&h, exchange, added);
  h.text = malloc(h.bytes);
  if (h.text == NULL) return false;
  put_head(&h, exchange, added);
  exchange->header_block = h.text;
  exchange->header_total = h.bytes;
  return true;
}

/* ---- for nghttp2 ------------------------------------------------------------------------------------- */

typedef struct pairs {
  nghttp2_nv *nv; /* NULL: counting */
  char *text;
  size_t count;
  size_t bytes;
} pairs;

/* Names in lower case, as HTTP/2 wants them. */
static void put_pair(void *into, ncl_str name, ncl_str value) {
  pairs *p = into;
  if (p->nv != NULL) {
    char *at = p->text + p->bytes;
    for (size_t i = 0; i < name.len; i++) {
      char c = name.ptr[i];
      at[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    if (value.len > 0) memcpy(at + name.len, value.ptr, value.len);
    p->nv[p->count] = (nghttp2_nv){(uint8_t *)at, (uint8_t *)at + name.len, name.len, value.len, NGHTTP2_NV_FLAG_NONE};
  }
  p->count++;
  p->bytes += name.len + value.len;
}

/* The authority is a pseudo header. */
static void put_pair_but_host(void *into, ncl_str name, ncl_str value) {
  if (!ncl_http_is_name(name, "host")) put_pair(into, name, value);
}

static ncl_str authority(const ncl_http_exchange *exchange, const ncl_array *added) {
  for (uint32_t i = 0; added != NULL && i < added->count; i++) {
    const ncl_pair *pair = ncl_array_at(added, i);
    if (ncl_http_is_name(pair->name, "host")) return pair->value;
  }
  for (uint32_t i = 0; i < exchange->header_count; i++) {
    if (ncl_http_is_name(exchange->headers[i].name, "host")) return exchange->headers[i].value;
  }
  return exchange->unix_path != NULL ? str("localhost") : exchange->place;
}

static void put_pairs(pairs *p, const ncl_http_exchange *exchange, const ncl_array *added) {
  const ncl_http_channel *channel = exchange->channel;
  p->count = 0;
  p->bytes = 0;
  put_pair(p, str(":method"), str("POST"));
  put_pair(p, str(":scheme"), str(exchange->target.is_https ? "https" : "http"));
  put_pair(p, str(":path"), exchange->path);
  put_pair(p, str(":authority"), authority(exchange, added));
  put_pair(p, str("te"), str("trailers"));
  put_pair(p, str("content-type"), str("application/grpc"));
  put_pair(p, str("grpc-accept-encoding"), str("identity,gzip,zstd,deflate"));
  if (channel->encoding != NCL_HTTP_ENCODING_NONE) {
    put_pair(p, str("grpc-encoding"), str(ncl_http_encoding_name(channel->encoding, channel->is_grpc)));
  }
  if (!has_header(exchange, added, "user-agent")) put_pair(p, str("user-agent"), str(ncl_http_user_agent(channel)));
  each_header(exchange, added, put_pair_but_host, p);
}

static bool make_pairs(ncl_http_exchange *exchange, const ncl_array *added) {
  pairs p = {NULL, NULL, 0, 0};
  put_pairs(&p, exchange, added);
  /* One more for grpc-timeout, which is known when it is sent. */
  size_t nv_bytes = (p.count + 1) * sizeof(nghttp2_nv);
  char *block = malloc(nv_bytes + p.bytes);
  if (block == NULL) return false;
  p.nv = (nghttp2_nv *)(void *)block;
  p.text = block + nv_bytes;
  put_pairs(&p, exchange, added);
  exchange->header_block = block;
  exchange->header_total = p.count;
  return true;
}

bool ncl_http_request_headers(ncl_http_exchange *exchange, const ncl_array *added, ncl_outcome *outcome) {
  for (uint32_t i = 0; added != NULL && i < added->count; i++) {
    const ncl_pair *pair = ncl_array_at(added, i);
    if (ncl_http_is_token(pair->name) && ncl_http_is_value(pair->value)) continue;
    (void)ncl_http_fail(outcome, NCL_PERMANENT, "the authenticator gave a header that cannot be sent");
    return false;
  }
  free(exchange->header_block);
  exchange->header_block = NULL;
  bool ok;
  if (exchange->channel->is_grpc) {
    ok = make_pairs(exchange, added);
  } else {
    ok = exchange->is_plain ? make_head(exchange, added) : make_lines(exchange, added);
  }
  if (!ok) (void)ncl_http_fail(outcome, NCL_NO_MEMORY, "no memory for a request");
  return ok;
}

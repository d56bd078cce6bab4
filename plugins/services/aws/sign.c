/* SPDX-License-Identifier: Apache-2.0 */
/* sign.c: the canonical request goes straight into a hash, piece by piece; what has to be sorted is sorted first.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
#include "sign.h"

#include <stdio.h>
#include <stdlib.h>

#include "date.h"
#include "text.h"

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

typedef struct header {
  ncl_str name; /* in lower case */
  ncl_str value;
  uint32_t place; /* in the request: values of one name keep their order */
} header;

/* A signature under construction. */
typedef struct work {
  ncl_aws_crypto *crypto;
  const ncl_aws_to_sign *request;
  bool is_https;
  ncl_str host, path, query; /* of the URL */
  ncl_str query_pairs[NCL_AWS_SIGN_QUERY];
  header headers[NCL_AWS_SIGN_HEADERS + NCL_AWS_SIGNATURE_HEADERS];
  uint32_t header_count;
  char *names; /* lower-case names and the host */
  size_t names_len;
  char date[NCL_AWS_DATE_SIZE];
  char payload[NCL_AWS_SHA256_HEX];
  char request_hash[NCL_AWS_SHA256_HEX];
  char *signed_names; /* "content-type;host;..." */
  size_t signed_len;
} work;

static bool add(work *w, ncl_str text) {
  return ncl_aws_hash_add(w->crypto, text.ptr, text.len);
}

static bool add_text(work *w, const char *text) {
  return add(w, ncl_aws_str(text));
}

/* ---- the URL ----------------------------------------------------------------------------------------- */

/* False: neither http:// nor https://. */
static bool take_url(work *w) {
  ncl_str url = w->request->url;
  url.len = ncl_aws_find(url, '#');
  size_t scheme = ncl_aws_find_text(url, "://");
  w->is_https = ncl_aws_is_name(ncl_aws_cut(url, 0, scheme), "https");
  if (scheme == url.len || (!w->is_https && !ncl_aws_is_name(ncl_aws_cut(url, 0, scheme), "http"))) return false;
  url = ncl_aws_after(url, scheme + 3);
  size_t end = 0;
  while (end < url.len && url.ptr[end] != '/' && url.ptr[end] != '?')
    end++;
  w->host = ncl_aws_cut(url, 0, end);
  for (size_t at = ncl_aws_find(w->host, '@'); at < w->host.len; at = ncl_aws_find(w->host, '@'))
    w->host = ncl_aws_after(w->host, at + 1);
  ncl_str rest = ncl_aws_after(url, end);
  size_t question = ncl_aws_find(rest, '?');
  w->path = ncl_aws_cut(rest, 0, question);
  w->query = question < rest.len ? ncl_aws_after(rest, question + 1) : ncl_str_of(NULL, 0);
  return true;
}

/* The host as it stands in the header "Host": without the port that the scheme has anyway. */
static ncl_str host_header(const work *w) {
  ncl_str host = w->host;
  const char *dflt = w->is_https ? ":443" : ":80";
  size_t len = strlen(dflt);
  if (host.len > len && memcmp(host.ptr + host.len - len, dflt, len) == 0) host.len -= len;
  if (host.len > 0 && host.ptr[host.len - 1] == ':') host.len--;
  return host;
}

/* "." and ".." are resolved and empty segments left out, as AWS does before it looks at a signature. */
static size_t normalise(ncl_str path, char *out) {
  size_t len = 0, at = 0;
  while (at < path.len) {
    ncl_str segment = ncl_aws_after(path, at);
    segment.len = ncl_aws_find(segment, '/');
    at += segment.len + 1;
    if (segment.len == 0 || ncl_aws_is(segment, ".")) continue;
    if (ncl_aws_is(segment, "..")) {
      while (len > 0 && out[--len] != '/')
        continue;
      continue;
    }
    out[len++] = '/';
    memcpy(out + len, segment.ptr, segment.len);
    len += segment.len;
  }
  if (len == 0 || path.ptr[path.len - 1] == '/') out[len++] = '/';
  return len;
}

static bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

/* Escapes once more: what goes out has its escapes already, and the signature wants them escaped. */
static bool add_escaped(work *w, ncl_str text) {
  static const char digits[] = "0123456789ABCDEF";
  size_t from = 0;
  bool ok = true;
  for (size_t i = 0; ok && i < text.len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    if (is_unreserved(text.ptr[i]) || c == '/') continue;
    char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
    ok = add(w, ncl_aws_cut(text, from, i)) && add(w, ncl_str_of(escape, 3));
    from = i + 1;
  }
  return ok && add(w, ncl_aws_after(text, from));
}

static bool add_path(work *w) {
  if (w->path.len == 0) return add_text(w, "/");
  if (w->request->is_s3) return add(w, w->path);
  char *normal = malloc(w->path.len + 2);
  if (normal == NULL) return false;
  size_t len = normalise(w->path, normal);
  bool ok = add_escaped(w, ncl_str_of(normal, len));
  free(normal);
  return ok;
}

/* By the name, then by the value. */
static int by_name_and_value(const void *a, const void *b) {
  const ncl_str *x = a, *y = b;
  size_t x_name = ncl_aws_find(*x, '='), y_name = ncl_aws_find(*y, '=');
  size_t shared = x_name < y_name ? x_name : y_name;
  int order = shared > 0 ? memcmp(x->ptr, y->ptr, shared) : 0;
  if (order != 0) return order;
  if (x_name != y_name) return x_name < y_name ? -1 : 1;
  shared = x->len < y->len ? x->len : y->len;
  order = shared > 0 ? memcmp(x->ptr, y->ptr, shared) : 0;
  if (order != 0) return order;
  return x->len < y->len ? -1 : x->len > y->len;
}

/* False: too many parameters. */
static bool take_query(work *w, uint32_t *count) {
  ncl_str rest = w->query;
  *count = 0;
  if (rest.len == 0) return true;
  for (;;) {
    if (*count == NCL_AWS_SIGN_QUERY) return false;
    size_t end = ncl_aws_find(rest, '&');
    w->query_pairs[(*count)++] = ncl_aws_cut(rest, 0, end);
    if (end == rest.len) return true;
    rest = ncl_aws_after(rest, end + 1);
  }
}

static bool add_query(work *w, uint32_t count) {
  bool ok = true;
  qsort(w->query_pairs, count, sizeof *w->query_pairs, by_name_and_value);
  for (uint32_t i = 0; ok && i < count; i++) {
    ncl_str pair = w->query_pairs[i];
    ok = (i == 0 || add_text(w, "&")) && add(w, pair);
    if (ok && ncl_aws_find(pair, '=') == pair.len) ok = add_text(w, "=");
  }
  return ok;
}

/* ---- headers ----------------------------------------------------------------------------------------- */

/* What proxies and HTTP clients change on the way, and what this makes itself. */
static bool is_signed(ncl_str name) {
  static const char *const others[] = {"authorization",
                                       "x-amz-date",
                                       "x-amz-security-token",
                                       "baggage",
                                       "connection",
                                       "expect",
                                       "keep-alive",
                                       "proxy-authenticate",
                                       "proxy-authorization",
                                       "te",
                                       "traceparent",
                                       "tracestate",
                                       "trailer",
                                       "transfer-encoding",
                                       "upgrade",
                                       "user-agent",
                                       "x-amzn-trace-id"};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    if (ncl_aws_is_name(name, others[i])) return false;
  }
  return true;
}

static ncl_str lower(work *w, ncl_str text) {
  char *at = w->names + w->names_len;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    at[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
  }
  w->names_len += text.len;
  return ncl_str_of(at, text.len);
}

static void add_header(work *w, ncl_str name, ncl_str value) {
  uint32_t place = w->header_count++;
  w->headers[place] = (header){name, value, place};
}

static int by_name(const void *a, const void *b) {
  const header *x = a, *y = b;
  size_t shared = x->name.len < y->name.len ? x->name.len : y->name.len;
  int order = memcmp(x->name.ptr, y->name.ptr, shared);
  if (order != 0) return order;
  if (x->name.len != y->name.len) return x->name.len < y->name.len ? -1 : 1;
  return x->place < y->place ? -1 : 1;
}

static bool find_header(const ncl_aws_to_sign *request, const char *name, ncl_str *value) {
  for (uint32_t i = 0; i < request->header_count; i++) {
    if (!ncl_aws_is_name(request->headers[i].name, name)) continue;
    *value = request->headers[i].value;
    return true;
  }
  return false;
}

static ncl_status take_headers(work *w) {
  const ncl_aws_to_sign *request = w->request;
  size_t size = w->host.len + 1;
  ncl_str ignored;
  for (uint32_t i = 0; i < request->header_count; i++)
    size += request->headers[i].name.len;
  w->names = malloc(size);
  if (w->names == NULL) return NCL_NO_MEMORY;
  for (uint32_t i = 0; i < request->header_count; i++) {
    const ncl_pair *pair = &request->headers[i];
    if (pair->name.len > 0 && is_signed(pair->name)) add_header(w, lower(w, pair->name), pair->value);
  }
  if (!find_header(request, "host", &ignored)) add_header(w, ncl_aws_str("host"), lower(w, host_header(w)));
  add_header(w, ncl_aws_str("x-amz-date"), ncl_aws_str(w->date));
  if (request->session_token.len > 0) add_header(w, ncl_aws_str("x-amz-security-token"), request->session_token);
  if (request->is_s3 && !find_header(request, "x-amz-content-sha256", &ignored)) {
    add_header(w, ncl_aws_str("x-amz-content-sha256"), ncl_str_of(w->payload, sizeof w->payload));
  }
  qsort(w->headers, w->header_count, sizeof *w->headers, by_name);
  return NCL_OK;
}

/* Spaces around a value go, and several in it become one. */
static bool add_value(work *w, ncl_str value) {
  bool ok = true, is_first = true;
  size_t at = 0;
  while (ok && at < value.len) {
    while (at < value.len && ncl_aws_is_space(value.ptr[at]))
      at++;
    size_t end = at;
    while (end < value.len && !ncl_aws_is_space(value.ptr[end]))
      end++;
    if (end == at) break;
    ok = (is_first || add_text(w, " ")) && add(w, ncl_aws_cut(value, at, end));
    is_first = false;
    at = end;
  }
  return ok;
}

static bool add_headers(work *w) {
  bool ok = true;
  for (uint32_t i = 0; ok && i < w->header_count; i++) {
    const header *h = &w->headers[i];
    bool goes_on = i > 0 && ncl_aws_same(h->name, w->headers[i - 1].name);
    if (goes_on) {
      ok = add_text(w, ",");
    } else {
      ok = (i == 0 || add_text(w, "\n")) && add(w, h->name) && add_text(w, ":");
    }
    ok = ok && add_value(w, h->value);
  }
  return ok && add_text(w, "\n");
}

static bool list_names(work *w) {
  size_t size = 1;
  for (uint32_t i = 0; i < w->header_count; i++)
    size += w->headers[i].name.len + 1;
  w->signed_names = malloc(size);
  if (w->signed_names == NULL) return false;
  for (uint32_t i = 0; i < w->header_count; i++) {
    ncl_str name = w->headers[i].name;
    if (i > 0 && ncl_aws_same(name, w->headers[i - 1].name)) continue;
    if (i > 0) w->signed_names[w->signed_len++] = ';';
    memcpy(w->signed_names + w->signed_len, name.ptr, name.len);
    w->signed_len += name.len;
  }
  return true;
}

/* ---- hashes ------------------------------------------------------------------------------------------ */

static bool hash_payload(work *w, ncl_str *payload) {
  *payload = ncl_str_of(w->payload, sizeof w->payload);
  if (find_header(w->request, "x-amz-content-sha256", payload)) return true;
  if (w->request->body.count > 0) return ncl_aws_hash_pieces(w->crypto, &w->request->body, w->payload);
  memcpy(w->payload, EMPTY_SHA256, sizeof w->payload);
  return true;
}

static bool hash_request(work *w, ncl_str payload, uint32_t query_count) {
  bool ok = ncl_aws_hash_begin(w->crypto) && add(w, w->request->method) && add_text(w, "\n") && add_path(w) &&
            add_text(w, "\n") && add_query(w, query_count) && add_text(w, "\n") && add_headers(w) &&
            add_text(w, "\n") && add(w, ncl_str_of(w->signed_names, w->signed_len)) && add_text(w, "\n") &&
            add(w, payload);
  return ok && ncl_aws_hash_end(w->crypto, w->request_hash);
}

/* "20260102/us-east-1/xray/aws4_request" */
static int scope(const work *w, char *into, size_t size) {
  return snprintf(into, size, "%.8s/%.*s/%.*s/aws4_request", w->date, NCL_AWS_FMT(w->request->region),
                  NCL_AWS_FMT(w->request->service));
}

static bool sign_text(const work *w, ncl_str text, char hex[NCL_AWS_SHA256_HEX]) {
  const ncl_aws_to_sign *request = w->request;
  uint8_t key[NCL_AWS_SHA256], next[NCL_AWS_SHA256];
  size_t first_len = 4 + request->secret_access_key.len;
  uint8_t *first = malloc(first_len);
  if (first == NULL) return false;
  memcpy(first, "AWS4", 4);
  if (first_len > 4) memcpy(first + 4, request->secret_access_key.ptr, first_len - 4);
  const ncl_str steps[] = {ncl_str_of(w->date, 8), request->region, request->service, ncl_aws_str("aws4_request"),
                           text};
  bool ok = ncl_aws_hmac(w->crypto, (ncl_range){first, first_len}, steps[0], key);
  for (size_t i = 1; ok && i < sizeof steps / sizeof steps[0]; i++) {
    ok = ncl_aws_hmac(w->crypto, (ncl_range){key, sizeof key}, steps[i], next);
    memcpy(key, next, sizeof key);
  }
  ncl_aws_hex(key, sizeof key, hex);
  ncl_aws_wipe(first, first_len);
  ncl_aws_wipe(key, sizeof key);
  ncl_aws_wipe(next, sizeof next);
  free(first);
  return ok;
}

static bool sign_request(const work *w, char hex[NCL_AWS_SHA256_HEX]) {
  char text[512];
  int len = snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n", w->date);
  len += scope(w, text + len, sizeof text - (size_t)len);
  if (len < 0 || (size_t)len + NCL_AWS_SHA256_HEX + 1 > sizeof text) return false;
  text[len++] = '\n';
  memcpy(text + len, w->request_hash, NCL_AWS_SHA256_HEX);
  return sign_text(w, ncl_str_of(text, (size_t)len + NCL_AWS_SHA256_HEX), hex);
}

/* ---- the answer -------------------------------------------------------------------------------------- */

static void put(ncl_aws_signature *signature, const char *name, ncl_str value) {
  char *at = signature->text + signature->text_len;
  memcpy(at, value.ptr, value.len);
  signature->text_len += value.len;
  signature->headers[signature->count++] = (ncl_pair){ncl_aws_str(name), ncl_str_of(at, value.len)};
}

static bool put_headers(const work *w, const char *hex, ncl_aws_signature *signature) {
  const ncl_aws_to_sign *request = w->request;
  ncl_str ignored;
  char where[300];
  if (scope(w, where, sizeof where) >= (int)sizeof where) return false;
  size_t line = request->access_key_id.len + strlen(where) + w->signed_len + NCL_AWS_SHA256_HEX + 80;
  signature->text = malloc(line + sizeof w->date + request->session_token.len + sizeof w->payload);
  if (signature->text == NULL) return false;
  int len = snprintf(signature->text, line, "AWS4-HMAC-SHA256 Credential=%.*s/%s, SignedHeaders=%.*s, Signature=%.*s",
                     NCL_AWS_FMT(request->access_key_id), where, (int)w->signed_len, w->signed_names,
                     (int)NCL_AWS_SHA256_HEX, hex);
  signature->headers[signature->count++] =
      (ncl_pair){ncl_aws_str("Authorization"), ncl_str_of(signature->text, (size_t)len)};
  signature->text_len = (size_t)len;
  put(signature, "X-Amz-Date", ncl_aws_str(w->date));
  if (request->session_token.len > 0) put(signature, "X-Amz-Security-Token", request->session_token);
  if (request->is_s3 && !find_header(request, "x-amz-content-sha256", &ignored)) {
    put(signature, "X-Amz-Content-Sha256", ncl_str_of(w->payload, sizeof w->payload));
  }
  return true;
}

static ncl_status run(work *w, ncl_aws_signature *signature, const char **why) {
  uint32_t query_count;
  ncl_str payload;
  char hex[NCL_AWS_SHA256_HEX];
  *why = "a request has more than 128 headers";
  if (w->request->header_count > NCL_AWS_SIGN_HEADERS) return NCL_PERMANENT;
  *why = "an URL that is signed has to begin with http:// or https://";
  if (!take_url(w)) return NCL_PERMANENT;
  *why = "a request has more than 256 parameters in its query";
  if (!take_query(w, &query_count)) return NCL_PERMANENT;
  *why = "a region and a service of more than 200 characters";
  if (w->request->region.len + w->request->service.len > 200) return NCL_PERMANENT;
  *why = "no memory to sign a request";
  ncl_aws_date_basic(w->request->wall_ns, w->date);
  bool ok = hash_payload(w, &payload) && take_headers(w) == NCL_OK && list_names(w);
  ok = ok && hash_request(w, payload, query_count) && sign_request(w, hex) && put_headers(w, hex, signature);
  return ok ? NCL_OK : NCL_NO_MEMORY;
}

ncl_status ncl_aws_sign(ncl_aws_crypto *crypto, const ncl_aws_to_sign *request, ncl_aws_signature *signature,
                        const char **why) {
  *signature = (ncl_aws_signature){0};
  work *w = calloc(1, sizeof *w);
  if (w == NULL) {
    *why = "no memory to sign a request";
    return NCL_NO_MEMORY;
  }
  w->crypto = crypto;
  w->request = request;
  ncl_status status = run(w, signature, why);
  free(w->names);
  free(w->signed_names);
  free(w);
  return status;
}

void ncl_aws_signature_close(ncl_aws_signature *signature) {
  ncl_aws_wipe(signature->text, signature->text_len);
  free(signature->text);
  *signature = (ncl_aws_signature){0};
}

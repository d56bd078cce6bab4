/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/http/pages_config.c: what the table of fields cannot check by itself; and small readers of requests. */
#include <string.h>
#include <strings.h>

#include "pages.h"

const ncl_value *ncl_pages_child(const ncl_value *map, const char *name) {
  return ncl_value_get(map, ncl_str_of(name, strlen(name)));
}

static ncl_status fault(const ncl_create *create, const ncl_value *where, const char *message, const char *hint) {
  create->host->config_error(create->me, where, ncl_str_of(message, strlen(message)), ncl_str_of(hint, strlen(hint)));
  return NCL_PERMANENT;
}

/* ---- addresses ------------------------------------------------------------------------------------ */

static bool has_prefix(ncl_str text, const char *prefix) {
  size_t len = strlen(prefix);
  return text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

static bool is_port(ncl_str text) {
  uint32_t port = 0;
  for (size_t i = 0; i < text.len && port <= 65535; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
    port = port * 10 + (uint32_t)(text.ptr[i] - '0');
  }
  return text.len > 0 && port <= 65535;
}

static ncl_status check_endpoint(const ncl_create *create, const ncl_value *section) {
  const ncl_value *endpoint = ncl_pages_child(section, "endpoint");
  ncl_str text = endpoint->s;
  if (text.len == 0) return fault(create, endpoint, "the endpoint is empty", "use host:port");
  if (ncl_pages_child(section, "transport")->s.len == 4 && ncl_pages_child(section, "transport")->s.ptr[0] == 'u') {
    return NCL_OK;
  }
  if (has_prefix(text, "unix://")) return NCL_OK;
  const char *colon = memrchr(text.ptr, ':', text.len);
  if (memmem(text.ptr, text.len, "://", 3) != NULL) {
    return fault(create, endpoint, "the endpoint has a scheme", "use host:port, without http://");
  }
  if (colon == NULL) return fault(create, endpoint, "the endpoint has no port", "use host:port");
  if (!is_port(ncl_str_of(colon + 1, (size_t)(text.ptr + text.len - colon - 1)))) {
    return fault(create, endpoint, "the endpoint's port is not a number from 0 to 65535", "use host:port");
  }
  return NCL_OK;
}

uint32_t ncl_pages_is_local(ncl_str endpoint) {
  static const char name[] = "localhost:";
  if (has_prefix(endpoint, "unix:") || has_prefix(endpoint, "/")) return 1;
  if (has_prefix(endpoint, "[::1]:") || has_prefix(endpoint, "127.")) return 1;
  return endpoint.len >= sizeof name - 1 && strncasecmp(endpoint.ptr, name, sizeof name - 1) == 0;
}

/* ---- the rest of the section ---------------------------------------------------------------------- */

static ncl_status check_tls(const ncl_create *create, const ncl_value *section) {
  const ncl_value *tls = ncl_pages_child(section, "tls");
  ncl_status status = NCL_OK;
  if (!ncl_config_is_on(tls)) return NCL_OK;
  if (ncl_pages_child(tls, "cert_file")->s.len == 0 && ncl_pages_child(tls, "cert_pem")->s.len == 0) {
    status = fault(create, tls, "TLS of a server needs a certificate", "set cert_file (or cert_pem)");
  }
  if (ncl_pages_child(tls, "key_file")->s.len == 0 && ncl_pages_child(tls, "key_pem")->s.len == 0) {
    status = fault(create, tls, "TLS of a server needs the key of its certificate", "set key_file (or key_pem)");
  }
  return status;
}

/* What is not built must not be believed to work. */
static ncl_status check_unbuilt(const ncl_create *create, const ncl_value *section) {
  const ncl_value *auth = ncl_pages_child(section, "auth");
  const ncl_value *middlewares = ncl_pages_child(section, "middlewares");
  ncl_status status = NCL_OK;
  if (auth != NULL && auth->kind != NCL_VALUE_NULL && auth->is_set) {
    status = fault(create, auth, "authentication of clients is not built yet",
                   "remove it, and keep the port from strangers by tls.client_ca_file or by the network");
  }
  if (ncl_config_count(middlewares) > 0) {
    status = fault(create, middlewares, "middlewares are not supported", "remove them");
  }
  return status;
}

static bool is_header_name(ncl_str name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.ptr[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) return false;
  }
  return name.len > 0;
}

static bool is_header_value(ncl_str value) {
  for (size_t i = 0; i < value.len; i++) {
    uint8_t c = (uint8_t)value.ptr[i];
    if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
  }
  return true;
}

static ncl_status check_headers(const ncl_create *create, const ncl_value *section) {
  const ncl_value *item;
  ncl_status status = NCL_OK;
  const ncl_value *headers = ncl_pages_child(section, "response_headers");
  if (ncl_config_count(headers) > NCL_PAGES_RESPONSE_HEADERS) {
    return fault(create, headers, "there are more than 32 response_headers", "remove some");
  }
  for (uint32_t i = 0; (item = ncl_config_at(headers, i)) != NULL; i++) {
    if (!is_header_name(item->key)) {
      status = fault(create, item, "this is not a name of a header", "use letters, digits and -");
    } else if (!is_header_value(item->s)) {
      status = fault(create, item, "the value has characters that a header may not have", "remove line breaks");
    }
  }
  return status;
}

ncl_status ncl_pages_check(const ncl_create *create, const ncl_value *section) {
  ncl_status all[] = {check_endpoint(create, section), check_tls(create, section), check_unbuilt(create, section),
                      check_headers(create, section)};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    if (all[i] != NCL_OK) return all[i];
  }
  return NCL_OK;
}

/* ---- requests ------------------------------------------------------------------------------------- */

ncl_str ncl_pages_header(const ncl_http_request *request, ncl_str name) {
  for (uint32_t i = 0; i < request->headers.count; i++) {
    const ncl_pair *header = ncl_array_at(&request->headers, i);
    if (header->name.len == name.len && memcmp(header->name.ptr, name.ptr, name.len) == 0) return header->value;
  }
  return (ncl_str){NULL, 0};
}

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes %xx and + of `text`; a % that no two digits follow stays. Returns the bytes written. */
static size_t decode(ncl_str text, char *room, size_t size) {
  size_t len = 0;
  for (size_t i = 0; i < text.len && len < size; i++) {
    char c = text.ptr[i] == '+' ? ' ' : text.ptr[i];
    if (c == '%' && text.len - i > 2 && hex(text.ptr[i + 1]) >= 0 && hex(text.ptr[i + 2]) >= 0) {
      c = (char)(hex(text.ptr[i + 1]) * 16 + hex(text.ptr[i + 2]));
      i += 2;
    }
    room[len++] = c;
  }
  return len;
}

uint32_t ncl_pages_query(ncl_str query, ncl_str name, char *room, size_t size, ncl_str *value) {
  if (name.len >= size) return 0; /* else a longer one, cut, could be taken for it */
  for (size_t at = 0, end; at < query.len; at = end + 1) {
    for (end = at; end < query.len && query.ptr[end] != '&';)
      end++;
    const char *equals = memchr(query.ptr + at, '=', end - at);
    size_t key_end = equals == NULL ? end : (size_t)(equals - query.ptr);
    size_t len = decode(ncl_str_of(query.ptr + at, key_end - at), room, size);
    if (len != name.len || memcmp(room, name.ptr, len) != 0) continue;
    size_t from = key_end < end ? key_end + 1 : end;
    *value = ncl_str_of(room, decode(ncl_str_of(query.ptr + from, end - from), room, size));
    return 1;
  }
  return 0;
}

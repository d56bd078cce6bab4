/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/config/http_settings.c: from the section of a component that listens to what ncl.http_server wants to know. */
#include <nacelle/config_fill.h>
#include <nacelle/http_settings.h>
#include <nacelle/tls_client_fields.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_BODY (INT64_C(20) << 20)
#define SECOND_NS INT64_C(1000000000)
#define HEADERS_MAX 32u
/* Places in ncl_http_transports. */
enum { TCP, TCP4, TCP6, UNIX };

/* Where mistakes are reported, and whether there was one. */
typedef struct report {
  const ncl_create *create;
  const ncl_value *section;
  ncl_status status;
} report;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static const ncl_value *child(const ncl_value *map, const char *name) {
  return ncl_value_get(map, str(name));
}

static int64_t number(const ncl_value *map, const char *name) {
  return ncl_config_int(map, str(name), 0);
}

static void refuse(report *r, const ncl_value *where, const char *message, const char *hint) {
  r->create->host->config_error(r->create->me, where, str(message), str(hint));
  r->status = NCL_PERMANENT;
}

static void warn(const report *r, const ncl_value *where, const char *message, const char *hint) {
  r->create->host->config_warning(r->create->me, where, str(message), str(hint));
}

static void warn_if_written(const report *r, const char *name, const char *message) {
  const ncl_value *value = child(r->section, name);
  if (value != NULL && value->is_set != 0) warn(r, value, message, "remove it");
}

/* ---- the endpoint ------------------------------------------------------------------------------------------------ */

static bool is_port(ncl_str text) {
  uint32_t port = 0;
  if (text.len == 0 || text.len > 5) return false;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
    port = port * 10 + (uint32_t)(text.ptr[i] - '0');
  }
  return port <= 65535;
}

static bool has_scheme(ncl_str endpoint) {
  return endpoint.len >= 7 && memcmp(endpoint.ptr, "unix://", 7) == 0;
}

static bool put_endpoint(ncl_http_settings *settings, const char *before, ncl_str rest) {
  int n = snprintf(settings->endpoint, sizeof(settings->endpoint), "%s%.*s", before, (int)rest.len, rest.ptr);
  if (n < 0 || (size_t)n >= sizeof(settings->endpoint)) return false;
  settings->config.endpoint = ncl_str_of(settings->endpoint, (size_t)n);
  return true;
}

static void read_socket(report *r, ncl_http_settings *settings, const ncl_value *where, ncl_str path) {
  if (has_scheme(path)) path = ncl_str_of(path.ptr + 7, path.len - 7);
  if (path.len == 0 || path.ptr[0] != '/') {
    refuse(r, where, "the path of the socket is not absolute", "write it as unix:///run/nacelle/otlp.sock");
  } else if (path.len > 107 || !put_endpoint(settings, "unix://", path)) {
    refuse(r, where, "the path of the socket is longer than 107 bytes", "choose a shorter one");
  }
}

/* tcp4 and tcp6 choose among the addresses that an empty host and localhost stand for; elsewhere the host says it. */
static void read_family(report *r, ncl_http_settings *settings, const ncl_value *where, ncl_str host, ncl_str rest,
                        bool four) {
  bool empty = host.len == 0, local = host.len == 9 && strncasecmp(host.ptr, "localhost", 9) == 0;
  bool six = host.len > 0 && host.ptr[0] == '[';
  bool digits = host.len > 0 && strspn(host.ptr, "0123456789.") >= host.len; /* ":" follows */
  if (empty || local) {
    const char *address = four ? (empty ? "0.0.0.0" : "127.0.0.1") : (empty ? "[::]" : "[::1]");
    (void)put_endpoint(settings, address, rest);
  } else if (four ? six : digits) {
    refuse(
        r, where,
        four ? "an IPv6 address does not go with transport: tcp4" : "an IPv4 address does not go with transport: tcp6",
        "use transport: tcp");
  } else if (!six && !digits) {
    warn(r, child(r->section, "transport"), "the name's address decides whether IPv4 or IPv6 is used",
         "write an address in the endpoint");
  }
}

static void read_endpoint(report *r, ncl_http_settings *settings) {
  const ncl_value *where = child(r->section, "endpoint");
  ncl_str endpoint = where != NULL ? where->s : str("");
  int64_t transport = number(r->section, "transport");
  settings->config.endpoint = endpoint;
  if (endpoint.len == 0) {
    refuse(r, where, "the endpoint is empty", "use host:port, as localhost:4317");
    return;
  }
  if (transport == UNIX || has_scheme(endpoint)) {
    read_socket(r, settings, where, endpoint);
    return;
  }
  if (memmem(endpoint.ptr, endpoint.len, "://", 3) != NULL) {
    refuse(r, where, "the endpoint has a scheme", "use host:port, as localhost:4317, without http://");
    return;
  }
  const char *colon = memrchr(endpoint.ptr, ':', endpoint.len);
  if (colon == NULL) {
    refuse(r, where, "the endpoint has no port", "use host:port, as localhost:4317");
    return;
  }
  ncl_str host = ncl_str_of(endpoint.ptr, (size_t)(colon - endpoint.ptr));
  ncl_str rest = ncl_str_of(colon, endpoint.len - host.len);
  if (!is_port(ncl_str_of(rest.ptr + 1, rest.len - 1))) {
    refuse(r, where, "the endpoint's port is not a number from 0 to 65535",
           "use host:port, as localhost:4317, without http://");
  } else if (transport != TCP) {
    read_family(r, settings, where, host, rest, transport == TCP4);
  }
}

/* ---- what both have ---------------------------------------------------------------------------------------------- */

static void read_common(report *r, ncl_http_settings *settings) {
  const ncl_value *auth = child(r->section, "auth");
  read_endpoint(r, settings);
  settings->config.tls = child(r->section, "tls");
  if (ncl_tls_section_check(r->create, settings->config.tls, 1) != NCL_OK) r->status = NCL_PERMANENT;
  settings->include_metadata = number(r->section, "include_metadata");
  if (ncl_config_is_on(auth)) {
    settings->authenticator = ncl_config_str(auth, str("authenticator"), str(""));
    settings->config.auth_params = child(auth, "request_params");
  }
  warn_if_written(r, "dialer", "this has no effect: it is for components that connect");
  if (ncl_config_count(child(r->section, "middlewares")) > 0) {
    refuse(r, child(r->section, "middlewares"), "middlewares are not supported", "remove them");
  }
}

/* ---- gRPC -------------------------------------------------------------------------------------------------------- */

static int64_t or_else(int64_t value, int64_t otherwise) {
  return value > 0 ? value : otherwise;
}

static void read_grpc(report *r, ncl_http_settings *settings) {
  static const char no_effect[] = "this has no effect: all connections share their buffers";
  ncl_http_port_config *config = &settings->config;
  const ncl_value *keepalive = child(r->section, "keepalive");
  const ncl_value *server = child(keepalive, "server_parameters"), *policy = child(keepalive, "enforcement_policy");
  warn_if_written(r, "read_buffer_size", no_effect);
  warn_if_written(r, "write_buffer_size", no_effect);
  settings->limit_key = "max_recv_msg_size_mib";
  config->max_body = (uint64_t)or_else(number(r->section, "max_recv_msg_size_mib"), 4) << 20;
  config->max_concurrent_streams = (uint32_t)number(r->section, "max_concurrent_streams");
  config->max_connection_idle_ns = number(server, "max_connection_idle");
  config->max_connection_age_ns = number(server, "max_connection_age");
  config->max_connection_age_grace_ns = number(server, "max_connection_age_grace");
  config->ping_time_ns = or_else(number(server, "time"), 7200 * SECOND_NS);
  config->ping_timeout_ns = or_else(number(server, "timeout"), 20 * SECOND_NS);
  if (!ncl_config_is_on(policy)) return;
  config->ping_min_time_ns = or_else(number(policy, "min_time"), 300 * SECOND_NS);
  config->ping_without_stream = number(policy, "permit_without_stream") != 0;
}

/* ---- HTTP -------------------------------------------------------------------------------------------------------- */

static void read_encodings(report *r, ncl_http_settings *settings) {
  static const char *const known[] = {"", "gzip", "zstd", "zlib", "snappy", "deflate", "lz4", "x-snappy-framed"};
  const ncl_value *item, *list = child(r->section, "compression_algorithms");
  settings->config.encodings = list;
  for (uint32_t i = 0; (item = ncl_config_at(list, i)) != NULL; i++) {
    bool found = false;
    for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
      found = found || (strlen(known[k]) == item->s.len && memcmp(known[k], item->s.ptr, item->s.len) == 0);
    if (!found) {
      refuse(r, item, "this compression is not known",
             "known are \"\", gzip, zstd, zlib, deflate, snappy, x-snappy-framed and lz4");
    }
  }
}

static bool is_header_name(ncl_str name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.ptr[i];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) return false;
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

static void read_headers(report *r, ncl_http_settings *settings) {
  const ncl_value *item, *map = child(r->section, "response_headers");
  if (ncl_config_count(map) > 0) settings->config.response_headers = map;
  if (ncl_config_count(map) > HEADERS_MAX) refuse(r, map, "more than 32 response headers", "remove some");
  for (uint32_t i = 0; (item = ncl_config_at(map, i)) != NULL; i++) {
    if (is_header_name(item->key) && is_header_value(item->s)) continue;
    refuse(r, item, "this cannot be a header of HTTP", "names are letters, digits and -; values have no line breaks");
  }
}

static void read_cors(report *r, ncl_http_settings *settings) {
  const ncl_value *item, *cors = child(r->section, "cors");
  const ncl_value *origins = child(cors, "allowed_origins"), *headers = child(cors, "allowed_headers");
  settings->config.cors = cors;
  for (uint32_t i = 0; (item = ncl_config_at(origins, i)) != NULL; i++) {
    const char *star = item->s.len > 0 ? memchr(item->s.ptr, '*', item->s.len) : NULL;
    if (star == NULL || memchr(star + 1, '*', item->s.len - (size_t)(star + 1 - item->s.ptr)) == NULL) continue;
    refuse(r, item, "an origin may hold one * only", "list the origins one by one");
  }
  if (ncl_config_is_on(cors) && ncl_config_count(origins) == 0) {
    warn(r, ncl_config_count(headers) > 0 ? headers : cors,
         "this has no effect without allowed_origins: no page of another origin may send", "set allowed_origins");
  }
}

/* 0 and less in the config mean never; 0 for the server means its default. */
static int64_t or_never(int64_t ns) {
  return ns > 0 ? ns : NCL_HTTP_NO_TIMEOUT;
}

static void read_http(report *r, ncl_http_settings *settings) {
  ncl_http_port_config *config = &settings->config;
  settings->limit_key = "max_request_body_size";
  config->max_body = (uint64_t)or_else(number(r->section, "max_request_body_size"), DEFAULT_BODY);
  config->read_timeout_ns = or_never(number(r->section, "read_timeout"));
  config->read_header_timeout_ns = or_else(number(r->section, "read_header_timeout"), config->read_timeout_ns);
  config->write_timeout_ns = or_never(number(r->section, "write_timeout"));
  config->idle_timeout_ns = or_else(number(r->section, "idle_timeout"), config->read_timeout_ns);
  config->keep_alive_off = number(r->section, "keep_alives_enabled") == 0;
  read_encodings(r, settings);
  read_headers(r, settings);
  read_cors(r, settings);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

ncl_status ncl_http_settings_read(const ncl_create *create, const ncl_value *section, uint32_t is_grpc,
                                  ncl_http_settings *settings) {
  report r = {create, section, NCL_OK};
  memset(settings, 0, sizeof(*settings));
  settings->section = section;
  settings->config.struct_size = sizeof(settings->config);
  read_common(&r, settings);
  if (is_grpc) {
    read_grpc(&r, settings);
  } else {
    read_http(&r, settings);
  }
  return r.status;
}

ncl_status ncl_http_settings_check(const ncl_create *create, const ncl_http_settings *settings) {
  return ncl_tls_files_check(create->host, create->me, child(settings->section, "tls"));
}

ncl_status ncl_http_settings_bind(const ncl_host *host, ncl_component *me, ncl_http_settings *settings,
                                  ncl_outcome *outcome) {
  if (settings->authenticator.len == 0) return NCL_OK;
  settings->config.auth = host->component_interface(me, settings->authenticator, str(NCL_AUTH_SERVER_1), outcome);
  if (settings->config.auth != NULL) return NCL_OK;
  return outcome->status != NCL_OK ? outcome->status : NCL_PERMANENT;
}

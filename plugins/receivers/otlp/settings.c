/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: the config of the receiver: what the table of fields cannot check by itself. */
#include <nacelle/config_fill.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "otlp.h"

static const ncl_value *child(const ncl_value *map, const char *name) {
  return ncl_value_get(map, ncl_str_of(name, strlen(name)));
}

static bool is_written(const ncl_value *value) {
  return value != NULL && value->is_set != 0;
}

static ncl_status fault(const ncl_create *create, const ncl_value *where, const char *message, const char *hint) {
  create->host->config_error(create->me, where, ncl_str_of(message, strlen(message)), ncl_str_of(hint, strlen(hint)));
  return NCL_PERMANENT;
}

static void warn(const ncl_create *create, const ncl_value *where, const char *message, const char *hint) {
  create->host->config_warning(create->me, where, ncl_str_of(message, strlen(message)), ncl_str_of(hint, strlen(hint)));
}

/* ---- checks of a section ---------------------------------------------------------------------------------------- */

static bool is_port(ncl_str text) {
  uint32_t port = 0;
  if (text.len == 0 || text.len > 5) return false;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
    port = port * 10 + (uint32_t)(text.ptr[i] - '0');
  }
  return port <= 65535;
}

static ncl_status check_endpoint(const ncl_create *create, const ncl_value *section, ncl_str endpoint,
                                 int64_t transport) {
  const ncl_value *where = child(section, "endpoint");
  static const char scheme[] = "unix://";
  if (endpoint.len == 0) return fault(create, where, "the endpoint is empty", "use host:port, as localhost:4317");
  if (transport == NCL_OTLP_TRANSPORT_UNIX) return NCL_OK;
  if (endpoint.len > sizeof(scheme) - 1 && memcmp(endpoint.ptr, scheme, sizeof(scheme) - 1) == 0) return NCL_OK;
  const char *colon = memrchr(endpoint.ptr, ':', endpoint.len);
  if (colon == NULL) return fault(create, where, "the endpoint has no port", "use host:port, as localhost:4317");
  ncl_str port = ncl_str_of(colon + 1, (size_t)(endpoint.ptr + endpoint.len - colon - 1));
  if (!is_port(port)) {
    return fault(create, where, "the endpoint's port is not a number from 0 to 65535",
                 "use host:port, as localhost:4317, without http://");
  }
  return NCL_OK;
}

/* A server needs a certificate and its key, one of the two ways each. */
static ncl_status check_tls(const ncl_create *create, const ncl_value *section) {
  const ncl_value *tls = child(section, "tls");
  ncl_status status = NCL_OK;
  if (!ncl_config_is_on(tls)) return NCL_OK;
  if (child(tls, "cert_file")->s.len == 0 && child(tls, "cert_pem")->s.len == 0) {
    status = fault(create, tls, "TLS of a server needs a certificate", "set cert_file (or cert_pem)");
  }
  if (child(tls, "key_file")->s.len == 0 && child(tls, "key_pem")->s.len == 0) {
    status = fault(create, tls, "TLS of a server needs the key of its certificate", "set key_file (or key_pem)");
  }
  return status;
}

/* What is not built must not be believed to work. */
static ncl_status check_unbuilt(const ncl_create *create, const ncl_value *section) {
  ncl_status status = NCL_OK;
  if (ncl_config_is_on(child(section, "auth"))) {
    status = fault(create, child(section, "auth"), "authentication of clients is not built yet",
                   "remove it, and keep the port from strangers by tls.client_ca_file or by the network");
  }
  if (ncl_config_count(child(section, "middlewares")) > 0) {
    status = fault(create, child(section, "middlewares"), "middlewares are not supported", "remove them");
  }
  return status;
}

static ncl_status check_section(const ncl_create *create, const ncl_value *section, ncl_str endpoint,
                                int64_t transport) {
  ncl_status status = check_endpoint(create, section, endpoint, transport);
  ncl_status tls = check_tls(create, section), unbuilt = check_unbuilt(create, section);
  if (tls != NCL_OK) status = tls;
  return unbuilt != NCL_OK ? unbuilt : status;
}

static ncl_status check_grpc(const ncl_create *create, ncl_otlp_settings *settings) {
  const ncl_value *section = settings->grpc_section;
  static const char *const buffers[] = {"read_buffer_size", "write_buffer_size"};
  for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
    if (!is_written(child(section, buffers[i]))) continue;
    warn(create, child(section, buffers[i]), "this has no effect: all connections share their buffers", "remove it");
  }
  const ncl_value *policy = child(child(section, "keepalive"), "enforcement_policy");
  if (ncl_config_is_on(policy)) {
    warn(create, policy, "this has no effect: pings of clients are always answered, up to 100 a second", "remove it");
  }
  if (settings->grpc.max_recv_msg_size_mib == 0) settings->grpc.max_recv_msg_size_mib = 4;
  return check_section(create, section, settings->grpc.endpoint, settings->grpc.transport);
}

/* ---- http ------------------------------------------------------------------------------------------------------- */

static ncl_status check_compression(const ncl_create *create, const ncl_value *list) {
  static const ncl_str known[] = {NCL_STR(""),       NCL_STR("gzip"),    NCL_STR("zstd"), NCL_STR("zlib"),
                                  NCL_STR("snappy"), NCL_STR("deflate"), NCL_STR("lz4"),  NCL_STR("x-snappy-framed")};
  ncl_status status = NCL_OK;
  const ncl_value *item;
  for (uint32_t i = 0; (item = ncl_config_at(list, i)) != NULL; i++) {
    bool found = false;
    for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
      found = found || ncl_otlp_same(item->s, known[k]);
    if (!found) {
      status = fault(create, item, "this compression is not known",
                     "known are \"\", gzip, zstd, zlib, deflate, snappy, x-snappy-framed and lz4");
    }
  }
  return status;
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

static ncl_status check_headers(const ncl_create *create, const ncl_value *map) {
  ncl_status status = NCL_OK;
  const ncl_value *item;
  if (ncl_config_count(map) > 32) return fault(create, map, "more than 32 response headers", "remove some");
  for (uint32_t i = 0; (item = ncl_config_at(map, i)) != NULL; i++) {
    if (!is_header_name(item->key) || !is_header_value(item->s)) {
      status = fault(create, item, "this cannot be a header of HTTP",
                     "names are letters, digits and -; values have no line breaks");
    }
  }
  return status;
}

/* At most one * in an origin. */
static ncl_status check_origins(const ncl_create *create, const ncl_value *list) {
  ncl_status status = NCL_OK;
  const ncl_value *item;
  for (uint32_t i = 0; (item = ncl_config_at(list, i)) != NULL; i++) {
    uint32_t stars = 0;
    for (size_t k = 0; k < item->s.len; k++)
      stars += item->s.ptr[k] == '*';
    if (stars > 1) status = fault(create, item, "an origin may hold one * only", "list the origins one by one");
  }
  return status;
}

static ncl_status check_http(const ncl_create *create, ncl_otlp_settings *settings) {
  ncl_otlp_http *http = &settings->http;
  ncl_status status = check_section(create, settings->http_section, http->endpoint, http->transport);
  ncl_status parts[] = {check_compression(create, http->compression_algorithms),
                        check_headers(create, http->response_headers), check_origins(create, http->allowed_origins)};
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
    if (parts[i] != NCL_OK) status = parts[i];
  }
  if (http->max_request_body_size <= 0) http->max_request_body_size = INT64_C(20) << 20;
  return status;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

ncl_status ncl_otlp_settings_read(const ncl_create *create, ncl_otlp_settings *settings) {
  const ncl_value *protocols = child(create->config, "protocols");
  memset(settings, 0, sizeof(*settings));
  /* What holds for OTLP/HTTP on a gRPC port where http itself is off. */
  settings->http.paths[NCL_SIGNAL_TRACES] = (ncl_str)NCL_STR("/v1/traces");
  settings->http.paths[NCL_SIGNAL_METRICS] = (ncl_str)NCL_STR("/v1/metrics");
  settings->http.paths[NCL_SIGNAL_LOGS] = (ncl_str)NCL_STR("/v1/logs");
  ncl_status status = ncl_config_fill(create->config, &ncl_otlp_fields, settings);
  if (status != NCL_OK) return status;
  if (ncl_config_has(protocols, (ncl_str)NCL_STR("grpc"))) settings->grpc_section = child(protocols, "grpc");
  if (ncl_config_has(protocols, (ncl_str)NCL_STR("http"))) settings->http_section = child(protocols, "http");
  if (settings->grpc_section == NULL && settings->http_section == NULL) {
    return fault(create, is_written(protocols) ? protocols : NULL, "no protocol is on",
                 "add `grpc:` or `http:` (or both) under protocols");
  }
  ncl_status grpc = settings->grpc_section != NULL ? check_grpc(create, settings) : NCL_OK;
  ncl_status http = settings->http_section != NULL ? check_http(create, settings) : NCL_OK;
  return grpc != NCL_OK ? grpc : http;
}

static ncl_status check_files(const ncl_create *create, const ncl_value *section) {
  static const char *const names[] = {"cert_file", "key_file", "client_ca_file"};
  const ncl_value *tls = child(section, "tls");
  ncl_status status = NCL_OK;
  if (!ncl_config_is_on(tls)) return NCL_OK;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    const ncl_value *file = child(tls, names[i]);
    char path[4096];
    if (file == NULL || file->s.len == 0) continue;
    if (file->s.len < sizeof(path)) {
      snprintf(path, sizeof(path), "%.*s", (int)file->s.len, file->s.ptr);
      if (access(path, R_OK) == 0) continue;
    }
    status = fault(create, file, "this file cannot be read", "check the path and who may read it");
  }
  return status;
}

ncl_status ncl_otlp_settings_check(const ncl_create *create, const ncl_otlp_settings *settings) {
  ncl_status grpc = settings->grpc_section != NULL ? check_files(create, settings->grpc_section) : NCL_OK;
  ncl_status http = settings->http_section != NULL ? check_files(create, settings->http_section) : NCL_OK;
  return grpc != NCL_OK ? grpc : http;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: the config of the receiver: its two ports, and the paths of OTLP/HTTP. */
#include <nacelle/config_fill.h>
#include <string.h>

#include "otlp.h"

static const ncl_value *child(const ncl_value *map, const char *name) {
  return ncl_value_get(map, ncl_str_of(name, strlen(name)));
}

static ncl_status refuse(const ncl_create *create, const ncl_value *where, const char *message, const char *hint) {
  create->host->config_error(create->me, where, ncl_str_of(message, strlen(message)), ncl_str_of(hint, strlen(hint)));
  return NCL_PERMANENT;
}

/* Two signals cannot share a path: nothing says which of them a request is. */
static ncl_status check_paths(const ncl_create *create, const ncl_otlp_settings *settings, const ncl_value *section) {
  static const char *const keys[] = {NULL, "traces_url_path", "metrics_url_path", "logs_url_path"};
  ncl_status status = NCL_OK;
  for (uint32_t i = NCL_SIGNAL_TRACES; i <= NCL_SIGNAL_LOGS; i++) {
    if (memchr(settings->paths[i].ptr, '?', settings->paths[i].len) != NULL) {
      status =
          refuse(create, child(section, keys[i]), "a path has no query", "leave out what is behind the question mark");
    }
    for (uint32_t k = NCL_SIGNAL_TRACES; k < i; k++) {
      if (!ncl_otlp_same(ncl_otlp_path(settings->paths[i]), ncl_otlp_path(settings->paths[k]))) continue;
      status = refuse(create, child(section, keys[i]), "another signal has this path", "give each signal its own");
    }
  }
  return status;
}

ncl_status ncl_otlp_settings_read(const ncl_create *create, ncl_otlp_settings *settings) {
  const ncl_value *protocols = child(create->config, "protocols");
  const ncl_value *grpc = child(protocols, "grpc"), *http = child(protocols, "http");
  memset(settings, 0, sizeof(*settings));
  /* What holds for OTLP/HTTP on a gRPC port where http itself is off. */
  settings->paths[NCL_SIGNAL_TRACES] = (ncl_str)NCL_STR("/v1/traces");
  settings->paths[NCL_SIGNAL_METRICS] = (ncl_str)NCL_STR("/v1/metrics");
  settings->paths[NCL_SIGNAL_LOGS] = (ncl_str)NCL_STR("/v1/logs");
  ncl_status status = ncl_config_fill(create->config, &ncl_otlp_fields, settings);
  if (status != NCL_OK) return status;
  settings->has_grpc = ncl_config_is_on(grpc) != 0;
  settings->has_http = ncl_config_is_on(http) != 0;
  if (!settings->has_grpc && !settings->has_http) {
    bool written = protocols != NULL && protocols->is_set != 0;
    return refuse(create, written ? protocols : NULL, "no protocol is on",
                  "add `grpc:` or `http:` (or both) under protocols");
  }
  if (settings->has_grpc && ncl_http_settings_read(create, grpc, 1, &settings->grpc) != NCL_OK) status = NCL_PERMANENT;
  if (settings->has_http && ncl_http_settings_read(create, http, 0, &settings->http) != NCL_OK) status = NCL_PERMANENT;
  if (settings->has_http && check_paths(create, settings, http) != NCL_OK) status = NCL_PERMANENT;
  return status;
}

ncl_status ncl_otlp_settings_check(const ncl_create *create, const ncl_otlp_settings *settings) {
  ncl_status grpc = settings->has_grpc ? ncl_http_settings_check(create, &settings->grpc) : NCL_OK;
  ncl_status http = settings->has_http ? ncl_http_settings_check(create, &settings->http) : NCL_OK;
  return grpc != NCL_OK ? grpc : http;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* otlp_http.h: what the exporter's files share: its settings. */
#ifndef NCL_OTLP_HTTP_H
#define NCL_OTLP_HTTP_H

#include <nacelle/otlp_sender.h>

/* What the config comes to. */
typedef struct ncl_otlp_http_settings {
  ncl_str endpoint;
  ncl_str signal_endpoints[3]; /* traces, metrics, logs */
  ncl_str profiles_endpoint;
  int64_t encoding; /* NCL_OTLP_HTTP_PROTO, … */
  int64_t compression;
  int64_t level;
  const ncl_value *headers;
  ncl_str proxy_url;
  ncl_str authenticator;
  int64_t max_connections;
  int64_t idle_timeout_ns;
  int64_t keep_alives_off;
} ncl_otlp_http_settings;

/* Places in the choices of `encoding` and `compression`. */
enum { NCL_OTLP_HTTP_PROTO, NCL_OTLP_HTTP_JSON };
enum {
  NCL_OTLP_HTTP_GZIP,
  NCL_OTLP_HTTP_ZSTD,
  NCL_OTLP_HTTP_DEFLATE,
  NCL_OTLP_HTTP_NONE,
  NCL_OTLP_HTTP_EMPTY,
  NCL_OTLP_HTTP_SNAPPY,
  NCL_OTLP_HTTP_ZLIB,
  NCL_OTLP_HTTP_LZ4,
  NCL_OTLP_HTTP_SNAPPY_FRAMED,
};

/* Reports what is wrong with the settings, and what is without effect. NCL_OK or NCL_PERMANENT. */
ncl_status ncl_otlp_http_check(const ncl_create *create, const ncl_otlp_http_settings *settings);
/* Writes the URL for the instance's signal into *url (from malloc, NUL-terminated), of a socket the request's path into
 * *path, which points to a literal or into *url. NCL_OK; NCL_PERMANENT, reported; NCL_NO_MEMORY. */
ncl_status ncl_otlp_http_url(const ncl_create *create, const ncl_otlp_http_settings *settings, char **url,
                             ncl_str *path);
/* NCL_HTTP_ENCODING_* of the setting `compression`. */
uint32_t ncl_otlp_http_encoding(const ncl_otlp_http_settings *settings);
/* The level that is used for it, 0 = the service's choice. */
int64_t ncl_otlp_http_level(const ncl_otlp_http_settings *settings);

#endif

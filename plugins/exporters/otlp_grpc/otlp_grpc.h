/* SPDX-License-Identifier: Apache-2.0 */
/* otlp_grpc.h: what the exporter's files share: its settings. */
#ifndef NCL_OTLP_GRPC_H
#define NCL_OTLP_GRPC_H

#include <nacelle/otlp_sender.h>

/* What the config comes to. */
typedef struct ncl_otlp_grpc_settings {
  ncl_str endpoint;
  int64_t compression; /* NCL_OTLP_GRPC_GZIP, … */
  const ncl_value *headers;
  ncl_str authority;
  ncl_str authenticator;
  ncl_str balancer_name;
  ncl_str user_agent;
  int64_t wait_for_ready;
  int64_t ping_time_ns; /* 0 = no pings */
  int64_t ping_timeout_ns;
  int64_t ping_without_stream;
} ncl_otlp_grpc_settings;

/* Places in the choices of `compression`. */
enum { NCL_OTLP_GRPC_GZIP, NCL_OTLP_GRPC_ZSTD, NCL_OTLP_GRPC_NONE, NCL_OTLP_GRPC_EMPTY, NCL_OTLP_GRPC_SNAPPY };

/* Reports what is wrong with the settings, and what is without effect, and sets the pings. NCL_OK or NCL_PERMANENT. */
ncl_status ncl_otlp_grpc_check(const ncl_create *create, ncl_otlp_grpc_settings *settings);
/* Writes the URL for the instance's signal into *url (from malloc, NUL-terminated), of a socket the request's path into
 * *path. NCL_OK; NCL_PERMANENT, reported; NCL_NO_MEMORY. */
ncl_status ncl_otlp_grpc_url(const ncl_create *create, const ncl_otlp_grpc_settings *settings, char **url,
                             ncl_str *path);
/* NCL_HTTP_ENCODING_* of the setting `compression`. */
uint32_t ncl_otlp_grpc_encoding(const ncl_otlp_grpc_settings *settings);

#endif

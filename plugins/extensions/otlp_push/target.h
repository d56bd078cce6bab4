/* SPDX-License-Identifier: Apache-2.0 */
/* target.h: what the section `otlp` of an exporter of own telemetry comes to: a URL, headers, TLS. */
#ifndef NACELLE_OTLP_PUSH_TARGET_H
#define NACELLE_OTLP_PUSH_TARGET_H

#include <nacelle/plugin.h>
#include <stdbool.h>

#define NCL_PUSH_HEADERS_MAX 64u
#define NCL_PUSH_TLS_KEYS 4u

/* Points into the config, and into itself: it stays where it is. */
typedef struct ncl_push_target {
  bool is_grpc;
  char *url;
  char *listed;                           /* headers_list, decoded */
  ncl_value header[NCL_PUSH_HEADERS_MAX]; /* texts with names */
  ncl_value headers;                      /* a map of them */
  ncl_value tls_key[NCL_PUSH_TLS_KEYS];   /* as the section `tls` of an exporter has them */
  ncl_value tls;
} ncl_push_target;

/* [create] NCL_OK; NCL_NO_MEMORY; NCL_PERMANENT after host->config_error. `signal` is NCL_SIGNAL_METRICS or _LOGS.
 * *target is to be closed in any case. */
ncl_status ncl_push_target_read(const ncl_create *create, uint32_t signal, const ncl_value *otlp,
                                ncl_push_target *target);
void ncl_push_target_close(ncl_push_target *target);

/* The URL that an endpoint comes to, from malloc: without a scheme by `insecure`; of gRPC the service's path and port
 * 443 where there is none; else `/v1/...` where there is no path. NULL with what is wrong in *wrong; with *wrong NULL
 * there is no memory. */
char *ncl_push_url(ncl_str endpoint, bool is_grpc, bool insecure, uint32_t signal, const char **wrong);

/* Headers of a text "a=1,b=%20" (W3C baggage: values percent-encoded, properties after ";" left out), in `text`, which
 * is written over. False = it is malformed, or more than `max`. */
bool ncl_push_headers(char *text, ncl_pair *out, uint32_t max, uint32_t *count);

#endif

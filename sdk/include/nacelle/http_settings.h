/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/http_settings.h: what a section with the fields of nacelle/http_fields.h comes to for ncl.http_server. Part
 * of the plugin, not of the ABI. */
#ifndef NACELLE_HTTP_SETTINGS_H
#define NACELLE_HTTP_SETTINGS_H

#include <nacelle/http_server.h>
#include <nacelle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ncl_http_settings {
  ncl_http_port_config config; /* whole but for `auth`, which bind fills in */
  const ncl_value *section;
  int64_t include_metadata; /* 1 = the client's headers go with the telemetry */
  const char *limit_key;    /* the key that config.max_body comes from */
  ncl_str authenticator;    /* "" = none */
  char endpoint[128];       /* config.endpoint, where the config writes it in another way */
} ncl_http_settings;

/* [create] Fills in *settings from a section with the fields NCL_HTTP_SERVER_FIELDS, or NCL_GRPC_SERVER_FIELDS with
 * `is_grpc`. They live as long as the config, and must not move. Reports all that is wrong, and warns of what has no
 * effect. NCL_OK, NCL_PERMANENT. */
ncl_status ncl_http_settings_read(const ncl_create *create, const ncl_value *section, uint32_t is_grpc,
                                  ncl_http_settings *settings);
/* [create] Looks whether the files of its tls section can be read. NCL_OK, NCL_PERMANENT. */
ncl_status ncl_http_settings_check(const ncl_create *create, const ncl_http_settings *settings);
/* [loop] Finds the authenticator, where one is named; before ncl_http_server.open. NCL_OK, or an error with the reason
 * in *outcome. */
ncl_status ncl_http_settings_bind(const ncl_host *host, ncl_component *me, ncl_http_settings *settings,
                                  ncl_outcome *outcome);

#ifdef __cplusplus
}
#endif
#endif

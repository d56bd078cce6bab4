/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/tls_fields.h: the `tls` section of a component that listens, for its table of fields. What the keys mean is
 * done by the service ncl.tls (nacelle/tls.h). Part of the plugin. */
#ifndef NACELLE_TLS_FIELDS_H
#define NACELLE_TLS_FIELDS_H

#include <nacelle/tls_client_fields.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Use, in a table:
 *   {.name = NCL_STR("tls"), .type = NCL_TYPE_SECTION, .flags = NCL_FIELD_OPTIONAL, .doc = NCL_STR("..."),
 *    .fields = NCL_ARRAY(ncl_tls_server_fields), .offset = NCL_CONFIG_NO_OFFSET}
 * and hand ncl_value_get(config, "tls") to who serves (ncl_http_port_config.tls): off = clear text. */

#define NCL_TLS_SERVER_FIELD(n, t, d, text) \
  .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text), .offset = NCL_CONFIG_NO_OFFSET

static const ncl_field ncl_tls_server_fields[] = {
    {NCL_TLS_SERVER_FIELD("cert_file", NCL_TYPE_STRING, "", "File of the server's PEM certificate and its chain.")},
    {NCL_TLS_SERVER_FIELD("cert_pem", NCL_TYPE_STRING, "", "The same as text, in place of cert_file."),
     .flags = NCL_FIELD_SECRET},
    {NCL_TLS_SERVER_FIELD("key_file", NCL_TYPE_STRING, "", "File of the certificate's PEM key, without a password.")},
    {NCL_TLS_SERVER_FIELD("key_pem", NCL_TYPE_STRING, "", "The same as text, in place of key_file."),
     .flags = NCL_FIELD_SECRET},
    {NCL_TLS_SERVER_FIELD("client_ca_file", NCL_TYPE_STRING, "",
                          "File of PEM certificates: clients must have one that these have signed (mTLS).")},
    {NCL_TLS_SERVER_FIELD("client_ca_file_reload", NCL_TYPE_BOOL, "false",
                          "Looks every second for new connections whether client_ca_file has changed.")},
    {NCL_TLS_SERVER_FIELD("ca_file", NCL_TYPE_STRING, "", "Of use to clients only: accepted, without effect.")},
    {NCL_TLS_SERVER_FIELD("ca_pem", NCL_TYPE_STRING, "", "Of use to clients only: accepted, without effect."),
     .flags = NCL_FIELD_SECRET},
    {NCL_TLS_SERVER_FIELD("include_system_ca_certs_pool", NCL_TYPE_BOOL, "false",
                          "Trusts clients of the system's authorities besides those of client_ca_file.")},
    NCL_TLS_COMMON_FIELDS,
    {NCL_TLS_SERVER_FIELD("reload_interval", NCL_TYPE_DURATION, "0s",
                          "How often it is looked whether certificate and key have changed; 0s = on a reload only.")},
};

#ifdef __cplusplus
}
#endif
#endif

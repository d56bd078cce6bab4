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
    {NCL_TLS_SERVER_FIELD("cert_pem", NCL_TYPE_STRING, "", "The same as text; cert_file wins.")},
    {NCL_TLS_SERVER_FIELD("key_file", NCL_TYPE_STRING, "", "File of the certificate's PEM key, without a password.")},
    {NCL_TLS_SERVER_FIELD("key_pem", NCL_TYPE_STRING, "", "The same as text; key_file wins."),
     .flags = NCL_FIELD_SECRET},
    {NCL_TLS_SERVER_FIELD("client_ca_file", NCL_TYPE_STRING, "",
                          "File of PEM certificates: clients must have one that these have signed (mTLS).")},
    {NCL_TLS_SERVER_FIELD("client_ca_file_reload", NCL_TYPE_BOOL, "false",
                          "Reads client_ca_file again when it changes.")},
    {NCL_TLS_SERVER_FIELD("ca_file", NCL_TYPE_STRING, "", "Of use to clients only: accepted, without effect.")},
    {NCL_TLS_SERVER_FIELD("ca_pem", NCL_TYPE_STRING, "", "Of use to clients only: accepted, without effect.")},
    {NCL_TLS_SERVER_FIELD("include_system_ca_certs_pool", NCL_TYPE_BOOL, "false",
                          "Of use to clients only: accepted, without effect.")},
    {NCL_TLS_SERVER_FIELD("min_version", NCL_TYPE_ENUM, "1.2", "Oldest TLS version that is spoken."),
     .choices = NCL_ARRAY(ncl_tls_client_versions)},
    {NCL_TLS_SERVER_FIELD("max_version", NCL_TYPE_ENUM, "", "Newest TLS version that is spoken; empty = the newest."),
     .choices = NCL_ARRAY(ncl_tls_client_versions)},
    {NCL_TLS_SERVER_FIELD("cipher_suites", NCL_TYPE_LIST, "", "Cipher suites of TLS 1.2; empty = OpenSSL's choice."),
     .fields = {&ncl_tls_client_suite, 1, sizeof ncl_tls_client_suite}},
    {NCL_TLS_SERVER_FIELD("curve_preferences", NCL_TYPE_LIST, "", "Key exchange groups; empty = OpenSSL's choice."),
     .fields = {&ncl_tls_client_curve, 1, sizeof ncl_tls_client_curve}},
    {NCL_TLS_SERVER_FIELD("reload_interval", NCL_TYPE_DURATION, "0s",
                          "How often the certificate and its key are read again; 0s = never.")},
};

#ifdef __cplusplus
}
#endif
#endif

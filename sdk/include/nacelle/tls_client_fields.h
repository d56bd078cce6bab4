/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/tls_client_fields.h: the `tls` section of a component that connects to others, for its table of fields.
 * What the keys mean is done by the service that connects (ncl_http_channel_config.tls). Part of the plugin. */
#ifndef NACELLE_TLS_CLIENT_FIELDS_H
#define NACELLE_TLS_CLIENT_FIELDS_H

#include <nacelle/config_fill.h>
#include <nacelle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Use, in a table:
 *   {.name = NCL_STR("tls"), .type = NCL_TYPE_SECTION, .doc = NCL_STR("..."), .fields =
 * NCL_ARRAY(ncl_tls_client_fields), .offset = NCL_CONFIG_NO_OFFSET} and hand ncl_value_get(config, "tls") to the
 * service: the values have no place in the author's struct. */

/* [create] Reports what the table cannot say of a tls section: keys that exclude each other, a certificate without its
 * key, versions that leave none, a TPM; and warns of what has no effect. A server needs a certificate. NCL_OK,
 * NCL_PERMANENT. A section that is off is fine. */
ncl_status ncl_tls_section_check(const ncl_create *create, const ncl_value *tls, uint32_t is_server);

/* [loop] For the check slot: reports files that `tls` names and that cannot be read, or are not PEM of what they should
 * be. A section that is off (or NULL) names none. */
ncl_status ncl_tls_files_check(const ncl_host *host, ncl_component *me, const ncl_value *tls);

static const ncl_str ncl_tls_client_versions[] = {NCL_STR(""), NCL_STR("1.0"), NCL_STR("1.1"), NCL_STR("1.2"),
                                                  NCL_STR("1.3")};

/* TLS 1.2 and older, by IANA's names. The suites of TLS 1.3, at the end, are accepted and not chosen. */
static const ncl_str ncl_tls_client_suites[] = {
    NCL_STR("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    NCL_STR("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    NCL_STR("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    NCL_STR("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    NCL_STR("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    NCL_STR("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    NCL_STR("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    NCL_STR("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    NCL_STR("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    NCL_STR("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    NCL_STR("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    NCL_STR("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    NCL_STR("TLS_RSA_WITH_AES_128_GCM_SHA256"),
    NCL_STR("TLS_RSA_WITH_AES_256_GCM_SHA384"),
    NCL_STR("TLS_RSA_WITH_AES_128_CBC_SHA"),
    NCL_STR("TLS_RSA_WITH_AES_256_CBC_SHA"),
    NCL_STR("TLS_RSA_WITH_AES_128_CBC_SHA256"),
    NCL_STR("TLS_AES_128_GCM_SHA256"),
    NCL_STR("TLS_AES_256_GCM_SHA384"),
    NCL_STR("TLS_CHACHA20_POLY1305_SHA256"),
};
static const ncl_field ncl_tls_client_suite = {.type = NCL_TYPE_ENUM, .choices = NCL_ARRAY(ncl_tls_client_suites)};

static const ncl_str ncl_tls_client_curves[] = {NCL_STR("X25519"), NCL_STR("P256"), NCL_STR("P384"), NCL_STR("P521"),
                                                NCL_STR("X25519MLKEM768")};
static const ncl_field ncl_tls_client_curve = {.type = NCL_TYPE_ENUM, .choices = NCL_ARRAY(ncl_tls_client_curves)};

#define NCL_TLS_CLIENT_FIELD(n, t, d, text) \
  .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text), .offset = NCL_CONFIG_NO_OFFSET

static const ncl_field ncl_tls_tpm_fields[] = {
    {NCL_TLS_CLIENT_FIELD("enabled", NCL_TYPE_BOOL, "false", "Not supported: true is an error.")},
    {NCL_TLS_CLIENT_FIELD("path", NCL_TYPE_STRING, "", "Without effect.")},
    {NCL_TLS_CLIENT_FIELD("owner_auth", NCL_TYPE_STRING, "", "Without effect."), .flags = NCL_FIELD_SECRET},
    {NCL_TLS_CLIENT_FIELD("auth", NCL_TYPE_STRING, "", "Without effect."), .flags = NCL_FIELD_SECRET},
};

/* At the end of both tables. */
#define NCL_TLS_COMMON_FIELDS                                                                                          \
  {NCL_TLS_CLIENT_FIELD("min_version", NCL_TYPE_ENUM, "1.2", "Oldest TLS version that is spoken."),                    \
   .choices = NCL_ARRAY(ncl_tls_client_versions)},                                                                     \
      {NCL_TLS_CLIENT_FIELD("max_version", NCL_TYPE_ENUM, "",                                                          \
                            "Newest TLS version that is spoken; empty = the newest."),                                 \
       .choices = NCL_ARRAY(ncl_tls_client_versions)},                                                                 \
      {NCL_TLS_CLIENT_FIELD("cipher_suites", NCL_TYPE_LIST, "",                                                        \
                            "Cipher suites of TLS 1.2; empty = OpenSSL's choice."),                                    \
       .fields = {&ncl_tls_client_suite, 1, sizeof ncl_tls_client_suite}},                                             \
      {NCL_TLS_CLIENT_FIELD("include_insecure_cipher_suites", NCL_TYPE_BOOL, "false",                                  \
                            "Without effect: RC4 and 3DES stay off, the others may be chosen in any case.")},          \
      {NCL_TLS_CLIENT_FIELD("curve_preferences", NCL_TYPE_LIST, "", "Key exchange groups; empty = OpenSSL's choice."), \
       .fields = {&ncl_tls_client_curve, 1, sizeof ncl_tls_client_curve}},                                             \
  {                                                                                                                    \
    NCL_TLS_CLIENT_FIELD("tpm", NCL_TYPE_SECTION, "", "Keys in a TPM: not supported."),                                \
        .fields = NCL_ARRAY(ncl_tls_tpm_fields)                                                                        \
  }

static const ncl_field ncl_tls_client_fields[] = {
    {NCL_TLS_CLIENT_FIELD("insecure", NCL_TYPE_BOOL, "false",
                          "Connects without TLS where the endpoint names no scheme.")},
    {NCL_TLS_CLIENT_FIELD("insecure_skip_verify", NCL_TYPE_BOOL, "false",
                          "Uses TLS, but believes any certificate: for tests only.")},
    {NCL_TLS_CLIENT_FIELD("server_name_override", NCL_TYPE_STRING, "",
                          "Name that the server's certificate must have, instead of the endpoint's host.")},
    {NCL_TLS_CLIENT_FIELD("ca_file", NCL_TYPE_STRING, "",
                          "File of PEM certificates to trust, instead of the system's.")},
    {NCL_TLS_CLIENT_FIELD("ca_pem", NCL_TYPE_STRING, "", "The same as text, in place of ca_file."),
     .flags = NCL_FIELD_SECRET},
    {NCL_TLS_CLIENT_FIELD("include_system_ca_certs_pool", NCL_TYPE_BOOL, "false",
                          "Trusts the system's certificates besides those of ca_file or ca_pem.")},
    {NCL_TLS_CLIENT_FIELD("cert_file", NCL_TYPE_STRING, "", "File of the client's PEM certificate (mTLS).")},
    {NCL_TLS_CLIENT_FIELD("cert_pem", NCL_TYPE_STRING, "", "The same as text, in place of cert_file."),
     .flags = NCL_FIELD_SECRET},
    {NCL_TLS_CLIENT_FIELD("key_file", NCL_TYPE_STRING, "", "File of the certificate's PEM key, without a password.")},
    {NCL_TLS_CLIENT_FIELD("key_pem", NCL_TYPE_STRING, "", "The same as text, in place of key_file."),
     .flags = NCL_FIELD_SECRET},
    NCL_TLS_COMMON_FIELDS,
    {NCL_TLS_CLIENT_FIELD("reload_interval", NCL_TYPE_DURATION, "0s",
                          "Accepted; files are read for each new connection in any case.")},
};

#ifdef __cplusplus
}
#endif
#endif

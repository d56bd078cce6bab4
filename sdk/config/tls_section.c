/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/config/tls_section.c: what can be wrong with a tls section beyond its single keys. */
#include <nacelle/tls_client_fields.h>
#include <stdbool.h>
#include <string.h>

typedef struct report {
  const ncl_create *create;
  const ncl_value *tls;
  ncl_status status;
} report;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static const ncl_value *key(const report *r, const char *name) {
  return ncl_value_get(r->tls, str(name));
}

static bool has(const report *r, const char *name) {
  return ncl_config_str(r->tls, str(name), str("")).len > 0;
}

static void refuse(report *r, const ncl_value *where, const char *message, const char *hint) {
  r->create->host->config_error(r->create->me, where, str(message), str(hint));
  r->status = NCL_PERMANENT;
}

static void warn(const report *r, const ncl_value *where, const char *message, const char *hint) {
  r->create->host->config_warning(r->create->me, where, str(message), str(hint));
}

static void check_pairs(report *r, bool is_server) {
  bool certificate = has(r, "cert_file") || has(r, "cert_pem"), secret = has(r, "key_file") || has(r, "key_pem");
  if (has(r, "ca_file") && has(r, "ca_pem")) {
    refuse(r, key(r, "ca_pem"), "ca_file is set, too", "keep one of the two");
  }
  if (has(r, "cert_file") && has(r, "cert_pem")) {
    refuse(r, key(r, "cert_pem"), "cert_file is set, too", "keep one of the two");
  }
  if (has(r, "key_file") && has(r, "key_pem")) {
    refuse(r, key(r, "key_pem"), "key_file is set, too", "keep one of the two");
  }
  /* As in the Go collector: nothing of it is used then. */
  if (!is_server && ncl_config_int(r->tls, str("insecure"), 0) != 0 && !has(r, "ca_file") && !has(r, "ca_pem")) return;
  if (!certificate && (secret || is_server)) {
    refuse(r, r->tls, is_server ? "TLS of a server needs a certificate" : "a key is set without its certificate",
           "set cert_file (or cert_pem)");
  }
  if (!secret && (certificate || is_server)) {
    refuse(r, r->tls,
           is_server ? "TLS of a server needs the key of its certificate" : "a certificate is set without its key",
           "set key_file (or key_pem)");
  }
}

/* Versions as texts are in their order. */
static void check_versions(report *r) {
  ncl_str from = ncl_config_str(r->tls, str("min_version"), str("")), to;
  to = ncl_config_str(r->tls, str("max_version"), str(""));
  if (from.len != 3 || to.len != 3 || memcmp(from.ptr, to.ptr, 3) <= 0) return;
  refuse(r, key(r, "max_version"), "it is older than min_version, so no version is left", "set it to 1.3 or remove it");
}

static bool begins_with(ncl_str text, const char *prefix) {
  size_t len = strlen(prefix);
  return text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

static void check_choices(report *r) {
  const ncl_value *item;
  for (uint32_t i = 0; (item = ncl_config_at(key(r, "cipher_suites"), i)) != NULL; i++) {
    if (!begins_with(item->s, "TLS_AES_") && !begins_with(item->s, "TLS_CHACHA20_")) continue;
    warn(r, item, "a suite of TLS 1.3 is not chosen: all three are always on", "remove it");
  }
  for (uint32_t i = 0; (item = ncl_config_at(key(r, "curve_preferences"), i)) != NULL; i++) {
    if (!begins_with(item->s, "X25519MLKEM768")) continue;
    warn(r, item, "OpenSSL 3.0 does not have this group: it is left out", "remove it");
  }
}

ncl_status ncl_tls_section_check(const ncl_create *create, const ncl_value *tls, uint32_t is_server) {
  report r = {create, tls, NCL_OK};
  if (!ncl_config_is_on(tls)) return NCL_OK;
  check_pairs(&r, is_server != 0);
  check_versions(&r);
  check_choices(&r);
  const ncl_value *tpm = key(&r, "tpm");
  if (ncl_config_int(tpm, str("enabled"), 0) != 0) {
    refuse(&r, ncl_value_get(tpm, str("enabled")), "keys in a TPM are not supported", "use key_file");
  }
  return r.status;
}

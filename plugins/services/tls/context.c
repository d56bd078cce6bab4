/* SPDX-License-Identifier: Apache-2.0 */
/* services/tls/context.c: an SSL_CTX from a server's `tls` section. */
#include "context.h"

#include <nacelle/config_fill.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 2048u /* bytes of the names of suites or groups */

static ncl_str setting(const ncl_tls_context *c, const char *name) {
  return ncl_config_str(c->section, ncl_str_of(name, strlen(name)), (ncl_str){NULL, 0});
}

ncl_str ncl_tls_last_error(const char *what, ncl_str file, char reason[NCL_TLS_REASON_MAX]) {
  char detail[256] = "no reason was given";
  unsigned long code = ERR_peek_last_error();
  const char *words = code == 0 ? NULL : ERR_reason_error_string(code);
  if (words != NULL) (void)snprintf(detail, sizeof detail, "%s", words);
  if (code != 0 && ERR_SYSTEM_ERROR(code)) (void)snprintf(detail, sizeof detail, "%s", strerror(ERR_GET_REASON(code)));
  ERR_clear_error();
  int n = snprintf(reason, NCL_TLS_REASON_MAX, "%s%s%.*s: %s", what, file.len > 0 ? " " : "", (int)file.len,
                   file.len > 0 ? file.ptr : "", detail);
  size_t len = n < 0 ? 0 : (size_t)n;
  return ncl_str_of(reason, len < NCL_TLS_REASON_MAX ? len : NCL_TLS_REASON_MAX - 1);
}

static bool fail(ncl_tls_context *c, ncl_outcome *outcome, const char *what, ncl_str file) {
  outcome->status = NCL_PERMANENT;
  outcome->message = ncl_tls_last_error(what, file, c->reason);
  return false;
}

/* A path as C wants it; false when it is too long. */
static bool path_of(ncl_str text, char path[4096]) {
  if (text.len >= 4096) return false;
  memcpy(path, text.ptr, text.len);
  path[text.len] = '\0';
  return true;
}

/* ---- certificates --------------------------------------------------------------------------------- */

/* What a `*_file` or `*_pem` pair of keys gives, as a BIO; NULL with the reason. The file wins. */
static BIO *source_of(ncl_tls_context *c, const char *file_key, const char *pem_key, ncl_outcome *outcome) {
  ncl_str file = setting(c, file_key);
  ncl_str pem = setting(c, pem_key);
  char path[4096];
  BIO *bio = NULL;
  if (file.len > 0 && path_of(file, path)) {
    bio = BIO_new_file(path, "r");
  } else if (file.len == 0 && pem.len > 0 && pem.len < INT32_MAX) {
    bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
  }
  if (bio != NULL) return bio;
  if (file.len == 0 && pem.len == 0) {
    outcome->status = NCL_PERMANENT;
    (void)snprintf(c->reason, NCL_TLS_REASON_MAX,
                   "tls: %s (or %s) is missing: a server needs a certificate and its key", file_key, pem_key);
    outcome->message = ncl_str_of(c->reason, strlen(c->reason));
    return NULL;
  }
  (void)fail(c, outcome, "tls: cannot read", file.len > 0 ? file : ncl_str_of(pem_key, strlen(pem_key)));
  return NULL;
}

static ncl_str name_of(const ncl_tls_context *c, const char *file_key, const char *pem_key) {
  ncl_str file = setting(c, file_key);
  return file.len > 0 ? file : ncl_str_of(pem_key, strlen(pem_key));
}

static bool use_chain(ncl_tls_context *c, SSL_CTX *ssl, ncl_outcome *outcome) {
  BIO *bio = source_of(c, "cert_file", "cert_pem", outcome);
  if (bio == NULL) return false;
  X509 *leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
  bool good = leaf != NULL && SSL_CTX_use_certificate(ssl, leaf) == 1;
  X509_free(leaf);
  for (X509 *next; good && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL;) {
    good = SSL_CTX_add0_chain_cert(ssl, next) == 1;
    if (!good) X509_free(next);
  }
  BIO_free(bio);
  if (!good) return fail(c, outcome, "tls: no certificate in", name_of(c, "cert_file", "cert_pem"));
  ERR_clear_error(); /* the end of the file counts as an error */
  return true;
}

/* A key with a password would make OpenSSL ask at the terminal. */
static int no_password(char *buf, int size, int rwflag, void *arg) {
  (void)buf, (void)size, (void)rwflag, (void)arg;
  return -1;
}

static bool use_key(ncl_tls_context *c, SSL_CTX *ssl, ncl_outcome *outcome) {
  BIO *bio = source_of(c, "key_file", "key_pem", outcome);
  if (bio == NULL) return false;
  EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
  bool good = key != NULL && SSL_CTX_use_PrivateKey(ssl, key) == 1;
  EVP_PKEY_free(key);
  BIO_free(bio);
  if (!good) return fail(c, outcome, "tls: no usable private key in", name_of(c, "key_file", "key_pem"));
  if (SSL_CTX_check_private_key(ssl) == 1) return true;
  return fail(c, outcome, "tls: the certificate does not belong to the key", name_of(c, "key_file", "key_pem"));
}

static bool use_client_ca(ncl_tls_context *c, SSL_CTX *ssl, ncl_outcome *outcome) {
  ncl_str file = setting(c, "client_ca_file");
  char path[4096];
  if (file.len == 0) return true;
  STACK_OF(X509_NAME) *names = path_of(file, path) ? SSL_load_client_CA_file(path) : NULL;
  if (names == NULL || SSL_CTX_load_verify_file(ssl, path) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return fail(c, outcome, "tls: cannot read the clients' CA from", file);
  }
  SSL_CTX_set_client_CA_list(ssl, names);
  if (ncl_config_int(c->section, (ncl_str)NCL_STR("include_system_ca_certs_pool"), 0) != 0 &&
      SSL_CTX_set_default_verify_paths(ssl) != 1) {
    return fail(c, outcome, "tls: cannot read the system's authorities", (ncl_str){NULL, 0});
  }
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  return true;
}

/* ---- versions and ciphers ------------------------------------------------------------------------- */

static int version_of(ncl_str text, int otherwise) {
  static const struct {
    const char *text;
    int version;
  } versions[] = {{"1.0", TLS1_VERSION}, {"1.1", TLS1_1_VERSION}, {"1.2", TLS1_2_VERSION}, {"1.3", TLS1_3_VERSION}};
  for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
    if (text.len == 3 && memcmp(text.ptr, versions[i].text, 3) == 0) return versions[i].version;
  }
  return otherwise;
}

/* Names of a list as OpenSSL has them, with ":" between them; `find` gives NULL for one that is left out. */
static size_t join(const ncl_value *list, const char *(*find)(const char *name), char into[LIST_MAX]) {
  size_t len = 0;
  for (uint32_t i = 0; i < ncl_config_count(list); i++) {
    ncl_str item = ncl_config_at(list, i)->s;
    char name[128];
    (void)snprintf(name, sizeof name, "%.*s", (int)item.len, item.ptr);
    const char *known = find(name);
    if (known == NULL) continue;
    int n = snprintf(into + len, LIST_MAX - len, "%s%s", len > 0 ? ":" : "", known);
    len += n > 0 && (size_t)n < LIST_MAX - len ? (size_t)n : 0;
  }
  return len;
}

/* IANA's names become OpenSSL's. Those of TLS 1.3 are always on, and not chosen. */
static const char *cipher_name(const char *standard) {
  if (strncmp(standard, "TLS_AES_", 8) == 0 || strncmp(standard, "TLS_CHACHA20_", 13) == 0) return NULL;
  const char *name = OPENSSL_cipher_name(standard);
  return strcmp(name, "(NONE)") == 0 ? NULL : name;
}

static const char *group_name(const char *name) {
  static const char *const groups[][2] = {
      {"X25519", "X25519"}, {"P256", "P-256"}, {"P384", "P-384"}, {"P521", "P-521"}};
  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
    if (strcmp(groups[i][0], name) == 0) return groups[i][1];
  }
  return NULL;
}

static bool use_choices(ncl_tls_context *c, SSL_CTX *ssl, ncl_outcome *outcome) {
  char names[LIST_MAX];
  if (join(ncl_value_get(c->section, (ncl_str)NCL_STR("cipher_suites")), cipher_name, names) > 0 &&
      SSL_CTX_set_cipher_list(ssl, names) != 1) {
    return fail(c, outcome, "tls: cipher_suites cannot be used", (ncl_str){NULL, 0});
  }
  if (join(ncl_value_get(c->section, (ncl_str)NCL_STR("curve_preferences")), group_name, names) > 0 &&
      SSL_CTX_set1_groups_list(ssl, names) != 1) {
    return fail(c, outcome, "tls: curve_preferences cannot be used", (ncl_str){NULL, 0});
  }
  return true;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                       unsigned int in_len, void *arg) {
  const ncl_tls_context *c = arg;
  (void)ssl;
  unsigned char *chosen = NULL;
  if (SSL_select_next_proto(&chosen, out_len, c->alpn, c->alpn_len, in, in_len) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *ncl_tls_context_make(ncl_tls_context *c, ncl_outcome *outcome) {
  SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
  if (ssl == NULL) {
    (void)fail(c, outcome, "tls: OpenSSL gives no context", (ncl_str){NULL, 0});
    return NULL;
  }
  (void)SSL_CTX_set_min_proto_version(ssl, version_of(setting(c, "min_version"), TLS1_2_VERSION));
  (void)SSL_CTX_set_max_proto_version(ssl, version_of(setting(c, "max_version"), 0));
  (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  (void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  if (c->alpn_len > 0) SSL_CTX_set_alpn_select_cb(ssl, choose_alpn, c);
  if (use_chain(c, ssl, outcome) && use_key(c, ssl, outcome) && use_client_ca(c, ssl, outcome) &&
      use_choices(c, ssl, outcome)) {
    return ssl;
  }
  SSL_CTX_free(ssl);
  return NULL;
}

/* ---- life ----------------------------------------------------------------------------------------- */

ncl_tls_context *ncl_tls_context_open(const ncl_host *host, ncl_component *owner, const ncl_value *section,
                                      ncl_array alpn, ncl_tls_context **first, char *reason, ncl_outcome *outcome) {
  ncl_tls_context *c = calloc(1, sizeof *c);
  if (c == NULL) {
    outcome->status = NCL_NO_MEMORY;
    return NULL;
  }
  c->host = host;
  c->owner = owner;
  c->section = section;
  c->reason = reason;
  for (uint32_t i = 0; i < alpn.count; i++) {
    const ncl_str *name = ncl_array_at(&alpn, i);
    if (name->len == 0 || c->alpn_len + name->len + 1 > NCL_TLS_ALPN_MAX) continue;
    c->alpn[c->alpn_len++] = (uint8_t)name->len;
    memcpy(c->alpn + c->alpn_len, name->ptr, name->len);
    c->alpn_len += (uint32_t)name->len;
  }
  ncl_tls_reload_begin(c);
  c->ssl = ncl_tls_context_make(c, outcome);
  if (c->ssl == NULL) {
    free(c);
    return NULL;
  }
  c->first = first;
  c->next = *first;
  if (c->next != NULL) c->next->prev = c;
  *first = c;
  return c;
}

void ncl_tls_context_close(ncl_tls_context *c) {
  if (c == NULL) return;
  if (c->next != NULL) c->next->prev = c->prev;
  if (c->prev != NULL) {
    c->prev->next = c->next;
  } else {
    *c->first = c->next;
  }
  SSL_CTX_free(c->ssl);
  free(c);
}

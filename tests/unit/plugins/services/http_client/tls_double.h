/* SPDX-License-Identifier: Apache-2.0 */
/* tls_double.h: the TLS end of a backend double: certificates made on the spot, and what the client offered. */
#ifndef NACELLE_TESTS_TLS_DOUBLE_H
#define NACELLE_TESTS_TLS_DOUBLE_H

#include "unit/plugins/services/http_client/client_host.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* A certificate and its key. */
typedef struct tls_identity {
  X509 *cert;
  EVP_PKEY *key;
  char *cert_pem, *key_pem;
  char cert_file[128], key_file[128];
} tls_identity;

typedef struct tls_double {
  tls_identity authority, other_authority, server, client;
  SSL_CTX *context;
  const char *alpn; /* the only protocol that is taken; NULL = none is talked about */
  char offered[64]; /* by the client: "h2", "http/1.1" */
  char server_name[64];
  char peer[128]; /* subject of the client's certificate */
  char version[16];
  char cipher[64];
  int group; /* NID of the key exchange */
} tls_double;

static inline char *tls_pem(BIO *bio) {
  char *bytes;
  long len = BIO_get_mem_data(bio, &bytes);
  char *text = strndup(bytes, (size_t)len);
  BIO_free(bio);
  return text;
}

static inline void tls_write_file(char file[128], const char *what, const char *text) {
  (void)snprintf(file, 128, "/tmp/ncl-tls-%d-%s.pem", (int)getpid(), what);
  FILE *out = fopen(file, "w");
  assert_non_null(out);
  (void)fputs(text, out);
  (void)fclose(out);
}

static inline void tls_extend(X509 *cert, X509 *issuer, int nid, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
  assert_non_null(extension);
  (void)X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

/* `names` as in a subjectAltName: "DNS:backend,IP:127.0.0.1"; NULL makes an authority, signed by itself. */
static inline void tls_identity_make(tls_identity *identity, const char *subject, const char *names,
                                     const tls_identity *by) {
  identity->key = EVP_EC_gen("P-256");
  identity->cert = X509_new();
  X509_NAME *name = X509_get_subject_name(identity->cert);
  (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1, 0);
  (void)X509_set_version(identity->cert, 2);
  (void)ASN1_INTEGER_set(X509_get_serialNumber(identity->cert), (long)strlen(subject) + 1);
  (void)X509_gmtime_adj(X509_getm_notBefore(identity->cert), -3600);
  (void)X509_gmtime_adj(X509_getm_notAfter(identity->cert), 86400);
  (void)X509_set_pubkey(identity->cert, identity->key);
  const tls_identity *issuer = by != NULL ? by : identity;
  (void)X509_set_issuer_name(identity->cert, X509_get_subject_name(issuer->cert));
  if (by == NULL) tls_extend(identity->cert, issuer->cert, NID_basic_constraints, "critical,CA:TRUE");
  if (names != NULL) tls_extend(identity->cert, issuer->cert, NID_subject_alt_name, names);
  assert_true(X509_sign(identity->cert, issuer->key, EVP_sha256()) > 0);
  BIO *bio = BIO_new(BIO_s_mem());
  (void)PEM_write_bio_X509(bio, identity->cert);
  identity->cert_pem = tls_pem(bio);
  bio = BIO_new(BIO_s_mem());
  (void)PEM_write_bio_PrivateKey(bio, identity->key, NULL, NULL, 0, NULL, NULL);
  identity->key_pem = tls_pem(bio);
  char what[64];
  (void)snprintf(what, sizeof what, "%s-cert", subject);
  tls_write_file(identity->cert_file, what, identity->cert_pem);
  (void)snprintf(what, sizeof what, "%s-key", subject);
  tls_write_file(identity->key_file, what, identity->key_pem);
}

static inline void tls_identity_drop(tls_identity *identity) {
  X509_free(identity->cert);
  EVP_PKEY_free(identity->key);
  free(identity->cert_pem);
  free(identity->key_pem);
  (void)unlink(identity->cert_file);
  (void)unlink(identity->key_file);
}

static inline int tls_select(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                             unsigned in_len, void *arg) {
  tls_double *d = arg;
  (void)ssl;
  (void)snprintf(d->offered, sizeof d->offered, "%.*s", in_len > 0 ? (int)in[0] : 0, in + 1);
  if (d->alpn == NULL) return SSL_TLSEXT_ERR_NOACK;
  for (unsigned i = 0; i < in_len; i += 1u + in[i]) {
    if (in[i] != strlen(d->alpn) || memcmp(in + i + 1, d->alpn, in[i]) != 0) continue;
    *out = in + i + 1;
    *out_len = in[i];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static inline void *tls_secure(void *arg, int fd) {
  tls_double *d = arg;
  SSL *ssl = SSL_new(d->context);
  (void)SSL_set_fd(ssl, fd);
  SSL_set_accept_state(ssl);
  return ssl;
}

static inline ssize_t tls_result(SSL *ssl, int n) {
  if (n > 0) return n;
  int error = SSL_get_error(ssl, n);
  ERR_clear_error();
  errno = EAGAIN;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return -1;
  return 0;
}

static inline void tls_note(tls_double *d, SSL *ssl) {
  const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  X509 *peer = SSL_get0_peer_certificate(ssl);
  d->group = (int)SSL_get_negotiated_group(ssl);
  (void)snprintf(d->server_name, sizeof d->server_name, "%s", name != NULL ? name : "");
  (void)snprintf(d->version, sizeof d->version, "%s", SSL_get_version(ssl));
  (void)snprintf(d->cipher, sizeof d->cipher, "%s", SSL_get_cipher(ssl));
  if (peer != NULL) (void)X509_NAME_oneline(X509_get_subject_name(peer), d->peer, sizeof d->peer);
}

static inline ssize_t tls_get(void *tls, void *bytes, size_t size) {
  SSL *ssl = tls;
  int n = SSL_read(ssl, bytes, (int)size);
  if (n > 0) tls_note(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)), ssl);
  return tls_result(ssl, n);
}

static inline ssize_t tls_put(void *tls, const void *bytes, size_t len) {
  return tls_result(tls, SSL_write(tls, bytes, (int)len));
}

static inline void tls_end(void *tls) {
  (void)SSL_shutdown(tls);
  SSL_free(tls);
}

/* `names`: of the server's certificate. */
static inline void tls_double_open(tls_double *d, const char *names, client_end *end) {
  memset(d, 0, sizeof *d);
  tls_identity_make(&d->authority, "authority", NULL, NULL);
  tls_identity_make(&d->other_authority, "other-authority", NULL, NULL);
  tls_identity_make(&d->server, "server", names, &d->authority);
  tls_identity_make(&d->client, "client", NULL, &d->authority);
  d->context = SSL_CTX_new(TLS_server_method());
  (void)SSL_CTX_use_certificate(d->context, d->server.cert);
  (void)SSL_CTX_use_PrivateKey(d->context, d->server.key);
  SSL_CTX_set_app_data(d->context, d);
  SSL_CTX_set_alpn_select_cb(d->context, tls_select, d);
  *end = (client_end){tls_secure, tls_get, tls_put, tls_end, d};
}

/* Asks clients for a certificate of the authority. */
static inline void tls_double_ask(tls_double *d) {
  SSL_CTX_set_verify(d->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  (void)X509_STORE_add_cert(SSL_CTX_get_cert_store(d->context), d->authority.cert);
}

static inline void tls_double_close(tls_double *d) {
  SSL_CTX_free(d->context);
  tls_identity_drop(&d->authority);
  tls_identity_drop(&d->other_authority);
  tls_identity_drop(&d->server);
  tls_identity_drop(&d->client);
}

/* ---- a tls section ------------------------------------------------------------------------------------- */

#define TLS_KEYS 8

typedef struct tls_section {
  ncl_value map;
  ncl_value keys[TLS_KEYS];
  ncl_value suite;
} tls_section;

static inline void tls_section_open(tls_section *section) {
  memset(section, 0, sizeof *section);
  section->map.kind = NCL_VALUE_MAP;
  section->map.children = (ncl_array){section->keys, 0, sizeof section->keys[0]};
}

static inline ncl_value *tls_section_add(tls_section *section, const char *key) {
  ncl_value *value = &section->keys[section->map.children.count++];
  value->key = ncl_str_of(key, strlen(key));
  return value;
}

static inline void tls_section_text(tls_section *section, const char *key, const char *text) {
  ncl_value *value = tls_section_add(section, key);
  value->kind = NCL_VALUE_STRING;
  value->s = ncl_str_of(text, strlen(text));
}

static inline void tls_section_flag(tls_section *section, const char *key) {
  ncl_value *value = tls_section_add(section, key);
  value->kind = NCL_VALUE_BOOL;
  value->i = 1;
}

static inline void tls_section_list(tls_section *section, const char *key, const char *suite) {
  ncl_value *value = tls_section_add(section, key);
  value->kind = NCL_VALUE_LIST;
  value->children = (ncl_array){&section->suite, 1, sizeof section->suite};
  section->suite.kind = NCL_VALUE_STRING;
  section->suite.s = ncl_str_of(suite, strlen(suite));
}

#endif

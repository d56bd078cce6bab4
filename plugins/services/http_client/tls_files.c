/* SPDX-License-Identifier: Apache-2.0 */
/* tls_files.c: the same PEM reading that libcurl's OpenSSL does for each connection, once and with words. */
#include "tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool ncl_http_tls_read_file(ncl_str path, ncl_http_buffer *into) {
  char *name = strndup(path.ptr, path.len);
  if (name == NULL) return false;
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  free(name);
  if (fd < 0) return false;
  bool ok = false;
  int failed = 0;
  while (ncl_http_buffer_reserve(into, 4096, NCL_HTTP_PEM_MAX)) {
    ssize_t n = read(fd, into->ptr + into->len, into->size - into->len);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      ok = n == 0;
      failed = errno;
      break;
    }
    into->len += (size_t)n;
  }
  (void)close(fd);
  if (!ok) errno = failed != 0 ? failed : EFBIG;
  return ok;
}

typedef struct check {
  ncl_http_libraries *libraries;
  const ncl_value *tls;
  ncl_outcome *outcome;
  char *words;
  size_t size;
} check;

static ncl_str text(const check *c, const char *name) {
  const ncl_value *value = ncl_value_get(c->tls, ncl_str_of(name, strlen(name)));
  return value != NULL && value->kind == NCL_VALUE_STRING ? value->s : ncl_str_of(NULL, 0);
}

static bool wrong(const check *c, const char *key, ncl_str file, const char *reason) {
  int len = snprintf(c->words, c->size, "tls::%s%s%.*s: %s", key, file.len > 0 ? " " : "", (int)file.len,
                     file.len > 0 ? file.ptr : "", reason);
  size_t n = len > 0 && (size_t)len < c->size ? (size_t)len : c->size - 1;
  c->outcome->status = NCL_PERMANENT;
  c->outcome->message = ncl_str_of(c->words, n);
  return false;
}

/* A key's or certificate's PEM: from the file or from the config. *key says which of the two it was, NULL = neither. */
static bool load(const check *c, const char *const keys[2], ncl_http_buffer *into, const char **key, ncl_str *file) {
  ncl_str pem = text(c, keys[1]);
  *file = text(c, keys[0]);
  *key = NULL;
  if (file->len > 0) {
    *key = keys[0];
    if (!ncl_http_tls_read_file(*file, into)) return wrong(c, keys[0], *file, strerror(errno));
  } else if (pem.len > 0) {
    *key = keys[1];
    if (!ncl_http_buffer_add(into, pem.ptr, pem.len, NCL_HTTP_PEM_MAX)) {
      return wrong(c, keys[1], *file, "is too large, or there is no memory for it");
    }
  }
  return true;
}

/* Refuses to ask anybody for the password of a key. */
static int no_password(char *buf, int size, int writing, void *arg) {
  (void)buf, (void)size, (void)writing, (void)arg;
  return -1;
}

static X509 *read_certificate(const ncl_http_libraries *lib, const ncl_http_buffer *pem) {
  BIO *bio = lib->BIO_new_mem_buf(pem->ptr, (int)pem->len);
  if (bio == NULL) return NULL;
  X509 *certificate = lib->PEM_read_bio_X509(bio, NULL, no_password, NULL);
  lib->BIO_free(bio);
  lib->ERR_clear_error();
  return certificate;
}

static EVP_PKEY *read_key(const ncl_http_libraries *lib, const ncl_http_buffer *pem) {
  BIO *bio = lib->BIO_new_mem_buf(pem->ptr, (int)pem->len);
  if (bio == NULL) return NULL;
  EVP_PKEY *key = lib->PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
  lib->BIO_free(bio);
  lib->ERR_clear_error();
  return key;
}

/* Certificates can be read only with OpenSSL, which a channel without any does not load. */
static bool open_libraries(const check *c, const char *key, ncl_str file) {
  char reason[200];
  return ncl_http_libraries_open(c->libraries, reason, sizeof reason) || wrong(c, key, file, reason);
}

static bool check_trust(const check *c) {
  const ncl_http_libraries *lib = c->libraries;
  static const char *const keys[2] = {"ca_file", "ca_pem"};
  ncl_http_buffer pem = {0};
  const char *key;
  ncl_str file;
  bool ok = load(c, keys, &pem, &key, &file);
  ok = ok && (key == NULL || open_libraries(c, key, file));
  if (ok && key != NULL) {
    X509 *certificate = read_certificate(lib, &pem);
    ok = certificate != NULL;
    lib->X509_free(certificate);
    if (!ok) (void)wrong(c, key, file, "holds no PEM certificate");
  }
  ncl_http_buffer_clear(&pem, 0);
  return ok;
}

static bool check_pair(const check *c, const ncl_http_buffer *cert_pem, const char *cert_key, ncl_str cert_file,
                       const ncl_http_buffer *key_pem, const char *key_key, ncl_str key_file) {
  const ncl_http_libraries *lib = c->libraries;
  X509 *certificate = read_certificate(lib, cert_pem);
  if (certificate == NULL) return wrong(c, cert_key, cert_file, "holds no PEM certificate");
  EVP_PKEY *key = read_key(lib, key_pem);
  bool ok = false;
  if (key == NULL) {
    (void)wrong(c, key_key, key_file, "holds no PEM key, or one with a password, which is not supported");
  } else if (lib->X509_check_private_key(certificate, key) != 1) {
    lib->ERR_clear_error();
    (void)wrong(c, key_key, key_file, "is not the key of the certificate");
  } else {
    ok = true;
  }
  lib->EVP_PKEY_free(key);
  lib->X509_free(certificate);
  return ok;
}

static bool check_identity(const check *c) {
  static const char *const cert_keys[2] = {"cert_file", "cert_pem"};
  static const char *const key_keys[2] = {"key_file", "key_pem"};
  ncl_http_buffer cert_pem = {0}, key_pem = {0};
  const char *cert_key, *key_key = NULL;
  ncl_str cert_file, key_file = {NULL, 0};
  bool ok = load(c, cert_keys, &cert_pem, &cert_key, &cert_file) && load(c, key_keys, &key_pem, &key_key, &key_file);
  if (ok && cert_key != NULL && key_key == NULL)
    ok = wrong(c, cert_key, cert_file, "has no key_file or key_pem with it");
  if (ok && cert_key == NULL && key_key != NULL)
    ok = wrong(c, key_key, key_file, "has no cert_file or cert_pem with it");
  ok = ok && (cert_key == NULL || open_libraries(c, cert_key, cert_file));
  if (ok && cert_key != NULL) ok = check_pair(c, &cert_pem, cert_key, cert_file, &key_pem, key_key, key_file);
  ncl_http_buffer_clear(&cert_pem, 0);
  ncl_http_buffer_clear(&key_pem, 0);
  return ok;
}

bool ncl_http_tls_check(ncl_http_libraries *libraries, const ncl_value *tls, ncl_outcome *outcome, char *words,
                        size_t size) {
  if (tls == NULL || tls->kind != NCL_VALUE_MAP) return true;
  check c = {libraries, tls, outcome, words, size};
  return check_trust(&c) && check_identity(&c);
}

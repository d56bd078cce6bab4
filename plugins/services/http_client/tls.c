/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c: a tls section (nacelle/tls_client_fields.h) as options of libcurl. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "client.h"
#include "tls_files.h"

static const ncl_value *child(const ncl_value *tls, const char *name) {
  return ncl_value_get(tls, ncl_str_of(name, strlen(name)));
}

static ncl_str text(const ncl_value *tls, const char *name) {
  const ncl_value *value = child(tls, name);
  return value != NULL && value->kind == NCL_VALUE_STRING ? value->s : ncl_str_of(NULL, 0);
}

static bool flag(const ncl_value *tls, const char *name) {
  const ncl_value *value = child(tls, name);
  return value != NULL && value->kind != NCL_VALUE_OFF && value->i != 0;
}

ncl_str ncl_http_tls_server_name(const ncl_value *tls) {
  return text(tls, "server_name_override");
}

/* libcurl wants a NUL behind, and copies. */
static CURLcode set_text(const ncl_http_libraries *lib, CURL *easy, CURLoption option, ncl_str s) {
  if (s.len == 0) return lib->curl_easy_setopt(easy, option, NULL);
  char *copy = strndup(s.ptr, s.len);
  if (copy == NULL) return CURLE_OUT_OF_MEMORY;
  CURLcode wrong = lib->curl_easy_setopt(easy, option, copy);
  free(copy);
  return wrong;
}

/* ---- certificates and keys --------------------------------------------------------------------------- */

/* One of a pair of keys, <what>_file and <what>_pem: the file wins. */
static CURLcode set_either(const ncl_http_libraries *lib, CURL *easy, const ncl_value *tls, const char *file_key,
                           CURLoption file_option, const char *pem_key, CURLoption blob_option) {
  ncl_str file = text(tls, file_key), pem = text(tls, pem_key);
  if (file.len > 0) return set_text(lib, easy, file_option, file);
  if (pem.len == 0) return CURLE_OK;
  struct curl_blob blob = {(void *)(uintptr_t)pem.ptr, pem.len, CURL_BLOB_COPY};
  return lib->curl_easy_setopt(easy, blob_option, &blob);
}

static CURLcode set_identity(const ncl_http_libraries *lib, CURL *easy, const ncl_value *tls) {
  CURLcode wrong = set_either(lib, easy, tls, "cert_file", CURLOPT_SSLCERT, "cert_pem", CURLOPT_SSLCERT_BLOB);
  if (wrong == CURLE_OK) wrong = set_either(lib, easy, tls, "key_file", CURLOPT_SSLKEY, "key_pem", CURLOPT_SSLKEY_BLOB);
  /* Without a password OpenSSL would ask on the terminal for one. */
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
  return wrong;
}

/* ---- whom to trust ----------------------------------------------------------------------------------- */

/* A directory whose files are named by the hash of their subject (c_rehash): OpenSSL reads only what it needs. */
static bool is_hashed(const char *path) {
  bool found = false;
  DIR *dir = opendir(path);
  if (dir == NULL) return false;
  const struct dirent *entry;
  while (!found && (entry = readdir(dir)) != NULL) {
    size_t len = strlen(entry->d_name);
    found = len == 10 && entry->d_name[8] == '.' && strspn(entry->d_name, "0123456789abcdef") == 8;
  }
  (void)closedir(dir);
  return found;
}

/* The system's certificates: a hashed directory (0.01 ms a connection) before a file (22 ms, which libcurl then keeps
 * for a day). SSL_CERT_DIR and SSL_CERT_FILE are obeyed as OpenSSL and Go do. Both NULL: OpenSSL's own default. */
static void system_store(const char **dir, const char **file) {
  static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, distroless */
                                      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, Amazon Linux */
                                      "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                      "/etc/ssl/cert.pem"};
  *dir = getenv("SSL_CERT_DIR");
  *file = getenv("SSL_CERT_FILE");
  if (*dir != NULL || *file != NULL) return;
  if (is_hashed("/etc/ssl/certs")) {
    *dir = "/etc/ssl/certs";
    return;
  }
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    if (access(files[i], R_OK) != 0) continue;
    *file = files[i];
    return;
  }
}

static CURLcode set_store(const ncl_http_libraries *lib, CURL *easy, const char *dir, const char *file) {
  CURLcode wrong = lib->curl_easy_setopt(easy, CURLOPT_CAPATH, dir);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_CAINFO, file);
  return wrong;
}

/* libcurl takes one file: where the user's own and the system's are both files, they are joined. */
static CURLcode set_joined(const ncl_http_libraries *lib, CURL *easy, ncl_str own_file, ncl_str own_pem,
                           const char *system_file) {
  ncl_http_buffer all = {0};
  CURLcode wrong = CURLE_OUT_OF_MEMORY;
  bool ok = own_file.len > 0 ? ncl_http_tls_read_file(own_file, &all)
                             : ncl_http_buffer_add(&all, own_pem.ptr, own_pem.len, NCL_HTTP_PEM_MAX);
  ok = ok && ncl_http_buffer_add(&all, "\n", 1, NCL_HTTP_PEM_MAX);
  ok = ok && ncl_http_tls_read_file(ncl_str_of(system_file, strlen(system_file)), &all);
  if (ok) {
    struct curl_blob blob = {all.ptr, all.len, CURL_BLOB_COPY};
    wrong = set_store(lib, easy, NULL, NULL);
    if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
  }
  ncl_http_buffer_clear(&all, 0);
  return wrong;
}

static CURLcode set_trust(const ncl_http_libraries *lib, CURL *easy, const ncl_value *tls) {
  ncl_str own_file = text(tls, "ca_file"), own_pem = text(tls, "ca_pem");
  const char *dir = NULL, *file = NULL;
  bool has_own = own_file.len > 0 || own_pem.len > 0;
  if (!has_own || flag(tls, "include_system_ca_certs_pool")) system_store(&dir, &file);
  if (!has_own) return dir == NULL && file == NULL ? CURLE_OK : set_store(lib, easy, dir, file);
  if (file != NULL) return set_joined(lib, easy, own_file, own_pem, file);
  CURLcode wrong = set_store(lib, easy, dir, NULL);
  if (wrong == CURLE_OK) wrong = set_either(lib, easy, tls, "ca_file", CURLOPT_CAINFO, "ca_pem", CURLOPT_CAINFO_BLOB);
  /* A file of the user's is small and may be replaced at any time: read for each connection. */
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
  return wrong;
}

/* ---- versions and ciphers ---------------------------------------------------------------------------- */

static long version(ncl_str name, long otherwise, const long versions[4]) {
  if (name.len != 3 || name.ptr[0] != '1' || name.ptr[1] != '.') return otherwise;
  return name.ptr[2] >= '0' && name.ptr[2] <= '3' ? versions[name.ptr[2] - '0'] : otherwise;
}

static CURLcode set_versions(const ncl_http_libraries *lib, CURL *easy, const ncl_value *tls) {
  static const long lowest[4] = {CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_TLSv1_1, CURL_SSLVERSION_TLSv1_2,
                                 CURL_SSLVERSION_TLSv1_3};
  static const long highest[4] = {CURL_SSLVERSION_MAX_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_1, CURL_SSLVERSION_MAX_TLSv1_2,
                                  CURL_SSLVERSION_MAX_TLSv1_3};
  long from = version(text(tls, "min_version"), CURL_SSLVERSION_TLSv1_2, lowest);
  long to = version(text(tls, "max_version"), CURL_SSLVERSION_MAX_DEFAULT, highest);
  return lib->curl_easy_setopt(easy, CURLOPT_SSLVERSION, from | to);
}

/* Names as the config has them (IANA's) and as OpenSSL 3.0 has them. TLS 1.3's are not chosen by the user, as in Go. */
static const char *openssl_cipher(ncl_str name) {
  static const struct {
    const char *iana, *openssl;
  } ciphers[] = {
      {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
      {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
      {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
      {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
      {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
      {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
      {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
      {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
      {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"},
      {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
      {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
      {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"},
      {"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
      {"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"},
      {"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
      {"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"},
      {"TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"},
  };
  for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++) {
    size_t len = strlen(ciphers[i].iana);
    if (len == name.len && memcmp(ciphers[i].iana, name.ptr, len) == 0) return ciphers[i].openssl;
  }
  return NULL;
}

static const char *openssl_group(ncl_str name) {
  static const char *const groups[][2] = {
      {"X25519", "X25519"}, {"P256", "P-256"}, {"P384", "P-384"}, {"P521", "P-521"}};
  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
    size_t len = strlen(groups[i][0]);
    if (len == name.len && memcmp(groups[i][0], name.ptr, len) == 0) return groups[i][1];
  }
  return NULL;
}

/* A list of names as OpenSSL has them, "a:b". The host has checked them against the choices of the field. */
static CURLcode set_list(const ncl_http_libraries *lib, CURL *easy, const ncl_value *names,
                         const char *(*find)(ncl_str name), CURLoption option) {
  char list[1024];
  size_t len = 0;
  if (names == NULL || names->kind != NCL_VALUE_LIST) return CURLE_OK;
  for (uint32_t i = 0; i < names->children.count; i++) {
    const char *name = find(((const ncl_value *)ncl_array_at(&names->children, i))->s);
    size_t n = name != NULL ? strlen(name) : 0;
    if (n == 0) continue;
    if (n + 2 > sizeof list - len) break;
    if (len > 0) list[len++] = ':';
    memcpy(list + len, name, n);
    len += n;
  }
  if (len == 0) return CURLE_OK;
  list[len] = '\0';
  return lib->curl_easy_setopt(easy, option, list);
}

CURLcode ncl_http_tls_apply(const ncl_http_libraries *lib, CURL *easy, const ncl_value *tls) {
  bool verify = !flag(tls, "insecure_skip_verify");
  CURLcode wrong = lib->curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
  if (wrong == CURLE_OK) wrong = set_versions(lib, easy, tls);
  if (wrong == CURLE_OK) {
    wrong = set_list(lib, easy, child(tls, "cipher_suites"), openssl_cipher, CURLOPT_SSL_CIPHER_LIST);
  }
  if (wrong == CURLE_OK) {
    wrong = set_list(lib, easy, child(tls, "curve_preferences"), openssl_group, CURLOPT_SSL_EC_CURVES);
  }
  if (wrong == CURLE_OK) wrong = set_identity(lib, easy, tls);
  if (wrong == CURLE_OK && verify) wrong = set_trust(lib, easy, tls);
  return wrong;
}

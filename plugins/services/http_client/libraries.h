/* SPDX-License-Identifier: Apache-2.0 */
/* libraries.h: libcurl and OpenSSL, opened at first need: requests in clear text, which most sidecars send to their own
 * host, never map them (8 MB resident, 34 libraries). */
#ifndef NCL_HTTP_CLIENT_LIBRARIES_H
#define NCL_HTTP_CLIENT_LIBRARIES_H

#define CURL_DISABLE_TYPECHECK /* its macros would take the members below for the functions */
#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#define NCL_HTTP_CURL_CALLS(X) \
  X(curl_global_init)          \
  X(curl_global_cleanup)       \
  X(curl_easy_init)            \
  X(curl_easy_cleanup)         \
  X(curl_easy_setopt)          \
  X(curl_easy_getinfo)         \
  X(curl_easy_strerror)        \
  X(curl_easy_send)            \
  X(curl_easy_recv)            \
  X(curl_multi_init)           \
  X(curl_multi_cleanup)        \
  X(curl_multi_setopt)         \
  X(curl_multi_assign)         \
  X(curl_multi_add_handle)     \
  X(curl_multi_remove_handle)  \
  X(curl_multi_info_read)      \
  X(curl_multi_socket_action)

#define NCL_HTTP_SSL_CALLS(X) \
  X(SSL_CTX_set_alpn_protos)  \
  X(SSL_CTX_set_msg_callback) \
  X(SSL_CTX_ctrl)             \
  X(SSL_get0_alpn_selected)

#define NCL_HTTP_CRYPTO_CALLS(X) \
  X(BIO_new_mem_buf)             \
  X(BIO_free)                    \
  X(PEM_read_bio_X509)           \
  X(PEM_read_bio_PrivateKey)     \
  X(X509_free)                   \
  X(X509_check_private_key)      \
  X(EVP_PKEY_free)               \
  X(ERR_clear_error)

typedef struct ncl_http_libraries {
  void *opened[3];
#define NCL_HTTP_CALL(name) __typeof__(name) *name;
  NCL_HTTP_CURL_CALLS(NCL_HTTP_CALL)
  NCL_HTTP_SSL_CALLS(NCL_HTTP_CALL)
  NCL_HTTP_CRYPTO_CALLS(NCL_HTTP_CALL)
#undef NCL_HTTP_CALL
} ncl_http_libraries;

/* Opens libssl, libcrypto and libcurl, and initialises libcurl. False: the reason lies in `words`. May be called again.
 */
bool ncl_http_libraries_open(ncl_http_libraries *libraries, char *words, size_t size);
/* Once nothing of libcurl's is left. They stay mapped. */
void ncl_http_libraries_close(ncl_http_libraries *libraries);

#endif

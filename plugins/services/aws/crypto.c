/* SPDX-License-Identifier: Apache-2.0 */
/* crypto.c: what is fetched from OpenSSL is fetched once: looking for an algorithm costs more than a hash. */
#include "crypto.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdint.h>

bool ncl_aws_crypto_open(ncl_aws_crypto *crypto) {
  crypto->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  crypto->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  crypto->digest = EVP_MD_CTX_new();
  return crypto->sha256 != NULL && crypto->hmac != NULL && crypto->digest != NULL;
}

void ncl_aws_crypto_close(ncl_aws_crypto *crypto) {
  EVP_MD_CTX_free(crypto->digest);
  EVP_MAC_free(crypto->hmac);
  EVP_MD_free(crypto->sha256);
  *crypto = (ncl_aws_crypto){0};
}

void ncl_aws_hex(const uint8_t *bytes, size_t len, char *hex) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < len; i++) {
    hex[2 * i] = digits[bytes[i] >> 4];
    hex[2 * i + 1] = digits[bytes[i] & 15];
  }
}

bool ncl_aws_hash_begin(ncl_aws_crypto *crypto) {
  return EVP_DigestInit_ex2(crypto->digest, crypto->sha256, NULL) == 1;
}

bool ncl_aws_hash_add(ncl_aws_crypto *crypto, const void *bytes, size_t len) {
  return len == 0 || EVP_DigestUpdate(crypto->digest, bytes, len) == 1;
}

bool ncl_aws_hash_end(ncl_aws_crypto *crypto, char hex[NCL_AWS_SHA256_HEX]) {
  uint8_t hash[NCL_AWS_SHA256];
  if (EVP_DigestFinal_ex(crypto->digest, hash, NULL) != 1) return false;
  ncl_aws_hex(hash, sizeof hash, hex);
  return true;
}

bool ncl_aws_hash_pieces(ncl_aws_crypto *crypto, const ncl_array *pieces, char hex[NCL_AWS_SHA256_HEX]) {
  bool ok = ncl_aws_hash_begin(crypto);
  for (uint32_t i = 0; ok && i < pieces->count; i++) {
    const ncl_range *piece = ncl_array_at(pieces, i);
    ok = ncl_aws_hash_add(crypto, piece->ptr, piece->len);
  }
  return ok && ncl_aws_hash_end(crypto, hex);
}

bool ncl_aws_hmac(const ncl_aws_crypto *crypto, ncl_range key, ncl_str text, uint8_t mac[NCL_AWS_SHA256]) {
  char name[] = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_construct_end()};
  EVP_MAC_CTX *context = EVP_MAC_CTX_new(crypto->hmac);
  size_t len = 0;
  bool ok = context != NULL && EVP_MAC_init(context, key.ptr, key.len, params) == 1;
  ok = ok && (text.len == 0 || EVP_MAC_update(context, (const uint8_t *)text.ptr, text.len) == 1);
  ok = ok && EVP_MAC_final(context, mac, &len, NCL_AWS_SHA256) == 1 && len == NCL_AWS_SHA256;
  EVP_MAC_CTX_free(context);
  return ok;
}

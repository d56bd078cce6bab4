/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/actions/hash.c: OpenSSL's SHA-256. What is fetched is fetched once. */
#include "hash.h"

#include <openssl/evp.h>

typedef struct evp_calls {
  EVP_MD *(*fetch)(OSSL_LIB_CTX *, const char *, const char *);
  void (*md_free)(EVP_MD *);
  EVP_MD_CTX *(*context_new)(void);
  void (*context_free)(EVP_MD_CTX *);
  int (*begin)(EVP_MD_CTX *, const EVP_MD *, const OSSL_PARAM *);
  int (*add)(EVP_MD_CTX *, const void *, size_t);
  int (*end)(EVP_MD_CTX *, unsigned char *, unsigned int *);
} evp_calls;

static const char *const call_names[] = {"EVP_MD_fetch",      "EVP_MD_free",        "EVP_MD_CTX_new",
                                         "EVP_MD_CTX_free",   "EVP_DigestInit_ex2", "EVP_DigestUpdate",
                                         "EVP_DigestFinal_ex"};

uint32_t ncl_hash_open(ncl_hash *hash) {
  evp_calls calls;
  if (!ncl_library_load(&hash->library, "libcrypto.so.3", call_names, sizeof call_names / sizeof *call_names)) return 0;
  NCL_LIBRARY_GET(&hash->library, &calls);
  hash->sha256 = calls.fetch(NULL, "SHA256", NULL);
  hash->digest = calls.context_new();
  return hash->sha256 && hash->digest;
}

void ncl_hash_close(ncl_hash *hash) {
  evp_calls calls;
  if (!hash->library.is_loaded) return;
  NCL_LIBRARY_GET(&hash->library, &calls);
  calls.context_free(hash->digest);
  calls.md_free(hash->sha256);
  ncl_library_close(&hash->library);
  memset(hash, 0, sizeof *hash);
}

static uint32_t hash_bytes(const ncl_hash *hash, const void *bytes, size_t len, char hex[NCL_HASH_HEX]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char sum[EVP_MAX_MD_SIZE];
  evp_calls calls;
  size_t i;
  NCL_LIBRARY_GET(&hash->library, &calls);
  if (calls.begin(hash->digest, hash->sha256, NULL) != 1 || calls.add(hash->digest, bytes, len) != 1 ||
      calls.end(hash->digest, sum, NULL) != 1)
    return 0;
  for (i = 0; i < NCL_HASH_HEX / 2; i++) {
    hex[2 * i] = digits[sum[i] >> 4];
    hex[2 * i + 1] = digits[sum[i] & 15];
  }
  return 1;
}

static uint32_t hash_number(const ncl_hash *hash, uint64_t bits, size_t len, char hex[NCL_HASH_HEX]) {
  uint8_t bytes[8];
  size_t i;
  for (i = 0; i < len; i++)
    bytes[i] = (uint8_t)(bits >> (8 * i));
  return hash_bytes(hash, bytes, len, hex);
}

uint32_t ncl_hash_any(const ncl_hash *hash, const ncl_any *value, char hex[NCL_HASH_HEX]) {
  uint64_t bits;
  switch (value->type) {
    case NCL_ANY_STRING:
      return hash_bytes(hash, value->string.len ? value->string.ptr : "", value->string.len, hex);
    case NCL_ANY_BOOL:
      return hash_number(hash, value->b, 1, hex);
    case NCL_ANY_INT:
      return hash_number(hash, (uint64_t)value->i, 8, hex);
    case NCL_ANY_DOUBLE:
      memcpy(&bits, &value->d, sizeof bits);
      return hash_number(hash, bits, 8, hex);
    default:
      return 0;
  }
}

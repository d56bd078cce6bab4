/* SPDX-License-Identifier: Apache-2.0 */
/* crypto.h: SHA-256 and HMAC by OpenSSL's EVP with its default properties, so that the FIPS provider does the work
 * where openssl.cnf says so. */
#ifndef NCL_AWS_CRYPTO_H
#define NCL_AWS_CRYPTO_H

#include <nacelle/abi.h>
#include <openssl/evp.h>
#include <stdbool.h>

#define NCL_AWS_SHA256 32u
#define NCL_AWS_SHA256_HEX 64u

typedef struct ncl_aws_crypto {
  EVP_MD *sha256;
  EVP_MAC *hmac;
  EVP_MD_CTX *digest; /* of the hash under way */
} ncl_aws_crypto;

/* False: OpenSSL has no such algorithms, or no memory. To be closed in any case. */
bool ncl_aws_crypto_open(ncl_aws_crypto *crypto);
void ncl_aws_crypto_close(ncl_aws_crypto *crypto);

/* One hash at a time: begin, add, end. A step that fails is remembered until the end. */
bool ncl_aws_hash_begin(ncl_aws_crypto *crypto);
bool ncl_aws_hash_add(ncl_aws_crypto *crypto, const void *bytes, size_t len);
bool ncl_aws_hash_end(ncl_aws_crypto *crypto, char hex[NCL_AWS_SHA256_HEX]);
/* Of gathered pieces, an array of ncl_range. */
bool ncl_aws_hash_pieces(ncl_aws_crypto *crypto, const ncl_array *pieces, char hex[NCL_AWS_SHA256_HEX]);

bool ncl_aws_hmac(const ncl_aws_crypto *crypto, ncl_range key, ncl_str text, uint8_t mac[NCL_AWS_SHA256]);

/* Lower-case digits, two for each byte. */
void ncl_aws_hex(const uint8_t *bytes, size_t len, char *hex);

#endif

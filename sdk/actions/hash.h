/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/actions/hash.h: SHA-256 of attribute values, by libcrypto, which is loaded for it. */
#ifndef NCL_ACTIONS_HASH_H
#define NCL_ACTIONS_HASH_H

#include <nacelle/library.h>
#include <nacelle/otlp_read.h>

#define NCL_HASH_HEX 64u

typedef struct ncl_hash {
  ncl_library library;
  void *digest; /* EVP_MD_CTX */
  void *sha256; /* EVP_MD */
} ncl_hash;

/* 1 = it can be used. Zeroed before, and to be closed in any case. */
uint32_t ncl_hash_open(ncl_hash *hash);
void ncl_hash_close(ncl_hash *hash);

/* The hash of a string, bool, int or double in lower-case hex: of numbers as eight bytes, little endian, of true and
 * false as the byte 1 or 0. 0 = the value is of another type, or it failed. */
uint32_t ncl_hash_any(const ncl_hash *hash, const ncl_any *value, char hex[NCL_HASH_HEX]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c: SHA-256 by OpenSSL's default provider. */
#include "programs/dist/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#define PIECE 65536u

static void put_hex(const uint8_t digest[32], char hex[NCL_DIGEST_HEX]) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < 32; i++) {
    hex[2 * i] = digits[digest[i] >> 4];
    hex[2 * i + 1] = digits[digest[i] & 15];
  }
  hex[64] = '\0';
}

bool ncl_digest_bytes(const void *bytes, size_t len, char hex[NCL_DIGEST_HEX], ncl_problem *problem) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  if (EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL) != 1) {
    return ncl_problem_set(problem, "SHA-256 is not to be had of OpenSSL here");
  }
  put_hex(digest, hex);
  return true;
}

static bool digest_stream(FILE *file, EVP_MD_CTX *context, uint8_t *digest, uint64_t *size) {
  static uint8_t piece[PIECE];
  size_t n;
  *size = 0;
  if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) return false;
  while ((n = fread(piece, 1, sizeof piece, file)) > 0) {
    if (EVP_DigestUpdate(context, piece, n) != 1) return false;
    *size += n;
  }
  return ferror(file) == 0 && EVP_DigestFinal_ex(context, digest, NULL) == 1;
}

bool ncl_digest_file(const char *path, char hex[NCL_DIGEST_HEX], uint64_t *size, ncl_problem *problem) {
  uint8_t digest[EVP_MAX_MD_SIZE];
  uint64_t counted = 0;
  FILE *file = fopen(path, "rbe");
  if (file == NULL) return ncl_problem_set(problem, "%s cannot be read: %s", path, strerror(errno));
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool ok = context != NULL && digest_stream(file, context, digest, &counted);
  EVP_MD_CTX_free(context);
  (void)fclose(file);
  if (!ok) return ncl_problem_set(problem, "the SHA-256 of %s cannot be had", path);
  put_hex(digest, hex);
  if (size != NULL) *size = counted;
  return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h: hashes of texts, by multiplication of 64 by 64 bits (the idea is wyhash's). */
#ifndef NCL_EMF_HASH_H
#define NCL_EMF_HASH_H

#include <nacelle/abi.h>
#include <stdbool.h>
#include <string.h>

#define NCL_EMF_HASH_A UINT64_C(0x9e3779b97f4a7c15)
#define NCL_EMF_HASH_B UINT64_C(0xd6e8feb86659fd93)

__extension__ typedef unsigned __int128 ncl_emf_wide;

static inline uint64_t ncl_emf_mix(uint64_t a, uint64_t b) {
  ncl_emf_wide product = (ncl_emf_wide)(a ^ NCL_EMF_HASH_A) * (b ^ NCL_EMF_HASH_B);
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t ncl_emf_load(const char *at, size_t len) {
  uint64_t word = 0;
  memcpy(&word, at, len);
  return word;
}

static inline uint64_t ncl_emf_hash(uint64_t seed, ncl_str text) {
  const char *at = text.ptr;
  size_t left = text.len;
  uint64_t hash = ncl_emf_mix(seed, text.len);
  for (; left >= 8; left -= 8, at += 8)
    hash = ncl_emf_mix(hash, ncl_emf_load(at, 8));
  return left > 0 ? ncl_emf_mix(hash, ncl_emf_load(at, left)) : hash;
}

static inline bool ncl_emf_same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || a.ptr == b.ptr || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* As strcmp: by bytes. */
static inline int ncl_emf_order(ncl_str a, ncl_str b) {
  size_t common = a.len < b.len ? a.len : b.len;
  int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/config/metadata_keys.c */
#include <nacelle/config_fill.h>
#include <nacelle/metadata_keys.h>
#include <string.h>
#include <strings.h>

static uint32_t same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static uint32_t same_name(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

ncl_status ncl_metadata_keys_check(const ncl_host *host, ncl_component *me, const ncl_value *keys) {
  static const ncl_str nothing = {NULL, 0};
  ncl_status status = NCL_OK;
  uint32_t count = ncl_config_count(keys);
  for (uint32_t i = 0; i < count && i < NCL_METADATA_KEYS_MAX; i++) {
    for (uint32_t k = 0; k < i; k++) {
      const ncl_value *key = ncl_config_at(keys, i);
      if (!same_name(key->s, ncl_config_at(keys, k)->s)) continue;
      host->config_error(me, key, (ncl_str)NCL_STR("this key stands twice in metadata_keys"), nothing);
      status = NCL_PERMANENT;
    }
  }
  if (count > NCL_METADATA_KEYS_MAX) {
    host->config_error(me, keys, (ncl_str)NCL_STR("more than 32 metadata_keys"), nothing);
    status = NCL_PERMANENT;
  }
  return status;
}

uint32_t ncl_metadata_pick(const ncl_host *host, const ncl_value *keys, const ncl_context *context,
                           ncl_pair into[NCL_METADATA_PAIRS_MAX]) {
  uint32_t key_count = ncl_config_count(keys), count = 0;
  if (key_count == 0) return 0;
  ncl_array pairs = host->context_pairs(context);
  for (uint32_t k = 0; k < key_count; k++) {
    ncl_str key = ncl_config_at(keys, k)->s;
    for (uint32_t i = 0; i < pairs.count; i++) {
      const ncl_pair *pair = ncl_array_at(&pairs, i);
      if (!same_name(pair->name, key)) continue;
      if (count < NCL_METADATA_PAIRS_MAX) into[count] = *pair;
      count++;
    }
  }
  return count;
}

uint32_t ncl_metadata_equal(const ncl_host *host, const ncl_context *context, const ncl_pair *pairs, uint32_t count) {
  ncl_array own = host->context_pairs(context);
  if (own.count != count) return 0;
  for (uint32_t i = 0; i < count; i++) {
    const ncl_pair *pair = ncl_array_at(&own, i);
    if (!same(pair->name, pairs[i].name) || !same(pair->value, pairs[i].value)) return 0;
  }
  return 1;
}

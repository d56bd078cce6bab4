/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/metadata_keys.h: metadata of the client whose values keep telemetry apart: metadata_keys of a config. */
#ifndef NACELLE_METADATA_KEYS_H
#define NACELLE_METADATA_KEYS_H

#include <nacelle/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_METADATA_KEYS_MAX 32u  /* keys */
#define NCL_METADATA_PAIRS_MAX 64u /* values of them in one context */

/* `keys` is the value of a list of strings, or NULL for none. Letters of either case are the same. */

/* [loop] [create] Reports keys that stand twice, and more than NCL_METADATA_KEYS_MAX. NCL_OK or NCL_PERMANENT. */
ncl_status ncl_metadata_keys_check(const ncl_host *host, ncl_component *me, const ncl_value *keys);

/* [any] The pairs of `context` that the keys name, in the order of the keys; they live as long as the context. Returns
 * how many there are; NCL_METADATA_PAIRS_MAX are written. */
uint32_t ncl_metadata_pick(const ncl_host *host, const ncl_value *keys, const ncl_context *context,
                           ncl_pair into[NCL_METADATA_PAIRS_MAX]);

/* [any] 1 = these pairs, in this order, are all that the context has. */
uint32_t ncl_metadata_equal(const ncl_host *host, const ncl_context *context, const ncl_pair *pairs, uint32_t count);

#ifdef __cplusplus
}
#endif
#endif

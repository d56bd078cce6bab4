/* SPDX-License-Identifier: Apache-2.0 */
/* address.h: which object "s3://..." means. */
#ifndef NCL_S3_ADDRESS_H
#define NCL_S3_ADDRESS_H

#include <nacelle/abi.h>

#define NCL_S3_KEY_MAX 1024u /* bytes of a key, as S3 has it */

typedef struct ncl_s3_address {
  ncl_str bucket;                    /* in the URI */
  ncl_str region;                    /* likewise; "" = not said */
  char path[3 * NCL_S3_KEY_MAX + 2]; /* the key, escaped, with a slash before it */
} ncl_s3_address;

/* Takes what stands behind "s3:" apart: "//bucket.s3.region.amazonaws.com/key" as the Go collector has it,
 * "//bucket/key" as AWS's command line has it, or that with "?region=...". NULL, or what is wrong with it. */
const char *ncl_s3_address_parse(ncl_str uri, ncl_s3_address *out);

#endif

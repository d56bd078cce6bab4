/* SPDX-License-Identifier: Apache-2.0 */
/* grpc.h: the parts of gRPC over HTTP/2 that are text and framing. No I/O and no memory of its own. */
#ifndef NACELLE_HTTP_SERVER_GRPC_H
#define NACELLE_HTTP_SERVER_GRPC_H

#include <nacelle/abi.h>
#include <stdbool.h>

/* Bytes before each message: one of flags, four of length (big endian). */
#define NCL_GRPC_PREFIX 5u

/* google.rpc.Code, where the service itself answers. */
#define NCL_GRPC_INVALID_ARGUMENT 3u
#define NCL_GRPC_DEADLINE_EXCEEDED 4u
#define NCL_GRPC_RESOURCE_EXHAUSTED 8u
#define NCL_GRPC_UNIMPLEMENTED 12u
#define NCL_GRPC_INTERNAL 13u
#define NCL_GRPC_UNAVAILABLE 14u

/* The one message of a unary call, as it comes in. Start zeroed. */
typedef struct ncl_grpc_frame {
  uint8_t prefix[NCL_GRPC_PREFIX];
  uint8_t have;       /* bytes of the prefix */
  uint8_t compressed; /* the flag, once the prefix is whole */
  uint32_t len;       /* of the message, once the prefix is whole */
} ncl_grpc_frame;

#define NCL_GRPC_MORE 0
#define NCL_GRPC_HEAD 1   /* the prefix is whole: `len` and `compressed` are known */
#define NCL_GRPC_BROKEN 2 /* a flag that does not exist */

/* Takes bytes of the prefix from `data`; *used says how many. Not to be called once it has answered HEAD. */
int ncl_grpc_take_prefix(ncl_grpc_frame *frame, const uint8_t *data, size_t len, size_t *used);

/* True for the content types of gRPC itself: "application/grpc", "application/grpc+proto", with parameters or not;
 * not for grpc-web. */
bool ncl_grpc_is_content_type(ncl_str value);

/* grpc-timeout ("250m") in nanoseconds; -1 = malformed. */
int64_t ncl_grpc_timeout_ns(ncl_str value);

/* Percent-encodes a grpc-message. `into` has room for 3 bytes each; returns how many were written. */
size_t ncl_grpc_percent_encode(ncl_str text, char *into);

/* Base64 without padding, as "-bin" metadata have it. `into` has room for ncl_grpc_base64_len(len). */
size_t ncl_grpc_base64(ncl_range bytes, char *into);
static inline size_t ncl_grpc_base64_len(size_t len) {
  return (len + 2) / 3 * 4;
}

#endif

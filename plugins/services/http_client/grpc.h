/* SPDX-License-Identifier: Apache-2.0 */
/* grpc.h: the parts of gRPC over HTTP/2 that are pure: frames, timeouts, status trailers. */
#ifndef NCL_HTTP_CLIENT_GRPC_H
#define NCL_HTTP_CLIENT_GRPC_H

#include <nacelle/abi.h>
#include <stdbool.h>

#define NCL_GRPC_PREFIX 5u /* bytes in front of a message: compressed flag, length */

/* Writes the prefix of a message of `len` bytes. False: it does not fit (4 GiB). */
bool ncl_grpc_put_prefix(uint8_t into[NCL_GRPC_PREFIX], bool compressed, size_t len);

/* Takes the one message out of a reply's body. *message.ptr is NULL where there is none. False: broken framing, or
 * more than one message. */
bool ncl_grpc_take_message(ncl_range body, bool *compressed, ncl_range *message);

/* Value of grpc-timeout for a delay (at most 8 digits and a unit), NUL-terminated. Never "0". */
#define NCL_GRPC_TIMEOUT_SIZE 10u
void ncl_grpc_put_timeout(char into[NCL_GRPC_TIMEOUT_SIZE], int64_t delay_ns);

/* google.rpc.Code for an HTTP status that came without grpc-status (gRPC's "HTTP to gRPC Status Code Mapping"). */
uint32_t ncl_grpc_code_of_http(uint32_t http_status);

/* Value of grpc-status: a decimal number; UNKNOWN where it is none. */
uint32_t ncl_grpc_read_status(ncl_str value);

/* Undoes the percent-encoding of grpc-message; what is no escape stays. `out` has room for value.len bytes. Returns
 * bytes written. */
size_t ncl_grpc_decode_message(ncl_str value, char *out);

/* Base64 with or without padding (-bin headers). `out` has room for value.len / 4 * 3 + 3 bytes. False: malformed. */
bool ncl_grpc_decode_base64(ncl_str value, uint8_t *out, size_t *len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/otlp_export.h: what an OTLP backend's answer means: partial success, errors, when to try again.
 * Part of the plugin, not of the ABI. Everything here is pure and [any]. */
#ifndef NACELLE_OTLP_EXPORT_H
#define NACELLE_OTLP_EXPORT_H

#include <nacelle/call.h>

#ifdef __cplusplus
extern "C" {
#endif

/* google.rpc.Code */
enum {
  NCL_GRPC_OK = 0,
  NCL_GRPC_CANCELLED = 1,
  NCL_GRPC_UNKNOWN = 2,
  NCL_GRPC_INVALID_ARGUMENT = 3,
  NCL_GRPC_DEADLINE_EXCEEDED = 4,
  NCL_GRPC_NOT_FOUND = 5,
  NCL_GRPC_ALREADY_EXISTS = 6,
  NCL_GRPC_PERMISSION_DENIED = 7,
  NCL_GRPC_RESOURCE_EXHAUSTED = 8,
  NCL_GRPC_FAILED_PRECONDITION = 9,
  NCL_GRPC_ABORTED = 10,
  NCL_GRPC_OUT_OF_RANGE = 11,
  NCL_GRPC_UNIMPLEMENTED = 12,
  NCL_GRPC_INTERNAL = 13,
  NCL_GRPC_UNAVAILABLE = 14,
  NCL_GRPC_DATA_LOSS = 15,
  NCL_GRPC_UNAUTHENTICATED = 16,
};

/* Its name ("UNAVAILABLE"); empty for a code that is not known. */
ncl_str ncl_otlp_grpc_name(uint32_t grpc_code);
/* The code that stands for an HTTP status towards a client that waits for the result; 0 for 2xx. */
uint32_t ncl_otlp_grpc_of_http(uint32_t http_status);

/* NCL_OK, NCL_RETRYABLE or NCL_PERMANENT. HTTP: 429, 502, 503 and 504 are retryable (OTLP specification, "OTLP/HTTP
 * Response"). gRPC: as in its table of retryable codes, RESOURCE_EXHAUSTED only where the answer has a RetryInfo. */
ncl_status ncl_otlp_http_class(uint32_t http_status);
ncl_status ncl_otlp_grpc_class(uint32_t grpc_code, uint32_t has_retry_info);

/* Delays that a backend asks for are cut to one day, so that a wrong clock there does not stop delivery for good. */
#define NCL_OTLP_DELAY_MAX_NS INT64_C(86400000000000)

/* Nanoseconds of a Retry-After header: seconds, or a date in one of the three forms of RFC 9110 (5.6.7), against the
 * wall clock. 0 = now or in the past; -1 = neither number nor date. */
int64_t ncl_otlp_retry_after_ns(ncl_str value, int64_t wall_ns);

/* A backend's answer. For gRPC: signal, grpc_*, body, secrets; for HTTP the others. */
typedef struct ncl_otlp_answer {
  uint32_t signal; /* NCL_SIGNAL_* of the request */
  uint32_t http_status;
  uint32_t grpc_code;
  ncl_str content_type;
  ncl_str retry_after; /* the header's value; empty = there is none */
  ncl_str grpc_message;
  ncl_range grpc_details; /* google.rpc.Status */
  ncl_range body;
  int64_t wall_ns;
  ncl_array secrets; /* of ncl_str: texts that must not show in the message (values of request headers) */
} ncl_otlp_answer;

/* Where the message of an outcome is put: what the backend said, without control characters and secrets. */
#define NCL_OTLP_MESSAGE_MAX 512u
typedef struct ncl_otlp_text {
  char buf[NCL_OTLP_MESSAGE_MAX];
} ncl_otlp_text;

/* Fills in status, code, message, delay and rejected items of *outcome; the message lies in *text, or is static. An
 * answer of success whose body cannot be read is a success: the backend took the data, and sending it again would make
 * duplicates. */
void ncl_otlp_http_outcome(const ncl_otlp_answer *answer, ncl_otlp_text *text, ncl_outcome *outcome);
void ncl_otlp_grpc_outcome(const ncl_otlp_answer *answer, ncl_otlp_text *text, ncl_outcome *outcome);

#ifdef __cplusplus
}
#endif
#endif

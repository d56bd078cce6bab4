/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/otlp_json.h: OTLP/JSON from and to the wire. Part of the SDK, not of the ABI. */
#ifndef NACELLE_OTLP_JSON_H
#define NACELLE_OTLP_JSON_H

#include <nacelle/host.h>
#include <nacelle/json_write.h>
#include <nacelle/otlp_read.h>
#include <nacelle/otlp_write.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Messages that can be mapped. The requests have the numbers of their signals. */
#define NCL_JSON_TRACES_REQUEST NCL_SIGNAL_TRACES
#define NCL_JSON_METRICS_REQUEST NCL_SIGNAL_METRICS
#define NCL_JSON_LOGS_REQUEST NCL_SIGNAL_LOGS
#define NCL_JSON_TRACES_RESPONSE 4u
#define NCL_JSON_METRICS_RESPONSE 5u
#define NCL_JSON_LOGS_RESPONSE 6u
#define NCL_JSON_RPC_STATUS 7u /* without the contents of its details */
#define NCL_JSON_RESOURCE 8u
#define NCL_JSON_SCOPE 9u
#define NCL_JSON_SPAN 10u
#define NCL_JSON_METRIC 11u
#define NCL_JSON_LOG_RECORD 12u
#define NCL_JSON_ANY_VALUE 13u
#define NCL_JSON_KEY_VALUE 14u

/* ---- out ------------------------------------------------------------------------------------------- */

/*
 * [any] Appends compact JSON: names in lowerCamelCase, 64-bit numbers as strings, enums as numbers, NaN and the
 * infinities as strings, trace and span ids in lower-case hex, other bytes in base64; fields that are 0 and have no
 * presence, and fields that OTLP does not know, are left out. NCL_OK; writer->status when it could not grow;
 * NCL_UNSUPPORTED: no mapping is known for this signal or message; NCL_PERMANENT: the bytes are malformed (no batch has
 * such), or values are nested deeper than in any batch.
 */
ncl_status ncl_batch_to_json(const ncl_batch *batch, ncl_writer *writer);
ncl_status ncl_message_to_json(uint32_t message, ncl_range wire, ncl_writer *writer);

/* [any] google.rpc.Status, with a RetryInfo where it has one. */
ncl_status ncl_rpc_status_to_json(const ncl_rpc_status *status, ncl_writer *writer);

/* ---- in -------------------------------------------------------------------------------------------- */

/* What ncl_json_to_wire has to say beside its status. */
typedef struct ncl_json_report {
  size_t offset;     /* of the fault, in bytes */
  uint64_t replaced; /* half surrogates in \u escapes that became U+FFFD, as in Go */
  char message[256]; /* what is wrong, with offset and path; ends with NUL; empty when nothing is */
} ncl_json_report;

/*
 * [loop] Reads JSON as OTLP's mapping has it and writes the wire form into the newest allocation of `arena`, as
 * ncl_host.batch_from_wire takes it. Names in camelCase or snake_case; 64-bit numbers as numbers or strings; enums
 * by number or name; ids in hex; unknown fields are skipped; null is absence; of a scalar that comes twice the last
 * one counts; a byte order mark is skipped. Strings keep their bytes: batch_from_wire repairs what is not UTF-8.
 * NCL_PADDING readable bytes follow `text`. At most `limit` bytes are written.
 *
 * NCL_OK and the bytes in *wire. NCL_PERMANENT: not JSON, or not of this message, or larger than `limit`: see
 * report->message (`report` may be NULL). NCL_NO_MEMORY. NCL_UNSUPPORTED: no mapping is known for `message`.
 */
ncl_status ncl_json_to_wire(const ncl_host *host, ncl_arena *arena, uint32_t message, ncl_range text, size_t limit,
                            ncl_range *wire, ncl_json_report *report);

/* What ncl_json_to_wire allocates first: the reserve to open an arena with. */
size_t ncl_json_reserve(size_t text_len);

/* [any] The same into memory from malloc, for small answers; ncl_writer_close(writer) frees it. `writer` is
 * initialised here. */
ncl_status ncl_json_to_wire_heap(uint32_t message, ncl_range text, size_t limit, ncl_writer *writer,
                                 ncl_json_report *report);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_json.c: any text as OTLP/JSON. The first byte chooses the message. What is taken comes out as JSON
 * that is taken again and comes out the same. */

#include "fuzz/otlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Text in an allocation with exactly the padding that is promised. */
static ncl_status to_wire(uint32_t message, const uint8_t *text, size_t len, ncl_writer *wire) {
  uint8_t *padded = malloc(len + NCL_PADDING);
  ncl_range range = {padded, len};
  ncl_json_report report;
  ncl_status status;
  FUZZ_REQUIRE(padded);
  if (len) memcpy(padded, text, len);
  memset(padded + len, '"', NCL_PADDING);
  status = ncl_json_to_wire_heap(message, range, SIZE_MAX, wire, &report);
  FUZZ_REQUIRE(status == NCL_OK ? !report.message[0] : status == NCL_PERMANENT && report.message[0]);
  FUZZ_REQUIRE(report.offset <= len);
  free(padded);
  return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint32_t message;
  ncl_writer wire;
  if (size < 1) return 0;
  message = 1u + data[0] % NCL_JSON_KEY_VALUE;
  if (to_wire(message, data + 1, size - 1, &wire) == NCL_OK) {
    ncl_writer json;
    ncl_writer wire_again;
    ncl_writer json_again;
    ncl_writer_heap(&json, SIZE_MAX);
    ncl_writer_heap(&json_again, SIZE_MAX);
    FUZZ_REQUIRE(ncl_message_to_json(message, ncl_writer_range(&wire), &json) == NCL_OK);
    FUZZ_REQUIRE(to_wire(message, json.base, json.len, &wire_again) == NCL_OK);
    FUZZ_REQUIRE(ncl_message_to_json(message, ncl_writer_range(&wire_again), &json_again) == NCL_OK);
    FUZZ_REQUIRE(json.len == json_again.len && memcmp(json.base, json_again.base, json.len) == 0);
    ncl_writer_close(&json);
    ncl_writer_close(&json_again);
    ncl_writer_close(&wire_again);
    if (message <= NCL_SIGNAL_LOGS) {
      ncl_pool *pool = ncl_pool_new();
      FUZZ_REQUIRE(pool);
      /* Refused where it is nested too deep, taken otherwise; either way in order. */
      ncl_batch_release(fuzz_batch(pool, message, wire.base, wire.len));
      FUZZ_REQUIRE(ncl_pool_used(pool) == 0);
      ncl_pool_free(pool);
    }
  }
  ncl_writer_close(&wire);
  return 0;
}

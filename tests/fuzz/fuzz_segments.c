/* SPDX-License-Identifier: Apache-2.0 */
/* Any datagram for the receiver awsxray: what it makes is a request that the host takes, with as many spans as it says,
 * and no key of one span comes twice. */
#include "otlp.h"

#include "plugins/receivers/awsxray/spans.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_keys(ncl_range record) {
  ncl_span span;
  ncl_attribute one;
  FUZZ_REQUIRE(ncl_span_read(record, &span));
  FUZZ_REQUIRE(span.trace_id.len == 16 && span.span_id.len == 8);
  ncl_repeated attributes = span.attributes;
  for (uint32_t i = 0; i < 64 && ncl_attributes_next(&attributes, &one); i++) {
    ncl_repeated rest = attributes;
    ncl_attribute other;
    while (ncl_attributes_next(&rest, &other))
      FUZZ_REQUIRE(one.key.len != other.key.len || memcmp(one.key.ptr, other.key.ptr, one.key.len) != 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ncl_segment_translator t;
  ncl_writer w;
  ncl_range body;
  const char *why = NULL;
  uint32_t spans = 0;
  if (size == 0) return 0;
  t.compat = data[0] & 1;
  data++, size--;
  if (ncl_segment_body((ncl_range){data, size}, &body, &why) != NCL_OK) body = (ncl_range){data, size};
  ncl_writer_heap(&w, (size_t)1 << 24);
  if (ncl_segment_write(&t, body, &w, &spans, &why) == NCL_OK) {
    ncl_pool *pool = ncl_pool_new();
    const ncl_batch *batch = fuzz_batch(pool, NCL_SIGNAL_TRACES, w.base, w.len);
    FUZZ_REQUIRE(batch != NULL && batch->items == spans);
    for (uint32_t i = 0; i < batch->records.count; i++) {
      const ncl_record *record = ncl_batch_record(batch, i);
      check_keys((ncl_range){record->ptr, record->len});
    }
    ncl_batch_release(batch);
    ncl_pool_free(pool);
  } else {
    FUZZ_REQUIRE(why != NULL && spans > 0);
  }
  ncl_writer_close(&w);
  return 0;
}

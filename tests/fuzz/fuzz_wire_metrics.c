/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_wire_metrics.c: any bytes as an encoded request of metrics. */
#include "fuzz/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_wire(NCL_SIGNAL_METRICS, data, size);
}

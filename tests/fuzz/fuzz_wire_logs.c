/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_wire_logs.c: any bytes as an encoded request of logs. */
#include "fuzz/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_wire(NCL_SIGNAL_LOGS, data, size);
}

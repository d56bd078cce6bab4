/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an HTTP/1.1 connection. However they are cut into pieces, the handler is told the same. */
#include "http_connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  connection *c = the_connection();
  if (size < 1 || size > 65536) return -1;
  size_t step = (size_t)data[0] % 64 + 1;
  if (step < size / 256) step = size / 256; /* so that large inputs do not take seconds */
  run_connection(c, data + 1, size - 1, size, false);
  uint64_t whole = c->digest;
  if (c->host.logs == 0) { /* not what a client of TLS sends, which is recognised by its first piece */
    run_connection(c, data + 1, size - 1, step, false);
    if (c->digest != whole) abort();
  }
  run_connection(c, data + 1, size - 1, step * 64, true);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an HTTP/2 connection behind its preface. */
#include "http_connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t bytes[sizeof(preface) + 65536];
  connection *c = the_connection();
  if (size < 1 || size > 65536) return -1;
  /* The preface and an empty SETTINGS frame of 9 bytes, whose last is the NUL of the literal. */
  memcpy(bytes, preface, sizeof(preface));
  memcpy(bytes + sizeof(preface), data + 1, size - 1);
  size_t len = sizeof(preface) + size - 1;
  run_connection(c, bytes, len, len, false);
  run_connection(c, bytes, len, (size_t)data[0] * 4 + 1, true);
  return 0;
}

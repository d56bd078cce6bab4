/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 responses: fed in two cuts, which must read the same as in one. The first byte says where the cut is, and
 * whether the request was HEAD. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/services/http_client/h1_reply.h"

/* A sum over all that the sink was told, in order; bodies byte by byte, so that cuts do not count. */
typedef struct told {
  uint64_t sum;
  uint64_t body;
} told;

static void add(told *t, const void *bytes, size_t len) {
  const uint8_t *at = bytes;
  for (size_t i = 0; i < len; i++)
    t->sum = (t->sum ^ at[i]) * UINT64_C(1099511628211);
}

static bool on_begin(void *arg, uint32_t status) {
  assert(status >= 100 && status <= 999 && status != 101);
  add(arg, &status, sizeof status);
  return true;
}

static bool on_field(void *arg, ncl_str name, ncl_str value) {
  assert(name.len > 0);
  add(arg, name.ptr, name.len);
  add(arg, "=", 1);
  add(arg, value.ptr, value.len);
  return true;
}

static bool on_body(void *arg, const uint8_t *bytes, size_t len) {
  told *t = arg;
  assert(len > 0);
  t->body += len;
  add(t, bytes, len);
  return true;
}

static told feed(const uint8_t *bytes, size_t len, size_t cut, bool is_head, ncl_h1_state *state) {
  static const ncl_h1_sink sink = {on_begin, on_field, on_body};
  told t = {UINT64_C(14695981039346656037), 0};
  ncl_h1_reply reply = {0};
  ncl_h1_reply_reset(&reply, is_head);
  /* Copies of exact size: reading beyond one is seen. */
  for (int part = 0; part < 2; part++) {
    size_t from = part == 0 ? 0 : cut, n = part == 0 ? cut : len - cut;
    uint8_t *copy = malloc(n + 1);
    if (n > 0) memcpy(copy, bytes + from, n);
    size_t used = ncl_h1_reply_feed(&reply, copy, n, &sink, &t);
    assert(used <= n);
    assert(used == n || reply.state == NCL_H1_WHOLE || reply.state == NCL_H1_BROKEN);
    free(copy);
  }
  *state = reply.state;
  ncl_h1_reply_free(&reply);
  return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ncl_h1_state one, two;
  if (size < 1) return 0;
  size_t len = size - 1, cut = len > 0 ? (size_t)(data[0] >> 1) * len / 128 : 0;
  told whole = feed(data + 1, len, len, (data[0] & 1) != 0, &one);
  told parts = feed(data + 1, len, cut, (data[0] & 1) != 0, &two);
  assert(one == two && whole.sum == parts.sum && whole.body == parts.body);
  assert(whole.body <= len);
  return 0;
}

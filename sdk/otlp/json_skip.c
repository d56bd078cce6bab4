/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/json_skip.c: steps over JSON values that OTLP does not know, and checks them all the same. */

#include "json_in.h"

const uint8_t *ncl_json_word(ncl_json_in *in, const uint8_t *at) {
  static const char *const words[] = {"true", "false", "null"};
  uint32_t i;
  for (i = 0; i < 3; i++) {
    size_t len = strlen(words[i]);
    if ((size_t)(in->end - at) >= len && memcmp(at, words[i], len) == 0) return at + len;
  }
  return ncl_json_fail(in, at, "expected a value");
}

static const uint8_t *skip_scalar(ncl_json_in *in, const uint8_t *at) {
  if (*at == '"') return ncl_json_skip_str(in, at + 1);
  if (*at == '-' || (*at >= '0' && *at <= '9')) return ncl_json_skip_number(in, at);
  return ncl_json_word(in, at);
}

/* The key and the colon that begin a member of an object. */
static const uint8_t *skip_key(ncl_json_in *in, const uint8_t *at) {
  if (at >= in->end || *at != '"') return ncl_json_fail(in, at, "expected a key in quotes");
  at = ncl_json_skip_str(in, at + 1);
  if (!at) return NULL;
  at = ncl_json_space(in, at);
  if (at >= in->end || *at != ':') return ncl_json_fail(in, at, "expected a colon");
  return ncl_json_space(in, at + 1);
}

/* Any value. Not recursive: `open` remembers what is open, a bit each. */
const uint8_t *ncl_json_skip(ncl_json_in *in, const uint8_t *at) {
  uint8_t open[NCL_JSON_SKIP_DEPTH]; /* closing brackets */
  uint32_t depth = 0;
  for (;;) {
    if (at >= in->end) return ncl_json_fail(in, in->end, "expected a value");
    if (*at == '{' || *at == '[') {
      if (depth == NCL_JSON_SKIP_DEPTH) return ncl_json_fail(in, at, "nested too deep");
      open[depth++] = *at == '{' ? '}' : ']';
      at = ncl_json_space(in, at + 1);
      if (at < in->end && *at == open[depth - 1]) {
        depth--;
        at++;
      } else {
        if (open[depth - 1] == '}') at = skip_key(in, at);
        if (!at) return NULL;
        continue;
      }
    } else {
      at = skip_scalar(in, at);
      if (!at) return NULL;
    }
    for (;;) {
      if (!depth) return at;
      at = ncl_json_space(in, at);
      if (at >= in->end) return ncl_json_fail(in, in->end, "expected the end of an object or array");
      if (*at != open[depth - 1]) break;
      depth--;
      at++;
    }
    if (*at != ',') return ncl_json_fail(in, at, "expected a comma or the end of an object or array");
    at = ncl_json_space(in, at + 1);
    if (open[depth - 1] == '}') at = skip_key(in, at);
    if (!at) return NULL;
  }
}

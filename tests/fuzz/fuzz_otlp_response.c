/* SPDX-License-Identifier: Apache-2.0 */
/* What a backend may answer: OTLP responses and google.rpc.Status in both encodings, Retry-After, gRPC's trailers and
 * messages. The first byte says which; what holds for every answer is asserted. */
#include <assert.h>
#include <nacelle/otlp_export.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/services/http_client/encode.h"
#include "plugins/services/http_client/grpc.h"
#include "plugins/services/http_client/url.h"

#define WALL_NS INT64_C(784111777000000000)
#define REPLY_MAX ((size_t)1 << 16)

static void check(const ncl_outcome *outcome, const ncl_otlp_text *text) {
  assert(outcome->status == NCL_OK || outcome->status == NCL_RETRYABLE || outcome->status == NCL_PERMANENT);
  assert(outcome->retry_after_ns >= 0 && outcome->retry_after_ns <= NCL_OTLP_DELAY_MAX_NS);
  assert(outcome->message.len <= NCL_OTLP_MESSAGE_MAX);
  if (outcome->message.len == 0) return;
  /* What a success is warned of may be the library's own words. */
  assert(outcome->message.ptr == text->buf || outcome->status == NCL_OK);
  for (size_t i = 0; i < outcome->message.len; i++)
    assert((unsigned char)outcome->message.ptr[i] >= 0x20);
  assert(memmem(outcome->message.ptr, outcome->message.len, "s3cret", 6) == NULL);
}

static void answer_over_http(ncl_range body, uint32_t status, const char *type) {
  static const ncl_str secrets[] = {NCL_STR("s3cret")};
  ncl_otlp_text text;
  ncl_outcome outcome;
  ncl_otlp_answer answer = {.signal = NCL_SIGNAL_METRICS,
                            .http_status = status,
                            .content_type = {type, strlen(type)},
                            .body = body,
                            .wall_ns = WALL_NS,
                            .secrets = NCL_ARRAY(secrets)};
  ncl_otlp_http_outcome(&answer, &text, &outcome);
  check(&outcome, &text);
  assert(outcome.status == ncl_otlp_http_class(status));
}

static void answer_over_grpc(ncl_range details, ncl_str message, uint32_t code) {
  static const ncl_str secrets[] = {NCL_STR("s3cret")};
  ncl_otlp_text text;
  ncl_outcome outcome;
  ncl_otlp_answer answer = {.grpc_code = code,
                            .grpc_message = message,
                            .grpc_details = details,
                            .body = details,
                            .secrets = NCL_ARRAY(secrets)};
  ncl_otlp_grpc_outcome(&answer, &text, &outcome);
  check(&outcome, &text);
  if (code == NCL_GRPC_OK) assert(outcome.status == NCL_OK);
}

/* A line of trailers: "<status>\n<message>\n<details>". */
static void read_trailers(ncl_str text) {
  ncl_str parts[3] = {text, {NULL, 0}, {NULL, 0}};
  for (int i = 0; i < 2; i++) {
    const char *end = parts[i].len > 0 ? memchr(parts[i].ptr, '\n', parts[i].len) : NULL;
    if (end == NULL) break;
    size_t len = (size_t)(end - parts[i].ptr);
    parts[i + 1] = ncl_str_of(end + 1, parts[i].len - len - 1);
    parts[i].len = len;
  }
  char *message = malloc(parts[1].len + 1);
  uint8_t *details = malloc(parts[2].len / 4 * 3 + 3);
  size_t details_len = 0;
  size_t message_len = ncl_grpc_decode_message(parts[1], message);
  assert(message_len <= parts[1].len);
  bool ok = ncl_grpc_decode_base64(parts[2], details, &details_len);
  assert(details_len <= parts[2].len / 4 * 3 + 3);
  answer_over_grpc((ncl_range){ok ? details : NULL, ok ? details_len : 0}, ncl_str_of(message, message_len),
                   ncl_grpc_read_status(parts[0]));
  free(message);
  free(details);
}

static void read_message(ncl_range body, uint32_t encoding) {
  bool compressed;
  ncl_range message;
  ncl_http_buffer plain = {0};
  if (!ncl_grpc_take_message(body, &compressed, &message)) return;
  if (message.ptr != NULL) assert(message.ptr + message.len == body.ptr + body.len);
  static ncl_http_codecs codecs; /* loaded once */
  if (compressed && ncl_http_decompress(&codecs, encoding, message, &plain, REPLY_MAX) == NULL) {
    assert(plain.len <= REPLY_MAX);
  }
  ncl_http_buffer_clear(&plain, 0);
}

static void read_url(ncl_str text) {
  ncl_http_url url;
  if (ncl_http_url_parse(text, &url) != NULL) return;
  assert(url.host.len > 0 && url.host.ptr >= text.ptr && url.host.ptr + url.host.len <= text.ptr + text.len);
  assert(url.place.len >= url.host.len);
  (void)ncl_http_url_is_local(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  /* An allocation of its own, so that reading beyond it is seen. */
  size_t len = size - 1;
  uint8_t *copy = malloc(len > 0 ? len : 1);
  if (copy == NULL) return 0;
  memcpy(copy, data + 1, len);
  ncl_range body = {copy, len};
  ncl_str text = {(const char *)copy, len};
  switch (data[0] % 10) {
    case 0:
      answer_over_http(body, 200, "application/x-protobuf");
      break;
    case 1:
      answer_over_http(body, 503, "application/x-protobuf");
      break;
    case 2:
      answer_over_http(body, 200, "application/json");
      break;
    case 3:
      answer_over_http(body, 429, "application/json");
      break;
    case 4:
      answer_over_http(body, 400, "text/plain");
      break;
    case 5: {
      int64_t delay_ns = ncl_otlp_retry_after_ns(text, WALL_NS);
      assert(delay_ns >= -1 && delay_ns <= NCL_OTLP_DELAY_MAX_NS);
      break;
    }
    case 6:
      read_trailers(text);
      break;
    case 7:
      answer_over_grpc(body, ncl_str_of(NULL, 0), NCL_GRPC_OK);
      break;
    case 8:
      read_message(body, len > 5 ? copy[len - 1] % 3 + 1 : NCL_HTTP_ENCODING_GZIP);
      break;
    default:
      read_url(text);
      break;
  }
  free(copy);
  return 0;
}

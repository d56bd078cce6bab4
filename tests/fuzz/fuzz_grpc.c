/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the body of a gRPC call, in DATA frames of a size that the input chooses, under a grpc-encoding that it
 * chooses: framing, and decompression within the limit. */
#include "http_connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";

static const char *const encodings[] = {"identity", "gzip", "deflate", "zstd", "lz4", "br", "zlib"};

/* A literal header field without indexing (RFC 7541, 6.2.2), neither part coded by Huffman. */
static uint8_t *put_header(uint8_t *at, const char *name, const char *value) {
  size_t name_len = strlen(name), value_len = strlen(value);
  *at++ = 0;
  *at++ = (uint8_t)name_len;
  memcpy(at, name, name_len);
  at += name_len;
  *at++ = (uint8_t)value_len;
  memcpy(at, value, value_len);
  return at + value_len;
}

static uint8_t *put_frame(uint8_t *at, size_t len, uint8_t type, uint8_t flags, uint32_t id) {
  *at++ = (uint8_t)(len >> 16);
  *at++ = (uint8_t)(len >> 8);
  *at++ = (uint8_t)len;
  *at++ = type;
  *at++ = flags;
  for (int i = 3; i >= 0; i--)
    *at++ = (uint8_t)(id >> 8 * i);
  return at;
}

/* The whole call as stream 1. Returns its length. */
static size_t put_call(uint8_t *at, const char *encoding, size_t frame, const uint8_t *body, size_t len) {
  uint8_t *start = at, block[512], *end = block;
  end = put_header(end, ":method", "POST");
  end = put_header(end, ":scheme", "http");
  end = put_header(end, ":path", "/service/Method");
  end = put_header(end, ":authority", "fuzz");
  end = put_header(end, "content-type", "application/grpc");
  end = put_header(end, "grpc-encoding", encoding);
  end = put_header(end, "grpc-timeout", "20S");
  at = put_frame(at, (size_t)(end - block), NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1);
  memcpy(at, block, (size_t)(end - block));
  at += end - block;
  do {
    size_t piece = len < frame ? len : frame;
    at = put_frame(at, piece, NGHTTP2_DATA, piece == len ? NGHTTP2_FLAG_END_STREAM : 0, 1);
    memcpy(at, body, piece);
    at += piece;
    body += piece;
    len -= piece;
  } while (len > 0);
  return (size_t)(at - start);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t bytes[(size_t)1 << 20];
  connection *c = the_connection();
  if (size < 2 || size > 16384) return -1;
  const char *encoding = encodings[data[0] % (sizeof(encodings) / sizeof(encodings[0]))];
  memcpy(bytes, preface, sizeof(preface));
  size_t whole = put_call(bytes + sizeof(preface), encoding, 16384, data + 2, size - 2);
  run_connection(c, bytes, sizeof(preface) + whole, sizeof(bytes), false);
  uint64_t digest = c->digest;
  size_t cut = put_call(bytes + sizeof(preface), encoding, (size_t)data[1] + 1, data + 2, size - 2);
  run_connection(c, bytes, sizeof(preface) + cut, 777, false);
  if (c->digest != digest) abort();
  return 0;
}

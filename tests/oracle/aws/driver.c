/* SPDX-License-Identifier: Apache-2.0 */
/* Answers what check.py asks: a JSON document a line in; out, a line each, the headers of a signature, or an endpoint,
 * or "error: ...". */
#include <inttypes.h>
#include <nacelle/json_doc.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugins/services/aws/partition.h"
#include "plugins/services/aws/sign.h"
#include "plugins/services/aws/text.h"

#define PIECES_MAX 64u

typedef struct question {
  ncl_json_doc doc;
  ncl_aws_to_sign request;
  ncl_pair headers[NCL_AWS_SIGN_HEADERS + 1];
  ncl_range pieces[PIECES_MAX];
  uint8_t *body;
} question;

static ncl_str text_of(const question *q, const char *name) {
  return ncl_json_text(ncl_json_get(&q->doc, ncl_json_root(&q->doc), name));
}

static const ncl_json_value *list_of(const question *q, const char *name) {
  return ncl_json_first(&q->doc, ncl_json_get(&q->doc, ncl_json_root(&q->doc), name));
}

static uint8_t digit(char c) {
  return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void take_headers(question *q) {
  const ncl_json_value *at = list_of(q, "headers");
  for (; at != NULL && q->request.header_count <= NCL_AWS_SIGN_HEADERS; at = ncl_json_next(&q->doc, at)) {
    const ncl_json_value *name = ncl_json_first(&q->doc, at);
    ncl_pair pair = {ncl_json_text(name), ncl_json_text(ncl_json_next(&q->doc, name))};
    q->headers[q->request.header_count++] = pair;
  }
  q->request.headers = q->headers;
}

/* "body" in hex, cut into pieces of the lengths in "pieces"; the rest is the last one. */
static void take_body(question *q) {
  ncl_str hex = text_of(q, "body");
  size_t len = hex.len / 2, at = 0;
  uint32_t count = 0;
  int64_t n;
  q->body = malloc(len + 1);
  for (size_t i = 0; i < len; i++)
    q->body[i] = (uint8_t)(digit(hex.ptr[2 * i]) << 4 | digit(hex.ptr[2 * i + 1]));
  const ncl_json_value *piece = list_of(q, "pieces");
  for (; piece != NULL && count < PIECES_MAX - 1; piece = ncl_json_next(&q->doc, piece)) {
    if (!ncl_json_int(piece, &n) || n < 0 || (size_t)n > len - at) continue;
    q->pieces[count++] = (ncl_range){q->body + at, (size_t)n};
    at += (size_t)n;
  }
  if (at < len) q->pieces[count++] = (ncl_range){q->body + at, len - at};
  q->request.body = (ncl_array){q->pieces, count, sizeof *q->pieces};
}

static void print_pair(const ncl_pair *pair, const char *before) {
  (void)printf("%s%.*s: %.*s", before, NCL_AWS_FMT(pair->name), NCL_AWS_FMT(pair->value));
}

static void answer_endpoint(const question *q, ncl_str prefix) {
  char url[256];
  int64_t flags = 0;
  (void)ncl_json_int(ncl_json_get(&q->doc, ncl_json_root(&q->doc), "flags"), &flags);
  bool ok = ncl_aws_endpoint(prefix, text_of(q, "region"), (uint32_t)flags, url, sizeof url);
  (void)printf("%s\n", ok ? url : "error: it does not fit");
}

static void answer(ncl_aws_crypto *crypto, const char *line, size_t len) {
  question q = {0};
  ncl_aws_signature signature;
  const char *why;
  int64_t seconds = 0;
  ncl_status status = ncl_json_doc_open(&q.doc, (ncl_range){(const uint8_t *)line, len});
  ncl_str prefix = text_of(&q, "endpoint_of");
  if (status != NCL_OK || prefix.len > 0) {
    if (status != NCL_OK) (void)printf("error: %s\n", q.doc.message);
    if (status == NCL_OK) answer_endpoint(&q, prefix);
    ncl_json_doc_close(&q.doc);
    return;
  }
  (void)ncl_json_int(ncl_json_get(&q.doc, ncl_json_root(&q.doc), "time"), &seconds);
  q.request.method = text_of(&q, "method");
  q.request.url = text_of(&q, "url");
  q.request.access_key_id = text_of(&q, "access_key_id");
  q.request.secret_access_key = text_of(&q, "secret_access_key");
  q.request.session_token = text_of(&q, "session_token");
  q.request.region = text_of(&q, "region");
  q.request.service = text_of(&q, "service");
  q.request.is_s3 = ncl_aws_is(q.request.service, "s3");
  q.request.wall_ns = seconds * INT64_C(1000000000);
  take_headers(&q);
  take_body(&q);
  if (ncl_aws_sign(crypto, &q.request, &signature, &why) == NCL_OK) {
    for (uint32_t i = 0; i < signature.count; i++)
      print_pair(&signature.headers[i], i > 0 ? "\t" : "");
    (void)printf("\n");
  } else {
    (void)printf("error: %s\n", why);
  }
  ncl_aws_signature_close(&signature);
  ncl_json_doc_close(&q.doc);
  free(q.body);
}

int main(void) {
  ncl_aws_crypto crypto;
  char *line = NULL;
  size_t size = 0;
  ssize_t len;
  if (!ncl_aws_crypto_open(&crypto)) return 1;
  while ((len = getline(&line, &size, stdin)) > 0)
    answer(&crypto, line, (size_t)len);
  free(line);
  ncl_aws_crypto_close(&crypto);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* h1_reply.c: the head of an HTTP/1.1 answer. */
#include <string.h>

#include "service.h"

/* A body of so many bytes is read to its end and thrown away, so that the connection can go on; for a larger one it is
 * cheaper to close. */
#define DISCARD_MAX ((uint64_t)64 << 10)

typedef struct head_writer {
  char *at; /* NULL = only counts */
  size_t len;
} head_writer;

static void put(head_writer *writer, const char *text, size_t len) {
  if (writer->at != NULL && len > 0) memcpy(writer->at + writer->len, text, len);
  writer->len += len;
}

#define PUT(writer, literal) put(writer, literal, sizeof(literal) - 1)

static void put_number(head_writer *writer, uint64_t value) {
  char digits[20];
  size_t at = sizeof(digits);
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  put(writer, digits + at, sizeof(digits) - at);
}

static const char *reason(uint32_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return ""; /* a reason may be empty (RFC 9112, 4) */
  }
}

static bool has_body(uint32_t status) {
  return status >= 200 && status != 204 && status != 304;
}

static void write_head(head_writer *writer, ncl_conn *conn, const ncl_http_response *response, uint64_t body_len) {
  ncl_str date = ncl_service_date(conn->service);
  const char *phrase = reason(response->status);
  PUT(writer, "HTTP/1.1 ");
  put_number(writer, response->status);
  PUT(writer, " ");
  put(writer, phrase, strlen(phrase));
  PUT(writer, "\r\n");
  for (uint32_t i = 0; i < response->header_count; i++) {
    const ncl_pair *header = &response->headers[i];
    /* A header that would change the framing is left out. */
    if (!ncl_h1_is_token(header->name) || !ncl_h1_is_value(header->value)) continue;
    put(writer, header->name.ptr, header->name.len);
    PUT(writer, ": ");
    put(writer, header->value.ptr, header->value.len);
    PUT(writer, "\r\n");
  }
  if (has_body(response->status)) {
    PUT(writer, "content-length: ");
    put_number(writer, body_len);
    PUT(writer, "\r\n");
  }
  PUT(writer, "date: ");
  put(writer, date.ptr, date.len);
  PUT(writer, "\r\n");
  if (!conn->h1.keep_alive) {
    PUT(writer, "connection: close\r\n");
  } else if (conn->h1.old) {
    PUT(writer, "connection: keep-alive\r\n");
  }
  PUT(writer, "\r\n");
}

/* An answer that comes before the request's end: a short rest is read and thrown away, otherwise the connection does
 * not go on after it. */
static void cut_short(ncl_conn *conn) {
  ncl_h1 *h1 = &conn->h1;
  if (h1->state == NCL_H1_WAIT) {
    h1->state = NCL_H1_REPLY;
  } else if (h1->late || h1->state != NCL_H1_BODY || h1->left > DISCARD_MAX || h1->stream->expect) {
    h1->keep_alive = false;
    h1->state = NCL_H1_REPLY;
  }
}

void ncl_h1_respond(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg) {
  ncl_conn *conn = stream->conn;
  ncl_http_response sent = *response;
  uint64_t body_len = 0;
  head_writer count = {NULL, 0};
  uint8_t *at = NULL;
  for (uint32_t i = 0; i < response->body_count; i++)
    body_len += response->body[i].len;
  if (stream->head_reply || !has_body(response->status)) sent.body_count = 0;
  cut_short(conn);
  write_head(&count, conn, response, body_len);
  if (!ncl_reply_make(stream, &sent, done, done_arg, 0, count.len, &at)) {
    conn->dead = true;
    if (done != NULL) done(done_arg);
    return;
  }
  head_writer head = {(char *)at, 0};
  write_head(&head, conn, response, body_len);
}

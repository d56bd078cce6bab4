/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c: collects headers, trailers and body of a reply within limits, and reads what gRPC puts there. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client.h"

#define KEPT_BYTES ((size_t)4 << 10) /* of each buffer, from one exchange to the next */

void ncl_http_reply_reset(ncl_http_exchange *exchange) {
  ncl_http_buffer_clear(&exchange->head, KEPT_BYTES);
  ncl_http_buffer_clear(&exchange->body, KEPT_BYTES);
  ncl_http_buffer_clear(&exchange->plain, KEPT_BYTES);
  ncl_http_buffer_clear(&exchange->texts, KEPT_BYTES);
  exchange->field_count = 0;
  exchange->refused = NULL;
  exchange->error[0] = '\0';
  exchange->reply = (ncl_http_reply){0};
}

static bool reserve_field(ncl_http_exchange *exchange) {
  if (exchange->field_count < exchange->field_size) return true;
  if (exchange->field_size == NCL_HTTP_FIELDS_MAX) return false;
  uint32_t size = exchange->field_size > 0 ? exchange->field_size * 2 : 16;
  ncl_pair *fields = realloc(exchange->fields, size * sizeof *fields);
  if (fields == NULL) return false;
  exchange->fields = fields;
  exchange->field_size = size;
  return true;
}

static ncl_str trimmed(ncl_str s) {
  while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
    s.ptr++;
    s.len--;
  }
  while (s.len > 0 && strchr(" \t\r\n", s.ptr[s.len - 1]) != NULL)
    s.len--;
  return s;
}

void ncl_http_reply_begin(ncl_http_exchange *exchange) {
  exchange->head.len = 0;
  exchange->field_count = 0;
}

static bool add_field(ncl_http_exchange *exchange, ncl_str name, ncl_str value) {
  if (!reserve_field(exchange)) return false;
  size_t at = exchange->head.len;
  if (!ncl_http_buffer_add(&exchange->head, name.ptr, name.len, NCL_HTTP_HEAD_MAX)) return false;
  if (!ncl_http_buffer_add(&exchange->head, value.ptr, value.len, NCL_HTTP_HEAD_MAX)) return false;
  for (size_t i = at; i < at + name.len; i++) {
    uint8_t c = exchange->head.ptr[i];
    if (c >= 'A' && c <= 'Z') exchange->head.ptr[i] = (uint8_t)(c - 'A' + 'a');
  }
  ncl_pair *field = &exchange->fields[exchange->field_count++];
  *field = (ncl_pair){{NULL, name.len}, {NULL, value.len}};
  return true;
}

bool ncl_http_reply_field(ncl_http_exchange *exchange, ncl_str name, ncl_str value) {
  if (add_field(exchange, name, value)) return true;
  exchange->refused = "the reply's headers take more than 64 KiB";
  return false;
}

size_t ncl_http_reply_header(char *line, size_t size, size_t count, void *arg) {
  ncl_http_exchange *exchange = arg;
  size_t len = size * count;
  if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
    ncl_http_reply_begin(exchange);
    return len;
  }
  const char *colon = memchr(line, ':', len);
  if (colon == NULL) return len;
  ncl_str name = trimmed(ncl_str_of(line, (size_t)(colon - line)));
  ncl_str value = trimmed(ncl_str_of(colon + 1, len - (size_t)(colon - line) - 1));
  return ncl_http_reply_field(exchange, name, value) ? len : 0;
}

size_t ncl_http_reply_body(char *bytes, size_t size, size_t count, void *arg) {
  ncl_http_exchange *exchange = arg;
  size_t len = size * count;
  if (ncl_http_buffer_add(&exchange->body, bytes, len, exchange->channel->max_response)) return len;
  exchange->refused = "the reply is larger than the limit, or there is no memory for it";
  return 0;
}

static void point_fields(ncl_http_exchange *exchange) {
  const char *at = (const char *)exchange->head.ptr;
  for (uint32_t i = 0; i < exchange->field_count; i++) {
    ncl_pair *field = &exchange->fields[i];
    field->name.ptr = at;
    field->value.ptr = at + field->name.len;
    at = field->value.ptr + field->value.len;
  }
}

/* The last one of this name: trailers come after headers. */
static ncl_str field_value(const ncl_http_exchange *exchange, const char *name) {
  size_t len = strlen(name);
  for (uint32_t i = exchange->field_count; i-- > 0;) {
    const ncl_pair *field = &exchange->fields[i];
    if (field->name.len == len && memcmp(field->name.ptr, name, len) == 0) return field->value;
  }
  return ncl_str_of(NULL, 0);
}

static void read_grpc_body(ncl_http_exchange *exchange) {
  ncl_http_reply *reply = &exchange->reply;
  ncl_range message;
  bool compressed;
  uint32_t encoding;
  /* A message that cannot be read is left out: the status says what became of the request. */
  if (!ncl_grpc_take_message((ncl_range){exchange->body.ptr, exchange->body.len}, &compressed, &message)) return;
  reply->body = message;
  if (!compressed) return;
  reply->body = (ncl_range){NULL, 0};
  if (!ncl_http_encoding_of(field_value(exchange, "grpc-encoding"), &encoding)) return;
  if (encoding == NCL_HTTP_ENCODING_NONE) return;
  if (ncl_http_decompress(&exchange->channel->service->codecs, encoding, message, &exchange->plain,
                          exchange->channel->max_response) != NULL)
    return;
  reply->body = (ncl_range){exchange->plain.ptr, exchange->plain.len};
}

static const char *read_grpc_status(ncl_http_exchange *exchange) {
  ncl_http_reply *reply = &exchange->reply;
  ncl_str status = field_value(exchange, "grpc-status");
  if (status.len == 0) {
    static const char missing[] = "the answer has no grpc-status: is this a gRPC endpoint?";
    reply->grpc_code = ncl_grpc_code_of_http(reply->status);
    reply->grpc_message = ncl_str_of(missing, sizeof missing - 1);
    return NULL;
  }
  reply->grpc_code = ncl_grpc_read_status(status);
  ncl_str message = field_value(exchange, "grpc-message");
  ncl_str details = field_value(exchange, "grpc-status-details-bin");
  if (!ncl_http_buffer_reserve(&exchange->texts, message.len + details.len / 4 * 3 + 3, NCL_HTTP_HEAD_MAX * 2)) {
    return "no memory for the reply";
  }
  char *text = (char *)exchange->texts.ptr;
  reply->grpc_message = ncl_str_of(text, ncl_grpc_decode_message(message, text));
  size_t len;
  uint8_t *bytes = exchange->texts.ptr + reply->grpc_message.len;
  if (details.len > 0 && ncl_grpc_decode_base64(details, bytes, &len)) reply->grpc_details = (ncl_range){bytes, len};
  return NULL;
}

/* libcurl has decompressed what it read. */
static const char *read_http_body(ncl_http_exchange *exchange) {
  ncl_http_reply *reply = &exchange->reply;
  ncl_str name = exchange->is_plain ? field_value(exchange, "content-encoding") : ncl_str_of(NULL, 0);
  uint32_t encoding = NCL_HTTP_ENCODING_NONE;
  reply->body = (ncl_range){exchange->body.ptr, exchange->body.len};
  if (name.len == 0 || reply->body.len == 0) return NULL;
  if (!ncl_http_encoding_of(name, &encoding)) return "the answer is compressed in a way that was not offered";
  if (encoding == NCL_HTTP_ENCODING_NONE) return NULL;
  const char *wrong = ncl_http_decompress(&exchange->channel->service->codecs, encoding, reply->body, &exchange->plain,
                                          exchange->channel->max_response);
  if (wrong == NULL) reply->body = (ncl_range){exchange->plain.ptr, exchange->plain.len};
  return wrong;
}

const char *ncl_http_reply_finish(ncl_http_exchange *exchange, uint32_t http_status) {
  ncl_http_reply *reply = &exchange->reply;
  point_fields(exchange);
  *reply = (ncl_http_reply){sizeof *reply, http_status, {0}, {0}, 0, 0, {0}, {0}, exchange->body_len};
  reply->headers = (ncl_array){exchange->fields, exchange->field_count, sizeof(ncl_pair)};
  if (!exchange->channel->is_grpc) return read_http_body(exchange);
  read_grpc_body(exchange);
  return read_grpc_status(exchange);
}

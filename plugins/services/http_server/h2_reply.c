/* SPDX-License-Identifier: Apache-2.0 */
/* h2_reply.c: answers over HTTP/2: headers, body and, for gRPC, the status as trailers. */
#include <string.h>

#include "service.h"

/* Names and values of a reply live in its block until the frame went out, so nghttp2 need not copy them. */
#define UNCOPIED (NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)
/* Headers of a reply besides the service's own; what is beyond them is left out. */
#define HEADERS_MAX 64u
#define OWN_HEADERS 8u
/* Of a grpc-message before it is encoded: beyond this, clients would refuse the whole answer. */
#define MESSAGE_MAX ((size_t)2048)
#define DETAILS_MAX ((size_t)4096)

static const ncl_str grpc_type = NCL_STR("application/grpc");
static const ncl_str accepted = NCL_STR("identity,gzip,deflate,zstd,snappy");
static const ncl_str codes[] = {
    NCL_STR("0"),  NCL_STR("1"),  NCL_STR("2"),  NCL_STR("3"),  NCL_STR("4"),  NCL_STR("5"),
    NCL_STR("6"),  NCL_STR("7"),  NCL_STR("8"),  NCL_STR("9"),  NCL_STR("10"), NCL_STR("11"),
    NCL_STR("12"), NCL_STR("13"), NCL_STR("14"), NCL_STR("15"), NCL_STR("16"),
};
#define GRPC_UNKNOWN 2u

typedef struct header_list {
  nghttp2_nv nva[HEADERS_MAX + OWN_HEADERS];
  size_t count;
} header_list;

static void add(header_list *list, ncl_str name, ncl_str value) {
  nghttp2_nv *nv = &list->nva[list->count++];
  nv->name = (uint8_t *)name.ptr;
  nv->namelen = name.len;
  nv->value = (uint8_t *)(value.len > 0 ? value.ptr : "");
  nv->valuelen = value.len;
  nv->flags = UNCOPIED;
}

#define ADD(list, literal, value) add(list, (ncl_str)NCL_STR(literal), value)

static bool is_usable(const ncl_pair *header) {
  return ncl_h1_is_token(header->name) && ncl_h1_is_value(header->value);
}

static size_t headers_len(const ncl_http_response *response) {
  size_t len = 0;
  for (uint32_t i = 0; i < response->header_count; i++) {
    len += response->headers[i].name.len + response->headers[i].value.len;
  }
  return len;
}

/* Copies the headers to `at`, names in lower case (RFC 9113, 8.2.1). Returns the end. */
static char *copy_headers(header_list *list, const ncl_http_response *response, char *at) {
  for (uint32_t i = 0; i < response->header_count && i < HEADERS_MAX; i++) {
    const ncl_pair *header = &response->headers[i];
    if (!is_usable(header)) continue;
    char *name = at;
    for (size_t k = 0; k < header->name.len; k++) {
      char c = header->name.ptr[k];
      *at++ = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    if (header->value.len > 0) memcpy(at, header->value.ptr, header->value.len);
    add(list, ncl_str_of(name, header->name.len), ncl_str_of(at, header->value.len));
    at += header->value.len;
  }
  return at;
}

static void add_status(header_list *list, const ncl_reply *reply) {
  ADD(list, "grpc-status", codes[reply->grpc_code]);
  if (reply->grpc_message.len > 0) ADD(list, "grpc-message", reply->grpc_message);
  if (reply->grpc_details.len > 0) ADD(list, "grpc-status-details-bin", reply->grpc_details);
}

static ssize_t read_reply(nghttp2_session *session, int32_t id, uint8_t *buf, size_t size, uint32_t *flags,
                          nghttp2_data_source *source, void *arg) {
  ncl_http_stream *stream = source->ptr;
  ncl_conn *conn = arg;
  size_t n = ncl_reply_pull(&stream->reply, buf, size);
  stream->moved_ns = conn->service->now_ns;
  if (!ncl_reply_is_sent(&stream->reply)) return (ssize_t)n;
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream->request.is_grpc) {
    header_list trailers;
    trailers.count = 0;
    add_status(&trailers, &stream->reply);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (nghttp2_submit_trailer(session, id, trailers.nva, trailers.count) != 0) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
  }
  return (ssize_t)n;
}

static void submit(ncl_http_stream *stream, const header_list *list, bool has_body) {
  ncl_conn *conn = stream->conn;
  nghttp2_data_provider body = {{.ptr = stream}, read_reply};
  int result = nghttp2_submit_response(conn->h2.session, stream->id, list->nva, list->count, has_body ? &body : NULL);
  if (result != 0) conn->dead = true;
}

static void fail(ncl_http_stream *stream, ncl_call_fn done, void *done_arg) {
  nghttp2_submit_rst_stream(stream->conn->h2.session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_INTERNAL_ERROR);
  if (done != NULL) done(done_arg);
}

/* ---- gRPC ------------------------------------------------------------------------------------------------------ */

/* The commonest answer: success and an empty message. It needs no memory. */
static void respond_empty(ncl_http_stream *stream, ncl_call_fn done, void *done_arg) {
  static const uint8_t message[NCL_GRPC_PREFIX] = {0};
  header_list list;
  list.count = 0;
  stream->reply.data = message;
  stream->reply.data_len = sizeof(message);
  stream->reply.done = done;
  stream->reply.done_arg = done_arg;
  ADD(&list, ":status", (ncl_str)NCL_STR("200"));
  ADD(&list, "content-type", grpc_type);
  submit(stream, &list, true);
}

static size_t sum(const ncl_http_response *response) {
  size_t len = 0;
  for (uint32_t i = 0; i < response->body_count; i++)
    len += response->body[i].len;
  return len;
}

static void put_prefix(uint8_t *at, size_t len) {
  at[0] = 0;
  at[1] = (uint8_t)(len >> 24);
  at[2] = (uint8_t)(len >> 16);
  at[3] = (uint8_t)(len >> 8);
  at[4] = (uint8_t)len;
}

static void respond_grpc(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg) {
  ncl_reply *reply = &stream->reply;
  ncl_str message = response->grpc_message;
  ncl_range details = response->grpc_details;
  size_t body_len = sum(response);
  bool has_message = response->grpc_code == 0;
  header_list list;
  uint8_t *at = NULL;
  if (has_message && body_len == 0 && response->header_count == 0) {
    respond_empty(stream, done, done_arg);
    return;
  }
  if (message.len > MESSAGE_MAX) message.len = MESSAGE_MAX;
  if (details.len > DETAILS_MAX) details.len = 0;
  size_t text = headers_len(response) + message.len * 3 + ncl_grpc_base64_len(details.len);
  if (body_len > UINT32_MAX || !ncl_reply_make(stream, response, done, done_arg, text, NCL_GRPC_PREFIX, &at)) {
    fail(stream, done, done_arg);
    return;
  }
  put_prefix(at + text, body_len);
  list.count = 0;
  ADD(&list, ":status", (ncl_str)NCL_STR("200"));
  ADD(&list, "content-type", grpc_type);
  char *end = copy_headers(&list, response, (char *)at);
  reply->grpc_code = response->grpc_code < sizeof(codes) / sizeof(codes[0]) ? response->grpc_code : GRPC_UNKNOWN;
  reply->grpc_message = ncl_str_of(end, ncl_grpc_percent_encode(message, end));
  end += reply->grpc_message.len;
  reply->grpc_details = ncl_str_of(end, ncl_grpc_base64(details, end));
  if (!has_message) {
    add_status(&list, reply);
    if (ncl_encoding_of(stream->grpc_encoding) == NCL_ENCODING_UNKNOWN) ADD(&list, "grpc-accept-encoding", accepted);
  }
  submit(stream, &list, has_message);
}

/* ---- HTTP ------------------------------------------------------------------------------------------------------ */

static ncl_str decimal(uint64_t value, char *end) {
  char *at = end;
  do {
    *--at = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  return ncl_str_of(at, (size_t)(end - at));
}

static void respond_http(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg) {
  enum { STATUS = 8, LENGTH = 24, DATE = 32 };
  ncl_http_response sent = *response;
  size_t body_len = sum(response), text = headers_len(response) + STATUS + LENGTH + DATE;
  ncl_str date = ncl_service_date(stream->conn->service);
  header_list list;
  uint8_t *at = NULL;
  if (stream->head_reply) sent.body_count = 0;
  if (!ncl_reply_make(stream, &sent, done, done_arg, text, 0, &at)) {
    fail(stream, done, done_arg);
    return;
  }
  char *own = (char *)at;
  list.count = 0;
  ADD(&list, ":status", decimal(response->status, own + STATUS));
  memcpy(own + STATUS + LENGTH, date.ptr, date.len);
  ADD(&list, "date", ncl_str_of(own + STATUS + LENGTH, date.len));
  if (response->status != 204 && response->status != 304) {
    ADD(&list, "content-length", decimal(body_len, own + STATUS + LENGTH));
  }
  copy_headers(&list, response, own + STATUS + LENGTH + DATE);
  submit(stream, &list, sum(&sent) > 0);
}

void ncl_h2_respond(ncl_http_stream *stream, const ncl_http_response *response, ncl_call_fn done, void *done_arg) {
  if (stream->request.is_grpc) {
    respond_grpc(stream, response, done, done_arg);
  } else {
    respond_http(stream, response, done, done_arg);
  }
}

void ncl_h2_continue(ncl_http_stream *stream) {
  header_list list;
  list.count = 0;
  ADD(&list, ":status", (ncl_str)NCL_STR("100"));
  stream->expect = false;
  nghttp2_submit_headers(stream->conn->h2.session, NGHTTP2_FLAG_NONE, stream->id, NULL, list.nva, list.count, NULL);
}

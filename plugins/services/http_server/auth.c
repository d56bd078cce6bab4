/* SPDX-License-Identifier: Apache-2.0 */
/* auth.c: asks the port's authenticator who sent a request, before anything else of it is looked at. */
#include <nacelle/config_fill.h>
#include <string.h>

#include "service.h"

/* How long an authenticator may take. */
#define ANSWER_NS INT64_C(30000000000)
#define PARAMS_MAX 16u
#define GRPC_PERMISSION_DENIED 7u
/* Bytes of what it says of a client. */
#define SAID_MAX ((size_t)16 << 10)
#define SAID_PAIRS 32u
#define DETAIL_MAX 256u

/* ---- what it is asked ------------------------------------------------------------------------------------------- */

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* A name or value of a query as HTML forms write it: "+" is a space, "%41" a byte. Returns the end of what it wrote. */
static char *unescape(ncl_str text, char *at) {
  for (size_t i = 0; i < text.len; i++) {
    int high = text.ptr[i] == '%' && i + 2 < text.len ? hex(text.ptr[i + 1]) : -1;
    int low = high >= 0 ? hex(text.ptr[i + 2]) : -1;
    if (low >= 0) {
      *at++ = (char)(high << 4 | low);
      i += 2;
    } else {
      *at++ = text.ptr[i] == '+' ? ' ' : text.ptr[i];
    }
  }
  return at;
}

static ncl_str take_until(ncl_str *text, char end) {
  const char *mark = text->len > 0 ? memchr(text->ptr, end, text->len) : NULL;
  ncl_str taken = {text->ptr, mark != NULL ? (size_t)(mark - text->ptr) : text->len};
  size_t used = mark != NULL ? taken.len + 1 : taken.len;
  *text = ncl_str_of(text->ptr + used, text->len - used);
  return taken;
}

/* Those parameters of the query that the config names, as pairs; their text is written to `text`, which has room for
 * the whole query. */
static uint32_t params(const ncl_http_stream *stream, char *text, ncl_pair *pairs) {
  const ncl_value *wanted = stream->port->config.auth_params;
  ncl_str query = stream->request.query;
  uint32_t count = 0;
  while (query.len > 0 && count < PARAMS_MAX) {
    ncl_str value = take_until(&query, '&'), name = take_until(&value, '=');
    char *end = unescape(name, text);
    ncl_str plain = ncl_str_of(text, (size_t)(end - text));
    if (!ncl_config_list_has(wanted, plain)) continue;
    text = unescape(value, end);
    pairs[count++] = (ncl_pair){plain, ncl_str_of(end, (size_t)(text - end))};
  }
  return count;
}

static ncl_status ask(ncl_http_stream *stream, const ncl_pair *pairs, uint32_t count, ncl_outcome *outcome) {
  const ncl_conn *conn = stream->conn;
  const ncl_auth_server *auth = stream->port->config.auth;
  ncl_auth_credentials credentials = {.struct_size = sizeof(credentials),
                                      .is_grpc = stream->request.is_grpc,
                                      .headers = {pairs, count, (uint32_t)sizeof(*pairs)},
                                      .peer = stream->request.peer};
  if (conn->tls != NULL) credentials.peer_subject = conn->service->tls->peer_subject(conn->tls);
  return auth->authenticate(auth->self, &credentials, stream->auth_token, outcome);
}

/* With the query's parameters before the headers. */
static ncl_status ask_all(ncl_http_stream *stream, ncl_outcome *outcome) {
  const ncl_http_request *request = &stream->request;
  ncl_blocks *blocks = &stream->conn->service->blocks;
  if (ncl_config_count(stream->port->config.auth_params) == 0 || request->query.len == 0) {
    return ask(stream, stream->pairs, stream->pair_count, outcome);
  }
  size_t pairs_len = (PARAMS_MAX + stream->pair_count) * sizeof(ncl_pair);
  ncl_pair *pairs = ncl_blocks_alloc(blocks, pairs_len + request->query.len);
  if (pairs == NULL) return NCL_NO_MEMORY;
  uint32_t count = params(stream, (char *)pairs + pairs_len, pairs);
  if (stream->pair_count > 0) memcpy(pairs + count, stream->pairs, stream->pair_count * sizeof(*pairs));
  ncl_status status = ask(stream, pairs, count + stream->pair_count, outcome);
  ncl_blocks_free(blocks, pairs);
  return status;
}

/* ---- what it answers -------------------------------------------------------------------------------------------- */

static ncl_str copy(ncl_str text, char **at) {
  char *start = *at;
  if (text.len > 0) memcpy(start, text.ptr, text.len);
  *at += text.len;
  return ncl_str_of(start, text.len);
}

/* Keeps what is known of the client with the request. False = no memory. */
static bool keep(ncl_http_stream *stream, const ncl_array *said) {
  size_t len = 0;
  if (said == NULL || said->count == 0) return true;
  if (said->count > SAID_PAIRS) return false;
  for (uint32_t i = 0; i < said->count; i++) {
    const ncl_pair *pair = ncl_array_at(said, i);
    len += sizeof(*pair) + pair->name.len + pair->value.len;
    if (len > SAID_MAX) return false;
  }
  ncl_pair *pairs = ncl_blocks_alloc(&stream->conn->service->blocks, len);
  if (pairs == NULL) return false;
  char *at = (char *)(pairs + said->count);
  for (uint32_t i = 0; i < said->count; i++) {
    const ncl_pair *pair = ncl_array_at(said, i);
    pairs[i].name = copy(pair->name, &at);
    pairs[i].value = copy(pair->value, &at);
  }
  stream->auth = pairs;
  stream->request.auth = (ncl_array){pairs, said->count, (uint32_t)sizeof(*pairs)};
  return true;
}

/* 0 = the client is known; else NCL_HTTP_REFUSED_* with words in `detail`. */
static uint32_t judge(ncl_http_stream *stream, ncl_status status, const ncl_outcome *outcome, char detail[DETAIL_MAX]) {
  static const char unknown[] = "the request is not authenticated", later[] = "authentication is not possible now";
  if (status == NCL_OK && keep(stream, outcome->result)) return 0;
  bool refused = status == NCL_PERMANENT;
  ncl_str reason = outcome->message;
  if (!refused || reason.len == 0) reason = refused ? (ncl_str)NCL_STR(unknown) : (ncl_str)NCL_STR(later);
  size_t len = reason.len < DETAIL_MAX - 1 ? reason.len : DETAIL_MAX - 1;
  memcpy(detail, reason.ptr, len);
  detail[len] = '\0';
  if (!refused) return NCL_HTTP_REFUSED_MEMORY;
  return outcome->grpc_code == GRPC_PERMISSION_DENIED ? NCL_HTTP_REFUSED_DENIED : NCL_HTTP_REFUSED_AUTH;
}

static void on_answer(void *arg, const ncl_outcome *outcome) {
  ncl_http_stream *stream = arg;
  char detail[DETAIL_MAX];
  stream->asking = false;
  stream->auth_token = 0;
  uint32_t why = judge(stream, outcome->status, outcome, detail);
  if (why != 0) {
    ncl_stream_refuse(stream, why, detail);
  } else if (stream->end_seen) {
    ncl_stream_end(stream);
  }
}

bool ncl_stream_authenticate(ncl_http_stream *stream) {
  ncl_service *service = stream->conn->service;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  char detail[DETAIL_MAX];
  stream->auth_token = service->host->token_open(service->me, on_answer, stream, service->now_ns + ANSWER_NS);
  ncl_status status = stream->auth_token != 0 ? ask_all(stream, &outcome) : NCL_NO_MEMORY;
  stream->asking = status == NCL_PENDING;
  if (stream->asking) return true;
  if (stream->auth_token != 0) service->host->token_cancel(service->me, stream->auth_token);
  stream->auth_token = 0;
  uint32_t why = judge(stream, status, &outcome, detail);
  if (outcome.release != NULL && outcome.result != NULL) outcome.release(outcome.result);
  if (why == 0) return true;
  stream->state = NCL_STREAM_BODY; /* in which refusals are told */
  ncl_stream_refuse(stream, why, detail);
  return false;
}

void ncl_stream_end_auth(ncl_http_stream *stream) {
  ncl_service *service = stream->conn->service;
  if (stream->auth_token != 0) service->host->token_cancel(service->me, stream->auth_token);
  ncl_blocks_free(&service->blocks, stream->auth);
  stream->auth_token = 0;
  stream->auth = NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* body.c: the body of a request: gathered from the caller's pieces, or compressed into one piece of our own. Large
 * ones are compressed on a thread, so that the loop goes on serving. */
#include <stdlib.h>
#include <string.h>

#include "client.h"

/* Bodies up to this many bytes are compressed on the loop: about 0.2 ms, gzip level 1. */
#define ON_LOOP_MAX ((size_t)64 << 10)

/* One compression. It owns all that its thread touches, so that the exchange may go away meanwhile. */
typedef struct ncl_http_job {
  ncl_http_service *service;
  ncl_http_exchange *exchange; /* NULL: cancelled */
  ncl_http_workspace *workspace;
  size_t from_len;
  size_t len; /* out: 0 = it failed */
} ncl_http_job;

static size_t pieces_len(const ncl_array *pieces) {
  size_t len = 0;
  for (uint32_t i = 0; i < pieces->count; i++) {
    const ncl_range *piece = ncl_array_at(pieces, i);
    len += piece->len;
  }
  return len;
}

static void join(const ncl_array *pieces, uint8_t *into) {
  for (uint32_t i = 0; i < pieces->count; i++) {
    const ncl_range *piece = ncl_array_at(pieces, i);
    if (piece->len > 0) memcpy(into, piece->ptr, piece->len);
    into += piece->len;
  }
}

/* The body is this from now on. */
static void own(ncl_http_exchange *exchange, uint8_t *bytes, size_t len) {
  exchange->own = (ncl_range){bytes, len};
  exchange->pieces = (ncl_array){&exchange->own, 1, sizeof exchange->own};
  exchange->body_len = len;
}

static ncl_http_job *open_job(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  ncl_http_service *service = channel->service;
  size_t bound = ncl_http_compress_bound(channel->encoding, exchange->body_len);
  ncl_http_job *job = bound > 0 ? calloc(1, sizeof *job) : NULL;
  if (job == NULL) return NULL;
  job->workspace = ncl_http_service_workspace(service, channel->encoding, channel->level, exchange->body_len, bound);
  if (job->workspace == NULL) {
    free(job);
    return NULL;
  }
  job->service = service;
  job->exchange = exchange;
  job->from_len = exchange->body_len;
  join(&exchange->pieces, job->workspace->in);
  service->users++;
  return job;
}

static void close_job(ncl_http_job *job) {
  ncl_http_service *service = job->service;
  if (job->workspace != NULL) ncl_http_service_give_back(service, job->workspace);
  free(job);
  ncl_http_service_leave(service);
}

/* [any] */
static void compress(void *arg) {
  ncl_http_job *job = arg;
  ncl_http_workspace *workspace = job->workspace;
  ncl_range from = {workspace->in, job->from_len};
  job->len = ncl_http_compress(workspace->compressor, from, workspace->out, workspace->out_size);
}

/* The exchange keeps the workspace until the body is sent. */
static ncl_status take_over(ncl_http_job *job, ncl_http_exchange *exchange) {
  exchange->job = NULL;
  if (job->len == 0) return NCL_NO_MEMORY;
  exchange->workspace = job->workspace;
  job->workspace = NULL;
  own(exchange, exchange->workspace->out, job->len);
  return NCL_OK;
}

static void on_compressed(void *arg) {
  ncl_http_job *job = arg;
  ncl_http_exchange *exchange = job->exchange;
  ncl_status status = exchange != NULL ? take_over(job, exchange) : NCL_OK;
  close_job(job);
  if (exchange != NULL) ncl_http_exchange_encoded(exchange, status);
}

void ncl_http_body_abandon(ncl_http_exchange *exchange) {
  if (exchange->job == NULL) return;
  exchange->job->exchange = NULL;
  exchange->job = NULL;
}

static ncl_status encode(ncl_http_exchange *exchange, ncl_outcome *outcome) {
  ncl_http_service *service = exchange->channel->service;
  ncl_http_job *job = open_job(exchange);
  if (job == NULL) return ncl_http_fail(outcome, NCL_NO_MEMORY, "no memory to compress a request");
  exchange->job = job;
  if (exchange->body_len > ON_LOOP_MAX && service->host->work(service->me, compress, on_compressed, job) == NCL_OK) {
    return NCL_PENDING;
  }
  compress(job);
  ncl_status status = take_over(job, exchange);
  close_job(job);
  if (status == NCL_OK) return NCL_OK;
  return ncl_http_fail(outcome, status, "a request could not be compressed");
}

ncl_status ncl_http_body_prepare(ncl_http_exchange *exchange, const ncl_http_call *call, ncl_outcome *outcome) {
  ncl_http_channel *channel = exchange->channel;
  exchange->pieces = call->body;
  exchange->body_len = pieces_len(&call->body);
  if (channel->encoding != NCL_HTTP_ENCODING_NONE && exchange->body_len > 0) return encode(exchange, outcome);
  /* What is signed has to stay until the authenticator is through, and the caller may cancel before. Small bodies go
   * out in one piece with the headers. */
  bool is_small = !channel->is_grpc && exchange->body_len <= NCL_HTTP_SMALL_BODY;
  if (exchange->body_len == 0 || (channel->auth == NULL && !is_small)) return NCL_OK;
  uint8_t *whole = malloc(exchange->body_len);
  if (whole == NULL) return ncl_http_fail(outcome, NCL_NO_MEMORY, "no memory for a request");
  join(&exchange->pieces, whole);
  own(exchange, whole, exchange->body_len);
  return NCL_OK;
}

/* Piece `i` of what goes out. */
static ncl_range piece_at(const ncl_http_exchange *exchange, uint32_t i) {
  if (exchange->prefix_len > 0) {
    if (i == 0) return (ncl_range){exchange->prefix, exchange->prefix_len};
    i--;
  }
  if (i >= exchange->pieces.count) return (ncl_range){NULL, 0};
  return *(const ncl_range *)ncl_array_at(&exchange->pieces, i);
}

static uint32_t piece_count(const ncl_http_exchange *exchange) {
  return exchange->pieces.count + (exchange->prefix_len > 0 ? 1 : 0);
}

size_t ncl_http_body_read(char *into, size_t size, size_t count, void *arg) {
  ncl_http_exchange *exchange = arg;
  size_t room = size * count, done = 0;
  uint32_t last = piece_count(exchange);
  while (done < room && exchange->at_piece < last) {
    ncl_range piece = piece_at(exchange, exchange->at_piece);
    size_t left = piece.len - exchange->at_byte;
    size_t n = left < room - done ? left : room - done;
    if (n > 0 && piece.ptr != NULL) memcpy(into + done, piece.ptr + exchange->at_byte, n);
    done += n;
    exchange->at_byte += n;
    if (exchange->at_byte == piece.len) {
      exchange->at_piece++;
      exchange->at_byte = 0;
    }
  }
  return done;
}

/* libcurl goes back to the beginning, to send on another connection. */
int ncl_http_body_seek(void *arg, curl_off_t offset, int origin) {
  ncl_http_exchange *exchange = arg;
  if (origin != SEEK_SET || offset != 0) return CURL_SEEKFUNC_CANTSEEK;
  exchange->at_piece = 0;
  exchange->at_byte = 0;
  return CURL_SEEKFUNC_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* body.c: the body of a request: gathered from the caller's pieces, or compressed into one piece of our own. Large
 * ones are compressed on a thread, so that the loop goes on serving. */
#include <stdlib.h>
#include <string.h>

#include "client.h"

/* Bodies up to this many bytes are compressed on the loop: about 0.2 ms, gzip level 1. */
#define ON_LOOP_MAX ((size_t)64 << 10)

/* So many are compressed at once, others wait: each holds the whole body. */
#define JOBS_MAX 2u

/* One compression. It owns all that its thread touches, so that the exchange may go away meanwhile. */
typedef struct ncl_http_job {
  ncl_http_service *service;
  ncl_http_exchange *exchange; /* NULL: cancelled */
  ncl_http_compressor *compressor;
  ncl_http_room *in, *out;
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

static void close_job(ncl_http_job *job) {
  ncl_http_service *service = job->service;
  if (job->compressor != NULL) ncl_http_store_keep_compressor(&service->store, job->compressor);
  if (job->in != NULL) ncl_http_store_keep_room(&service->store, NCL_HTTP_ROOM_IN, job->in);
  if (job->out != NULL) ncl_http_store_keep_room(&service->store, NCL_HTTP_ROOM_OUT, job->out);
  free(job);
  ncl_http_service_leave(service);
}

static ncl_http_job *open_job(ncl_http_exchange *exchange) {
  ncl_http_channel *channel = exchange->channel;
  ncl_http_service *service = channel->service;
  size_t bound = ncl_http_compress_bound(&service->codecs, channel->encoding, exchange->body_len);
  ncl_http_job *job = bound > 0 ? calloc(1, sizeof *job) : NULL;
  if (job == NULL) return NULL;
  bool must = service->under_way <= 1;
  service->users++;
  job->service = service;
  job->exchange = exchange;
  job->from_len = exchange->body_len;
  job->compressor = ncl_http_store_compressor(&service->store, channel->encoding, channel->level);
  job->in = ncl_http_store_room(&service->store, NCL_HTTP_ROOM_IN, exchange->body_len, must);
  job->out = ncl_http_store_room(&service->store, NCL_HTTP_ROOM_OUT, bound, must);
  if (job->compressor == NULL || job->in == NULL || job->out == NULL) {
    close_job(job);
    return NULL;
  }
  join(&exchange->pieces, job->in->ptr);
  exchange->job = job;
  return job;
}

/* [any] */
static void compress(void *arg) {
  ncl_http_job *job = arg;
  job->len =
      ncl_http_compress(job->compressor, (ncl_range){job->in->ptr, job->from_len}, job->out->ptr, job->out->size);
}

/* The exchange has the compressed body until it is sent. */
static ncl_status take_over(ncl_http_job *job, ncl_http_exchange *exchange) {
  exchange->job = NULL;
  if (job->len == 0) return NCL_NO_MEMORY;
  exchange->room = job->out;
  job->out = NULL;
  own(exchange, exchange->room->ptr, job->len);
  return NCL_OK;
}

static void start_next(ncl_http_service *service);

static void on_compressed(void *arg) {
  ncl_http_job *job = arg;
  ncl_http_service *service = job->service;
  ncl_http_exchange *exchange = job->exchange;
  ncl_status status = exchange != NULL ? take_over(job, exchange) : NCL_OK;
  service->jobs--;
  service->users++; /* what follows may end the last channel */
  close_job(job);
  start_next(service);
  if (exchange != NULL) ncl_http_exchange_encoded(exchange, status);
  ncl_http_service_leave(service);
}

/* NCL_PENDING: on a thread. NCL_OK: done, on the loop. */
static ncl_status run_job(ncl_http_exchange *exchange) {
  ncl_http_service *service = exchange->channel->service;
  ncl_http_job *job = open_job(exchange);
  if (job == NULL) return NCL_NO_MEMORY;
  if (exchange->body_len > ON_LOOP_MAX && service->host->work(service->me, compress, on_compressed, job) == NCL_OK) {
    service->jobs++;
    return NCL_PENDING;
  }
  compress(job);
  ncl_status status = take_over(job, exchange);
  close_job(job);
  return status;
}

static void leave_queue(ncl_http_exchange *exchange) {
  ncl_http_service *service = exchange->channel->service;
  ncl_http_exchange *before = NULL, *at = service->to_encode_head;
  for (; at != NULL && at != exchange; at = at->behind)
    before = at;
  if (at == NULL) return;
  if (before != NULL) {
    before->behind = exchange->behind;
  } else {
    service->to_encode_head = exchange->behind;
  }
  if (service->to_encode_tail == exchange) service->to_encode_tail = before;
}

static void start_next(ncl_http_service *service) {
  while (service->to_encode_head != NULL && service->jobs < JOBS_MAX) {
    ncl_http_exchange *exchange = service->to_encode_head;
    leave_queue(exchange);
    ncl_status status = run_job(exchange);
    if (status != NCL_PENDING) ncl_http_exchange_encoded(exchange, status);
  }
}

void ncl_http_body_abandon(ncl_http_exchange *exchange) {
  if (exchange->job == NULL) {
    leave_queue(exchange);
    return;
  }
  exchange->job->exchange = NULL;
  exchange->job = NULL;
}

static ncl_status encode(ncl_http_exchange *exchange, ncl_outcome *outcome) {
  ncl_http_service *service = exchange->channel->service;
  if (exchange->body_len > ON_LOOP_MAX && service->jobs >= JOBS_MAX) {
    exchange->behind = NULL;
    if (service->to_encode_tail != NULL) {
      service->to_encode_tail->behind = exchange;
    } else {
      service->to_encode_head = exchange;
    }
    service->to_encode_tail = exchange;
    return NCL_PENDING;
  }
  ncl_status status = run_job(exchange);
  if (status == NCL_OK || status == NCL_PENDING) return status;
  return ncl_http_fail(outcome, status, "no memory to compress a request");
}

ncl_status ncl_http_body_prepare(ncl_http_exchange *exchange, const ncl_http_call *call, ncl_outcome *outcome) {
  ncl_http_channel *channel = exchange->channel;
  exchange->pieces = call->body;
  exchange->body_len = pieces_len(&call->body);
  if (channel->encoding != NCL_HTTP_ENCODING_NONE && exchange->body_len > 0) return encode(exchange, outcome);
  /* What is signed has to stay until the authenticator is through, and the caller may cancel before. libcurl
   * sends small ones in one piece with the headers. */
  bool is_small = !channel->is_grpc && !exchange->is_plain && exchange->body_len <= NCL_HTTP_SMALL_BODY;
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

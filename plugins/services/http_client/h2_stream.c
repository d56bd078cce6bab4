/* SPDX-License-Identifier: Apache-2.0 */
/* h2_stream.c: requests as streams of a connection: their headers, their bodies, their answers (nghttp2's callbacks).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "h2.h"

/* Streams that are begun before the backend has said how many it takes. */
#define STREAMS_AT_FIRST 100u

/* ---- what goes out ----------------------------------------------------------------------------------- */

static ncl_http_exchange *exchange_of(nghttp2_session *session, int32_t stream) {
  return nghttp2_session_get_stream_user_data(session, stream);
}

static ssize_t on_read_length(nghttp2_session *session, uint8_t type, int32_t stream, int32_t session_window,
                              int32_t stream_window, uint32_t max_frame, void *arg) {
  (void)session, (void)type, (void)stream, (void)arg;
  ssize_t len = (ssize_t)(max_frame < NCL_HTTP_H2_FRAME ? max_frame : NCL_HTTP_H2_FRAME);
  if (len > session_window) len = session_window;
  return len < stream_window ? len : stream_window;
}

/* Says how much comes; on_send_data fetches it. */
static ssize_t on_read(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t len, uint32_t *flags,
                       nghttp2_data_source *source, void *arg) {
  ncl_http_exchange *exchange = exchange_of(session, stream);
  (void)buf, (void)source, (void)arg;
  if (exchange == NULL) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  size_t left = exchange->body_len + exchange->prefix_len - exchange->sent;
  size_t n = left < len ? left : len;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (n == left) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)n;
}

static int on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t len,
                        nghttp2_data_source *source, void *arg) {
  ncl_http_h2 *h2 = arg;
  ncl_http_exchange *exchange = exchange_of(session, frame->hd.stream_id);
  (void)source;
  if (exchange == NULL) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (!ncl_http_buffer_reserve(&h2->out, 9 + len, NCL_HTTP_H2_FILL * 2)) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  memcpy(h2->out.ptr + h2->out.len, head, 9);
  size_t n = ncl_http_body_read((char *)h2->out.ptr + h2->out.len + 9, 1, len, exchange);
  h2->out.len += 9 + n;
  exchange->sent += n;
  return h2->out.len < NCL_HTTP_H2_FILL ? 0 : NGHTTP2_ERR_PAUSE;
}

bool ncl_http_h2_submit(ncl_http_h2 *h2, ncl_http_exchange *exchange) {
  ncl_http_service *service = h2->service;
  size_t count = exchange->header_total;
  nghttp2_nv *nv = exchange->header_block;
  if (exchange->deadline_ns > 0) {
    static const char name[] = "grpc-timeout";
    char *value = exchange->timeout;
    ncl_grpc_put_timeout(value, exchange->deadline_ns - service->host->now_ns(service->me));
    nv[count++] = (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)value, sizeof name - 1, strlen(value),
                               NGHTTP2_NV_FLAG_NONE};
  }
  exchange->at_piece = 0;
  exchange->at_byte = 0;
  exchange->sent = 0;
  nghttp2_data_provider body = {{.ptr = NULL}, on_read};
  int32_t stream = nghttp2_submit_request(h2->session, NULL, nv, count, &body, exchange);
  if (stream == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE) h2->state = NCL_HTTP_H2_DRAINING;
  if (stream <= 0) return false;
  exchange->stream = stream;
  h2->streams++;
  return true;
}

/* ---- what comes back --------------------------------------------------------------------------------- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *arg) {
  ncl_http_exchange *exchange = exchange_of(session, frame->hd.stream_id);
  (void)flags, (void)arg;
  if (exchange == NULL) return 0;
  if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
    ncl_http_reply_begin(exchange);
    /* nghttp2 has seen to it that it is three digits. */
    exchange->http_status =
        (uint32_t)(value[0] - '0') * 100 + (uint32_t)(value[1] - '0') * 10 + (uint32_t)(value[2] - '0');
    return 0;
  }
  bool ok = ncl_http_reply_field(exchange, ncl_str_of((const char *)name, name_len),
                                 ncl_str_of((const char *)value, value_len));
  return ok ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t len,
                   void *arg) {
  ncl_http_exchange *exchange = exchange_of(session, stream);
  (void)flags, (void)arg;
  if (exchange == NULL || ncl_http_reply_body((char *)(uintptr_t)bytes, 1, len, exchange) == len) return 0;
  return nghttp2_submit_rst_stream(session, 0, stream, NGHTTP2_CANCEL);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  ncl_http_h2 *h2 = arg;
  if (frame->hd.type == NGHTTP2_GOAWAY) {
    const nghttp2_goaway *said = &frame->goaway;
    if (h2->state == NCL_HTTP_H2_OPEN) h2->state = NCL_HTTP_H2_DRAINING;
    ncl_http_h2_ping_refused(h2, said->error_code, ncl_str_of((const char *)said->opaque_data, said->opaque_data_len));
  }
  bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (!ends || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)) return 0;
  ncl_http_exchange *exchange = exchange_of(session, frame->hd.stream_id);
  if (exchange == NULL) return 0;
  exchange->is_whole = true;
  /* The answer is there before all of the request is sent: the rest is not wanted. */
  if (exchange->sent == exchange->body_len + exchange->prefix_len) return 0;
  return nghttp2_submit_rst_stream(session, 0, frame->hd.stream_id, NGHTTP2_NO_ERROR);
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error_code, void *arg) {
  ncl_http_exchange *exchange = exchange_of(session, stream);
  (void)arg;
  if (exchange == NULL) return 0;
  ncl_http_h2_detach(exchange);
  if (exchange->is_whole) {
    ncl_http_exchange_answered(exchange);
  } else if (error_code == NGHTTP2_REFUSED_STREAM && !exchange->was_moved) {
    ncl_http_exchange_move(exchange);
  } else {
    char words[64];
    (void)snprintf(words, sizeof words, "the backend reset the stream: %s", nghttp2_http2_strerror(error_code));
    ncl_http_exchange_lost(exchange, NCL_RETRYABLE, exchange->refused != NULL ? exchange->refused : words);
  }
  return 0;
}

nghttp2_session *ncl_http_h2_session(ncl_http_h2 *h2) {
  nghttp2_session_callbacks *callbacks = NULL;
  nghttp2_option *option = NULL;
  nghttp2_session *session = NULL;
  static const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                                    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, NCL_HTTP_HEAD_MAX}};
  if (nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0) {
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, on_read_length);
    nghttp2_option_set_peer_max_concurrent_streams(option, STREAMS_AT_FIRST);
    (void)nghttp2_session_client_new2(&session, callbacks, h2, option);
  }
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  if (session == NULL || nghttp2_submit_settings(session, 0, settings, 2) == 0) return session;
  nghttp2_session_del(session);
  return NULL;
}

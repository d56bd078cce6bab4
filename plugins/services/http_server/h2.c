/* SPDX-License-Identifier: Apache-2.0 */
/* h2.c: HTTP/2 on a connection, by nghttp2 on memory: what comes in becomes streams, what goes out is gathered. */
#include <string.h>

#include "service.h"

/* Frames that a peer may send at once and a second, of those that carry nothing: enough for any keepalive and for
 * measuring clients (gRPC pings for its bandwidth estimate), far below what a flood is. nghttp2 limits RST_STREAM
 * itself (1000 at once, 33 a second), CONTINUATION (8 a header block) and unacknowledged SETTINGS and PING (1000). */
#define CONTROL_BURST 1000
#define CONTROL_RATE 100
#define WINDOW_BURST 20000
#define WINDOW_RATE 20000
/* How long the PING of a drain may stay unanswered before the last GOAWAY goes out all the same. */
#define NOTICE_NS INT64_C(1000000000)

/* Pings that may come too early, and how far apart they are while there is no request (gRPC A8, "Server Enforcement").
 */
#define PING_STRIKES 2u
#define PING_IDLE_NS INT64_C(7200000000000)

#define SECOND_NS INT64_C(1000000000)

static bool bucket_take(ncl_bucket *bucket, int64_t now, int64_t burst, int64_t rate) {
  int64_t seconds = (now - bucket->filled_ns) / SECOND_NS;
  if (bucket->filled_ns == 0) {
    bucket->left = burst;
    bucket->filled_ns = now;
  } else if (seconds > 0) {
    int64_t more = seconds > burst ? burst : seconds * rate;
    bucket->left = bucket->left + more > burst ? burst : bucket->left + more;
    bucket->filled_ns += seconds * SECOND_NS;
  }
  return bucket->left-- > 0;
}

static ncl_http_stream *find(ncl_conn *conn, int32_t id) {
  if (conn->h2.recent == NULL || conn->h2.recent->id != id) {
    conn->h2.recent = nghttp2_session_get_stream_user_data(conn->h2.session, id);
  }
  return conn->h2.recent;
}

/* ---- what comes in --------------------------------------------------------------------------------------------- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  ncl_conn *conn = arg;
  if (conn->dead) return NGHTTP2_ERR_CALLBACK_FAILURE;
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  ncl_http_stream *stream = ncl_stream_open(conn);
  if (stream == NULL) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  stream->id = frame->hd.stream_id;
  nghttp2_session_set_stream_user_data(session, stream->id, stream);
  conn->h2.recent = stream;
  return 0;
}

static int64_t number(ncl_str text) {
  int64_t value = 0;
  if (text.len == 0 || text.len > 18) return INT64_MAX;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return INT64_MAX;
    value = value * 10 + (text.ptr[i] - '0');
  }
  return value;
}

static void pseudo_header(ncl_http_stream *stream, ncl_str name, ncl_str value) {
  ncl_http_request *request = &stream->request;
  switch (name.len) {
    case 5:
      if (memcmp(name.ptr, ":path", 5) == 0) ncl_stream_target(stream, value);
      break;
    case 7:
      if (memcmp(name.ptr, ":method", 7) == 0) request->method = value;
      break;
    case 10:
      if (memcmp(name.ptr, ":authority", 10) == 0) request->authority = value;
      break;
    default:
      break;
  }
}

static bool plain_header(ncl_http_stream *stream, ncl_str name, ncl_str value) {
  ncl_stream_note(stream, name, value);
  if (name.len == 4 && memcmp(name.ptr, "host", 4) == 0 && stream->request.authority.ptr == NULL) {
    stream->request.authority = value;
  }
  if (name.len == 14 && memcmp(name.ptr, "content-length", 14) == 0) stream->content_length = number(value);
  return ncl_stream_pair(stream, name, value);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *arg) {
  ncl_conn *conn = arg;
  (void)session;
  (void)flags;
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  ncl_http_stream *stream = find(conn, frame->hd.stream_id);
  if (stream == NULL || stream->too_large) return 0;
  stream->header_bytes += name_len + value_len + 32; /* RFC 9113, 6.5.2 */
  if (stream->header_bytes > conn->port->config.max_header) {
    stream->too_large = true;
    return 0;
  }
  char *text = ncl_stream_text(stream, name_len + value_len);
  if (text == NULL) return stream->too_large ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  memcpy(text, name, name_len);
  if (value_len > 0) memcpy(text + name_len, value, value_len);
  ncl_str key = ncl_str_of(text, name_len), content = ncl_str_of(text + name_len, value_len);
  if (name[0] == ':') {
    pseudo_header(stream, key, content);
  } else if (!plain_header(stream, key, content) && !stream->too_large) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  return 0;
}

static void on_headers_end(ncl_conn *conn, const nghttp2_frame *frame) {
  ncl_http_stream *stream = find(conn, frame->hd.stream_id);
  bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (stream == NULL) return;
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    stream->end_seen = ends;
    ncl_stream_begin(stream);
    if (!ends && stream->state == NCL_STREAM_BODY && stream->expect) ncl_h2_continue(stream);
  }
  if (ends && !conn->dead) ncl_stream_end(stream);
}

static void submit_last_goaway(ncl_conn *conn) {
  ncl_h2 *h2 = &conn->h2;
  h2->final_goaway = true;
  nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2->session),
                        NGHTTP2_NO_ERROR, NULL, 0);
}

/* Whether the peer may ping now: not more often than the config says, unless it was answered meanwhile, since clients
 * measure the bandwidth of answers by pings. */
static bool is_ping_due(ncl_conn *conn, int64_t now) {
  const ncl_http_port_config *config = &conn->port->config;
  ncl_h2 *h2 = &conn->h2;
  if (config->ping_min_time_ns <= 0) return true;
  bool idle = conn->stream_count == 0 && !config->ping_without_stream;
  int64_t apart = idle ? PING_IDLE_NS : config->ping_min_time_ns;
  bool early = h2->ping_seen_ns > 0 && now - h2->ping_seen_ns < apart;
  if (h2->answered) h2->ping_strikes = 0;
  if (early && !h2->answered) h2->ping_strikes++;
  h2->answered = false;
  h2->ping_seen_ns = now;
  return h2->ping_strikes <= PING_STRIKES;
}

/* gRPC's clients ping less often on the next connection when they are told so in these words (gRPC A8). */
static void send_away(ncl_conn *conn) {
  static const char words[] = "too_many_pings";
  nghttp2_session *session = conn->h2.session;
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session),
                        NGHTTP2_ENHANCE_YOUR_CALM, (const uint8_t *)words, sizeof(words) - 1);
  conn->h2.sent_away = true;
}

/* Frames that carry nothing. False = too many of them. */
static bool count_frame(ncl_conn *conn, const nghttp2_frame *frame) {
  int64_t now = conn->service->now_ns;
  switch (frame->hd.type) {
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
      if (frame->hd.flags & NGHTTP2_FLAG_ACK) return true;
      if (frame->hd.type == NGHTTP2_PING && !conn->h2.sent_away && !is_ping_due(conn, now)) send_away(conn);
      return bucket_take(&conn->h2.control, now, CONTROL_BURST, CONTROL_RATE);
    case NGHTTP2_DATA:
      if (frame->hd.length > frame->data.padlen) return true;
      return bucket_take(&conn->h2.control, now, CONTROL_BURST, CONTROL_RATE);
    case NGHTTP2_PRIORITY:
      return bucket_take(&conn->h2.control, now, CONTROL_BURST, CONTROL_RATE);
    case NGHTTP2_WINDOW_UPDATE:
      return bucket_take(&conn->h2.window, now, WINDOW_BURST, WINDOW_RATE);
    default:
      return true;
  }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  ncl_conn *conn = arg;
  ncl_http_stream *stream;
  switch (frame->hd.type) {
    case NGHTTP2_DATA:
      if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        stream = find(conn, frame->hd.stream_id);
        if (stream != NULL) ncl_stream_end(stream);
        return conn->dead ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
      }
      break;
    case NGHTTP2_HEADERS:
      on_headers_end(conn, frame);
      return conn->dead ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
    case NGHTTP2_PING:
      if (frame->hd.flags & NGHTTP2_FLAG_ACK) {
        conn->h2.ping_sent_ns = 0;
        if (conn->h2.draining && !conn->h2.final_goaway) submit_last_goaway(conn);
      }
      break;
    default:
      break;
  }
  if (!count_frame(conn, frame)) nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
  return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *arg) {
  ncl_conn *conn = arg;
  ncl_http_stream *stream = find(conn, id);
  (void)session;
  (void)flags;
  if (stream != NULL) ncl_stream_data(stream, data, len);
  return conn->dead ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg) {
  ncl_conn *conn = arg;
  ncl_http_stream *stream = find(conn, id);
  (void)session;
  (void)error;
  conn->h2.recent = NULL;
  if (stream == NULL) return 0;
  if (conn->stream_count == 1) conn->phase_ns = conn->service->now_ns;
  ncl_stream_close(stream);
  return 0;
}

/* The answer is out; a request that is still coming in is not wanted any more (RFC 9113, 8.1). */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg) {
  ncl_conn *conn = arg;
  if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
  conn->h2.answered = true;
  if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
  ncl_http_stream *stream = find(conn, frame->hd.stream_id);
  if (stream == NULL || stream->end_seen) return 0;
  stream->end_seen = true;
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
  return 0;
}

/* ---- the session ----------------------------------------------------------------------------------------------- */

static void *mem_alloc(size_t size, void *arg) {
  return ncl_blocks_alloc(arg, size);
}

static void mem_free(void *ptr, void *arg) {
  ncl_blocks_free(arg, ptr);
}

static void *mem_calloc(size_t count, size_t size, void *arg) {
  if (size > 0 && count > SIZE_MAX / size) return NULL;
  return ncl_blocks_zalloc(arg, count * size);
}

/* nghttp2 (up to 1.52 at least) frees a response's item twice where its queue of streams finds no memory to grow
 * (nghttp2_submit_data after session_ob_data_push), so it gets some. */
static void *mem_realloc(void *ptr, size_t size, void *arg) {
  return ncl_blocks_insist(arg, ptr, size);
}

bool ncl_h2_setup(ncl_service *service) {
  nghttp2_session_callbacks *callbacks;
  service->h2_mem = (nghttp2_mem){&service->blocks, mem_alloc, mem_free, mem_calloc, mem_realloc};
  if (nghttp2_session_callbacks_new(&service->h2_callbacks) != 0) return false;
  if (nghttp2_option_new(&service->h2_option) != 0) return false;
  callbacks = service->h2_callbacks;
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
  nghttp2_option_set_no_closed_streams(service->h2_option, 1);
  return true;
}

void ncl_h2_teardown(ncl_service *service) {
  nghttp2_session_callbacks_del(service->h2_callbacks);
  nghttp2_option_del(service->h2_option);
  service->h2_callbacks = NULL;
  service->h2_option = NULL;
}

static uint32_t header_list_of(const ncl_http_port_config *config) {
  return config->max_header < UINT32_MAX ? (uint32_t)config->max_header : UINT32_MAX;
}

void ncl_h2_tell_settings(ncl_conn *conn) {
  const ncl_http_port_config *config = &conn->port->config;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, config->max_concurrent_streams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_list_of(config)},
  };
  (void)nghttp2_submit_settings(conn->h2.session, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(settings[0]));
}

bool ncl_h2_start(ncl_conn *conn) {
  ncl_service *service = conn->service;
  const ncl_http_port_config *config = &conn->port->config;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, config->max_concurrent_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, NCL_H2_STREAM_WINDOW},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_list_of(config)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_session *session = NULL;
  if (nghttp2_session_server_new3(&session, service->h2_callbacks, conn, service->h2_option, &service->h2_mem) != 0) {
    return false;
  }
  conn->h2.session = session;
  conn->phase_ns = service->now_ns;
  if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, sizeof(settings) / sizeof(settings[0])) != 0) {
    return false;
  }
  return nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, NCL_H2_CONNECTION_WINDOW) == 0;
}

void ncl_h2_input(ncl_conn *conn, const uint8_t *data, size_t len) {
  if (conn->h2.session == NULL) return;
  ssize_t n = nghttp2_session_mem_recv(conn->h2.session, data, len);
  if (n < 0) conn->dead = true;
}

/* All frames that nghttp2 has, one behind the other. */
void ncl_h2_run(ncl_conn *conn) {
  nghttp2_session *session = conn->h2.session;
  const uint8_t *frame = NULL;
  while (!conn->dead && !ncl_conn_is_blocked(conn)) {
    ssize_t n = nghttp2_session_mem_send(session, &frame);
    if (n < 0) conn->dead = true;
    if (n <= 0) break;
    size_t len = (size_t)n;
    if (len > ncl_conn_room(conn) && !ncl_conn_push(conn)) {
      if (!conn->dead) ncl_conn_keep(conn, frame, len);
      return;
    }
    ncl_conn_put(conn, frame, len);
  }
  if (conn->dead) return;
  bool over = !nghttp2_session_want_read(session) && !nghttp2_session_want_write(session);
  if (over || conn->h2.sent_away) conn->closing = true;
}

void ncl_h2_drain(ncl_conn *conn) {
  ncl_h2 *h2 = &conn->h2;
  if (h2->draining) return;
  h2->draining = true;
  h2->goaway_ns = conn->service->now_ns;
  nghttp2_submit_shutdown_notice(h2->session);
  nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL);
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

static void tick_stream(ncl_conn *conn, ncl_http_stream *stream, int64_t now) {
  const ncl_http_port_config *config = &conn->port->config;
  int64_t deadline_ns = stream->request.deadline_ns;
  switch (stream->state) {
    case NCL_STREAM_HEADERS:
      /* A header block that stops half way stops the whole connection. */
      if (now - stream->begun_ns > config->read_header_timeout_ns) conn->dead = true;
      break;
    case NCL_STREAM_BODY:
      if (now - stream->begun_ns > config->read_timeout_ns || (deadline_ns > 0 && now > deadline_ns)) {
        ncl_stream_refuse(stream, NCL_HTTP_REFUSED_TIMEOUT, "the body did not come in time");
      }
      break;
    case NCL_STREAM_REPLY:
      if (now - stream->moved_ns > config->write_timeout_ns) {
        nghttp2_submit_rst_stream(conn->h2.session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL);
      }
      break;
    default:
      break;
  }
}

static void tick_keepalive(ncl_conn *conn, int64_t now) {
  const ncl_http_port_config *config = &conn->port->config;
  ncl_h2 *h2 = &conn->h2;
  if (config->ping_time_ns <= 0) return;
  if (h2->ping_sent_ns > 0) {
    if (config->ping_timeout_ns > 0 && now - h2->ping_sent_ns > config->ping_timeout_ns) conn->dead = true;
  } else if (now - conn->read_ns > config->ping_time_ns) {
    h2->ping_sent_ns = now;
    nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL);
  }
}

void ncl_h2_tick(ncl_conn *conn, int64_t now) {
  const ncl_http_port_config *config = &conn->port->config;
  ncl_h2 *h2 = &conn->h2;
  for (ncl_http_stream *stream = conn->streams; stream != NULL && !conn->dead; stream = stream->next) {
    tick_stream(conn, stream, now);
  }
  if (conn->dead) return;
  tick_keepalive(conn, now);
  if (conn->stream_count == 0) {
    int64_t idle = now - conn->phase_ns;
    if (config->idle_timeout_ns > 0 && idle > config->idle_timeout_ns) ncl_h2_drain(conn);
    if (config->max_connection_idle_ns > 0 && idle > config->max_connection_idle_ns) ncl_h2_drain(conn);
  }
  if (conn->age_ns > 0 && now > conn->age_ns) {
    ncl_h2_drain(conn);
    int64_t grace = config->max_connection_age_grace_ns;
    if (grace > 0 && now - conn->age_ns > grace) conn->dead = true;
  }
  if (h2->draining && !h2->final_goaway && now - h2->goaway_ns > NOTICE_NS) submit_last_goaway(conn);
}

void ncl_h2_end(ncl_conn *conn) {
  nghttp2_session_del(conn->h2.session);
  conn->h2.session = NULL;
  conn->h2.recent = NULL;
}

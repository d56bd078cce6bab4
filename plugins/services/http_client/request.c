/* SPDX-License-Identifier: Apache-2.0 */
/* request.c: libcurl's options: those of a channel, set once on each of its easy handles, and those of a request. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

#define MS_NS INT64_C(1000000)
#define SECOND_NS INT64_C(1000000000)
/* A connection whose peer acknowledges nothing for so long is dead: without this a lost HTTP/2 connection would take
 * requests until the kernel gives up, a quarter of an hour. */
#define UNACKNOWLEDGED_MS 30000u
#define KEEPALIVE_IDLE_S 30L
#define KEEPALIVE_INTERVAL_S 10L

/* ---- sockets: counted and charged -------------------------------------------------------------------- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
  ncl_http_service *service = arg;
  (void)purpose;
  /* The only connection is always let through: nothing would ever leave a process whose budget is spent otherwise. */
  bool charged = service->host->memory_charge(service->me, NCL_HTTP_CONNECTION_BYTES) == NCL_OK;
  if (!charged && service->connections > 0) return CURL_SOCKET_BAD;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
  if (fd < 0) {
    if (charged) (void)service->host->memory_charge(service->me, -NCL_HTTP_CONNECTION_BYTES);
    return CURL_SOCKET_BAD;
  }
  unsigned unacknowledged = UNACKNOWLEDGED_MS;
  if (address->family == AF_INET || address->family == AF_INET6) {
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof unacknowledged);
  }
  if (charged) {
    service->connections++;
  } else {
    service->uncharged_fd = fd;
  }
  return fd;
}

static int close_socket(void *arg, curl_socket_t fd) {
  ncl_http_service *service = arg;
  if (fd == service->uncharged_fd) {
    service->uncharged_fd = -1;
  } else if (service->connections > 0) {
    service->connections--;
    (void)service->host->memory_charge(service->me, -NCL_HTTP_CONNECTION_BYTES);
  }
  return close(fd);
}

/* ---- a channel's options ----------------------------------------------------------------------------- */

static CURLcode set_sockets(CURL *easy, ncl_http_service *service) {
  const ncl_http_libraries *lib = &service->libraries;
  CURLcode wrong = lib->curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, service);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, service);
  return wrong;
}

static CURLcode set_connection(CURL *easy, const ncl_http_channel *channel) {
  const ncl_http_libraries *lib = &channel->service->libraries;
  long connect_ms = (long)((channel->connect_timeout_ns + MS_NS - 1) / MS_NS);
  long idle_s = (long)((channel->idle_timeout_ns + SECOND_NS - 1) / SECOND_NS);
  CURLcode wrong = lib->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_USERAGENT, ncl_http_user_agent(channel));
  /* Without this, giving up a request whose name is still being looked up would wait for the lookup. */
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, idle_s);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
  return wrong;
}

CURL *ncl_http_request_easy(const ncl_http_channel *channel) {
  const ncl_http_libraries *lib = &channel->service->libraries;
  CURL *easy = lib->curl_easy_init();
  if (easy == NULL) return NULL;
  CURLcode wrong = set_sockets(easy, channel->service);
  if (wrong == CURLE_OK) wrong = set_connection(easy, channel);
  if (wrong == CURLE_OK) wrong = ncl_http_tls_apply(lib, easy, channel->tls);
  if (wrong == CURLE_OK) return easy;
  lib->curl_easy_cleanup(easy);
  return NULL;
}

CURLcode ncl_http_request_http(ncl_http_exchange *exchange) {
  const ncl_http_libraries *lib = &exchange->channel->service->libraries;
  CURL *easy = exchange->easy;
  CURLcode wrong = lib->curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_READFUNCTION, ncl_http_body_read);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, ncl_http_body_seek);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, ncl_http_reply_header);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ncl_http_reply_body);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate, zstd");
  return wrong;
}

const char *ncl_http_user_agent(const ncl_http_channel *channel) {
  return channel->user_agent != NULL ? channel->user_agent : channel->service->user_agent;
}

/* ---- a request's options ----------------------------------------------------------------------------- */

const char *ncl_http_request_proxy(const ncl_http_exchange *exchange) {
  const ncl_http_channel *channel = exchange->channel;
  bool is_tunnel = channel->is_grpc || exchange->target.is_https;
  return channel->proxy != NULL ? channel->proxy : ncl_http_url_proxy(&exchange->target, is_tunnel, getenv);
}

static CURLcode set_proxy(CURL *easy, const ncl_http_exchange *exchange) {
  const ncl_http_channel *channel = exchange->channel;
  const ncl_http_libraries *lib = &channel->service->libraries;
  const char *proxy = ncl_http_request_proxy(exchange);
  CURLcode wrong = lib->curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
  /* NO_PROXY speaks of the environment's proxy, not of one that the config names. */
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_NOPROXY, channel->proxy == NULL ? NULL : "");
  return wrong;
}

/* A power of two that holds the body, within the limits: the buffer is libcurl's for the time of the request. */
static long upload_buffer(const ncl_http_exchange *exchange) {
  size_t need = exchange->body_len;
  size_t size = NCL_HTTP_UPLOAD_MIN;
  while (size < need && size < exchange->channel->max_upload_buffer)
    size *= 2;
  return (long)size;
}

static CURLcode set_body(ncl_http_exchange *exchange) {
  const ncl_http_libraries *lib = &exchange->channel->service->libraries;
  CURL *easy = exchange->easy;
  bool is_whole = exchange->pieces.count == 1 && exchange->body_len <= NCL_HTTP_SMALL_BODY;
  const char *whole = NULL;
  if (is_whole) whole = (const char *)((const ncl_range *)exchange->pieces.base)->ptr;
  if (exchange->body_len == 0) whole = "";
  CURLcode wrong = lib->curl_easy_setopt(easy, CURLOPT_POST, 1L);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_POSTFIELDS, whole);
  if (wrong == CURLE_OK) {
    wrong = lib->curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body_len);
  }
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer(exchange));
  return wrong;
}

static CURLcode set_method(ncl_http_exchange *exchange) {
  const ncl_http_libraries *lib = &exchange->channel->service->libraries;
  CURL *easy = exchange->easy;
  CURLcode wrong = lib->curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
  if (wrong != CURLE_OK) return wrong;
  bool is_empty = exchange->body_len == 0;
  if (is_empty && strcmp(exchange->method, "GET") == 0) return lib->curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  if (is_empty && strcmp(exchange->method, "HEAD") == 0) return lib->curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  wrong = set_body(exchange);
  if (wrong == CURLE_OK && strcmp(exchange->method, "POST") != 0) {
    wrong = lib->curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
  }
  return wrong;
}

CURLcode ncl_http_request_target(CURL *easy, const ncl_http_exchange *exchange, struct curl_slist *connect_to) {
  const ncl_http_libraries *lib = &exchange->channel->service->libraries;
  CURLcode wrong = lib->curl_easy_setopt(easy, CURLOPT_URL, exchange->url);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, exchange->unix_path);
  if (wrong == CURLE_OK) {
    wrong = lib->curl_easy_setopt(easy, CURLOPT_CONNECT_TO, exchange->connect_to != NULL ? connect_to : NULL);
  }
  if (wrong == CURLE_OK) wrong = set_proxy(easy, exchange);
  return wrong;
}

CURLcode ncl_http_request_apply(ncl_http_exchange *exchange) {
  const ncl_http_libraries *lib = &exchange->channel->service->libraries;
  exchange->connect_to_line.data = (char *)(uintptr_t)exchange->connect_to;
  exchange->at_piece = 0;
  exchange->at_byte = 0;
  CURLcode wrong = ncl_http_request_target(exchange->easy, exchange, &exchange->connect_to_line);
  if (wrong == CURLE_OK) wrong = set_method(exchange);
  if (wrong == CURLE_OK) wrong = lib->curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->header_block);
  return wrong;
}

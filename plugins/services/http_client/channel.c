/* SPDX-License-Identifier: Apache-2.0 */
/* channel.c: one component's settings, and its exchanges: those in use and a few that are kept for the next request. */
#include <stdlib.h>
#include <string.h>

#include "h2.h"
#include "tls_files.h"

#define SECOND_NS INT64_C(1000000000)
#define DAY_NS (86400 * SECOND_NS)
#define MAX_CONNECTIONS_DEFAULT 10u
#define MAX_RESPONSE_DEFAULT ((size_t)4 << 20)
/* An upload buffer takes no more than this part of the memory budget: ten of them are a sixth of it. */
#define BUDGET_SHARE 64u

/* The size of upload buffers that suits the memory there is. */
static size_t upload_limit(ncl_http_service *service) {
  ncl_memory memory = {.struct_size = sizeof memory, .budget = UINT64_MAX};
  service->host->memory_state(service->me, &memory);
  size_t size = NCL_HTTP_UPLOAD_MAX;
  while (size > NCL_HTTP_UPLOAD_MIN && size > memory.budget / BUDGET_SHARE)
    size /= 2;
  return size;
}

static bool copy_text(ncl_str from, char **to) {
  *to = strndup(from.len > 0 ? from.ptr : "", from.len);
  return *to != NULL;
}

static bool take_texts(ncl_http_channel *channel, const ncl_http_channel_config *config) {
  static const char none[] = "none";
  if (config->user_agent.len > 0 && !copy_text(config->user_agent, &channel->user_agent)) return false;
  ncl_str proxy = config->proxy_url;
  if (proxy.len == 0) return true;
  if (proxy.len == sizeof none - 1 && memcmp(proxy.ptr, none, proxy.len) == 0) proxy.len = 0;
  return copy_text(proxy, &channel->proxy);
}

static int64_t at_most_a_day(int64_t ns) {
  return ns < DAY_NS ? ns : DAY_NS;
}

static void take_numbers(ncl_http_channel *channel, const ncl_http_channel_config *config) {
  channel->is_grpc = config->is_grpc != 0;
  channel->encoding = config->encoding;
  channel->level = (int32_t)config->level;
  uint32_t connections = config->max_connections > 0 ? config->max_connections : MAX_CONNECTIONS_DEFAULT;
  channel->max_connections = connections < NCL_HTTP_EXCHANGES_MAX ? connections : NCL_HTTP_EXCHANGES_MAX;
  channel->max_running = channel->is_grpc ? NCL_HTTP_STREAMS_MAX : channel->max_connections;
  channel->connect_timeout_ns = config->connect_timeout_ns > 0 ? config->connect_timeout_ns : 10 * SECOND_NS;
  channel->idle_timeout_ns = config->idle_timeout_ns > 0 ? config->idle_timeout_ns : 90 * SECOND_NS;
  channel->max_response = config->max_response > 0 ? (size_t)config->max_response : MAX_RESPONSE_DEFAULT;
  channel->ping_time_ns = at_most_a_day(config->ping_time_ns);
  channel->ping_timeout_ns = at_most_a_day(config->ping_timeout_ns > 0 ? config->ping_timeout_ns : 20 * SECOND_NS);
  channel->pings_without_stream = config->ping_without_stream != 0;
  channel->tls = config->tls != NULL && config->tls->kind == NCL_VALUE_MAP ? config->tls : NULL;
  channel->auth = config->auth;
}

static const char *mistake(const ncl_http_channel_config *config) {
  uint32_t encoding = config->encoding;
  if (encoding > NCL_HTTP_ENCODING_LZ4) return "no such compression";
  if (config->is_grpc != 0 && (encoding == NCL_HTTP_ENCODING_ZLIB || encoding == NCL_HTTP_ENCODING_SNAPPY ||
                               encoding == NCL_HTTP_ENCODING_LZ4)) {
    return "gRPC has no such compression";
  }
  if (ncl_http_level_is_valid(encoding, config->level)) return NULL;
  if (encoding == NCL_HTTP_ENCODING_ZSTD) return "zstd has the levels 1 to 19";
  bool has_levels = ncl_http_level_is_valid(encoding, 1);
  return has_levels ? "gzip, deflate and zlib have the levels 1 to 12" : "this compression has no levels";
}

ncl_http_channel *ncl_http_channel_open(void *self, ncl_component *owner, const ncl_http_channel_config *config,
                                        ncl_outcome *outcome) {
  ncl_http_service *service = self;
  (void)owner;
  const char *wrong = mistake(config);
  if (wrong == NULL) wrong = ncl_http_codecs_load(&service->codecs, config->encoding);
  if (wrong != NULL) {
    (void)ncl_http_fail(outcome, NCL_PERMANENT, wrong);
    return NULL;
  }
  if (!ncl_http_service_ready(service, outcome)) return NULL;
  if (!ncl_http_tls_check(&service->libraries, config->tls, outcome, service->words, sizeof service->words))
    return NULL;
  ncl_http_channel *channel = calloc(1, sizeof *channel);
  if (channel == NULL) goto no_memory;
  channel->service = service;
  take_numbers(channel, config);
  if (!take_texts(channel, config)) goto no_memory;
  channel->max_upload_buffer = upload_limit(service);
  if (!channel->is_grpc) ncl_http_multi_keep(&service->multi, (long)channel->max_connections, channel->idle_timeout_ns);
  channel->next = service->channels;
  service->channels = channel;
  service->users++;
  return channel;
no_memory:
  if (channel != NULL) {
    free(channel->user_agent);
    free(channel->proxy);
    free(channel);
  }
  (void)ncl_http_fail(outcome, NCL_NO_MEMORY, "no memory for an HTTP channel");
  return NULL;
}

void ncl_http_channel_settle(ncl_http_channel *channel) {
  if (!channel->is_closed || channel->exchanges > 0) return;
  ncl_http_service *service = channel->service;
  free(channel->user_agent);
  free(channel->proxy);
  free(channel);
  ncl_http_service_leave(service);
}

void ncl_http_channel_close(ncl_http_channel *channel) {
  if (channel == NULL || channel->is_closed) return;
  channel->is_closed = true;
  channel->exchanges++; /* so that the last one to end leaves the channel to us */
  for (ncl_http_exchange *exchange = channel->in_use, *next; exchange != NULL; exchange = next) {
    next = exchange->next;
    ncl_http_exchange_cancel(exchange);
  }
  /* Answers that are on their way, and what an authenticator still looks at, outlive the channel as mere memory. */
  for (ncl_http_exchange *exchange = channel->in_use; exchange != NULL; exchange = exchange->next) {
    ncl_http_exchange_strip(exchange);
  }
  while (channel->free != NULL) {
    ncl_http_exchange *exchange = channel->free;
    channel->free = exchange->next;
    ncl_http_exchange_free(exchange);
  }
  ncl_http_channel **at = &channel->service->channels;
  while (*at != channel)
    at = &(*at)->next;
  *at = channel->next;
  if (channel->is_grpc) {
    ncl_http_h2_forget(channel);
  } else {
    ncl_http_multi_keep(&channel->service->multi, -(long)channel->max_connections, 0);
  }
  channel->exchanges--;
  ncl_http_channel_settle(channel);
}

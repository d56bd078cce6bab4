/* SPDX-License-Identifier: Apache-2.0 */
/* h2_ping.c: PING frames that find out whether a silent connection is alive (gRPC's keepalive, gRFC A8). */
#include <string.h>

#include "h2.h"

#define SLOWDOWN_MAX 10u /* powers of two */

static int64_t now_of(const ncl_http_h2 *h2) {
  return h2->service->host->now_ns(h2->service->me);
}

static int64_t interval_of(const ncl_http_channel *channel) {
  return channel->ping_time_ns << channel->ping_slowdown; /* a day by 1,024 at most */
}

static void set(const ncl_http_h2 *h2, int64_t at_ns) {
  h2->service->host->timer_set(h2->ping, at_ns);
}

static void send_ping(ncl_http_h2 *h2) {
  if (nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL) != 0) {
    ncl_http_h2_lose(h2, "no memory for a ping");
    return;
  }
  h2->pinged_ns = now_of(h2);
  set(h2, h2->pinged_ns + h2->settings->ping_timeout_ns);
  ncl_http_h2_flush(h2);
}

static void on_ping_time(void *arg) {
  ncl_http_h2 *h2 = arg;
  if (h2->settings == NULL || h2->state == NCL_HTTP_H2_DEAD) return;
  int64_t due_ns = h2->read_ns + interval_of(h2->settings);
  if (h2->pinged_ns > 0) {
    ncl_http_h2_lose(h2, "the backend gave no answer to a ping");
  } else if (now_of(h2) < due_ns) {
    set(h2, due_ns);
  } else if (h2->exchange_count > 0 || h2->settings->pings_without_stream) {
    send_ping(h2);
  }
  /* Otherwise it sleeps until the next request. */
}

bool ncl_http_h2_ping_start(ncl_http_h2 *h2) {
  if (h2->settings == NULL || h2->settings->ping_time_ns <= 0) return true;
  h2->ping = h2->service->host->timer_open(h2->service->me, on_ping_time, h2);
  if (h2->ping == NULL) return false;
  h2->read_ns = now_of(h2);
  set(h2, h2->read_ns + interval_of(h2->settings));
  return true;
}

/* Whatever comes is an answer: the connection is alive. */
void ncl_http_h2_ping_heard(ncl_http_h2 *h2) {
  if (h2->ping == NULL) return;
  h2->read_ns = now_of(h2);
  if (h2->pinged_ns == 0 || h2->settings == NULL) return;
  h2->pinged_ns = 0;
  set(h2, h2->read_ns + interval_of(h2->settings));
}

void ncl_http_h2_ping_wake(ncl_http_h2 *h2) {
  if (h2->ping == NULL || h2->pinged_ns > 0 || h2->settings == NULL || h2->exchange_count != 1) return;
  set(h2, h2->read_ns + interval_of(h2->settings));
}

void ncl_http_h2_ping_refused(ncl_http_h2 *h2, uint32_t error_code, ncl_str why) {
  static const char too_many[] = "too_many_pings";
  ncl_http_channel *settings = h2->settings;
  if (h2->ping == NULL || settings == NULL || error_code != NGHTTP2_ENHANCE_YOUR_CALM) return;
  if (why.len != sizeof too_many - 1 || memcmp(why.ptr, too_many, why.len) != 0) return;
  if (settings->ping_slowdown < SLOWDOWN_MAX) settings->ping_slowdown++;
}

void ncl_http_h2_ping_stop(ncl_http_h2 *h2) {
  if (h2->ping != NULL) h2->service->host->timer_close(h2->ping);
  h2->ping = NULL;
}

bool ncl_http_h2_ping_same(const ncl_http_channel *a, const ncl_http_channel *b) {
  if (a->ping_time_ns <= 0 && b->ping_time_ns <= 0) return true;
  return a->ping_time_ns == b->ping_time_ns && a->ping_timeout_ns == b->ping_timeout_ns &&
         a->pings_without_stream == b->pings_without_stream;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c: reads what there is, cuts it into lines, keeps what is left over. A line that is too long is skipped up to
 * its end. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BUFFER ((size_t)4096)
#define READS_MAX 16u /* of one connection before others have their turn */

typedef struct ncl_statsd_stream {
  ncl_statsd_streams *all;
  struct ncl_statsd_stream *next, *previous;
  int32_t fd;
  ncl_watch *watch;
  char *buffer;
  size_t len, capacity;
  bool is_skipping;
  size_t peer_len;
  char peer[];
} ncl_statsd_stream;

static void close_stream(ncl_statsd_stream *s) {
  ncl_statsd_streams *all = s->all;
  if (s->len > 0 && !s->is_skipping)
    all->line(all->arg, ncl_str_of(s->buffer, s->len), ncl_str_of(s->peer, s->peer_len));
  if (s->previous != NULL)
    s->previous->next = s->next;
  else
    all->first = s->next;
  if (s->next != NULL) s->next->previous = s->previous;
  all->count--;
  all->host->watch_close(s->watch);
  (void)close(s->fd);
  if (s->buffer != NULL) (void)all->host->memory_charge(all->me, -(int64_t)s->capacity);
  free(s->buffer);
  free(s);
  if (all->listener != NULL) all->host->listener_accept(all->listener, 1);
}

/* Room for more, or false: no memory. */
static bool make_room(ncl_statsd_stream *s) {
  const ncl_statsd_streams *all = s->all;
  if (s->len < s->capacity) return true;
  size_t capacity = s->capacity == 0 ? FIRST_BUFFER : s->capacity * 2;
  if (all->host->memory_charge(all->me, (int64_t)(capacity - s->capacity)) != NCL_OK) return false;
  char *grown = realloc(s->buffer, capacity);
  if (grown == NULL) {
    (void)all->host->memory_charge(all->me, -(int64_t)(capacity - s->capacity));
    return false;
  }
  s->buffer = grown;
  s->capacity = capacity;
  return true;
}

static void cut_lines(ncl_statsd_stream *s) {
  const ncl_statsd_streams *all = s->all;
  char *at = s->buffer;
  char *end = s->buffer + s->len;
  char *newline;
  while (at < end && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
    if (!s->is_skipping) all->line(all->arg, ncl_str_of(at, (size_t)(newline - at)), ncl_str_of(s->peer, s->peer_len));
    s->is_skipping = false;
    at = newline + 1;
  }
  s->len = (size_t)(end - at);
  if (s->len > 0) memmove(s->buffer, at, s->len);
  if (s->is_skipping) s->len = 0;
  if (s->len < NCL_STATSD_LINE_LEN_MAX) return;
  all->too_long(all->arg);
  s->is_skipping = true;
  s->len = 0;
}

static void on_readable(void *arg, uint32_t events) {
  ncl_statsd_stream *s = arg;
  (void)events;
  for (uint32_t i = 0; i < READS_MAX; i++) {
    if (!make_room(s)) {
      close_stream(s);
      return;
    }
    ssize_t n = read(s->fd, s->buffer + s->len, s->capacity - s->len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
      close_stream(s);
      return;
    }
    s->len += (size_t)n;
    cut_lines(s);
  }
}

static void on_accepted(void *arg, int32_t fd, ncl_str peer) {
  ncl_statsd_streams *all = arg;
  ncl_statsd_stream *s = calloc(1, sizeof *s + peer.len + 1);
  if (s != NULL) s->watch = all->host->watch_open(all->me, fd, NCL_EVENT_READ, on_readable, s);
  if (s == NULL || s->watch == NULL) {
    free(s);
    (void)close(fd);
    return;
  }
  s->all = all;
  s->fd = fd;
  s->peer_len = peer.len;
  if (peer.len > 0) memcpy(s->peer, peer.ptr, peer.len);
  s->next = all->first;
  if (all->first != NULL) all->first->previous = s;
  all->first = s;
  if (++all->count == NCL_STATSD_CONNECTIONS_MAX) all->host->listener_accept(all->listener, 0);
}

ncl_status ncl_statsd_streams_open(ncl_statsd_streams *all, ncl_str endpoint, ncl_outcome *outcome) {
  all->listener = all->host->listen(all->me, endpoint, on_accepted, all, outcome);
  return all->listener != NULL ? NCL_OK : outcome->status;
}

void ncl_statsd_streams_close(ncl_statsd_streams *all) {
  if (all->host == NULL) return;
  all->host->listener_close(all->listener);
  all->listener = NULL;
  for (ncl_statsd_stream *s = all->first, *next; s != NULL; s = next) {
    next = s->next;
    close_stream(s);
  }
}

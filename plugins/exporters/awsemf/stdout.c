/* SPDX-License-Identifier: Apache-2.0 */
/* stdout.c: documents as lines on standard output, which is never waited for. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "awsemf.h"

#define PIECE_MAX ((size_t)4096) /* a pipe that is ready takes so much without waiting (POSIX: PIPE_BUF) */
#define AGAIN_NS INT64_C(50000000)

/* As much as it takes. True: nothing is left. */
static bool write_some(ncl_emf_exporter *x) {
  size_t from = x->written;
  while (x->written < x->lines.len) {
    struct pollfd ready = {STDOUT_FILENO, POLLOUT, 0};
    size_t left = x->lines.len - x->written;
    if (poll(&ready, 1, 0) <= 0 || (ready.revents & POLLOUT) == 0) break;
    ssize_t n = write(STDOUT_FILENO, x->lines.base + x->written, left < PIECE_MAX ? left : PIECE_MAX);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    x->written += (size_t)n;
  }
  x->host->metric_add(x->host->metric(x->me, &ncl_emf_metrics[NCL_EMF_METRIC_STDOUT], NULL, 0),
                      (int64_t)(x->written - from));
  if (x->written < x->lines.len) return false;
  ncl_writer_reset(&x->lines);
  x->written = 0;
  return true;
}

static void later(void *arg) {
  ncl_emf_flush(arg);
}

bool ncl_emf_flush(ncl_emf_exporter *x) {
  bool is_through = write_some(x);
  if (!is_through && x->timer == NULL) x->timer = x->host->timer_open(x->me, later, x);
  if (!is_through && x->timer != NULL) x->host->timer_set(x->timer, x->host->now_ns(x->me) + AGAIN_NS);
  return is_through;
}

ncl_status ncl_emf_print(ncl_emf_exporter *x, const ncl_log_events *set, ncl_outcome *outcome) {
  static const ncl_str full = NCL_STR("standard output takes no more");
  if (!ncl_emf_flush(x)) {
    outcome->message = full;
    return NCL_RETRYABLE;
  }
  for (uint32_t i = 0; i < ncl_log_events_count(set); i++) {
    ncl_str message = ncl_log_events_message(set, i);
    ncl_json_inner_plain(&x->lines, (ncl_range){(const uint8_t *)message.ptr, message.len});
    ncl_write_raw(&x->lines, "\n", 1);
  }
  if (x->lines.status != NCL_OK) {
    ncl_writer_reset(&x->lines);
    return NCL_NO_MEMORY;
  }
  (void)ncl_emf_flush(x);
  return NCL_OK;
}

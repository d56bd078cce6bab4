/* SPDX-License-Identifier: Apache-2.0 */
/* SIGTERM, SIGINT and SIGHUP come through the loop; SIGPIPE is ignored, since every write looks at its result. */
#include "core/runtime/signals.h"

#include <signal.h>
#include <stdlib.h>

#include "core/runtime/loop_state.h"

#define WATCHED 3
static const int watched[WATCHED] = {SIGTERM, SIGINT, SIGHUP};

struct ncl_signals {
  ncl_handle handle;
  uv_signal_t uv[WATCHED];
  struct sigaction before[WATCHED];
  struct sigaction pipe_before;
  struct sigaction size_before; /* SIGXFSZ: a file that must not grow is an error of write(), not the end */
  ncl_signals_fn fn;
  void *arg;
  int initialised; /* of `uv` */
  bool stopping;   /* a stop signal has come */
};

static void on_signal(uv_signal_t *uv, int number) {
  ncl_signals *signals = uv->data;
  signals->handle.loop->ran++;
  uint32_t what = NCL_SIGNALS_RELOAD;
  if (number != SIGHUP) {
    what = signals->stopping ? NCL_SIGNALS_KILL : NCL_SIGNALS_STOP;
    signals->stopping = true;
  }
  signals->fn(signals->arg, what, number);
}

static void on_closed(uv_handle_t *uv) {
  ncl_signals *signals = uv->data;
  if (--signals->initialised == 0) free(signals);
}

static void close_signals(ncl_handle *handle) {
  ncl_signals_close((ncl_signals *)handle);
}

ncl_signals *ncl_signals_open(ncl_loop *loop, ncl_signals_fn fn, void *arg) {
  ncl_signals *signals = calloc(1, sizeof(*signals));
  if (signals == NULL) return NULL;
  signals->fn = fn;
  signals->arg = arg;
  for (int i = 0; i < WATCHED; i++)
    sigaction(watched[i], NULL, &signals->before[i]);
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  sigaction(SIGPIPE, &ignore, &signals->pipe_before);
  sigaction(SIGXFSZ, &ignore, &signals->size_before);
  ncl_handle_add(loop, &signals->handle, close_signals);
  for (int i = 0; i < WATCHED; i++) {
    if (uv_signal_init(&loop->uv, &signals->uv[i]) != 0) goto fail;
    signals->initialised++;
    signals->uv[i].data = signals;
    if (uv_signal_start(&signals->uv[i], on_signal, watched[i]) != 0) goto fail;
  }
  return signals;

fail:
  ncl_signals_close(signals);
  return NULL;
}

void ncl_signals_close(ncl_signals *signals) {
  if (signals == NULL) return;
  ncl_handle_remove(&signals->handle);
  int count = signals->initialised;
  for (int i = 0; i < count; i++)
    uv_close((uv_handle_t *)&signals->uv[i], on_closed);
  for (int i = 0; i < WATCHED; i++)
    sigaction(watched[i], &signals->before[i], NULL);
  sigaction(SIGPIPE, &signals->pipe_before, NULL);
  sigaction(SIGXFSZ, &signals->size_before, NULL);
  if (count == 0) free(signals);
}

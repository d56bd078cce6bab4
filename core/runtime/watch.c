/* SPDX-License-Identifier: Apache-2.0 */
/* Watched descriptors, each a uv_poll_t, which libuv wants to keep until it has called back after the close. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "core/runtime/loop_state.h"

struct ncl_watch {
  ncl_handle handle;
  uv_poll_t poll;
  ncl_watch_fn fn;
  void *arg;
  uint32_t events; /* asked for */
  bool closed;
};

static void on_poll(uv_poll_t *poll, int status, int ready);

/* libuv ends the process when its table of descriptors cannot grow, so this sees first whether it could. */
static bool has_room(const uv_loop_t *uv, int fd) {
  if (fd < 0 || (size_t)fd < uv->nwatchers) return true;
  void *volatile probe = malloc(2 * ((size_t)fd + 3) * sizeof(void *)); /* at most what libuv will ask for */
  free(probe);
  return probe != NULL;
}

static int start(ncl_watch *watch) {
  int wanted = ((watch->events & NCL_EVENT_READ) != 0 ? UV_READABLE : 0) |
               ((watch->events & NCL_EVENT_WRITE) != 0 ? UV_WRITABLE : 0);
  return uv_poll_start(&watch->poll, wanted, on_poll);
}

static void on_poll(uv_poll_t *poll, int status, int ready) {
  ncl_watch *watch = poll->data;
  uint32_t events =
      ((ready & UV_READABLE) != 0 ? NCL_EVENT_READ : 0) | ((ready & UV_WRITABLE) != 0 ? NCL_EVENT_WRITE : 0);
  if (status < 0) events = watch->events;
  ncl_loop *loop = watch->handle.loop;
  loop->ran++;
  loop->running_call = (ncl_loop_call){watch->handle.who, (uintptr_t)watch->fn};
  watch->fn(watch->arg, events);
  loop->running_call = (ncl_loop_call){NULL, 0};
  /* libuv stops at an error of the descriptor. Some pass (a datagram that was refused), so it goes on here; who
   * neither reads the error nor closes is called again and again, as always with level-triggered events. */
  if (status < 0 && !watch->closed && watch->events != 0 && !uv_is_active((uv_handle_t *)poll)) start(watch);
}

void ncl_watch_for(ncl_watch *watch, const ncl_callee *who) {
  if (watch != NULL) watch->handle.who = who;
}

static void on_closed(uv_handle_t *handle) {
  free(handle->data);
}

static void close_watch(ncl_handle *handle) {
  ncl_watch_close((ncl_watch *)handle);
}

ncl_watch *ncl_watch_open(ncl_loop *loop, int32_t fd, uint32_t events, ncl_watch_fn fn, void *arg) {
  ncl_watch *watch = has_room(&loop->uv, fd) ? calloc(1, sizeof(*watch)) : NULL;
  if (watch == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  int error = uv_poll_init(&loop->uv, &watch->poll, fd);
  if (error != 0) {
    free(watch);
    errno = -error;
    return NULL;
  }
  watch->poll.data = watch;
  watch->fn = fn;
  watch->arg = arg;
  watch->events = events;
  ncl_handle_add(loop, &watch->handle, close_watch);
  error = start(watch);
  if (error != 0) {
    ncl_watch_close(watch);
    errno = -error;
    return NULL;
  }
  return watch;
}

void ncl_watch_set(ncl_watch *watch, uint32_t events) {
  assert(ncl_loop_on_thread(watch->handle.loop) && !watch->closed);
  if (events == watch->events) return;
  watch->events = events;
  start(watch);
}

void ncl_watch_close(ncl_watch *watch) {
  if (watch == NULL) return;
  assert(!watch->closed);
  watch->closed = true;
  ncl_handle_remove(&watch->handle);
  uv_close((uv_handle_t *)&watch->poll, on_closed);
}

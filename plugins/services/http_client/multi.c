/* SPDX-License-Identifier: Apache-2.0 */
/* multi.c: socket and timer callbacks of libcurl's multi interface, in terms of ncl_host. */
#include "multi.h"

#include <stdlib.h>

#define MS_NS INT64_C(1000000)

typedef struct ncl_http_watch {
  ncl_http_multi *multi;
  ncl_watch *watch;
  curl_socket_t fd;
  struct ncl_http_watch *next, *prev;
} ncl_http_watch;

static void take_finished(ncl_http_multi *multi) {
  int left;
  CURLMsg *message;
  while (multi->curl != NULL && (message = multi->lib->curl_multi_info_read(multi->curl, &left)) != NULL) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL *easy = message->easy_handle;
    CURLcode result = message->data.result;
    multi->done(multi->arg, easy, result);
  }
}

static void act(ncl_http_multi *multi, curl_socket_t fd, int events) {
  int running;
  if (multi->curl == NULL) return;
  (void)multi->lib->curl_multi_socket_action(multi->curl, fd, events, &running);
  take_finished(multi);
  if (multi->starved != NULL) {
    CURL *easy = multi->starved;
    multi->starved = NULL;
    multi->done(multi->arg, easy, CURLE_OUT_OF_MEMORY);
  }
}

static void on_events(void *arg, uint32_t events) {
  ncl_http_watch *w = arg;
  int mask =
      ((events & NCL_EVENT_READ) != 0 ? CURL_CSELECT_IN : 0) | ((events & NCL_EVENT_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
  act(w->multi, w->fd, mask);
}

static void on_timer(void *arg) {
  act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void unwatch(ncl_http_watch *w) {
  ncl_http_multi *multi = w->multi;
  multi->host->watch_close(w->watch);
  if (w->next != NULL) w->next->prev = w->prev;
  if (w->prev != NULL) {
    w->prev->next = w->next;
  } else {
    multi->watches = w->next;
  }
  free(w);
}

static ncl_http_watch *watch(ncl_http_multi *multi, curl_socket_t fd, uint32_t events) {
  ncl_http_watch *w = calloc(1, sizeof *w);
  if (w == NULL) return NULL;
  w->multi = multi;
  w->fd = fd;
  w->watch = multi->host->watch_open(multi->me, fd, events, on_events, w);
  if (w->watch == NULL) {
    free(w);
    return NULL;
  }
  w->next = multi->watches;
  if (w->next != NULL) w->next->prev = w;
  multi->watches = w;
  return w;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg) {
  ncl_http_multi *multi = arg;
  ncl_http_watch *w = socket_arg;
  if (what == CURL_POLL_REMOVE) {
    if (w != NULL) unwatch(w);
    (void)multi->lib->curl_multi_assign(multi->curl, fd, NULL);
    return 0;
  }
  uint32_t events =
      ((what & CURL_POLL_IN) != 0 ? NCL_EVENT_READ : 0) | ((what & CURL_POLL_OUT) != 0 ? NCL_EVENT_WRITE : 0);
  if (w != NULL) {
    multi->host->watch_set(w->watch, events);
    return 0;
  }
  w = watch(multi, fd, events);
  if (w == NULL) {
    /* An error from here would end every transfer of the multi handle. A second one in the same turn of the loop
     * waits for its deadline. */
    multi->starved = easy;
    return 0;
  }
  (void)multi->lib->curl_multi_assign(multi->curl, fd, w);
  return 0;
}

static int on_timeout(CURLM *curl, long timeout_ms, void *arg) {
  ncl_http_multi *multi = arg;
  (void)curl;
  int64_t at = timeout_ms < 0 ? 0 : multi->host->now_ns(multi->me) + timeout_ms * MS_NS;
  multi->host->timer_set(multi->next, at);
  return 0;
}

static void drop_curl(ncl_http_multi *multi) {
  if (multi->curl == NULL) return;
  (void)multi->lib->curl_multi_cleanup(multi->curl);
  multi->curl = NULL;
  /* The analyzer does not see that unwatch takes it out of the list. */
  while (multi->watches != NULL)
    unwatch(multi->watches); /* NOLINT(clang-analyzer-unix.Malloc) */
  multi->host->timer_set(multi->next, 0);
}

static void on_idle(void *arg) {
  ncl_http_multi *multi = arg;
  if (multi->under_way == 0) drop_curl(multi);
}

static bool make_curl(ncl_http_multi *multi) {
  if (multi->curl != NULL) return true;
  multi->curl = multi->lib->curl_multi_init();
  if (multi->curl == NULL) return false;
  CURLMcode wrong = multi->lib->curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
  if (wrong == CURLM_OK) wrong = multi->lib->curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
  if (wrong == CURLM_OK) wrong = multi->lib->curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, on_timeout);
  if (wrong == CURLM_OK) wrong = multi->lib->curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
  if (wrong == CURLM_OK)
    wrong = multi->lib->curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, multi->max_idle_connections);
  if (wrong == CURLM_OK) return true;
  drop_curl(multi);
  return false;
}

bool ncl_http_multi_open(ncl_http_multi *multi, const ncl_host *host, ncl_component *me, const ncl_http_libraries *lib,
                         ncl_http_multi_fn done, void *arg) {
  *multi = (ncl_http_multi){.host = host, .me = me, .lib = lib, .done = done, .arg = arg};
  multi->next = host->timer_open(me, on_timer, multi);
  multi->idle = host->timer_open(me, on_idle, multi);
  if (multi->next != NULL && multi->idle != NULL) return true;
  ncl_http_multi_close(multi);
  return false;
}

void ncl_http_multi_close(ncl_http_multi *multi) {
  if (multi->host == NULL) return;
  drop_curl(multi);
  multi->host->timer_close(multi->next);
  multi->host->timer_close(multi->idle);
  *multi = (ncl_http_multi){0};
}

bool ncl_http_multi_add(ncl_http_multi *multi, CURL *easy) {
  if (!make_curl(multi)) return false;
  if (multi->lib->curl_multi_add_handle(multi->curl, easy) != CURLM_OK) return false;
  if (multi->under_way++ == 0) multi->host->timer_set(multi->idle, 0);
  return true;
}

void ncl_http_multi_keep(ncl_http_multi *multi, long connections, int64_t idle_timeout_ns) {
  multi->max_idle_connections += connections;
  if (multi->idle_timeout_ns < idle_timeout_ns) multi->idle_timeout_ns = idle_timeout_ns;
  if (multi->curl == NULL) return;
  (void)multi->lib->curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, multi->max_idle_connections);
}

void ncl_http_multi_remove(ncl_http_multi *multi, CURL *easy) {
  if (multi->starved == easy) multi->starved = NULL;
  (void)multi->lib->curl_multi_remove_handle(multi->curl, easy);
  if (--multi->under_way > 0) return;
  multi->host->timer_set(multi->idle, multi->host->now_ns(multi->me) + multi->idle_timeout_ns);
}

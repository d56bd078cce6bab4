/* SPDX-License-Identifier: Apache-2.0 */
/* A short list of kinds under a mutex: the first loss of a kind is written at once, those of the next tick together. */
#include "core/telemetry/losses.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_MAX ((size_t)512)

typedef struct entry {
  struct entry *next;
  int64_t until_ns; /* of its tick */
  uint64_t items;   /* not yet said */
  uint64_t times;   /* how often, for these */
  ncl_log_scope scope;
  ncl_loss loss; /* with texts of its own, but for `error` */
  size_t error_len;
  char error[ERROR_MAX];
  char text[];
} entry;

struct ncl_losses {
  ncl_logger *logger;
  pthread_mutex_t mutex; /* of what follows */
  int64_t tick_ns;
  uint32_t count;
  entry *first;
};

static bool same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ---- entries ------------------------------------------------------------------------------------------------ */

static const ncl_log_scope nobody;

static const ncl_log_scope *scope_of(const ncl_loss *loss) {
  return loss->scope == NULL ? &nobody : loss->scope;
}

static bool is_kind(const entry *e, const ncl_loss *loss) {
  const ncl_log_scope *scope = scope_of(loss);
  return same(e->loss.event, loss->event) && same(e->loss.reason, loss->reason) && same(e->scope.id, scope->id) &&
         same(e->scope.kind, scope->kind) && same(e->scope.signal, scope->signal) &&
         same(e->scope.pipeline, scope->pipeline);
}

static ncl_str keep(char **at, ncl_str text) {
  char *begin = *at;
  if (text.len > 0) memcpy(begin, text.ptr, text.len);
  *at += text.len;
  return ncl_str_of(begin, text.len);
}

static entry *new_entry(const ncl_loss *loss) {
  const ncl_log_scope *scope = scope_of(loss);
  size_t size = scope->id.len + scope->kind.len + scope->signal.len + scope->pipeline.len + loss->event.len +
                loss->message.len + loss->key.len + loss->reason.len;
  entry *e = malloc(sizeof *e + size);
  if (e == NULL) return NULL;
  *e = (entry){.next = NULL};
  char *at = e->text;
  e->scope = (ncl_log_scope){keep(&at, scope->id), keep(&at, scope->kind), keep(&at, scope->signal),
                             keep(&at, scope->pipeline)};
  e->loss.scope = &e->scope;
  e->loss.event = keep(&at, loss->event);
  e->loss.message = keep(&at, loss->message);
  e->loss.key = keep(&at, loss->key);
  e->loss.reason = keep(&at, loss->reason);
  return e;
}

static void keep_error(entry *e, ncl_str error) {
  e->error_len = error.len < sizeof e->error ? error.len : sizeof e->error;
  while (e->error_len > 0 && e->error_len < error.len && ((unsigned char)error.ptr[e->error_len] & 0xc0) == 0x80)
    e->error_len--; /* whole characters */
  if (e->error_len > 0) memcpy(e->error, error.ptr, e->error_len);
}

static entry *find(const ncl_losses *losses, const ncl_loss *loss) {
  entry *e = losses->first;
  while (e != NULL && !is_kind(e, loss))
    e = e->next;
  return e;
}

/* NULL = too many kinds, or no memory. */
static entry *add(ncl_losses *losses, const ncl_loss *loss) {
  entry *e = losses->count < NCL_LOSSES_MAX ? new_entry(loss) : NULL;
  if (e == NULL) return NULL;
  e->next = losses->first;
  losses->first = e;
  losses->count++;
  return e;
}

/* ---- lines -------------------------------------------------------------------------------------------------- */

static void write_line(ncl_logger *logger, const ncl_loss *loss, uint64_t items, uint64_t times) {
  ncl_attr attrs[4];
  uint32_t count = 0;
  if (loss->error.len > 0) attrs[count++] = ncl_log_str("error", loss->error);
  if (loss->reason.len > 0) attrs[count++] = ncl_log_str("reason", loss->reason);
  attrs[count++] =
      (ncl_attr){.key = loss->key, .type = NCL_ATTR_INT, .i = items > INT64_MAX ? INT64_MAX : (int64_t)items};
  if (times > 1) attrs[count++] = ncl_log_int("times", (int64_t)times);
  ncl_logger_write(logger, loss->scope, NCL_LOG_ERROR | NCL_LOG_ALWAYS, loss->event, loss->message, attrs, count);
}

/* Writes what an entry holds, and begins its next tick. */
static void write_entry(ncl_losses *losses, entry *e, int64_t now_ns) {
  e->loss.error = ncl_str_of(e->error, e->error_len);
  write_line(losses->logger, &e->loss, e->items, e->times);
  e->items = e->times = 0;
  e->until_ns = now_ns + losses->tick_ns;
}

void ncl_losses_tell(ncl_losses *losses, const ncl_loss *loss, int64_t now_ns) {
  pthread_mutex_lock(&losses->mutex);
  entry *e = losses->tick_ns > 0 ? find(losses, loss) : NULL;
  if (e == NULL && losses->tick_ns > 0) e = add(losses, loss);
  if (e == NULL) {
    write_line(losses->logger, loss, loss->items, 1);
  } else {
    e->items += loss->items;
    e->times++;
    keep_error(e, loss->error);
    if (now_ns >= e->until_ns) write_entry(losses, e, now_ns);
  }
  pthread_mutex_unlock(&losses->mutex);
}

void ncl_losses_flush(ncl_losses *losses, int64_t now_ns, bool all) {
  pthread_mutex_lock(&losses->mutex);
  for (entry **link = &losses->first; *link != NULL;) {
    entry *e = *link;
    bool due = all || now_ns >= e->until_ns;
    if (due && e->times == 0) {
      *link = e->next;
      losses->count--;
      free(e);
      continue;
    }
    if (due) write_entry(losses, e, now_ns);
    link = &e->next;
  }
  pthread_mutex_unlock(&losses->mutex);
}

/* ---- the list ----------------------------------------------------------------------------------------------- */

void ncl_losses_set_tick(ncl_losses *losses, int64_t tick_ns) {
  pthread_mutex_lock(&losses->mutex);
  losses->tick_ns = tick_ns;
  pthread_mutex_unlock(&losses->mutex);
}

ncl_losses *ncl_losses_new(ncl_logger *logger) {
  ncl_losses *losses = calloc(1, sizeof *losses);
  if (losses == NULL) return NULL;
  losses->logger = logger;
  losses->tick_ns = NCL_LOG_SAMPLE_TICK_NS;
  pthread_mutex_init(&losses->mutex, NULL);
  return losses;
}

void ncl_losses_free(ncl_losses *losses) {
  if (losses == NULL) return;
  ncl_losses_flush(losses, 0, true);
  while (losses->first != NULL) {
    entry *e = losses->first;
    losses->first = e->next;
    free(e);
  }
  pthread_mutex_destroy(&losses->mutex);
  free(losses);
}

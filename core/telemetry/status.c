/* SPDX-License-Identifier: Apache-2.0 */
/* The table of states: a list under a mutex, messages in place, so that setting one cannot fail. */
#include "core/telemetry/status.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct ncl_status_entry {
  ncl_status_entry *next;
  ncl_status status;
  int64_t since_ns;
  uint64_t changes;
  size_t message_len;
  char message[NCL_STATUS_MESSAGE_MAX];
  int64_t error_ns;
  size_t error_len;
  char error[NCL_STATUS_MESSAGE_MAX];
  ncl_str kind;
  ncl_str id;
  char text[];
};

struct ncl_status_table {
  pthread_mutex_t mutex;
  ncl_status_entry *first;
  ncl_status_entry **end;
};

static ncl_status_view view_of(const ncl_status_entry *e) {
  return (ncl_status_view){.id = e->id,
                           .kind = e->kind,
                           .status = e->status,
                           .since_ns = e->since_ns,
                           .message = {e->message, e->message_len},
                           .changes = e->changes,
                           .error_ns = e->error_ns,
                           .error = {e->error, e->error_len}};
}

/* Up to `max` bytes that do not end within a UTF-8 sequence. */
static size_t cut(ncl_str text, size_t max) {
  if (text.len <= max) return text.len;
  while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
    max--;
  return max;
}

ncl_status_table *ncl_status_table_new(void) {
  ncl_status_table *table = calloc(1, sizeof(*table));
  if (table == NULL) return NULL;
  pthread_mutex_init(&table->mutex, NULL);
  table->end = &table->first;
  return table;
}

void ncl_status_table_free(ncl_status_table *table) {
  if (table == NULL) return;
  for (ncl_status_entry *e = table->first; e != NULL;) {
    ncl_status_entry *next = e->next;
    free(e);
    e = next;
  }
  pthread_mutex_destroy(&table->mutex);
  free(table);
}

ncl_status_entry *ncl_status_add(ncl_status_table *table, ncl_str kind, ncl_str id, int64_t now_ns) {
  ncl_status_entry *entry = calloc(1, sizeof(*entry) + kind.len + id.len);
  if (entry == NULL) return NULL;
  memcpy(entry->text, kind.ptr, kind.len);
  memcpy(entry->text + kind.len, id.ptr, id.len);
  entry->kind = ncl_str_of(entry->text, kind.len);
  entry->id = ncl_str_of(entry->text + kind.len, id.len);
  entry->status = NCL_OK;
  entry->since_ns = now_ns;
  pthread_mutex_lock(&table->mutex);
  *table->end = entry;
  table->end = &entry->next;
  pthread_mutex_unlock(&table->mutex);
  return entry;
}

void ncl_status_remove(ncl_status_table *table, ncl_status_entry *entry) {
  if (entry == NULL) return;
  pthread_mutex_lock(&table->mutex);
  ncl_status_entry **link = &table->first;
  while (*link != entry)
    link = &(*link)->next;
  *link = entry->next;
  if (table->end == &entry->next) table->end = link;
  pthread_mutex_unlock(&table->mutex);
  free(entry);
}

bool ncl_status_set(ncl_status_table *table, ncl_status_entry *entry, ncl_status status, ncl_str message,
                    int64_t now_ns) {
  if (status != NCL_OK && status != NCL_PERMANENT) status = NCL_RETRYABLE;
  pthread_mutex_lock(&table->mutex);
  bool changed = entry->status != status;
  if (changed) {
    entry->status = status;
    entry->since_ns = now_ns;
    entry->changes++;
  }
  entry->message_len = cut(message, sizeof(entry->message));
  if (entry->message_len > 0) memcpy(entry->message, message.ptr, entry->message_len);
  if (status != NCL_OK) {
    entry->error_ns = now_ns;
    entry->error_len = entry->message_len;
    memcpy(entry->error, entry->message, entry->message_len);
  }
  pthread_mutex_unlock(&table->mutex);
  return changed;
}

void ncl_status_get(ncl_status_table *table, const ncl_status_entry *entry, ncl_status_copy *out) {
  pthread_mutex_lock(&table->mutex);
  out->view = view_of(entry);
  memcpy(out->message, entry->message, entry->message_len);
  memcpy(out->error, entry->error, entry->error_len);
  pthread_mutex_unlock(&table->mutex);
  out->view.message.ptr = out->message;
  out->view.error.ptr = out->error;
}

ncl_status ncl_status_worst(ncl_status_table *table) {
  ncl_status worst = NCL_OK;
  pthread_mutex_lock(&table->mutex);
  for (const ncl_status_entry *e = table->first; e != NULL && worst != NCL_PERMANENT; e = e->next) {
    if (e->status != NCL_OK) worst = e->status;
  }
  pthread_mutex_unlock(&table->mutex);
  return worst;
}

void ncl_status_each(ncl_status_table *table, ncl_status_visit_fn visit, void *arg) {
  pthread_mutex_lock(&table->mutex);
  bool more = true;
  for (const ncl_status_entry *e = table->first; e != NULL && more; e = e->next) {
    ncl_status_view view = view_of(e);
    more = visit(arg, &view);
  }
  pthread_mutex_unlock(&table->mutex);
}

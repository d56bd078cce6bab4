/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/disk_queue.c: entry 0 holds how often the queue was opened; it is the upper part of every key, so that
 * new items can be put before all old ones are found, and never meet them. */
#include "core/delivery/disk_queue.h"

#include <nacelle/otlp_write.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH_SHIFT 40u                 /* keys of one opening: 2^40 */
#define FIND_ENTRIES 256u               /* of one step of the search */
#define FIND_BYTES ((uint64_t)4 << 20)  /* the same, one entry at least */
#define FORGET_AT_ONCE 256u             /* entries that are deleted in one transaction */
#define PATIENCE_NS INT64_C(3000000000) /* with a storage that does not open */
#define RETRY_NS INT64_C(1000000000)    /* after a failure of the storage */

struct ncl_disk_put {
  const ncl_host *host;
  ncl_disk_queue *queue; /* NULL: it is gone, and only the storage still reads what this holds */
  ncl_disk_put *next;
  void *item; /* NULL: cancelled */
  const ncl_batch *batch;
  ncl_context *context;
  ncl_gather gather;
  uint8_t *head;
  ncl_range *pieces;
  uint64_t key;
  ncl_token token;
};

typedef struct load {
  ncl_disk_queue *queue;
  struct load *next;
  void *item;
  uint64_t key;
  ncl_token token;
} load;

struct ncl_disk_queue {
  ncl_disk_port port;
  ncl_disk_events events;
  ncl_storage_client *client;
  ncl_timer *retry;
  uint64_t epoch; /* 0 = not known yet */
  uint64_t next;  /* number of the next key in it */
  uint64_t find_from;
  int64_t failing_since_ns; /* 0 = it does not */
  bool is_found;            /* all that was left */
  ncl_token opening;        /* reading or writing entry 0, or a step of the search */
  uint8_t epoch_bytes[8];   /* what is written to entry 0 */
  ncl_range epoch_value;
  ncl_disk_put *waiting; /* for the epoch, oldest first */
  ncl_disk_put **waiting_end;
  ncl_disk_put *writing;
  load *loads;
  uint64_t *forgotten; /* to be deleted */
  uint32_t forgotten_count, forgotten_size;
  uint32_t deleting; /* the first so many of them, under way */
  ncl_token delete_token;
  bool is_closing;
  ncl_token closed; /* who waits for the close */
  ncl_token closing;
};

static const ncl_host *host_of(const ncl_disk_queue *q) {
  return q->port.host;
}

static ncl_token open_token(ncl_disk_queue *q, ncl_done_fn done, void *arg) {
  return ncl_token_open(q->port.tokens, q->port.exporter, NULL, done, arg, 0);
}

static void retry_soon(ncl_disk_queue *q) {
  host_of(q)->timer_set(q->retry, host_of(q)->now_ns(q->port.exporter) + RETRY_NS);
}

static void advance(ncl_disk_queue *q);

/* ---- deleting ---------------------------------------------------------------------------------------- */

static void on_deleted(void *arg, const ncl_outcome *outcome) {
  ncl_disk_queue *q = arg;
  q->delete_token = 0;
  if (outcome->status == NCL_OK) {
    q->forgotten_count -= q->deleting;
    memmove(q->forgotten, q->forgotten + q->deleting, q->forgotten_count * sizeof *q->forgotten);
  }
  q->deleting = 0;
  if (outcome->status == NCL_OK) {
    advance(q);
  } else if (q->is_closing) {
    q->forgotten_count = 0; /* they are sent again after a restart */
    advance(q);
  } else {
    retry_soon(q);
  }
}

static void delete_some(ncl_disk_queue *q) {
  ncl_storage_op ops[FORGET_AT_ONCE];
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  uint32_t count = q->forgotten_count < FORGET_AT_ONCE ? q->forgotten_count : FORGET_AT_ONCE;
  if (count == 0 || q->delete_token != 0 || q->client == NULL) return;
  for (uint32_t i = 0; i < count; i++)
    ops[i] = (ncl_storage_op){.type = NCL_STORAGE_DELETE, .key = q->forgotten[i]};
  q->delete_token = open_token(q, on_deleted, q);
  if (q->delete_token != 0 &&
      q->port.storage->commit(q->client, ops, count, q->delete_token, &outcome) == NCL_PENDING) {
    q->deleting = count;
    return;
  }
  (void)ncl_token_cancel(q->port.tokens, q->delete_token);
  q->delete_token = 0;
  if (q->is_closing) {
    q->forgotten_count = 0;
  } else {
    retry_soon(q);
  }
}

void ncl_disk_queue_forget(ncl_disk_queue *q, uint64_t key) {
  if (q->forgotten_count == q->forgotten_size) {
    uint32_t size = q->forgotten_size > 0 ? q->forgotten_size * 2 : 64;
    uint64_t *keys = realloc(q->forgotten, size * sizeof *keys);
    if (keys == NULL) return;
    q->forgotten = keys;
    q->forgotten_size = size;
  }
  q->forgotten[q->forgotten_count++] = key;
  delete_some(q);
}

uint64_t ncl_disk_queue_unforgotten(const ncl_disk_queue *q) {
  return q->forgotten_count;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

static void free_put(ncl_disk_put *put) {
  const ncl_host *host = put->host;
  host->batch_release(put->batch);
  host->context_release(put->context);
  ncl_gather_close(&put->gather);
  free(put->pieces);
  free(put->head);
  free(put);
}

static void unlink_put(ncl_disk_put **at, const ncl_disk_put *put) {
  while (*at != put)
    at = &(*at)->next;
  *at = put->next;
}

static void put_ended(ncl_disk_put *put, ncl_status status, ncl_str reason) {
  ncl_disk_queue *q = put->queue;
  void *item = put->item;
  uint64_t key = put->key;
  free_put(put);
  /* Nobody waits for it any more: nobody was told that it is kept, and nobody will send it from here. */
  if (item != NULL) {
    q->events.stored(q->events.arg, item, status, key, reason);
  } else if (status == NCL_OK && !q->is_closing) {
    ncl_disk_queue_forget(q, key);
  }
}

static void on_written(void *arg, const ncl_outcome *outcome) {
  ncl_disk_put *put = arg;
  ncl_disk_queue *q = put->queue;
  put->token = 0;
  if (q == NULL) {
    free_put(put);
    return;
  }
  unlink_put(&q->writing, put);
  put_ended(put, outcome->status, outcome->message);
  if (q->is_closing) advance(q);
}

/* False: no memory; the put is in no list. */
static bool write_put(ncl_disk_put *put) {
  ncl_disk_queue *q = put->queue;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  /* Nobody's token: what the storage reads from must outlive the exporter. */
  put->token = ncl_token_open(q->port.tokens, NULL, NULL, on_written, put, 0);
  if (put->token == 0) return false;
  put->key = q->epoch << EPOCH_SHIFT | q->next++;
  put->next = q->writing;
  q->writing = put;
  ncl_storage_op op = {
      NCL_STORAGE_PUT, 0, put->key, {put->pieces, (uint32_t)put->gather.count + 1, sizeof *put->pieces}};
  ncl_status status = q->port.storage->commit(q->client, &op, 1, put->token, &outcome);
  if (status == NCL_PENDING) return true;
  /* `stored` may not come from within `put`: by the token it comes on a later turn. */
  outcome.status = status;
  ncl_token_complete(q->port.tokens, put->token, &outcome);
  return true;
}

ncl_disk_put *ncl_disk_queue_put(ncl_disk_queue *q, void *item, const ncl_batch *batch, ncl_context *context) {
  const ncl_host *host = host_of(q);
  ncl_disk_put *put = calloc(1, sizeof *put);
  if (put == NULL) return NULL;
  ncl_array pairs = host->context_pairs(context);
  put->host = host;
  put->queue = q;
  put->item = item;
  put->batch = batch;
  put->context = context;
  host->batch_retain(batch);
  host->context_retain(context);
  size_t head_len = ncl_envelope_size(&pairs);
  put->head = malloc(head_len);
  bool ok = put->head != NULL && ncl_gather_batch(&put->gather, batch) == NCL_OK && put->gather.count < UINT32_MAX;
  if (ok) put->pieces = malloc((put->gather.count + 1) * sizeof *put->pieces);
  if (!ok || put->pieces == NULL) {
    free_put(put);
    return NULL;
  }
  ncl_envelope head = {.signal = batch->signal, .items = batch->items, .enqueued_ns = host->wall_ns(q->port.exporter)};
  ncl_array request = {put->gather.pieces, (uint32_t)put->gather.count, sizeof *put->gather.pieces};
  ncl_envelope_write(&head, &pairs, &request, put->head);
  put->pieces[0] = (ncl_range){put->head, head_len};
  if (put->gather.count > 0) memcpy(put->pieces + 1, put->gather.pieces, put->gather.count * sizeof *put->pieces);
  if (q->epoch == 0) {
    *q->waiting_end = put;
    q->waiting_end = &put->next;
  } else if (!write_put(put)) {
    free_put(put);
    return NULL;
  }
  return put;
}

void ncl_disk_queue_put_cancel(ncl_disk_put *put) {
  ncl_disk_queue *q = put->queue;
  put->item = NULL;
  if (put->token != 0 || q->epoch != 0) return;
  unlink_put(&q->waiting, put);
  q->waiting_end = &q->waiting;
  while (*q->waiting_end != NULL)
    q->waiting_end = &(*q->waiting_end)->next;
  free_put(put);
}

/* ---- loading ----------------------------------------------------------------------------------------- */

static ncl_context *read_context(ncl_disk_queue *q, const ncl_envelope *envelope) {
  ncl_pair pairs[NCL_ENVELOPE_PAIRS_MAX];
  uint32_t count = 0;
  ncl_range left = envelope->metadata;
  while (count < NCL_ENVELOPE_PAIRS_MAX && ncl_envelope_pair(&left, &pairs[count]))
    count++;
  return host_of(q)->context_new(q->port.exporter, (ncl_str){NULL, 0}, pairs, count);
}

/* The request is copied into an arena and validated as if it had just come in. */
static ncl_status read_batch(ncl_disk_queue *q, const ncl_envelope *envelope, const ncl_batch **batch,
                             ncl_outcome *outcome) {
  const ncl_host *host = host_of(q);
  size_t len = envelope->request.len;
  ncl_arena *arena = host->arena_open(q->port.exporter, len);
  void *bytes = arena != NULL ? host->arena_alloc(arena, len) : NULL;
  ncl_status status = NCL_NO_MEMORY;
  outcome->message = (ncl_str)NCL_STR("no memory to load an item of the queue");
  if (bytes != NULL) {
    memcpy(bytes, envelope->request.ptr, len);
    status = host->batch_from_wire(q->port.exporter, envelope->signal, arena, bytes, len, batch, outcome);
  }
  if (status != NCL_OK && arena != NULL) host->arena_close(arena);
  return status;
}

static ncl_status read_entry(ncl_disk_queue *q, const load *l, const ncl_array *found, const ncl_batch **batch,
                             ncl_context **context, ncl_outcome *outcome) {
  ncl_envelope envelope;
  const ncl_storage_entry *entry = found->count > 0 ? found->base : NULL;
  if (entry == NULL || entry->key != l->key) {
    outcome->message = (ncl_str)NCL_STR("the storage does not have it any more");
    return NCL_PERMANENT;
  }
  const char *wrong = ncl_envelope_read(entry->value, &envelope);
  if (wrong != NULL) {
    outcome->message = ncl_str_of(wrong, strlen(wrong));
    return NCL_PERMANENT;
  }
  ncl_status status = read_batch(q, &envelope, batch, outcome);
  if (status != NCL_OK) return status;
  *context = read_context(q, &envelope);
  if (*context != NULL) return NCL_OK;
  host_of(q)->batch_release(*batch);
  *batch = NULL;
  return NCL_NO_MEMORY;
}

static void on_loaded(void *arg, const ncl_outcome *outcome) {
  load *l = arg;
  ncl_disk_queue *q = l->queue;
  const ncl_batch *batch = NULL;
  ncl_context *context = NULL;
  ncl_outcome answer = *outcome;
  load **at = &q->loads;
  while (*at != l)
    at = &(*at)->next;
  *at = l->next;
  ncl_status status = outcome->status;
  if (l->item != NULL) {
    if (status == NCL_OK) status = read_entry(q, l, outcome->result, &batch, &context, &answer);
    q->events.loaded(q->events.arg, l->item, status, batch, context, answer.message);
  }
  free(l);
  if (q->is_closing) advance(q);
}

bool ncl_disk_queue_load(ncl_disk_queue *q, void *item, uint64_t key) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  load *l = q->client != NULL ? calloc(1, sizeof *l) : NULL;
  if (l == NULL) return false;
  *l = (load){.queue = q, .item = item, .key = key, .next = q->loads};
  l->token = open_token(q, on_loaded, l);
  if (l->token != 0 && q->port.storage->scan(q->client, key, 1, 0, l->token, &outcome) == NCL_PENDING) {
    q->loads = l;
    return true;
  }
  (void)ncl_token_cancel(q->port.tokens, l->token);
  free(l);
  return false;
}

void ncl_disk_queue_load_cancel(ncl_disk_queue *q, const void *item) {
  for (load *l = q->loads; l != NULL; l = l->next) {
    if (l->item == item) l->item = NULL;
  }
}

/* ---- opening: the epoch, then what was left ---------------------------------------------------------- */

/* An instance that is being exchanged keeps the storage for a moment. After that those that wait to be put are told:
 * their senders still have what they sent. */
static void fail_opening(ncl_disk_queue *q, ncl_status status, ncl_str reason) {
  int64_t now = host_of(q)->now_ns(q->port.exporter);
  if (q->failing_since_ns == 0) q->failing_since_ns = now;
  bool is_patient = now - q->failing_since_ns < PATIENCE_NS;
  while (q->epoch == 0 && q->waiting != NULL && !is_patient) {
    ncl_disk_put *put = q->waiting;
    q->waiting = put->next;
    put_ended(put, NCL_RETRYABLE, reason);
  }
  if (q->waiting == NULL) q->waiting_end = &q->waiting;
  q->events.ready(q->events.arg, status == NCL_OK ? NCL_RETRYABLE : status, reason);
  retry_soon(q);
}

static void find_more(ncl_disk_queue *q);

static void on_found(void *arg, const ncl_outcome *outcome) {
  ncl_disk_queue *q = arg;
  q->opening = 0;
  if (q->is_closing) {
    advance(q);
    return;
  }
  if (outcome->status != NCL_OK) {
    fail_opening(q, outcome->status, outcome->message);
    return;
  }
  const ncl_array *found = outcome->result;
  uint64_t own = q->epoch << EPOCH_SHIFT;
  bool is_end = found->count == 0;
  for (uint32_t i = 0; i < found->count && !is_end; i++) {
    const ncl_storage_entry *entry = ncl_array_at(found, i);
    ncl_envelope head;
    is_end = entry->key >= own;
    if (is_end) break;
    const char *wrong = ncl_envelope_read(entry->value, &head);
    if (wrong == NULL) {
      q->events.found(q->events.arg, entry->key, &head, entry->value.len);
    } else {
      q->events.broken(q->events.arg, head.signal, head.items, wrong);
      ncl_disk_queue_forget(q, entry->key);
    }
    q->find_from = entry->key + 1;
  }
  if (!is_end) {
    find_more(q);
    return;
  }
  q->is_found = true;
  q->failing_since_ns = 0;
  q->events.ready(q->events.arg, NCL_OK, (ncl_str){NULL, 0});
}

static void find_more(ncl_disk_queue *q) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  q->opening = open_token(q, on_found, q);
  if (q->opening != 0 &&
      q->port.storage->scan(q->client, q->find_from, FIND_ENTRIES, FIND_BYTES, q->opening, &outcome) == NCL_PENDING) {
    return;
  }
  (void)ncl_token_cancel(q->port.tokens, q->opening);
  q->opening = 0;
  fail_opening(q, outcome.status, outcome.message);
}

static void on_epoch_written(void *arg, const ncl_outcome *outcome) {
  ncl_disk_queue *q = arg;
  q->opening = 0;
  if (outcome->status != NCL_OK) {
    if (!q->is_closing) fail_opening(q, outcome->status, outcome->message);
    advance(q);
    return;
  }
  for (int i = 7; i >= 0; i--)
    q->epoch = q->epoch << 8 | q->epoch_bytes[i];
  while (q->waiting != NULL) {
    ncl_disk_put *put = q->waiting;
    q->waiting = put->next;
    if (!write_put(put)) put_ended(put, NCL_NO_MEMORY, (ncl_str)NCL_STR("no memory for another call"));
  }
  q->waiting_end = &q->waiting;
  if (q->is_closing) {
    advance(q);
  } else {
    find_more(q);
  }
}

static void on_epoch_read(void *arg, const ncl_outcome *outcome) {
  ncl_disk_queue *q = arg;
  ncl_outcome refused = NCL_OUTCOME_INIT;
  q->opening = 0;
  if (q->is_closing) {
    advance(q);
    return;
  }
  if (outcome->status != NCL_OK) {
    fail_opening(q, outcome->status, outcome->message);
    return;
  }
  uint64_t epoch = 0;
  const ncl_array *found = outcome->result;
  const ncl_storage_entry *entry = found->count > 0 ? found->base : NULL;
  if (entry != NULL && entry->key == 0 && entry->value.len == 8) {
    for (int i = 7; i >= 0; i--)
      epoch = epoch << 8 | entry->value.ptr[i];
  } else if (entry != NULL) {
    /* Entry 0 was lost, as in a file that was salvaged: the newest keys are found by their order, so one beyond any. */
    epoch = (uint64_t)(host_of(q)->wall_ns(q->port.exporter) / INT64_C(1000000000)) & 0x3fffffu;
    if (epoch <= entry->key >> EPOCH_SHIFT) epoch = entry->key >> EPOCH_SHIFT;
  }
  epoch++;
  for (int i = 0; i < 8; i++)
    q->epoch_bytes[i] = (uint8_t)(epoch >> (8 * i));
  q->epoch_value = (ncl_range){q->epoch_bytes, sizeof q->epoch_bytes};
  ncl_storage_op op = {NCL_STORAGE_PUT, 0, 0, {&q->epoch_value, 1, sizeof q->epoch_value}};
  q->opening = open_token(q, on_epoch_written, q);
  if (q->opening != 0 && q->port.storage->commit(q->client, &op, 1, q->opening, &refused) == NCL_PENDING) return;
  (void)ncl_token_cancel(q->port.tokens, q->opening);
  q->opening = 0;
  fail_opening(q, refused.status, refused.message);
}

static void read_epoch(ncl_disk_queue *q) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  q->opening = open_token(q, on_epoch_read, q);
  if (q->opening != 0 && q->port.storage->scan(q->client, 0, 1, 0, q->opening, &outcome) == NCL_PENDING) return;
  (void)ncl_token_cancel(q->port.tokens, q->opening);
  q->opening = 0;
  fail_opening(q, outcome.status, outcome.message);
}

static void on_retry(void *arg) {
  ncl_disk_queue *q = arg;
  if (q->is_closing) return;
  if (q->client == NULL) {
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    const ncl_disk_port *port = &q->port;
    q->client = port->storage->open(port->storage->self, port->exporter, port->owner, port->name, &outcome);
    if (q->client == NULL) {
      fail_opening(q, outcome.status, outcome.message);
      return;
    }
  }
  if (q->opening == 0 && q->epoch == 0) {
    read_epoch(q);
  } else if (q->opening == 0 && !q->is_found) {
    find_more(q);
  }
  delete_some(q);
}

ncl_disk_queue *ncl_disk_queue_open(const ncl_disk_port *port, const ncl_disk_events *events, ncl_outcome *outcome) {
  ncl_disk_queue *q = calloc(1, sizeof *q);
  if (q == NULL) goto no_memory;
  q->port = *port;
  q->events = *events;
  q->waiting_end = &q->waiting;
  q->find_from = 1;
  q->retry = port->host->timer_open(port->exporter, on_retry, q);
  if (q->retry == NULL) goto no_memory;
  /* Opened on a later turn of the loop: no event comes from within this call. */
  port->host->timer_set(q->retry, port->host->now_ns(port->exporter));
  return q;
no_memory:
  free(q);
  outcome->status = NCL_NO_MEMORY;
  outcome->message = (ncl_str)NCL_STR("no memory for a queue on disk");
  return NULL;
}

/* ---- the end ----------------------------------------------------------------------------------------- */

static bool is_busy(const ncl_disk_queue *q) {
  return q->opening != 0 || q->writing != NULL || q->loads != NULL || q->delete_token != 0;
}

static void on_storage_closed(void *arg, const ncl_outcome *outcome) {
  ncl_disk_queue *q = arg;
  q->closing = 0;
  q->client = NULL;
  if (q->closed == 0) return;
  ncl_token token = q->closed;
  q->closed = 0;
  ncl_token_complete(q->port.tokens, token, outcome);
}

static ncl_status close_storage(ncl_disk_queue *q) {
  q->closing = open_token(q, on_storage_closed, q);
  if (q->port.storage->close(q->client, q->closing) == NCL_PENDING && q->closing != 0) return NCL_PENDING;
  if (q->closing != 0) (void)ncl_token_cancel(q->port.tokens, q->closing);
  q->closing = 0;
  q->client = NULL;
  return NCL_OK;
}

/* While it closes: the next step once nothing is under way. Otherwise: deletions. */
static void advance(ncl_disk_queue *q) {
  delete_some(q);
  if (!q->is_closing || is_busy(q) || q->client == NULL || q->closing != 0) return;
  if (close_storage(q) == NCL_PENDING) return;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  on_storage_closed(q, &outcome);
}

ncl_status ncl_disk_queue_close(ncl_disk_queue *q, ncl_token token) {
  q->is_closing = true;
  host_of(q)->timer_set(q->retry, 0);
  while (q->waiting != NULL) {
    ncl_disk_put *put = q->waiting;
    q->waiting = put->next;
    put_ended(put, NCL_RETRYABLE, (ncl_str)NCL_STR("the storage was not opened in time"));
  }
  q->waiting_end = &q->waiting;
  delete_some(q);
  if (q->client == NULL || (!is_busy(q) && close_storage(q) == NCL_OK)) return NCL_OK;
  q->closed = token;
  return NCL_PENDING;
}

static void drop_token(ncl_disk_queue *q, ncl_token *token) {
  if (*token != 0) (void)ncl_token_cancel(q->port.tokens, *token);
  *token = 0;
}

void ncl_disk_queue_free(ncl_disk_queue *q) {
  if (q == NULL) return;
  bool is_closing = q->closing != 0;
  drop_token(q, &q->opening);
  drop_token(q, &q->delete_token);
  drop_token(q, &q->closing);
  while (q->loads != NULL) {
    load *l = q->loads;
    q->loads = l->next;
    drop_token(q, &l->token);
    free(l);
  }
  while (q->waiting != NULL) {
    ncl_disk_put *put = q->waiting;
    q->waiting = put->next;
    free_put(put);
  }
  /* The storage may still read what these point to: they are given back with its answers. */
  while (q->writing != NULL) {
    ncl_disk_put *put = q->writing;
    q->writing = put->next;
    put->queue = NULL;
  }
  if (q->client != NULL && !is_closing) (void)q->port.storage->close(q->client, 0);
  host_of(q)->timer_close(q->retry);
  free(q->forgotten);
  free(q);
}

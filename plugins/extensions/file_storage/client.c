/* SPDX-License-Identifier: Apache-2.0 */
/* client.c: one client: its transactions wait in a list, and a job on a thread takes all that wait, so that many of
 * them share one write to the disk. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_storage.h"

#define JOB_TRANSACTIONS 128u          /* that share a write */
#define JOB_BYTES ((uint64_t)32 << 20) /* of values in one job, but one transaction at least */
#define CLIENT_BYTES 1400000           /* SQLite's page cache and handles, about */
#define FILE_NAME_MAX 200u

typedef struct request {
  struct request *next;
  ncl_token token;
  bool is_scan;
  uint64_t from, max_bytes; /* scan */
  uint32_t limit;
  ncl_status status; /* set by the job */
  uint64_t bytes;
  ncl_storage_entry *entries; /* what a scan found; values lie behind them */
  ncl_array found;
  uint32_t op_count;
  ncl_storage_op ops[];
} request;

struct ncl_storage_client {
  ncl_file_storage *storage;
  ncl_storage_client *next;
  ncl_database *database; /* the job's while one runs */
  ncl_database_options options;
  request *first, *last; /* wait */
  uint32_t waiting;
  request *job; /* under way, in their order */
  bool is_running, is_closing, is_closed;
  bool was_opened; /* in this job: the report is news */
  ncl_token closed;
  bool is_charged;
  ncl_status opened; /* of the newest attempt */
  ncl_database_report report;
  char words[NCL_DATABASE_WORDS];
  char path[NCL_FILE_STORAGE_PATH_MAX + FILE_NAME_MAX + 8];
};

/* ---- on a thread ------------------------------------------------------------------------------------- */

typedef struct collector {
  request *r;
  size_t size, len; /* of the room for values */
  uint8_t *bytes;
  uint32_t capacity;
  bool no_memory;
} collector;

/* Values move when the room grows, so pointers are offsets until the end. */
static bool collect(void *arg, uint64_t key, ncl_range value) {
  collector *c = arg;
  request *r = c->r;
  if (r->found.count >= r->limit) return false;
  if (r->found.count > 0 && c->len + value.len > r->max_bytes) return false;
  if (r->found.count == c->capacity) {
    uint32_t capacity = c->capacity > 0 ? c->capacity * 2 : 16;
    ncl_storage_entry *entries = realloc(r->entries, capacity * sizeof *entries);
    if (entries == NULL) return c->no_memory = true, false;
    r->entries = entries;
    c->capacity = capacity;
  }
  if (value.len > c->size - c->len) {
    size_t size = c->size * 2 > c->len + value.len ? c->size * 2 : c->len + value.len;
    uint8_t *bytes = realloc(c->bytes, size);
    if (bytes == NULL) return c->no_memory = true, false;
    c->bytes = bytes;
    c->size = size;
  }
  if (value.len > 0) memcpy(c->bytes + c->len, value.ptr, value.len);
  r->entries[r->found.count++] = (ncl_storage_entry){key, {NULL, value.len}};
  c->len += value.len;
  return true;
}

/* Entries and values in one allocation, the values behind. */
static void run_scan(ncl_storage_client *c, request *r) {
  collector all = {.r = r};
  r->found = (ncl_array){NULL, 0, sizeof *r->entries};
  r->status = ncl_database_scan(c->database, r->from, collect, &all, c->words);
  if (r->status == NCL_OK && all.no_memory) {
    r->status = NCL_NO_MEMORY;
    (void)snprintf(c->words, sizeof c->words, "no memory for what was read");
  }
  size_t table = r->found.count * sizeof *r->entries;
  ncl_storage_entry *whole = r->status == NCL_OK && table > 0 ? realloc(r->entries, table + all.len) : NULL;
  if (whole != NULL) {
    uint8_t *at = (uint8_t *)whole + table;
    if (all.len > 0) memcpy(at, all.bytes, all.len);
    for (uint32_t i = 0; i < r->found.count; i++) {
      whole[i].value.ptr = at;
      at += whole[i].value.len;
    }
    r->entries = whole;
  } else if (r->status == NCL_OK && table > 0) {
    r->status = NCL_NO_MEMORY;
  }
  if (r->status != NCL_OK) r->found.count = 0;
  r->found.base = r->entries;
  free(all.bytes);
}

static ncl_status apply(ncl_storage_client *c, const request *r) {
  ncl_status status = NCL_OK;
  for (uint32_t i = 0; i < r->op_count && status == NCL_OK; i++)
    status = ncl_database_apply(c->database, &r->ops[i], c->words);
  return status;
}

/* Requests from `first` up to `end` in one write. */
static ncl_status write_together(ncl_storage_client *c, request *first, const request *end) {
  ncl_status status = ncl_database_begin(c->database, c->words);
  for (const request *r = first; r != end && status == NCL_OK; r = r->next)
    status = apply(c, r);
  if (status == NCL_OK) status = ncl_database_commit(c->database, c->words);
  if (status != NCL_OK) ncl_database_rollback(c->database);
  return status;
}

/* Together; where that fails each by itself, since deleting may work where writing does not. */
static void run_commits(ncl_storage_client *c, request *first, const request *end) {
  ncl_status status = write_together(c, first, end);
  for (request *r = first; r != end; r = r->next)
    r->status = status;
  if (status == NCL_OK || first->next == end) return;
  for (request *r = first; r != end; r = r->next)
    r->status = write_together(c, r, r->next);
}

/* [any] */
static void work(void *arg) {
  ncl_storage_client *c = arg;
  c->words[0] = '\0';
  if (c->database == NULL) {
    c->database = ncl_database_open(c->path, &c->options, &c->report);
    c->was_opened = true;
    c->opened = c->database != NULL ? NCL_OK : NCL_RETRYABLE;
  }
  for (request *r = c->job; r != NULL;) {
    request *end = r->next;
    if (c->database == NULL) {
      r->status = c->opened;
    } else if (r->is_scan) {
      run_scan(c, r);
    } else {
      while (end != NULL && !end->is_scan)
        end = end->next;
      run_commits(c, r, end);
    }
    r = end;
  }
}

/* [any] */
static void work_close(void *arg) {
  ncl_storage_client *c = arg;
  ncl_database_close(c->database);
  c->database = NULL;
}

/* ---- on the loop ------------------------------------------------------------------------------------- */

static void advance(ncl_storage_client *c);

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static ncl_attr attr_str(const char *key, ncl_str value) {
  return (ncl_attr){.key = str(key), .type = NCL_ATTR_STR, .s = value};
}

static ncl_attr attr_int(const char *key, uint64_t value) {
  return (ncl_attr){.key = str(key), .type = NCL_ATTR_INT, .i = (int64_t)value};
}

static void say_opened(ncl_storage_client *c) {
  const ncl_host *host = c->storage->host;
  ncl_attr attrs[] = {attr_str("file", str(c->path)), attr_int("entries", c->report.entries),
                      attr_int("bytes", c->report.bytes), attr_str("error", str(c->report.words)),
                      attr_str("kept_as", str(c->report.aside))};
  c->was_opened = false;
  if (c->opened != NCL_OK) {
    attrs[1] = attrs[3];
    host->log(c->storage->me, NCL_LOG_ERROR, str("storage.unavailable"), str("A file of the storage cannot be opened."),
              attrs, 2);
    host->status(c->storage->me, NCL_RETRYABLE, str(c->report.words));
    return;
  }
  if (c->report.was_broken) {
    attrs[1] = attr_int("entries", c->report.salvaged);
    host->log(c->storage->me, NCL_LOG_ERROR, str("storage.broken"),
              str("A file of the storage was broken. It was renamed, and what could be read of it was kept."), attrs,
              5);
  } else {
    host->log(c->storage->me, NCL_LOG_INFO, str("storage.opened"), str("Opened a file of the storage."), attrs, 3);
  }
  host->status(c->storage->me, NCL_OK, str(""));
}

static void release_request(void *result) {
  /* `result` is the request's `found`. */
  request *r = (request *)(void *)((char *)result - offsetof(request, found));
  free(r->entries);
  free(r);
}

static void answer(ncl_storage_client *c, request *r) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = r->status;
  if (r->status != NCL_OK) outcome.message = str(c->opened != NCL_OK ? c->report.words : c->words);
  outcome.result = &r->found;
  outcome.release = release_request;
  c->storage->host->complete(c->storage->me, r->token, &outcome);
}

static void finish(ncl_storage_client *c) {
  ncl_file_storage *storage = c->storage;
  ncl_storage_client **at = &storage->clients;
  while (*at != c)
    at = &(*at)->next;
  *at = c->next;
  if (c->is_charged) (void)storage->host->memory_charge(storage->me, -CLIENT_BYTES);
  if (c->closed != 0) {
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    storage->host->complete(storage->me, c->closed, &outcome);
  }
  free(c);
  ncl_file_storage_leave(storage);
}

static void on_worked(void *arg) {
  ncl_storage_client *c = arg;
  request *job = c->job;
  c->job = NULL;
  c->is_running = false;
  if (c->was_opened) say_opened(c);
  while (job != NULL) {
    request *r = job;
    job = r->next;
    answer(c, r);
  }
  advance(c);
}

static void on_closed(void *arg) {
  ncl_storage_client *c = arg;
  c->is_running = false;
  c->is_closed = true;
  finish(c);
}

/* Takes from the list what one job does. */
static void fill_job(ncl_storage_client *c) {
  request **end = &c->job;
  uint64_t bytes = 0;
  uint32_t count = 0;
  while (c->first != NULL && count < JOB_TRANSACTIONS) {
    request *r = c->first;
    /* What a scan finds is in memory until it is answered: that of one at a time. */
    if (count > 0 && (r->is_scan || c->job->is_scan || bytes + r->bytes > JOB_BYTES)) break;
    bytes += r->bytes;
    count++;
    c->first = r->next;
    c->waiting--;
    r->next = NULL;
    *end = r;
    end = &r->next;
  }
  if (c->first == NULL) c->last = NULL;
}

static void fail_all(ncl_storage_client *c, const char *why) {
  (void)snprintf(c->words, sizeof c->words, "%s", why);
  while (c->first != NULL) {
    request *r = c->first;
    c->first = r->next;
    c->waiting--;
    r->status = NCL_RETRYABLE;
    c->opened = NCL_OK;
    answer(c, r);
  }
  c->last = NULL;
}

/* Starts the next job, if there is something to do. */
static void advance(ncl_storage_client *c) {
  const ncl_host *host = c->storage->host;
  if (c->is_running) return;
  if (c->first != NULL) {
    fill_job(c);
    c->is_running = host->work(c->storage->me, work, on_worked, c) == NCL_OK;
    if (c->is_running) return;
    /* Back into the list: it fails with the rest. */
    request **end = &c->job;
    for (; *end != NULL; end = &(*end)->next)
      c->waiting++;
    *end = c->first;
    c->first = c->job;
    c->job = NULL;
    fail_all(c, "no thread of the host is free for the storage");
  }
  if (!c->is_closing) return;
  c->is_running = c->database != NULL && host->work(c->storage->me, work_close, on_closed, c) == NCL_OK;
  if (c->is_running) return;
  if (c->database != NULL) work_close(c);
  finish(c);
}

/* ---- slots ------------------------------------------------------------------------------------------- */

static ncl_status refuse(ncl_outcome *outcome, ncl_status status, const char *words) {
  outcome->status = status;
  outcome->message = str(words);
  return status;
}

/* What is no letter, digit, "-" or "_" is written as "%2f", so that two names never meet. False: too long. */
static bool put_name(char *into, size_t size, ncl_str name) {
  size_t at = strlen(into);
  for (size_t i = 0; i < name.len; i++) {
    unsigned char ch = (unsigned char)name.ptr[i];
    bool plain =
        (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';
    if (at + 4 > size) return false;
    at += (size_t)snprintf(into + at, size - at, plain ? "%c" : "%%%02x", ch);
  }
  return true;
}

ncl_storage_client *ncl_file_storage_open(void *self, ncl_component *owner, ncl_str owner_id, ncl_str name,
                                          ncl_outcome *outcome) {
  ncl_file_storage *storage = self;
  const ncl_file_storage_settings *s = &storage->settings;
  char id[FILE_NAME_MAX / 2] = "", what[FILE_NAME_MAX / 2] = "";
  (void)owner;
  if (!put_name(id, sizeof id, owner_id) || !put_name(what, sizeof what, name)) {
    (void)refuse(outcome, NCL_PERMANENT, "the component's id is too long for the name of a file");
    return NULL;
  }
  ncl_storage_client *c = calloc(1, sizeof *c);
  if (c == NULL) {
    (void)refuse(outcome, NCL_NO_MEMORY, "no memory for a client of the storage");
    return NULL;
  }
  (void)snprintf(c->path, sizeof c->path, "%.*s/%s.%s.db", (int)s->directory.len, s->directory.ptr, id, what);
  for (const ncl_storage_client *other = storage->clients; other != NULL; other = other->next) {
    if (strcmp(other->path, c->path) != 0) continue;
    free(c);
    (void)refuse(outcome, NCL_RETRYABLE, "the storage is still open under this name");
    return NULL;
  }
  c->storage = storage;
  c->options = (ncl_database_options){s->fsync != 0, (uint64_t)s->max_size, s->compact_on_start != 0};
  c->is_charged = storage->host->memory_charge(storage->me, CLIENT_BYTES) == NCL_OK;
  c->next = storage->clients;
  storage->clients = c;
  storage->holders++;
  return c;
}

static ncl_status enqueue(ncl_storage_client *c, request *r) {
  if (c->last != NULL) {
    c->last->next = r;
  } else {
    c->first = r;
  }
  c->last = r;
  c->waiting++;
  advance(c);
  return NCL_PENDING;
}

static ncl_status admit(const ncl_storage_client *c, ncl_outcome *outcome) {
  if (c->is_closing) return refuse(outcome, NCL_RETRYABLE, "the storage is being closed");
  if (c->waiting >= NCL_FILE_STORAGE_WAITING_MAX) {
    return refuse(outcome, NCL_RETRYABLE, "1,024 transactions wait for the disk already");
  }
  return NCL_OK;
}

ncl_status ncl_file_storage_commit(ncl_storage_client *c, const ncl_storage_op *ops, uint32_t count, ncl_token token,
                                   ncl_outcome *outcome) {
  ncl_status status = admit(c, outcome);
  if (status != NCL_OK) return status;
  request *r = calloc(1, sizeof *r + count * sizeof *ops);
  if (r == NULL) return refuse(outcome, NCL_NO_MEMORY, "no memory for a transaction");
  r->token = token;
  r->op_count = count;
  memcpy(r->ops, ops, count * sizeof *ops);
  for (uint32_t i = 0; i < count; i++) {
    for (uint32_t p = 0; p < ops[i].value.count; p++)
      r->bytes += ((const ncl_range *)ncl_array_at(&ops[i].value, p))->len;
  }
  return enqueue(c, r);
}

ncl_status ncl_file_storage_scan(ncl_storage_client *c, uint64_t from, uint32_t limit, uint64_t max_bytes,
                                 ncl_token token, ncl_outcome *outcome) {
  ncl_status status = admit(c, outcome);
  if (status != NCL_OK) return status;
  request *r = calloc(1, sizeof *r);
  if (r == NULL) return refuse(outcome, NCL_NO_MEMORY, "no memory for a transaction");
  r->token = token;
  r->is_scan = true;
  r->from = from;
  r->limit = limit;
  r->max_bytes = max_bytes;
  return enqueue(c, r);
}

ncl_status ncl_file_storage_close(ncl_storage_client *c, ncl_token token) {
  bool was_idle = !c->is_running && c->first == NULL && c->database == NULL;
  c->is_closing = true;
  if (was_idle) {
    finish(c);
    return NCL_OK;
  }
  c->closed = token;
  advance(c);
  return NCL_PENDING;
}

void ncl_file_storage_close_all(ncl_file_storage *storage) {
  for (ncl_storage_client *c = storage->clients, *next; c != NULL; c = next) {
    next = c->next;
    if (!c->is_closing) (void)ncl_file_storage_close(c, 0);
  }
}

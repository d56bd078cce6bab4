/* SPDX-License-Identifier: Apache-2.0 */
/* database.c: a table of integer keys and blobs in a SQLite file with a write-ahead log. */
#include "database.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#define FORMAT_VERSION 1
#define APPLICATION_ID 0x4e636c53 /* "NclS": file(1) and others can tell */
#define PAGE_SIZE 16384           /* values are some KiB to some MiB */
#define CACHE_KIB 1024
#define LOG_LIMIT (8 << 20)   /* bytes that the write-ahead log keeps when it is empty */
#define LOG_PAGES 1000u       /* in the log, from which on they are moved to the file */
#define SALVAGE_STEPS 100000u /* keys tried one by one behind what is broken; then in larger steps */
#define RESERVE (256 << 10)   /* bytes of the disk that entries leave free, so that deleting them finds room */

struct ncl_database {
  sqlite3 *file;
  uint64_t log_pages; /* that are not in the file yet */
  char *path;
  sqlite3_stmt *put, *drop, *begin, *commit, *rollback, *scan;
};

/* ---- errors ------------------------------------------------------------------------------------------ */

static ncl_status class_of(int code) {
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
      return NCL_OK;
    case SQLITE_NOMEM:
      return NCL_NO_MEMORY;
    /* A disk may be emptied, a lock released, a mount come back. */
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return NCL_RETRYABLE;
    default:
      return NCL_PERMANENT;
  }
}

static bool is_broken(int code) {
  return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

static ncl_status fail(sqlite3 *file, const char *what, char words[NCL_DATABASE_WORDS]) {
  int code = sqlite3_extended_errcode(file);
  int system = sqlite3_system_errno(file);
  char reason[100] = "";
  const char *why = sqlite3_errmsg(file), *text = "";
  if ((code & 0xff) == SQLITE_FULL) why = "the disk is full, or max_size is reached";
  if (system != 0) text = strerror_r(system, reason, sizeof reason);
  (void)snprintf(words, NCL_DATABASE_WORDS, "%s: %s%s%s", what, why, *text != '\0' ? ": " : "", text);
  ncl_status status = class_of(code);
  return status == NCL_OK ? NCL_PERMANENT : status;
}

static int run(sqlite3 *file, const char *sql) {
  return sqlite3_exec(file, sql, NULL, NULL, NULL);
}

/* One number; -1 = it could not be read. */
static int64_t ask(sqlite3 *file, const char *sql) {
  sqlite3_stmt *statement = NULL;
  int64_t answer = -1;
  if (sqlite3_prepare_v2(file, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
    answer = sqlite3_column_int64(statement, 0);
  }
  (void)sqlite3_finalize(statement);
  return answer;
}

/* ---- the write-ahead log ----------------------------------------------------------------------------- */

static int on_log(void *arg, sqlite3 *file, const char *name, int pages) {
  ncl_database *d = arg;
  (void)file;
  (void)name;
  d->log_pages = pages > 0 ? (uint64_t)pages : 0;
  return SQLITE_OK;
}

/* Moves the log's pages to the file. Where that cannot be done now they stay in the log. */
static void move_log(ncl_database *d, int mode) {
  int all = 0, moved = 0;
  if (sqlite3_wal_checkpoint_v2(d->file, NULL, mode, &all, &moved) == SQLITE_OK && all == moved) d->log_pages = 0;
}

/* On a disk that is full nothing can be deleted either: what is deleted is written to the log first, and the log is
 * moved to the file when it is long. So an entry of `len` bytes leaves room for both. */
static bool leaves_room(const ncl_database *d, size_t len) {
  struct statvfs disk;
  if (statvfs(d->path, &disk) != 0) return true;
  uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize, pages = len / PAGE_SIZE + 2, growth = d->log_pages + pages;
  if (left >= (pages + growth) * PAGE_SIZE + RESERVE) return true;
  int64_t unused = ask(d->file, "PRAGMA freelist_count"); /* pages of the file that need not be made */
  if (unused > 0) growth -= growth < (uint64_t)unused ? growth : (uint64_t)unused;
  return left >= (pages + growth) * PAGE_SIZE + RESERVE;
}

/* ---- opening ----------------------------------------------------------------------------------------- */

/* Every step leaves its error in the handle. */
static bool set_up(sqlite3 *file, const ncl_database_options *options) {
  char sql[200];
  (void)sqlite3_busy_timeout(file, 0);
  /* One process: the lock is held while it is open, and no shared memory file is needed. */
  if (run(file, "PRAGMA locking_mode=EXCLUSIVE") != SQLITE_OK) return false;
  (void)snprintf(sql, sizeof sql, "PRAGMA page_size=%d; PRAGMA cache_size=-%d; PRAGMA journal_size_limit=%d", PAGE_SIZE,
                 CACHE_KIB, LOG_LIMIT);
  if (run(file, sql) != SQLITE_OK) return false;
  if (run(file, "PRAGMA journal_mode=WAL") != SQLITE_OK) return false;
  if (run(file, options->fsync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL") != SQLITE_OK) return false;
  int64_t page_size = ask(file, "PRAGMA page_size");
  if (page_size <= 0) return false;
  (void)snprintf(sql, sizeof sql, "PRAGMA max_page_count=%" PRIu64, options->max_bytes / (uint64_t)page_size + 1);
  return run(file, sql) == SQLITE_OK;
}

/* False: the file is another program's, or of a later version; words say so. */
static bool check_format(sqlite3 *file, char words[NCL_DATABASE_WORDS], bool *is_new) {
  int64_t id = ask(file, "PRAGMA application_id");
  int64_t version = ask(file, "PRAGMA user_version");
  int64_t tables = ask(file, "SELECT count(*) FROM sqlite_schema");
  *is_new = id == 0 && version == 0 && tables == 0;
  if (*is_new) return true;
  if (id < 0 || version < 0) {
    (void)fail(file, "reading the file", words);
  } else if (id != APPLICATION_ID) {
    (void)snprintf(words, NCL_DATABASE_WORDS,
                   "it is a database of another program; give the storage a directory of its own");
  } else if (version != FORMAT_VERSION) {
    (void)snprintf(words, NCL_DATABASE_WORDS,
                   "it has format %" PRId64
                   ", this version reads format %d; use the version that wrote it, or move the "
                   "file away",
                   version, FORMAT_VERSION);
  } else {
    return true;
  }
  return false;
}

static bool make_tables(sqlite3 *file) {
  char sql[300];
  (void)snprintf(sql, sizeof sql,
                 "BEGIN IMMEDIATE; CREATE TABLE entry (key INTEGER PRIMARY KEY, value BLOB NOT NULL);"
                 "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
                 APPLICATION_ID, FORMAT_VERSION);
  return run(file, sql) == SQLITE_OK;
}

static bool prepare(ncl_database *d) {
  struct {
    sqlite3_stmt **into;
    const char *sql;
  } const all[] = {
      {&d->put, "INSERT OR REPLACE INTO entry (key, value) VALUES (?1, ?2)"},
      {&d->drop, "DELETE FROM entry WHERE key = ?1"},
      {&d->begin, "BEGIN IMMEDIATE"},
      {&d->commit, "COMMIT"},
      {&d->rollback, "ROLLBACK"},
      {&d->scan, "SELECT key, value FROM entry WHERE key >= ?1 ORDER BY key"},
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    if (sqlite3_prepare_v3(d->file, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT, all[i].into, NULL) != SQLITE_OK) {
      return false;
    }
  }
  return true;
}

void ncl_database_close(ncl_database *d) {
  if (d == NULL) return;
  sqlite3_stmt *all[] = {d->put, d->drop, d->begin, d->commit, d->rollback, d->scan};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    (void)sqlite3_finalize(all[i]);
  (void)sqlite3_close(d->file);
  free(d->path);
  free(d);
}

typedef enum outcome { OPENED, REFUSED, BROKEN } outcome;

/* BROKEN: SQLite cannot trust its pages. */
static outcome open_file(const char *path, const ncl_database_options *options, ncl_database **into,
                         char words[NCL_DATABASE_WORDS]) {
  ncl_database *d = calloc(1, sizeof *d);
  bool is_new = false, ok;
  outcome result = REFUSED;
  if (d != NULL) d->path = strdup(path);
  if (d == NULL || d->path == NULL) {
    free(d);
    (void)snprintf(words, NCL_DATABASE_WORDS, "no memory");
    return REFUSED;
  }
  words[0] = '\0';
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  ok = sqlite3_open_v2(path, &d->file, flags, NULL) == SQLITE_OK && set_up(d->file, options);
  ok = ok && check_format(d->file, words, &is_new) && (!is_new || make_tables(d->file)) && prepare(d);
  if (ok && ask(d->file, "SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check <> 'ok'") != 0) {
    (void)snprintf(words, NCL_DATABASE_WORDS, "its pages contradict each other");
    ok = false;
    result = BROKEN;
  }
  if (ok && options->compact && !is_new) (void)run(d->file, "VACUUM");
  if (ok) {
    (void)sqlite3_wal_hook(d->file, on_log, d);
    /* What an earlier process left in the log. */
    move_log(d, SQLITE_CHECKPOINT_PASSIVE);
    *into = d;
    return OPENED;
  }
  if (d->file != NULL && is_broken(sqlite3_errcode(d->file))) result = BROKEN;
  if (words[0] == '\0' && d->file != NULL) {
    bool is_locked = (sqlite3_errcode(d->file) & 0xff) == SQLITE_BUSY;
    (void)fail(d->file, is_locked ? "another process uses it" : "opening the file", words);
  }
  ncl_database_close(d);
  return result;
}

/* ---- a file that is broken --------------------------------------------------------------------------- */

/* One row, unless `to` has its key and `keep` says that this one is to stay. False: no more can be written. */
static bool copy_row(sqlite3_stmt *row, ncl_database *to, bool keep) {
  sqlite3_stmt *put = NULL;
  const char *sql = keep ? "INSERT OR IGNORE INTO entry (key, value) VALUES (?1, ?2)"
                         : "INSERT OR REPLACE INTO entry (key, value) VALUES (?1, ?2)";
  bool ok = sqlite3_prepare_v2(to->file, sql, -1, &put, NULL) == SQLITE_OK;
  ok = ok && sqlite3_bind_int64(put, 1, sqlite3_column_int64(row, 0)) == SQLITE_OK &&
       sqlite3_bind_value(put, 2, sqlite3_column_value(row, 1)) == SQLITE_OK;
  int code = ok ? sqlite3_step(put) : SQLITE_NOMEM;
  (void)sqlite3_finalize(put);
  /* Junk need not be a value at all. */
  return code == SQLITE_DONE || (code & 0xff) == SQLITE_CONSTRAINT;
}

/* What is known of the order of a file that is broken: a key may be junk, and then too large to go on behind it. */
typedef struct place {
  sqlite3_int64 sure; /* a larger one came behind it, in order */
  sqlite3_int64 last;
} place;

static void note_key(place *p, sqlite3_int64 key) {
  if (key > p->last) {
    p->sure = p->last;
    p->last = key;
  } else if (key > p->sure) {
    p->last = key;
  }
}

/* Copies rows in their order; where one cannot be read, from the next key on that can. */
static void copy_rows(sqlite3 *from, ncl_database *to) {
  sqlite3_stmt *rows = NULL;
  sqlite3_int64 at = 0, step = 1;
  uint32_t in_vain = 0; /* since it last got on */
  place p = {-1, -1};
  int code = sqlite3_prepare_v2(from, "SELECT key, value FROM entry WHERE key >= ?1 ORDER BY key", -1, &rows, NULL);
  for (bool ok = code == SQLITE_OK; ok;) {
    (void)sqlite3_bind_int64(rows, 1, at);
    p.last = p.sure;
    while (ok && (code = sqlite3_step(rows)) == SQLITE_ROW) {
      note_key(&p, sqlite3_column_int64(rows, 0));
      ok = copy_row(rows, to, false);
    }
    (void)sqlite3_reset(rows);
    if (!is_broken(code)) break;
    if (p.sure >= at) {
      at = p.sure;
      step = 1;
      in_vain = 0;
    }
    if (++in_vain > SALVAGE_STEPS) step *= 2;
    ok = ok && at < INT64_MAX - step;
    at += step;
  }
  (void)sqlite3_finalize(rows);
}

/* What lies in front of a break on an inner level of the file is found from the end, too. */
static void copy_rows_from_the_end(sqlite3 *from, ncl_database *to) {
  sqlite3_stmt *rows = NULL;
  bool ok = sqlite3_prepare_v2(from, "SELECT key, value FROM entry ORDER BY key DESC", -1, &rows, NULL) == SQLITE_OK;
  while (ok && sqlite3_step(rows) == SQLITE_ROW)
    ok = copy_row(rows, to, true);
  (void)sqlite3_finalize(rows);
}

/* Copies what can be read. Returns how many rows. */
static uint64_t salvage(const char *aside, ncl_database *to) {
  sqlite3 *from = NULL;
  char words[NCL_DATABASE_WORDS];
  if (ncl_database_begin(to, words) != NCL_OK) return 0;
  if (sqlite3_open_v2(aside, &from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK) {
    copy_rows(from, to);
    copy_rows_from_the_end(from, to);
  }
  (void)sqlite3_close(from);
  if (ncl_database_commit(to, words) != NCL_OK) ncl_database_rollback(to);
  int64_t count = ask(to->file, "SELECT count(*) FROM entry");
  return count > 0 ? (uint64_t)count : 0;
}

/* The file and its write-ahead log get another name. */
static bool set_aside(const char *path, const char *suffix, char *name, size_t size) {
  static const char *const parts[] = {"", "-wal"};
  for (size_t i = 0; i < 2; i++) {
    char from[4096], to[4096 + 80];
    (void)snprintf(from, sizeof from, "%s%s", path, parts[i]);
    (void)snprintf(to, sizeof to, "%s%s%s", path, suffix, parts[i]);
    if (rename(from, to) != 0 && errno != ENOENT) return false;
    if (i == 0) (void)snprintf(name, size, "%s", to);
  }
  return true;
}

static ncl_database *replace_broken(const char *path, const ncl_database_options *options,
                                    ncl_database_report *report) {
  ncl_database *d = NULL;
  char aside[4096 + 80], words[NCL_DATABASE_WORDS];
  (void)snprintf(report->aside, sizeof report->aside, ".broken-%lld", (long long)time(NULL));
  if (!set_aside(path, report->aside, aside, sizeof aside)) {
    char reason[100];
    (void)snprintf(words, sizeof words, "%s", report->words);
    (void)snprintf(report->words, sizeof report->words, "it is broken (%.200s), and cannot be renamed: %s", words,
                   strerror_r(errno, reason, sizeof reason));
    return NULL;
  }
  if (open_file(path, options, &d, words) != OPENED) {
    (void)snprintf(report->words, sizeof report->words, "%s", words);
    return NULL;
  }
  report->was_broken = true;
  report->salvaged = salvage(aside, d);
  return d;
}

ncl_database *ncl_database_open(const char *path, const ncl_database_options *options, ncl_database_report *report) {
  ncl_database *d = NULL;
  memset(report, 0, sizeof *report);
  outcome result = open_file(path, options, &d, report->words);
  if (result == BROKEN) d = replace_broken(path, options, report);
  if (d == NULL) return NULL;
  int64_t entries = ask(d->file, "SELECT count(*) FROM entry");
  struct stat st;
  report->entries = entries > 0 ? (uint64_t)entries : 0;
  report->bytes = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
  return d;
}

/* ---- transactions ------------------------------------------------------------------------------------ */

static int step(sqlite3_stmt *statement) {
  int code = sqlite3_step(statement);
  (void)sqlite3_reset(statement);
  return code;
}

ncl_status ncl_database_begin(ncl_database *d, char words[NCL_DATABASE_WORDS]) {
  if (d->log_pages > 0 && !leaves_room(d, 0)) move_log(d, SQLITE_CHECKPOINT_TRUNCATE);
  return step(d->begin) == SQLITE_DONE ? NCL_OK : fail(d->file, "beginning a transaction", words);
}

ncl_status ncl_database_commit(ncl_database *d, char words[NCL_DATABASE_WORDS]) {
  if (step(d->commit) != SQLITE_DONE) return fail(d->file, "writing a transaction", words);
  if (d->log_pages >= LOG_PAGES) move_log(d, SQLITE_CHECKPOINT_PASSIVE);
  return NCL_OK;
}

void ncl_database_rollback(ncl_database *d) {
  if (sqlite3_get_autocommit(d->file) == 0) (void)step(d->rollback);
}

static size_t length(const ncl_array *pieces) {
  size_t len = 0;
  for (uint32_t i = 0; i < pieces->count; i++)
    len += ((const ncl_range *)ncl_array_at(pieces, i))->len;
  return len;
}

/* Room for the value, then piece by piece: none is copied before it reaches SQLite's pages. */
static ncl_status put_pieces(ncl_database *d, const ncl_storage_op *op, char words[NCL_DATABASE_WORDS]) {
  sqlite3_blob *blob = NULL;
  int at = 0;
  if (sqlite3_bind_zeroblob64(d->put, 2, length(&op->value)) != SQLITE_OK || step(d->put) != SQLITE_DONE ||
      sqlite3_blob_open(d->file, "main", "entry", "value", (sqlite3_int64)op->key, 1, &blob) != SQLITE_OK) {
    return fail(d->file, "writing an entry", words);
  }
  int code = SQLITE_OK;
  for (uint32_t i = 0; i < op->value.count && code == SQLITE_OK; i++) {
    const ncl_range *piece = ncl_array_at(&op->value, i);
    if (piece->len == 0) continue;
    code = sqlite3_blob_write(blob, piece->ptr, (int)piece->len, at);
    at += (int)piece->len;
  }
  ncl_status status = code == SQLITE_OK ? NCL_OK : fail(d->file, "writing an entry", words);
  (void)sqlite3_blob_close(blob);
  return status;
}

static ncl_status put(ncl_database *d, const ncl_storage_op *op, char words[NCL_DATABASE_WORDS]) {
  size_t len = length(&op->value);
  if (len > INT32_MAX / 2) {
    (void)snprintf(words, NCL_DATABASE_WORDS, "an entry of %zu bytes is larger than 1 GiB", len);
    return NCL_PERMANENT;
  }
  if (!leaves_room(d, len)) {
    (void)snprintf(words, NCL_DATABASE_WORDS, "writing an entry: the disk is full: No space left on device");
    return NCL_RETRYABLE;
  }
  (void)sqlite3_bind_int64(d->put, 1, (sqlite3_int64)op->key);
  if (op->value.count != 1) return put_pieces(d, op, words);
  const ncl_range *only = op->value.base;
  const void *bytes = only->len > 0 ? (const void *)only->ptr : "";
  (void)sqlite3_bind_blob(d->put, 2, bytes, (int)only->len, SQLITE_STATIC);
  return step(d->put) == SQLITE_DONE ? NCL_OK : fail(d->file, "writing an entry", words);
}

ncl_status ncl_database_apply(ncl_database *d, const ncl_storage_op *op, char words[NCL_DATABASE_WORDS]) {
  if (op->key > INT64_MAX) {
    (void)snprintf(words, NCL_DATABASE_WORDS, "key %" PRIu64 " is above 2^63 - 1", op->key);
    return NCL_PERMANENT;
  }
  if (op->type == NCL_STORAGE_PUT) return put(d, op, words);
  (void)sqlite3_bind_int64(d->drop, 1, (sqlite3_int64)op->key);
  return step(d->drop) == SQLITE_DONE ? NCL_OK : fail(d->file, "deleting an entry", words);
}

ncl_status ncl_database_scan(ncl_database *d, uint64_t from, ncl_database_take_fn take, void *arg,
                             char words[NCL_DATABASE_WORDS]) {
  if (from > INT64_MAX) return NCL_OK;
  int code;
  (void)sqlite3_bind_int64(d->scan, 1, (sqlite3_int64)from);
  while ((code = sqlite3_step(d->scan)) == SQLITE_ROW) {
    ncl_range value = {sqlite3_column_blob(d->scan, 1), (size_t)sqlite3_column_bytes(d->scan, 1)};
    if (!take(arg, (uint64_t)sqlite3_column_int64(d->scan, 0), value)) {
      code = SQLITE_DONE;
      break;
    }
  }
  ncl_status status = code == SQLITE_DONE ? NCL_OK : fail(d->file, "reading entries", words);
  (void)sqlite3_reset(d->scan);
  return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* database.h: one client's keys and values in one SQLite file. Every function may wait for the disk: it runs on a
 * thread of the host's, one at a time for one database. */
#ifndef NCL_FILE_STORAGE_DATABASE_H
#define NCL_FILE_STORAGE_DATABASE_H

#include <nacelle/storage.h>
#include <stdbool.h>

#define NCL_DATABASE_WORDS 400u

typedef struct ncl_database ncl_database;

typedef struct ncl_database_options {
  bool fsync;         /* each transaction survives a power cut, not only the end of the process */
  uint64_t max_bytes; /* of the file */
  bool compact;       /* gives unused pages back to the file system when it is opened */
} ncl_database_options;

/* What opening found; for a line of the log. */
typedef struct ncl_database_report {
  uint64_t entries;               /* in the file */
  uint64_t bytes;                 /* of the file */
  uint64_t salvaged;              /* entries read from a file that was broken; */
  bool was_broken;                /* which lies under `aside` now */
  char aside[64];                 /* what was appended to its name */
  char words[NCL_DATABASE_WORDS]; /* why it could not be opened, or what was wrong with the broken one */
} ncl_database_report;

/* Opens or makes the file at `path`. NULL with report->words. */
ncl_database *ncl_database_open(const char *path, const ncl_database_options *options, ncl_database_report *report);
void ncl_database_close(ncl_database *database); /* NULL is ignored */

/* A transaction: begin, any number of ops, commit. After a failure, rollback. Errors leave words. */
ncl_status ncl_database_begin(ncl_database *database, char words[NCL_DATABASE_WORDS]);
ncl_status ncl_database_apply(ncl_database *database, const ncl_storage_op *op, char words[NCL_DATABASE_WORDS]);
ncl_status ncl_database_commit(ncl_database *database, char words[NCL_DATABASE_WORDS]);
void ncl_database_rollback(ncl_database *database);

/* Entries from `from` on, each told to `take`, until it answers false. */
typedef bool (*ncl_database_take_fn)(void *arg, uint64_t key, ncl_range value);
ncl_status ncl_database_scan(ncl_database *database, uint64_t from, ncl_database_take_fn take, void *arg,
                             char words[NCL_DATABASE_WORDS]);

#endif

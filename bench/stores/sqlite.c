/* SPDX-License-Identifier: Apache-2.0 */
/* bench/stores/sqlite.c: SQLite as plugins/extensions/file_storage uses it, by that plugin's own database.c. */
#include <stdio.h>

#include "database.h"
#include "stores.h"

static ncl_database *database;
static char words[NCL_DATABASE_WORDS];

static bool said(ncl_status status) {
  if (status == NCL_OK) return true;
  (void)fprintf(stderr, "sqlite: %s\n", words);
  ncl_database_rollback(database);
  return false;
}

bool store_open(const char *directory, bool fsync) {
  ncl_database_options options = {.fsync = fsync, .max_bytes = UINT64_C(4) << 30};
  ncl_database_report report;
  char path[4096];
  (void)snprintf(path, sizeof path, "%s/entries.db", directory);
  database = ncl_database_open(path, &options, &report);
  if (report.words[0] != '\0') (void)fprintf(stderr, "sqlite: %s\n", report.words);
  return database != NULL;
}

static bool apply(const ncl_storage_op *op) {
  return ncl_database_apply(database, op, words) == NCL_OK;
}

bool store_put(uint64_t first, uint32_t count, const void *value, size_t size) {
  ncl_range range = {value, size};
  if (!said(ncl_database_begin(database, words))) return false;
  for (uint32_t i = 0; i < count; i++) {
    ncl_storage_op op = {NCL_STORAGE_PUT, 0, first + i, {&range, 1, sizeof range}};
    if (!apply(&op)) return said(NCL_PERMANENT);
  }
  return said(ncl_database_commit(database, words));
}

bool store_delete(uint64_t first, uint32_t count) {
  if (!said(ncl_database_begin(database, words))) return false;
  for (uint32_t i = 0; i < count; i++) {
    ncl_storage_op op = {.type = NCL_STORAGE_DELETE, .key = first + i};
    if (!apply(&op)) return said(NCL_PERMANENT);
  }
  return said(ncl_database_commit(database, words));
}

static bool take(void *arg, uint64_t key, ncl_range value) {
  int64_t *count = arg;
  (void)key;
  *count += value.len > 0 ? 1 : 0;
  return true;
}

int64_t store_count(void) {
  int64_t count = 0;
  return ncl_database_scan(database, 0, take, &count, words) == NCL_OK ? count : -1;
}

void store_close(void) {
  ncl_database_close(database);
}

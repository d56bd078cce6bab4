/* SPDX-License-Identifier: Apache-2.0 */
/* bench/stores/lmdb.c: LMDB, whose pages are read from a memory map and written with pwrite. */
#include <lmdb.h>
#include <stdio.h>

#include "stores.h"

#define MAP_BYTES ((size_t)4 << 30)

static MDB_env *env;
static MDB_dbi entries;

static bool said(int code) {
  if (code != 0) (void)fprintf(stderr, "lmdb: %s\n", mdb_strerror(code));
  return code == 0;
}

bool store_open(const char *directory, bool fsync) {
  MDB_txn *txn = NULL;
  int code = mdb_env_create(&env);
  if (code == 0) code = mdb_env_set_mapsize(env, MAP_BYTES);
  if (code == 0) code = mdb_env_open(env, directory, fsync ? 0 : MDB_NOSYNC, 0600);
  if (code == 0) code = mdb_txn_begin(env, NULL, 0, &txn);
  if (code == 0) code = mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &entries);
  if (code == 0) code = mdb_txn_commit(txn);
  return said(code);
}

static bool finish(MDB_txn *txn, int code) {
  if (code == 0) return said(mdb_txn_commit(txn));
  mdb_txn_abort(txn);
  return said(code);
}

bool store_put(uint64_t first, uint32_t count, const void *value, size_t size) {
  MDB_txn *txn = NULL;
  int code = mdb_txn_begin(env, NULL, 0, &txn);
  if (code != 0) return said(code);
  for (uint32_t i = 0; i < count && code == 0; i++) {
    size_t number = first + i;
    MDB_val key = {sizeof number, &number}, data = {size, (void *)(uintptr_t)value};
    code = mdb_put(txn, entries, &key, &data, MDB_APPEND);
  }
  return finish(txn, code);
}

bool store_delete(uint64_t first, uint32_t count) {
  MDB_txn *txn = NULL;
  int code = mdb_txn_begin(env, NULL, 0, &txn);
  if (code != 0) return said(code);
  for (uint32_t i = 0; i < count && code == 0; i++) {
    size_t number = first + i;
    MDB_val key = {sizeof number, &number};
    code = mdb_del(txn, entries, &key, NULL);
  }
  return finish(txn, code);
}

int64_t store_count(void) {
  MDB_txn *txn = NULL;
  MDB_cursor *cursor = NULL;
  MDB_val key, value;
  int64_t count = 0;
  int code = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
  if (code == 0) code = mdb_cursor_open(txn, entries, &cursor);
  volatile uint8_t sum = 0;
  while (code == 0 && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    for (size_t i = 0; i < value.mv_size; i += 4096)
      sum = (uint8_t)(sum + ((const uint8_t *)value.mv_data)[i]);
    count++;
  }
  if (cursor != NULL) mdb_cursor_close(cursor);
  if (txn != NULL) mdb_txn_abort(txn);
  return code == MDB_NOTFOUND ? count : -1;
}

void store_close(void) {
  mdb_env_close(env);
}

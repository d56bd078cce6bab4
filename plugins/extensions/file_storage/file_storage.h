/* SPDX-License-Identifier: Apache-2.0 */
/* file_storage.h: what the extension's files share: its settings and its clients. */
#ifndef NCL_FILE_STORAGE_H
#define NCL_FILE_STORAGE_H

#include <nacelle/nacelle.h>
#include <nacelle/storage.h>
#include <stdbool.h>

#include "database.h"

#define NCL_FILE_STORAGE_WAITING_MAX 1024u /* transactions of a client that wait */
#define NCL_FILE_STORAGE_PATH_MAX 4000u    /* bytes */

typedef struct ncl_file_storage_settings {
  ncl_str directory;
  int64_t fsync;
  int64_t create_directory;
  ncl_str directory_permissions;
  int64_t max_size;
  int64_t compact_on_start;
} ncl_file_storage_settings;

typedef struct ncl_file_storage {
  const ncl_host *host;
  ncl_component *me;
  ncl_file_storage_settings settings;
  uint32_t permissions; /* of a directory that is made */
  ncl_storage table;    /* what is published */
  int lock_fd;          /* of the directory, -1 = not started */
  ncl_storage_client *clients;
  ncl_token ending; /* of the shutdown that waits for clients; 0 = none */
  uint32_t holders; /* the instance, its clients */
  char words[512];  /* of the last outcome */
} ncl_file_storage;

/* [loop] Slots of the interface. */
ncl_storage_client *ncl_file_storage_open(void *self, ncl_component *owner, ncl_str owner_id, ncl_str name,
                                          ncl_outcome *outcome);
ncl_status ncl_file_storage_commit(ncl_storage_client *client, const ncl_storage_op *ops, uint32_t count,
                                   ncl_token token, ncl_outcome *outcome);
ncl_status ncl_file_storage_scan(ncl_storage_client *client, uint64_t from, uint32_t limit, uint64_t max_bytes,
                                 ncl_token token, ncl_outcome *outcome);
ncl_status ncl_file_storage_close(ncl_storage_client *client, ncl_token token);

/* [loop] Closes what is still open, each when its jobs are done. */
void ncl_file_storage_close_all(ncl_file_storage *storage);
/* [loop] A client has ended, or the instance: the last one frees. */
void ncl_file_storage_leave(ncl_file_storage *storage);

#endif

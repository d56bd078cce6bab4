/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/storage.h: interface "ncl.storage/1": a durable store of keys and values, published by an extension. */
#ifndef NACELLE_STORAGE_H
#define NACELLE_STORAGE_H

#include <nacelle/host.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NCL_STORAGE_1 "ncl.storage/1"

/* All slots are [loop] and answer at once; the work is done elsewhere and ends in the token (ncl_host.token_open). A
 * transaction that was answered NCL_OK is on disk. Transactions of one client take effect in the order of `commit`. */

typedef struct ncl_storage_client ncl_storage_client; /* a name space of its own in the store */

#define NCL_STORAGE_PUT 1u
#define NCL_STORAGE_DELETE 2u
typedef struct ncl_storage_op {
  uint32_t type; /* NCL_STORAGE_* */
  uint32_t reserved;
  uint64_t key;
  ncl_array value; /* PUT: of ncl_range, stored one after the other; must stay until the token is completed */
} ncl_storage_op;

typedef struct ncl_storage_entry {
  uint64_t key;
  ncl_range value;
} ncl_storage_entry;

typedef struct ncl_storage {
  uint32_t struct_size;
  uint32_t reserved;
  void *self; /* first argument of open */
  /* The client of component `owner` under `name` ("traces"): the same names give the same data after a restart. NULL
   * with the reason in *outcome. One client a name at a time. */
  ncl_storage_client *(*open)(void *self, ncl_component *owner, ncl_str owner_id, ncl_str name, ncl_outcome *outcome);
  /* All or nothing. */
  ncl_status (*commit)(ncl_storage_client *client, const ncl_storage_op *ops, uint32_t count, ncl_token token,
                       ncl_outcome *outcome);
  /* Entries with keys >= `from` in ascending order, at most `limit` and at most `max_bytes` (but one at least):
   * outcome.result is an ncl_array of ncl_storage_entry, valid until the done callback returns. */
  ncl_status (*scan)(ncl_storage_client *client, uint64_t from, uint32_t limit, uint64_t max_bytes, ncl_token token,
                     ncl_outcome *outcome);
  /* Ends the client when everything under way is done, then completes `token`; NCL_OK = nothing was under way. */
  ncl_status (*close)(ncl_storage_client *client, ncl_token token);
} ncl_storage;

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/disk_queue.h: the items of one sending queue in a storage extension: put before they are acknowledged,
 * loaded when they are tried, forgotten when they are through. */
#ifndef NACELLE_CORE_DELIVERY_DISK_QUEUE_H
#define NACELLE_CORE_DELIVERY_DISK_QUEUE_H

#include <nacelle/host.h>
#include <nacelle/storage.h>
#include <stdbool.h>

#include "core/delivery/envelope.h"
#include "core/pipeline/token.h"

typedef struct ncl_disk_queue ncl_disk_queue;
typedef struct ncl_disk_put ncl_disk_put; /* an item on its way to the disk */

/* All [loop]; never from within a call of the functions below. */
typedef struct ncl_disk_events {
  void *arg;
  /* An entry that an earlier process left, in the order in which they were put. Only the head's figures are given. */
  void (*found)(void *arg, uint64_t key, const ncl_envelope *head, uint64_t bytes);
  /* One that cannot be read; it is deleted. `items` as far as the head can be believed. */
  void (*broken)(void *arg, uint32_t signal, uint64_t items, const char *why);
  /* All that was left was found; or the storage does not answer, with the reason: it is tried again. */
  void (*ready)(void *arg, ncl_status status, ncl_str reason);
  /* What `put` was asked to do. NCL_OK: it is on disk under `key`. */
  void (*stored)(void *arg, void *item, ncl_status status, uint64_t key, ncl_str reason);
  /* What `load` was asked to do. NCL_OK: batch and context, whose references are the callee's; NCL_PERMANENT: the entry
   * is gone or broken; else it may be asked for again. */
  void (*loaded)(void *arg, void *item, ncl_status status, const ncl_batch *batch, ncl_context *context,
                 ncl_str reason);
} ncl_disk_events;

typedef struct ncl_disk_port {
  const ncl_host *host;
  ncl_component *exporter;
  ncl_tokens *tokens;
  const ncl_storage *storage;
  ncl_str owner; /* the exporter's id, and the name of its queue: what is found again after a restart */
  ncl_str name;
} ncl_disk_port;

/* Opens the storage and begins to look for what an earlier process left. NULL with the reason in *outcome. */
ncl_disk_queue *ncl_disk_queue_open(const ncl_disk_port *port, const ncl_disk_events *events, ncl_outcome *outcome);

/* Writes an item, which `stored` answers. What it needs of the batch it keeps. NULL = no memory. */
ncl_disk_put *ncl_disk_queue_put(ncl_disk_queue *queue, void *item, const ncl_batch *batch, ncl_context *context);
/* Nobody asks for the answer any more; the item may be on disk all the same. */
void ncl_disk_queue_put_cancel(ncl_disk_put *put);

/* Reads an entry, which `loaded` answers. False = no memory, or the storage takes no more now. */
bool ncl_disk_queue_load(ncl_disk_queue *queue, void *item, uint64_t key);
/* The item is gone: its load is not answered. */
void ncl_disk_queue_load_cancel(ncl_disk_queue *queue, const void *item);

/* Deletes an entry, at once or a little later, together with others. Without memory it stays, and is sent again after a
 * restart. */
void ncl_disk_queue_forget(ncl_disk_queue *queue, uint64_t key);

/* Entries that are still to be deleted, or under way to be. */
uint64_t ncl_disk_queue_unforgotten(const ncl_disk_queue *queue);

/* Writes the deletions that are left and closes the storage, then completes `token`. NCL_OK: nothing was under way. */
ncl_status ncl_disk_queue_close(ncl_disk_queue *queue, ncl_token token);
/* Frees all at once; what was not deleted is sent again after a restart. NULL is ignored. */
void ncl_disk_queue_free(ncl_disk_queue *queue);

#endif

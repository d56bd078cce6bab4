/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/options.h: the host's own fields of every exporter: timeout, sending_queue, retry_on_failure. */
#ifndef NACELLE_CORE_DELIVERY_OPTIONS_H
#define NACELLE_CORE_DELIVERY_OPTIONS_H

#include <nacelle/plugin.h>

#include "core/delivery/retry.h"

#define NCL_SIZER_REQUESTS 0
#define NCL_SIZER_ITEMS 1
#define NCL_SIZER_BYTES 2

/* sending_queue.batch. */
typedef struct ncl_delivery_batch_options {
  int64_t enabled;
  int64_t flush_timeout_ns;
  int64_t min_size;               /* in units of `sizer`, as max_size */
  int64_t max_size;               /* 0 = no limit */
  int64_t sizer;                  /* NCL_SIZER_ITEMS or NCL_SIZER_BYTES */
  const ncl_value *metadata_keys; /* a list; NULL = none */
} ncl_delivery_batch_options;

typedef struct ncl_delivery_options {
  int64_t timeout_ns; /* of one try; 0 = none */
  int64_t queue_enabled;
  int64_t num_consumers; /* tries under way at once */
  int64_t queue_size;    /* in units of `sizer` */
  int64_t sizer;         /* NCL_SIZER_* */
  int64_t block_on_overflow;
  int64_t wait_for_result;
  ncl_retry_policy retry;
  ncl_str storage;        /* id of the extension that keeps the queue; empty = memory */
  uint64_t in_memory_max; /* bytes of items on disk that are held in memory, too; 0 = as the budget allows */
  ncl_delivery_batch_options batch;
} ncl_delivery_options;

/* The host's fields of `exporter`, with the defaults that its descriptor names, written into `into`. */
#define NCL_DELIVERY_FIELDS 3u
void ncl_delivery_fields(const ncl_component_type *exporter, ncl_field into[NCL_DELIVERY_FIELDS]);

/* Reads the options from `config`, decoded by those fields, and reports with host->config_error what cannot be had. */
void ncl_delivery_read(const ncl_host *host, ncl_component *component, const ncl_value *config,
                       ncl_delivery_options *options);

#endif

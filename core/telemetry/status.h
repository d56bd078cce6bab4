/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/status.h: how each component says it is doing, for health checks. */
#ifndef NACELLE_CORE_TELEMETRY_STATUS_H
#define NACELLE_CORE_TELEMETRY_STATUS_H

#include <nacelle/host.h>
#include <stdbool.h>

typedef struct ncl_status_table ncl_status_table;
typedef struct ncl_status_entry ncl_status_entry;

#define NCL_STATUS_MESSAGE_MAX 512u /* bytes of a message that are kept */

/* One component's state; borrowed during the visit. */
typedef struct ncl_status_view {
  ncl_str id;        /* "otlp/2" */
  ncl_str kind;      /* "receiver" */
  ncl_status status; /* NCL_OK, NCL_RETRYABLE (recoverable) or NCL_PERMANENT */
  int64_t since_ns;  /* monotonic: when it became so */
  ncl_str message;   /* the last one, maybe empty */
  uint64_t changes;  /* how often the state changed */
  int64_t error_ns;  /* monotonic: when it was last told of anything but NCL_OK; 0 = never */
  ncl_str error;     /* in which words; stays when the state is NCL_OK again */
} ncl_status_view;

/* NULL = no memory. */
ncl_status_table *ncl_status_table_new(void);
void ncl_status_table_free(ncl_status_table *table); /* with its entries; NULL is ignored */

/* [any] A component, NCL_OK since `now_ns`, in the order of the calls; id and kind are copied. NULL = no memory. */
ncl_status_entry *ncl_status_add(ncl_status_table *table, ncl_str kind, ncl_str id, int64_t now_ns);
void ncl_status_remove(ncl_status_table *table, ncl_status_entry *entry); /* [any] NULL is ignored */

/* [any] Any status but NCL_OK, NCL_PERMANENT and NCL_RETRYABLE counts as NCL_RETRYABLE. True when the state is another
 * than before: worth a log line. The message is cut at a character. */
bool ncl_status_set(ncl_status_table *table, ncl_status_entry *entry, ncl_status status, ncl_str message,
                    int64_t now_ns);

/* A copy of one component's state, with its texts. */
typedef struct ncl_status_copy {
  ncl_status_view view; /* its strings point here, id and kind into the entry */
  char message[NCL_STATUS_MESSAGE_MAX];
  char error[NCL_STATUS_MESSAGE_MAX];
} ncl_status_copy;
void ncl_status_get(ncl_status_table *table, const ncl_status_entry *entry, ncl_status_copy *out); /* [any] */

/* [any] The worst of all: permanent, then recoverable, then OK (also of an empty table). */
ncl_status ncl_status_worst(ncl_status_table *table);

/* False ends the iteration. The table is locked meanwhile: `visit` may not call it. */
typedef bool (*ncl_status_visit_fn)(void *arg, const ncl_status_view *view);
void ncl_status_each(ncl_status_table *table, ncl_status_visit_fn visit, void *arg); /* [any] */

#endif

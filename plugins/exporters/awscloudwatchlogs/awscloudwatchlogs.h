/* SPDX-License-Identifier: Apache-2.0 */
/* awscloudwatchlogs.h: what the exporter's files share: its settings and itself. */
#ifndef NCL_AWSCLOUDWATCHLOGS_H
#define NCL_AWSCLOUDWATCHLOGS_H

#include <nacelle/aws_session.h>
#include <nacelle/log_events.h>
#include <nacelle/log_names.h>
#include <stdbool.h>

#include "record.h"

/* Bytes of messages that one try translates before it sends them, and goes on when that is done. */
#define NCL_CWL_PART_BYTES ((size_t)4 << 20)

typedef struct ncl_cwl_settings {
  ncl_aws_session session;
  ncl_str group, stream;
  int64_t retention;
  const ncl_value *tags;
  int64_t raw;
} ncl_cwl_settings;

typedef struct ncl_cwl_attempt ncl_cwl_attempt;

typedef struct ncl_cwl_exporter {
  const ncl_host *host;
  ncl_component *me;
  ncl_cwl_settings settings;
  ncl_log_sender *sender;
  ncl_cwl_attempt *attempts; /* under way */
  ncl_cwl_around around;
  ncl_text group, stream; /* the names of the records that are being translated */
  uint32_t warned;        /* placeholders that a line was written about */
} ncl_cwl_exporter;

/* settings.c: reports what is wrong with them. NCL_OK or NCL_PERMANENT. */
ncl_status ncl_cwl_check(const ncl_create *create, const ncl_cwl_settings *settings);

/* send.c: the slots of the host. */
ncl_status ncl_cwl_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome);
void ncl_cwl_cancel(void *self, ncl_token token);
/* Ends all tries as retryable, and closes the client. */
void ncl_cwl_stop(ncl_cwl_exporter *x);

#endif

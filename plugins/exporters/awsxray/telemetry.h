/* SPDX-License-Identifier: Apache-2.0 */
/* telemetry.h: records about the exporter itself, sent to X-Ray each minute (PutTelemetryRecords), as the X-Ray daemon
 * does: what became of documents, and how calls failed. */
#ifndef NCL_XRAY_TELEMETRY_H
#define NCL_XRAY_TELEMETRY_H

#include <nacelle/aws.h>
#include <nacelle/otlp_write.h>
#include <stdbool.h>

#define NCL_XRAY_TELEMETRY_NS INT64_C(60000000000)
#define NCL_XRAY_TELEMETRY_RECORDS 30u /* that wait, when they cannot be sent; the oldest go first */
#define NCL_XRAY_TELEMETRY_CALL 10u    /* a call */

struct ncl_xray_exporter;

typedef struct ncl_xray_telemetry_settings {
  int64_t enabled;
  int64_t include_metadata;
  ncl_str hostname;
  ncl_str instance_id;
  ncl_str resource_arn;
} ncl_xray_telemetry_settings;

/* Counts of one minute. */
typedef struct ncl_xray_record {
  int64_t at_ns; /* wall clock: its end */
  int64_t received, sent, rejected;
  int64_t http_4xx, http_5xx, timeouts, refused, unknown_hosts, others;
} ncl_xray_record;

typedef struct ncl_xray_telemetry {
  ncl_timer *timer; /* NULL = off */
  ncl_xray_record now;
  bool is_touched; /* something was counted in `now` */
  ncl_xray_record records[NCL_XRAY_TELEMETRY_RECORDS];
  uint32_t count;
  uint32_t sending;  /* of them, the first ones */
  ncl_token waiting; /* for an answer: of X-Ray's, or of EC2's metadata */
  uint32_t step;     /* what is asked of the metadata next */
  ncl_writer body;
  ncl_range whole;
  ncl_str resource_arn;
  char hostname[256];   /* "" = not said */
  char instance_id[21]; /* likewise */
} ncl_xray_telemetry;

/* For the slots start and shutdown. NCL_OK, NCL_NO_MEMORY. */
ncl_status ncl_xray_telemetry_start(struct ncl_xray_exporter *x);
void ncl_xray_telemetry_stop(struct ncl_xray_exporter *x);

/* All count nothing while telemetry is off. */
void ncl_xray_telemetry_received(struct ncl_xray_exporter *x, uint64_t documents);
void ncl_xray_telemetry_sent(struct ncl_xray_exporter *x, uint64_t documents);
void ncl_xray_telemetry_rejected(struct ncl_xray_exporter *x, uint64_t documents);
/* A call that failed as a whole. */
void ncl_xray_telemetry_failed(struct ncl_xray_exporter *x, const ncl_outcome *outcome);

#endif

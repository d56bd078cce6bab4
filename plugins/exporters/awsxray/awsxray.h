/* SPDX-License-Identifier: Apache-2.0 */
/* awsxray.h: what the exporter's files share: its settings and itself. */
#ifndef NCL_AWSXRAY_H
#define NCL_AWSXRAY_H

#include <nacelle/aws_probe.h>
#include <nacelle/aws_session.h>

#include "segment.h"
#include "telemetry.h"

/* Documents a call (PutTraceSegments), and bytes of its body, which is Nacelle's own limit. */
#define NCL_XRAY_CALL_DOCUMENTS 50u
#define NCL_XRAY_CALL_BYTES ((size_t)1 << 20)

typedef struct ncl_xray_settings {
  ncl_aws_session session;
  int64_t otlp_format;
  ncl_xray_telemetry_settings telemetry;
  ncl_xray_options options;
} ncl_xray_settings;

typedef struct ncl_xray_attempt ncl_xray_attempt;
typedef struct ncl_xray_exporter ncl_xray_exporter;

struct ncl_xray_exporter {
  const ncl_host *host;
  ncl_component *me;
  ncl_xray_settings settings;
  const ncl_value *config;
  const ncl_aws *aws; /* NULL until the first need */
  ncl_aws_client *client;
  ncl_xray_translator translator;
  ncl_xray_attempt *attempts; /* under way */
  uint32_t calls;             /* under way */
  ncl_metric *trimmed;
  ncl_xray_telemetry telemetry;
  ncl_aws_probe *probe; /* NULL but for `nacelle check` */
};

extern const ncl_metric_type ncl_xray_metrics[2];
enum { NCL_XRAY_METRIC_UNPROCESSED, NCL_XRAY_METRIC_TRIMMED };

/* Reports what is wrong with the settings, and what is without effect. NCL_OK or NCL_PERMANENT. */
ncl_status ncl_xray_check(const ncl_create *create, const ncl_xray_settings *settings);

/* send.c: how the client of X-Ray is opened; opens it where it is not yet. NCL_OK, or an error in *outcome. */
ncl_aws_client_config ncl_xray_client_config(const ncl_xray_exporter *x);
ncl_status ncl_xray_open_client(ncl_xray_exporter *x, ncl_outcome *outcome);
/* send.c: the slots of the host. */
ncl_status ncl_xray_send(void *self, ncl_item *item, ncl_token token, int64_t deadline_ns, ncl_outcome *outcome);
void ncl_xray_cancel(void *self, ncl_token token);
/* Ends all tries as retryable, and closes the client. */
void ncl_xray_stop(ncl_xray_exporter *x);
/* probe.c: the slot. */
ncl_status ncl_xray_probe(void *self, ncl_token token, ncl_outcome *outcome);

#endif

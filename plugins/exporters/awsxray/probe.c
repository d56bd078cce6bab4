/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c: whether X-Ray would take segment documents, without one. */
#include "awsxray.h"

/* No documents: nothing is written, whether X-Ray answers that it took none or that the list must not be empty. */
static uint32_t put_nothing(void *arg, uint32_t i, const ncl_aws_probe_facts *facts, const ncl_aws_reply *last,
                            ncl_aws_probe_call *into) {
  static const ncl_pair headers[] = {{NCL_STR("Content-Type"), NCL_STR("application/json")}};
  const ncl_xray_exporter *x = arg;
  (void)facts, (void)last;
  if (i > (x->settings.telemetry.enabled != 0)) return 0;
  if (i == 1) {
    *into = (ncl_aws_probe_call){.action = NCL_STR("xray:PutTelemetryRecords"),
                                 .path = NCL_STR("/TelemetryRecords"),
                                 .headers = headers,
                                 .header_count = 1,
                                 .is_optional = 1,
                                 .body = NCL_STR("{\"TelemetryRecords\":[]}")};
    return 1;
  }
  *into = (ncl_aws_probe_call){.action = NCL_STR("xray:PutTraceSegments"),
                               .path = NCL_STR("/TraceSegments"),
                               .headers = headers,
                               .header_count = 1,
                               .body = NCL_STR("{\"TraceSegmentDocuments\":[]}")};
  return 1;
}

ncl_status ncl_xray_probe(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_xray_exporter *x = self;
  const ncl_aws_probe_config config = {
      .host = x->host, .me = x->me, .client = ncl_xray_client_config(x), .call = put_nothing, .arg = x};
  return ncl_aws_probe_begin(&config, &x->probe, token, outcome);
}

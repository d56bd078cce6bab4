/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/sender_probe.h: whether an OTLP backend would take what a sender sends, by a request without telemetry. */
#ifndef NACELLE_SDK_OTLP_SENDER_PROBE_H
#define NACELLE_SDK_OTLP_SENDER_PROBE_H

#include <nacelle/otlp_sender.h>

typedef struct ncl_otlp_probe ncl_otlp_probe;

typedef struct ncl_otlp_probe_config {
  const ncl_host *host;
  ncl_component *me;
  ncl_otlp_sender *sender; /* stays, as what the rest points to */
  ncl_str url;
  const ncl_value *tls; /* NULL = defaults */
  ncl_str body;         /* of a request without telemetry; "" in protobuf */
} ncl_otlp_probe_config;

/* [loop] Completes `token` when all was told. NCL_PENDING, or NCL_NO_MEMORY. */
ncl_status ncl_otlp_probe_begin(const ncl_otlp_probe_config *config, ncl_otlp_probe **probe, ncl_token token);
void ncl_otlp_probe_end(ncl_otlp_probe *probe); /* [loop] NULL is ignored */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/target.h: where an exporter sends to, as labels of what it counts (OpenTelemetry's semantic conventions). */
#ifndef NACELLE_SDK_OTLP_TARGET_H
#define NACELLE_SDK_OTLP_TARGET_H

#include <nacelle/host.h>

#define NCL_OTLP_TARGET_LABELS 3u

/* Labels of a URL as ncl_http_call has it; `path` is the request's where the URL is a socket's, and of gRPC there is
 * none. They point into the URL; user and password are left out. Returns their number. [any] */
uint32_t ncl_otlp_target(ncl_str url, ncl_str path, uint32_t is_grpc, ncl_pair labels[NCL_OTLP_TARGET_LABELS]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* core/config/implied.h: extensions that are not listed but that service.telemetry asks for: what serves the own
 * metrics, and what pushes own metrics and logs. */
#ifndef NCL_CORE_CONFIG_IMPLIED_H
#define NCL_CORE_CONFIG_IMPLIED_H

#include "core/config/config.h"
#include "core/config/service.h"

/* Their types. Each has the section of service.telemetry that asks for it as its config. */
#define NCL_IMPLIED_PULL "prometheus"          /* readers[].pull.exporter.prometheus */
#define NCL_IMPLIED_METRICS "otlp_metrics"     /* readers[].periodic */
#define NCL_IMPLIED_LOGS "otlp_logs"           /* processors[].batch */
#define NCL_IMPLIED_LOG_LINES "otlp_log_lines" /* processors[].simple */

/* Fills service->implied: none at level none; without readers a prometheus with its defaults, which is optional. The
 * sections themselves are looked at by who reads service.telemetry. False = no memory. */
bool ncl_service_imply(ncl_config *config, ncl_service_config *service);

#endif

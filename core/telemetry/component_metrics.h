/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/component_metrics.h: what the host counts for one component, and the component's own metrics. */
#ifndef NACELLE_CORE_TELEMETRY_COMPONENT_METRICS_H
#define NACELLE_CORE_TELEMETRY_COMPONENT_METRICS_H

#include "core/telemetry/names.h"

typedef struct ncl_component_metrics ncl_component_metrics;

/* Different (metric, signal, transport or reason) that one component counts under names of their own; further ones are
 * counted together as transport or reason "other". */
#define NCL_COMPONENT_METRICS_SLOTS 64u

/* The counters of component `id` ("otlp/2") of `kind` ("receiver"); both are copied. NULL = no memory. */
ncl_component_metrics *ncl_component_metrics_new(ncl_metrics *metrics, ncl_str kind, ncl_str id);
/* [loop] The same ones for another component of this kind and id, which takes its place. */
ncl_component_metrics *ncl_component_metrics_retain(ncl_component_metrics *counters);
/* [loop] NULL is ignored. The last holder frees them. */
void ncl_component_metrics_free(ncl_component_metrics *counters);

/* All [any]. A series appears with its first count; while there is no memory for it, counts are lost, and that is
 * counted (ncl_metrics_refused). `signal`: NCL_SIGNAL_*. */

/* Receivers: NCL_OK counts as accepted, NCL_RETRYABLE and NCL_NO_MEMORY (the client was told to try again) as refused,
 * anything else as failed. */
void ncl_count_received(ncl_component_metrics *counters, uint32_t signal, ncl_str transport, uint64_t items,
                        ncl_status outcome);
/* Processors. */
void ncl_count_incoming(ncl_component_metrics *counters, uint32_t signal, uint64_t items);
void ncl_count_outgoing(ncl_component_metrics *counters, uint32_t signal, uint64_t items);
void ncl_count_duration(ncl_component_metrics *counters, uint32_t signal, int64_t took_ns);
/* Exporters. */
void ncl_count_sent(ncl_component_metrics *counters, uint32_t signal, uint64_t items);
void ncl_count_send_failed(ncl_component_metrics *counters, uint32_t signal, uint64_t items);
void ncl_count_enqueue_failed(ncl_component_metrics *counters, uint32_t signal, uint64_t items);
void ncl_count_offered(ncl_component_metrics *counters, uint64_t items, uint64_t bytes); /* to the sending queue */
/* Sets a gauge, or a counter that is kept elsewhere: a row of names.h with the labels exporter and data_type. */
void ncl_count_level(ncl_component_metrics *counters, ncl_name name, uint32_t signal, int64_t value);
/* Everyone. */
void ncl_count_dropped(ncl_component_metrics *counters, uint32_t signal, uint64_t items, ncl_str reason);
void ncl_count_filtered(ncl_component_metrics *counters, uint32_t signal, uint64_t items, ncl_str reason);

/* Labels of what an exporter counts as sent and failed, besides the id; copied. [loop], where that
 * is counted, too. False = more than NCL_COMPONENT_LABELS, or no memory. */
#define NCL_COMPONENT_LABELS 8u
bool ncl_component_metric_labels(ncl_component_metrics *counters, const ncl_pair *labels, uint32_t count);

/* [any] A metric of the component's own; see ncl_host.metric. */
ncl_metric *ncl_component_metric(ncl_component_metrics *counters, const ncl_metric_type *type, const ncl_pair *labels,
                                 uint32_t count);

#endif

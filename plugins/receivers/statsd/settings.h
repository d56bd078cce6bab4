/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h: the receiver's keys. */
#ifndef NCL_STATSD_SETTINGS_H
#define NCL_STATSD_SETTINGS_H

#include <nacelle/plugin.h>

#include "series.h"

typedef struct ncl_statsd_settings {
  ncl_str endpoint;
  int64_t transport; /* place in the names: see ncl_statsd_is_stream */
  int64_t interval_ns;
  int64_t ip_only, ignore_host, metric_type, simple_tags, is_monotonic;
  int64_t counter_type;
  const ncl_value *mapping;
  int64_t socket_permissions, socket_buffer_size;
  int64_t max_series;
  ncl_statsd_rules rules;
} ncl_statsd_settings;

#define NCL_STATSD_FIELDS 13
extern const ncl_field ncl_statsd_fields[NCL_STATSD_FIELDS];

/* [create] Reads them all; mistakes are reported. To be closed in any case. */
ncl_status ncl_statsd_settings_open(ncl_statsd_settings *settings, const ncl_create *create);
void ncl_statsd_settings_close(ncl_statsd_settings *settings);

ncl_str ncl_statsd_transport(const ncl_statsd_settings *settings); /* its name */
bool ncl_statsd_is_stream(const ncl_statsd_settings *settings);
bool ncl_statsd_is_file(const ncl_statsd_settings *settings);

#endif

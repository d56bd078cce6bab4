/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of StatsD, through the aggregation to OTLP: whatever comes, what is written is well-formed. */
#include <nacelle/otlp_read.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/receivers/statsd/output.h"

static ncl_status charge(ncl_component *me, int64_t bytes) {
  (void)me, (void)bytes;
  return NCL_OK;
}

static void check(ncl_range message) {
  ncl_wire_fields fields = ncl_wire_fields_of(message);
  ncl_wire_field field;
  while (ncl_wire_fields_next(&fields, &field))
    continue;
  if (fields.malformed) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const ncl_host host = {.struct_size = sizeof host, .memory_charge = charge};
  if (size == 0) return 0;
  uint32_t flags = data[0];
  ncl_statsd_rules rules = {.counter_type = flags % 3,
                            .ip_only = (flags & 4) != 0,
                            .max_series = 100,
                            .timers = {.as = flags >> 3 & 3, .max_size = 2 + (int32_t)(flags >> 5)},
                            .histograms = {.as = flags >> 4 & 3, .max_size = 160}};
  const ncl_statsd_syntax syntax = {.metric_type = flags & 1, .simple_tags = flags & 2};
  static ncl_statsd_line line;
  ncl_statsd_table table;
  if (ncl_statsd_table_open(&table, &host, NULL, &rules, 1) != NCL_OK) return 0;
  const char *at = (const char *)data + 1, *end = (const char *)data + size;
  while (at < end) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    const char *stop = newline != NULL ? newline : end;
    ncl_str text = {at, (size_t)(stop - at)};
    ncl_str peer = text.len % 2 == 0 ? (ncl_str)NCL_STR("[::1]:80") : (ncl_str)NCL_STR("");
    if (ncl_statsd_read(text, &syntax, &line) == NULL) (void)ncl_statsd_add(&table, &line, peer, 1);
    at = stop + 1;
  }
  const ncl_statsd_output output = {.is_monotonic = flags & 1, .is_float = rules.counter_type == NCL_STATSD_FLOAT};
  for (const ncl_statsd_sender *sender = table.senders; sender != NULL; sender = sender->next) {
    for (ncl_statsd_series *series = sender->first; series != NULL;) {
      ncl_writer writer;
      ncl_writer_heap(&writer, (size_t)1 << 26);
      ncl_statsd_write(&writer, &output, series, 7, &series);
      check(ncl_writer_range(&writer));
      ncl_writer_close(&writer);
    }
  }
  ncl_statsd_table_reset(&table, 2);
  ncl_statsd_table_close(&table);
  return 0;
}

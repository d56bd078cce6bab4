/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/logs.c: what the shop logs: ten kinds of line in turn, two of them trouble. */
#include <stdio.h>

#include "programs/generate/sample.h"

#define LINES_A_TRACE 5u

typedef struct line {
  uint32_t severity;
  const char *severity_text;
  const char *format; /* with the order's number */
  const char *exception;
} line;

static const line lines[] = {
    {NCL_SEVERITY_NUMBER_INFO, "INFO", "order %llu received", NULL},
    {NCL_SEVERITY_NUMBER_DEBUG, "DEBUG", "order %llu: 3 items, 1 parcel", NULL},
    {NCL_SEVERITY_NUMBER_INFO, "INFO", "order %llu: stock is there", NULL},
    {NCL_SEVERITY_NUMBER_INFO, "INFO", "order %llu stored", NULL},
    {NCL_SEVERITY_NUMBER_INFO, "INFO", "order %llu placed", NULL},
    {NCL_SEVERITY_NUMBER_INFO, "INFO", "order %llu received", NULL},
    {NCL_SEVERITY_NUMBER_DEBUG, "DEBUG", "order %llu: 1 item, 1 parcel", NULL},
    {NCL_SEVERITY_NUMBER_WARN, "WARN", "order %llu: the stock service took 900 ms", NULL},
    {NCL_SEVERITY_NUMBER_ERROR, "ERROR", "order %llu could not be stored", "deadlock detected"},
    {NCL_SEVERITY_NUMBER_INFO, "INFO", "order %llu refused", NULL},
};

#define LINES (sizeof lines / sizeof lines[0])

static void put_str(ncl_writer *w, const char *key, const char *value) {
  ncl_write_attribute_str(w, NCL_LOG_ATTRIBUTES, ncl_sample_str(key), ncl_sample_str(value));
}

static void write_record(ncl_sample *sample, ncl_writer *w) {
  ncl_sample_trace *trace = &sample->trace;
  const line *l = &lines[sample->made % LINES];
  if (sample->made % LINES_A_TRACE == 0) {
    ncl_sample_id(sample, trace->trace_id, sizeof trace->trace_id);
    ncl_sample_id(sample, trace->span_ids[0], sizeof trace->span_ids[0]);
    trace->order = ncl_sample_between(sample, 1000, 100000);
  }
  char body[96];
  /* The formats are those above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  (void)snprintf(body, sizeof body, l->format, (unsigned long long)trace->order);
#pragma GCC diagnostic pop
  uint64_t now = ncl_sample_tick(sample);
  ncl_log_record record = {.time_ns = now,
                           .observed_time_ns = now,
                           .severity_number = l->severity,
                           .severity_text = ncl_sample_str(l->severity_text),
                           .flags = 1, /* sampled */
                           .trace_id = {trace->trace_id, sizeof trace->trace_id},
                           .span_id = {trace->span_ids[0], sizeof trace->span_ids[0]}};
  record.body.type = NCL_ANY_STRING;
  record.body.string = ncl_sample_str(sample->options->body != NULL ? sample->options->body : body);
  ncl_write_mark mark = ncl_write_begin(w, NCL_SCOPE_RECORD, 256 + sample->options->size);
  ncl_write_log_record(w, &record);
  ncl_write_attribute_int(w, NCL_LOG_ATTRIBUTES, ncl_sample_str("order.id"), (int64_t)trace->order);
  if (l->exception != NULL) {
    put_str(w, "exception.type", "shop.StoreError");
    put_str(w, "exception.message", l->exception);
  }
  ncl_sample_write_extras(sample, w, NCL_LOG_ATTRIBUTES);
  ncl_write_end(w, mark);
}

void ncl_sample_write_logs(ncl_sample *sample, ncl_writer *w, uint32_t items) {
  for (uint32_t i = 0; i < items; i++) {
    write_record(sample, w);
    sample->made++;
  }
}

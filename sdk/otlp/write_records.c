/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/write_records.c: spans with their events and links, log records, metrics and their points. Repeated fields
 * come last, so that more elements may follow. */

#include "write.h"

/* ---- traces and logs ------------------------------------------------------------------------------- */

static void write_status(ncl_writer *writer, const ncl_span *span) {
  ncl_write_mark mark;
  if (!span->status.ptr && !span->status_code && !span->status_message.len) return;
  mark = ncl_write_begin(writer, NCL_SPAN_STATUS, span->status_message.len + 4);
  ncl_put_str(writer, NCL_SPAN_STATUS_MESSAGE, span->status_message);
  ncl_put_enum(writer, NCL_SPAN_STATUS_CODE, span->status_code);
  ncl_write_end(writer, mark);
}

void ncl_write_span(ncl_writer *writer, const ncl_span *span) {
  ncl_put_bytes(writer, NCL_SPAN_TRACE_ID, span->trace_id);
  ncl_put_bytes(writer, NCL_SPAN_SPAN_ID, span->span_id);
  ncl_put_str(writer, NCL_SPAN_TRACE_STATE, span->trace_state);
  ncl_put_bytes(writer, NCL_SPAN_PARENT_SPAN_ID, span->parent_span_id);
  ncl_put_str(writer, NCL_SPAN_NAME, span->name);
  ncl_put_enum(writer, NCL_SPAN_KIND, span->kind);
  ncl_put_fixed64(writer, NCL_SPAN_START_TIME, span->start_time_ns);
  ncl_put_fixed64(writer, NCL_SPAN_END_TIME, span->end_time_ns);
  ncl_put_uint(writer, NCL_SPAN_DROPPED_ATTRIBUTES, span->dropped_attributes);
  ncl_put_uint(writer, NCL_SPAN_DROPPED_EVENTS, span->dropped_events);
  ncl_put_uint(writer, NCL_SPAN_DROPPED_LINKS, span->dropped_links);
  write_status(writer, span);
  ncl_put_fixed32(writer, NCL_SPAN_FLAGS, span->flags);
  ncl_write_repeated(writer, span->attributes);
  ncl_write_repeated(writer, span->events);
  ncl_write_repeated(writer, span->links);
}

void ncl_write_span_event(ncl_writer *writer, const ncl_span_event *event) {
  ncl_put_fixed64(writer, NCL_SPAN_EVENT_TIME, event->time_ns);
  ncl_put_str(writer, NCL_SPAN_EVENT_NAME, event->name);
  ncl_put_uint(writer, NCL_SPAN_EVENT_DROPPED_ATTRIBUTES, event->dropped_attributes);
  ncl_write_repeated(writer, event->attributes);
}

void ncl_write_span_link(ncl_writer *writer, const ncl_span_link *link) {
  ncl_put_bytes(writer, NCL_SPAN_LINK_TRACE_ID, link->trace_id);
  ncl_put_bytes(writer, NCL_SPAN_LINK_SPAN_ID, link->span_id);
  ncl_put_str(writer, NCL_SPAN_LINK_TRACE_STATE, link->trace_state);
  ncl_put_uint(writer, NCL_SPAN_LINK_DROPPED_ATTRIBUTES, link->dropped_attributes);
  ncl_put_fixed32(writer, NCL_SPAN_LINK_FLAGS, link->flags);
  ncl_write_repeated(writer, link->attributes);
}

void ncl_write_log_record(ncl_writer *writer, const ncl_log_record *log_record) {
  ncl_put_fixed64(writer, NCL_LOG_TIME, log_record->time_ns);
  ncl_put_enum(writer, NCL_LOG_SEVERITY_NUMBER, log_record->severity_number);
  ncl_put_str(writer, NCL_LOG_SEVERITY_TEXT, log_record->severity_text);
  if (log_record->body.type || log_record->body.body.ptr) {
    ncl_write_mark mark = ncl_write_begin(writer, NCL_LOG_BODY, log_record->body.body.len);
    ncl_write_any(writer, &log_record->body);
    ncl_write_end(writer, mark);
  }
  ncl_put_uint(writer, NCL_LOG_DROPPED_ATTRIBUTES, log_record->dropped_attributes);
  ncl_put_fixed32(writer, NCL_LOG_FLAGS, log_record->flags);
  ncl_put_bytes(writer, NCL_LOG_TRACE_ID, log_record->trace_id);
  ncl_put_bytes(writer, NCL_LOG_SPAN_ID, log_record->span_id);
  ncl_put_fixed64(writer, NCL_LOG_OBSERVED_TIME, log_record->observed_time_ns);
  ncl_put_str(writer, NCL_LOG_EVENT_NAME, log_record->event_name);
  ncl_write_repeated(writer, log_record->attributes);
}

/* ---- metrics --------------------------------------------------------------------------------------- */

static void put_metric(ncl_writer *writer, const ncl_metric_record *metric) {
  ncl_put_str(writer, NCL_METRIC_NAME, metric->name);
  ncl_put_str(writer, NCL_METRIC_DESCRIPTION, metric->description);
  ncl_put_str(writer, NCL_METRIC_UNIT, metric->unit);
  ncl_write_repeated(writer, metric->metadata);
}

ncl_write_mark ncl_write_metric_begin(ncl_writer *writer, const ncl_metric_record *metric, size_t expected_len) {
  ncl_write_mark mark;
  put_metric(writer, metric);
  mark = ncl_write_begin(writer, metric->type, expected_len);
  if (metric->type != NCL_METRIC_DATA_GAUGE && metric->type != NCL_METRIC_DATA_SUMMARY)
    ncl_put_enum(writer, NCL_DATA_TEMPORALITY, metric->temporality);
  if (metric->type == NCL_METRIC_DATA_SUM) ncl_put_uint(writer, NCL_DATA_MONOTONIC, metric->monotonic != 0);
  return mark;
}

void ncl_write_metric_record(ncl_writer *writer, const ncl_metric_record *metric) {
  ncl_write_mark mark;
  if (!metric->type) {
    put_metric(writer, metric);
    return;
  }
  mark = ncl_write_metric_begin(writer, metric, metric->body.len);
  ncl_write_repeated(writer, metric->points);
  ncl_write_end(writer, mark);
}

static void put_number(ncl_writer *writer, uint32_t type, double as_double, int64_t as_int, uint32_t double_field,
                       uint32_t int_field) {
  if (type == NCL_NUMBER_AS_DOUBLE) ncl_write_double(writer, double_field, as_double);
  if (type == NCL_NUMBER_AS_INT) ncl_write_fixed64(writer, int_field, (uint64_t)as_int);
}

void ncl_write_number_point(ncl_writer *writer, const ncl_number_point *point) {
  ncl_put_fixed64(writer, NCL_NUMBER_START_TIME, point->start_time_ns);
  ncl_put_fixed64(writer, NCL_NUMBER_TIME, point->time_ns);
  put_number(writer, point->type, point->as_double, point->as_int, NCL_NUMBER_AS_DOUBLE, NCL_NUMBER_AS_INT);
  ncl_put_uint(writer, NCL_NUMBER_FLAGS, point->flags);
  ncl_write_repeated(writer, point->exemplars);
  ncl_write_repeated(writer, point->attributes);
}

void ncl_write_histogram_point(ncl_writer *writer, const ncl_histogram_point *point) {
  ncl_put_fixed64(writer, NCL_HISTOGRAM_START_TIME, point->start_time_ns);
  ncl_put_fixed64(writer, NCL_HISTOGRAM_TIME, point->time_ns);
  ncl_put_fixed64(writer, NCL_HISTOGRAM_COUNT, point->count);
  if (point->has_sum) ncl_write_double(writer, NCL_HISTOGRAM_SUM, point->sum);
  ncl_put_uint(writer, NCL_HISTOGRAM_FLAGS, point->flags);
  if (point->has_min) ncl_write_double(writer, NCL_HISTOGRAM_MIN, point->min);
  if (point->has_max) ncl_write_double(writer, NCL_HISTOGRAM_MAX, point->max);
  ncl_write_repeated(writer, point->bucket_counts);
  ncl_write_repeated(writer, point->explicit_bounds);
  ncl_write_repeated(writer, point->exemplars);
  ncl_write_repeated(writer, point->attributes);
}

static void put_buckets(ncl_writer *writer, uint32_t field, const ncl_buckets *buckets) {
  ncl_write_mark mark;
  if (!buckets->present && !buckets->offset && !buckets->counts.at) return;
  mark = ncl_write_begin(writer, field, buckets->counts.at ? (size_t)(buckets->counts.end - buckets->counts.at) : 0);
  if (buckets->offset) ncl_write_sint64(writer, NCL_BUCKETS_OFFSET, buckets->offset);
  ncl_write_repeated(writer, buckets->counts);
  ncl_write_end(writer, mark);
}

void ncl_write_exp_histogram_point(ncl_writer *writer, const ncl_exp_histogram_point *point) {
  ncl_put_fixed64(writer, NCL_EXP_HISTOGRAM_START_TIME, point->start_time_ns);
  ncl_put_fixed64(writer, NCL_EXP_HISTOGRAM_TIME, point->time_ns);
  ncl_put_fixed64(writer, NCL_EXP_HISTOGRAM_COUNT, point->count);
  if (point->has_sum) ncl_write_double(writer, NCL_EXP_HISTOGRAM_SUM, point->sum);
  if (point->scale) ncl_write_sint64(writer, NCL_EXP_HISTOGRAM_SCALE, point->scale);
  ncl_put_fixed64(writer, NCL_EXP_HISTOGRAM_ZERO_COUNT, point->zero_count);
  put_buckets(writer, NCL_EXP_HISTOGRAM_POSITIVE, &point->positive);
  put_buckets(writer, NCL_EXP_HISTOGRAM_NEGATIVE, &point->negative);
  ncl_put_uint(writer, NCL_EXP_HISTOGRAM_FLAGS, point->flags);
  if (point->has_min) ncl_write_double(writer, NCL_EXP_HISTOGRAM_MIN, point->min);
  if (point->has_max) ncl_write_double(writer, NCL_EXP_HISTOGRAM_MAX, point->max);
  ncl_put_double(writer, NCL_EXP_HISTOGRAM_ZERO_THRESHOLD, point->zero_threshold);
  ncl_write_repeated(writer, point->exemplars);
  ncl_write_repeated(writer, point->attributes);
}

void ncl_write_summary_point(ncl_writer *writer, const ncl_summary_point *point) {
  ncl_put_fixed64(writer, NCL_SUMMARY_START_TIME, point->start_time_ns);
  ncl_put_fixed64(writer, NCL_SUMMARY_TIME, point->time_ns);
  ncl_put_fixed64(writer, NCL_SUMMARY_COUNT, point->count);
  ncl_put_double(writer, NCL_SUMMARY_SUM, point->sum);
  ncl_put_uint(writer, NCL_SUMMARY_FLAGS, point->flags);
  ncl_write_repeated(writer, point->quantiles);
  ncl_write_repeated(writer, point->attributes);
}

void ncl_write_quantile(ncl_writer *writer, const ncl_quantile *quantile) {
  ncl_put_double(writer, NCL_QUANTILE_QUANTILE, quantile->quantile);
  ncl_put_double(writer, NCL_QUANTILE_VALUE, quantile->value);
}

void ncl_write_exemplar(ncl_writer *writer, const ncl_exemplar *exemplar) {
  ncl_put_fixed64(writer, NCL_EXEMPLAR_TIME, exemplar->time_ns);
  put_number(writer, exemplar->type, exemplar->as_double, exemplar->as_int, NCL_EXEMPLAR_AS_DOUBLE,
             NCL_EXEMPLAR_AS_INT);
  ncl_put_bytes(writer, NCL_EXEMPLAR_SPAN_ID, exemplar->span_id);
  ncl_put_bytes(writer, NCL_EXEMPLAR_TRACE_ID, exemplar->trace_id);
  ncl_write_repeated(writer, exemplar->attributes);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/otlp/rewrite.c: a request read field by field with otlp_read.h and written again with otlp_write.h. */

#include "rewrite.h"

#include <stdlib.h>

static void rewrite_any(ncl_writer *w, ncl_any *any);

static void rewrite_attributes(ncl_writer *w, uint32_t field, ncl_repeated attributes) {
  ncl_attribute attribute;
  while (ncl_attributes_next(&attributes, &attribute)) {
    ncl_write_mark mark = ncl_write_begin(w, field, 0);
    if (attribute.key.len) ncl_write_str(w, NCL_KEY_VALUE_KEY, attribute.key);
    if (attribute.value.body.ptr) {
      ncl_write_mark value = ncl_write_begin(w, NCL_KEY_VALUE_VALUE, 0);
      rewrite_any(w, &attribute.value);
      ncl_write_end(w, value);
    }
    ncl_write_end(w, mark);
  }
}

static void rewrite_any(ncl_writer *w, ncl_any *any) {
  if (any->type == NCL_ANY_ARRAY) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_ANY_ARRAY, 0);
    ncl_any value;
    while (ncl_any_values_next(&any->list, &value)) {
      ncl_write_mark each = ncl_write_begin(w, NCL_ARRAY_VALUES, 0);
      rewrite_any(w, &value);
      ncl_write_end(w, each);
    }
    ncl_write_end(w, mark);
  } else if (any->type == NCL_ANY_KVLIST) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_ANY_KVLIST, 0);
    rewrite_attributes(w, NCL_KVLIST_VALUES, any->list);
    ncl_write_end(w, mark);
  } else {
    ncl_write_any(w, any);
  }
}

/* Takes a repeated field out of a struct, so that the struct's writer leaves it to us. */
static ncl_repeated take(ncl_repeated *repeated) {
  ncl_repeated taken = *repeated;
  memset(repeated, 0, sizeof *repeated);
  return taken;
}

static uint32_t rewrite_resource(ncl_writer *w, ncl_range body) {
  ncl_resource resource;
  ncl_repeated attributes;
  ncl_repeated entities;
  ncl_range each;
  if (!ncl_resource_read(body, &resource)) return 0;
  attributes = take(&resource.attributes);
  entities = take(&resource.entity_refs);
  ncl_write_resource(w, &resource);
  rewrite_attributes(w, NCL_RESOURCE_ATTRIBUTES, attributes);
  while (ncl_repeated_next(&entities, &each)) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_RESOURCE_ENTITY_REFS, 0);
    ncl_entity_ref entity;
    if (!ncl_entity_ref_read(each, &entity)) return 0;
    ncl_write_entity_ref(w, &entity);
    ncl_write_end(w, mark);
  }
  return 1;
}

static uint32_t rewrite_scope(ncl_writer *w, ncl_range body) {
  ncl_instrumentation_scope scope;
  ncl_repeated attributes;
  if (!ncl_instrumentation_scope_read(body, &scope)) return 0;
  attributes = take(&scope.attributes);
  ncl_write_instrumentation_scope(w, &scope);
  rewrite_attributes(w, NCL_INSTRUMENTATION_SCOPE_ATTRIBUTES, attributes);
  return 1;
}

/* ---- traces and logs ------------------------------------------------------------------------------- */

static uint32_t rewrite_events(ncl_writer *w, ncl_repeated events) {
  ncl_range each;
  while (ncl_repeated_next(&events, &each)) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_SPAN_EVENTS, 0);
    ncl_span_event event;
    ncl_repeated attributes;
    if (!ncl_span_event_read(each, &event)) return 0;
    attributes = take(&event.attributes);
    ncl_write_span_event(w, &event);
    rewrite_attributes(w, NCL_SPAN_EVENT_ATTRIBUTES, attributes);
    ncl_write_end(w, mark);
  }
  return 1;
}

static uint32_t rewrite_links(ncl_writer *w, ncl_repeated links) {
  ncl_range each;
  while (ncl_repeated_next(&links, &each)) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_SPAN_LINKS, 0);
    ncl_span_link link;
    ncl_repeated attributes;
    if (!ncl_span_link_read(each, &link)) return 0;
    attributes = take(&link.attributes);
    ncl_write_span_link(w, &link);
    rewrite_attributes(w, NCL_SPAN_LINK_ATTRIBUTES, attributes);
    ncl_write_end(w, mark);
  }
  return 1;
}

static uint32_t rewrite_span(ncl_writer *w, ncl_range body) {
  ncl_span span;
  ncl_repeated attributes;
  ncl_repeated events;
  ncl_repeated links;
  if (!ncl_span_read(body, &span)) return 0;
  attributes = take(&span.attributes);
  events = take(&span.events);
  links = take(&span.links);
  ncl_write_span(w, &span);
  rewrite_attributes(w, NCL_SPAN_ATTRIBUTES, attributes);
  return rewrite_events(w, events) && rewrite_links(w, links);
}

static uint32_t rewrite_log(ncl_writer *w, ncl_range body) {
  ncl_log_record record;
  ncl_repeated attributes;
  ncl_any value;
  if (!ncl_log_record_read(body, &record)) return 0;
  attributes = take(&record.attributes);
  value = record.body;
  memset(&record.body, 0, sizeof record.body);
  ncl_write_log_record(w, &record);
  if (value.body.ptr) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_LOG_BODY, 0);
    rewrite_any(w, &value);
    ncl_write_end(w, mark);
  }
  rewrite_attributes(w, NCL_LOG_ATTRIBUTES, attributes);
  return 1;
}

/* ---- metrics --------------------------------------------------------------------------------------- */

static void rewrite_exemplars(ncl_writer *w, uint32_t field, ncl_repeated exemplars) {
  ncl_exemplar exemplar;
  while (ncl_exemplars_next(&exemplars, &exemplar)) {
    ncl_write_mark mark = ncl_write_begin(w, field, 0);
    ncl_repeated attributes = take(&exemplar.attributes);
    ncl_write_exemplar(w, &exemplar);
    rewrite_attributes(w, NCL_EXEMPLAR_ATTRIBUTES, attributes);
    ncl_write_end(w, mark);
  }
}

static uint32_t rewrite_number(ncl_writer *w, ncl_range body) {
  ncl_number_point point;
  ncl_repeated attributes;
  ncl_repeated exemplars;
  if (!ncl_number_point_read(body, &point)) return 0;
  attributes = take(&point.attributes);
  exemplars = take(&point.exemplars);
  ncl_write_number_point(w, &point);
  rewrite_exemplars(w, NCL_NUMBER_EXEMPLARS, exemplars);
  rewrite_attributes(w, NCL_NUMBER_ATTRIBUTES, attributes);
  return 1;
}

/* Numbers of a repeated field in an array from malloc, as bits. */
static uint64_t *numbers_of(ncl_repeated repeated, uint32_t varints, size_t *count) {
  ncl_numbers numbers = ncl_numbers_of(repeated);
  uint64_t *values = NULL;
  uint64_t value;
  *count = 0;
  while (varints ? ncl_numbers_next_uint64(&numbers, &value) : ncl_numbers_next_fixed64(&numbers, &value)) {
    values = realloc(values, (*count + 1) * sizeof *values);
    if (!values) abort();
    values[(*count)++] = value;
  }
  return values;
}

static uint32_t rewrite_histogram(ncl_writer *w, ncl_range body) {
  ncl_histogram_point point;
  ncl_repeated attributes;
  ncl_repeated exemplars;
  uint64_t *values;
  size_t count;
  if (!ncl_histogram_point_read(body, &point)) return 0;
  attributes = take(&point.attributes);
  exemplars = take(&point.exemplars);
  values = numbers_of(take(&point.bucket_counts), 0, &count);
  ncl_write_packed_fixed64(w, NCL_HISTOGRAM_BUCKET_COUNTS, values, count);
  free(values);
  values = numbers_of(take(&point.explicit_bounds), 0, &count);
  ncl_write_packed_double(w, NCL_HISTOGRAM_EXPLICIT_BOUNDS, (const double *)(void *)values, count);
  free(values);
  ncl_write_histogram_point(w, &point);
  rewrite_exemplars(w, NCL_HISTOGRAM_EXEMPLARS, exemplars);
  rewrite_attributes(w, NCL_HISTOGRAM_ATTRIBUTES, attributes);
  return 1;
}

static void rewrite_buckets(ncl_writer *w, uint32_t field, ncl_buckets *buckets) {
  size_t count;
  uint64_t *values = numbers_of(buckets->counts, 1, &count);
  if (buckets->present) {
    ncl_write_mark mark = ncl_write_begin(w, field, 0);
    if (buckets->offset) ncl_write_sint64(w, NCL_BUCKETS_OFFSET, buckets->offset);
    ncl_write_packed_uint64(w, NCL_BUCKETS_COUNTS, values, count);
    ncl_write_end(w, mark);
  }
  memset(buckets, 0, sizeof *buckets);
  free(values);
}

static uint32_t rewrite_exp_histogram(ncl_writer *w, ncl_range body) {
  ncl_exp_histogram_point point;
  ncl_repeated attributes;
  ncl_repeated exemplars;
  if (!ncl_exp_histogram_point_read(body, &point)) return 0;
  attributes = take(&point.attributes);
  exemplars = take(&point.exemplars);
  rewrite_buckets(w, NCL_EXP_HISTOGRAM_POSITIVE, &point.positive);
  rewrite_buckets(w, NCL_EXP_HISTOGRAM_NEGATIVE, &point.negative);
  ncl_write_exp_histogram_point(w, &point);
  rewrite_exemplars(w, NCL_EXP_HISTOGRAM_EXEMPLARS, exemplars);
  rewrite_attributes(w, NCL_EXP_HISTOGRAM_ATTRIBUTES, attributes);
  return 1;
}

static uint32_t rewrite_summary(ncl_writer *w, ncl_range body) {
  ncl_summary_point point;
  ncl_repeated attributes;
  ncl_repeated quantiles;
  ncl_quantile quantile;
  if (!ncl_summary_point_read(body, &point)) return 0;
  attributes = take(&point.attributes);
  quantiles = take(&point.quantiles);
  ncl_write_summary_point(w, &point);
  while (ncl_quantiles_next(&quantiles, &quantile)) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_SUMMARY_QUANTILES, 0);
    ncl_write_quantile(w, &quantile);
    ncl_write_end(w, mark);
  }
  rewrite_attributes(w, NCL_SUMMARY_ATTRIBUTES, attributes);
  return 1;
}

static uint32_t rewrite_point(ncl_writer *w, uint32_t type, ncl_range body) {
  switch (type) {
    case NCL_METRIC_DATA_HISTOGRAM:
      return rewrite_histogram(w, body);
    case NCL_METRIC_DATA_EXP_HISTOGRAM:
      return rewrite_exp_histogram(w, body);
    case NCL_METRIC_DATA_SUMMARY:
      return rewrite_summary(w, body);
    default:
      return rewrite_number(w, body);
  }
}

static uint32_t rewrite_metric(ncl_writer *w, ncl_range body) {
  ncl_metric_record metric;
  ncl_repeated points;
  ncl_repeated metadata;
  ncl_range each;
  ncl_write_mark data;
  if (!ncl_metric_record_read(body, &metric)) return 0;
  points = take(&metric.points);
  metadata = take(&metric.metadata);
  rewrite_attributes(w, NCL_METRIC_METADATA, metadata);
  if (!metric.type) {
    ncl_write_metric_record(w, &metric);
    return 1;
  }
  data = ncl_write_metric_begin(w, &metric, 0);
  while (ncl_repeated_next(&points, &each)) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_DATA_POINTS, 0);
    if (!rewrite_point(w, metric.type, each)) return 0;
    ncl_write_end(w, mark);
  }
  ncl_write_end(w, data);
  return 1;
}

/* ---- batches --------------------------------------------------------------------------------------- */

static uint32_t rewrite_record(ncl_writer *w, uint32_t signal, ncl_range body) {
  if (signal == NCL_SIGNAL_TRACES) return rewrite_span(w, body);
  return signal == NCL_SIGNAL_LOGS ? rewrite_log(w, body) : rewrite_metric(w, body);
}

static uint32_t rewrite_scope_records(ncl_writer *w, const ncl_batch *batch, const ncl_scope *scope) {
  uint32_t i;
  if (scope->scope.ptr) {
    ncl_write_mark mark = ncl_write_begin(w, NCL_SCOPE_SCOPE, 0);
    if (!rewrite_scope(w, scope->scope)) return 0;
    ncl_write_end(w, mark);
  }
  for (i = 0; i < scope->record_count; i++) {
    const ncl_record *record = ncl_batch_record(batch, scope->first_record + i);
    ncl_range body = {record->ptr, record->len};
    ncl_write_mark mark = ncl_write_begin(w, NCL_SCOPE_RECORD, 0);
    if (!rewrite_record(w, batch->signal, body)) return 0;
    ncl_write_end(w, mark);
  }
  if (scope->schema_url.len) ncl_write_bytes(w, NCL_SCOPE_SCHEMA_URL, scope->schema_url);
  return 1;
}

uint32_t rewrite_batch(const ncl_batch *batch, ncl_writer *w) {
  uint32_t g;
  uint32_t s;
  for (g = 0; g < batch->groups.count; g++) {
    const ncl_group *group = ncl_batch_group(batch, g);
    ncl_write_mark mark = ncl_write_begin(w, NCL_REQUEST_GROUP, 0);
    if (group->resource.ptr) {
      ncl_write_mark resource = ncl_write_begin(w, NCL_GROUP_RESOURCE, 0);
      if (!rewrite_resource(w, group->resource)) return 0;
      ncl_write_end(w, resource);
    }
    for (s = 0; s < group->scope_count; s++) {
      ncl_write_mark scope = ncl_write_begin(w, NCL_GROUP_SCOPE, 0);
      if (!rewrite_scope_records(w, batch, ncl_batch_scope(batch, group->first_scope + s))) return 0;
      ncl_write_end(w, scope);
    }
    if (group->schema_url.len) ncl_write_bytes(w, NCL_GROUP_SCHEMA_URL, group->schema_url);
    ncl_write_end(w, mark);
  }
  return w->status == NCL_OK;
}

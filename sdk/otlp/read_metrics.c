/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/read_metrics.c: metrics, the points of all five kinds, exemplars. */

#include "wire.h"

/* ---- metrics --------------------------------------------------------------------------------------- */

/* Gauge, Sum, Histogram, ...: what they share has the same numbers in all of them. */
static uint32_t take_data(ncl_cursor *cursor, uint32_t type, ncl_metric_record *out) {
  ncl_cursor data;
  if (!ncl_take_bytes(cursor, &out->body)) return 0;
  out->type = type;
  out->temporality = 0;
  out->monotonic = 0;
  memset(&out->points, 0, sizeof out->points);
  data = ncl_cursor_of(out->body);
  while (data.at < data.end) {
    const uint8_t *start = data.at;
    uint32_t tag;
    uint32_t ok;
    if (!ncl_take_tag(&data, &tag)) return 0;
    if (tag == NCL_TAG_LEN(NCL_DATA_POINTS))
      ok = ncl_take_element(&data, start, NCL_DATA_POINTS, &out->points);
    else if (tag == NCL_TAG(NCL_DATA_TEMPORALITY, NCL_WIRE_VARINT) && type != NCL_METRIC_DATA_GAUGE &&
             type != NCL_METRIC_DATA_SUMMARY)
      ok = ncl_take_uint32(&data, &out->temporality);
    else if (tag == NCL_TAG(NCL_DATA_MONOTONIC, NCL_WIRE_VARINT) && type == NCL_METRIC_DATA_SUM)
      ok = ncl_take_bool(&data, &out->monotonic);
    else
      ok = ncl_skip_value(&data, tag);
    if (!ok) return 0;
  }
  return 1;
}

uint32_t ncl_metric_record_read(ncl_range metric, ncl_metric_record *out) {
  ncl_cursor cursor = ncl_cursor_of(metric);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    uint32_t ok;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    switch (tag) {
      case NCL_TAG_LEN(NCL_METRIC_NAME):
        ok = ncl_take_str(&cursor, &out->name);
        break;
      case NCL_TAG_LEN(NCL_METRIC_DESCRIPTION):
        ok = ncl_take_str(&cursor, &out->description);
        break;
      case NCL_TAG_LEN(NCL_METRIC_UNIT):
        ok = ncl_take_str(&cursor, &out->unit);
        break;
      case NCL_TAG_LEN(NCL_METRIC_DATA_GAUGE):
      case NCL_TAG_LEN(NCL_METRIC_DATA_SUM):
      case NCL_TAG_LEN(NCL_METRIC_DATA_HISTOGRAM):
      case NCL_TAG_LEN(NCL_METRIC_DATA_EXP_HISTOGRAM):
      case NCL_TAG_LEN(NCL_METRIC_DATA_SUMMARY):
        ok = take_data(&cursor, tag >> 3, out);
        break;
      case NCL_TAG_LEN(NCL_METRIC_METADATA):
        ok = ncl_take_element(&cursor, start, NCL_METRIC_METADATA, &out->metadata);
        break;
      default:
        ok = ncl_skip_value(&cursor, tag);
        break;
    }
    if (!ok) return 0;
  }
  return 1;
}

/* ---- points ---------------------------------------------------------------------------------------- */

static uint32_t take_as_double(ncl_cursor *cursor, uint32_t *type, double *value) {
  *type = NCL_NUMBER_AS_DOUBLE;
  return ncl_take_double(cursor, value);
}

static uint32_t take_as_int(ncl_cursor *cursor, uint32_t *type, int64_t *value) {
  uint64_t bits;
  if (!ncl_take_fixed64(cursor, &bits)) return 0;
  *type = NCL_NUMBER_AS_INT;
  *value = (int64_t)bits;
  return 1;
}

static uint32_t take_present_double(ncl_cursor *cursor, uint32_t *has, double *value) {
  *has = 1;
  return ncl_take_double(cursor, value);
}

static uint32_t take_number_field(ncl_cursor *cursor, const uint8_t *start, uint32_t tag, ncl_number_point *out) {
  switch (tag) {
    case NCL_TAG(NCL_NUMBER_START_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->start_time_ns);
    case NCL_TAG(NCL_NUMBER_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->time_ns);
    case NCL_TAG(NCL_NUMBER_AS_DOUBLE, NCL_WIRE_FIXED64):
      return take_as_double(cursor, &out->type, &out->as_double);
    case NCL_TAG(NCL_NUMBER_AS_INT, NCL_WIRE_FIXED64):
      return take_as_int(cursor, &out->type, &out->as_int);
    case NCL_TAG_LEN(NCL_NUMBER_EXEMPLARS):
      return ncl_take_element(cursor, start, NCL_NUMBER_EXEMPLARS, &out->exemplars);
    case NCL_TAG_LEN(NCL_NUMBER_ATTRIBUTES):
      return ncl_take_element(cursor, start, NCL_NUMBER_ATTRIBUTES, &out->attributes);
    case NCL_TAG(NCL_NUMBER_FLAGS, NCL_WIRE_VARINT):
      return ncl_take_uint32(cursor, &out->flags);
    default:
      return ncl_skip_value(cursor, tag);
  }
}

uint32_t ncl_number_point_read(ncl_range point, ncl_number_point *out) {
  ncl_cursor cursor = ncl_cursor_of(point);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag) || !take_number_field(&cursor, start, tag, out)) return 0;
  }
  return 1;
}

static uint32_t take_histogram_field(ncl_cursor *cursor, const uint8_t *start, uint32_t tag, ncl_histogram_point *out) {
  switch (tag) {
    case NCL_TAG(NCL_HISTOGRAM_START_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->start_time_ns);
    case NCL_TAG(NCL_HISTOGRAM_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->time_ns);
    case NCL_TAG(NCL_HISTOGRAM_COUNT, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->count);
    case NCL_TAG(NCL_HISTOGRAM_SUM, NCL_WIRE_FIXED64):
      return take_present_double(cursor, &out->has_sum, &out->sum);
    case NCL_TAG_LEN(NCL_HISTOGRAM_BUCKET_COUNTS):
      return ncl_take_element(cursor, start, NCL_HISTOGRAM_BUCKET_COUNTS, &out->bucket_counts);
    case NCL_TAG(NCL_HISTOGRAM_BUCKET_COUNTS, NCL_WIRE_FIXED64):
      return ncl_take_unpacked(cursor, start, tag, &out->bucket_counts);
    case NCL_TAG_LEN(NCL_HISTOGRAM_EXPLICIT_BOUNDS):
      return ncl_take_element(cursor, start, NCL_HISTOGRAM_EXPLICIT_BOUNDS, &out->explicit_bounds);
    case NCL_TAG(NCL_HISTOGRAM_EXPLICIT_BOUNDS, NCL_WIRE_FIXED64):
      return ncl_take_unpacked(cursor, start, tag, &out->explicit_bounds);
    case NCL_TAG_LEN(NCL_HISTOGRAM_EXEMPLARS):
      return ncl_take_element(cursor, start, NCL_HISTOGRAM_EXEMPLARS, &out->exemplars);
    case NCL_TAG_LEN(NCL_HISTOGRAM_ATTRIBUTES):
      return ncl_take_element(cursor, start, NCL_HISTOGRAM_ATTRIBUTES, &out->attributes);
    case NCL_TAG(NCL_HISTOGRAM_FLAGS, NCL_WIRE_VARINT):
      return ncl_take_uint32(cursor, &out->flags);
    case NCL_TAG(NCL_HISTOGRAM_MIN, NCL_WIRE_FIXED64):
      return take_present_double(cursor, &out->has_min, &out->min);
    case NCL_TAG(NCL_HISTOGRAM_MAX, NCL_WIRE_FIXED64):
      return take_present_double(cursor, &out->has_max, &out->max);
    default:
      return ncl_skip_value(cursor, tag);
  }
}

uint32_t ncl_histogram_point_read(ncl_range point, ncl_histogram_point *out) {
  ncl_cursor cursor = ncl_cursor_of(point);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag) || !take_histogram_field(&cursor, start, tag, out)) return 0;
  }
  return 1;
}

static uint32_t take_buckets(ncl_cursor *cursor, ncl_buckets *out) {
  ncl_range body;
  ncl_cursor buckets;
  if (!ncl_take_bytes(cursor, &body)) return 0;
  memset(out, 0, sizeof *out);
  out->present = 1;
  buckets = ncl_cursor_of(body);
  while (buckets.at < buckets.end) {
    const uint8_t *start = buckets.at;
    uint32_t tag;
    uint32_t ok;
    if (!ncl_take_tag(&buckets, &tag)) return 0;
    switch (tag) {
      case NCL_TAG(NCL_BUCKETS_OFFSET, NCL_WIRE_VARINT):
        ok = ncl_take_sint32(&buckets, &out->offset);
        break;
      case NCL_TAG_LEN(NCL_BUCKETS_COUNTS):
        ok = ncl_take_element(&buckets, start, NCL_BUCKETS_COUNTS, &out->counts);
        break;
      case NCL_TAG(NCL_BUCKETS_COUNTS, NCL_WIRE_VARINT):
        ok = ncl_take_unpacked(&buckets, start, tag, &out->counts);
        break;
      default:
        ok = ncl_skip_value(&buckets, tag);
        break;
    }
    if (!ok) return 0;
  }
  return 1;
}

static uint32_t take_exp_histogram_field(ncl_cursor *cursor, const uint8_t *start, uint32_t tag,
                                         ncl_exp_histogram_point *out) {
  switch (tag) {
    case NCL_TAG_LEN(NCL_EXP_HISTOGRAM_ATTRIBUTES):
      return ncl_take_element(cursor, start, NCL_EXP_HISTOGRAM_ATTRIBUTES, &out->attributes);
    case NCL_TAG(NCL_EXP_HISTOGRAM_START_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->start_time_ns);
    case NCL_TAG(NCL_EXP_HISTOGRAM_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->time_ns);
    case NCL_TAG(NCL_EXP_HISTOGRAM_COUNT, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->count);
    case NCL_TAG(NCL_EXP_HISTOGRAM_SUM, NCL_WIRE_FIXED64):
      return take_present_double(cursor, &out->has_sum, &out->sum);
    case NCL_TAG(NCL_EXP_HISTOGRAM_SCALE, NCL_WIRE_VARINT):
      return ncl_take_sint32(cursor, &out->scale);
    case NCL_TAG(NCL_EXP_HISTOGRAM_ZERO_COUNT, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->zero_count);
    case NCL_TAG_LEN(NCL_EXP_HISTOGRAM_POSITIVE):
      return take_buckets(cursor, &out->positive);
    case NCL_TAG_LEN(NCL_EXP_HISTOGRAM_NEGATIVE):
      return take_buckets(cursor, &out->negative);
    case NCL_TAG(NCL_EXP_HISTOGRAM_FLAGS, NCL_WIRE_VARINT):
      return ncl_take_uint32(cursor, &out->flags);
    case NCL_TAG_LEN(NCL_EXP_HISTOGRAM_EXEMPLARS):
      return ncl_take_element(cursor, start, NCL_EXP_HISTOGRAM_EXEMPLARS, &out->exemplars);
    case NCL_TAG(NCL_EXP_HISTOGRAM_MIN, NCL_WIRE_FIXED64):
      return take_present_double(cursor, &out->has_min, &out->min);
    case NCL_TAG(NCL_EXP_HISTOGRAM_MAX, NCL_WIRE_FIXED64):
      return take_present_double(cursor, &out->has_max, &out->max);
    case NCL_TAG(NCL_EXP_HISTOGRAM_ZERO_THRESHOLD, NCL_WIRE_FIXED64):
      return ncl_take_double(cursor, &out->zero_threshold);
    default:
      return ncl_skip_value(cursor, tag);
  }
}

uint32_t ncl_exp_histogram_point_read(ncl_range point, ncl_exp_histogram_point *out) {
  ncl_cursor cursor = ncl_cursor_of(point);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag) || !take_exp_histogram_field(&cursor, start, tag, out)) return 0;
  }
  return 1;
}

static uint32_t take_summary_field(ncl_cursor *cursor, const uint8_t *start, uint32_t tag, ncl_summary_point *out) {
  switch (tag) {
    case NCL_TAG(NCL_SUMMARY_START_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->start_time_ns);
    case NCL_TAG(NCL_SUMMARY_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->time_ns);
    case NCL_TAG(NCL_SUMMARY_COUNT, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->count);
    case NCL_TAG(NCL_SUMMARY_SUM, NCL_WIRE_FIXED64):
      return ncl_take_double(cursor, &out->sum);
    case NCL_TAG_LEN(NCL_SUMMARY_QUANTILES):
      return ncl_take_element(cursor, start, NCL_SUMMARY_QUANTILES, &out->quantiles);
    case NCL_TAG_LEN(NCL_SUMMARY_ATTRIBUTES):
      return ncl_take_element(cursor, start, NCL_SUMMARY_ATTRIBUTES, &out->attributes);
    case NCL_TAG(NCL_SUMMARY_FLAGS, NCL_WIRE_VARINT):
      return ncl_take_uint32(cursor, &out->flags);
    default:
      return ncl_skip_value(cursor, tag);
  }
}

uint32_t ncl_summary_point_read(ncl_range point, ncl_summary_point *out) {
  ncl_cursor cursor = ncl_cursor_of(point);
  memset(out, 0, sizeof *out);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag) || !take_summary_field(&cursor, start, tag, out)) return 0;
  }
  return 1;
}

/* ---- in points ------------------------------------------------------------------------------------- */

uint32_t ncl_quantiles_next(ncl_repeated *quantiles, ncl_quantile *out) {
  ncl_range body;
  ncl_wire_fields fields;
  ncl_wire_field field;
  memset(out, 0, sizeof *out);
  if (!ncl_repeated_next(quantiles, &body)) return 0;
  fields = ncl_wire_fields_of(body);
  while (ncl_wire_fields_next(&fields, &field)) {
    if (field.type != NCL_WIRE_FIXED64) continue;
    if (field.number == NCL_QUANTILE_QUANTILE) memcpy(&out->quantile, &field.value, sizeof out->quantile);
    if (field.number == NCL_QUANTILE_VALUE) memcpy(&out->value, &field.value, sizeof out->value);
  }
  return 1;
}

static uint32_t take_exemplar_field(ncl_cursor *cursor, const uint8_t *start, uint32_t tag, ncl_exemplar *out) {
  switch (tag) {
    case NCL_TAG(NCL_EXEMPLAR_TIME, NCL_WIRE_FIXED64):
      return ncl_take_fixed64(cursor, &out->time_ns);
    case NCL_TAG(NCL_EXEMPLAR_AS_DOUBLE, NCL_WIRE_FIXED64):
      return take_as_double(cursor, &out->type, &out->as_double);
    case NCL_TAG(NCL_EXEMPLAR_AS_INT, NCL_WIRE_FIXED64):
      return take_as_int(cursor, &out->type, &out->as_int);
    case NCL_TAG_LEN(NCL_EXEMPLAR_SPAN_ID):
      return ncl_take_bytes(cursor, &out->span_id);
    case NCL_TAG_LEN(NCL_EXEMPLAR_TRACE_ID):
      return ncl_take_bytes(cursor, &out->trace_id);
    case NCL_TAG_LEN(NCL_EXEMPLAR_ATTRIBUTES):
      return ncl_take_element(cursor, start, NCL_EXEMPLAR_ATTRIBUTES, &out->attributes);
    default:
      return ncl_skip_value(cursor, tag);
  }
}

uint32_t ncl_exemplars_next(ncl_repeated *exemplars, ncl_exemplar *out) {
  ncl_range body;
  ncl_cursor cursor;
  memset(out, 0, sizeof *out);
  if (!ncl_repeated_next(exemplars, &body)) return 0;
  cursor = ncl_cursor_of(body);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    if (!ncl_take_tag(&cursor, &tag) || !take_exemplar_field(&cursor, start, tag, out)) break;
  }
  return 1;
}

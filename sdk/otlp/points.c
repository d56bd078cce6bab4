/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/points.c: a metric around some of its data points. */

#include "points.h"

#include "envelope.h"
#include "wire.h"

uint32_t ncl_point_attributes(uint32_t data_number) {
  switch (data_number) {
    case NCL_METRIC_DATA_GAUGE:
    case NCL_METRIC_DATA_SUM:
      return NCL_NUMBER_ATTRIBUTES;
    case NCL_METRIC_DATA_HISTOGRAM:
      return NCL_HISTOGRAM_ATTRIBUTES;
    case NCL_METRIC_DATA_EXP_HISTOGRAM:
      return NCL_EXP_HISTOGRAM_ATTRIBUTES;
    case NCL_METRIC_DATA_SUMMARY:
      return NCL_SUMMARY_ATTRIBUTES;
    default:
      return 0;
  }
}

static uint32_t is_data(const ncl_wire_field *field) {
  return field->type == NCL_WIRE_LEN && ncl_point_attributes(field->number) != 0;
}

uint32_t ncl_metric_frame_read(ncl_range metric, ncl_metric_frame *frame) {
  ncl_wire_fields fields = ncl_wire_fields_of(metric);
  ncl_wire_field field;
  memset(frame, 0, sizeof *frame);
  frame->before = metric;
  while (ncl_wire_fields_next(&fields, &field)) {
    if (!is_data(&field)) continue;
    frame->data_number = field.number;
    frame->data = field.body;
    frame->before.len = (size_t)(field.tag - metric.ptr);
    frame->after.ptr = fields.at;
    frame->after.len = (size_t)(fields.end - fields.at);
  }
  if (frame->data.len) {
    frame->points.at = frame->data.ptr;
    frame->points.end = frame->data.ptr + frame->data.len;
  }
  frame->points.number = NCL_DATA_POINTS;
  return !fields.malformed;
}

uint64_t ncl_metric_frame_len(const ncl_metric_frame *frame, uint64_t data_len) {
  uint64_t around = frame->before.len + frame->after.len;
  return frame->data_number ? around + ncl_field_len(data_len) : around;
}

uint64_t ncl_points_len(ncl_repeated points) {
  uint64_t len = 0;
  ncl_range point;
  while (ncl_repeated_next(&points, &point))
    len += ncl_field_len(point.len);
  return len;
}

ncl_write_mark ncl_metric_frame_begin(ncl_writer *writer, const ncl_metric_frame *frame) {
  ncl_wire_fields fields = ncl_wire_fields_of(frame->data);
  ncl_wire_field field;
  ncl_write_mark mark;
  ncl_write_raw(writer, frame->before.ptr, frame->before.len);
  mark = ncl_write_begin(writer, frame->data_number, frame->data.len);
  while (ncl_wire_fields_next(&fields, &field)) {
    if (field.number == NCL_DATA_POINTS && field.type == NCL_WIRE_LEN) continue;
    ncl_write_raw(writer, field.tag, (size_t)(fields.at - field.tag));
  }
  return mark;
}

void ncl_metric_frame_end(ncl_writer *writer, const ncl_metric_frame *frame, ncl_write_mark mark) {
  ncl_write_end(writer, mark);
  ncl_write_raw(writer, frame->after.ptr, frame->after.len);
}

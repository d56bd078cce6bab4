/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/points.h: a metric around some of its data points. */
#ifndef NACELLE_SDK_OTLP_POINTS_H
#define NACELLE_SDK_OTLP_POINTS_H

#include <nacelle/otlp_edit.h>

/* A metric taken apart: what is around its points, so that it can be written around others. */
typedef struct ncl_metric_frame {
  ncl_range before;     /* fields of the metric before its data */
  ncl_range after;      /* fields behind it */
  uint32_t data_number; /* NCL_METRIC_DATA_*; 0 = the metric has no data */
  ncl_range data;       /* body of the data */
  ncl_repeated points;  /* to be walked; they are not counted */
} ncl_metric_frame;

/* 0 = malformed. */
uint32_t ncl_metric_frame_read(ncl_range metric, ncl_metric_frame *frame);

/* Bytes of a metric with this frame around data with a body of `data_len` bytes. */
uint64_t ncl_metric_frame_len(const ncl_metric_frame *frame, uint64_t data_len);

/* Bytes of these points with their headers. */
uint64_t ncl_points_len(ncl_repeated points);

/* Writes the frame as far as the data, and all fields of the data that are not points; then come points, then end. */
ncl_write_mark ncl_metric_frame_begin(ncl_writer *writer, const ncl_metric_frame *frame);
void ncl_metric_frame_end(ncl_writer *writer, const ncl_metric_frame *frame, ncl_write_mark mark);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* core/pdata/check_metrics.c: the fast validators of a metric and its data points, which they count. */
#include "core/pdata/check_value.h"

static uint32_t check_number_point(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(7):
        ptr = ncl_check_past_attribute(ptr, end, &text);
        break;
      case NCL_TAG_FIXED64(2):
      case NCL_TAG_FIXED64(3):
      case NCL_TAG_FIXED64(4):
      case NCL_TAG_FIXED64(6):
        ptr += 9;
        break;
      case NCL_TAG_VARINT(8):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      default:
        ptr = ncl_check_field(&ncl_message_number_point, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

static const uint8_t *past_packed_fixed64(const uint8_t *ptr, const uint8_t *end) {
  const uint8_t *next;
  const uint8_t *body = ncl_check_body(ptr, end, &next);
  return body && (next - body) % 8 == 0 ? next : NCL_CHECK_BAD(end);
}

static uint32_t check_histogram_point(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(9):
        ptr = ncl_check_past_attribute(ptr, end, &text);
        break;
      case NCL_TAG_FIXED64(2):
      case NCL_TAG_FIXED64(3):
      case NCL_TAG_FIXED64(4):
      case NCL_TAG_FIXED64(5):
      case NCL_TAG_FIXED64(6):
      case NCL_TAG_FIXED64(7):
      case NCL_TAG_FIXED64(11):
      case NCL_TAG_FIXED64(12):
        ptr += 9;
        break;
      case NCL_TAG_BYTES(6):
      case NCL_TAG_BYTES(7):
        ptr = past_packed_fixed64(ptr, end);
        break;
      case NCL_TAG_VARINT(10):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      default:
        ptr = ncl_check_field(&ncl_message_histogram_point, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

static const uint8_t *past_packed_varints(const uint8_t *ptr, const uint8_t *end) {
  const uint8_t *next;
  const uint8_t *body = ncl_check_body(ptr, end, &next);
  if (!body) return NCL_CHECK_BAD(end);
  while (body < next) {
    uint64_t ignored;
    body = ncl_wire_varint(body, &ignored);
    if (!body) return NCL_CHECK_BAD(end);
  }
  return body == next ? next : NCL_CHECK_BAD(end);
}

static uint32_t check_buckets(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_VARINT(1):
      case NCL_TAG_VARINT(2):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      case NCL_TAG_BYTES(2):
        ptr = past_packed_varints(ptr, end);
        break;
      default:
        ptr = ncl_check_field(&ncl_message_buckets, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

static uint32_t check_exponential_point(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(1):
        ptr = ncl_check_past_attribute(ptr, end, &text);
        break;
      case NCL_TAG_FIXED64(2):
      case NCL_TAG_FIXED64(3):
      case NCL_TAG_FIXED64(4):
      case NCL_TAG_FIXED64(5):
      case NCL_TAG_FIXED64(7):
      case NCL_TAG_FIXED64(12):
      case NCL_TAG_FIXED64(13):
      case NCL_TAG_FIXED64(14):
        ptr += 9;
        break;
      case NCL_TAG_VARINT(6):
      case NCL_TAG_VARINT(10):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      case NCL_TAG_BYTES(8):
      case NCL_TAG_BYTES(9):
        ptr = ncl_check_past_message(ptr, end, check_buckets, &text);
        break;
      default:
        ptr = ncl_check_field(&ncl_message_exponential_histogram_point, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

static uint32_t check_quantile(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    if (*ptr == NCL_TAG_FIXED64(1) || *ptr == NCL_TAG_FIXED64(2)) {
      ptr += 9;
    } else {
      ptr = ncl_check_field(&ncl_message_quantile, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

static uint32_t check_summary_point(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  (void)items;
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    switch (*ptr) {
      case NCL_TAG_BYTES(7):
        ptr = ncl_check_past_attribute(ptr, end, &text);
        break;
      case NCL_TAG_FIXED64(2):
      case NCL_TAG_FIXED64(3):
      case NCL_TAG_FIXED64(4):
      case NCL_TAG_FIXED64(5):
        ptr += 9;
        break;
      case NCL_TAG_BYTES(6):
        ptr = ncl_check_past_message(ptr, end, check_quantile, &text);
        break;
      case NCL_TAG_VARINT(8):
        ptr = ncl_check_past_varint(ptr, end);
        break;
      default:
        ptr = ncl_check_field(&ncl_message_summary_point, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

/* The five kinds of data of a metric: each has its points in field 1. */
typedef struct metric_data {
  const ncl_message *message;
  ncl_check_fn check_point;
} metric_data;

/* By the number of the field of Metric; without check_point: a field of another sort. */
static const metric_data kinds_of_data[] = {
    [5] = {&ncl_message_gauge, check_number_point},
    [7] = {&ncl_message_sum, check_number_point},
    [9] = {&ncl_message_histogram, check_histogram_point},
    [10] = {&ncl_message_exponential_histogram, check_exponential_point},
    [11] = {&ncl_message_summary, check_summary_point},
};

/* The body of one of them: adds its points to *points. */
static uint32_t check_data(const metric_data *data, const uint8_t *ptr, const uint8_t *end, uint32_t *points) {
  uint32_t text = NCL_CHECK_OK;
  while (ptr < end) {
    uint32_t tag;
    const uint8_t *value = ncl_wire_u32(ptr, &tag);
    if (value && tag == NCL_TAG_BYTES(1)) {
      ptr = ncl_check_past_message(value - 1, end, data->check_point, &text);
      ++*points;
    } else {
      ptr = ncl_check_field(data->message, ptr, end, 0, &text);
    }
  }
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

/* Which data the field at `ptr` of a metric is, with its body in [*body, *next); NULL = none, or malformed. */
static const metric_data *data_field(const uint8_t *ptr, const uint8_t *end, const uint8_t **body,
                                     const uint8_t **next) {
  uint32_t tag;
  const uint8_t *value = ncl_wire_u32(ptr, &tag);
  if (!value || (tag & 7) != NCL_WIRE_BYTES || tag >> 3 >= sizeof kinds_of_data / sizeof kinds_of_data[0]) return NULL;
  const metric_data *data = &kinds_of_data[tag >> 3];
  if (!data->check_point) return NULL;
  *next = ncl_wire_body(&value, end);
  *body = value;
  return *next ? data : NULL;
}

uint32_t ncl_check_metric(const uint8_t *ptr, const uint8_t *end, uint32_t *items) {
  uint32_t text = NCL_CHECK_OK;
  const metric_data *kind = NULL;
  uint32_t points = 0;
  while (ptr < end) {
    const uint8_t *body, *next;
    const metric_data *data = data_field(ptr, end, &body, &next);
    if (data) {
      /* `data` is a oneof: the last kind stands, and pieces of one kind are merged. */
      if (data != kind) points = 0;
      kind = data;
      uint32_t found = check_data(data, body, next, &points);
      if (found == NCL_CHECK_MALFORMED) return found;
      text |= found;
      ptr = next;
    } else if (*ptr == NCL_TAG_BYTES(1) || *ptr == NCL_TAG_BYTES(2) || *ptr == NCL_TAG_BYTES(3)) {
      ptr = ncl_check_past_text(ptr, end, &text);
    } else {
      ptr = ncl_check_field(&ncl_message_metric, ptr, end, 0, &text);
    }
  }
  *items = points;
  return ptr == end ? text : NCL_CHECK_MALFORMED;
}

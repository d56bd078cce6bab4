/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/sample.h: one record of each signal with every field that OTLP has, and a request around it. */
#ifndef NACELLE_TESTS_PDATA_SAMPLE_H
#define NACELLE_TESTS_PDATA_SAMPLE_H

#include <nacelle/pdata.h>

#include "unit/core/pdata/message.h"

/* Every kind of AnyValue, as attributes in `field`. */
static inline void put_sample_attributes(message *m, uint32_t field) {
  message value = {0}, list = {0}, pair = {0}, element = {0};
  put_attribute(m, field, "http.route", "/v2/products/{product_id}/reviews/{review_id}");
  put_attribute(m, field, "", "");
  put_attribute(m, field, "d\xc3\xa9j\xc3\xa0", "\xe3\x81\x82\xf0\x9f\x98\x80");
  put_int_attribute(m, field, "http.response.status_code", 200);
  put_int_attribute(m, field, "negative", (uint64_t)-1);
  put_text(&pair, 1, "list");
  put_text(&element, 1, "text of an element");
  put_message(&list, 1, &element);
  element.len = 0;
  put_fixed64(&element, 4, 0x400921fb54442d18u);
  put_message(&list, 1, &element);
  put_message(&value, 5, &list);
  put_message(&pair, 2, &value);
  put_message(m, field, &pair);
  value.len = list.len = pair.len = 0;
  put_attribute(&list, 1, "inner", "text");
  put_int_attribute(&list, 1, "number", 1);
  put_message(&value, 6, &list);
  put_message(&pair, 2, &value);
  put_text(&pair, 1, "the value came before the key");
  put_message(m, field, &pair);
  value.len = pair.len = 0;
  put_bytes(&value, 7, "\xff\x00\x80", 3);
  put_text(&pair, 1, "bytes");
  put_message(&pair, 2, &value);
  put_message(m, field, &pair);
  value.len = pair.len = 0;
  put_int(&value, 2, 1);
  put_message(&pair, 2, &value);
  put_text(&pair, 1, "bool");
  put_message(m, field, &pair);
  pair.len = 0;
  put_text(&pair, 1, "no value at all");
  put_message(m, field, &pair);
}

static inline void put_sample_span(message *m) {
  message event = {0}, link = {0}, status = {0};
  put_bytes(m, 1, "0123456789abcdef", 16);
  put_bytes(m, 2, "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", 8);
  put_text(m, 3, "vendor=value");
  put_bytes(m, 4, "87654321", 8);
  put_text(m, 5, "GET /v2/products");
  put_int(m, 6, 2);
  put_fixed64(m, 7, 1750000000000000000u);
  put_fixed64(m, 8, 1750000000100000000u);
  put_sample_attributes(m, 9);
  put_int(m, 10, 300);
  put_fixed64(&event, 1, 1);
  put_text(&event, 2, "exception");
  put_sample_attributes(&event, 3);
  put_int(&event, 4, 1);
  put_message(m, 11, &event);
  put_int(m, 12, 1);
  put_bytes(&link, 1, "0123456789abcdef", 16);
  put_bytes(&link, 2, "12345678", 8);
  put_text(&link, 3, "state");
  put_sample_attributes(&link, 4);
  put_int(&link, 5, 1);
  put_fixed32(&link, 6, 1);
  put_message(m, 13, &link);
  put_int(m, 14, 1);
  put_text(&status, 2, "it failed");
  put_int(&status, 3, 2);
  put_message(m, 15, &status);
  put_fixed32(m, 16, 0x101);
  put_text(m, 17, "a field that nobody knows");
}

static inline void put_sample_log_record(message *m) {
  message body = {0};
  put_fixed64(m, 1, 1);
  put_fixed64(m, 11, 2);
  put_int(m, 2, 9);
  put_text(m, 3, "INFO");
  put_text(&body, 1, "answered in 12 \xc2\xb5s");
  put_message(m, 5, &body);
  put_sample_attributes(m, 6);
  put_int(m, 7, 1);
  put_fixed32(m, 8, 1);
  put_bytes(m, 9, "0123456789abcdef", 16);
  put_bytes(m, 10, "12345678", 8);
  put_text(m, 12, "event.name");
}

static inline void put_sample_exemplar(message *point, uint32_t field) {
  message exemplar = {0};
  put_fixed64(&exemplar, 2, 1);
  put_fixed64(&exemplar, 3, 1);
  put_bytes(&exemplar, 4, "12345678", 8);
  put_bytes(&exemplar, 5, "0123456789abcdef", 16);
  put_fixed64(&exemplar, 6, 1);
  put_attribute(&exemplar, 7, "filtered", "attribute");
  put_message(point, field, &exemplar);
}

static inline void put_sample_point(message *data, uint32_t kind) {
  message point = {0}, part = {0};
  uint64_t numbers[5] = {1, 2, 3, 4, 5};
  put_fixed64(&point, 2, 1);
  put_fixed64(&point, 3, 1);
  put_fixed64(&point, 4, 1);
  switch (kind) {
    case 9:
      put_fixed64(&point, 5, 1);
      put_bytes(&point, 6, numbers, sizeof numbers);
      put_fixed64(&point, 6, 6);
      put_bytes(&point, 7, numbers, 32);
      put_sample_exemplar(&point, 8);
      put_attribute(&point, 9, "key", "value");
      put_int(&point, 10, 1);
      put_fixed64(&point, 11, 1);
      put_fixed64(&point, 12, 1);
      break;
    case 10:
      put_attribute(&point, 1, "key", "value");
      put_fixed64(&point, 5, 1);
      put_int(&point, 6, 3);
      put_fixed64(&point, 7, 1);
      put_int(&part, 1, 300);
      put_bytes(&part, 2, "\x01\x02\xff\x01\x03", 5);
      put_int(&part, 2, 1000);
      put_message(&point, 8, &part);
      put_message(&point, 9, &part);
      put_int(&point, 10, 1);
      put_sample_exemplar(&point, 11);
      put_fixed64(&point, 12, 1);
      put_fixed64(&point, 13, 1);
      put_fixed64(&point, 14, 1);
      break;
    case 11:
      put_fixed64(&point, 5, 1);
      put_fixed64(&part, 1, 1);
      put_fixed64(&part, 2, 1);
      put_message(&point, 6, &part);
      put_attribute(&point, 7, "key", "value");
      put_int(&point, 8, 1);
      break;
    default:
      put_sample_exemplar(&point, 5);
      put_fixed64(&point, 6, 1);
      put_attribute(&point, 7, "key", "value");
      put_int(&point, 8, 1);
  }
  put_message(data, 1, &point);
}

/* kind: the number of the field of Metric: 5, 7, 9, 10 or 11. */
static inline void put_sample_metric(message *m, uint32_t kind, uint32_t points) {
  message data = {0};
  put_text(m, 1, "http.server.request.duration");
  put_text(m, 2, "How long requests took, in \xc2\xb5s.");
  put_text(m, 3, "us");
  for (uint32_t i = 0; i < points; i++)
    put_sample_point(&data, kind);
  if (kind == 7 || kind == 9 || kind == 10) put_int(&data, 2, 2);
  if (kind == 7) put_int(&data, 3, 1);
  put_message(m, kind, &data);
  put_attribute(m, 12, "metadata", "value");
}

/* A request of a signal from 1 to 3: a resource, a scope and one record; of metrics, one of each kind. */
static inline void put_sample_request(message *m, uint32_t signal) {
  static const uint32_t kinds[] = {5, 7, 9, 10, 11};
  message resource = {0}, group = {0}, scope = {0}, list = {0}, entity = {0};
  put_sample_attributes(&resource, 1);
  put_int(&resource, 2, 1);
  put_text(&entity, 1, "url");
  put_text(&entity, 2, "service");
  put_text(&entity, 3, "service.name");
  put_message(&resource, 3, &entity);
  put_text(&scope, 1, "a scope");
  put_text(&scope, 2, "1.0");
  put_attribute(&scope, 3, "key", "value");
  put_int(&scope, 4, 1);
  put_message(&list, 1, &scope);
  for (uint32_t i = 0; i < (signal == NCL_SIGNAL_METRICS ? 5 : 1); i++) {
    message record = {0};
    if (signal == NCL_SIGNAL_TRACES) put_sample_span(&record);
    if (signal == NCL_SIGNAL_LOGS) put_sample_log_record(&record);
    if (signal == NCL_SIGNAL_METRICS) put_sample_metric(&record, kinds[i], 2);
    put_message(&list, 2, &record);
  }
  put_text(&list, 3, "https://opentelemetry.io/schemas/1.30.0");
  put_message(&group, 1, &resource);
  put_message(&group, 2, &list);
  put_text(&group, 3, "https://opentelemetry.io/schemas/1.31.0");
  put_message(m, 1, &group);
}

#endif

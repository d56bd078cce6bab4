/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/testing/text.c: a batch as text, so that two can be compared and a difference can be read. */
#include <inttypes.h>
#include <nacelle/otlp_read.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

static void put_str(FILE *out, ncl_str text) {
  (void)fprintf(out, "%.*s", (int)text.len, text.len > 0 ? text.ptr : "");
}

static void put_any(FILE *out, const ncl_any *value) {
  ncl_repeated rest = value->list;
  ncl_any element;
  ncl_attribute pair;
  switch (value->type) {
    case NCL_ANY_STRING:
      put_str(out, value->string);
      break;
    case NCL_ANY_BOOL:
      (void)fputs(value->b ? "true" : "false", out);
      break;
    case NCL_ANY_INT:
      (void)fprintf(out, "%" PRId64, value->i);
      break;
    case NCL_ANY_DOUBLE:
      (void)fprintf(out, "%.17g", value->d);
      break;
    case NCL_ANY_BYTES:
      for (size_t i = 0; i < value->bytes.len; i++)
        (void)fprintf(out, "%02x", value->bytes.ptr[i]);
      break;
    case NCL_ANY_ARRAY:
      for (const char *before = "["; ncl_any_values_next(&rest, &element); before = ",") {
        (void)fputs(before, out);
        put_any(out, &element);
      }
      (void)fputs(value->list.count > 0 ? "]" : "[]", out);
      break;
    case NCL_ANY_KVLIST:
      for (const char *before = "{"; ncl_attributes_next(&rest, &pair); before = ",") {
        (void)fprintf(out, "%s%.*s=", before, (int)pair.key.len, pair.key.ptr);
        put_any(out, &pair.value);
      }
      (void)fputs(value->list.count > 0 ? "}" : "{}", out);
      break;
    default:
      (void)fputs("-", out);
  }
}

static void put_attributes(FILE *out, ncl_repeated attributes) {
  ncl_attribute attribute;
  while (ncl_attributes_next(&attributes, &attribute)) {
    (void)fputc(' ', out);
    put_str(out, attribute.key);
    (void)fputs(attribute.value.type == NCL_ANY_STRING ? "=" : ":=", out);
    put_any(out, &attribute.value);
  }
}

/* Fields of a message with numbers beyond those that OTLP uses. */
static void put_unknown(FILE *out, ncl_range message, uint32_t last_known) {
  ncl_wire_fields fields = ncl_wire_fields_of(message);
  ncl_wire_field field;
  while (ncl_wire_fields_next(&fields, &field)) {
    if (field.number <= last_known) continue;
    (void)fprintf(out, " #%u=", field.number);
    if (field.type == NCL_WIRE_LEN || field.type == NCL_WIRE_GROUP) {
      put_str(out, ncl_str_of((const char *)field.body.ptr, field.body.len));
    } else {
      (void)fprintf(out, "%" PRIu64, field.value);
    }
  }
}

static void put_url(FILE *out, ncl_range url) {
  if (url.len == 0) return;
  (void)fputs(" url=", out);
  put_str(out, ncl_str_of((const char *)url.ptr, url.len));
}

/* ---- records ----------------------------------------------------------------------------------------- */

#define SPAN_LAST 16u
#define LOG_LAST 12u
#define METRIC_LAST 12u
#define SCOPE_LAST 4u
#define RESOURCE_LAST 3u

static void put_span(FILE *out, ncl_range body) {
  ncl_span span;
  (void)ncl_span_read(body, &span);
  (void)fputs("  span \"", out);
  put_str(out, span.name);
  (void)fputc('"', out);
  put_attributes(out, span.attributes);
  put_unknown(out, body, SPAN_LAST);
  (void)fputc('\n', out);
}

static void put_log(FILE *out, ncl_range body) {
  ncl_log_record record;
  (void)ncl_log_record_read(body, &record);
  (void)fputs("  log \"", out);
  put_any(out, &record.body);
  (void)fputc('"', out);
  put_attributes(out, record.attributes);
  put_unknown(out, body, LOG_LAST);
  (void)fputc('\n', out);
}

static void put_point(FILE *out, uint32_t type, ncl_range body) {
  ncl_number_point number;
  ncl_histogram_point histogram;
  ncl_exp_histogram_point exp_histogram;
  ncl_summary_point summary;
  ncl_repeated attributes;
  uint32_t last = NCL_NUMBER_FLAGS;
  (void)fputs("   ", out);
  if (type == NCL_METRIC_DATA_HISTOGRAM) {
    (void)ncl_histogram_point_read(body, &histogram);
    (void)fprintf(out, "count %" PRIu64, histogram.count);
    attributes = histogram.attributes;
    last = NCL_HISTOGRAM_MAX;
  } else if (type == NCL_METRIC_DATA_EXP_HISTOGRAM) {
    (void)ncl_exp_histogram_point_read(body, &exp_histogram);
    (void)fprintf(out, "count %" PRIu64, exp_histogram.count);
    attributes = exp_histogram.attributes;
    last = NCL_EXP_HISTOGRAM_ZERO_THRESHOLD;
  } else if (type == NCL_METRIC_DATA_SUMMARY) {
    (void)ncl_summary_point_read(body, &summary);
    (void)fprintf(out, "count %" PRIu64, summary.count);
    attributes = summary.attributes;
  } else {
    (void)ncl_number_point_read(body, &number);
    if (number.type == NCL_NUMBER_AS_DOUBLE) (void)fprintf(out, "%.17g", number.as_double);
    if (number.type == NCL_NUMBER_AS_INT) (void)fprintf(out, "%" PRId64, number.as_int);
    attributes = number.attributes;
  }
  put_attributes(out, attributes);
  put_unknown(out, body, last);
  (void)fputc('\n', out);
}

static void put_metric(FILE *out, ncl_range body) {
  static const char *const words[] = {"empty",         "",       "", "", "", "gauge", "", "sum", "", "histogram",
                                      "exp_histogram", "summary"};
  ncl_metric_record metric;
  ncl_range point;
  (void)ncl_metric_record_read(body, &metric);
  (void)fprintf(out, "  %s \"", words[metric.type]);
  put_str(out, metric.name);
  (void)fprintf(out, "\" %u points", metric.points.count);
  if (metric.temporality != 0) (void)fprintf(out, " temporality=%u", metric.temporality);
  if (metric.monotonic != 0) (void)fputs(" monotonic", out);
  put_attributes(out, metric.metadata);
  put_unknown(out, body, METRIC_LAST);
  put_unknown(out, metric.body, NCL_DATA_MONOTONIC);
  (void)fputc('\n', out);
  while (ncl_repeated_next(&metric.points, &point))
    put_point(out, metric.type, point);
}

static void put_record(FILE *out, uint32_t signal, const ncl_record *record) {
  ncl_range body = {record->ptr, record->len};
  if (signal == NCL_SIGNAL_TRACES) put_span(out, body);
  if (signal == NCL_SIGNAL_METRICS) put_metric(out, body);
  if (signal == NCL_SIGNAL_LOGS) put_log(out, body);
  if (signal > NCL_SIGNAL_LOGS) (void)fprintf(out, "  record of %u bytes\n", record->len);
}

/* ---- the envelope ------------------------------------------------------------------------------------ */

static void put_scope(FILE *out, const ncl_batch *batch, const ncl_scope *scope) {
  ncl_instrumentation_scope read;
  (void)ncl_instrumentation_scope_read(scope->scope, &read);
  (void)fputs(" scope ", out);
  put_str(out, read.name);
  if (read.version.len > 0) (void)fputc(' ', out);
  put_str(out, read.version);
  put_attributes(out, read.attributes);
  put_unknown(out, scope->scope, SCOPE_LAST);
  put_url(out, scope->schema_url);
  put_unknown(out, scope->rest, 0);
  (void)fputc('\n', out);
  for (uint32_t r = 0; r < scope->record_count; r++)
    put_record(out, batch->signal, ncl_batch_record(batch, scope->first_record + r));
}

static void put_group(FILE *out, const ncl_batch *batch, const ncl_group *group) {
  ncl_resource resource;
  (void)ncl_resource_read(group->resource, &resource);
  (void)fputs("resource", out);
  put_attributes(out, resource.attributes);
  put_unknown(out, group->resource, RESOURCE_LAST);
  put_url(out, group->schema_url);
  put_unknown(out, group->rest, 0);
  (void)fputc('\n', out);
  for (uint32_t s = 0; s < group->scope_count; s++)
    put_scope(out, batch, ncl_batch_scope(batch, group->first_scope + s));
}

const char *ncl_test_text(ncl_test *t, const ncl_batch *batch) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) ncl_test_die("no memory");
  if (batch->request.len > 0) {
    (void)fputs("request", out);
    put_unknown(out, batch->request, 0);
    (void)fputc('\n', out);
  }
  for (uint32_t g = 0; g < batch->groups.count; g++)
    put_group(out, batch, ncl_batch_group(batch, g));
  (void)fclose(out);
  const char *kept = ncl_test_keep_text(t, text, size);
  free(text);
  return kept;
}

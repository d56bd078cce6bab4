/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/otlp_read.h: OTLP messages as structs of views into their bytes. Part of the SDK, not of the ABI. */
#ifndef NACELLE_OTLP_READ_H
#define NACELLE_OTLP_READ_H

#include <nacelle/otlp_fields.h>
#include <nacelle/pdata.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * All [any]: pure functions of their arguments. Nothing is allocated; what they give out points into the range
 * that was read and lives as long as it (as long as the batch).
 *
 * A reader looks at no byte outside its range, whatever the range holds. It answers 1, or 0 when the bytes are not
 * well-formed protobuf; the struct then holds what came before the fault. The bytes of a batch were validated when it
 * was made, so that an answer of 0 from one of its ranges means a defect, not bad input. Of a field that is repeated
 * against the schema the last one counts; fields with an unexpected wire type and unknown fields are skipped.
 *
 * Times are nanoseconds since 1970-01-01 UTC, as OTLP has them (uint64_t). Absent fields are 0 or {NULL, 0}.
 */

/* ---- fields of any message ------------------------------------------------------------------------- */

/* A field as it stands on the wire. */
typedef struct ncl_wire_field {
  uint32_t number;
  uint32_t type;      /* NCL_WIRE_* */
  uint64_t value;     /* VARINT, FIXED64, FIXED32 */
  ncl_range body;     /* LEN: the bytes; GROUP: what is between its tags */
  const uint8_t *tag; /* the whole field lies from here to ncl_wire_fields.at */
} ncl_wire_field;

/* Walks the fields of a message. */
typedef struct ncl_wire_fields {
  const uint8_t *at;
  const uint8_t *end;
  uint32_t malformed; /* 1 = it ended because of a fault */
} ncl_wire_fields;

static inline ncl_wire_fields ncl_wire_fields_of(ncl_range message) {
  ncl_wire_fields fields;
  fields.at = message.ptr;
  fields.end = message.ptr ? message.ptr + message.len : message.ptr;
  fields.malformed = 0;
  return fields;
}

/* 1 = `field` is the next one; 0 = the end, or a fault. */
uint32_t ncl_wire_fields_next(ncl_wire_fields *fields, ncl_wire_field *field);

/* ---- repeated fields ------------------------------------------------------------------------------- */

/* All occurrences of one repeated field of a message: copy it to walk it again. */
typedef struct ncl_repeated {
  const uint8_t *at;  /* tag of the first one; NULL = there is none */
  const uint8_t *end; /* end of the last one */
  uint32_t number;    /* other fields may lie between them */
  uint32_t count;     /* occurrences; not elements, where a field is packed */
} ncl_repeated;

/* The next element that is a message, a string or bytes: 1, or 0 at the end. */
uint32_t ncl_repeated_next(ncl_repeated *repeated, ncl_range *body);

/* Walks the numbers of a repeated field, packed or not. */
typedef struct ncl_numbers {
  ncl_repeated rest;
  const uint8_t *at;
  const uint8_t *end;
} ncl_numbers;

static inline ncl_numbers ncl_numbers_of(ncl_repeated repeated) {
  ncl_numbers numbers;
  numbers.rest = repeated;
  numbers.at = NULL;
  numbers.end = NULL;
  return numbers;
}

/* The next number: 1, or 0 at the end. */
uint32_t ncl_numbers_next_fixed64(ncl_numbers *numbers, uint64_t *value);
uint32_t ncl_numbers_next_double(ncl_numbers *numbers, double *value);
uint32_t ncl_numbers_next_uint64(ncl_numbers *numbers, uint64_t *value); /* varints */

/* ---- common ---------------------------------------------------------------------------------------- */

/* AnyValue. An array's or list's elements are walked with ncl_any_values_next, ncl_attributes_next. */
typedef struct ncl_any {
  uint32_t type; /* NCL_ANY_*; 0 = no value */
  uint32_t b;    /* BOOL: 0 or 1 */
  union {
    ncl_str string;    /* STRING */
    ncl_range bytes;   /* BYTES */
    int64_t i;         /* INT, STRINDEX */
    double d;          /* DOUBLE */
    ncl_repeated list; /* ARRAY, KVLIST */
  };
  ncl_range body; /* the encoded AnyValue */
} ncl_any;

uint32_t ncl_any_read(ncl_range any, ncl_any *out);
/* The next element of an array value. An element that is malformed reads as "no value". */
uint32_t ncl_any_values_next(ncl_repeated *values, ncl_any *out);

/* KeyValue */
typedef struct ncl_attribute {
  ncl_str key;
  ncl_any value;
} ncl_attribute;

uint32_t ncl_attribute_read(ncl_range key_value, ncl_attribute *out);
/* The next attribute: 1, or 0 at the end. For the attributes of anything, and for list values. */
uint32_t ncl_attributes_next(ncl_repeated *attributes, ncl_attribute *out);
/* The first attribute of this key: 1, or 0 when there is none. */
uint32_t ncl_attributes_find(ncl_repeated attributes, ncl_str key, ncl_any *out);

typedef struct ncl_resource {
  ncl_repeated attributes;
  ncl_repeated entity_refs;
  uint32_t dropped_attributes;
} ncl_resource;

uint32_t ncl_resource_read(ncl_range resource, ncl_resource *out);

typedef struct ncl_entity_ref {
  ncl_str schema_url;
  ncl_str type;
  ncl_repeated id_keys; /* strings */
  ncl_repeated description_keys;
} ncl_entity_ref;

uint32_t ncl_entity_ref_read(ncl_range entity_ref, ncl_entity_ref *out);

typedef struct ncl_instrumentation_scope {
  ncl_str name;
  ncl_str version;
  ncl_repeated attributes;
  uint32_t dropped_attributes;
} ncl_instrumentation_scope;

uint32_t ncl_instrumentation_scope_read(ncl_range scope, ncl_instrumentation_scope *out);

/* ---- traces ---------------------------------------------------------------------------------------- */

typedef struct ncl_span {
  ncl_range trace_id; /* 16 bytes, or empty */
  ncl_range span_id;  /* 8 bytes, or empty */
  ncl_range parent_span_id;
  ncl_str trace_state;
  ncl_str name;
  uint32_t kind;  /* NCL_SPAN_KIND_* */
  uint32_t flags; /* NCL_SPAN_FLAGS_* */
  uint64_t start_time_ns;
  uint64_t end_time_ns;
  ncl_repeated attributes;
  ncl_repeated events;
  ncl_repeated links;
  uint32_t dropped_attributes;
  uint32_t dropped_events;
  uint32_t dropped_links;
  uint32_t status_code; /* NCL_STATUS_CODE_* */
  ncl_str status_message;
  ncl_range status; /* the encoded Status; ptr == NULL = there is none */
} ncl_span;

uint32_t ncl_span_read(ncl_range span, ncl_span *out);

typedef struct ncl_span_event {
  uint64_t time_ns;
  ncl_str name;
  ncl_repeated attributes;
  uint32_t dropped_attributes;
} ncl_span_event;

uint32_t ncl_span_event_read(ncl_range event, ncl_span_event *out);

typedef struct ncl_span_link {
  ncl_range trace_id;
  ncl_range span_id;
  ncl_str trace_state;
  ncl_repeated attributes;
  uint32_t dropped_attributes;
  uint32_t flags;
} ncl_span_link;

uint32_t ncl_span_link_read(ncl_range link, ncl_span_link *out);

/* ---- logs ------------------------------------------------------------------------------------------ */

typedef struct ncl_log_record {
  uint64_t time_ns;
  uint64_t observed_time_ns;
  uint32_t severity_number; /* NCL_SEVERITY_NUMBER_* and the three above each */
  uint32_t flags;
  ncl_str severity_text;
  ncl_any body; /* type 0 = there is none */
  ncl_repeated attributes;
  uint32_t dropped_attributes;
  uint32_t reserved;
  ncl_range trace_id;
  ncl_range span_id;
  ncl_str event_name;
} ncl_log_record;

uint32_t ncl_log_record_read(ncl_range log_record, ncl_log_record *out);

/* ---- metrics --------------------------------------------------------------------------------------- */

typedef struct ncl_metric_record {
  ncl_str name;
  ncl_str description;
  ncl_str unit;
  ncl_repeated metadata; /* attributes */
  uint32_t type;         /* NCL_METRIC_DATA_*; 0 = no data */
  uint32_t temporality;  /* NCL_TEMPORALITY_* */
  uint32_t monotonic;    /* sums */
  uint32_t reserved;
  ncl_repeated points; /* read with the function of `type` */
  ncl_range body;      /* the encoded Gauge, Sum, ... */
} ncl_metric_record;

uint32_t ncl_metric_record_read(ncl_range metric, ncl_metric_record *out);

typedef struct ncl_number_point {
  uint64_t start_time_ns;
  uint64_t time_ns;
  uint32_t type;  /* NCL_NUMBER_AS_DOUBLE, NCL_NUMBER_AS_INT; 0 = no value */
  uint32_t flags; /* NCL_POINT_FLAGS_* */
  double as_double;
  int64_t as_int;
  ncl_repeated attributes;
  ncl_repeated exemplars;
} ncl_number_point;

uint32_t ncl_number_point_read(ncl_range point, ncl_number_point *out);

typedef struct ncl_histogram_point {
  uint64_t start_time_ns;
  uint64_t time_ns;
  uint64_t count;
  double sum;
  double min;
  double max;
  uint32_t has_sum;
  uint32_t has_min;
  uint32_t has_max;
  uint32_t flags;
  ncl_repeated bucket_counts;   /* ncl_numbers_next_fixed64 */
  ncl_repeated explicit_bounds; /* ncl_numbers_next_double */
  ncl_repeated attributes;
  ncl_repeated exemplars;
} ncl_histogram_point;

uint32_t ncl_histogram_point_read(ncl_range point, ncl_histogram_point *out);

typedef struct ncl_buckets {
  int32_t offset;
  uint32_t present;    /* 1 = the message was there, even if empty */
  ncl_repeated counts; /* ncl_numbers_next_uint64 */
} ncl_buckets;

typedef struct ncl_exp_histogram_point {
  uint64_t start_time_ns;
  uint64_t time_ns;
  uint64_t count;
  uint64_t zero_count;
  double sum;
  double min;
  double max;
  double zero_threshold;
  int32_t scale;
  uint32_t has_sum;
  uint32_t has_min;
  uint32_t has_max;
  uint32_t flags;
  ncl_buckets positive;
  ncl_buckets negative;
  ncl_repeated attributes;
  ncl_repeated exemplars;
} ncl_exp_histogram_point;

uint32_t ncl_exp_histogram_point_read(ncl_range point, ncl_exp_histogram_point *out);

typedef struct ncl_summary_point {
  uint64_t start_time_ns;
  uint64_t time_ns;
  uint64_t count;
  double sum;
  uint32_t flags;
  ncl_repeated quantiles; /* ncl_quantiles_next */
  ncl_repeated attributes;
} ncl_summary_point;

uint32_t ncl_summary_point_read(ncl_range point, ncl_summary_point *out);

typedef struct ncl_quantile {
  double quantile;
  double value;
} ncl_quantile;

uint32_t ncl_quantiles_next(ncl_repeated *quantiles, ncl_quantile *out);

typedef struct ncl_exemplar {
  uint64_t time_ns;
  uint32_t type; /* NCL_NUMBER_AS_DOUBLE, NCL_NUMBER_AS_INT; 0 = no value */
  uint32_t reserved;
  double as_double;
  int64_t as_int;
  ncl_range span_id;
  ncl_range trace_id;
  ncl_repeated attributes; /* filtered_attributes */
} ncl_exemplar;

uint32_t ncl_exemplars_next(ncl_repeated *exemplars, ncl_exemplar *out);

/* ---- answers --------------------------------------------------------------------------------------- */

/* Export*ServiceResponse of any signal. */
typedef struct ncl_partial_success {
  int64_t rejected; /* spans, data points, log records */
  ncl_str message;
  uint32_t present; /* 1 = the answer holds a partial_success */
} ncl_partial_success;

uint32_t ncl_partial_success_read(ncl_range response, ncl_partial_success *out);

/* google.rpc.Status, and of its details google.rpc.RetryInfo. */
typedef struct ncl_rpc_status {
  uint32_t code;          /* google.rpc.Code */
  uint32_t has_retry;     /* 1 = there is a RetryInfo */
  ncl_str message;        /* UTF-8 */
  int64_t retry_after_ns; /* never negative */
} ncl_rpc_status;

uint32_t ncl_rpc_status_read(ncl_range status, ncl_rpc_status *out);

#ifdef __cplusplus
}
#endif
#endif

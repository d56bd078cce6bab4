/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/traces.c: an order is placed: a request with what it does inside. Every tenth one fails. */
#include <stdio.h>

#include "programs/generate/sample.h"

#define MS_NS UINT64_C(1000000)
#define FAILS_EVERY 10u
#define NOBODY 0xffu

static void put_str(ncl_writer *w, const char *key, const char *value) {
  ncl_write_attribute_str(w, NCL_SPAN_ATTRIBUTES, ncl_sample_str(key), ncl_sample_str(value));
}

static void put_int(ncl_writer *w, const char *key, int64_t value) {
  ncl_write_attribute_int(w, NCL_SPAN_ATTRIBUTES, ncl_sample_str(key), value);
}

/* ---- what each span says (OpenTelemetry's semantic conventions) ---------------------------------------- */

static void write_server(ncl_writer *w, const ncl_sample_trace *trace) {
  char path[48];
  (void)snprintf(path, sizeof path, "/orders/%llu", (unsigned long long)trace->order);
  put_str(w, "http.request.method", "POST");
  put_str(w, "http.route", "/orders/{id}");
  put_str(w, "url.scheme", "https");
  put_str(w, "url.path", path);
  put_str(w, "server.address", "shop.example.com");
  put_int(w, "server.port", 443);
  put_str(w, "user_agent.original", "nacelle-generate/" NCL_VERSION);
  put_int(w, "http.response.status_code", trace->failed ? 500 : 201);
  if (trace->failed) put_str(w, "error.type", "500");
}

static void write_internal(ncl_writer *w, const ncl_sample_trace *trace) {
  put_int(w, "order.id", (int64_t)trace->order);
}

static void write_client(ncl_writer *w, const ncl_sample_trace *trace) {
  (void)trace;
  put_str(w, "http.request.method", "GET");
  put_str(w, "url.full", "http://stock.example.com:8080/items");
  put_str(w, "server.address", "stock.example.com");
  put_int(w, "server.port", 8080);
  put_int(w, "http.response.status_code", 200);
}

static void write_database(ncl_writer *w, const ncl_sample_trace *trace) {
  put_str(w, "db.system.name", "postgresql");
  put_str(w, "db.namespace", "shop");
  put_str(w, "db.operation.name", "INSERT");
  put_str(w, "db.collection.name", "orders");
  put_str(w, "db.query.text", "INSERT INTO orders (id, customer, total) VALUES ($1, $2, $3)");
  if (trace->failed) put_str(w, "error.type", "deadlock_detected");
}

static void write_producer(ncl_writer *w, const ncl_sample_trace *trace) {
  (void)trace;
  put_str(w, "messaging.system", "aws_sqs");
  put_str(w, "messaging.operation.type", "send");
  put_str(w, "messaging.destination.name", "orders-placed");
}

/* Start and length are thousandths of the root's length. */
typedef struct shape {
  const char *name;
  uint32_t kind;
  uint32_t parent;
  uint32_t start, length;
  void (*write)(ncl_writer *writer, const ncl_sample_trace *trace);
  const char *failure; /* status message in a trace that fails; NULL = this span does not */
} shape;

static const shape shapes[] = {
    {"POST /orders/{id}", NCL_SPAN_KIND_SERVER, NOBODY, 0, 1000, write_server, "the order could not be stored"},
    {"check stock", NCL_SPAN_KIND_INTERNAL, 0, 50, 350, write_internal, NULL},
    {"GET", NCL_SPAN_KIND_CLIENT, 1, 80, 300, write_client, NULL},
    {"INSERT orders", NCL_SPAN_KIND_CLIENT, 0, 420, 380, write_database, "deadlock detected"},
    {"send orders-placed", NCL_SPAN_KIND_PRODUCER, 0, 850, 100, write_producer, NULL},
};

#define SHAPES ((uint32_t)(sizeof shapes / sizeof shapes[0]))

/* ---- spans ------------------------------------------------------------------------------------------- */

static void begin_trace(ncl_sample *sample) {
  ncl_sample_trace *trace = &sample->trace;
  ncl_sample_id(sample, trace->trace_id, sizeof trace->trace_id);
  for (uint32_t i = 0; i < SHAPES; i++)
    ncl_sample_id(sample, trace->span_ids[i], sizeof trace->span_ids[i]);
  trace->failed = trace->number % FAILS_EVERY == FAILS_EVERY - 1;
  trace->number++;
  trace->order = ncl_sample_between(sample, 1000, 100000);
  trace->length_ns = ncl_sample_between(sample, 20 * MS_NS, 200 * MS_NS);
  trace->start_ns = ncl_sample_tick(sample) - trace->length_ns;
}

static void write_exception(ncl_writer *w, const shape *s, uint64_t time_ns) {
  ncl_write_mark mark = ncl_write_begin(w, NCL_SPAN_EVENTS, 128);
  ncl_span_event event = {.time_ns = time_ns, .name = NCL_STR("exception")};
  ncl_write_span_event(w, &event);
  ncl_write_attribute_str(w, NCL_SPAN_EVENT_ATTRIBUTES, ncl_sample_str("exception.type"),
                          ncl_sample_str("shop.StoreError"));
  ncl_write_attribute_str(w, NCL_SPAN_EVENT_ATTRIBUTES, ncl_sample_str("exception.message"),
                          ncl_sample_str(s->failure));
  ncl_write_end(w, mark);
}

static void write_span(ncl_sample *sample, ncl_writer *w) {
  ncl_sample_trace *trace = &sample->trace;
  const shape *s = &shapes[trace->next];
  const char *name = trace->next == 0 && sample->options->span_name != NULL ? sample->options->span_name : s->name;
  bool failed = trace->failed && s->failure != NULL;
  ncl_span span = {.trace_id = {trace->trace_id, sizeof trace->trace_id},
                   .span_id = {trace->span_ids[trace->next], sizeof trace->span_ids[0]},
                   .name = ncl_sample_str(name),
                   .kind = s->kind,
                   .flags = 1, /* sampled */
                   .start_time_ns = trace->start_ns + trace->length_ns / 1000 * s->start};
  span.end_time_ns = span.start_time_ns + trace->length_ns / 1000 * s->length;
  if (s->parent != NOBODY) span.parent_span_id = (ncl_range){trace->span_ids[s->parent], sizeof trace->span_ids[0]};
  if (failed) {
    span.status_code = NCL_STATUS_CODE_ERROR;
    span.status_message = ncl_sample_str(s->failure);
  }
  ncl_write_mark mark = ncl_write_begin(w, NCL_SCOPE_RECORD, 512 + sample->options->size);
  ncl_write_span(w, &span);
  s->write(w, trace);
  ncl_sample_write_extras(sample, w, NCL_SPAN_ATTRIBUTES);
  if (failed) write_exception(w, s, span.end_time_ns);
  ncl_write_end(w, mark);
}

void ncl_sample_write_spans(ncl_sample *sample, ncl_writer *w, uint32_t items) {
  for (uint32_t i = 0; i < items; i++) {
    if (sample->trace.next == 0) begin_trace(sample);
    write_span(sample, w);
    sample->trace.next = (sample->trace.next + 1) % SHAPES;
    sample->made++;
  }
}

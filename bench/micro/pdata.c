/* SPDX-License-Identifier: Apache-2.0 */
/* bench/micro/pdata.c: what it costs to copy, validate and index a request, per item. Built by hand, then run:
 *   gcc -std=gnu17 -O2 -DNDEBUG -D_GNU_SOURCE -I. -Isdk/include -o build/pdata bench/micro/pdata.c core/pdata/[a-z]*.c
 *   build/pdata [traces|metrics|logs file]...   (without arguments: requests of its own) */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/pdata/batch.h"

#define VARIANTS 16u /* different requests in turn, so that the branch predictor does not learn one by heart */
#define ITEMS 256u
#define ROUNDS 31
#define REQUESTS 1500u /* a round */
#define BODY_MAX ((size_t)8 << 20)

typedef struct body {
  uint8_t *ptr;
  size_t len;
} body;

/* ---- requests --------------------------------------------------------------------------------- */

static uint64_t draw(uint64_t *state) { /* splitmix64 */
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static void put(body *out, const void *bytes, size_t len) {
  if (out->len + len > BODY_MAX) abort();
  memcpy(out->ptr + out->len, bytes, len);
  out->len += len;
}

static void put_varint(body *out, uint64_t value) {
  uint8_t byte;
  for (; value >= 0x80; value >>= 7) {
    byte = (uint8_t)(value | 0x80);
    put(out, &byte, 1);
  }
  byte = (uint8_t)value;
  put(out, &byte, 1);
}

static void put_tag(body *out, uint32_t field, uint32_t type) {
  put_varint(out, field << 3 | type);
}

static void put_bytes(body *out, uint32_t field, const void *bytes, size_t len) {
  put_tag(out, field, 2);
  put_varint(out, len);
  put(out, bytes, len);
}

static void put_message(body *out, uint32_t field, body *message) {
  put_bytes(out, field, message->ptr, message->len);
  free(message->ptr);
}

static void put_fixed64(body *out, uint32_t field, uint64_t value) {
  put_tag(out, field, 1);
  put(out, &value, 8);
}

static void put_int(body *out, uint32_t field, uint64_t value) {
  put_tag(out, field, 0);
  put_varint(out, value);
}

static body start(size_t size) {
  body made = {malloc(size), 0};
  if (!made.ptr) abort();
  return made;
}

static void put_text(body *out, uint32_t field, const char *text) {
  put_bytes(out, field, text, strlen(text));
}

static void put_attribute(body *out, uint32_t field, const char *key, const char *text, uint64_t number) {
  body value = start(512), pair = start(1024);
  if (text) {
    put_text(&value, 1, text);
  } else {
    put_int(&value, 3, number);
  }
  put_text(&pair, 1, key);
  put_message(&pair, 2, &value);
  put_message(out, field, &pair);
}

__attribute__((format(printf, 2, 3))) static const char *format(char *out, const char *pattern, ...) {
  va_list args;
  va_start(args, pattern);
  (void)vsnprintf(out, 256, pattern, args);
  va_end(args);
  return out;
}

static const char *const routes[] = {"/v2/products/{product_id}", "/v2/orders/{order_id}",
                                     "/v2/carts/{cart_id}/items", "/v2/customers/{id}",
                                     "/v2/sessions/{session}",    "/v2/payments/{id}/capture"};
static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
static const uint64_t codes[] = {200, 200, 200, 201, 204, 302, 404, 503};
static const char *const agents[] = {"okhttp/4.12.0 Shop/5.14.2 (Android 15)", "python-requests/2.32.3",
                                     "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0", "axios/1.7.9 node/22.19.0"};
#define PICK(list, state) ((list)[draw(state) % (sizeof(list) / sizeof((list)[0]))])

/* A server span of 508 bytes, tag and length included, with 10 attributes: url.query fills up what is missing. */
static void put_span(body *out, uint64_t *state) {
  uint64_t seed = *state;
  size_t padding = 0;
  for (;;) {
    char text[256];
    uint64_t ids[3] = {draw(state), draw(state), draw(state)};
    uint64_t begin = 1750000000000000000u + draw(state) % 1000000000;
    body span = start(2048);
    put_bytes(&span, 1, ids, 16);
    put_bytes(&span, 2, ids + 1, 8);
    put_bytes(&span, 4, ids + 2, 8);
    put_text(&span, 5, format(text, "%s %s", PICK(methods, state), PICK(routes, state)));
    put_int(&span, 6, 2);
    put_fixed64(&span, 7, begin);
    put_fixed64(&span, 8, begin + draw(state) % 500000000);
    put_attribute(&span, 9, "http.request.method", PICK(methods, state), 0);
    put_attribute(&span, 9, "http.route", PICK(routes, state), 0);
    put_attribute(&span, 9, "url.path", format(text, "/v2/%08" PRIx64, draw(state) & 0xffffffff), 0);
    put_attribute(&span, 9, "url.query", format(text, "cursor=%0*d", (int)padding + 1, 7), 0);
    put_attribute(&span, 9, "http.response.status_code", NULL, PICK(codes, state));
    put_attribute(&span, 9, "server.address", format(text, "shop-%d.internal", (int)(draw(state) % 40)), 0);
    put_attribute(&span, 9, "server.port", NULL, 8080);
    put_attribute(&span, 9, "client.address",
                  format(text, "10.%d.%d.7", (int)(draw(state) % 256), (int)(draw(state) % 256)), 0);
    put_attribute(&span, 9, "user_agent.original", PICK(agents, state), 0);
    put_attribute(&span, 9, "http.response.body.size", NULL, draw(state) % 200000);
    put(&span, "\x85\x01\x01\x01\0", 6); /* flags */
    size_t whole = span.len + 3;
    if (whole < 508) {
      free(span.ptr);
      padding += 508 - whole;
      *state = seed;
      continue;
    }
    put_message(out, 2, &span);
    return;
  }
}

static void put_log(body *out, uint64_t *state) {
  char text[256];
  uint64_t ids[3] = {draw(state), draw(state), draw(state)};
  body record = start(2048), value = start(512);
  put_fixed64(&record, 1, 1750000000000000000u + draw(state) % 1000000000);
  put_int(&record, 2, 9);
  put_text(&record, 3, "INFO");
  put_text(&value, 1,
           format(text, "%s %s answered in %d \xc2\xb5s, request %016" PRIx64, PICK(methods, state),
                  PICK(routes, state), (int)(draw(state) % 500000), draw(state)));
  put_message(&record, 5, &value);
  put_attribute(&record, 6, "http.request.method", PICK(methods, state), 0);
  put_attribute(&record, 6, "http.route", PICK(routes, state), 0);
  put_attribute(&record, 6, "http.response.status_code", NULL, PICK(codes, state));
  put_attribute(&record, 6, "code.function.name", "checkout/internal/server.(*Server).logRequest", 0);
  put_attribute(&record, 6, "code.line.number", NULL, 211);
  put(&record, "\x45\x01\0\0\0", 5);
  put_bytes(&record, 9, ids, 16);
  put_bytes(&record, 10, ids + 1, 8);
  put_message(out, 2, &record);
}

static void put_point(body *data, uint64_t *state, int histogram) {
  body point = start(2048);
  put_fixed64(&point, 2, 1750000000000000000u);
  put_fixed64(&point, 3, 1750000000000000000u + draw(state) % 1000000000);
  if (histogram) {
    uint64_t counts[15], bounds[14];
    for (int i = 0; i < 15; i++)
      counts[i] = draw(state) % 4000;
    for (int i = 0; i < 14; i++)
      bounds[i] = draw(state);
    put_fixed64(&point, 4, 4711);
    put_fixed64(&point, 5, draw(state));
    put_bytes(&point, 6, counts, sizeof counts);
    put_bytes(&point, 7, bounds, sizeof bounds);
  } else {
    put_fixed64(&point, 6, draw(state));
  }
  uint32_t attributes = histogram ? 9 : 7;
  put_attribute(&point, attributes, "http.request.method", PICK(methods, state), 0);
  put_attribute(&point, attributes, "http.route", PICK(routes, state), 0);
  put_attribute(&point, attributes, "http.response.status_code", NULL, PICK(codes, state));
  put_message(data, 1, &point);
}

/* Eight points: a sum and an explicit histogram in turn. */
static void put_metric(body *out, uint64_t *state, uint32_t i) {
  int histogram = (int)(i & 1);
  body metric = start(16384), data = start(16384);
  put_text(&metric, 1, histogram ? "http.server.request.duration" : "http.server.response.body.bytes");
  put_text(&metric, 2, "What HTTP server requests took.");
  put_text(&metric, 3, histogram ? "s" : "By");
  for (int k = 0; k < 8; k++)
    put_point(&data, state, histogram);
  put_int(&data, 2, 2);
  if (!histogram) put_int(&data, 3, 1);
  put_message(&metric, histogram ? 9 : 7, &data);
  put_message(out, 2, &metric);
}

static body make_request(uint32_t signal, uint64_t seed) {
  uint64_t state = seed;
  body request = start(BODY_MAX), group = start(BODY_MAX), list = start(BODY_MAX), resource = start(4096),
       scope = start(256);
  put_attribute(&resource, 1, "service.name", "checkout", 0);
  put_attribute(&resource, 1, "service.version", "1.4.2", 0);
  put_attribute(&resource, 1, "cloud.region", "eu-central-1", 0);
  put_text(&scope, 1, "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp");
  put_message(&list, 1, &scope);
  for (uint32_t i = 0; i < (signal == NCL_SIGNAL_METRICS ? ITEMS / 8 : ITEMS); i++) {
    if (signal == NCL_SIGNAL_TRACES) put_span(&list, &state);
    if (signal == NCL_SIGNAL_LOGS) put_log(&list, &state);
    if (signal == NCL_SIGNAL_METRICS) put_metric(&list, &state, i);
  }
  put_message(&group, 1, &resource);
  put_message(&group, 2, &list);
  put_message(&request, 1, &group);
  return request;
}

/* ---- measuring -------------------------------------------------------------------------------- */

static double now_ns(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

typedef struct cost {
  double copy, index, release;
} cost;

static cost one(ncl_pool *pool, uint32_t signal, const body *from, uint64_t *items) {
  cost spent;
  double t0 = now_ns();
  ncl_arena *arena = ncl_arena_open(pool, from->len);
  uint8_t *bytes = arena ? ncl_arena_alloc(arena, from->len) : NULL;
  if (!bytes) abort();
  memcpy(bytes, from->ptr, from->len);
  double t1 = now_ns();
  const ncl_batch *batch;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (ncl_batch_from_wire(pool, signal, arena, bytes, from->len, &batch, &outcome, NULL) != NCL_OK) {
    (void)fprintf(stderr, "refused: %.*s\n", (int)outcome.message.len, outcome.message.ptr);
    exit(1);
  }
  double t2 = now_ns();
  *items = batch->items;
  ncl_batch_release(batch);
  double t3 = now_ns();
  spent.copy = t1 - t0;
  spent.index = t2 - t1;
  spent.release = t3 - t2;
  return spent;
}

static double median(double *values, size_t count) {
  qsort(values, count, sizeof values[0], by_value);
  return values[count / 2];
}

/* Of each round the medians over its requests, which a preempted one does not move; of these the median and the best.
 */
static void measure(ncl_pool *pool, const char *name, uint32_t signal, const body *bodies, uint32_t count) {
  static double copy[REQUESTS], index[REQUESTS], release[REQUESTS];
  double copies[ROUNDS], indexes[ROUNDS], releases[ROUNDS];
  uint64_t items = 0;
  size_t bytes = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (uint32_t i = 0; i < REQUESTS; i++) {
      const body *from = &bodies[i % count];
      cost spent = one(pool, signal, from, &items);
      double each = (double)items;
      copy[i] = spent.copy / each;
      index[i] = spent.index / each;
      release[i] = spent.release / each;
      bytes = from->len;
    }
    copies[round] = median(copy, REQUESTS);
    indexes[round] = median(index, REQUESTS);
    releases[round] = median(release, REQUESTS);
  }
  double copied = median(copies, ROUNDS), indexed = median(indexes, ROUNDS), released = median(releases, ROUNDS);
  (void)printf("%-28s %4" PRIu64
               " items %7zu bytes  copy %6.1f (best %5.1f)  validate+index %6.1f (best %5.1f)"
               "  release %5.1f  ratio %.1f (best %.1f)\n",
               name, items, bytes, copied, copies[0], indexed, indexes[0], released, indexed / copied,
               indexes[0] / copies[0]);
}

static body read_file(const char *path) {
  body made = start(BODY_MAX);
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    exit(1);
  }
  made.len = fread(made.ptr, 1, BODY_MAX, file);
  (void)fclose(file);
  return made;
}

static uint32_t signal_of(const char *name) {
  if (!strcmp(name, "traces")) return NCL_SIGNAL_TRACES;
  if (!strcmp(name, "metrics")) return NCL_SIGNAL_METRICS;
  return NCL_SIGNAL_LOGS;
}

int main(int argc, char **argv) {
  static const char *const names[] = {"traces", "metrics", "logs"};
  ncl_pool *pool = ncl_pool_new();
  if (!pool) abort();
  (void)printf("ns an item, medians of %d rounds\n", ROUNDS);
  for (int i = 1; i + 1 < argc; i += 2) {
    body file = read_file(argv[i + 1]);
    measure(pool, argv[i + 1], signal_of(argv[i]), &file, 1);
    free(file.ptr);
  }
  for (uint32_t s = 0; argc < 2 && s < 3; s++) {
    body bodies[VARIANTS];
    for (uint32_t i = 0; i < VARIANTS; i++)
      bodies[i] = make_request(s + 1, i + 1);
    measure(pool, names[s], s + 1, bodies, VARIANTS);
    for (uint32_t i = 0; i < VARIANTS; i++)
      free(bodies[i].ptr);
  }
  ncl_pool_free(pool);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/plugins/exporters/awsemf/emf_test.h: metrics, given as OTLP/JSON, under a config, given as YAML, and the
 * documents that they make, as text. */
#ifndef NCL_TESTS_EMF_TEST_H
#define NCL_TESTS_EMF_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <nacelle/otlp_json.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/config/decode.h"
#include "core/config/load.h"
#include "core/pdata/batch.h"
#include "plugins/exporters/awsemf/translate.h"

#define WALL_NS INT64_C(1700000000000000000)
#define TIME ",\"timeUnixNano\":\"1700000000000000000\""

typedef struct emf {
  ncl_pool *pool;
  ncl_diagnostics *diagnostics;
  ncl_config *config;
  ncl_decoded *decoded;
  ncl_emf_settings settings;
  ncl_emf_translator t;
  ncl_status opened;
  char complaints[1024]; /* of the config, a line each */
  ncl_writer out;        /* documents, a line each; "rejected <items> <reason>" */
  ncl_writer event;
  uint32_t events;
  uint32_t items;   /* of all events */
  uint32_t fail_at; /* the event that there is no memory for; 0 = none */
  int64_t now_ns;
} emf;

static inline ncl_writer *emf_begin(void *arg, ncl_str group, ncl_str stream, int64_t time_ms, ncl_status *status) {
  emf *e = arg;
  (void)group, (void)stream, (void)time_ms;
  *status = NCL_NO_MEMORY;
  if (++e->events == e->fail_at) return NULL;
  ncl_writer_reset(&e->event);
  return &e->event;
}

static inline ncl_status emf_end(void *arg, uint32_t items) {
  emf *e = arg;
  ncl_json_inner_plain(&e->out, ncl_writer_range(&e->event));
  ncl_write_raw(&e->out, "\n", 1);
  e->items += items;
  return e->event.status;
}

static inline void emf_drop(void *arg) {
  emf *e = arg;
  ncl_writer_reset(&e->event);
}

static inline void emf_reject(void *arg, uint32_t items, const char *reason) {
  emf *e = arg;
  char line[128];
  int len = snprintf(line, sizeof line, "rejected %u %s\n", items, reason);
  ncl_write_raw(&e->out, line, (size_t)len);
}

static inline void emf_complain(void *arg, const ncl_value *where, bool is_error, const char *message,
                                const char *hint) {
  emf *e = arg;
  size_t used = strlen(e->complaints);
  (void)where, (void)hint;
  (void)snprintf(e->complaints + used, sizeof e->complaints - used, "%s: %s\n", is_error ? "error" : "warning",
                 message);
}

static inline void emf_open(emf *e, const char *yaml) {
  char uri[4096];
  const char *uris[] = {uri};
  memset(e, 0, sizeof *e);
  e->pool = ncl_pool_new();
  (void)snprintf(uri, sizeof uri, "yaml:%s", yaml);
  e->diagnostics = ncl_diagnostics_new(NULL);
  e->config = ncl_config_load(uris, 1, NULL, e->diagnostics);
  assert_non_null(e->config);
  e->decoded = ncl_decode(e->config, ncl_config_root(e->config), NCL_MARK_NONE, &ncl_emf_fields,
                          (ncl_str)NCL_STR("awsemf"), e->diagnostics);
  assert_non_null(e->decoded);
  assert_int_equal(ncl_decoded_errors(e->decoded), 0);
  assert_int_equal(ncl_config_fill(ncl_decoded_root(e->decoded, 0), &ncl_emf_fields, &e->settings), NCL_OK);
  const ncl_emf_complain complain = {emf_complain, e};
  e->opened = ncl_emf_translator_open(&e->t, &e->settings, 7, &complain);
  ncl_writer_heap(&e->out, (size_t)64 << 20);
  ncl_writer_heap(&e->event, (size_t)64 << 20);
}

static inline void emf_close(emf *e) {
  if (e->opened == NCL_OK) ncl_emf_translator_close(&e->t);
  ncl_writer_close(&e->out);
  ncl_writer_close(&e->event);
  ncl_decoded_release(e->decoded);
  ncl_config_free(e->config);
  ncl_diagnostics_free(e->diagnostics);
  ncl_pool_free(e->pool);
}

/* A batch of the metrics of one resource without attributes, in one scope. */
static inline const ncl_batch *emf_batch(emf *e, const char *metrics) {
  size_t room = strlen(metrics) + 256;
  char *json = calloc(1, room + NCL_PADDING);
  int len = snprintf(json, room, "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[%s]}]}]}", metrics);
  ncl_writer wire;
  ncl_json_report report;
  const ncl_batch *batch = NULL;
  if (ncl_json_to_wire_heap(NCL_JSON_METRICS_REQUEST, (ncl_range){(const uint8_t *)json, (size_t)len}, (size_t)1 << 26,
                            &wire, &report) != NCL_OK) {
    fail_msg("%s", report.message);
  }
  ncl_arena *arena = ncl_arena_open(e->pool, wire.len);
  uint8_t *bytes = ncl_arena_alloc(arena, wire.len);
  memcpy(bytes, wire.base, wire.len);
  assert_int_equal(ncl_batch_from_wire(e->pool, NCL_SIGNAL_METRICS, arena, bytes, wire.len, &batch, NULL, NULL),
                   NCL_OK);
  ncl_writer_close(&wire);
  free(json);
  return batch;
}

static inline ncl_status emf_try(emf *e, const char *metrics) {
  const ncl_emf_sink sink = {e, emf_begin, emf_end, emf_drop, emf_reject};
  const ncl_batch *batch = emf_batch(e, metrics);
  ncl_writer_reset(&e->out);
  e->events = e->items = 0;
  ncl_status status = ncl_emf_translate(&e->t, batch, WALL_NS, e->now_ns, &sink);
  ncl_write_raw(&e->out, "", 1);
  ncl_batch_release(batch);
  return status;
}

/* The lines that the metrics make. */
static inline const char *emf_make(emf *e, const char *metrics) {
  assert_int_equal(e->opened, NCL_OK);
  assert_int_equal(emf_try(e, metrics), NCL_OK);
  e->now_ns += INT64_C(30000000000);
  return (const char *)e->out.base;
}

#endif

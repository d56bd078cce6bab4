/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/process_fixture.h: a process without plugins, on a clock that the test moves, and batches to feed it.
 */
#ifndef NACELLE_TESTS_PROCESS_FIXTURE_H
#define NACELLE_TESTS_PROCESS_FIXTURE_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/pdata/batch.h"
#include "core/pipeline/process.h"

typedef struct fixture {
  ncl_clock *clock;
  ncl_loop *loop;
  ncl_logger *logger;
  ncl_registry *registry;
  ncl_process *process;
  int log_fd;
} fixture;

static inline void fixture_open(fixture *f) {
  f->clock = ncl_clock_new(1000000000, 1000000000);
  f->loop = ncl_loop_new_on(f->clock);
  f->log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  config.fd = f->log_fd;
  config.clock = f->clock;
  f->logger = ncl_logger_new(&config);
  f->registry = ncl_registry_new(NULL, 0);
  ncl_process_options options = {f->loop, f->registry, f->logger, NULL};
  f->process = ncl_process_new(&options);
  assert_non_null(f->process);
}

static inline void fixture_close(fixture *f) {
  ncl_process_free(f->process);
  ncl_registry_free(f->registry, false);
  ncl_logger_free(f->logger);
  ncl_loop_free(f->loop);
  ncl_clock_free(f->clock);
  (void)close(f->log_fd);
}

/* Runs everything that is due. */
static inline void settle(fixture *f) {
  while (ncl_loop_turn(f->loop, false) > 0)
    continue;
}

static inline void advance(fixture *f, int64_t ns) {
  ncl_clock_advance(f->clock, ns);
  settle(f);
}

/* A batch of `spans` spans whose names tell them apart. */
static inline const ncl_batch *batch_of(fixture *f, uint32_t spans) {
  uint8_t wire[4096];
  size_t at = 4;
  for (uint32_t i = 0; i < spans; i++) { /* scope_spans.spans { name: "x" } */
    const uint8_t span[] = {0x12, 0x03, 0x2a, 0x01, (uint8_t)('a' + i % 26)};
    memcpy(wire + at, span, sizeof span);
    at += sizeof span;
  }
  assert_true(at < 120);
  wire[0] = 0x0a; /* resource_spans */
  wire[1] = (uint8_t)(at - 2);
  wire[2] = 0x12; /* scope_spans */
  wire[3] = (uint8_t)(at - 4);
  ncl_arena *arena = ncl_arena_open(f->process->pool, at);
  void *bytes = ncl_arena_alloc(arena, at);
  memcpy(bytes, wire, at);
  const ncl_batch *batch = NULL;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  assert_int_equal(ncl_batch_from_wire(f->process->pool, NCL_SIGNAL_TRACES, arena, bytes, at, &batch, &outcome, NULL),
                   NCL_OK);
  assert_int_equal(batch->items, spans);
  return batch;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a process whose allocations fail, one after the other: an error that is said, and no leak. */
#include "unit/core/runtime/failing_alloc.h"

/* Files that each have the names to themselves are one here. */
#pragma GCC diagnostic ignored "-Wshadow"

#include "core/delivery/delivery.c"
#include "core/delivery/handover.c"
#include "core/pipeline/build.c"
#include "core/pipeline/component.c"
#include "core/pipeline/difference.c"
#include "core/pipeline/graph.c"
#include "core/pipeline/output.c"
#include "core/pipeline/token.c"

#include "graph.h"

static const char yaml[] =
    "receivers: {acme: }\nprocessors: {acme: , shared: }\n"
    "exporters: {acme: , direct: }\nconnectors: {join: }\nextensions: {acme/x: }\n"
    "service:\n"
    "  extensions: [acme/x]\n"
    "  pipelines:\n"
    "    traces: {receivers: [acme], processors: [shared, acme], exporters: [acme, join]}\n"
    "    traces/2: {receivers: [join], exporters: [acme, direct]}\n";

static void a_process_is_made_whole_or_not_at_all(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  ncl_process_options options = {f.loop, f.registry, f.logger, NULL};
  size_t n = 0;
  for (bool reached = true; reached;) {
    fail_alloc(++n);
    ncl_process *process = ncl_process_new(&options);
    reached = !fail_alloc_unreached();
    assert_int_equal(process == NULL, reached);
    ncl_process_free(process);
  }
  assert_true(n > 2);
  fixture_close(&f);
}

static void a_config_that_finds_no_memory_is_not_started(void **state) {
  (void)state;
  size_t n = 0;
  for (bool reached = true; reached;) {
    graph g;
    memset(&g, 0, sizeof g);
    memset(&stage, 0, sizeof stage);
    fixture_open(&g.f);
    size_t size = 0;
    char uri[sizeof yaml + 8];
    (void)snprintf(uri, sizeof uri, "yaml:%s", yaml);
    const char *uris[] = {uri};
    ncl_environment environment = {NULL, NULL};
    ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
    ncl_config *config = ncl_config_load(uris, 1, &environment, diagnostics);
    const ncl_service_config *service = ncl_service_read(config, diagnostics);
    fail_alloc(++n);
    g.status = ncl_build(g.f.process, config, service, true, diagnostics);
    reached = !fail_alloc_unreached();
    bool good = g.status == NCL_OK && ncl_diagnostics_errors(diagnostics) == 0;
    if (good == reached) fail_msg("allocation %zu", n);
    FILE *out = open_memstream(&g.said, &size);
    ncl_diagnostics_print(diagnostics, out);
    (void)fclose(out);
    ncl_config_free(config);
    ncl_diagnostics_free(diagnostics);
    graph_close(&g);
  }
  assert_true(n > 30);
}

typedef struct answers {
  uint32_t count;
  ncl_status status;
} answers;

static void on_answer(void *arg, const ncl_outcome *outcome) {
  answers *a = arg;
  a->count++;
  a->status = outcome->status;
}

static void a_batch_that_finds_no_memory_is_refused_or_kept(void **state) {
  (void)state;
  size_t n = 0;
  for (bool reached = true; reached;) {
    graph g;
    answers a = {0, NCL_OK};
    graph_open(&g, yaml);
    fake *receiver = fake_of(NCL_KIND_RECEIVER, "acme", 1);
    const ncl_batch *batch = batch_of(&g.f, 3);
    ncl_emission emission = {sizeof emission, 0, batch, NULL, 0, on_answer, &a};
    fail_alloc(++n);
    ncl_status status = receiver->host->emit(receiver->me, receiver->outputs[0].output, &emission, NULL);
    settle(&g.f);
    reached = !fail_alloc_unreached();
    ncl_batch_release(batch);
    if (status == NCL_PENDING) {
      assert_int_equal(a.count, 1);
      status = a.status;
    }
    uint64_t sent = atomic_load(&g.f.process->delivered);
    if (status == NCL_OK) {
      advance(&g.f, INT64_C(600000000000)); /* what was kept is tried again */
      assert_int_equal(atomic_load(&g.f.process->delivered), 9);
    } else {
      assert_true(reached);
      assert_true(status == NCL_NO_MEMORY || status == NCL_RETRYABLE);
      assert_true(sent < 9);
    }
    assert_int_equal(atomic_load(&g.f.process->dropped), 0);
    graph_close(&g);
  }
  assert_true(n > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_process_is_made_whole_or_not_at_all),
      cmocka_unit_test(a_config_that_finds_no_memory_is_not_started),
      cmocka_unit_test(a_batch_that_finds_no_memory_is_refused_or_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pipeline/graph.h: a process built from YAML text with the components of fake.h. */
#ifndef NACELLE_TESTS_GRAPH_H
#define NACELLE_TESTS_GRAPH_H

#include "fake.h"

#include "core/config/load.h"
#include "core/pipeline/build.h"

typedef struct graph {
  fixture f;
  char *said; /* all diagnostics */
  uint32_t errors;
  ncl_status status;
} graph;

typedef ncl_status (*graph_build_fn)(ncl_process *process, const ncl_config *config, const ncl_service_config *service,
                                     bool check_unused, ncl_diagnostics *diagnostics);

static inline void graph_build(graph *g, const char *yaml, bool check_unused, graph_build_fn build) {
  size_t size = strlen(yaml) + 8;
  char *uri = malloc(size);
  assert_non_null(uri);
  (void)snprintf(uri, size, "yaml:%s", yaml);
  const char *uris[] = {uri};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_environment environment = {NULL, NULL};
  ncl_config *config = ncl_config_load(uris, 1, &environment, diagnostics);
  assert_non_null(config);
  const ncl_service_config *service = ncl_service_read(config, diagnostics);
  assert_non_null(service);
  g->status = build(g->f.process, config, service, check_unused, diagnostics);
  if (check_unused) ncl_build_check(g->f.process, diagnostics);
  g->errors = ncl_diagnostics_errors(diagnostics);
  free(g->said);
  FILE *out = open_memstream(&g->said, &size);
  ncl_diagnostics_print(diagnostics, out);
  (void)fclose(out);
  /* As the program does it: what was built stands alone. */
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
  free(uri);
}

static inline void graph_open_with(graph *g, const char *yaml, bool check_unused) {
  memset(&stage, 0, sizeof stage);
  memset(g, 0, sizeof *g);
  fixture_open(&g->f);
  graph_build(g, yaml, check_unused, ncl_build);
}

/* Builds another config beside the one in force: process->coming. */
static inline void graph_build_beside(graph *g, const char *yaml) {
  graph_build(g, yaml, false, ncl_build_beside);
}

static inline void graph_open(graph *g, const char *yaml) {
  graph_open_with(g, yaml, false);
  if (g->errors > 0) fail_msg("%s", g->said);
}

static inline void graph_close(graph *g) {
  settle(&g->f);
  fixture_close(&g->f);
  free(g->said);
  for (uint32_t i = 0; i < stage.count; i++)
    assert_null(stage.all[i]);
}

static inline ncl_status graph_emit(graph *g, fake *from, uint32_t output, uint32_t spans, ncl_done_fn done,
                                    void *arg) {
  const ncl_batch *batch = batch_of(&g->f, spans);
  ncl_emission emission = {sizeof emission, 0, batch, NULL, 0, done, arg};
  ncl_status status = from->host->emit(from->me, from->outputs[output].output, &emission, NULL);
  ncl_batch_release(batch);
  return status;
}

#define SAYS(g, part)                                                       \
  do {                                                                      \
    if (strstr((g)->said, (part)) == NULL) fail_msg("said: %s", (g)->said); \
  } while (0)

#endif

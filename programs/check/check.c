/* SPDX-License-Identifier: Apache-2.0 */
/* programs/check/check.c: the collector as `validate` builds it, and then each component's probe in place of its start.
 */
#include "programs/check/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cli/collector.h"
#include "core/pipeline/probe.h"
#include "programs/check/report.h"

#define WITHIN_NS INT64_C(60000000000)
#define QUIET (NCL_LOG_ERROR + 1) /* what is wrong is said in the report */

typedef struct checker {
  ncl_collector base;
  ncl_check_report report;
} checker;

static void on_found(void *arg, const ncl_component *from, const ncl_finding *finding) {
  checker *c = arg;
  ncl_check_report_add(&c->report, from, finding);
}

static void on_ended(void *arg) {
  const checker *c = arg;
  ncl_loop_stop(c->base.loop);
}

static int probe(checker *c) {
  ncl_probe *probing = ncl_probe_new(c->base.process, &(ncl_probe_events){c, on_found, on_ended});
  if (probing == NULL) return ncl_cli_no_memory();
  ncl_probe_begin(probing, ncl_loop_now_ns(c->base.loop) + WITHIN_NS);
  (void)ncl_loop_run(c->base.loop);
  if (c->base.options->format != NULL && strcmp(c->base.options->format, "json") == 0) {
    ncl_check_report_json(&c->report, c->base.process->components, stdout);
  } else {
    ncl_check_report_table(&c->report, c->base.process->components, stdout);
  }
  ncl_probe_free(probing);
  if (c->report.no_memory) return ncl_cli_no_memory();
  return c->report.count[NCL_FINDING_FAILED] == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int ncl_check(const ncl_options *options) {
  checker c = {.base = {.options = options, .only_looks = true}};
  int exit_code = EXIT_FAILURE;
  if (ncl_collector_build(&c.base, true)) {
    ncl_logger_set_level(c.base.logger, QUIET);
    exit_code = probe(&c);
  }
  /* A name server that does not answer keeps a thread, which must not find its memory gone. */
  if (c.base.process != NULL && ncl_process_jobs(c.base.process) > 0) {
    (void)fflush(stdout);
    _exit(exit_code);
  }
  ncl_check_report_close(&c.report);
  ncl_collector_close(&c.base);
  return exit_code;
}

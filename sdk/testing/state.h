/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/testing/state.h: the inside of a test, for the files of sdk/testing alone. */
#ifndef NACELLE_SDK_TESTING_STATE_H
#define NACELLE_SDK_TESTING_STATE_H

#include <nacelle/testing.h>

#include "core/config/diagnostic.h"
#include "core/pipeline/lifecycle.h"
#include "core/pipeline/process.h"
#include "parts.h"

typedef struct ncl_test_sink {
  ncl_test *test;
  ncl_component *component;
  ncl_outcome answer;
  ncl_test_received **received;
  uint32_t count;
  uint32_t capacity;
  uint64_t items; /* taken */
} ncl_test_sink;

/* A call that was handed in. */
typedef struct ncl_test_call {
  struct ncl_test_call *next;
  ncl_test *test;
  ncl_test_answer answer;
} ncl_test_call;

/* An interface that the test publishes, as a component sees it. */
typedef struct ncl_test_published {
  ncl_type type;
  ncl_component_type decl;
  ncl_test_interface interface;
} ncl_test_published;

/* Memory that lives as long as the test. */
typedef struct ncl_test_kept {
  struct ncl_test_kept *next;
} ncl_test_kept;

struct ncl_test {
  ncl_clock *clock;
  ncl_loop *loop;
  int log_fd;
  ncl_logger *logger;
  ncl_registry *registry;
  ncl_process *process;
  ncl_diagnostics *diagnostics;
  ncl_lifecycle *lifecycle;
  char *temporary; /* a directory for a link to the plugin, where that does not lie in one named for its kind */
  char *link;
  size_t handles; /* that the process itself has open */

  ncl_component *source;
  ncl_component *subject; /* NULL = it could not be made */
  ncl_output *entry;      /* from the source to the subject */
  ncl_test_sink *sinks;
  uint32_t sink_count;
  ncl_test_published *published;
  uint32_t published_count;

  ncl_status status;
  ncl_status started; /* NCL_UNSUPPORTED = not yet asked to */
  uint32_t ended;
  uint32_t faults;
  uint32_t no_jobs; /* 1 = jobs are not waited for */
  char *fatal;
  ncl_test_call *calls;
  ncl_test_kept *kept;
  uint64_t made; /* items, for their numbers */

  uint64_t allocations_left; /* before they fail */
  uint64_t allocations_fail;
  uint64_t allocations_failed;
};

/* sink.c: the components at both ends, and the interfaces of the test. Each is put first in the list of the process:
 * what is made last starts first. False = no memory. */
bool ncl_test_make_source(ncl_test *t);
bool ncl_test_make_sinks(ncl_test *t, uint32_t count);
bool ncl_test_make_interfaces(ncl_test *t, const ncl_test_options *options);
/* Gives back what the sinks hold. */
void ncl_test_empty_sinks(ncl_test *t);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/testing.h: runs one component of a plugin in the real runtime, on a clock that the test moves, between a
 * source that hands batches in and sinks that record them and answer as told. For any unit test framework. */
#ifndef NACELLE_TESTING_H
#define NACELLE_TESTING_H

#include <nacelle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A test has one thread, and all functions are called on it. None of them fails softly: without memory of the machine
 * itself the program ends with a line on standard error. What a function gives out lives until ncl_test_close.
 *
 *   ncl_test_options options = {.plugin = "build/processors/acme.so", .config = "size: 10\n"};
 *   ncl_test *t = ncl_test_open(&options);
 *   assert_int_equal(ncl_test_start(t), NCL_OK);
 *   const ncl_test_answer *answer = ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 3, "service.name=a"),
 * NULL); assert_int_equal(answer->status, NCL_OK); ncl_test_advance(t, 200000000);
 *   assert_int_equal(ncl_test_sink_count(t, 0), 1);
 *   assert_int_equal(ncl_test_close(t), 0);
 */
typedef struct ncl_test ncl_test;

/* ---- opening --------------------------------------------------------------------------------------- */

/* An interface that the test itself publishes, as extension `id` or as a service ("http_client"). */
typedef struct ncl_test_interface {
  uint32_t kind;     /* NCL_KIND_EXTENSION, NCL_KIND_SERVICE */
  const char *id;    /* of a service: its type, the interface's name without "ncl." and version */
  const char *name;  /* "ncl.http_client/1" */
  const void *table; /* borrowed until ncl_test_close */
} ncl_test_interface;

typedef struct ncl_test_options {
  const char *plugin;       /* the file. Its name without ".so" is the component's type or an alias */
  uint32_t kind;            /* NCL_KIND_*; 0 = by the directory of the file: receivers, processors, ... */
  uint32_t signal;          /* what the instance is for; 0 = traces. Shared components and receivers take all three */
  const char *id;           /* "acme/2"; NULL = the type */
  const char *config;       /* YAML: the keys of the component, and those of the host (sending_queue); NULL = nothing */
  const char *plugin_dir;   /* where services are looked for that the component asks for; NULL = two above the file */
  uint32_t outputs;         /* connectors: pipelines behind it, each with a sink of its own; 0 = 1 */
  uint32_t output_flags;    /* NCL_OUTPUT_* of all outputs: what the graph would say of what is behind them */
  uint64_t memory_limit;    /* of the container, in bytes; 0 = unknown */
  uint64_t memory_baseline; /* what the process is said to take besides telemetry */
  const ncl_test_interface *interfaces;
  uint32_t interface_count;
} ncl_test_options;

/* Loads the plugin and creates the component. Never NULL: see ncl_test_status. */
ncl_test *ncl_test_open(const ncl_test_options *options);

/* NCL_OK, or why there is no component that could be started: the reasons are in the diagnostics. */
ncl_status ncl_test_status(const ncl_test *t);
/* What is wrong with the config or the plugin, as `nacelle validate` prints it ("yaml::2:10: error:
 * processors.acme.size:
 * ..."); "" = nothing. Warnings are in it, too. */
const char *ncl_test_diagnostics(ncl_test *t);
/* Calls the check slot. Returns how many errors the diagnostics have now. */
uint32_t ncl_test_check(ncl_test *t);

/* Ends what still runs, frees all, and returns how many things are wrong, each with a line on standard error: memory
 * that is still in use or charged, tokens that nobody completed, timers, watches and listeners that are still open,
 * jobs that do not end, callers that got no answer, and more than one answer to one call. */
uint32_t ncl_test_close(ncl_test *t);

/* ---- running --------------------------------------------------------------------------------------- */

/* Starts the component and what is around it. NCL_PENDING: it has not answered yet; see ncl_test_started. */
ncl_status ncl_test_start(ncl_test *t);
ncl_status ncl_test_started(const ncl_test *t);

/* Tells the started component that the config was read again and has not changed (ncl_methods.refresh). */
void ncl_test_refresh(ncl_test *t);

/* Drains and shuts down, within `within_ns` of the test's clock; a second call moves that deadline, to an earlier one.
 * Returns 1 when all has ended; 0: something is still awaited (an answer, or the clock). */
uint32_t ncl_test_end(ncl_test *t, int64_t within_ns);
uint32_t ncl_test_ended(const ncl_test *t);

/* Runs what is due, posted and ready, without waiting. */
void ncl_test_turn(ncl_test *t);
/* The same until nothing is left to do, jobs of host->work included; those may take 10 s of real time. Every function
 * here that may set something going ends with it. */
void ncl_test_settle(ncl_test *t);
/* 0 = nothing waits for jobs any more, and one that has not ended is no fault at the end: for tests of what a component
 * does while a disk or a name server does not answer. */
void ncl_test_wait_for_jobs(ncl_test *t, uint32_t on);
/* Goes on until fn(arg) is not 0, at most `timeout_ms` of real time: for sockets. Returns what fn answered last. */
uint32_t ncl_test_until(ncl_test *t, uint32_t (*fn)(void *arg), void *arg, uint32_t timeout_ms);

/* The clock stands still but for this. It begins at 1,000 s monotonic, 2026-01-02 03:04:05 UTC. */
void ncl_test_advance(ncl_test *t, int64_t ns);
int64_t ncl_test_now_ns(const ncl_test *t);
int64_t ncl_test_wall_ns(const ncl_test *t);

/* The host's table and a handle for it, for interfaces that the test calls or publishes. */
const ncl_host *ncl_test_host(ncl_test *t);
ncl_component *ncl_test_me(ncl_test *t);
/* The table of an interface that the component publishes; NULL = it does not. */
const void *ncl_test_publishes(ncl_test *t, const char *name);

/* ---- handing in ------------------------------------------------------------------------------------ */

/* What became of a call. */
typedef struct ncl_test_answer {
  ncl_status status; /* NCL_PENDING until it is answered */
  uint32_t answers;  /* 0 or 1 */
  uint32_t grpc_code;
  uint32_t later; /* 1 = not in consume itself */
  uint64_t items; /* of the batch */
  uint64_t rejected;
  int64_t retry_after_ns;
  char message[512];
} ncl_test_answer;

/* Hands a batch, whose reference is given up, to a processor, connector or exporter. `metadata`: attributes of the
 * client's context, as text ("x-tenant=a"), or NULL. */
const ncl_test_answer *ncl_test_consume(ncl_test *t, const ncl_batch *batch, const char *metadata);
/* The same with a deadline (monotonic). */
const ncl_test_answer *ncl_test_consume_by(ncl_test *t, const ncl_batch *batch, const char *metadata,
                                           int64_t deadline_ns);

/* Items of all calls so far, by answer. */
typedef struct ncl_test_flow {
  uint64_t accepted; /* answered NCL_OK, less what was said to be rejected */
  uint64_t refused;  /* answered with an error, or said to be rejected */
  uint64_t waiting;  /* not answered */
  uint64_t dropped;  /* by the component: nacelle_dropped_items */
} ncl_test_flow;
ncl_test_flow ncl_test_flow_of(ncl_test *t);

/* ---- sinks ----------------------------------------------------------------------------------------- */

/* What the sink answers to all batches from now on: NCL_OK (as at first), an error, or NCL_PENDING. */
void ncl_test_sink_answer(ncl_test *t, uint32_t sink, ncl_status status);
/* The same in full; what it points to is borrowed until the next call. */
void ncl_test_sink_outcome(ncl_test *t, uint32_t sink, const ncl_outcome *outcome);
/* Completes what was answered NCL_PENDING to batch `i`. */
void ncl_test_sink_complete(ncl_test *t, uint32_t sink, uint32_t i, ncl_status status);
void ncl_test_sink_complete_with(ncl_test *t, uint32_t sink, uint32_t i, const ncl_outcome *outcome);

/* A batch that came to a sink. */
typedef struct ncl_test_received {
  const ncl_batch *batch;
  const char *metadata; /* of the context, as text: "x-tenant=a;x-user=b" */
  ncl_status status;    /* what was answered */
  ncl_token token;
  int64_t deadline_ns;
  int64_t at_ns; /* monotonic */
} ncl_test_received;

uint32_t ncl_test_sink_count(const ncl_test *t, uint32_t sink);
/* Batch `i` in the order of their coming; NULL beyond the last. */
const ncl_test_received *ncl_test_sink_at(const ncl_test *t, uint32_t sink, uint32_t i);
/* Items of all batches that were answered NCL_OK, now or later, less what the answer rejected. */
uint64_t ncl_test_sink_items(const ncl_test *t, uint32_t sink);

/* ---- batches --------------------------------------------------------------------------------------- */

/*
 * Attributes are written as text: "service.name=a;host.id=7" gives two strings; "count:=7;share:=0.5;on:=true" gives an
 * int, a double and a bool. NULL or "" = none.
 */

/* `items` spans, log records or data points of one gauge, in one scope of one resource. Each has a number of its own
 * in this test: spans are named "item 17", log records say so, data points have the value 17. NULL = over the budget.
 */
const ncl_batch *ncl_test_batch(ncl_test *t, uint32_t signal, uint32_t items, const char *resource);

/* A batch that is put together part by part. */
typedef struct ncl_test_build ncl_test_build;
ncl_test_build *ncl_test_build_open(ncl_test *t, uint32_t signal);
/* Begins a group with a resource of these attributes; a scope in it. Records before any of them get one each. */
void ncl_test_resource(ncl_test_build *build, const char *attributes);
void ncl_test_scope(ncl_test_build *build, const char *name, const char *version, const char *attributes);
/* `count` records or, for metrics, `count` data points of one metric of `type` (NCL_METRIC_DATA_* of otlp_fields.h),
 * numbered. `name` NULL = "item <n>" (metrics: "metric"). */
void ncl_test_spans(ncl_test_build *build, uint32_t count, const char *name, const char *attributes);
void ncl_test_logs(ncl_test_build *build, uint32_t count, const char *body, const char *attributes);
void ncl_test_points(ncl_test_build *build, uint32_t type, uint32_t count, const char *name, const char *attributes);
/* A field (string or bytes) of the message that is being written at this level: a schema URL, or one that OTLP does
 * not know. IN_RECORD = of the last record. What is deeper is ended. */
#define NCL_TEST_IN_REQUEST 0u
#define NCL_TEST_IN_GROUP 1u
#define NCL_TEST_IN_SCOPE 2u
#define NCL_TEST_IN_RECORD 3u
void ncl_test_field(ncl_test_build *build, uint32_t level, uint32_t field, const char *text);
/* Ends it. NULL = refused, or over the budget. */
const ncl_batch *ncl_test_build_finish(ncl_test_build *build);

/* A batch of an encoded request. NULL = refused: with the reason in *outcome (may be NULL). */
const ncl_batch *ncl_test_batch_of(ncl_test *t, uint32_t signal, ncl_range wire, ncl_outcome *outcome);

/* A batch as text, to be compared: a line for each resource, scope and record, and one a data point, each with its
 * attributes; fields that are not known as "#100=text".
 *   resource service.name=a
 *    scope lib 1.0
 *     span "item 1" k=v
 *     gauge "metric" 2 points
 *      3
 *      4
 */
const char *ncl_test_text(ncl_test *t, const ncl_batch *batch);
void ncl_test_release(ncl_test *t, const ncl_batch *batch);

/* ---- what it says ---------------------------------------------------------------------------------- */

/* Every line of the log so far, from debug on, without a limit of the rate: time TAB level TAB component TAB message
 * TAB {attributes}. */
const char *ncl_test_log(ncl_test *t);
/* How many lines have `part` in them. */
uint32_t ncl_test_logged(ncl_test *t, const char *part);
/* The sum of all series of a metric whose labels are among those of `labels` ("exporter=acme;reason=full"; NULL = any);
 * of a histogram how many values were recorded. 0 where there is none. Names are as they are exported:
 * "otelcol_processor_acme_sends". */
int64_t ncl_test_metric(ncl_test *t, const char *name, const char *labels);
/* The sum of the values of a histogram; of others the same as ncl_test_metric. */
int64_t ncl_test_metric_sum(ncl_test *t, const char *name, const char *labels);
/* The state that the component has reported (host->status), and its reason. */
ncl_status ncl_test_health(ncl_test *t, const char **message);
/* What it said to host->fatal; NULL = nothing. */
const char *ncl_test_fatal(const ncl_test *t);

/* ---- memory ---------------------------------------------------------------------------------------- */

/* Bytes of batches, arenas and charges that are in use; what they may grow to. */
uint64_t ncl_test_memory(const ncl_test *t);
void ncl_test_set_budget(ncl_test *t, uint64_t bytes);
/* Of the allocations for batches and arenas `after` more succeed, then `count` fail. Nothing is kept for reuse, so that
 * every one asks the machine. */
void ncl_test_fail_allocations(ncl_test *t, uint64_t after, uint64_t count);
/* How many have failed so. */
uint64_t ncl_test_allocations_failed(const ncl_test *t);
/* Completions that came for calls which nobody waits for any more (late, or twice). */
uint64_t ncl_test_stale(const ncl_test *t);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/send.c: a collector of one pipeline whose receiver is this program: it hands batches in, and what
 * the exporter's backend answers comes back as the end of each call. */
#include "programs/generate/send.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/cli/collector.h"
#include "core/pipeline/build.h"
#include "core/pipeline/lifecycle.h"
#include "core/runtime/signals.h"
#include "programs/generate/config.h"
#include "programs/generate/sample.h"

#define SECOND_NS INT64_C(1000000000)
#define CONFIG_MAX ((size_t)1 << 20)
#define REQUEST_MAX ((size_t)1 << 30) /* bytes: more than NCL_GENERATE_BATCH_MAX items of the largest size */
#define REQUESTS_A_SECOND 10.0        /* with --rate: smaller ones would only cost */
#define END_NS (2 * SECOND_NS)
#define QUIET (NCL_LOG_ERROR + 1u)

typedef struct sender sender;

/* One of --workers. */
typedef struct request {
  sender *sender;
  uint64_t items;
  bool under_way;
} request;

struct sender {
  const ncl_generate_options *options;
  ncl_report *report;
  ncl_options core_options;
  ncl_collector base;
  ncl_writer config; /* the URI */
  ncl_signals *signals;
  ncl_lifecycle *lifecycle;
  ncl_timer *pace;
  ncl_component *source; /* the receiver that receives nothing */
  ncl_sample sample;
  bool has_sample;
  request *requests;
  uint64_t under_way;
  uint64_t left;       /* items still to be made; UINT64_MAX = until the duration is over */
  double credit;       /* items that may be sent now, with --rate */
  int64_t credited_ns; /* when that was reckoned */
  int64_t begin_ns, answered_ns;
  ncl_generate_end end;
  bool over; /* nothing more is made */
  bool ending;
};

static void pump(void *arg);

/* ---- pace -------------------------------------------------------------------------------------------- */

/* Items that make a request worthwhile at the wanted rate. */
static double worth_sending(const sender *s) {
  double items = s->options->rate / REQUESTS_A_SECOND;
  if (items > (double)s->options->batch) items = (double)s->options->batch;
  if (items > (double)s->left) items = (double)s->left;
  return items < 1 ? 1 : items;
}

/* How many items the next request may have; 0: not yet, and then *at_ns says when. What an endpoint that is too slow
 * leaves undone is not made up for, beyond a request of each worker. */
static uint64_t due(sender *s, int64_t now_ns, int64_t *at_ns) {
  uint64_t most = s->options->batch < s->left ? s->options->batch : s->left;
  if (s->options->rate <= 0) return most;
  double ceiling = (double)(s->options->batch * s->options->workers);
  s->credit += (double)(now_ns - s->credited_ns) / 1e9 * s->options->rate;
  s->credited_ns = now_ns;
  if (s->credit > ceiling) s->credit = ceiling;
  double wanted = worth_sending(s);
  if (s->credit < wanted) {
    *at_ns = now_ns + (int64_t)((wanted - s->credit) / s->options->rate * 1e9) + 1;
    return 0;
  }
  uint64_t items = (uint64_t)s->credit < most ? (uint64_t)s->credit : most;
  s->credit -= (double)items;
  return items;
}

static bool is_over(const sender *s, int64_t now_ns) {
  if (s->over || s->left == 0) return true;
  return s->options->duration_ns > 0 && now_ns - s->begin_ns >= s->options->duration_ns;
}

/* ---- requests ---------------------------------------------------------------------------------------- */

static void answered(sender *s, uint64_t items, const ncl_outcome *outcome) {
  const ncl_report_reason *reason = ncl_report_add(s->report, items, outcome);
  s->answered_ns = ncl_loop_now_ns(s->base.loop);
  /* Whoever sends for a long time wants to know at once. */
  if (reason != NULL && !is_over(s, s->answered_ns)) {
    (void)fprintf(stderr, "not accepted: %.*s\n", (int)reason->len, reason->text);
  }
}

static void on_answer(void *arg, const ncl_outcome *outcome) {
  request *r = arg;
  sender *s = r->sender;
  r->under_way = false;
  s->under_way--;
  answered(s, r->items, outcome);
  if (!s->ending) ncl_timer_set(s->pace, ncl_loop_now_ns(s->base.loop));
}

/* NULL with the reason in *outcome. */
static const ncl_batch *make_batch(sender *s, uint32_t items, ncl_outcome *outcome) {
  const ncl_host *host = &s->base.process->host;
  const ncl_batch *batch = NULL;
  size_t reserve = (size_t)items * (1024 + s->options->size) + 1024;
  ncl_arena *arena = host->arena_open(s->source, reserve);
  if (arena != NULL) {
    ncl_writer writer;
    ncl_writer_arena(&writer, host, arena, reserve, REQUEST_MAX);
    ncl_sample_write(&s->sample, &writer, items, host->wall_ns(s->source));
    ncl_writer_close(&writer);
    outcome->status = writer.status;
    if (writer.status == NCL_OK) {
      outcome->status =
          host->batch_from_wire(s->source, s->options->signal, arena, writer.base, writer.len, &batch, outcome);
    }
    if (outcome->status == NCL_OK) return batch;
    host->arena_close(arena);
  } else {
    outcome->status = NCL_NO_MEMORY;
  }
  if (outcome->message.len == 0) outcome->message = (ncl_str)NCL_STR("no memory to make a request");
  return NULL;
}

static void send_request(sender *s, request *r, uint64_t items) {
  const ncl_host *host = &s->base.process->host;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (s->left != UINT64_MAX) s->left -= items;
  r->items = items;
  const ncl_batch *batch = make_batch(s, (uint32_t)items, &outcome);
  if (batch == NULL) {
    answered(s, items, &outcome);
    return;
  }
  const ncl_emission emission = {.struct_size = sizeof emission, .batch = batch, .done = on_answer, .arg = r};
  r->under_way = true;
  s->under_way++;
  outcome.status = host->emit(s->source, s->source->outputs[0].output, &emission, &outcome);
  host->batch_release(batch);
  if (outcome.status == NCL_PENDING) return;
  r->under_way = false;
  s->under_way--;
  answered(s, items, &outcome);
}

static void finish(sender *s, int64_t within_ns) {
  s->ending = true;
  ncl_lifecycle_end(s->lifecycle, ncl_loop_now_ns(s->base.loop) + within_ns);
}

/* Gives each worker that is free a request, at most one a turn of the loop. */
static void pump(void *arg) {
  sender *s = arg;
  int64_t now_ns = ncl_loop_now_ns(s->base.loop);
  int64_t at_ns = 0;
  if (s->ending) return;
  for (uint64_t i = 0; i < s->options->workers && !is_over(s, now_ns); i++) {
    if (s->requests[i].under_way) continue;
    uint64_t items = due(s, now_ns, &at_ns);
    if (items == 0) break;
    send_request(s, &s->requests[i], items);
  }
  if (is_over(s, now_ns)) {
    if (s->under_way == 0) finish(s, END_NS);
    return;
  }
  /* An answer sets the timer, too. */
  if (at_ns == 0 && s->under_way < s->options->workers) at_ns = now_ns;
  if (at_ns == 0 && s->options->duration_ns > 0) at_ns = s->begin_ns + s->options->duration_ns;
  if (at_ns != 0) ncl_timer_set(s->pace, at_ns);
}

/* ---- life -------------------------------------------------------------------------------------------- */

static void on_started(void *arg, ncl_status status) {
  sender *s = arg;
  if (status != NCL_OK) {
    (void)fprintf(stderr, "Error: the exporter could not be started; --verbose says why\n");
    ncl_loop_stop(s->base.loop);
    return;
  }
  s->end = NCL_GENERATE_RAN;
  s->begin_ns = s->answered_ns = s->credited_ns = ncl_loop_now_ns(s->base.loop);
  s->credit = worth_sending(s);
  pump(s);
}

static void on_ended(void *arg) {
  sender *s = arg;
  ncl_loop_stop(s->base.loop);
}

static void on_signal(void *arg, uint32_t what, int32_t number) {
  sender *s = arg;
  (void)number;
  if (what == NCL_SIGNALS_RELOAD) return;
  s->over = true;
  if (s->ending) return;
  if (what == NCL_SIGNALS_KILL || s->under_way == 0) finish(s, what == NCL_SIGNALS_KILL ? 0 : END_NS);
}

static void on_fatal(void *arg, ncl_str message) {
  sender *s = arg;
  (void)fprintf(stderr, "Error: %.*s\n", (int)message.len, message.ptr);
  s->over = true;
  if (!s->ending) finish(s, END_NS);
}

/* What is wrong with the config came from an option, so the option is named. */
static bool report_mistakes(sender *s) {
  const ncl_diagnostics *diagnostics = s->base.diagnostics;
  for (size_t i = 0; i < ncl_diagnostics_count(diagnostics); i++) {
    const ncl_diagnostic *d = ncl_diagnostics_at(diagnostics, i);
    const char *option = ncl_generate_option_of(d->path);
    (void)fprintf(stderr, "%s: %s%s%.*s", d->severity == NCL_SEVERITY_ERROR ? "Error" : "Warning",
                  option == NULL ? "" : option, option == NULL ? "" : ": ", (int)d->message.len, d->message.ptr);
    if (d->hint.len > 0) (void)fprintf(stderr, "; %.*s", (int)d->hint.len, d->hint.ptr);
    (void)fputc('\n', stderr);
  }
  if (ncl_diagnostics_errors(diagnostics) == 0) return true;
  s->end = NCL_GENERATE_WRONG;
  return false;
}

static bool no_memory(void) {
  (void)fprintf(stderr, "Error: no memory\n");
  return false;
}

static bool build(sender *s) {
  ncl_writer_heap(&s->config, CONFIG_MAX);
  ncl_generate_write_config(&s->config, s->options);
  if (s->config.status != NCL_OK) return no_memory();
  s->core_options.configs[0] = (const char *)s->config.base;
  s->core_options.config_count = 1;
  if (s->options->plugin_dir != NULL) {
    s->core_options.plugin_dirs[0] = s->options->plugin_dir;
    s->core_options.plugin_dir_count = 1;
  }
  s->base.options = &s->core_options;
  if (!ncl_collector_load(&s->base) || !ncl_collector_open_logger(&s->base, false, false)) return no_memory();
  ncl_logger_set_level(s->base.logger, s->options->verbose ? NCL_LOG_DEBUG : QUIET);
  if (!ncl_collector_open_registry(&s->base)) return no_memory();
  if (s->base.service == NULL) return report_mistakes(s);
  ncl_process_options options = {s->base.loop, s->base.registry, s->base.logger, NULL};
  s->base.process = ncl_process_new(&options);
  if (s->base.process == NULL) return no_memory();
  if (ncl_build(s->base.process, s->base.config, s->base.service, true, s->base.diagnostics) != NCL_OK) {
    return no_memory();
  }
  if (ncl_diagnostics_errors(s->base.diagnostics) == 0) ncl_build_check(s->base.process, s->base.diagnostics);
  return report_mistakes(s);
}

/* With a rate and a duration their product is what is sent, so that the first request may go out at once. */
static uint64_t items_in_all(const ncl_generate_options *options) {
  uint64_t items = options->count > 0 ? options->count : UINT64_MAX;
  if (options->rate <= 0 || options->duration_ns == 0) return items;
  double product = options->rate * (double)options->duration_ns / 1e9;
  if (product < 1) product = 1;
  return product < (double)items ? (uint64_t)product : items;
}

static bool prepare(sender *s) {
  uint64_t seed = 0;
  s->left = items_in_all(s->options);
  s->requests = calloc(s->options->workers, sizeof *s->requests);
  s->pace = ncl_timer_open(s->base.loop, pump, s);
  s->lifecycle = ncl_lifecycle_new(s->base.process, &(ncl_lifecycle_events){s, on_started, on_ended});
  if (s->requests == NULL || s->pace == NULL || s->lifecycle == NULL) return no_memory();
  for (uint64_t i = 0; i < s->options->workers; i++)
    s->requests[i].sender = s;
  if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) seed = (uint64_t)ncl_loop_now_ns(s->base.loop);
  if (ncl_sample_open(&s->sample, s->options, seed, ncl_loop_wall_ns(s->base.loop)) != NCL_OK) return no_memory();
  s->has_sample = true;
  for (ncl_component *c = s->base.process->components; c != NULL; c = c->next) {
    if (c->kind == NCL_KIND_RECEIVER) s->source = c;
  }
  s->base.process->on_fatal = on_fatal;
  s->base.process->on_fatal_arg = s;
  return s->source != NULL;
}

/* Calls that were not answered end with the process. */
static void close_sender(sender *s) {
  ncl_lifecycle_free(s->lifecycle);
  ncl_process_free(s->base.process);
  s->base.process = NULL;
  ncl_timer_close(s->pace);
  ncl_signals_close(s->signals);
  ncl_collector_close(&s->base);
  if (s->has_sample) ncl_sample_close(&s->sample);
  ncl_writer_close(&s->config);
  free(s->requests);
}

ncl_generate_end ncl_generate_send(const ncl_generate_options *options, ncl_report *report, int64_t *took_ns) {
  sender *s = calloc(1, sizeof *s);
  if (s == NULL) {
    (void)no_memory();
    return NCL_GENERATE_FAILED;
  }
  s->end = NCL_GENERATE_FAILED;
  s->options = options;
  s->report = report;
  s->base.loop = ncl_loop_new();
  s->signals = s->base.loop == NULL ? NULL : ncl_signals_open(s->base.loop, on_signal, s);
  bool ready = s->signals == NULL ? no_memory() : build(s) && prepare(s);
  if (ready) {
    ncl_lifecycle_start(s->lifecycle);
    (void)ncl_loop_run(s->base.loop);
  }
  s->ending = true;
  close_sender(s);
  ncl_generate_end end = s->end;
  *took_ns = s->answered_ns - s->begin_ns;
  free(s);
  return end;
}

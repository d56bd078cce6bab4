/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/host_table.c: nacelle/host.h, slot by slot: from the ABI to the module that does it. */
#include <stdlib.h>
#include <string.h>

#include "core/pdata/builder.h"
#include "core/pipeline/difference.h"
#include "core/pipeline/process.h"
#include "core/pipeline/report.h"

#if defined(NDEBUG)
#define ON_LOOP(component) ((void)0)
#else
#include <assert.h>
#define ON_LOOP(component) assert(ncl_loop_on_thread((component)->process->loop))
#endif

/* ---- words ---------------------------------------------------------------------------------------- */

static uint32_t host_log_enabled(ncl_component *me, uint32_t level) {
  return ncl_logger_enabled(me->process->logger, level);
}

static void host_log(ncl_component *me, uint32_t level, ncl_str event, ncl_str message, const ncl_attr *attrs,
                     uint32_t count) {
  ncl_logger_write(me->process->logger, &me->scope, level, event, message, attrs, count);
}

static void report(ncl_component *me, uint32_t severity, const ncl_value *where, ncl_str message, ncl_str hint) {
  ON_LOOP(me);
  if (severity == NCL_SEVERITY_ERROR) me->complained = true;
  if (me->diagnostics == NULL || me->config == NULL) {
    uint32_t level = severity == NCL_SEVERITY_ERROR ? NCL_LOG_ERROR : NCL_LOG_WARN;
    ncl_attr attr = ncl_log_str("hint", hint);
    host_log(me, level, (ncl_str)NCL_STR("config"), message, &attr, hint.len > 0);
    return;
  }
  /* Instances of one id, for several signals, find the same mistakes. */
  ncl_where place = ncl_decoded_where(me->config, where);
  if (ncl_process_said(me->diagnostics, severity, place.mark, message)) return;
  ncl_decoded_report(me->config, where, severity, message, hint, me->diagnostics);
}

static void host_config_error(ncl_component *me, const ncl_value *where, ncl_str message, ncl_str hint) {
  report(me, NCL_SEVERITY_ERROR, where, message, hint);
}

static void host_config_warning(ncl_component *me, const ncl_value *where, ncl_str message, ncl_str hint) {
  report(me, NCL_SEVERITY_WARNING, where, message, hint);
}

/* ---- counters ------------------------------------------------------------------------------------- */

static ncl_metric *host_metric(ncl_component *me, const ncl_metric_type *type, const ncl_pair *labels, uint32_t count) {
  return ncl_component_metric(me->counters, type, labels, count);
}

static void host_metric_labels(ncl_component *me, const ncl_pair *labels, uint32_t count) {
  ON_LOOP(me);
  (void)ncl_component_metric_labels(me->counters, labels, count);
}

static void host_drop(ncl_component *me, uint32_t signal, uint64_t items, ncl_str reason) {
  ncl_count_dropped(me->counters, signal, items, reason);
  ncl_flow_add(&me->flow.failed, items);
  (void)atomic_fetch_add(&me->process->dropped, items);
  ncl_loss loss = {
      &me->scope, NCL_STR("dropped"), NCL_STR("Telemetry was dropped."), NCL_STR("dropped_items"), reason, {NULL, 0},
      items};
  ncl_report_lost(me, &loss);
}

static void host_filtered(ncl_component *me, uint32_t signal, uint64_t items, ncl_str reason) {
  ncl_count_filtered(me->counters, signal, items, reason);
}

static void host_received(ncl_component *me, uint32_t signal, ncl_str transport, uint64_t items, ncl_status outcome) {
  ncl_count_received(me->counters, signal, transport, items, outcome);
  if (outcome == NCL_OK) {
    ncl_flow_add(&me->flow.in, items);
    ncl_flow_add(&me->flow.out, items);
  } else {
    ncl_flow_add(&me->flow.failed, items);
  }
}

/* ---- memory and batches --------------------------------------------------------------------------- */

static ncl_status host_memory_charge(ncl_component *me, int64_t bytes) {
  ncl_status status = ncl_pool_charge(me->process->pool, bytes);
  if (status == NCL_OK) (void)atomic_fetch_add(&me->charged, bytes);
  return status;
}

static void host_memory_state(ncl_component *me, ncl_memory *out) {
  const ncl_process *process = me->process;
  ncl_memory state = {
      sizeof state,     0, ncl_pool_used(process->pool), ncl_pool_budget(process->pool), process->cgroup_limit,
      process->baseline};
  uint32_t size = out->struct_size < sizeof state ? out->struct_size : (uint32_t)sizeof state;
  memcpy(out, &state, size);
  out->struct_size = size;
}

static ncl_arena *host_arena_open(ncl_component *me, size_t reserve) {
  ON_LOOP(me);
  return ncl_arena_open(me->process->pool, reserve);
}

static const ncl_metric_type repaired_strings = {
    .name = NCL_STR("repaired_strings"),
    .type = NCL_METRIC_COUNTER,
    .unit = NCL_STR("{string}"),
    .doc = NCL_STR("Strings that were not UTF-8 and were repaired."),
};

static ncl_status host_batch_from_wire(ncl_component *me, uint32_t signal, ncl_arena *arena, const void *bytes,
                                       size_t len, const ncl_batch **batch, ncl_outcome *outcome) {
  ON_LOOP(me);
  ncl_wire_stats stats;
  ncl_status status = ncl_batch_from_wire(me->process->pool, signal, arena, bytes, len, batch, outcome, &stats);
  if (status == NCL_OK && stats.repaired_strings > 0) {
    ncl_metric *repaired = ncl_component_metric(me->counters, &repaired_strings, NULL, 0);
    ncl_metric_add(repaired, (int64_t)stats.repaired_strings);
  }
  return status;
}

static ncl_builder *host_builder_open(ncl_component *me, uint32_t signal) {
  ON_LOOP(me);
  return ncl_builder_open(me->process->pool, signal);
}

/* ---- calls ---------------------------------------------------------------------------------------- */

static ncl_status host_emit(ncl_component *me, ncl_output *output, const ncl_emission *emission, ncl_outcome *outcome) {
  ON_LOOP(me);
  return ncl_output_emit(me, output, emission, outcome);
}

static const ncl_metric_type double_completions = {
    .name = NCL_STR("double_completions"),
    .type = NCL_METRIC_COUNTER,
    .unit = NCL_STR("{call}"),
    .doc = NCL_STR("Calls that a component completed a second time, which is a mistake of its plugin and was ignored."),
};

static void say_completed_twice(ncl_component *me) {
  const ncl_plugin *plugin = me->type->plugin;
  ncl_attr attrs[] = {ncl_log_str("plugin", plugin != NULL ? plugin->name : (ncl_str){NULL, 0}),
                      ncl_log_str("version", plugin != NULL ? plugin->version : (ncl_str){NULL, 0})};
  host_log(me, NCL_LOG_ERROR, (ncl_str)NCL_STR("contract.completed_twice"),
           (ncl_str)NCL_STR("A component completed a call a second time, which is a mistake of its plugin. Ignored."),
           attrs, 2);
  ncl_metric_add(ncl_component_metric(me->counters, &double_completions, NULL, 0), 1);
}

static void host_complete(ncl_component *me, ncl_token token, const ncl_outcome *outcome) {
  if (!ncl_token_complete(me->process->tokens, token, outcome)) say_completed_twice(me);
}

static ncl_token host_token_open(ncl_component *me, ncl_done_fn done, void *arg, int64_t deadline_ns) {
  ON_LOOP(me);
  return ncl_token_open(me->process->tokens, me, NULL, done, arg, deadline_ns);
}

static void host_token_cancel(ncl_component *me, ncl_token token) {
  ON_LOOP(me);
  (void)ncl_token_cancel(me->process->tokens, token);
}

static ncl_context *host_context_new(ncl_component *me, ncl_str peer, const ncl_pair *pairs, uint32_t count) {
  (void)me;
  return ncl_context_new(peer, pairs, count);
}

/* ---- runtime -------------------------------------------------------------------------------------- */

static int64_t host_now_ns(ncl_component *me) {
  return ncl_loop_now_ns(me->process->loop);
}

static int64_t host_wall_ns(ncl_component *me) {
  return ncl_loop_wall_ns(me->process->loop);
}

static ncl_timer *host_timer_open(ncl_component *me, ncl_call_fn fn, void *arg) {
  ON_LOOP(me);
  ncl_timer *timer = ncl_timer_open(me->process->loop, fn, arg);
  ncl_timer_for(timer, &me->callee);
  return timer;
}

static ncl_watch *host_watch_open(ncl_component *me, int32_t fd, uint32_t events, ncl_watch_fn fn, void *arg) {
  ON_LOOP(me);
  ncl_watch *watch = ncl_watch_open(me->process->loop, fd, events, fn, arg);
  ncl_watch_for(watch, &me->callee);
  return watch;
}

static ncl_status host_post(ncl_component *me, ncl_call_fn fn, void *arg) {
  return ncl_loop_post_as(me->process->loop, &me->callee, fn, arg);
}

static ncl_status host_work(ncl_component *me, ncl_call_fn work, ncl_call_fn done, void *arg) {
  ON_LOOP(me);
  if (me->quota == NULL) {
    me->quota = ncl_work_quota_open(me->process->work, me->process->loop);
    if (me->quota == NULL) return NCL_NO_MEMORY;
    ncl_work_quota_for(me->quota, &me->callee);
  }
  return ncl_work_run(me->quota, work, done, arg);
}

/* While a new config comes, what is not kept is about to go. */
static uint32_t is_going(const void *arg, const void *owner) {
  const ncl_component *me = arg;
  const ncl_component *component = owner;
  if (component->place != NCL_PLACE_IN_FORCE || component->kept) return NCL_LISTEN_STAYS;
  return ncl_difference_before(me) == component ? NCL_LISTEN_SUCCEEDED : NCL_LISTEN_GOES;
}

static ncl_listener *host_listen(ncl_component *me, ncl_str endpoint, ncl_accept_fn fn, void *arg,
                                 ncl_outcome *outcome) {
  ON_LOOP(me);
  bool coming = me->place == NCL_PLACE_COMING;
  ncl_listen_for who = {me, coming, coming ? is_going : NULL, me};
  ncl_listener *listener = ncl_listen_as(me->process->loop, endpoint, &who, fn, arg, outcome);
  ncl_listener_for(listener, &me->callee);
  return listener;
}

static ncl_listener *host_listen_datagrams(ncl_component *me, ncl_str endpoint, const ncl_datagrams *how,
                                           ncl_datagram_fn fn, void *arg, ncl_outcome *outcome) {
  ON_LOOP(me);
  bool coming = me->place == NCL_PLACE_COMING;
  ncl_listen_for who = {me, coming, coming ? is_going : NULL, me};
  ncl_datagrams read = {sizeof read, 0, 0, 0};
  if (how != NULL && NCL_HAS(how, max)) read.max = how->max;
  if (how != NULL && NCL_HAS(how, receive_buffer)) read.receive_buffer = how->receive_buffer;
  if (how != NULL && NCL_HAS(how, file_mode)) read.file_mode = how->file_mode;
  ncl_listener *listener = ncl_listen_datagrams_as(me->process->loop, endpoint, &read, &who, fn, arg, outcome);
  ncl_listener_for(listener, &me->callee);
  return listener;
}

/* ---- others --------------------------------------------------------------------------------------- */

static const void *host_service(ncl_component *me, ncl_str name, ncl_outcome *outcome) {
  ON_LOOP(me);
  return ncl_process_service(me->process, me, name, outcome);
}

static const void *host_component_interface(ncl_component *me, ncl_str id, ncl_str name, ncl_outcome *outcome) {
  ON_LOOP(me);
  bool coming = me->place == NCL_PLACE_COMING;
  const ncl_component *all = coming ? me->process->coming.components : me->process->components;
  for (const ncl_component *other = all; other != NULL; other = other->next) {
    bool same = other->id.len == id.len && (id.len == 0 || memcmp(other->id.ptr, id.ptr, id.len) == 0);
    const ncl_component *real = other->twin != NULL ? other->twin : other;
    if (!same || other->kind != NCL_KIND_EXTENSION || real->state == NCL_STATE_NEW) continue;
    const void *table = real->type->methods.publish(real->self, name);
    if (table != NULL) return table;
  }
  if (outcome != NULL) {
    outcome->status = NCL_PERMANENT;
    outcome->message = (ncl_str)NCL_STR("no extension of this id has this interface");
  }
  return NULL;
}

static void host_status(ncl_component *me, ncl_status status, ncl_str message) {
  int64_t now = ncl_loop_now_ns(me->process->loop);
  if (me->status == NULL) return; /* it is leaving: how it does concerns nobody */
  if (!ncl_status_set(me->process->statuses, me->status, status, message, now)) return;
  ncl_attr attr = ncl_log_str("reason", message);
  if (status == NCL_OK) {
    host_log(me, NCL_LOG_INFO, (ncl_str)NCL_STR("status.ok"), (ncl_str)NCL_STR("Component is healthy."), NULL, 0);
  } else {
    host_log(me, NCL_LOG_WARN, (ncl_str)NCL_STR("status.unhealthy"), (ncl_str)NCL_STR("Component is unhealthy."), &attr,
             message.len > 0);
  }
}

static void host_fatal(ncl_component *me, ncl_str message) {
  ncl_attr attr = ncl_log_str("error", message);
  host_log(me, NCL_LOG_ERROR, (ncl_str)NCL_STR("fatal"), (ncl_str)NCL_STR("A component cannot go on."), &attr, 1);
  me->broken = true;
  /* A config that is not in force yet is given up, and one that is no more does not matter. */
  if (me->place != NCL_PLACE_IN_FORCE) return;
  if (me->process->on_fatal != NULL) me->process->on_fatal(me->process->on_fatal_arg, message);
}

static ncl_str host_environment(ncl_component *me, ncl_str name) {
  char text[256];
  (void)me;
  if (name.len == 0 || name.len >= sizeof text) return (ncl_str){NULL, 0};
  memcpy(text, name.ptr, name.len);
  text[name.len] = '\0';
  const char *value = getenv(text);
  return value == NULL ? (ncl_str){NULL, 0} : ncl_str_of(value, strlen(value));
}

static void host_finding(ncl_component *me, const ncl_finding *finding) {
  ON_LOOP(me);
  const ncl_process *process = me->process;
  if (process->on_finding != NULL) process->on_finding(process->on_finding_arg, me, finding);
}

void ncl_host_fill(ncl_host *host) {
  *host = (ncl_host){
      .struct_size = sizeof *host,
      .abi_minor = NCL_ABI_MINOR,
      .version = NCL_STR(NCL_VERSION),
      .log_enabled = host_log_enabled,
      .log = host_log,
      .config_error = host_config_error,
      .config_warning = host_config_warning,
      .metric = host_metric,
      .metric_labels = host_metric_labels,
      .metric_add = ncl_metric_add,
      .metric_set = ncl_metric_set,
      .drop = host_drop,
      .filtered = host_filtered,
      .received = host_received,
      .memory_charge = host_memory_charge,
      .memory_state = host_memory_state,
      .arena_open = host_arena_open,
      .arena_alloc = ncl_arena_alloc,
      .arena_resize = ncl_arena_resize,
      .arena_close = ncl_arena_close,
      .batch_from_wire = host_batch_from_wire,
      .batch_retain = ncl_batch_retain,
      .batch_release = ncl_batch_release,
      .builder_open = host_builder_open,
      .builder_bytes = ncl_builder_bytes,
      .builder_reference = ncl_builder_reference,
      .builder_group = ncl_builder_group,
      .builder_scope = ncl_builder_scope,
      .builder_records = ncl_builder_records,
      .builder_request = ncl_builder_request,
      .builder_finish = ncl_builder_finish,
      .builder_abort = ncl_builder_abort,
      .emit = host_emit,
      .complete = host_complete,
      .token_open = host_token_open,
      .token_cancel = host_token_cancel,
      .context_new = host_context_new,
      .context_retain = ncl_context_retain,
      .context_release = ncl_context_release,
      .context_pairs = ncl_context_pairs,
      .context_peer = ncl_context_peer,
      .now_ns = host_now_ns,
      .wall_ns = host_wall_ns,
      .timer_open = host_timer_open,
      .timer_set = ncl_timer_set,
      .timer_close = ncl_timer_close,
      .watch_open = host_watch_open,
      .watch_set = ncl_watch_set,
      .watch_close = ncl_watch_close,
      .post = host_post,
      .work = host_work,
      .listen = host_listen,
      .listen_datagrams = host_listen_datagrams,
      .listener_lost = ncl_listener_lost,
      .listener_endpoint = ncl_listener_endpoint,
      .listener_accept = ncl_listener_accept,
      .listener_close = ncl_listener_close,
      .service = host_service,
      .component_interface = host_component_interface,
      .status = host_status,
      .fatal = host_fatal,
      .environment = host_environment,
      .finding = host_finding,
  };
}

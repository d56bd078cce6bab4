/* SPDX-License-Identifier: Apache-2.0 */
/* A component's standard counters: found without a lock in a list that only grows, made at the first count. */
#include "core/telemetry/component_metrics.h"

#include <nacelle/pdata.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/telemetry/names.h"

/* One counter that is in use. */
typedef struct slot {
  struct slot *_Atomic next;
  ncl_metric *metric;
  ncl_name name;
  uint32_t signal;
  ncl_str text; /* transport or reason, else empty */
  char bytes[];
} slot;

struct ncl_component_metrics {
  ncl_metrics *metrics;
  ncl_metrics_scope *own;     /* the component's own metrics: {receiver="otlp"} */
  ncl_metrics_scope *counted; /* the host's, with the same label */
  ncl_metrics_scope *sent;    /* the host's of what was sent and what failed: with labels of where it goes, too */
  ncl_metrics_scope *dropped; /* the host's: {component="otlp", kind="receiver"} */
  slot *_Atomic first;
  pthread_mutex_t mutex; /* of who appends */
  uint32_t slots;
  uint32_t holders;
  ncl_str kind;
  ncl_str id;
  char text[];
};

static const ncl_str other = NCL_STR("other");
static const ncl_str none = {NULL, 0};

static bool equal(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ---- slots ---------------------------------------------------------------------------------------------------- */

static slot *find(const ncl_component_metrics *counters, ncl_name name, uint32_t signal, ncl_str text) {
  slot *s = atomic_load_explicit(&counters->first, memory_order_acquire);
  while (s != NULL && (s->name != name || s->signal != signal || !equal(s->text, text))) {
    s = atomic_load_explicit(&s->next, memory_order_acquire);
  }
  return s;
}

static ncl_metric *register_metric(ncl_component_metrics *counters, ncl_name name, uint32_t signal, ncl_str text) {
  char name_buffer[NCL_NAME_MAX];
  char unit_buffer[NCL_NAME_MAX];
  ncl_metric_spec spec = ncl_name_spec(name, signal, name_buffer, unit_buffer);
  ncl_str signal_name = ncl_name_signal(signal);
  switch (name) {
    case NCL_NAME_RECEIVER_ACCEPTED:
    case NCL_NAME_RECEIVER_REFUSED:
    case NCL_NAME_RECEIVER_FAILED:
      return ncl_metrics_get(counters->counted, &spec, &(ncl_pair){NCL_STR(NCL_LABEL_TRANSPORT), text}, 1);
    case NCL_NAME_PROCESSOR_INCOMING:
    case NCL_NAME_PROCESSOR_OUTGOING:
    case NCL_NAME_PROCESSOR_DURATION:
      return ncl_metrics_get(counters->counted, &spec, &(ncl_pair){NCL_STR(NCL_LABEL_OTEL_SIGNAL), signal_name}, 1);
    case NCL_NAME_EXPORTER_IN_FLIGHT:
    case NCL_NAME_EXPORTER_QUEUE_SIZE:
    case NCL_NAME_EXPORTER_QUEUE_CAPACITY:
    case NCL_NAME_EXPORTER_QUEUE_BYTES:
    case NCL_NAME_EXPORTER_QUEUE_AGE:
    case NCL_NAME_EXPORTER_FAILED_TRIES:
      return ncl_metrics_get(counters->counted, &spec, &(ncl_pair){NCL_STR(NCL_LABEL_DATA_TYPE), signal_name}, 1);
    case NCL_NAME_EXPORTER_SENT:
    case NCL_NAME_EXPORTER_SEND_FAILED:
      return ncl_metrics_get(counters->sent, &spec, NULL, 0);
    case NCL_NAME_FILTERED:
    case NCL_NAME_DROPPED: {
      const ncl_pair labels[] = {{NCL_STR(NCL_LABEL_OTEL_SIGNAL), signal_name}, {NCL_STR(NCL_LABEL_REASON), text}};
      return ncl_metrics_get(counters->dropped, &spec, labels, 2);
    }
    default:
      return ncl_metrics_get(counters->counted, &spec, NULL, 0);
  }
}

/* Makes a slot, under the mutex. NULL = no memory. */
static slot *append(ncl_component_metrics *counters, ncl_name name, uint32_t signal, ncl_str text) {
  ncl_metric *metric = register_metric(counters, name, signal, text);
  slot *made = metric != NULL ? malloc(sizeof(*made) + text.len) : NULL;
  if (made == NULL) return NULL;
  atomic_init(&made->next, NULL);
  made->metric = metric;
  made->name = name;
  made->signal = signal;
  if (text.len > 0) memcpy(made->bytes, text.ptr, text.len);
  made->text = ncl_str_of(made->bytes, text.len);
  slot *_Atomic *link = &counters->first;
  for (slot *s; (s = atomic_load_explicit(link, memory_order_relaxed)) != NULL;)
    link = &s->next;
  atomic_store_explicit(link, made, memory_order_release);
  counters->slots++;
  return made;
}

static ncl_metric *get(ncl_component_metrics *counters, ncl_name name, uint32_t signal, ncl_str text) {
  if (signal > NCL_SIGNAL_PROFILES) signal = 0; /* those not known count together, which bounds the list */
  if (text.len > NCL_METRICS_TEXT_MAX) text = other;
  slot *s = find(counters, name, signal, text);
  if (s != NULL) return s->metric;
  pthread_mutex_lock(&counters->mutex);
  if (counters->slots >= NCL_COMPONENT_METRICS_SLOTS && text.len > 0) text = other;
  s = find(counters, name, signal, text);
  if (s == NULL) s = append(counters, name, signal, text);
  pthread_mutex_unlock(&counters->mutex);
  return s != NULL ? s->metric : NULL;
}

static void count(ncl_component_metrics *counters, ncl_name name, uint32_t signal, ncl_str text, uint64_t items) {
  ncl_metric_add(get(counters, name, signal, text), items > INT64_MAX ? INT64_MAX : (int64_t)items);
}

/* ---- counting ------------------------------------------------------------------------------------------------- */

void ncl_count_received(ncl_component_metrics *counters, uint32_t signal, ncl_str transport, uint64_t items,
                        ncl_status outcome) {
  static const ncl_name names[] = {NCL_NAME_RECEIVER_ACCEPTED, NCL_NAME_RECEIVER_REFUSED, NCL_NAME_RECEIVER_FAILED};
  ncl_name name = NCL_NAME_RECEIVER_FAILED;
  if (outcome == NCL_OK) name = NCL_NAME_RECEIVER_ACCEPTED;
  if (outcome == NCL_RETRYABLE || outcome == NCL_NO_MEMORY) name = NCL_NAME_RECEIVER_REFUSED;
  /* All three are there from the first on, so that a rate of failures is 0 and not missing. */
  for (size_t i = 0; i < 3; i++)
    count(counters, names[i], signal, transport, names[i] == name ? items : 0);
}

void ncl_count_incoming(ncl_component_metrics *counters, uint32_t signal, uint64_t items) {
  count(counters, NCL_NAME_PROCESSOR_INCOMING, signal, none, items);
}

void ncl_count_outgoing(ncl_component_metrics *counters, uint32_t signal, uint64_t items) {
  count(counters, NCL_NAME_PROCESSOR_OUTGOING, signal, none, items);
}

void ncl_count_duration(ncl_component_metrics *counters, uint32_t signal, int64_t took_ns) {
  ncl_metric_add(get(counters, NCL_NAME_PROCESSOR_DURATION, signal, none), took_ns);
}

void ncl_count_sent(ncl_component_metrics *counters, uint32_t signal, uint64_t items) {
  count(counters, NCL_NAME_EXPORTER_SENT, signal, none, items);
}

void ncl_count_send_failed(ncl_component_metrics *counters, uint32_t signal, uint64_t items) {
  count(counters, NCL_NAME_EXPORTER_SENT, signal, none, 0);
  count(counters, NCL_NAME_EXPORTER_SEND_FAILED, signal, none, items);
}

void ncl_count_enqueue_failed(ncl_component_metrics *counters, uint32_t signal, uint64_t items) {
  count(counters, NCL_NAME_EXPORTER_ENQUEUE_FAILED, signal, none, items);
}

void ncl_count_offered(ncl_component_metrics *counters, uint64_t items, uint64_t bytes) {
  count(counters, NCL_NAME_EXPORTER_BATCH_SIZE, 0, none, items);
  count(counters, NCL_NAME_EXPORTER_BATCH_BYTES, 0, none, bytes);
}

void ncl_count_level(ncl_component_metrics *counters, ncl_name name, uint32_t signal, int64_t value) {
  ncl_metric *metric = get(counters, name, signal, none);
  ncl_metric_set(metric, value);
  ncl_metric_follow(metric, value);
}

void ncl_count_dropped(ncl_component_metrics *counters, uint32_t signal, uint64_t items, ncl_str reason) {
  count(counters, NCL_NAME_DROPPED, signal, reason, items);
}

void ncl_count_filtered(ncl_component_metrics *counters, uint32_t signal, uint64_t items, ncl_str reason) {
  count(counters, NCL_NAME_FILTERED, signal, reason, items);
}

ncl_metric *ncl_component_metric(ncl_component_metrics *counters, const ncl_metric_type *type, const ncl_pair *labels,
                                 uint32_t label_count) {
  char full[NCL_METRICS_TEXT_MAX + 1];
  size_t len = ncl_name_own(full, sizeof(full), counters->kind, counters->id, type->name);
  ncl_metric_spec spec = {.type = type->type,
                          .level = type->level,
                          .name = ncl_str_of(full, len),
                          .unit = type->unit,
                          .doc = type->doc,
                          .bounds = type->bounds.base,
                          .bound_count = type->bounds.count};
  if (spec.unit.len == 1 && spec.unit.ptr[0] == 's') spec.scale = 1e-9; /* times are kept in nanoseconds */
  return ncl_metrics_get(counters->own, &spec, labels, label_count);
}

/* ---- the component -------------------------------------------------------------------------------------------- */

bool ncl_component_metric_labels(ncl_component_metrics *counters, const ncl_pair *labels, uint32_t count) {
  ncl_pair all[NCL_COMPONENT_LABELS + 1] = {{counters->kind, counters->id}};
  if (count > NCL_COMPONENT_LABELS) return false;
  if (count > 0) memcpy(&all[1], labels, count * sizeof(all[0]));
  ncl_metrics_scope *scope = ncl_metrics_scope_open(counters->metrics, all, count + 1);
  if (scope == NULL) return false;
  pthread_mutex_lock(&counters->mutex);
  ncl_metrics_scope *before = counters->sent;
  counters->sent = scope;
  for (slot *s = atomic_load(&counters->first); s != NULL; s = atomic_load(&s->next)) {
    bool is_sent = s->name == NCL_NAME_EXPORTER_SENT || s->name == NCL_NAME_EXPORTER_SEND_FAILED;
    if (is_sent) s->metric = register_metric(counters, s->name, s->signal, s->text);
  }
  pthread_mutex_unlock(&counters->mutex);
  ncl_metrics_scope_close(before);
  return true;
}

ncl_component_metrics *ncl_component_metrics_new(ncl_metrics *metrics, ncl_str kind, ncl_str id) {
  ncl_component_metrics *counters = calloc(1, sizeof(*counters) + kind.len + id.len);
  if (counters == NULL) return NULL;
  memcpy(counters->text, kind.ptr, kind.len);
  memcpy(counters->text + kind.len, id.ptr, id.len);
  counters->kind = ncl_str_of(counters->text, kind.len);
  counters->id = ncl_str_of(counters->text + kind.len, id.len);
  pthread_mutex_init(&counters->mutex, NULL);
  counters->holders = 1;
  counters->metrics = metrics;
  const ncl_pair named = {counters->kind, counters->id};
  const ncl_pair both[] = {{NCL_STR(NCL_LABEL_COMPONENT), counters->id},
                           {NCL_STR(NCL_LABEL_COMPONENT_KIND), counters->kind}};
  counters->own = ncl_metrics_scope_open(metrics, &named, 1);
  counters->counted = ncl_metrics_scope_open(metrics, &named, 1);
  counters->sent = ncl_metrics_scope_open(metrics, &named, 1);
  counters->dropped = ncl_metrics_scope_open(metrics, both, 2);
  if (counters->own != NULL && counters->counted != NULL && counters->sent != NULL && counters->dropped != NULL) {
    return counters;
  }
  ncl_component_metrics_free(counters);
  return NULL;
}

ncl_component_metrics *ncl_component_metrics_retain(ncl_component_metrics *counters) {
  counters->holders++;
  return counters;
}

void ncl_component_metrics_free(ncl_component_metrics *counters) {
  if (counters == NULL || --counters->holders > 0) return;
  for (slot *s = atomic_load(&counters->first); s != NULL;) {
    slot *next = atomic_load(&s->next);
    free(s);
    s = next;
  }
  ncl_metrics_scope_close(counters->own);
  ncl_metrics_scope_close(counters->counted);
  ncl_metrics_scope_close(counters->sent);
  ncl_metrics_scope_close(counters->dropped);
  pthread_mutex_destroy(&counters->mutex);
  free(counters);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* processors/memory_limiter: refuses new telemetry while the process holds more memory than the soft limit. The host
 * counts memory exactly, so there is nothing to sample: each call is decided by what is in use at that moment. */
#include <nacelle/config_fill.h>
#include <nacelle/nacelle.h>
#include <stdlib.h>

#define MIB UINT64_C(1048576)
#define RETRY_AFTER_NS INT64_C(1000000000) /* what refused clients are told to wait */
#define DEFAULT_SPIKE_PERCENT 20u          /* of the limit */

#define SIGNALS 3u /* traces, metrics, logs */

typedef struct settings {
  int64_t check_interval_ns;
  int64_t limit_mib;
  int64_t spike_limit_mib;
  int64_t limit_percentage;
  int64_t spike_limit_percentage;
} settings;

typedef struct memory_limiter {
  const ncl_host *host;
  ncl_component *me;
  settings settings;
  uint64_t soft_limit;              /* bytes */
  uint8_t refusing;                 /* the last decision, so that changes are said */
  ncl_metric *counted[2 * SIGNALS]; /* accepted, then refused; NULL = not yet */
} memory_limiter;

static const ncl_field fields[] = {
    {.name = NCL_STR("check_interval"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("0s"),
     .max = INT64_MAX,
     .doc = NCL_STR("Accepted for the Go collector's sake, where it must be set: here every call is checked."),
     .offset = offsetof(settings, check_interval_ns)},
    {.name = NCL_STR("limit_mib"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("0"),
     .max = INT32_MAX,
     .doc = NCL_STR("Memory that the process may use, in MiB. Wins over limit_percentage."),
     .offset = offsetof(settings, limit_mib)},
    {.name = NCL_STR("spike_limit_mib"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("0"),
     .max = INT32_MAX,
     .doc = NCL_STR("Part of limit_mib that is kept free: refusing begins at the difference. 0 = 20 % of the limit."),
     .offset = offsetof(settings, spike_limit_mib)},
    {.name = NCL_STR("limit_percentage"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("0"),
     .max = 100,
     .doc = NCL_STR("The same as a percentage of the container's memory limit, else of the machine's memory."),
     .offset = offsetof(settings, limit_percentage)},
    {.name = NCL_STR("spike_limit_percentage"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("0"),
     .max = 100,
     .doc = NCL_STR("The part that is kept free, as a percentage of the same. 0 = 20 % of the limit."),
     .offset = offsetof(settings, spike_limit_percentage)},
    {.name = NCL_STR("min_gc_interval_when_soft_limited"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("10s"),
     .max = INT64_MAX,
     .doc = NCL_STR("Accepted for the Go collector's sake: there is no garbage to collect here."),
     .offset = NCL_CONFIG_NO_OFFSET},
    {.name = NCL_STR("min_gc_interval_when_hard_limited"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("0s"),
     .max = INT64_MAX,
     .doc = NCL_STR("Accepted for the Go collector's sake: there is no garbage to collect here."),
     .offset = NCL_CONFIG_NO_OFFSET},
    {.name = NCL_STR("max_gc_interval_when_soft_limited"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("30s"),
     .max = INT64_MAX,
     .doc = NCL_STR("Accepted for the Go collector's sake: there is no garbage to collect here."),
     .offset = NCL_CONFIG_NO_OFFSET},
    {.name = NCL_STR("max_gc_interval_when_hard_limited"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("30s"),
     .max = INT64_MAX,
     .doc = NCL_STR("Accepted for the Go collector's sake: there is no garbage to collect here."),
     .offset = NCL_CONFIG_NO_OFFSET},
    {.name = NCL_STR("ballast_size_mib"),
     .type = NCL_TYPE_INT,
     .flags = NCL_FIELD_DEPRECATED,
     .dflt = NCL_STR("0"),
     .doc = NCL_STR("there is no ballast here, so it is ignored."),
     .offset = NCL_CONFIG_NO_OFFSET},
};
static const ncl_array field_table = NCL_ARRAY(fields);

static const ncl_value *field_value(const ncl_create *create, uint32_t i) {
  return ncl_array_at(&create->config->children, i);
}

static ncl_status refuse_config(const ncl_create *create, const ncl_value *where, ncl_str message, ncl_str hint) {
  create->host->config_error(create->me, where, message, hint);
  return NCL_PERMANENT;
}

static ncl_memory memory_now(const memory_limiter *m) {
  ncl_memory memory = {.struct_size = sizeof memory};
  m->host->memory_state(m->me, &memory);
  return memory;
}

/* Turns the settings into bytes. */
static ncl_status set_limit(memory_limiter *m, const ncl_create *create) {
  const settings *s = &m->settings;
  uint64_t limit = (uint64_t)s->limit_mib * MIB;
  uint64_t spike = (uint64_t)s->spike_limit_mib * MIB;
  if (s->check_interval_ns <= 0) {
    return refuse_config(create, NULL, (ncl_str)NCL_STR("check_interval must be greater than zero"),
                         (ncl_str)NCL_STR("add `check_interval: 1s`"));
  }
  if (limit == 0 && s->limit_percentage == 0) {
    return refuse_config(create, NULL, (ncl_str)NCL_STR("no limit: limit_mib or limit_percentage must be set"),
                         (ncl_str)NCL_STR("add `limit_percentage: 80`"));
  }
  if (limit == 0) {
    uint64_t total = memory_now(m).cgroup_limit;
    if (total == UINT64_MAX) {
      return refuse_config(
          create, field_value(create, 3),
          (ncl_str)NCL_STR("the memory limit of the container and the memory of the machine are unknown"),
          (ncl_str)NCL_STR("use limit_mib"));
    }
    limit = total / 100 * (uint64_t)s->limit_percentage;
    spike = total / 100 * (uint64_t)s->spike_limit_percentage;
  }
  if (spike == 0) spike = limit / 100 * DEFAULT_SPIKE_PERCENT;
  if (spike >= limit) {
    return refuse_config(create, field_value(create, s->limit_mib > 0 ? 2 : 4),
                         (ncl_str)NCL_STR("the spike limit must be smaller than the limit"), (ncl_str){NULL, 0});
  }
  m->soft_limit = limit - spike;
  return NCL_OK;
}

static ncl_status limiter_create(const ncl_create *create, void **self) {
  memory_limiter *m = calloc(1, sizeof *m);
  if (m == NULL) return NCL_NO_MEMORY;
  m->host = create->host;
  m->me = create->me;
  ncl_status status = ncl_config_fill(create->config, &field_table, &m->settings);
  if (status == NCL_OK) status = set_limit(m, create);
  if (status != NCL_OK) {
    free(m);
    return status;
  }
  *self = m;
  return NCL_OK;
}

static void limiter_destroy(void *self) {
  free(self);
}

static void say_change(memory_limiter *m, uint64_t used) {
  ncl_attr attrs[] = {{.key = NCL_STR("used_bytes"), .type = NCL_ATTR_INT, .i = (int64_t)used},
                      {.key = NCL_STR("soft_limit_bytes"), .type = NCL_ATTR_INT, .i = (int64_t)m->soft_limit}};
  if (m->refusing) {
    m->host->log(m->me, NCL_LOG_WARN, (ncl_str)NCL_STR("memory.refusing"),
                 (ncl_str)NCL_STR("Memory usage is above soft limit. Refusing data."), attrs, 2);
  } else {
    m->host->log(m->me, NCL_LOG_INFO, (ncl_str)NCL_STR("memory.accepting"),
                 (ncl_str)NCL_STR("Memory usage back within limits. Resuming normal operation."), attrs, 2);
  }
}

/* By signal, as the Go collector has them; other signals are counted by the host alone. */
#define COUNTED(n, u, text) \
  { .name = NCL_STR(n), .type = NCL_METRIC_COUNTER, .unit = NCL_STR(u), .doc = NCL_STR(text) }
#define ACCEPTED_DOC "Items that were passed on."
#define REFUSED_DOC "Items that were refused while memory was short: the client was told to try again."
static const ncl_metric_type metrics[] = {
    COUNTED("accepted_spans", "{span}", ACCEPTED_DOC),
    COUNTED("accepted_metric_points", "{datapoint}", ACCEPTED_DOC),
    COUNTED("accepted_log_records", "{record}", ACCEPTED_DOC),
    COUNTED("refused_spans", "{span}", REFUSED_DOC),
    COUNTED("refused_metric_points", "{datapoint}", REFUSED_DOC),
    COUNTED("refused_log_records", "{record}", REFUSED_DOC),
};

static void count(memory_limiter *m, const ncl_batch *batch, uint32_t refused) {
  if (batch->signal < NCL_SIGNAL_TRACES || batch->signal > NCL_SIGNAL_LOGS) return;
  uint32_t i = batch->signal - NCL_SIGNAL_TRACES + (refused ? SIGNALS : 0);
  if (m->counted[i] == NULL) m->counted[i] = m->host->metric(m->me, &metrics[i], NULL, 0);
  m->host->metric_add(m->counted[i], (int64_t)batch->items);
}

static ncl_status limiter_consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  memory_limiter *m = self;
  ncl_memory memory = memory_now(m);
  uint64_t used = memory.used + memory.baseline;
  uint8_t refuse = used > m->soft_limit;
  if (refuse != m->refusing) {
    m->refusing = refuse;
    say_change(m, used);
  }
  count(m, call->batch, refuse);
  if (!refuse) return NCL_FORWARD;
  outcome->message = (ncl_str)NCL_STR("data refused due to high memory usage");
  outcome->retry_after_ns = RETRY_AFTER_NS;
  return NCL_RETRYABLE;
}

static const ncl_methods methods = {
    .struct_size = sizeof methods, .create = limiter_create, .destroy = limiter_destroy, .consume = limiter_consume};

static const ncl_component_type components[] = {{
    .type = NCL_STR("memory_limiter"),
    .kind = NCL_KIND_PROCESSOR,
    .flags = NCL_COMPONENT_SHARED,
    .doc = NCL_STR("Refuses telemetry while memory is short, so that clients slow down."),
    .fields = NCL_ARRAY(fields),
    .methods = &methods,
    .metrics = NCL_ARRAY(metrics),
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-memory-limiter-processor"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

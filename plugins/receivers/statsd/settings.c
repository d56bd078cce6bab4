/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: the table of keys, and what is made of timer_histogram_mapping. */
#include "settings.h"

#include <nacelle/config_fill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE_DEFAULT 160 /* of the Go receiver's library */

#define AT(member) .offset = offsetof(ncl_statsd_settings, member)
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET
#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)

static const ncl_str transports[] = {NCL_STR("udp"),  NCL_STR("udp4"), NCL_STR("udp6"),    NCL_STR("tcp"),
                                     NCL_STR("tcp4"), NCL_STR("tcp6"), NCL_STR("unixgram")};
static const ncl_str counter_types[] = {NCL_STR("int"), NCL_STR("float"), NCL_STR("stochastic_int")};
static const ncl_str statsd_types[] = {NCL_STR("timing"), NCL_STR("timer"), NCL_STR("histogram"),
                                       NCL_STR("distribution")};
static const ncl_str observer_types[] = {NCL_STR("gauge"), NCL_STR("summary"), NCL_STR("histogram"),
                                         NCL_STR("disabled")};

static const ncl_field number = {.type = NCL_TYPE_DOUBLE};

static const ncl_field bucket_fields[] = {
    {FIELD("matcher_pattern", NCL_TYPE_STRING, "", "Regular expression that is found in the names that these are for."),
     .flags = NCL_FIELD_REQUIRED, NOWHERE},
    {FIELD("buckets", NCL_TYPE_LIST, "", "Upper bounds of the buckets, ascending."), .flags = NCL_FIELD_REQUIRED,
     .fields = {&number, 1, sizeof number}, NOWHERE},
};
static const ncl_field bucket = {.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(bucket_fields)};

static const ncl_field histogram_fields[] = {
    {FIELD("max_size", NCL_TYPE_INT, "0", "Most buckets of an exponential histogram, each side; 0 = 160."), .min = 0,
     .max = NCL_EXPONENTIAL_SIZE_MAX, NOWHERE},
    {FIELD("explicit_buckets", NCL_TYPE_LIST, "", "Histograms with explicit buckets: the first that is found counts."),
     .fields = {&bucket, 1, sizeof bucket}, NOWHERE},
};

static const ncl_field summary_fields[] = {
    {FIELD("percentiles", NCL_TYPE_LIST, "", "0 to 100; empty = 0, 10, 50, 90, 95, 100."),
     .fields = {&number, 1, sizeof number}, NOWHERE},
};

static const ncl_field mapping_fields[] = {
    {FIELD("statsd_type", NCL_TYPE_ENUM, "",
           "What comes: timing and timer are ms, histogram and distribution h and d."),
     .flags = NCL_FIELD_REQUIRED, .choices = NCL_ARRAY(statsd_types), NOWHERE},
    {FIELD("observer_type", NCL_TYPE_ENUM, "", "What becomes of it: gauge keeps every value, disabled none."),
     .flags = NCL_FIELD_REQUIRED, .choices = NCL_ARRAY(observer_types), NOWHERE},
    {FIELD("histogram", NCL_TYPE_SECTION, "", "Of observer_type histogram."), .fields = NCL_ARRAY(histogram_fields),
     NOWHERE},
    {FIELD("summary", NCL_TYPE_SECTION, "", "Of observer_type summary."), .fields = NCL_ARRAY(summary_fields), NOWHERE},
};
static const ncl_field mapping = {.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(mapping_fields)};

const ncl_field ncl_statsd_fields[NCL_STATSD_FIELDS] = {
    {FIELD("endpoint", NCL_TYPE_STRING, "",
           "Where it listens; empty = localhost:8125, of unixgram /var/run/statsd-receiver.sock."),
     AT(endpoint)},
    {FIELD("transport", NCL_TYPE_ENUM, "udp", "How lines come."), .flags = NCL_FIELD_ANY_CASE,
     .choices = NCL_ARRAY(transports), AT(transport)},
    {FIELD("aggregation_interval", NCL_TYPE_DURATION, "60s", "How often what has come is handed on, and forgotten."),
     .min = 1000000, .max = INT64_MAX, AT(interval_ns)},
    {FIELD("enable_metric_type", NCL_TYPE_BOOL, "false", "Adds the attribute metric_type: counter, gauge, timing, ..."),
     AT(metric_type)},
    {FIELD("enable_simple_tags", NCL_TYPE_BOOL, "false", "Takes tags without a value."), AT(simple_tags)},
    {FIELD("enable_ip_only_aggregation", NCL_TYPE_BOOL, "false", "Aggregates over all ports of a client."),
     AT(ip_only)},
    {FIELD("ignore_host", NCL_TYPE_BOOL, "false", "Aggregates over all clients."), AT(ignore_host)},
    {FIELD("is_monotonic_counter", NCL_TYPE_BOOL, "false", "Counters become monotonic sums."), AT(is_monotonic)},
    {FIELD("counter_type", NCL_TYPE_ENUM, "int",
           "Values of counters: int cuts fractions off, stochastic_int rounds them by chance."),
     .choices = NCL_ARRAY(counter_types), AT(counter_type)},
    {FIELD("timer_histogram_mapping", NCL_TYPE_LIST, "",
           "What becomes of timers, histograms and distributions; not written = all gauges, not named = nothing."),
     .fields = {&mapping, 1, sizeof mapping}, AT(mapping)},
    {FIELD("socket_permissions", NCL_TYPE_INT, "0622", "Rights of the socket file of unixgram."), .min = 0, .max = 0777,
     AT(socket_permissions)},
    {FIELD("socket_buffer_size", NCL_TYPE_INT, "0", "Bytes that wait in the kernel; 0 = the system's."), .min = 0,
     .max = INT32_MAX, AT(socket_buffer_size)},
    {FIELD("max_series", NCL_TYPE_INT, "100000", "Most series of an interval; what comes beyond is dropped."), .min = 1,
     .max = 10000000, AT(max_series)},
};

/* ---- timer_histogram_mapping ------------------------------------------------------------------------- */

typedef struct reading {
  const ncl_create *create;
  bool is_wrong;
  bool no_memory;
} reading;

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static void mistake(reading *r, const ncl_value *where, const char *what, const char *hint) {
  r->is_wrong = true;
  r->create->host->config_error(r->create->me, where, str(what), str(hint));
}

static double *read_numbers(reading *r, const ncl_value *list, uint32_t *count) {
  uint32_t n = ncl_config_count(list);
  double *numbers = n > 0 ? calloc(n, sizeof *numbers) : NULL;
  *count = numbers != NULL ? n : 0;
  if (n > 0 && numbers == NULL) r->no_memory = true;
  for (uint32_t i = 0; i < *count; i++)
    numbers[i] = ncl_config_at(list, i)->d;
  return numbers;
}

static void read_buckets(reading *r, const ncl_value *item, ncl_statsd_buckets *buckets) {
  const ncl_value *pattern = ncl_value_get(item, str("matcher_pattern"));
  const ncl_value *bounds = ncl_value_get(item, str("buckets"));
  char words[200];
  if (pattern->s.len == 0) {
    mistake(r, pattern, "matcher_pattern is empty", "");
  } else {
    buckets->pattern = ncl_regex_open(pattern->s, words, sizeof words);
    if (buckets->pattern == NULL) mistake(r, pattern, "this is no regular expression that can be used", words);
  }
  buckets->bounds = read_numbers(r, bounds, &buckets->count);
  if (buckets->count == 0) mistake(r, bounds, "there are no buckets", "buckets: [1, 10, 100]");
  for (uint32_t i = 1; i < buckets->count; i++) {
    if (buckets->bounds[i] > buckets->bounds[i - 1]) continue;
    mistake(r, bounds, "the bounds do not ascend", "");
    return;
  }
}

static void close_observer(ncl_statsd_observer *o) {
  for (uint32_t i = 0; i < o->bucket_count; i++) {
    ncl_regex_close(o->buckets[i].pattern);
    free(o->buckets[i].bounds);
  }
  free(o->buckets);
  free(o->percentiles);
  *o = (ncl_statsd_observer){.as = NCL_STATSD_DISABLED};
}

static void read_histogram(reading *r, const ncl_value *section, ncl_statsd_observer *o) {
  const ncl_value *size = ncl_value_get(section, str("max_size"));
  const ncl_value *list = ncl_value_get(section, str("explicit_buckets"));
  uint32_t count = ncl_config_count(list);
  if (o->as != NCL_STATSD_AS_HISTOGRAM && (size->i != 0 || count > 0))
    mistake(r, section, "histogram is of observer_type histogram", "");
  if (size->i != 0 && size->i < NCL_EXPONENTIAL_SIZE_MIN) mistake(r, size, "max_size is 2 at least", "");
  o->max_size = size->i != 0 ? (int32_t)size->i : MAX_SIZE_DEFAULT;
  o->buckets = count > 0 ? calloc(count, sizeof *o->buckets) : NULL;
  if (count > 0 && o->buckets == NULL) r->no_memory = true;
  for (; o->buckets != NULL && o->bucket_count < count; o->bucket_count++)
    read_buckets(r, ncl_config_at(list, o->bucket_count), &o->buckets[o->bucket_count]);
}

static void read_summary(reading *r, const ncl_value *section, ncl_statsd_observer *o) {
  const ncl_value *list = ncl_value_get(section, str("percentiles"));
  o->percentiles = read_numbers(r, list, &o->percentile_count);
  if (o->as != NCL_STATSD_AS_SUMMARY && o->percentile_count > 0)
    mistake(r, list, "percentiles are of observer_type summary", "");
  for (uint32_t i = 0; i < o->percentile_count; i++) {
    if (o->percentiles[i] >= 0 && o->percentiles[i] <= 100) continue;
    mistake(r, ncl_config_at(list, i), "a percentile is 0 to 100", "");
  }
}

/* Of two that are for the same the last one counts. */
static void read_mapping(reading *r, const ncl_value *list, ncl_statsd_rules *rules) {
  rules->timers.as = rules->histograms.as = list->is_set ? NCL_STATSD_DISABLED : NCL_STATSD_AS_GAUGE;
  for (uint32_t i = 0; i < ncl_config_count(list); i++) {
    const ncl_value *item = ncl_config_at(list, i);
    bool is_timer = ncl_config_int(item, str("statsd_type"), 0) <= 1;
    ncl_statsd_observer *o = is_timer ? &rules->timers : &rules->histograms;
    close_observer(o);
    o->as = (uint32_t)ncl_config_int(item, str("observer_type"), 0);
    read_histogram(r, ncl_value_get(item, str("histogram")), o);
    read_summary(r, ncl_value_get(item, str("summary")), o);
  }
}

/* ---- all --------------------------------------------------------------------------------------------- */

ncl_status ncl_statsd_settings_open(ncl_statsd_settings *s, const ncl_create *create) {
  static const ncl_str address = NCL_STR("localhost:8125"), file = NCL_STR("/var/run/statsd-receiver.sock");
  static const ncl_array table = NCL_ARRAY(ncl_statsd_fields);
  reading r = {.create = create};
  if (ncl_config_fill(create->config, &table, s) != NCL_OK) return NCL_PERMANENT;
  if (s->endpoint.len == 0) s->endpoint = ncl_statsd_is_file(s) ? file : address;
  s->rules.counter_type = (uint32_t)s->counter_type;
  s->rules.ip_only = s->ip_only != 0;
  s->rules.ignore_host = s->ignore_host != 0;
  s->rules.max_series = (uint32_t)s->max_series;
  read_mapping(&r, s->mapping, &s->rules);
  if (r.is_wrong) return NCL_PERMANENT;
  return r.no_memory ? NCL_NO_MEMORY : NCL_OK;
}

void ncl_statsd_settings_close(ncl_statsd_settings *s) {
  close_observer(&s->rules.timers);
  close_observer(&s->rules.histograms);
}

ncl_str ncl_statsd_transport(const ncl_statsd_settings *s) {
  return transports[s->transport];
}

bool ncl_statsd_is_stream(const ncl_statsd_settings *s) {
  return s->transport >= 3 && s->transport <= 5;
}

bool ncl_statsd_is_file(const ncl_statsd_settings *s) {
  return s->transport == 6;
}

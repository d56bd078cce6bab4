/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/options.c: field tables of the delivery, with the Go collector's names and defaults. */
#include "core/delivery/options.h"

#include <nacelle/metadata_keys.h>
#include <stdbool.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)

static const ncl_str sizers[] = {NCL_STR("requests"), NCL_STR("items"), NCL_STR("bytes")};
static const ncl_str batch_sizers[] = {NCL_STR("items"), NCL_STR("bytes")};

static const ncl_field key_field = {.type = NCL_TYPE_STRING};
static const ncl_field partition_fields[] = {
    {FIELD("metadata_keys", NCL_TYPE_LIST, "",
           "Metadata of the client whose values keep batches apart; needs include_metadata on the receiver."),
     .fields = {&key_field, 1, sizeof key_field}},
};

static const ncl_field queue_batch_fields[] = {
    {FIELD("flush_timeout", NCL_TYPE_DURATION, "200ms", "Time after which a batch is sent whatever its size."),
     .min = 1, .max = INT64_MAX},
    {FIELD("min_size", NCL_TYPE_INT, "8192", "Size at which a batch is sent."), .min = 0, .max = INT64_MAX},
    {FIELD("max_size", NCL_TYPE_INT, "0", "Size that no batch exceeds: larger ones are divided; 0 = no limit."),
     .min = 0, .max = INT64_MAX},
    {FIELD("sizer", NCL_TYPE_ENUM, "items",
           "What min_size and max_size count; where it is not set, what `sizer` of the queue is set to."),
     .choices = NCL_ARRAY(batch_sizers)},
    {FIELD("partition", NCL_TYPE_SECTION, "", "What is not merged into one batch."),
     .fields = NCL_ARRAY(partition_fields)},
};

static const ncl_field queue_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "true", "Whether batches wait in a queue; without one the sender waits.")},
    {FIELD("num_consumers", NCL_TYPE_INT, "10", "Requests under way at once."), .min = 1, .max = 10000},
    {FIELD("queue_size", NCL_TYPE_INT, "1000", "How much the queue holds, in units of `sizer`."), .min = 1,
     .max = INT64_MAX},
    {FIELD("sizer", NCL_TYPE_ENUM, "requests", "What queue_size counts."), .choices = NCL_ARRAY(sizers)},
    {FIELD("block_on_overflow", NCL_TYPE_BOOL, "false",
           "Whether senders wait when the queue is full, instead of being "
           "refused."),
     .alias = NCL_STR("blocking")},
    {FIELD("wait_for_result", NCL_TYPE_BOOL, "false", "Whether senders wait until the backend has answered.")},
    {FIELD("storage", NCL_TYPE_COMPONENT, "", "Extension that keeps the queue on disk."), .kind = NCL_KIND_EXTENSION,
     .iface = NCL_STR("ncl.storage/1")},
    {FIELD("batch", NCL_TYPE_SECTION, "",
           "Merging what waits in the queue into larger batches, and dividing what is too large."),
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(queue_batch_fields)},
};

static const ncl_field retry_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "true", "Whether what failed for a passing reason is sent again.")},
    {FIELD("initial_interval", NCL_TYPE_DURATION, "5s", "Delay before the first retry."), .min = 0, .max = INT64_MAX},
    {FIELD("randomization_factor", NCL_TYPE_DOUBLE, "0.5", "Share of the delay that is random."), .min = 0, .max = 1},
    {FIELD("multiplier", NCL_TYPE_DOUBLE, "1.5", "Growth of the delay from retry to retry."), .min = 0, .max = 1000},
    {FIELD("max_interval", NCL_TYPE_DURATION, "30s", "Longest delay."), .min = 0, .max = INT64_MAX},
    {FIELD("max_elapsed_time", NCL_TYPE_DURATION, "300s", "Time after which an item is dropped; 0 = never."), .min = 0,
     .max = INT64_MAX},
};

static const ncl_field timeout_field = {
    FIELD("timeout", NCL_TYPE_DURATION, "5s", "Time that one try may take; 0 = no limit."), .min = 0, .max = INT64_MAX};
static const ncl_field queue_field = {FIELD("sending_queue", NCL_TYPE_SECTION, "", "Queue in front of the backend."),
                                      .fields = NCL_ARRAY(queue_fields)};
static const ncl_field retry_field = {FIELD("retry_on_failure", NCL_TYPE_SECTION, "", "Sending again what failed."),
                                      .fields = NCL_ARRAY(retry_fields)};
/* An exporter that needs no queue (debug) has one when the user writes the section. */
static const ncl_field optional_queue_field = {
    FIELD("sending_queue", NCL_TYPE_SECTION, "", "Queue in front of the backend."), .flags = NCL_FIELD_OPTIONAL,
    .fields = NCL_ARRAY(queue_fields)};
static const ncl_field optional_retry_field = {
    FIELD("retry_on_failure", NCL_TYPE_SECTION, "", "Sending again what failed."), .flags = NCL_FIELD_OPTIONAL,
    .fields = NCL_ARRAY(retry_fields)};

void ncl_delivery_fields(const ncl_component_type *exporter, ncl_field into[NCL_DELIVERY_FIELDS]) {
  bool direct = (exporter->flags & NCL_COMPONENT_DIRECT) != 0;
  into[0] = timeout_field;
  if (exporter->dflt_timeout.len > 0) into[0].dflt = exporter->dflt_timeout;
  into[1] = direct ? optional_queue_field : queue_field;
  into[2] = direct ? optional_retry_field : retry_field;
}

static int64_t integer(const ncl_value *section, const char *name, int64_t otherwise) {
  const ncl_value *value = ncl_value_get(section, ncl_str_of(name, strlen(name)));
  return value != NULL &&
                 (value->kind == NCL_VALUE_INT || value->kind == NCL_VALUE_BOOL || value->kind == NCL_VALUE_STRING)
             ? value->i
             : otherwise;
}

static double number(const ncl_value *section, const char *name, double otherwise) {
  const ncl_value *value = ncl_value_get(section, ncl_str_of(name, strlen(name)));
  return value != NULL && value->kind == NCL_VALUE_DOUBLE ? value->d : otherwise;
}

typedef struct reader {
  const ncl_host *host;
  ncl_component *component;
  ncl_delivery_options *options;
} reader;

static void refuse(const reader *r, const ncl_value *section, const char *key, ncl_str message, ncl_str hint) {
  const ncl_value *value = ncl_value_get(section, ncl_str_of(key, strlen(key)));
  r->host->config_error(r->component, value != NULL && value->is_set ? value : section, message, hint);
}

static bool sets_something(const ncl_value *section) {
  for (uint32_t i = 0; i < section->children.count; i++) {
    if (((const ncl_value *)ncl_array_at(&section->children, i))->is_set) return true;
  }
  return false;
}

/* As the Go collector has it: a sizer of the queue that is written is that of its batches, too, but not where
 * `batch:` stands alone. */
static void read_sizer(const reader *r, const ncl_value *queue, const ncl_value *batch) {
  const ncl_value *sizer = ncl_value_get(batch, (ncl_str)NCL_STR("sizer"));
  const ncl_value *of_queue = ncl_value_get(queue, (ncl_str)NCL_STR("sizer"));
  bool own = sizer != NULL && sizer->is_set;
  r->options->batch.sizer = integer(batch, "sizer", 0) == 0 ? NCL_SIZER_ITEMS : NCL_SIZER_BYTES;
  if (own || of_queue == NULL || !of_queue->is_set || !sets_something(batch)) return;
  r->options->batch.sizer = r->options->sizer;
  if (r->options->sizer != NCL_SIZER_REQUESTS) return;
  refuse(r, queue, "sizer",
         (ncl_str)NCL_STR("the sizer of a queue is that of its batches, too, and these count no requests"),
         (ncl_str)NCL_STR("set `sizer: items` or `sizer: bytes` under `batch`"));
}

static void read_batch(const reader *r, const ncl_value *queue, const ncl_value *batch) {
  ncl_delivery_batch_options *options = &r->options->batch;
  options->enabled = 1;
  options->flush_timeout_ns = integer(batch, "flush_timeout", SECOND_NS / 5);
  options->min_size = integer(batch, "min_size", 8192);
  options->max_size = integer(batch, "max_size", 0);
  read_sizer(r, queue, batch);
  if (options->max_size > 0 && options->max_size < options->min_size) {
    refuse(r, batch, "max_size", (ncl_str)NCL_STR("max_size is smaller than min_size"),
           (ncl_str)NCL_STR("make it as large as min_size (8192 where it is not set) at least, or 0"));
  }
  if (options->sizer == r->options->sizer && options->min_size > r->options->queue_size) {
    refuse(r, batch, "min_size", (ncl_str)NCL_STR("min_size is larger than queue_size, so no batch would ever be full"),
           (ncl_str)NCL_STR("make queue_size as large as min_size (8192 where it is not set) at least"));
  }
  const ncl_value *partition = ncl_value_get(batch, (ncl_str)NCL_STR("partition"));
  options->metadata_keys = ncl_value_get(partition, (ncl_str)NCL_STR("metadata_keys"));
  (void)ncl_metadata_keys_check(r->host, r->component, options->metadata_keys);
}

static void read_queue(const reader *r, const ncl_value *queue) {
  ncl_delivery_options *options = r->options;
  bool on = queue != NULL && queue->kind == NCL_VALUE_MAP;
  options->queue_enabled = on && integer(queue, "enabled", 1) != 0;
  options->num_consumers = integer(queue, "num_consumers", 10);
  options->queue_size = integer(queue, "queue_size", 1000);
  options->sizer = integer(queue, "sizer", NCL_SIZER_REQUESTS);
  options->block_on_overflow = integer(queue, "block_on_overflow", 0);
  options->wait_for_result = integer(queue, "wait_for_result", 0);
  if (!on) return;
  const ncl_value *storage = ncl_value_get(queue, (ncl_str)NCL_STR("storage"));
  if (options->queue_enabled && storage != NULL && storage->is_set) options->storage = storage->s;
  const ncl_value *batch = ncl_value_get(queue, (ncl_str)NCL_STR("batch"));
  if (options->queue_enabled && batch != NULL && batch->kind == NCL_VALUE_MAP) read_batch(r, queue, batch);
}

static void read_retry(const reader *r, const ncl_value *retry) {
  ncl_retry_policy *policy = &r->options->retry;
  bool on = retry != NULL && retry->kind == NCL_VALUE_MAP;
  policy->enabled = on && integer(retry, "enabled", 1) != 0;
  policy->initial_ns = integer(retry, "initial_interval", 5 * SECOND_NS);
  policy->max_interval_ns = integer(retry, "max_interval", 30 * SECOND_NS);
  policy->max_elapsed_ns = integer(retry, "max_elapsed_time", 300 * SECOND_NS);
  policy->multiplier = number(retry, "multiplier", 1.5);
  policy->jitter = number(retry, "randomization_factor", 0.5);
  if (!policy->enabled || policy->max_elapsed_ns == 0) return;
  if (policy->max_elapsed_ns < policy->initial_ns) {
    refuse(r, retry, "max_elapsed_time",
           (ncl_str)NCL_STR("max_elapsed_time is less than initial_interval, so nothing would ever be sent again"),
           (ncl_str)NCL_STR("make it longer, or 0 for no limit; `enabled: false` turns retries off"));
  } else if (policy->max_elapsed_ns < policy->max_interval_ns) {
    refuse(r, retry, "max_elapsed_time",
           (ncl_str)NCL_STR("max_elapsed_time is less than max_interval (30s where it is not set)"),
           (ncl_str)NCL_STR("make it longer, or 0 for no limit, or make max_interval shorter"));
  }
}

void ncl_delivery_read(const ncl_host *host, ncl_component *component, const ncl_value *config,
                       ncl_delivery_options *options) {
  memset(options, 0, sizeof *options);
  options->timeout_ns = integer(config, "timeout", 5 * SECOND_NS);
  const reader r = {host, component, options};
  read_queue(&r, ncl_value_get(config, queue_field.name));
  read_retry(&r, ncl_value_get(config, retry_field.name));
}

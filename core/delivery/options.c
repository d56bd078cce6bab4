/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/options.c: field tables of the delivery, with the Go collector's names and defaults. */
#include "core/delivery/options.h"

#include <stdbool.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)

static const ncl_str sizers[] = {NCL_STR("requests"), NCL_STR("items"), NCL_STR("bytes")};

static const ncl_field queue_batch_fields[] = {
    {FIELD("flush_timeout", NCL_TYPE_DURATION, "200ms", "Time after which a batch is sent whatever its size.")},
    {FIELD("min_size", NCL_TYPE_INT, "8192", "Size at which a batch is sent.")},
    {FIELD("max_size", NCL_TYPE_INT, "0", "Size that no batch exceeds; 0 = no limit.")},
    {FIELD("sizer", NCL_TYPE_ENUM, "items", "What sizes count."), .choices = NCL_ARRAY(sizers)},
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
    {FIELD("batch", NCL_TYPE_SECTION, "", "Batching in the queue."), .flags = NCL_FIELD_OPTIONAL,
     .fields = NCL_ARRAY(queue_batch_fields)},
};

static const ncl_field retry_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "true", "Whether what failed for a passing reason is sent again.")},
    {FIELD("initial_interval", NCL_TYPE_DURATION, "5s", "Delay before the first retry."), .min = 1, .max = INT64_MAX},
    {FIELD("randomization_factor", NCL_TYPE_DOUBLE, "0.5", "Share of the delay that is random."), .min = 0, .max = 1},
    {FIELD("multiplier", NCL_TYPE_DOUBLE, "1.5", "Growth of the delay from retry to retry."), .min = 1, .max = 1000},
    {FIELD("max_interval", NCL_TYPE_DURATION, "30s", "Longest delay."), .min = 1, .max = INT64_MAX},
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

static void refuse(const ncl_host *host, ncl_component *component, const ncl_value *value, ncl_str message) {
  host->config_error(component, value, message, (ncl_str)NCL_STR("remove this key"));
}

static void read_queue(const ncl_host *host, ncl_component *component, const ncl_value *queue,
                       ncl_delivery_options *options) {
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
  if (batch != NULL && batch->kind == NCL_VALUE_MAP) {
    refuse(host, component, batch,
           (ncl_str)NCL_STR("batching in the queue is not available in this version; the batch processor is"));
  }
}

void ncl_delivery_read(const ncl_host *host, ncl_component *component, const ncl_value *config,
                       ncl_delivery_options *options) {
  memset(options, 0, sizeof *options);
  options->timeout_ns = integer(config, "timeout", 5 * SECOND_NS);
  read_queue(host, component, ncl_value_get(config, queue_field.name), options);
  const ncl_value *retry = ncl_value_get(config, retry_field.name);
  bool on = retry != NULL && retry->kind == NCL_VALUE_MAP;
  options->retry.enabled = on && integer(retry, "enabled", 1) != 0;
  options->retry.initial_ns = integer(retry, "initial_interval", 5 * SECOND_NS);
  options->retry.max_interval_ns = integer(retry, "max_interval", 30 * SECOND_NS);
  options->retry.max_elapsed_ns = integer(retry, "max_elapsed_time", 300 * SECOND_NS);
  options->retry.multiplier = number(retry, "multiplier", 1.5);
  options->retry.jitter = number(retry, "randomization_factor", 0.5);
  if (options->retry.max_interval_ns < options->retry.initial_ns)
    options->retry.max_interval_ns = options->retry.initial_ns;
}

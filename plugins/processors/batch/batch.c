/* SPDX-License-Identifier: Apache-2.0 */
/* processors/batch: joins requests into batches of a useful size; one shard for each combination of metadata_keys. */
#include <nacelle/config_fill.h>
#include <nacelle/metadata_keys.h>
#include <stdlib.h>
#include <string.h>

#include "parcel.h"
#include "shard.h"

static const ncl_field key_field = {.type = NCL_TYPE_STRING};
static const ncl_field fields[] = {
    {.name = NCL_STR("timeout"),
     .type = NCL_TYPE_DURATION,
     .dflt = NCL_STR("200ms"),
     .max = INT64_MAX,
     .doc = NCL_STR("Time after which a batch is sent whatever its size; 0 = at once."),
     .offset = offsetof(ncl_batch_settings, timeout_ns)},
    {.name = NCL_STR("send_batch_size"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("8192"),
     .max = INT32_MAX,
     .doc = NCL_STR("Spans, data points or log records that trigger a batch; 0 = every request at once."),
     .offset = offsetof(ncl_batch_settings, send_batch_size)},
    {.name = NCL_STR("send_batch_max_size"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("0"),
     .max = INT32_MAX,
     .doc = NCL_STR("Size that no batch exceeds: larger ones are divided; 0 = no limit."),
     .offset = offsetof(ncl_batch_settings, send_batch_max_size)},
    {.name = NCL_STR("metadata_keys"),
     .type = NCL_TYPE_LIST,
     .fields = {&key_field, 1, sizeof key_field},
     .doc = NCL_STR("Metadata of the client whose values keep batches apart; needs include_metadata on the receiver."),
     .offset = offsetof(ncl_batch_settings, metadata_keys)},
    {.name = NCL_STR("metadata_cardinality_limit"),
     .type = NCL_TYPE_INT,
     .dflt = NCL_STR("1000"),
     .max = INT32_MAX,
     .doc = NCL_STR("Combinations of metadata values that are kept apart; further ones are refused; 0 = no limit."),
     .offset = offsetof(ncl_batch_settings, metadata_cardinality_limit)},
};
static const ncl_array field_table = NCL_ARRAY(fields);

/* ---- shards --------------------------------------------------------------------------------------- */

/* Upper bounds of the buckets, as the Go collector has them: items, and bytes, of a batch. */
static const int64_t item_bounds[] = {10,   25,   50,   75,   100,  250,  500,   750,   1000,  2000,  3000,
                                      4000, 5000, 6000, 7000, 8000, 9000, 10000, 20000, 30000, 50000, 100000};
static const int64_t byte_bounds[] = {128,   256,    512,    1024,   2048,    4096,    8192,    16384,   32768,
                                      65536, 131072, 262144, 524288, 1048576, 2097152, 4194304, 8388608, 16777216};

static const ncl_metric_type metrics[] = {
    {.name = NCL_STR("batch_send_size"),
     .type = NCL_METRIC_HISTOGRAM,
     .level = NCL_LEVEL_NORMAL,
     .unit = NCL_STR("{unit}"),
     .doc = NCL_STR("Items in the batches that were sent."),
     .bounds = NCL_ARRAY(item_bounds)},
    {.name = NCL_STR("batch_send_size_bytes"),
     .type = NCL_METRIC_HISTOGRAM,
     .level = NCL_LEVEL_DETAILED,
     .unit = NCL_STR("By"),
     .doc = NCL_STR("Bytes of the batches that were sent, encoded."),
     .bounds = NCL_ARRAY(byte_bounds)},
    {.name = NCL_STR("batch_size_trigger_send"),
     .type = NCL_METRIC_COUNTER,
     .level = NCL_LEVEL_NORMAL,
     .unit = NCL_STR("{time}"),
     .doc = NCL_STR("Batches that were sent for their size.")},
    {.name = NCL_STR("timeout_trigger_send"),
     .type = NCL_METRIC_COUNTER,
     .level = NCL_LEVEL_NORMAL,
     .unit = NCL_STR("{time}"),
     .doc = NCL_STR("Batches that were sent since the time was over.")},
    {.name = NCL_STR("metadata_cardinality"),
     .type = NCL_METRIC_GAUGE,
     .level = NCL_LEVEL_NORMAL,
     .unit = NCL_STR("{combination}"),
     .doc = NCL_STR("Combinations of metadata values that are kept apart, over all pipelines.")},
};

static void open_metrics(ncl_batch_processor *p) {
  const ncl_host *host = p->host;
  p->sizes = host->metric(p->me, &metrics[0], NULL, 0);
  p->byte_sizes = host->metric(p->me, &metrics[1], NULL, 0);
  p->size_triggers = host->metric(p->me, &metrics[2], NULL, 0);
  p->timeout_triggers = host->metric(p->me, &metrics[3], NULL, 0);
  p->cardinality = host->metric(p->me, &metrics[4], NULL, 0);
}

/* The instances of all pipelines share the metrics: each takes away what it added. */
static void count_shards(ncl_batch_processor *p) {
  p->host->metric_add(p->cardinality, (int64_t)p->shard_count - p->shards_told);
  p->shards_told = (int64_t)p->shard_count;
}

static ncl_shard *add_shard(ncl_batch_processor *p, ncl_context *context) {
  ncl_shard *shard = ncl_shard_open(p, context);
  if (shard == NULL) return NULL;
  shard->next = p->shards;
  p->shards = shard;
  p->shard_count++;
  count_shards(p);
  return shard;
}

/* NULL with the reason: no memory, or too many combinations. */
static ncl_shard *shard_for(ncl_batch_processor *p, const ncl_context *context, ncl_status *status,
                            ncl_outcome *outcome) {
  if (ncl_config_count(p->settings.metadata_keys) == 0) return p->shards;
  ncl_pair pairs[NCL_METADATA_PAIRS_MAX];
  uint32_t count = ncl_metadata_pick(p->host, p->settings.metadata_keys, context, pairs);
  if (count > NCL_METADATA_PAIRS_MAX) {
    *status = NCL_PERMANENT;
    outcome->message = (ncl_str)NCL_STR("the request has more than 64 values of metadata_keys");
    return NULL;
  }
  for (ncl_shard *shard = p->shards; shard != NULL; shard = shard->next) {
    if (ncl_metadata_equal(p->host, shard->context, pairs, count)) return shard;
  }
  int64_t limit = p->settings.metadata_cardinality_limit;
  if (limit > 0 && p->shard_count >= limit) {
    *status = NCL_PERMANENT;
    outcome->message = (ncl_str)NCL_STR("too many combinations of metadata_keys (metadata_cardinality_limit)");
    return NULL;
  }
  *status = NCL_NO_MEMORY;
  outcome->message = (ncl_str)NCL_STR("no memory for another combination of metadata_keys");
  ncl_context *own = p->host->context_new(p->me, (ncl_str){NULL, 0}, pairs, count);
  if (own == NULL) return NULL;
  ncl_shard *shard = add_shard(p, own);
  if (shard == NULL) p->host->context_release(own);
  return shard;
}

/* ---- slots ---------------------------------------------------------------------------------------- */

static bool check_settings(const ncl_create *create, const ncl_batch_settings *s) {
  bool good = true;
  if (s->send_batch_max_size > 0 && s->send_batch_max_size < s->send_batch_size) {
    create->host->config_error(create->me, ncl_array_at(&create->config->children, 2),
                               (ncl_str)NCL_STR("send_batch_max_size is smaller than send_batch_size"),
                               (ncl_str)NCL_STR("make it as large as send_batch_size at least, or 0"));
    good = false;
  }
  return ncl_metadata_keys_check(create->host, create->me, s->metadata_keys) == NCL_OK && good;
}

static void batch_destroy(void *self) {
  ncl_batch_processor *p = self;
  while (p->shards != NULL) {
    ncl_shard *shard = p->shards;
    p->shards = shard->next;
    ncl_shard_drop(shard);
    ncl_shard_close(shard);
  }
  p->shard_count = 0;
  count_shards(p);
  free(p);
}

static ncl_status batch_create(const ncl_create *create, void **self) {
  ncl_batch_processor *p = calloc(1, sizeof *p);
  if (p == NULL) return NCL_NO_MEMORY;
  p->host = create->host;
  p->me = create->me;
  p->signal = create->signal;
  const ncl_output_info *output = ncl_array_at(&create->outputs, 0);
  p->output = output->output;
  p->waits = (output->flags & NCL_OUTPUT_WAITS) != 0;
  open_metrics(p);
  ncl_status status = ncl_config_fill(create->config, &field_table, &p->settings);
  if (status == NCL_OK && !check_settings(create, &p->settings)) status = NCL_PERMANENT;
  if (status == NCL_OK && ncl_config_count(p->settings.metadata_keys) == 0 && add_shard(p, NULL) == NULL) {
    status = NCL_NO_MEMORY;
  }
  if (status != NCL_OK) {
    batch_destroy(p);
    return status;
  }
  *self = p;
  return NCL_OK;
}

static ncl_status batch_consume(void *self, const ncl_call *call, ncl_outcome *outcome) {
  ncl_batch_processor *p = self;
  ncl_status status = NCL_OK;
  ncl_shard *shard = shard_for(p, call->context, &status, outcome);
  return shard == NULL ? status : ncl_shard_add(shard, call, outcome);
}

static bool is_empty(const ncl_batch_processor *p) {
  for (const ncl_shard *shard = p->shards; shard != NULL; shard = shard->next) {
    if (!ncl_shard_is_empty(shard)) return false;
  }
  return true;
}

void ncl_batch_settled(ncl_batch_processor *p) {
  if (p->drained == 0 || !is_empty(p)) return;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_token token = p->drained;
  p->drained = 0;
  p->host->complete(p->me, token, &outcome);
}

static ncl_status batch_drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  ncl_batch_processor *p = self;
  (void)deadline_ns, (void)outcome;
  p->draining = true;
  for (ncl_shard *shard = p->shards; shard != NULL; shard = shard->next) {
    ncl_shard_flush(shard, NULL);
    ncl_parcels_offer(shard);
  }
  if (is_empty(p)) return NCL_OK;
  p->drained = token;
  return NCL_PENDING;
}

/* What is still under way is dropped when it comes back. */
static ncl_status batch_shutdown(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_batch_processor *p = self;
  (void)token, (void)outcome;
  p->closed = true;
  p->drained = 0;
  for (ncl_shard *shard = p->shards; shard != NULL; shard = shard->next)
    ncl_shard_drop(shard);
  return NCL_OK;
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = batch_create,
                                    .drain = batch_drain,
                                    .shutdown = batch_shutdown,
                                    .destroy = batch_destroy,
                                    .consume = batch_consume};

static const ncl_component_type components[] = {{
    .type = NCL_STR("batch"),
    .kind = NCL_KIND_PROCESSOR,
    .flags = NCL_COMPONENT_BUFFERS,
    .doc = NCL_STR("Joins requests into batches of a useful size."),
    .fields = NCL_ARRAY(fields),
    .methods = &methods,
    .metrics = NCL_ARRAY(metrics),
}};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-batch-processor"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

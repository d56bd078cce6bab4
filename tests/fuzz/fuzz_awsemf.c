/* SPDX-License-Identifier: Apache-2.0 */
/* Any metrics request as documents, under one of several configs: each document is a JSON object whose metrics and
 * dimensions are members of it, and every data point is in a document, rejected or skipped. */
#include "otlp.h"

#include <nacelle/json_doc.h>

#include "core/config/decode.h"
#include "core/config/load.h"
#include "plugins/exporters/awsemf/translate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char *const configs[] = {
    "yaml:{}",
    "yaml:{adot_compat: false, histograms: values, retain_initial_value_of_delta_metric: true}",
    "yaml:{detailed_metrics: true, version: '0', dimension_rollup_option: SingleDimensionRollupOnly}",
    "yaml:{adot_compat: false, log_stream_name: '{TaskId}-{PodName}', namespace: '{ServiceName}',"
    " resource_to_telemetry_conversion: {enabled: true, exclude_service_attributes: true}}",
    "yaml:{metric_declarations: [{metric_name_selectors: ['^a', 'e.*s'], dimensions: [[host], [k1, k2], []],"
    " label_matchers: [{label_names: [host, k1], regex: '.'}]}, {metric_name_selectors: ['.'], dimensions: [[host]]}]}",
    "yaml:{parse_json_encoded_attr_values: [kubernetes, json, k1], eks_fargate_container_insights_enabled: true,"
    " adot_compat: false, dimension_rollup_option: NoDimensionRollup}",
};
#define CONFIGS (sizeof configs / sizeof configs[0])

static ncl_emf_settings settings[CONFIGS];
static ncl_decoded *decoded[CONFIGS];
static ncl_config *loaded[CONFIGS];

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  for (size_t i = 0; i < CONFIGS; i++) {
    ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
    loaded[i] = ncl_config_load(&configs[i], 1, NULL, diagnostics);
    FUZZ_REQUIRE(loaded[i]);
    decoded[i] = ncl_decode(loaded[i], ncl_config_root(loaded[i]), NCL_MARK_NONE, &ncl_emf_fields,
                            (ncl_str)NCL_STR("awsemf"), diagnostics);
    FUZZ_REQUIRE(decoded[i] && ncl_decoded_errors(decoded[i]) == 0);
    FUZZ_REQUIRE(ncl_config_fill(ncl_decoded_root(decoded[i], 0), &ncl_emf_fields, &settings[i]) == NCL_OK);
    ncl_diagnostics_free(diagnostics);
  }
  return 0;
}

typedef struct taken {
  ncl_writer event, text;
  uint64_t items, rejected;
} taken;

static ncl_writer *begin(void *arg, ncl_str group, ncl_str stream, int64_t time_ms, ncl_status *status) {
  taken *t = arg;
  (void)time_ms;
  *status = NCL_OK;
  FUZZ_REQUIRE(group.ptr != NULL && stream.ptr != NULL);
  ncl_writer_reset(&t->event);
  return &t->event;
}

static int has(const ncl_json_doc *doc, const ncl_json_value *object, ncl_str key) {
  const ncl_json_value *one = ncl_json_first(doc, object);
  while (one != NULL && (one->key.len != key.len || memcmp(one->key.ptr, key.ptr, key.len) != 0))
    one = ncl_json_next(doc, one);
  return one != NULL;
}

static void check_directive(const ncl_json_doc *doc, const ncl_json_value *directive) {
  const ncl_json_value *root = ncl_json_root(doc), *metrics = ncl_json_get(doc, directive, "Metrics");
  const ncl_json_value *sets = ncl_json_get(doc, directive, "Dimensions");
  FUZZ_REQUIRE(metrics != NULL && metrics->count > 0 && metrics->count <= NCL_EMF_METRICS_MAX && sets != NULL);
  for (const ncl_json_value *m = ncl_json_first(doc, metrics); m != NULL; m = ncl_json_next(doc, m))
    FUZZ_REQUIRE(has(doc, root, ncl_json_text(ncl_json_get(doc, m, "Name"))));
  for (const ncl_json_value *set = ncl_json_first(doc, sets); set != NULL; set = ncl_json_next(doc, set)) {
    FUZZ_REQUIRE(set->count <= NCL_EMF_DIMENSIONS_MAX);
    for (const ncl_json_value *d = ncl_json_first(doc, set); d != NULL; d = ncl_json_next(doc, d))
      FUZZ_REQUIRE(has(doc, root, ncl_json_text(d)));
  }
}

static ncl_status end(void *arg, uint32_t items) {
  taken *t = arg;
  ncl_json_doc doc;
  FUZZ_REQUIRE(t->event.status == NCL_OK);
  FUZZ_REQUIRE(ncl_json_inner_len(ncl_writer_range(&t->event)) <= NCL_EMF_DOCUMENT_BYTES);
  ncl_writer_reset(&t->text);
  ncl_json_inner_plain(&t->text, ncl_writer_range(&t->event));
  FUZZ_REQUIRE(t->text.status == NCL_OK && t->text.len == ncl_json_inner_len(ncl_writer_range(&t->event)));
  FUZZ_REQUIRE(ncl_json_doc_open(&doc, ncl_writer_range(&t->text)) == NCL_OK);
  const ncl_json_value *root = ncl_json_root(&doc), *meta = ncl_json_get(&doc, root, "_aws");
  FUZZ_REQUIRE(root->type == NCL_JSON_OBJECT);
  const ncl_json_value *list = ncl_json_get(&doc, meta, "CloudWatchMetrics");
  for (const ncl_json_value *one = ncl_json_first(&doc, list); one != NULL; one = ncl_json_next(&doc, one))
    check_directive(&doc, one);
  ncl_json_doc_close(&doc);
  t->items += items;
  return NCL_OK;
}

static void drop(void *arg) {
  taken *t = arg;
  ncl_writer_reset(&t->event);
}

static void reject(void *arg, uint32_t items, const char *reason) {
  taken *t = arg;
  FUZZ_REQUIRE(reason[0] != 0);
  t->rejected += items;
}

static void complain(void *arg, const ncl_value *where, bool is_error, const char *message, const char *hint) {
  (void)arg, (void)where, (void)is_error, (void)message, (void)hint;
  abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  ncl_pool *pool = ncl_pool_new();
  const ncl_batch *batch = fuzz_batch(pool, NCL_SIGNAL_METRICS, data + 1, size - 1);
  const ncl_emf_complain loud = {complain, NULL};
  ncl_emf_translator t;
  FUZZ_REQUIRE(ncl_emf_translator_open(&t, &settings[data[0] % CONFIGS], 1, &loud) == NCL_OK);
  /* Twice: the second time cumulative series have differences. */
  for (int64_t round = 0; batch != NULL && round < 2; round++) {
    taken all = {.items = 0};
    const ncl_emf_sink sink = {&all, begin, end, drop, reject};
    ncl_writer_heap(&all.event, (size_t)1 << 30);
    ncl_writer_heap(&all.text, (size_t)1 << 30);
    FUZZ_REQUIRE(ncl_emf_translate(&t, batch, 1700000000000000000, round * 1000, &sink) == NCL_OK);
    for (uint32_t i = 0; i < NCL_EMF_SKIPPED_REASONS; i++)
      all.rejected += t.skipped[i];
    FUZZ_REQUIRE(all.items + all.rejected == batch->items);
    memset(t.skipped, 0, sizeof t.skipped);
    ncl_writer_close(&all.event);
    ncl_writer_close(&all.text);
  }
  ncl_emf_translator_close(&t);
  ncl_batch_release(batch);
  ncl_pool_free(pool);
  return 0;
}

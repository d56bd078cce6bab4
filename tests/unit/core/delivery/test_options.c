/* SPDX-License-Identifier: Apache-2.0 */
/* core/delivery/options.h: from the YAML of an exporter to the options of its delivery. */
#include "core/delivery/options.h"

#include "core/config/decode.h"
#include "core/config/load.h"

#include "../process_fixture.h"

#define S INT64_C(1000000000)

typedef struct read_options {
  ncl_delivery_options options;
  uint32_t errors;
  char *said;
} read_options;

/* Decodes `yaml` as the config of an exporter with these flags, and reads it. */
static void read_yaml(read_options *r, const char *yaml, uint32_t flags, const char *timeout) {
  static const ncl_methods methods = {.struct_size = sizeof methods};
  ncl_component_type declared = {.type = NCL_STR("fake"), .kind = NCL_KIND_EXPORTER, .flags = flags};
  declared.dflt_timeout = ncl_str_of(timeout, strlen(timeout));
  ncl_type type = {&declared, NULL, "fake.so", methods};
  fixture f;
  fixture_open(&f);
  ncl_component *c = ncl_component_new(f.process, &type, NCL_KIND_EXPORTER, declared.type, 1, (ncl_str){NULL, 0});
  char uri[512];
  (void)snprintf(uri, sizeof uri, "yaml:%s", yaml);
  const char *uris[] = {uri};
  ncl_environment environment = {NULL, NULL};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config = ncl_config_load(uris, 1, &environment, diagnostics);
  assert_non_null(config);
  ncl_field fields[NCL_DELIVERY_FIELDS];
  ncl_delivery_fields(&declared, fields);
  ncl_array table = NCL_ARRAY(fields);
  c->config = ncl_decode(config, ncl_config_root(config), NCL_MARK_NONE, &table, (ncl_str)NCL_STR("exporters.fake"),
                         diagnostics);
  c->diagnostics = diagnostics;
  ncl_delivery_read(&f.process->host, c, ncl_decoded_root(c->config, 0), &r->options);
  size_t size;
  FILE *out = open_memstream(&r->said, &size);
  ncl_diagnostics_print(diagnostics, out);
  (void)fclose(out);
  r->errors = ncl_diagnostics_errors(diagnostics);
  ncl_component_free(c);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
  fixture_close(&f);
}

static ncl_delivery_options good(const char *yaml, uint32_t flags, const char *timeout) {
  read_options r;
  read_yaml(&r, yaml, flags, timeout);
  if (r.errors > 0) fail_msg("%s", r.said);
  free(r.said);
  return r.options;
}

static void has_the_defaults_of_the_go_collector(void **state) {
  (void)state;
  ncl_delivery_options o = good("{}", 0, "");
  assert_int_equal(o.timeout_ns, 5 * S);
  assert_int_equal(o.queue_enabled, 1);
  assert_int_equal(o.num_consumers, 10);
  assert_int_equal(o.queue_size, 1000);
  assert_int_equal(o.sizer, NCL_SIZER_REQUESTS);
  assert_int_equal(o.block_on_overflow, 0);
  assert_int_equal(o.wait_for_result, 0);
  assert_int_equal(o.retry.enabled, 1);
  assert_int_equal(o.retry.initial_ns, 5 * S);
  assert_int_equal(o.retry.max_interval_ns, 30 * S);
  assert_int_equal(o.retry.max_elapsed_ns, 300 * S);
  assert_true(o.retry.multiplier > 1.49 && o.retry.multiplier < 1.51);
  assert_true(o.retry.jitter > 0.49 && o.retry.jitter < 0.51);
}

static void an_exporter_brings_its_own_timeout(void **state) {
  (void)state;
  assert_int_equal(good("{}", 0, "30s").timeout_ns, 30 * S);
  assert_int_equal(good("timeout: 1s", 0, "30s").timeout_ns, S);
  assert_int_equal(good("timeout: 0s", 0, "30s").timeout_ns, 0);
}

static void reads_every_key(void **state) {
  (void)state;
  ncl_delivery_options o = good(
      "sending_queue: {num_consumers: 3, queue_size: 7, sizer: bytes, block_on_overflow: true, wait_for_result: true}\n"
      "retry_on_failure: {initial_interval: 1s, randomization_factor: 0, multiplier: 2, max_interval: 4s, "
      "max_elapsed_time: 0s}\n",
      0, "");
  assert_int_equal(o.num_consumers, 3);
  assert_int_equal(o.queue_size, 7);
  assert_int_equal(o.sizer, NCL_SIZER_BYTES);
  assert_int_equal(o.block_on_overflow, 1);
  assert_int_equal(o.wait_for_result, 1);
  assert_int_equal(o.retry.initial_ns, S);
  assert_int_equal(o.retry.max_interval_ns, 4 * S);
  assert_int_equal(o.retry.max_elapsed_ns, 0);
  assert_true(o.retry.multiplier > 1.99);
  assert_true(o.retry.jitter < 0.01);
  o = good("sending_queue: {enabled: false}\nretry_on_failure: {enabled: false}\n", 0, "");
  assert_int_equal(o.queue_enabled, 0);
  assert_int_equal(o.retry.enabled, 0);
  o = good("retry_on_failure: {initial_interval: 0s, max_interval: 0s, multiplier: 0}", 0, "");
  assert_int_equal(o.retry.initial_ns, 0);
  assert_int_equal(o.retry.max_interval_ns, 0);
}

static void reads_how_a_queue_batches(void **state) {
  (void)state;
  assert_int_equal(good("{}", 0, "").batch.enabled, 0);
  assert_int_equal(good("sending_queue: {batch: {enabled: false, min_size: 5}}", 0, "").batch.enabled, 0);
  assert_int_equal(good("sending_queue: {enabled: false, batch: {max_size: 5}}", 0, "").batch.enabled, 0);
  ncl_delivery_batch_options b = good("sending_queue: {batch: }", 0, "").batch;
  assert_int_equal(b.enabled, 1);
  assert_int_equal(b.flush_timeout_ns, S / 5);
  assert_int_equal(b.min_size, 8192);
  assert_int_equal(b.max_size, 0);
  assert_int_equal(b.sizer, NCL_SIZER_ITEMS);
  b = good(
          "sending_queue: {batch: {flush_timeout: 1s, min_size: 0, max_size: 7, sizer: bytes, partition: "
          "{metadata_keys: [a, b]}}}",
          0, "")
          .batch;
  assert_int_equal(b.flush_timeout_ns, S);
  assert_int_equal(b.min_size, 0);
  assert_int_equal(b.max_size, 7);
  assert_int_equal(b.sizer, NCL_SIZER_BYTES);
  assert_non_null(b.metadata_keys);
  /* As the Go collector: what the queue counts its batches count, too, where something is set of them. */
  assert_int_equal(good("sending_queue: {sizer: bytes, batch: {min_size: 10}}", 0, "").batch.sizer, NCL_SIZER_BYTES);
  assert_int_equal(good("sending_queue: {sizer: requests, batch: }", 0, "").batch.sizer, NCL_SIZER_ITEMS);
  assert_int_equal(good("sending_queue: {sizer: bytes, batch: {min_size: 10, sizer: items}}", 0, "").batch.sizer,
                   NCL_SIZER_ITEMS);
}

static void a_direct_exporter_has_what_is_written(void **state) {
  (void)state;
  ncl_delivery_options o = good("{}", NCL_COMPONENT_DIRECT, "");
  assert_int_equal(o.queue_enabled, 0);
  assert_int_equal(o.retry.enabled, 0);
  o = good("sending_queue:\nretry_on_failure:\n", NCL_COMPONENT_DIRECT, "");
  assert_int_equal(o.queue_enabled, 1);
  assert_int_equal(o.queue_size, 1000);
  assert_int_equal(o.retry.enabled, 1);
}

static void names_the_storage_of_a_queue(void **state) {
  (void)state;
  ncl_delivery_options o = good("sending_queue: {storage: file_storage/a}", 0, "");
  assert_int_equal(o.storage.len, 14);
  o = good("sending_queue: {storage: file_storage/a, enabled: false}", 0, "");
  assert_int_equal(o.storage.len, 0);
}

static void says_what_cannot_be_had(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"sending_queue: {batch: {sizer: requests}}", "sizer"},
      {"sending_queue: {sizer: requests, batch: {min_size: 5}}", "count no requests"},
      {"sending_queue: {batch: {flush_timeout: 0s}}", "flush_timeout"},
      {"sending_queue: {batch: {min_size: -1}}", "min_size"},
      {"sending_queue: {batch: {max_size: 5}}", "max_size is smaller than min_size"},
      {"sending_queue: {sizer: items, batch: }", "min_size is larger than queue_size"},
      {"sending_queue: {batch: {partition: {metadata_keys: [a, A]}}}", "twice"},
      {"retry_on_failure: {max_elapsed_time: 1s}", "max_elapsed_time is less than initial_interval"},
      {"retry_on_failure: {max_elapsed_time: 10s}", "max_elapsed_time is less than max_interval"},
      {"sending_queue: {queue_size: 0}", "queue_size"},
      {"sending_queue: {num_consumers: 0}", "num_consumers"},
      {"sending_queue: {sizer: spans}", "spans"},
      {"retry_on_failure: {randomization_factor: 2}", "randomization_factor"},
      {"retry_on_failure: {multiplier: -0.5}", "multiplier"},
      {"timeout: -1s", "timeout"},
      {"timeout: 5", "5s"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    read_options r;
    read_yaml(&r, rows[i][0], 0, "");
    if (r.errors != 1 || strstr(r.said, rows[i][1]) == NULL) fail_msg("%s: %s", rows[i][0], r.said);
    free(r.said);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(has_the_defaults_of_the_go_collector),
      cmocka_unit_test(an_exporter_brings_its_own_timeout),
      cmocka_unit_test(reads_every_key),
      cmocka_unit_test(reads_how_a_queue_batches),
      cmocka_unit_test(a_direct_exporter_has_what_is_written),
      cmocka_unit_test(names_the_storage_of_a_queue),
      cmocka_unit_test(says_what_cannot_be_had),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

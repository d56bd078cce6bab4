/* SPDX-License-Identifier: Apache-2.0 */
/* service.telemetry: every key, what is wrong with it in words, the logger's config, and the extensions it implies. */
#include "core/telemetry/settings.h"

#include <stdlib.h>

#include "core/config/implied.h"
#include "core/telemetry/settings_fields.h"
#include "unit/core/config/support.h"

#define PIPELINE \
  "receivers: {nop: }\nexporters: {nop: }\nservice:\n  pipelines: {logs: {receivers: [nop], exporters: [nop]}}\n"
static const char instance[] = "11111111-2222-4333-8444-555555555555";

typedef struct desk {
  ncl_diagnostics *diagnostics;
  ncl_config *config;
  const ncl_service_config *service;
  ncl_telemetry_settings *settings;
} desk;

/* Reads `text` as what stands below service.telemetry. */
static desk read_text(const char *text) {
  desk d = {ncl_diagnostics_new(NULL), NULL, NULL, NULL};
  char all[4096];
  (void)snprintf(all, sizeof all, PIPELINE "%s%s", *text == '\0' ? "" : "  telemetry:\n", text);
  const char *pairs[] = {"CONFIG", all, NULL}, *uris[] = {"env:CONFIG"};
  ncl_environment env = support_environment(pairs);
  d.config = ncl_config_load(uris, 1, &env, d.diagnostics);
  assert_non_null(d.config);
  d.service = ncl_service_read(d.config, d.diagnostics);
  assert_non_null(d.service);
  d.settings = ncl_telemetry_settings_read(d.config, d.service, ncl_str_of(instance, strlen(instance)), d.diagnostics);
  assert_non_null(d.settings);
  return d;
}

static void end(desk *d) {
  ncl_telemetry_settings_free(d->settings);
  ncl_config_free(d->config);
  ncl_diagnostics_free(d->diagnostics);
}

static void expect_lines(desk *d, const char *expected) {
  char *lines = support_lines(d->diagnostics);
  SUPPORT_EXPECT(lines, expected, "diagnostics");
  free(lines);
}

static void expect_str(ncl_str found, const char *expected) {
  char text[2100];
  (void)snprintf(text, sizeof text, "%.*s", (int)found.len, found.len > 0 ? found.ptr : "");
  SUPPORT_EXPECT(text, expected, "text");
}

/* "name=value" of all attributes. */
static void expect_resource(const desk *d, const char *expected) {
  char text[1024] = "";
  size_t len = 0;
  for (uint32_t i = 0; i < d->settings->resource_count; i++) {
    const ncl_pair *p = &d->settings->resource[i];
    len += (size_t)snprintf(text + len, sizeof text - len, "%.*s=%.*s;", (int)p->name.len, p->name.ptr,
                            (int)p->value.len, p->value.ptr);
  }
  SUPPORT_EXPECT(text, expected, "resource");
}

/* "id path;" of all implied extensions. */
static void expect_implied(const desk *d, const char *expected) {
  char text[1024] = "";
  size_t len = 0;
  for (size_t i = 0; i < d->service->implied.count; i++) {
    const ncl_component_config *c = &d->service->implied.at[i];
    len += (size_t)snprintf(text + len, sizeof text - len, "%.*s %.*s%s;", (int)c->id.len, c->id.ptr, (int)c->path.len,
                            c->path.ptr, c->optional ? " (optional)" : "");
  }
  SUPPORT_EXPECT(text, expected, "implied");
}

static void without_the_section_all_is_as_the_go_collector_has_it(void **state) {
  (void)state;
  desk d = read_text("");
  ncl_log_settings log;
  expect_lines(&d, "");
  expect_resource(&d,
                  "service.instance.id=11111111-2222-4333-8444-555555555555;service.name=nacelle;"
                  "service.version=" NCL_VERSION ";");
  expect_implied(&d, "prometheus service.telemetry.metrics (optional);");
  assert_int_equal(d.settings->metrics_level, NCL_METRICS_NORMAL);
  assert_int_equal(d.settings->summary_interval_ns, 300 * INT64_C(1000000000));
  ncl_telemetry_log_config(d.settings, &log);
  assert_int_equal(log.config.level, NCL_LOG_INFO);
  assert_int_equal(log.config.format, NCL_LOG_CONSOLE);
  assert_int_equal(log.config.flags, 0);
  assert_int_equal(log.config.sample_tick_ns, NCL_LOG_SAMPLE_TICK_NS);
  assert_int_equal(log.config.sample_first, NCL_LOG_SAMPLE_FIRST);
  assert_int_equal(log.config.sample_then, NCL_LOG_SAMPLE_THEN);
  assert_int_equal(log.config.output_count, 1);
  expect_str(log.config.outputs[0], "stderr");
  assert_int_equal(log.config.resource_count, 3);
  expect_str(log.config.fields, "");
  end(&d);
}

static void every_key_of_the_log_is_read(void **state) {
  (void)state;
  desk d = read_text(
      "    logs:\n"
      "      level: WARN\n"
      "      encoding: json\n"
      "      development: true\n"
      "      disable_caller: true\n"
      "      disable_stacktrace: true\n"
      "      disable_zap_resource: true\n"
      "      output_paths: [stdout, /tmp/a.log, file:///tmp/b.log]\n"
      "      error_output_paths: /tmp/c.log\n"
      "      sampling: {enabled: true, tick: 1s, initial: 2, thereafter: 3}\n"
      "      export_summary_interval: 1m\n"
      "      initial_fields: {team: blue, n: 1, list: [a, {b: null}], on: true, half: 0.5}\n");
  ncl_log_settings log;
  expect_lines(&d, "");
  ncl_telemetry_log_config(d.settings, &log);
  assert_int_equal(log.config.level, NCL_LOG_WARN);
  assert_int_equal(log.config.format, NCL_LOG_JSON);
  assert_int_equal(log.config.flags, NCL_LOGGER_NO_CALLER | NCL_LOGGER_NO_RESOURCE);
  assert_int_equal(log.config.output_count, 3);
  expect_str(log.config.outputs[2], "file:///tmp/b.log");
  assert_int_equal(log.config.error_output_count, 1);
  assert_int_equal(log.config.sample_tick_ns, 1000000000);
  assert_int_equal(log.config.sample_first, 2);
  assert_int_equal(log.config.sample_then, 3);
  assert_int_equal(d.settings->summary_interval_ns, 60 * INT64_C(1000000000));
  expect_str(log.config.fields, "\"team\":\"blue\",\"n\":1,\"list\":[\"a\",{\"b\":null}],\"on\":true,\"half\":0.5");
  end(&d);
}

static void levels_of_the_log_are_those_of_zap(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint32_t level;
  } cases[] = {{"debug", NCL_LOG_DEBUG},      {"DEBUG", NCL_LOG_DEBUG},    {"Info", NCL_LOG_INFO},
               {"warn", NCL_LOG_WARN},        {"warning", NCL_LOG_WARN},   {"error", NCL_LOG_ERROR},
               {"dpanic", NCL_LOG_ERROR + 1}, {"fatal", NCL_LOG_ERROR + 1}};
  for (size_t i = 0; i < ITEMS(cases); i++) {
    char text[100];
    ncl_log_settings log;
    (void)snprintf(text, sizeof text, "    logs: {level: %s}\n", cases[i].text);
    desk d = read_text(text);
    expect_lines(&d, "");
    ncl_telemetry_log_config(d.settings, &log);
    assert_int_equal(log.config.level, cases[i].level);
    end(&d);
  }
  desk d = read_text("    logs: {sampling: {enabled: false}}\n");
  ncl_log_settings log;
  ncl_telemetry_log_config(d.settings, &log);
  assert_int_equal(log.config.sample_tick_ns, 0);
  end(&d);
}

static void initial_fields_that_are_too_long_are_left_out_whole(void **state) {
  (void)state;
  char text[4000];
  size_t len = (size_t)snprintf(text, sizeof text, "    logs:\n      initial_fields:\n        a: 1\n        b: ");
  memset(text + len, 'x', 3000);
  (void)snprintf(text + len + 3000, sizeof text - len - 3000, "\n        c: 2\n");
  desk d = read_text(text);
  ncl_log_settings log;
  ncl_telemetry_log_config(d.settings, &log);
  expect_str(log.config.fields, "\"a\":1");
  end(&d);
}

static void attributes_of_the_resource_come_in_two_forms(void **state) {
  (void)state;
  desk d = read_text("    resource: {team: blue, service.name: mine, service.version: null, service.instance.id: }\n");
  expect_lines(&d, "");
  expect_resource(&d, "service.name=mine;team=blue;");
  end(&d);
  d = read_text(
      "    resource:\n"
      "      schema_url: https://opentelemetry.io/schemas/1.9.0\n"
      "      attributes:\n"
      "        - {name: team, value: blue}\n"
      "        - {name: service.version, value: null}\n"
      "        - {name: shard, value: 7, type: int}\n"
      "        - {name: on, value: true}\n"
      "        - {name: half, value: 0.5}\n"
      "        - {name: service.instance.id, value: x}\n");
  expect_lines(&d, "");
  expect_resource(&d, "half=0.5;on=true;service.instance.id=x;service.name=nacelle;shard=7;team=blue;");
  end(&d);
}

static void readers_and_processors_imply_extensions(void **state) {
  (void)state;
  desk d = read_text(
      "    metrics:\n"
      "      level: detailed\n"
      "      readers:\n"
      "        - pull: {exporter: {prometheus: {host: 0.0.0.0, port: 8888, without_units: false}}}\n"
      "        - periodic: {interval: 1000, exporter: {otlp: {protocol: grpc, endpoint: 'localhost:4317'}}}\n"
      "        - pull: {exporter: {prometheus: {host: localhost, port: 8889}}}\n"
      "    logs:\n"
      "      processors:\n"
      "        - batch: {exporter: {otlp: {protocol: http/protobuf, endpoint: 'http://localhost:4318/v1/logs'}}}\n"
      "        - simple: {exporter: {otlp: {protocol: grpc, endpoint: a, headers: [{name: k, value: v}]}}}\n");
  expect_lines(&d, "");
  expect_implied(&d,
                 "prometheus service.telemetry.metrics.readers[0].pull.exporter.prometheus;"
                 "otlp_metrics service.telemetry.metrics.readers[1].periodic;"
                 "prometheus/2 service.telemetry.metrics.readers[2].pull.exporter.prometheus;"
                 "otlp_logs service.telemetry.logs.processors[0].batch;"
                 "otlp_log_lines service.telemetry.logs.processors[1].simple;");
  assert_int_equal(d.settings->metrics_level, NCL_METRICS_DETAILED);
  end(&d);
  d = read_text("    metrics: {level: None, readers: []}\n");
  expect_lines(&d, "");
  expect_implied(&d, "");
  end(&d);
  d = read_text("    metrics: {level: basic}\n");
  expect_implied(&d, "prometheus service.telemetry.metrics (optional);");
  end(&d);
}

static void an_address_of_older_configs_is_a_reader_with_a_warning(void **state) {
  (void)state;
  desk d = read_text("    metrics: {address: '0.0.0.0:8888'}\n");
  expect_implied(&d, "prometheus service.telemetry.metrics;");
  char *node = support_node_text(d.service->implied.at[0].node);
  SUPPORT_EXPECT(node, "{address: \"0.0.0.0:8888\"}", "node");
  free(node);
  expect_lines(&d,
               "env:CONFIG:6:15: warning: service.telemetry.metrics.address: is deprecated: write it as a reader: "
               "readers: [{pull: {exporter: {prometheus: {host: ..., port: ...}}}}].\n");
  end(&d);
}

static void what_is_wrong_is_said_where_it_stands(void **state) {
  (void)state;
  static const struct {
    const char *text, *lines;
  } cases[] = {
      {"    logs: {level: verbose}\n",
       "env:CONFIG:6:19: error: service.telemetry.logs.level: \"verbose\" is not one of: debug, info, warn, error, "
       "warning, dpanic, panic, fatal\n"},
      {"    logs: {sampling: {tick: 10}}\n",
       "env:CONFIG:6:29: error: service.telemetry.logs.sampling.tick: 10 has no unit; write 10s for seconds\n"},
      {"    log: {level: info}\n",
       "env:CONFIG:6:5: error: service.telemetry.log: there is no such key; did you mean \"logs\"?\n"},
      {"    logs: {output_paths: ['file://x']}\n",
       "env:CONFIG:6:27: error: service.telemetry.logs.output_paths[0]: a file:// URL names an absolute path: "
       "file:///var/log/nacelle.log; write stderr, stdout or the path of a file\n"},
      {"    logs: {processors: [{batch: {}, simple: {}}]}\n",
       "env:CONFIG:6:25: error: service.telemetry.logs.processors[0]: must be either batch or simple; write \"- batch: "
       "{exporter: {otlp: {...}}}\"\n"},
      {"    logs: {processors: [{batch: {exporter: {console: {}}}}]}\n",
       "env:CONFIG:6:45: error: service.telemetry.logs.processors[0].batch.exporter.console: the exporter console is "
       "not "
       "supported; use otlp; the log is on the console in any case\n"},
      {"    metrics: {readers: []}\n",
       "env:CONFIG:6:15: error: service.telemetry.metrics.readers: metrics are on, but there is no reader that exports "
       "them; add one, or set level: none\n"},
      {"    metrics: {readers: [{}]}\n",
       "env:CONFIG:6:25: error: service.telemetry.metrics.readers[0]: must be either pull or periodic; write \"- pull: "
       "{exporter: {prometheus: {...}}}\"\n"},
      {"    metrics: {readers: [{pull: {exporter: {}}}]}\n",
       "env:CONFIG:6:26: error: service.telemetry.metrics.readers[0].pull: names no exporter; add \"exporter: "
       "{prometheus: {host: localhost, port: 8888}}\"\n"},
      {"    metrics: {readers: [{periodic: {interval: 5, exporter: {otlp: {endpoint: x}}}}]}\n",
       "env:CONFIG:6:47: error: service.telemetry.metrics.readers[0].periodic.interval: 5 is less than 100, the least "
       "that is "
       "allowed\n"
       "env:CONFIG:6:61: error: service.telemetry.metrics.readers[0].periodic.exporter.otlp.protocol: is required and "
       "missing; add \"protocol: grpc\"\n"},
      {"    metrics: {views: [{selector: {}}]}\n",
       "env:CONFIG:6:15: warning: service.telemetry.metrics.views: has no effect: views are not supported, metrics are "
       "exported as they are; remove it\n"},
      {"    traces: {processors: [{batch: {}}]}\n",
       "env:CONFIG:6:5: warning: service.telemetry.traces: has no effect: no traces are made of the own work; remove "
       "it\n"},
      {"    traces: {level: None, processors: [{batch: {}}]}\n", ""},
      {"    resource: {attributes_list: a=b}\n",
       "env:CONFIG:6:16: error: service.telemetry.resource.attributes_list: attributes_list is not supported; write "
       "attributes: [{name: a, value: b}]\n"},
      {"    resource: {attributes: [{name: a, value: [b]}], team: blue}\n",
       "env:CONFIG:6:39: error: service.telemetry.resource.attributes[0].value: must be text, a number or a bool; "
       "write "
       "lists and maps as text\n"
       "env:CONFIG:6:53: error: service.telemetry.resource.team: there is no such key; the keys here are attributes, "
       "attributes_list, schema_url, detectors, detection/development\n"},
  };
  for (size_t i = 0; i < ITEMS(cases); i++) {
    desk d = read_text(cases[i].text);
    expect_lines(&d, cases[i].lines);
    end(&d);
  }
}

static void the_id_of_a_run_is_a_random_uuid(void **state) {
  (void)state;
  char one[NCL_INSTANCE_ID_SIZE], two[NCL_INSTANCE_ID_SIZE];
  ncl_telemetry_instance_id(one);
  ncl_telemetry_instance_id(two);
  assert_int_equal(strlen(one), 36);
  assert_int_equal(strspn(one, "0123456789abcdef-"), 36);
  assert_int_equal(one[14], '4');
  assert_non_null(strchr("89ab", one[19]));
  assert_string_not_equal(one, two);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_the_section_all_is_as_the_go_collector_has_it),
      cmocka_unit_test(every_key_of_the_log_is_read),
      cmocka_unit_test(levels_of_the_log_are_those_of_zap),
      cmocka_unit_test(initial_fields_that_are_too_long_are_left_out_whole),
      cmocka_unit_test(attributes_of_the_resource_come_in_two_forms),
      cmocka_unit_test(readers_and_processors_imply_extensions),
      cmocka_unit_test(an_address_of_older_configs_is_a_reader_with_a_warning),
      cmocka_unit_test(what_is_wrong_is_said_where_it_stands),
      cmocka_unit_test(the_id_of_a_run_is_a_random_uuid),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

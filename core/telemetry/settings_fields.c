/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables of service.telemetry: keys and defaults of the Go collector's, but for export_summary_interval. */
#include "core/telemetry/settings_fields.h"

#include <nacelle/telemetry_fields.h>
#include <stddef.h>

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define AT(member) .offset = offsetof(ncl_telemetry_settings, member)
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET
#define ELEMENT(field) .fields = {&(field), 1, sizeof(field)}

static const ncl_field any = {.type = NCL_TYPE_ANY};
static const ncl_field text = {.type = NCL_TYPE_STRING};

/* ---- logs ------------------------------------------------------------------------------------------- */

/* The last four are levels of the Go collector's library; nothing here is logged at the last three. */
static const ncl_str log_levels[] = {NCL_STR("debug"),   NCL_STR("info"),   NCL_STR("warn"),  NCL_STR("error"),
                                     NCL_STR("warning"), NCL_STR("dpanic"), NCL_STR("panic"), NCL_STR("fatal")};
static const ncl_str encodings[] = {NCL_STR("console"), NCL_STR("json")};

uint32_t ncl_telemetry_log_level(int64_t choice) {
  if (choice <= (int64_t)NCL_LOG_ERROR) return (uint32_t)choice;
  return choice == 4 ? NCL_LOG_WARN : NCL_LOG_ERROR + 1;
}

static const ncl_field sampling_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "true", "Whether the rate of equal lines is limited."), AT(sampling)},
    {FIELD("tick", NCL_TYPE_DURATION, "10s", "Time that the numbers below are for."), AT(sampling_tick_ns), .min = 1,
     .max = INT64_MAX},
    {FIELD("initial", NCL_TYPE_INT, "10", "Equal lines of a tick that are written."), AT(sampling_first), .min = 0,
     .max = UINT32_MAX},
    {FIELD("thereafter", NCL_TYPE_INT, "100", "Of those behind them every how manieth is written; 0 = none."),
     AT(sampling_then), .min = 0, .max = UINT32_MAX},
};

static const ncl_field processor_fields[] = {
    {FIELD("batch", NCL_TYPE_SECTION, "", "Lines are pushed as OTLP, many at a time."), NOWHERE,
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_telemetry_batch_fields)},
    {FIELD("simple", NCL_TYPE_SECTION, "", "Lines are pushed as OTLP as soon as they come."), NOWHERE,
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_telemetry_simple_fields)},
};
static const ncl_field processor = {.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(processor_fields)};

static const ncl_field logs_fields[] = {
    {FIELD("level", NCL_TYPE_ENUM, "info", "Lines below it are not written."), AT(log_level),
     .flags = NCL_FIELD_ANY_CASE, .choices = NCL_ARRAY(log_levels)},
    {FIELD("encoding", NCL_TYPE_ENUM, "console", "console: columns between tabs; json: one object a line."),
     AT(log_json), .choices = NCL_ARRAY(encodings)},
    {FIELD("output_paths", NCL_TYPE_LIST, "[stderr]",
           "Where lines go: stderr, stdout, paths of files (opened anew at SIGHUP)."),
     AT(outputs), ELEMENT(text)},
    {FIELD("error_output_paths", NCL_TYPE_LIST, "[stderr]", "Where it is said that one of those cannot be written."),
     AT(error_outputs), ELEMENT(text)},
    {FIELD("sampling", NCL_TYPE_SECTION, "", "The rate of equal lines: of one level, component and event."), NOWHERE,
     .fields = NCL_ARRAY(sampling_fields)},
    {FIELD("export_summary_interval", NCL_TYPE_DURATION, "5m",
           "Time between lines that sum up what an exporter did; 0 = a line for each batch."),
     AT(summary_interval_ns), .min = 0, .max = INT64_MAX},
    {FIELD("initial_fields", NCL_TYPE_MAP, "", "Fields of every line."), AT(initial_fields), ELEMENT(any)},
    {FIELD("disable_caller", NCL_TYPE_BOOL, "false", "Leaves out who speaks: the column, or the key caller."),
     AT(no_caller)},
    {FIELD("disable_zap_resource", NCL_TYPE_BOOL, "false", "Leaves the resource out of JSON lines."), AT(no_resource)},
    {FIELD("disable_stacktrace", NCL_TYPE_BOOL, "false", "Without effect: there are no stack traces."), NOWHERE},
    {FIELD("development", NCL_TYPE_BOOL, "false", "Without effect."), NOWHERE},
    {FIELD("processors", NCL_TYPE_LIST, "", "Where lines are pushed to as OTLP, besides output_paths."), NOWHERE,
     ELEMENT(processor)},
};

/* ---- metrics ---------------------------------------------------------------------------------------- */

static const ncl_str metrics_levels[] = {NCL_STR("none"), NCL_STR("basic"), NCL_STR("normal"), NCL_STR("detailed")};

static const ncl_field pull_exporter_fields[] = {
    {FIELD("prometheus", NCL_TYPE_SECTION, "", "Served at http://host:port/metrics."), NOWHERE,
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_prometheus_fields)},
};
static const ncl_field pull_fields[] = {
    {FIELD("exporter", NCL_TYPE_SECTION, "", "How it is served."), NOWHERE, .fields = NCL_ARRAY(pull_exporter_fields)},
};
static const ncl_field reader_fields[] = {
    {FIELD("pull", NCL_TYPE_SECTION, "", "Served to who asks."), NOWHERE, .flags = NCL_FIELD_OPTIONAL,
     .fields = NCL_ARRAY(pull_fields)},
    {FIELD("periodic", NCL_TYPE_SECTION, "", "Pushed as OTLP."), NOWHERE, .flags = NCL_FIELD_OPTIONAL,
     .fields = NCL_ARRAY(ncl_telemetry_periodic_fields)},
    {FIELD("producers", NCL_TYPE_LIST, "", "Without effect: there are no other producers."), NOWHERE, ELEMENT(any)},
};
static const ncl_field reader = {.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(reader_fields)};

static const ncl_field metrics_fields[] = {
    {FIELD("level", NCL_TYPE_ENUM, "normal", "How much is exported."), AT(metrics_level), .flags = NCL_FIELD_ANY_CASE,
     .choices = NCL_ARRAY(metrics_levels)},
    {FIELD("readers", NCL_TYPE_LIST, "[{pull: {exporter: {prometheus: {}}}}]", "How metrics are exported."), NOWHERE,
     ELEMENT(reader)},
    {FIELD("address", NCL_TYPE_STRING, "", NCL_TELEMETRY_ADDRESS_DOC), NOWHERE, .flags = NCL_FIELD_DEPRECATED},
    {FIELD("views", NCL_TYPE_LIST, "", "Not supported: metrics are exported as they are."), NOWHERE, ELEMENT(any)},
};

/* ---- the section ------------------------------------------------------------------------------------ */

static const ncl_field attribute_fields[] = {
    {FIELD("name", NCL_TYPE_STRING, "", "Name of the attribute."), NOWHERE, .flags = NCL_FIELD_REQUIRED},
    {FIELD("value", NCL_TYPE_ANY, "", "Its value; null leaves the attribute out."), NOWHERE},
    {FIELD("type", NCL_TYPE_STRING, "string", "Without effect: values are text."), NOWHERE},
};
static const ncl_field attribute = {.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(attribute_fields)};

static const ncl_field resource_fields[] = {
    {FIELD("attributes", NCL_TYPE_LIST, "", "Who the process is, besides service.name, .version and .instance.id."),
     NOWHERE, ELEMENT(attribute)},
    {FIELD("attributes_list", NCL_TYPE_STRING, "", "Not supported: write attributes."), NOWHERE},
    {FIELD("schema_url", NCL_TYPE_STRING, "", "Without effect."), NOWHERE},
    {FIELD("detectors", NCL_TYPE_ANY, "", "Without effect: nothing is detected."), NOWHERE},
    {FIELD("detection/development", NCL_TYPE_ANY, "", "Without effect: nothing is detected."), NOWHERE},
};

#define LOGS \
  { FIELD("logs", NCL_TYPE_SECTION, "", "The own log."), NOWHERE, .fields = NCL_ARRAY(logs_fields) }
#define METRICS \
  { FIELD("metrics", NCL_TYPE_SECTION, "", "The own metrics."), NOWHERE, .fields = NCL_ARRAY(metrics_fields) }
#define TRACES \
  { FIELD("traces", NCL_TYPE_ANY, "", "Not supported: no traces are made of the own work."), NOWHERE }

static const ncl_field fields[] = {
    LOGS,
    METRICS,
    TRACES,
    {FIELD("resource", NCL_TYPE_SECTION, "", "Who the process is."), NOWHERE, .fields = NCL_ARRAY(resource_fields)}};

static const ncl_field fields_inline[] = {
    LOGS,
    METRICS,
    TRACES,
    {FIELD("resource", NCL_TYPE_MAP, "", "Who the process is, as attributes; an empty one is left out."), NOWHERE,
     ELEMENT(text)}};

const ncl_array ncl_telemetry_fields = NCL_ARRAY(fields);
const ncl_array ncl_telemetry_fields_inline = NCL_ARRAY(fields_inline);

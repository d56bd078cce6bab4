/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: the keys of the exporter. */
#include "settings.h"

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define AT(member) .offset = offsetof(ncl_emf_settings, member)
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET

static const ncl_field text = {.type = NCL_TYPE_STRING};
static const ncl_field texts = {.type = NCL_TYPE_LIST, .fields = {&text, 1, sizeof text}};
#define TEXTS .fields = {&text, 1, sizeof text}

static const ncl_str rollups[] = {NCL_STR("ZeroAndSingleDimensionRollup"), NCL_STR("SingleDimensionRollupOnly"),
                                  NCL_STR("NoDimensionRollup")};
static const ncl_str versions[] = {NCL_STR("1"), NCL_STR("0")};
static const ncl_str destinations[] = {NCL_STR("cloudwatch"), NCL_STR("stdout")};
static const ncl_str histogram_forms[] = {NCL_STR("statistics"), NCL_STR("values")};

static const ncl_field matcher_fields[] = {
    {FIELD("label_names", NCL_TYPE_LIST, "", "Labels whose values are put together."), NOWHERE, TEXTS},
    {FIELD("separator", NCL_TYPE_STRING, ";", "What stands between the values."), NOWHERE},
    {FIELD("regex", NCL_TYPE_STRING, "", "Regular expression that is looked for in them."), NOWHERE},
};
static const ncl_field matcher = {.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(matcher_fields)};

static const ncl_field declaration_fields[] = {
    {FIELD("dimensions", NCL_TYPE_LIST, "", "Lists of labels: each is a set of dimensions."), NOWHERE,
     .fields = {&texts, 1, sizeof texts}},
    {FIELD("metric_name_selectors", NCL_TYPE_LIST, "", "Regular expressions that are looked for in metrics' names."),
     NOWHERE, TEXTS},
    {FIELD("label_matchers", NCL_TYPE_LIST, "", "What labels must be like: one of these; empty = any."), NOWHERE,
     .fields = {&matcher, 1, sizeof matcher}},
};
static const ncl_field declaration = {.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(declaration_fields)};

static const ncl_field descriptor_fields[] = {
    {FIELD("metric_name", NCL_TYPE_STRING, "", "Name of the metric."), NOWHERE},
    {FIELD("unit", NCL_TYPE_STRING, "", "Unit, one of CloudWatch's."), NOWHERE},
    {FIELD("overwrite", NCL_TYPE_BOOL, "false", "Also where the metric has a unit."), NOWHERE},
};
static const ncl_field descriptor = {.type = NCL_TYPE_SECTION, .fields = NCL_ARRAY(descriptor_fields)};

static const ncl_field resource_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "false", "Attributes of the resource become labels of its metrics."),
     AT(with_resource)},
    {FIELD("exclude_service_attributes", NCL_TYPE_BOOL, "false",
           "But not service.name, service.namespace, service.instance.id."),
     AT(without_service)},
};

const ncl_field ncl_emf_field_list[] = {
    {FIELD("namespace", NCL_TYPE_STRING, "",
           "Namespace of the metrics, with {placeholders}; empty = service.namespace/service.name, else default."),
     AT(name_space)},
    {FIELD("log_group_name", NCL_TYPE_STRING, "", "Log group, with {placeholders}; empty = /metrics/<namespace>."),
     AT(log_group)},
    {FIELD("log_stream_name", NCL_TYPE_STRING, "", "Log stream, with {placeholders}; empty = otel-stream-<uuid>."),
     AT(log_stream)},
    {FIELD("log_retention", NCL_TYPE_INT, "0", "Days that log groups keep events which are created; 0 = for ever."),
     AT(retention)},
    {FIELD("tags", NCL_TYPE_MAP, "", "Tags of log groups that are created."), AT(tags), TEXTS},
    {FIELD("dimension_rollup_option", NCL_TYPE_ENUM, "ZeroAndSingleDimensionRollup",
           "Sets of dimensions besides that of all labels: one of none and one of each."),
     AT(rollup), .choices = NCL_ARRAY(rollups)},
    {FIELD("metric_declarations", NCL_TYPE_LIST, "",
           "Which metrics CloudWatch makes, with which dimensions; empty = all, with all labels."),
     AT(declarations), .fields = {&declaration, 1, sizeof declaration}},
    {FIELD("metric_descriptors", NCL_TYPE_LIST, "", "Units of metrics by their names."), AT(descriptors),
     .fields = {&descriptor, 1, sizeof descriptor}},
    {FIELD("resource_to_telemetry_conversion", NCL_TYPE_SECTION, "", "Attributes of the resource as labels."), NOWHERE,
     .fields = NCL_ARRAY(resource_fields)},
    {FIELD("retain_initial_value_of_delta_metric", NCL_TYPE_BOOL, "false",
           "The first value of a cumulative series is sent as its first difference."),
     AT(retains_initial)},
    {FIELD("detailed_metrics", NCL_TYPE_BOOL, "false",
           "Summaries as _sum, _count and one value a quantile, which is a label."),
     AT(detailed)},
    {FIELD("parse_json_encoded_attr_values", NCL_TYPE_LIST, "", "Labels whose values are JSON, and written as such."),
     AT(parse_json), TEXTS},
    {FIELD("eks_fargate_container_insights_enabled", NCL_TYPE_BOOL, "false",
           "Metrics of pods and containers get the label kubernetes, as Container Insights reads it."),
     AT(eks_fargate)},
    {FIELD("version", NCL_TYPE_ENUM, "1", "Version of the embedded metric format: 1 (with _aws) or 0."), AT(version),
     .choices = NCL_ARRAY(versions)},
    {FIELD("output_destination", NCL_TYPE_ENUM, "cloudwatch", "cloudwatch, or stdout: a document a line."),
     AT(destination), .flags = NCL_FIELD_ANY_CASE, .choices = NCL_ARRAY(destinations)},
    {FIELD("histograms", NCL_TYPE_ENUM, "statistics",
           "Histograms as Max, Min, Count and Sum, or with values: the middles of their buckets, too."),
     AT(histograms), .choices = NCL_ARRAY(histogram_forms)},
    {FIELD("adot_compat", NCL_TYPE_BOOL, "true",
           "Values and units as ADOT has them; false = levels stay levels, cumulative histograms become differences, "
           "every unit is one of CloudWatch's."),
     AT(compat)},
    NCL_AWS_SESSION_FIELDS(ncl_emf_settings, session, "CloudWatch Logs"),
};

_Static_assert(sizeof ncl_emf_field_list == NCL_EMF_FIELDS * sizeof ncl_emf_field_list[0], "as the header says");

const ncl_array ncl_emf_fields = NCL_ARRAY(ncl_emf_field_list);

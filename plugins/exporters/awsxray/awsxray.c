/* SPDX-License-Identifier: Apache-2.0 */
/* awsxray.c: the exporter awsxray: its config, its life. */
#include "awsxray.h"

#include <stddef.h>
#include <stdlib.h>

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define AT(member) .offset = offsetof(ncl_xray_settings, member)
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET

static const ncl_field text = {.type = NCL_TYPE_STRING};

static const ncl_field telemetry_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "false", "Sends records about the exporter itself to X-Ray, one a minute."),
     AT(telemetry.enabled)},
    {FIELD("include_metadata", NCL_TYPE_BOOL, "false",
           "They say where the exporter runs: by the keys below, AWS_HOSTNAME and AWS_INSTANCE_ID, or EC2."),
     AT(telemetry.include_metadata)},
    {FIELD("contributors", NCL_TYPE_LIST, "", "Without effect: the exporter counts for itself."), NOWHERE,
     .fields = {&text, 1, sizeof text}},
    {FIELD("hostname", NCL_TYPE_STRING, "", "Host name that they say."), AT(telemetry.hostname)},
    {FIELD("instance_id", NCL_TYPE_STRING, "", "Id of the EC2 instance that they say."), AT(telemetry.instance_id)},
    {FIELD("resource_arn", NCL_TYPE_STRING, "", "ARN of the resource that they say."), AT(telemetry.resource_arn)},
};

static const ncl_field fields[] = {
    NCL_AWS_SESSION_FIELDS(ncl_xray_settings, session, "X-Ray"),
    {FIELD("indexed_attributes", NCL_TYPE_LIST, "",
           "Attributes that become annotations; those of the resource as otel.resource.<name>."),
     AT(options.indexed_attributes), .fields = {&text, 1, sizeof text}},
    {FIELD("index_all_attributes", NCL_TYPE_BOOL, "false", "All attributes become annotations."),
     AT(options.index_all)},
    {FIELD("aws_log_groups", NCL_TYPE_LIST, "",
           "Log groups of CloudWatch that belong to the traces, where the resource names none."),
     AT(options.log_groups), .fields = {&text, 1, sizeof text}},
    {FIELD("telemetry", NCL_TYPE_SECTION, "", "Records about the exporter itself (PutTelemetryRecords)."), NOWHERE,
     .fields = NCL_ARRAY(telemetry_fields)},
    {FIELD("transit_spans_in_otlp_format", NCL_TYPE_BOOL, "false", "Not supported."), AT(otlp_format)},
    {FIELD("adot_compat", NCL_TYPE_BOOL, "true",
           "Documents as ADOT makes them; false = db.system.name and db.query.text become `sql`, too."),
     AT(options.compat)},
    {FIELD("span_events", NCL_TYPE_BOOL, "true", "Events that are no exceptions are kept as metadata otel.events."),
     AT(options.span_events)},
};

const ncl_metric_type ncl_xray_metrics[2] = {
    {.name = NCL_STR("unprocessed_documents"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("{document}"),
     .doc = NCL_STR("Segment documents that X-Ray did not take, or that could not be made."),
     .labels = NCL_STR("code")},
    {.name = NCL_STR("trimmed_documents"),
     .type = NCL_METRIC_COUNTER,
     .unit = NCL_STR("{document}"),
     .doc = NCL_STR("Segment documents that were cut down to 64 KiB.")},
};

/* ---- what can be wrong ------------------------------------------------------------------------------- */

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static ncl_status refuse(const ncl_create *create, const char *key, const char *message, const char *hint) {
  create->host->config_error(create->me, ncl_value_get(create->config, str(key)), str(message), str(hint));
  return NCL_PERMANENT;
}

ncl_status ncl_xray_check(const ncl_create *create, const ncl_xray_settings *settings) {
  ncl_status status = ncl_aws_session_check(create, &settings->session);
  if (settings->otlp_format != 0) {
    status = refuse(create, "transit_spans_in_otlp_format", "spans are sent as segment documents only",
                    "use the exporter otlphttp with the extension sigv4auth for X-Ray's OTLP endpoint");
  }
  const ncl_value *contributors = ncl_value_get(ncl_value_get(create->config, str("telemetry")), str("contributors"));
  if (contributors != NULL && contributors->is_set != 0)
    create->host->config_warning(create->me, contributors, str("this key has no effect"), str(""));
  return status;
}

/* ---- life -------------------------------------------------------------------------------------------- */

static void destroy(void *self) {
  ncl_xray_exporter *x = self;
  ncl_xray_stop(x);
  ncl_xray_translator_close(&x->translator);
  free(x);
}

static ncl_status create_exporter(const ncl_create *create, void **self) {
  ncl_xray_exporter *x = calloc(1, sizeof *x);
  const ncl_array table = NCL_ARRAY(fields);
  if (x == NULL) return NCL_NO_MEMORY;
  x->host = create->host;
  x->me = create->me;
  ncl_status status = ncl_config_fill(create->config, &table, &x->settings);
  if (status == NCL_OK) status = ncl_xray_check(create, &x->settings);
  if (status != NCL_OK) {
    free(x);
    return status;
  }
  x->config = create->config;
  x->trimmed = x->host->metric(x->me, &ncl_xray_metrics[NCL_XRAY_METRIC_TRIMMED], NULL, 0);
  ncl_xray_translator_open(&x->translator, &x->settings.options);
  *self = x;
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  ncl_xray_exporter *x = self;
  (void)token;
  (void)outcome;
  ncl_xray_stop(x);
  ncl_aws_probe_end(x->probe);
  x->probe = NULL;
  return NCL_OK;
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  (void)token;
  (void)outcome;
  return ncl_xray_telemetry_start(self);
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create_exporter,
                                    .start = start,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .send = ncl_xray_send,
                                    .cancel = ncl_xray_cancel,
                                    .probe = ncl_xray_probe};

static const uint32_t signals[] = {NCL_SIGNAL_TRACES};

static const ncl_component_type components[] = {
    {.type = NCL_STR("awsxray"),
     .kind = NCL_KIND_EXPORTER,
     .doc = NCL_STR("Sends traces to AWS X-Ray as segment documents."),
     .signals = NCL_ARRAY(signals),
     .fields = NCL_ARRAY(fields),
     .methods = &methods,
     .dflt_timeout = NCL_STR("30s"),
     .metrics = NCL_ARRAY(ncl_xray_metrics)},
};

static const ncl_plugin plugin = {
    .magic = NCL_PLUGIN_MAGIC,
    .struct_size = sizeof plugin,
    .abi_major = NCL_ABI_MAJOR,
    .abi_minor_built = NCL_ABI_MINOR,
    .name = NCL_STR("nacelle-awsxray-exporter"),
    .version = NCL_STR(NCL_VERSION),
    .components = NCL_ARRAY(components),
};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: the table of fields, and what it cannot check by itself. */
#include <nacelle/config_fill.h>
#include <string.h>

#include "health_check.h"

#define FIELD(n, t, d, text) .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text)
#define AT(member) .offset = offsetof(ncl_health_settings, member)
#define NOWHERE .offset = NCL_CONFIG_NO_OFFSET

static const ncl_field body_fields[] = {
    {FIELD("healthy", NCL_TYPE_STRING, "", "What is answered when all is well."), AT(healthy_body)},
    {FIELD("unhealthy", NCL_TYPE_STRING, "", "What is answered otherwise."), AT(unhealthy_body)},
};

static const ncl_field pipeline_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "false", "Unhealthy when exporters fail too often."), AT(check_pipeline)},
    {FIELD("interval", NCL_TYPE_DURATION, "5m", "How far back failures count."), AT(interval_ns), .min = 1000000000,
     .max = INT64_MAX / 4},
    {FIELD("exporter_failure_threshold", NCL_TYPE_INT, "5",
           "Tries of all exporters that may fail within the interval."),
     AT(failure_threshold), .min = 1, .max = INT32_MAX},
};

static const ncl_field status_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "true", "Whether there is this page."), AT(status_enabled)},
    {FIELD("path", NCL_TYPE_STRING, "/status", "Where it is."), AT(status_path)},
    {FIELD("verbose", NCL_TYPE_BOOL, "false", "Tells of each component, also without ?verbose."), AT(status_verbose)},
    {FIELD("include_attributes", NCL_TYPE_BOOL, "true", "Without effect: a status has no attributes."), NOWHERE},
};

static const ncl_field config_fields[] = {
    {FIELD("enabled", NCL_TYPE_BOOL, "false", "Whether there is this page."), AT(config_enabled)},
    {FIELD("path", NCL_TYPE_STRING, "/config", "Where it is."), AT(config_path)},
};

static const ncl_field http_fields[] = {
    {FIELD("status", NCL_TYPE_SECTION, "", "The page that tells how components are."), NOWHERE,
     .fields = NCL_ARRAY(status_fields)},
    {FIELD("config", NCL_TYPE_SECTION, "", "The effective config as YAML, without secrets."), NOWHERE,
     .fields = NCL_ARRAY(config_fields)},
    NCL_HTTP_ENDPOINT_FIELD("localhost:13133"),
    NCL_HTTP_SERVER_FIELDS,
};

static const ncl_field component_fields[] = {
    {FIELD("include_permanent_errors", NCL_TYPE_BOOL, "false",
           "A component that reports a permanent error is unhealthy."),
     AT(include_permanent)},
    {FIELD("include_recoverable_errors", NCL_TYPE_BOOL, "false",
           "One that reports an error that may pass is unhealthy after recovery_duration."),
     AT(include_recoverable)},
    {FIELD("recovery_duration", NCL_TYPE_DURATION, "1m", "How long such an error may last."), AT(recovery_ns), .min = 0,
     .max = INT64_MAX / 4},
};

const ncl_field ncl_health_table[] = {
    {FIELD("path", NCL_TYPE_STRING, "/", "Where the answer is; one that ends with / answers below it too."), AT(path)},
    {FIELD("response_body", NCL_TYPE_SECTION, "", "Answers of one's own, instead of the JSON."), NOWHERE,
     .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(body_fields)},
    {FIELD("check_collector_pipeline", NCL_TYPE_SECTION, "", "Counts failures of exporters."), NOWHERE,
     .fields = NCL_ARRAY(pipeline_fields)},
    {FIELD("use_v2", NCL_TYPE_BOOL, "false",
           "Takes the port and the pages from http, nothing from the keys beside it."),
     AT(use_v2)},
    {FIELD("http", NCL_TYPE_SECTION, "", "The port and its pages, with use_v2."), NOWHERE, .flags = NCL_FIELD_OPTIONAL,
     .fields = NCL_ARRAY(http_fields)},
    {FIELD("grpc", NCL_TYPE_ANY, "", "Not built: an error if it is written."), NOWHERE},
    {FIELD("component_health", NCL_TYPE_SECTION, "", "Which errors of components make the process unhealthy."), NOWHERE,
     .fields = NCL_ARRAY(component_fields)},
    NCL_HTTP_ENDPOINT_FIELD("localhost:13133"),
    NCL_HTTP_SERVER_FIELDS,
};

static const ncl_value *child(const ncl_value *map, const char *name) {
  return ncl_value_get(map, ncl_str_of(name, strlen(name)));
}

static ncl_status fault(const ncl_create *create, const ncl_value *where, const char *message, const char *hint) {
  create->host->config_error(create->me, where, ncl_str_of(message, strlen(message)), ncl_str_of(hint, strlen(hint)));
  return NCL_PERMANENT;
}

static ncl_status check_path(const ncl_create *create, const ncl_value *section, const char *key) {
  const ncl_value *path = child(section, key);
  if (path->s.len > 0 && path->s.ptr[0] == '/') return NCL_OK;
  return fault(create, path, "the path does not begin with /", "write it as the path of a URL, as /health");
}

static ncl_status check_v2(const ncl_create *create, ncl_health_settings *settings) {
  const ncl_value *http = child(create->config, "http");
  ncl_status status = ncl_http_settings_read(create, http, 0, &settings->port);
  if (settings->status_enabled && check_path(create, child(http, "status"), "path") != NCL_OK) status = NCL_PERMANENT;
  if (settings->config_enabled && check_path(create, child(http, "config"), "path") != NCL_OK) status = NCL_PERMANENT;
  if (!settings->status_enabled && !settings->config_enabled) {
    status = fault(create, http, "http has neither a status nor a config page", "leave status.enabled at true");
  }
  return status;
}

static ncl_status check_v1(const ncl_create *create, ncl_health_settings *settings) {
  ncl_status status = ncl_http_settings_read(create, create->config, 0, &settings->port);
  if (check_path(create, create->config, "path") != NCL_OK) status = NCL_PERMANENT;
  if (ncl_config_is_on(child(create->config, "http"))) {
    create->host->config_warning(create->me, child(create->config, "http"),
                                 (ncl_str)NCL_STR("this has no effect without use_v2"),
                                 (ncl_str)NCL_STR("set use_v2: true, or remove it"));
  }
  return status;
}

ncl_status ncl_health_settings_read(const ncl_create *create, ncl_health_settings *settings) {
  const ncl_array fields = NCL_ARRAY(ncl_health_table);
  ncl_status status = ncl_config_fill(create->config, &fields, settings);
  if (status != NCL_OK) return status;
  const ncl_value *grpc = child(create->config, "grpc");
  if (grpc != NULL && grpc->is_set) {
    return fault(create, grpc, "the health check does not speak gRPC", "remove it, and ask over http");
  }
  bool v2 = settings->use_v2 != 0;
  bool http = ncl_config_has(create->config, (ncl_str)NCL_STR("http")) != 0;
  settings->has_body = !v2 && ncl_config_has(create->config, (ncl_str)NCL_STR("response_body")) != 0;
  if (v2 && !http) {
    return fault(create, child(create->config, "use_v2"), "use_v2 needs the section http", "add http:");
  }
  return v2 ? check_v2(create, settings) : check_v1(create, settings);
}

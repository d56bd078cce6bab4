/* SPDX-License-Identifier: Apache-2.0 */
/* What became of keys and types between the collector v0.20 (2021) and now, as far as configs still hold them. Keys
 * that only got another name are aliases in the tables of fields, and no concern of this file. */
#include "core/config/old_keys.h"

#include <nacelle/plugin.h>
#include <stdbool.h>
#include <string.h>

static bool is(ncl_str text, const char *word) {
  return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static bool begins(ncl_str text, const char *with) {
  size_t len = strlen(with);
  return text.len >= len && (len == 0 || memcmp(text.ptr, with, len) == 0);
}

const char *ncl_old_key_hint(ncl_str path, ncl_str key) {
  static const struct {
    const char *in; /* how the path begins */
    const char *key, *hint;
  } old[] = {
      {"exporters.", "batcher",
       "collectors v0.96 to v0.125 had it; it is \"batch\" under \"sending_queue\" now, and the processor batch does "
       "the same"},
      {"exporters.", "per_rpc_auth", "write \"auth: {authenticator: ...}\", with the id of an extension"},
      {"exporters.", "persistent_storage_enabled", "write \"storage:\" with the id of an extension that keeps it"},
      {"exporters.", "num_workers", "write \"num_consumers\" under \"sending_queue\""},
      {"receivers.", "tls_settings", "write \"tls\""},
      {"receivers.", "tls_credentials", "write \"tls\""},
      {"receivers.", "cors_allowed_origins", "write \"cors: {allowed_origins: [...]}\""},
      {"receivers.", "cors_allowed_headers", "write \"cors: {allowed_headers: [...]}\""},
      {"extensions.health_check", "port", "write \"endpoint: 0.0.0.0:13133\", with the port"},
      {"service.telemetry", "metric_readers", "write \"readers\""},
  };
  size_t i;
  for (i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
    if (begins(path, old[i].in) && is(key, old[i].key)) return old[i].hint;
  }
  return "";
}

const char *ncl_old_type_hint(uint32_t kind, ncl_str type) {
  static const struct {
    uint32_t kind;
    const char *type, *hint;
  } old[] = {
      {NCL_KIND_PROCESSOR, "queued_retry", "every exporter has \"sending_queue\" and \"retry_on_failure\": remove it"},
      {NCL_KIND_PROCESSOR, "spanmetrics", "it is a connector since v0.78, and none that is installed"},
      {NCL_KIND_PROCESSOR, "servicegraph", "it is a connector since v0.78, and none that is installed"},
      {NCL_KIND_EXPORTER, "jaeger", "Jaeger takes OTLP since v1.35: use the exporter otlp, port 4317"},
      {NCL_KIND_EXPORTER, "jaeger_thrift", "Jaeger takes OTLP since v1.35: use the exporter otlphttp, port 4318"},
      {NCL_KIND_EXPORTER, "opencensus", "OpenCensus has ended: use the exporter otlp"},
      {NCL_KIND_EXPORTER, "awsprometheusremotewrite", "use otlphttp with the extension sigv4auth, or an OTLP backend"},
      {NCL_KIND_RECEIVER, "opencensus", "OpenCensus has ended: use the receiver otlp"},
  };
  size_t i;
  for (i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
    if (old[i].kind == kind && is(type, old[i].type)) return old[i].hint;
  }
  return "";
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One table. Ids and stages are those of the Go collector v0.98 to v0.159 and of ADOT up to v0.49, so that command
 * lines for them are understood; what Nacelle does is its own. */
#include "core/cli/gates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ON 1
#define OFF 0
#define ANY (-1) /* about the inside of the Go program: there is nothing here that could be on or off */

typedef struct gate {
  const char *id;
  int state; /* how Nacelle behaves */
  const char *stage;
  const char *doc;
} gate;

static const gate gates[] = {
    {"adot.exporter.datadogexporter.deprecation", ON, "Alpha", "There is no Datadog exporter."},
    {"adot.exporter.logzioexporter.deprecation", ON, "Alpha", "There is no Logz.io exporter."},
    {"adot.exporter.signalfxexporter.deprecation", ON, "Alpha", "There is no SignalFx exporter."},
    {"awsemf.nodimrollupdefault", OFF, "Alpha", "dimension_rollup_option of awsemf is NoDimensionRollup by default."},
    {"component.UseLocalHostAsDefaultHost", ON, "Stable",
     "Receivers listen on localhost by default, not on all addresses."},
    {"confighttp.framedSnappy", ON, "Stable",
     "snappy bodies are blocks, x-snappy-framed ones are framed; both are read."},
    {"configoptional.AddEnabledField", ON, "Beta", "Optional sections take `enabled`."},
    {"confmap.enableMergeAppendOption", OFF, "Alpha",
     "Lists of several configs are put together; here the later one counts."},
    {"confmap.newExpandedValueSanitizer", ANY, "Beta", "How references are handed on inside."},
    {"confmap.strictlyTypedInput", ON, "Stable", "A number is not taken for text, nor text for a number."},
    {"confmap.unifyEnvVarExpansion", ON, "Stable", "${NAME} is ${env:NAME}."},
    {"exporter.PersistRequestContext", OFF, "Beta", "The metadata of a request is kept in queues on disk."},
    {"exporter.UsePullingBasedExporterQueueBatcher", ANY, "Stable", "How the queue is built inside."},
    {"exporter.awsxray.skiptimestampvalidation", ON, "Beta", "awsxray sends spans whose trace id has no time of now."},
    {"exporter.xray.allowDot", ON, "Beta", "Keys of X-Ray annotations may have dots."},
    {"otelcol.printInitialConfig", ON, "Stable", "There is print-config."},
    {"pdata.enableRefCounting", ANY, "Beta", "How batches are kept inside."},
    {"pdata.useCustomProtoEncoding", ANY, "Stable", "How batches are encoded inside."},
    {"pdata.useProtoPooling", ANY, "Alpha", "How batches are kept inside."},
    {"pkg.exporterhelper.queueBatchEnabled", OFF, "Alpha", "Queues of exporters batch by default."},
    {"receiverhelper.newReceiverMetrics", ON, "Alpha",
     "Receivers tell their own errors (failed) from those behind them (refused)."},
    {"service.AllowNoPipelines", OFF, "Alpha", "A config without pipelines is good."},
    {"service.disableOpenCensusBridge", ON, "Stable", "There is no OpenCensus."},
    {"service.noopTracerProvider", ON, "Alpha", "The collector makes no spans about itself."},
    {"service.partialReload", ON, "Alpha", "A new config restarts only what it changes."},
    {"service.partialReloadReceivers", ON, "Beta", "A new config restarts only the receivers that it changes."},
    {"service.profilesSupport", OFF, "Alpha", "There are pipelines of profiles."},
    {"telemetry.UseLocalHostAsDefaultMetricsAddress", ON, "Stable", "Own metrics are served on localhost by default."},
    {"telemetry.disableAddressFieldForInternalTelemetry", OFF, "Stable",
     "service.telemetry.metrics.address is an error; here a warning."},
    {"telemetry.disableHighCardinalityMetrics", ON, "Alpha", "Own metrics have no labels that grow without end."},
    {"telemetry.newPipelineTelemetry", OFF, "Alpha", "Own telemetry names components by scope attributes."},
    {"telemetry.useOtelForInternalMetrics", ANY, "Stable", "How own metrics are made inside."},
    {"telemetry.useOtelWithSDKConfigurationForInternalTelemetry", ON, "Stable",
     "service.telemetry takes readers and processors."},
};

#define GATES (sizeof gates / sizeof *gates)

static const gate *find(ncl_str id) {
  for (size_t i = 0; i < GATES; i++) {
    if (strlen(gates[i].id) == id.len && memcmp(gates[i].id, id.ptr, id.len) == 0) return &gates[i];
  }
  return NULL;
}

static void refuse(ncl_str id, char *error, size_t size) {
  int len = (int)(id.len < 200 ? id.len : 200);
  ncl_near_miss near;
  ncl_near_miss_init(&near, id);
  for (size_t i = 0; i < GATES; i++)
    ncl_near_miss_offer(&near, ncl_str_of(gates[i].id, strlen(gates[i].id)));
  if (near.best.len > 0) {
    (void)snprintf(error, size, "there is no feature gate \"%.*s\"; did you mean \"%.*s\"?", len, id.ptr,
                   (int)near.best.len, near.best.ptr);
  } else {
    (void)snprintf(error, size, "there is no feature gate \"%.*s\"; `nacelle featuregate` lists them", len, id.ptr);
  }
}

static bool parse_one(ncl_str id, char *error, size_t size) {
  bool wanted = id.len == 0 || id.ptr[0] != '-';
  if (id.len > 0 && (id.ptr[0] == '-' || id.ptr[0] == '+')) id = ncl_str_of(id.ptr + 1, id.len - 1);
  const gate *g = find(id);
  if (g == NULL) {
    refuse(id, error, size);
    return false;
  }
  if (g->state == ANY || g->state == wanted) return true;
  (void)fprintf(stderr, "Warning: the feature gate %s cannot be switched %s; Nacelle behaves as if it were %s: %s\n",
                g->id, wanted ? "on" : "off", wanted ? "off" : "on", g->doc);
  return true;
}

bool ncl_gates_parse(const char *list, char *error, size_t size) {
  for (;;) {
    size_t len = strcspn(list, ",");
    const char *begin = list + strspn(list, " ");
    size_t room = begin > list + len ? 0 : (size_t)(list + len - begin);
    while (room > 0 && begin[room - 1] == ' ')
      room--;
    if (room > 0 && !parse_one(ncl_str_of(begin, room), error, size)) return false;
    if (list[len] == '\0') return true;
    list += len + 1;
  }
}

static const char *state_word(int state) {
  return state == ANY ? "n/a" : state == ON ? "true" : "false";
}

int ncl_cli_featuregate(const ncl_options *options) {
  const char *only = options->word_count > 0 ? options->words[0] : NULL;
  char error[512];
  if (only != NULL && find(ncl_str_of(only, strlen(only))) == NULL) {
    refuse(ncl_str_of(only, strlen(only)), error, sizeof error);
    (void)fprintf(stderr, "Error: %s\n", error);
    return EXIT_FAILURE;
  }
  (void)printf("%-57s  %-7s  %-6s  %s\n", "ID", "Enabled", "Stage", "Description");
  for (size_t i = 0; i < GATES; i++) {
    if (only != NULL && strcmp(only, gates[i].id) != 0) continue;
    (void)printf("%-57s  %-7s  %-6s  %s\n", gates[i].id, state_word(gates[i].state), gates[i].stage, gates[i].doc);
  }
  return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The logger's config that service.telemetry.logs comes to. */
#include <nacelle/config_fill.h>
#include <string.h>

#include "core/telemetry/line.h"
#include "core/telemetry/settings.h"
#include "core/telemetry/settings_fields.h"

/* ---- initial fields ---------------------------------------------------------------------------------- */

static void add_any(ncl_line *line, const ncl_value *value);

/* The elements of a list or a map, between `brackets`. */
static void add_children(ncl_line *line, const ncl_value *value, const char *brackets) {
  ncl_line_add(line, brackets, 1);
  const ncl_value *child;
  for (uint32_t i = 0; (child = ncl_config_at(value, i)) != NULL; i++) {
    if (i > 0) NCL_LINE_LITERAL(line, ",");
    if (value->kind == NCL_VALUE_MAP) {
      ncl_line_json(line, child->key, NCL_LOG_VALUE_MAX);
      NCL_LINE_LITERAL(line, ":");
    }
    add_any(line, child);
  }
  ncl_line_add(line, brackets + 1, 1);
}

static void add_any(ncl_line *line, const ncl_value *value) {
  switch (value->kind) {
    case NCL_VALUE_BOOL:
      ncl_line_add(line, value->i != 0 ? "true" : "false", value->i != 0 ? 4 : 5);
      break;
    case NCL_VALUE_INT:
      ncl_line_int(line, value->i);
      break;
    case NCL_VALUE_DOUBLE:
      ncl_line_double(line, value->d);
      break;
    case NCL_VALUE_STRING:
      ncl_line_json(line, value->s, NCL_LOG_VALUE_MAX);
      break;
    case NCL_VALUE_LIST:
      add_children(line, value, "[]");
      break;
    case NCL_VALUE_MAP:
      add_children(line, value, "{}");
      break;
    default:
      NCL_LINE_LITERAL(line, "null");
      break;
  }
}

/* Members without their braces; a member that does not fit is left out with those behind it. */
static ncl_str render_fields(const ncl_value *fields, char *buf, size_t size) {
  ncl_line line = {.buf = buf, .size = size};
  const ncl_value *child;
  for (uint32_t i = 0; (child = ncl_config_at(fields, i)) != NULL; i++) {
    size_t begin = line.len;
    if (begin > 0) NCL_LINE_LITERAL(&line, ",");
    ncl_line_json(&line, child->key, NCL_LOG_VALUE_MAX);
    NCL_LINE_LITERAL(&line, ":");
    add_any(&line, child);
    if (!line.full) continue;
    line.len = begin;
    break;
  }
  return ncl_str_of(buf, line.len);
}

/* ---- the config -------------------------------------------------------------------------------------- */

static uint32_t read_outputs(const ncl_value *list, ncl_str into[NCL_LOG_OUTPUTS_MAX]) {
  uint32_t count = 0;
  const ncl_value *item;
  for (uint32_t i = 0; count < NCL_LOG_OUTPUTS_MAX && (item = ncl_config_at(list, i)) != NULL; i++)
    into[count++] = item->s;
  return count;
}

void ncl_telemetry_log_config(const ncl_telemetry_settings *settings, ncl_log_settings *into) {
  ncl_logger_config *config = &into->config;
  *config = (ncl_logger_config)NCL_LOGGER_CONFIG_INIT;
  config->format = settings->log_json != 0 ? NCL_LOG_JSON : NCL_LOG_CONSOLE;
  config->level = ncl_telemetry_log_level(settings->log_level);
  config->flags =
      (settings->no_caller != 0 ? NCL_LOGGER_NO_CALLER : 0) | (settings->no_resource != 0 ? NCL_LOGGER_NO_RESOURCE : 0);
  config->resource = settings->resource;
  config->resource_count = settings->resource_count;
  config->sample_tick_ns = settings->sampling != 0 ? settings->sampling_tick_ns : 0;
  config->sample_first = (uint32_t)settings->sampling_first;
  config->sample_then = (uint32_t)settings->sampling_then;
  config->outputs = into->outputs;
  config->output_count = read_outputs(settings->outputs, into->outputs);
  config->error_outputs = into->error_outputs;
  config->error_output_count = read_outputs(settings->error_outputs, into->error_outputs);
  config->fields = render_fields(settings->initial_fields, into->fields, sizeof into->fields);
}

void ncl_telemetry_report_output(const ncl_telemetry_settings *settings, const char *why,
                                 ncl_diagnostics *diagnostics) {
  ncl_decoded_report(settings->decoded, settings->outputs, NCL_SEVERITY_ERROR, ncl_str_of(why, strlen(why)),
                     (ncl_str)NCL_STR("check the path and who may write there"), diagnostics);
}

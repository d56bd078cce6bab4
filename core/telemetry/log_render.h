/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/log_render.h: what a log line looks like, on the console and as JSON. */
#ifndef NACELLE_CORE_TELEMETRY_LOG_RENDER_H
#define NACELLE_CORE_TELEMETRY_LOG_RENDER_H

#include "core/telemetry/log.h"

/* Rendered bytes of what every line carries: the resource, and the user's initial fields. */
#define NCL_LOG_CONSTANT_MAX ((size_t)2048)

typedef struct ncl_log_look {
  uint32_t format; /* NCL_LOG_CONSOLE or NCL_LOG_JSON */
  uint32_t flags;  /* NCL_LOGGER_* */
  size_t resource_len;
  size_t fields_len;
  char resource[NCL_LOG_CONSTANT_MAX]; /* {"service.name":"..."} */
  char fields[NCL_LOG_CONSTANT_MAX];   /* "team":"blue","n":1 */
} ncl_log_look;

/* A line before it is rendered. */
typedef struct ncl_log_entry {
  const ncl_log_scope *scope; /* may be NULL */
  uint32_t level;             /* NCL_LOG_*, without NCL_LOG_ALWAYS */
  uint32_t count;             /* of attrs */
  ncl_str event;
  ncl_str message;
  const ncl_attr *attrs;
  uint64_t suppressed; /* equal lines that were not written since the last one */
  int64_t wall_ns;
} ncl_log_entry;

/* "debug", "info", "warn", "error" */
ncl_str ncl_log_level_name(uint32_t level);

/* Renders the parts that all lines share. What does not fit is left out. */
void ncl_log_look_set(ncl_log_look *look, const ncl_logger_config *config);

/* Writes the line with its newline to `buf`; returns its length. */
size_t ncl_log_render(const ncl_log_look *look, const ncl_log_entry *entry, char buf[NCL_LOG_LINE_MAX]);

#endif

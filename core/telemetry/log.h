/* SPDX-License-Identifier: Apache-2.0 */
/* core/telemetry/log.h: Nacelle's own log: levels, two formats, a bounded rate, never waiting for its reader. */
#ifndef NACELLE_CORE_TELEMETRY_LOG_H
#define NACELLE_CORE_TELEMETRY_LOG_H

#include <nacelle/introspection.h>
#include <stdbool.h>

#include "core/runtime/clock.h"

typedef struct ncl_logger ncl_logger;

#define NCL_LOG_CONSOLE 1u /* time TAB level TAB caller TAB message TAB {json} */
#define NCL_LOG_JSON 2u    /* one object a line */

/* Bytes of one line with its newline. What does not fit is left out, and the line says "truncated". */
#define NCL_LOG_LINE_MAX ((size_t)16384)
/* Rendered bytes of the message, and of one value; the rest is cut at a character. */
#define NCL_LOG_MESSAGE_MAX ((size_t)8192)
#define NCL_LOG_VALUE_MAX ((size_t)4096)

/* Equal lines (level, component, event; without an event the message) of one tick: the first ones are written, then
 * one in `then`. Debug lines and those with NCL_LOG_ALWAYS are not limited. */
#define NCL_LOG_SAMPLE_TICK_NS ((int64_t)10000000000)
#define NCL_LOG_SAMPLE_FIRST 10u
#define NCL_LOG_SAMPLE_THEN 100u

#define NCL_LOG_OUTPUTS_MAX 8u /* outputs of one logger, and outputs for its own errors */

/* Flags of a logger. */
#define NCL_LOGGER_NO_CALLER 1u   /* no caller column, no key `caller` */
#define NCL_LOGGER_NO_RESOURCE 2u /* no key `resource` */

/* All of it is copied, but for the clock and the descriptor. */
typedef struct ncl_logger_config {
  int32_t fd;              /* borrowed, e.g. 2; may be anything that can be written to; without effect with `outputs` */
  uint32_t format;         /* NCL_LOG_CONSOLE or NCL_LOG_JSON */
  uint32_t level;          /* NCL_LOG_*: lines below it are not written */
  uint32_t resource_count; /* of `resource` */
  const ncl_pair *resource; /* who the process is (service.name ...), in JSON lines only */
  ncl_clock *clock;         /* borrowed; NULL = the machine's */
  int64_t sample_tick_ns;   /* 0 = no limit of the rate */
  uint32_t sample_first;    /* lines of a tick before the limit holds */
  uint32_t sample_then;     /* 0 = none after them */
  uint32_t flags;           /* NCL_LOGGER_* */
  uint32_t output_count;
  const ncl_str *outputs;       /* "stderr", "stdout", a path, or file:///path; no more than NCL_LOG_OUTPUTS_MAX */
  const ncl_str *error_outputs; /* where it says that an output does not take lines */
  uint32_t error_output_count;
  ncl_str fields; /* members of every line, rendered: `"team":"blue","n":1` */
} ncl_logger_config;

/* Console lines from info on to standard error at the usual rate limit. */
#define NCL_LOGGER_CONFIG_INIT                                                                           \
  {                                                                                                      \
    .fd = 2, .format = NCL_LOG_CONSOLE, .level = NCL_LOG_INFO, .sample_tick_ns = NCL_LOG_SAMPLE_TICK_NS, \
    .sample_first = NCL_LOG_SAMPLE_FIRST, .sample_then = NCL_LOG_SAMPLE_THEN                             \
  }

/* Who speaks. Empty members are left out; an empty id is Nacelle itself. Borrowed during the call. */
typedef struct ncl_log_scope {
  ncl_str id;       /* otelcol.component.id: "otlp/2" */
  ncl_str kind;     /* otelcol.component.kind: "receiver" */
  ncl_str signal;   /* otelcol.signal: "traces" */
  ncl_str pipeline; /* otelcol.pipeline.id: "traces/slow" */
} ncl_log_scope;

/* What became of lines. */
typedef struct ncl_logger_counts {
  uint64_t written;    /* to all outputs */
  uint64_t suppressed; /* over the rate */
  uint64_t lost;       /* an output did not take it: its reader did not keep up or is gone, or the disk is full */
} ncl_logger_counts;

/* The path that the name of an output stands for ("file:///var/log/x" is /var/log/x), borrowed from it; not for stderr
 * and stdout. Answers what is wrong with the name, or NULL. */
const char *ncl_log_output_path(ncl_str name, ncl_str *path);

/* Whether the outputs could be opened, as far as can be seen without making a file. False = `why` says what is wrong.
 */
bool ncl_log_outputs_check(const ncl_logger_config *config, char *why, size_t size);

/* NULL = no memory, or an output cannot be opened. SIGPIPE has to be ignored (core/runtime/signals.h). */
ncl_logger *ncl_logger_new(const ncl_logger_config *config);
void ncl_logger_free(ncl_logger *logger); /* NULL is ignored */

/* [any] Goes on with another config; its clock is not looked at. False, with everything as it was: an output cannot be
 * opened, which `why` says. */
bool ncl_logger_configure(ncl_logger *logger, const ncl_logger_config *config, char *why, size_t size);
/* [any] Opens its files anew, after somebody moved them away. One that cannot be opened goes on where it is, and the
 * log says so. */
void ncl_logger_reopen(ncl_logger *logger);

bool ncl_logger_enabled(const ncl_logger *logger, uint32_t level); /* [any] */
uint32_t ncl_logger_level(const ncl_logger *logger);               /* [any] */
void ncl_logger_set_level(ncl_logger *logger, uint32_t level);     /* [any] */
void ncl_logger_set_format(ncl_logger *logger, uint32_t format);   /* [any] */
ncl_logger_counts ncl_logger_count(const ncl_logger *logger);      /* [any] */

/* [any] Writes one line; see ncl_host.log. `scope` may be NULL. Waits at most some 20 ms for a reader that does not
 * keep up, and not at all while that one is stuck. Control characters and what is not UTF-8 are made harmless. */
void ncl_logger_write(ncl_logger *logger, const ncl_log_scope *scope, uint32_t level, ncl_str event, ncl_str message,
                      const ncl_attr *attrs, uint32_t count);

/* [any] The newest lines that were to be written, oldest first, from the first whose sequence is above `after`: see
 * nacelle/introspection.h. The visitor may log. */
void ncl_logger_recent(ncl_logger *logger, uint64_t after, ncl_log_visit_fn visit, void *arg);

/* Attributes, for the core's own lines. `key` is a literal. */
static inline ncl_attr ncl_log_str(const char *key, ncl_str value) {
  return (ncl_attr){.key = {key, __builtin_strlen(key)}, .type = NCL_ATTR_STR, .s = value};
}
static inline ncl_attr ncl_log_int(const char *key, int64_t value) {
  return (ncl_attr){.key = {key, __builtin_strlen(key)}, .type = NCL_ATTR_INT, .i = value};
}
static inline ncl_attr ncl_log_double(const char *key, double value) {
  return (ncl_attr){.key = {key, __builtin_strlen(key)}, .type = NCL_ATTR_DOUBLE, .d = value};
}
static inline ncl_attr ncl_log_bool(const char *key, bool value) {
  return (ncl_attr){.key = {key, __builtin_strlen(key)}, .type = NCL_ATTR_BOOL, .i = value};
}

#endif

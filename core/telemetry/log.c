/* SPDX-License-Identifier: Apache-2.0 */
/* The logger: decides, renders on the stack, writes under a mutex. */
#include "core/telemetry/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/telemetry/line.h"
#include "core/telemetry/log_output.h"
#include "core/telemetry/log_ring.h"
#include "core/telemetry/log_sample.h"

#define NAME_MAX_BYTES ((size_t)512) /* of ids and keys */
#define RESOURCE_MAX ((size_t)2048)
#define TAIL_MAX ((size_t)64) /* kept for what ends every line */
#define TRUNCATED "truncated"

struct ncl_logger {
  _Atomic uint32_t level;
  _Atomic uint32_t format;
  ncl_clock *clock;
  _Atomic uint64_t written;
  _Atomic uint64_t suppressed;
  _Atomic uint64_t lost;
  size_t resource_len;
  char resource[RESOURCE_MAX]; /* rendered: {"service.name":"..."} */
  pthread_mutex_t mutex;       /* of what follows */
  ncl_log_samples samples;
  ncl_log_output output;
  ncl_log_ring ring;
  uint64_t lost_untold; /* lines lost since the last that was written */
};

/* What is written into one line. */
typedef struct {
  ncl_line line;
  bool json;
  bool cut; /* a member did not fit */
  bool any; /* the object has a member already */
} entry;

static const ncl_str nacelle = NCL_STR("nacelle");

static ncl_str level_name(uint32_t level) {
  static const ncl_str names[] = {NCL_STR("debug"), NCL_STR("info"), NCL_STR("warn"), NCL_STR("error")};
  return names[level <= NCL_LOG_ERROR ? level : NCL_LOG_ERROR];
}

/* ---- rendering ------------------------------------------------------------------------------------------------ */

static void add_value(ncl_line *line, const ncl_attr *attr) {
  switch (attr->type) {
    case NCL_ATTR_STR:
      ncl_line_json(line, attr->s, NCL_LOG_VALUE_MAX);
      break;
    case NCL_ATTR_INT:
      ncl_line_int(line, attr->i);
      break;
    case NCL_ATTR_DOUBLE:
      ncl_line_double(line, attr->d);
      break;
    case NCL_ATTR_BOOL:
      ncl_line_add(line, attr->i != 0 ? "true" : "false", attr->i != 0 ? 4 : 5);
      break;
    default: /* a type that this version does not know */
      NCL_LINE_LITERAL(line, "null");
      break;
  }
}

/* Begins a member: the object's brace where it is the first one, its key, the colon. */
static void begin_member(entry *e, ncl_str key) {
  if (e->any) {
    NCL_LINE_LITERAL(&e->line, ",");
    if (!e->json) NCL_LINE_LITERAL(&e->line, " ");
  } else {
    if (!e->json) NCL_LINE_LITERAL(&e->line, "\t");
    NCL_LINE_LITERAL(&e->line, "{");
  }
  ncl_line_json(&e->line, key, NAME_MAX_BYTES);
  NCL_LINE_LITERAL(&e->line, ":");
  if (!e->json) NCL_LINE_LITERAL(&e->line, " ");
}

/* A member is written whole or not at all. */
static void end_member(entry *e, size_t begin) {
  if (e->line.full) {
    e->line.len = begin;
    e->line.full = false;
    e->cut = true;
  } else {
    e->any = true;
  }
}

static void add_attr(entry *e, const ncl_attr *attr) {
  size_t begin = e->line.len;
  begin_member(e, attr->key);
  add_value(&e->line, attr);
  end_member(e, begin);
}

static void add_name(entry *e, const char *key, ncl_str value) {
  if (value.len == 0) return;
  size_t begin = e->line.len;
  begin_member(e, ncl_str_of(key, strlen(key)));
  ncl_line_json(&e->line, value, NAME_MAX_BYTES);
  end_member(e, begin);
}

static void add_scope(entry *e, const ncl_log_scope *scope) {
  if (scope == NULL) return;
  add_name(e, "otelcol.component.id", scope->id);
  add_name(e, "otelcol.component.kind", scope->kind);
  add_name(e, "otelcol.signal", scope->signal);
  add_name(e, "otelcol.pipeline.id", scope->pipeline);
}

static void add_console_head(entry *e, uint32_t level, ncl_str caller, ncl_str message, int64_t wall_ns) {
  ncl_str name = level_name(level);
  ncl_line_time(&e->line, wall_ns);
  NCL_LINE_LITERAL(&e->line, "\t");
  ncl_line_add(&e->line, name.ptr, name.len);
  NCL_LINE_LITERAL(&e->line, "\t");
  ncl_line_text(&e->line, caller, NAME_MAX_BYTES);
  NCL_LINE_LITERAL(&e->line, "\t");
  ncl_line_text(&e->line, message, NCL_LOG_MESSAGE_MAX);
}

static void add_json_head(entry *e, const ncl_logger *logger, uint32_t level, ncl_str caller, ncl_str message,
                          int64_t wall_ns) {
  ncl_str name = level_name(level);
  NCL_LINE_LITERAL(&e->line, "{\"level\":\"");
  ncl_line_add(&e->line, name.ptr, name.len);
  NCL_LINE_LITERAL(&e->line, "\",\"ts\":\"");
  ncl_line_time(&e->line, wall_ns);
  NCL_LINE_LITERAL(&e->line, "\",\"caller\":");
  ncl_line_json(&e->line, caller, NAME_MAX_BYTES);
  NCL_LINE_LITERAL(&e->line, ",\"msg\":");
  ncl_line_json(&e->line, message, NCL_LOG_MESSAGE_MAX);
  if (logger->resource_len > 0) {
    NCL_LINE_LITERAL(&e->line, ",\"resource\":");
    ncl_line_add(&e->line, logger->resource, logger->resource_len);
  }
  e->any = true;
}

/* Renders a line into `buf`; returns its length. */
static size_t render(ncl_logger *logger, char buf[NCL_LOG_LINE_MAX], const ncl_log_scope *scope, uint32_t level,
                     ncl_str event, ncl_str message, const ncl_attr *attrs, uint32_t count, uint64_t suppressed) {
  entry e = {.line = {.buf = buf, .size = NCL_LOG_LINE_MAX - TAIL_MAX},
             .json = atomic_load(&logger->format) == NCL_LOG_JSON};
  ncl_str caller = scope != NULL && scope->id.len > 0 ? scope->id : nacelle;
  int64_t wall_ns = ncl_clock_wall_ns(logger->clock);
  if (e.json) {
    add_json_head(&e, logger, level, caller, message, wall_ns);
  } else {
    add_console_head(&e, level, caller, message, wall_ns);
  }
  add_scope(&e, scope);
  add_name(&e, "event", event);
  for (uint32_t i = 0; i < count; i++)
    add_attr(&e, &attrs[i]);

  e.line.size = NCL_LOG_LINE_MAX;
  if (suppressed > 0) {
    ncl_attr attr = ncl_log_int("suppressed", (int64_t)suppressed);
    add_attr(&e, &attr);
  }
  if (e.cut) {
    ncl_attr attr = ncl_log_bool(TRUNCATED, true);
    add_attr(&e, &attr);
  }
  if (e.any) NCL_LINE_LITERAL(&e.line, "}");
  NCL_LINE_LITERAL(&e.line, "\n");
  return e.line.len;
}

/* ---- the rate ------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, ncl_str text) { /* FNV-1a, with the length so that neighbours do not run together */
  for (size_t i = 0; i < text.len; i++)
    hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001b3u;
  return (hash ^ text.len) * 0x100000001b3u;
}

static bool take_sample(ncl_logger *logger, const ncl_log_scope *scope, uint32_t level, ncl_str event, ncl_str message,
                        uint64_t *suppressed) {
  if (level == NCL_LOG_DEBUG) return true;
  uint64_t key = mix(0xcbf29ce484222325u, level_name(level));
  if (scope != NULL) key = mix(mix(key, scope->kind), scope->id);
  key = mix(key, event.len > 0 ? event : message);
  int64_t now_ns = ncl_clock_now_ns(logger->clock);
  pthread_mutex_lock(&logger->mutex);
  bool write = ncl_log_sample_take(&logger->samples, key, now_ns, suppressed);
  pthread_mutex_unlock(&logger->mutex);
  if (!write) atomic_fetch_add_explicit(&logger->suppressed, 1, memory_order_relaxed);
  return write;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

/* Says how many lines were lost, now that the reader is back. */
static bool tell_lost(ncl_logger *logger) {
  char buf[NCL_LOG_LINE_MAX];
  ncl_attr attr = ncl_log_int("lost_lines", (int64_t)logger->lost_untold);
  static const ncl_str event = NCL_STR("log.lost");
  static const ncl_str message = NCL_STR("Lines of this log were lost: its reader did not keep up.");
  size_t len = render(logger, buf, NULL, NCL_LOG_WARN, event, message, &attr, 1, 0);
  if (!ncl_log_output_write(&logger->output, buf, len)) return false;
  logger->lost_untold = 0;
  atomic_fetch_add_explicit(&logger->written, 1, memory_order_relaxed);
  return true;
}

/* Also a line that is lost to its reader is kept. */
static void keep_line(ncl_logger *logger, const ncl_log_scope *scope, uint32_t level, ncl_str event, ncl_str message,
                      const ncl_attr *attrs, uint32_t count) {
  static const ncl_log_scope nobody;
  ncl_log_packed packed;
  if (scope == NULL) scope = &nobody;
  ncl_log_pack(&packed, level, ncl_clock_wall_ns(logger->clock), scope->kind, scope->id, event, message, attrs, count);
  pthread_mutex_lock(&logger->mutex);
  ncl_log_ring_add(&logger->ring, &packed);
  pthread_mutex_unlock(&logger->mutex);
}

static void write_line(ncl_logger *logger, const char *buf, size_t len) {
  pthread_mutex_lock(&logger->mutex);
  bool ok = (logger->lost_untold == 0 || tell_lost(logger)) && ncl_log_output_write(&logger->output, buf, len);
  if (!ok) logger->lost_untold++;
  pthread_mutex_unlock(&logger->mutex);
  atomic_fetch_add_explicit(ok ? &logger->written : &logger->lost, 1, memory_order_relaxed);
}

void ncl_logger_write(ncl_logger *logger, const ncl_log_scope *scope, uint32_t level, ncl_str event, ncl_str message,
                      const ncl_attr *attrs, uint32_t count) {
  bool always = (level & NCL_LOG_ALWAYS) != 0;
  level &= ~NCL_LOG_ALWAYS;
  if (!ncl_logger_enabled(logger, level)) return;
  uint64_t suppressed = 0;
  if (!always && !take_sample(logger, scope, level, event, message, &suppressed)) return;
  keep_line(logger, scope, level, event, message, attrs, count);
  char buf[NCL_LOG_LINE_MAX];
  size_t len = render(logger, buf, scope, level, event, message, attrs, count, suppressed);
  write_line(logger, buf, len);
}

void ncl_logger_recent(ncl_logger *logger, uint64_t after, ncl_log_visit_fn visit, void *arg) {
  ncl_log_record record;
  pthread_mutex_lock(&logger->mutex);
  uint64_t newest = logger->ring.newest;
  pthread_mutex_unlock(&logger->mutex);
  for (;;) {
    pthread_mutex_lock(&logger->mutex);
    bool found = ncl_log_ring_next(&logger->ring, after, &record);
    pthread_mutex_unlock(&logger->mutex);
    if (!found || record.view.sequence > newest || visit(arg, &record.view) == 0) return;
    after = record.view.sequence;
  }
}

/* ---- the logger ----------------------------------------------------------------------------------------------- */

static void render_resource(ncl_logger *logger, const ncl_logger_config *config) {
  if (config->resource_count == 0) return;
  entry e = {.line = {.buf = logger->resource, .size = sizeof(logger->resource) - 1}, .json = true};
  for (uint32_t i = 0; i < config->resource_count; i++) {
    ncl_attr attr = {.key = config->resource[i].name, .type = NCL_ATTR_STR, .s = config->resource[i].value};
    add_attr(&e, &attr);
  }
  e.line.size++;
  if (e.any) NCL_LINE_LITERAL(&e.line, "}");
  logger->resource_len = e.line.len;
}

ncl_logger *ncl_logger_new(const ncl_logger_config *config) {
  ncl_logger *logger = calloc(1, sizeof(*logger));
  if (logger == NULL) return NULL;
  atomic_init(&logger->level, config->level);
  atomic_init(&logger->format, config->format);
  logger->clock = config->clock;
  logger->samples.tick_ns = config->sample_tick_ns;
  logger->samples.first = config->sample_first;
  logger->samples.then = config->sample_then;
  if (!ncl_log_ring_open(&logger->ring)) {
    free(logger);
    return NULL;
  }
  render_resource(logger, config);
  ncl_log_output_open(&logger->output, config->fd);
  pthread_mutex_init(&logger->mutex, NULL);
  return logger;
}

void ncl_logger_free(ncl_logger *logger) {
  if (logger == NULL) return;
  ncl_log_output_close(&logger->output);
  ncl_log_ring_close(&logger->ring);
  pthread_mutex_destroy(&logger->mutex);
  free(logger);
}

bool ncl_logger_enabled(const ncl_logger *logger, uint32_t level) {
  return (level & ~NCL_LOG_ALWAYS) >= atomic_load_explicit(&logger->level, memory_order_relaxed);
}

void ncl_logger_set_level(ncl_logger *logger, uint32_t level) {
  atomic_store(&logger->level, level);
}

void ncl_logger_set_format(ncl_logger *logger, uint32_t format) {
  atomic_store(&logger->format, format);
}

ncl_logger_counts ncl_logger_count(const ncl_logger *logger) {
  return (ncl_logger_counts){atomic_load(&logger->written), atomic_load(&logger->suppressed),
                             atomic_load(&logger->lost)};
}

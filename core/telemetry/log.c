/* SPDX-License-Identifier: Apache-2.0 */
/* The logger: decides, renders on the stack, and writes, all under one mutex but for the decision about the level. */
#include "core/telemetry/log.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/telemetry/log_output.h"
#include "core/telemetry/log_render.h"
#include "core/telemetry/log_ring.h"
#include "core/telemetry/log_sample.h"

#define FILE_SCHEME "file://"

/* Where lines go. */
typedef struct target {
  ncl_log_output output;
  char *path;           /* of a file that is ours; NULL = a descriptor that we were given */
  uint64_t lost_untold; /* lines lost since the last that was written */
} target;

typedef struct targets {
  target at[NCL_LOG_OUTPUTS_MAX];
  uint32_t count;
} targets;

struct ncl_logger {
  _Atomic uint32_t level;
  ncl_clock *clock;
  _Atomic uint64_t written;
  _Atomic uint64_t suppressed;
  _Atomic uint64_t lost;
  pthread_mutex_t mutex; /* of what follows */
  ncl_log_look look;
  ncl_log_samples samples;
  targets outputs;
  targets error_outputs; /* where it is said that one of those fails */
  ncl_log_ring ring;
};

/* ---- outputs -------------------------------------------------------------------------------------------------- */

static bool is_word(ncl_str text, const char *word) {
  return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

/* "file:///var/log/x" is /var/log/x. Answers what is wrong, or NULL. */
const char *ncl_log_output_path(ncl_str name, ncl_str *path) {
  static const char scheme[] = FILE_SCHEME;
  *path = name;
  if (name.len >= sizeof scheme - 1 && memcmp(name.ptr, scheme, sizeof scheme - 1) == 0) {
    path->ptr += sizeof scheme - 1;
    path->len -= sizeof scheme - 1;
    if (path->len == 0 || path->ptr[0] != '/')
      return "a file:// URL names an absolute path: file:///var/log/nacelle.log";
  }
  if (path->len == 0) return "the name is empty";
  return memchr(path->ptr, '\0', path->len) != NULL ? "the name has a NUL in it" : NULL;
}

static void complain(char *why, size_t size, ncl_str name, const char *reason) {
  (void)snprintf(why, size, "the log cannot be written to \"%.*s\": %s", (int)(name.len < 200 ? name.len : 200),
                 name.ptr, reason);
}

static bool check_target(ncl_str name, char *why, size_t size) {
  char path[PATH_MAX], text[128];
  ncl_str found;
  if (is_word(name, "stderr") || is_word(name, "stdout")) return true;
  const char *wrong = ncl_log_output_path(name, &found);
  if (wrong == NULL && found.len >= sizeof path) wrong = "the name is too long";
  if (wrong == NULL) {
    (void)snprintf(path, sizeof path, "%.*s", (int)found.len, found.ptr);
    int failed = ncl_log_output_check_path(path);
    if (failed != 0) wrong = strerror_r(failed, text, sizeof text);
  }
  if (wrong != NULL) complain(why, size, name, wrong);
  return wrong == NULL;
}

bool ncl_log_outputs_check(const ncl_logger_config *config, char *why, size_t size) {
  for (uint32_t i = 0; i < config->output_count; i++) {
    if (!check_target(config->outputs[i], why, size)) return false;
  }
  for (uint32_t i = 0; i < config->error_output_count; i++) {
    if (!check_target(config->error_outputs[i], why, size)) return false;
  }
  return true;
}

static bool open_target(target *t, ncl_str name, char *why, size_t size) {
  *t = (target){.path = NULL};
  if (is_word(name, "stderr") || is_word(name, "stdout")) {
    ncl_log_output_open(&t->output, is_word(name, "stderr") ? STDERR_FILENO : STDOUT_FILENO);
    return true;
  }
  ncl_str path;
  const char *wrong = ncl_log_output_path(name, &path);
  if (wrong != NULL) return complain(why, size, name, wrong), false;
  t->path = strndup(path.ptr, path.len);
  if (t->path == NULL) return complain(why, size, name, "no memory"), false;
  /* The analyzer does not see that close_targets frees it. */
  int failed = ncl_log_output_open_path(&t->output, t->path); /* NOLINT(clang-analyzer-unix.Malloc) */
  if (failed == 0) return true;
  char text[128];
  complain(why, size, name, strerror_r(failed, text, sizeof text));
  free(t->path);
  return false;
}

static void close_targets(targets *all) {
  while (all->count > 0) {
    target *t = &all->at[--all->count];
    ncl_log_output_close(&t->output);
    free(t->path);
  }
}

static bool open_targets(targets *all, const ncl_str *names, uint32_t count, char *why, size_t size) {
  all->count = 0;
  if (count > NCL_LOG_OUTPUTS_MAX) count = NCL_LOG_OUTPUTS_MAX;
  for (uint32_t i = 0; i < count; i++) {
    if (!open_target(&all->at[all->count], names[i], why, size)) {
      close_targets(all);
      return false;
    }
    all->count++;
  }
  return true;
}

/* Both lists, or none of them. */
static bool open_all(const ncl_logger_config *config, targets *outputs, targets *error_outputs, char *why,
                     size_t size) {
  if (!open_targets(outputs, config->outputs, config->output_count, why, size)) return false;
  if (!open_targets(error_outputs, config->error_outputs, config->error_output_count, why, size)) {
    close_targets(outputs);
    return false;
  }
  if (outputs->count == 0) {
    outputs->at[0] = (target){.path = NULL};
    ncl_log_output_open(&outputs->at[0].output, config->fd);
    outputs->count = 1;
  }
  return true;
}

/* ---- the rate ------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, ncl_str text) { /* FNV-1a, with the length so that neighbours do not run together */
  for (size_t i = 0; i < text.len; i++)
    hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001b3u;
  return (hash ^ text.len) * 0x100000001b3u;
}

/* Whether the line is within the rate. */
static bool take_sample(ncl_logger *logger, ncl_log_entry *entry) {
  if (entry->level == NCL_LOG_DEBUG) return true;
  uint64_t key = mix(0xcbf29ce484222325u, ncl_log_level_name(entry->level));
  const ncl_log_scope *scope = entry->scope;
  if (scope != NULL) key = mix(mix(mix(mix(key, scope->kind), scope->id), scope->signal), scope->pipeline);
  key = mix(key, entry->event.len > 0 ? entry->event : entry->message);
  if (ncl_log_sample_take(&logger->samples, key, ncl_clock_now_ns(logger->clock), &entry->suppressed)) return true;
  atomic_fetch_add_explicit(&logger->suppressed, 1, memory_order_relaxed);
  return false;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

/* A line about the log itself, to one output. */
static bool write_own(ncl_logger *logger, target *t, const char *event, const char *message, const ncl_attr *attrs,
                      uint32_t count) {
  char buf[NCL_LOG_LINE_MAX];
  ncl_log_entry entry = {.level = NCL_LOG_WARN, .count = count, .attrs = attrs};
  entry.event = ncl_str_of(event, strlen(event));
  entry.message = ncl_str_of(message, strlen(message));
  entry.wall_ns = ncl_clock_wall_ns(logger->clock);
  if (!ncl_log_output_write(&t->output, buf, ncl_log_render(&logger->look, &entry, buf))) return false;
  atomic_fetch_add_explicit(&logger->written, 1, memory_order_relaxed);
  return true;
}

static ncl_str name_of(const target *t) {
  return t->path != NULL ? ncl_str_of(t->path, strlen(t->path)) : (ncl_str)NCL_STR("a standard stream");
}

/* Says how many lines were lost, now that the reader is back. */
static bool tell_lost(ncl_logger *logger, target *t) {
  ncl_attr attr = ncl_log_int("lost_lines", (int64_t)t->lost_untold);
  if (!write_own(logger, t, "log.lost", "Lines of this log were lost: they could not be written.", &attr, 1))
    return false;
  t->lost_untold = 0;
  return true;
}

/* Says once, where it can be read, that an output has begun to fail. */
static void tell_failure(ncl_logger *logger, const target *failing, int failed) {
  char text[128];
  const char *reason = strerror_r(failed, text, sizeof text);
  ncl_attr attrs[] = {ncl_log_str("output", name_of(failing)),
                      ncl_log_str("error", ncl_str_of(reason, strlen(reason)))};
  for (uint32_t i = 0; i < logger->error_outputs.count; i++) {
    target *t = &logger->error_outputs.at[i];
    bool same = t->path == NULL || failing->path == NULL ? t->output.fd == failing->output.fd
                                                         : strcmp(t->path, failing->path) == 0;
    if (!same) (void)write_own(logger, t, "log.failed", "The log cannot be written; its lines are lost.", attrs, 2);
  }
}

static bool write_line(ncl_logger *logger, target *t, const char *buf, size_t len) {
  if ((t->lost_untold == 0 || tell_lost(logger, t)) && ncl_log_output_write(&t->output, buf, len)) return true;
  int failed = errno;
  if (t->lost_untold++ == 0) tell_failure(logger, t, failed);
  return false;
}

static void write_lines(ncl_logger *logger, const ncl_log_entry *entry) {
  char buf[NCL_LOG_LINE_MAX];
  size_t len = ncl_log_render(&logger->look, entry, buf);
  bool ok = true;
  for (uint32_t i = 0; i < logger->outputs.count; i++)
    ok = write_line(logger, &logger->outputs.at[i], buf, len) && ok;
  atomic_fetch_add_explicit(ok ? &logger->written : &logger->lost, 1, memory_order_relaxed);
}

/* Keeps the line in memory, with signal and pipeline of its scope as attributes. */
static void keep_line(ncl_logger *logger, const ncl_log_entry *entry) {
  static const ncl_log_scope nobody;
  const ncl_log_scope *scope = entry->scope == NULL ? &nobody : entry->scope;
  ncl_attr attrs[NCL_LOG_RECORD_ATTRS];
  uint32_t count = 0;
  if (scope->signal.len > 0) attrs[count++] = ncl_log_str("otelcol.signal", scope->signal);
  if (scope->pipeline.len > 0) attrs[count++] = ncl_log_str("otelcol.pipeline.id", scope->pipeline);
  for (uint32_t i = 0; i < entry->count && count < NCL_LOG_RECORD_ATTRS; i++)
    attrs[count++] = entry->attrs[i];
  ncl_log_packed packed;
  ncl_log_pack(&packed, entry->level, entry->wall_ns, scope->kind, scope->id, entry->event, entry->message, attrs,
               count);
  ncl_log_ring_add(&logger->ring, &packed);
}

void ncl_logger_write(ncl_logger *logger, const ncl_log_scope *scope, uint32_t level, ncl_str event, ncl_str message,
                      const ncl_attr *attrs, uint32_t count) {
  bool always = (level & NCL_LOG_ALWAYS) != 0;
  level &= ~NCL_LOG_ALWAYS;
  if (!ncl_logger_enabled(logger, level)) return;
  ncl_log_entry entry = {scope, level, count, event, message, attrs, 0, ncl_clock_wall_ns(logger->clock)};
  pthread_mutex_lock(&logger->mutex);
  if (always || take_sample(logger, &entry)) {
    keep_line(logger, &entry);
    write_lines(logger, &entry);
  }
  pthread_mutex_unlock(&logger->mutex);
}

void ncl_logger_recent(ncl_logger *logger, uint64_t after, ncl_log_visit_fn visit, void *arg) {
  ncl_log_record record;
  pthread_mutex_lock(&logger->mutex);
  uint64_t newest = logger->ring.newest;
  bool found = ncl_log_ring_next(&logger->ring, after, &record);
  pthread_mutex_unlock(&logger->mutex);
  while (found && record.view.sequence <= newest && visit(arg, &record.view) != 0) {
    after = record.view.sequence;
    pthread_mutex_lock(&logger->mutex);
    found = ncl_log_ring_next(&logger->ring, after, &record);
    pthread_mutex_unlock(&logger->mutex);
  }
}

/* ---- the logger ----------------------------------------------------------------------------------------------- */

/* All but the outputs. */
static void set(ncl_logger *logger, const ncl_logger_config *config) {
  atomic_store(&logger->level, config->level);
  ncl_log_look_set(&logger->look, config);
  logger->samples.tick_ns = config->sample_tick_ns;
  logger->samples.first = config->sample_first;
  logger->samples.then = config->sample_then;
}

ncl_logger *ncl_logger_new(const ncl_logger_config *config) {
  char why[256];
  ncl_logger *logger = calloc(1, sizeof(*logger));
  if (logger == NULL) return NULL;
  if (!ncl_log_ring_open(&logger->ring) ||
      !open_all(config, &logger->outputs, &logger->error_outputs, why, sizeof why)) {
    ncl_log_ring_close(&logger->ring);
    free(logger);
    return NULL;
  }
  logger->clock = config->clock;
  set(logger, config);
  pthread_mutex_init(&logger->mutex, NULL);
  return logger;
}

bool ncl_logger_configure(ncl_logger *logger, const ncl_logger_config *config, char *why, size_t size) {
  targets outputs, error_outputs;
  if (!open_all(config, &outputs, &error_outputs, why, size)) return false;
  pthread_mutex_lock(&logger->mutex);
  targets before = logger->outputs, errors_before = logger->error_outputs;
  logger->outputs = outputs;
  logger->error_outputs = error_outputs;
  set(logger, config);
  pthread_mutex_unlock(&logger->mutex);
  close_targets(&before);
  close_targets(&errors_before);
  return true;
}

static void reopen(ncl_logger *logger, targets *all) {
  for (uint32_t i = 0; i < all->count; i++) {
    target *t = &all->at[i];
    ncl_log_output fresh;
    if (t->path == NULL) continue;
    int failed = ncl_log_output_open_path(&fresh, t->path);
    if (failed != 0) {
      char text[128];
      const char *reason = strerror_r(failed, text, sizeof text);
      ncl_attr attrs[] = {ncl_log_str("output", name_of(t)), ncl_log_str("error", ncl_str_of(reason, strlen(reason)))};
      (void)write_own(logger, t, "log.reopen_failed", "The file of the log could not be opened anew.", attrs, 2);
      continue;
    }
    ncl_log_output_close(&t->output);
    t->output = fresh;
  }
}

void ncl_logger_reopen(ncl_logger *logger) {
  pthread_mutex_lock(&logger->mutex);
  reopen(logger, &logger->outputs);
  reopen(logger, &logger->error_outputs);
  pthread_mutex_unlock(&logger->mutex);
}

void ncl_logger_free(ncl_logger *logger) {
  if (logger == NULL) return;
  close_targets(&logger->outputs);
  close_targets(&logger->error_outputs);
  ncl_log_ring_close(&logger->ring);
  pthread_mutex_destroy(&logger->mutex);
  free(logger);
}

bool ncl_logger_enabled(const ncl_logger *logger, uint32_t level) {
  return (level & ~NCL_LOG_ALWAYS) >= atomic_load_explicit(&logger->level, memory_order_relaxed);
}

uint32_t ncl_logger_level(const ncl_logger *logger) {
  return atomic_load(&logger->level);
}

void ncl_logger_set_level(ncl_logger *logger, uint32_t level) {
  atomic_store(&logger->level, level);
}

void ncl_logger_set_format(ncl_logger *logger, uint32_t format) {
  pthread_mutex_lock(&logger->mutex);
  logger->look.format = format;
  pthread_mutex_unlock(&logger->mutex);
}

ncl_logger_counts ncl_logger_count(const ncl_logger *logger) {
  return (ncl_logger_counts){atomic_load(&logger->written), atomic_load(&logger->suppressed),
                             atomic_load(&logger->lost)};
}

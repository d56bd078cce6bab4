/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/testing/open.c: a process with one component of a plugin, its config and its outputs; and its end. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/load.h"
#include "core/pipeline/build.h"
#include "state.h"

#define BEGIN_NS INT64_C(1000000000000) /* 1,000 s */
#define END_STEPS_MAX 64u
#define END_STEP_NS INT64_C(1000000000)
#define BEGIN_WALL_NS INT64_C(1767323045000000000) /* 2026-01-02 03:04:05 UTC */

/* ---- memory and faults ------------------------------------------------------------------------------ */

void ncl_test_die(const char *what) {
  (void)fprintf(stderr, "nacelle/testing: %s\n", what);
  abort();
}

void ncl_test_fault(ncl_test *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)fputs("nacelle/testing: ", stderr);
  (void)vfprintf(stderr, format, args);
  (void)fputc('\n', stderr);
  va_end(args);
  t->faults++;
}

void *ncl_test_keep(ncl_test *t, size_t size) {
  ncl_test_kept *kept = calloc(1, sizeof *kept + size);
  if (kept == NULL) ncl_test_die("no memory");
  kept->next = t->kept;
  t->kept = kept;
  return kept + 1;
}

const char *ncl_test_keep_text(ncl_test *t, const char *text, size_t len) {
  char *copy = ncl_test_keep(t, len + 1);
  if (len > 0) memcpy(copy, text, len);
  return copy;
}

uint64_t ncl_test_next_number(ncl_test *t) {
  return t->made++;
}

/* The pool's memory, which fails where the test wants it to. */
static void *allocate(void *arg, size_t size) {
  ncl_test *t = arg;
  if (t->allocations_left > 0) {
    t->allocations_left--;
  } else if (t->allocations_fail > 0) {
    t->allocations_fail--;
    t->allocations_failed++;
    return NULL;
  }
  return aligned_alloc(16, (size + 15) & ~(size_t)15);
}

static void release(void *arg, void *ptr, size_t size) {
  (void)arg, (void)size;
  free(ptr);
}

/* ---- the process ------------------------------------------------------------------------------------ */

static void on_fatal(void *arg, ncl_str message) {
  ncl_test *t = arg;
  char *text = ncl_test_keep(t, message.len + 1);
  if (message.len > 0) memcpy(text, message.ptr, message.len);
  t->fatal = text;
}

static void open_process(ncl_test *t, const char *const *plugin_dirs, uint32_t count) {
  t->clock = ncl_clock_new(BEGIN_NS, BEGIN_WALL_NS);
  t->loop = t->clock == NULL ? NULL : ncl_loop_new_on(t->clock);
  t->log_fd = memfd_create("nacelle-test-log", MFD_CLOEXEC);
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  config.fd = t->log_fd;
  config.level = NCL_LOG_DEBUG;
  config.clock = t->clock;
  config.sample_tick_ns = 0;
  t->logger = ncl_logger_new(&config);
  t->registry = ncl_registry_new(plugin_dirs, count);
  t->diagnostics = ncl_diagnostics_new(NULL);
  ncl_process_options options = {t->loop, t->registry, t->logger, NULL};
  if (t->loop != NULL && t->logger != NULL && t->registry != NULL) t->process = ncl_process_new(&options);
  if (t->process == NULL || t->log_fd < 0 || t->diagnostics == NULL) ncl_test_die("no memory for a process");
  ncl_pool_allocator allocator = {allocate, release, t};
  ncl_pool_set_allocator(t->process->pool, &allocator);
  ncl_pool_set_cache(t->process->pool, 0);
  t->process->on_fatal = on_fatal;
  t->process->on_fatal_arg = t;
  t->handles = ncl_loop_open_handles(t->loop);
}

/* ---- the plugin's file ------------------------------------------------------------------------------ */

/* Where a plugin lies: <dir>/<room of kind>/<type>.so. */
typedef struct place {
  char path[PATH_MAX];
  const char *dir;
  const char *type;
  uint32_t kind;
} place;

static uint32_t kind_of_room(const char *room) {
  for (uint32_t kind = NCL_KIND_RECEIVER; kind <= NCL_KIND_SOURCE; kind++) {
    if (strcmp(ncl_kind_room(kind), room) == 0) return kind;
  }
  return 0;
}

/* A directory of its own for a plugin that does not lie in one named for its kind: a link to the file. */
static void link_plugin(ncl_test *t, place *p, const char *file) {
  char path[PATH_MAX];
  char target[PATH_MAX];
  t->temporary = strdup("/tmp/nacelle-test-XXXXXX");
  if (t->temporary == NULL || mkdtemp(t->temporary) == NULL) ncl_test_die("no temporary directory");
  p->dir = t->temporary;
  (void)snprintf(path, sizeof path, "%s/%s", t->temporary, ncl_kind_room(p->kind));
  if (mkdir(path, 0700) != 0) ncl_test_die("no temporary directory");
  (void)snprintf(path, sizeof path, "%s/%s/%s.so", t->temporary, ncl_kind_room(p->kind), p->type);
  t->link = strdup(path);
  if (t->link == NULL) ncl_test_die("no memory");
  if (realpath(file, target) != NULL && symlink(target, path) != 0) ncl_test_die("no link to the plugin");
}

static void unlink_plugin(ncl_test *t) {
  if (t->temporary == NULL) return;
  char *slash = strrchr(t->link, '/');
  (void)unlink(t->link);
  *slash = '\0';
  (void)rmdir(t->link);
  (void)rmdir(t->temporary);
  free(t->temporary);
  free(t->link);
}

static void find_place(ncl_test *t, const ncl_test_options *options, place *p) {
  size_t len = options->plugin == NULL ? 0 : strlen(options->plugin);
  if (len < 4 || len >= sizeof p->path || strcmp(options->plugin + len - 3, ".so") != 0) {
    ncl_test_die("options.plugin is not the path of a .so file");
  }
  memcpy(p->path, options->plugin, len - 3);
  p->path[len - 3] = '\0';
  char *slash = strrchr(p->path, '/');
  if (slash == NULL) ncl_test_die("options.plugin is a path: \"./acme.so\"");
  *slash = '\0';
  p->type = slash + 1;
  slash = strrchr(p->path, '/');
  uint32_t kind = slash == NULL ? 0 : kind_of_room(slash + 1);
  p->kind = options->kind != 0 ? options->kind : kind;
  if (ncl_kind_room(p->kind) == NULL) ncl_test_die("options.kind is needed: the plugin's directory does not say it");
  if (slash != NULL && kind == p->kind) {
    *slash = '\0';
    p->dir = p->path;
  } else {
    link_plugin(t, p, options->plugin);
  }
}

/* ---- the component ---------------------------------------------------------------------------------- */

static ncl_status no_memory(ncl_test *t) {
  ncl_diagnostics_no_memory(t->diagnostics);
  return NCL_NO_MEMORY;
}

/* The config as the collector reads it, with the host's own fields. */
static ncl_status read_config(ncl_test *t, const char *text) {
  ncl_component *c = t->subject;
  size_t size = strlen(text) + sizeof "yaml:";
  char *uri = malloc(size);
  if (uri == NULL) ncl_test_die("no memory");
  (void)snprintf(uri, size, "yaml:%s", text);
  const char *uris[] = {uri};
  ncl_environment environment = ncl_environment_of_process();
  ncl_config *config = *text == '\0' ? NULL : ncl_config_load(uris, 1, &environment, t->diagnostics);
  free(uri);
  if (ncl_diagnostics_errors(t->diagnostics) > 0) {
    ncl_config_free(config);
    return NCL_PERMANENT;
  }
  ncl_field host_fields[NCL_DELIVERY_FIELDS];
  ncl_array tables[2] = {c->type->decl->fields, {host_fields, 0, sizeof host_fields[0]}};
  if (c->kind == NCL_KIND_EXPORTER) {
    ncl_delivery_fields(c->type->decl, host_fields);
    tables[1].count = NCL_DELIVERY_FIELDS;
  }
  char path[256];
  int len = snprintf(path, sizeof path, "%s.%.*s", ncl_kind_room(c->kind), (int)c->id.len, c->id.ptr);
  c->config = ncl_decode_tables(config, config == NULL ? NULL : ncl_config_root(config), NCL_MARK_NONE, tables,
                                tables[1].count > 0 ? 2 : 1, ncl_str_of(path, (size_t)len), t->diagnostics);
  ncl_config_free(config);
  if (c->config == NULL) return NCL_NO_MEMORY;
  return ncl_diagnostics_errors(t->diagnostics) > 0 ? NCL_PERMANENT : NCL_OK;
}

static bool add_output(ncl_component *c, ncl_output *output, const char *pipeline, uint32_t signal, uint32_t flags) {
  if (output == NULL) return false;
  ncl_output_info *grown = realloc(c->outputs, (c->output_count + 1) * sizeof *grown);
  if (grown == NULL) return false;
  c->outputs = grown;
  grown[c->output_count++] = (ncl_output_info){output, ncl_str_of(pipeline, strlen(pipeline)), signal, flags};
  return true;
}

/* An output to sinks `first` up to `end`. */
static ncl_output *output_to(ncl_test *t, uint32_t first, uint32_t end) {
  ncl_output *output = ncl_output_new(t->process, end - first);
  for (uint32_t i = first; output != NULL && i < end; i++)
    output->targets[output->count++] = (ncl_target){t->sinks[i].component, NULL, 0};
  return output;
}

/* For each signal first the output into all pipelines, then one into each. */
static bool join_connector(ncl_test *t, uint32_t out, uint32_t flags) {
  static const char *const pipelines[] = {"", "traces", "metrics", "logs"};
  ncl_component *c = t->subject;
  ncl_output *joint = output_to(t, 0, t->sink_count);
  if (!add_output(c, joint, "", out, flags)) return false;
  if (out == c->signal) c->joint = joint;
  const char *name = out < sizeof pipelines / sizeof pipelines[0] ? pipelines[out] : "other";
  for (uint32_t i = 0; i < t->sink_count; i++) {
    char id[64];
    int len = snprintf(id, sizeof id, "%s/%u", name, i);
    if (!add_output(c, output_to(t, i, i + 1), ncl_test_keep_text(t, id, (size_t)len), out, flags)) return false;
  }
  return true;
}

static bool join_subject(ncl_test *t, uint32_t signal, uint32_t flags) {
  ncl_component *c = t->subject;
  bool shared = (c->type->decl->flags & NCL_COMPONENT_SHARED) != 0;
  ncl_output *behind = NULL;
  if (c->kind == NCL_KIND_PROCESSOR) {
    behind = output_to(t, 0, 1);
    if (behind == NULL || (!shared && !add_output(c, behind, "traces", signal, flags))) return false;
  } else if (c->kind == NCL_KIND_CONNECTOR) {
    const ncl_array *pairs = &c->type->decl->outputs;
    for (uint32_t i = 0; i < pairs->count; i++) {
      const uint32_t *pair = ncl_array_at(pairs, i);
      if (pair[0] == signal && !join_connector(t, pair[1], flags)) return false;
    }
    if (pairs->count == 0 && !join_connector(t, signal, flags)) return false;
  } else if (c->kind == NCL_KIND_RECEIVER) {
    for (uint32_t s = NCL_SIGNAL_TRACES; s <= NCL_SIGNAL_LOGS; s++) {
      if ((shared || s == signal) && !add_output(c, output_to(t, 0, 1), "", s, flags)) return false;
    }
  }
  if (c->kind != NCL_KIND_PROCESSOR && c->kind != NCL_KIND_CONNECTOR && c->kind != NCL_KIND_EXPORTER) return true;
  t->entry = ncl_output_new(t->process, 1);
  if (t->entry == NULL) return false;
  t->entry->targets[t->entry->count++] = (ncl_target){c, behind, 0};
  return true;
}

static ncl_status make_subject(ncl_test *t, const ncl_test_options *options, const place *p) {
  char why[512];
  ncl_str type_name = ncl_str_of(p->type, strlen(p->type));
  ncl_str none = {NULL, 0};
  const ncl_type *type = ncl_registry_find(t->registry, p->kind, type_name, why, sizeof why);
  if (type == NULL) {
    ncl_error_at(t->diagnostics, NCL_MARK_NONE, none, NULL, "%s", why);
    return NCL_PERMANENT;
  }
  uint32_t signal = options->signal == 0 ? NCL_SIGNAL_TRACES : options->signal;
  bool all = (type->decl->flags & NCL_COMPONENT_SHARED) != 0 || p->kind >= NCL_KIND_EXTENSION;
  ncl_str id = options->id == NULL ? type_name : ncl_str_of(options->id, strlen(options->id));
  ncl_str in = all || p->kind != NCL_KIND_PROCESSOR ? none : (ncl_str)NCL_STR("traces");
  if (!ncl_test_make_source(t)) return no_memory(t);
  t->subject = ncl_component_new(t->process, type, p->kind, id, all ? 0 : signal, in);
  if (t->subject == NULL) return no_memory(t);
  t->subject->next = t->process->components;
  t->process->components = t->subject;
  uint32_t sinks = p->kind == NCL_KIND_CONNECTOR && options->outputs > 0 ? options->outputs : 1;
  if (!ncl_test_make_sinks(t, sinks) || !ncl_test_make_interfaces(t, options)) return no_memory(t);
  if (!join_subject(t, signal, options->output_flags)) return no_memory(t);
  ncl_status status = read_config(t, options->config == NULL ? "" : options->config);
  return status == NCL_OK ? ncl_component_create(t->subject, t->diagnostics) : status;
}

ncl_test *ncl_test_open(const ncl_test_options *options) {
  ncl_test *t = calloc(1, sizeof *t);
  if (t == NULL) ncl_test_die("no memory");
  place p;
  t->started = NCL_UNSUPPORTED;
  find_place(t, options, &p);
  const char *dirs[] = {p.dir, options->plugin_dir};
  open_process(t, dirs, options->plugin_dir == NULL ? 1 : 2);
  t->process->cgroup_limit = options->memory_limit == 0 ? UINT64_MAX : options->memory_limit;
  t->process->baseline = options->memory_baseline;
  t->status = make_subject(t, options, &p);
  ncl_test_settle(t);
  return t;
}

/* ---- the end ---------------------------------------------------------------------------------------- */

/* As ncl_component_free does it, with a look at what the instance has not given back. */
static void free_component(ncl_test *t, ncl_component *c) {
  const char *id = ncl_test_keep_text(t, c->id.ptr, c->id.len);
  uint32_t busy = c->quota != NULL ? ncl_work_quota_busy(c->quota) : 0;
  if (busy > 0 && !t->no_jobs) ncl_test_fault(t, "%s: %u jobs have not ended", id, busy);
  if (c->delivery != NULL) (void)ncl_delivery_abandon(c->delivery, (ncl_str)NCL_STR("shutdown"));
  (void)ncl_tokens_forget(t->process->tokens, c);
  ncl_delivery_free(c->delivery);
  c->delivery = NULL;
  if (c->state != NCL_STATE_NEW) c->type->methods.destroy(c->self);
  c->state = NCL_STATE_NEW;
  int64_t charged = atomic_load(&c->charged);
  /* What a job still uses is not given back. */
  if (charged != 0 && busy == 0) ncl_test_fault(t, "%s: %lld bytes are still charged", id, (long long)charged);
  ncl_component_free(c);
}

/* The last one in the list first: in the order of the end, as ncl_process_free does it. */
static void free_components(ncl_test *t, ncl_component **list) {
  while (*list != NULL) {
    ncl_component **last = list;
    while ((*last)->next != NULL)
      last = &(*last)->next;
    ncl_component *c = *last;
    *last = NULL;
    free_component(t, c);
  }
}

static void look_for_leaks(ncl_test *t) {
  uint64_t tokens = ncl_tokens_count(t->process->tokens).open;
  uint64_t memory = ncl_pool_used(t->process->pool);
  size_t handles = ncl_loop_open_handles(t->loop);
  if (tokens > 0) ncl_test_fault(t, "%llu tokens were never completed", (unsigned long long)tokens);
  if (memory > 0) ncl_test_fault(t, "%llu bytes of batches or arenas are still in use", (unsigned long long)memory);
  if (handles > t->handles) ncl_test_fault(t, "%zu timers, watches or listeners are still open", handles - t->handles);
  for (const ncl_test_call *call = t->calls; call != NULL; call = call->next) {
    if (call->answer.answers == 0)
      ncl_test_fault(t, "a call with %llu items was never answered", (unsigned long long)call->answer.items);
  }
  /* What is lost is reported; the pool wants to be empty when it goes. */
  if (memory > 0) (void)ncl_pool_charge(t->process->pool, -(int64_t)memory);
}

uint32_t ncl_test_close(ncl_test *t) {
  if (t->lifecycle != NULL && !t->ended) (void)ncl_test_end(t, 0);
  /* Every step that does not answer has a deadline on the test's clock. */
  for (uint32_t i = 0; i < END_STEPS_MAX && t->lifecycle != NULL && !t->ended; i++)
    ncl_test_advance(t, END_STEP_NS);
  ncl_test_settle(t);
  ncl_lifecycle_free(t->lifecycle);
  unlink_plugin(t);
  t->subject = NULL;
  free_components(t, &t->process->components);
  while (t->process->services != NULL) { /* which stand in the order of the end */
    ncl_component *service = t->process->services;
    t->process->services = service->next;
    free_component(t, service);
  }
  ncl_test_empty_sinks(t);
  ncl_test_settle(t);
  look_for_leaks(t);
  ncl_process_free(t->process);
  ncl_registry_free(t->registry, false);
  ncl_diagnostics_free(t->diagnostics);
  ncl_logger_free(t->logger);
  ncl_loop_free(t->loop);
  ncl_clock_free(t->clock);
  (void)close(t->log_fd);
  while (t->kept != NULL) {
    ncl_test_kept *kept = t->kept;
    t->kept = kept->next;
    free(kept);
  }
  free(t->published);
  uint32_t faults = t->faults;
  free(t);
  return faults;
}

ncl_status ncl_test_status(const ncl_test *t) {
  return t->status;
}

const char *ncl_test_diagnostics(ncl_test *t) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (out == NULL) ncl_test_die("no memory");
  ncl_diagnostics_print(t->diagnostics, out);
  (void)fclose(out);
  const char *kept = ncl_test_keep_text(t, text, size);
  free(text);
  return kept;
}

uint32_t ncl_test_check(ncl_test *t) {
  ncl_build_check(t->process, t->diagnostics);
  return ncl_diagnostics_errors(t->diagnostics);
}

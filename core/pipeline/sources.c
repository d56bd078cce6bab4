/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/sources.c: a scheme's plugin is one component of a process without pipelines, whose loop runs until
 * the answer is there. */
#include "core/pipeline/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pipeline/process.h"

/* A text that was fetched. */
typedef struct fetched {
  struct fetched *next;
  ncl_str scheme, uri, text; /* in `bytes` */
  char bytes[];
} fetched;

struct ncl_sources {
  ncl_registry *registry;
  ncl_loop *loop;
  ncl_logger *logger;
  ncl_process *process;
  fetched *first;
  size_t bytes; /* of all texts */
  int64_t within_ns;
  int64_t deadline_ns; /* of the whole load */
};

ncl_sources *ncl_sources_new(ncl_registry *registry, int64_t within_ns) {
  ncl_sources *sources = calloc(1, sizeof *sources);
  if (sources == NULL) return NULL;
  sources->registry = registry;
  sources->within_ns = within_ns;
  return sources;
}

static void end_components(ncl_component *first) {
  for (ncl_component *c = first; c != NULL; c = c->next) {
    ncl_outcome outcome = NCL_OUTCOME_INIT;
    if (c->state != NCL_STATE_STARTED) continue;
    c->state = NCL_STATE_ENDED;
    (void)c->type->methods.shutdown(c->self, 0, &outcome);
  }
}

void ncl_sources_free(ncl_sources *sources) {
  if (sources == NULL) return;
  if (sources->process != NULL) {
    end_components(sources->process->components);
    end_components(sources->process->services);
  }
  ncl_process_free(sources->process);
  ncl_logger_free(sources->logger);
  ncl_loop_free(sources->loop);
  while (sources->first != NULL) {
    fetched *entry = sources->first;
    sources->first = entry->next;
    free(entry);
  }
  free(sources);
}

/* ---- the process ---------------------------------------------------------------------------------- */

static bool open_process(ncl_sources *sources) {
  ncl_logger_config config = NCL_LOGGER_CONFIG_INIT;
  if (sources->process != NULL) return true;
  /* What goes wrong is said in diagnostics. */
  config.level = NCL_LOG_WARN;
  sources->loop = ncl_loop_new();
  sources->logger = ncl_logger_new(&config);
  if (sources->loop == NULL || sources->logger == NULL) return false;
  ncl_process_options options = {sources->loop, sources->registry, sources->logger, NULL};
  sources->process = ncl_process_new(&options);
  if (sources->process == NULL) return false;
  sources->deadline_ns = ncl_loop_now_ns(sources->loop) + sources->within_ns;
  return true;
}

static bool fail(ncl_retrieved *out, ncl_str why, const char *instead) {
  ncl_str words = why.len > 0 ? why : ncl_str_of(instead, strlen(instead));
  (void)snprintf(out->reason, sizeof out->reason, "%.*s", (int)(words.len < 500 ? words.len : 500), words.ptr);
  return false;
}

static ncl_component *find(const ncl_process *process, ncl_str scheme) {
  for (ncl_component *c = process->components; c != NULL; c = c->next) {
    if (ncl_str_eq(c->id, scheme)) return c;
  }
  return NULL;
}

/* A source's id is the scheme that it was asked for by. It has no section in a config: its fields are its defaults. */
static ncl_component *make(ncl_process *process, const ncl_type *type, ncl_str scheme, ncl_retrieved *out) {
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_component *component = ncl_component_new(process, type, NCL_KIND_SOURCE, scheme, 0, (ncl_str){NULL, 0});
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_status status = NCL_NO_MEMORY;
  if (component != NULL && diagnostics != NULL) {
    component->config = ncl_decode(NULL, NULL, NCL_MARK_NONE, &type->decl->fields, scheme, diagnostics);
    if (component->config != NULL) status = ncl_component_create(component, diagnostics);
    if (status == NCL_OK) status = type->methods.start(component->self, 0, &outcome);
  }
  if (status == NCL_OK) {
    component->state = NCL_STATE_STARTED;
    component->next = process->components;
    process->components = component;
  } else {
    bool said = diagnostics != NULL && ncl_diagnostics_count(diagnostics) > 0;
    ncl_str why = said ? ncl_diagnostics_at(diagnostics, 0)->message : outcome.message;
    (void)fail(out, why, status == NCL_NO_MEMORY ? "there is not enough memory" : "the source could not be started");
    ncl_component_free(component);
    component = NULL;
  }
  ncl_diagnostics_free(diagnostics);
  return component;
}

/* ---- asking --------------------------------------------------------------------------------------- */

typedef struct answer {
  ncl_status status;
  bool is_there;
  bool is_late; /* nobody answered in time */
  char message[500];
  char *text; /* NULL with NCL_OK: no memory */
  size_t len;
} answer;

/* Copies what the outcome only lends. */
static void take(answer *a, const ncl_outcome *outcome, ncl_status status) {
  const ncl_str *text = outcome->result;
  a->is_there = true;
  a->status = status;
  a->is_late = status != NCL_OK && outcome->reserved == NCL_OUTCOME_BY_DEADLINE;
  (void)snprintf(a->message, sizeof a->message, "%.*s",
                 (int)(outcome->message.len < sizeof a->message ? outcome->message.len : sizeof a->message - 1),
                 outcome->message.len > 0 ? outcome->message.ptr : "");
  if (status != NCL_OK || text == NULL) return;
  a->len = text->len;
  if (text->len > NCL_SOURCES_TEXT_MAX) return;
  a->text = malloc(text->len + 1);
  if (a->text != NULL && text->len > 0) memcpy(a->text, text->ptr, text->len);
}

static void on_answer(void *arg, const ncl_outcome *outcome) {
  take(arg, outcome, outcome->status);
}

static void ask(ncl_sources *sources, ncl_component *source, ncl_str uri, answer *a) {
  ncl_tokens *tokens = sources->process->tokens;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_token token = ncl_token_open(tokens, NULL, source, on_answer, a, sources->deadline_ns);
  if (token == 0) {
    a->status = NCL_NO_MEMORY;
    return;
  }
  ncl_status status = source->type->methods.retrieve(source->self, uri, token, &outcome);
  if (status != NCL_PENDING) {
    (void)ncl_token_cancel(tokens, token);
    take(a, &outcome, status);
    if (outcome.release != NULL) outcome.release(outcome.result);
    return;
  }
  while (!a->is_there)
    (void)ncl_loop_turn(sources->loop, true);
  if (a->is_late) source->type->methods.cancel(source->self, token);
}

static bool keep(ncl_sources *sources, ncl_str scheme, ncl_str uri, answer *a, ncl_retrieved *out) {
  size_t size = sizeof(fetched) + scheme.len + uri.len + a->len + 1;
  fetched *entry = a->text != NULL && a->len <= NCL_SOURCES_TEXT_MAX - sources->bytes ? malloc(size) : NULL;
  if (entry == NULL) {
    static const char too_much[] = "all texts that the config fetches have more than 16 MiB together";
    bool spent = a->len > NCL_SOURCES_TEXT_MAX - sources->bytes;
    return fail(out, ncl_str_of(too_much, spent ? sizeof too_much - 1 : 0), "there is not enough memory");
  }
  char *at = entry->bytes;
  memcpy(at, scheme.ptr, scheme.len);
  entry->scheme = ncl_str_of(at, scheme.len);
  at += scheme.len;
  if (uri.len > 0) memcpy(at, uri.ptr, uri.len);
  entry->uri = ncl_str_of(at, uri.len);
  at += uri.len;
  memcpy(at, a->text, a->len);
  entry->text = ncl_str_of(at, a->len);
  entry->next = sources->first;
  sources->first = entry;
  sources->bytes += entry->text.len;
  out->text = entry->text;
  return true;
}

/* What is installed, for who named a scheme that is not. */
#define LISTED_MAX 16u
typedef struct installed {
  ncl_str wanted;
  bool has_wanted;
  uint32_t count;
  char names[LISTED_MAX][32];
} installed;

static void list_one(void *arg, ncl_str type) {
  installed *list = arg;
  list->has_wanted |= ncl_str_eq(type, list->wanted);
  if (list->count == LISTED_MAX || type.len >= sizeof list->names[0]) return;
  memcpy(list->names[list->count], type.ptr, type.len);
  list->names[list->count++][type.len] = '\0';
}

static int compare_names(const void *left, const void *right) {
  return strcmp(left, right);
}

/* No plugin of the scheme could be had, which may be its own fault. */
static bool no_plugin(const ncl_sources *sources, ncl_str scheme, const char *why, ncl_retrieved *out) {
  installed list = {.wanted = scheme};
  int used = snprintf(out->hint, sizeof out->hint, "the schemes that are known are env, file, yaml");
  ncl_registry_list(sources->registry, NCL_KIND_SOURCE, list_one, &list);
  if (list.has_wanted) {
    out->hint[0] = '\0';
    return fail(out, ncl_str_of(why, strlen(why)), "its plugin cannot be loaded");
  }
  qsort(list.names, list.count, sizeof list.names[0], compare_names);
  for (uint32_t i = 0; i < list.count; i++) {
    if (i > 0 && strcmp(list.names[i], list.names[i - 1]) == 0) continue; /* in two directories */
    used += snprintf(out->hint + used, sizeof out->hint - (size_t)used, ", %s", list.names[i]);
  }
  (void)snprintf(out->hint + used, sizeof out->hint - (size_t)used, "; %.*s", 400, why);
  out->no_scheme = 1;
  return false;
}

bool ncl_sources_retrieve(void *ctx, ncl_str scheme, ncl_str uri, ncl_retrieved *out) {
  ncl_sources *sources = ctx;
  answer a = {0};
  char why[512];
  for (const fetched *entry = sources->first; entry != NULL; entry = entry->next) {
    if (!ncl_str_eq(entry->scheme, scheme) || !ncl_str_eq(entry->uri, uri)) continue;
    out->text = entry->text;
    return true;
  }
  const ncl_type *type = ncl_registry_find(sources->registry, NCL_KIND_SOURCE, scheme, why, sizeof why);
  if (type == NULL) return no_plugin(sources, scheme, why, out);
  if (!open_process(sources)) return fail(out, (ncl_str){NULL, 0}, "there is not enough memory");
  ncl_component *source = find(sources->process, scheme);
  if (source == NULL) source = make(sources->process, type, scheme, out);
  if (source == NULL) return false;
  ask(sources, source, uri, &a);
  bool fetched_it = false;
  if (a.status == NCL_OK) {
    fetched_it = keep(sources, scheme, uri, &a, out);
  } else if (a.is_late) {
    (void)fail(out, (ncl_str){NULL, 0}, "no answer came in time");
  } else {
    (void)fail(
        out, ncl_str_of(a.message, strlen(a.message)),
        a.status == NCL_NO_MEMORY ? "there is not enough memory" : "it could not be fetched, for no given reason");
  }
  free(a.text);
  return fetched_it;
}

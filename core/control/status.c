/* SPDX-License-Identifier: Apache-2.0 */
/* What introspection tells, written down: for programs, and as tables for people. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config/document.h"
#include "core/config/scalar.h"
#include "core/control/answer.h"
#include "core/telemetry/line.h"
#include "core/telemetry/memory.h"

#define SECOND_NS INT64_C(1000000000)
#define CELL_MAX 96u
#define MESSAGE_MAX 400u

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

static const char *state_word(uint32_t state) {
  return state == NCL_PROCESS_READY ? "ready" : state == NCL_PROCESS_ENDING ? "ending" : "starting";
}

static const char *status_word(const ncl_component_view *view) {
  if (view->life == NCL_LIFE_ENDED) return "ended";
  if (view->life != NCL_LIFE_STARTED) return "not started";
  return view->status == NCL_OK ? "ok" : view->status == NCL_PERMANENT ? "failed" : "recovering";
}

static ncl_process_view look(const ncl_process *process) {
  ncl_process_view view = {.struct_size = sizeof view};
  process->introspection.process(process->introspection.self, &view);
  return view;
}

/* ---- for programs --------------------------------------------------------------------------------- */

static void put_time(ncl_document *d, const char *key, int64_t wall_ns) {
  char text[48];
  ncl_line line = {.buf = text, .size = sizeof text};
  if (wall_ns == 0) return;
  ncl_line_time(&line, wall_ns);
  ncl_document_put(d, key, ncl_str_of(text, line.len));
}

static void put_number(ncl_document *d, const char *key, uint64_t value) {
  ncl_document_key(d, str(key));
  ncl_document_uint(d, value);
}

static void put_seconds(ncl_document *d, const char *key, int64_t ns) {
  ncl_document_key(d, str(key));
  int64_t ms = ns / 1000000;
  ncl_document_double(d, (double)ms / 1000.0);
}

static uint32_t put_component(void *arg, const ncl_component_view *view) {
  ncl_document *d = arg;
  ncl_document_map(d);
  ncl_document_put(d, "kind", str(ncl_kind_name(view->kind)));
  ncl_document_put(d, "id", view->id);
  if (view->signal != 0) ncl_document_put(d, "signal", ncl_name_signal(view->signal));
  if (view->pipeline.len > 0) ncl_document_put(d, "pipeline", view->pipeline);
  ncl_document_put(d, "status", str(status_word(view)));
  put_time(d, "since", view->since_ns);
  if (view->message.len > 0) ncl_document_put(d, "message", view->message);
  if (view->error_ns != 0) {
    ncl_document_key(d, str("last_error"));
    ncl_document_map(d);
    put_time(d, "time", view->error_ns);
    ncl_document_put(d, "message", view->error);
    ncl_document_end(d);
  }
  put_number(d, "in_items", view->in_items);
  put_number(d, "out_items", view->out_items);
  put_number(d, "failed_items", view->failed_items);
  if (view->kind == NCL_KIND_EXPORTER) {
    put_number(d, "failed_tries", view->send_failures);
    ncl_document_key(d, str("queue"));
    ncl_document_map(d);
    put_number(d, "size", view->queue_size);
    put_number(d, "capacity", view->queue_capacity);
    put_number(d, "bytes", view->queue_bytes);
    put_seconds(d, "oldest_s", view->queue_oldest_ns);
    ncl_document_end(d);
  }
  ncl_document_end(d);
  return 1;
}

static void put_ids(ncl_document *d, const char *key, const ncl_array *ids) {
  ncl_document_key(d, str(key));
  ncl_document_list(d);
  for (uint32_t i = 0; i < ids->count; i++)
    ncl_document_str(d, *(const ncl_str *)ncl_array_at(ids, i));
  ncl_document_end(d);
}

static uint32_t put_pipeline(void *arg, const ncl_pipeline_view *view) {
  ncl_document *d = arg;
  ncl_document_map(d);
  ncl_document_put(d, "id", view->id);
  put_ids(d, "receivers", &view->receivers);
  put_ids(d, "processors", &view->processors);
  put_ids(d, "exporters", &view->exporters);
  ncl_document_end(d);
  return 1;
}

static bool is_drop(const ncl_metric_view *view) {
  static const char name[] = "nacelle_dropped_items";
  return view->name.len == sizeof name - 1 && memcmp(view->name.ptr, name, sizeof name - 1) == 0;
}

static uint32_t put_drop(void *arg, const ncl_metric_view *view) {
  ncl_document *d = arg;
  if (!is_drop(view)) return 1;
  ncl_document_map(d);
  for (uint32_t i = 0; i < view->label_count; i++) {
    ncl_document_key(d, view->labels[i].name);
    ncl_document_str(d, view->labels[i].value);
  }
  put_number(d, "items", (uint64_t)view->value);
  ncl_document_end(d);
  return 1;
}

static void put_memory(ncl_document *d, const ncl_process *process) {
  uint64_t rss = ncl_memory_rss(NULL), budget = ncl_pool_budget(process->pool);
  ncl_document_key(d, str("memory"));
  ncl_document_map(d);
  put_number(d, "telemetry_bytes", ncl_pool_used(process->pool));
  if (budget != UINT64_MAX) put_number(d, "budget_bytes", budget);
  if (rss != UINT64_MAX) put_number(d, "resident_bytes", rss);
  ncl_document_end(d);
}

static void put_process(ncl_document *d, const ncl_process *process) {
  ncl_process_view view = look(process);
  ncl_document_put(d, "version", view.version);
  put_number(d, "pid", (uint64_t)getpid());
  ncl_document_put(d, "state", str(state_word(view.state)));
  put_time(d, "started", view.started_ns);
  put_seconds(d, "uptime_s", view.uptime_ns);
  ncl_document_key(d, str("config"));
  ncl_document_map(d);
  put_time(d, "taken", view.config_ns);
  put_number(d, "reloads", view.reloads);
  put_number(d, "refused", view.reload_failures);
  if (view.reload_error.len > 0) ncl_document_put(d, "error", view.reload_error);
  ncl_document_end(d);
  put_number(d, "delivered_items", view.delivered);
  put_number(d, "dropped_items", view.dropped);
}

char *ncl_control_status_json(const ncl_process *process, size_t *len) {
  const ncl_introspection *i = &process->introspection;
  ncl_document *d = ncl_document_new(NCL_DOCUMENT_JSON, NULL);
  char *copy = NULL;
  if (d == NULL) return NULL;
  ncl_document_map(d);
  put_process(d, process);
  put_memory(d, process);
  ncl_document_key(d, str("pipelines"));
  ncl_document_list(d);
  i->pipelines(i->self, put_pipeline, d);
  ncl_document_end(d);
  ncl_document_key(d, str("components"));
  ncl_document_list(d);
  i->components(i->self, put_component, d);
  ncl_document_end(d);
  ncl_document_key(d, str("dropped"));
  ncl_document_list(d);
  i->metrics(i->self, put_drop, d);
  ncl_document_end(d);
  ncl_document_end(d);
  const char *text = ncl_document_text(d, len);
  if (text != NULL) copy = malloc(*len);
  if (copy != NULL) memcpy(copy, text, *len);
  ncl_document_free(d);
  return copy;
}

/* ---- for people ----------------------------------------------------------------------------------- */

/* In whole seconds. */
static const char *age(int64_t ns, char text[40]) {
  if (ns < SECOND_NS) return "0s";
  text[ncl_duration_format(ns / SECOND_NS * SECOND_NS, text, 40)] = '\0';
  return text;
}

static const char *bytes(uint64_t value, char text[32]) {
  if (value < 10240) {
    (void)snprintf(text, 32, "%" PRIu64 " B", value);
  } else if (value < (UINT64_C(10) << 20)) {
    (void)snprintf(text, 32, "%" PRIu64 " KiB", value >> 10);
  } else {
    (void)snprintf(text, 32, "%.1f MiB", (double)value / 1048576.0);
  }
  return text;
}

static void print_text(FILE *out, ncl_str text, size_t max) {
  char room[MESSAGE_MAX + 8];
  ncl_line line = {.buf = room, .size = sizeof room};
  ncl_line_text(&line, text, max < MESSAGE_MAX ? max : MESSAGE_MAX);
  (void)fwrite(room, 1, line.len, out);
}

static void print_process(FILE *out, const ncl_process *process) {
  ncl_process_view view = look(process);
  char a[40], b[32], c[32], when[48];
  ncl_line line = {.buf = when, .size = sizeof when};
  uint64_t rss = ncl_memory_rss(NULL), budget = ncl_pool_budget(process->pool);
  ncl_line_time(&line, view.config_ns);
  (void)fprintf(out, "nacelle %.*s, pid %d: %s, up %s\n", (int)view.version.len, view.version.ptr, (int)getpid(),
                state_word(view.state), age(view.uptime_ns, a));
  (void)fprintf(out, "config:  taken %.*s, %" PRIu64 " reloads, %" PRIu64 " refused\n", (int)line.len, when,
                view.reloads, view.reload_failures);
  if (view.reload_error.len > 0) {
    (void)fprintf(out, "         the newest was not taken: ");
    print_text(out, view.reload_error, MESSAGE_MAX);
    (void)fputc('\n', out);
  }
  (void)fprintf(out, "memory:  %s of telemetry", bytes(ncl_pool_used(process->pool), b));
  if (budget != UINT64_MAX) (void)fprintf(out, " of at most %s", bytes(budget, c));
  if (rss != UINT64_MAX) (void)fprintf(out, ", %s resident", bytes(rss, b));
  (void)fprintf(out, "\nitems:   %" PRIu64 " delivered, %" PRIu64 " dropped\n", view.delivered, view.dropped);
}

static void print_ids(FILE *out, const ncl_array *ids, const char *arrow) {
  for (uint32_t i = 0; i < ids->count; i++) {
    (void)fputs(i == 0 ? arrow : ", ", out);
    print_text(out, *(const ncl_str *)ncl_array_at(ids, i), CELL_MAX);
  }
}

static uint32_t print_pipeline(void *arg, const ncl_pipeline_view *view) {
  FILE *out = arg;
  (void)fputs("  ", out);
  print_text(out, view->id, CELL_MAX);
  print_ids(out, &view->receivers, ": ");
  for (uint32_t i = 0; i < view->processors.count; i++) {
    ncl_array one = {ncl_array_at(&view->processors, i), 1, view->processors.stride};
    print_ids(out, &one, " -> ");
  }
  print_ids(out, &view->exporters, " -> ");
  (void)fputc('\n', out);
  return 1;
}

#define COLUMNS 6u
static const char *const titles[COLUMNS] = {"COMPONENT", "STATUS", "IN", "OUT", "FAILED", "QUEUE"};

/* The table is gone through twice: for the widths of its columns, and to be printed. */
typedef struct table {
  FILE *out;     /* NULL = measuring */
  uint32_t kind; /* that is being written */
  size_t widths[COLUMNS];
} table;

static void write_row(table *t, const char *const cells[COLUMNS]) {
  for (size_t i = 0; i < COLUMNS; i++) {
    size_t len = strlen(cells[i]);
    if (t->out == NULL) {
      if (len > t->widths[i]) t->widths[i] = len;
      continue;
    }
    bool right = i >= 2 && i <= 4;
    int room = (int)(t->widths[i] - len);
    if (i + 1 == COLUMNS && len == 0) break;
    (void)fprintf(t->out, "  %*s%s%*s", right ? room : 0, "", cells[i], right || i + 1 == COLUMNS ? 0 : room, "");
  }
  if (t->out != NULL) (void)fputc('\n', t->out);
}

static void queue_cell(const ncl_component_view *view, char cell[CELL_MAX]) {
  char room[32], old[40];
  cell[0] = '\0';
  if (view->kind != NCL_KIND_EXPORTER || (view->queue_capacity == 0 && view->queue_size == 0)) return;
  if (view->queue_size == 0) {
    (void)snprintf(cell, CELL_MAX, "empty, of %" PRIu64, view->queue_capacity);
  } else {
    (void)snprintf(cell, CELL_MAX, "%" PRIu64 " of %" PRIu64 ", %s, oldest %s", view->queue_size, view->queue_capacity,
                   bytes(view->queue_bytes, room), age(view->queue_oldest_ns, old));
  }
}

static void name_cell(const ncl_component_view *view, char cell[2 * CELL_MAX]) {
  ncl_line line = {.buf = cell, .size = 2 * CELL_MAX - 1};
  const char *kind = ncl_kind_name(view->kind);
  ncl_line_add(&line, kind, strlen(kind));
  NCL_LINE_LITERAL(&line, " ");
  ncl_line_text(&line, view->id, CELL_MAX);
  ncl_str of = view->pipeline.len > 0 ? view->pipeline
               : view->signal != 0    ? ncl_name_signal(view->signal)
                                      : view->pipeline;
  if (of.len > 0) {
    NCL_LINE_LITERAL(&line, " (");
    ncl_line_text(&line, of, CELL_MAX / 2);
    NCL_LINE_LITERAL(&line, ")");
  }
  cell[line.len] = '\0';
}

static uint32_t write_component(void *arg, const ncl_component_view *view) {
  table *t = arg;
  char name[2 * CELL_MAX], in[24], out[24], failed[24], queue[CELL_MAX];
  if (view->kind != t->kind) return 1;
  bool flows = view->kind != NCL_KIND_EXTENSION;
  name_cell(view, name);
  queue_cell(view, queue);
  (void)snprintf(in, sizeof in, "%" PRIu64, view->in_items);
  (void)snprintf(out, sizeof out, "%" PRIu64, view->out_items);
  (void)snprintf(failed, sizeof failed, "%" PRIu64, view->failed_items);
  const char *cells[COLUMNS] = {name, status_word(view), flows ? in : "", flows ? out : "", flows ? failed : "", queue};
  write_row(t, cells);
  bool is_error = view->status != NCL_OK && view->life == NCL_LIFE_STARTED;
  if (t->out != NULL && is_error && view->message.len > 0) {
    (void)fputs("      ", t->out);
    print_text(t->out, view->message, MESSAGE_MAX);
    (void)fputc('\n', t->out);
  }
  return 1;
}

/* In the order of the flow. */
static void write_components(table *t, const ncl_introspection *i) {
  static const uint32_t kinds[] = {NCL_KIND_RECEIVER, NCL_KIND_PROCESSOR, NCL_KIND_CONNECTOR, NCL_KIND_EXPORTER,
                                   NCL_KIND_EXTENSION};
  write_row(t, titles);
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    t->kind = kinds[k];
    i->components(i->self, write_component, t);
  }
}

typedef struct drops {
  FILE *out;
  bool any;
} drops;

static uint32_t print_drop(void *arg, const ncl_metric_view *view) {
  drops *d = arg;
  if (!is_drop(view) || view->value == 0) return 1;
  if (!d->any) (void)fputs("\nDROPPED\n", d->out);
  d->any = true;
  (void)fprintf(d->out, "  %" PRId64 " items:", view->value);
  for (uint32_t i = 0; i < view->label_count; i++) {
    (void)fputc(' ', d->out);
    print_text(d->out, view->labels[i].name, CELL_MAX);
    (void)fputc('=', d->out);
    print_text(d->out, view->labels[i].value, CELL_MAX);
  }
  (void)fputc('\n', d->out);
  return 1;
}

char *ncl_control_status_text(const ncl_process *process, size_t *len) {
  const ncl_introspection *i = &process->introspection;
  char *text = NULL;
  FILE *out = open_memstream(&text, len);
  if (out == NULL) return NULL;
  table t = {.out = NULL};
  drops d = {out, false};
  print_process(out, process);
  (void)fputs("\nPIPELINES\n", out);
  i->pipelines(i->self, print_pipeline, out);
  (void)fputc('\n', out);
  write_components(&t, i);
  t.out = out;
  write_components(&t, i);
  i->metrics(i->self, print_drop, &d);
  bool good = ferror(out) == 0;
  good = fclose(out) == 0 && good;
  if (good) return text;
  free(text);
  return NULL;
}

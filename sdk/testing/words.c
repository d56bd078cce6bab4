/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/testing/words.c: what the component has said: lines of the log, metrics, its state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/pipeline/report.h"
#include "state.h"

/* ---- the log ---------------------------------------------------------------------------------------- */

const char *ncl_test_log(ncl_test *t) {
  struct stat file;
  if (fstat(t->log_fd, &file) != 0) ncl_test_die("the log cannot be read");
  size_t size = (size_t)file.st_size;
  char *text = ncl_test_keep(t, size + 1);
  for (size_t at = 0; at < size;) {
    ssize_t n = pread(t->log_fd, text + at, size - at, (off_t)at);
    if (n <= 0) ncl_test_die("the log cannot be read");
    at += (size_t)n;
  }
  return text;
}

uint32_t ncl_test_logged(ncl_test *t, const char *part) {
  const char *line = ncl_test_log(t);
  uint32_t count = 0;
  while (*line != '\0') {
    const char *end = strchr(line, '\n');
    size_t len = end == NULL ? strlen(line) : (size_t)(end - line);
    if (memmem(line, len, part, strlen(part)) != NULL) count++;
    line += len + (end != NULL);
  }
  return count;
}

/* ---- metrics ---------------------------------------------------------------------------------------- */

typedef struct search {
  const char *name;
  const char *labels;
  int64_t values;
  int64_t sums;
} search;

static bool has_label(const ncl_metric_point *point, const ncl_test_pair *wanted) {
  for (uint32_t i = 0; i < point->label_count; i++) {
    const ncl_pair *label = &point->labels[i];
    if (label->name.len == wanted->key.len && memcmp(label->name.ptr, wanted->key.ptr, wanted->key.len) == 0 &&
        label->value.len == wanted->value.len && memcmp(label->value.ptr, wanted->value.ptr, label->value.len) == 0) {
      return true;
    }
  }
  return false;
}

static bool add_point(void *arg, const ncl_metric_point *point) {
  search *s = arg;
  const char *labels = s->labels;
  ncl_test_pair wanted;
  if (strlen(s->name) != point->name.len || memcmp(s->name, point->name.ptr, point->name.len) != 0) return true;
  while (ncl_test_pairs_next(&labels, &wanted)) {
    if (!has_label(point, &wanted)) return true;
  }
  bool histogram = point->type == NCL_METRIC_HISTOGRAM;
  s->values += histogram ? (int64_t)point->count : point->value;
  s->sums += histogram ? point->sum : point->value;
  return true;
}

int64_t ncl_test_metric(ncl_test *t, const char *name, const char *labels) {
  search s = {name, labels, 0, 0};
  ncl_report_collect(t->process);
  ncl_metrics_each(t->process->metrics, add_point, &s);
  return s.values;
}

int64_t ncl_test_metric_sum(ncl_test *t, const char *name, const char *labels) {
  search s = {name, labels, 0, 0};
  ncl_report_collect(t->process);
  ncl_metrics_each(t->process->metrics, add_point, &s);
  return s.sums;
}

ncl_test_flow ncl_test_flow_of(ncl_test *t) {
  ncl_test_flow flow = {0, 0, 0, 0};
  for (const ncl_test_call *call = t->calls; call != NULL; call = call->next) {
    const ncl_test_answer *a = &call->answer;
    uint64_t rejected = a->rejected < a->items ? a->rejected : a->items;
    if (a->status == NCL_PENDING) flow.waiting += a->items;
    if (a->status == NCL_OK) flow.accepted += a->items - rejected;
    if (a->status == NCL_OK) flow.refused += rejected;
    if (a->status != NCL_OK && a->status != NCL_PENDING) flow.refused += a->items;
  }
  flow.dropped = (uint64_t)ncl_test_metric(t, "nacelle_dropped_items", NULL);
  return flow;
}

/* ---- the state -------------------------------------------------------------------------------------- */

typedef struct health {
  ncl_test *test;
  ncl_status status;
  const char *message;
} health;

static bool look_at(void *arg, const ncl_status_view *view) {
  health *h = arg;
  const ncl_component *c = h->test->subject;
  if (c == NULL || view->id.len != c->id.len || memcmp(view->id.ptr, c->id.ptr, c->id.len) != 0) return true;
  h->status = view->status;
  h->message = ncl_test_keep_text(h->test, view->message.ptr, view->message.len);
  return true;
}

ncl_status ncl_test_health(ncl_test *t, const char **message) {
  health h = {t, NCL_OK, ""};
  ncl_status_each(t->process->statuses, look_at, &h);
  if (message != NULL) *message = h.message;
  return h.status;
}

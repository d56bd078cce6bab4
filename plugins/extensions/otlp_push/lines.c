/* SPDX-License-Identifier: Apache-2.0 */
/* The components otlp_logs and otlp_log_lines: lines of the own log, taken from where the process keeps the newest ones
 * and pushed. What the pusher itself has to say is not pushed, or each failure would make the next one. */
#include <nacelle/config_fill.h>
#include <nacelle/otlp_own.h>
#include <stdlib.h>
#include <string.h>

#include "push.h"
#include "queue.h"

#define MS_NS INT64_C(1000000)
#define LINE_MAX ((size_t)64 << 10)                /* bytes of one, encoded */
#define BATCH_BYTES (NCL_PUSH_REQUEST_MAX * 3 / 4) /* of lines in a request: there is an envelope, too */
#define EACH_LINE_NS (200 * MS_NS)                 /* otlp_log_lines: how soon is at once */

typedef struct pusher {
  ncl_push push;
  char *speaker; /* of its own lines: "extension otlp_logs" */
  int64_t every_ns;
  int64_t timeout_ns;
  size_t batch_max;
  ncl_lines lines;
  ncl_writer scratch; /* one line */
  uint64_t seen;      /* sequence of the newest line that was looked at */
  ncl_timer *timer;
  int64_t not_before_ns; /* of the next request, after a failure */
  ncl_token drained;
  bool ending;
  int64_t end_ns; /* of the drain */
} pusher;

static void count_dropped(pusher *p, const char *reason, uint64_t n) {
  ncl_pair label = {NCL_STR("reason"), {reason, strlen(reason)}};
  if (n == 0) return;
  p->push.host->metric_add(p->push.host->metric(p->push.me, NCL_PUSH_DROPPED, &label, 1), (int64_t)n);
}

/* ---- taking lines in ----------------------------------------------------------------------------------- */

static bool is(ncl_str text, const char *word) {
  return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

typedef struct taking {
  pusher *pusher;
  uint64_t overrun, overflow, no_memory, oversize;
} taking;

static uint32_t take_line(void *arg, const ncl_log_view *line) {
  taking *t = arg;
  pusher *p = t->pusher;
  if (line->sequence > p->seen + 1) t->overrun += line->sequence - p->seen - 1;
  p->seen = line->sequence;
  /* Telemetry that an exporter prints is no word about the process; where it is this telemetry there would be no end.
   */
  if (is(line->component, p->speaker) || is(line->event, "debug")) return 1;
  ncl_writer_reset(&p->scratch);
  ncl_own_log_write(line, &p->scratch);
  if (p->scratch.status != NCL_OK) {
    ++*(p->scratch.status == NCL_NO_MEMORY ? &t->no_memory : &t->oversize);
  } else if (ncl_lines_add(&p->lines, ncl_writer_range(&p->scratch), &t->overflow) != NCL_OK) {
    t->no_memory++;
  }
  return 1;
}

static void take_lines(pusher *p) {
  taking t = {.pusher = p};
  p->push.process->logs(p->push.process->self, p->seen, take_line, &t);
  count_dropped(p, "overrun", t.overrun);
  count_dropped(p, "overflow", t.overflow);
  count_dropped(p, "memory", t.no_memory);
  count_dropped(p, "oversize", t.oversize);
}

/* ---- pushing them -------------------------------------------------------------------------------------- */

static void write_batch(pusher *p, ncl_writer *writer) {
  const ncl_line *line;
  size_t bytes = 0;
  ncl_own_request request = ncl_own_begin(p->push.process, writer, 1 << 14);
  for (size_t i = 0; i < p->batch_max && (line = ncl_lines_at(&p->lines, i)) != NULL; i++) {
    bytes += line->len;
    if (i > 0 && bytes > BATCH_BYTES) break;
    ncl_write_mark mark = ncl_write_begin(writer, NCL_SCOPE_RECORD, line->len);
    ncl_write_raw(writer, line->bytes, line->len);
    ncl_write_end(writer, mark);
    p->lines.sent = i + 1;
  }
  ncl_own_end(&request, writer);
}

static void push_batch(pusher *p) {
  int64_t now = p->push.host->now_ns(p->push.me);
  if (p->push.under_way || p->lines.count == 0 || (now < p->not_before_ns && !p->ending)) return;
  ncl_writer *writer = ncl_push_begin(&p->push);
  if (writer == NULL) return; /* the next time */
  write_batch(p, writer);
  ncl_push_send(&p->push, p->ending ? p->end_ns : now + p->timeout_ns);
}

static void end_drain(pusher *p) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_token token = p->drained;
  p->drained = 0;
  if (token != 0) p->push.host->complete(p->push.me, token, &outcome);
}

static void on_answered(void *arg, const ncl_outcome *outcome) {
  pusher *p = arg;
  size_t sent = p->lines.sent;
  bool again = outcome->status != NCL_OK && outcome->status != NCL_PERMANENT;
  if (again) {
    p->lines.sent = 0;
    p->not_before_ns = p->push.host->now_ns(p->push.me) + ncl_push_delay(&p->push, outcome);
  } else {
    uint64_t rejected = outcome->status != NCL_OK ? sent : outcome->rejected;
    count_dropped(p, "rejected", rejected > sent ? sent : rejected);
    ncl_lines_drop(&p->lines, sent);
  }
  if (!p->ending) {
    /* More than fits a request does not wait for the next round. */
    if (outcome->status == NCL_OK && p->lines.count >= p->batch_max) push_batch(p);
    return;
  }
  if (outcome->status == NCL_OK) push_batch(p);
  if (!p->push.under_way) end_drain(p);
}

static void on_timer(void *arg) {
  pusher *p = arg;
  p->push.host->timer_set(p->timer, p->push.host->now_ns(p->push.me) + p->every_ns);
  take_lines(p);
  push_batch(p);
}

/* ---- life ---------------------------------------------------------------------------------------------- */

static void destroy(void *self) {
  pusher *p = self;
  ncl_push_close(&p->push);
  ncl_lines_close(&p->lines);
  ncl_writer_close(&p->scratch);
  p->push.host->timer_close(p->timer);
  free(p->speaker);
  free(p);
}

static char *speaker_of(ncl_str id) {
  static const char kind[] = "extension ";
  char *text = malloc(sizeof kind + id.len);
  if (text == NULL) return NULL;
  memcpy(text, kind, sizeof kind - 1);
  memcpy(text + sizeof kind - 1, id.ptr, id.len);
  text[sizeof kind - 1 + id.len] = '\0';
  return text;
}

static int64_t read_int(const ncl_create *create, const char *name, int64_t otherwise) {
  return ncl_config_int(create->config, ncl_str_of(name, strlen(name)), otherwise);
}

static ncl_status make(const ncl_create *create, int64_t every_ns, void **self) {
  pusher *p = calloc(1, sizeof *p);
  if (p == NULL) return NCL_NO_MEMORY;
  p->push.host = create->host;
  p->every_ns = every_ns;
  p->timeout_ns = read_int(create, "export_timeout", 30000) * MS_NS;
  p->batch_max = (size_t)read_int(create, "max_export_batch_size", 512);
  p->lines =
      (ncl_lines){.host = create->host, .me = create->me, .max = (size_t)read_int(create, "max_queue_size", 2048)};
  ncl_writer_heap(&p->scratch, LINE_MAX);
  p->speaker = speaker_of(create->id);
  ncl_status status = p->speaker == NULL ? NCL_NO_MEMORY : NCL_OK;
  if (status == NCL_OK) {
    status = ncl_push_create(&p->push, create, NCL_SIGNAL_LOGS, p->timeout_ns, on_answered, p);
  }
  if (status == NCL_OK) {
    *self = p;
  } else {
    destroy(p);
  }
  return status;
}

static ncl_status create_lines(const ncl_create *create, void **self) {
  return make(create, read_int(create, "schedule_delay", 1000) * MS_NS, self);
}

static ncl_status create_each_line(const ncl_create *create, void **self) {
  return make(create, EACH_LINE_NS, self);
}

static ncl_status check(void *self) {
  pusher *p = self;
  return ncl_push_check(&p->push);
}

static uint32_t skip_line(void *arg, const ncl_log_view *line) {
  *(uint64_t *)arg = line->sequence;
  return 1;
}

static ncl_status start(void *self, ncl_token token, ncl_outcome *outcome) {
  pusher *p = self;
  ncl_process_view process = {.struct_size = sizeof process};
  (void)token;
  ncl_status status = ncl_push_start(&p->push, outcome);
  if (status != NCL_OK) return status;
  p->timer = p->push.host->timer_open(p->push.me, on_timer, p);
  if (p->timer == NULL) return NCL_NO_MEMORY;
  /* Lines of the start are pushed, too; after a reload those from before it are not pushed again. */
  const ncl_introspection *of = p->push.process;
  of->process(of->self, &process);
  if (process.state != NCL_PROCESS_STARTING) of->logs(of->self, 0, skip_line, &p->seen);
  p->push.host->timer_set(p->timer, p->push.host->now_ns(p->push.me) + p->every_ns);
  return NCL_OK;
}

static ncl_status drain(void *self, int64_t deadline_ns, ncl_token token, ncl_outcome *outcome) {
  pusher *p = self;
  (void)outcome;
  p->push.host->timer_set(p->timer, 0);
  p->ending = true;
  p->end_ns = deadline_ns;
  take_lines(p);
  push_batch(p);
  if (!p->push.under_way) return NCL_OK;
  p->drained = token;
  return NCL_PENDING;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  pusher *p = self;
  (void)token, (void)outcome;
  p->push.host->timer_set(p->timer, 0);
  p->ending = true;
  p->drained = 0;
  ncl_push_stop(&p->push);
  count_dropped(p, "shutdown", p->lines.count);
  ncl_lines_drop(&p->lines, p->lines.count);
  return NCL_OK;
}

const ncl_methods ncl_push_lines_methods = {.struct_size = sizeof ncl_push_lines_methods,
                                            .create = create_lines,
                                            .check = check,
                                            .start = start,
                                            .drain = drain,
                                            .shutdown = shut_down,
                                            .destroy = destroy};

const ncl_methods ncl_push_each_line_methods = {.struct_size = sizeof ncl_push_each_line_methods,
                                                .create = create_each_line,
                                                .check = check,
                                                .start = start,
                                                .drain = drain,
                                                .shutdown = shut_down,
                                                .destroy = destroy};

/* SPDX-License-Identifier: Apache-2.0 */
/* programs/check/report.c: rows, as a table or as JSON. */
#include "programs/check/report.h"

#include <nacelle/text.h>
#include <stdlib.h>
#include <string.h>

#define FMT(s) (int)(s).len, (s).len > 0 ? (s).ptr : ""
#define WHAT_MAX 48 /* wider ones push their own line only */
#define JSON_MAX_BYTES ((size_t)16 << 20)

static const char *const results[] = {"ok", "note", "failed"};

static ncl_str keep(char **at, ncl_str text) {
  char *to = *at;
  if (text.len > 0) memcpy(to, text.ptr, text.len);
  *at += text.len;
  return ncl_str_of(to, text.len);
}

void ncl_check_report_add(ncl_check_report *report, const ncl_component *from, const ncl_finding *finding) {
  size_t size = finding->what.len + finding->detail.len + finding->hint.len + finding->text.len;
  ncl_check_row *row = calloc(1, sizeof *row + size + 1);
  uint32_t result = finding->result <= NCL_FINDING_FAILED ? finding->result : NCL_FINDING_FAILED;
  report->count[result]++;
  if (row == NULL) {
    report->no_memory = true;
    return;
  }
  char *at = row->bytes;
  row->from = from;
  row->result = result;
  row->what = keep(&at, finding->what);
  row->detail = keep(&at, finding->detail);
  row->hint = keep(&at, finding->hint);
  row->text = keep(&at, finding->text);
  if (report->last != NULL) {
    report->last->next = row;
  } else {
    report->first = row;
  }
  report->last = row;
}

void ncl_check_report_close(ncl_check_report *report) {
  while (report->first != NULL) {
    ncl_check_row *row = report->first;
    report->first = row->next;
    free(row);
  }
  report->last = NULL;
}

/* ---- table ------------------------------------------------------------------------------------------- */

/* "otlp_http (traces)" */
static void name(const ncl_component *component, char *into, size_t size) {
  ncl_str signal = component->signal != 0 ? ncl_name_signal(component->signal) : ncl_str_of(NULL, 0);
  (void)snprintf(into, size, "%.*s%s%.*s%s", FMT(component->id), signal.len > 0 ? " (" : "", FMT(signal),
                 signal.len > 0 ? ")" : "");
}

typedef struct widths {
  int name, what;
} widths;

static widths measure(const ncl_check_report *report) {
  widths w = {(int)strlen("component"), (int)strlen("what")};
  char text[300];
  for (const ncl_check_row *row = report->first; row != NULL; row = row->next) {
    name(row->from, text, sizeof text);
    if ((int)strlen(text) > w.name) w.name = (int)strlen(text);
    if ((int)row->what.len > w.what) w.what = (int)row->what.len;
  }
  if (w.what > WHAT_MAX) w.what = WHAT_MAX;
  return w;
}

static void print_row(const ncl_check_row *row, widths w, FILE *out) {
  char text[300];
  name(row->from, text, sizeof text);
  (void)fprintf(out, "%-*s  %-*.*s  %-6s  %.*s\n", w.name, text, w.what, FMT(row->what), results[row->result],
                FMT(row->detail));
  if (row->hint.len > 0) (void)fprintf(out, "    -> %.*s\n", FMT(row->hint));
  if (row->text.len > 0) (void)fprintf(out, "       %.*s\n", FMT(row->text));
}

void ncl_check_report_table(const ncl_check_report *report, const ncl_component *components, FILE *out) {
  widths w = measure(report);
  if (report->first != NULL) {
    (void)fprintf(out, "%-*s  %-*s  %-6s  %s\n", w.name, "component", w.what, "what", "result", "how it went");
  }
  for (const ncl_component *c = components; c != NULL; c = c->next) {
    for (const ncl_check_row *row = report->first; row != NULL; row = row->next) {
      if (row->from == c) print_row(row, w, out);
    }
  }
  uint32_t all = report->count[0] + report->count[1] + report->count[2];
  if (all == 0) {
    (void)fprintf(out, "Nothing in this config needs anything outside of it.\n");
  } else {
    (void)fprintf(out, "%u tried: %u ok, %u to note, %u failed\n", all, report->count[NCL_FINDING_OK],
                  report->count[NCL_FINDING_NOTE], report->count[NCL_FINDING_FAILED]);
  }
}

/* ---- JSON -------------------------------------------------------------------------------------------- */

static void put_member(ncl_text *text, const char *key, ncl_str value) {
  ncl_text_format(text, ",\"%s\":", key);
  ncl_text_json(text, value);
}

static void put_row(ncl_text *text, const ncl_check_row *row) {
  const char *kind = ncl_kind_name(row->from->kind);
  ncl_str signal = row->from->signal != 0 ? ncl_name_signal(row->from->signal) : ncl_str_of(NULL, 0);
  ncl_text_put(text, "{\"component\":");
  ncl_text_json(text, row->from->id);
  put_member(text, "kind", ncl_str_of(kind, strlen(kind)));
  if (signal.len > 0) put_member(text, "signal", signal);
  put_member(text, "what", row->what);
  put_member(text, "result", ncl_str_of(results[row->result], strlen(results[row->result])));
  put_member(text, "detail", row->detail);
  if (row->hint.len > 0) put_member(text, "hint", row->hint);
  if (row->text.len > 0) put_member(text, "text", row->text);
  ncl_text_put(text, "}");
}

void ncl_check_report_json(const ncl_check_report *report, const ncl_component *components, FILE *out) {
  ncl_text text;
  const char *comma = "";
  ncl_text_open(&text, JSON_MAX_BYTES);
  ncl_text_format(&text, "{\"ok\":%s,\"checks\":[", report->count[NCL_FINDING_FAILED] == 0 ? "true" : "false");
  for (const ncl_component *c = components; c != NULL; c = c->next) {
    for (const ncl_check_row *row = report->first; row != NULL; row = row->next) {
      if (row->from != c) continue;
      ncl_text_put(&text, comma);
      put_row(&text, row);
      comma = ",";
    }
  }
  ncl_text_put(&text, "]}\n");
  if (text.failed) {
    (void)fprintf(stderr, "Error: no memory\n");
  } else {
    (void)fwrite(text.ptr, 1, text.len, out);
  }
  ncl_text_close(&text);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* tests/oracle/attributes_go/driver/driver.c: what processors make of requests, and what patterns find, for check.py.
 * Lines of JSON in, lines of JSON out. */
#include <nacelle/json_doc.h>
#include <nacelle/otlp_json.h>
#include <nacelle/regex.h>
#include <nacelle/testing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)

static char *copy_of(ncl_str text) {
  char *copy = calloc(1, text.len + 1);
  if (copy == NULL) exit(2);
  memcpy(copy, text.ptr, text.len);
  return copy;
}

static char *member(const ncl_json_doc *doc, const char *name) {
  return copy_of(ncl_json_text(ncl_json_get(doc, ncl_json_root(doc), name)));
}

static void say(ncl_writer *out, const char *text) {
  ncl_write_raw(out, text, strlen(text));
}

/* {"groups": [...]}, {"groups": null}, {"mistake": "..."} */
static void find(const ncl_json_doc *doc, ncl_writer *out) {
  char words[200];
  ncl_str groups[NCL_REGEX_GROUPS_MAX + 1];
  ncl_regex *regex =
      ncl_regex_open(ncl_json_text(ncl_json_get(doc, ncl_json_root(doc), "pattern")), words, sizeof words);
  if (regex == NULL) {
    say(out, "{\"mistake\":");
    ncl_json_put_str(out, ncl_str_of(words, strlen(words)));
    say(out, "}");
    return;
  }
  uint32_t count = ncl_regex_groups(regex) + 1;
  uint32_t found = ncl_regex_find(regex, ncl_json_text(ncl_json_get(doc, ncl_json_root(doc), "text")), groups, count);
  say(out, found == NCL_REGEX_YES ? "{\"groups\":[" : found == NCL_REGEX_NO ? "{\"groups\":null" : "{\"gave_up\":true");
  for (uint32_t i = 0; found == NCL_REGEX_YES && i < count; i++) {
    if (i > 0) say(out, ",");
    ncl_json_put_str(out, groups[i]);
  }
  say(out, found == NCL_REGEX_YES ? "]}" : "}");
  ncl_regex_close(regex);
}

static uint32_t signal_of(const char *name) {
  if (strcmp(name, "traces") == 0) return NCL_SIGNAL_TRACES;
  return strcmp(name, "logs") == 0 ? NCL_SIGNAL_LOGS : NCL_SIGNAL_METRICS;
}

static void consume(ncl_test *t, uint32_t signal, const char *request, const char *metadata, ncl_writer *out) {
  ncl_writer wire;
  ncl_json_report report;
  char *padded = calloc(1, strlen(request) + NCL_PADDING);
  if (padded == NULL) exit(2);
  memcpy(padded, request, strlen(request));
  ncl_range text = {(const uint8_t *)padded, strlen(request)};
  if (ncl_json_to_wire_heap(signal, text, LINE_MAX_BYTES, &wire, &report) != NCL_OK) {
    (void)fprintf(stderr, "%s\n", report.message);
    exit(2);
  }
  const ncl_batch *batch = ncl_test_batch_of(t, signal, ncl_writer_range(&wire), NULL);
  if (batch == NULL || ncl_test_start(t) != NCL_OK) exit(2);
  if (ncl_test_consume(t, batch, metadata)->status != NCL_OK) exit(2);
  say(out, "{\"request\":");
  if (ncl_batch_to_json(ncl_test_sink_at(t, 0, 0)->batch, out) != NCL_OK) exit(2);
  say(out, "}");
  ncl_writer_close(&wire);
  free(padded);
}

/* {"request": OTLP/JSON} or {"mistake": "..."} */
static void process(const ncl_json_doc *doc, ncl_writer *out) {
  char *plugin = member(doc, "plugin"), *config = member(doc, "config"), *request = member(doc, "request");
  char *signal = member(doc, "signal"), *metadata = member(doc, "metadata");
  ncl_test_options options = {.plugin = plugin, .config = config, .signal = signal_of(signal)};
  ncl_test *t = ncl_test_open(&options);
  if (ncl_test_status(t) == NCL_OK) {
    consume(t, options.signal, request, metadata, out);
  } else {
    const char *words = ncl_test_diagnostics(t);
    say(out, "{\"mistake\":");
    ncl_json_put_str(out, ncl_str_of(words, strlen(words)));
    say(out, "}");
  }
  if (ncl_test_close(t) != 0) exit(3);
  free(plugin);
  free(config);
  free(request);
  free(signal);
  free(metadata);
}

int main(void) {
  char *line = malloc(LINE_MAX_BYTES);
  ncl_writer out;
  if (line == NULL) return 2;
  ncl_writer_heap(&out, LINE_MAX_BYTES * 4);
  while (fgets(line, (int)LINE_MAX_BYTES, stdin) != NULL) {
    ncl_json_doc doc;
    ncl_writer_reset(&out);
    if (ncl_json_doc_open(&doc, (ncl_range){(const uint8_t *)line, strlen(line)}) != NCL_OK) return 2;
    if (ncl_json_get(&doc, ncl_json_root(&doc), "pattern") != NULL)
      find(&doc, &out);
    else
      process(&doc, &out);
    (void)fwrite(out.base, 1, out.len, stdout);
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    ncl_json_doc_close(&doc);
  }
  ncl_writer_close(&out);
  free(line);
  return 0;
}

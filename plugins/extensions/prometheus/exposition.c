/* SPDX-License-Identifier: Apache-2.0 */
/* The text format: https://github.com/prometheus/docs, "Exposition formats". Suffixes are put as OpenTelemetry's
 * exporters put them: the unit's where the name does not have it, then _total of counters. */
#include "exposition.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 1100u
#define LABELS_MAX \
  (16u + NCL_EXPOSITION_CONSTANTS) /* of one series: as many as the process allows, and the constants */

static bool same(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static int compare(ncl_str a, ncl_str b) {
  size_t least = a.len < b.len ? a.len : b.len;
  int order = least == 0 ? 0 : memcmp(a.ptr, b.ptr, least);
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* ---- names -------------------------------------------------------------------------------------------- */

/* "s" is "_seconds"; NULL = a unit that has no suffix ("{span}"). */
static const char *unit_word(ncl_str unit) {
  static const struct {
    ncl_str unit;
    const char *word;
  } words[] = {{NCL_STR("s"), "seconds"}, {NCL_STR("ms"), "milliseconds"}, {NCL_STR("By"), "bytes"}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (same(words[i].unit, unit)) return words[i].word;
  }
  return NULL;
}

/* Whether one of the parts between "_" is the word. */
static bool has_part(ncl_str name, const char *word) {
  size_t len = strlen(word);
  for (size_t begin = 0; begin + len <= name.len; begin++) {
    bool starts = begin == 0 || name.ptr[begin - 1] == '_';
    bool ends = begin + len == name.len || name.ptr[begin + len] == '_';
    if (starts && ends && memcmp(name.ptr + begin, word, len) == 0) return true;
  }
  return false;
}

/* The name as it is exported; `room` has NAME_MAX_BYTES. */
static ncl_str exported_name(const ncl_exposition *e, const ncl_metric_view *view, char *room) {
  const char *unit = e->options->suffixes ? unit_word(view->unit) : NULL;
  bool total = e->options->suffixes && view->type == NCL_METRIC_COUNTER;
  if (unit != NULL && has_part(view->name, unit)) unit = NULL;
  int len = snprintf(room, NAME_MAX_BYTES, "%.*s%s%s%s", (int)view->name.len, view->name.ptr, unit == NULL ? "" : "_",
                     unit == NULL ? "" : unit, total ? "_total" : "");
  return ncl_str_of(room, len > 0 && (size_t)len < NAME_MAX_BYTES ? (size_t)len : 0);
}

size_t ncl_exposition_label(ncl_str attribute, char *out, size_t size) {
  size_t len = 0;
  if (attribute.len > 0 && attribute.ptr[0] >= '0' && attribute.ptr[0] <= '9' && size > 0) out[len++] = '_';
  for (size_t i = 0; i < attribute.len && len < size; i++) {
    char c = attribute.ptr[i];
    bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out[len++] = good ? c : '_';
  }
  return len;
}

/* ---- values ------------------------------------------------------------------------------------------- */

/* The shortest decimal that reads back as the same number. */
static void add_number(ncl_text *text, double value) {
  char digits[40];
  if (isinf(value)) {
    ncl_text_put(text, value > 0 ? "+Inf" : "-Inf");
    return;
  }
  for (int precision = 15; precision <= 17; precision++) {
    (void)snprintf(digits, sizeof digits, "%.*g", precision, value);
    if (strtod(digits, NULL) == value) break;
  }
  ncl_text_put(text, digits);
}

static void add_scaled(ncl_text *text, int64_t value, double scale) {
  if (scale == 1) {
    ncl_text_format(text, "%lld", (long long)value);
  } else {
    /* Nanoseconds are divided, which gives the shorter decimal: 0.3 and not 0.30000000000000004. */
    add_number(text, scale == 1e-9 ? (double)value / 1e9 : (double)value * scale);
  }
}

/* Of a label, and (quotes == false) of a HELP line. */
static void add_escaped(ncl_text *text, ncl_str value, bool quotes) {
  size_t begin = 0;
  for (size_t i = 0; i < value.len; i++) {
    char c = value.ptr[i];
    if (c != '\\' && c != '\n' && !(quotes && c == '"')) continue;
    ncl_text_add(text, ncl_str_of(value.ptr + begin, i - begin));
    ncl_text_put(text, c == '\n' ? "\\n" : c == '"' ? "\\\"" : "\\\\");
    begin = i + 1;
  }
  if (value.len > begin) ncl_text_add(text, ncl_str_of(value.ptr + begin, value.len - begin));
}

static void add_label(ncl_text *text, ncl_str name, ncl_str value, bool first) {
  ncl_text_put(text, first ? "{" : ",");
  ncl_text_add(text, name);
  ncl_text_put(text, "=\"");
  add_escaped(text, value, true);
  ncl_text_put(text, "\"");
}

/* Both lists are sorted; of one name the series' own label wins. Returns whether there was one. */
static bool add_labels(const ncl_exposition *e, const ncl_metric_view *view) {
  const ncl_exposition_options *o = e->options;
  uint32_t c = 0, l = 0, written = 0;
  while (c < o->constant_count || l < view->label_count) {
    int order = c == o->constant_count ? 1 : l == view->label_count ? -1 : 0;
    if (order == 0) order = compare(o->constants[c].name, view->labels[l].name);
    const ncl_pair *pair = order < 0 ? &o->constants[c] : &view->labels[l];
    if (order <= 0) c++;
    if (order >= 0) l++;
    add_label(e->text, pair->name, pair->value, written++ == 0);
  }
  return written > 0;
}

/* ---- series ------------------------------------------------------------------------------------------- */

static void add_sample(const ncl_exposition *e, const ncl_metric_view *view, ncl_str name, const char *suffix) {
  ncl_text_add(e->text, name);
  ncl_text_put(e->text, suffix);
  if (add_labels(e, view)) ncl_text_put(e->text, "}");
  ncl_text_put(e->text, " ");
}

static void add_bucket(const ncl_exposition *e, const ncl_metric_view *view, ncl_str name, uint32_t i, uint64_t count) {
  ncl_text_add(e->text, name);
  ncl_text_put(e->text, "_bucket");
  ncl_text_put(e->text, add_labels(e, view) ? ",le=\"" : "{le=\"");
  if (i < view->bound_count) {
    add_scaled(e->text, view->bounds[i], view->scale);
  } else {
    ncl_text_put(e->text, "+Inf");
  }
  ncl_text_format(e->text, "\"} %llu\n", (unsigned long long)count);
}

static void add_histogram(const ncl_exposition *e, const ncl_metric_view *view, ncl_str name) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i <= view->bound_count; i++) {
    sum += view->buckets[i];
    add_bucket(e, view, name, i, sum);
  }
  add_sample(e, view, name, "_sum");
  add_scaled(e->text, view->sum, view->scale);
  ncl_text_put(e->text, "\n");
  add_sample(e, view, name, "_count");
  ncl_text_format(e->text, "%llu\n", (unsigned long long)sum);
}

static void add_head(const ncl_exposition *e, const ncl_metric_view *view, ncl_str name) {
  static const char *const types[] = {"untyped", "counter", "gauge", "histogram"};
  ncl_text_put(e->text, "# HELP ");
  ncl_text_add(e->text, name);
  ncl_text_put(e->text, " ");
  add_escaped(e->text, view->doc, false);
  ncl_text_put(e->text, "\n# TYPE ");
  ncl_text_add(e->text, name);
  ncl_text_format(e->text, " %s\n", types[view->type <= NCL_METRIC_HISTOGRAM ? view->type : 0]);
}

void ncl_exposition_begin(ncl_exposition *e, const ncl_exposition_options *options, ncl_text *text) {
  e->options = options;
  e->text = text;
  e->last = (ncl_str){NULL, 0};
}

void ncl_exposition_add(ncl_exposition *e, const ncl_metric_view *view) {
  char room[NAME_MAX_BYTES];
  if (view->level > e->options->level || view->name.len > sizeof e->last_room) return;
  ncl_str name = exported_name(e, view, room);
  if (!same(e->last, view->name)) {
    add_head(e, view, name);
    memcpy(e->last_room, view->name.ptr, view->name.len);
    e->last = ncl_str_of(e->last_room, view->name.len);
  }
  if (view->type == NCL_METRIC_HISTOGRAM) {
    add_histogram(e, view, name);
    return;
  }
  add_sample(e, view, name, "");
  add_scaled(e->text, view->value, view->scale);
  ncl_text_put(e->text, "\n");
}

void ncl_exposition_end(ncl_exposition *e) {
  const ncl_array *resource = &e->options->resource;
  char label[256];
  uint32_t written = 0;
  ncl_text_put(e->text, "# HELP target_info Target metadata\n# TYPE target_info gauge\ntarget_info");
  for (uint32_t i = 0; i < resource->count; i++) {
    const ncl_pair *pair = ncl_array_at(resource, i);
    size_t len = ncl_exposition_label(pair->name, label, sizeof label);
    if (len > 0) add_label(e->text, ncl_str_of(label, len), pair->value, written++ == 0);
  }
  ncl_text_put(e->text, written > 0 ? "} 1\n" : " 1\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A stack of open maps and lists, and a buffer that grows. */
#include "core/config/document.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/config/scalar.h"
#include "core/telemetry/line.h"

#define FIRST_BYTES 4096u
#define ESCAPED_MAX 6u /* bytes that one byte takes when it is escaped */

typedef struct level {
  bool is_list;
  bool keyed; /* a map whose next key is written */
  size_t count;
  size_t indent; /* spaces in front of its keys or items */
} level;

struct ncl_document {
  const ncl_allocator *allocator;
  uint32_t format;
  bool failed;
  char *text;
  size_t len, capacity;
  size_t depth;
  level levels[NCL_DOCUMENT_DEPTH_MAX];
};

ncl_document *ncl_document_new(uint32_t format, const ncl_allocator *allocator) {
  if (allocator == NULL) allocator = ncl_allocator_default();
  ncl_document *d = allocator->alloc(allocator->ctx, sizeof *d);
  if (d == NULL) return NULL;
  memset(d, 0, sizeof *d);
  d->allocator = allocator;
  d->format = format;
  return d;
}

void ncl_document_free(ncl_document *d) {
  if (d == NULL) return;
  d->allocator->free(d->allocator->ctx, d->text);
  d->allocator->free(d->allocator->ctx, d);
}

/* ---- bytes ---------------------------------------------------------------------------------------- */

static bool reserve(ncl_document *d, size_t more) {
  if (d->failed) return false;
  if (more <= d->capacity - d->len) return true;
  size_t capacity = d->capacity == 0 ? FIRST_BYTES : d->capacity;
  while (capacity - d->len < more && capacity <= NCL_DOCUMENT_TEXT_MAX)
    capacity *= 2;
  char *text = capacity > NCL_DOCUMENT_TEXT_MAX ? NULL : d->allocator->alloc(d->allocator->ctx, capacity);
  if (text == NULL) {
    d->failed = true;
    return false;
  }
  if (d->len > 0) memcpy(text, d->text, d->len);
  d->allocator->free(d->allocator->ctx, d->text);
  d->text = text;
  d->capacity = capacity;
  return true;
}

static void add(ncl_document *d, const char *text, size_t len) {
  if (len == 0 || !reserve(d, len)) return;
  memcpy(d->text + d->len, text, len);
  d->len += len;
}

#define ADD(d, literal) add((d), (literal), sizeof(literal) - 1)

static void new_line(ncl_document *d, size_t spaces) {
  if (!reserve(d, spaces + 1)) return;
  d->text[d->len++] = '\n';
  memset(d->text + d->len, ' ', spaces);
  d->len += spaces;
}

/* ---- where values stand --------------------------------------------------------------------------- */

static level *top(ncl_document *d) {
  return d->depth == 0 ? NULL : &d->levels[d->depth - 1];
}

/* An item of a YAML list that is a map or a list begins on the line of its dash. */
static bool begins_at_dash(const ncl_document *d) {
  return d->depth > 1 && d->levels[d->depth - 1].count == 0 && d->levels[d->depth - 2].is_list;
}

/* Comma, line break and indentation in front of a key or an item. */
static void separate(ncl_document *d) {
  level *l = top(d);
  if (d->format == NCL_DOCUMENT_JSON_LINE) {
    if (l->count > 0) ADD(d, ",");
  } else if (d->format == NCL_DOCUMENT_JSON) {
    if (l->count > 0) ADD(d, ",");
    new_line(d, l->indent);
  } else if (!begins_at_dash(d) && d->len > 0) {
    new_line(d, l->indent);
  }
  l->count++;
}

/* A value comes: what stands between it and its key or its list. Maps and lists of YAML begin on their own lines. */
static void before_value(ncl_document *d, bool is_scalar) {
  level *l = top(d);
  if (l == NULL) return;
  if (!l->is_list) {
    if (!l->keyed) d->failed = true;
    l->keyed = false;
    if (d->format == NCL_DOCUMENT_YAML && is_scalar) ADD(d, " ");
    return;
  }
  separate(d);
  if (d->format == NCL_DOCUMENT_YAML) ADD(d, "- ");
}

/* What stands in a list is indented by its dash. */
static size_t next_indent(const ncl_document *d) {
  if (d->format != NCL_DOCUMENT_YAML) return 2 * (d->depth + 1);
  if (d->depth == 0) return 0;
  return d->levels[d->depth - 1].indent + (d->levels[d->depth - 1].is_list ? 2 : 4);
}

static void begin(ncl_document *d, bool is_list) {
  before_value(d, false);
  if (d->depth == NCL_DOCUMENT_DEPTH_MAX) {
    d->failed = true;
    return;
  }
  d->levels[d->depth] = (level){.is_list = is_list, .indent = next_indent(d)};
  d->depth++;
  if (d->format == NCL_DOCUMENT_YAML) return;
  if (is_list) {
    ADD(d, "[");
  } else {
    ADD(d, "{");
  }
}

void ncl_document_map(ncl_document *d) {
  begin(d, false);
}

void ncl_document_list(ncl_document *d) {
  begin(d, true);
}

/* Nothing came: it is said on the line of the key or the dash. */
static void end_empty_yaml(ncl_document *d, bool is_list) {
  bool at_dash = d->depth > 0 && d->levels[d->depth - 1].is_list;
  if (d->depth > 0 && !at_dash) ADD(d, " ");
  if (is_list) {
    ADD(d, "[]");
  } else {
    ADD(d, "{}");
  }
}

void ncl_document_end(ncl_document *d) {
  level *l = top(d);
  if (l == NULL || d->failed) {
    d->failed = true;
    return;
  }
  level ended = *l;
  d->depth--;
  if (d->format == NCL_DOCUMENT_YAML) {
    if (ended.count == 0) end_empty_yaml(d, ended.is_list);
    return;
  }
  if (d->format == NCL_DOCUMENT_JSON && ended.count > 0) new_line(d, 2 * d->depth);
  if (ended.is_list) {
    ADD(d, "]");
  } else {
    ADD(d, "}");
  }
}

/* ---- text ----------------------------------------------------------------------------------------- */

static void add_quoted(ncl_document *d, ncl_str text) {
  size_t room = text.len * ESCAPED_MAX + 2;
  if (text.len > NCL_DOCUMENT_TEXT_MAX / ESCAPED_MAX || !reserve(d, room)) {
    d->failed = true;
    return;
  }
  ncl_line line = {.buf = d->text + d->len, .size = room};
  ncl_line_json(&line, text, room);
  d->len += line.len;
}

/* Words that older YAML reads as a switch. */
static bool is_old_switch(ncl_str text) {
  static const char *const words[] = {"y", "n", "yes", "no", "on", "off"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strlen(words[i]) == text.len && strncasecmp(words[i], text.ptr, text.len) == 0) return true;
  }
  return false;
}

/* Whether YAML reads it as the same text without quotes, in a block. */
static bool is_plain(ncl_str text) {
  static const char never_first[] = "-?:,[]{}#&*!|>'\"%@`=<~";
  if (text.len == 0 || text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == ':') {
    return false;
  }
  if (memchr(never_first, text.ptr[0], sizeof never_first - 1) != NULL) return false;
  for (size_t i = 0; i < text.len; i++) {
    char c = text.ptr[i];
    if (c < ' ' || c > '~') return false;
    if (c == ':' && text.ptr[i + 1] == ' ') return false; /* never the last */
    if (c == '#' && text.ptr[i - 1] == ' ') return false; /* never the first */
  }
  return ncl_scalar_resolve(text).kind == NCL_SCALAR_STRING && !is_old_switch(text);
}

static void add_text(ncl_document *d, ncl_str text) {
  if (d->format == NCL_DOCUMENT_YAML && is_plain(text)) {
    add(d, text.ptr, text.len);
  } else {
    add_quoted(d, text);
  }
}

void ncl_document_key(ncl_document *d, ncl_str key) {
  level *l = top(d);
  if (l == NULL || l->is_list || l->keyed || d->failed) {
    d->failed = true;
    return;
  }
  separate(d);
  l->keyed = true;
  if (d->format == NCL_DOCUMENT_YAML) {
    add_text(d, key);
    ADD(d, ":");
  } else {
    add_quoted(d, key);
    if (d->format == NCL_DOCUMENT_JSON) {
      ADD(d, ": ");
    } else {
      ADD(d, ":");
    }
  }
}

void ncl_document_str(ncl_document *d, ncl_str value) {
  before_value(d, true);
  add_text(d, value);
}

void ncl_document_int(ncl_document *d, int64_t value) {
  char text[24];
  int len = snprintf(text, sizeof text, "%" PRId64, value);
  before_value(d, true);
  add(d, text, (size_t)len);
}

void ncl_document_uint(ncl_document *d, uint64_t value) {
  char text[24];
  int len = snprintf(text, sizeof text, "%" PRIu64, value);
  before_value(d, true);
  add(d, text, (size_t)len);
}

void ncl_document_double(ncl_document *d, double value) {
  char text[40];
  ncl_line line = {.buf = text, .size = sizeof text};
  before_value(d, true);
  if (d->format == NCL_DOCUMENT_YAML && !isfinite(value)) {
    const char *word = isnan(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
    add(d, word, strlen(word));
    return;
  }
  ncl_line_double(&line, value);
  add(d, line.buf, line.len);
}

void ncl_document_bool(ncl_document *d, bool value) {
  before_value(d, true);
  if (value) {
    ADD(d, "true");
  } else {
    ADD(d, "false");
  }
}

void ncl_document_null(ncl_document *d) {
  before_value(d, true);
  ADD(d, "null");
}

void ncl_document_put(ncl_document *d, const char *key, ncl_str value) {
  ncl_document_key(d, ncl_str_of(key, strlen(key)));
  ncl_document_str(d, value);
}

void ncl_document_fail(ncl_document *d) {
  d->failed = true;
}

const char *ncl_document_text(ncl_document *d, size_t *len) {
  if (d->depth != 0) d->failed = true;
  if (!d->failed && (d->len == 0 || d->text[d->len - 1] != '\n')) ADD(d, "\n");
  *len = d->failed ? 0 : d->len;
  return d->failed ? NULL : d->text;
}

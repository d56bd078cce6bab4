/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/json_doc.c: a document as one array of values, made in one pass with the scanner of OTLP/JSON. */
#include <nacelle/json_doc.h>
#include <nacelle/pdata.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_in.h"

#define FIRST_VALUES 32u

/* The document under construction. Strings are written one behind the other to `out`, which has as much room as the
 * text: no string grows by losing its escapes. */
typedef struct reader {
  ncl_json_doc *doc;
  ncl_json_in in;
  uint8_t *out;
  uint32_t depth;
  uint32_t open[NCL_JSON_DOC_DEPTH]; /* places of the arrays and objects that are open */
  uint32_t last[NCL_JSON_DOC_DEPTH]; /* of the newest value in each; 0 = none */
} reader;

/* A store that the compiler keeps although nobody reads it again. */
static void wipe(void *memory, size_t len) {
  if (len == 0) return;
  memset(memory, 0, len);
  __asm__ volatile("" : : "r"(memory) : "memory");
}

/* ---- values ---------------------------------------------------------------------------------------- */

static const uint8_t *fail(reader *r, const uint8_t *at, const char *what) {
  return ncl_json_fail(&r->in, at, what);
}

static bool grow(ncl_json_doc *doc) {
  if (doc->count < doc->capacity) return true;
  uint32_t capacity = doc->capacity > 0 ? doc->capacity * 2 : FIRST_VALUES;
  ncl_json_value *values = realloc(doc->values, capacity * sizeof *values);
  if (values == NULL) return false;
  doc->values = values;
  doc->capacity = capacity;
  return true;
}

/* A new value in what is open. NULL: over the limit, or no memory. */
static ncl_json_value *add(reader *r, const uint8_t *at, uint32_t type, ncl_str key) {
  ncl_json_doc *doc = r->doc;
  if (doc->count == NCL_JSON_DOC_VALUES) {
    (void)fail(r, at, "more than 65,536 values");
    return NULL;
  }
  if (!grow(doc)) {
    r->in.status = NCL_NO_MEMORY;
    return NULL;
  }
  uint32_t place = doc->count++;
  doc->values[place] = (ncl_json_value){.type = type, .key = key};
  if (r->depth > 0) {
    uint32_t level = r->depth - 1;
    if (r->last[level] != 0) {
      doc->values[r->last[level]].next = place;
    } else {
      doc->values[r->open[level]].first = place;
    }
    doc->values[r->open[level]].count++;
    r->last[level] = place;
  }
  return &doc->values[place];
}

/* ---- UTF-8 ----------------------------------------------------------------------------------------- */

/* Length of the character at `at`, 0 = none that is valid (RFC 3629, section 4). */
static size_t character(const uint8_t *at, const uint8_t *end) {
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  uint8_t lead = at[0];
  size_t len = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (len == 1) return 1;
  if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < len) return 0;
  uint32_t c = lead & (0xffu >> (len + 1));
  for (size_t i = 1; i < len; i++) {
    if ((at[i] & 0xc0u) != 0x80u) return 0;
    c = c << 6 | (at[i] & 0x3fu);
  }
  return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : len;
}

static const uint8_t *not_utf8(const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    size_t len = character(at, end);
    if (len == 0) return at;
    at += len;
  }
  return NULL;
}

/* ---- the text -------------------------------------------------------------------------------------- */

/* A string whose quote is at `at`. */
static const uint8_t *take_string(reader *r, const uint8_t *at, ncl_str *text) {
  uint8_t *begin = r->out;
  at = ncl_json_copy(&r->in, at + 1, &r->out);
  *text = ncl_str_of((const char *)begin, (size_t)(r->out - begin));
  return at;
}

static const uint8_t *take_key(reader *r, const uint8_t *at, ncl_str *key) {
  if (at >= r->in.end || *at != '"') return fail(r, at, "expected a key in quotes");
  at = take_string(r, at, key);
  if (at == NULL) return NULL;
  at = ncl_json_space(&r->in, at);
  if (at >= r->in.end || *at != ':') return fail(r, at, "expected a colon");
  return ncl_json_space(&r->in, at + 1);
}

static const uint8_t *take_scalar(reader *r, const uint8_t *at, ncl_str key) {
  const uint8_t *start = at;
  ncl_str text = {NULL, 0};
  uint32_t type = NCL_JSON_NULL;
  if (*at == '"') {
    type = NCL_JSON_STRING;
    at = take_string(r, at, &text);
  } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
    type = NCL_JSON_NUMBER;
    at = ncl_json_skip_number(&r->in, at);
    if (at != NULL) text = ncl_str_of((const char *)start, (size_t)(at - start));
  } else {
    type = *at == 'n' ? NCL_JSON_NULL : NCL_JSON_BOOL;
    at = ncl_json_word(&r->in, at);
  }
  if (at == NULL) return NULL;
  ncl_json_value *value = add(r, start, type, key);
  if (value == NULL) return NULL;
  value->text = text;
  if (type == NCL_JSON_BOOL) value->count = *start == 't';
  return at;
}

static const uint8_t *open_list(reader *r, const uint8_t *at, ncl_str key) {
  if (r->depth == NCL_JSON_DOC_DEPTH) return fail(r, at, "nested too deep");
  if (add(r, at, *at == '{' ? NCL_JSON_OBJECT : NCL_JSON_ARRAY, key) == NULL) return NULL;
  r->open[r->depth] = r->doc->count - 1;
  r->last[r->depth] = 0;
  r->depth++;
  return ncl_json_space(&r->in, at + 1);
}

static uint8_t closing(const reader *r) {
  return r->doc->values[r->open[r->depth - 1]].type == NCL_JSON_OBJECT ? '}' : ']';
}

/* Behind a value: closes what ends there. The place of the next value, with *more, or of the end. */
static const uint8_t *close_lists(reader *r, const uint8_t *at, bool *more) {
  *more = false;
  while (r->depth > 0) {
    at = ncl_json_space(&r->in, at);
    if (at >= r->in.end) return fail(r, at, "expected the end of an object or array");
    if (*at == ',') {
      *more = true;
      return ncl_json_space(&r->in, at + 1);
    }
    if (*at != closing(r)) return fail(r, at, "expected a comma or the end of an object or array");
    r->depth--;
    at++;
  }
  return at;
}

static const uint8_t *take_values(reader *r, const uint8_t *at) {
  bool more = true;
  while (more) {
    ncl_str key = {NULL, 0};
    if (r->depth > 0 && closing(r) == '}') at = take_key(r, at, &key);
    if (at == NULL) return NULL;
    if (at >= r->in.end) return fail(r, at, "expected a value");
    if (*at == '{' || *at == '[') {
      at = open_list(r, at, key);
      if (at == NULL) return NULL;
      if (at >= r->in.end || *at != closing(r)) continue;
    } else {
      at = take_scalar(r, at, key);
      if (at == NULL) return NULL;
    }
    at = close_lists(r, at, &more);
    if (at == NULL) return NULL;
  }
  return at;
}

static ncl_status take_text(reader *r) {
  const uint8_t *at = r->in.text;
  const uint8_t *wrong = not_utf8(at, r->in.end);
  if (wrong != NULL) {
    (void)fail(r, wrong, "not UTF-8");
    return r->in.status;
  }
  if (r->in.end - at >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0) at += 3;
  at = take_values(r, ncl_json_space(&r->in, at));
  if (at == NULL) return r->in.status;
  at = ncl_json_space(&r->in, at);
  if (at < r->in.end) (void)fail(r, at, "more text behind the end of the document");
  return r->in.status;
}

/* ---- open and close -------------------------------------------------------------------------------- */

ncl_status ncl_json_doc_open(ncl_json_doc *doc, ncl_range text) {
  memset(doc, 0, sizeof *doc);
  if (text.len > NCL_JSON_DOC_MAX) {
    (void)snprintf(doc->message, sizeof doc->message, "JSON of more than 4 MiB");
    return NCL_PERMANENT;
  }
  /* The text, and behind it the strings. Both with the room that is read, or written, too far. */
  size_t text_room = text.len + NCL_PADDING;
  doc->memory_len = 2 * text_room;
  doc->memory = malloc(doc->memory_len);
  if (doc->memory == NULL) {
    doc->memory_len = 0;
    return NCL_NO_MEMORY;
  }
  if (text.len > 0) memcpy(doc->memory, text.ptr, text.len);
  memset(doc->memory + text.len, 0, NCL_PADDING);
  ncl_json_report report = {0};
  reader r = {.doc = doc,
              .in = {.text = doc->memory, .end = doc->memory + text.len, .report = &report},
              .out = doc->memory + text_room};
  ncl_status status = take_text(&r);
  if (status == NCL_OK) return NCL_OK;
  memcpy(doc->message, report.message, sizeof doc->message);
  doc->count = 0;
  return status;
}

void ncl_json_doc_close(ncl_json_doc *doc) {
  if (doc->memory != NULL) wipe(doc->memory, doc->memory_len);
  free(doc->memory);
  free(doc->values);
  memset(doc, 0, sizeof *doc);
}

/* ---- looking --------------------------------------------------------------------------------------- */

static const ncl_json_value *at_place(const ncl_json_doc *doc, uint32_t place) {
  return place > 0 ? &doc->values[place] : NULL;
}

static bool is_list(const ncl_json_value *value) {
  return value != NULL && (value->type == NCL_JSON_ARRAY || value->type == NCL_JSON_OBJECT);
}

const ncl_json_value *ncl_json_root(const ncl_json_doc *doc) {
  return doc->count > 0 ? doc->values : NULL;
}

const ncl_json_value *ncl_json_first(const ncl_json_doc *doc, const ncl_json_value *list) {
  return is_list(list) ? at_place(doc, list->first) : NULL;
}

const ncl_json_value *ncl_json_next(const ncl_json_doc *doc, const ncl_json_value *value) {
  return value != NULL ? at_place(doc, value->next) : NULL;
}

const ncl_json_value *ncl_json_get(const ncl_json_doc *doc, const ncl_json_value *object, const char *name) {
  const ncl_json_value *found = NULL;
  size_t len = strlen(name);
  if (object == NULL || object->type != NCL_JSON_OBJECT) return NULL;
  for (const ncl_json_value *at = ncl_json_first(doc, object); at != NULL; at = ncl_json_next(doc, at)) {
    if (at->key.len == len && memcmp(at->key.ptr, name, len) == 0) found = at;
  }
  return found;
}

ncl_str ncl_json_text(const ncl_json_value *value) {
  return value != NULL && value->type == NCL_JSON_STRING ? value->text : ncl_str_of(NULL, 0);
}

uint32_t ncl_json_int(const ncl_json_value *value, int64_t *number) {
  if (value == NULL || (value->type != NCL_JSON_NUMBER && value->type != NCL_JSON_STRING)) return 0;
  const uint8_t *text = (const uint8_t *)value->text.ptr;
  ncl_json_in in = {.text = text, .end = text + value->text.len};
  ncl_json_integer integer;
  if (value->text.len == 0 || *text == '"' || ncl_json_integer_at(&in, text, &integer) != in.end) return 0;
  if (integer.magnitude > (uint64_t)INT64_MAX + integer.negative) return 0;
  *number = integer.negative ? -(int64_t)(integer.magnitude - 1) - 1 : (int64_t)integer.magnitude;
  return 1;
}

/* What stands behind a number in a document ends it for strtod, too. */
double ncl_json_double(const ncl_json_value *value, double otherwise) {
  if (value == NULL || value->type != NCL_JSON_NUMBER) return otherwise;
  const uint8_t *text = (const uint8_t *)value->text.ptr;
  return strtod((const char *)text, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that config was read from, and excerpts of them that show no secret. */
#include "core/config/source.h"

#include <stdbool.h>
#include <string.h>

#include "core/config/utf8.h"

/* Of an excerpt: characters shown before and behind the caret. */
#define SHOWN_BEFORE 100u
#define SHOWN_BEHIND 60u
#define SOURCE_MEMORY_MAX (32u * 1024u * 1024u)

typedef struct span {
  uint32_t line, column, end_line, end_column; /* from 0, end exclusive */
  uint32_t shown;
} span;

struct ncl_source {
  ncl_region region; /* holds the source itself, too */
  uint32_t references;
  uint32_t kind;
  uint32_t order;
  uint32_t complete;
  uint32_t blind; /* a span was lost: nothing is shown */
  ncl_str name;
  ncl_str text;
  size_t *lines; /* where each begins */
  size_t line_count, line_capacity;
  span *spans;
  size_t span_count, span_capacity;
};

/* The length of the line end at `at`, 0 = there is none. */
static size_t line_end(ncl_str text, size_t at) {
  const unsigned char *p = (const unsigned char *)text.ptr + at;
  size_t left = text.len - at;
  if (*p == '\n') return 1;
  if (*p == '\r') return left > 1 && p[1] == '\n' ? 2 : 1;
  if (*p == 0xC2 && left > 1 && p[1] == 0x85) return 2;                                   /* NEL */
  if (*p == 0xE2 && left > 2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9)) return 3; /* LS, PS */
  return 0;
}

static bool begin_line(ncl_source *source, size_t at) {
  size_t *lines =
      ncl_region_grow(&source->region, source->lines, source->line_count, &source->line_capacity, sizeof(size_t));
  if (lines == NULL) return false;
  source->lines = lines;
  lines[source->line_count++] = at;
  return true;
}

static bool find_lines(ncl_source *source) {
  size_t at = 0;
  if (!begin_line(source, 0)) return false;
  while (at < source->text.len) {
    size_t end = line_end(source->text, at);
    at += end > 0 ? end : 1;
    if (end > 0 && !begin_line(source, at)) return false;
  }
  return true;
}

ncl_source *ncl_source_new(const ncl_allocator *allocator, uint32_t kind, ncl_str name, ncl_str text, uint32_t order) {
  ncl_region region;
  ncl_source *source;

  ncl_region_init(&region, allocator, SOURCE_MEMORY_MAX);
  source = ncl_region_alloc(&region, sizeof(*source));
  if (source == NULL) return NULL;
  source->region = region;
  source->references = 1;
  source->kind = kind;
  source->order = order;
  source->name = ncl_region_copy(&source->region, name);
  if (text.len >= 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0) text = ncl_str_of(text.ptr + 3, text.len - 3);
  source->text = ncl_region_copy(&source->region, text);
  if (source->name.ptr == NULL || source->text.ptr == NULL || !find_lines(source)) {
    ncl_source_release(source);
    return NULL;
  }
  return source;
}

ncl_source *ncl_source_retain(ncl_source *source) {
  if (source != NULL) source->references++;
  return source;
}

void ncl_source_release(ncl_source *source) {
  ncl_region region;
  if (source == NULL || --source->references > 0) return;
  region = source->region;
  ncl_region_end(&region);
}

uint32_t ncl_source_kind(const ncl_source *source) {
  return source->kind;
}
ncl_str ncl_source_name(const ncl_source *source) {
  return source->name;
}
ncl_str ncl_source_text(const ncl_source *source) {
  return source->text;
}
uint32_t ncl_source_order(const ncl_source *source) {
  return source->order;
}
uint32_t ncl_source_line_count(const ncl_source *source) {
  return (uint32_t)source->line_count;
}

ncl_str ncl_source_line(const ncl_source *source, uint32_t line) {
  size_t begin, end;
  if (line == 0 || line > source->line_count) return ncl_str_of("", 0);
  begin = source->lines[line - 1];
  for (end = begin; end < source->text.len && line_end(source->text, end) == 0; end++) {
  }
  return ncl_str_of(source->text.ptr + begin, end - begin);
}

uint32_t ncl_source_add_span(ncl_source *source, uint32_t line, uint32_t column, uint32_t end_line,
                             uint32_t end_column) {
  span *spans =
      ncl_region_grow(&source->region, source->spans, source->span_count, &source->span_capacity, sizeof(span));
  if (spans == NULL) {
    source->blind = 1;
    return 0;
  }
  source->spans = spans;
  spans[source->span_count] = (span){line, column, end_line, end_column, 0};
  return (uint32_t)++source->span_count;
}

void ncl_source_show_span(ncl_source *source, uint32_t number) {
  if (source != NULL && number > 0 && number <= source->span_count) source->spans[number - 1].shown = 1;
}

bool ncl_source_span_is_long(const ncl_source *source, uint32_t number) {
  if (source == NULL || number == 0 || number > source->span_count) return false;
  return source->spans[number - 1].end_line > source->spans[number - 1].line;
}

void ncl_source_cut_spans(ncl_source *source, uint32_t line) {
  span *last = source->span_count > 0 ? &source->spans[source->span_count - 1] : NULL;
  if (last == NULL || line == 0 || last->line >= line - 1 || last->end_line < line - 1) return;
  last->end_line = line - 1;
  last->end_column = 0;
}

void ncl_source_set_complete(ncl_source *source) {
  source->complete = 1;
}

/* ---- excerpts ------------------------------------------------------------------------------ */

static bool before(uint32_t line, uint32_t column, uint32_t other_line, uint32_t other_column) {
  return line < other_line || (line == other_line && column < other_column);
}

/* The first span that ends behind the place; spans are in the order of the text and do not overlap. */
static size_t span_behind(const ncl_source *source, uint32_t line, uint32_t column) {
  size_t low = 0, high = source->span_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const span *s = &source->spans[middle];
    if (before(line, column, s->end_line, s->end_column)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* In text that no parser understood, only what leads up to the first key of a line and that key are shown. */
typedef enum { UNREAD_LEAD, UNREAD_KEY, UNREAD_GAP, UNREAD_REST } unread_state;

static bool is_key_character(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '/' || c == '.' || c >= 0x80;
}

static bool begins_key(ncl_str rest) {
  size_t i = 0;
  while (i < rest.len && is_key_character((unsigned char)rest.ptr[i]))
    i++;
  if (i == 0) return false;
  if (i < rest.len && (rest.ptr[i] == '"' || rest.ptr[i] == '\'')) i++;
  return i < rest.len && rest.ptr[i] == ':' && (i + 1 == rest.len || rest.ptr[i + 1] == ' ' || rest.ptr[i + 1] == '\t');
}

/* Whether the character at the start of `rest` is to be hidden. */
static bool hides_unread(unread_state *state, ncl_str rest) {
  unsigned char c = (unsigned char)rest.ptr[0];
  if (*state != UNREAD_REST && (c == ' ' || c == '\t')) return false;
  if (*state == UNREAD_GAP) *state = UNREAD_REST;
  if (*state == UNREAD_LEAD) {
    if (c == '-' || c == '?' || c == '"' || c == '\'' || c == '{' || c == '[') return false;
    *state = begins_key(rest) ? UNREAD_KEY : UNREAD_REST;
  }
  if (*state == UNREAD_KEY) {
    if (c == ':') *state = UNREAD_GAP;
    return false;
  }
  return true;
}

typedef enum { CELL_SHOWN, CELL_HIDDEN, CELL_COMMENT } cell;

typedef struct line_reader {
  const ncl_source *source;
  uint32_t line; /* from 0 */
  size_t span;   /* the next one */
  unread_state unread;
  bool edge; /* a "#" would begin a comment: the character before is part of no word, or there was none */
} line_reader;

static cell classify(line_reader *reader, uint32_t column, ncl_str rest) {
  const ncl_source *source = reader->source;
  bool was_edge = reader->edge;
  bool hidden_if_unread = hides_unread(&reader->unread, rest);

  reader->edge = !is_key_character((unsigned char)rest.ptr[0]);
  while (reader->span < source->span_count &&
         !before(reader->line, column, source->spans[reader->span].end_line, source->spans[reader->span].end_column)) {
    reader->span++;
  }
  if (reader->span < source->span_count) {
    const span *s = &source->spans[reader->span];
    if (!before(reader->line, column, s->line, s->column)) return s->shown ? CELL_SHOWN : CELL_HIDDEN;
  }
  if (rest.ptr[0] == '#' && was_edge) return CELL_COMMENT;
  if (reader->span == source->span_count && !source->complete) return hidden_if_unread ? CELL_HIDDEN : CELL_SHOWN;
  return CELL_SHOWN;
}

/* Characters that look like a space, or like nothing. */
static bool is_unseen(uint32_t code) {
  return code == 0xA0 || code == 0xAD || (code >= 0x2000 && code <= 0x200F) || (code >= 0x2028 && code <= 0x202F) ||
         (code >= 0x205F && code <= 0x206F) || code == 0x3000 || code == 0xFEFF;
}

/* Prints one character; returns how wide it got. */
static uint32_t print_character(ncl_str character, FILE *out) {
  unsigned char c = (unsigned char)character.ptr[0];
  uint32_t code = 0;
  if (c >= 0x80 && ncl_utf8_decode(character.ptr, character.len, &code) > 0 && is_unseen(code)) {
    int width = fprintf(out, "<U+%04X>", code);
    return width > 0 ? (uint32_t)width : 0;
  }
  if (c == '\t') {
    (void)fputs("<tab>", out);
    return 5;
  }
  if (character.len == 1 && (c < 0x20 || c >= 0x7F)) {
    (void)fputc('?', out);
  } else {
    (void)fwrite(character.ptr, 1, character.len, out);
  }
  return 1;
}

/* Prints the shown part of the line; returns how many places the caret stands behind its begin. */
static uint32_t print_line(line_reader *reader, ncl_str text, uint32_t target, FILE *out) {
  uint32_t first = target > SHOWN_BEFORE ? target - SHOWN_BEFORE : 0;
  uint32_t column = 0, width = 0, caret = UINT32_MAX;
  size_t at = 0;
  bool in_mask = false;

  if (first > 0) {
    (void)fputs("...", out);
    width = 3;
  }
  for (; at < text.len && column < target + SHOWN_BEHIND; column++) {
    size_t length = ncl_utf8_length(text.ptr + at, text.len - at);
    ncl_str rest = ncl_str_of(text.ptr + at, text.len - at);
    cell what = classify(reader, column, rest);
    if (column == target) caret = in_mask && what == CELL_HIDDEN ? width - 3 : width;
    at += length > 0 ? length : 1;
    if (column < first) continue;
    if (what == CELL_COMMENT) {
      (void)fputs("# ...", out);
      width += 5;
      break;
    }
    if (what == CELL_HIDDEN && !in_mask) {
      (void)fputs("***", out);
      width += 3;
    } else if (what == CELL_SHOWN) {
      width += print_character(ncl_str_of(rest.ptr, length > 0 ? length : 1), out);
    }
    in_mask = what == CELL_HIDDEN;
  }
  if (at < text.len && column >= target + SHOWN_BEHIND) (void)fputs("...", out);
  return caret == UINT32_MAX ? width : caret;
}

void ncl_source_print_excerpt(const ncl_source *source, uint32_t line, uint32_t column, int indent, FILE *out) {
  line_reader reader = {source, line - 1, 0, UNREAD_LEAD, true};
  uint32_t caret;

  if (line == 0 || column == 0 || line > source->line_count || source->blind) return;
  reader.span = span_behind(source, line - 1, 0);
  (void)fprintf(out, "%*s", indent, "");
  caret = print_line(&reader, ncl_source_line(source, line), column - 1, out);
  (void)fprintf(out, "\n%*s^\n", indent + (int)caret, "");
}

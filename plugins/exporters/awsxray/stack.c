/* SPDX-License-Identifier: Apache-2.0 */
/* stack.c: stack traces as frames: those of Java and PHP, Python, JavaScript, .NET and Go, as their SDKs write them. */
#include "segment.h"

/* An exception that is being written, and what it can still get. */
typedef struct open_exception {
  ncl_xray_translator *t;
  ncl_writer *w;
  uint64_t *number;
  uint64_t id;
  bool is_remote;
  bool has_stack;
} open_exception;

static void begin(open_exception *e, ncl_str type, ncl_str message) {
  ncl_json_comma(e->w);
  ncl_json_literal(e->w, "{" NCL_JSON_INNER_NAME("id"));
  ncl_xray_put_id(e->w, e->id);
  ncl_json_literal(e->w, "," NCL_JSON_INNER_NAME("message"));
  ncl_json_inner_text(e->w, message);
  ncl_json_literal(e->w, "," NCL_JSON_INNER_NAME("type"));
  ncl_json_inner_text(e->w, type);
  ncl_json_literal(e->w, "," NCL_JSON_INNER_NAME("remote"));
  ncl_json_put_bool(e->w, e->is_remote);
  e->has_stack = false;
}

static void end(open_exception *e) {
  if (e->has_stack) ncl_json_literal(e->w, "]");
  ncl_json_close(e->w);
}

/* Ends it, and begins the one that it was caused by. */
static void caused_by(open_exception *e, ncl_str type, ncl_str message) {
  uint64_t id = ncl_xray_made_up_id(e->t, (*e->number)++);
  if (e->has_stack) ncl_json_literal(e->w, "]");
  ncl_json_inner_key(e->w, "cause");
  ncl_xray_put_id(e->w, id);
  ncl_json_close(e->w);
  e->id = id;
  begin(e, type, message);
}

static void frame(open_exception *e, ncl_str path, ncl_str label, int64_t line) {
  if (!e->has_stack) ncl_json_literal(e->w, "," NCL_JSON_INNER_NAME("stack") "[");
  e->has_stack = true;
  ncl_json_comma(e->w);
  ncl_json_literal(e->w, "{" NCL_JSON_INNER_NAME("path"));
  ncl_json_inner_text(e->w, path);
  ncl_json_literal(e->w, "," NCL_JSON_INNER_NAME("line"));
  ncl_json_put_int(e->w, line);
  ncl_json_literal(e->w, "," NCL_JSON_INNER_NAME("label"));
  ncl_json_inner_text(e->w, label);
  ncl_json_close(e->w);
}

/* ---- text -------------------------------------------------------------------------------------------- */

static bool is_inside(ncl_str s, size_t at) {
  return at < s.len && ((unsigned char)s.ptr[at] & 0xc0) == 0x80;
}

/* Between two places; one that lies inside of a character is moved behind it. */
static ncl_str part(ncl_str s, size_t from, size_t to) {
  while (is_inside(s, from))
    from++;
  while (is_inside(s, to))
    to++;
  if (to > s.len) to = s.len;
  return from < to ? ncl_str_of(s.ptr + from, to - from) : ncl_str_of("", 0);
}

static ncl_str from(ncl_str s, size_t at) {
  return part(s, at, s.len);
}

/* The place of a byte at or behind `at`; s.len = there is none. */
static size_t find(ncl_str s, char c, size_t at) {
  for (; at < s.len; at++) {
    if (s.ptr[at] == c) return at;
  }
  return s.len;
}

static size_t find_last(ncl_str s, char c) {
  for (size_t i = s.len; i > 0; i--) {
    if (s.ptr[i - 1] == c) return i - 1;
  }
  return s.len;
}

static size_t find_text(ncl_str s, const char *text) {
  size_t len = strlen(text);
  for (size_t i = 0; i + len <= s.len; i++) {
    if (memcmp(s.ptr + i, text, len) == 0) return i;
  }
  return s.len;
}

/* Digits only, or 0. */
static int64_t line_number(ncl_str s) {
  int64_t number = 0;
  if (s.len > 9) return 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] < '0' || s.ptr[i] > '9') return 0;
    number = number * 10 + (s.ptr[i] - '0');
  }
  return number;
}

static bool ends_with(ncl_str s, char c) {
  return s.len > 0 && s.ptr[s.len - 1] == c;
}

/* The next line without its end: false at the end of the text. */
static bool next_line(ncl_str *text, ncl_str *line) {
  if (text->len == 0) return false;
  size_t stop = find(*text, '\n', 0);
  *line = part(*text, 0, stop);
  if (ends_with(*line, '\r')) line->len--;
  *text = from(*text, stop + 1);
  return true;
}

/* ---- Java, PHP --------------------------------------------------------------------------------------- */

static bool is_java_frame(ncl_str line) {
  return ncl_xray_begins(line, "\tat ") && find(line, '(', 0) < line.len && ends_with(line, ')');
}

static void java_frame(open_exception *e, ncl_str line) {
  size_t paren = find(line, '(', 0);
  ncl_str label = part(line, 4, paren), path = part(line, paren + 1, line.len - 1);
  size_t slash = find(label, '/', 0), colon = find(path, ':', 0);
  if (slash < label.len) label = from(label, slash + 1); /* a class loader or module */
  frame(e, part(path, 0, colon), label, line_number(from(path, colon + 1)));
}

/* A message may have several lines: all up to the first frame. True: *line is that frame. */
static bool java_cause(open_exception *e, ncl_str *text, ncl_str *line) {
  ncl_str said = from(*line, sizeof "Caused by: " - 1);
  size_t colon = find(said, ':', 0);
  ncl_str type = part(said, 0, colon), message = from(said, colon + 2);
  const char *stop = said.ptr + said.len;
  bool more;
  while ((more = next_line(text, line)) && !is_java_frame(*line))
    stop = line->ptr + line->len;
  if (message.len > 0) message.len = (size_t)(stop - message.ptr);
  caused_by(e, type, message);
  return more;
}

static void java_stack(open_exception *e, ncl_str text) {
  ncl_str line;
  if (!next_line(&text, &line)) return;
  bool more = next_line(&text, &line);
  while (more) {
    if (ncl_xray_begins(line, "Caused by: ")) {
      more = java_cause(e, &text, &line);
      continue;
    }
    if (is_java_frame(line)) java_frame(e, line);
    more = next_line(&text, &line);
  }
}

/* ---- Python ------------------------------------------------------------------------------------------ */

static void python_frame(open_exception *e, ncl_str line) {
  size_t first = find(line, ',', 0), second = find(line, ',', first + 1);
  if (second >= line.len || find(line, ',', second + 1) < line.len) return;
  ncl_str file = part(line, 8, first > 0 ? first - 1 : 0); /* between its quotes */
  ncl_str number = part(line, first + 1, second), label = from(line, second + 1);
  number = ncl_xray_begins(number, " line ") ? from(number, 6) : ncl_str_of("", 0);
  label = ncl_xray_begins(label, " in ") ? from(label, 4) : ncl_str_of("", 0);
  frame(e, file, label, line_number(number));
}

/* The line before the byte `*stop`, which is moved to its begin (or to SIZE_MAX behind the first). */
static bool line_before(ncl_str text, size_t *stop, ncl_str *line) {
  if (*stop == SIZE_MAX) return false;
  size_t begin = *stop;
  while (begin > 0 && text.ptr[begin - 1] != '\n')
    begin--;
  *line = part(text, begin, *stop);
  *stop = begin == 0 ? SIZE_MAX : begin - 1;
  return true;
}

/* The exception before "During handling": its type and message stand between its last frame (and that one's source
 * line) and an empty line. True: *line is that frame. */
static bool python_cause(open_exception *e, ncl_str text, size_t *stop, ncl_str *line) {
  size_t said_end = *stop; /* the end of the empty line */
  ncl_str source = NCL_STR(""), next = NCL_STR("");
  while (line_before(text, stop, line)) {
    if (!ncl_xray_begins(*line, "  File ")) {
      next = source;
      source = *line;
      continue;
    }
    if (next.ptr == NULL || next.len == 0 || said_end == SIZE_MAX) return false;
    size_t begin_at = (size_t)(next.ptr - text.ptr);
    ncl_str said = part(text, begin_at, said_end > 0 ? said_end - 1 : 0);
    size_t colon = find(said, ':', 0);
    if (colon >= said.len) return false;
    caused_by(e, part(said, 0, colon), from(said, colon + 2));
    return true;
  }
  return false;
}

/* The last frame comes last, and the first cause first: read backwards. */
static void python_stack(open_exception *e, ncl_str text) {
  size_t stop = text.len;
  ncl_str line;
  if (!line_before(text, &stop, &line)) return; /* the exception itself */
  bool more = line_before(text, &stop, &line);
  while (more) {
    if (ncl_xray_begins(line, "During handling of the above exception, another exception occurred:")) {
      more = python_cause(e, text, &stop, &line);
      continue;
    }
    if (ncl_xray_begins(line, "  File ")) python_frame(e, line);
    more = line_before(text, &stop, &line);
  }
}

/* ---- JavaScript, .NET, Go ---------------------------------------------------------------------------- */

static void javascript_frame(open_exception *e, ncl_str line) {
  size_t paren = find(line, '(', 0);
  ncl_str label = NCL_STR(""), path = NCL_STR("");
  int64_t number = 0;
  if (paren < line.len && ends_with(line, ')')) {
    label = part(line, 7, paren);
    path = part(line, paren + 1, line.len - 1);
  } else if (paren >= line.len) {
    path = from(line, 7);
  }
  size_t first = find(path, ':', 0), second = find(path, ':', first + 1);
  if (second < path.len) {
    number = line_number(part(path, first + 1, second));
    path = part(path, 0, first);
  } else if (first >= path.len && find_text(path, "native") < path.len) {
    path = (ncl_str)NCL_STR("native");
  }
  if (path.len > 0 || label.len > 0 || number != 0) frame(e, path, label, number);
}

static ncl_str trimmed(ncl_str s) {
  while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
    s = from(s, 1);
  while (ends_with(s, ' ') || ends_with(s, '\t'))
    s.len--;
  return s;
}

static void dotnet_frame(open_exception *e, ncl_str line) {
  size_t in = find_text(line, " in "), paren = find_last(line, ')');
  if (in >= line.len) {
    if (paren < line.len) frame(e, ncl_str_of("", 0), part(line, 3, paren + 1), 0);
    return;
  }
  ncl_str path = from(line, in + 4);
  path = part(path, 0, find_text(path, " in "));
  size_t colon = find_last(path, ':');
  ncl_str number = from(path, colon + 1);
  if (ncl_xray_begins(number, "line")) number = from(number, 5);
  frame(e, part(path, 0, colon), part(line, 3, in), line_number(number));
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* The first "path:number" of a line. */
static void go_place(ncl_str line, ncl_str *path, int64_t *number) {
  for (size_t colon = find(line, ':', 0); colon < line.len; colon = find(line, ':', colon + 1)) {
    size_t begin_at = colon, stop = colon + 1;
    while (begin_at > 0 && !is_space(line.ptr[begin_at - 1]) && line.ptr[begin_at - 1] != ':')
      begin_at--;
    while (stop < line.len && line.ptr[stop] >= '0' && line.ptr[stop] <= '9')
      stop++;
    if (begin_at == colon || stop == colon + 1) continue;
    *path = part(line, begin_at, colon);
    *number = line_number(part(line, colon + 1, stop));
    return;
  }
}

/* Pairs of lines, a function and its place. */
static void go_stack(open_exception *e, ncl_str text) {
  ncl_str line, path = NCL_STR("");
  int64_t number = 0;
  if (!next_line(&text, &line)) return;
  while (next_line(&text, &line)) {
    if (ncl_xray_begins(line, "goroutine") && find_text(line, "running") < line.len && ends_with(line, ':')) {
      if (!next_line(&text, &line)) return;
    }
    ncl_str label = line;
    if (next_line(&text, &line)) go_place(line, &path, &number);
    frame(e, path, label, number);
  }
}

static void each_line(open_exception *e, ncl_str text, const char *prefix,
                      void (*take)(open_exception *e, ncl_str line)) {
  ncl_str line;
  if (!next_line(&text, &line)) return;
  while (next_line(&text, &line)) {
    if (take == dotnet_frame) line = trimmed(line);
    if (ncl_xray_begins(line, prefix)) take(e, line);
  }
}

void ncl_xray_put_exception(ncl_xray_translator *t, ncl_writer *w, const ncl_xray_exception *exception,
                            uint64_t *number) {
  ncl_str language = exception->language, text = exception->stack;
  open_exception e = {.t = t, .w = w, .number = number, .is_remote = exception->is_remote};
  e.id = ncl_xray_made_up_id(t, (*number)++);
  begin(&e, exception->type, exception->message);
  if (text.len == 0) {
    /* nothing to say */
  } else if (ncl_xray_is(language, "java") || ncl_xray_is(language, "php")) {
    java_stack(&e, text);
  } else if (ncl_xray_is(language, "python")) {
    python_stack(&e, text);
  } else if (ncl_xray_is(language, "javascript") || ncl_xray_is(language, "nodejs") || ncl_xray_is(language, "webjs")) {
    each_line(&e, text, "    at ", javascript_frame);
  } else if (ncl_xray_is(language, "dotnet")) {
    each_line(&e, text, "at ", dotnet_frame);
  } else if (ncl_xray_is(language, "go")) {
    go_stack(&e, text);
  }
  end(&e);
}

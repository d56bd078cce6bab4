/* SPDX-License-Identifier: Apache-2.0 */
/* line.c: <name>:<value>|<type>|@<rate>|#<key>:<value>,...|c:<container>|T<seconds>, the parts behind the type in any
 * order. An empty part ends the line, as in the Go collector. */
#include "line.h"

#include <math.h>
#include <nacelle/otlp_text.h>
#include <string.h>

static const ncl_str type_names[] = {NCL_STR("counter"), NCL_STR("gauge"), NCL_STR("timing"), NCL_STR("histogram"),
                                     NCL_STR("distribution")};

/* What is before `mark` in *rest, which goes on behind it. false: there is no mark, and it is all of *rest. */
static bool cut(ncl_str *rest, char mark, ncl_str *before) {
  const char *at = rest->len > 0 ? memchr(rest->ptr, mark, rest->len) : NULL;
  *before = *rest;
  if (at == NULL) {
    rest->ptr += rest->len;
    rest->len = 0;
    return false;
  }
  before->len = (size_t)(at - rest->ptr);
  rest->ptr = at + 1;
  rest->len -= before->len + 1;
  return true;
}

static bool is_text(ncl_str text, const char *other) {
  return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0;
}

static bool read_type(ncl_str text, uint32_t *type) {
  static const char *const types[] = {"c", "g", "ms", "h", "d"};
  for (uint32_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (!is_text(text, types[i])) continue;
    *type = i;
    return true;
  }
  return false;
}

static int order(ncl_str a, ncl_str b) {
  size_t common = a.len < b.len ? a.len : b.len;
  int by_bytes = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
  return by_bytes != 0 ? by_bytes : a.len < b.len ? -1 : a.len > b.len;
}

/* Into its place; of a key that comes twice the last value counts. */
static bool add_tag(ncl_statsd_line *line, ncl_str key, ncl_str value) {
  uint32_t at = line->tag_count;
  while (at > 0 && order(line->tags[at - 1].key, key) > 0)
    at--;
  if (at > 0 && order(line->tags[at - 1].key, key) == 0) {
    line->tags[at - 1].value = value;
    return true;
  }
  if (line->tag_count == NCL_STATSD_TAGS_MAX) return false;
  memmove(&line->tags[at + 1], &line->tags[at], (line->tag_count - at) * sizeof line->tags[0]);
  line->tags[at] = (ncl_statsd_tag){key, value};
  line->tag_count++;
  return true;
}

static const char *read_tags(ncl_str text, const ncl_statsd_syntax *syntax, ncl_statsd_line *line) {
  while (text.len > 0) {
    ncl_str tag, key;
    (void)cut(&text, ',', &tag);
    if (tag.len == 0) continue;
    (void)cut(&tag, ':', &key);
    if (key.len == 0 || (tag.len == 0 && !syntax->simple_tags)) return "malformed";
    if (!add_tag(line, key, tag)) return "tags";
  }
  return NULL;
}

#define SECONDS_MAX (INT64_MAX / 1000000000)

static const char *read_part(ncl_str part, const ncl_statsd_syntax *syntax, ncl_statsd_line *line) {
  static const ncl_str container = NCL_STR("container.id");
  ncl_str body = {part.ptr + 1, part.len - 1};
  double rate;
  int64_t seconds;
  if (part.ptr[0] == '@') {
    if (!ncl_text_to_double(body, &rate)) return "malformed";
    line->weight = rate > 0 && rate < 1 ? 1 / rate : 1;
    return NULL;
  }
  if (part.ptr[0] == '#') return read_tags(body, syntax, line);
  if (part.len >= 2 && part.ptr[0] == 'c' && part.ptr[1] == ':') {
    body = (ncl_str){part.ptr + 2, part.len - 2};
    return body.len == 0 || add_tag(line, container, body) ? NULL : "tags";
  }
  if (part.ptr[0] != 'T' || line->type > NCL_STATSD_GAUGE) return "malformed";
  if (!ncl_text_to_int(body, &seconds) || body.ptr[0] == '-' || body.ptr[0] == '+' || seconds > SECONDS_MAX)
    return "malformed";
  line->timestamp_ns = seconds * 1000000000;
  return NULL;
}

const char *ncl_statsd_read(ncl_str text, const ncl_statsd_syntax *syntax, ncl_statsd_line *line) {
  static const ncl_str metric_type = NCL_STR("metric_type");
  ncl_str value, part;
  line->tag_count = 0;
  line->timestamp_ns = 0;
  line->weight = 1;
  if (!cut(&text, '|', &value) || !cut(&value, ':', &line->name)) return "malformed";
  if (line->name.len == 0 || value.len == 0) return "malformed";
  line->is_addition = value.ptr[0] == '-' || value.ptr[0] == '+';
  (void)cut(&text, '|', &part);
  if (!read_type(part, &line->type)) return "unsupported";
  for (;;) {
    (void)cut(&text, '|', &part);
    if (part.len == 0) break;
    const char *why = read_part(part, syntax, line);
    if (why != NULL) return why;
  }
  if (!ncl_text_to_double(value, &line->value)) return "malformed";
  if (!isfinite(line->value)) return "not_a_number";
  if (syntax->metric_type && !add_tag(line, metric_type, type_names[line->type])) return "tags";
  return NULL;
}

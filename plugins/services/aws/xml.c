/* SPDX-License-Identifier: Apache-2.0 */
/* xml.c: one pass over the tags, with the names of the open elements on a stack. Attributes are stepped over. */
#include "xml.h"

#include <stdbool.h>

#include "text.h"

typedef struct reader {
  ncl_str rest; /* what is not read yet */
  ncl_str open[NCL_AWS_XML_DEPTH];
  uint32_t depth;
  const char *path;
  uint32_t path_depth;
  char *into;
  size_t size, len;
} reader;

static bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == ':';
}

static uint32_t depth_of(const char *path) {
  uint32_t depth = 1;
  for (; *path != '\0'; path++)
    depth += *path == '/';
  return depth;
}

/* Whether the open elements are those of the path. */
static bool is_there(const reader *r) {
  const char *at = r->path;
  if (r->depth != r->path_depth) return false;
  for (uint32_t i = 0; i < r->depth; i++) {
    size_t len = strcspn(at, "/");
    bool is_any = len == 1 && *at == '*';
    if (!is_any && !ncl_aws_same(ncl_str_of(at, len), r->open[i])) return false;
    at += len + (at[len] == '/');
  }
  return true;
}

/* ---- text -------------------------------------------------------------------------------------------- */

static bool put(reader *r, ncl_str text) {
  if (text.len >= r->size - r->len) return false;
  if (text.len > 0) memcpy(r->into + r->len, text.ptr, text.len);
  r->len += text.len;
  return true;
}

static bool put_character(reader *r, uint32_t c) {
  char out[4];
  size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return false;
  for (size_t i = len; i-- > 1; c >>= 6)
    out[i] = (char)(0x80u | (c & 0x3fu));
  static const uint32_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
  out[0] = (char)(leads[len] | c);
  return put(r, ncl_str_of(out, len));
}

/* "#65", "#x41" */
static bool put_number(reader *r, ncl_str digits) {
  uint32_t base = 10, c = 0;
  if (digits.len > 0 && digits.ptr[0] == 'x') {
    base = 16;
    digits = ncl_aws_after(digits, 1);
  }
  if (digits.len == 0 || digits.len > 7) return false;
  for (size_t i = 0; i < digits.len; i++) {
    char d = digits.ptr[i];
    uint32_t value = d >= '0' && d <= '9' ? (uint32_t)(d - '0') : 16;
    if (base == 16 && (d | 0x20) >= 'a' && (d | 0x20) <= 'f') value = (uint32_t)((d | 0x20) - 'a' + 10);
    if (value >= base) return false;
    c = c * base + value;
  }
  return put_character(r, c);
}

static bool put_entity(reader *r, ncl_str name) {
  static const char *const entities[][2] = {{"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}};
  if (name.len > 0 && name.ptr[0] == '#') return put_number(r, ncl_aws_after(name, 1));
  for (size_t i = 0; i < 5; i++) {
    if (ncl_aws_is(name, entities[i][0])) return put(r, ncl_aws_str(entities[i][1]));
  }
  return false;
}

static bool put_text(reader *r, ncl_str text) {
  while (text.len > 0) {
    size_t plain = ncl_aws_find(text, '&');
    if (!put(r, ncl_aws_cut(text, 0, plain))) return false;
    text = ncl_aws_after(text, plain);
    if (text.len == 0) break;
    size_t end = ncl_aws_find(text, ';');
    if (end == text.len || !put_entity(r, ncl_aws_cut(text, 1, end))) return false;
    text = ncl_aws_after(text, end + 1);
  }
  return true;
}

/* ---- tags -------------------------------------------------------------------------------------------- */

/* Steps over what ends with `end`; its text behind the first `skipped` bytes. */
static bool step_over(reader *r, size_t skipped, const char *end, ncl_str *inner) {
  ncl_str body = ncl_aws_after(r->rest, skipped);
  size_t at = ncl_aws_find_text(body, end);
  if (at == body.len) return false;
  *inner = ncl_aws_cut(body, 0, at);
  r->rest = ncl_aws_after(body, at + strlen(end));
  return true;
}

/* The end of a tag: the first ">" that is not in quotes. */
static bool step_over_tag(reader *r, ncl_str *inner) {
  char quote = '\0';
  for (size_t i = 1; i < r->rest.len; i++) {
    char c = r->rest.ptr[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '<') {
      return false;
    } else if (c == '>') {
      *inner = ncl_aws_cut(r->rest, 1, i);
      r->rest = ncl_aws_after(r->rest, i + 1);
      return true;
    }
  }
  return false;
}

static ncl_str name_of(ncl_str tag) {
  size_t len = 0;
  while (len < tag.len && is_name(tag.ptr[len]))
    len++;
  return ncl_aws_cut(tag, 0, len);
}

/* NCL_OK: the wanted element ends here. NCL_UNSUPPORTED: go on. */
static ncl_status close_element(reader *r, ncl_str name) {
  if (r->depth == 0 || !ncl_aws_same(r->open[r->depth - 1], name)) return NCL_PERMANENT;
  bool is_wanted = is_there(r);
  r->depth--;
  return is_wanted ? NCL_OK : NCL_UNSUPPORTED;
}

static ncl_status take_tag(reader *r) {
  ncl_str tag;
  if (!step_over_tag(r, &tag)) return NCL_PERMANENT;
  if (ncl_aws_begins(tag, "/")) return close_element(r, ncl_aws_trim(ncl_aws_after(tag, 1)));
  ncl_str name = name_of(tag);
  bool has_end = name.len < tag.len && (tag.ptr[name.len] == '/' || ncl_aws_is_space(tag.ptr[name.len]));
  if (name.len == 0 || (name.len < tag.len && !has_end) || r->depth == NCL_AWS_XML_DEPTH) return NCL_PERMANENT;
  r->open[r->depth++] = name;
  if (is_there(r)) r->len = 0;
  return tag.ptr[tag.len - 1] == '/' ? close_element(r, name) : NCL_UNSUPPORTED;
}

static ncl_status take_markup(reader *r) {
  ncl_str inner;
  if (ncl_aws_begins(r->rest, "<!--")) return step_over(r, 4, "-->", &inner) ? NCL_UNSUPPORTED : NCL_PERMANENT;
  if (ncl_aws_begins(r->rest, "<?")) return step_over(r, 2, "?>", &inner) ? NCL_UNSUPPORTED : NCL_PERMANENT;
  if (ncl_aws_begins(r->rest, "<![CDATA[")) {
    if (!step_over(r, 9, "]]>", &inner)) return NCL_PERMANENT;
    return !is_there(r) || put(r, inner) ? NCL_UNSUPPORTED : NCL_PERMANENT;
  }
  if (ncl_aws_begins(r->rest, "<!")) return NCL_PERMANENT;
  return take_tag(r);
}

ncl_status ncl_aws_xml_get(ncl_str xml, const char *path, char *into, size_t size, size_t *len) {
  reader r = {.rest = xml, .path = path, .path_depth = depth_of(path), .into = into, .size = size};
  ncl_status status = NCL_UNSUPPORTED;
  *len = 0;
  into[0] = '\0';
  while (status == NCL_UNSUPPORTED && r.rest.len > 0) {
    size_t plain = ncl_aws_find(r.rest, '<');
    ncl_str text = ncl_aws_cut(r.rest, 0, plain);
    r.rest = ncl_aws_after(r.rest, plain);
    if (is_there(&r) && !put_text(&r, text)) return NCL_PERMANENT;
    if (r.rest.len > 0) status = take_markup(&r);
  }
  if (status == NCL_UNSUPPORTED && r.depth > 0) return NCL_PERMANENT;
  if (status != NCL_OK) return status;
  into[r.len] = '\0';
  *len = r.len;
  return NCL_OK;
}

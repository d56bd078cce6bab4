/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars of each type: what they may be, and what is said when they are something else. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/config/component_id.h"
#include "core/config/decoder.h"
#include "core/config/near_miss.h"
#include "core/config/scalar.h"

#define QUOTE_MAX 60u /* bytes of a value that a message shows */
#define UNIX_PATH_MAX 107u

typedef struct quoted {
  char text[2 * QUOTE_MAX + 32];
} quoted;

/* The end of "user:password@" in an address; 0 = there is none. */
static size_t user_info_end(ncl_str text, size_t *begin) {
  size_t i;
  for (i = 0; i + 2 < text.len; i++) {
    const char *at;
    if (memcmp(text.ptr + i, "://", 3) != 0) continue;
    *begin = i + 3;
    at = memchr(text.ptr + *begin, '@', text.len - *begin);
    return at == NULL ? 0 : (size_t)(at - text.ptr);
  }
  return 0;
}

/* The value is not for messages: its field is secret, or it is text that comes from a reference, which may have put a
 * secret into the wrong field, or it goes over lines, of which a mistake may have put one there. */
static bool hides(const ncl_decoder *d, const ncl_node *node) {
  if (d->secret || ncl_source_span_is_long(node->mark.source, node->span)) return true;
  return (node->flags & (NCL_NODE_REFERENCE | NCL_NODE_SPLICED)) != 0 &&
         ncl_scalar_resolve(ncl_node_value(node)).kind == NCL_SCALAR_STRING;
}

/* A value for a message: in quotes unless it is a number, cut where it is long, "the value" where it is secret. */
static quoted quote(const ncl_decoder *d, const ncl_node *node) {
  quoted out;
  ncl_str text = node->text;
  size_t begin = 0, end = user_info_end(text, &begin);
  bool is_text = node->style != NCL_STYLE_PLAIN || ncl_scalar_resolve(ncl_node_value(node)).kind == NCL_SCALAR_STRING;
  const char *mark = is_text ? "\"" : "";
  const char *more = text.len > QUOTE_MAX ? "..." : "";

  if (hides(d, node)) {
    (void)snprintf(out.text, sizeof(out.text), "the value");
  } else if (end > 0) {
    (void)snprintf(out.text, sizeof(out.text), "\"%.*s***%.*s\"", (int)(begin < 12 ? begin : 12), text.ptr,
                   (int)(text.len - end > QUOTE_MAX ? QUOTE_MAX : text.len - end), text.ptr + end);
  } else {
    (void)snprintf(out.text, sizeof(out.text), "%s%.*s%s%s", mark, (int)(text.len > QUOTE_MAX ? QUOTE_MAX : text.len),
                   text.ptr, more, mark);
  }
  return out;
}

static const char *type_words(uint32_t type) {
  switch (type) {
    case NCL_TYPE_STRING:
    case NCL_TYPE_ENUM:
      return "text";
    case NCL_TYPE_BOOL:
      return "true or false";
    case NCL_TYPE_INT:
      return "a whole number";
    case NCL_TYPE_DOUBLE:
      return "a number";
    case NCL_TYPE_DURATION:
      return "a duration such as 5s or 200ms";
    case NCL_TYPE_SIZE:
      return "a size such as 64KiB";
    case NCL_TYPE_LIST:
      return "a list";
    case NCL_TYPE_MAP:
      return "a map";
    case NCL_TYPE_SECTION:
      return "a map of settings";
    case NCL_TYPE_COMPONENT:
      return "the id of a component";
    case NCL_TYPE_ENDPOINT:
      return "an address host:port";
    default:
      return "something else";
  }
}

bool ncl_type_takes_text(uint32_t type) {
  return type == NCL_TYPE_STRING || type == NCL_TYPE_ENUM || type == NCL_TYPE_COMPONENT || type == NCL_TYPE_ENDPOINT ||
         type == NCL_TYPE_DURATION || type == NCL_TYPE_SIZE;
}

/* What a plain value is, where quotes do not make it text. */
static ncl_scalar meaning(const ncl_node *node) {
  ncl_scalar text = {NCL_SCALAR_STRING, 0, 0};
  return node->style == NCL_STYLE_PLAIN ? ncl_scalar_resolve(ncl_node_value(node)) : text;
}

static bool is_false(const ncl_node *node) {
  ncl_scalar scalar = meaning(node);
  return node->kind == NCL_NODE_SCALAR && scalar.kind == NCL_SCALAR_BOOL && scalar.i == 0;
}

/* "endpoint:0.0.0.0:4317", which is text to YAML: how long the key is, 0 = it is none. */
static size_t glued_key(const ncl_node *node) {
  size_t i = 0;
  if (node->kind != NCL_NODE_SCALAR || node->style != NCL_STYLE_PLAIN || node->flags & NCL_NODE_REFERENCE) return 0;
  while (i < node->text.len && ((node->text.ptr[i] >= 'a' && node->text.ptr[i] <= 'z') || node->text.ptr[i] == '_'))
    i++;
  return i + 1 < node->text.len && node->text.ptr[i] == ':' && node->text.ptr[i + 1] != '/' ? i : 0;
}

void ncl_decode_mismatch(ncl_decoder *d, const ncl_field *field, const ncl_node *node) {
  bool wants_keys = field->type == NCL_TYPE_MAP || field->type == NCL_TYPE_SECTION;
  size_t key = wants_keys ? glued_key(node) : 0;
  const char *hint = NULL;
  if (key > 0) {
    ncl_decoder_fault(d, node->mark, "write \"key: value\" with a space behind the \":\"",
                      "there is no space behind \"%.*s:\", so this is text", (int)key, node->text.ptr);
    return;
  }
  if (field->type == NCL_TYPE_LIST && node->kind == NCL_NODE_MAP) {
    hint = "begin each item with \"- \"";
  } else if (field->type == NCL_TYPE_LIST) {
    hint = "write [value], or each item on its own line behind \"- \"";
  } else if ((field->flags & NCL_FIELD_OPTIONAL) && is_false(node)) {
    hint = "write \"enabled: false\" below the key, indented";
  } else if (wants_keys && node->kind == NCL_NODE_LIST) {
    hint = "write \"key: value\" lines without \"- \"";
  } else if (wants_keys) {
    hint = "write \"key: value\" lines below the key, indented";
  } else if (node->kind == NCL_NODE_LIST) {
    hint = "write one value, without \"- \" and brackets";
  } else {
    hint = "write one value on the line of the key; the keys below it may be indented too far";
  }
  ncl_decoder_fault(d, node->mark, hint, "must be %s, but this is %s", type_words(field->type),
                    ncl_node_kind_word(node));
}

/* ---- numbers and switches ------------------------------------------------------------------ */

static bool begins_with(ncl_str text, const char *word) {
  return text.len >= strlen(word) && memcmp(text.ptr, word, strlen(word)) == 0;
}

/* Text where something else is wanted: the reason is mostly quotes, or how a reference was used. */
static bool refuse_text(ncl_decoder *d, const ncl_field *field, const ncl_node *node) {
  uint32_t unquoted = ncl_scalar_resolve(node->text).kind;
  bool only_quotes = unquoted == NCL_SCALAR_INT || (unquoted == NCL_SCALAR_DOUBLE && field->type != NCL_TYPE_INT) ||
                     (unquoted == NCL_SCALAR_BOOL && field->type == NCL_TYPE_BOOL);
  const char *hint = NULL, *reason;
  char number[48];
  int64_t amount;

  if (node->flags & NCL_NODE_SPLICED) {
    hint = "a value put together from references is always text: use one ${...} alone";
  } else if (only_quotes) {
    hint = "remove the quotes";
  } else if (field->type == NCL_TYPE_INT && !hides(d, node) && ncl_size_parse(node->text, &amount, &reason)) {
    (void)snprintf(number, sizeof number, "write the number alone: %lld", (long long)amount);
    hint = number;
  } else if (field->type == NCL_TYPE_INT && !hides(d, node) && ncl_duration_parse(node->text, &amount, &reason) &&
             begins_with(field->doc, "Milliseconds")) {
    (void)snprintf(number, sizeof number, "write it in milliseconds: %lld", (long long)(amount / 1000000));
    hint = number;
  }
  if (node->text.len == 0) {
    ncl_decoder_fault(d, node->mark, hint, "must be %s, but it is empty", type_words(field->type));
  } else {
    ncl_decoder_fault(d, node->mark, hint, "must be %s, but %s is text", type_words(field->type), quote(d, node).text);
  }
  return false;
}

static bool refuse_kind(ncl_decoder *d, const ncl_field *field, const ncl_node *node) {
  ncl_decoder_fault(d, node->mark, NULL, "must be %s, but %s is %s", type_words(field->type), quote(d, node).text,
                    ncl_node_kind_word(node));
  return false;
}

/* Whether a word is a switch in other languages: 1 = on, 0 = off, -1 = no. */
static int other_bool(ncl_str text) {
  static const char *const words[][2] = {{"yes", "no"}, {"on", "off"}, {"y", "n"},
                                         {"1", "0"},    {"t", "f"},    {"true", "false"}};
  size_t i, j;
  for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    for (j = 0; j < 2; j++) {
      if (strlen(words[i][j]) == text.len && strncasecmp(words[i][j], text.ptr, text.len) == 0) return j == 0;
    }
  }
  return -1;
}

static bool decode_bool(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_scalar scalar = meaning(node);
  int other = other_bool(node->text);
  if (scalar.kind == NCL_SCALAR_BOOL) {
    out->kind = NCL_VALUE_BOOL;
    out->i = scalar.i;
    return true;
  }
  if (other < 0 || ncl_scalar_resolve(node->text).kind == NCL_SCALAR_BOOL) {
    return scalar.kind == NCL_SCALAR_STRING ? refuse_text(d, field, node) : refuse_kind(d, field, node);
  }
  ncl_decoder_fault(d, node->mark, other ? "write true" : "write false", "must be true or false, but %s is %s",
                    quote(d, node).text, scalar.kind == NCL_SCALAR_STRING ? "text" : "a number");
  return false;
}

/* Formats a limit or a value of a number's type. */
static void format_number(const ncl_field *field, int64_t number, char *out, size_t size) {
  if (field->type == NCL_TYPE_DURATION) {
    (void)ncl_duration_format(number, out, size);
  } else {
    (void)snprintf(out, size, "%lld%s", (long long)number, field->type == NCL_TYPE_SIZE ? " bytes" : "");
  }
}

static bool check_limits(ncl_decoder *d, const ncl_field *field, const ncl_node *node, bool too_low, bool too_high) {
  char limit[48];
  if (field->min >= field->max || (!too_low && !too_high)) return true;
  format_number(field, too_low ? field->min : field->max, limit, sizeof(limit));
  ncl_decoder_fault(d, node->mark, NULL, "%s is %s %s, the %s that is allowed", quote(d, node).text,
                    too_low ? "less than" : "more than", limit, too_low ? "least" : "most");
  return false;
}

static bool accept_int(ncl_decoder *d, const ncl_field *field, const ncl_node *node, int64_t number, ncl_value *out) {
  if (!check_limits(d, field, node, number<field->min, number> field->max)) return false;
  out->kind = NCL_VALUE_INT;
  out->i = number;
  return true;
}

/* A number that YAML reads as a float and that has no fraction. */
static bool whole_number(ncl_scalar scalar, int64_t *number) {
  const double exact = 9007199254740992.0; /* 2^53 */
  if (scalar.kind == NCL_SCALAR_INT) {
    *number = scalar.i;
    return true;
  }
  if (scalar.kind != NCL_SCALAR_DOUBLE || !(scalar.d >= -exact && scalar.d <= exact)) return false;
  *number = (int64_t)scalar.d;
  return (double)*number == scalar.d;
}

static bool decode_int(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_scalar scalar = meaning(node);
  int64_t number;
  if (whole_number(scalar, &number)) return accept_int(d, field, node, number, out);
  if (scalar.kind == NCL_SCALAR_DOUBLE) {
    ncl_decoder_fault(d, node->mark, NULL, "must be a whole number, but %s %s", quote(d, node).text,
                      scalar.d > -9e15 && scalar.d < 9e15 ? "has a fraction" : "is too large");
    return false;
  }
  return scalar.kind == NCL_SCALAR_STRING ? refuse_text(d, field, node) : refuse_kind(d, field, node);
}

static bool decode_double(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_scalar scalar = meaning(node);
  if (scalar.kind != NCL_SCALAR_INT && scalar.kind != NCL_SCALAR_DOUBLE) {
    return scalar.kind == NCL_SCALAR_STRING ? refuse_text(d, field, node) : refuse_kind(d, field, node);
  }
  if (scalar.d != scalar.d) {
    ncl_decoder_fault(d, node->mark, NULL, "must be a number, but %s is not one", quote(d, node).text);
    return false;
  }
  if (!check_limits(d, field, node, scalar.d<(double)field->min, scalar.d>(double) field->max)) return false;
  out->kind = NCL_VALUE_DOUBLE;
  out->d = scalar.d;
  return true;
}

static bool decode_duration(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_scalar scalar = meaning(node);
  const char *reason = "is not a duration such as 200ms, 5s or 1h30m";
  char hint[120];
  int64_t number = 0;

  if (scalar.kind == NCL_SCALAR_BOOL) return refuse_kind(d, field, node);
  if (node->text.len == 0) return refuse_text(d, field, node);
  if (scalar.kind == NCL_SCALAR_STRING && ncl_duration_parse(node->text, &number, &reason)) {
    return accept_int(d, field, node, number, out);
  }
  if (scalar.kind == NCL_SCALAR_STRING) scalar = ncl_scalar_resolve(node->text);
  if (node->style == NCL_STYLE_PLAIN && scalar.kind != NCL_SCALAR_STRING && scalar.d == 0) {
    return accept_int(d, field, node, 0, out);
  }
  if (scalar.kind == NCL_SCALAR_INT || scalar.kind == NCL_SCALAR_DOUBLE) {
    (void)snprintf(hint, sizeof(hint),
                   hides(d, node) || node->text.len > 20 ? "add s for seconds" : "write %.*ss for seconds",
                   (int)(node->text.len > 20 ? 0 : node->text.len), node->text.ptr);
    ncl_decoder_fault(d, node->mark, hint, "%s has no unit", quote(d, node).text);
    return false;
  }
  ncl_decoder_fault(d, node->mark, NULL, "%s %s", quote(d, node).text, reason);
  return false;
}

static bool decode_size(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  ncl_scalar scalar = meaning(node);
  const char *reason;
  int64_t number;

  if (whole_number(scalar, &number)) {
    if (number < 0 && field->min >= field->max) {
      ncl_decoder_fault(d, node->mark, NULL, "%s is negative", quote(d, node).text);
      return false;
    }
    return accept_int(d, field, node, number, out);
  }
  if (scalar.kind != NCL_SCALAR_STRING) return refuse_kind(d, field, node);
  if (ncl_scalar_resolve(node->text).kind != NCL_SCALAR_STRING) return refuse_text(d, field, node); /* "" too */
  if (ncl_size_parse(node->text, &number, &reason)) return accept_int(d, field, node, number, out);
  ncl_decoder_fault(d, node->mark, NULL, "%s %s", quote(d, node).text, reason);
  return false;
}

/* ---- text ---------------------------------------------------------------------------------- */

/* Text, or what stood as one whole reference and is taken as text. */
static bool is_text(const ncl_node *node) {
  return (node->flags & NCL_NODE_REFERENCE) != 0 || meaning(node).kind == NCL_SCALAR_STRING;
}

static bool require_text(ncl_decoder *d, const ncl_field *field, const ncl_node *node) {
  char hint[120];
  if (is_text(node)) return true;
  (void)snprintf(hint, sizeof(hint),
                 hides(d, node) || node->text.len > 40 ? "put it in quotes" : "put it in quotes: \"%.*s\"",
                 (int)(node->text.len > 40 ? 0 : node->text.len), node->text.ptr);
  ncl_decoder_fault(d, node->mark, hint, "must be %s, but %s is %s", type_words(field->type), quote(d, node).text,
                    ncl_node_kind_word(node));
  return false;
}

static bool keep_text(ncl_decoder *d, ncl_str text, ncl_value *out) {
  out->kind = NCL_VALUE_STRING;
  out->s = ncl_region_copy(&d->out->region, text);
  if (out->s.ptr == NULL) d->no_memory = true;
  return !d->no_memory;
}

static bool is_choice(const ncl_field *field, ncl_str choice, ncl_str text) {
  if ((field->flags & NCL_FIELD_ANY_CASE) == 0 || choice.len != text.len) return ncl_str_eq(choice, text);
  return strncasecmp(choice.ptr, text.ptr, text.len) == 0;
}

static bool decode_enum(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  char all[400], hint[120];
  size_t used = 0;
  uint32_t i;
  ncl_near_miss near;

  if (!require_text(d, field, node)) return false;
  ncl_near_miss_init(&near, node->text);
  all[0] = hint[0] = 0;
  for (i = 0; i < field->choices.count; i++) {
    ncl_str choice = *(const ncl_str *)ncl_array_at(&field->choices, i);
    if (is_choice(field, choice, node->text)) {
      out->kind = NCL_VALUE_INT;
      out->i = i;
      out->s = choice;
      return true;
    }
    ncl_near_miss_offer(&near, choice);
    if (used < sizeof(all)) {
      used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%.*s", i == 0 ? "" : ", ",
                               choice.len == 0 ? 2 : (int)choice.len, choice.len == 0 ? "\"\"" : choice.ptr);
    }
  }
  if (near.best.len > 0) (void)snprintf(hint, sizeof(hint), "did you mean \"%.*s\"?", NCL_ARG(near.best));
  ncl_decoder_fault(d, node->mark, hint, "%s is not one of: %s", quote(d, node).text, all);
  return false;
}

static bool decode_component(ncl_decoder *d, const ncl_node *node, ncl_value *out) {
  ncl_str type, name;
  const char *wrong;
  if (node->text.len == 0) return keep_text(d, node->text, out);
  wrong = is_text(node) ? ncl_component_id_split(node->text, &type, &name) : "it is not text";
  if (wrong != NULL) {
    ncl_decoder_fault(d, node->mark, "an id is \"type\" or \"type/name\"", "%s cannot be the id of a component: %s",
                      quote(d, node).text, wrong);
    return false;
  }
  return keep_text(d, node->text, out);
}

/* ---- addresses ----------------------------------------------------------------------------- */

/* Why `port` is none; NULL = it is one. */
static const char *check_port(ncl_str port) {
  uint32_t number = 0;
  size_t i;
  if (port.len == 0) return "its port is empty";
  for (i = 0; i < port.len; i++) {
    if (port.ptr[i] == '/') return "a path stands behind its port";
    if (port.ptr[i] < '0' || port.ptr[i] > '9') return "its port is not a number";
    number = number * 10 + (uint32_t)(port.ptr[i] - '0');
    if (number > 65535) return "its port is more than 65535";
  }
  return NULL;
}

static const char *check_host(ncl_str host, const char **hint) {
  size_t i;
  if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') return NULL;
  for (i = 0; i < host.len; i++) {
    unsigned char c = (unsigned char)host.ptr[i];
    if (c == ':') {
      *hint = "write an IPv6 address in brackets: [::1]:4317";
      return "its host holds a \":\"";
    }
    if (c <= ' ' || c == '/' || c == '[' || c == ']') return "its host holds a character that hosts do not have";
  }
  return NULL;
}

static const char *check_endpoint(ncl_str text, const char **hint) {
  size_t i, colon = text.len;
  const char *wrong;

  *hint = "write host:port, for example localhost:4317, or unix:///path";
  if (text.len >= 5 && memcmp(text.ptr, "unix:", 5) == 0) {
    if (text.len < 9 || memcmp(text.ptr, "unix:///", 8) != 0) return "behind unix:// stands no absolute path";
    return text.len - 7 > UNIX_PATH_MAX ? "its path is longer than the 107 bytes that a socket may have" : NULL;
  }
  for (i = 0; i + 2 < text.len; i++) {
    if (memcmp(text.ptr + i, "://", 3) != 0) continue;
    *hint = "leave out what stands before the host";
    return "it begins like a URL";
  }
  for (i = 0; i < text.len; i++) {
    if (text.ptr[i] == ':') colon = i;
  }
  if (colon == text.len || text.ptr[text.len - 1] == ']') return "it has no port";
  wrong = check_host(ncl_str_of(text.ptr, colon), hint);
  return wrong != NULL ? wrong : check_port(ncl_str_of(text.ptr + colon + 1, text.len - colon - 1));
}

static bool decode_endpoint(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  const char *wrong, *hint;
  if (meaning(node).kind == NCL_SCALAR_INT && !(node->flags & NCL_NODE_REFERENCE)) {
    char text[80];
    (void)snprintf(text, sizeof(text), "write the host too, for example localhost:%.*s",
                   (int)(hides(d, node) || node->text.len > 20 ? 0 : node->text.len), node->text.ptr);
    ncl_decoder_fault(d, node->mark, text, "must be an address host:port, but %s is a number", quote(d, node).text);
    return false;
  }
  if (!require_text(d, field, node)) return false;
  if (node->text.len == 0 && field->dflt.len == 0 && !(field->flags & NCL_FIELD_REQUIRED)) {
    return keep_text(d, node->text, out);
  }
  wrong = check_endpoint(node->text, &hint);
  if (wrong == NULL) return keep_text(d, node->text, out);
  ncl_decoder_fault(d, node->mark, hint, "%s is not an address: %s", quote(d, node).text, wrong);
  return false;
}

bool ncl_decode_scalar(ncl_decoder *d, const ncl_field *field, const ncl_node *node, ncl_value *out) {
  size_t begin;
  if (!d->secret && !d->built_in && !ncl_source_span_is_long(node->mark.source, node->span) &&
      user_info_end(node->text, &begin) == 0) {
    ncl_source_show_span(node->mark.source, node->span);
  }
  switch (field->type) {
    case NCL_TYPE_STRING:
      return require_text(d, field, node) && keep_text(d, node->text, out);
    case NCL_TYPE_BOOL:
      return decode_bool(d, field, node, out);
    case NCL_TYPE_INT:
      return decode_int(d, field, node, out);
    case NCL_TYPE_DOUBLE:
      return decode_double(d, field, node, out);
    case NCL_TYPE_DURATION:
      return decode_duration(d, field, node, out);
    case NCL_TYPE_SIZE:
      return decode_size(d, field, node, out);
    case NCL_TYPE_ENUM:
      return decode_enum(d, field, node, out);
    case NCL_TYPE_COMPONENT:
      return decode_component(d, node, out);
    case NCL_TYPE_ENDPOINT:
      return decode_endpoint(d, field, node, out);
    default:
      ncl_decoder_fault(d, node->mark, "this is a mistake in the plugin", "has the type %u, which is not known",
                        field->type);
      return false;
  }
}

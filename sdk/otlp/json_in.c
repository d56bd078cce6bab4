/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/json_in.c: a scanner of OTLP/JSON that knows the schema and writes the wire form as it reads. */

#include "json_in.h"

#include <stdio.h>

static const uint8_t *take_message(ncl_json_in *in, const uint8_t *at, const ncl_json_message *message);

/* ---- faults ---------------------------------------------------------------------------------------- */

static size_t put_path(const ncl_json_frame *frame, char *to, size_t size) {
  size_t len;
  int n = 0;
  if (!frame || !frame->field) return frame ? put_path(frame->up, to, size) : 0;
  len = put_path(frame->up, to, size);
  if (len + 1 >= size) return len;
  if (frame->element >= 0)
    n = snprintf(to + len, size - len, "%s%s[%lld]", len ? "." : "", ncl_json_names[frame->field->name].text,
                 (long long)frame->element);
  else
    n = snprintf(to + len, size - len, "%s%s", len ? "." : "", ncl_json_names[frame->field->name].text);
  return n < 0 ? len : len + (size_t)n < size ? len + (size_t)n : size - 1;
}

const uint8_t *ncl_json_fail(ncl_json_in *in, const uint8_t *at, const char *what) {
  char path[160] = "";
  if (in->status != NCL_OK) return NULL;
  in->status = NCL_PERMANENT;
  if (!in->report) return NULL;
  if (at >= in->end) what = "the text ends too early";
  in->report->offset = (size_t)(at - in->text);
  put_path(in->frame, path, sizeof path);
  snprintf(in->report->message, sizeof in->report->message, "JSON at byte %zu%s%s: %s", in->report->offset,
           path[0] ? ", in " : "", path, what);
  return NULL;
}

uint32_t ncl_json_grow(ncl_json_in *in, const uint8_t *at) {
  ncl_writer *writer = in->writer;
  size_t used = (size_t)(in->out - writer->base);
  size_t wanted = (size_t)(in->end - at) + NCL_JSON_SLACK;
  writer->len = used;
  if (!ncl_writer_grow(writer, wanted + used / 2) && writer->status == NCL_PERMANENT) {
    /* Half as much more is a wish, what is needed is not. */
    writer->status = NCL_OK;
    ncl_writer_grow(writer, wanted);
  }
  in->out = writer->base + used;
  if (writer->status == NCL_OK) return 1;
  if (writer->status == NCL_PERMANENT) ncl_json_fail(in, at, "the message is larger than the limit");
  in->status = writer->status;
  return 0;
}

/* ---- keys ------------------------------------------------------------------------------------------ */

/* Compares in words: both sides have readable bytes behind them. */
static inline uint32_t is_name(const ncl_json_name *name, const uint8_t *key, size_t len) {
  uint64_t mask;
  if (name->len != len) return 0;
  if (len > 8) {
    const uint8_t *text = (const uint8_t *)name->text;
    uint64_t differs = ncl_load64(text) ^ ncl_load64(key);
    differs |= ncl_load64(text + len - 8) ^ ncl_load64(key + len - 8);
    if (len > 16) differs |= ncl_load64(text + 8) ^ ncl_load64(key + 8);
    return differs == 0;
  }
  mask = UINT64_MAX >> (64u - 8u * (uint32_t)len);
  return ((ncl_load64((const uint8_t *)name->text) ^ ncl_load64(key)) & mask) == 0;
}

/* The field that a key names; NULL = none. */
static inline const ncl_json_field *find_field(const ncl_json_message *message, const uint8_t *key, size_t len) {
  uint32_t slot;
  const ncl_json_name *name;
  uint32_t index;
  if (len == 0 || len > NCL_NAME_LEN) return NULL;
  slot = ncl_json_slot(message->factor, message->slot_mask, (uint32_t)len, key[0], key[1], key[len - 1]);
  index = ncl_json_slots[message->first_slot + slot];
  if (!index) return NULL;
  name = &ncl_json_names[message->first_name + index - 1];
  return is_name(name, key, len) ? &ncl_json_fields[message->first_field + name->field] : NULL;
}

/* A key whose quote has been taken, and the colon behind it. */
static inline const uint8_t *take_key(ncl_json_in *in, const uint8_t *at, const ncl_json_message *message,
                                      const ncl_json_field **field) {
  const uint8_t *key = at;
  at = ncl_json_plain(at, in->end);
  if (at < in->end && *at == '"') {
    *field = find_field(message, key, (size_t)(at - key));
    at++;
  } else {
    /* Escapes: resolved in the memory that is to be written next. */
    uint8_t *text = in->out;
    at = ncl_json_copy(in, key, &text);
    if (!at) return NULL;
    memset(text, 0, 16);
    *field = find_field(message, in->out, (size_t)(text - in->out));
  }
  at = ncl_json_space(in, at);
  if (at >= in->end || *at != ':') return ncl_json_fail(in, at, "expected a colon");
  return ncl_json_space(in, at + 1);
}

/* ---- scalars --------------------------------------------------------------------------------------- */

static void put_varint(ncl_json_in *in, const ncl_json_field *field, uint64_t value, uint32_t always) {
  if (!value && !always) return;
  ncl_json_tag(in, field);
  in->out = ncl_varint_put(in->out, value);
}

static void put_raw64(ncl_json_in *in, uint64_t value) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap64(value);
#endif
  memcpy(in->out, &value, sizeof value);
  in->out += sizeof value;
}

static void put_fixed64(ncl_json_in *in, const ncl_json_field *field, uint64_t value, uint32_t always) {
  if (!value && !always) return;
  ncl_json_tag(in, field);
  put_raw64(in, value);
}

static void put_fixed32(ncl_json_in *in, const ncl_json_field *field, uint32_t value, uint32_t always) {
  if (!value && !always) return;
  ncl_json_tag(in, field);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  value = __builtin_bswap32(value);
#endif
  memcpy(in->out, &value, sizeof value);
  in->out += sizeof value;
}

/* 1 = the integer is one of this kind. */
static uint32_t fits(const ncl_json_integer *n, uint32_t kind) {
  switch (kind) {
    case NCL_KIND_INT32:
    case NCL_KIND_SINT32:
    case NCL_KIND_ENUM:
      return n->magnitude <= (uint64_t)INT32_MAX + n->negative;
    case NCL_KIND_UINT32:
    case NCL_KIND_FIXED32:
      return !n->negative && n->magnitude <= UINT32_MAX;
    case NCL_KIND_UINT64:
    case NCL_KIND_FIXED64:
      return !n->negative;
    default:
      return n->negative || n->magnitude <= (uint64_t)INT64_MAX;
  }
}

/* An integer of any kind as the wire has it, before it is a varint or fixed. */
static const uint8_t *take_integer(ncl_json_in *in, const uint8_t *at, uint32_t kind, uint64_t *bits) {
  ncl_json_integer n;
  const uint8_t *next = ncl_json_integer_at(in, at, &n);
  if (!next) return NULL;
  if (!fits(&n, kind)) return ncl_json_fail(in, at, "number out of the range of its field");
  *bits = n.negative ? 0 - n.magnitude : n.magnitude;
  if (kind == NCL_KIND_SINT32) {
    uint32_t narrow = (uint32_t)*bits;
    *bits = narrow << 1 ^ (0u - (narrow >> 31));
  }
  return next;
}

static const uint8_t *take_enum(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field, uint64_t *bits) {
  const ncl_json_enum *of = &ncl_json_enums[field->of];
  const uint8_t *name = at + 1;
  const uint8_t *end = name;
  uint32_t i;
  if (*at != '"' || (name < in->end && (*name == '-' || (*name >= '0' && *name <= '9'))))
    return take_integer(in, at, NCL_KIND_ENUM, bits);
  while (end < in->end && *end != '"' && *end != '\\')
    end++;
  for (i = 0; i < of->count; i++) {
    const ncl_json_enum_value *value = &ncl_json_enum_values[of->first_value + i];
    if (value->len != (size_t)(end - name) || memcmp(value->name, name, value->len) != 0) continue;
    *bits = (uint64_t)(int64_t)value->number;
    return end + 1;
  }
  return ncl_json_fail(in, at, "not a name of this enum");
}

static const uint8_t *take_bool(ncl_json_in *in, const uint8_t *at, uint64_t *bits) {
  const uint8_t *next;
  if (*at != 't' && *at != 'f') return ncl_json_fail(in, at, "expected true or false");
  next = ncl_json_word(in, at);
  *bits = *at == 't';
  return next;
}

static const uint8_t *take_double(ncl_json_in *in, const uint8_t *at, uint64_t *bits) {
  double value = 0;
  at = ncl_json_double_at(in, at, &value);
  memcpy(bits, &value, sizeof value);
  return at;
}

/* One message as a field. The memory may move meanwhile, so its place is kept as an offset. */
static const uint8_t *take_field_message(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field) {
  size_t width = field->width;
  size_t body;
  if (*at != '{') return ncl_json_fail(in, at, "expected an object");
  ncl_json_tag(in, field);
  in->out += width;
  body = (size_t)(in->out - in->writer->base);
  at = take_message(in, at, &ncl_json_messages[field->of]);
  if (at) ncl_json_end(in, in->writer->base + body, width);
  return at;
}

/* A value that is not null, of a field that is not repeated or as one element. `always`: 0 is written too. */
static const uint8_t *take_value(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field, uint32_t always) {
  uint64_t bits = 0;
  switch (field->kind) {
    case NCL_KIND_STRING:
      return ncl_json_str(in, at, field, always);
    case NCL_KIND_BYTES:
      return ncl_json_base64(in, at, field, always);
    case NCL_KIND_TRACE_ID:
    case NCL_KIND_SPAN_ID:
      return ncl_json_id(in, at, field, always);
    case NCL_KIND_MESSAGE:
      return take_field_message(in, at, field);
    case NCL_KIND_FIXED64:
    case NCL_KIND_SFIXED64:
      at = take_integer(in, at, field->kind, &bits);
      put_fixed64(in, field, bits, always);
      return at;
    case NCL_KIND_DOUBLE:
      at = take_double(in, at, &bits);
      put_fixed64(in, field, bits, always);
      return at;
    case NCL_KIND_FIXED32:
      at = take_integer(in, at, field->kind, &bits);
      put_fixed32(in, field, (uint32_t)bits, always);
      return at;
    case NCL_KIND_ENUM:
      at = take_enum(in, at, field, &bits);
      break;
    case NCL_KIND_BOOL:
      at = take_bool(in, at, &bits);
      break;
    default:
      at = take_integer(in, at, field->kind, &bits);
      break;
  }
  put_varint(in, field, bits, always);
  return at;
}

/* ---- attributes ------------------------------------------------------------------------------------ */

static inline uint32_t is_text8(const uint8_t *at, const char *text) {
  return ncl_load64(at) == ncl_load64((const uint8_t *)text);
}

/* The value of an attribute in its usual form, from its key's quote on; the AnyValue is written. NULL = another form.
 */
static inline const uint8_t *usual_value(ncl_json_in *in, const uint8_t *at) {
  if (is_text8(at, "stringVa") && is_text8(at + 6, "Value\":\"")) {
    uint8_t *body;
    *in->out++ = NCL_TAG_LEN(NCL_ANY_STRING);
    body = ++in->out;
    at = ncl_json_copy(in, at + 14, &in->out);
    if (at) ncl_json_end(in, body, 1);
    return at;
  }
  if (is_text8(at, "intValue") && at[8] == '"' && at[9] == ':') {
    uint64_t bits = 0;
    at = take_integer(in, at + 10, NCL_KIND_INT64, &bits);
    if (!at) return NULL;
    *in->out++ = NCL_TAG(NCL_ANY_INT, NCL_WIRE_VARINT);
    in->out = ncl_varint_put(in->out, bits);
    return at;
  }
  return NULL;
}

/*
 * An attribute in the form in which nearly all come: {"key":"k","value":{"stringValue":"v"}}, or with an intValue,
 * without white space. NULL with status NCL_OK: it has another form, nothing was taken.
 */
static inline const uint8_t *usual_attribute(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field) {
  size_t start = (size_t)(in->out - in->writer->base);
  uint64_t replaced = in->replaced;
  uint8_t *key_value;
  uint8_t *key;
  uint8_t *any;
  if (!is_text8(at, "{\"key\":\"")) return NULL;
  ncl_json_tag(in, field);
  key_value = ++in->out;
  *in->out++ = NCL_TAG_LEN(NCL_KEY_VALUE_KEY);
  key = ++in->out;
  at = ncl_json_copy(in, at + 8, &in->out);
  if (!at) return NULL;
  ncl_json_end(in, key, 1);
  if (is_text8(at, ",\"value\"") && is_text8(at + 3, "alue\":{\"")) {
    *in->out++ = NCL_TAG_LEN(NCL_KEY_VALUE_VALUE);
    any = ++in->out;
    at = usual_value(in, at + 11);
    if (at && at[0] == '}' && at[1] == '}' && at + 2 <= in->end) {
      ncl_json_end(in, any, 1);
      ncl_json_end(in, key_value, 1);
      return at + 2;
    }
  }
  if (in->status == NCL_OK) {
    in->out = in->writer->base + start;
    in->replaced = replaced;
  }
  return NULL;
}

/* ---- arrays and messages --------------------------------------------------------------------------- */

static const uint8_t *take_element(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field) {
  uint64_t bits = 0;
  if (!(field->flags & NCL_FIELD_PACKED)) return take_value(in, at, field, 1);
  if (field->kind == NCL_KIND_DOUBLE) {
    at = take_double(in, at, &bits);
    put_raw64(in, bits);
  } else {
    at = take_integer(in, at, field->kind, &bits);
    if (field->kind == NCL_KIND_FIXED64)
      put_raw64(in, bits);
    else
      in->out = ncl_varint_put(in->out, bits);
  }
  return at;
}

/* The elements of an array whose bracket has been taken. */
static const uint8_t *take_elements(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field,
                                    ncl_json_frame *frame) {
  uint32_t key_values = field->kind == NCL_KIND_MESSAGE && ncl_json_messages[field->of].is_key_value;
  at = ncl_json_space(in, at);
  if (at < in->end && *at == ']') return at + 1;
  for (frame->element = 0;; frame->element++) {
    const uint8_t *next = NULL;
    if (at >= in->end) return ncl_json_fail(in, in->end, "expected an element");
    if (!ncl_json_room(in, at)) return NULL;
    if (key_values) next = usual_attribute(in, at, field);
    if (!next && in->status == NCL_OK) next = take_element(in, at, field);
    if (!next) return NULL;
    at = ncl_json_space(in, next);
    if (at >= in->end) return ncl_json_fail(in, in->end, "expected the end of an array");
    if (*at == ']') break;
    if (*at != ',') return ncl_json_fail(in, at, "expected a comma or the end of an array");
    at = ncl_json_space(in, at + 1);
  }
  frame->element = -1;
  return at + 1;
}

static const uint8_t *take_array(ncl_json_in *in, const uint8_t *at, const ncl_json_field *field,
                                 ncl_json_frame *frame) {
  size_t start = (size_t)(in->out - in->writer->base);
  size_t body;
  if (*at != '[') return ncl_json_fail(in, at, "expected an array");
  if (!(field->flags & NCL_FIELD_PACKED)) return take_elements(in, at + 1, field, frame);
  ncl_json_tag(in, field);
  body = (size_t)(++in->out - in->writer->base);
  at = take_elements(in, at + 1, field, frame);
  if (!at) return NULL;
  if (in->out == in->writer->base + body)
    in->out = in->writer->base + start;
  else
    ncl_json_end(in, in->writer->base + body, 1);
  return at;
}

/* A member of an object, behind its colon. `seen` has a bit for each field that came before. */
static const uint8_t *take_member(ncl_json_in *in, const uint8_t *at, const ncl_json_message *message,
                                  const ncl_json_field *field, ncl_json_frame *frame, uint32_t *seen) {
  uint32_t bit;
  uint32_t always;
  if (at >= in->end) return ncl_json_fail(in, in->end, "expected a value");
  if (!ncl_json_room(in, at)) return NULL;
  if (!field) return ncl_json_skip(in, at);
  if (*at == 'n') return ncl_json_word(in, at);
  frame->field = field;
  if (field->flags & NCL_FIELD_REPEATED) return take_array(in, at, field, frame);
  bit = 1u << (uint32_t)(field - &ncl_json_fields[message->first_field]);
  always = (field->flags & NCL_FIELD_PRESENCE) || (*seen & bit);
  *seen |= bit;
  return take_value(in, at, field, always);
}

/* The members of an object, up to its closing brace. */
static const uint8_t *take_members(ncl_json_in *in, const uint8_t *at, const ncl_json_message *message,
                                   ncl_json_frame *frame) {
  uint32_t seen = 0;
  for (;;) {
    const ncl_json_field *field = NULL;
    if (at >= in->end || *at != '"') return ncl_json_fail(in, at, "expected a key in quotes");
    at = take_key(in, at + 1, message, &field);
    if (at) at = take_member(in, at, message, field, frame, &seen);
    if (!at) return NULL;
    frame->field = NULL;
    at = ncl_json_space(in, at);
    if (at >= in->end) return ncl_json_fail(in, in->end, "expected the end of an object");
    if (*at == '}') return at + 1;
    if (*at != ',') return ncl_json_fail(in, at, "expected a comma or the end of an object");
    at = ncl_json_space(in, at + 1);
  }
}

/* An object whose brace is at `at`. */
static const uint8_t *take_message(ncl_json_in *in, const uint8_t *at, const ncl_json_message *message) {
  ncl_json_frame frame = {in->frame, NULL, -1};
  if (in->depth == NCL_JSON_DEPTH) return ncl_json_fail(in, at, "nested too deep");
  at = ncl_json_space(in, at + 1);
  if (at < in->end && *at == '}') return at + 1;
  in->depth++;
  in->frame = &frame;
  at = take_members(in, at, message, &frame);
  in->frame = frame.up;
  in->depth--;
  return at;
}

/* ---- the whole ------------------------------------------------------------------------------------- */

static void take_text(ncl_json_in *in, const ncl_json_message *message) {
  const uint8_t *at = in->text;
  if (in->end - at >= 3 && at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf) at += 3; /* byte order mark */
  at = ncl_json_space(in, at);
  if (!ncl_json_room(in, at)) return;
  if (at >= in->end || *at != '{') {
    ncl_json_fail(in, at, "expected an object");
    return;
  }
  at = take_message(in, at, message);
  if (!at) return;
  at = ncl_json_space(in, at);
  if (at < in->end) ncl_json_fail(in, at, "more text behind the end of the message");
}

static ncl_status to_wire(uint32_t message, ncl_range text, size_t limit, ncl_writer *writer, ncl_json_report *report) {
  ncl_json_in in;
  memset(&in, 0, sizeof in);
  in.text = text.ptr;
  in.end = text.ptr + text.len;
  in.writer = writer;
  in.out = writer->base;
  in.report = report;
  take_text(&in, &ncl_json_messages[ncl_json_roots[message]]);
  writer->len = in.status == NCL_OK ? (size_t)(in.out - writer->base) : 0;
  if (writer->len > limit) ncl_json_fail(&in, in.end - 1, "the message is larger than the limit");
  if (report) report->replaced = in.replaced;
  return in.status;
}

/* What all ways in share at their beginning. */
static ncl_status begin(uint32_t message, ncl_json_report *report) {
  if (report) memset(report, 0, sizeof *report);
  return message == 0 || message >= ncl_json_root_count ? NCL_UNSUPPORTED : NCL_OK;
}

size_t ncl_json_reserve(size_t text_len) {
  return text_len + NCL_JSON_SLACK;
}

/* The room is always more than is written, by what is left to read. */
static size_t memory_limit(size_t text_len, size_t limit) {
  size_t reserve = ncl_json_reserve(text_len);
  return limit > SIZE_MAX - reserve ? SIZE_MAX : limit + reserve;
}

ncl_status ncl_json_to_wire(const ncl_host *host, ncl_arena *arena, uint32_t message, ncl_range text, size_t limit,
                            ncl_range *wire, ncl_json_report *report) {
  ncl_writer writer;
  ncl_status status = begin(message, report);
  wire->ptr = NULL;
  wire->len = 0;
  if (status != NCL_OK) return status;
  ncl_writer_arena(&writer, host, arena, ncl_json_reserve(text.len), memory_limit(text.len, limit));
  if (writer.status != NCL_OK) return writer.status;
  status = to_wire(message, text, limit, &writer, report);
  writer.status = status;
  ncl_writer_close(&writer);
  if (status == NCL_OK) *wire = ncl_writer_range(&writer);
  return status;
}

ncl_status ncl_json_to_wire_heap(uint32_t message, ncl_range text, size_t limit, ncl_writer *writer,
                                 ncl_json_report *report) {
  ncl_status status = begin(message, report);
  ncl_writer_heap(writer, memory_limit(text.len, limit));
  if (status != NCL_OK) return status;
  ncl_writer_grow(writer, ncl_json_reserve(text.len));
  if (writer->status != NCL_OK) return writer->status;
  return to_wire(message, text, limit, writer, report);
}

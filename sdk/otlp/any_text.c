/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/any_text.c: attribute values as text. */
#include <math.h>
#include <nacelle/otlp_json.h>
#include <nacelle/otlp_text.h>
#include <stdio.h>
#include <stdlib.h>

#include "../json/decimal.h"

#define DEPTH_MAX 128u /* no batch nests values deeper */

static void put(ncl_writer *writer, const char *text) {
  ncl_write_raw(writer, text, strlen(text));
}

/* ---- numbers --------------------------------------------------------------------------------------- */

void ncl_double_to_text(ncl_writer *writer, double value) {
  char text[16];
  char digits[NCL_DECIMAL_DIGITS];
  size_t count;
  int32_t exponent;
  int i;
  if (isnan(value)) {
    put(writer, "NaN");
    return;
  }
  if (signbit(value)) put(writer, "-");
  if (isinf(value) || value == 0) {
    put(writer, value == 0 ? "0" : "Infinity");
    return;
  }
  value = fabs(value);
  count = ncl_decimal(value, digits, &exponent);
  exponent--; /* of the first digit */
  if (value < 1e-6 || value >= 1e21) {
    ncl_write_raw(writer, digits, 1);
    if (count > 1) put(writer, ".");
    ncl_write_raw(writer, digits + 1, count - 1);
    (void)snprintf(text, sizeof text, "e%c%d", exponent < 0 ? '-' : '+', abs(exponent));
    put(writer, text);
    return;
  }
  if (exponent < 0) put(writer, "0.");
  for (i = -1; i > exponent; i--)
    put(writer, "0");
  for (i = 0; i <= exponent || i < (int)count; i++) {
    if (i == exponent + 1 && exponent >= 0) put(writer, ".");
    ncl_write_raw(writer, i < (int)count ? &digits[i] : "0", 1);
  }
}

uint32_t ncl_text_to_int(ncl_str text, int64_t *value) {
  size_t i = text.len && (text.ptr[0] == '-' || text.ptr[0] == '+');
  uint32_t negative = i && text.ptr[0] == '-';
  uint64_t limit = (uint64_t)INT64_MAX + negative;
  uint64_t n = 0;
  if (i == text.len) return 0;
  for (; i < text.len; i++) {
    uint32_t digit = (uint32_t)(uint8_t)text.ptr[i] - '0';
    if (digit > 9 || n > (limit - digit) / 10) return 0;
    n = n * 10 + digit;
  }
  *value = negative ? (int64_t)(0 - n) : (int64_t)n;
  return 1;
}

#define NUMBER_MAX 512u /* a number with more characters is none */

/* What strtod takes and Go does not: blanks in front, a hexadecimal number without "p", nan(...). */
static uint32_t is_number(const char *text, size_t len) {
  uint32_t is_hex = strpbrk(text, "xX") != NULL;
  size_t i;
  for (i = 0; i < len; i++) {
    char c = text[i];
    if (c == ' ' || (c >= '\t' && c <= '\r') || c == '(' || c == 0) return 0;
  }
  return !is_hex || strpbrk(text, "pP") != NULL;
}

uint32_t ncl_text_to_double(ncl_str text, double *value) {
  char copy[NUMBER_MAX];
  char *end;
  uint32_t has_digit;
  if (text.len == 0 || text.len >= sizeof copy) return 0;
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = 0;
  if (!is_number(copy, text.len)) return 0;
  *value = strtod(copy, &end);
  if (end != copy + text.len) return 0;
  has_digit = strpbrk(copy, "0123456789") != NULL;
  return !(isinf(*value) && has_digit);
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static uint32_t put_json(ncl_writer *writer, const ncl_any *value, uint32_t depth);

static int by_key(const void *a, const void *b) {
  const ncl_attribute *x = a;
  const ncl_attribute *y = b;
  size_t common = x->key.len < y->key.len ? x->key.len : y->key.len;
  int order = common ? memcmp(x->key.ptr, y->key.ptr, common) : 0;
  if (order) return order;
  if (x->key.len != y->key.len) return x->key.len < y->key.len ? -1 : 1;
  /* Of a key that comes twice the last one counts: it stands where it came. */
  return x->value.body.ptr < y->value.body.ptr ? -1 : 1;
}

static uint32_t same_key(const ncl_attribute *a, const ncl_attribute *b) {
  return a->key.len == b->key.len && (!a->key.len || !memcmp(a->key.ptr, b->key.ptr, a->key.len));
}

static uint32_t put_map(ncl_writer *writer, ncl_repeated list, uint32_t depth) {
  uint32_t total = list.count;
  ncl_attribute *members = calloc((size_t)total + 1, sizeof *members);
  uint32_t count = 0, ok = 1, i;
  const char *between = "{";
  if (!members) {
    if (writer->status == NCL_OK) writer->status = NCL_NO_MEMORY;
    return 1;
  }
  while (count < total && ncl_attributes_next(&list, &members[count]))
    count++;
  qsort(members, count, sizeof *members, by_key);
  for (i = 0; i < count && ok; i++) {
    if (i + 1 < count && same_key(&members[i], &members[i + 1])) continue;
    put(writer, between);
    between = ",";
    ncl_json_put_str(writer, members[i].key);
    put(writer, ":");
    ok = put_json(writer, &members[i].value, depth);
  }
  put(writer, *between == '{' ? "{}" : "}");
  free(members);
  return ok;
}

static uint32_t put_list(ncl_writer *writer, ncl_repeated list, uint32_t depth) {
  ncl_any item;
  const char *between = "";
  uint32_t ok = 1;
  put(writer, "[");
  while (ok && ncl_any_values_next(&list, &item)) {
    put(writer, between);
    between = ",";
    ok = put_json(writer, &item, depth);
  }
  put(writer, "]");
  return ok;
}

/* 0 = there is something in it that JSON has not. */
static uint32_t put_json(ncl_writer *writer, const ncl_any *value, uint32_t depth) {
  if (depth == DEPTH_MAX) return 0;
  switch (value->type) {
    case NCL_ANY_STRING:
      ncl_json_put_str(writer, value->string);
      return 1;
    case NCL_ANY_BYTES:
      ncl_json_put_base64(writer, value->bytes);
      return 1;
    case NCL_ANY_ARRAY:
      return put_list(writer, value->list, depth + 1);
    case NCL_ANY_KVLIST:
      return put_map(writer, value->list, depth + 1);
    case NCL_ANY_DOUBLE:
      if (!isfinite(value->d)) return 0;
      ncl_double_to_text(writer, value->d);
      return 1;
    case NCL_ANY_BOOL:
    case NCL_ANY_INT:
      ncl_any_to_text(writer, value);
      return 1;
    default:
      put(writer, "null");
      return 1;
  }
}

/* Without the quotes that JSON has. */
static void put_base64(ncl_writer *writer, ncl_range bytes) {
  size_t from = writer->len;
  ncl_json_put_base64(writer, bytes);
  if (writer->status == NCL_OK && writer->base)
    memmove(writer->base + from, writer->base + from + 1, writer->len - from - 2);
  writer->len -= 2;
}

void ncl_any_to_text(ncl_writer *writer, const ncl_any *value) {
  size_t len = writer->len;
  switch (value->type) {
    case NCL_ANY_STRING:
      ncl_write_raw(writer, value->string.ptr, value->string.len);
      break;
    case NCL_ANY_BOOL:
      put(writer, value->b ? "true" : "false");
      break;
    case NCL_ANY_INT:
      ncl_json_put_int(writer, value->i);
      break;
    case NCL_ANY_DOUBLE:
      ncl_double_to_text(writer, value->d);
      break;
    case NCL_ANY_BYTES:
      put_base64(writer, value->bytes);
      break;
    case NCL_ANY_ARRAY:
    case NCL_ANY_KVLIST:
      if (!put_json(writer, value, 0)) writer->len = len;
      break;
    default:
      break;
  }
}

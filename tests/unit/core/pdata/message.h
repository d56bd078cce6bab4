/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/core/pdata/message.h: writes protobuf by hand, well-formed or not, for the tests of core/pdata. */
#ifndef NACELLE_TESTS_PDATA_MESSAGE_H
#define NACELLE_TESTS_PDATA_MESSAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 16384u

typedef struct message {
  size_t len;
  uint8_t bytes[MESSAGE_MAX];
} message;

/* A tag of a field and its wire type. */
#define VARINT 0u
#define FIXED64 1u
#define BYTES 2u
#define GROUP 3u
#define GROUP_END 4u
#define FIXED32 5u

static inline void put_raw(message *m, const void *bytes, size_t len) {
  if (m->len + len > MESSAGE_MAX) abort();
  if (len) memcpy(m->bytes + m->len, bytes, len);
  m->len += len;
}

/* A string literal with any bytes in it. */
#define PUT_RAW(m, literal) put_raw((m), (literal), sizeof(literal) - 1)

static inline void put_byte(message *m, uint64_t byte) {
  uint8_t b = (uint8_t)byte;
  put_raw(m, &b, 1);
}

static inline void put_varint(message *m, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    put_byte(m, value | 0x80);
  put_byte(m, value);
}

/* A varint of `width` bytes, longer than it need be. */
static inline void put_wide_varint(message *m, uint64_t value, int width) {
  for (int i = 1; i < width; i++, value >>= 7)
    put_byte(m, value | 0x80);
  put_byte(m, value);
}

static inline void put_tag(message *m, uint32_t field, uint32_t type) {
  put_varint(m, (uint64_t)field << 3 | type);
}

static inline void put_int(message *m, uint32_t field, uint64_t value) {
  put_tag(m, field, VARINT);
  put_varint(m, value);
}

static inline void put_fixed64(message *m, uint32_t field, uint64_t value) {
  put_tag(m, field, FIXED64);
  put_raw(m, &value, 8);
}

static inline void put_fixed32(message *m, uint32_t field, uint32_t value) {
  put_tag(m, field, FIXED32);
  put_raw(m, &value, 4);
}

static inline void put_bytes(message *m, uint32_t field, const void *bytes, size_t len) {
  put_tag(m, field, BYTES);
  put_varint(m, len);
  put_raw(m, bytes, len);
}

static inline void put_text(message *m, uint32_t field, const char *text) {
  put_bytes(m, field, text, strlen(text));
}

static inline void put_message(message *m, uint32_t field, const message *body) {
  put_bytes(m, field, body->bytes, body->len);
}

/* The same with a tag and a length that are longer than they need be. */
static inline void put_wide_message(message *m, uint32_t field, const message *body) {
  put_wide_varint(m, (uint64_t)field << 3 | BYTES, 3);
  put_wide_varint(m, body->len, 4);
  put_raw(m, body->bytes, body->len);
}

/* KeyValue { key, AnyValue { string } } */
static inline void put_attribute(message *m, uint32_t field, const char *key, const char *text) {
  message *value = calloc(1, sizeof *value), *pair = calloc(1, sizeof *pair);
  if (!value || !pair) abort();
  put_text(value, 1, text);
  put_text(pair, 1, key);
  put_message(pair, 2, value);
  put_message(m, field, pair);
  free(value);
  free(pair);
}

/* KeyValue { key, AnyValue { int } } */
static inline void put_int_attribute(message *m, uint32_t field, const char *key, uint64_t number) {
  message *value = calloc(1, sizeof *value), *pair = calloc(1, sizeof *pair);
  if (!value || !pair) abort();
  put_int(value, 3, number);
  put_text(pair, 1, key);
  put_message(pair, 2, value);
  put_message(m, field, pair);
  free(value);
  free(pair);
}

/* request { group { scope { record } } } around one record. */
static inline void wrap_record(message *request, const message *record) {
  message *scope = calloc(1, sizeof *scope), *group = calloc(1, sizeof *group);
  if (!scope || !group) abort();
  put_message(scope, 2, record);
  put_message(group, 2, scope);
  put_message(request, 1, group);
  free(scope);
  free(group);
}

#endif

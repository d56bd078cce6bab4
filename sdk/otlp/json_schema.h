/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/json_schema.h: the OTLP/JSON mapping as tables. gen/gen_json_schema.c makes them from the protobuf-c
 * descriptors. All references are indices, so that the tables need no relocation. */
#ifndef NACELLE_SDK_OTLP_JSON_SCHEMA_H
#define NACELLE_SDK_OTLP_JSON_SCHEMA_H

#include <stdint.h>

/* How a field is written in JSON and on the wire. */
enum {
  NCL_KIND_STRING,
  NCL_KIND_BYTES,    /* base64 */
  NCL_KIND_TRACE_ID, /* 32 hex digits */
  NCL_KIND_SPAN_ID,  /* 16 hex digits */
  NCL_KIND_MESSAGE,
  NCL_KIND_BOOL,
  NCL_KIND_INT32,
  NCL_KIND_INT64,
  NCL_KIND_UINT32,
  NCL_KIND_UINT64,
  NCL_KIND_SINT32,
  NCL_KIND_FIXED32,
  NCL_KIND_FIXED64,
  NCL_KIND_SFIXED64,
  NCL_KIND_DOUBLE,
  NCL_KIND_ENUM,
};

#define NCL_FIELD_REPEATED 1u
#define NCL_FIELD_PACKED 2u
#define NCL_FIELD_PRESENCE 4u /* 0 is written too: a member of a oneof, a message */

#define NCL_NUMBERS 32u  /* field numbers are smaller */
#define NCL_NAME_MAX 32u /* bytes that a name takes in the tables */
#define NCL_NAME_LEN 24u /* bytes of the longest name */

/* A name of a field: lowerCamelCase or as in the .proto file. Padded with 0. */
typedef struct ncl_json_name {
  char text[NCL_NAME_MAX];
  uint8_t len;
  uint8_t field; /* of the message */
} ncl_json_name;

typedef struct ncl_json_field {
  uint32_t number;
  uint8_t tag[2]; /* as on the wire; a packed field has the tag of its packed form */
  uint8_t tag_len;
  uint8_t kind;
  uint8_t flags;
  uint8_t oneof; /* members of one oneof share a number from 1 on; 0 = in none */
  uint8_t of;    /* MESSAGE: index of the message; ENUM: of the enum */
  uint8_t width; /* MESSAGE: bytes that its length usually takes */
  uint16_t name; /* index of its JSON name */
  uint16_t reserved;
} ncl_json_field;

typedef struct ncl_json_message {
  uint16_t first_field;
  uint16_t field_count;
  uint16_t first_slot; /* of a perfect hash: indices of names + 1, 0 = none */
  uint16_t slot_mask;
  uint32_t factor; /* of the hash */
  uint16_t first_name;
  uint16_t is_key_value;
} ncl_json_message;

typedef struct ncl_json_enum {
  uint16_t first_value;
  uint16_t count;
} ncl_json_enum;

typedef struct ncl_json_enum_value {
  const char *name;
  int32_t number;
  uint32_t len;
} ncl_json_enum_value;

extern const ncl_json_message ncl_json_messages[];
extern const ncl_json_field ncl_json_fields[];
extern const ncl_json_name ncl_json_names[];
extern const uint8_t ncl_json_numbers[]; /* NCL_NUMBERS for each message: its field of this number + 1, 0 = none */
extern const uint8_t ncl_json_slots[];   /* relative to first_name, + 1 */
extern const ncl_json_enum ncl_json_enums[];
extern const ncl_json_enum_value ncl_json_enum_values[];
/* Messages by NCL_JSON_* (nacelle/otlp_json.h). */
extern const uint8_t ncl_json_roots[];
extern const uint32_t ncl_json_root_count;

/* Where a name goes in its message's slots: by its length, its first two bytes and its last. */
static inline uint32_t ncl_json_slot(uint32_t factor, uint32_t mask, uint32_t len, uint32_t first, uint32_t second,
                                     uint32_t last) {
  return ((len | first << 8 | second << 16 | last << 24) * factor >> 20) & mask;
}

#endif

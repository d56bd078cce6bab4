/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/gen/gen_json_schema.c: writes the tables of json_schema.h from the protobuf-c descriptors. Runs while the
 * SDK is built: gen_json_schema <file.c> */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../json_schema.h"
#include "logs_service.pb-c.h"
#include "metrics_service.pb-c.h"
#include "rpc.pb-c.h"
#include "trace_service.pb-c.h"

#define GEN_MESSAGES 64u
#define GEN_ENUMS 16u
#define GEN_NAMES 64u /* of one message */
#define GEN_SLOTS 256u

typedef const ProtobufCMessageDescriptor gen_message;

/* In the order of NCL_JSON_*, from 1 on. */
static gen_message *const gen_roots[] = {
    &opentelemetry__proto__collector__trace__v1__export_trace_service_request__descriptor,
    &opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__descriptor,
    &opentelemetry__proto__collector__logs__v1__export_logs_service_request__descriptor,
    &opentelemetry__proto__collector__trace__v1__export_trace_service_response__descriptor,
    &opentelemetry__proto__collector__metrics__v1__export_metrics_service_response__descriptor,
    &opentelemetry__proto__collector__logs__v1__export_logs_service_response__descriptor,
    &google__rpc__status__descriptor,
    &opentelemetry__proto__resource__v1__resource__descriptor,
    &opentelemetry__proto__common__v1__instrumentation_scope__descriptor,
    &opentelemetry__proto__trace__v1__span__descriptor,
    &opentelemetry__proto__metrics__v1__metric__descriptor,
    &opentelemetry__proto__logs__v1__log_record__descriptor,
    &opentelemetry__proto__common__v1__any_value__descriptor,
    &opentelemetry__proto__common__v1__key_value__descriptor,
};
#define GEN_ROOTS (sizeof gen_roots / sizeof gen_roots[0])

/* All messages and enums that are reached from the roots. */
typedef struct gen_schema {
  gen_message *messages[GEN_MESSAGES];
  uint32_t message_count;
  const ProtobufCEnumDescriptor *enums[GEN_ENUMS];
  uint32_t enum_count;
  FILE *out;
} gen_schema;

static void die(const char *what, const char *name) {
  fprintf(stderr, "gen_json_schema: %s: %s\n", what, name);
  exit(1);
}

/* ---- what is reached ------------------------------------------------------------------------------- */

static uint32_t message_index(gen_schema *schema, gen_message *message) {
  uint32_t i;
  for (i = 0; i < schema->message_count; i++) {
    if (schema->messages[i] == message) return i;
  }
  if (i == GEN_MESSAGES) die("too many messages", message->name);
  schema->messages[schema->message_count++] = message;
  return i;
}

static uint32_t enum_index(gen_schema *schema, const ProtobufCEnumDescriptor *descriptor) {
  uint32_t i;
  for (i = 0; i < schema->enum_count; i++) {
    if (schema->enums[i] == descriptor) return i;
  }
  if (i == GEN_ENUMS) die("too many enums", descriptor->name);
  schema->enums[schema->enum_count++] = descriptor;
  return i;
}

static void collect(gen_schema *schema) {
  uint32_t i;
  uint32_t f;
  for (i = 0; i < GEN_ROOTS; i++)
    message_index(schema, gen_roots[i]);
  for (i = 0; i < schema->message_count; i++) {
    for (f = 0; f < schema->messages[i]->n_fields; f++) {
      const ProtobufCFieldDescriptor *field = &schema->messages[i]->fields[f];
      if (field->type == PROTOBUF_C_TYPE_MESSAGE) message_index(schema, field->descriptor);
      if (field->type == PROTOBUF_C_TYPE_ENUM) enum_index(schema, field->descriptor);
    }
  }
}

/* ---- fields ---------------------------------------------------------------------------------------- */

static uint32_t ends_with(const char *text, const char *end) {
  size_t len = strlen(text);
  size_t end_len = strlen(end);
  return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static uint32_t bytes_kind(const ProtobufCFieldDescriptor *field) {
  if (ends_with(field->name, "trace_id")) return NCL_KIND_TRACE_ID;
  return ends_with(field->name, "span_id") ? NCL_KIND_SPAN_ID : NCL_KIND_BYTES;
}

static uint32_t kind_of(const ProtobufCFieldDescriptor *field) {
  switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
      return NCL_KIND_STRING;
    case PROTOBUF_C_TYPE_BYTES:
      return bytes_kind(field);
    case PROTOBUF_C_TYPE_MESSAGE:
      return NCL_KIND_MESSAGE;
    case PROTOBUF_C_TYPE_BOOL:
      return NCL_KIND_BOOL;
    case PROTOBUF_C_TYPE_INT32:
      return NCL_KIND_INT32;
    case PROTOBUF_C_TYPE_INT64:
      return NCL_KIND_INT64;
    case PROTOBUF_C_TYPE_UINT32:
      return NCL_KIND_UINT32;
    case PROTOBUF_C_TYPE_UINT64:
      return NCL_KIND_UINT64;
    case PROTOBUF_C_TYPE_SINT32:
      return NCL_KIND_SINT32;
    case PROTOBUF_C_TYPE_FIXED32:
      return NCL_KIND_FIXED32;
    case PROTOBUF_C_TYPE_FIXED64:
      return NCL_KIND_FIXED64;
    case PROTOBUF_C_TYPE_SFIXED64:
      return NCL_KIND_SFIXED64;
    case PROTOBUF_C_TYPE_DOUBLE:
      return NCL_KIND_DOUBLE;
    case PROTOBUF_C_TYPE_ENUM:
      return NCL_KIND_ENUM;
    default:
      die("type of a field that no kind is known for", field->name);
      return 0;
  }
}

static uint32_t wire_type_of(const ProtobufCFieldDescriptor *field) {
  if (field->label == PROTOBUF_C_LABEL_REPEATED && (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED)) return 2;
  switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
      return 2;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
      return 1;
    case PROTOBUF_C_TYPE_FIXED32:
      return 5;
    default:
      return 0;
  }
}

static uint32_t flags_of(const ProtobufCFieldDescriptor *field) {
  uint32_t flags = 0;
  if (field->label == PROTOBUF_C_LABEL_REPEATED) flags |= NCL_FIELD_REPEATED;
  if (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) flags |= NCL_FIELD_PACKED;
  if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) flags |= NCL_FIELD_PRESENCE;
  if (field->type == PROTOBUF_C_TYPE_MESSAGE) flags |= NCL_FIELD_PRESENCE;
  return flags;
}

/* Members of a oneof share the place of their discriminator. */
static uint32_t oneof_of(gen_message *message, const ProtobufCFieldDescriptor *field) {
  uint32_t i;
  uint32_t number = 0;
  unsigned seen = 0;
  if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)) return 0;
  for (i = 0; i < message->n_fields; i++) {
    const ProtobufCFieldDescriptor *each = &message->fields[i];
    if (!(each->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)) continue;
    if (each->quantifier_offset != seen) {
      number++;
      seen = each->quantifier_offset;
    }
    if (each == field) break;
  }
  return number;
}

/* Bytes of the length of a message as it is usually seen; a wrong guess costs a move. */
static uint32_t width_of(const ProtobufCFieldDescriptor *field) {
  const char *name;
  if (field->type != PROTOBUF_C_TYPE_MESSAGE) return 0;
  name = ((gen_message *)field->descriptor)->short_name;
  if (strncmp(name, "Resource", 8) == 0 && name[8]) return 3;
  if (strncmp(name, "Scope", 5) == 0) return 3;
  if (!strcmp(name, "Span") || !strcmp(name, "Metric") || !strcmp(name, "LogRecord") || !strcmp(name, "Resource") ||
      !strcmp(name, "Gauge") || !strcmp(name, "Sum") || ends_with(name, "Histogram"))
    return 2;
  return 1;
}

/* ---- names ----------------------------------------------------------------------------------------- */

static void camel(const char *name, char *out) {
  uint32_t upper = 0;
  for (; *name; name++) {
    if (*name == '_') {
      upper = 1;
    } else {
      *out++ = (char)(upper ? toupper((unsigned char)*name) : *name);
      upper = 0;
    }
  }
  *out = 0;
}

/* The JSON names of a message's fields in their order, then the other names. */
typedef struct gen_names {
  char text[GEN_NAMES][NCL_NAME_MAX];
  uint32_t field[GEN_NAMES];
  uint32_t count;
  uint8_t slots[GEN_SLOTS];
  uint32_t mask;
  uint32_t factor;
} gen_names;

static void add_name(gen_names *names, const char *text, uint32_t field) {
  if (names->count == GEN_NAMES || strlen(text) > NCL_NAME_LEN) die("name that does not fit", text);
  memcpy(names->text[names->count], text, strlen(text) + 1);
  names->field[names->count++] = field;
}

static uint32_t try_slots(gen_names *names, uint32_t mask, uint32_t factor) {
  uint32_t i;
  memset(names->slots, 0, sizeof names->slots);
  for (i = 0; i < names->count; i++) {
    const char *text = names->text[i];
    uint32_t len = (uint32_t)strlen(text);
    uint32_t slot = ncl_json_slot(factor, mask, len, (uint8_t)text[0], (uint8_t)text[1], (uint8_t)text[len - 1]);
    if (names->slots[slot]) return 0;
    names->slots[slot] = (uint8_t)(i + 1);
  }
  names->mask = mask;
  names->factor = factor;
  return 1;
}

static void find_slots(gen_names *names, const char *message) {
  uint32_t mask;
  uint32_t i;
  for (mask = 1; mask < GEN_SLOTS; mask = mask * 2 + 1) {
    uint32_t factor = 1;
    for (i = 0; i < 200000 && mask + 1 >= names->count; i++) {
      if (try_slots(names, mask, factor)) return;
      factor = factor * 1664525u + 1013904223u;
    }
  }
  die("no perfect hash for the names of", message);
}

static void name_fields(gen_message *message, gen_names *names) {
  char text[256];
  uint32_t i;
  memset(names, 0, sizeof *names);
  for (i = 0; i < message->n_fields; i++) {
    camel(message->fields[i].name, text);
    add_name(names, text, i);
  }
  for (i = 0; i < message->n_fields; i++) {
    camel(message->fields[i].name, text);
    if (strcmp(text, message->fields[i].name) != 0) add_name(names, message->fields[i].name, i);
  }
  find_slots(names, message->name);
}

/* ---- tables ---------------------------------------------------------------------------------------- */

static void write_fields(gen_schema *schema) {
  uint32_t i;
  uint32_t f;
  uint32_t name = 0;
  fprintf(schema->out, "const ncl_json_field ncl_json_fields[] = {\n");
  for (i = 0; i < schema->message_count; i++) {
    gen_message *message = schema->messages[i];
    gen_names names;
    name_fields(message, &names);
    fprintf(schema->out, "    /* %s */\n", message->name);
    for (f = 0; f < message->n_fields; f++) {
      const ProtobufCFieldDescriptor *field = &message->fields[f];
      uint32_t tag = field->id << 3 | wire_type_of(field);
      uint32_t of = 0;
      if (tag >= 1u << 14) die("field number that is too large", field->name);
      if (field->type == PROTOBUF_C_TYPE_MESSAGE) of = message_index(schema, field->descriptor);
      if (field->type == PROTOBUF_C_TYPE_ENUM) of = enum_index(schema, field->descriptor);
      fprintf(schema->out, "    {%u, {%u, %u}, %u, %u, %u, %u, %u, %u, %u, 0},\n", field->id,
              tag < 128 ? tag : (tag & 127u) | 128u, tag < 128 ? 0 : tag >> 7, tag < 128 ? 1u : 2u, kind_of(field),
              flags_of(field), oneof_of(message, field), of, width_of(field), name + f);
    }
    name += names.count;
  }
  fprintf(schema->out, "};\n\n");
}

static void write_names(gen_schema *schema) {
  uint32_t i;
  uint32_t n;
  fprintf(schema->out, "const ncl_json_name ncl_json_names[] = {\n");
  for (i = 0; i < schema->message_count; i++) {
    gen_names names;
    name_fields(schema->messages[i], &names);
    for (n = 0; n < names.count; n++)
      fprintf(schema->out, "    {\"%s\", %zu, %u},\n", names.text[n], strlen(names.text[n]), names.field[n]);
  }
  fprintf(schema->out, "};\n\nconst uint8_t ncl_json_slots[] = {\n");
  for (i = 0; i < schema->message_count; i++) {
    gen_names names;
    name_fields(schema->messages[i], &names);
    for (n = 0; n <= names.mask; n++)
      fprintf(schema->out, "%s%u,", n ? " " : "    ", names.slots[n]);
    fprintf(schema->out, "\n");
  }
  fprintf(schema->out, "};\n\n");
}

static void write_numbers(gen_schema *schema) {
  uint32_t i;
  uint32_t n;
  uint32_t f;
  fprintf(schema->out, "const uint8_t ncl_json_numbers[] = {\n");
  for (i = 0; i < schema->message_count; i++) {
    gen_message *message = schema->messages[i];
    for (n = 0; n < NCL_NUMBERS; n++) {
      uint32_t index = 0;
      for (f = 0; f < message->n_fields; f++) {
        if (message->fields[f].id == n) index = f + 1;
        if (message->fields[f].id >= NCL_NUMBERS) die("field number that is too large", message->fields[f].name);
      }
      fprintf(schema->out, "%s%u,", n ? " " : "    ", index);
    }
    fprintf(schema->out, "\n");
  }
  fprintf(schema->out, "};\n\n");
}

static void write_messages(gen_schema *schema) {
  uint32_t i;
  uint32_t field = 0;
  uint32_t slot = 0;
  uint32_t name = 0;
  fprintf(schema->out, "const ncl_json_message ncl_json_messages[] = {\n");
  for (i = 0; i < schema->message_count; i++) {
    gen_message *message = schema->messages[i];
    gen_names names;
    name_fields(message, &names);
    fprintf(schema->out, "    {%u, %u, %u, %u, %uu, %u, %u}, /* %s */\n", field, message->n_fields, slot, names.mask,
            names.factor, name, strcmp(message->short_name, "KeyValue") == 0, message->name);
    field += message->n_fields;
    slot += names.mask + 1;
    name += names.count;
  }
  fprintf(schema->out, "};\n\n");
}

static void write_enums(gen_schema *schema) {
  uint32_t i;
  uint32_t v;
  uint32_t first = 0;
  fprintf(schema->out, "const ncl_json_enum ncl_json_enums[] = {\n");
  for (i = 0; i < schema->enum_count; i++) {
    fprintf(schema->out, "    {%u, %u}, /* %s */\n", first, schema->enums[i]->n_values, schema->enums[i]->name);
    first += schema->enums[i]->n_values;
  }
  fprintf(schema->out, "};\n\nconst ncl_json_enum_value ncl_json_enum_values[] = {\n");
  for (i = 0; i < schema->enum_count; i++) {
    for (v = 0; v < schema->enums[i]->n_values; v++) {
      const ProtobufCEnumValue *value = &schema->enums[i]->values[v];
      fprintf(schema->out, "    {\"%s\", %d, %zu},\n", value->name, value->value, strlen(value->name));
    }
  }
  fprintf(schema->out, "};\n\n");
}

int main(int argc, char **argv) {
  gen_schema schema;
  uint32_t i;
  memset(&schema, 0, sizeof schema);
  if (argc != 2) die("usage", "gen_json_schema <file.c>");
  schema.out = fopen(argv[1], "w");
  if (!schema.out) die("cannot write", argv[1]);
  collect(&schema);
  fprintf(schema.out, "/* Made by gen_json_schema from the descriptors of the .proto files. */\n\n");
  fprintf(schema.out, "#include \"json_schema.h\"\n\n");
  write_fields(&schema);
  write_names(&schema);
  write_numbers(&schema);
  write_messages(&schema);
  write_enums(&schema);
  fprintf(schema.out, "const uint8_t ncl_json_roots[] = {0");
  for (i = 0; i < GEN_ROOTS; i++)
    fprintf(schema.out, ", %u", message_index(&schema, gen_roots[i]));
  fprintf(schema.out, "};\nconst uint32_t ncl_json_root_count = %zu;\n", GEN_ROOTS + 1);
  if (fclose(schema.out) != 0) die("cannot write", argv[1]);
  return 0;
}

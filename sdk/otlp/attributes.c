/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/attributes.c: a list of operations on the attributes of a message, applied in one rewrite. Only the keys
 * that the operations name have a state, so that the cost in memory does not depend on the message. */

#include <nacelle/otlp_edit.h>
#include <stdlib.h>

#include "wire.h"

#define ATTRIBUTES_ON_STACK 32u

/* What becomes of one key that an operation names. */
typedef struct ncl_slot {
  ncl_str key;
  const uint8_t *found;        /* tag of the first attribute that came with the key; NULL = there was none */
  const uint8_t *found_end;    /* and its end */
  const uint8_t *place;        /* tag of the attribute that it takes the place of; NULL = it comes last */
  ncl_range original;          /* KeyValue that its value is from; ptr == NULL = it has none */
  const ncl_attribute_op *set; /* its new value; NULL = the original's */
  uint32_t present;
  uint32_t touched;
} ncl_slot;

typedef struct ncl_applying {
  ncl_slot *slots;
  uint32_t count;
  uint64_t shapes;     /* of the keys, to pass most others by */
  uint32_t twice;      /* 1 = one of the keys came more than once */
  const uint8_t *last; /* end of the last attribute; NULL = there was none */
} ncl_applying;

static uint32_t same_key(ncl_str a, ncl_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static uint64_t key_shape(ncl_str key) {
  return UINT64_C(1) << ((key.len ^ (key.len ? (size_t)(uint8_t)key.ptr[key.len - 1] : 0u)) & 63u);
}

static ncl_slot *find_slot(const ncl_applying *a, ncl_str key) {
  uint32_t i;
  if (!(a->shapes & key_shape(key))) return NULL;
  for (i = 0; i < a->count; i++) {
    if (same_key(a->slots[i].key, key)) return &a->slots[i];
  }
  return NULL;
}

static void name_key(ncl_applying *a, ncl_str key) {
  ncl_slot *slot;
  if (find_slot(a, key)) return;
  slot = &a->slots[a->count++];
  memset(slot, 0, sizeof *slot);
  slot->key = key;
  a->shapes |= key_shape(key);
}

static void name_keys(ncl_applying *a, const ncl_attribute_op *ops, uint32_t count) {
  uint32_t i;
  for (i = 0; i < count; i++) {
    name_key(a, ops[i].key);
    if (ops[i].type == NCL_ATTRIBUTE_RENAME) name_key(a, ops[i].to);
  }
}

/* The common form: a short key, and a value that goes up to the end. 0 = it is another one. */
static uint32_t plain_key(ncl_range key_value, ncl_str *key) {
  const uint8_t *at = key_value.ptr;
  size_t rest;
  if (key_value.len < 2 || at[0] != NCL_TAG_LEN(NCL_KEY_VALUE_KEY) || at[1] > 127) return 0;
  key->ptr = (const char *)at + 2;
  key->len = at[1];
  if (key_value.len < 4 + key->len) return 0;
  at += 2 + key->len;
  rest = key_value.len - 4 - key->len;
  if (at[0] != NCL_TAG_LEN(NCL_KEY_VALUE_VALUE)) return 0;
  if (at[1] < 128) return at[1] == rest;
  return rest > 0 && at[2] < 128 && (size_t)((at[1] & 127u) | (uint32_t)at[2] << 7) == rest - 1;
}

/* The key of a KeyValue; empty when it has none. */
static ncl_str key_of(ncl_range key_value) {
  ncl_cursor cursor = ncl_cursor_of(key_value);
  ncl_str key = {NULL, 0};
  uint32_t tag;
  if (plain_key(key_value, &key)) return key;
  key.ptr = NULL;
  key.len = 0;
  while (cursor.at < cursor.end && ncl_take_tag(&cursor, &tag)) {
    if (tag == NCL_TAG_LEN(NCL_KEY_VALUE_KEY)) {
      if (!ncl_take_str(&cursor, &key)) break;
    } else if (!ncl_skip_value(&cursor, tag)) {
      break;
    }
  }
  return key;
}

/* Looks up which of the keys the message has. 0 = the message is malformed. */
static uint32_t find_keys(ncl_applying *a, ncl_range message, uint32_t field) {
  ncl_cursor cursor = ncl_cursor_of(message);
  while (cursor.at < cursor.end) {
    const uint8_t *start = cursor.at;
    uint32_t tag;
    ncl_range body;
    ncl_slot *slot;
    if (!ncl_take_tag(&cursor, &tag)) return 0;
    if (tag != NCL_TAG_LEN(field)) {
      if (!ncl_skip_value(&cursor, tag)) return 0;
      continue;
    }
    if (!ncl_take_bytes(&cursor, &body)) return 0;
    a->last = cursor.at;
    slot = find_slot(a, key_of(body));
    if (!slot) continue;
    if (slot->found) {
      a->twice = 1;
    } else {
      slot->found = slot->place = start;
      slot->found_end = cursor.at;
      slot->original = body;
      slot->present = 1;
    }
  }
  return 1;
}

/* The value of `op` for `slot`, in its place or as a new attribute. */
static uint32_t set_slot(ncl_slot *slot, const ncl_attribute_op *op) {
  slot->present = 1;
  slot->touched = 1;
  slot->set = op;
  return 1;
}

static uint32_t clear_slot(ncl_slot *slot) {
  slot->present = 0;
  slot->touched = 1;
  slot->place = NULL;
  slot->original.ptr = NULL;
  slot->original.len = 0;
  slot->set = NULL;
  return 1;
}

static uint32_t rename_slot(ncl_slot *from, ncl_slot *to) {
  if (from == to) return 0;
  to->place = from->place;
  to->original = from->original;
  to->set = from->set;
  to->present = 1;
  to->touched = 1;
  return clear_slot(from);
}

/* 1 = it changes something. */
static uint32_t apply_op(ncl_applying *a, const ncl_attribute_op *op) {
  ncl_slot *slot = find_slot(a, op->key);
  switch (op->type) {
    case NCL_ATTRIBUTE_INSERT:
      return slot->present ? 0 : set_slot(slot, op);
    case NCL_ATTRIBUTE_UPDATE:
      return slot->present ? set_slot(slot, op) : 0;
    case NCL_ATTRIBUTE_UPSERT:
      return set_slot(slot, op);
    case NCL_ATTRIBUTE_REMOVE:
      return slot->present ? clear_slot(slot) : 0;
    case NCL_ATTRIBUTE_RENAME:
      return slot->present ? rename_slot(slot, find_slot(a, op->to)) : 0;
    default:
      return 0;
  }
}

/* Writes the KeyValue of a slot; what the original has besides key and value stays. */
static void write_slot(ncl_writer *writer, uint32_t field, const ncl_slot *slot) {
  ncl_write_mark mark = ncl_write_begin(writer, field, slot->key.len + (slot->set ? 16u : slot->original.len));
  ncl_wire_fields fields = ncl_wire_fields_of(slot->original);
  ncl_wire_field part;
  ncl_write_str(writer, NCL_KEY_VALUE_KEY, slot->key);
  if (slot->set) {
    ncl_write_mark value = ncl_write_begin(writer, NCL_KEY_VALUE_VALUE, 16);
    ncl_write_any(writer, &slot->set->value);
    ncl_write_end(writer, value);
  }
  while (ncl_wire_fields_next(&fields, &part)) {
    if (part.number == NCL_KEY_VALUE_KEY || (part.number == NCL_KEY_VALUE_VALUE && slot->set)) continue;
    ncl_write_raw(writer, part.tag, (size_t)(fields.at - part.tag));
  }
  ncl_write_end(writer, mark);
}

/* What stands at the attribute that begins at `tag` in the new message. */
static void write_place(const ncl_applying *a, ncl_writer *writer, uint32_t field, const uint8_t *tag) {
  uint32_t i;
  for (i = 0; i < a->count; i++) {
    const ncl_slot *slot = &a->slots[i];
    if (slot->present && slot->place == tag) write_slot(writer, field, slot);
  }
}

static void write_new(const ncl_applying *a, ncl_writer *writer, uint32_t field) {
  uint32_t i;
  for (i = 0; i < a->count; i++) {
    if (a->slots[i].present && !a->slots[i].place) write_slot(writer, field, &a->slots[i]);
  }
}

/* The attribute that changes and comes first behind `at`; NULL = there is none. */
static const ncl_slot *next_changed(const ncl_applying *a, const uint8_t *at) {
  const ncl_slot *next = NULL;
  uint32_t i;
  for (i = 0; i < a->count; i++) {
    const ncl_slot *slot = &a->slots[i];
    if (slot->touched && slot->found && slot->found >= at && (!next || slot->found < next->found)) next = slot;
  }
  return next;
}

/* Where no key came twice it is known which attributes change. Returns up to where the message has been copied. */
static const uint8_t *rewrite_known(const ncl_applying *a, ncl_writer *writer, const uint8_t *copied, uint32_t field) {
  const ncl_slot *slot;
  while ((slot = next_changed(a, copied)) != NULL) {
    ncl_write_raw(writer, copied, (size_t)(slot->found - copied));
    write_place(a, writer, field, slot->found);
    copied = slot->found_end;
  }
  return copied;
}

static const uint8_t *rewrite_all(const ncl_applying *a, ncl_writer *writer, ncl_cursor cursor, const uint8_t *last,
                                  uint32_t field) {
  const uint8_t *copied = cursor.at;
  ncl_range body;
  uint32_t tag;
  while (cursor.at < last) {
    const uint8_t *start = cursor.at;
    const ncl_slot *slot;
    if (!ncl_take_tag(&cursor, &tag)) break;
    if (tag != NCL_TAG_LEN(field)) {
      if (!ncl_skip_value(&cursor, tag)) break;
      continue;
    }
    if (!ncl_take_bytes(&cursor, &body)) break;
    slot = find_slot(a, key_of(body));
    if (!slot || !slot->touched) continue;
    ncl_write_raw(writer, copied, (size_t)(start - copied));
    write_place(a, writer, field, start);
    copied = cursor.at;
  }
  return copied;
}

/* Copies the message in stretches between the attributes that change; new ones follow the last attribute. */
static void rewrite(const ncl_applying *a, ncl_writer *writer, ncl_range message, uint32_t field) {
  ncl_cursor cursor = ncl_cursor_of(message);
  const uint8_t *last = a->last ? a->last : cursor.end;
  const uint8_t *copied =
      a->twice ? rewrite_all(a, writer, cursor, last, field) : rewrite_known(a, writer, cursor.at, field);
  if (last > copied) ncl_write_raw(writer, copied, (size_t)(last - copied));
  write_new(a, writer, field);
  if (cursor.end > last) ncl_write_raw(writer, last, (size_t)(cursor.end - last));
}

uint32_t ncl_attributes_apply(ncl_writer *writer, ncl_range message, uint32_t field, const ncl_attribute_op *ops,
                              uint32_t count) {
  ncl_slot on_stack[ATTRIBUTES_ON_STACK];
  ncl_applying a = {on_stack, 0, 0, 0, NULL};
  uint32_t changed = 0;
  uint32_t i;
  if (count == 0) return 0;
  if (count > ATTRIBUTES_ON_STACK / 2) {
    a.slots = calloc((size_t)count * 2, sizeof *a.slots);
    if (!a.slots) {
      if (writer->status == NCL_OK) writer->status = NCL_NO_MEMORY;
      return 0;
    }
  }
  name_keys(&a, ops, count);
  if (find_keys(&a, message, field)) {
    for (i = 0; i < count; i++)
      changed |= apply_op(&a, &ops[i]);
    if (changed) rewrite(&a, writer, message, field);
  } else if (writer->status == NCL_OK) {
    writer->status = NCL_PERMANENT;
  }
  if (a.slots != on_stack) free(a.slots);
  return changed;
}

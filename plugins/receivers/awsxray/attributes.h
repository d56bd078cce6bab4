/* SPDX-License-Identifier: Apache-2.0 */
/* attributes.h: the attributes of one span while they are gathered: each key once, the newest value wins. */
#ifndef NCL_SEGMENT_ATTRIBUTES_H
#define NCL_SEGMENT_ATTRIBUTES_H

#include <nacelle/json_doc.h>
#include <nacelle/otlp_write.h>
#include <stdbool.h>

/* Attributes of a span that are kept, and annotations among them (X-Ray indexes 50 a trace). The rest is counted. */
#define NCL_SEGMENT_ATTRIBUTES 768u
#define NCL_SEGMENT_ANNOTATIONS 512u

typedef struct ncl_segment_attribute {
  ncl_str prefix; /* of the key */
  ncl_str key;
  uint32_t type; /* NCL_ANY_STRING, _INT, _DOUBLE, _BOOL; _ARRAY: `value`, or that member of each in it; _KVLIST:
                    `value` as JSON's text */
  uint32_t b;
  ncl_str s;
  int64_t i;
  double d;
  const ncl_json_value *value;
  const char *member; /* NULL = the elements themselves */
} ncl_segment_attribute;

typedef struct ncl_segment_attributes {
  const ncl_json_doc *doc;
  uint32_t count;
  uint32_t dropped;
  uint32_t annotation_count;
  ncl_segment_attribute list[NCL_SEGMENT_ATTRIBUTES];
  ncl_str annotations[NCL_SEGMENT_ANNOTATIONS]; /* their keys */
} ncl_segment_attributes;

void ncl_segment_attributes_open(ncl_segment_attributes *a, const ncl_json_doc *doc);

/* What the value has to be is in the name; anything else, or nothing at all, is left out. */
void ncl_segment_add_text(ncl_segment_attributes *a, const char *key, const ncl_json_value *value);
void ncl_segment_add_int(ncl_segment_attributes *a, const char *key, const ncl_json_value *value);
void ncl_segment_add_bool(ncl_segment_attributes *a, const char *key, const ncl_json_value *value);
void ncl_segment_add_texts(ncl_segment_attributes *a, const char *key, const ncl_json_value *list);
/* The texts that the objects in `list` have as `member`. */
void ncl_segment_add_members(ncl_segment_attributes *a, const char *key, const ncl_json_value *list,
                             const char *member);
void ncl_segment_add_str(ncl_segment_attributes *a, const char *key, ncl_str text);
void ncl_segment_add_number(ncl_segment_attributes *a, const char *key, int64_t number);
/* An annotation: a text, a bool, or a number, which becomes a double. */
void ncl_segment_add_annotation(ncl_segment_attributes *a, const ncl_json_value *value);
/* A namespace of metadata, as the text of its JSON. */
void ncl_segment_add_metadata(ncl_segment_attributes *a, const ncl_json_value *value);

/* Writes all of them, and the list of the annotations' keys. */
void ncl_segment_attributes_write(const ncl_segment_attributes *a, ncl_writer *w, uint32_t field);
/* Any value as an attribute: texts, numbers and booleans as such, lists of those as lists, the rest as JSON's text. */
void ncl_segment_write_value(const ncl_json_doc *doc, ncl_writer *w, uint32_t field, const ncl_json_value *value);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* attributes.c: what has no place of its own in a document: annotations, which X-Ray searches, and metadata. */
#include <nacelle/json_doc.h>

#include "segment.h"

/* A member that turns out to be empty is taken back. */
typedef struct mark {
  size_t before, inside;
} mark;

#define begin_object(w, literal, m) \
  ((m)->before = (w)->len, ncl_json_inner_key((w), literal), ncl_json_open(w), (m)->inside = (w)->len)

static void end_object(ncl_writer *w, const mark *m) {
  if (w->len != m->inside) {
    ncl_json_close(w);
  } else if (w->status == NCL_OK) {
    w->len = m->before;
  }
}

static const ncl_str no_prefix = NCL_STR("");
static const ncl_str resource_prefix = NCL_STR("otel.resource.");

#define METADATA_PREFIX "aws.xray.metadata."

static bool is_scalar(const ncl_any *value) {
  return value->type == NCL_ANY_STRING || value->type == NCL_ANY_BOOL || value->type == NCL_ANY_INT ||
         value->type == NCL_ANY_DOUBLE;
}

static bool joins_to(ncl_str prefix, ncl_str key, ncl_str whole) {
  return whole.len == prefix.len + key.len && memcmp(whole.ptr, prefix.ptr, prefix.len) == 0 &&
         (key.len == 0 || memcmp(whole.ptr + prefix.len, key.ptr, key.len) == 0);
}

/* Listed in the config, or by the span itself. */
static bool is_listed(const ncl_xray_translator *t, ncl_str prefix, ncl_str key) {
  const ncl_value *listed;
  for (uint32_t i = 0; (listed = ncl_config_at(t->options.indexed_attributes, i)) != NULL; i++) {
    if (joins_to(prefix, key, listed->s)) return true;
  }
  if (!ncl_xray_has(&t->facts, NCL_XRAY_ANNOTATIONS)) return false;
  const ncl_any *own = &t->facts.values[NCL_XRAY_ANNOTATIONS];
  ncl_repeated list = own->list;
  ncl_any element;
  if (own->type != NCL_ANY_ARRAY) return false;
  while (ncl_any_values_next(&list, &element)) {
    if (element.type == NCL_ANY_STRING && joins_to(prefix, key, element.string)) return true;
  }
  return false;
}

static bool is_indexed(const ncl_xray_translator *t, ncl_str prefix, ncl_str key) {
  return t->options.index_all != 0 || is_listed(t, prefix, key);
}

/* ---- annotations ------------------------------------------------------------------------------------- */

static void put_annotations(ncl_xray_translator *t, ncl_writer *w, bool with_resource, bool is_service) {
  ncl_repeated resource = t->resource_attributes;
  ncl_attribute attribute;
  mark m;
  begin_object(w, "annotations", &m);
  while (with_resource && ncl_attributes_next(&resource, &attribute)) {
    if (!is_scalar(&attribute.value) || !is_indexed(t, resource_prefix, attribute.key)) continue;
    ncl_xray_annotation(w, resource_prefix, attribute.key);
    ncl_json_inner_any(w, &attribute.value);
  }
  for (uint32_t i = 0; i < t->rest_count; i++) {
    const ncl_xray_rest *rest = &t->rest[i];
    if (!is_scalar(&rest->attribute.value) || (is_service && rest->is_removed)) continue;
    if (!is_indexed(t, no_prefix, rest->attribute.key)) continue;
    ncl_xray_annotation(w, no_prefix, rest->attribute.key);
    ncl_json_inner_any(w, &rest->attribute.value);
  }
  end_object(w, &m);
}

static bool has_annotations(const ncl_xray_translator *t) {
  return t->options.index_all != 0 || ncl_config_count(t->options.indexed_attributes) > 0 ||
         ncl_xray_has(&t->facts, NCL_XRAY_ANNOTATIONS);
}

/* ---- metadata ---------------------------------------------------------------------------------------- */

static bool is_namespace(const ncl_attribute *attribute) {
  return ncl_xray_begins(attribute->key, METADATA_PREFIX) && attribute->value.type == NCL_ANY_STRING;
}

static bool is_default(ncl_str key) {
  const char *name = key.ptr + sizeof METADATA_PREFIX - 1;
  size_t len = key.len - (sizeof METADATA_PREFIX - 1);
  if (len != 7) return false;
  for (size_t i = 0; i < 7; i++) {
    if ((name[i] | 0x20) != "default"[i]) return false;
  }
  return true;
}

/* The text, if it is a JSON object; else "". */
static ncl_str object_of(const ncl_any *value) {
  ncl_json_doc doc;
  const ncl_range text = {(const uint8_t *)value->string.ptr, value->string.len};
  ncl_status status = ncl_json_doc_open(&doc, text);
  const ncl_json_value *root = ncl_json_root(&doc);
  bool is_object = status == NCL_OK && root != NULL && root->type == NCL_JSON_OBJECT;
  ncl_json_doc_close(&doc);
  if (!is_object) return ncl_str_of("", 0);
  ncl_str s = value->string;
  while (s.len > 0 && *s.ptr != '{') {
    s.ptr++;
    s.len--;
  }
  while (s.len > 0 && s.ptr[s.len - 1] != '}')
    s.len--;
  return s;
}

static void put_inner(ncl_writer *w, ncl_str object) {
  ncl_str inner = {object.ptr + 1, object.len - 2};
  while (inner.len > 0 && (unsigned char)*inner.ptr <= ' ') {
    inner.ptr++;
    inner.len--;
  }
  if (inner.len == 0) return;
  ncl_json_comma(w);
  ncl_json_inner_raw(w, inner);
}

static void put_rest(ncl_xray_translator *t, ncl_writer *w) {
  for (uint32_t i = 0; i < t->rest_count; i++) {
    const ncl_attribute *attribute = &t->rest[i].attribute;
    if (attribute->value.type == 0 || is_listed(t, no_prefix, attribute->key)) continue;
    ncl_str object = is_namespace(attribute) ? object_of(&attribute->value) : ncl_str_of("", 0);
    if (object.len > 0) {
      if (is_default(attribute->key)) put_inner(w, object);
      continue;
    }
    ncl_json_inner_name(w, no_prefix, attribute->key);
    ncl_json_inner_any(w, &attribute->value);
  }
}

static void put_namespaces(ncl_xray_translator *t, ncl_writer *w) {
  for (uint32_t i = 0; i < t->rest_count; i++) {
    const ncl_attribute *attribute = &t->rest[i].attribute;
    if (!is_namespace(attribute) || is_default(attribute->key) || is_listed(t, no_prefix, attribute->key)) continue;
    ncl_str object = object_of(&attribute->value), key = attribute->key;
    if (object.len == 0) continue;
    size_t skipped = sizeof METADATA_PREFIX - 1;
    ncl_json_inner_name(w, no_prefix, ncl_str_of(key.ptr + skipped, key.len - skipped));
    ncl_json_inner_raw(w, object);
  }
}

static bool is_in_cause(const ncl_xray_translator *t, const ncl_span_event *event) {
  return ncl_xray_is(event->name, "exception") || (t->is_sdk && ncl_xray_is(event->name, "HTTP request failure"));
}

/* Events that no cause has: [{"name":…,"time":…,"attributes":{…}}]. */
static void put_events(ncl_xray_translator *t, ncl_writer *w) {
  ncl_repeated events = t->span.events;
  ncl_span_event event;
  ncl_range body;
  bool is_first = true;
  while (ncl_repeated_next(&events, &body)) {
    if (!ncl_span_event_read(body, &event) || is_in_cause(t, &event)) continue;
    if (is_first) {
      ncl_json_inner_key(w, "otel.events");
      ncl_json_literal(w, "[");
    }
    is_first = false;
    ncl_json_comma(w);
    ncl_json_literal(w, "{" NCL_JSON_INNER_NAME("name"));
    ncl_json_inner_text(w, event.name);
    ncl_json_literal(w, "," NCL_JSON_INNER_NAME("time"));
    ncl_xray_seconds(w, event.time_ns);
    if (event.attributes.count > 0) {
      ncl_json_literal(w, "," NCL_JSON_INNER_NAME("attributes") "{");
      ncl_json_inner_members(w, event.attributes);
      ncl_json_close(w);
    }
    ncl_json_close(w);
  }
  if (!is_first) ncl_json_literal(w, "]");
}

static void put_resource(ncl_xray_translator *t, ncl_writer *w) {
  ncl_repeated resource = t->resource_attributes;
  ncl_attribute attribute;
  while (ncl_attributes_next(&resource, &attribute)) {
    if (attribute.value.type == 0) continue;
    if (is_scalar(&attribute.value) && is_indexed(t, resource_prefix, attribute.key)) continue;
    ncl_json_inner_name(w, resource_prefix, attribute.key);
    ncl_json_inner_any(w, &attribute.value);
  }
}

void ncl_xray_resource_members(ncl_xray_translator *t) {
  ncl_xray_facts_clear(&t->facts); /* no span's own list of annotations */
  ncl_writer_reset(&t->resource_members);
  put_resource(t, &t->resource_members);
}

static void put_default(ncl_xray_translator *t, ncl_writer *w, bool with_resource, bool is_service) {
  if (with_resource) {
    bool is_same = t->resource_members.status == NCL_OK && !ncl_xray_has(&t->facts, NCL_XRAY_ANNOTATIONS);
    if (is_same) {
      ncl_write_raw(w, t->resource_members.base, t->resource_members.len);
    } else {
      put_resource(t, w);
    }
  }
  if (is_service) return;
  if (t->options.index_all == 0) put_rest(t, w);
  if (t->options.span_events != 0) put_events(t, w);
}

static void put_mark(ncl_writer *w, uint32_t trimmed) {
  ncl_json_inner_key(w, "nacelle.trimmed");
  if (trimmed == NCL_XRAY_TRIM_METADATA) {
    ncl_json_literal(w, NCL_JSON_INNER_STRING("metadata"));
  } else if (trimmed == NCL_XRAY_TRIM_ANNOTATIONS) {
    ncl_json_literal(w, NCL_JSON_INNER_STRING("metadata, annotations"));
  } else {
    ncl_json_literal(w, NCL_JSON_INNER_STRING("metadata, annotations, stacks"));
  }
}

void ncl_xray_put_attributes(ncl_xray_translator *t, ncl_writer *w, bool with_resource, bool is_service,
                             uint32_t trimmed) {
  if (trimmed < NCL_XRAY_TRIM_ANNOTATIONS && has_annotations(t)) put_annotations(t, w, with_resource, is_service);
  mark metadata, all;
  begin_object(w, "metadata", &metadata);
  begin_object(w, "default", &all);
  if (trimmed == 0) {
    put_default(t, w, with_resource, is_service);
  } else {
    put_mark(w, trimmed);
  }
  end_object(w, &all);
  if (trimmed == 0 && !is_service && t->options.index_all == 0) put_namespaces(t, w);
  end_object(w, &metadata);
}

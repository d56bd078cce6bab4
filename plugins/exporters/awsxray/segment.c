/* SPDX-License-Identifier: Apache-2.0 */
/* segment.c: a span as one document, or as two where it is the local root of a service and a call of another. */
#include "segment.h"

#include <stdlib.h>

#define RESOURCE_MEMBERS_MAX ((size_t)1 << 20) /* bytes; more is written anew for each document */
#define REST_MAX 65536u                        /* attributes of a span; further ones are left out */

/* What kind of document is being written. */
enum { WHOLE, LOCAL_ROOT, DEPENDENCY, SERVICE };

static const ncl_str service_removes[] = {NCL_STR("aws.remote.service"), NCL_STR("aws.remote.operation"),
                                          NCL_STR("remoteTarget"), NCL_STR("K8s.RemoteNamespace")};

/* ---- ids --------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x) {
  x += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

static uint64_t seed_of(const ncl_span *span) {
  uint64_t seed = 0;
  for (size_t i = 0; i < span->trace_id.len; i++)
    seed = mix(seed ^ span->trace_id.ptr[i]);
  for (size_t i = 0; i < span->span_id.len; i++)
    seed = mix(seed ^ span->span_id.ptr[i]);
  return seed;
}

uint64_t ncl_xray_made_up_id(const ncl_xray_translator *t, uint64_t number) {
  uint64_t id = mix(t->ids + mix(number));
  return id != 0 ? id : 1;
}

static void id_bytes(uint64_t id, uint8_t bytes[8]) {
  for (size_t i = 0; i < 8; i++)
    bytes[i] = (uint8_t)(id >> (56 - 8 * i));
}

void ncl_xray_put_id(ncl_writer *w, uint64_t id) {
  uint8_t bytes[8];
  id_bytes(id, bytes);
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
  ncl_json_put_hex_digits(w, (ncl_range){bytes, 8});
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
}

static void put_trace_id(ncl_writer *w, ncl_range id) {
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE "1-");
  ncl_json_put_hex_digits(w, (ncl_range){id.ptr, 4});
  ncl_json_literal(w, "-");
  ncl_json_put_hex_digits(w, (ncl_range){id.ptr + 4, 12});
  ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
}

static bool is_empty_id(ncl_range id) {
  for (size_t i = 0; i < id.len; i++) {
    if (id.ptr[i] != 0) return false;
  }
  return true;
}

/* ---- reading ----------------------------------------------------------------------------------------- */

void ncl_xray_translator_open(ncl_xray_translator *t, const ncl_xray_options *options) {
  memset(t, 0, sizeof *t);
  t->options = *options;
  ncl_xray_keys_make(&t->keys);
  ncl_writer_heap(&t->resource_members, RESOURCE_MEMBERS_MAX);
}

void ncl_xray_translator_close(ncl_xray_translator *t) {
  ncl_writer_close(&t->resource_members);
  free(t->rest);
  t->rest = NULL;
  t->rest_capacity = 0;
}

void ncl_xray_resource(ncl_xray_translator *t, ncl_range resource) {
  ncl_resource read;
  ncl_attribute attribute;
  ncl_xray_facts_clear(&t->resource);
  memset(&read, 0, sizeof read);
  (void)ncl_resource_read(resource, &read);
  t->resource_attributes = read.attributes;
  while (ncl_attributes_next(&read.attributes, &attribute)) {
    uint32_t place = ncl_xray_keys_find(&t->keys, attribute.key);
    if (place != NCL_XRAY_NO_FACT) ncl_xray_facts_set(&t->resource, place, &attribute.value);
  }
  ncl_xray_resource_members(t);
}

static ncl_status add_rest(ncl_xray_translator *t, const ncl_attribute *attribute, uint32_t place) {
  if (t->rest_count == REST_MAX) return NCL_OK;
  if (t->rest_count == t->rest_capacity) {
    uint32_t capacity = t->rest_capacity > 0 ? t->rest_capacity * 2 : 32;
    ncl_xray_rest *grown = realloc(t->rest, capacity * sizeof *grown);
    if (grown == NULL) return NCL_NO_MEMORY;
    t->rest = grown;
    t->rest_capacity = capacity;
  }
  t->rest[t->rest_count++] = (ncl_xray_rest){*attribute, false, place};
  return NCL_OK;
}

static bool is_taken(const ncl_xray_translator *t, uint32_t place, bool is_sql) {
  switch (ncl_xray_taken_by(place)) {
    case NCL_XRAY_BY_HTTP:
    case NCL_XRAY_BY_AWS:
      return true;
    case NCL_XRAY_BY_ALWAYS:
      /* Of another type than it should have it is an attribute like others. */
      if (place == NCL_XRAY_IN_PROGRESS) return t->facts.values[place].type == NCL_ANY_BOOL;
      if (place == NCL_XRAY_ANNOTATIONS) return t->facts.values[place].type == NCL_ANY_ARRAY;
      return true;
    case NCL_XRAY_BY_SQL:
      return is_sql;
    case NCL_XRAY_BY_NEW_SQL:
      return is_sql && !t->options.compat;
    case NCL_XRAY_BY_CAUSE:
      return !t->has_exceptions && t->span.status_code == NCL_STATUS_CODE_ERROR;
    default:
      return false;
  }
}

static bool is_wanted(const ncl_xray_translator *t, ncl_str key) {
  const ncl_value *listed = t->options.indexed_attributes;
  return ncl_config_count(listed) > 0 && ncl_config_list_has(listed, key);
}

static bool is_removed_from_service(ncl_str key) {
  for (size_t i = 0; i < sizeof service_removes / sizeof service_removes[0]; i++) {
    if (key.len == service_removes[i].len && memcmp(key.ptr, service_removes[i].ptr, key.len) == 0) return true;
  }
  return false;
}

/* Takes out of the attributes what has a place in the document: only now are all the facts known that say so. */
static void keep_rest(ncl_xray_translator *t) {
  bool is_sql = ncl_xray_is_sql(t);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < t->rest_count; i++) {
    ncl_xray_rest *rest = &t->rest[i];
    bool is_known = rest->place != NCL_XRAY_NO_FACT;
    if (is_known && is_taken(t, rest->place, is_sql) && !is_wanted(t, rest->attribute.key)) continue;
    rest->is_removed = is_known && is_removed_from_service(rest->attribute.key);
    if (kept != i) t->rest[kept] = *rest;
    kept++;
  }
  t->rest_count = kept;
}

static void look_at_events(ncl_xray_translator *t) {
  ncl_repeated events = t->span.events;
  ncl_span_event event;
  ncl_range body;
  t->has_exceptions = false;
  while (!t->has_exceptions && ncl_repeated_next(&events, &body)) {
    if (!ncl_span_event_read(body, &event)) continue;
    t->has_exceptions =
        ncl_xray_is(event.name, "exception") || (t->is_sdk && ncl_xray_is(event.name, "HTTP request failure"));
  }
}

static ncl_status read_span(ncl_xray_translator *t, ncl_range body) {
  ncl_attribute attribute;
  if (!ncl_span_read(body, &t->span)) return NCL_PERMANENT;
  ncl_xray_facts_clear(&t->facts);
  ncl_repeated attributes = t->span.attributes;
  ncl_status status = NCL_OK;
  t->rest_count = 0;
  while (status == NCL_OK && ncl_attributes_next(&attributes, &attribute)) {
    uint32_t place = ncl_xray_keys_find(&t->keys, attribute.key);
    if (place != NCL_XRAY_NO_FACT) ncl_xray_facts_set(&t->facts, place, &attribute.value);
    status = add_rest(t, &attribute, place);
  }
  t->is_sdk = ncl_xray_is(ncl_xray_str(&t->facts, NCL_XRAY_RPC_SYSTEM), "aws-api");
  t->ids = seed_of(&t->span);
  look_at_events(t);
  keep_rest(t);
  return status;
}

/* ---- names ------------------------------------------------------------------------------------------- */

static ncl_str from(ncl_str s, size_t at) {
  return ncl_str_of(s.ptr + at, s.len - at);
}

static ncl_str remote_service(const ncl_xray_translator *t) {
  ncl_str name = ncl_xray_str(&t->facts, NCL_XRAY_AWS_REMOTE_SERVICE);
  if (t->is_sdk && ncl_xray_begins(name, "AWS.SDK.")) return from(name, 8);
  if (t->is_sdk && ncl_xray_begins(name, "AWS::")) return from(name, 5);
  return name;
}

static bool try_name(ncl_xray_name *name, ncl_str text) {
  ncl_xray_name_add(name, text);
  return name->len > 0;
}

static void name_of(const ncl_xray_translator *t, uint32_t kind, uint32_t what, ncl_xray_name *name) {
  static const ncl_str fallback = NCL_STR("span"), at = NCL_STR("@");
  const ncl_xray_facts *f = &t->facts;
  bool is_server = kind == NCL_SPAN_KIND_SERVER, is_internal = kind == NCL_SPAN_KIND_INTERNAL;
  bool is_remote = kind == NCL_SPAN_KIND_CLIENT || kind == NCL_SPAN_KIND_PRODUCER || kind == NCL_SPAN_KIND_CONSUMER;
  name->len = 0;
  if (is_server || what == SERVICE || (is_internal && what == LOCAL_ROOT)) {
    if (try_name(name, ncl_xray_str(f, NCL_XRAY_AWS_LOCAL_SERVICE))) return;
  }
  if (what == SERVICE && try_name(name, ncl_xray_str(&t->resource, NCL_XRAY_SERVICE_NAME))) return;
  if ((is_remote || what == DEPENDENCY) && what != SERVICE && try_name(name, remote_service(t))) return;
  if (try_name(name, ncl_xray_str(f, NCL_XRAY_PEER_SERVICE))) return;
  if (try_name(name, ncl_xray_str(f, NCL_XRAY_AWS_SERVICE))) return;
  if (try_name(name, ncl_xray_str(f, NCL_XRAY_DB_NAME))) {
    ncl_str host = ncl_xray_url_host(ncl_xray_str(f, NCL_XRAY_DB_CONNECTION_STRING));
    if (host.len == 0) return;
    ncl_xray_name_add(name, at);
    ncl_xray_name_add(name, host);
    return;
  }
  if (is_server && try_name(name, ncl_xray_str(&t->resource, NCL_XRAY_SERVICE_NAME))) return;
  if (try_name(name, ncl_xray_str(f, NCL_XRAY_RPC_SERVICE))) return;
  if (try_name(name, ncl_xray_str(f, NCL_XRAY_HTTP_HOST))) return;
  if (try_name(name, ncl_xray_str(f, NCL_XRAY_NET_PEER_NAME))) return;
  if (try_name(name, t->span.name)) return;
  (void)try_name(name, fallback);
}

/* "" or the namespace of a call. */
static ncl_str namespace_of(const ncl_xray_translator *t, uint32_t what) {
  uint32_t kind = t->span.kind;
  bool is_named_by_service = ncl_xray_str(&t->facts, NCL_XRAY_AWS_SERVICE).len > 0 &&
                             ncl_xray_str(&t->facts, NCL_XRAY_PEER_SERVICE).len == 0 &&
                             ncl_xray_str(&t->facts, NCL_XRAY_AWS_REMOTE_SERVICE).len == 0;
  if (what == LOCAL_ROOT || what == SERVICE) return ncl_str_of("", 0);
  if (t->is_sdk || is_named_by_service) return (ncl_str)NCL_STR("aws");
  if (kind == NCL_SPAN_KIND_CLIENT || kind == NCL_SPAN_KIND_PRODUCER || what == DEPENDENCY) {
    return (ncl_str)NCL_STR("remote");
  }
  return ncl_str_of("", 0);
}

static ncl_str origin_of(const ncl_xray_facts *r) {
  ncl_str platform = ncl_xray_str(r, NCL_XRAY_CLOUD_PLATFORM), launch = ncl_xray_str(r, NCL_XRAY_ECS_LAUNCH_TYPE);
  ncl_str provider = ncl_xray_str(r, NCL_XRAY_CLOUD_PROVIDER);
  if (provider.len > 0 && !ncl_xray_is(provider, "aws")) return ncl_str_of("", 0);
  if (ncl_xray_is(platform, "aws_app_runner")) return (ncl_str)NCL_STR("AWS::AppRunner::Service");
  if (ncl_xray_is(platform, "aws_eks")) return (ncl_str)NCL_STR("AWS::EKS::Container");
  if (ncl_xray_is(platform, "aws_elastic_beanstalk")) return (ncl_str)NCL_STR("AWS::ElasticBeanstalk::Environment");
  if (ncl_xray_is(platform, "aws_ec2")) return (ncl_str)NCL_STR("AWS::EC2::Instance");
  if (!ncl_xray_is(platform, "aws_ecs")) return ncl_str_of("", 0);
  if (ncl_xray_is(launch, "ec2")) return (ncl_str)NCL_STR("AWS::ECS::EC2");
  if (ncl_xray_is(launch, "fargate")) return (ncl_str)NCL_STR("AWS::ECS::Fargate");
  return (ncl_str)NCL_STR("AWS::ECS::Container");
}

/* ---- members ----------------------------------------------------------------------------------------- */

void ncl_xray_seconds(ncl_writer *writer, uint64_t time_ns) {
  uint64_t fraction = time_ns % 1000000000u;
  char text[10] = ".";
  size_t len = 10;
  ncl_json_put_uint(writer, time_ns / 1000000000u);
  if (fraction == 0) return;
  for (size_t i = 9; i > 0; i--, fraction /= 10)
    text[i] = (char)('0' + fraction % 10);
  while (text[len - 1] == '0')
    len--;
  ncl_write_raw(writer, text, len);
}

static void put_times(const ncl_xray_translator *t, ncl_writer *w) {
  const ncl_any *in_progress = &t->facts.values[NCL_XRAY_IN_PROGRESS];
  ncl_json_inner_key(w, "start_time");
  ncl_xray_seconds(w, t->span.start_time_ns);
  if (ncl_xray_has(&t->facts, NCL_XRAY_IN_PROGRESS) && in_progress->type == NCL_ANY_BOOL && in_progress->b) {
    ncl_json_literal(w, "," NCL_JSON_INNER_NAME("in_progress") "true");
    return;
  }
  ncl_json_inner_key(w, "end_time");
  ncl_xray_seconds(w, t->span.end_time_ns);
}

/* HTTP's status decides, the span's where there is none that says success or failure. */
static void put_status(const ncl_xray_translator *t, ncl_writer *w) {
  uint32_t place =
      ncl_xray_has(&t->facts, NCL_XRAY_HTTP_STATUS_CODE) ? NCL_XRAY_HTTP_STATUS_CODE : NCL_XRAY_HTTP_RESPONSE_STATUS;
  int64_t code = ncl_xray_int(&t->facts, place);
  bool is_error = code >= 400 && code <= 499, is_fault = code >= 500 && code <= 599;
  if (!is_error && !is_fault) is_fault = t->span.status_code == NCL_STATUS_CODE_ERROR;
  ncl_json_inner_key(w, "fault");
  ncl_json_put_bool(w, is_fault);
  ncl_json_inner_key(w, "error");
  ncl_json_put_bool(w, is_error);
  ncl_json_inner_key(w, "throttle");
  ncl_json_put_bool(w, code == 429);
}

static ncl_str version_of(const ncl_xray_facts *r) {
  ncl_any first;
  if (ncl_xray_has(r, NCL_XRAY_SERVICE_VERSION)) return ncl_xray_str(r, NCL_XRAY_SERVICE_VERSION);
  if (ncl_xray_has(r, NCL_XRAY_IMAGE_TAGS) && r->values[NCL_XRAY_IMAGE_TAGS].type == NCL_ANY_ARRAY) {
    ncl_repeated tags = r->values[NCL_XRAY_IMAGE_TAGS].list;
    if (ncl_any_values_next(&tags, &first) && first.type == NCL_ANY_STRING) return first.string;
  }
  return ncl_xray_str(r, NCL_XRAY_IMAGE_TAG);
}

static void put_service(const ncl_xray_translator *t, ncl_writer *w) {
  ncl_str version = version_of(&t->resource);
  if (version.len == 0) return;
  ncl_json_inner_key(w, "service");
  ncl_json_open(w);
  ncl_json_inner_member(w, "version", version);
  ncl_json_close(w);
}

static void put_links(const ncl_xray_translator *t, ncl_writer *w) {
  ncl_repeated links = t->span.links;
  ncl_span_link link;
  ncl_range body;
  bool is_first = true;
  while (ncl_repeated_next(&links, &body)) {
    if (!ncl_span_link_read(body, &link) || link.trace_id.len != 16 || link.span_id.len != 8) continue;
    if (is_first) {
      ncl_json_inner_key(w, "links");
      ncl_json_literal(w, "[");
    }
    is_first = false;
    ncl_json_comma(w);
    ncl_json_literal(w, "{" NCL_JSON_INNER_NAME("trace_id"));
    put_trace_id(w, link.trace_id);
    ncl_json_literal(w, "," NCL_JSON_INNER_NAME("id") NCL_JSON_INNER_QUOTE);
    ncl_json_put_hex_digits(w, link.span_id);
    ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
    if (link.attributes.count > 0) {
      ncl_json_literal(w, "," NCL_JSON_INNER_NAME("attributes") "{");
      ncl_json_inner_members(w, link.attributes);
      ncl_json_close(w);
    }
    ncl_json_close(w);
  }
  if (!is_first) ncl_json_literal(w, "]");
}

/* ---- documents --------------------------------------------------------------------------------------- */

static void put_ids(const ncl_xray_translator *t, ncl_writer *w, uint32_t what) {
  const ncl_span *span = &t->span;
  bool has_parent = !is_empty_id(span->parent_span_id);
  ncl_json_inner_key(w, "id");
  if (what == SERVICE) {
    ncl_xray_put_id(w, ncl_xray_made_up_id(t, 0));
  } else {
    ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
    ncl_json_put_hex_digits(w, span->span_id);
    ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
  }
  ncl_json_inner_key(w, "trace_id");
  put_trace_id(w, span->trace_id);
  if (what == DEPENDENCY) {
    ncl_json_inner_key(w, "parent_id");
    ncl_xray_put_id(w, ncl_xray_made_up_id(t, 0));
  } else if (has_parent) {
    ncl_json_inner_key(w, "parent_id");
    ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
    ncl_json_put_hex_digits(w, span->parent_span_id);
    ncl_json_literal(w, NCL_JSON_INNER_QUOTE);
  }
}

static bool is_subsegment(const ncl_xray_translator *t, uint32_t what) {
  uint32_t kind = t->span.kind;
  if (what == DEPENDENCY) return true;
  if (what != WHOLE || kind == NCL_SPAN_KIND_SERVER || kind == NCL_SPAN_KIND_CONSUMER) return false;
  return !is_empty_id(t->span.parent_span_id);
}

/* Resource metadata: of segments. A local root had a parent or not when it was read: it is what that says. */
static bool with_resource(const ncl_xray_translator *t, uint32_t what) {
  uint32_t kind = t->span.kind;
  bool is_entry = kind == NCL_SPAN_KIND_SERVER || kind == NCL_SPAN_KIND_CONSUMER;
  if (what == DEPENDENCY) return is_entry;
  return is_entry || is_empty_id(t->span.parent_span_id) || what == SERVICE;
}

static void put_document(ncl_xray_translator *t, ncl_writer *w, uint32_t what, uint32_t trimmed) {
  uint32_t kind = t->span.kind;
  ncl_xray_name name;
  ncl_json_literal(w, "\"{");
  name_of(t, kind, what, &name);
  ncl_json_inner_key(w, "name");
  ncl_json_inner_text(w, ncl_str_of(name.text, name.len));
  put_ids(t, w, what);
  put_times(t, w);
  put_status(t, w);
  ncl_json_inner_member(w, "origin", origin_of(&t->resource));
  ncl_json_inner_member(w, "namespace", namespace_of(t, what));
  ncl_json_inner_member(w, "user", ncl_xray_str(&t->facts, NCL_XRAY_ENDUSER_ID));
  if (is_subsegment(t, what)) ncl_json_literal(w, "," NCL_JSON_INNER_NAME("type") NCL_JSON_INNER_STRING("subsegment"));
  put_service(t, w);
  if (what != SERVICE) ncl_xray_put_http(t, w);
  ncl_xray_put_aws(t, w, what == SERVICE);
  ncl_xray_put_sql(t, w);
  ncl_xray_put_cause(t, w, trimmed < NCL_XRAY_TRIM_STACKS);
  ncl_xray_put_attributes(t, w, with_resource(t, what), what == SERVICE, trimmed);
  if (what == WHOLE || what == LOCAL_ROOT || (what == SERVICE) == (kind == NCL_SPAN_KIND_CONSUMER)) put_links(t, w);
  ncl_json_literal(w, "}\"");
}

static bool is_too_large(const ncl_writer *w, size_t begin) {
  size_t len = w->len - begin;
  ncl_range text = {w->base + begin, len};
  return len > NCL_XRAY_DOCUMENT_MAX && ncl_json_inner_len(text) > NCL_XRAY_DOCUMENT_MAX;
}

/* Less of it, until it fits. */
static ncl_status put_fitting(ncl_xray_translator *t, ncl_writer *w, uint32_t what, ncl_xray_document *document) {
  ncl_json_comma(w);
  size_t begin = w->len;
  for (uint32_t trimmed = 0; trimmed < NCL_XRAY_TRIM_TOO_LARGE; trimmed++) {
    put_document(t, w, what, trimmed);
    if (w->status != NCL_OK) return NCL_NO_MEMORY;
    document->trimmed = trimmed;
    if (!is_too_large(w, begin)) return NCL_OK;
    w->len = begin;
  }
  return NCL_PERMANENT;
}

static ncl_status put_documents(ncl_xray_translator *t, ncl_writer *w, ncl_xray_document *documents, uint32_t *count) {
  bool is_root = ncl_xray_is(ncl_xray_str(&t->facts, NCL_XRAY_AWS_SPAN_KIND), "LOCAL_ROOT");
  bool is_service = t->span.kind == NCL_SPAN_KIND_SERVER || t->span.kind == NCL_SPAN_KIND_INTERNAL;
  memcpy(documents[0].id, t->span.span_id.ptr, 8);
  *count = 1;
  if (!is_root || is_service) return put_fitting(t, w, is_root ? LOCAL_ROOT : WHOLE, &documents[0]);
  ncl_status status = put_fitting(t, w, DEPENDENCY, &documents[0]);
  if (status != NCL_OK) return status;
  id_bytes(ncl_xray_made_up_id(t, 0), documents[1].id);
  *count = 2;
  return put_fitting(t, w, SERVICE, &documents[1]);
}

ncl_status ncl_xray_span(ncl_xray_translator *t, ncl_range span, ncl_writer *writer, ncl_xray_document *documents,
                         uint32_t *count, ncl_str *reason) {
  size_t begin = writer->len;
  *count = 0;
  ncl_status status = read_span(t, span);
  if (status == NCL_OK && (t->span.span_id.len != 8 || t->span.trace_id.len != 16)) status = NCL_PERMANENT;
  if (status == NCL_PERMANENT) {
    *reason = (ncl_str)NCL_STR("no_id");
    return status;
  }
  if (status == NCL_OK) status = put_documents(t, writer, documents, count);
  if (status == NCL_OK) return NCL_OK;
  if (writer->status == NCL_OK) writer->len = begin;
  *count = 0;
  if (status == NCL_PERMANENT) *reason = (ncl_str)NCL_STR("document_too_large");
  return status;
}

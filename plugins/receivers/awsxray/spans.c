/* SPDX-License-Identifier: Apache-2.0 */
/* spans.c: a segment and the subsegments in it as spans. */
#include "spans.h"

#include <string.h>

#define NS_A_SECOND UINT64_C(1000000000)
#define SECONDS_MAX UINT64_C(9223372036) /* what int64_t holds as nanoseconds */

/* What one span is made of besides its attributes. */
typedef struct frame {
  uint8_t trace_id[16];
  uint8_t id[8];
  bool is_embedded; /* in another segment */
} frame;

const ncl_json_value *ncl_segment_get(const ncl_segment_translator *t, const ncl_json_value *object, const char *name) {
  return object != NULL && object->type == NCL_JSON_OBJECT ? ncl_json_get(t->doc, object, name) : NULL;
}

bool ncl_segment_is_text(const ncl_json_value *value) {
  return value != NULL && value->type == NCL_JSON_STRING;
}

static bool is_null(const ncl_json_value *value) {
  return value == NULL || value->type == NCL_JSON_NULL;
}

static bool is_word(ncl_str text, const char *word) {
  return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

static ncl_status refuse(ncl_segment_translator *t, const char *why) {
  t->why = why;
  return NCL_PERMANENT;
}

/* ---- the datagram ------------------------------------------------------------------------------------ */

static bool is_header(ncl_range header) {
  ncl_json_doc doc;
  int64_t version = 0;
  bool good = false;
  if (ncl_json_doc_open(&doc, header) == NCL_OK) {
    const ncl_json_value *root = ncl_json_root(&doc);
    const ncl_json_value *format = root->type == NCL_JSON_OBJECT ? ncl_json_get(&doc, root, "format") : NULL;
    const ncl_json_value *number = root->type == NCL_JSON_OBJECT ? ncl_json_get(&doc, root, "version") : NULL;
    good = is_word(ncl_json_text(format), "json") && number != NULL && number->type == NCL_JSON_NUMBER &&
           ncl_json_int(number, &version) != 0 && version == 1;
  }
  ncl_json_doc_close(&doc);
  return good;
}

ncl_status ncl_segment_body(ncl_range datagram, ncl_range *body, const char **why) {
  static const ncl_str usual[] = {NCL_STR("{\"format\":\"json\",\"version\":1}"),
                                  NCL_STR("{\"format\": \"json\", \"version\": 1}")};
  const uint8_t *end = datagram.len > 0 ? memchr(datagram.ptr, '\n', datagram.len) : NULL;
  *why = "it does not begin with a header of one line";
  if (end == NULL) return NCL_PERMANENT;
  const ncl_range header = {datagram.ptr, (size_t)(end - datagram.ptr)};
  bool good = false;
  for (size_t i = 0; i < sizeof usual / sizeof usual[0] && !good; i++)
    good = header.len == usual[i].len && memcmp(header.ptr, usual[i].ptr, header.len) == 0;
  *why = "its header is not {\"format\":\"json\",\"version\":1}";
  if (!good && !is_header(header)) return NCL_PERMANENT;
  *body = (ncl_range){end + 1, datagram.len - header.len - 1};
  *why = "there is no document behind its header";
  return body->len > 0 ? NCL_OK : NCL_PERMANENT;
}

/* ---- ids and times ----------------------------------------------------------------------------------- */

static bool read_hex(const char *text, size_t count, uint8_t *to) {
  for (size_t i = 0; i < count; i++) {
    uint32_t byte = 0;
    for (size_t k = 0; k < 2; k++) {
      char c = text[2 * i + k];
      uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a') + 10;
      if (digit > 15 || (digit > 9 && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))) return false;
      byte = byte << 4 | digit;
    }
    to[i] = (uint8_t)byte;
  }
  return true;
}

/* "1-5f84c7a1-e7d1852db8c4fd35d88bf49a" */
static bool read_trace_id(const ncl_json_value *value, uint8_t to[16]) {
  ncl_str text = ncl_json_text(value);
  return text.len == 35 && text.ptr[1] == '-' && text.ptr[10] == '-' && read_hex(text.ptr + 2, 4, to) &&
         read_hex(text.ptr + 11, 12, to + 4);
}

static bool read_id(const ncl_json_value *value, uint8_t to[8]) {
  ncl_str text = ncl_json_text(value);
  return text.len == 16 && read_hex(text.ptr, 8, to);
}

static bool is_zero(const uint8_t *id, size_t len) {
  uint8_t all = 0;
  for (size_t i = 0; i < len; i++)
    all |= id[i];
  return all == 0;
}

/* Seconds since 1970 with a fraction, each digit of which counts: a double has not enough of them. */
static bool read_time(const ncl_json_value *value, uint64_t *ns) {
  if (value == NULL || value->type != NCL_JSON_NUMBER) return false;
  ncl_str text = value->text;
  uint64_t seconds = 0, fraction = 0, scale = NS_A_SECOND;
  size_t i = 0;
  for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9' && seconds <= SECONDS_MAX; i++)
    seconds = seconds * 10 + (uint64_t)(text.ptr[i] - '0');
  if (i < text.len && text.ptr[i] == '.') i++;
  for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
    scale /= 10;
    fraction += scale * (uint64_t)(text.ptr[i] - '0');
  }
  if (i < text.len) { /* "1.7E9", or negative */
    double exact = ncl_json_double(value, -1);
    if (!(exact >= 0 && exact < (double)SECONDS_MAX)) return false;
    *ns = (uint64_t)(exact * 1e9);
    return true;
  }
  *ns = seconds * NS_A_SECOND + fraction;
  return seconds <= SECONDS_MAX;
}

/* ---- attributes -------------------------------------------------------------------------------------- */

static void add_content_length(ncl_segment_translator *t, const ncl_json_value *length) {
  static const char key[] = "http.response_content_length";
  if (length == NULL || length->type != NCL_JSON_NUMBER) {
    ncl_segment_add_text(&t->attributes, key, length);
    return;
  }
  double number = ncl_json_double(length, 0);
  if (number > -9e18 && number < 9e18) ncl_segment_add_number(&t->attributes, key, (int64_t)number);
}

static void add_http(ncl_segment_translator *t, const ncl_json_value *http) {
  ncl_segment_attributes *a = &t->attributes;
  const ncl_json_value *request = ncl_segment_get(t, http, "request"), *response = ncl_segment_get(t, http, "response");
  ncl_segment_add_text(a, "http.method", ncl_segment_get(t, request, "method"));
  ncl_segment_add_text(a, "http.client_ip", ncl_segment_get(t, request, "client_ip"));
  ncl_segment_add_text(a, "http.user_agent", ncl_segment_get(t, request, "user_agent"));
  ncl_segment_add_text(a, "http.url", ncl_segment_get(t, request, "url"));
  ncl_segment_add_bool(a, "aws.xray.x_forwarded_for", ncl_segment_get(t, request, "x_forwarded_for"));
  ncl_segment_add_int(a, "http.status_code", ncl_segment_get(t, response, "status"));
  add_content_length(t, ncl_segment_get(t, response, "content_length"));
}

static void add_aws(ncl_segment_translator *t, const ncl_json_value *aws) {
  static const char *const names[][2] = {{"account_id", "aws.account_id"}, {"operation", "aws.operation"},
                                         {"region", "aws.region"},         {"request_id", "aws.request_id"},
                                         {"queue_url", "aws.queue_url"},   {"table_name", "aws.table_name"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    ncl_segment_add_text(&t->attributes, names[i][1], ncl_segment_get(t, aws, names[i][0]));
  ncl_segment_add_texts(&t->attributes, "aws.dynamodb.table_names", ncl_segment_get(t, aws, "table_names"));
  ncl_segment_add_int(&t->attributes, "aws.xray.retries", ncl_segment_get(t, aws, "retries"));
}

/* Bytes before the name of the database: "mysql://host:3306/" of "mysql://host:3306/name?x=y", "jdbc:sqlite:" of
 * "jdbc:sqlite:name"; 0 = it names none. */
static size_t before_database(ncl_str url) {
  size_t slash = 0, colon = 0;
  while (slash < url.len && url.ptr[slash] != '/')
    slash++;
  for (size_t i = 1; i < slash; i++) {
    if (url.ptr[i] == ':') colon = i + 1;
  }
  if (colon == 0) return 0;
  if (url.len - slash < 2 || memcmp(url.ptr + slash, "//", 2) != 0 || colon != slash)
    return colon < url.len && url.ptr[colon] != '?' ? colon : 0;
  const char *host = url.ptr + slash + 2, *end = url.ptr + url.len;
  const char *stop = memchr(host, '/', (size_t)(end - host));
  if (stop == NULL || stop == host || stop + 1 == end || stop[1] == '?') return 0;
  return (size_t)(stop + 1 - url.ptr);
}

static void add_sql(ncl_segment_translator *t, const ncl_json_value *sql) {
  ncl_segment_attributes *a = &t->attributes;
  const ncl_json_value *url = ncl_segment_get(t, sql, "url");
  if (ncl_segment_is_text(url)) {
    ncl_str whole = url->text, connection = whole;
    size_t before = before_database(whole);
    if (before > 0) {
      const char *name = whole.ptr + before, *query = memchr(name, '?', whole.len - before);
      size_t len = query != NULL ? (size_t)(query - name) : whole.len - before;
      ncl_segment_add_str(a, "db.name", ncl_str_of(name, len));
      connection.len = before;
      while (connection.len > 0 && connection.ptr[connection.len - 1] == '/')
        connection.len--;
    }
    ncl_segment_add_str(a, "db.connection_string", connection);
  }
  ncl_segment_add_text(a, "db.system", ncl_segment_get(t, sql, "database_type"));
  ncl_segment_add_text(a, "db.statement", ncl_segment_get(t, sql, "sanitized_query"));
  ncl_segment_add_text(a, "db.user", ncl_segment_get(t, sql, "user"));
}

static void add_members(ncl_segment_translator *t, const ncl_json_value *object,
                        void (*add)(ncl_segment_attributes *, const ncl_json_value *)) {
  if (object == NULL || object->type != NCL_JSON_OBJECT) return;
  for (const ncl_json_value *one = ncl_json_first(t->doc, object); one != NULL; one = ncl_json_next(t->doc, one))
    add(&t->attributes, one);
}

static void gather(ncl_segment_translator *t, const ncl_json_value *segment) {
  ncl_segment_attributes *a = &t->attributes;
  ncl_str space = ncl_json_text(ncl_segment_get(t, segment, "namespace"));
  ncl_segment_attributes_open(a, t->doc);
  if (is_word(space, "aws")) ncl_segment_add_text(a, "aws.service", ncl_segment_get(t, segment, "name"));
  ncl_segment_add_bool(a, "aws.xray.inprogress", ncl_segment_get(t, segment, "in_progress"));
  ncl_segment_add_text(a, "enduser.id", ncl_segment_get(t, segment, "user"));
  add_http(t, ncl_segment_get(t, segment, "http"));
  add_aws(t, ncl_segment_get(t, segment, "aws"));
  add_sql(t, ncl_segment_get(t, segment, "sql"));
  ncl_segment_add_bool(a, "aws.xray.traced", ncl_segment_get(t, segment, "traced"));
  add_members(t, ncl_segment_get(t, segment, "annotations"), ncl_segment_add_annotation);
  add_members(t, ncl_segment_get(t, segment, "metadata"), ncl_segment_add_metadata);
}

/* ---- the span ---------------------------------------------------------------------------------------- */

static ncl_status find_kind(ncl_segment_translator *t, const ncl_json_value *segment, bool is_embedded,
                            uint32_t *kind) {
  const ncl_json_value *space = ncl_segment_get(t, segment, "namespace");
  const ncl_json_value *request = ncl_segment_get(t, ncl_segment_get(t, segment, "http"), "request");
  bool is_subsegment = is_embedded || (ncl_segment_is_text(ncl_segment_get(t, segment, "parent_id")) &&
                                       is_word(ncl_json_text(ncl_segment_get(t, segment, "type")), "subsegment"));
  *kind = ncl_segment_is_text(ncl_segment_get(t, request, "client_ip")) ? NCL_SPAN_KIND_SERVER : NCL_SPAN_KIND_INTERNAL;
  if (ncl_segment_is_text(space) && !is_word(space->text, "local")) {
    if (!is_word(space->text, "aws") && !is_word(space->text, "remote")) {
      return refuse(t, "a namespace is none of aws, remote and local");
    }
    *kind = NCL_SPAN_KIND_CLIENT;
  }
  if (!is_subsegment) *kind = NCL_SPAN_KIND_SERVER;
  return NCL_OK;
}

static bool is_true(const ncl_json_value *value) {
  return value != NULL && value->type == NCL_JSON_BOOL && value->count != 0;
}

/* As the exporter awsxray reads it back: from http.status_code, else from the status. */
static ncl_status find_status(ncl_segment_translator *t, const ncl_json_value *segment, ncl_span *span) {
  const ncl_json_value *cause = ncl_segment_get(t, segment, "cause");
  const ncl_json_value *answer = ncl_segment_get(t, ncl_segment_get(t, segment, "http"), "response");
  const ncl_json_value *status = ncl_segment_get(t, answer, "status");
  int64_t code;
  bool is_number = status != NULL && status->type == NCL_JSON_NUMBER && ncl_json_int(status, &code) != 0;
  if (is_number && (code < 100 || code >= 399)) span->status_code = NCL_STATUS_CODE_ERROR;
  if (ncl_segment_is_text(cause)) span->status_message = cause->text; /* the id of an exception */
  if (!is_null(cause)) span->status_code = NCL_STATUS_CODE_ERROR;
  if (!is_null(cause) && cause->type != NCL_JSON_OBJECT && cause->type != NCL_JSON_STRING) {
    return refuse(t, "a cause is neither an object nor an id");
  }
  if (t->compat == 0 &&
      (is_true(ncl_segment_get(t, segment, "fault")) || is_true(ncl_segment_get(t, segment, "error"))))
    span->status_code = NCL_STATUS_CODE_ERROR;
  return NCL_OK;
}

static void write_link(ncl_segment_translator *t, ncl_writer *w, const ncl_json_value *link) {
  uint8_t trace_id[16], id[8];
  const ncl_json_value *attributes = ncl_segment_get(t, link, "attributes");
  if (!read_trace_id(ncl_segment_get(t, link, "trace_id"), trace_id)) return;
  if (!read_id(ncl_segment_get(t, link, "id"), id)) return;
  const ncl_span_link out = {.trace_id = {trace_id, sizeof trace_id}, .span_id = {id, sizeof id}};
  ncl_write_mark mark = ncl_write_begin(w, NCL_SPAN_LINKS, 100);
  ncl_write_span_link(w, &out);
  if (attributes != NULL && attributes->type == NCL_JSON_OBJECT) {
    for (const ncl_json_value *one = ncl_json_first(t->doc, attributes); one != NULL; one = ncl_json_next(t->doc, one))
      ncl_segment_write_value(t->doc, w, NCL_SPAN_LINK_ATTRIBUTES, one);
  }
  ncl_write_end(w, mark);
}

static void write_links(ncl_segment_translator *t, ncl_writer *w, const ncl_json_value *links) {
  if (links == NULL || links->type != NCL_JSON_ARRAY) return;
  for (const ncl_json_value *one = ncl_json_first(t->doc, links); one != NULL; one = ncl_json_next(t->doc, one))
    write_link(t, w, one);
}

static ncl_status read_ids(ncl_segment_translator *t, const ncl_json_value *segment, const frame *above, frame *own,
                           uint8_t parent_id[8]) {
  const ncl_json_value *trace_id = ncl_segment_get(t, segment, "trace_id");
  const ncl_json_value *parent = ncl_segment_get(t, segment, "parent_id");
  memset(parent_id, 0, 8);
  own->is_embedded = above != NULL;
  if (above != NULL && is_null(trace_id)) {
    memcpy(own->trace_id, above->trace_id, sizeof own->trace_id);
  } else if (!read_trace_id(trace_id, own->trace_id) || is_zero(own->trace_id, sizeof own->trace_id)) {
    return refuse(t, "a trace_id is not of the form 1-<8 hex digits>-<24 hex digits>");
  }
  if (above != NULL) {
    memcpy(parent_id, above->id, 8);
  } else if (!is_null(parent) && !read_id(parent, parent_id)) {
    return refuse(t, "a parent_id is not 16 hex digits");
  }
  if (!read_id(ncl_segment_get(t, segment, "id"), own->id) || is_zero(own->id, sizeof own->id)) {
    return refuse(t, "an id is not 16 hex digits");
  }
  return NCL_OK;
}

static ncl_status write_span(ncl_segment_translator *t, ncl_writer *w, const ncl_json_value *segment,
                             const frame *above, frame *own) {
  uint8_t parent_id[8];
  ncl_span span = {.trace_id = {own->trace_id, 16}, .span_id = {own->id, 8}};
  const ncl_json_value *name = ncl_segment_get(t, segment, "name"), *end = ncl_segment_get(t, segment, "end_time");
  if (!ncl_segment_is_text(name)) return refuse(t, "a name is missing");
  ncl_status status = read_ids(t, segment, above, own, parent_id);
  if (status == NCL_OK) status = find_kind(t, segment, above != NULL, &span.kind);
  if (status == NCL_OK) status = find_status(t, segment, &span);
  if (status != NCL_OK) return status;
  if (!read_time(ncl_segment_get(t, segment, "start_time"), &span.start_time_ns)) {
    return refuse(t, "a start_time is missing, or no time");
  }
  if (!is_null(end) && !read_time(end, &span.end_time_ns)) return refuse(t, "an end_time is no time");
  span.name = name->text;
  if (!is_zero(parent_id, sizeof parent_id)) span.parent_span_id = (ncl_range){parent_id, sizeof parent_id};
  gather(t, segment);
  span.dropped_attributes = t->attributes.dropped;
  ncl_write_span(w, &span);
  ncl_segment_attributes_write(&t->attributes, w, NCL_SPAN_ATTRIBUTES);
  ncl_segment_write_events(t, w, segment, span.end_time_ns > 0 ? span.end_time_ns : span.start_time_ns);
  write_links(t, w, ncl_segment_get(t, segment, "links"));
  return NCL_OK;
}

/* A segment, and what is in it. Depth is the document's, which is bounded. */
static ncl_status write_segment(ncl_segment_translator *t, ncl_writer *w, const ncl_json_value *segment,
                                const frame *above) {
  const ncl_json_value *inner = ncl_segment_get(t, segment, "subsegments");
  frame own;
  if (segment->type != NCL_JSON_OBJECT) return refuse(t, "a segment is no object");
  t->spans++;
  ncl_write_mark mark = ncl_write_begin(w, NCL_SCOPE_RECORD, 600);
  ncl_status status = write_span(t, w, segment, above, &own);
  ncl_write_end(w, mark);
  if (inner == NULL || inner->type != NCL_JSON_ARRAY) return status;
  for (const ncl_json_value *one = ncl_json_first(t->doc, inner); one != NULL; one = ncl_json_next(t->doc, one)) {
    if (status == NCL_OK) {
      status = write_segment(t, w, one, &own);
    } else {
      t->spans++; /* refused with it, if not to the last one */
    }
  }
  return status;
}

static ncl_status write_request(ncl_segment_translator *t, ncl_writer *w) {
  const ncl_json_value *root = ncl_json_root(t->doc);
  ncl_write_mark group = ncl_write_begin(w, NCL_REQUEST_GROUP, 1000);
  ncl_write_mark resource = ncl_write_begin(w, NCL_GROUP_RESOURCE, 300);
  ncl_segment_resource(t, root);
  ncl_segment_attributes_write(&t->attributes, w, NCL_RESOURCE_ATTRIBUTES);
  ncl_write_end(w, resource);
  ncl_write_mark scope = ncl_write_begin(w, NCL_GROUP_SCOPE, 700);
  ncl_status status = write_segment(t, w, root, NULL);
  ncl_write_end(w, scope);
  ncl_write_end(w, group);
  return status;
}

ncl_status ncl_segment_write(ncl_segment_translator *t, ncl_range body, ncl_writer *w, uint32_t *spans,
                             const char **why) {
  ncl_json_doc doc;
  t->doc = &doc;
  t->spans = 0;
  t->why = "it is not JSON, or over its limits";
  ncl_status status = ncl_json_doc_open(&doc, body);
  if (status == NCL_OK) status = write_request(t, w);
  if (status == NCL_OK && w->status != NCL_OK) {
    status = w->status;
    t->why = "its spans are over the limit";
  }
  ncl_json_doc_close(&doc);
  t->doc = NULL;
  *spans = t->spans > 0 ? t->spans : 1;
  *why = t->why;
  return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/exporters/awsxray: spans, given as OTLP/JSON, and the segment documents that they make, as trees. */
#include "plugins/exporters/awsxray/segment.h"

#include <nacelle/json_doc.h>
#include <nacelle/otlp_json.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/plugins/plugin_test.h"

#define IDS "\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\""
#define TIMES ",\"startTimeUnixNano\":\"1700000000250000000\",\"endTimeUnixNano\":\"1700000001000000000\""
#define PARENT ",\"parentSpanId\":\"eee19b7ec3c1b173\""
#define STR(k, v) "{\"key\":\"" k "\",\"value\":{\"stringValue\":\"" v "\"}}"
#define INT(k, v) "{\"key\":\"" k "\",\"value\":{\"intValue\":\"" v "\"}}"
#define ATTRS(list) ",\"attributes\":[" list "]"
/* What each document of these has. */
#define HEAD                                                                                                       \
  "\"id\":\"eee19b7ec3c1b174\",\"trace_id\":\"1-5b8efff7-98038103d269b633813fc60c\",\"start_time\":1700000000.25," \
  "\"end_time\":1700000001,"
#define CHILD HEAD "\"parent_id\":\"eee19b7ec3c1b173\","
#define SUB CHILD "\"type\":\"subsegment\","
#define FINE "\"fault\":false,\"error\":false,\"throttle\":false,"
#define AWS "\"aws\":{\"xray\":{\"auto_instrumentation\":false}}"

/* ---- comparing --------------------------------------------------------------------------------------- */

static int same(const ncl_json_doc *a, const ncl_json_value *x, const ncl_json_doc *b, const ncl_json_value *y) {
  char key[256];
  if (x == NULL || y == NULL || x->type != y->type || x->count != y->count) return 0;
  if (x->type == NCL_JSON_NUMBER) return ncl_json_double(x, 0) == ncl_json_double(y, 1);
  if (x->type == NCL_JSON_STRING) {
    return x->text.len == y->text.len && memcmp(x->text.ptr, y->text.ptr, x->text.len) == 0;
  }
  const ncl_json_value *other = ncl_json_first(b, y);
  for (const ncl_json_value *one = ncl_json_first(a, x); one != NULL; one = ncl_json_next(a, one)) {
    if (x->type == NCL_JSON_OBJECT) {
      (void)snprintf(key, sizeof key, "%.*s", (int)one->key.len, one->key.ptr);
      other = ncl_json_get(b, y, key);
    }
    if (!same(a, one, b, other)) return 0;
    if (x->type == NCL_JSON_ARRAY) other = ncl_json_next(b, other);
  }
  return 1;
}

static void assert_json(ncl_str made, const char *wanted) {
  ncl_json_doc a, b;
  ncl_status read = ncl_json_doc_open(&a, (ncl_range){(const uint8_t *)made.ptr, made.len});
  if (read != NCL_OK) fail_msg("no JSON: %s\n%.*s", a.message, (int)made.len, made.ptr);
  if (ncl_json_doc_open(&b, (ncl_range){(const uint8_t *)wanted, strlen(wanted)}) != NCL_OK) {
    fail_msg("the test has no JSON: %s\n%s", b.message, wanted);
  }
  if (!same(&a, ncl_json_root(&a), &b, ncl_json_root(&b))) {
    fail_msg("made:   %.*s\nwanted: %s", (int)made.len, made.ptr, wanted);
  }
  ncl_json_doc_close(&a);
  ncl_json_doc_close(&b);
}

/* ---- translating ------------------------------------------------------------------------------------- */

typedef struct made {
  ncl_xray_translator t;
  ncl_writer body;
  ncl_json_doc list;
  ncl_xray_document documents[NCL_XRAY_DOCUMENTS_MAX];
  uint32_t count;
  ncl_status status;
  ncl_str reason;
  uint8_t *memory[2];
} made;

static ncl_range wire_of(made *m, uint32_t message, const char *json, uint32_t i) {
  ncl_writer w;
  ncl_json_report report;
  size_t text_len = strlen(json);
  uint8_t *text = calloc(1, text_len + NCL_PADDING);
  memcpy(text, json, text_len);
  if (ncl_json_to_wire_heap(message, (ncl_range){text, text_len}, (size_t)1 << 24, &w, &report) != NCL_OK) {
    fail_msg("%s: %s", json, report.message);
  }
  free(text);
  size_t len = w.len;
  m->memory[i] = calloc(1, len + NCL_PADDING);
  if (len > 0) memcpy(m->memory[i], w.base, len);
  ncl_writer_close(&w);
  return (ncl_range){m->memory[i], len};
}

static void translate_with(made *m, const ncl_xray_options *options, const char *resource, const char *span) {
  char text[8192];
  memset(m, 0, sizeof *m);
  ncl_xray_translator_open(&m->t, options);
  (void)snprintf(text, sizeof text, "{\"attributes\":[%s]}", resource);
  ncl_xray_resource(&m->t, wire_of(m, NCL_JSON_RESOURCE, text, 0));
  size_t room = strlen(span) + 256;
  char *whole = calloc(1, room);
  (void)snprintf(whole, room, "{%s%s%s}", IDS, TIMES, span);
  ncl_range wire = wire_of(m, NCL_JSON_SPAN, whole, 1);
  free(whole);
  ncl_writer_heap(&m->body, (size_t)64 << 20);
  ncl_write_raw(&m->body, "[", 1);
  m->status = ncl_xray_span(&m->t, wire, &m->body, m->documents, &m->count, &m->reason);
  ncl_write_raw(&m->body, "]", 1);
  if (ncl_json_doc_open(&m->list, ncl_writer_range(&m->body)) != NCL_OK) fail_msg("%s", m->list.message);
}

static void translate(made *m, const char *resource, const char *span) {
  const ncl_xray_options options = {.compat = 1, .span_events = 1};
  translate_with(m, &options, resource, span);
}

static ncl_str document(const made *m, uint32_t i) {
  const ncl_json_value *one = ncl_json_first(&m->list, ncl_json_root(&m->list));
  while (i-- > 0)
    one = ncl_json_next(&m->list, one);
  return ncl_json_text(one);
}

static void release(made *m) {
  ncl_json_doc_close(&m->list);
  ncl_writer_close(&m->body);
  ncl_xray_translator_close(&m->t);
  free(m->memory[0]);
  free(m->memory[1]);
}

/* ---- one document ------------------------------------------------------------------------------------ */

typedef struct row {
  const char *resource, *span, *wanted;
} row;

static const row rows[] = {
    /* a root, by its name */
    {"", ",\"name\":\"GET /a?b=<c>\",\"kind\":1", "{\"name\":\"GET /ab=c\"," HEAD FINE AWS "}"},
    {"", ",\"name\":\"<?>\"", "{\"name\":\"span\"," HEAD FINE AWS "}"},
    {"", ",\"name\":\"größe 日本 €\"", "{\"name\":\"größe 日本 \"," HEAD FINE AWS "}"},
    /* segments and subsegments */
    {STR("service.name", "shop"), PARENT ",\"name\":\"x\",\"kind\":2",
     "{\"name\":\"shop\"," CHILD FINE AWS ",\"metadata\":{\"default\":{\"otel.resource.service.name\":\"shop\"}}}"},
    {STR("service.name", "shop"), PARENT ",\"name\":\"x\",\"kind\":1", "{\"name\":\"x\"," SUB FINE AWS "}"},
    {STR("service.name", "shop"), PARENT ",\"name\":\"x\",\"kind\":5",
     "{\"name\":\"x\"," CHILD FINE AWS ",\"metadata\":{\"default\":{\"otel.resource.service.name\":\"shop\"}}}"},
    {"", PARENT ",\"name\":\"x\",\"kind\":3" ATTRS(STR("peer.service", "db!")),
     "{\"name\":\"db\"," SUB FINE AWS
     ",\"namespace\":\"remote\",\"metadata\":{\"default\":{\"peer.service\":\"db!\"}}}"},
    /* texts of all kinds are escaped twice */
    {"", ",\"name\":\"x\"" ATTRS("{\"key\":\"q\\\"\\\\\",\"value\":{\"stringValue\":\"a\\n\\\"b\\\\\\u0001\\t€\"}}"),
     "{\"name\":\"x\"," HEAD FINE AWS ",\"metadata\":{\"default\":{\"q\\\"\\\\\":\"a\\n\\\"b\\\\\\u0001\\t€\"}}}"},
    {"",
     ",\"name\":\"x\"" ATTRS(
         "{\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"intValue\":\"-1\"},{\"doubleValue\":0.5},"
         "{\"boolValue\":true},{\"bytesValue\":\"AQI=\"},{\"doubleValue\":\"NaN\"}]}}},"
         "{\"key\":\"m\",\"value\":{\"kvlistValue\":{\"values\":[" STR("a", "b") "]}}}"),
     "{\"name\":\"x\"," HEAD FINE AWS
     ",\"metadata\":{\"default\":{\"l\":[-1,0.5,true,\"AQI=\",\"NaN\"],\"m\":{\"a\":\"b\"}}}}"},
    /* HTTP */
    {"",
     ",\"name\":\"x\",\"kind\":3" ATTRS(STR("http.request.method", "GET") "," STR("url.full", "https://a/b?c") "," INT(
         "http.response.status_code", "429") "," STR("user_agent.original", "curl")),
     "{\"name\":\"x\"," HEAD "\"fault\":false,\"error\":true,\"throttle\":true," AWS
     ",\"namespace\":\"remote\",\"http\":{\"request\":{\"method\":\"GET\",\"url\":\"https://a/"
     "b?c\",\"user_agent\":\"curl\"},\"response\":{\"status\":429,\"content_length\":0}}}"},
    {"",
     ",\"name\":\"x\",\"kind\":2" ATTRS(
         STR("http.method", "GET") "," STR("http.scheme", "https") "," STR("net.host.name", "h") "," INT(
             "net.host.port", "8443") "," STR("http.target", "/t") "," STR("http.client_ip",
                                                                           "1.2.3.4") "," INT("http.status_code",
                                                                                              "503")),
     "{\"name\":\"x\"," HEAD "\"fault\":true,\"error\":false,\"throttle\":false," AWS
     ",\"http\":{\"request\":{\"method\":\"GET\",\"url\":\"https://h:8443/"
     "t\",\"client_ip\":\"1.2.3.4\",\"x_forwarded_for\":true},\"response\":{\"status\":503,\"content_length\":0}}}"},
    {"",
     ",\"name\":\"x\",\"kind\":2" ATTRS(
         STR("url.scheme", "http") "," STR("server.address", "h") "," INT("server.port", "80") "," STR(
             "url.path", "/p") "," STR("url.query", "q=1") "," STR("client.address",
                                                                   "::1") "," STR("network.peer.address", "10.0.0.1")),
     "{\"name\":\"x\"," HEAD FINE AWS ",\"http\":{\"request\":{\"url\":\"http://h/"
     "p?q=1\",\"client_ip\":\"::1\"},\"response\":{\"content_length\":0}}}"},
    /* a database */
    {"",
     ",\"name\":\"SELECT\",\"kind\":3" ATTRS(STR("db.system", "mysql") "," STR("db.name", "orders") "," STR(
         "db.connection_string", "jdbc:mysql://me@db.example:3306/orders") "," STR("db.statement",
                                                                                   "SELECT ?") "," STR("db.user", "u")),
     "{\"name\":\"orders@db.example\"," HEAD FINE AWS
     ",\"namespace\":\"remote\",\"sql\":{\"connection_string\":\"jdbc:mysql://me@db.example:3306/orders/"
     "orders\",\"url\":\"SELECT\",\"sanitized_query\":\"SELECT ?\",\"database_type\":\"mysql\",\"user\":\"u\"}}"},
    {"", ",\"name\":\"get\",\"kind\":1" ATTRS(STR("db.system", "redis")),
     "{\"name\":\"get\"," HEAD FINE AWS ",\"metadata\":{\"default\":{\"db.system\":\"redis\"}}}"},
    /* an AWS SDK */
    {"",
     PARENT ",\"name\":\"x\",\"kind\":3" ATTRS(STR("rpc.system", "aws-api") "," STR("rpc.method", "GetItem") "," STR(
         "aws.remote.service", "AWS::DynamoDB") "," STR("aws.table.name",
                                                        "t") "," STR("aws.requestId", "r") "," STR("aws.region", "eu")),
     "{\"name\":\"DynamoDB\"," SUB FINE
     "\"namespace\":\"aws\",\"aws\":{\"xray\":{\"auto_instrumentation\":false},\"operation\":\"GetItem\",\"region\":"
     "\"eu\",\"request_id\":\"r\",\"table_name\":\"t\"},\"metadata\":{\"default\":{\"rpc.system\":\"aws-api\",\"aws."
     "remote.service\":\"AWS::DynamoDB\"}}}"},
    /* status */
    {"", ",\"name\":\"x\",\"status\":{\"code\":2}",
     "{\"name\":\"x\"," HEAD "\"fault\":true,\"error\":false,\"throttle\":false," AWS "}"},
    /* user, progress, links */
    {"",
     ",\"name\":\"x\",\"links\":[{\"traceId\":\"000102030405060708090a0b0c0d0e0f\",\"spanId\":"
     "\"0001020304050607\"" ATTRS(STR("a", "b")) "}]" ATTRS(STR("enduser.id", "me")),
     "{\"name\":\"x\"," HEAD FINE AWS
     ",\"user\":\"me\",\"links\":[{\"trace_id\":\"1-00010203-0405060708090a0b0c0d0e0f\",\"id\":\"0001020304050607\","
     "\"attributes\":{\"a\":\"b\"}}]}"},
    {"", ",\"name\":\"x\"" ATTRS("{\"key\":\"aws.xray.inprogress\",\"value\":{\"boolValue\":true}}"),
     "{\"name\":\"x\",\"id\":\"eee19b7ec3c1b174\",\"trace_id\":\"1-5b8efff7-98038103d269b633813fc60c\",\"start_time\":"
     "1700000000.25,\"in_progress\":true," FINE AWS "}"},
    /* annotations and namespaces that the span asks for */
    {"",
     ",\"name\":\"x\"" ATTRS(
         "{\"key\":\"aws.xray.annotations\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"a-b\"}]}}}," STR(
             "a-b",
             "1") "," STR("aws.xray.metadata.ns",
                          "{\\\"k\\\": [1, \\\"\\\\n\\\"]}") "," STR("aws.xray.metadata.default",
                                                                     " {\\\"d\\\":2} ") "," STR("aws.xray.metadata.bad",
                                                                                                "{")),
     "{\"name\":\"x\"," HEAD FINE AWS
     ",\"annotations\":{\"a_b\":\"1\"},\"metadata\":{\"default\":{\"d\":2,\"aws.xray.metadata.bad\":\"{\"},\"ns\":{"
     "\"k\":[1,\"\\n\"]}}}"},
    /* events that are no exceptions */
    {"",
     ",\"name\":\"x\",\"events\":[{\"name\":\"e\",\"timeUnixNano\":\"1700000000500000000\"" ATTRS(STR("a", "b")) "}]",
     "{\"name\":\"x\"," HEAD FINE AWS
     ",\"metadata\":{\"default\":{\"otel.events\":[{\"name\":\"e\",\"time\":1700000000.5,\"attributes\":{\"a\":\"b\"}}"
     "]}}}"},
};

static void spans_become_documents(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    made m;
    translate(&m, rows[i].resource, rows[i].span);
    assert_int_equal(m.status, NCL_OK);
    assert_int_equal(m.count, 1);
    assert_json(document(&m, 0), rows[i].wanted);
    release(&m);
  }
}

static void a_resource_says_where_it_ran(void **state) {
  (void)state;
  made m;
  translate(
      &m,
      STR("cloud.provider", "aws") "," STR("cloud.platform", "aws_ecs") "," STR(
          "aws.ecs.launchtype",
          "fargate") "," STR("container.name",
                             "c") "," STR("cloud.account.id",
                                          "123") "," STR("service.version",
                                                         "1.2") "," STR("telemetry.sdk.name",
                                                                        "opentelemetry") "," STR("telemetry.sdk."
                                                                                                 "language",
                                                                                                 "go") "," STR("aws."
                                                                                                               "log."
                                                                                                               "group."
                                                                                                               "arns",
                                                                                                               "arn:"
                                                                                                               "aws:"
                                                                                                               "logs:"
                                                                                                               "eu:1:"
                                                                                                               "log-"
                                                                                                               "group:"
                                                                                                               "g:*&"
                                                                                                               "arn:"
                                                                                                               "aws:"
                                                                                                               "logs:"
                                                                                                               "eu:1:"
                                                                                                               "log-"
                                                                                                               "group:"
                                                                                                               "h"),
      PARENT ",\"name\":\"x\",\"kind\":1");
  assert_json(
      document(&m, 0),
      "{\"name\":\"x\"," SUB FINE
      "\"origin\":\"AWS::ECS::Fargate\",\"service\":{\"version\":\"1.2\"},\"aws\":{\"ecs\":{\"container\":\"c\","
      "\"launch_type\":\"fargate\"},\"account_id\":\"123\",\"cloudwatch_logs\":[{\"log_group\":\"g\",\"arn\":"
      "\"arn:aws:logs:eu:1:log-group:g:*\"},{\"log_group\":\"h\",\"arn\":\"arn:aws:logs:eu:1:log-group:h\"}],"
      "\"xray\":{\"sdk\":\"opentelemetry for go\",\"auto_instrumentation\":false}}}");
  release(&m);
  translate(&m, STR("cloud.provider", "gcp"), PARENT ",\"name\":\"x\",\"kind\":1");
  assert_json(document(&m, 0), "{" SUB FINE "\"name\":\"x\"}");
  release(&m);
}

/* ---- causes ------------------------------------------------------------------------------------------ */

static void assert_stack(const char *language, const char *trace, const char *const *labels, uint32_t exceptions) {
  made m;
  ncl_json_doc doc;
  char resource[128], span[2048];
  (void)snprintf(resource, sizeof resource, STR("telemetry.sdk.language", "%s"), language);
  (void)snprintf(
      span, sizeof span,
      ",\"name\":\"x\",\"kind\":3,\"events\":[{\"name\":\"exception\"" ATTRS(
          STR("exception.type", "T") "," STR("exception.message", "m") "," STR("exception.stacktrace", "%s")) "}]",
      trace);
  translate(&m, resource, span);
  ncl_str text = document(&m, 0);
  assert_int_equal(ncl_json_doc_open(&doc, (ncl_range){(const uint8_t *)text.ptr, text.len}), NCL_OK);
  const ncl_json_value *list = ncl_json_get(&doc, ncl_json_get(&doc, ncl_json_root(&doc), "cause"), "exceptions");
  if (list == NULL || list->count != exceptions) fail_msg("%s: %.*s", language, (int)text.len, text.ptr);
  ncl_str caused = {NULL, 0};
  for (const ncl_json_value *e = ncl_json_first(&doc, list); e != NULL; e = ncl_json_next(&doc, e)) {
    ncl_str id = ncl_json_text(ncl_json_get(&doc, e, "id"));
    assert_int_equal(id.len, 16);
    if (caused.len > 0) assert_memory_equal(id.ptr, caused.ptr, 16);
    caused = ncl_json_text(ncl_json_get(&doc, e, "cause"));
    const ncl_json_value *frames = ncl_json_get(&doc, e, "stack");
    for (const ncl_json_value *f = ncl_json_first(&doc, frames); f != NULL; f = ncl_json_next(&doc, f)) {
      char line[256];
      int64_t number = -1;
      ncl_str path = ncl_json_text(ncl_json_get(&doc, f, "path")),
              label = ncl_json_text(ncl_json_get(&doc, f, "label"));
      (void)ncl_json_int(ncl_json_get(&doc, f, "line"), &number);
      (void)snprintf(line, sizeof line, "%.*s|%.*s|%d", (int)path.len, path.ptr, (int)label.len, label.ptr,
                     (int)number);
      if (*labels == NULL) fail_msg("one frame too many: %s", line);
      assert_string_equal(line, *labels);
      labels++;
    }
  }
  assert_null(*labels);
  ncl_json_doc_close(&doc);
  release(&m);
}

static void stack_traces_become_frames(void **state) {
  (void)state;
  static const char *const java[] = {"A.java|a.A.run|12", "Native Method|a.B.go|0", "C.java|a.C.x|3", NULL};
  assert_stack(
      "java",
      "T: m\\n\\tat a.A.run(A.java:12)\\n\\tat base/a.B.go(Native Method)\\nCaused by: a.E: why\\nmore\\n\\tat "
      "a.C.x(C.java:3)\\n\\t... 2 more",
      java, 2);
  static const char *const python[] = {"b.py|g|7", "a.py|f|3", NULL};
  assert_stack("python",
               "Traceback (most recent call last):\\n  File \\\"a.py\\\", line 3, in f\\n    x()\\nKeyError: 'k'\\n\\n"
               "During handling of the above exception, another exception occurred:\\n\\nTraceback (most recent call "
               "last):\\n  File \\\"b.py\\\", line 7, in g\\n    y()\\nT: m",
               python, 2);
  static const char *const script[] = {"/a.js|f |3", "/b.js||9", NULL};
  assert_stack("javascript", "T: m\\n    at f (/a.js:3:9)\\n    at /b.js:9:1\\n  no frame", script, 1);
  static const char *const dotnet[] = {"/p.cs|P.Main()|15", "|Q.R()|0", NULL};
  assert_stack("dotnet", "T: m\\n   at P.Main() in /p.cs:line 15\\n   at Q.R()", dotnet, 1);
  static const char *const go[] = {"/main.go|main.f(0x1)|21", NULL};
  assert_stack("go", "m\\ngoroutine 1 [running]:\\nmain.f(0x1)\\n\\t/main.go:21 +0x1d", go, 1);
  static const char *const none[] = {NULL};
  assert_stack("ruby", "a\\nb", none, 1);
}

static void a_message_of_the_status_is_a_cause(void **state) {
  (void)state;
  made m;
  translate(&m, "", ",\"name\":\"x\",\"status\":{\"code\":2,\"message\":\"gone\"}");
  ncl_str text = document(&m, 0);
  char *copy = calloc(1, text.len + 1);
  memcpy(copy, text.ptr, text.len);
  assert_contains(copy, "\"message\":\"gone\",\"type\":\"\"}]}");
  free(copy);
  release(&m);
}

/* ---- local roots, options, limits -------------------------------------------------------------------- */

static void a_local_root_that_calls_is_two_documents(void **state) {
  (void)state;
  made m, again;
  const char *span = ",\"name\":\"x\",\"kind\":3" ATTRS(STR("aws.span.kind", "LOCAL_ROOT") "," STR(
      "aws.local.service", "me") "," STR("aws.remote.service", "you") "," STR("http.method", "GET"));
  translate(&m, "", span);
  assert_int_equal(m.count, 2);
  translate(&again, "", span);
  assert_memory_equal(m.documents[1].id, again.documents[1].id, 8); /* a retry replaces what X-Ray has */
  char id[17], wanted[1024];
  for (int i = 0; i < 8; i++)
    (void)snprintf(id + 2 * i, 3, "%02x", m.documents[1].id[i]);
  (void)snprintf(
      wanted, sizeof wanted,
      "{\"name\":\"you\"," HEAD FINE AWS
      ",\"type\":\"subsegment\",\"namespace\":\"remote\",\"parent_id\":\"%s\","
      "\"http\":{\"request\":{\"method\":\"GET\"},\"response\":{\"content_length\":0}},\"metadata\":{\"default\":{"
      "\"aws.span.kind\":\"LOCAL_ROOT\",\"aws.local.service\":\"me\",\"aws.remote.service\":\"you\"}}}",
      id);
  assert_json(document(&m, 0), wanted);
  (void)snprintf(wanted, sizeof wanted,
                 "{\"name\":\"me\",\"id\":\"%s\",\"trace_id\":\"1-5b8efff7-98038103d269b633813fc60c\",\"start_time\":"
                 "1700000000.25,\"end_time\":1700000001," FINE AWS "}",
                 id);
  assert_json(document(&m, 1), wanted);
  release(&again);
  release(&m);
}

static void all_attributes_can_be_annotations(void **state) {
  (void)state;
  const ncl_xray_options options = {.compat = 1, .index_all = 1};
  made m;
  translate_with(&m, &options, STR("service.name", "s"),
                 ",\"name\":\"x\"" ATTRS(INT("a b", "1") ",{\"key\":\"l\",\"value\":{\"arrayValue\":{}}}"));
  assert_json(document(&m, 0),
              "{\"name\":\"x\"," HEAD FINE AWS ",\"annotations\":{\"otel.resource.service.name\":\"s\",\"a_b\":1}}");
  release(&m);
}

static void stable_names_of_databases_are_mapped_without_compat(void **state) {
  (void)state;
  const ncl_xray_options options = {.compat = 0};
  made m;
  translate_with(&m, &options, "",
                 ",\"name\":\"q\"" ATTRS(STR("db.system.name", "postgresql") "," STR(
                     "db.query.text", "SELECT 1") "," STR("db.namespace", "d")));
  assert_json(document(&m, 0), "{\"name\":\"q\"," HEAD FINE AWS
                               ",\"sql\":{\"connection_string\":\"localhost/"
                               "d\",\"url\":\"q\",\"sanitized_query\":\"SELECT 1\",\"database_type\":\"postgresql\"}}");
  release(&m);
}

/* `size` bytes of attribute, or of name of a database query, that cannot be cut down. */
static char *long_span(const char *before, size_t size, const char *after) {
  char *span = calloc(1, size + 512);
  size_t at = (size_t)snprintf(span, 256, "%s", before);
  memset(span + at, 'a', size);
  (void)snprintf(span + at + size, 256, "%s", after);
  return span;
}

static void large_documents_are_cut_down_with_a_mark(void **state) {
  (void)state;
  made m;
  char *span =
      long_span(",\"name\":\"x\",\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"", 70000, "\"}}]");
  translate(&m, "", span);
  assert_int_equal(m.status, NCL_OK);
  assert_int_equal(m.documents[0].trimmed, NCL_XRAY_TRIM_METADATA);
  assert_json(document(&m, 0),
              "{\"name\":\"x\"," HEAD FINE AWS ",\"metadata\":{\"default\":{\"nacelle.trimmed\":\"metadata\"}}}");
  release(&m);
  free(span);
}

static void what_cannot_be_cut_down_is_refused(void **state) {
  (void)state;
  made m;
  char *span = long_span(",\"name\":\"x\",\"attributes\":[{\"key\":\"enduser.id\",\"value\":{\"stringValue\":\"", 70000,
                         "\"}}]");
  translate(&m, "", span);
  assert_int_equal(m.status, NCL_PERMANENT);
  assert_string_equal(m.reason.ptr, "document_too_large");
  assert_int_equal(m.body.len, 2);
  release(&m);
  free(span);
  translate(&m, "", ",\"name\":\"x\",\"spanId\":\"\"");
  assert_int_equal(m.status, NCL_PERMANENT);
  assert_string_equal(m.reason.ptr, "no_id");
  release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spans_become_documents),
      cmocka_unit_test(a_resource_says_where_it_ran),
      cmocka_unit_test(stack_traces_become_frames),
      cmocka_unit_test(a_message_of_the_status_is_a_cause),
      cmocka_unit_test(a_local_root_that_calls_is_two_documents),
      cmocka_unit_test(all_attributes_can_be_annotations),
      cmocka_unit_test(stable_names_of_databases_are_mapped_without_compat),
      cmocka_unit_test(large_documents_are_cut_down_with_a_mark),
      cmocka_unit_test(what_cannot_be_cut_down_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

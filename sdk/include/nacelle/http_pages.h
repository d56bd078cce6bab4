/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/http_pages.h: for components that answer requests with small pages of their own: the config keys of the port,
 * its life, its answers. Part of the SDK, not of the ABI. */
#ifndef NACELLE_HTTP_PAGES_H
#define NACELLE_HTTP_PAGES_H

#include <nacelle/config_fill.h>
#include <nacelle/http_server.h>
#include <nacelle/plugin.h>
#include <nacelle/tls_fields.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- config -------------------------------------------------------------------------------------------------- */

#define NCL_PAGES_FIELD(n, t, d, text) \
  .name = NCL_STR(n), .type = (t), .dflt = NCL_STR(d), .doc = NCL_STR(text), .offset = NCL_CONFIG_NO_OFFSET
#define NCL_PAGES_LIST_OF(field) .fields = {&(field), 1, sizeof(field)}

static const ncl_field ncl_pages_text = {.type = NCL_TYPE_STRING};
static const ncl_field ncl_pages_secret = {.type = NCL_TYPE_STRING, .flags = NCL_FIELD_SECRET};
static const ncl_field ncl_pages_any = {.type = NCL_TYPE_ANY};
static const ncl_str ncl_pages_transports[] = {NCL_STR("tcp"), NCL_STR("tcp4"), NCL_STR("tcp6"), NCL_STR("unix")};

static const ncl_field ncl_pages_cors_fields[] = {
    {NCL_PAGES_FIELD("allowed_origins", NCL_TYPE_LIST, "",
                     "Origins whose scripts may read the pages; each may hold one *."),
     NCL_PAGES_LIST_OF(ncl_pages_text)},
    {NCL_PAGES_FIELD("allowed_headers", NCL_TYPE_LIST, "",
                     "Headers that they may send, besides Accept, Content-Type, X-Requested-With; * = any."),
     NCL_PAGES_LIST_OF(ncl_pages_text)},
    {NCL_PAGES_FIELD("exposed_headers", NCL_TYPE_LIST, "", "Headers of the answer that scripts may read."),
     NCL_PAGES_LIST_OF(ncl_pages_text)},
    {NCL_PAGES_FIELD("max_age", NCL_TYPE_INT, "0", "Seconds that browsers may remember this; 0 = their default."),
     .min = 0, .max = INT32_MAX},
};

/* The keys of a port, for a table of fields, with the default of `endpoint`. What they say is read from the tree:
 * nothing of it goes into the author's struct. */
#define NCL_PAGES_FIELDS(default_endpoint)                                                                            \
  {NCL_PAGES_FIELD("endpoint", NCL_TYPE_STRING, default_endpoint, "host:port, or unix:///path of a socket.")},        \
      {NCL_PAGES_FIELD("transport", NCL_TYPE_ENUM, "tcp", "tcp, or unix: then endpoint is the path of a socket."),    \
       .choices = NCL_ARRAY(ncl_pages_transports)},                                                                   \
      {NCL_PAGES_FIELD("tls", NCL_TYPE_SECTION, "", "TLS and, with client_ca_file, certificates of clients."),        \
       .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_tls_server_fields)},                                      \
      {NCL_PAGES_FIELD("cors", NCL_TYPE_SECTION, "", "What scripts of other origins may do."),                        \
       .flags = NCL_FIELD_OPTIONAL, .fields = NCL_ARRAY(ncl_pages_cors_fields)},                                      \
      {NCL_PAGES_FIELD("auth", NCL_TYPE_ANY, "", "Not built yet: an error if it is written.")},                       \
      {NCL_PAGES_FIELD("response_headers", NCL_TYPE_MAP, "", "Headers of every answer."), .flags = NCL_FIELD_SECRET,  \
       NCL_PAGES_LIST_OF(ncl_pages_secret)},                                                                          \
      {NCL_PAGES_FIELD("read_timeout", NCL_TYPE_DURATION, "1m",                                                       \
                       "How long a request may take to come; 0s = for ever.")},                                       \
      {NCL_PAGES_FIELD("read_header_timeout", NCL_TYPE_DURATION, "1m",                                                \
                       "How long its headers may take to come; 0s = for ever.")},                                     \
      {NCL_PAGES_FIELD("write_timeout", NCL_TYPE_DURATION, "30s",                                                     \
                       "Ends a connection that takes none of an answer for so long; 0s = never.")},                   \
      {NCL_PAGES_FIELD("idle_timeout", NCL_TYPE_DURATION, "1m", "Ends a connection without a request; 0s = never.")}, \
      {NCL_PAGES_FIELD("keep_alives_enabled", NCL_TYPE_BOOL, "true", "false = one request a connection.")},           \
      {NCL_PAGES_FIELD("max_request_body_size", NCL_TYPE_SIZE, "0",                                                   \
                       "Without effect: bodies of requests are not read.")},                                          \
      {NCL_PAGES_FIELD("compression_algorithms", NCL_TYPE_LIST, "",                                                   \
                       "Without effect: bodies of requests are not read."),                                           \
       NCL_PAGES_LIST_OF(ncl_pages_text)},                                                                            \
      {NCL_PAGES_FIELD("include_metadata", NCL_TYPE_BOOL, "false", "Without effect: nothing is handed on.")}, {       \
    NCL_PAGES_FIELD("middlewares", NCL_TYPE_LIST, "", "Not supported: an error if it is written."),                   \
        NCL_PAGES_LIST_OF(ncl_pages_any)                                                                              \
  }

/* [loop] [create] Reports what the table cannot say: endpoints without a port, TLS without a certificate, header names.
 * `section` is the map with the keys above. NCL_OK or NCL_PERMANENT. */
ncl_status ncl_pages_check(const ncl_create *create, const ncl_value *section);

/* ---- the port ------------------------------------------------------------------------------------------------ */

typedef struct ncl_pages ncl_pages; /* one port */

/* One request that waits for ncl_pages_answer, which is called before `answer` returns. Borrowed. */
typedef struct ncl_pages_request {
  ncl_pages *pages;
  ncl_http_stream *stream;
  const ncl_http_request *http;
} ncl_pages_request;

typedef struct ncl_pages_options {
  const ncl_host *host;
  ncl_component *me;
  const ncl_value *section; /* lives as long as the port */
  /* [loop] Answers a request of any method but OPTIONS; its body is not read. gRPC is refused before. */
  void (*answer)(void *arg, const ncl_pages_request *request);
  void *arg;
} ncl_pages_options;

/* [loop] [started] Listens. NULL with the reason in *outcome. */
ncl_pages *ncl_pages_open(const ncl_pages_options *options, ncl_outcome *outcome);
/* [loop] Where it listens: "127.0.0.1:13133". Lives as long as the port. */
ncl_str ncl_pages_endpoint(const ncl_pages *pages);
/* [loop] Takes nothing new; answers like the drain slot of nacelle/plugin.h. */
ncl_status ncl_pages_drain(ncl_pages *pages, int64_t deadline_ns, ncl_token token);
/* [loop] Ends it at once. NULL is ignored. */
void ncl_pages_close(ncl_pages *pages);

/* 1 = the address can only be reached from this machine: localhost, 127.0.0.0/8, ::1, a socket's path. [any] */
uint32_t ncl_pages_is_local(ncl_str endpoint);

/* ---- answers ------------------------------------------------------------------------------------------------- */

#define NCL_PAGES_RESPONSE_HEADERS 32u /* of response_headers */
#define NCL_PAGES_HEADERS 8u           /* of one answer's own */

typedef struct ncl_pages_answer {
  uint32_t status;       /* HTTP */
  uint32_t header_count; /* at most NCL_PAGES_HEADERS */
  ncl_str content_type;  /* empty = none */
  ncl_str body;          /* left out in answers to HEAD */
  const ncl_pair *headers;
} ncl_pages_answer;

/* [loop] Answers, with the headers that the config wants; the answer says that it is not to be stored or guessed at
 * (Cache-Control, X-Content-Type-Options). What it points to is copied. */
void ncl_pages_respond(const ncl_pages_request *request, const ncl_pages_answer *answer);
/* [loop] A line of text. */
void ncl_pages_respond_text(const ncl_pages_request *request, uint32_t status, const char *text);
/* [loop] 1 = it is a GET or HEAD; 0 = it was answered with 405. */
uint32_t ncl_pages_only_get(const ncl_pages_request *request);

/* The parameter `name` of a query (application/x-www-form-urlencoded), decoded into `room`, cut to what fits. 0 = there
 * is none, or the name itself does not fit. *value points into the room. [any] */
uint32_t ncl_pages_query(ncl_str query, ncl_str name, char *room, size_t size, ncl_str *value);

#ifdef __cplusplus
}
#endif
#endif

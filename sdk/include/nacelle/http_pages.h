/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/http_pages.h: for components that answer requests with small pages of their own: the life of the port, and
 * its answers. Its config is that of nacelle/http_fields.h. Part of the SDK, not of the ABI. */
#ifndef NACELLE_HTTP_PAGES_H
#define NACELLE_HTTP_PAGES_H

#include <nacelle/http_fields.h>
#include <nacelle/http_settings.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ncl_pages ncl_pages; /* one port */

/* One request that waits for ncl_pages_respond, which is called before `answer` returns. Borrowed. */
typedef struct ncl_pages_request {
  ncl_pages *pages;
  ncl_http_stream *stream;
  const ncl_http_request *http;
} ncl_pages_request;

typedef struct ncl_pages_options {
  const ncl_host *host;
  ncl_component *me;
  ncl_http_settings *settings; /* lives as long as the port */
  /* [loop] Answers a request of any method; its body is not read. gRPC, preflights, and clients that the authenticator
   * refuses are answered before. */
  void (*answer)(void *arg, const ncl_pages_request *request);
  void *arg;
} ncl_pages_options;

/* [loop] [started] Listens. NULL with the reason, and a status other than NCL_OK, in *outcome. */
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

#define NCL_PAGES_HEADERS 8u /* of one answer's own */

typedef struct ncl_pages_answer {
  uint32_t status;       /* HTTP */
  uint32_t header_count; /* at most NCL_PAGES_HEADERS */
  ncl_str content_type;  /* empty = none */
  ncl_str body;          /* left out in answers to HEAD */
  const ncl_pair *headers;
} ncl_pages_answer;

/* [loop] Answers. The answer says that it is not to be stored or guessed at (Cache-Control, X-Content-Type-Options).
 * What it points to is copied. */
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

/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/http/pages.c: a port that answers with small pages, over the service ncl.http_server. */
#include <nacelle/http_pages.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define GRPC_UNIMPLEMENTED 12u       /* google.rpc.Code */
#define MAX_CONNECTIONS UINT64_C(64) /* pages are looked at by people and probes */

struct ncl_pages {
  ncl_pages_options options;
  const ncl_http_server *server;
  ncl_http_port *port;
  ncl_token drain;
};

/* ---- answers -------------------------------------------------------------------------------------- */

static bool is_method(const ncl_http_request *request, const char *method) {
  return request->method.len == strlen(method) && memcmp(request->method.ptr, method, request->method.len) == 0;
}

void ncl_pages_respond(const ncl_pages_request *request, const ncl_pages_answer *answer) {
  ncl_pair headers[NCL_PAGES_HEADERS + 3] = {{NCL_STR("cache-control"), NCL_STR("no-store")},
                                             {NCL_STR("x-content-type-options"), NCL_STR("nosniff")}};
  ncl_range body = {(const uint8_t *)answer->body.ptr, answer->body.len};
  uint32_t count = 2;
  if (answer->content_type.len > 0) headers[count++] = (ncl_pair){NCL_STR("content-type"), answer->content_type};
  for (uint32_t i = 0; i < answer->header_count && i < NCL_PAGES_HEADERS; i++)
    headers[count++] = answer->headers[i];
  ncl_http_response response = {.struct_size = sizeof response,
                                .status = answer->status,
                                .headers = headers,
                                .header_count = count,
                                .body = &body,
                                .body_count = body.len > 0 ? 1 : 0};
  request->pages->server->respond(request->stream, &response, NULL, NULL);
}

void ncl_pages_respond_text(const ncl_pages_request *request, uint32_t status, const char *text) {
  ncl_pages_answer answer = {
      .status = status, .content_type = NCL_STR("text/plain; charset=utf-8"), .body = ncl_str_of(text, strlen(text))};
  ncl_pages_respond(request, &answer);
}

uint32_t ncl_pages_only_get(const ncl_pages_request *request) {
  static const ncl_pair allow = {NCL_STR("allow"), NCL_STR("GET, HEAD")};
  if (is_method(request->http, "GET") || is_method(request->http, "HEAD")) return 1;
  ncl_pages_answer answer = {.status = 405,
                             .content_type = NCL_STR("text/plain; charset=utf-8"),
                             .body = NCL_STR("405: the method is not allowed, GET and HEAD are\n"),
                             .headers = &allow,
                             .header_count = 1};
  ncl_pages_respond(request, &answer);
  return 0;
}

/* ---- requests ------------------------------------------------------------------------------------- */

static void refuse_grpc(const ncl_pages *pages, ncl_http_stream *stream, uint32_t grpc_code, ncl_str message) {
  ncl_http_response response = {
      .struct_size = sizeof response, .status = 200, .grpc_code = grpc_code, .grpc_message = message};
  pages->server->respond(stream, &response, NULL, NULL);
}

static ncl_status on_begin(void *arg, ncl_http_stream *stream, ncl_http_request *http, ncl_http_verdict *verdict) {
  ncl_pages *pages = arg;
  ncl_pages_request request = {pages, stream, http};
  (void)verdict;
  if (http->is_grpc) {
    refuse_grpc(pages, stream, GRPC_UNIMPLEMENTED, (ncl_str)NCL_STR("there is no gRPC service here"));
  } else {
    pages->options.answer(pages->options.arg, &request);
  }
  return NCL_PERMANENT; /* answered: the body is not wanted */
}

static void on_message(void *arg, ncl_http_stream *stream, ncl_http_request *http) {
  (void)on_begin(arg, stream, http, NULL);
}

/* Bodies are not read, so that only the client itself can be refused. */
static void on_refuse(void *arg, ncl_http_stream *stream, ncl_http_request *http, uint32_t why, ncl_str detail) {
  static const struct {
    uint32_t status, grpc_code;
  } codes[] = {
      {400, 3},
      [NCL_HTTP_REFUSED_MEMORY] = {503, 14},
      [NCL_HTTP_REFUSED_TIMEOUT] = {408, 4},
      [NCL_HTTP_REFUSED_AUTH] = {401, 16},
      [NCL_HTTP_REFUSED_DENIED] = {403, 7},
  };
  ncl_pages *pages = arg;
  ncl_pages_request request = {pages, stream, http};
  if (why >= sizeof codes / sizeof codes[0] || codes[why].status == 0) why = 0;
  if (http->is_grpc) {
    refuse_grpc(pages, stream, codes[why].grpc_code, detail);
    return;
  }
  ncl_pages_answer answer = {
      .status = codes[why].status, .content_type = NCL_STR("text/plain; charset=utf-8"), .body = detail};
  ncl_pages_respond(&request, &answer);
}

static void on_gone(void *arg, ncl_http_stream *stream, ncl_http_request *http) {
  (void)arg, (void)stream, (void)http;
}

static const ncl_http_handler handler = {sizeof handler, 0, on_begin, on_message, on_refuse, on_gone};

/* ---- the port ------------------------------------------------------------------------------------- */

static bool listen_on(ncl_pages *pages, ncl_outcome *outcome) {
  const ncl_pages_options *o = &pages->options;
  pages->server = o->host->service(o->me, (ncl_str)NCL_STR(NCL_HTTP_SERVER_1), outcome);
  if (pages->server == NULL) return false;
  if (ncl_http_settings_bind(o->host, o->me, o->settings, outcome) != NCL_OK) return false;
  ncl_http_port_config config = o->settings->config;
  config.max_connections = MAX_CONNECTIONS;
  pages->port = pages->server->open(pages->server->self, o->me, &config, &handler, pages, outcome);
  return pages->port != NULL;
}

ncl_pages *ncl_pages_open(const ncl_pages_options *options, ncl_outcome *outcome) {
  ncl_pages *pages = calloc(1, sizeof *pages);
  if (pages == NULL) {
    outcome->status = NCL_NO_MEMORY;
    outcome->message = (ncl_str)NCL_STR("no memory for a port");
    return NULL;
  }
  pages->options = *options;
  if (listen_on(pages, outcome)) return pages;
  if (outcome->status == NCL_OK) outcome->status = NCL_PERMANENT;
  free(pages);
  return NULL;
}

ncl_str ncl_pages_endpoint(const ncl_pages *pages) {
  return pages->server->endpoint(pages->port);
}

static void on_drained(void *arg, const ncl_outcome *drained) {
  const ncl_pages *pages = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = drained->status;
  if (drained->status != NCL_OK) {
    outcome.message = (ncl_str)NCL_STR("some clients did not end their connections in time");
  }
  pages->options.host->complete(pages->options.me, pages->drain, &outcome);
}

ncl_status ncl_pages_drain(ncl_pages *pages, int64_t deadline_ns, ncl_token token) {
  const ncl_pages_options *o = &pages->options;
  ncl_token own = o->host->token_open(o->me, on_drained, pages, deadline_ns);
  pages->drain = token;
  pages->server->drain(pages->port, own);
  return own == 0 ? NCL_OK : NCL_PENDING;
}

void ncl_pages_close(ncl_pages *pages) {
  if (pages == NULL) return;
  pages->server->close(pages->port);
  free(pages);
}

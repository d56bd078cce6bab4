/* SPDX-License-Identifier: Apache-2.0 */
/* http.c: the config source http (alias https): a GET through the service http_client, redirects followed by rules. */
#include <nacelle/http_client.h>
#include <nacelle/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

#define TEXT_MAX ((uint64_t)1024 * 1024) /* bytes; the host takes no more */
#define TIMEOUT_NS INT64_C(10000000000)  /* of one text, all redirects together */
#define CONNECT_NS INT64_C(5000000000)
#define REDIRECTS_MAX 5u

typedef struct retrieval retrieval;

typedef struct http_source {
  const ncl_host *host;
  ncl_component *me;
  ncl_str scheme; /* "http" or "https" */
  const ncl_http_client *client;
  ncl_http_channel *channel;
  retrieval *first;
} http_source;

/* One text that is being fetched. */
struct retrieval {
  http_source *source;
  retrieval *next;
  ncl_token asked; /* the host's, to be completed */
  ncl_token own;
  ncl_http_exchange *exchange;
  int64_t deadline_ns;
  uint32_t redirects;
  char url[NCL_ADDRESS_MAX + 1];
  char basic[1024]; /* "Basic ..." for the place of the first address; empty = none */
  char first_place[NCL_ADDRESS_MAX + 1];
  ncl_http_address address; /* of `url` */
  ncl_str text;             /* the answer */
  char words[500];
};

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

/* ---- ends -------------------------------------------------------------------------------------------- */

static void unlink_retrieval(retrieval *r) {
  retrieval **at = &r->source->first;
  while (*at != NULL && *at != r)
    at = &(*at)->next;
  if (*at == r) *at = r->next;
}

static void free_retrieval(retrieval *r) {
  unlink_retrieval(r);
  free((void *)(uintptr_t)r->text.ptr);
  free(r);
}

static void release_text(void *result) {
  free_retrieval((retrieval *)(void *)((char *)result - offsetof(retrieval, text)));
}

/* Hands over what came of it; the retrieval is not ours any more. */
static void complete(retrieval *r, ncl_status status) {
  const http_source *source = r->source;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = status;
  outcome.message = str(r->words);
  outcome.result = &r->text;
  outcome.release = release_text;
  source->host->complete(source->me, r->asked, &outcome);
}

static void abandon(retrieval *r) {
  const http_source *source = r->source;
  if (r->own != 0) source->host->token_cancel(source->me, r->own);
  if (r->exchange != NULL) source->client->cancel(r->exchange);
  free_retrieval(r);
}

/* ---- one request ------------------------------------------------------------------------------------- */

static const char *status_words(uint32_t status) {
  static const struct {
    uint32_t status;
    const char *words;
  } known[] = {{400, " Bad Request"},
               {401, " Unauthorized; user and password may stand in the address: https://user:password@host/path"},
               {403, " Forbidden; the server does not give it to this machine or user"},
               {404, " Not Found; check the path"},
               {408, " Request Timeout"},
               {410, " Gone"},
               {429, " Too Many Requests"},
               {500, " Internal Server Error"},
               {502, " Bad Gateway"},
               {503, " Service Unavailable"},
               {504, " Gateway Timeout"}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (known[i].status == status) return known[i].words;
  }
  return "";
}

static ncl_status request(retrieval *r, ncl_outcome *outcome);

static ncl_str header_of(const ncl_http_reply *reply, const char *name) {
  for (uint32_t i = 0; i < reply->headers.count; i++) {
    const ncl_pair *pair = ncl_array_at(&reply->headers, i);
    if (pair->name.len == strlen(name) && memcmp(pair->name.ptr, name, pair->name.len) == 0) return pair->value;
  }
  return ncl_str_of(NULL, 0);
}

/* For "%.*s": the host that was asked. */
#define PLACE(r) (int)((r)->address.place.len < 200 ? (r)->address.place.len : 200), (r)->address.place.ptr

static bool is_redirect(uint32_t status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Goes where the answer leads, or says why not. */
static ncl_status redirect(retrieval *r, const ncl_http_reply *reply, ncl_outcome *outcome) {
  char to[NCL_ADDRESS_MAX + 1];
  const char *wrong = ncl_http_address_redirect(&r->address, header_of(reply, "location"), to, sizeof to);
  if (wrong == NULL && ++r->redirects > REDIRECTS_MAX) wrong = "it is the sixth in a row";
  if (wrong != NULL) {
    (void)snprintf(r->words, sizeof r->words, "%.*s answered with a redirect (%u), and %s", PLACE(r), reply->status,
                   wrong);
    return NCL_PERMANENT;
  }
  (void)snprintf(r->url, sizeof r->url, "%s", to);
  (void)ncl_http_address_parse(str(r->url), &r->address);
  return request(r, outcome);
}

static ncl_status take_text(retrieval *r, const ncl_http_reply *reply) {
  char *text = malloc(reply->body.len + 1);
  if (text == NULL) return NCL_NO_MEMORY;
  if (reply->body.len > 0) memcpy(text, reply->body.ptr, reply->body.len);
  text[reply->body.len] = '\0';
  r->text = ncl_str_of(text, reply->body.len);
  return NCL_OK;
}

/* Libcurl's and OpenSSL's words, and what may be done. */
static void explain(retrieval *r, ncl_str message) {
  const char *more = "";
  char text[400];
  (void)snprintf(text, sizeof text, "%.*s", (int)(message.len < sizeof text ? message.len : sizeof text - 1),
                 message.len > 0 ? message.ptr : "it failed for no given reason");
  if (strstr(text, "certificate") != NULL) more = "; the certificates of the system count, or those of SSL_CERT_FILE";
  if (strstr(text, "wrong version number") != NULL) more = "; it does not speak TLS: is it http:// ?";
  (void)snprintf(r->words, sizeof r->words, "%s%s", text, more);
}

static void on_reply(void *arg, const ncl_outcome *outcome) {
  retrieval *r = arg;
  const ncl_http_reply *reply = outcome->result;
  ncl_outcome of_next = NCL_OUTCOME_INIT;
  ncl_status status = outcome->status;
  r->own = 0;
  r->exchange = NULL;
  if (status != NCL_OK) {
    explain(r, outcome->message);
  } else if (reply->status == 200) {
    status = take_text(r, reply);
  } else if (is_redirect(reply->status)) {
    status = redirect(r, reply, &of_next);
    if (status == NCL_PENDING) return;
  } else {
    (void)snprintf(r->words, sizeof r->words, "%.*s answered %u%s", PLACE(r), reply->status,
                   status_words(reply->status));
    status = NCL_PERMANENT;
  }
  complete(r, status);
}

/* NCL_PENDING: on_reply comes. Otherwise r->words say why not. */
static ncl_status request(retrieval *r, ncl_outcome *outcome) {
  const http_source *source = r->source;
  ncl_pair headers[2] = {{NCL_STR("Accept"), NCL_STR("application/yaml, text/yaml, text/plain, */*;q=0.5")}};
  ncl_http_call call = {.struct_size = sizeof call,
                        .header_count = 1,
                        .method = NCL_STR("GET"),
                        .url = str(r->url),
                        .headers = headers,
                        .deadline_ns = r->deadline_ns};
  /* A password is for the one whom the address names, not for whom a redirect leads to. */
  bool is_first = strlen(r->first_place) == r->address.place.len &&
                  memcmp(r->first_place, r->address.place.ptr, r->address.place.len) == 0;
  if (r->basic[0] != '\0' && is_first) headers[call.header_count++] = (ncl_pair){str("Authorization"), str(r->basic)};
  r->own = source->host->token_open(source->me, on_reply, r, 0);
  if (r->own == 0) return NCL_NO_MEMORY;
  r->exchange = source->client->start(source->channel, &call, r->own, outcome);
  if (r->exchange != NULL) return NCL_PENDING;
  source->host->token_cancel(source->me, r->own);
  r->own = 0;
  explain(r, outcome->message);
  return outcome->status == NCL_OK ? NCL_PERMANENT : outcome->status;
}

/* ---- slots ------------------------------------------------------------------------------------------- */

static ncl_status open_channel(http_source *source, ncl_outcome *outcome) {
  ncl_http_channel_config config = {
      .struct_size = sizeof config, .max_connections = 1, .connect_timeout_ns = CONNECT_NS, .max_response = TEXT_MAX};
  if (source->channel != NULL) return NCL_OK;
  if (source->client == NULL) source->client = source->host->service(source->me, str(NCL_HTTP_CLIENT_1), outcome);
  if (source->client == NULL) return NCL_PERMANENT;
  source->channel = source->client->open(source->client->self, source->me, &config, outcome);
  if (source->channel != NULL) return NCL_OK;
  return outcome->status == NCL_OK ? NCL_PERMANENT : outcome->status;
}

/* What is wrong with the address is said in `words`, which live as long as the process. */
static const char *begin(retrieval *r, ncl_str uri) {
  const char *wrong;
  int n = snprintf(r->url, sizeof r->url, "%.*s:%.*s", (int)r->source->scheme.len, r->source->scheme.ptr,
                   (int)(uri.len < sizeof r->url ? uri.len : sizeof r->url), uri.len > 0 ? uri.ptr : "");
  if (n < 0 || (size_t)n >= sizeof r->url) return "the address is longer than 2048 bytes";
  wrong = ncl_http_address_parse(str(r->url), &r->address);
  if (wrong != NULL) {
    (void)snprintf(r->words, sizeof r->words, "the address %s", wrong);
    return r->words;
  }
  (void)snprintf(r->first_place, sizeof r->first_place, "%.*s", (int)r->address.place.len, r->address.place.ptr);
  if (r->address.user_info.len > 0 && !ncl_http_address_basic(r->address.user_info, r->basic, sizeof r->basic)) {
    return "user and password in the address are longer than 511 bytes";
  }
  return NULL;
}

static ncl_status retrieve(void *self, ncl_str uri, ncl_token token, ncl_outcome *outcome) {
  http_source *source = self;
  ncl_status status = open_channel(source, outcome);
  if (status != NCL_OK) return status;
  retrieval *r = calloc(1, sizeof *r);
  if (r == NULL) return NCL_NO_MEMORY;
  r->source = source;
  r->asked = token;
  r->deadline_ns = source->host->now_ns(source->me) + TIMEOUT_NS;
  r->next = source->first;
  source->first = r;
  const char *wrong = begin(r, uri);
  status = wrong == NULL ? request(r, outcome) : NCL_PERMANENT;
  if (status == NCL_PENDING) return NCL_PENDING;
  if (wrong != NULL && wrong != r->words) (void)snprintf(r->words, sizeof r->words, "%s", wrong);
  /* What is answered at once has to outlive this call: the text of the outcome is the retrieval's. */
  outcome->message = str(r->words);
  outcome->result = &r->text;
  outcome->release = release_text;
  return status;
}

static void cancel(void *self, ncl_token token) {
  const http_source *source = self;
  for (retrieval *r = source->first; r != NULL; r = r->next) {
    if (r->asked != token) continue;
    abandon(r);
    return;
  }
}

static ncl_status create(const ncl_create *create, void **self) {
  http_source *source = calloc(1, sizeof *source);
  if (source == NULL) return NCL_NO_MEMORY;
  source->host = create->host;
  source->me = create->me;
  source->scheme = create->id;
  *self = source;
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  http_source *source = self;
  (void)token, (void)outcome;
  while (source->first != NULL) {
    retrieval *r = source->first;
    source->first = r->next;
    abandon(r);
  }
  if (source->channel != NULL) source->client->close(source->channel);
  source->channel = NULL;
  return NCL_OK;
}

static void destroy(void *self) {
  (void)shut_down(self, 0, NULL);
  free(self);
}

/* ---- descriptor -------------------------------------------------------------------------------------- */

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .cancel = cancel,
                                    .retrieve = retrieve};

static const ncl_str aliases[] = {NCL_STR("https")};

static const ncl_component_type components[] = {
    {.type = NCL_STR("http"),
     .aliases = NCL_ARRAY(aliases),
     .kind = NCL_KIND_SOURCE,
     .doc = NCL_STR("Reads the config, or a value in it, from an HTTP or HTTPS address."),
     .methods = &methods}};

static const ncl_plugin plugin = {.magic = NCL_PLUGIN_MAGIC,
                                  .struct_size = sizeof plugin,
                                  .abi_major = NCL_ABI_MAJOR,
                                  .abi_minor_built = NCL_ABI_MINOR,
                                  .name = NCL_STR("nacelle-http-source"),
                                  .version = NCL_STR(NCL_VERSION),
                                  .components = NCL_ARRAY(components)};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

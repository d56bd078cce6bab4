/* SPDX-License-Identifier: Apache-2.0 */
/* s3.c: the config source s3: an object of a bucket, through the service "ncl.aws/1". */
#include <nacelle/aws.h>
#include <nacelle/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

#define TEXT_MAX ((uint64_t)1 << 20)    /* bytes; the host takes no more */
#define TIMEOUT_NS INT64_C(15000000000) /* of one object, credentials included */
#define URI_MAX 4096u

typedef struct retrieval retrieval;

typedef struct s3_source {
  const ncl_host *host;
  ncl_component *me;
  const ncl_aws *aws; /* NULL until the first need */
  retrieval *first;
} s3_source;

/* One object that is being fetched. */
struct retrieval {
  s3_source *source;
  retrieval *next;
  ncl_token asked; /* the host's, to be completed */
  ncl_token own;   /* of what the service was asked; 0 = nothing */
  ncl_aws_client *client;
  ncl_s3_address address;
  int64_t deadline_ns;
  bool is_in_host; /* the endpoint's host names the bucket */
  char uri[URI_MAX];
  ncl_str text; /* the answer */
  char words[900];
};

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

#define FMT(s) (int)(s).len, (s).len > 0 ? (s).ptr : ""

/* ---- ends -------------------------------------------------------------------------------------------- */

static void free_retrieval(retrieval *r) {
  retrieval **at = &r->source->first;
  while (*at != NULL && *at != r)
    at = &(*at)->next;
  if (*at == r) *at = r->next;
  if (r->client != NULL) r->source->aws->close(r->client);
  free((void *)(uintptr_t)r->text.ptr);
  free(r);
}

static void release_text(void *result) {
  free_retrieval((retrieval *)(void *)((char *)result - offsetof(retrieval, text)));
}

static void put_answer(retrieval *r, ncl_status status, ncl_outcome *outcome) {
  outcome->status = status;
  outcome->message = str(r->words);
  outcome->result = &r->text;
  outcome->release = release_text;
}

static void complete(retrieval *r, ncl_status status) {
  const s3_source *source = r->source;
  ncl_outcome answer = NCL_OUTCOME_INIT;
  put_answer(r, status, &answer);
  source->host->complete(source->me, r->asked, &answer);
}

static void abandon(retrieval *r) {
  const s3_source *source = r->source;
  if (r->own != 0) {
    source->aws->cancel(source->aws->self, r->own);
    source->host->token_cancel(source->me, r->own);
  }
  free_retrieval(r);
}

/* ---- the answer -------------------------------------------------------------------------------------- */

static ncl_status take_text(retrieval *r, ncl_range body) {
  char *copy = malloc(body.len + 1);
  if (copy == NULL) return NCL_NO_MEMORY;
  if (body.len > 0) memcpy(copy, body.ptr, body.len);
  copy[body.len] = '\0';
  r->text = ncl_str_of(copy, body.len);
  return NCL_OK;
}

static ncl_str header_of(const ncl_aws_reply *reply, const char *name) {
  for (uint32_t i = 0; i < reply->headers.count; i++) {
    const ncl_pair *pair = ncl_array_at(&reply->headers, i);
    if (pair->name.len == strlen(name) && memcmp(pair->name.ptr, name, pair->name.len) == 0) return pair->value;
  }
  return ncl_str_of(NULL, 0);
}

/* What went wrong, and what may be done. */
static void explain(retrieval *r, const ncl_aws_reply *reply, ncl_str message) {
  ncl_str bucket = r->address.bucket;
  ncl_str region = reply != NULL ? header_of(reply, "x-amz-bucket-region") : ncl_str_of(NULL, 0);
  bool is_elsewhere = reply != NULL && (reply->status == 301 || reply->status == 307 || reply->status == 400);
  if (is_elsewhere && region.len > 0) {
    (void)snprintf(r->words, sizeof r->words,
                   "the bucket \"%.*s\" is in the region %.*s: write s3://%.*s.s3.%.*s.amazonaws.com%.500s",
                   FMT(bucket), FMT(region), FMT(bucket), FMT(region), r->address.path);
  } else if (reply != NULL && reply->status == 404) {
    (void)snprintf(r->words, sizeof r->words, "there is no such object (%.*s): bucket \"%.*s\", key \"%.500s\"",
                   FMT(reply->code), FMT(bucket), r->address.path + 1);
  } else if (reply != NULL && reply->error == NCL_AWS_ERROR_ACCESS_DENIED) {
    /* Without s3:ListBucket an object that does not exist is refused in the same way. */
    (void)snprintf(r->words, sizeof r->words,
                   "%.*s; look whether the object is there, and add to the policy "
                   "{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::%.*s%.300s\"}",
                   FMT(message), FMT(bucket), r->address.path);
  } else {
    (void)snprintf(r->words, sizeof r->words, "%.*s", FMT(message));
  }
}

static void on_reply(void *arg, const ncl_outcome *outcome) {
  retrieval *r = arg;
  const ncl_aws_reply *reply = outcome->result;
  ncl_status status = outcome->status;
  r->own = 0;
  if (status == NCL_OK) {
    status = take_text(r, reply->body);
  } else {
    explain(r, reply, outcome->message);
  }
  complete(r, status);
}

/* ---- the question ------------------------------------------------------------------------------------ */

static ncl_status call(retrieval *r, ncl_outcome *outcome) {
  const s3_source *source = r->source;
  char path[sizeof r->address.path + 80];
  if (r->is_in_host) {
    (void)snprintf(path, sizeof path, "%s", r->address.path);
  } else {
    (void)snprintf(path, sizeof path, "/%.*s%s", FMT(r->address.bucket), r->address.path);
  }
  ncl_aws_call question = {.struct_size = sizeof question,
                           .method = NCL_STR("GET"),
                           .path = str(path),
                           .action = NCL_STR("s3:GetObject"),
                           .deadline_ns = r->deadline_ns};
  r->own = source->host->token_open(source->me, on_reply, r, 0);
  if (r->own == 0) return NCL_NO_MEMORY;
  ncl_status status = source->aws->call(r->client, &question, r->own, outcome);
  if (status == NCL_PENDING) return NCL_PENDING;
  source->host->token_cancel(source->me, r->own);
  r->own = 0;
  return status;
}

/* An endpoint that the environment names has the bucket in the path. */
static ncl_status take_place(retrieval *r, const ncl_aws_place *place, ncl_outcome *outcome) {
  char host[80];
  (void)snprintf(host, sizeof host, "https://%.*s.s3", FMT(r->address.bucket));
  r->is_in_host = place->endpoint.len > strlen(host) && memcmp(place->endpoint.ptr, host, strlen(host)) == 0;
  return call(r, outcome);
}

static void on_place(void *arg, const ncl_outcome *outcome) {
  retrieval *r = arg;
  ncl_outcome of_call = NCL_OUTCOME_INIT;
  ncl_status status = outcome->status;
  ncl_str message = outcome->message;
  r->own = 0;
  if (status == NCL_OK) {
    status = take_place(r, outcome->result, &of_call);
    message = of_call.message;
  }
  if (status == NCL_PENDING) return;
  explain(r, NULL, message);
  complete(r, status);
}

static ncl_status begin(retrieval *r, ncl_outcome *outcome) {
  const s3_source *source = r->source;
  char prefix[80];
  /* A certificate for *.s3... does not hold for a bucket with a dot in its name: that goes into the path. */
  bool has_dot = memchr(r->address.bucket.ptr, '.', r->address.bucket.len) != NULL;
  (void)snprintf(prefix, sizeof prefix, "%.*s%ss3", has_dot ? 0 : (int)r->address.bucket.len, r->address.bucket.ptr,
                 has_dot ? "" : ".");
  ncl_aws_client_config config = {.struct_size = sizeof config,
                                  .flags = NCL_AWS_S3,
                                  .service = NCL_STR("s3"),
                                  .endpoint_prefix = str(prefix),
                                  .region = r->address.region,
                                  .max_connections = 1,
                                  .max_response = TEXT_MAX};
  r->client = source->aws->open(source->aws->self, source->me, &config, outcome);
  if (r->client == NULL) return outcome->status;
  r->own = source->host->token_open(source->me, on_place, r, r->deadline_ns);
  if (r->own == 0) return NCL_NO_MEMORY;
  ncl_outcome place = NCL_OUTCOME_INIT;
  ncl_status status = source->aws->place(r->client, r->own, &place);
  if (status == NCL_PENDING) return NCL_PENDING;
  source->host->token_cancel(source->me, r->own);
  r->own = 0;
  outcome->message = place.message;
  if (status == NCL_OK) status = take_place(r, place.result, outcome);
  if (place.release != NULL) place.release(place.result);
  return status;
}

static ncl_status retrieve(void *self, ncl_str uri, ncl_token token, ncl_outcome *outcome) {
  s3_source *source = self;
  if (source->aws == NULL) source->aws = source->host->service(source->me, str(NCL_AWS_1), outcome);
  if (source->aws == NULL) return NCL_PERMANENT;
  retrieval *r = calloc(1, sizeof *r);
  if (r == NULL) return NCL_NO_MEMORY;
  r->source = source;
  r->asked = token;
  r->deadline_ns = source->host->now_ns(source->me) + TIMEOUT_NS;
  r->next = source->first;
  source->first = r;
  const char *wrong = "the address is longer than 4096 bytes";
  if (uri.len < sizeof r->uri) {
    if (uri.len > 0) memcpy(r->uri, uri.ptr, uri.len);
    wrong = ncl_s3_address_parse(ncl_str_of(r->uri, uri.len), &r->address);
  }
  ncl_status status = NCL_PERMANENT;
  if (wrong == NULL) {
    status = begin(r, outcome);
    if (status == NCL_PENDING) return NCL_PENDING;
    explain(r, NULL, outcome->message);
  } else {
    explain(r, NULL, str(wrong));
  }
  /* What is answered at once has to outlive this call: the words of the outcome are the retrieval's. */
  put_answer(r, status, outcome);
  return status;
}

static void cancel(void *self, ncl_token token) {
  const s3_source *source = self;
  for (retrieval *r = source->first; r != NULL; r = r->next) {
    if (r->asked != token) continue;
    abandon(r);
    return;
  }
}

/* ---- life -------------------------------------------------------------------------------------------- */

static ncl_status create(const ncl_create *create, void **self) {
  s3_source *source = calloc(1, sizeof *source);
  if (source == NULL) return NCL_NO_MEMORY;
  source->host = create->host;
  source->me = create->me;
  *self = source;
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  s3_source *source = self;
  (void)token, (void)outcome;
  while (source->first != NULL) {
    retrieval *r = source->first;
    source->first = r->next;
    abandon(r);
  }
  return NCL_OK;
}

static void destroy(void *self) {
  (void)shut_down(self, 0, NULL);
  free(self);
}

static const ncl_methods methods = {.struct_size = sizeof methods,
                                    .create = create,
                                    .shutdown = shut_down,
                                    .destroy = destroy,
                                    .cancel = cancel,
                                    .retrieve = retrieve};

static const ncl_component_type components[] = {
    {.type = NCL_STR("s3"),
     .kind = NCL_KIND_SOURCE,
     .doc = NCL_STR("Reads the config, or a value in it, from an object in a bucket of Amazon S3."),
     .methods = &methods}};

static const ncl_plugin plugin = {.magic = NCL_PLUGIN_MAGIC,
                                  .struct_size = sizeof plugin,
                                  .abi_major = NCL_ABI_MAJOR,
                                  .abi_minor_built = NCL_ABI_MINOR,
                                  .name = NCL_STR("nacelle-s3-source"),
                                  .version = NCL_STR(NCL_VERSION),
                                  .components = NCL_ARRAY(components)};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

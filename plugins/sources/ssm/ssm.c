/* SPDX-License-Identifier: Apache-2.0 */
/* ssm.c: the config source ssm: a parameter of AWS Systems Manager, through the service "ncl.aws/1". */
#include <nacelle/aws.h>
#include <nacelle/json_doc.h>
#include <nacelle/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 2048u              /* bytes of a name or ARN, as SSM has it */
#define TIMEOUT_NS INT64_C(15000000000) /* of one parameter, credentials included */

typedef struct retrieval retrieval;

typedef struct ssm_source {
  const ncl_host *host;
  ncl_component *me;
  const ncl_aws *aws; /* NULL until the first need */
  retrieval *first;
} ssm_source;

/* One parameter that is being fetched. */
struct retrieval {
  ssm_source *source;
  retrieval *next;
  ncl_token asked; /* the host's, to be completed */
  ncl_token own;   /* of the call; 0 = none is under way */
  ncl_aws_client *client;
  ncl_str name, region; /* in `uri` */
  char uri[NAME_MAX_LEN + 80];
  char body[NAME_MAX_LEN + 64];
  ncl_range piece;
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
  /* It may be a SecureString. */
  if (r->text.ptr != NULL) explicit_bzero((void *)(uintptr_t)r->text.ptr, r->text.len);
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

static void abandon(retrieval *r) {
  const ssm_source *source = r->source;
  if (r->own != 0) {
    source->aws->cancel(source->aws->self, r->own);
    source->host->token_cancel(source->me, r->own);
  }
  free_retrieval(r);
}

/* ---- the answer -------------------------------------------------------------------------------------- */

static ncl_status take_text(retrieval *r, ncl_range body) {
  ncl_json_doc doc;
  ncl_status status = ncl_json_doc_open(&doc, body);
  const ncl_json_value *parameter = ncl_json_get(&doc, ncl_json_root(&doc), "Parameter");
  const ncl_json_value *value = ncl_json_get(&doc, parameter, "Value");
  if (status == NCL_OK && (value == NULL || value->type != NCL_JSON_STRING)) status = NCL_PERMANENT;
  if (status == NCL_PERMANENT) (void)snprintf(r->words, sizeof r->words, "SSM answered without a parameter");
  if (status == NCL_OK) {
    ncl_str text = ncl_json_text(value);
    char *copy = malloc(text.len + 1);
    if (copy == NULL) status = NCL_NO_MEMORY;
    if (copy != NULL) {
      if (text.len > 0) memcpy(copy, text.ptr, text.len);
      copy[text.len] = '\0';
      r->text = ncl_str_of(copy, text.len);
    }
  }
  ncl_json_doc_close(&doc);
  return status;
}

static bool is_code(const ncl_aws_reply *reply, const char *code) {
  return reply->code.len == strlen(code) && memcmp(reply->code.ptr, code, reply->code.len) == 0;
}

/* What went wrong, and what may be done. */
static void explain(retrieval *r, const ncl_aws_reply *reply, ncl_str message) {
  if (reply != NULL && (is_code(reply, "ParameterNotFound") || is_code(reply, "ParameterVersionNotFound"))) {
    (void)snprintf(r->words, sizeof r->words,
                   "there is no parameter \"%.*s\" (%.*s) in this account and region; a region may be named: "
                   "ssm:%.*s?region=us-east-1",
                   FMT(r->name), FMT(reply->code), FMT(r->name));
  } else if (reply != NULL && reply->error == NCL_AWS_ERROR_ACCESS_DENIED) {
    ncl_str resource = reply->resource.len > 0 ? reply->resource : str("*");
    ncl_str action = reply->action.len > 0 ? reply->action : str("ssm:GetParameter");
    (void)snprintf(r->words, sizeof r->words,
                   "%.*s; add to the policy {\"Effect\":\"Allow\",\"Action\":\"%.*s\",\"Resource\":\"%.*s\"}",
                   FMT(message), FMT(action), FMT(resource));
  } else {
    (void)snprintf(r->words, sizeof r->words, "%.*s", FMT(message));
  }
}

static void on_reply(void *arg, const ncl_outcome *outcome) {
  retrieval *r = arg;
  const ssm_source *source = r->source;
  const ncl_aws_reply *reply = outcome->result;
  ncl_outcome answer = NCL_OUTCOME_INIT;
  ncl_status status = outcome->status;
  r->own = 0;
  if (status == NCL_OK) {
    status = take_text(r, reply->body);
  } else {
    explain(r, reply, outcome->message);
  }
  put_answer(r, status, &answer);
  source->host->complete(source->me, r->asked, &answer);
}

/* ---- the question ------------------------------------------------------------------------------------ */

/* "/otel/config", "name:3", an ARN; each with "?region=eu-west-1". NULL, or what is wrong. */
static const char *parse(retrieval *r, ncl_str uri) {
  static const char query[] = "?region=";
  if (uri.len >= sizeof r->uri) return "the name of the parameter is longer than 2048 bytes";
  if (uri.len > 0) memcpy(r->uri, uri.ptr, uri.len);
  r->name = ncl_str_of(r->uri, uri.len);
  char *at = memchr(r->uri, '?', uri.len);
  if (at != NULL) {
    size_t left = uri.len - (size_t)(at - r->uri);
    r->name.len = (size_t)(at - r->uri);
    if (left <= sizeof query - 1 || memcmp(at, query, sizeof query - 1) != 0) {
      return "behind the \"?\" only region is known: ssm:/name?region=us-east-1";
    }
    r->region = ncl_str_of(at + sizeof query - 1, left - (sizeof query - 1));
  }
  if (r->name.len == 0 || r->name.len > NAME_MAX_LEN) return "it names no parameter: write ssm:/path/name";
  for (size_t i = 0; i < r->name.len; i++) {
    char c = r->name.ptr[i];
    bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word && (c == '\0' || strchr("/_.-:", c) == NULL)) {
      return "the name of a parameter has letters, digits and _ . - / only";
    }
  }
  return NULL;
}

/* The region in an ARN: its fourth part. */
static void take_region(retrieval *r) {
  ncl_str arn = r->name;
  if (r->region.len > 0 || arn.len < 4 || memcmp(arn.ptr, "arn:", 4) != 0) return;
  for (int i = 0; i < 3; i++) {
    const char *colon = memchr(arn.ptr, ':', arn.len);
    if (colon == NULL) return;
    size_t skipped = (size_t)(colon - arn.ptr) + 1;
    arn = ncl_str_of(arn.ptr + skipped, arn.len - skipped);
  }
  const char *end = memchr(arn.ptr, ':', arn.len);
  if (end != NULL) r->region = ncl_str_of(arn.ptr, (size_t)(end - arn.ptr));
}

static ncl_status call(retrieval *r, ncl_outcome *outcome) {
  static const ncl_pair headers[] = {{NCL_STR("Content-Type"), NCL_STR("application/x-amz-json-1.1")},
                                     {NCL_STR("X-Amz-Target"), NCL_STR("AmazonSSM.GetParameter")}};
  const ssm_source *source = r->source;
  ncl_aws_client_config config = {
      .struct_size = sizeof config, .service = NCL_STR("ssm"), .region = r->region, .max_connections = 1};
  r->client = source->aws->open(source->aws->self, source->me, &config, outcome);
  if (r->client == NULL) return outcome->status;
  /* The characters of a name need no escapes. */
  int len = snprintf(r->body, sizeof r->body, "{\"Name\":\"%.*s\",\"WithDecryption\":true}", FMT(r->name));
  r->piece = (ncl_range){(const uint8_t *)r->body, (size_t)len};
  ncl_aws_call question = {.struct_size = sizeof question,
                           .header_count = 2,
                           .headers = headers,
                           .body = {&r->piece, 1, sizeof r->piece},
                           .action = NCL_STR("ssm:GetParameter"),
                           .deadline_ns = source->host->now_ns(source->me) + TIMEOUT_NS};
  r->own = source->host->token_open(source->me, on_reply, r, 0);
  if (r->own == 0) return NCL_NO_MEMORY;
  ncl_status status = source->aws->call(r->client, &question, r->own, outcome);
  if (status == NCL_PENDING) return NCL_PENDING;
  source->host->token_cancel(source->me, r->own);
  r->own = 0;
  return status;
}

static ncl_status retrieve(void *self, ncl_str uri, ncl_token token, ncl_outcome *outcome) {
  ssm_source *source = self;
  if (source->aws == NULL) source->aws = source->host->service(source->me, str(NCL_AWS_1), outcome);
  if (source->aws == NULL) return NCL_PERMANENT;
  retrieval *r = calloc(1, sizeof *r);
  if (r == NULL) return NCL_NO_MEMORY;
  r->source = source;
  r->asked = token;
  r->next = source->first;
  source->first = r;
  const char *wrong = parse(r, uri);
  ncl_status status = NCL_PERMANENT;
  if (wrong == NULL) {
    take_region(r);
    status = call(r, outcome);
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
  const ssm_source *source = self;
  for (retrieval *r = source->first; r != NULL; r = r->next) {
    if (r->asked != token) continue;
    abandon(r);
    return;
  }
}

/* ---- life -------------------------------------------------------------------------------------------- */

static ncl_status create(const ncl_create *create, void **self) {
  ssm_source *source = calloc(1, sizeof *source);
  if (source == NULL) return NCL_NO_MEMORY;
  source->host = create->host;
  source->me = create->me;
  *self = source;
  return NCL_OK;
}

static ncl_status shut_down(void *self, ncl_token token, ncl_outcome *outcome) {
  ssm_source *source = self;
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
    {.type = NCL_STR("ssm"),
     .kind = NCL_KIND_SOURCE,
     .doc = NCL_STR("Reads the config, or a value in it, from a parameter of AWS Systems Manager."),
     .methods = &methods}};

static const ncl_plugin plugin = {.magic = NCL_PLUGIN_MAGIC,
                                  .struct_size = sizeof plugin,
                                  .abi_major = NCL_ABI_MAJOR,
                                  .abi_minor_built = NCL_ABI_MINOR,
                                  .name = NCL_STR("nacelle-ssm-source"),
                                  .version = NCL_STR(NCL_VERSION),
                                  .components = NCL_ARRAY(components)};

const ncl_plugin *ncl_plugin_v1(void) {
  return &plugin;
}

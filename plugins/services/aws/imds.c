/* SPDX-License-Identifier: Apache-2.0 */
/* imds.c: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html */
#include "imds.h"

#include <stdio.h>
#include <stdlib.h>

#include "text.h"

#define TOKEN_TTL "21600"
#define TOKEN_TTL_S 21600
#define TOKEN_MARGIN_S 300 /* a token this close to its end is not used any more */
#define TIMEOUT_NS NCL_AWS_SECOND_NS
#define TRIES 2u

struct ncl_aws_imds {
  ncl_aws_service *service;
  char token[256];
  size_t token_len; /* 0 = none */
  int64_t token_until_ns;
  ncl_aws_fetch *token_fetch;
  ncl_aws_imds_get *gets; /* under way */
  char base[300];         /* URL */
};

struct ncl_aws_imds_get {
  ncl_aws_imds *imds;
  ncl_aws_imds_get *next, *prev;
  ncl_aws_fetched_fn fn;
  void *arg;
  ncl_aws_fetch *fetch; /* NULL: waits for the token */
  bool is_due;          /* the token it waits for is there, or will not come */
  bool is_again;        /* with a second token */
  size_t path_len;
  char path[NCL_AWS_IMDS_PATH_MAX];
};

bool ncl_aws_imds_is_off(const ncl_aws_service *service) {
  return ncl_aws_is_name(ncl_aws_env(service, "AWS_EC2_METADATA_DISABLED"), "true");
}

static ncl_aws_imds *imds_of(ncl_aws_service *service) {
  if (service->imds != NULL) return service->imds;
  ncl_aws_imds *imds = calloc(1, sizeof *imds);
  if (imds == NULL) return NULL;
  ncl_str base = ncl_aws_env(service, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  bool is_v6 = ncl_aws_is_name(ncl_aws_env(service, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "ipv6");
  if (base.len == 0 || base.len >= sizeof imds->base) {
    base = ncl_aws_str(is_v6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254");
  }
  while (base.len > 0 && base.ptr[base.len - 1] == '/')
    base.len--;
  memcpy(imds->base, base.ptr, base.len);
  imds->service = service;
  service->imds = imds;
  return imds;
}

static void unlink_get(ncl_aws_imds_get *get) {
  if (get->next != NULL) get->next->prev = get->prev;
  if (get->prev != NULL) {
    get->prev->next = get->next;
  } else {
    get->imds->gets = get->next;
  }
}

static void finish(ncl_aws_imds_get *get, const ncl_aws_fetched *fetched) {
  ncl_aws_fetched_fn fn = get->fn;
  void *arg = get->arg;
  unlink_get(get);
  free(get);
  fn(arg, fetched);
}

/* ---- the token --------------------------------------------------------------------------------------- */

static void on_token(void *arg, const ncl_aws_fetched *fetched);

static bool fetch_token(ncl_aws_imds *imds) {
  static const ncl_pair ttl[] = {{NCL_STR("X-aws-ec2-metadata-token-ttl-seconds"), NCL_STR(TOKEN_TTL)}};
  char url[400];
  if (imds->token_fetch != NULL) return true;
  (void)snprintf(url, sizeof url, "%s/latest/api/token", imds->base);
  ncl_aws_fetch_request request = {.way = NCL_AWS_TO_METADATA,
                                   .tries = TRIES,
                                   .method = "PUT",
                                   .url = ncl_aws_str(url),
                                   .headers = ttl,
                                   .header_count = 1,
                                   .timeout_ns = TIMEOUT_NS};
  imds->token_fetch = ncl_aws_fetch_start(imds->service, &request, on_token, imds);
  return imds->token_fetch != NULL;
}

static void forget_token(ncl_aws_imds *imds) {
  ncl_aws_wipe(imds->token, sizeof imds->token);
  imds->token_len = 0;
}

/* NULL, or why there is no token in the answer. */
static const char *take_token(ncl_aws_imds *imds, const ncl_aws_fetched *fetched, char *why, size_t size) {
  ncl_str token = ncl_aws_trim(ncl_str_of((const char *)fetched->body.ptr, fetched->body.len));
  if (fetched->status != NCL_OK) {
    (void)snprintf(why, size, "%.*s", NCL_AWS_FMT(fetched->message));
    return why;
  }
  if (fetched->http_status != 200) {
    (void)snprintf(why, size, "HTTP %u to the request for a token (IMDSv2)", fetched->http_status);
    return why;
  }
  if (token.len == 0 || token.len > sizeof imds->token || !ncl_aws_is_printable(token)) {
    return "the token (IMDSv2) cannot be read";
  }
  memcpy(imds->token, token.ptr, token.len);
  imds->token_len = token.len;
  imds->token_until_ns = ncl_aws_now(imds->service) + (TOKEN_TTL_S - TOKEN_MARGIN_S) * NCL_AWS_SECOND_NS;
  return NULL;
}

/* ---- documents --------------------------------------------------------------------------------------- */

static void on_document(void *arg, const ncl_aws_fetched *fetched);

static bool fetch_document(ncl_aws_imds_get *get) {
  ncl_aws_imds *imds = get->imds;
  char url[sizeof imds->base + NCL_AWS_IMDS_PATH_MAX];
  ncl_pair token = {NCL_STR("X-aws-ec2-metadata-token"), {imds->token, imds->token_len}};
  (void)snprintf(url, sizeof url, "%s%.*s", imds->base, (int)get->path_len, get->path);
  ncl_aws_fetch_request request = {.way = NCL_AWS_TO_METADATA,
                                   .tries = TRIES,
                                   .method = "GET",
                                   .url = ncl_aws_str(url),
                                   .headers = &token,
                                   .header_count = 1,
                                   .timeout_ns = TIMEOUT_NS};
  get->fetch = ncl_aws_fetch_start(imds->service, &request, on_document, get);
  return get->fetch != NULL;
}

static void fail(ncl_aws_imds_get *get, ncl_status status, const char *words) {
  ncl_aws_fetched failure = {.status = status, .message = ncl_aws_str(words)};
  finish(get, &failure);
}

/* NCL_OK or NCL_NO_MEMORY. */
static bool advance(ncl_aws_imds_get *get) {
  ncl_aws_imds *imds = get->imds;
  bool has_token = imds->token_len > 0 && ncl_aws_now(imds->service) < imds->token_until_ns;
  return has_token ? fetch_document(get) : fetch_token(imds);
}

static void on_token(void *arg, const ncl_aws_fetched *fetched) {
  ncl_aws_imds *imds = arg;
  char buffer[300];
  imds->token_fetch = NULL;
  const char *why = take_token(imds, fetched, buffer, sizeof buffer);
  for (ncl_aws_imds_get *get = imds->gets; get != NULL; get = get->next)
    get->is_due = get->fetch == NULL;
  /* A callback may begin or cancel others: look from the beginning each time. */
  for (;;) {
    ncl_aws_imds_get *get = imds->gets;
    while (get != NULL && !get->is_due) /* NOLINT(clang-analyzer-unix.Malloc): one that ended is not in the list */
      get = get->next;
    if (get == NULL) return;
    get->is_due = false;
    if (why != NULL) {
      fail(get, fetched->status == NCL_OK ? NCL_RETRYABLE : fetched->status, why);
    } else if (!fetch_document(get)) {
      fail(get, NCL_NO_MEMORY, "no memory");
    }
  }
}

static void on_document(void *arg, const ncl_aws_fetched *fetched) {
  ncl_aws_imds_get *get = arg;
  get->fetch = NULL;
  bool is_stale = fetched->status == NCL_OK && fetched->http_status == 401;
  if (!is_stale || get->is_again) {
    finish(get, fetched);
    return;
  }
  /* The instance was stopped meanwhile, or its clock moved: the token is not known any more. */
  get->is_again = true;
  forget_token(get->imds);
  if (!advance(get)) fail(get, NCL_NO_MEMORY, "no memory");
}

ncl_aws_imds_get *ncl_aws_imds_start(ncl_aws_service *service, ncl_str path, ncl_aws_fetched_fn fn, void *arg) {
  ncl_aws_imds *imds = imds_of(service);
  if (imds == NULL || path.len == 0 || path.len > NCL_AWS_IMDS_PATH_MAX || path.ptr[0] != '/') return NULL;
  ncl_aws_imds_get *get = calloc(1, sizeof *get);
  if (get == NULL) return NULL;
  get->imds = imds;
  get->fn = fn;
  get->arg = arg;
  get->path_len = path.len;
  memcpy(get->path, path.ptr, path.len);
  get->next = imds->gets;
  if (get->next != NULL) get->next->prev = get;
  imds->gets = get;
  if (advance(get)) return get;
  unlink_get(get);
  free(get);
  return NULL;
}

void ncl_aws_imds_cancel(ncl_aws_imds_get *get) {
  if (get == NULL) return;
  ncl_aws_fetch_cancel(get->fetch);
  unlink_get(get);
  free(get);
}

void ncl_aws_imds_close(ncl_aws_imds *imds) {
  if (imds == NULL) return;
  ncl_aws_fetch_cancel(imds->token_fetch);
  forget_token(imds);
  free(imds);
}

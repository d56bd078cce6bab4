/* SPDX-License-Identifier: Apache-2.0 */
/* provider.c: begins with the base of the plan, assumes its roles one after the other, keeps what comes out. Whoever
 * asks while that is under way waits for the same; whoever asks shortly after a failure gets the same words. */
#include "provider.h"

#include <stdio.h>
#include <stdlib.h>

#include "assume.h"
#include "error.h"
#include "fetch.h"
#include "imds.h"
#include "text.h"

#define CONTAINER_TIMEOUT_NS (2 * NCL_AWS_SECOND_NS)
#define CONTAINER_TRIES 3u
#define INSTANCE_PATH "/latest/meta-data/iam/security-credentials/"
/* After a failure nobody is asked for so long, twice as long after each further one. */
#define FIRST_REST_NS NCL_AWS_SECOND_NS
#define LONGEST_REST_NS (30 * NCL_AWS_SECOND_NS)
/* Keys that were refused are fetched anew, but not more often than this: a wrong policy looks the same. */
#define RENEWAL_NS (10 * NCL_AWS_SECOND_NS)

struct ncl_aws_provider {
  ncl_aws_service *service;
  ncl_aws_provider *next;
  uint32_t users;
  ncl_aws_provider_config config; /* texts lie in `text` */
  char *text;
  ncl_aws_provider *base; /* a role's; NULL = this is the chain, or has a token file */

  ncl_aws_keys *keys; /* NULL = none yet */
  int64_t fetched_ns; /* when these came */
  bool is_refused;
  int64_t rest_until_ns; /* of failures */
  uint32_t failures;
  ncl_status failure;
  char words[NCL_AWS_WORDS];
  ncl_aws_keys_waiter *waiters;

  /* What is under way. */
  bool is_running;
  bool has_plan;
  ncl_aws_plan plan;
  uint32_t at_role;
  ncl_aws_keys *made; /* so far */
  ncl_aws_fetch *fetch;
  ncl_aws_imds_get *get;
  ncl_aws_assume *assume;
  ncl_aws_keys_waiter base_waiter;
};

static ncl_status assume_next(ncl_aws_provider *p);

/* ---- the end of a run -------------------------------------------------------------------------------- */

static void end_run(ncl_aws_provider *p) {
  if (p->has_plan) ncl_aws_plan_close(&p->plan);
  p->has_plan = false;
  p->is_running = false;
  ncl_aws_keys_leave(p->made);
  p->made = NULL;
}

static void log_success(const ncl_aws_provider *p) {
  const ncl_aws_credentials *view = &p->keys->view;
  int64_t left_s = view->expires_ns > 0 ? (view->expires_ns - ncl_aws_wall(p->service)) / NCL_AWS_SECOND_NS : 0;
  const ncl_attr attrs[] = {{.key = NCL_STR("source"), .type = NCL_ATTR_STR, .s = view->source},
                            {.key = NCL_STR("expires_in_s"), .type = NCL_ATTR_INT, .i = left_s}};
  p->service->host->log(p->service->me, NCL_LOG_INFO, ncl_aws_str("aws.credentials"),
                        ncl_aws_str("AWS credentials were obtained."), attrs, view->expires_ns > 0 ? 2 : 1);
}

static ncl_status succeed(ncl_aws_provider *p) {
  ncl_aws_keys_leave(p->keys);
  p->keys = p->made;
  p->made = NULL;
  p->fetched_ns = ncl_aws_now(p->service);
  p->is_refused = false;
  p->failures = 0;
  p->rest_until_ns = 0;
  /* Once a role is enough: its base has said where it comes from. */
  log_success(p);
  end_run(p);
  return NCL_OK;
}

static void rest(ncl_aws_provider *p) {
  int64_t rest_ns = FIRST_REST_NS;
  for (uint32_t i = 0; i < p->failures && rest_ns < LONGEST_REST_NS; i++)
    rest_ns *= 2;
  p->failures++;
  p->rest_until_ns = ncl_aws_now(p->service) + (rest_ns < LONGEST_REST_NS ? rest_ns : LONGEST_REST_NS);
}

/* The base has failed, and has said so. */
static ncl_status fail_like_base(ncl_aws_provider *p, ncl_status status, ncl_str words) {
  (void)snprintf(p->words, sizeof p->words, "%.*s", NCL_AWS_FMT(words));
  p->failure = status;
  rest(p);
  end_run(p);
  return status;
}

/* "<what was passed over>; <link>: <why>" */
static ncl_status fail(ncl_aws_provider *p, ncl_status status, ncl_str link, ncl_str why) {
  const char *before = p->has_plan && p->plan.role_count == 0 ? p->plan.words : "";
  (void)snprintf(p->words, sizeof p->words, "no AWS credentials: %s%s%.*s%s%.*s", before,
                 before[0] != '\0' && why.len > 0 ? "; " : "", NCL_AWS_FMT(link), link.len > 0 ? ": " : "",
                 NCL_AWS_FMT(why));
  p->failure = status == NCL_NO_MEMORY ? NCL_NO_MEMORY : NCL_RETRYABLE;
  rest(p);
  ncl_aws_say(p->service, NULL, NCL_LOG_WARN, "aws.no_credentials", "There are no AWS credentials.", "reason",
              ncl_aws_str(p->words));
  end_run(p);
  return p->failure;
}

static ncl_status fail_base(ncl_aws_provider *p, ncl_status status, ncl_str why) {
  return fail(p, status, ncl_aws_str(p->plan.source), why);
}

/* ---- waiters ----------------------------------------------------------------------------------------- */

static void link_waiter(ncl_aws_provider *p, ncl_aws_keys_waiter *waiter) {
  waiter->provider = p;
  waiter->prev = NULL;
  waiter->next = p->waiters;
  if (waiter->next != NULL) waiter->next->prev = waiter;
  p->waiters = waiter;
}

/* A run has ended: calls all that wait. They may close the provider: it stays until all are called. */
static void answer(ncl_aws_provider *p, ncl_status status) {
  ncl_aws_keys_waiter due = {.next = p->waiters};
  ncl_aws_keys *keys = status == NCL_OK ? ncl_aws_keys_share(p->keys) : NULL;
  if (due.next != NULL) due.next->prev = &due;
  p->waiters = NULL;
  p->users++;
  while (due.next != NULL) {
    ncl_aws_keys_waiter *waiter = due.next;
    due.next = waiter->next;
    if (due.next != NULL) due.next->prev = &due;
    waiter->provider = NULL;
    waiter->fn(waiter->arg, keys, status, ncl_aws_str(status == NCL_OK ? "" : p->words));
  }
  ncl_aws_keys_leave(keys);
  ncl_aws_provider_close(p);
}

/* What a step has come to, where it does not go on by itself. */
static void settle(ncl_aws_provider *p, ncl_status status) {
  if (status != NCL_PENDING) answer(p, status);
}

/* ---- steps ------------------------------------------------------------------------------------------- */

static void on_assumed(void *arg, ncl_aws_keys *keys, ncl_status status, ncl_str message) {
  ncl_aws_provider *p = arg;
  p->assume = NULL;
  if (keys == NULL) {
    settle(p, fail(p, status, ncl_str_of(NULL, 0), message));
    return;
  }
  ncl_aws_keys_leave(p->made);
  p->made = keys;
  settle(p, assume_next(p));
}

static ncl_status assume(ncl_aws_provider *p, const ncl_aws_role *role, ncl_aws_keys *with) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_str region = p->config.sts_region;
  if (region.len == 0) region = ncl_aws_env(p->service, "AWS_REGION");
  if (region.len == 0) region = ncl_aws_env(p->service, "AWS_DEFAULT_REGION");
  if (region.len == 0 && p->has_plan) region = p->plan.region;
  ncl_aws_assume_request request = {*role, with, region, p->config.sts_endpoint, p->config.flags};
  p->assume = ncl_aws_assume_start(p->service, &request, on_assumed, p, &outcome);
  return p->assume != NULL ? NCL_PENDING : fail(p, outcome.status, ncl_str_of(NULL, 0), outcome.message);
}

/* The role that is next on top of what was made; the end when there is none. */
static ncl_status assume_next(ncl_aws_provider *p) {
  bool is_own = !p->has_plan && p->config.role.token_file.len == 0;
  uint32_t count = is_own ? 1 : p->has_plan ? p->plan.role_count : 0;
  if (p->at_role == count) return succeed(p);
  const ncl_aws_role *role = is_own ? &p->config.role : &p->plan.roles[p->at_role];
  p->at_role++;
  return assume(p, role, p->made);
}

static ncl_status take_answer(ncl_aws_provider *p, const ncl_aws_fetched *fetched) {
  char why[500];
  if (fetched->status != NCL_OK) return fail_base(p, fetched->status, fetched->message);
  p->made = ncl_aws_keys_read_json(fetched->body, ncl_aws_str(p->plan.source), why, sizeof why);
  if (p->made == NULL && why[0] == '\0') return fail_base(p, NCL_NO_MEMORY, ncl_aws_str("no memory"));
  if (fetched->http_status != 200) {
    char words[600];
    bool has_words = p->made == NULL && memcmp(why, "the endpoint says", 17) == 0;
    ncl_aws_keys_leave(p->made);
    p->made = NULL;
    (void)snprintf(words, sizeof words, "HTTP %u%s%s", fetched->http_status, has_words ? ", " : "",
                   has_words ? why : "");
    return fail_base(p, NCL_RETRYABLE, ncl_aws_str(words));
  }
  if (p->made == NULL) return fail_base(p, NCL_RETRYABLE, ncl_aws_str(why));
  int64_t wall_ns = ncl_aws_wall(p->service), skew_ns = 0;
  (void)ncl_aws_clock_difference(fetched->headers, wall_ns, &skew_ns);
  ncl_aws_keys_date(p->made, ncl_aws_now(p->service), wall_ns + skew_ns, ncl_aws_random());
  return assume_next(p);
}

static void on_container(void *arg, const ncl_aws_fetched *fetched) {
  ncl_aws_provider *p = arg;
  p->fetch = NULL;
  settle(p, take_answer(p, fetched));
}

static ncl_status fetch_container(ncl_aws_provider *p) {
  const ncl_aws_plan *plan = &p->plan;
  ncl_aws_file file = {NULL, 0};
  ncl_pair header = {NCL_STR("Authorization"), plan->authorization};
  const char *why;
  if (plan->authorization_file.len > 0) {
    if (ncl_aws_file_read(plan->authorization_file, &file, &why) != NCL_OK) {
      char words[400];
      (void)snprintf(words, sizeof words, "token file %.*s: %s", NCL_AWS_FMT(plan->authorization_file), why);
      return fail_base(p, NCL_RETRYABLE, ncl_aws_str(words));
    }
    header.value = ncl_aws_trim(ncl_str_of(file.text, file.len));
  }
  ncl_status status = NCL_PENDING;
  if (!ncl_aws_is_printable(header.value)) {
    status = fail_base(p, NCL_RETRYABLE, ncl_aws_str("the authorization token has a line break in it"));
  } else {
    ncl_aws_fetch_request request = {.way = NCL_AWS_TO_METADATA,
                                     .tries = CONTAINER_TRIES,
                                     .method = "GET",
                                     .url = ncl_aws_str(plan->url),
                                     .headers = &header,
                                     .header_count = header.value.len > 0,
                                     .timeout_ns = CONTAINER_TIMEOUT_NS};
    p->fetch = ncl_aws_fetch_start(p->service, &request, on_container, p);
    if (p->fetch == NULL) status = fail_base(p, NCL_NO_MEMORY, ncl_aws_str("no memory"));
  }
  ncl_aws_file_close(&file);
  return status;
}

static void on_instance(void *arg, const ncl_aws_fetched *fetched) {
  ncl_aws_provider *p = arg;
  p->get = NULL;
  settle(p, take_answer(p, fetched));
}

/* The first line is the role of the instance's profile. */
static ncl_status take_role_name(ncl_aws_provider *p, const ncl_aws_fetched *fetched) {
  char path[NCL_AWS_IMDS_PATH_MAX], words[64];
  if (fetched->status != NCL_OK) return fail_base(p, fetched->status, fetched->message);
  if (fetched->http_status == 404) {
    return fail_base(p, NCL_RETRYABLE, ncl_aws_str("the instance has no role (instance profile)"));
  }
  (void)snprintf(words, sizeof words, "HTTP %u", fetched->http_status);
  if (fetched->http_status != 200) return fail_base(p, NCL_RETRYABLE, ncl_aws_str(words));
  ncl_str name = ncl_str_of((const char *)fetched->body.ptr, fetched->body.len);
  name.len = ncl_aws_find(name, '\n');
  name = ncl_aws_trim(name);
  if (name.len == 0 || name.len > 256 || !ncl_aws_is_printable(name) || ncl_aws_find(name, ' ') < name.len) {
    return fail_base(p, NCL_RETRYABLE, ncl_aws_str("the answer is no name of a role"));
  }
  (void)snprintf(path, sizeof path, INSTANCE_PATH "%.*s", NCL_AWS_FMT(name));
  size_t len = strlen(p->plan.source);
  (void)snprintf(p->plan.source + len, sizeof p->plan.source - len, " (role %.*s)", NCL_AWS_FMT(name));
  p->get = ncl_aws_imds_start(p->service, ncl_aws_str(path), on_instance, p);
  return p->get != NULL ? NCL_PENDING : fail_base(p, NCL_NO_MEMORY, ncl_aws_str("no memory"));
}

static void on_role_name(void *arg, const ncl_aws_fetched *fetched) {
  ncl_aws_provider *p = arg;
  p->get = NULL;
  settle(p, take_role_name(p, fetched));
}

static ncl_status make_keys(ncl_aws_provider *p) {
  const ncl_aws_plan *plan = &p->plan;
  ncl_aws_key_parts parts = {.access_key_id = plan->access_key_id,
                             .secret_access_key = plan->secret_access_key,
                             .session_token = plan->session_token,
                             .account_id = plan->account_id,
                             .source = ncl_aws_str(plan->source)};
  if (!ncl_aws_is_printable(parts.access_key_id) || !ncl_aws_is_printable(parts.session_token)) {
    return fail_base(p, NCL_RETRYABLE, ncl_aws_str("the key or the token has control characters in it"));
  }
  p->made = ncl_aws_keys_new(&parts);
  return p->made != NULL ? assume_next(p) : fail_base(p, NCL_NO_MEMORY, ncl_aws_str("no memory"));
}

static ncl_status begin_chain(ncl_aws_provider *p) {
  ncl_aws_environment environment = ncl_aws_environment_of(p->service);
  p->has_plan = true;
  if (ncl_aws_plan_open(&p->plan, &environment, p->config.profile) != NCL_OK) {
    return fail(p, NCL_NO_MEMORY, ncl_str_of(NULL, 0), ncl_aws_str("no memory"));
  }
  switch (p->plan.base) {
    case NCL_AWS_BASE_KEYS:
      return make_keys(p);
    case NCL_AWS_BASE_WEB_IDENTITY:
      return assume(p, &p->plan.identity, NULL);
    case NCL_AWS_BASE_CONTAINER:
      return fetch_container(p);
    case NCL_AWS_BASE_INSTANCE:
      p->get = ncl_aws_imds_start(p->service, ncl_aws_str(INSTANCE_PATH), on_role_name, p);
      return p->get != NULL ? NCL_PENDING : fail_base(p, NCL_NO_MEMORY, ncl_aws_str("no memory"));
    default:
      return fail(p, NCL_RETRYABLE, ncl_str_of(NULL, 0), ncl_str_of(NULL, 0));
  }
}

static void on_base(void *arg, ncl_aws_keys *keys, ncl_status status, ncl_str message) {
  ncl_aws_provider *p = arg;
  if (keys == NULL) {
    settle(p, fail_like_base(p, status, message));
    return;
  }
  p->made = ncl_aws_keys_share(keys);
  settle(p, assume_next(p));
}

static ncl_status begin_role(ncl_aws_provider *p) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  p->base_waiter.fn = on_base;
  p->base_waiter.arg = p;
  ncl_status status = ncl_aws_provider_get(p->base, &p->base_waiter, &p->made, &outcome);
  if (status == NCL_OK) return assume_next(p);
  return status == NCL_PENDING ? NCL_PENDING : fail_like_base(p, status, outcome.message);
}

static ncl_status begin(ncl_aws_provider *p) {
  p->is_running = true;
  p->at_role = 0;
  if (p->base != NULL) return begin_role(p);
  return p->config.role.token_file.len > 0 ? assume(p, &p->config.role, NULL) : begin_chain(p);
}

/* ---- asking ------------------------------------------------------------------------------------------ */

static bool is_valid(const ncl_aws_provider *p) {
  return p->keys != NULL && !p->is_refused && ncl_aws_now(p->service) < p->keys->until_ns;
}

static bool is_resting(const ncl_aws_provider *p) {
  return ncl_aws_now(p->service) < p->rest_until_ns;
}

ncl_status ncl_aws_provider_get(ncl_aws_provider *provider, ncl_aws_keys_waiter *waiter, ncl_aws_keys **keys,
                                ncl_outcome *outcome) {
  ncl_aws_provider *p = provider;
  bool is_due = !is_valid(p) || ncl_aws_now(p->service) >= p->keys->renew_ns;
  /* Others are fetched while the old ones are still good: nobody waits for them then. */
  if (is_due && !p->is_running && !is_resting(p)) (void)begin(p);
  if (is_valid(p)) {
    *keys = ncl_aws_keys_share(p->keys);
    return NCL_OK;
  }
  if (!p->is_running) {
    outcome->retry_after_ns = p->rest_until_ns - ncl_aws_now(p->service);
    if (outcome->retry_after_ns < 0) outcome->retry_after_ns = 0;
    return ncl_aws_fail(outcome, p->failure, ncl_aws_str(p->words));
  }
  link_waiter(p, waiter);
  return NCL_PENDING;
}

void ncl_aws_provider_leave(ncl_aws_keys_waiter *waiter) {
  if (waiter->provider == NULL) return;
  if (waiter->next != NULL) waiter->next->prev = waiter->prev;
  if (waiter->prev != NULL) {
    waiter->prev->next = waiter->next;
  } else {
    waiter->provider->waiters = waiter->next;
  }
  waiter->provider = NULL;
}

bool ncl_aws_provider_refused(ncl_aws_provider *provider, const ncl_aws_keys *keys) {
  ncl_aws_provider *p = provider;
  if (p->keys == NULL || (keys != NULL && keys != p->keys)) return false;
  if (ncl_aws_now(p->service) - p->fetched_ns < RENEWAL_NS) return false;
  p->is_refused = true;
  if (p->base != NULL) (void)ncl_aws_provider_refused(p->base, NULL);
  return true;
}

/* ---- open and close ---------------------------------------------------------------------------------- */

static bool is_same(const ncl_aws_provider *p, const ncl_aws_provider_config *c) {
  const ncl_aws_provider_config *o = &p->config;
  bool is_same_role =
      ncl_aws_same(o->role.arn, c->role.arn) && ncl_aws_same(o->role.external_id, c->role.external_id) &&
      ncl_aws_same(o->role.session_name, c->role.session_name) && ncl_aws_same(o->role.token_file, c->role.token_file);
  /* Where STS is asked makes no difference for a chain: the first that asks decides. */
  bool is_chain = c->role.arn.len == 0;
  bool is_same_sts = ncl_aws_same(o->sts_region, c->sts_region) && ncl_aws_same(o->sts_endpoint, c->sts_endpoint) &&
                     o->flags == c->flags;
  return ncl_aws_same(o->profile, c->profile) && is_same_role && (is_chain || is_same_sts);
}

static void take_text(char **at, ncl_str *text) {
  if (text->len > 0) memcpy(*at, text->ptr, text->len);
  *text = ncl_str_of(*at, text->len);
  *at += text->len;
}

static bool take_config(ncl_aws_provider *p, const ncl_aws_provider_config *config) {
  p->config = *config;
  ncl_aws_role *role = &p->config.role;
  ncl_str *texts[] = {&p->config.profile,     &role->arn,        &role->external_id,
                      &role->session_name,    &role->token_file, &p->config.sts_region,
                      &p->config.sts_endpoint};
  size_t size = 1;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    size += texts[i]->len;
  p->text = malloc(size);
  if (p->text == NULL) return false;
  char *at = p->text;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    take_text(&at, texts[i]);
  return true;
}

static ncl_aws_provider *make(ncl_aws_service *service, const ncl_aws_provider_config *config) {
  ncl_aws_provider *p = calloc(1, sizeof *p);
  if (p == NULL) return NULL;
  p->service = service;
  bool ok = take_config(p, config);
  if (ok && config->role.arn.len > 0 && config->role.token_file.len == 0) {
    ncl_aws_provider_config base = *config;
    base.role = (ncl_aws_role){0};
    p->base = ncl_aws_provider_open(service, &base);
    ok = p->base != NULL;
  }
  if (!ok) {
    free(p->text);
    free(p);
    return NULL;
  }
  p->next = service->providers;
  service->providers = p;
  return p;
}

ncl_aws_provider *ncl_aws_provider_open(ncl_aws_service *service, const ncl_aws_provider_config *config) {
  ncl_aws_provider *p = service->providers;
  while (p != NULL && !is_same(p, config))
    p = p->next;
  if (p == NULL) p = make(service, config);
  if (p != NULL) p->users++;
  return p;
}

void ncl_aws_provider_close(ncl_aws_provider *provider) {
  ncl_aws_provider *p = provider;
  if (p == NULL || --p->users > 0) return;
  ncl_aws_provider **at = &p->service->providers;
  while (*at != p)
    at = &(*at)->next;
  *at = p->next;
  ncl_aws_fetch_cancel(p->fetch);
  ncl_aws_imds_cancel(p->get);
  ncl_aws_assume_cancel(p->assume);
  ncl_aws_provider_leave(&p->base_waiter);
  while (p->waiters != NULL)
    ncl_aws_provider_leave(p->waiters);
  end_run(p);
  ncl_aws_keys_leave(p->keys);
  ncl_aws_provider_close(p->base);
  free(p->text);
  free(p);
}

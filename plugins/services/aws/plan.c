/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c: the order of AWS's SDKs: environment, web identity, profile, container, EC2. The first link that is
 * configured is taken, and its failure is the chain's: a wrong role is worse than none. */
#include "plan.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "text.h"

#define ECS_ENDPOINT "http://169.254.170.2"

typedef struct planner {
  ncl_aws_plan *plan;
  const ncl_aws_environment *environment;
  bool is_named; /* the profile was asked for by name: it has to exist */
} planner;

static ncl_str env(const planner *p, const char *name) {
  return p->environment->get(p->environment->arg, name);
}

__attribute__((format(printf, 2, 3))) static void say(planner *p, const char *format, ...) {
  char *words = p->plan->words;
  size_t len = strlen(words), size = sizeof p->plan->words;
  va_list args;
  if (len > 0 && len + 2 < size) {
    memcpy(words + len, "; ", 3);
    len += 2;
  }
  va_start(args, format);
  (void)vsnprintf(words + len, size - len, format, args);
  va_end(args);
}

__attribute__((format(printf, 2, 3))) static void set_source(planner *p, const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(p->plan->source, sizeof p->plan->source, format, args);
  va_end(args);
}

/* ---- files ------------------------------------------------------------------------------------------- */

/* The path that `variable` has, else ~/.aws/`name`. False: there is no home. */
static bool path_of(const planner *p, const char *variable, const char *name, char *into, size_t size) {
  ncl_str path = env(p, variable), home = env(p, "HOME");
  int len;
  if (path.len > 0) {
    bool in_home = ncl_aws_begins(path, "~/");
    len = snprintf(into, size, "%.*s%.*s", in_home ? (int)home.len : 0, in_home && home.len > 0 ? home.ptr : "",
                   NCL_AWS_FMT(ncl_aws_after(path, in_home ? 1 : 0)));
  } else {
    if (home.len == 0) return false;
    len = snprintf(into, size, "%.*s/.aws/%s", NCL_AWS_FMT(home), name);
  }
  return len > 0 && (size_t)len < size;
}

static ncl_status read_file(planner *p, const char *variable, const char *name, ncl_aws_ini *ini) {
  char path[1024];
  ncl_aws_file file;
  const char *why;
  if (!path_of(p, variable, name, path, sizeof path)) return NCL_OK;
  ncl_status status = ncl_aws_file_read(ncl_aws_str(path), &file, &why);
  if (status == NCL_OK) status = ncl_aws_ini_parse(ini, &file);
  if (status == NCL_PERMANENT) say(p, "file %s: %s", path, ini->count > 0 ? "it has more than 20,000 lines" : why);
  return status == NCL_NO_MEMORY ? status : NCL_OK;
}

/* ---- profiles ---------------------------------------------------------------------------------------- */

/* In the file config all profiles but the default are called "profile x", and the default may be. */
static ncl_str of_config(const ncl_aws_plan *plan, ncl_str profile, const char *key) {
  ncl_str value = ncl_aws_ini_get(&plan->config, "profile", profile, key);
  if (value.len == 0 && ncl_aws_is(profile, "default")) value = ncl_aws_ini_get(&plan->config, "", profile, key);
  return value;
}

static ncl_str of_profile(const planner *p, ncl_str profile, const char *key) {
  ncl_str value = ncl_aws_ini_get(&p->plan->credentials, "", profile, key);
  return value.len > 0 ? value : of_config(p->plan, profile, key);
}

static bool has_profile(const planner *p, ncl_str profile) {
  const ncl_aws_plan *plan = p->plan;
  return ncl_aws_ini_has(&plan->credentials, "", profile) || ncl_aws_ini_has(&plan->config, "profile", profile) ||
         (ncl_aws_is(profile, "default") && ncl_aws_ini_has(&plan->config, "", profile));
}

static void take_role(const planner *p, ncl_str profile, ncl_aws_role *role) {
  ncl_str duration = of_profile(p, profile, "duration_seconds");
  *role = (ncl_aws_role){.arn = of_profile(p, profile, "role_arn"),
                         .external_id = of_profile(p, profile, "external_id"),
                         .session_name = of_profile(p, profile, "role_session_name")};
  for (size_t i = 0; i < duration.len && i < 6 && duration.ptr[i] >= '0' && duration.ptr[i] <= '9'; i++)
    role->duration_s = role->duration_s * 10 + (duration.ptr[i] - '0');
}

static bool take_keys(planner *p, ncl_str profile) {
  ncl_aws_plan *plan = p->plan;
  ncl_str id = of_profile(p, profile, "aws_access_key_id");
  ncl_str secret = of_profile(p, profile, "aws_secret_access_key");
  if (id.len == 0 || secret.len == 0) return false;
  plan->base = NCL_AWS_BASE_KEYS;
  plan->access_key_id = id;
  plan->secret_access_key = secret;
  plan->session_token = of_profile(p, profile, "aws_session_token");
  plan->account_id = of_profile(p, profile, "aws_account_id");
  set_source(p, "profile %.*s", NCL_AWS_FMT(profile));
  return true;
}

/* ---- links ------------------------------------------------------------------------------------------- */

static bool try_environment(planner *p) {
  ncl_aws_plan *plan = p->plan;
  ncl_str id = env(p, "AWS_ACCESS_KEY_ID"), secret = env(p, "AWS_SECRET_ACCESS_KEY");
  if (id.len == 0) id = env(p, "AWS_ACCESS_KEY");
  if (secret.len == 0) secret = env(p, "AWS_SECRET_KEY");
  if (id.len == 0 || secret.len == 0) {
    say(p, "environment: %s is not set%s", id.len == 0 ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
        id.len > 0 ? " though AWS_ACCESS_KEY_ID is" : "");
    return false;
  }
  plan->base = NCL_AWS_BASE_KEYS;
  plan->access_key_id = id;
  plan->secret_access_key = secret;
  plan->session_token = env(p, "AWS_SESSION_TOKEN");
  plan->account_id = env(p, "AWS_ACCOUNT_ID");
  set_source(p, "environment (AWS_ACCESS_KEY_ID)");
  return true;
}

static bool try_web_identity(planner *p) {
  ncl_aws_plan *plan = p->plan;
  ncl_str file = env(p, "AWS_WEB_IDENTITY_TOKEN_FILE"), arn = env(p, "AWS_ROLE_ARN");
  if (file.len == 0) {
    say(p, "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    return false;
  }
  if (arn.len == 0) {
    say(p, "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    return true;
  }
  plan->base = NCL_AWS_BASE_WEB_IDENTITY;
  plan->identity = (ncl_aws_role){.arn = arn, .session_name = env(p, "AWS_ROLE_SESSION_NAME"), .token_file = file};
  set_source(p, "web identity (AWS_WEB_IDENTITY_TOKEN_FILE)");
  return true;
}

static bool set_container_url(planner *p, const char *start, ncl_str rest) {
  int len = snprintf(p->plan->url, sizeof p->plan->url, "%s%.*s", start, NCL_AWS_FMT(rest));
  if (len <= 0 || (size_t)len >= sizeof p->plan->url) {
    say(p, "container: the URI has more than 500 characters");
    return false;
  }
  return true;
}

static bool try_container(planner *p) {
  ncl_aws_plan *plan = p->plan;
  ncl_str relative = env(p, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  ncl_str full = env(p, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const char *mistake = NULL;
  if (relative.len == 0 && full.len == 0) {
    say(p, "container: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
    return false;
  }
  if (relative.len > 0) {
    if (relative.ptr[0] != '/') mistake = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash";
    if (mistake == NULL && !set_container_url(p, ECS_ENDPOINT, relative)) return true;
  } else {
    mistake = ncl_aws_container_url_mistake(full);
    if (mistake == NULL && !set_container_url(p, "", full)) return true;
  }
  if (mistake != NULL) {
    say(p, "container: %s", mistake);
    return true;
  }
  plan->base = NCL_AWS_BASE_CONTAINER;
  plan->authorization = env(p, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  plan->authorization_file = env(p, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  /* What comes behind the host may be a capability of its own. */
  size_t host = ncl_aws_find_text(ncl_aws_str(plan->url), "://") + 3;
  size_t end = host + ncl_aws_find(ncl_aws_str(plan->url + host), '/');
  set_source(p, "container credentials (%.*s)", (int)end, plan->url);
  return true;
}

static bool try_instance(planner *p) {
  ncl_str disabled = env(p, "AWS_EC2_METADATA_DISABLED");
  if (ncl_aws_is_name(disabled, "true")) {
    say(p, "EC2 metadata: switched off by AWS_EC2_METADATA_DISABLED");
    return false;
  }
  p->plan->base = NCL_AWS_BASE_INSTANCE;
  set_source(p, "EC2 metadata");
  return true;
}

static bool try_credential_source(planner *p, ncl_str profile, ncl_str source) {
  if (ncl_aws_is(source, "Environment")) return try_environment(p);
  if (ncl_aws_is(source, "EcsContainer")) return try_container(p);
  if (ncl_aws_is(source, "Ec2InstanceMetadata")) return try_instance(p);
  say(p, "profile %.*s: credential_source is none of Environment, EcsContainer and Ec2InstanceMetadata",
      NCL_AWS_FMT(profile));
  return true;
}

/* What a profile has besides roles and keys. False: nothing. */
static bool try_other_of_profile(planner *p, ncl_str profile) {
  ncl_aws_plan *plan = p->plan;
  ncl_str source = of_profile(p, profile, "credential_source");
  ncl_str token_file = of_profile(p, profile, "web_identity_token_file");
  if (source.len > 0) {
    (void)try_credential_source(p, profile, source);
    return true;
  }
  if (token_file.len > 0) {
    take_role(p, profile, &plan->identity);
    plan->identity.token_file = token_file;
    if (plan->identity.arn.len == 0) {
      say(p, "profile %.*s: web_identity_token_file without role_arn", NCL_AWS_FMT(profile));
      return true;
    }
    plan->base = NCL_AWS_BASE_WEB_IDENTITY;
    set_source(p, "profile %.*s (web identity)", NCL_AWS_FMT(profile));
    return true;
  }
  if (of_profile(p, profile, "sso_account_id").len > 0 || of_profile(p, profile, "sso_start_url").len > 0) {
    say(p,
        "profile %.*s: IAM Identity Center (sso_...) is not supported; export credentials with `aws configure "
        "export-credentials`",
        NCL_AWS_FMT(profile));
    return true;
  }
  if (of_profile(p, profile, "credential_process").len > 0) {
    say(p, "profile %.*s: credential_process is not supported", NCL_AWS_FMT(profile));
    return true;
  }
  return false;
}

static bool is_among(const ncl_str *names, uint32_t count, ncl_str name) {
  for (uint32_t i = 0; i < count; i++) {
    if (ncl_aws_same(names[i], name)) return true;
  }
  return false;
}

/* Puts the roles of a chain of source profiles into the order in which they are assumed: the last one found first. */
static void turn_round(ncl_aws_plan *plan) {
  for (uint32_t i = 0; i + 1 < plan->role_count - i; i++) {
    ncl_aws_role role = plan->roles[i];
    plan->roles[i] = plan->roles[plan->role_count - 1 - i];
    plan->roles[plan->role_count - 1 - i] = role;
  }
}

/* Follows source_profile to where the credentials begin. False: the profile has none, and what follows in the chain is
 * the base (with a role of the profile on top, if it names one). */
static bool follow_profile(planner *p, ncl_str profile) {
  ncl_aws_plan *plan = p->plan;
  ncl_str seen[NCL_AWS_PLAN_ROLES];
  uint32_t count = 0;
  for (;;) {
    ncl_str next = of_profile(p, profile, "source_profile");
    bool has_token = of_profile(p, profile, "web_identity_token_file").len > 0 && next.len == 0;
    ncl_str arn = of_profile(p, profile, "role_arn");
    if (arn.len > 0 && !has_token) take_role(p, profile, &plan->roles[plan->role_count++]);
    /* A profile may name itself: its own keys are meant. */
    if (arn.len == 0 || next.len == 0 || ncl_aws_same(next, profile)) break;
    seen[count++] = profile;
    if (is_among(seen, count, next) || count == NCL_AWS_PLAN_ROLES || !has_profile(p, next)) {
      say(p, "profile %.*s: its source_profile %.*s %s", NCL_AWS_FMT(profile), NCL_AWS_FMT(next),
          has_profile(p, next) ? "leads back, or through more than 5 roles" : "does not exist");
      return true;
    }
    profile = next;
  }
  turn_round(plan);
  if (take_keys(p, profile) || try_other_of_profile(p, profile)) return true;
  if (plan->role_count == 0) {
    say(p, "profile %.*s: it has no credentials", NCL_AWS_FMT(profile));
  }
  return false;
}

static bool try_profile(planner *p) {
  ncl_str profile = p->plan->profile;
  if (has_profile(p, profile)) return follow_profile(p, profile);
  say(p, "profile %.*s: there is none in the shared files", NCL_AWS_FMT(profile));
  return p->is_named;
}

/* ---- the whole --------------------------------------------------------------------------------------- */

static void choose(planner *p, bool is_profile_first) {
  if (!is_profile_first && (try_environment(p) || try_web_identity(p))) return;
  if (try_profile(p) || try_container(p)) return;
  (void)try_instance(p);
}

ncl_status ncl_aws_plan_open(ncl_aws_plan *plan, const ncl_aws_environment *environment, ncl_str profile) {
  planner p = {plan, environment, true};
  memset(plan, 0, sizeof *plan);
  bool is_asked = profile.len > 0;
  if (!is_asked) profile = env(&p, "AWS_PROFILE");
  if (profile.len == 0) profile = env(&p, "AWS_DEFAULT_PROFILE");
  if (profile.len == 0) {
    profile = ncl_aws_str("default");
    p.is_named = false;
  }
  plan->profile = profile;
  ncl_status status = read_file(&p, "AWS_CONFIG_FILE", "config", &plan->config);
  if (status == NCL_OK) status = read_file(&p, "AWS_SHARED_CREDENTIALS_FILE", "credentials", &plan->credentials);
  if (status != NCL_OK) return status;
  plan->region = of_profile(&p, profile, "region");
  choose(&p, is_asked);
  if (plan->base == NCL_AWS_BASE_NONE) plan->role_count = 0;
  return NCL_OK;
}

void ncl_aws_plan_close(ncl_aws_plan *plan) {
  ncl_aws_ini_close(&plan->config);
  ncl_aws_ini_close(&plan->credentials);
  memset(plan, 0, sizeof *plan);
}

/* ---- container hosts --------------------------------------------------------------------------------- */

static bool is_loopback(ncl_str host) {
  if (ncl_aws_is_name(host, "localhost") || ncl_aws_is(host, "[::1]")) return true;
  if (!ncl_aws_begins(host, "127.")) return false;
  for (size_t i = 0; i < host.len; i++) {
    if (host.ptr[i] != '.' && (host.ptr[i] < '0' || host.ptr[i] > '9')) return false;
  }
  return true;
}

const char *ncl_aws_container_url_mistake(ncl_str url) {
  if (!ncl_aws_is_printable(url) || ncl_aws_find(url, ' ') < url.len) {
    return "AWS_CONTAINER_CREDENTIALS_FULL_URI has spaces or control characters in it";
  }
  bool is_https = ncl_aws_begins(url, "https://");
  if (!is_https && !ncl_aws_begins(url, "http://")) {
    return "AWS_CONTAINER_CREDENTIALS_FULL_URI begins with neither http:// nor https://";
  }
  ncl_str host = ncl_aws_after(url, is_https ? 8 : 7);
  size_t end = 0;
  while (end < host.len && strchr("/?#", host.ptr[end]) == NULL)
    end++;
  host.len = end;
  if (ncl_aws_find(host, '@') < host.len) return "AWS_CONTAINER_CREDENTIALS_FULL_URI has a user in it";
  if (ncl_aws_begins(host, "[")) {
    size_t close = ncl_aws_find(host, ']');
    host.len = close < host.len ? close + 1 : 0;
  } else {
    host.len = ncl_aws_find(host, ':');
  }
  if (host.len == 0) return "AWS_CONTAINER_CREDENTIALS_FULL_URI has no host";
  if (is_https || is_loopback(host) || ncl_aws_is(host, "169.254.170.2") || ncl_aws_is(host, "169.254.170.23") ||
      ncl_aws_is(host, "[fd00:ec2::23]"))
    return NULL;
  return "over http:// credentials are fetched from this machine, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] "
         "only";
}

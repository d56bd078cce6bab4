/* SPDX-License-Identifier: Apache-2.0 */
/* assume.c: AssumeRole and AssumeRoleWithWebIdentity (STS, 2011-06-15): a form out, XML in. */
#include "assume.h"

#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "fetch.h"
#include "partition.h"
#include "sign.h"
#include "text.h"

#define TIMEOUT_NS (5 * NCL_AWS_SECOND_NS)
#define TRIES 2u
#define DURATION_S 3600
#define SESSION_NAME "nacelle"

struct ncl_aws_assume {
  ncl_aws_service *service;
  ncl_aws_assume_request request;
  ncl_aws_assumed_fn fn;
  void *arg;
  ncl_aws_fetch *fetch;
  const char *action;
  int64_t skew_ns; /* of our clock, where STS has said so */
  bool is_again;
  char region[64];
  char url[400];
  char *form;
  size_t form_len, form_size;
};

/* ---- the form ---------------------------------------------------------------------------------------- */

static void put(ncl_aws_assume *a, const char *bytes, size_t len) {
  /* The room was counted before: three characters for each. */
  memcpy(a->form + a->form_len, bytes, len);
  a->form_len += len;
}

static void put_field(ncl_aws_assume *a, const char *name, ncl_str value) {
  static const char digits[] = "0123456789ABCDEF";
  if (value.len == 0) return;
  put(a, a->form_len > 0 ? "&" : "", a->form_len > 0 ? 1 : 0);
  put(a, name, strlen(name));
  put(a, "=", 1);
  for (size_t i = 0; i < value.len; i++) {
    unsigned char c = (unsigned char)value.ptr[i];
    bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                    c == '_' || c == '.' || c == '~';
    char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
    if (is_plain) {
      put(a, value.ptr + i, 1);
    } else {
      put(a, escape, 3);
    }
  }
}

static bool make_form(ncl_aws_assume *a, ncl_str token) {
  const ncl_aws_role *role = &a->request.role;
  char duration[24];
  ncl_str name = role->session_name.len > 0 ? role->session_name : ncl_aws_str(SESSION_NAME);
  a->form_size = 3 * (role->arn.len + role->external_id.len + name.len + token.len) + 256;
  a->form = malloc(a->form_size);
  if (a->form == NULL) return false;
  (void)snprintf(duration, sizeof duration, "%lld", (long long)(role->duration_s > 0 ? role->duration_s : DURATION_S));
  put_field(a, "Action", ncl_aws_str(a->action));
  put_field(a, "Version", ncl_aws_str("2011-06-15"));
  put_field(a, "RoleArn", role->arn);
  put_field(a, "RoleSessionName", name);
  put_field(a, "DurationSeconds", ncl_aws_str(duration));
  if (a->request.keys != NULL) put_field(a, "ExternalId", role->external_id);
  put_field(a, "WebIdentityToken", token);
  return true;
}

/* ---- where ------------------------------------------------------------------------------------------- */

/* Without a region the home of the role's partition serves. */
static void choose_region(ncl_aws_assume *a) {
  ncl_str region = a->request.region, arn = a->request.role.arn;
  if (region.len == 0) {
    ncl_str partition = ncl_aws_after(arn, ncl_aws_begins(arn, "arn:") ? 4 : arn.len);
    partition.len = ncl_aws_find(partition, ':');
    region = ncl_aws_str(ncl_aws_is(partition, "aws-cn")       ? "cn-northwest-1"
                         : ncl_aws_is(partition, "aws-us-gov") ? "us-gov-west-1"
                                                               : "us-east-1");
  }
  (void)snprintf(a->region, sizeof a->region, "%.*s", NCL_AWS_FMT(region));
}

static bool choose_url(ncl_aws_assume *a) {
  ncl_str url = ncl_aws_configured_endpoint(a->service, "STS", a->request.endpoint);
  if (url.len == 0) {
    return ncl_aws_endpoint(ncl_aws_str("sts"), ncl_aws_str(a->region), a->request.flags, a->url, sizeof a->url);
  }
  int len = snprintf(a->url, sizeof a->url, "%.*s", NCL_AWS_FMT(url));
  return len > 0 && (size_t)len < sizeof a->url;
}

/* ---- the answer -------------------------------------------------------------------------------------- */

static void drop(ncl_aws_assume *a) {
  ncl_aws_wipe(a->form, a->form_size);
  free(a->form);
  ncl_aws_keys_leave(a->request.keys);
  free(a);
}

static void finish(ncl_aws_assume *a, ncl_aws_keys *keys, ncl_status status, const char *words) {
  ncl_aws_assumed_fn fn = a->fn;
  void *arg = a->arg;
  drop(a);
  fn(arg, keys, status, ncl_aws_str(words));
}

/* "role arn:..., assumed with container credentials (...)" */
static void name_source(const ncl_aws_assume *a, char *into, size_t size) {
  const ncl_aws_keys *keys = a->request.keys;
  ncl_str with = keys != NULL ? keys->view.source : ncl_aws_str("a web identity token");
  (void)snprintf(into, size, "role %.*s, assumed with %.*s", NCL_AWS_FMT(a->request.role.arn), NCL_AWS_FMT(with));
}

static void explain_denial(const ncl_aws_assume *a, const ncl_aws_error *error) {
  char statement[512];
  bool is_trust = a->request.keys == NULL;
  (void)snprintf(statement, sizeof statement, "{\"Effect\":\"Allow\",\"Action\":\"sts:%s\",\"Resource\":\"%.*s\"}",
                 a->action, NCL_AWS_FMT(a->request.role.arn));
  const ncl_attr attrs[] = {
      {.key = NCL_STR("action"),
       .type = NCL_ATTR_STR,
       .s = ncl_aws_str(is_trust ? "sts:AssumeRoleWithWebIdentity" : "sts:AssumeRole")},
      {.key = NCL_STR("resource"), .type = NCL_ATTR_STR, .s = a->request.role.arn},
      {.key = NCL_STR("principal"), .type = NCL_ATTR_STR, .s = ncl_aws_str(error->principal)},
      {.key = NCL_STR("statement"), .type = NCL_ATTR_STR, .s = ncl_aws_str(is_trust ? "" : statement)},
  };
  a->service->host->log(
      a->service->me, NCL_LOG_ERROR, ncl_aws_str("aws.access_denied"),
      ncl_aws_str(is_trust ? "STS refused the role to this token: the role's trust policy has to name "
                             "its issuer, audience and subject."
                           : "STS refused the role: the caller's policy needs the statement, and the "
                             "role's trust policy has to name the caller."),
      attrs, is_trust ? 3 : 4);
}

static bool send(ncl_aws_assume *a, const char **why);

/* True: it goes out once more. */
static bool mend_clock(ncl_aws_assume *a, const ncl_aws_fetched *fetched, uint32_t error) {
  int64_t skew_ns;
  const char *why;
  if (a->is_again || error != NCL_AWS_ERROR_CLOCK ||
      !ncl_aws_clock_difference(fetched->headers, ncl_aws_wall(a->service), &skew_ns))
    return false;
  a->is_again = true;
  a->skew_ns = skew_ns;
  return send(a, &why);
}

static void refuse(ncl_aws_assume *a, const ncl_aws_fetched *fetched) {
  ncl_aws_error *error = malloc(sizeof *error);
  char words[1100];
  if (error == NULL) {
    finish(a, NULL, NCL_NO_MEMORY, "no memory");
    return;
  }
  const ncl_aws_keys *keys = a->request.keys;
  ncl_str secrets[2] = {{NULL, 0}, {NULL, 0}};
  if (keys != NULL) {
    secrets[0] = keys->view.secret_access_key;
    secrets[1] = keys->view.session_token;
  }
  ncl_aws_answer answer = {fetched->http_status, fetched->headers, fetched->body, ncl_aws_wall(a->service), secrets, 2};
  ncl_aws_error_read(&answer, error);
  if (mend_clock(a, fetched, error->error)) {
    free(error);
    return;
  }
  if (error->error == NCL_AWS_ERROR_ACCESS_DENIED) explain_denial(a, error);
  (void)snprintf(words, sizeof words, "STS %s for role %.*s: %s%s%s (HTTP %u)", a->action,
                 NCL_AWS_FMT(a->request.role.arn), error->code, error->code[0] != '\0' ? ": " : "", error->message,
                 fetched->http_status);
  free(error);
  /* Whoever mends a policy or a role does so while we try. */
  finish(a, NULL, NCL_RETRYABLE, words);
}

static void on_fetched(void *arg, const ncl_aws_fetched *fetched) {
  ncl_aws_assume *a = arg;
  char words[700], source[500];
  a->fetch = NULL;
  if (fetched->status != NCL_OK) {
    (void)snprintf(words, sizeof words, "STS %s: %.*s", a->action, NCL_AWS_FMT(fetched->message));
    finish(a, NULL, fetched->status, words);
    return;
  }
  if (fetched->http_status != 200) {
    refuse(a, fetched);
    return;
  }
  name_source(a, source, sizeof source);
  ncl_aws_keys *keys = ncl_aws_keys_read_sts(ncl_str_of((const char *)fetched->body.ptr, fetched->body.len), a->action,
                                             ncl_aws_str(source), words, sizeof words);
  if (keys != NULL) {
    int64_t wall_ns = ncl_aws_wall(a->service), skew_ns = 0;
    (void)ncl_aws_clock_difference(fetched->headers, wall_ns, &skew_ns);
    ncl_aws_keys_date(keys, ncl_aws_now(a->service), wall_ns + skew_ns, ncl_aws_random());
  }
  finish(a, keys, keys != NULL ? NCL_OK : words[0] != '\0' ? NCL_RETRYABLE : NCL_NO_MEMORY, words);
}

/* ---- sending ----------------------------------------------------------------------------------------- */

static bool send(ncl_aws_assume *a, const char **why) {
  static const ncl_pair type = {NCL_STR("Content-Type"), NCL_STR("application/x-www-form-urlencoded; charset=utf-8")};
  ncl_pair headers[1 + NCL_AWS_SIGNATURE_HEADERS] = {type};
  uint32_t count = 1;
  ncl_range form = {(const uint8_t *)a->form, a->form_len};
  ncl_aws_signature signature = {0};
  const ncl_aws_keys *keys = a->request.keys;
  if (keys != NULL) {
    ncl_aws_to_sign to_sign = {.method = ncl_aws_str("POST"),
                               .url = ncl_aws_str(a->url),
                               .headers = &type,
                               .header_count = 1,
                               .body = {&form, 1, sizeof form},
                               .access_key_id = keys->view.access_key_id,
                               .secret_access_key = keys->view.secret_access_key,
                               .session_token = keys->view.session_token,
                               .region = ncl_aws_str(a->region),
                               .service = ncl_aws_str("sts"),
                               .wall_ns = ncl_aws_wall(a->service) + a->skew_ns};
    if (ncl_aws_sign(&a->service->crypto, &to_sign, &signature, why) != NCL_OK) return false;
    for (uint32_t i = 0; i < signature.count; i++)
      headers[count++] = signature.headers[i];
  }
  ncl_aws_fetch_request request = {.way = NCL_AWS_TO_STS,
                                   .tries = TRIES,
                                   .method = "POST",
                                   .url = ncl_aws_str(a->url),
                                   .headers = headers,
                                   .header_count = count,
                                   .body = ncl_str_of(a->form, a->form_len),
                                   .timeout_ns = TIMEOUT_NS};
  a->fetch = ncl_aws_fetch_start(a->service, &request, on_fetched, a);
  ncl_aws_signature_close(&signature);
  *why = "no memory";
  return a->fetch != NULL;
}

/* Reads the role's token file, where it has one. */
static bool prepare(ncl_aws_assume *a, ncl_outcome *outcome) {
  ncl_aws_file file = {NULL, 0};
  const char *why;
  ncl_str token = {NULL, 0};
  if (a->request.keys == NULL) {
    ncl_str path = a->request.role.token_file;
    if (ncl_aws_file_read(path, &file, &why) != NCL_OK) {
      (void)ncl_aws_failf(a->service, outcome, NCL_RETRYABLE, "web identity token file %.*s: %s", NCL_AWS_FMT(path),
                          why);
      return false;
    }
    token = ncl_aws_trim(ncl_str_of(file.text, file.len));
  }
  choose_region(a);
  bool ok = make_form(a, token) && choose_url(a);
  ncl_aws_file_close(&file);
  if (!ok) (void)ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str("no memory, or an STS endpoint that is too long"));
  return ok;
}

ncl_aws_assume *ncl_aws_assume_start(ncl_aws_service *service, const ncl_aws_assume_request *request,
                                     ncl_aws_assumed_fn fn, void *arg, ncl_outcome *outcome) {
  const char *why = "no memory";
  ncl_aws_assume *a = calloc(1, sizeof *a);
  if (a == NULL) {
    (void)ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str(why));
    return NULL;
  }
  a->service = service;
  a->request = *request;
  if (request->keys != NULL) a->request.keys = ncl_aws_keys_share(request->keys);
  a->fn = fn;
  a->arg = arg;
  a->action = request->keys != NULL ? "AssumeRole" : "AssumeRoleWithWebIdentity";
  if (!prepare(a, outcome)) {
    drop(a);
    return NULL;
  }
  if (send(a, &why)) return a;
  (void)ncl_aws_fail(outcome, NCL_NO_MEMORY, ncl_aws_str(why));
  drop(a);
  return NULL;
}

void ncl_aws_assume_cancel(ncl_aws_assume *assume) {
  if (assume == NULL) return;
  ncl_aws_fetch_cancel(assume->fetch);
  drop(assume);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c: texts lie behind the struct, so that one wipe is enough. */
#include "keys.h"

#include <nacelle/json_doc.h>
#include <stdio.h>
#include <stdlib.h>

#include "date.h"
#include "text.h"
#include "xml.h"

#define MINUTE_NS INT64_C(60000000000)
#define TOKEN_MAX 16384u /* bytes of a session token; AWS's are below 4 KiB */

static ncl_str copy(char **at, ncl_str text) {
  char *to = *at;
  if (text.len > 0) memcpy(to, text.ptr, text.len);
  *at += text.len;
  return ncl_str_of(to, text.len);
}

ncl_aws_keys *ncl_aws_keys_new(const ncl_aws_key_parts *parts) {
  size_t len = parts->access_key_id.len + parts->secret_access_key.len + parts->session_token.len +
               parts->account_id.len + parts->source.len;
  ncl_aws_keys *keys = calloc(1, sizeof *keys + len);
  if (keys == NULL) return NULL;
  char *at = keys->text;
  keys->users = 1;
  keys->len = len;
  keys->until_ns = keys->renew_ns = INT64_MAX;
  keys->view = (ncl_aws_credentials){.struct_size = sizeof keys->view,
                                     .access_key_id = copy(&at, parts->access_key_id),
                                     .secret_access_key = copy(&at, parts->secret_access_key),
                                     .session_token = copy(&at, parts->session_token),
                                     .account_id = copy(&at, parts->account_id),
                                     .source = copy(&at, parts->source),
                                     .expires_ns = parts->expires_ns};
  return keys;
}

ncl_aws_keys *ncl_aws_keys_share(ncl_aws_keys *keys) {
  keys->users++;
  return keys;
}

void ncl_aws_keys_leave(ncl_aws_keys *keys) {
  if (keys == NULL || --keys->users > 0) return;
  ncl_aws_wipe(keys, sizeof *keys + keys->len);
  free(keys);
}

void ncl_aws_keys_date(ncl_aws_keys *keys, int64_t now_ns, int64_t wall_ns, uint64_t random) {
  int64_t expires_ns = keys->view.expires_ns;
  if (expires_ns == 0 || expires_ns == INT64_MAX) return;
  int64_t left_ns = expires_ns > wall_ns ? expires_ns - wall_ns : 0;
  if (left_ns < MINUTE_NS) left_ns = MINUTE_NS;
  int64_t before_ns = left_ns / 4 < 15 * MINUTE_NS ? left_ns / 4 : 15 * MINUTE_NS;
  int64_t earlier_ns = (int64_t)(random % (uint64_t)(before_ns / 2 + 1));
  keys->until_ns = left_ns < INT64_MAX - now_ns ? now_ns + left_ns : INT64_MAX;
  keys->renew_ns = keys->until_ns - before_ns - earlier_ns;
}

/* ---- reading ----------------------------------------------------------------------------------------- */

/* Checks what came and takes it over. */
static ncl_aws_keys *take(const ncl_aws_key_parts *parts, ncl_str expires, char *why, size_t size) {
  ncl_aws_key_parts dated = *parts;
  const char *wrong = NULL;
  if (parts->access_key_id.len == 0 || parts->secret_access_key.len == 0) wrong = "the answer has no credentials in it";
  if (!ncl_aws_is_printable(parts->access_key_id) || !ncl_aws_is_printable(parts->session_token)) {
    wrong = "the credentials have control characters in them";
  }
  if (parts->session_token.len > TOKEN_MAX) wrong = "the session token has more than 16 KiB";
  if (wrong == NULL && expires.len > 0 && !ncl_aws_date_read(expires, &dated.expires_ns)) {
    wrong = "the time of expiration cannot be read";
  }
  (void)snprintf(why, size, "%s", wrong != NULL ? wrong : "");
  return wrong == NULL ? ncl_aws_keys_new(&dated) : NULL;
}

static ncl_str text_of(const ncl_json_doc *doc, const char *name) {
  return ncl_json_text(ncl_json_get(doc, ncl_json_root(doc), name));
}

/* An endpoint says why it has none: {"Code":"AssumeRoleUnauthorizedAccess","Message":"..."}. */
static bool is_refusal(const ncl_json_doc *doc, char *why, size_t size) {
  ncl_str code = text_of(doc, "Code"), message = text_of(doc, "Message");
  if (code.len == 0) code = text_of(doc, "code");
  if (message.len == 0) message = text_of(doc, "message");
  if (code.len == 0 || ncl_aws_is(code, "Success") || text_of(doc, "SecretAccessKey").len > 0) return false;
  if (!ncl_aws_is_printable(code) || !ncl_aws_is_printable(message)) message.len = code.len = 0;
  (void)snprintf(why, size, "the endpoint says %.*s: %.*s", NCL_AWS_FMT(code), NCL_AWS_FMT(message));
  return true;
}

ncl_aws_keys *ncl_aws_keys_read_json(ncl_range body, ncl_str source, char *why, size_t size) {
  ncl_json_doc doc;
  ncl_aws_keys *keys = NULL;
  ncl_status status = ncl_json_doc_open(&doc, body);
  why[0] = '\0';
  if (status == NCL_PERMANENT) (void)snprintf(why, size, "the answer is not JSON: %s", doc.message);
  if (status == NCL_OK && !is_refusal(&doc, why, size)) {
    ncl_aws_key_parts parts = {.access_key_id = text_of(&doc, "AccessKeyId"),
                               .secret_access_key = text_of(&doc, "SecretAccessKey"),
                               .session_token = text_of(&doc, "Token"),
                               .account_id = text_of(&doc, "AccountId"),
                               .source = source};
    if (parts.session_token.len == 0) parts.session_token = text_of(&doc, "SessionToken");
    keys = take(&parts, text_of(&doc, "Expiration"), why, size);
  }
  ncl_json_doc_close(&doc);
  return keys;
}

/* The texts of STS's answer; too large for the stack of a loop. */
typedef struct sts_texts {
  char id[256], secret[256], token[TOKEN_MAX + 1], expires[64], arn[512];
  size_t id_len, secret_len, token_len, expires_len, arn_len;
} sts_texts;

static bool get(ncl_str xml, const char *action, const char *name, char *into, size_t size, size_t *len) {
  char path[160];
  (void)snprintf(path, sizeof path, "%sResponse/%sResult/%s", action, action, name);
  return ncl_aws_xml_get(xml, path, into, size, len) == NCL_OK;
}

/* The account in "arn:aws:sts::123456789012:assumed-role/r/s". */
static ncl_str account_of(ncl_str arn) {
  for (int i = 0; i < 4; i++) {
    size_t colon = ncl_aws_find(arn, ':');
    if (colon == arn.len) return ncl_str_of(NULL, 0);
    arn = ncl_aws_after(arn, colon + 1);
  }
  return ncl_aws_cut(arn, 0, ncl_aws_find(arn, ':'));
}

ncl_aws_keys *ncl_aws_keys_read_sts(ncl_str xml, const char *action, ncl_str source, char *why, size_t size) {
  sts_texts *t = calloc(1, sizeof *t);
  ncl_aws_keys *keys = NULL;
  why[0] = '\0';
  if (t == NULL) return NULL;
  bool ok = get(xml, action, "Credentials/AccessKeyId", t->id, sizeof t->id, &t->id_len) &&
            get(xml, action, "Credentials/SecretAccessKey", t->secret, sizeof t->secret, &t->secret_len) &&
            get(xml, action, "Credentials/SessionToken", t->token, sizeof t->token, &t->token_len) &&
            get(xml, action, "Credentials/Expiration", t->expires, sizeof t->expires, &t->expires_len);
  if (ok) {
    if (!get(xml, action, "AssumedRoleUser/Arn", t->arn, sizeof t->arn, &t->arn_len)) t->arn_len = 0;
    ncl_aws_key_parts parts = {.access_key_id = {t->id, t->id_len},
                               .secret_access_key = {t->secret, t->secret_len},
                               .session_token = {t->token, t->token_len},
                               .account_id = account_of(ncl_str_of(t->arn, t->arn_len)),
                               .source = source};
    keys = take(&parts, ncl_str_of(t->expires, t->expires_len), why, size);
  } else {
    (void)snprintf(why, size, "the answer of STS has no credentials in it");
  }
  ncl_aws_wipe(t, sizeof *t);
  free(t);
  return keys;
}

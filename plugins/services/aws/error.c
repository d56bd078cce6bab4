/* SPDX-License-Identifier: Apache-2.0 */
/* error.c: codes as AWS's own SDKs group them. JSON services name them in a header or in "__type", query services and
 * S3 in XML. */
#include "error.h"

#include <nacelle/json_doc.h>
#include <nacelle/otlp_export.h>
#include <stdio.h>

#include "date.h"
#include "text.h"
#include "xml.h"

#define BODY_MAX ((size_t)64 << 10) /* of an error that is looked into */

ncl_str ncl_aws_header(const ncl_array *headers, const char *name) {
  for (uint32_t i = 0; headers != NULL && i < headers->count; i++) {
    const ncl_pair *pair = ncl_array_at(headers, i);
    if (ncl_aws_is_name(pair->name, name)) return pair->value;
  }
  return ncl_str_of(NULL, 0);
}

bool ncl_aws_clock_difference(const ncl_array *headers, int64_t wall_ns, int64_t *difference_ns) {
  int64_t date;
  if (!ncl_aws_date_read_http(ncl_aws_header(headers, "date"), &date)) return false;
  *difference_ns = date - wall_ns;
  return true;
}

/* ---- words ------------------------------------------------------------------------------------------- */

/* As one line, cut to what fits, but within no character. */
static void copy_line(ncl_str text, char *into, size_t size) {
  size_t len = text.len < size ? text.len : size - 1;
  while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xc0u) == 0x80u)
    len--;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text.ptr[i];
    into[i] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
  }
  into[len] = '\0';
}

/* Some services answer a wrong signature with all that they have signed: the session token is in it. */
static ncl_str without_request(ncl_str message) {
  static const char *const echoes[] = {"The Canonical String", "The String-to-Sign", "Authorization="};
  for (size_t i = 0; i < sizeof echoes / sizeof echoes[0]; i++)
    message.len = ncl_aws_find_text(message, echoes[i]);
  return ncl_aws_trim(message);
}

static void hide(char *text, ncl_str secret) {
  static const char mask[] = "[REDACTED]";
  size_t mask_len = sizeof mask - 1;
  if (secret.len < mask_len) return;
  for (;;) {
    size_t len = strlen(text);
    char *at = memmem(text, len, secret.ptr, secret.len);
    if (at == NULL) return;
    memcpy(at, mask, mask_len);
    memmove(at + mask_len, at + secret.len, (size_t)(text + len + 1 - (at + secret.len)));
  }
}

/* "com.amazonaws.logs#ThrottlingException", "ThrottlingException:http://internal/..." */
static void copy_code(ncl_str code, char *into, size_t size) {
  size_t hash = ncl_aws_find(code, '#');
  if (hash < code.len) code = ncl_aws_after(code, hash + 1);
  code.len = ncl_aws_find(code, ':');
  copy_line(ncl_aws_trim(code), into, size);
}

/* ---- bodies ------------------------------------------------------------------------------------------ */

static void read_json(ncl_range body, ncl_aws_error *error) {
  static const char *const codes[] = {"__type", "code", "Code", "errorCode"};
  static const char *const messages[] = {"message", "Message", "errorMessage"};
  ncl_json_doc doc;
  if (ncl_json_doc_open(&doc, body) == NCL_OK) {
    const ncl_json_value *root = ncl_json_root(&doc);
    for (size_t i = 0; error->code[0] == '\0' && i < sizeof codes / sizeof codes[0]; i++)
      copy_code(ncl_json_text(ncl_json_get(&doc, root, codes[i])), error->code, sizeof error->code);
    for (size_t i = 0; error->message[0] == '\0' && i < sizeof messages / sizeof messages[0]; i++)
      copy_line(without_request(ncl_json_text(ncl_json_get(&doc, root, messages[i]))), error->message,
                sizeof error->message);
  }
  ncl_json_doc_close(&doc);
}

/* Of query services, EC2, S3. */
static void read_xml(ncl_str body, ncl_aws_error *error) {
  static const char *const places[] = {"ErrorResponse/Error/", "Response/Errors/Error/", "Error/"};
  char path[64], text[4096];
  size_t len;
  for (size_t i = 0; error->code[0] == '\0' && i < sizeof places / sizeof places[0]; i++) {
    (void)snprintf(path, sizeof path, "%sCode", places[i]);
    if (ncl_aws_xml_get(body, path, text, sizeof text, &len) != NCL_OK) continue;
    copy_code(ncl_str_of(text, len), error->code, sizeof error->code);
    (void)snprintf(path, sizeof path, "%sMessage", places[i]);
    if (ncl_aws_xml_get(body, path, text, sizeof text, &len) == NCL_OK)
      copy_line(without_request(ncl_str_of(text, len)), error->message, sizeof error->message);
  }
  static const char *const ids[] = {"ErrorResponse/RequestId", "Response/RequestID", "Error/RequestId"};
  for (size_t i = 0; error->request_id[0] == '\0' && i < sizeof ids / sizeof ids[0]; i++) {
    if (ncl_aws_xml_get(body, ids[i], text, sizeof text, &len) == NCL_OK)
      copy_line(ncl_str_of(text, len), error->request_id, sizeof error->request_id);
  }
  ncl_aws_wipe(text, sizeof text);
}

static void read_texts(const ncl_aws_answer *answer, ncl_aws_error *error) {
  static const char *const ids[] = {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"};
  for (size_t i = 0; error->request_id[0] == '\0' && i < sizeof ids / sizeof ids[0]; i++)
    copy_line(ncl_aws_header(answer->headers, ids[i]), error->request_id, sizeof error->request_id);
  copy_code(ncl_aws_header(answer->headers, "x-amzn-errortype"), error->code, sizeof error->code);
  ncl_str body = ncl_aws_trim(ncl_str_of((const char *)answer->body.ptr, answer->body.len));
  if (body.len == 0 || body.len > BODY_MAX) return;
  if (body.ptr[0] == '{') read_json((ncl_range){(const uint8_t *)body.ptr, body.len}, error);
  if (body.ptr[0] == '<') read_xml(body, error);
}

/* ---- access denied ----------------------------------------------------------------------------------- */

/* The words behind `before` up to a space. */
static void copy_word(const char *message, const char *before, char *into, size_t size) {
  const char *at = strstr(message, before);
  if (at == NULL || into[0] != '\0') return;
  ncl_str word = ncl_aws_str(at + strlen(before));
  word.len = ncl_aws_find(word, ' ');
  while (word.len > 0 && strchr(".,;\"'", word.ptr[word.len - 1]) != NULL)
    word.len--;
  while (word.len > 0 && strchr("\"'", word.ptr[0]) != NULL)
    word = ncl_aws_after(word, 1);
  copy_line(word, into, size);
}

/* "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: logs:PutLogEvents on resource: arn:... because
 * no identity-based policy allows the logs:PutLogEvents action" */
static void read_denial(ncl_aws_error *error) {
  copy_word(error->message, "User: ", error->principal, sizeof error->principal);
  copy_word(error->message, "perform: ", error->action, sizeof error->action);
  copy_word(error->message, "perform ", error->action, sizeof error->action);
  copy_word(error->message, "on resource: ", error->resource, sizeof error->resource);
  if (strchr(error->action, ':') == NULL) error->action[0] = '\0';
}

/* ---- groups ------------------------------------------------------------------------------------------ */

static bool is_one_of(const char *code, const char *const *codes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(code, codes[i]) == 0) return true;
  }
  return false;
}

#define IS_ONE_OF(code, codes) is_one_of((code), (codes), sizeof(codes) / sizeof(codes)[0])

static bool is_throttling(uint32_t status, const char *code) {
  static const char *const codes[] = {"Throttling",
                                      "ThrottlingException",
                                      "ThrottledException",
                                      "RequestThrottledException",
                                      "RequestThrottled",
                                      "TooManyRequestsException",
                                      "ProvisionedThroughputExceededException",
                                      "TransactionInProgressException",
                                      "RequestLimitExceeded",
                                      "BandwidthLimitExceeded",
                                      "PriorRequestNotComplete",
                                      "EC2ThrottledException",
                                      "SlowDown",
                                      "OperationAbortedException"};
  return status == 429 || IS_ONE_OF(code, codes);
}

static bool is_clock(const char *code, const char *message) {
  static const char *const codes[] = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"};
  static const char *const maybe[] = {"InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"};
  if (IS_ONE_OF(code, codes)) return true;
  return IS_ONE_OF(code, maybe) &&
         (strstr(message, "Signature expired") != NULL || strstr(message, "Signature not yet current") != NULL);
}

static bool is_credentials(uint32_t status, const char *code) {
  static const char *const codes[] = {"ExpiredToken",
                                      "ExpiredTokenException",
                                      "InvalidToken",
                                      "InvalidTokenException",
                                      "InvalidIdentityToken",
                                      "UnrecognizedClientException",
                                      "InvalidClientTokenId",
                                      "InvalidAccessKeyId",
                                      "InvalidSignatureException",
                                      "SignatureDoesNotMatch",
                                      "AuthFailure",
                                      "TokenRefreshRequired",
                                      "IncompleteSignature",
                                      "IncompleteSignatureException",
                                      "MissingAuthenticationToken",
                                      "MissingAuthenticationTokenException"};
  return status == 401 || IS_ONE_OF(code, codes);
}

static bool is_denial(uint32_t status, const char *code) {
  static const char *const codes[] = {"AccessDenied",  "AccessDeniedException", "UnauthorizedOperation",
                                      "NotAuthorized", "UnauthorizedException", "OptInRequired"};
  return IS_ONE_OF(code, codes) || (status == 403 && code[0] == '\0');
}

static bool is_validation(uint32_t status, const char *code) {
  static const char *const codes[] = {
      "ValidationException",     "ValidationError",        "InvalidParameterException",   "InvalidParameterValue",
      "InvalidRequestException", "SerializationException", "InvalidParameterCombination", "MissingParameter",
      "MalformedQueryString",    "InvalidAction",          "UnknownOperationException"};
  return status == 413 || (status == 400 && code[0] == '\0') || IS_ONE_OF(code, codes);
}

static uint32_t group(const ncl_aws_answer *answer, const ncl_aws_error *error) {
  const char *code = error->code;
  if (is_throttling(answer->status, code)) return NCL_AWS_ERROR_THROTTLED;
  if (is_clock(code, error->message)) return NCL_AWS_ERROR_CLOCK;
  if (is_credentials(answer->status, code)) return NCL_AWS_ERROR_CREDENTIALS;
  if (is_denial(answer->status, code)) return NCL_AWS_ERROR_ACCESS_DENIED;
  if (answer->status >= 500 || answer->status == 408) return NCL_AWS_ERROR_SERVER;
  return is_validation(answer->status, code) ? NCL_AWS_ERROR_VALIDATION : NCL_AWS_ERROR_OTHER;
}

void ncl_aws_error_read(const ncl_aws_answer *answer, ncl_aws_error *error) {
  memset(error, 0, sizeof *error);
  read_texts(answer, error);
  for (uint32_t i = 0; i < answer->secret_count; i++)
    hide(error->message, answer->secrets[i]);
  error->error = group(answer, error);
  int64_t delay_ns = ncl_otlp_retry_after_ns(ncl_aws_header(answer->headers, "retry-after"), answer->wall_ns);
  error->retry_after_ns = delay_ns > 0 ? delay_ns : 0;
  if (error->error == NCL_AWS_ERROR_ACCESS_DENIED) read_denial(error);
}

ncl_status ncl_aws_error_status(uint32_t error) {
  switch (error) {
    case NCL_AWS_ERROR_NONE:
      return NCL_OK;
    case NCL_AWS_ERROR_ACCESS_DENIED:
    case NCL_AWS_ERROR_VALIDATION:
    case NCL_AWS_ERROR_OTHER:
      return NCL_PERMANENT;
    default:
      return NCL_RETRYABLE;
  }
}

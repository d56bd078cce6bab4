/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/export.c: from a backend's answer to an outcome: classes, delays, partial success, a safe message. */
#include <nacelle/otlp_export.h>
#include <nacelle/otlp_json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECOND_NS INT64_C(1000000000)
/* Shorter secrets ("1", "en") would blot out ordinary words. */
#define SECRET_MIN 4u
/* Larger JSON answers are not read: they hold a count and a sentence. */
#define JSON_MAX ((size_t)64 << 10)

/* ---- classes ---------------------------------------------------------------------------------------- */

ncl_str ncl_otlp_grpc_name(uint32_t grpc_code) {
  static const char names[][20] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  if (grpc_code >= sizeof names / sizeof names[0]) return ncl_str_of(NULL, 0);
  return ncl_str_of(names[grpc_code], strlen(names[grpc_code]));
}

uint32_t ncl_otlp_grpc_of_http(uint32_t http_status) {
  if (http_status >= 200 && http_status < 300) return NCL_GRPC_OK;
  switch (http_status) {
    case 400:
      return NCL_GRPC_INVALID_ARGUMENT;
    case 401:
      return NCL_GRPC_UNAUTHENTICATED;
    case 403:
      return NCL_GRPC_PERMISSION_DENIED;
    case 404:
      return NCL_GRPC_UNIMPLEMENTED;
    case 429:
      return NCL_GRPC_RESOURCE_EXHAUSTED;
    case 502:
    case 503:
    case 504:
      return NCL_GRPC_UNAVAILABLE;
    default:
      return NCL_GRPC_UNKNOWN;
  }
}

ncl_status ncl_otlp_http_class(uint32_t http_status) {
  if (http_status >= 200 && http_status < 300) return NCL_OK;
  switch (http_status) {
    case 429:
    case 502:
    case 503:
    case 504:
      return NCL_RETRYABLE;
    default:
      return NCL_PERMANENT;
  }
}

ncl_status ncl_otlp_grpc_class(uint32_t grpc_code, uint32_t has_retry_info) {
  switch (grpc_code) {
    case NCL_GRPC_OK:
      return NCL_OK;
    case NCL_GRPC_CANCELLED:
    case NCL_GRPC_DEADLINE_EXCEEDED:
    case NCL_GRPC_ABORTED:
    case NCL_GRPC_OUT_OF_RANGE:
    case NCL_GRPC_UNAVAILABLE:
    case NCL_GRPC_DATA_LOSS:
      return NCL_RETRYABLE;
    case NCL_GRPC_RESOURCE_EXHAUSTED:
      return has_retry_info ? NCL_RETRYABLE : NCL_PERMANENT;
    default:
      return NCL_PERMANENT;
  }
}

/* ---- Retry-After ------------------------------------------------------------------------------------ */

typedef struct cursor {
  const char *at;
  const char *end;
} cursor;

/* A number of `least` to `most` digits. */
static bool take_number(cursor *t, int least, int most, int64_t *value) {
  int digits = 0;
  *value = 0;
  while (t->at < t->end && digits < most && *t->at >= '0' && *t->at <= '9') {
    *value = *value * 10 + (*t->at++ - '0');
    digits++;
  }
  return digits >= least;
}

static bool take(cursor *t, char c) {
  if (t->at == t->end || *t->at != c) return false;
  t->at++;
  return true;
}

static bool take_word(cursor *t, const char *word) {
  size_t len = strlen(word);
  if ((size_t)(t->end - t->at) < len || memcmp(t->at, word, len) != 0) return false;
  t->at += len;
  return true;
}

static bool take_month(cursor *t, int64_t *month) {
  static const char names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (int64_t i = 0; i < 12; i++) {
    if (take_word(t, names[i])) {
      *month = i + 1;
      return true;
    }
  }
  return false;
}

typedef struct civil {
  int64_t year, month, day, hour, minute, second;
} civil;

static bool take_time(cursor *t, civil *c) {
  return take_number(t, 2, 2, &c->hour) && take(t, ':') && take_number(t, 2, 2, &c->minute) && take(t, ':') &&
         take_number(t, 2, 2, &c->second);
}

/* "06 Nov 1994 08:49:37 GMT", after the name of the day. */
static bool take_imf_date(cursor *t, civil *c) {
  return take_number(t, 2, 2, &c->day) && take(t, ' ') && take_month(t, &c->month) && take(t, ' ') &&
         take_number(t, 4, 4, &c->year) && take(t, ' ') && take_time(t, c) && take_word(t, " GMT");
}

/* "06-Nov-94 08:49:37 GMT": a year more than 50 years ahead is one of the last century (RFC 9110, 5.6.7). */
static bool take_rfc850_date(cursor *t, civil *c, int64_t this_year) {
  if (!(take_number(t, 2, 2, &c->day) && take(t, '-') && take_month(t, &c->month) && take(t, '-') &&
        take_number(t, 2, 2, &c->year) && take(t, ' ') && take_time(t, c) && take_word(t, " GMT"))) {
    return false;
  }
  c->year += this_year / 100 * 100;
  if (c->year > this_year + 50) c->year -= 100;
  return true;
}

/* "Nov  6 08:49:37 1994" (asctime), after the name of the day. */
static bool take_asctime(cursor *t, civil *c) {
  return take_month(t, &c->month) && take(t, ' ') &&
         (take(t, ' ') ? take_number(t, 1, 1, &c->day) : take_number(t, 2, 2, &c->day)) && take(t, ' ') &&
         take_time(t, c) && take(t, ' ') && take_number(t, 4, 4, &c->year);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar; years count from March, so that leap days come last. */
static int64_t days_from_civil(const civil *c) {
  int64_t year = c->month <= 2 ? c->year - 1 : c->year;
  int64_t era = year / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (c->month + (c->month > 2 ? -3 : 9)) + 2) / 5 + c->day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

static bool parse_date(ncl_str value, int64_t this_year, int64_t *unix_seconds) {
  cursor t = {value.ptr, value.ptr + value.len};
  civil c = {0, 0, 0, 0, 0, 0};
  while (t.at < t.end && ((*t.at >= 'A' && *t.at <= 'Z') || (*t.at >= 'a' && *t.at <= 'z')))
    t.at++;
  size_t day_len = (size_t)(t.at - value.ptr);
  bool ok = false;
  if (day_len == 3 && take_word(&t, ", ")) {
    ok = take_imf_date(&t, &c);
  } else if (day_len > 3 && take_word(&t, ", ")) {
    ok = take_rfc850_date(&t, &c, this_year);
  } else if (day_len == 3 && take(&t, ' ')) {
    ok = take_asctime(&t, &c);
  }
  if (!ok || t.at != t.end) return false;
  if (c.day < 1 || c.day > 31 || c.hour > 23 || c.minute > 59 || c.second > 60) return false;
  *unix_seconds = days_from_civil(&c) * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
  return true;
}

static bool parse_seconds(ncl_str value, int64_t *seconds) {
  *seconds = 0;
  for (size_t i = 0; i < value.len; i++) {
    if (value.ptr[i] < '0' || value.ptr[i] > '9') return false;
    if (*seconds < NCL_OTLP_DELAY_MAX_NS / SECOND_NS) *seconds = *seconds * 10 + (value.ptr[i] - '0');
  }
  return true;
}

static int64_t bounded(int64_t delay_ns) {
  if (delay_ns < 0) return 0;
  return delay_ns < NCL_OTLP_DELAY_MAX_NS ? delay_ns : NCL_OTLP_DELAY_MAX_NS;
}

int64_t ncl_otlp_retry_after_ns(ncl_str value, int64_t wall_ns) {
  while (value.len > 0 && (value.ptr[0] == ' ' || value.ptr[0] == '\t')) {
    value.ptr++;
    value.len--;
  }
  while (value.len > 0 && (value.ptr[value.len - 1] == ' ' || value.ptr[value.len - 1] == '\t'))
    value.len--;
  int64_t seconds;
  if (value.len == 0) return -1;
  if (!parse_seconds(value, &seconds)) {
    int64_t now = wall_ns / SECOND_NS;
    /* 31,556,952 seconds are a mean year. */
    if (!parse_date(value, 1970 + now / 31556952, &seconds)) return -1;
    seconds = seconds > now ? seconds - now : 0;
  }
  return seconds < NCL_OTLP_DELAY_MAX_NS / SECOND_NS ? seconds * SECOND_NS : NCL_OTLP_DELAY_MAX_NS;
}

/* ---- the message ------------------------------------------------------------------------------------ */

typedef struct writer {
  ncl_otlp_text *text;
  size_t len;
} writer;

static void put(writer *w, ncl_str s) {
  size_t room = sizeof w->text->buf - w->len;
  size_t n = s.len < room ? s.len : room;
  if (n > 0) memcpy(w->text->buf + w->len, s.ptr, n);
  w->len += n;
}

static void put_word(writer *w, const char *word) {
  put(w, ncl_str_of(word, strlen(word)));
}

static void put_number(writer *w, uint64_t value) {
  char digits[20];
  size_t n = 0;
  do {
    digits[sizeof digits - ++n] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  put(w, ncl_str_of(digits + sizeof digits - n, n));
}

/* Bytes at `at` that are a secret, or all of them where the text was cut inside one; 0 = none. */
static size_t secret_at(const ncl_array *secrets, const char *at, size_t len) {
  size_t found = 0;
  for (uint32_t i = 0; i < secrets->count; i++) {
    const ncl_str *secret = ncl_array_at(secrets, i);
    size_t n = secret->len < len ? secret->len : len;
    if (n >= SECRET_MIN && n > found && memcmp(secret->ptr, at, n) == 0) found = n;
  }
  return found;
}

/* Bytes of the UTF-8 character at `at`; 0 = it is none, or it is a control character. */
static size_t printable(const uint8_t *at, size_t len) {
  if (at[0] < 0x80) return at[0] >= 0x20 && at[0] != 0x7f ? 1 : 0;
  size_t n = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
  if (at[0] < 0xc2 || at[0] > 0xf4 || n > len) return 0;
  for (size_t i = 1; i < n; i++) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f)) return 0;
  if ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f)) return 0;
  return n;
}

/* What the backend said: a line of text, secrets blotted out, cut between characters. */
static void put_foreign(writer *w, ncl_str said, const ncl_array *secrets) {
  static const char blot[] = "[redacted]";
  size_t i = 0;
  while (i < said.len) {
    size_t room = sizeof w->text->buf - w->len;
    size_t secret = secret_at(secrets, said.ptr + i, said.len - i);
    if (secret > 0) {
      if (room < sizeof blot - 1) return;
      put_word(w, blot);
      i += secret;
      continue;
    }
    size_t n = printable((const uint8_t *)said.ptr + i, said.len - i);
    if (room < (n > 0 ? n : 1)) return;
    put(w, n > 0 ? ncl_str_of(said.ptr + i, n) : ncl_str_of(" ", 1));
    i += n > 0 ? n : 1;
  }
}

static ncl_str written(const writer *w) {
  return ncl_str_of(w->text->buf, w->len);
}

/* ---- outcomes --------------------------------------------------------------------------------------- */

static bool has_prefix(ncl_str s, const char *prefix) {
  size_t len = strlen(prefix);
  return s.len >= len && strncasecmp(s.ptr, prefix, len) == 0;
}

static void begin(ncl_outcome *outcome) {
  *outcome = (ncl_outcome)NCL_OUTCOME_INIT;
}

static void set_partial(uint64_t rejected, ncl_str said, const ncl_array *secrets, ncl_otlp_text *text,
                        ncl_outcome *outcome) {
  writer w = {text, 0};
  put_foreign(&w, said, secrets);
  outcome->rejected = rejected;
  outcome->message = written(&w);
}

/* It says success, so it is one: sending it again might make duplicates. But who answers like this may be no backend.
 */
static void set_strange(ncl_outcome *outcome) {
  static const ncl_str strange =
      NCL_STR("the answer says success, but is no OTLP answer: does the endpoint lead to something else?");
  outcome->message = strange;
}

static void read_partial(const ncl_otlp_answer *answer, ncl_range body, ncl_otlp_text *text, ncl_outcome *outcome) {
  ncl_partial_success partial;
  if (!ncl_partial_success_read(body, &partial)) {
    set_strange(outcome);
    return;
  }
  if (!partial.present) return;
  set_partial(partial.rejected > 0 ? (uint64_t)partial.rejected : 0, partial.message, &answer->secrets, text, outcome);
}

/* The wire form of a JSON answer, to be closed by the caller. False: it is none that can be read. */
static bool from_json(uint32_t message, ncl_range body, ncl_writer *wire) {
  if (body.len == 0 || body.len > JSON_MAX) return false;
  uint8_t *padded = calloc(1, body.len + NCL_PADDING);
  if (padded == NULL) return false;
  memcpy(padded, body.ptr, body.len);
  ncl_status status = ncl_json_to_wire_heap(message, (ncl_range){padded, body.len}, JSON_MAX, wire, NULL);
  free(padded);
  if (status != NCL_OK) ncl_writer_close(wire);
  return status == NCL_OK;
}

static void read_partial_json(const ncl_otlp_answer *answer, ncl_otlp_text *text, ncl_outcome *outcome) {
  ncl_writer wire;
  uint32_t message = answer->signal == NCL_SIGNAL_METRICS ? NCL_JSON_METRICS_RESPONSE
                     : answer->signal == NCL_SIGNAL_LOGS  ? NCL_JSON_LOGS_RESPONSE
                                                          : NCL_JSON_TRACES_RESPONSE;
  if (!from_json(message, answer->body, &wire)) return;
  read_partial(answer, ncl_writer_range(&wire), text, outcome);
  ncl_writer_close(&wire);
}

static void put_said(writer *w, ncl_str said, const ncl_array *secrets) {
  if (said.len == 0) return;
  put_word(w, ": ");
  put_foreign(w, said, secrets);
}

static void put_rpc_status(writer *w, const ncl_otlp_answer *answer, ncl_range body, ncl_outcome *outcome) {
  ncl_rpc_status status;
  if (!ncl_rpc_status_read(body, &status)) return;
  if (status.has_retry && outcome->status == NCL_RETRYABLE) outcome->retry_after_ns = bounded(status.retry_after_ns);
  put_said(w, status.message, &answer->secrets);
}

/* What an error's body says: google.rpc.Status in either encoding, or plain text. */
static void put_error_body(writer *w, const ncl_otlp_answer *answer, ncl_outcome *outcome) {
  if (has_prefix(answer->content_type, "application/x-protobuf")) {
    put_rpc_status(w, answer, answer->body, outcome);
  } else if (has_prefix(answer->content_type, "application/json")) {
    ncl_writer wire;
    if (!from_json(NCL_JSON_RPC_STATUS, answer->body, &wire)) return;
    put_rpc_status(w, answer, ncl_writer_range(&wire), outcome);
    ncl_writer_close(&wire);
  } else if (has_prefix(answer->content_type, "text/plain")) {
    put_said(w, ncl_str_of((const char *)answer->body.ptr, answer->body.len), &answer->secrets);
  }
}

void ncl_otlp_http_outcome(const ncl_otlp_answer *answer, ncl_otlp_text *text, ncl_outcome *outcome) {
  begin(outcome);
  outcome->status = ncl_otlp_http_class(answer->http_status);
  if (outcome->status == NCL_OK) {
    if (has_prefix(answer->content_type, "application/x-protobuf")) read_partial(answer, answer->body, text, outcome);
    if (has_prefix(answer->content_type, "application/json")) read_partial_json(answer, text, outcome);
    if (has_prefix(answer->content_type, "text/html") && answer->body.len > 0) set_strange(outcome);
    return;
  }
  writer w = {text, 0};
  put_word(&w, "the backend answered HTTP ");
  put_number(&w, answer->http_status);
  outcome->grpc_code = ncl_otlp_grpc_of_http(answer->http_status);
  put_error_body(&w, answer, outcome);
  outcome->message = written(&w);
  if (outcome->status != NCL_RETRYABLE || answer->retry_after.len == 0) return;
  int64_t delay_ns = ncl_otlp_retry_after_ns(answer->retry_after, answer->wall_ns);
  if (delay_ns >= 0) outcome->retry_after_ns = delay_ns;
}

void ncl_otlp_grpc_outcome(const ncl_otlp_answer *answer, ncl_otlp_text *text, ncl_outcome *outcome) {
  ncl_rpc_status details = {0, 0, {NULL, 0}, 0};
  begin(outcome);
  if (answer->grpc_code == NCL_GRPC_OK) {
    read_partial(answer, answer->body, text, outcome);
    return;
  }
  if (answer->grpc_details.ptr != NULL && !ncl_rpc_status_read(answer->grpc_details, &details)) details.has_retry = 0;
  outcome->status = ncl_otlp_grpc_class(answer->grpc_code, details.has_retry);
  outcome->grpc_code = answer->grpc_code;
  if (outcome->status == NCL_RETRYABLE && details.has_retry) outcome->retry_after_ns = bounded(details.retry_after_ns);
  writer w = {text, 0};
  put_word(&w, "the backend answered gRPC ");
  ncl_str name = ncl_otlp_grpc_name(answer->grpc_code);
  if (name.len > 0) {
    put(&w, name);
  } else {
    put_word(&w, "status ");
    put_number(&w, answer->grpc_code);
  }
  put_said(&w, answer->grpc_message, &answer->secrets);
  outcome->message = written(&w);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* programs/generate/report.c: adds up answers and prints them with what to do about them. */
#include "programs/generate/report.h"

#include <inttypes.h>
#include <string.h>

static ncl_report_reason *reason_of(ncl_report *report, ncl_str text, bool *is_new) {
  if (text.len > NCL_REPORT_REASON_MAX) text.len = NCL_REPORT_REASON_MAX;
  for (uint32_t i = 0; i < report->reason_count; i++) {
    ncl_report_reason *r = &report->reasons[i];
    if (r->len == text.len && memcmp(r->text, text.ptr, text.len) == 0) return r;
  }
  if (report->reason_count == NCL_REPORT_REASONS_MAX) return NULL;
  ncl_report_reason *r = &report->reasons[report->reason_count++];
  memcpy(r->text, text.ptr, text.len);
  r->len = text.len;
  *is_new = true;
  return r;
}

const ncl_report_reason *ncl_report_add(ncl_report *report, uint64_t items, const ncl_outcome *outcome) {
  uint64_t bad = items;
  if (outcome->status == NCL_OK) bad = outcome->rejected < items ? outcome->rejected : items;
  report->requests++;
  report->accepted += items - bad;
  report->not_accepted += bad;
  if (bad == 0) return NULL;
  bool is_new = false;
  ncl_str text = outcome->message;
  while (text.len > 0 && text.ptr[text.len - 1] == ' ')
    text.len--;
  if (text.len == 0 && outcome->status == NCL_OK) text = (ncl_str)NCL_STR("rejected without a reason");
  if (text.len == 0) text = (ncl_str)NCL_STR("no reason was given");
  ncl_report_reason *reason = reason_of(report, text, &is_new);
  if (reason == NULL) {
    report->other_reasons += bad;
    return NULL;
  }
  reason->items += bad;
  return is_new ? reason : NULL;
}

/* ---- words ------------------------------------------------------------------------------------------- */

static bool has(ncl_str text, const char *part) {
  return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* What to do, by a part of the reason. NULL = not over this protocol. */
typedef struct advice {
  const char *part;
  const char *over_grpc, *over_http;
} advice;

#define BOTH(words) words, words
#define OTHER_OVER_GRPC "If HTTP is spoken on this port, try --protocol http/protobuf; if TLS, write https://."
#define OTHER_OVER_HTTP "If gRPC is spoken on this port, try --protocol grpc; if TLS, write https://."

static const advice of_connections[] = {
    {"Connection refused",
     "Nothing listens there: is the collector running, and is this the endpoint of its otlp receiver's grpc protocol?",
     "Nothing listens there: is the collector running, and is this the endpoint of its otlp receiver's http protocol?"},
    {"resolve", BOTH("This name is not known here: check the host of --endpoint.")},
    {"no answer before the deadline",
     BOTH("No answer came in time: check host and port, or wait longer with --timeout.")},
    {"speaks HTTP/1.1", "This is no gRPC endpoint: check the port, or try --protocol http/protobuf.", NULL},
    {"no grpc-status", "This is no gRPC endpoint: check the port, or try --protocol http/protobuf.", NULL},
    {"closed the connection", OTHER_OVER_GRPC, OTHER_OVER_HTTP},
    {"Connection reset by peer", OTHER_OVER_GRPC, OTHER_OVER_HTTP},
    {"ended before it was whole", OTHER_OVER_GRPC, OTHER_OVER_HTTP},
    {"certificate", BOTH("Its certificate is not believed: name its authority with --ca, and the host as it does.")},
    {"SSL_connect: SSL_ERROR_SYSCALL", BOTH("If no TLS is spoken on this port, write http:// or give --insecure.")},
    {"wrong version number", BOTH("No TLS is spoken on this port: write http:// or give --insecure.")},
};

/* What an answer says of a connection is about one behind the collector. */
static const advice of_answers[] = {
    {"gRPC UNIMPLEMENTED", "No OTLP is served there: check the port, and whether a pipeline takes this signal.", NULL},
    {"HTTP 404",
     BOTH("No OTLP is served there: check the port, the path (/v1/traces and so on are added to it), and whether "
          "a pipeline takes this signal.")},
    {"gRPC UNAUTHENTICATED", "It wants to know who asks: give what it needs with --header.", NULL},
    {"HTTP 401", BOTH("It wants to know who asks: give what it needs with --header.")},
    {"memory", BOTH("The collector is at its memory limit: send less, or see its memory_limiter.")},
    {"gRPC UNAVAILABLE", "It is there and cannot hand the data on now: its log says why.", NULL},
    {"HTTP 503", BOTH("It is there and cannot hand the data on now: its log says why.")},
};

const char *ncl_report_hint(ncl_str reason, const ncl_generate_options *options) {
  bool answered = has(reason, "the backend answered gRPC") || has(reason, "the backend answered HTTP");
  const advice *advices = answered ? of_answers : of_connections;
  size_t count = answered ? sizeof of_answers / sizeof of_answers[0] : sizeof of_connections / sizeof of_connections[0];
  for (size_t i = 0; i < count; i++) {
    if (!has(reason, advices[i].part)) continue;
    return options->protocol == NCL_GENERATE_GRPC ? advices[i].over_grpc : advices[i].over_http;
  }
  return NULL;
}

static const char *items_of(uint32_t signal, uint64_t count) {
  if (signal == NCL_SIGNAL_TRACES) return count == 1 ? "span" : "spans";
  if (signal == NCL_SIGNAL_METRICS) return count == 1 ? "data point" : "data points";
  return count == 1 ? "log record" : "log records";
}

static const char *protocol_of(uint32_t protocol) {
  if (protocol == NCL_GENERATE_GRPC) return "gRPC";
  return protocol == NCL_GENERATE_HTTP_JSON ? "HTTP as JSON" : "HTTP";
}

void ncl_report_print(const ncl_report *report, const ncl_generate_options *options, int64_t took_ns, FILE *out) {
  uint64_t items = report->accepted + report->not_accepted;
  (void)fprintf(out, "%" PRIu64 " %s to %s over %s, %" PRIu64 " request%s in %.1f s: ", items,
                items_of(options->signal, items), options->endpoint, protocol_of(options->protocol), report->requests,
                report->requests == 1 ? "" : "s", (double)took_ns / 1e9);
  (void)fprintf(out, "%" PRIu64 " accepted, %" PRIu64 " not\n", report->accepted, report->not_accepted);
  for (uint32_t i = 0; i < report->reason_count; i++) {
    const ncl_report_reason *r = &report->reasons[i];
    (void)fprintf(out, "  %" PRIu64 " not accepted: %.*s\n", r->items, (int)r->len, r->text);
    const char *hint = ncl_report_hint(ncl_str_of(r->text, r->len), options);
    if (hint != NULL) (void)fprintf(out, "    %s\n", hint);
  }
  if (report->other_reasons > 0)
    (void)fprintf(out, "  %" PRIu64 " not accepted for other reasons\n", report->other_reasons);
}

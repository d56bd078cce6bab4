/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c: answers in the form of the request: Export*ServiceResponse, google.rpc.Status, gRPC statuses. */
#include <nacelle/otlp_json.h>
#include <nacelle/otlp_write.h>
#include <string.h>

#include "otlp.h"

/* google.rpc.Code */
enum {
  GRPC_CANCELLED = 1,
  GRPC_UNKNOWN = 2,
  GRPC_INVALID_ARGUMENT = 3,
  GRPC_DEADLINE_EXCEEDED = 4,
  GRPC_PERMISSION_DENIED = 7,
  GRPC_RESOURCE_EXHAUSTED = 8,
  GRPC_ABORTED = 10,
  GRPC_OUT_OF_RANGE = 11,
  GRPC_UNIMPLEMENTED = 12,
  GRPC_INTERNAL = 13,
  GRPC_UNAVAILABLE = 14,
  GRPC_DATA_LOSS = 15,
  GRPC_UNAUTHENTICATED = 16
};

/* Of the reason for an error; the rest of a longer one is cut off. */
#define MESSAGE_MAX ((size_t)1024)
/* A status with such a message: protobuf, and JSON where every byte may become six. */
#define BODY_MAX (MESSAGE_MAX * 6 + 512)
#define SECOND_NS INT64_C(1000000000)
/* content-type, retry-after, allow */
#define HEADERS_MAX 3u

typedef struct header_list {
  ncl_pair pairs[HEADERS_MAX];
  uint32_t count;
} header_list;

uint32_t ncl_otlp_http_status(uint32_t grpc_code) {
  switch (grpc_code) {
    case 0:
      return 200;
    case GRPC_CANCELLED:
    case GRPC_DEADLINE_EXCEEDED:
    case GRPC_ABORTED:
    case GRPC_OUT_OF_RANGE:
    case GRPC_UNAVAILABLE:
    case GRPC_DATA_LOSS:
      return 503;
    case GRPC_RESOURCE_EXHAUSTED:
      return 429;
    case GRPC_INVALID_ARGUMENT:
      return 400;
    case GRPC_UNAUTHENTICATED:
      return 401;
    case GRPC_PERMISSION_DENIED:
      return 403;
    case GRPC_UNIMPLEMENTED:
      return 404;
    default:
      return 500;
  }
}

static void add(header_list *list, const char *name, ncl_str value) {
  list->pairs[list->count].name = ncl_str_of(name, strlen(name));
  list->pairs[list->count].value = value;
  list->count++;
}

static ncl_str type_of(uint8_t form) {
  static const ncl_str protobuf = NCL_STR("application/x-protobuf"), json = NCL_STR("application/json");
  return form == NCL_OTLP_JSON ? json : protobuf;
}

static void respond_http(const ncl_otlp_answer *to, uint32_t status, header_list *list, ncl_range body) {
  ncl_http_response response = {.struct_size = sizeof(response), .status = status};
  response.headers = list->pairs;
  response.header_count = list->count;
  response.body = &body;
  response.body_count = body.len > 0 ? 1 : 0;
  to->receiver->server->respond(to->stream, &response, NULL, NULL);
}

/* At most `max` bytes, not cut within a character. */
static ncl_str cut(ncl_str text, size_t max) {
  if (text.len <= max) return text;
  while (max > 0 && ((uint8_t)text.ptr[max] & 0xc0) == 0x80)
    max--;
  return ncl_str_of(text.ptr, max);
}

/* ---- success ----------------------------------------------------------------------------------------------------- */

static uint32_t response_message(uint32_t signal) {
  switch (signal) {
    case NCL_SIGNAL_METRICS:
      return NCL_JSON_METRICS_RESPONSE;
    case NCL_SIGNAL_LOGS:
      return NCL_JSON_LOGS_RESPONSE;
    default:
      return NCL_JSON_TRACES_RESPONSE;
  }
}

/* The body of a success, in the memory of `wire` and `json`; empty where there is nothing to say. */
static ncl_range success_body(const ncl_otlp_answer *to, uint64_t rejected, ncl_str message, ncl_writer *wire,
                              ncl_writer *json) {
  static const char plain[] = "{\"partialSuccess\":{}}";
  ncl_range none = {NULL, 0};
  if (rejected == 0 && message.len == 0) {
    ncl_range text = {(const uint8_t *)plain, sizeof(plain) - 1};
    return to->form == NCL_OTLP_JSON ? text : none;
  }
  ncl_partial_success partial = {.rejected = rejected > INT64_MAX ? INT64_MAX : (int64_t)rejected,
                                 .message = cut(message, MESSAGE_MAX),
                                 .present = 1};
  ncl_write_partial_success(wire, &partial);
  if (wire->status != NCL_OK) return none;
  if (to->form != NCL_OTLP_JSON) return ncl_writer_range(wire);
  ncl_status status = ncl_message_to_json(response_message(to->signal), ncl_writer_range(wire), json);
  return status == NCL_OK ? ncl_writer_range(json) : none;
}

void ncl_otlp_answer_success(const ncl_otlp_answer *to, uint64_t rejected, ncl_str message) {
  uint8_t wire_room[MESSAGE_MAX + 64], json_room[BODY_MAX];
  ncl_writer wire, json;
  ncl_writer_fixed(&wire, wire_room, sizeof(wire_room));
  ncl_writer_fixed(&json, json_room, sizeof(json_room));
  ncl_range body = success_body(to, rejected, message, &wire, &json);
  if (to->form == NCL_OTLP_GRPC) {
    ncl_http_response response = {.struct_size = sizeof(response), .status = 200};
    response.body = &body;
    response.body_count = body.len > 0 ? 1 : 0;
    to->receiver->server->respond(to->stream, &response, NULL, NULL);
    return;
  }
  header_list list;
  list.count = 0;
  add(&list, "content-type", type_of(to->form));
  respond_http(to, 200, &list, body);
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static void answer_grpc_error(const ncl_otlp_answer *to, const ncl_rpc_status *status) {
  uint8_t room[MESSAGE_MAX + 256];
  ncl_http_response response = {.struct_size = sizeof(response), .status = 200};
  ncl_writer details;
  response.grpc_code = status->code;
  response.grpc_message = status->message;
  if (status->has_retry) { /* without details the code and the message say it all */
    ncl_writer_fixed(&details, room, sizeof(room));
    ncl_write_rpc_status(&details, status);
    if (details.status == NCL_OK) response.grpc_details = ncl_writer_range(&details);
  }
  to->receiver->server->respond(to->stream, &response, NULL, NULL);
}

/* Whole seconds, rounded up. */
static ncl_str seconds(int64_t ns, char *into, size_t size) {
  int64_t value = ns / SECOND_NS + (ns % SECOND_NS > 0);
  size_t at = size;
  do {
    into[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  return ncl_str_of(into + at, size - at);
}

static void answer_http_error(const ncl_otlp_answer *to, uint32_t http_status, const ncl_rpc_status *status) {
  uint8_t room[BODY_MAX];
  char delay[24];
  header_list list;
  ncl_writer body;
  ncl_range bytes = {NULL, 0};
  ncl_writer_fixed(&body, room, sizeof(room));
  if (to->form == NCL_OTLP_JSON) {
    ncl_rpc_status_to_json(status, &body);
  } else {
    ncl_write_rpc_status(&body, status);
  }
  if (body.status == NCL_OK) bytes = ncl_writer_range(&body);
  list.count = 0;
  add(&list, "content-type", type_of(to->form));
  if (status->has_retry && (http_status == 429 || http_status == 503)) {
    add(&list, "retry-after", seconds(status->retry_after_ns, delay, sizeof(delay)));
  }
  respond_http(to, http_status, &list, bytes);
}

void ncl_otlp_answer_error(const ncl_otlp_answer *to, uint32_t http_status, uint32_t grpc_code, ncl_str message,
                           int64_t retry_after_ns) {
  ncl_rpc_status status = {.code = grpc_code,
                           .has_retry = retry_after_ns > 0,
                           .message = cut(message, MESSAGE_MAX),
                           .retry_after_ns = retry_after_ns > 0 ? retry_after_ns : 0};
  if (to->form == NCL_OTLP_GRPC) {
    answer_grpc_error(to, &status);
  } else {
    answer_http_error(to, http_status != 0 ? http_status : ncl_otlp_http_status(grpc_code), &status);
  }
}

void ncl_otlp_answer_outcome(const ncl_otlp_answer *to, const ncl_outcome *outcome) {
  static const ncl_str permanent = NCL_STR("the telemetry was refused"),
                       retryable = NCL_STR("the telemetry could not be taken now");
  bool again = outcome->status == NCL_RETRYABLE || outcome->status == NCL_NO_MEMORY;
  uint32_t code = outcome->grpc_code;
  ncl_str message = outcome->message;
  if (code == 0 || code > GRPC_UNAUTHENTICATED) code = again ? GRPC_UNAVAILABLE : GRPC_INTERNAL;
  if (message.len == 0) message = again ? retryable : permanent;
  ncl_otlp_answer_error(to, 0, code, message, outcome->retry_after_ns);
}

void ncl_otlp_answer_text(const ncl_otlp_answer *to, uint32_t status, const char *text, const char *allow) {
  header_list list;
  ncl_range body = {(const uint8_t *)text, strlen(text)};
  list.count = 0;
  add(&list, "content-type", (ncl_str)NCL_STR("text/plain; charset=utf-8"));
  if (allow != NULL) add(&list, "allow", ncl_str_of(allow, strlen(allow)));
  respond_http(to, status, &list, body);
}

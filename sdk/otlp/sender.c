/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/otlp/sender.c: one exchange a try: opens the channel at first need, finds tries by their token, ends them. */
#include <nacelle/config_fill.h>
#include <nacelle/otlp_sender.h>
#include <nacelle/tls_client_fields.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sender_probe.h"
#include "target.h"

/* After start, until the channel is opened by itself: mistakes in certificates are then said without a first try. */
#define WARM_UP_NS INT64_C(100000000)
#define FREE_MAX 16u                /* tries whose room is kept */
#define ROOM_KEPT ((size_t)1 << 16) /* bytes of room that a try keeps */

typedef struct attempt {
  ncl_otlp_try open; /* what the exporter sees */
  ncl_otlp_sender *sender;
  ncl_http_exchange *exchange;
  ncl_token token; /* the exporter's, to complete */
  ncl_token own;   /* of the exchange */
  int64_t charged; /* bytes */
  struct attempt *next, *prev;
} attempt;

struct ncl_otlp_sender {
  const ncl_host *host;
  ncl_component *me;
  uint32_t signal;
  ncl_otlp_sender_config config; /* but for `create`, which is gone with that call */
  ncl_pair *headers;             /* of a request: the user's, then the exporter's */
  uint32_t header_count;
  ncl_str *secrets; /* values of the user's headers */
  uint32_t secret_count;
  const ncl_http_client *http; /* NULL until the first need */
  ncl_http_channel *channel;   /* NULL until then */
  ncl_timer *warm_up;
  bool is_broken;        /* the last attempt to open the channel failed */
  ncl_otlp_probe *probe; /* NULL but for `nacelle check` */
  attempt *under_way;
  attempt *free;
  uint32_t free_count;
};

static ncl_str str(const char *text) {
  return ncl_str_of(text, strlen(text));
}

/* ---- headers ----------------------------------------------------------------------------------------- */

/* RFC 9110, 5.6.2: a token. */
static bool is_name(ncl_str name) {
  for (size_t i = 0; i < name.len; i++) {
    char c = name.ptr[i];
    bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!word && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) return false;
  }
  return name.len > 0;
}

static bool has_control(ncl_str value) {
  for (size_t i = 0; i < value.len; i++) {
    unsigned char c = (unsigned char)value.ptr[i];
    if ((c < 0x20 && c != '\t') || c == 0x7f) return true;
  }
  return false;
}

static bool has_header(const ncl_value *headers, ncl_str name) {
  const ncl_value *header;
  for (uint32_t i = 0; (header = ncl_config_at(headers, i)) != NULL; i++) {
    if (header->key.len == name.len && strncasecmp(header->key.ptr, name.ptr, name.len) == 0) return true;
  }
  return false;
}

static void add_secret(ncl_otlp_sender *sender, ncl_str secret) {
  if (secret.len > 0) sender->secrets[sender->secret_count++] = secret;
}

/* Of "Bearer x" the x is a secret by itself. */
static void add_user_header(ncl_otlp_sender *sender, const ncl_value *header) {
  sender->headers[sender->header_count++] = (ncl_pair){header->key, header->s};
  add_secret(sender, header->s);
  const char *space = header->s.len > 0 ? memchr(header->s.ptr, ' ', header->s.len) : NULL;
  if (space == NULL) return;
  size_t skipped = (size_t)(space - header->s.ptr) + 1;
  add_secret(sender, ncl_str_of(space + 1, header->s.len - skipped));
}

static ncl_status take_headers(ncl_otlp_sender *sender) {
  const ncl_otlp_sender_config *config = &sender->config;
  uint32_t count = ncl_config_count(config->headers);
  ncl_status status = NCL_OK;
  const ncl_value *header;
  sender->headers = calloc((size_t)count + config->own_count + 1, sizeof *sender->headers);
  sender->secrets = calloc(2 * (size_t)count + 1, sizeof *sender->secrets);
  if (sender->headers == NULL || sender->secrets == NULL) return NCL_NO_MEMORY;
  for (uint32_t i = 0; (header = ncl_config_at(config->headers, i)) != NULL; i++) {
    if (!is_name(header->key)) {
      sender->host->config_error(sender->me, header, str("this is no name that a header can have"),
                                 str("use letters, digits and -"));
      status = NCL_PERMANENT;
    } else if (has_control(header->s)) {
      sender->host->config_error(sender->me, header, str("the value of the header holds a control character"),
                                 str("look for a line break at the end of the variable or file that it comes from"));
      status = NCL_PERMANENT;
    } else {
      add_user_header(sender, header);
    }
  }
  for (uint32_t i = 0; i < config->own_count; i++) {
    if (!has_header(config->headers, config->own[i].name)) sender->headers[sender->header_count++] = config->own[i];
  }
  return status;
}

/* ---- the channel ------------------------------------------------------------------------------------- */

static ncl_status open_channel(ncl_otlp_sender *sender, ncl_outcome *outcome) {
  if (sender->channel != NULL) return NCL_OK;
  if (sender->http == NULL) sender->http = sender->host->service(sender->me, str(NCL_HTTP_CLIENT_1), outcome);
  if (sender->http == NULL) return NCL_RETRYABLE;
  const ncl_http_client *http = sender->http;
  sender->channel = http->open(http->self, sender->me, &sender->config.channel, outcome);
  if (sender->channel == NULL) return NCL_RETRYABLE;
  if (sender->is_broken) sender->host->status(sender->me, NCL_OK, str(""));
  sender->is_broken = false;
  return NCL_OK;
}

static void warm_up(void *arg) {
  ncl_otlp_sender *sender = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  if (open_channel(sender, &outcome) == NCL_OK) return;
  sender->is_broken = true;
  ncl_attr reason = {.key = NCL_STR("reason"), .type = NCL_ATTR_STR, .s = outcome.message};
  sender->host->log(sender->me, NCL_LOG_ERROR, str("export.no_channel"),
                    str("The exporter cannot send as it is configured; it goes on trying."), &reason, 1);
  sender->host->status(sender->me, NCL_RETRYABLE, outcome.message);
}

/* ---- tries ------------------------------------------------------------------------------------------- */

ncl_otlp_try *ncl_otlp_sender_begin(ncl_otlp_sender *sender) {
  attempt *a = sender->free;
  if (a != NULL) {
    sender->free = a->next;
    sender->free_count--;
  } else {
    a = calloc(1, sizeof *a);
    if (a == NULL) return NULL;
    a->sender = sender;
  }
  a->next = a->prev = NULL;
  return &a->open;
}

static void link_under_way(ncl_otlp_sender *sender, attempt *a) {
  a->prev = NULL;
  a->next = sender->under_way;
  if (a->next != NULL) a->next->prev = a;
  sender->under_way = a;
}

static void unlink_under_way(ncl_otlp_sender *sender, attempt *a) {
  if (a->next != NULL) a->next->prev = a->prev;
  if (a->prev != NULL) {
    a->prev->next = a->next;
  } else {
    sender->under_way = a->next;
  }
}

static int64_t room_of(const ncl_otlp_try *open) {
  return (int64_t)(open->gather.range_capacity * sizeof *open->gather.ranges + open->gather.scratch_capacity +
                   open->text.capacity);
}

/* False: the budget has no room. The only try under way goes on all the same, or a spent budget would stay so. */
static bool charge(ncl_otlp_sender *sender, attempt *a, int64_t bytes) {
  if (bytes != a->charged && sender->host->memory_charge(sender->me, bytes - a->charged) != NCL_OK) {
    return sender->under_way == NULL;
  }
  a->charged = bytes;
  return true;
}

static void drop_room(attempt *a) {
  ncl_gather_close(&a->open.gather);
  memset(&a->open, 0, sizeof a->open);
  (void)charge(a->sender, a, 0);
}

static void recycle(ncl_otlp_sender *sender, attempt *a) {
  ncl_writer_close(&a->open.text);
  memset(&a->open.text, 0, sizeof a->open.text);
  if (room_of(&a->open) > (int64_t)ROOM_KEPT || sender->free_count >= FREE_MAX) drop_room(a);
  if (sender->free_count >= FREE_MAX) {
    free(a);
    return;
  }
  a->next = sender->free;
  sender->free = a;
  sender->free_count++;
}

void ncl_otlp_sender_abort(ncl_otlp_sender *sender, ncl_otlp_try *open) {
  recycle(sender, (attempt *)(void *)open);
}

static ncl_str header_of(const ncl_http_reply *reply, const char *name) {
  size_t len = strlen(name);
  for (uint32_t i = 0; i < reply->headers.count; i++) {
    const ncl_pair *pair = ncl_array_at(&reply->headers, i);
    if (pair->name.len == len && memcmp(pair->name.ptr, name, len) == 0) return pair->value;
  }
  return ncl_str_of(NULL, 0);
}

static void read_reply(ncl_otlp_sender *sender, const ncl_http_reply *reply, ncl_otlp_text *text,
                       ncl_outcome *outcome) {
  ncl_otlp_answer answer = {.signal = sender->signal,
                            .http_status = reply->status,
                            .grpc_code = reply->grpc_code,
                            .content_type = header_of(reply, "content-type"),
                            .retry_after = header_of(reply, "retry-after"),
                            .grpc_message = reply->grpc_message,
                            .grpc_details = reply->grpc_details,
                            .body = reply->body,
                            .wall_ns = sender->host->wall_ns(sender->me),
                            .secrets = {sender->secrets, sender->secret_count, sizeof *sender->secrets}};
  if (sender->config.channel.is_grpc) {
    ncl_otlp_grpc_outcome(&answer, text, outcome);
  } else {
    ncl_otlp_http_outcome(&answer, text, outcome);
  }
}

/* A backend that took everything may still have something to say (OTLP specification, "Partial Success"). */
static void log_warning(ncl_otlp_sender *sender, const ncl_outcome *outcome) {
  if (outcome->status != NCL_OK || outcome->rejected > 0 || outcome->message.len == 0) return;
  ncl_attr said = {.key = NCL_STR("message"), .type = NCL_ATTR_STR, .s = outcome->message};
  sender->host->log(sender->me, NCL_LOG_WARN, str("export.warning"), str("The backend took the data with a warning."),
                    &said, 1);
}

static void on_done(void *arg, const ncl_outcome *outcome) {
  attempt *a = arg;
  ncl_otlp_sender *sender = a->sender;
  ncl_otlp_text text;
  ncl_outcome answer = NCL_OUTCOME_INIT;
  if (outcome->status == NCL_OK && outcome->result != NULL) {
    read_reply(sender, outcome->result, &text, &answer);
    log_warning(sender, &answer);
  } else {
    answer.status = outcome->status != NCL_OK ? outcome->status : NCL_RETRYABLE;
    answer.grpc_code = outcome->grpc_code;
    answer.message = outcome->message;
  }
  ncl_token token = a->token;
  unlink_under_way(sender, a);
  recycle(sender, a);
  sender->host->complete(sender->me, token, &answer);
}

static ncl_status start_exchange(ncl_otlp_sender *sender, attempt *a, ncl_outcome *outcome) {
  const ncl_http_call call = {.struct_size = sizeof call,
                              .header_count = sender->header_count,
                              .method = NCL_STR("POST"),
                              .url = sender->config.url,
                              .path = sender->config.path,
                              .headers = sender->headers,
                              .body = a->open.body,
                              .deadline_ns = a->open.deadline_ns,
                              .context = a->open.context};
  a->own = sender->host->token_open(sender->me, on_done, a, 0);
  if (a->own == 0) return NCL_NO_MEMORY;
  a->exchange = sender->http->start(sender->channel, &call, a->own, outcome);
  if (a->exchange != NULL) return NCL_PENDING;
  sender->host->token_cancel(sender->me, a->own);
  return outcome->status != NCL_OK ? outcome->status : NCL_RETRYABLE;
}

ncl_status ncl_otlp_sender_send(ncl_otlp_sender *sender, ncl_otlp_try *open, ncl_token token, ncl_outcome *outcome) {
  attempt *a = (attempt *)(void *)open;
  ncl_status status = charge(sender, a, room_of(open)) ? NCL_OK : NCL_NO_MEMORY;
  if (status == NCL_OK) status = open_channel(sender, outcome);
  if (status == NCL_OK) status = start_exchange(sender, a, outcome);
  if (status == NCL_PENDING) {
    a->token = token;
    link_under_way(sender, a);
  } else {
    recycle(sender, a);
  }
  return status;
}

static void end(ncl_otlp_sender *sender, attempt *a) {
  sender->http->cancel(a->exchange);
  sender->host->token_cancel(sender->me, a->own);
  unlink_under_way(sender, a);
  recycle(sender, a);
}

void ncl_otlp_sender_cancel(ncl_otlp_sender *sender, ncl_token token) {
  for (attempt *a = sender->under_way; a != NULL; a = a->next) {
    if (a->token != token) continue;
    end(sender, a);
    return;
  }
}

/* ---- life -------------------------------------------------------------------------------------------- */

ncl_status ncl_otlp_sender_new(const ncl_otlp_sender_config *config, ncl_otlp_sender **into) {
  ncl_otlp_sender *sender = calloc(1, sizeof *sender);
  if (sender == NULL) return NCL_NO_MEMORY;
  sender->host = config->create->host;
  sender->me = config->create->me;
  sender->signal = config->create->signal;
  sender->config = *config;
  sender->config.create = NULL;
  ncl_status status = take_headers(sender);
  if (status == NCL_OK) {
    ncl_pair labels[NCL_OTLP_TARGET_LABELS];
    uint32_t count = ncl_otlp_target(config->url, config->path, config->channel.is_grpc, labels);
    sender->host->metric_labels(sender->me, labels, count);
    *into = sender;
  } else {
    ncl_otlp_sender_free(sender);
  }
  return status;
}

ncl_status ncl_otlp_sender_check(ncl_otlp_sender *sender) {
  return ncl_tls_files_check(sender->host, sender->me, sender->config.channel.tls);
}

static ncl_status find_authenticator(ncl_otlp_sender *sender, ncl_outcome *outcome) {
  ncl_str id = sender->config.authenticator;
  if (id.len == 0) return NCL_OK;
  const ncl_auth_client *auth = sender->host->component_interface(sender->me, id, str(NCL_AUTH_CLIENT_1), outcome);
  if (auth == NULL) return outcome->status != NCL_OK ? outcome->status : NCL_PERMANENT;
  sender->config.channel.auth = auth;
  return NCL_OK;
}

ncl_status ncl_otlp_sender_start(ncl_otlp_sender *sender, ncl_outcome *outcome) {
  ncl_status status = find_authenticator(sender, outcome);
  if (status != NCL_OK) return status;
  sender->warm_up = sender->host->timer_open(sender->me, warm_up, sender);
  if (sender->warm_up == NULL) return NCL_NO_MEMORY;
  sender->host->timer_set(sender->warm_up, sender->host->now_ns(sender->me) + WARM_UP_NS);
  return NCL_OK;
}

ncl_status ncl_otlp_sender_probe(ncl_otlp_sender *sender, ncl_str body, ncl_token token, ncl_outcome *outcome) {
  ncl_status status = find_authenticator(sender, outcome);
  if (status != NCL_OK) return status;
  const ncl_otlp_probe_config config = {
      sender->host, sender->me, sender, sender->config.url, sender->config.channel.tls, body};
  return ncl_otlp_probe_begin(&config, &sender->probe, token);
}

void ncl_otlp_sender_stop(ncl_otlp_sender *sender) {
  ncl_otlp_probe_end(sender->probe);
  sender->probe = NULL;
  static const char stopped[] = "the exporter was stopped before the backend had answered";
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.status = NCL_RETRYABLE;
  outcome.message = ncl_str_of(stopped, sizeof stopped - 1);
  while (sender->under_way != NULL) {
    /* The analyzer does not see that end() takes it out of the list. */
    ncl_token token = sender->under_way->token; /* NOLINT(clang-analyzer-unix.Malloc) */
    end(sender, sender->under_way);
    sender->host->complete(sender->me, token, &outcome);
  }
  if (sender->channel != NULL) sender->http->close(sender->channel);
  sender->channel = NULL;
  if (sender->warm_up != NULL) sender->host->timer_close(sender->warm_up);
  sender->warm_up = NULL;
}

void ncl_otlp_sender_free(ncl_otlp_sender *sender) {
  if (sender == NULL) return;
  ncl_otlp_sender_stop(sender);
  while (sender->free != NULL) {
    attempt *a = sender->free;
    sender->free = a->next; /* NOLINT(clang-analyzer-unix.Malloc): each is in one list only */
    drop_room(a);
    free(a);
  }
  free(sender->headers);
  free(sender->secrets);
  free(sender);
}

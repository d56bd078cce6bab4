/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/log_events.h: log events on their way to CloudWatch Logs: written once, cut into calls of PutLogEvents as AWS
 * limits them, sent stream by stream. Part of the SDK, not of the ABI. */
#ifndef NACELLE_LOG_EVENTS_H
#define NACELLE_LOG_EVENTS_H

#include <nacelle/aws.h>
#include <nacelle/config.h>
#include <nacelle/otlp_write.h>
#include <nacelle/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * All [loop]. A set of events holds what one item of the queue, or a part of it, comes to; a sender is an exporter's
 * way to CloudWatch Logs.
 *
 *   set = ncl_log_events_new(host, me, &options);
 *   ncl_log_events_stream(set, group, name, &stream);
 *   w = ncl_log_events_begin(set, stream, time_ms);
 *   ncl_json_open(w); ncl_json_inner_key(w, "level"); ncl_json_inner_text(w, level); ncl_json_close(w);
 *   ncl_log_events_end(set, 1, record);
 *   ...
 *   ncl_log_sender_send(sender, set, deadline_ns, done, arg, outcome);
 *   ... in done: ncl_log_outcome(result, &outcome); host->complete(me, token, &outcome);
 *   ncl_log_events_free(set);
 *
 * Either the set is made in `prepare` and kept in item->state (NCL_ITEM_TRANSLATED): further tries then send what is
 * still open in it. Or it is made in each `send`, and the fates of its events say which records are to be tried again.
 */

/* Limits of PutLogEvents (API reference of CloudWatch Logs). An event counts as the bytes of its message in UTF-8 and
 * 26 more. */
#define NCL_LOG_CALL_BYTES ((size_t)1048576)
#define NCL_LOG_CALL_EVENTS 10000u
#define NCL_LOG_CALL_SPAN_MS INT64_C(86400000) /* 24 h */
#define NCL_LOG_EVENT_BYTES ((size_t)1048576)  /* 256 KiB until 2025 */
#define NCL_LOG_EVENT_EXTRA 26u
#define NCL_LOG_OLDEST_MS INT64_C(1209600000) /* 14 days */
#define NCL_LOG_NEWEST_MS INT64_C(7200000)    /* 2 h ahead */
#define NCL_LOG_NAME_MAX 512u                 /* characters of a group's or stream's name */

/* Limits of a set, which are Nacelle's own. */
#define NCL_LOG_SET_STREAMS 1024u
#define NCL_LOG_SET_BYTES ((size_t)256 << 20)

/* ---- a set ------------------------------------------------------------------------------------------- */

typedef struct ncl_log_events ncl_log_events;

/* What became of an event. */
#define NCL_LOG_OPEN 0u      /* to be sent, or sent again */
#define NCL_LOG_DELIVERED 1u /* CloudWatch Logs has it */
#define NCL_LOG_REJECTED 2u  /* for good */

typedef struct ncl_log_event {
  int64_t time_ms;
  size_t at;    /* of its JSON in the set */
  uint32_t len; /* bytes there */
  uint32_t stream;
  uint32_t items; /* that it stands for: log records, data points; may be 0 */
  uint32_t tag;   /* the exporter's */
  uint32_t fate;  /* NCL_LOG_* */
  uint32_t size;  /* as AWS counts it, with the 26 bytes; 0 = not counted yet */
  uint32_t is_cut;
  uint32_t reserved;
} ncl_log_event;

/* NULL = no memory. `wall_ns`: what is older or newer than AWS takes is rejected against it. `max_event`: bytes that an
 * event may have, with its 26; 0 = NCL_LOG_EVENT_BYTES. */
ncl_log_events *ncl_log_events_new(const ncl_host *host, ncl_component *me, int64_t wall_ns, size_t max_event);
/* Not while it is being sent: cancel first. NULL is ignored. */
void ncl_log_events_free(ncl_log_events *set);

/* The number of a stream, which may be used again for all of its events. Characters that AWS does not take in names are
 * "_", and what is longer than 512 bytes is cut. NCL_OK; NCL_PERMANENT: the set has NCL_LOG_SET_STREAMS already, or a
 * name is empty; NCL_NO_MEMORY. */
ncl_status ncl_log_events_stream(ncl_log_events *set, ncl_str group, ncl_str name, uint32_t *stream);

/* Begins an event. Its message is written to what is returned, as the text of a JSON string, escaped already and
 * without its quotes (nacelle/json_write.h: ncl_json_inner_...). Nothing else may be done with the set before the
 * event is ended or dropped. `time_ms`: since 1970; of 0 or less = now. */
ncl_writer *ncl_log_events_begin(ncl_log_events *set, uint32_t stream, int64_t time_ms);
/* Ends it. A message that is too long is cut, with "[Truncated...]" at its end. What AWS would not take (empty, too
 * old, too new) is part of the set, too, as rejected. NCL_OK; NCL_NO_MEMORY, or NCL_PERMANENT where the set would be
 * larger than NCL_LOG_SET_BYTES: then the set is as if the event had never begun. */
ncl_status ncl_log_events_end(ncl_log_events *set, uint32_t items, uint32_t tag);
/* The set is as if the event had never begun. */
void ncl_log_events_drop(ncl_log_events *set);
/* All in one, of text that is not escaped. */
ncl_status ncl_log_events_add(ncl_log_events *set, uint32_t stream, int64_t time_ms, ncl_str text, uint32_t items,
                              uint32_t tag);
/* Something that cannot be an event: it is counted with the next try's rejected ones, under `reason`, a literal that
 * is a word ("too_many_streams"). NCL_OK, NCL_NO_MEMORY. */
ncl_status ncl_log_events_reject(ncl_log_events *set, uint32_t items, uint32_t tag, const char *reason);

uint32_t ncl_log_events_count(const ncl_log_events *set);
const ncl_log_event *ncl_log_events_at(const ncl_log_events *set, uint32_t i); /* until the next event begins */
size_t ncl_log_events_bytes(const ncl_log_events *set);                        /* of its JSON */
/* The message of an event, as it stands in the JSON string; group and name of its stream. As long as above. */
ncl_str ncl_log_events_message(const ncl_log_events *set, uint32_t i);
ncl_str ncl_log_events_group(const ncl_log_events *set, uint32_t stream);
ncl_str ncl_log_events_name(const ncl_log_events *set, uint32_t stream);

/* ---- calls ------------------------------------------------------------------------------------------- */

/* One PutLogEvents: events in the order in which they are sent. */
typedef struct ncl_log_call {
  uint32_t first; /* place in that order */
  uint32_t count;
  ncl_writer head;   /* what stands before the events */
  ncl_range *pieces; /* the body */
  uint32_t piece_count;
  uint32_t reserved;
} ncl_log_call;

/* For the sender, and for tests of what it sends. The next call of a stream, from `from` on: the place behind the one
 * before; 0 = its first. NCL_OK, with call->count == 0 where nothing is open any more; NCL_NO_MEMORY. The call is to be
 * closed in any case, before the set changes. */
ncl_status ncl_log_events_call(ncl_log_events *set, uint32_t stream, uint32_t from, ncl_log_call *call);
void ncl_log_call_close(ncl_log_call *call);
/* Event number i of a call. */
uint32_t ncl_log_call_event(const ncl_log_events *set, const ncl_log_call *call, uint32_t i);

/* ---- the sender -------------------------------------------------------------------------------------- */

/* A sender creates groups and streams when CloudWatch Logs says that they are not there. Of one stream there is one
 * call at a time, in order, also over several sets; several streams are sent at once. */
typedef struct ncl_log_sender ncl_log_sender;

/* Strings and values live as long as the sender (as those of the config do). */
typedef struct ncl_log_sender_config {
  ncl_aws_client_config client; /* see nacelle/aws_session.h; service and service_id are filled in */
  int64_t request_timeout_ns;   /* of one call; 0 = 30 s */
  int64_t retention_days;       /* of groups that are created; 0 = for ever */
  const ncl_value *tags;        /* of groups that are created: a map of texts; NULL = none */
  uint32_t max_calls;           /* at once; 0 = 8 */
  uint32_t is_emf;              /* 1 = messages may be in the embedded metric format: extracted by CloudWatch */
} ncl_log_sender_config;

/* [create] Reports values of the keys log_retention and tags that CloudWatch Logs does not take. NCL_OK, NCL_PERMANENT.
 */
ncl_status ncl_log_settings_check(const ncl_create *create, int64_t retention_days, const ncl_value *tags);

/* What a sender counts: to stand in the component's table of metrics, among its others. */
#define NCL_LOG_METRIC_TYPES                                                                         \
  {.name = NCL_STR("rejected_log_events"),                                                           \
   .type = NCL_METRIC_COUNTER,                                                                       \
   .unit = NCL_STR("{event}"),                                                                       \
   .doc = NCL_STR("Log events that CloudWatch Logs did not take, or that could not be made."),       \
   .labels = NCL_STR("reason")},                                                                     \
  {                                                                                                  \
    .name = NCL_STR("truncated_log_events"), .type = NCL_METRIC_COUNTER, .unit = NCL_STR("{event}"), \
    .doc = NCL_STR("Log events that were cut down to the size that CloudWatch Logs takes.")          \
  }

/* NULL = no memory. Does no I/O. */
ncl_log_sender *ncl_log_sender_new(const ncl_host *host, ncl_component *me, const ncl_log_sender_config *config);
/* After ncl_log_sender_stop. NULL is ignored. */
void ncl_log_sender_free(ncl_log_sender *sender);

/* How a try ended. Numbers are items, of this try alone. */
typedef struct ncl_log_result {
  ncl_status status; /* NCL_OK: nothing is open any more; NCL_RETRYABLE, NCL_NO_MEMORY */
  uint32_t reserved;
  ncl_str message; /* in words, where something failed or was rejected */
  ncl_str reason;  /* why the most of what was rejected was: a static word ("too_old"); empty = nothing was */
  int64_t retry_after_ns;
  uint64_t delivered;
  uint64_t rejected;
  uint64_t open;  /* of the whole set */
  uint64_t bytes; /* of the bodies that were sent */
} ncl_log_result;

typedef void (*ncl_log_done_fn)(void *arg, const ncl_log_result *result);

/* One try: sends what is open in the set, until all is sent or a call fails so that the next would, too. The set is
 * borrowed, and not changed but for its fates, until `done` is called, which may be before this returns. NCL_OK, or why
 * nothing can be sent at all, with the reason in *outcome and without a call of `done`. */
ncl_status ncl_log_sender_send(ncl_log_sender *sender, ncl_log_events *set, int64_t deadline_ns, ncl_log_done_fn done,
                               void *arg, ncl_outcome *outcome);
/* Gives up a try: `done` is not called. Nothing where there is none. */
void ncl_log_sender_cancel(ncl_log_sender *sender, const ncl_log_events *set);
/* Ends all tries as retryable, and closes the client. A later send opens it again. */
void ncl_log_sender_stop(ncl_log_sender *sender);

/* For the slot `probe`: whether CloudWatch Logs would take events for `group`, a name with placeholders as the config
 * has it, which stays. Writes none, and completes `token` when all was tried; ncl_log_sender_stop ends it. */
ncl_status ncl_log_sender_probe(ncl_log_sender *sender, ncl_str group, ncl_token token, ncl_outcome *outcome);

/* As the host wants it: NCL_PERMANENT where all that was left was rejected. Of items without a batch
 * (NCL_ITEM_TRANSLATED) nothing else is to be filled in; others have a remainder. */
void ncl_log_outcome(const ncl_log_result *result, ncl_outcome *outcome);

#ifdef __cplusplus
}
#endif
#endif

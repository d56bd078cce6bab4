/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_set.h: a set of log events from within: its events, their JSON, its streams. */
#ifndef NACELLE_SDK_AWS_LOG_SET_H
#define NACELLE_SDK_AWS_LOG_SET_H

#include <nacelle/log_events.h>
#include <stdbool.h>

#define LOG_REASONS 8u

/* Why something was rejected; counted until a try says so. */
typedef struct log_reason {
  const char *word;
  uint64_t events;
  uint64_t items;
} log_reason;

typedef struct log_reasons {
  log_reason list[LOG_REASONS];
  uint32_t count;
} log_reasons;

/* What a stream is about to do, in a try. */
enum { STEP_PUT, STEP_CREATE_STREAM, STEP_CREATE_GROUP, STEP_RETENTION };
enum { STREAM_READY, STREAM_BUSY, STREAM_WAITS, STREAM_DONE };

typedef struct log_stream {
  char *group; /* one allocation with `name` */
  char *name;
  uint32_t group_len;
  uint32_t name_len;
  uint64_t hash;
  uint32_t first, count; /* its events in `order` */
  uint32_t next;         /* the place in `order` that the next call begins at */
  uint8_t step;
  uint8_t state;
  bool was_created; /* in this try */
} log_stream;

struct ncl_log_events {
  const ncl_host *host;
  ncl_component *me;
  int64_t now_ms;
  size_t max_event;
  ncl_writer text; /* ,{"timestamp":1,"message":"..."} for each event that is not rejected at once */
  ncl_log_event *events;
  uint32_t count, capacity;
  log_stream *streams;
  uint32_t stream_count, stream_capacity;
  uint32_t last_stream;  /* that was asked for */
  uint32_t *order;       /* events, stream by stream, each by time; NULL = not made since the last event */
  size_t begun, message; /* the event that is being written: where it and its message begin in `text` */
  int64_t begun_ms;
  uint32_t begun_stream;
  log_reasons reasons;
  int64_t charged;
};

static inline ncl_str log_stream_group(const log_stream *s) {
  return ncl_str_of(s->group, s->group_len);
}
static inline ncl_str log_stream_name(const log_stream *s) {
  return ncl_str_of(s->name, s->name_len);
}

/* Beyond LOG_REASONS words the last one takes it all. */
void ncl_log_reasons_add(log_reasons *reasons, const char *word, uint64_t events, uint64_t items);

/* Puts the events in order, if they are not. NCL_NO_MEMORY. */
ncl_status ncl_log_events_sort(ncl_log_events *set);

#endif

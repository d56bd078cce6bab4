/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_create.c: groups and streams that are not there: CreateLogStream, and where there is no group either
 * CreateLogGroup, PutRetentionPolicy and CreateLogStream again. */
#include <nacelle/json_write.h>
#include <stdlib.h>
#include <string.h>

#include "log_sender.h"

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static bool is_code(const ncl_outcome *outcome, const char *code) {
  const ncl_aws_reply *reply = outcome->result;
  return reply != NULL && reply->code.len == strlen(code) && memcmp(reply->code.ptr, code, reply->code.len) == 0;
}

static void say_about(ncl_log_sender *sender, uint32_t level, const char *event, const char *message,
                      const log_stream *s, ncl_str error) {
  const ncl_attr attrs[] = {{.key = NCL_STR("log_group"), .type = NCL_ATTR_STR, .s = log_stream_group(s)},
                            {.key = NCL_STR("log_stream"), .type = NCL_ATTR_STR, .s = log_stream_name(s)},
                            {.key = NCL_STR("error"), .type = NCL_ATTR_STR, .s = error}};
  sender->host->log(sender->me, level, str(event), str(message), attrs, error.len > 0 ? 3 : 2);
}

/* ---- groups without their retention ------------------------------------------------------------------ */

static uint32_t find_pending(const ncl_log_sender *sender, const log_stream *s) {
  uint32_t i = 0;
  while (i < sender->pending_count && strcmp(sender->pending[i], s->group) != 0)
    i++;
  return i;
}

static bool is_pending(const ncl_log_sender *sender, const log_stream *s) {
  return find_pending(sender, s) < sender->pending_count;
}

static void forget_pending(ncl_log_sender *sender, const log_stream *s) {
  uint32_t i = find_pending(sender, s);
  if (i == sender->pending_count) return;
  free(sender->pending[i]);
  sender->pending[i] = sender->pending[--sender->pending_count];
}

static void add_pending(ncl_log_sender *sender, const log_stream *s) {
  if (sender->config.retention_days == 0 || is_pending(sender, s)) return;
  char *group = sender->pending_count < LOG_PENDING ? strdup(s->group) : NULL;
  if (group != NULL) {
    sender->pending[sender->pending_count++] = group;
  } else {
    say_about(sender, NCL_LOG_WARN, "logs.no_retention", "The retention of a new log group was not set.", s,
              str("too many groups wait for theirs"));
  }
}

void ncl_log_create_forget(ncl_log_sender *sender) {
  while (sender->pending_count > 0)
    free(sender->pending[--sender->pending_count]);
}

/* ---- bodies ------------------------------------------------------------------------------------------ */

static void put_tags(ncl_writer *w, const ncl_value *tags) {
  if (tags == NULL || tags->kind != NCL_VALUE_MAP || tags->children.count == 0) return;
  ncl_json_put_key(w, "tags");
  ncl_json_open(w);
  for (uint32_t i = 0; i < tags->children.count; i++) {
    const ncl_value *tag = ncl_array_at(&tags->children, i);
    ncl_json_put_name(w, tag->key);
    ncl_json_put_str(w, tag->s);
  }
  ncl_json_close(w);
}

ncl_status ncl_log_create_body(log_request *r) {
  const log_stream *s = log_stream_of(r);
  const ncl_log_sender_config *config = &r->attempt->sender->config;
  ncl_writer *w = &r->small;
  ncl_writer_heap(w, LOG_SMALL_BODY * 8);
  ncl_json_open(w);
  ncl_json_put_key(w, "logGroupName");
  ncl_json_put_str(w, log_stream_group(s));
  if (s->step == STEP_CREATE_GROUP) {
    put_tags(w, config->tags);
  } else if (s->step == STEP_RETENTION) {
    ncl_json_put_key(w, "retentionInDays");
    ncl_json_put_int(w, config->retention_days);
  } else {
    ncl_json_put_key(w, "logStreamName");
    ncl_json_put_str(w, log_stream_name(s));
  }
  ncl_json_close(w);
  r->whole = ncl_writer_range(w);
  return w->status;
}

/* ---- steps ------------------------------------------------------------------------------------------- */

static bool is_same_group(const log_stream *a, const log_stream *b) {
  return a->group_len == b->group_len && memcmp(a->group, b->group, a->group_len) == 0;
}

/* Somebody is about to create the group. */
static bool is_being_made(const ncl_log_sender *sender, const log_stream *s) {
  for (const log_request *r = sender->requests; r != NULL; r = r->next) {
    const log_stream *other = log_stream_of(r);
    if (other != s && other->step == STEP_CREATE_GROUP && is_same_group(other, s)) return true;
  }
  return false;
}

bool ncl_log_create_waits(const ncl_log_sender *sender, const log_stream *s) {
  return s->step == STEP_CREATE_GROUP && is_being_made(sender, s);
}

static ncl_status after_stream(log_request *r, const ncl_outcome *outcome) {
  ncl_log_sender *sender = r->attempt->sender;
  log_stream *s = log_stream_of(r);
  if (outcome->status == NCL_OK || is_code(outcome, "ResourceAlreadyExistsException")) {
    s->was_created = true;
    s->step = is_pending(sender, s) ? STEP_RETENTION : STEP_PUT;
    if (outcome->status == NCL_OK)
      say_about(sender, NCL_LOG_INFO, "logs.stream_created", "Created a log stream.", s, str(""));
    return NCL_OK;
  }
  if (!is_code(outcome, "ResourceNotFoundException")) return outcome->status;
  s->step = STEP_CREATE_GROUP;
  return NCL_OK;
}

static ncl_status after_group(log_request *r, const ncl_outcome *outcome) {
  ncl_log_sender *sender = r->attempt->sender;
  log_stream *s = log_stream_of(r);
  bool was_there = is_code(outcome, "ResourceAlreadyExistsException");
  if (outcome->status != NCL_OK && !was_there) return outcome->status;
  if (!was_there) {
    add_pending(sender, s);
    say_about(sender, NCL_LOG_INFO, "logs.group_created", "Created a log group.", s, str(""));
  }
  s->step = is_pending(sender, s) ? STEP_RETENTION : STEP_CREATE_STREAM;
  return NCL_OK;
}

/* Logs are not held back by a retention that may not be set. */
static ncl_status after_retention(log_request *r, const ncl_outcome *outcome) {
  ncl_log_sender *sender = r->attempt->sender;
  log_stream *s = log_stream_of(r);
  if (outcome->status != NCL_OK && outcome->status != NCL_PERMANENT) return outcome->status;
  forget_pending(sender, s);
  if (outcome->status != NCL_OK) {
    say_about(sender, NCL_LOG_WARN, "logs.no_retention", "The retention of a new log group was not set.", s,
              outcome->message);
  }
  s->step = s->was_created ? STEP_PUT : STEP_CREATE_STREAM;
  return NCL_OK;
}

ncl_status ncl_log_create_answer(log_request *r, const ncl_outcome *outcome) {
  switch (log_stream_of(r)->step) {
    case STEP_CREATE_STREAM:
      return after_stream(r, outcome);
    case STEP_CREATE_GROUP:
      return after_group(r, outcome);
    default:
      return after_retention(r, outcome);
  }
}

void ncl_log_create_wake(ncl_log_sender *sender, const log_stream *maker) {
  for (log_try *t = sender->tries; t != NULL; t = t->next) {
    for (uint32_t i = 0; i < t->set->stream_count; i++) {
      log_stream *s = &t->set->streams[i];
      if (s->state != STREAM_WAITS || !is_same_group(s, maker)) continue;
      s->state = STREAM_READY;
      s->step = STEP_CREATE_STREAM;
      sender->was_woken = true;
    }
  }
}

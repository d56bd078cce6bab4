/* SPDX-License-Identifier: Apache-2.0 */
/* sdk/aws/log_probe.c: whether CloudWatch Logs would take events, by one for a stream that is not there. */
#include <nacelle/aws_probe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_sender.h"

#define NAME_BYTES (NCL_LOG_NAME_MAX + 1)
#define MS_NS INT64_C(1000000)
#define FMT(s) (int)(s).len, (s).ptr

struct log_probe {
  const ncl_log_sender *sender;
  ncl_aws_probe *aws;
  ncl_str pattern; /* of the group, as the config has it */
  char group[NAME_BYTES];
  char resource[NAME_BYTES + 128];
  char body[2 * NAME_BYTES];
};

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static bool has(ncl_str text, const char *part) {
  return text.len > 0 && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* The pattern with `instead` for each placeholder; what no name has is "_". */
static void fill(ncl_str pattern, const char *instead, char *into, size_t size) {
  size_t len = 0;
  for (size_t i = 0; i < pattern.len && len + strlen(instead) + 1 < size; i++) {
    char c = pattern.ptr[i];
    const char *end = c == '{' ? memchr(pattern.ptr + i, '}', pattern.len - i) : NULL;
    if (end != NULL) {
      memcpy(into + len, instead, strlen(instead));
      len += strlen(instead);
      i = (size_t)(end - pattern.ptr);
    } else {
      bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      into[len++] = is_plain || strchr(".-_/#", c) != NULL ? c : '_';
    }
  }
  into[len] = '\0';
}

static void tell(const struct log_probe *p, const char *action, const char *detail, const char *hint) {
  ncl_probe_tell(p->sender->host, p->sender->me, NCL_FINDING_NOTE, str(action), str(detail), str(hint));
}

/* What cannot be tried without making something that stays. */
static void tell_untried(const struct log_probe *p, const ncl_aws_reply *last) {
  bool is_group = has(last->message, "log group"), is_open = memchr(p->pattern.ptr, '{', p->pattern.len) != NULL;
  if (last->error == NCL_AWS_ERROR_ACCESS_DENIED) return;
  if (is_group && !is_open) {
    tell(p, "logs:CreateLogGroup", "not tried: it would make the group, which is not there",
         "allow it, or make the group beforehand");
  } else if (is_group) {
    tell(p, "logs:CreateLogGroup", "not tried: only telemetry says what the group is called",
         "allow it, or make the groups beforehand");
  }
  tell(p, "logs:CreateLogStream", "not tried: it would make a stream", "");
}

static uint32_t next_call(void *arg, uint32_t i, const ncl_aws_probe_facts *facts, const ncl_aws_reply *last,
                          ncl_aws_probe_call *into) {
  static const ncl_pair headers[] = {{NCL_STR("Content-Type"), NCL_STR("application/x-amz-json-1.1")},
                                     {NCL_STR("X-Amz-Target"), NCL_STR("Logs_20140328.PutLogEvents")}};
  struct log_probe *p = arg;
  char group[NAME_BYTES];
  if (i > 0) {
    tell_untried(p, last);
    return 0;
  }
  int64_t wall_ns = p->sender->host->wall_ns(p->sender->me);
  (void)snprintf(
      p->body, sizeof p->body,
      "{\"logGroupName\":\"%s\",\"logStreamName\":\"nacelle-check-%016llx\",\"logEvents\":[{\"timestamp\":%lld,"
      "\"message\":\"nacelle check\"}]}",
      p->group, (unsigned long long)wall_ns, (long long)(wall_ns / MS_NS));
  fill(p->pattern, "*", group, sizeof group);
  (void)snprintf(p->resource, sizeof p->resource, "arn:%.*s:logs:%.*s:%.*s:log-group:%s:*", FMT(facts->partition),
                 FMT(facts->region), facts->account.len > 0 ? (int)facts->account.len : 1,
                 facts->account.len > 0 ? facts->account.ptr : "*", group);
  *into = (ncl_aws_probe_call){.action = NCL_STR("logs:PutLogEvents"),
                               .resource = str(p->resource),
                               .codes = NCL_STR("ResourceNotFoundException"),
                               .headers = headers,
                               .header_count = 2,
                               .body = str(p->body)};
  return 1;
}

ncl_status ncl_log_sender_probe(ncl_log_sender *sender, ncl_str group, ncl_token token, ncl_outcome *outcome) {
  struct log_probe *p = calloc(1, sizeof *p);
  if (p == NULL) return NCL_NO_MEMORY;
  p->sender = sender;
  p->pattern = group;
  fill(group, "nacelle-check", p->group, sizeof p->group);
  const ncl_aws_probe_config config = {
      .host = sender->host, .me = sender->me, .client = sender->config.client, .call = next_call, .arg = p};
  ncl_status status = ncl_aws_probe_begin(&config, &p->aws, token, outcome);
  if (status == NCL_PENDING) {
    sender->probe = p;
  } else {
    free(p);
  }
  return status;
}

void ncl_log_probe_end(ncl_log_sender *sender) {
  if (sender->probe == NULL) return;
  ncl_aws_probe_end(sender->probe->aws);
  free(sender->probe);
  sender->probe = NULL;
}

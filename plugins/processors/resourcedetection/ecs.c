/* SPDX-License-Identifier: Apache-2.0 */
/* ecs.c: the detector ecs: the task that the collector runs in. */
#include "ecs.h"

#include <ctype.h>
#include <nacelle/json_doc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detection.h"

/* ---- documents --------------------------------------------------------------------------------------- */

/* "arn:aws:ecs:us-west-2:111122223333:task/cluster/id" */
typedef struct arn {
  ncl_str partition, region, account, id;
} arn;

static ncl_str part_of(ncl_str text, int wanted, char between) {
  for (int i = 0; i < wanted; i++) {
    const char *at = text.len > 0 ? memchr(text.ptr, between, text.len) : NULL;
    if (at == NULL) return ncl_str_of(NULL, 0);
    size_t skipped = (size_t)(at - text.ptr) + 1;
    text = ncl_str_of(text.ptr + skipped, text.len - skipped);
  }
  const char *end = text.len > 0 ? memchr(text.ptr, between, text.len) : NULL;
  return end != NULL ? ncl_str_of(text.ptr, (size_t)(end - text.ptr)) : text;
}

static arn read_arn(ncl_str text) {
  arn a = {part_of(text, 1, ':'), part_of(text, 3, ':'), part_of(text, 4, ':'), {NULL, 0}};
  const char *slash = text.len > 0 ? memrchr(text.ptr, '/', text.len) : NULL;
  if (slash != NULL) a.id = ncl_str_of(slash + 1, text.len - (size_t)(slash - text.ptr) - 1);
  return a;
}

typedef struct reader {
  ncl_json_doc task, self;
  ncl_found *found;
  arn arn;
} reader;

static ncl_str text_of(const ncl_json_doc *doc, const ncl_json_value *object, const char *name) {
  return ncl_json_text(ncl_json_get(doc, object, name));
}

static ncl_str of_task(const reader *r, const char *name) {
  return text_of(&r->task, ncl_json_root(&r->task), name);
}

#define FMT(s) (int)(s).len, (s).len > 0 ? (s).ptr : ""

/* The document has the cluster's name or its ARN. */
static void put_cluster(const reader *r) {
  ncl_str cluster = of_task(r, "Cluster");
  char name[600];
  if (cluster.len > 0 && memchr(cluster.ptr, ':', cluster.len) == NULL) {
    (void)snprintf(name, sizeof name, "arn:%.*s:ecs:%.*s:%.*s:cluster/%.*s", FMT(r->arn.partition), FMT(r->arn.region),
                   FMT(r->arn.account), FMT(cluster));
    cluster = ncl_found_str(name);
  }
  ncl_found_word(r->found, "aws.ecs.cluster.arn", cluster);
}

/* "FARGATE" -> "fargate"; others are none that the conventions know. */
static void put_launch_type(const reader *r) {
  ncl_str type = of_task(r, "LaunchType");
  if (type.len == 3 && strncasecmp(type.ptr, "ec2", 3) == 0) {
    ncl_found_word(r->found, "aws.ecs.launchtype", ncl_found_str("ec2"));
  } else if (type.len == 7 && strncasecmp(type.ptr, "fargate", 7) == 0) {
    ncl_found_word(r->found, "aws.ecs.launchtype", ncl_found_str("fargate"));
  }
}

static void put_task(const reader *r) {
  ncl_found *found = r->found;
  ncl_found_word(found, "cloud.provider", ncl_found_str("aws"));
  ncl_found_word(found, "cloud.platform", ncl_found_str("aws_ecs"));
  ncl_found_word(found, "cloud.account.id", r->arn.account);
  ncl_found_word(found, "cloud.region", r->arn.region);
  ncl_found_word(found, "cloud.availability_zone", of_task(r, "AvailabilityZone"));
  ncl_found_word(found, "aws.ecs.task.arn", of_task(r, "TaskARN"));
  ncl_found_word(found, "aws.ecs.task.id", r->arn.id);
  ncl_found_word(found, "aws.ecs.task.family", of_task(r, "Family"));
  ncl_found_word(found, "aws.ecs.task.revision", of_task(r, "Revision"));
  put_cluster(r);
  put_launch_type(r);
}

/* ---- logs -------------------------------------------------------------------------------------------- */

static bool is(ncl_str s, const char *text) {
  return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

/* Containers that run the application and log to CloudWatch: not the collector, not what ECS adds, not what has ended.
 */
static bool has_logs(const reader *r, const ncl_json_value *container) {
  ncl_str id = text_of(&r->task, container, "DockerId");
  ncl_str own = text_of(&r->self, ncl_json_root(&r->self), "DockerId");
  bool is_own = id.len == own.len && (id.len == 0 || memcmp(id.ptr, own.ptr, id.len) == 0);
  const ncl_json_value *options = ncl_json_get(&r->task, container, "LogOptions");
  return !is_own && is(text_of(&r->task, container, "Type"), "NORMAL") &&
         is(text_of(&r->task, container, "KnownStatus"), "RUNNING") &&
         is(text_of(&r->task, container, "LogDriver"), "awslogs") && options != NULL && options->count > 0;
}

typedef struct logs {
  ncl_str groups[NCL_ECS_CONTAINERS_MAX], streams[NCL_ECS_CONTAINERS_MAX];
  ncl_str group_arns[NCL_ECS_CONTAINERS_MAX], stream_arns[NCL_ECS_CONTAINERS_MAX];
  char texts[NCL_ECS_CONTAINERS_MAX][2304]; /* both ARNs; names have at most 512 characters each */
  uint32_t count;
} logs;

/* An ARN of a stream is that of its group, and more: both are written once. */
static void take_logs(const reader *r, const ncl_json_value *container, logs *l) {
  const ncl_json_value *options = ncl_json_get(&r->task, container, "LogOptions");
  uint32_t i = l->count++;
  l->groups[i] = text_of(&r->task, options, "awslogs-group");
  l->streams[i] = text_of(&r->task, options, "awslogs-stream");
  ncl_str region = text_of(&r->task, options, "awslogs-region");
  char *text = l->texts[i];
  int group = snprintf(text, sizeof l->texts[i], "arn:%.*s:logs:%.*s:%.*s:log-group:%.*s", FMT(r->arn.partition),
                       FMT(region), FMT(r->arn.account), FMT(l->groups[i]));
  size_t len = group < 0 ? 0 : (size_t)group;
  if (len >= sizeof l->texts[i]) len = sizeof l->texts[i] - 1;
  (void)snprintf(text + len, sizeof l->texts[i] - len, ":log-stream:%.*s", FMT(l->streams[i]));
  l->group_arns[i] = ncl_str_of(text, len);
  l->stream_arns[i] = ncl_found_str(text);
}

static void put_logs(const reader *r) {
  const ncl_json_value *list = ncl_json_get(&r->task, ncl_json_root(&r->task), "Containers");
  logs *l = calloc(1, sizeof *l);
  if (l == NULL) {
    r->found->has_failed = true;
    return;
  }
  const ncl_json_value *container = ncl_json_first(&r->task, list);
  for (; container != NULL && l->count < NCL_ECS_CONTAINERS_MAX; container = ncl_json_next(&r->task, container)) {
    if (has_logs(r, container)) take_logs(r, container, l);
  }
  ncl_found_list(r->found, "aws.log.group.names", l->groups, l->count);
  ncl_found_list(r->found, "aws.log.group.arns", l->group_arns, l->count);
  ncl_found_list(r->found, "aws.log.stream.names", l->streams, l->count);
  ncl_found_list(r->found, "aws.log.stream.arns", l->stream_arns, l->count);
  free(l);
}

const char *ncl_ecs_read(ncl_range task, ncl_range self, ncl_found *found) {
  reader r = {.found = found};
  const char *wrong = NULL;
  ncl_status status = ncl_json_doc_open(&r.task, task);
  ncl_status of_self = self.len > 0 ? ncl_json_doc_open(&r.self, self) : NCL_UNSUPPORTED;
  if (status != NCL_OK) wrong = "the document of the task is not JSON";
  if (status == NCL_OK && of_task(&r, "TaskARN").len == 0) wrong = "the document of the task has no TaskARN";
  if (wrong == NULL) {
    r.arn = read_arn(of_task(&r, "TaskARN"));
    put_task(&r);
    if (of_self == NCL_OK) put_logs(&r);
  }
  ncl_json_doc_close(&r.task);
  if (self.len > 0) ncl_json_doc_close(&r.self);
  return wrong;
}

/* ---- asking ------------------------------------------------------------------------------------------ */

/* Two documents; the task's has what matters, so that without the other only the logs are missing. */
typedef struct ecs_work {
  ncl_detector *detector;
  ncl_token token; /* of the question under way; 0 = none */
  uint8_t *task;
  size_t task_len;
} ecs_work;

static void free_work(ncl_detector *detector) {
  ecs_work *w = detector->work;
  detector->work = NULL;
  if (w == NULL) return;
  free(w->task);
  free(w);
}

static void cancel_ecs(ncl_detector *detector) {
  ecs_work *w = detector->work;
  if (w != NULL) ncl_detector_unask(detector, w->token);
  free_work(detector);
}

static void ask(ecs_work *w, const char *path, ncl_done_fn done) {
  ncl_detector_ask(w->detector, NCL_AWS_ECS_METADATA, path, done, w, &w->token);
}

static void finish(ecs_work *w, ncl_range self) {
  ncl_detector *detector = w->detector;
  const char *wrong = ncl_ecs_read((ncl_range){w->task, w->task_len}, self, &detector->next);
  free_work(detector);
  if (wrong != NULL) {
    ncl_detector_fail(detector, ncl_found_str(wrong));
  } else {
    ncl_detector_succeed(detector);
  }
}

static void on_self(void *arg, const ncl_outcome *outcome) {
  ecs_work *w = arg;
  const ncl_aws_document *document = outcome->result;
  w->token = 0;
  if (outcome->status != NCL_OK && w->detector->detection->config.must_be_there) {
    ncl_detector *detector = w->detector;
    char words[NCL_DETECTOR_WORDS];
    (void)snprintf(words, sizeof words, "%.*s", FMT(outcome->message));
    free_work(detector);
    ncl_detector_fail(detector, ncl_found_str(words));
    return;
  }
  if (outcome->status != NCL_OK) {
    ncl_detector_warn(w->detector, "resource.no_logs",
                      "The own container could not be told from the others: aws.log.* are left out.", "reason",
                      outcome->message);
  }
  finish(w, outcome->status == NCL_OK ? document->body : (ncl_range){NULL, 0});
}

static void on_task(void *arg, const ncl_outcome *outcome) {
  ecs_work *w = arg;
  ncl_detector *detector = w->detector;
  const ncl_aws_document *document = outcome->result;
  w->token = 0;
  ncl_status status = outcome->status;
  if (status == NCL_OK) {
    w->task = malloc(document->body.len + 1);
    if (w->task != NULL) {
      if (document->body.len > 0) memcpy(w->task, document->body.ptr, document->body.len);
      w->task_len = document->body.len;
      ask(w, "", on_self);
      return;
    }
    status = NCL_NO_MEMORY;
  }
  char words[NCL_DETECTOR_WORDS];
  (void)snprintf(words, sizeof words, "%.*s", FMT(outcome->message));
  free_work(detector);
  if (status == NCL_UNSUPPORTED) {
    ncl_detector_miss(detector, ncl_found_str(words));
  } else {
    ncl_detector_fail(detector, ncl_found_str(words));
  }
}

static void begin_ecs(ncl_detector *detector) {
  /* Elsewhere than on ECS nothing is loaded for this. */
  if (ncl_detector_env_text(detector, "ECS_CONTAINER_METADATA_URI_V4").len == 0 &&
      ncl_detector_env_text(detector, "ECS_CONTAINER_METADATA_URI").len == 0) {
    ncl_detector_miss(detector, ncl_found_str("neither ECS_CONTAINER_METADATA_URI_V4 nor ECS_CONTAINER_METADATA_URI is "
                                              "set: this is no ECS task"));
    return;
  }
  if (ncl_detector_aws(detector) == NULL) return;
  ecs_work *w = calloc(1, sizeof *w);
  if (w == NULL) {
    ncl_detector_fail(detector, ncl_found_str("no memory"));
    return;
  }
  w->detector = detector;
  detector->work = w;
  ask(w, "/task", on_task);
}

const ncl_detector_type ncl_detector_ecs = {"ecs", begin_ecs, cancel_ecs};

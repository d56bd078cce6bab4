/* SPDX-License-Identifier: Apache-2.0 */
/* resource.c: what a segment says of the service that made it: its name, where it runs, its SDK. */
#include <string.h>

#include "spans.h"

static ncl_str str(const char *s) {
  return ncl_str_of(s, strlen(s));
}

static bool is(ncl_str text, const char *word) {
  return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

/* Members of `object` that become attributes as they are. */
typedef struct mapping {
  const char *member, *key;
} mapping;

static void add_all(ncl_segment_translator *t, const ncl_json_value *object, const mapping *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    ncl_segment_add_text(&t->attributes, list[i].key, ncl_segment_get(t, object, list[i].member));
}

#define ADD_ALL(t, object, list) add_all((t), (object), (list), sizeof(list) / sizeof((list)[0]))

static void add_beanstalk(ncl_segment_translator *t, const ncl_json_value *beanstalk) {
  const ncl_json_value *deployment = ncl_segment_get(t, beanstalk, "deployment_id");
  ncl_segment_add_text(&t->attributes, "service.namespace", ncl_segment_get(t, beanstalk, "environment_name"));
  if (deployment != NULL && deployment->type == NCL_JSON_NUMBER)
    ncl_segment_add_str(&t->attributes, "service.instance.id", deployment->text);
  ncl_segment_add_text(&t->attributes, "service.version", ncl_segment_get(t, beanstalk, "version_label"));
}

/* [{"log_group":…,"arn":…}] as two lists. */
static void add_log_groups(ncl_segment_translator *t, const ncl_json_value *logs) {
  if (logs == NULL || logs->type != NCL_JSON_ARRAY) return;
  ncl_segment_add_members(&t->attributes, "aws.log.group.arns", logs, "arn");
  ncl_segment_add_members(&t->attributes, "aws.log.group.names", logs, "log_group");
}

/* Where the service runs, as the exporter awsxray makes origins of it. */
static void add_platform(ncl_segment_translator *t, ncl_str origin) {
  static const mapping platforms[] = {{"AWS::EC2::Instance", "aws_ec2"},
                                      {"AWS::ECS::Container", "aws_ecs"},
                                      {"AWS::ECS::EC2", "aws_ecs"},
                                      {"AWS::ECS::Fargate", "aws_ecs"},
                                      {"AWS::EKS::Container", "aws_eks"},
                                      {"AWS::ElasticBeanstalk::Environment", "aws_elastic_beanstalk"},
                                      {"AWS::AppRunner::Service", "aws_app_runner"},
                                      {"AWS::Lambda::Function", "aws_lambda"}};
  for (size_t i = 0; i < sizeof platforms / sizeof platforms[0]; i++) {
    if (is(origin, platforms[i].member)) ncl_segment_add_str(&t->attributes, "cloud.platform", str(platforms[i].key));
  }
  if (is(origin, "AWS::ECS::EC2")) ncl_segment_add_str(&t->attributes, "aws.ecs.launchtype", str("ec2"));
  if (is(origin, "AWS::ECS::Fargate")) ncl_segment_add_str(&t->attributes, "aws.ecs.launchtype", str("fargate"));
}

static void add_aws(ncl_segment_translator *t, const ncl_json_value *segment, const ncl_json_value *aws) {
  static const mapping ec2[] = {{"availability_zone", "cloud.availability_zone"},
                                {"instance_id", "host.id"},
                                {"instance_size", "host.type"},
                                {"ami_id", "host.image.id"}};
  static const mapping ecs[] = {{"container", "container.name"},
                                {"availability_zone", "cloud.availability_zone"},
                                {"container_id", "container.id"}};
  static const mapping ecs_more[] = {{"task_arn", "aws.ecs.task.arn"},
                                     {"task_family", "aws.ecs.task.family"},
                                     {"cluster_arn", "aws.ecs.cluster.arn"},
                                     {"container_arn", "aws.ecs.container.arn"},
                                     {"launch_type", "aws.ecs.launchtype"}};
  static const mapping eks[] = {
      {"container_id", "container.id"}, {"cluster_name", "k8s.cluster.name"}, {"pod", "k8s.pod.name"}};
  if (aws == NULL || aws->type != NCL_JSON_OBJECT) {
    ncl_segment_add_str(&t->attributes, "cloud.provider", str("unknown"));
    return;
  }
  ncl_segment_add_str(&t->attributes, "cloud.provider", str("aws"));
  ncl_segment_add_text(&t->attributes, "cloud.account.id", ncl_segment_get(t, aws, "account_id"));
  add_log_groups(t, ncl_segment_get(t, aws, "cloudwatch_logs"));
  ADD_ALL(t, ncl_segment_get(t, aws, "ec2"), ec2);
  ADD_ALL(t, ncl_segment_get(t, aws, "ecs"), ecs);
  if (t->compat == 0) {
    add_platform(t, ncl_json_text(ncl_segment_get(t, segment, "origin")));
    ADD_ALL(t, ncl_segment_get(t, aws, "ecs"), ecs_more);
  }
  add_beanstalk(t, ncl_segment_get(t, aws, "elastic_beanstalk"));
  ADD_ALL(t, ncl_segment_get(t, aws, "eks"), eks);
}

/* "X-Ray for Go". Stacks are written as those of Java (cause.c), so that is the language of whoever has some. */
static void add_sdk(ncl_segment_translator *t, const ncl_json_value *segment, const ncl_json_value *aws) {
  static const char before[] = "for ";
  const ncl_json_value *xray = ncl_segment_get(t, aws, "xray"), *sdk = ncl_segment_get(t, xray, "sdk");
  const ncl_json_value *exceptions = ncl_segment_get(t, ncl_segment_get(t, segment, "cause"), "exceptions");
  ncl_segment_add_text(&t->attributes, "telemetry.sdk.version", ncl_segment_get(t, xray, "sdk_version"));
  if (!ncl_segment_is_text(sdk)) return;
  ncl_segment_add_text(&t->attributes, "telemetry.sdk.name", sdk);
  if (exceptions != NULL && exceptions->type == NCL_JSON_ARRAY && exceptions->count > 0) {
    ncl_segment_add_str(&t->attributes, "telemetry.sdk.language", str("java"));
    return;
  }
  const char *at = memmem(sdk->text.ptr, sdk->text.len, before, sizeof before - 1);
  if (at == NULL) return;
  at += sizeof before - 1;
  ncl_segment_add_str(&t->attributes, "telemetry.sdk.language",
                      ncl_str_of(at, sdk->text.len - (size_t)(at - sdk->text.ptr)));
}

void ncl_segment_resource(ncl_segment_translator *t, const ncl_json_value *segment) {
  const ncl_json_value *aws = ncl_segment_get(t, segment, "aws");
  ncl_segment_attributes_open(&t->attributes, t->doc);
  ncl_segment_add_text(&t->attributes, "service.name", ncl_segment_get(t, segment, "name"));
  add_aws(t, segment, aws);
  add_sdk(t, segment, aws);
  ncl_segment_add_text(&t->attributes, "service.version",
                       ncl_segment_get(t, ncl_segment_get(t, segment, "service"), "version"));
  ncl_segment_add_text(&t->attributes, "aws.xray.resource_arn", ncl_segment_get(t, segment, "resource_arn"));
}

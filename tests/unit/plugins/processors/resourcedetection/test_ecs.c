/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/processors/resourcedetection/ecs.c: documents as the ECS agent gives them (its documentation, "Task metadata
 * endpoint version 4" and "version 3"). */
#include "found_test.h"

#include "plugins/processors/resourcedetection/ecs.h"

#define APP                                                                                                     \
  "{\"DockerId\":\"app\",\"Name\":\"shop\",\"Type\":\"NORMAL\",\"KnownStatus\":\"RUNNING\","                    \
  "\"LogDriver\":\"awslogs\",\"LogOptions\":{\"awslogs-group\":\"/ecs/shop\",\"awslogs-region\":\"us-west-2\"," \
  "\"awslogs-stream\":\"ecs/shop/158d\"}}"
#define PAUSE                                                                                                    \
  "{\"DockerId\":\"pause\",\"Name\":\"~internal~ecs~pause\",\"Type\":\"CNI_PAUSE\",\"KnownStatus\":\"RUNNING\"," \
  "\"LogDriver\":\"awslogs\",\"LogOptions\":{\"awslogs-group\":\"p\",\"awslogs-stream\":\"p\"}}"
#define ENDED                                                                                 \
  "{\"DockerId\":\"init\",\"Name\":\"init\",\"Type\":\"NORMAL\",\"KnownStatus\":\"STOPPED\"," \
  "\"LogDriver\":\"awslogs\",\"LogOptions\":{\"awslogs-group\":\"e\",\"awslogs-stream\":\"e\"}}"
#define FLUENT                                                                              \
  "{\"DockerId\":\"web\",\"Name\":\"web\",\"Type\":\"NORMAL\",\"KnownStatus\":\"RUNNING\"," \
  "\"LogDriver\":\"awsfirelens\",\"LogOptions\":{\"Name\":\"x\"}}"
#define SELF                                                                                                    \
  "{\"DockerId\":\"self\",\"Name\":\"collector\",\"Type\":\"NORMAL\",\"KnownStatus\":\"RUNNING\","              \
  "\"LogDriver\":\"awslogs\",\"LogOptions\":{\"awslogs-group\":\"/ecs/otel\",\"awslogs-region\":\"us-west-2\"," \
  "\"awslogs-stream\":\"ecs/otel/1\"}}"

#define TASK(partition, cluster, more)                                                               \
  "{\"Cluster\":\"" cluster "\",\"TaskARN\":\"arn:" partition                                        \
  ":ecs:us-west-2:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c\",\"Family\":\"shop\"," \
  "\"Revision\":\"26\",\"DesiredStatus\":\"RUNNING\",\"KnownStatus\":\"RUNNING\"" more "}"

#define COMMON "cloud.provider=aws\ncloud.platform=aws_ecs\ncloud.account.id=111122223333\ncloud.region=us-west-2\n"

static ncl_range range(const char *text) {
  return (ncl_range){(const uint8_t *)text, strlen(text)};
}

static void assert_task(const char *task, const char *self, const char *expected) {
  ncl_found found;
  ncl_found_open(&found, NULL);
  assert_null(ncl_ecs_read(range(task), range(self), &found));
  assert_false(found.has_failed);
  assert_found(&found, expected);
  ncl_found_close(&found);
}

static void a_fargate_task_has_all(void **state) {
  (void)state;
  assert_task(TASK("aws", "arn:aws:ecs:us-west-2:111122223333:cluster/default",
                   ",\"AvailabilityZone\":\"us-west-2d\",\"LaunchType\":\"FARGATE\",\"Containers\":[" PAUSE "," APP
                   "," ENDED "," FLUENT "," SELF "]"),
              SELF,
              COMMON
              "cloud.availability_zone=us-west-2d\n"
              "aws.ecs.task.arn=arn:aws:ecs:us-west-2:111122223333:task/default/"
              "158d1c8083dd49d6b527399fd6414f5c\n"
              "aws.ecs.task.id=158d1c8083dd49d6b527399fd6414f5c\n"
              "aws.ecs.task.family=shop\naws.ecs.task.revision=26\n"
              "aws.ecs.cluster.arn=arn:aws:ecs:us-west-2:111122223333:cluster/default\n"
              "aws.ecs.launchtype=fargate\n"
              "aws.log.group.names=[/ecs/shop]\n"
              "aws.log.group.arns=[arn:aws:logs:us-west-2:111122223333:log-group:/ecs/shop]\n"
              "aws.log.stream.names=[ecs/shop/158d]\n"
              "aws.log.stream.arns=[arn:aws:logs:us-west-2:111122223333:log-group:/ecs/shop:log-stream:"
              "ecs/shop/158d]\n");
}

/* On EC2 the cluster is a name, and version 3 has neither launch type nor logs. */
static void a_task_of_version_3_has_what_there_is(void **state) {
  (void)state;
  assert_task(TASK("aws", "default", ",\"Containers\":[{\"DockerId\":\"app\",\"Name\":\"shop\",\"Type\":\"NORMAL\"}]"),
              "{\"DockerId\":\"self\"}",
              COMMON
              "aws.ecs.task.arn=arn:aws:ecs:us-west-2:111122223333:task/default/"
              "158d1c8083dd49d6b527399fd6414f5c\n"
              "aws.ecs.task.id=158d1c8083dd49d6b527399fd6414f5c\n"
              "aws.ecs.task.family=shop\naws.ecs.task.revision=26\n"
              "aws.ecs.cluster.arn=arn:aws:ecs:us-west-2:111122223333:cluster/default\n");
}

static void the_partition_is_that_of_the_task(void **state) {
  (void)state;
  assert_task(TASK("aws-cn", "default", ",\"LaunchType\":\"EC2\",\"Containers\":[" APP "]"), SELF,
              COMMON
              "aws.ecs.task.arn=arn:aws-cn:ecs:us-west-2:111122223333:task/default/"
              "158d1c8083dd49d6b527399fd6414f5c\n"
              "aws.ecs.task.id=158d1c8083dd49d6b527399fd6414f5c\n"
              "aws.ecs.task.family=shop\naws.ecs.task.revision=26\n"
              "aws.ecs.cluster.arn=arn:aws-cn:ecs:us-west-2:111122223333:cluster/default\n"
              "aws.ecs.launchtype=ec2\n"
              "aws.log.group.names=[/ecs/shop]\n"
              "aws.log.group.arns=[arn:aws-cn:logs:us-west-2:111122223333:log-group:/ecs/shop]\n"
              "aws.log.stream.names=[ecs/shop/158d]\n"
              "aws.log.stream.arns=[arn:aws-cn:logs:us-west-2:111122223333:log-group:/ecs/shop:log-stream:"
              "ecs/shop/158d]\n");
}

/* Without the own container's document it cannot be told apart: no logs rather than wrong ones. */
static void without_the_own_container_there_are_no_logs(void **state) {
  (void)state;
  const char *expected = COMMON
      "aws.ecs.task.arn=arn:aws:ecs:us-west-2:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c\n"
      "aws.ecs.task.id=158d1c8083dd49d6b527399fd6414f5c\naws.ecs.task.family=shop\naws.ecs.task.revision=26\n"
      "aws.ecs.cluster.arn=arn:aws:ecs:us-west-2:111122223333:cluster/default\n";
  const char *task = TASK("aws", "default", ",\"Containers\":[" APP "]");
  assert_task(task, "", expected);
  assert_task(task, "<html>", expected);
}

static void names_that_are_too_long_end_within_their_place(void **state) {
  static char name[3000], container[4000], task[6000];
  ncl_found found;
  (void)state;
  memset(name, 'n', sizeof name - 1);
  (void)snprintf(container, sizeof container,
                 "{\"DockerId\":\"app\",\"Type\":\"NORMAL\",\"KnownStatus\":\"RUNNING\",\"LogDriver\":\"awslogs\","
                 "\"LogOptions\":{\"awslogs-group\":\"%s\",\"awslogs-stream\":\"s\"}}",
                 name);
  (void)snprintf(task, sizeof task, "{\"TaskARN\":\"arn:aws:ecs:r:1:task/a/b\",\"Containers\":[%s]}", container);
  ncl_found_open(&found, NULL);
  assert_null(ncl_ecs_read(range(task), range(SELF), &found));
  assert_false(found.has_failed);
  ncl_found_close(&found);
}

static void what_is_no_task_is_said(void **state) {
  ncl_found found;
  (void)state;
  ncl_found_open(&found, NULL);
  assert_string_equal(ncl_ecs_read(range("<html>"), range(SELF), &found), "the document of the task is not JSON");
  assert_string_equal(ncl_ecs_read(range("{}"), range(SELF), &found), "the document of the task has no TaskARN");
  assert_string_equal(ncl_ecs_read(range("[1]"), range(SELF), &found), "the document of the task has no TaskARN");
  assert_found(&found, "");
  assert_null(ncl_ecs_read(range("{\"TaskARN\":\"x\",\"Cluster\":7,\"Containers\":{\"a\":1}}"), range(SELF), &found));
  assert_found(&found, "cloud.provider=aws\ncloud.platform=aws_ecs\naws.ecs.task.arn=x\n");
  ncl_found_close(&found);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fargate_task_has_all),
      cmocka_unit_test(a_task_of_version_3_has_what_there_is),
      cmocka_unit_test(the_partition_is_that_of_the_task),
      cmocka_unit_test(without_the_own_container_there_are_no_logs),
      cmocka_unit_test(names_that_are_too_long_end_within_their_place),
      cmocka_unit_test(what_is_no_task_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/processors/resourcedetection over a service "ncl.aws/1" of the test's own. */
#include <nacelle/aws.h>
#include <stdlib.h>

#include "../../plugin_test.h"

#define TASK_ARN "arn:aws:ecs:us-west-2:111122223333:task/default/158d"
#define TASK "{\"Cluster\":\"default\",\"TaskARN\":\"" TASK_ARN "\",\"Family\":\"shop\",\"Revision\":\"26\"}"
#define IDENTITY                                                                                      \
  "{\"region\":\"eu-west-1\",\"accountId\":\"1\",\"availabilityZone\":\"eu-west-1b\",\"instanceId\":" \
  "\"i-1\",\"imageId\":\"ami-1\",\"instanceType\":\"t3.nano\"}"

/* What is answered to a path. */
typedef struct prepared {
  const char *path;
  const char *body;  /* NULL = the status */
  ncl_status status; /* NCL_PENDING = later, see answer_now */
} prepared;

typedef struct fixture {
  ncl_aws aws;
  ncl_test_interface interface;
  ncl_test *t;
  prepared answers[8];
  uint32_t answer_count;
  ncl_aws_document document;
  ncl_token token; /* of the question that waits */
  uint32_t questions, cancels;
  int64_t max_age_ns; /* of the last question */
} fixture;

static ncl_status fake_metadata(void *self, ncl_component *owner, const ncl_aws_metadata *request, ncl_token token,
                                ncl_outcome *outcome) {
  fixture *f = self;
  (void)owner;
  f->questions++;
  f->max_age_ns = request->max_age_ns;
  for (uint32_t i = 0; i < f->answer_count; i++) {
    const prepared *a = &f->answers[i];
    if (request->path.len != strlen(a->path) || memcmp(request->path.ptr, a->path, request->path.len) != 0) continue;
    if (a->body != NULL) {
      f->document.body = (ncl_range){(const uint8_t *)a->body, strlen(a->body)};
      outcome->result = &f->document;
      return NCL_OK;
    }
    outcome->message = (ncl_str)NCL_STR("503 Service Unavailable");
    if (a->status == NCL_PENDING) f->token = token;
    return a->status;
  }
  outcome->message = (ncl_str)NCL_STR("404 Not Found");
  return NCL_RETRYABLE;
}

static void fake_cancel(void *self, ncl_token token) {
  fixture *f = self;
  assert_int_equal(f->token, token);
  f->token = 0;
  f->cancels++;
}

static void set_answer(fixture *f, const char *path, const char *body, ncl_status status) {
  uint32_t i = 0;
  while (i < f->answer_count && strcmp(f->answers[i].path, path) != 0)
    i++;
  if (i == f->answer_count) f->answer_count++;
  f->answers[i] = (prepared){path, body, status};
}

/* Answers the question that waits. */
static void answer_now(fixture *f, const char *body) {
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  ncl_token token = f->token;
  f->token = 0;
  f->document.body = (ncl_range){(const uint8_t *)body, strlen(body)};
  outcome.result = &f->document;
  ncl_test_host(f->t)->complete(ncl_test_me(f->t), token, &outcome);
  ncl_test_settle(f->t);
}

static void clear_environment(void) {
  unsetenv("ECS_CONTAINER_METADATA_URI_V4");
  unsetenv("ECS_CONTAINER_METADATA_URI");
  unsetenv("OTEL_RESOURCE_ATTRIBUTES");
  unsetenv("OTEL_RESOURCE");
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  clear_environment();
  f->aws = (ncl_aws){.struct_size = sizeof f->aws, .self = f, .metadata = fake_metadata, .cancel = fake_cancel};
  f->document.struct_size = sizeof f->document;
  f->interface = (ncl_test_interface){NCL_KIND_SERVICE, "aws", NCL_AWS_1, &f->aws};
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  if (f->t != NULL) assert_int_equal(ncl_test_close(f->t), 0);
  clear_environment();
  free(f);
  return 0;
}

static ncl_test_options options_of(fixture *f, const char *config) {
  return (ncl_test_options){.plugin = PLUGIN("processors", "resourcedetection"),
                            .config = config,
                            .interfaces = &f->interface,
                            .interface_count = 1};
}

static void open_it(fixture *f, const char *config) {
  ncl_test_options options = options_of(f, config);
  f->t = open_started(&options);
}

/* On ECS, with these answers about the task and the own container. */
static void open_ecs(fixture *f, const char *config, const char *task, ncl_status status) {
  setenv("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/abc", 1);
  set_answer(f, "/task", task, status);
  set_answer(f, "", "{\"DockerId\":\"self\"}", NCL_OK);
  open_it(f, config);
}

static const ncl_test_answer *give(fixture *f, const char *resource) {
  return ncl_test_consume(f->t, ncl_test_batch(f->t, NCL_SIGNAL_TRACES, 1, resource), NULL);
}

/* Batch `i` of the sink has a resource with `part`. */
static void assert_came(fixture *f, uint32_t i, const char *part) {
  const ncl_test_received *one = ncl_test_sink_at(f->t, 0, i);
  assert_non_null(one);
  assert_contains(ncl_test_text(f->t, one->batch), part);
}

static void assert_came_without(fixture *f, uint32_t i, const char *part) {
  const ncl_test_received *one = ncl_test_sink_at(f->t, 0, i);
  assert_non_null(one);
  assert_null(strstr(ncl_test_text(f->t, one->batch), part));
}

/* ---- what is added ----------------------------------------------------------------------------------- */

static void what_the_environment_says_is_added_to_each_resource(void **state) {
  fixture *f = *state;
  setenv("OTEL_RESOURCE_ATTRIBUTES", "team=core,service.name=shop%20front", 1);
  open_it(f, "");
  assert_int_equal(give(f, "host.id=7")->status, NCL_OK);
  assert_came(f, 0, "host.id=7");
  assert_came(f, 0, "team=core");
  assert_came(f, 0, "service.name=shop front");
  assert_int_equal(f->questions, 0);
  assert_int_equal(ncl_test_logged(f->t, "resource.detected"), 1);
}

static void the_older_variable_counts_where_the_newer_is_not_set(void **state) {
  fixture *f = *state;
  setenv("OTEL_RESOURCE", "team=old", 1);
  open_it(f, "");
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 0, "team=old");
}

static void a_bad_part_is_said_without_its_value(void **state) {
  fixture *f = *state;
  setenv("OTEL_RESOURCE_ATTRIBUTES", "a=1,,key=sesame%,b=2", 1);
  open_it(f, "");
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 0, "a=1");
  assert_came(f, 0, "b=2");
  assert_int_equal(ncl_test_logged(f->t, "resource.bad_attribute"), 2);
  assert_int_equal(ncl_test_logged(f->t, "sesame"), 0);
}

static void nothing_found_changes_nothing(void **state) {
  fixture *f = *state;
  open_it(f, "detectors: [env, ecs]\n");
  const ncl_batch *batch = ncl_test_batch(f->t, NCL_SIGNAL_TRACES, 1, "a=1");
  assert_int_equal(ncl_test_consume(f->t, batch, NULL)->status, NCL_OK);
  assert_ptr_equal(ncl_test_sink_at(f->t, 0, 0)->batch, batch);
  assert_int_equal(f->questions, 0);
}

static void what_a_resource_has_is_replaced(void **state) {
  fixture *f = *state;
  setenv("OTEL_RESOURCE_ATTRIBUTES", "team=core", 1);
  open_it(f, "");
  assert_int_equal(give(f, "team=other")->status, NCL_OK);
  assert_came(f, 0, "team=core");
  assert_came_without(f, 0, "team=other");
}

static void or_stays_without_override(void **state) {
  fixture *f = *state;
  setenv("OTEL_RESOURCE_ATTRIBUTES", "team=core,b=2", 1);
  open_it(f, "override: false\n");
  assert_int_equal(give(f, "team=other")->status, NCL_OK);
  assert_came(f, 0, "team=other");
  assert_came(f, 0, "b=2");
  assert_came_without(f, 0, "team=core");
}

static void of_two_detectors_the_first_listed_wins(void **state) {
  fixture *f = *state;
  setenv("OTEL_RESOURCE_ATTRIBUTES", "cloud.region=mine,b=2", 1);
  open_ecs(f, "detectors: [ecs, env]\n", TASK, NCL_OK);
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 0, "cloud.region=us-west-2");
  assert_came(f, 0, "b=2");
}

static void and_the_other_way_round(void **state) {
  fixture *f = *state;
  setenv("OTEL_RESOURCE_ATTRIBUTES", "cloud.region=mine", 1);
  open_ecs(f, "detectors: [env, ecs]\n", TASK, NCL_OK);
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 0, "cloud.region=mine");
  assert_came(f, 0, "cloud.platform=aws_ecs");
}

static void attributes_can_be_switched_off(void **state) {
  fixture *f = *state;
  open_ecs(f, "detectors: [ecs]\necs:\n  resource_attributes:\n    cloud.region:\n      enabled: false\n", TASK,
           NCL_OK);
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came_without(f, 0, "cloud.region");
  assert_came(f, 0, "aws.ecs.task.arn=" TASK_ARN);
}

static void the_old_list_of_attributes_counts_for_all(void **state) {
  fixture *f = *state;
  setenv("OTEL_RESOURCE_ATTRIBUTES", "a=1,b=2", 1);
  open_it(f, "attributes: [b]\n");
  assert_contains(ncl_test_diagnostics(f->t), "resource_attributes");
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 0, "b=2");
  assert_came_without(f, 0, "a=1");
}

static void an_instance_is_described_with_the_tags_that_are_wanted(void **state) {
  fixture *f = *state;
  set_answer(f, "/latest/dynamic/instance-identity/document", IDENTITY, NCL_OK);
  set_answer(f, "/latest/meta-data/hostname", "ip-10-0-0-1.internal", NCL_OK);
  set_answer(f, "/latest/meta-data/tags/instance", "Name\nteam\nteam.cost\nbad/tag", NCL_OK);
  set_answer(f, "/latest/meta-data/tags/instance/team", "core", NCL_OK);
  set_answer(f, "/latest/meta-data/tags/instance/team.cost", "7", NCL_OK);
  open_it(f, "detectors: [ec2]\nec2:\n  tags: ['^team']\n");
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 0, "cloud.platform=aws_ec2");
  assert_came(f, 0, "host.id=i-1");
  assert_came(f, 0, "host.name=ip-10-0-0-1.internal");
  assert_came(f, 0, "ec2.tag.team=core");
  assert_came(f, 0, "ec2.tag.team.cost=7");
  assert_came_without(f, 0, "Name");
  assert_int_equal(f->questions, 5);
}

static void where_there_is_no_instance_there_is_nothing(void **state) {
  fixture *f = *state;
  open_it(f, "detectors: [ec2]\n");
  assert_int_equal(give(f, "a=1")->status, NCL_OK);
  assert_came_without(f, 0, "cloud");
  assert_int_equal(ncl_test_health(f->t, NULL), NCL_OK);
}

static void the_machine_has_a_name_and_a_system(void **state) {
  fixture *f = *state;
  open_it(f,
          "detectors: [system]\nsystem:\n  hostname_sources: [os]\n  resource_attributes:\n"
          "    os.build.id:\n      enabled: true\n");
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 0, "host.name=");
  assert_came(f, 0, "os.type=linux");
  assert_came(f, 0, "os.build.id=");
  assert_came_without(f, 0, "host.id");
}

static void a_name_server_is_asked_on_a_thread(void **state) {
  fixture *f = *state;
  open_it(f, "detectors: [system]\n");
  const ncl_test_answer *answer = give(f, NULL);
  ncl_test_settle(f->t);
  assert_int_equal(answer->status, NCL_OK);
  assert_int_equal(answer->later, 1);
  assert_came(f, 0, "host.name=");
}

/* ---- when it is not known yet ------------------------------------------------------------------------ */

static void batches_wait_for_what_is_not_known_yet(void **state) {
  fixture *f = *state;
  open_ecs(f, "detectors: [ecs]\n", NULL, NCL_PENDING);
  const ncl_test_answer *one = give(f, "a=1"), *two = give(f, "a=2");
  assert_int_equal(one->status, NCL_PENDING);
  assert_int_equal(ncl_test_sink_count(f->t, 0), 0);
  answer_now(f, TASK);
  assert_int_equal(one->status, NCL_OK);
  assert_int_equal(two->status, NCL_OK);
  assert_came(f, 0, "a=1");
  assert_came(f, 1, "a=2");
  assert_came(f, 1, "aws.ecs.task.arn=" TASK_ARN);
}

static void what_is_behind_answers_for_those_that_waited(void **state) {
  fixture *f = *state;
  open_ecs(f, "detectors: [ecs]\n", NULL, NCL_PENDING);
  const ncl_test_answer *one = give(f, NULL), *two = give(f, NULL);
  ncl_test_sink_answer(f->t, 0, NCL_PENDING);
  answer_now(f, TASK);
  assert_int_equal(one->status, NCL_PENDING);
  ncl_test_sink_complete(f->t, 0, 0, NCL_RETRYABLE);
  ncl_test_sink_complete(f->t, 0, 1, NCL_OK);
  assert_int_equal(one->status, NCL_RETRYABLE);
  assert_int_equal(two->status, NCL_OK);
}

static void after_the_timeout_telemetry_flows_without_it(void **state) {
  fixture *f = *state;
  const char *message = NULL;
  open_ecs(f, "detectors: [ecs]\ntimeout: 2s\n", NULL, NCL_PENDING);
  const ncl_test_answer *one = give(f, "a=1");
  ncl_test_advance(f->t, 1900 * MS);
  assert_int_equal(one->status, NCL_PENDING);
  ncl_test_advance(f->t, 200 * MS);
  assert_int_equal(one->status, NCL_OK);
  assert_came_without(f, 0, "cloud");
  assert_int_equal(give(f, "a=2")->status, NCL_OK);
  assert_int_equal(ncl_test_health(f->t, &message), NCL_RETRYABLE);
  assert_contains(message, "detection goes on");
  answer_now(f, TASK);
  assert_int_equal(ncl_test_health(f->t, NULL), NCL_OK);
  assert_int_equal(give(f, "a=3")->status, NCL_OK);
  assert_came(f, 2, "cloud.platform=aws_ecs");
}

static void what_failed_is_asked_again(void **state) {
  fixture *f = *state;
  const char *message = NULL;
  open_ecs(f, "detectors: [ecs]\nretry:\n  initial_interval: 1s\n  randomization_factor: 0\n", NULL, NCL_RETRYABLE);
  const ncl_test_answer *one = give(f, NULL);
  assert_int_equal(f->questions, 1);
  ncl_test_advance(f->t, 1100 * MS);
  assert_int_equal(f->questions, 2);
  ncl_test_advance(f->t, 1100 * MS);
  assert_int_equal(f->questions, 2);
  ncl_test_advance(f->t, 1000 * MS);
  assert_int_equal(f->questions, 3);
  assert_int_equal(one->status, NCL_PENDING);
  ncl_test_advance(f->t, 2000 * MS);
  assert_int_equal(one->status, NCL_OK);
  assert_int_equal(ncl_test_health(f->t, &message), NCL_RETRYABLE);
  assert_string_equal(message, "ecs: 503 Service Unavailable");
  set_answer(f, "/task", TASK, NCL_OK);
  ncl_test_advance(f->t, 4 * S);
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 1, "cloud.platform=aws_ecs");
  assert_int_equal(ncl_test_health(f->t, NULL), NCL_OK);
}

static void of_a_run_that_failed_nothing_is_left(void **state) {
  fixture *f = *state;
  set_answer(f, "/latest/dynamic/instance-identity/document", IDENTITY, NCL_OK);
  set_answer(f, "/latest/meta-data/hostname", NULL, NCL_RETRYABLE);
  open_it(f, "detectors: [ec2]\n");
  const ncl_test_answer *one = give(f, NULL);
  assert_int_equal(one->status, NCL_PENDING);
  set_answer(f, "/latest/dynamic/instance-identity/document", "{\"instanceId\":\"i-2\"}", NCL_OK);
  set_answer(f, "/latest/meta-data/hostname", "h", NCL_OK);
  ncl_test_advance(f->t, 2 * S);
  assert_int_equal(one->status, NCL_OK);
  assert_came(f, 0, "host.id=i-2");
  assert_came_without(f, 0, "eu-west-1");
}

static void or_not_where_retries_are_off(void **state) {
  fixture *f = *state;
  open_ecs(f, "detectors: [ecs]\nretry:\n  enabled: false\n", NULL, NCL_RETRYABLE);
  ncl_test_advance(f->t, 100 * S);
  assert_int_equal(f->questions, 1);
}

static void what_others_found_flows_though_one_failed(void **state) {
  fixture *f = *state;
  setenv("OTEL_RESOURCE_ATTRIBUTES", "b=2", 1);
  open_ecs(f, "detectors: [ecs, env]\ntimeout: 1s\n", NULL, NCL_RETRYABLE);
  const ncl_test_answer *one = give(f, NULL);
  ncl_test_advance(f->t, 2 * S);
  assert_int_equal(one->status, NCL_OK);
  assert_came(f, 0, "b=2");
}

static void so_many_wait_and_no_more(void **state) {
  fixture *f = *state;
  open_ecs(f, "detectors: [ecs]\n", NULL, NCL_PENDING);
  for (uint32_t i = 0; i < 1024; i++)
    assert_int_equal(give(f, NULL)->status, NCL_PENDING);
  const ncl_test_answer *more = give(f, NULL);
  assert_int_equal(more->status, NCL_RETRYABLE);
  assert_contains(more->message, "1,024 requests wait");
  answer_now(f, TASK);
  assert_int_equal(ncl_test_sink_count(f->t, 0), 1024);
}

static void without_telemetry_detection_begins_by_itself(void **state) {
  fixture *f = *state;
  open_ecs(f, "detectors: [ecs]\n", TASK, NCL_OK);
  assert_int_equal(f->questions, 0);
  ncl_test_advance(f->t, 100 * MS);
  assert_int_equal(f->questions, 2);
  assert_int_equal(give(f, NULL)->later, 0);
}

/* ---- again ------------------------------------------------------------------------------------------- */

static void a_refresh_asks_for_what_is_new(void **state) {
  fixture *f = *state;
  open_ecs(f, "detectors: [ecs]\nrefresh_interval: 10s\n", TASK, NCL_OK);
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_int_equal(f->max_age_ns, 0);
  set_answer(f, "/task", "{\"TaskARN\":\"" TASK_ARN "\",\"Family\":\"cafe\"}", NCL_OK);
  ncl_test_advance(f->t, 11 * S);
  assert_int_equal(f->max_age_ns, 1);
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 0, "aws.ecs.task.family=shop");
  assert_came(f, 1, "aws.ecs.task.family=cafe");
  assert_came_without(f, 1, "aws.ecs.task.revision");
}

static void what_was_found_stays_while_a_refresh_fails(void **state) {
  fixture *f = *state;
  open_ecs(f, "detectors: [ecs]\nrefresh_interval: 10s\n", TASK, NCL_OK);
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  set_answer(f, "/task", NULL, NCL_RETRYABLE);
  ncl_test_advance(f->t, 11 * S);
  assert_true(f->questions > 2);
  assert_int_equal(ncl_test_health(f->t, NULL), NCL_RETRYABLE);
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 1, "aws.ecs.task.family=shop");
}

static void so_does_an_instance_that_does_not_answer_any_more(void **state) {
  fixture *f = *state;
  set_answer(f, "/latest/dynamic/instance-identity/document", IDENTITY, NCL_OK);
  set_answer(f, "/latest/meta-data/hostname", "h", NCL_OK);
  open_it(f, "detectors: [ec2]\nrefresh_interval: 10s\n");
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  set_answer(f, "/latest/dynamic/instance-identity/document", NULL, NCL_RETRYABLE);
  ncl_test_advance(f->t, 11 * S);
  assert_int_equal(give(f, NULL)->status, NCL_OK);
  assert_came(f, 1, "host.id=i-1");
}

/* ---- where it has to be there ------------------------------------------------------------------------ */

#define MUST "fail_on_missing_metadata: true\n"

static void the_start_waits_for_what_has_to_be_there(void **state) {
  fixture *f = *state;
  setenv("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/abc", 1);
  set_answer(f, "/task", NULL, NCL_PENDING);
  set_answer(f, "", "{}", NCL_OK);
  ncl_test_options options = options_of(f, "detectors: [ecs]\n" MUST);
  f->t = ncl_test_open(&options);
  assert_int_equal(ncl_test_start(f->t), NCL_PENDING);
  answer_now(f, TASK);
  assert_int_equal(ncl_test_started(f->t), NCL_OK);
}

static void and_fails_where_it_does_not_come(void **state) {
  fixture *f = *state;
  setenv("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/abc", 1);
  set_answer(f, "/task", NULL, NCL_RETRYABLE);
  ncl_test_options options = options_of(f, "detectors: [ecs]\ntimeout: 3s\n" MUST);
  f->t = ncl_test_open(&options);
  assert_int_equal(ncl_test_start(f->t), NCL_PENDING);
  ncl_test_advance(f->t, 2 * S);
  assert_int_equal(ncl_test_started(f->t), NCL_PENDING);
  ncl_test_advance(f->t, 2 * S);
  assert_int_equal(ncl_test_started(f->t), NCL_PERMANENT);
}

static void a_task_has_to_be_one(void **state) {
  fixture *f = *state;
  ncl_test_options options = options_of(f, "detectors: [ecs]\ntimeout: 3s\n" MUST);
  f->t = ncl_test_open(&options);
  assert_int_equal(ncl_test_start(f->t), NCL_PENDING);
  ncl_test_advance(f->t, 4 * S);
  assert_int_equal(ncl_test_started(f->t), NCL_PERMANENT);
  assert_int_equal(ncl_test_logged(f->t, "this is no ECS task") > 0, 1);
}

/* ---- the end ----------------------------------------------------------------------------------------- */

static void at_the_end_what_waits_goes_on(void **state) {
  fixture *f = *state;
  open_ecs(f, "detectors: [ecs]\n", NULL, NCL_PENDING);
  const ncl_test_answer *one = give(f, "a=1");
  assert_int_equal(ncl_test_end(f->t, S), 1);
  assert_int_equal(one->status, NCL_OK);
  assert_came(f, 0, "a=1");
  assert_int_equal(f->cancels, 1);
}

static void it_ends_while_a_name_server_does_not_answer(void **state) {
  fixture *f = *state;
  open_it(f, "detectors: [system]\n");
  ncl_test_wait_for_jobs(f->t, 0);
  (void)give(f, NULL);
  assert_int_equal(ncl_test_end(f->t, S), 1);
  ncl_test_wait_for_jobs(f->t, 1);
  ncl_test_settle(f->t);
}

static void mistakes_are_found_before_the_start(void **state) {
  static const char *const configs[][2] = {
      {"detectors: [gcp]\n", "gcp"},
      {"detectors: [env, env]\n", "listed twice"},
      {"ec2:\n  tags: ['(']\n", "no regular expression"},
      {"ecs:\n  resource_attributes:\n    cloud.moon:\n      enabled: true\n", "cloud.moon"},
      {"system:\n  hostname_sources: [guess]\n", "guess"},
      {"timeout: -1s\n", "timeout"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
    ncl_test_options options = {.plugin = PLUGIN("processors", "resourcedetection"), .config = configs[i][0]};
    assert_refused(&options, configs[i][1]);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(what_the_environment_says_is_added_to_each_resource),
      TEST(the_older_variable_counts_where_the_newer_is_not_set),
      TEST(a_bad_part_is_said_without_its_value),
      TEST(nothing_found_changes_nothing),
      TEST(what_a_resource_has_is_replaced),
      TEST(or_stays_without_override),
      TEST(of_two_detectors_the_first_listed_wins),
      TEST(and_the_other_way_round),
      TEST(attributes_can_be_switched_off),
      TEST(the_old_list_of_attributes_counts_for_all),
      TEST(an_instance_is_described_with_the_tags_that_are_wanted),
      TEST(where_there_is_no_instance_there_is_nothing),
      TEST(the_machine_has_a_name_and_a_system),
      TEST(a_name_server_is_asked_on_a_thread),
      TEST(batches_wait_for_what_is_not_known_yet),
      TEST(what_is_behind_answers_for_those_that_waited),
      TEST(after_the_timeout_telemetry_flows_without_it),
      TEST(what_failed_is_asked_again),
      TEST(of_a_run_that_failed_nothing_is_left),
      TEST(or_not_where_retries_are_off),
      TEST(what_others_found_flows_though_one_failed),
      TEST(so_many_wait_and_no_more),
      TEST(without_telemetry_detection_begins_by_itself),
      TEST(a_refresh_asks_for_what_is_new),
      TEST(what_was_found_stays_while_a_refresh_fails),
      TEST(so_does_an_instance_that_does_not_answer_any_more),
      TEST(the_start_waits_for_what_has_to_be_there),
      TEST(and_fails_where_it_does_not_come),
      TEST(a_task_has_to_be_one),
      TEST(at_the_end_what_waits_goes_on),
      TEST(it_ends_while_a_name_server_does_not_answer),
      TEST(mistakes_are_found_before_the_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of ECS's and EC2's metadata: kept, fetched once for all, bounded. */
#include "service_test.h"

static void on_ecs(void) {
  put_env("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/abc");
  put_env("ECS_CONTAINER_METADATA_URI", "http://169.254.170.2/v3/abc");
}

static void one_fetch_serves_all_that_wait_and_all_that_come(void **state) {
  fixture *f = *state;
  answer a, b, c;
  on_ecs();
  open_all(f);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &a);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &b);
  ask_document(f, NCL_AWS_ECS_METADATA, "", 0, &c);
  assert_int_equal(f->http.count, 2);
  assert_request(f, 0, "GET", "http://169.254.170.2/v4/abc/task");
  assert_request(f, 1, "GET", "http://169.254.170.2/v4/abc");
  reply(f, 0, 200, "{\"task\":1}");
  reply(f, 1, 200, "{\"container\":1}");
  assert_string_equal(a.body, "{\"task\":1}");
  assert_string_equal(b.body, "{\"task\":1}");
  assert_string_equal(c.body, "{\"container\":1}");
  assert_int_equal(a.version, 4);
  ncl_test_advance(f->t, 3600 * S);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &a);
  assert_string_equal(a.body, "{\"task\":1}");
  assert_int_equal(f->http.count, 2);
}

static void an_answer_grows_old(void **state) {
  fixture *f = *state;
  answer a;
  on_ecs();
  open_all(f);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &a);
  reply(f, 0, 200, "old");
  ncl_test_advance(f->t, 10 * S);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 20 * S, &a);
  assert_string_equal(a.body, "old");
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 5 * S, &a);
  reply(f, 1, 200, "new");
  assert_string_equal(a.body, "new");
}

static void version_3_serves_where_there_is_no_4(void **state) {
  fixture *f = *state;
  answer a;
  put_env("ECS_CONTAINER_METADATA_URI", "http://169.254.170.2/v3/abc");
  open_all(f);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &a);
  assert_request(f, 0, "GET", "http://169.254.170.2/v3/abc/task");
  reply(f, 0, 200, "{}");
  assert_int_equal(a.version, 3);
}

static void what_is_not_here_is_told_from_what_fails(void **state) {
  fixture *f = *state;
  answer a;
  put_env("AWS_EC2_METADATA_DISABLED", "true");
  open_all(f);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &a);
  assert_int_equal(a.status, NCL_UNSUPPORTED);
  ask_document(f, NCL_AWS_EC2_METADATA, "/latest/meta-data/instance-id", 0, &a);
  assert_int_equal(a.status, NCL_UNSUPPORTED);
  assert_contains(a.message, "AWS_EC2_METADATA_DISABLED");
  on_ecs();
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &a);
  reply(f, 0, 404, "");
  assert_int_equal(a.status, NCL_PERMANENT);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &a);
  for (uint32_t i = 1; i < 4; i++) {
    reply(f, i, 503, "");
    wait_for_tries(f);
  }
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_string_equal(a.message, "ECS metadata: HTTP 503 for /task");
}

static void ec2_tells_one_thing_at_a_time_with_one_token(void **state) {
  fixture *f = *state;
  answer a, b;
  open_all(f);
  ask_document(f, NCL_AWS_EC2_METADATA, "/latest/meta-data/instance-id", 0, &a);
  ask_document(f, NCL_AWS_EC2_METADATA, "/latest/meta-data/ami-id", 0, &b);
  assert_int_equal(f->http.count, 1);
  reply(f, 0, 200, "token");
  assert_int_equal(f->http.count, 3);
  reply(f, 1, 200, "first");
  reply(f, 2, 200, "second");
  assert_int_equal(a.status, NCL_OK);
  assert_int_equal(b.status, NCL_OK);
  assert_string_not_equal(a.body, b.body);
  assert_int_equal(a.version, 2);
}

static void a_token_that_is_refused_fails_all_that_wait(void **state) {
  fixture *f = *state;
  answer a, b;
  open_all(f);
  ask_document(f, NCL_AWS_EC2_METADATA, "/latest/meta-data/instance-id", 0, &a);
  ask_document(f, NCL_AWS_EC2_METADATA, "/latest/meta-data/ami-id", 0, &b);
  reply(f, 0, 403, "");
  assert_int_equal(a.status, NCL_RETRYABLE);
  assert_int_equal(b.status, NCL_RETRYABLE);
  assert_string_equal(a.message, "EC2 metadata: HTTP 403 to the request for a token (IMDSv2)");
}

static void paths_that_cannot_be_are_refused(void **state) {
  fixture *f = *state;
  static const char *const wrong[] = {"task", "/a b", "/a\r\nX: y", ""};
  answer a;
  on_ecs();
  open_all(f);
  for (size_t i = 0; i < ROWS(wrong); i++) {
    ask_document(f, i < 3 ? NCL_AWS_ECS_METADATA : NCL_AWS_EC2_METADATA, wrong[i], 0, &a);
    assert_int_equal(a.status, NCL_PERMANENT);
  }
  ask_document(f, 3, "/task", 0, &a);
  assert_int_equal(a.status, NCL_PERMANENT);
  assert_int_equal(f->http.count, 0);
}

static void the_last_that_gives_up_ends_the_fetch(void **state) {
  fixture *f = *state;
  answer a, b;
  on_ecs();
  open_all(f);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &a);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &b);
  cancel(f, &a);
  assert_false(f->http.calls[0].is_cancelled);
  cancel(f, &b);
  assert_true(f->http.calls[0].is_cancelled);
  ask_document(f, NCL_AWS_ECS_METADATA, "/task", 0, &a);
  reply(f, 1, 200, "x");
  assert_string_equal(a.body, "x");
}

static void what_is_kept_is_bounded_and_charged(void **state) {
  fixture *f = *state;
  answer a;
  char path[32];
  on_ecs();
  open_all(f);
  for (uint32_t i = 0; i < 80; i++) {
    (void)snprintf(path, sizeof path, "/%u", i);
    f->http.count = 0;
    ask_document(f, NCL_AWS_ECS_METADATA, path, 0, &a);
    f->http.calls[0].is_answered = false;
    reply(f, 0, 200, "0123456789");
    assert_int_equal(a.status, NCL_OK);
    free(f->http.calls[0].body);
    f->http.calls[0].body = NULL;
    f->http.calls[0].body_len = 0;
  }
  assert_int_equal(ncl_test_memory(f->t), 64 * 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(one_fetch_serves_all_that_wait_and_all_that_come),
      TEST(an_answer_grows_old),
      TEST(version_3_serves_where_there_is_no_4),
      TEST(what_is_not_here_is_told_from_what_fails),
      TEST(ec2_tells_one_thing_at_a_time_with_one_token),
      TEST(a_token_that_is_refused_fails_all_that_wait),
      TEST(paths_that_cannot_be_are_refused),
      TEST(the_last_that_gives_up_ends_the_fetch),
      TEST(what_is_kept_is_bounded_and_charged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

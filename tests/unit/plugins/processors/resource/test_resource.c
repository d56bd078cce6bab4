/* SPDX-License-Identifier: Apache-2.0 */
/* plugins/processors/resource: each action, and what is no action. */
#include <nacelle/otlp_write.h>
#include <stdio.h>

#include "../../plugin_test.h"

static ncl_test_options options(const char *config) {
  return (ncl_test_options){.plugin = PLUGIN("processors", "resource"), .config = config};
}

/* The actions `config` on a resource of these attributes, which becomes `expected`. */
static void assert_becomes_with(const char *config, const char *metadata, const char *attributes,
                                const char *expected) {
  ncl_test_options o = options(config);
  ncl_test *t = open_started(&o);
  const ncl_test_answer *answer = ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 1, attributes), metadata);
  assert_int_equal(answer->status, NCL_OK);
  const char *text = ncl_test_text(t, ncl_test_sink_at(t, 0, 0)->batch);
  char line[1024];
  (void)snprintf(line, sizeof line, "resource%s\n", expected);
  if (strncmp(text, line, strlen(line)) != 0) fail_msg("expected %sis:\n%s", line, text);
  assert_int_equal(ncl_test_close(t), 0);
}

static void assert_becomes(const char *config, const char *attributes, const char *expected) {
  assert_becomes_with(config, NULL, attributes, expected);
}

static void values_have_the_type_that_yaml_gives_them(void **state) {
  (void)state;
  assert_becomes(
      "attributes:\n"
      "- {key: s, value: text, action: insert}\n"
      "- {key: quoted, value: '7', action: insert}\n"
      "- {key: i, value: 7, action: insert}\n"
      "- {key: d, value: 0.5, action: insert}\n"
      "- {key: b, value: true, action: insert}\n"
      "- {key: l, value: [1, x], action: insert}\n"
      "- {key: m, value: {a: 1, b: {c: [false]}}, action: insert}\n",
      "", " s=text quoted=7 i:=7 d:=0.5 b:=true l:=[1,x] m:={a=1,b={c=[false]}}");
}

static void insert_update_and_upsert_look_whether_it_is_there(void **state) {
  (void)state;
  assert_becomes(
      "attributes:\n"
      "- {key: there, value: 1, action: insert}\n"
      "- {key: new, value: 2, action: insert}\n"
      "- {key: changed, value: 3, action: UPDATE}\n"
      "- {key: absent, value: 4, action: update}\n"
      "- {key: set, value: 5, action: upsert}\n"
      "- {key: added, value: 6, action: upsert}\n",
      "there=a;changed=b;set=c;other=d", " there=a changed:=3 set:=5 other=d new:=2 added:=6");
}

static void values_come_from_other_attributes(void **state) {
  (void)state;
  assert_becomes(
      "attributes:\n"
      "- {key: copy, from_attribute: n, action: insert}\n"
      "- {key: none, from_attribute: absent, action: upsert}\n"
      "- {key: instead, from_attribute: absent, default_value: 9, action: upsert}\n"
      "- {key: n, action: delete}\n"
      "- {key: later, from_attribute: copy, action: upsert}\n",
      "n:=7;z=1", " z=1 copy:=7 instead:=9 later:=7");
}

static void values_come_from_who_sent_it(void **state) {
  (void)state;
  const char *config =
      "attributes:\n"
      "- {key: tenant, from_context: metadata.X-Tenant, action: upsert}\n"
      "- {key: plain, from_context: x-tenant, action: upsert}\n"
      "- {key: subject, from_context: auth.subject, action: upsert}\n"
      "- {key: none, from_context: metadata.absent, action: upsert}\n"
      "- {key: instead, from_context: metadata.absent, default_value: d, action: upsert}\n"
      "- {key: ip, from_context: client.address, action: upsert}\n";
  assert_becomes_with(config, "x-tenant=a;auth.subject=me;x-tenant=b", "",
                      " tenant=a;b plain=a;b subject=me instead=d ip=127.0.0.1");
  assert_becomes_with(config, "x-tenant=", "", " tenant= plain= instead=d ip=127.0.0.1");
}

static void delete_takes_a_key_and_a_pattern(void **state) {
  (void)state;
  assert_becomes("attributes: [{key: a, action: delete}]", "a=1;aa=2", " aa=2");
  assert_becomes("attributes: [{pattern: '^a', action: delete}]", "a=1;ba=2;aa=3", " ba=2");
  assert_becomes("attributes: [{key: b, pattern: '^a', action: delete}]", "a=1;b=2;c=3", " c=3");
}

/* Digests of coreutils' sha256sum; numbers are eight bytes, little endian. */
static void hash_puts_sha256_in_the_place_of_a_value(void **state) {
  (void)state;
  assert_becomes("attributes: [{key: a, action: hash}]", "a=abc;b=2",
                 " a=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad b=2");
  assert_becomes("attributes: [{pattern: '^[a-b]$', action: hash}]", "a:=1;b:=true;c=3",
                 " a=7c9fa136d4413fa6173637e883b6998d32e1d675f88cddff9dcbcf331820f4b8"
                 " b=4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a c=3");
  assert_becomes("attributes:\n- {key: l, value: [1], action: insert}\n- {key: l, action: hash}\n", "", " l=");
}

static void extract_sets_what_the_groups_find(void **state) {
  (void)state;
  const char *config =
      "attributes: [{key: url, pattern: '^(?P<scheme>\\w+)://(?P<host>[^/:]+)(:(?P<port>\\d+))?', "
      "action: extract}]";
  ncl_test_options o = options(config);
  assert_refused(&o, "the pattern has a group without a name");
  config =
      "attributes: [{key: url, pattern: '^(?P<scheme>\\w+)://(?P<host>[^/:]+)(?::(?P<port>\\d+))?', "
      "action: extract}]";
  assert_becomes(config, "url=http://a.b:80/c;host=old", " url=http://a.b:80/c host=a.b scheme=http port=80");
  assert_becomes(config, "url=http://a.b/c", " url=http://a.b/c scheme=http host=a.b port=");
  assert_becomes(config, "url=none", " url=none");
  assert_becomes(config, "url:=1", " url:=1");
}

static void convert_changes_the_type_where_it_can(void **state) {
  (void)state;
  assert_becomes(
      "attributes:\n"
      "- {key: a, converted_type: int, action: convert}\n"
      "- {key: b, converted_type: int, action: convert}\n"
      "- {key: c, converted_type: int, action: convert}\n"
      "- {key: d, converted_type: int, action: convert}\n"
      "- {key: e, converted_type: int, action: convert}\n",
      "a=12;b:=-2.9;c:=true;d=1.5;e:=1e300", " a:=12 b:=-2 c:=1 d=1.5 e:=1.0000000000000001e+300");
  assert_becomes(
      "attributes:\n"
      "- {key: a, converted_type: double, action: convert}\n"
      "- {key: b, converted_type: double, action: convert}\n"
      "- {key: c, converted_type: double, action: convert}\n"
      "- {key: d, converted_type: double, action: convert}\n",
      "a=1e3;b:=2;c:=false;d=x", " a:=1000 b:=2 c:=0 d=x");
  assert_becomes(
      "attributes:\n"
      "- {key: a, converted_type: string, action: convert}\n"
      "- {key: b, converted_type: string, action: convert}\n"
      "- {key: c, converted_type: string, action: convert}\n",
      "a:=12;b:=0.1;c:=true", " a=12 b=0.1 c=true");
}

/* A list of actions that depends on the message, and one that does not. */
static void a_resource_that_is_right_already_stays_the_same_batch(void **state) {
  static const char *const configs[] = {"attributes: [{key: a, value: 1, action: insert}]",
                                        "attributes: [{key: x, converted_type: int, action: convert}]"};
  (void)state;
  for (uint32_t i = 0; i < 2; i++) {
    ncl_test_options o = options(configs[i]);
    ncl_test *t = open_started(&o);
    const ncl_batch *batch = ncl_test_batch(t, NCL_SIGNAL_LOGS, 2, "a=1");
    assert_int_equal(ncl_test_consume(t, batch, NULL)->status, NCL_OK);
    assert_ptr_equal(ncl_test_sink_at(t, 0, 0)->batch, batch);
    assert_int_equal(ncl_test_close(t), 0);
  }
}

static void what_otlp_does_not_know_survives(void **state) {
  static const uint8_t request[] = {
      0x0a, 0x1c, 0x0a, 0x14,                                    /* group, resource */
      0x0a, 0x0b, 0x0a, 0x01, 'k',  0x12, 0x03, 0x0a, 0x01, 'v', /* k=v */
      0xa2, 0x06, 0x00,                                          /* #100 of the KeyValue */
      0xa2, 0x06, 0x04, 'l',  'e',  'f',  't',                   /* #100 of the resource */
      0x12, 0x04, 0x12, 0x02, 0x2a, 0x00,                        /* a scope with a span */
  };
  ncl_test_options o = options("attributes: [{key: k, action: hash}]");
  ncl_test *t = open_started(&o);
  const ncl_batch *batch = ncl_test_batch_of(t, NCL_SIGNAL_TRACES, (ncl_range){request, sizeof request}, NULL);
  (void)state;
  assert_non_null(batch);
  assert_int_equal(ncl_test_consume(t, batch, NULL)->status, NCL_OK);
  const ncl_batch *out = ncl_test_sink_at(t, 0, 0)->batch;
  ncl_range resource = ncl_batch_group(out, 0)->resource;
  assert_int_equal(resource.len, 2 + 74 + 7);
  assert_memory_equal(resource.ptr + resource.len - 10, request + 14, 10);
  assert_int_equal(ncl_test_close(t), 0);
}

static void every_signal_is_taken(void **state) {
  (void)state;
  for (uint32_t signal = NCL_SIGNAL_TRACES; signal <= NCL_SIGNAL_LOGS; signal++) {
    ncl_test_options o = options("attributes: [{key: a, value: 1, action: insert}]");
    o.signal = signal;
    ncl_test *t = open_started(&o);
    assert_int_equal(ncl_test_consume(t, ncl_test_batch(t, signal, 2, "b=1"), NULL)->status, NCL_OK);
    assert_contains(ncl_test_text(t, ncl_test_sink_at(t, 0, 0)->batch), "resource b=1 a:=1\n");
    assert_int_equal(ncl_test_close(t), 0);
  }
}

static void without_memory_it_says_so_and_loses_nothing_else(void **state) {
  static const char *const configs[] = {"attributes: [{key: a, value: 1, action: upsert}]",
                                        "attributes: [{key: b, converted_type: int, action: convert}]"};
  (void)state;
  for (uint32_t i = 0; i < 2; i++) {
    ncl_test_options o = options(configs[i]);
    ncl_test *t = open_started(&o);
    const ncl_batch *batch = ncl_test_batch(t, NCL_SIGNAL_TRACES, 2, "b=1");
    ncl_test_fail_allocations(t, 0, 1);
    assert_int_equal(ncl_test_consume(t, batch, NULL)->status, NCL_NO_MEMORY);
    assert_true(ncl_test_allocations_failed(t) > 0);
    ncl_test_fail_allocations(t, 0, 0);
    assert_int_equal(ncl_test_close(t), 0);
  }
}

static void a_pattern_that_takes_too_long_is_given_up(void **state) {
  char resource[1200] = "k=";
  ncl_test_options o = options("attributes: [{key: k, pattern: '^(?P<x>(?:a|a)*b)', action: extract}]");
  ncl_test *t = open_started(&o);
  (void)state;
  memset(resource + 2, 'a', sizeof resource - 5);
  memcpy(resource + sizeof resource - 3, "!b", 2);
  assert_int_equal(ncl_test_consume(t, ncl_test_batch(t, NCL_SIGNAL_TRACES, 1, resource), NULL)->status, NCL_OK);
  assert_int_equal(ncl_test_logged(t, "a pattern took too many steps"), 1);
  assert_int_equal(ncl_test_close(t), 0);
}

static void mistakes_are_said(void **state) {
  static const struct {
    const char *config, *part;
  } mistakes[] = {
      {"", "attributes"},
      {"attributes: []", "there is no action in the list"},
      {"attributes: [{key: a, value: 1}]", "action"},
      {"attributes: [{key: a, value: 1, action: put}]", "put"},
      {"attributes: [{value: 1, action: insert}]", "the action has no key"},
      {"attributes: [{key: a, action: insert}]", "the action has no value"},
      {"attributes: [{key: a, value: 1, from_attribute: b, action: insert}]", "more than one source"},
      {"attributes: [{key: a, value: 1, pattern: b, action: insert}]", "the action insert has no use for pattern"},
      {"attributes: [{key: a, value: 1, converted_type: int, action: upsert}]", "no use for converted_type"},
      {"attributes: [{action: delete}]", "give it key, or pattern, or both"},
      {"attributes: [{key: a, value: 1, action: delete}]", "the action delete has no use for value"},
      {"attributes: [{key: a, value: 1, action: hash}]", "the action hash has no use for value"},
      {"attributes: [{key: a, action: extract}]", "the action has no pattern"},
      {"attributes: [{key: a, pattern: 'b', action: extract}]", "the pattern has no named group"},
      {"attributes: [{key: a, pattern: '(', action: delete}]", "this is no regular expression"},
      {"attributes: [{key: a, action: convert}]", "the action has no converted_type"},
      {"attributes: [{key: a, converted_type: bool, action: convert}]", "bool"},
      {"attributes: [{key: a, converted_type: int, pattern: x, action: convert}]", "no use for pattern"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
    ncl_test_options o = options(mistakes[i].config);
    assert_refused(&o, mistakes[i].part);
  }
}

static void all_mistakes_are_said_at_once(void **state) {
  ncl_test_options o = options("attributes:\n- {key: a, action: insert}\n- {key: b, pattern: '(', action: delete}\n");
  ncl_test *t = ncl_test_open(&o);
  (void)state;
  assert_contains(ncl_test_diagnostics(t), "the action has no value");
  assert_contains(ncl_test_diagnostics(t), "this is no regular expression");
  assert_int_equal(ncl_test_close(t), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_have_the_type_that_yaml_gives_them),
      cmocka_unit_test(insert_update_and_upsert_look_whether_it_is_there),
      cmocka_unit_test(values_come_from_other_attributes),
      cmocka_unit_test(values_come_from_who_sent_it),
      cmocka_unit_test(delete_takes_a_key_and_a_pattern),
      cmocka_unit_test(hash_puts_sha256_in_the_place_of_a_value),
      cmocka_unit_test(extract_sets_what_the_groups_find),
      cmocka_unit_test(convert_changes_the_type_where_it_can),
      cmocka_unit_test(a_resource_that_is_right_already_stays_the_same_batch),
      cmocka_unit_test(what_otlp_does_not_know_survives),
      cmocka_unit_test(every_signal_is_taken),
      cmocka_unit_test(without_memory_it_says_so_and_loses_nothing_else),
      cmocka_unit_test(a_pattern_that_takes_too_long_is_given_up),
      cmocka_unit_test(mistakes_are_said),
      cmocka_unit_test(all_mistakes_are_said_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* core/pipeline/sources.h: schemes that are plugins, asked and given up. The plugin is in the test; its URI says what
 * it does. It takes the place of the library's registry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/pipeline/sources.h"
#include "core/plugin/handshake.h"

#define ncl_registry_find ncl_registry_find_file
#define ncl_registry_list ncl_registry_list_files
const ncl_type *ncl_registry_find_file(ncl_registry *registry, uint32_t kind, ncl_str type, char *why, size_t size);
void ncl_registry_list_files(const ncl_registry *registry, uint32_t kind, void (*each)(void *arg, ncl_str type),
                             void *arg);
#include "core/plugin/registry.c"
#undef ncl_registry_find
#undef ncl_registry_list

typedef struct source {
  const ncl_host *host;
  ncl_component *me;
  ncl_token later;
  ncl_str text;
  bool fails_later;
} source;

static struct {
  uint32_t created, destroyed, asked, cancelled, released;
  char *big;
} stage;

static ncl_status create(const ncl_create *create, void **self) {
  source *s = calloc(1, sizeof *s);
  assert_non_null(s);
  s->host = create->host;
  s->me = create->me;
  *self = s;
  stage.created++;
  return NCL_OK;
}

static void destroy(void *self) {
  stage.destroyed++;
  free(self);
}

static bool is(ncl_str uri, const char *word) {
  return ncl_str_eq(uri, ncl_str_of(word, strlen(word)));
}

static void released(void *result) {
  (void)result;
  stage.released++;
}

static void answer_later(void *arg) {
  source *s = arg;
  ncl_outcome outcome = NCL_OUTCOME_INIT;
  outcome.result = &s->text;
  outcome.release = released;
  if (s->fails_later) {
    outcome.status = NCL_RETRYABLE;
    outcome.message = (ncl_str)NCL_STR("the server sleeps");
  }
  s->host->complete(s->me, s->later, &outcome);
}

static ncl_status retrieve(void *self, ncl_str uri, ncl_token token, ncl_outcome *outcome) {
  source *s = self;
  stage.asked++;
  assert_int_equal(uri.ptr[uri.len], 0);
  s->text = is(uri, "empty") ? ncl_str_of("", 0) : ncl_str_of("a: 1", 4);
  s->fails_later = is(uri, "fail later");
  if (is(uri, "big")) s->text = ncl_str_of(stage.big, NCL_SOURCES_TEXT_MAX / 2 + 1);
  if (is(uri, "more")) s->text = ncl_str_of(stage.big, NCL_SOURCES_TEXT_MAX / 2 - 1);
  if (is(uri, "huge")) s->text = ncl_str_of(stage.big, NCL_SOURCES_TEXT_MAX + 1);
  if (is(uri, "never")) return NCL_PENDING;
  if (is(uri, "later") || s->fails_later) {
    s->later = token;
    return s->host->post(s->me, answer_later, s) == NCL_OK ? NCL_PENDING : NCL_NO_MEMORY;
  }
  if (is(uri, "fail")) {
    outcome->message = (ncl_str)NCL_STR("the parameter may not be read");
    return NCL_PERMANENT;
  }
  if (is(uri, "fail without a word")) return NCL_PERMANENT;
  outcome->result = &s->text;
  outcome->release = released;
  return NCL_OK;
}

static void cancel(void *self, ncl_token token) {
  (void)self, (void)token;
  stage.cancelled++;
}

static ncl_status refuse_to_start(void *self, ncl_token token, ncl_outcome *outcome) {
  (void)self, (void)token;
  outcome->message = (ncl_str)NCL_STR("it has no credentials");
  return NCL_PERMANENT;
}

static const ncl_methods methods = {
    .struct_size = sizeof methods, .create = create, .destroy = destroy, .cancel = cancel, .retrieve = retrieve};
static const ncl_methods dead_methods = {.struct_size = sizeof methods,
                                         .create = create,
                                         .start = refuse_to_start,
                                         .destroy = destroy,
                                         .retrieve = retrieve};
static const ncl_str aliases[] = {NCL_STR("acmes")};
static const ncl_component_type components[] = {
    {.type = NCL_STR("acme"), .aliases = NCL_ARRAY(aliases), .kind = NCL_KIND_SOURCE, .methods = &methods},
    {.type = NCL_STR("dead"), .kind = NCL_KIND_SOURCE, .methods = &dead_methods}};
static const ncl_plugin plugin = {.magic = NCL_PLUGIN_MAGIC,
                                  .struct_size = sizeof plugin,
                                  .abi_major = NCL_ABI_MAJOR,
                                  .components = NCL_ARRAY(components)};

static const ncl_plugin *symbol(void) {
  return &plugin;
}

const ncl_type *ncl_registry_find(ncl_registry *registry, uint32_t kind, ncl_str type, char *why, size_t size) {
  static ncl_type found;
  (void)registry;
  found.file = "fake.so";
  if (is(type, "broken")) {
    (void)snprintf(why, size, "/lib/sources/broken.so: has no symbol ncl_plugin_v1");
    return NULL;
  }
  return ncl_handshake(symbol, kind, type, &found, why, size) ? &found : NULL;
}

void ncl_registry_list(const ncl_registry *registry, uint32_t kind, void (*each)(void *arg, ncl_str type), void *arg) {
  (void)registry;
  assert_int_equal(kind, NCL_KIND_SOURCE);
  each(arg, (ncl_str)NCL_STR("broken"));
  each(arg, (ncl_str)NCL_STR("acme"));
  each(arg, (ncl_str)NCL_STR("acme"));
}

typedef struct fixture {
  ncl_registry *registry;
  ncl_sources *sources;
  ncl_retrieved out;
} fixture;

static int open_fixture(void **state) {
  fixture *f = calloc(1, sizeof *f);
  memset(&stage, 0, sizeof stage);
  f->registry = ncl_registry_new(NULL, 0);
  f->sources = ncl_sources_new(f->registry, INT64_C(200000000));
  *state = f;
  return f->sources == NULL;
}

static int close_fixture(void **state) {
  fixture *f = *state;
  ncl_sources_free(f->sources);
  ncl_registry_free(f->registry, false);
  free(f);
  return stage.created != stage.destroyed;
}

static bool fetch(fixture *f, const char *scheme, const char *uri) {
  f->out = (ncl_retrieved){.kind = NCL_SOURCE_OTHER};
  return ncl_sources_retrieve(f->sources, ncl_str_of(scheme, strlen(scheme)), ncl_str_of(uri, strlen(uri)), &f->out);
}

static void fetches_at_once_and_later(void **state) {
  fixture *f = *state;
  assert_true(fetch(f, "acme", "now"));
  assert_true(ncl_str_eq(f->out.text, (ncl_str)NCL_STR("a: 1")));
  assert_true(fetch(f, "acme", "later"));
  assert_true(ncl_str_eq(f->out.text, (ncl_str)NCL_STR("a: 1")));
  assert_true(fetch(f, "acme", "empty"));
  assert_int_equal(f->out.text.len, 0);
  assert_int_equal(stage.created, 1);
  assert_int_equal(stage.released, 3);
}

static void asks_once_for_each_uri_and_scheme(void **state) {
  fixture *f = *state;
  for (int i = 0; i < 3; i++)
    assert_true(fetch(f, "acme", "now"));
  assert_int_equal(stage.asked, 1);
  assert_true(fetch(f, "acmes", "now"));
  assert_int_equal(stage.asked, 2);
  assert_int_equal(stage.created, 2);
}

static void says_why_it_failed(void **state) {
  fixture *f = *state;
  assert_false(fetch(f, "acme", "fail"));
  assert_string_equal(f->out.reason, "the parameter may not be read");
  assert_false(fetch(f, "acme", "fail later"));
  assert_string_equal(f->out.reason, "the server sleeps");
  assert_false(fetch(f, "acme", "fail without a word"));
  assert_string_equal(f->out.reason, "it could not be fetched, for no given reason");
  assert_false(fetch(f, "dead", "now"));
  assert_string_equal(f->out.reason, "it has no credentials");
  assert_int_equal(f->out.no_scheme, 0);
  /* A failure is not kept. */
  assert_false(fetch(f, "acme", "fail"));
  assert_int_equal(stage.asked, 4);
}

static void gives_up_when_no_answer_comes(void **state) {
  fixture *f = *state;
  assert_false(fetch(f, "acme", "never"));
  assert_string_equal(f->out.reason, "no answer came in time");
  assert_int_equal(stage.cancelled, 1);
  /* The time is that of all together. */
  assert_false(fetch(f, "acme", "later"));
}

static void tells_an_unknown_scheme_from_a_broken_plugin(void **state) {
  fixture *f = *state;
  assert_false(fetch(f, "ssm", "x"));
  assert_int_equal(f->out.no_scheme, 1);
  assert_string_equal(f->out.hint,
                      "the schemes that are known are env, file, yaml, acme, broken; has no source ssm; its "
                      "first component is source acme");
  assert_false(fetch(f, "broken", "x"));
  assert_int_equal(f->out.no_scheme, 0);
  assert_string_equal(f->out.reason, "/lib/sources/broken.so: has no symbol ncl_plugin_v1");
}

static void limits_what_it_keeps(void **state) {
  fixture *f = *state;
  stage.big = malloc(NCL_SOURCES_TEXT_MAX + 1);
  assert_non_null(stage.big);
  memset(stage.big, 'a', NCL_SOURCES_TEXT_MAX + 1);
  assert_false(fetch(f, "acme", "huge"));
  assert_string_equal(f->out.reason, "all texts that the config fetches have more than 16 MiB together");
  assert_true(fetch(f, "acme", "big"));
  assert_true(fetch(f, "acme", "more"));
  assert_false(fetch(f, "acme", "now"));
  assert_string_equal(f->out.reason, "all texts that the config fetches have more than 16 MiB together");
  free(stage.big);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(fetches_at_once_and_later),
      TEST(asks_once_for_each_uri_and_scheme),
      TEST(says_why_it_failed),
      TEST(gives_up_when_no_answer_comes),
      TEST(tells_an_unknown_scheme_from_a_broken_plugin),
      TEST(limits_what_it_keeps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

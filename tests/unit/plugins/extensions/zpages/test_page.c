/* SPDX-License-Identifier: Apache-2.0 */
/* page.c, graph.c, lists.c: what stands on the page, and that nothing of what it shows is taken for HTML. */
#include "plugins/extensions/zpages/page.h"

#include <setjmp.h>
#include <stdarg.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "../fake_process.h"

#define S INT64_C(1000000000)
#define EVIL "<script>x</script>\"'&"
#define TAME "&lt;script&gt;x&lt;/script&gt;&quot;&#39;&amp;"

static fake_process f;
static ncl_zpages_model model;
static ncl_zpages_page page;
static ncl_text text;

static const ncl_str otlp[] = {NCL_STR("otlp")}, batch[] = {NCL_STR("batch")},
                     out[] = {NCL_STR("otlp_http/a"), NCL_STR("join")}, join[] = {NCL_STR("join")},
                     evil[] = {NCL_STR("debug/" EVIL)};

static int open_page(void **state) {
  (void)state;
  fake_process_open(&f);
  f.process.uptime_ns = 100 * S;
  fake_component(&f, NCL_KIND_EXPORTER, "otlp_http/a", NCL_SIGNAL_TRACES)->out_items = 1000;
  fake_component(&f, NCL_KIND_EXPORTER, "debug/" EVIL, NCL_SIGNAL_TRACES);
  fake_component(&f, NCL_KIND_CONNECTOR, "join", NCL_SIGNAL_TRACES);
  fake_component(&f, NCL_KIND_PROCESSOR, "batch", NCL_SIGNAL_TRACES)->pipeline = fake_str("traces");
  fake_component(&f, NCL_KIND_RECEIVER, "otlp", NCL_SIGNAL_TRACES);
  fake_component(&f, NCL_KIND_EXTENSION, "zpages", 0);
  fake_pipeline(&f, "traces", NCL_SIGNAL_TRACES, (ncl_array)NCL_ARRAY(otlp), (ncl_array)NCL_ARRAY(batch),
                (ncl_array)NCL_ARRAY(out));
  fake_pipeline(&f, "traces/" EVIL, NCL_SIGNAL_TRACES, (ncl_array)NCL_ARRAY(join), (ncl_array){NULL, 0, 0},
                (ncl_array)NCL_ARRAY(evil));
  page = (ncl_zpages_page){.model = &model,
                           .parts = NCL_ZPAGES_ALL,
                           .title = "Status",
                           .path = NCL_STR("/"),
                           .yaml = NCL_STR("receivers:\n  otlp: {}\n"),
                           .memory = {.used = 1024, .budget = UINT64_MAX},
                           .wall_ns = FAKE_START_NS + 100 * S,
                           .nonce = "0123456789abcdef0123456789abcdef"};
  ncl_text_open(&text, 1 << 20);
  return 0;
}

static int close_page(void **state) {
  (void)state;
  ncl_zpages_model_close(&model);
  ncl_text_close(&text);
  return 0;
}

/* The page as a string. */
static const char *written(void) {
  ncl_zpages_model_close(&model);
  assert_true(ncl_zpages_model_open(&model, &f.table, true));
  page.base = (ncl_zpages_base){NULL, 100 * S};
  ncl_text_clear(&text);
  ncl_zpages_write(&page, &text);
  ncl_text_add(&text, ncl_str_of("", 1));
  assert_int_equal(text.failed, 0);
  return text.ptr;
}

static void assert_has(const char *part) {
  if (strstr(written(), part) == NULL) fail_msg("\"%s\" is not in:\n%s", part, text.ptr);
}

static void assert_lacks(const char *part) {
  if (strstr(written(), part) != NULL) fail_msg("\"%s\" is in:\n%s", part, text.ptr);
}

static void names_and_messages_are_text(void **state) {
  (void)state;
  f.components[1].message = f.components[1].error = fake_str(EVIL);
  f.components[1].status = NCL_PERMANENT;
  f.components[1].error_ns = FAKE_START_NS;
  f.components[1].doc = f.components[1].plugin = f.components[1].plugin_version = f.components[1].plugin_file =
      fake_str(EVIL);
  f.process.reload_error = f.process.version = fake_str(EVIL);
  fake_line(&f, NCL_LOG_ERROR, EVIL, EVIL);
  static const ncl_attr attr = {NCL_STR(EVIL), NCL_ATTR_STR, 0, NCL_STR(EVIL), 0, 0};
  f.lines[0].attrs = &attr;
  f.lines[0].attr_count = 1;
  page.yaml = fake_str("a: " EVIL "\n</pre>");
  page.open_endpoint = fake_str(EVIL);
  assert_lacks("<script");
  assert_lacks("</script");
  assert_has("<h4>debug/" TAME "</h4>");
  assert_has("traces/" TAME "</h3>");
  assert_has(TAME "=" TAME "</span>");
  assert_has("a: " TAME "\n&lt;/pre&gt;</pre>");
}

static void shows_rates_totals_and_the_queue(void **state) {
  (void)state;
  f.components[0].queue_size = 95;
  f.components[0].queue_capacity = 100;
  f.components[0].queue_bytes = 2048;
  f.components[0].queue_oldest_ns = 12 * S;
  f.components[0].failed_items = 7;
  f.components[0].send_failures = 3;
  assert_has("<b>10</b> spans/s");
  assert_has(
      "1\xe2\x80\xaf"
      "000 delivered");
  assert_has("aria-label=\"queue 95 % full\"");
  assert_has("<rect class=full width=\"95.0%\"");
  assert_has("queue 95 of 100, 2\xc2\xa0KiB, oldest 12\xc2\xa0s");
  assert_has("<p class=bad>7 given up or refused (0.07/s)</p>");
  assert_has("3 tries failed");
}

static void an_ill_component_is_said_at_the_top_and_on_its_card(void **state) {
  (void)state;
  assert_lacks("have a problem");
  f.components[0].status = NCL_RETRYABLE;
  f.components[0].message = fake_str("no route");
  f.components[0].since_ns = FAKE_START_NS + 40 * S;
  assert_has("1 component has a problem: exporter otlp_http/a.");
  assert_has("<li class=\"card warn\">");
  assert_has("error that may pass</span> for 1\xc2\xa0min: no route");
  f.components[0].status = NCL_PERMANENT;
  assert_has("<li class=\"card error\">");
  f.components[4].life = NCL_LIFE_CREATED;
  assert_has("not started");
}

static void connectors_lead_from_pipeline_to_pipeline(void **state) {
  (void)state;
  assert_has("into <a href=\"#p1\">traces/" TAME "</a>");
  assert_has("from <a href=\"#p0\">traces</a>");
}

static void a_pipeline_of_several_ends_has_ways_to_each(void **state) {
  (void)state;
  const char *ways = strstr(written(), "<li class=ways");
  assert_non_null(ways);
  assert_non_null(strstr(text.ptr, "d=\"M0 50.0C50 50.0 50 25.0 100 25.0\""));
  assert_non_null(strstr(text.ptr, "d=\"M0 50.0C50 50.0 50 75.0 100 75.0\""));
}

static void warns_in_words_where_others_can_read_it(void **state) {
  (void)state;
  assert_lacks("whoever reaches");
  page.open_endpoint = fake_str("0.0.0.0:55679");
  assert_has("This page is served at 0.0.0.0:55679: whoever reaches that port reads the config");
}

static void refreshes_when_it_is_asked_to(void **state) {
  (void)state;
  assert_lacks("http-equiv=refresh");
  assert_has("href=\"/?refresh=5\"");
  page.refresh_s = 5;
  assert_has("<meta http-equiv=refresh content=5>");
  assert_has("href=\"/\">Stop auto-refresh (5 s)</a>");
}

static void one_part_may_be_asked_for(void **state) {
  (void)state;
  page.parts = NCL_ZPAGES_TABLE;
  page.kinds = 1u << NCL_KIND_EXTENSION;
  assert_has(">Extensions</h2>");
  assert_has(">zpages</th>");
  assert_lacks(">otlp_http/a</th>");
  assert_lacks("id=pipelines");
  page.parts = NCL_ZPAGES_GATES;
  assert_has("no feature gates of its own");
}

static void says_what_it_could_not_get(void **state) {
  (void)state;
  page.yaml = (ncl_str){NULL, 0};
  assert_has("There is no memory for it now.");
  for (uint32_t i = f.component_count; i < 32; i++)
    fake_component(&f, NCL_KIND_SERVICE, "s", 0);
  assert_lacks("are not shown");
}

static void a_page_that_is_too_large_is_a_failure(void **state) {
  (void)state;
  (void)written();
  ncl_text small;
  ncl_text_open(&small, 2000);
  ncl_zpages_write(&page, &small);
  assert_int_equal(small.failed, 1);
  ncl_text_close(&small);
}

#define WITH_PAGE(test) cmocka_unit_test_setup_teardown(test, open_page, close_page)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_PAGE(names_and_messages_are_text),
      WITH_PAGE(shows_rates_totals_and_the_queue),
      WITH_PAGE(an_ill_component_is_said_at_the_top_and_on_its_card),
      WITH_PAGE(connectors_lead_from_pipeline_to_pipeline),
      WITH_PAGE(a_pipeline_of_several_ends_has_ways_to_each),
      WITH_PAGE(warns_in_words_where_others_can_read_it),
      WITH_PAGE(refreshes_when_it_is_asked_to),
      WITH_PAGE(one_part_may_be_asked_for),
      WITH_PAGE(says_what_it_could_not_get),
      WITH_PAGE(a_page_that_is_too_large_is_a_failure),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

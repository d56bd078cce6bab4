/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a config that was damaged on its way into a parameter or a variable. */
#include "unit/core/config/load_support.h"

/* What a text that is read from COLLECTOR_CONFIG gives; `line` = NULL: nothing is wrong with it as a text. */
typedef struct damage {
  const char *text, *line;
} damage;

static void explain(const damage *d) {
  const char *pairs[] = {"COLLECTOR_CONFIG", d->text, NULL}, *uris[] = {"env:COLLECTOR_CONFIG"};
  ncl_environment env = support_environment(pairs);
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config = ncl_config_load(uris, 1, &env, diagnostics);
  char *lines = support_lines(diagnostics), expected[1000] = "";
  if (d->line != NULL) (void)snprintf(expected, sizeof(expected), "env:COLLECTOR_CONFIG%s\n", d->line);
  SUPPORT_EXPECT(lines, expected, strlen(d->text) < 1000 ? d->text : "a long text");
  if (d->line == NULL || strstr(d->line, ": warning: ") != NULL) {
    assert_non_null(config);
  } else {
    assert_null(config);
  }
  free(lines);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

#define EXPLAIN_ALL(cases)             \
  do {                                 \
    size_t i;                          \
    for (i = 0; i < ITEMS(cases); i++) \
      explain(&(cases)[i]);            \
  } while (0)

#define PIPELINES "service:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [debug]\n"

static void explains_lost_indentation(void **state) {
  static const char lost[] =
      ":2:1: error: no line of it is indented: its indentation was lost on the way; store the text as the file has it, "
      "spaces at the start of lines included; a form field or a template may take them away";
  static const damage cases[] = {
      {"receivers:\notlp:\nprotocols:\ngrpc:\nendpoint: 0.0.0.0:4317\n", lost},
      {"receivers:\notlp:\nservice:\npipelines:\ntraces:\nreceivers:\n- otlp\n", lost},
      {"receivers: {otlp: {}}\nexporters: {debug: }\nservice: {}\n", NULL},
      {"receivers:\n  otlp:\nexporters:\n  debug:\n" PIPELINES, NULL},
      {"receivers:\nexporters:\n", NULL},
      {"  receivers:\n    otlp:\n", NULL},
  };
  (void)state;
  EXPLAIN_ALL(cases);
}

static void explains_a_first_line_that_lost_its_margin(void **state) {
  static const damage cases[] = {
      {"receivers:\n      otlp:\n    exporters:\n      debug:\n",
       ":3:5: error: all lines but the first are shifted by 4 columns: line 1 begins in column 1, and this belongs "
       "beside it; begin both in the same column: the start of the first line was not copied along"},
      /* The first key alone says nothing of the others. */
      {"receivers:\n      otlp:\n    nop:\n",
       ":3:5: error: the indentation fits none of the lines above: this line begins in column 5; begin it in column 1 "
       "as line 1 does, or in column 7 as line 2 does"},
  };
  (void)state;
  EXPLAIN_ALL(cases);
}

static void explains_what_was_copied_along(void **state) {
  static const char shell[] =
      ":1:1: error: the text begins with a command of a shell; remove the lines of the shell, also "
      "one such as EOF at the end";
  static const damage cases[] = {
      {"cat <<EOF\nreceivers:\n  otlp:\nEOF\n", shell},
      {"$ cat collector.yaml\nreceivers:\n", shell},
      {"#!/bin/sh\nreceivers:\n", shell},
      {"COLLECTOR_CONFIG=receivers:\n  otlp:\n",
       ":1:1: error: the name of a variable stands before the text: \"COLLECTOR_CONFIG=\"; the text begins behind the "
       "\"=\""},
      {"COLLECTOR_CONFIG=\"receivers:\n  otlp:\n",
       ":1:1: error: the name of a variable stands before the text: \"COLLECTOR_CONFIG=\"; the text begins behind the "
       "\"=\""},
      {"a=b: 1\n", NULL},
      {"1  receivers:\n2    otlp:\n3      protocols:\n",
       ":1:1: error: the lines begin with their numbers; copy the text without them"},
      {"9: receivers:\n\n10:   otlp:\n11:     protocols:\n",
       ":1:1: error: the lines begin with their numbers; copy the text without them"},
      {"1: a\n2: b\n4: c\n", NULL},
      {"{{resolve:ssm:/otel/config:1}}\n",
       ":1:1: error: this is a reference of CloudFormation that was not resolved, not the config behind it; list the "
       "variable under \"secrets\" of the container, with the parameter's ARN as \"valueFrom\""},
      {"<!DOCTYPE html>\n<html>\n",
       ":1:1: error: this is an HTML page or XML, not YAML text; fetch the file itself, not the page that shows it or "
       "the one to log in at"},
  };
  (void)state;
  EXPLAIN_ALL(cases);
}

static void explains_escapes(void **state) {
  static const damage cases[] = {
      {"receivers:\\n\n  otlp:\\n\n    protocols:\n",
       ":1:1: error: its lines end in the two characters \\n; take them away, or store the text as the file has it"},
      {"receivers%3A%0A%20%20otlp%3A%0A",
       ":1:1: error: the text is percent-encoded, as in an address; store the YAML text "
       "as it is"},
      {"a: x%3A%0Ay\n", NULL},
      {"'receivers:\n  otlp:\n'\n",
       ":1:1: error: the whole text stands in quotes ('), so it is one string and no config; take them away"},
      {"|\n  receivers:\n    otlp:\n",
       ":1:1: error: \"|\" stands before the whole text, so it is one string and no config; take it away"},
      {"******\n", ":1:1: error: this is a hidden value as a page shows it, not the config; store the config itself"},
  };
  (void)state;
  EXPLAIN_ALL(cases);
}

static void explains_names_instead_of_a_config(void **state) {
  static const char name[] =
      ":1:1: error: this is one word, perhaps the name of a parameter or secret, not the config that is stored under "
      "it; in "
      "the ECS task definition, list the variable under \"secrets\" with this name, or the parameter's ARN, as "
      "\"valueFrom\", not under \"environment\"";
  static const damage cases[] = {{"/otel/collector-config", name}, {"otel-config\n", name}};
  (void)state;
  EXPLAIN_ALL(cases);
}

static void explains_an_empty_variable(void **state) {
  static const char empty[] =
      ": error: the variable is set, and there is no config in it; look at the value of the "
      "parameter or secret that the variable comes from";
  static const damage cases[] = {{"", empty}, {" \n\n", empty}, {"# to be done\n", empty}, {"---\n", empty}};
  (void)state;
  EXPLAIN_ALL(cases);
}

static void explains_characters_that_look_like_spaces(void **state) {
  static const damage cases[] = {
      {"receivers:\n\xC2\xA0\xC2\xA0otlp:\n\xC2\xA0\xC2\xA0- x\n",
       ":2:1: error: the character U+00A0 stands here, which looks like a space and is none, also in line 3; replace "
       "each "
       "by a space; such characters come from copying out of web pages and documents"},
      {"a:\n  b:\xC2\xA0 1\n",
       ":2:5: error: the character U+00A0 stands here, which looks like a space and is none; replace each by a space; "
       "such "
       "characters come from copying out of web pages and documents"},
      {"a:\n  \xE2\x80\x83- 1\n",
       ":2:3: error: the character U+2003 stands here, which looks like a space and is none; replace each by a space; "
       "such "
       "characters come from copying out of web pages and documents"},
      {"a: \"1\xC2\xA0 000 000\"\n", NULL},
      {"# \xC2\xA0 b: 1\na: 1\n", NULL},
  };
  (void)state;
  EXPLAIN_ALL(cases);
}

static void warns_of_the_length_at_which_parameters_end(void **state) {
  static const size_t lengths[] = {4095, 4096, 4097, 8192};
  static const char *const warnings[] = {NULL,
                                         ": warning: the text is exactly 4096 bytes long, the most that a standard SSM "
                                         "parameter holds: it may have been cut "
                                         "off; look whether its end is missing",
                                         NULL,
                                         ": warning: the text is exactly 8192 bytes long, the most that an advanced "
                                         "SSM parameter holds: it may have been cut "
                                         "off; look whether its end is missing"};
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(lengths); i++) {
    char *text = malloc(lengths[i] + 1);
    damage d = {text, warnings[i]};
    memset(text, '#', lengths[i]);
    memcpy(text, "a: 1\n", 5);
    text[lengths[i]] = 0;
    explain(&d);
    free(text);
  }
}

static void explains_a_text_that_was_cut_off(void **state) {
  char *text = malloc(4097);
  damage d = {
      text,
      ":3:3: error: the text ends in the middle of something; the text is exactly 4096 bytes long, the most that an "
      "SSM standard parameter holds: it was cut off; use an advanced parameter or a secret"};
  (void)state;
  memset(text, 'x', 4096);
  memcpy(text, "a: #", 4);
  memcpy(text + 4080, "\n  b: 1\n  trace", 15);
  text[4096] = 0;
  text[4095] = 's';
  explain(&d);
  free(text);
}

static void warns_of_sizes_that_no_parameter_has(void **state) {
  static const size_t lengths[] = {4096, 4097, 8193};
  static const char *const parts[] = {
      "",
      "the text has 4097 bytes, more than a standard SSM parameter holds (4096); make it an advanced parameter (8192 "
      "bytes) or a secret (64 KiB), or shorten it",
      "the text has 8193 bytes, more than any SSM parameter holds (8192); keep it in a secret (64 KiB) or a file, or "
      "shorten it"};
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(lengths); i++) {
    char *text = malloc(lengths[i] + 1), *lines;
    const char *pairs[] = {"COLLECTOR_CONFIG", text, NULL}, *uris[] = {"env:COLLECTOR_CONFIG"};
    ncl_environment env = support_environment(pairs);
    ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
    ncl_config *config;
    memset(text, '#', lengths[i]);
    memcpy(text, "a: 1\n", 5);
    text[lengths[i]] = 0;
    config = ncl_config_load(uris, 1, &env, diagnostics);
    ncl_config_warn_of_sizes(config, false, diagnostics);
    lines = support_lines(diagnostics);
    assert_non_null(strstr(lines, parts[i]));
    assert_int_equal(ncl_diagnostics_warnings(diagnostics), 1);
    free(lines);
    free(text);
    ncl_config_free(config);
    ncl_diagnostics_free(diagnostics);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(explains_lost_indentation),
      cmocka_unit_test(explains_a_first_line_that_lost_its_margin),
      cmocka_unit_test(explains_what_was_copied_along),
      cmocka_unit_test(explains_escapes),
      cmocka_unit_test(explains_names_instead_of_a_config),
      cmocka_unit_test(explains_an_empty_variable),
      cmocka_unit_test(explains_characters_that_look_like_spaces),
      cmocka_unit_test(warns_of_the_length_at_which_parameters_end),
      cmocka_unit_test(explains_a_text_that_was_cut_off),
      cmocka_unit_test(warns_of_sizes_that_no_parameter_has),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

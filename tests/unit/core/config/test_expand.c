/* SPDX-License-Identifier: Apache-2.0 */
/* References in values: what they become, and what is said when they lead nowhere. Compared with the Go collector's. */
#include "unit/core/config/load_support.h"

static const char *const environment[] = {"X",        "5",
                                          "S",        "str",
                                          "QUOTED",   "\"0123\"",
                                          "OCTAL",    "0123",
                                          "MAP",      "{a: 1, b: [1, 2]}",
                                          "BAD",      "[a",
                                          "CHAIN",    "${env:S}",
                                          "EMPTY",    "",
                                          "DOLLARS",  "a$$b",
                                          "LINES",    "- a\n- b",
                                          "TEXT",     "abc # def",
                                          "NOTHING",  "null",
                                          "TWICE",    "{a: 1, a: 2}",
                                          "COLON",    "a: b: c",
                                          "PAIR",     "a: b",
                                          "INNER",    "{a: \"${env:S}\", c::d: '${X}'}",
                                          "ALIAS",    "*x",
                                          "HOLE",     "{b: '${UNSET}'}",
                                          "LOOP",     "${env:LOOP}",
                                          "NUMBER",   "5 # five",
                                          "NAME",     "X",
                                          "TAIL",     "abc\n",
                                          "NOT_UTF8", "\xFF",
                                          "MANY",     "${MORE}${MORE}${MORE}${MORE}${MORE}${MORE}${MORE}",
                                          "MORE",     "${MOST}${MOST}${MOST}${MOST}${MOST}${MOST}${MOST}",
                                          "MOST",     "${LAST}${LAST}${LAST}${LAST}${LAST}${LAST}${LAST}",
                                          "LAST",     "${S}${S}${S}${S}${S}",
                                          "OLD",      "$X",
                                          "WHOLE",    "receivers:\n  nop:\n",
                                          NULL};

static void expands_references(void **state) {
  static const load_case cases[] = {
      {{"yaml:a: ${X}"}, "{a: 5}", NULL},
      {{"yaml:a: ${env:X}"}, "{a: 5}", NULL},
      {{"yaml:a: \"${env:X}\""}, "{a: 5}", NULL},
      {{"yaml:a: x${env:OCTAL}y"}, "{a: \"x0123y\"}", NULL},
      {{"yaml:a: ${env:OCTAL}"}, "{a: 83}", NULL},
      {{"yaml:a: ${env:S}"}, "{a: \"str\"}", NULL},
      {{"yaml:a: ${env:QUOTED}"}, "{a: \"\\\"0123\\\"\"}", NULL},
      {{"yaml:a: ${env:MAP}"}, "{a: {a: 1, b: [1, 2]}}", NULL},
      {{"yaml:a: x${env:MAP}"}, "{a: \"x{a: 1, b: [1, 2]}\"}", NULL},
      {{"yaml:a: ${env:BAD}"}, "{a: \"[a\"}", NULL},
      {{"yaml:a: ${env:TWICE}"}, "{a: \"{a: 1, a: 2}\"}", NULL},
      {{"yaml:a: ${env:COLON}"}, "{a: \"a: b: c\"}", NULL},
      {{"yaml:a: ${env:PAIR}"}, "{a: {a: \"b\"}}", NULL},
      {{"yaml:a: ${env:ALIAS}"}, "{a: \"*x\"}", NULL},
      {{"yaml:a: ${env:CHAIN}"}, "{a: \"str\"}", NULL},
      {{"yaml:a: x-${env:CHAIN}"}, "{a: \"x-str\"}", NULL},
      {{"yaml:a: ${env:INNER}"}, "{a: {a: \"str\", c: {d: 5}}}", NULL},
      {{"yaml:a: ${env:EMPTY}"}, "{a: null}", NULL},
      {{"yaml:a: x${env:EMPTY}"}, "{a: \"x\"}", NULL},
      {{"yaml:a: ${env:NOTHING}"}, "{a: null}", NULL},
      {{"yaml:a: ${env:LINES}"}, "{a: [\"a\", \"b\"]}", NULL},
      {{"yaml:a: ${env:TEXT}"}, "{a: \"abc # def\"}", NULL},
      {{"yaml:a: ${env:NUMBER}"}, "{a: 5}", NULL},
      {{"yaml:a: x${env:NUMBER}"}, "{a: \"x5 # five\"}", NULL},
      {{"yaml:a: ${env:TAIL}"}, "{a: \"abc\\n\"}", NULL},
      {{"yaml:a: ${env:UNSET:-d}"}, "{a: \"d\"}", NULL},
      {{"yaml:a: ${env:X:-d}"}, "{a: 5}", NULL},
      {{"yaml:a: ${env:EMPTY:-d}"}, "{a: null}", NULL},
      {{"yaml:a: ${env:UNSET:-}"}, "{a: \"\"}", NULL},
      {{"yaml:a: \"${env:UNSET:-[1, 2]}\""}, "{a: [1, 2]}", NULL},
      {{"yaml:a: ${env:UNSET:-a:b}"}, "{a: \"a:b\"}", NULL},
      {{"yaml:a: ${UNSET:-d}"}, "{a: \"d\"}", NULL},
      {{"yaml:a: ${env:UNSET:-${X}}"}, "{a: 5}", NULL},
      {{"yaml:a: ${env:UNSET:-${UNSET2:-9}}"}, "{a: 9}", NULL},
      {{"yaml:a: ${env:${NAME}}"}, "{a: 5}", NULL},
      {{"yaml:a: ${X}${X}-${S}"}, "{a: \"55-str\"}", NULL},
      {{"yaml:a: $${X}"}, "{a: \"${X}\"}", NULL},
      {{"yaml:a: $$${X}"}, "{a: \"$5\"}", NULL},
      {{"yaml:a: $${X} ${X}"}, "{a: \"${X} 5\"}", NULL},
      {{"yaml:a: $UNSET $1 $ $$ $-"}, "{a: \"$UNSET $1 $ $ $-\"}", NULL},
      {{"yaml:a: \"$$X $$S\""}, "{a: \"$X $S\"}", NULL},
      {{"yaml:a: ${env:OLD}"}, "{a: \"$X\"}", NULL},
      {{"yaml:a: x${env:OLD}"}, "{a: \"x$X\"}", NULL},
      {{"yaml:$X: 1"}, "{$X: 1}", NULL},
      {{"yaml:a: $$X$"}, "{a: \"$X$\"}", NULL},
      {{"yaml:a: a$$$b"}, "{a: \"a$$b\"}", NULL},
      {{"yaml:a: ${X"}, "{a: \"${X\"}", NULL},
      {{"yaml:a: a}b${X}"}, "{a: \"a}b5\"}", NULL},
      {{"yaml:a: ${env:DOLLARS}"}, "{a: \"a$b\"}", NULL},
      {{"yaml:${X}: ${X}"}, "{${X}: 5}", NULL},
      {{"yaml:a: [\"${X}\", {b: \"${X}\"}]"}, "{a: [5, {b: 5}]}", NULL},
      {{"yaml:a: \"${yaml:[1, 2]}\""}, "{a: [1, 2]}", NULL},
      {{"yaml:a: {b: 1}", "yaml:a: ${MAP}"}, "{a: {a: 1, b: [1, 2]}}", NULL},
      {{"yaml:a: ${MAP}", "yaml:a: {c: 1}"}, "{a: {c: 1}}", NULL},
      {{"yaml:a: ${MAP}", "yaml:a::c: 1"}, "{a: {c: 1}}", NULL},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++)
    load_and_expect(&cases[i], environment);
}

#define OLD(where, path, name)                                   \
  "yaml:1:" where ": warning: " path ": \"$" name                \
  "\" is replaced by the environment variable of that name, as " \
  "older collectors did; write ${env:" name "}, or $$" name " for the text itself\n"

static void understands_the_references_of_older_collectors(void **state) {
  static const load_case cases[] = {
      {{"yaml:a: $X"}, "{a: 5}", OLD("4", "a", "X")},
      {{"yaml:a: $OCTAL"}, "{a: 83}", OLD("4", "a", "OCTAL")},
      {{"yaml:a: \"$S\""}, "{a: \"str\"}", OLD("4", "a", "S")},
      {{"yaml:a: [x, http://$S:$X/$$S]"},
       "{a: [\"x\", \"http://str:5/$S\"]}",
       OLD("8", "a[1]", "S") OLD("8", "a[1]", "X")},
      {{"yaml:a: $X$X"}, "{a: \"55\"}", OLD("4", "a", "X")},
      {{"yaml:a: $$$X"}, "{a: \"$5\"}", OLD("4", "a", "X")},
      /* What the variable holds was not looked at again. */
      {{"yaml:a: $OLD"}, "{a: \"$X\"}", OLD("4", "a", "OLD")},
      {{"yaml:a: $XY"}, "{a: \"$XY\"}", NULL},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++)
    load_and_expect(&cases[i], environment);
}

static void reports_references_that_lead_nowhere(void **state) {
  static const load_case cases[] = {
      {{"yaml:a: {b: [\"${env:UNSET}\"]}"},
       "{a: {b: [null]}}",
       "yaml:1:9: warning: a.b[0]: the environment variable UNSET is not set; set it, or give a default: "
       "${env:NAME:-default}\n"},
      {{"yaml:a: x${UNSET}"},
       "{a: \"x\"}",
       "yaml:1:4: warning: a: the environment variable UNSET is not set; set it, or give a default: "
       "${env:NAME:-default}\n"},
      {{"yaml:a: ${env:HOLE}"},
       "{a: {b: null}}",
       "env:HOLE:1:5: warning: a.b: the environment variable UNSET is not set; set it, or give a default: "
       "${env:NAME:-default}\n"},
      {{"yaml:a: ${1}"},
       "{a: null}",
       "yaml:1:4: error: a: \"${1}\" cannot be an environment variable: its name begins with a digit; to keep the "
       "text, write it with two dollar signs: $${...}\n"},
      {{"yaml:a: ${}"},
       "{a: null}",
       "yaml:1:4: error: a: what stands in ${...} cannot be the name of an environment variable; write ${env:NAME}, "
       "or $${ for a \"${\" that is to stay\n"},
      {{"yaml:a: ${SECRET WORD}"},
       "{a: null}",
       "yaml:1:4: error: a: what stands in ${...} cannot be the name of an environment variable; write ${env:NAME}, "
       "or $${ for a \"${\" that is to stay\n"},
      {{"yaml:a: ${foo:bar}"},
       "{a: null}",
       "yaml:1:4: error: a: the scheme \"foo\" is not known; the schemes that are known are env, file, yaml\n"},
      {{"yaml:a: ${AWS::Region}"},
       "{a: null}",
       "yaml:1:4: error: a: \"${AWS::Region}\" is a variable of CloudFormation that was not filled in; deploy it with "
       "Fn::Sub, or write the value itself\n"},
      {{"yaml:a: ${LOOP}"},
       "{a: null}",
       "yaml:1:4: error: a: the reference leads to a reference, and so on, more than 20 times; a reference may not "
       "lead back to itself\n"},
      {{"yaml:a: x${LOOP}", "yaml:b: 1"},
       "{a: null, b: 1}",
       "yaml:1:4: error: a: the reference leads to a reference, and so on, more than 20 times; a reference may not "
       "lead back to itself\n"},
      {{"yaml:a: ${MANY}"},
       "{a: null}",
       "yaml:1:4: error: a: the config has more than 1000 references; a config needs far fewer\n"},
      {{"yaml:a: ${NOT_UTF8}"},
       "{a: null}",
       "yaml:1:4: error: a: what the reference stands for is not UTF-8; it must be UTF-8 text\n"},
      {{"yaml:a: ${file:/nonexistent/x}"},
       "{a: null}",
       "yaml:1:4: error: a: the file \"/nonexistent/x\" cannot be opened: No such file or directory; check the name; "
       "a relative one counts from the working directory\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++)
    load_and_expect(&cases[i], environment);
}

/* V1 leads to V2 and so on to V<last>, which is a word. */
static const char *chain(void *ctx, const char *name) {
  static char text[20];
  unsigned long number = strtoul(name + 1, NULL, 10), last = *(unsigned long *)ctx;
  (void)snprintf(text, sizeof(text), number == last ? "end" : "${V%lu}", number + 1);
  return text;
}

static void follows_twenty_references_that_lead_to_each_other(void **state) {
  unsigned long last;
  (void)state;
  for (last = 20; last <= 21; last++) {
    const char *uris[] = {"yaml:{a: \"${V1}\", b: \"x${V1}\"}"};
    ncl_environment env = {chain, &last};
    ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
    ncl_config *config = ncl_config_load(uris, 1, &env, diagnostics);
    assert_non_null(config);
    assert_int_equal(ncl_diagnostics_errors(diagnostics), last == 20 ? 0 : 2);
    ncl_config_free(config);
    ncl_diagnostics_free(diagnostics);
  }
}

static void limits_what_references_make_of_a_value(void **state) {
  char *big = malloc(600001);
  const char *pairs[] = {"BIG", big, NULL}, *uris[] = {"yaml:a: ${BIG}${BIG}"};
  ncl_environment env = support_environment(pairs);
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config;
  char *lines;
  (void)state;
  memset(big, 'x', 600000);
  big[600000] = 0;
  config = ncl_config_load(uris, 1, &env, diagnostics);
  lines = support_lines(diagnostics);
  SUPPORT_EXPECT(lines,
                 "yaml:1:4: error: a: with its references expanded, the value has more than 1 MiB; a value is far "
                 "smaller than that\n",
                 "big");
  free(lines);
  free(big);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

static void shows_the_name_of_a_variable_but_no_default(void **state) {
  const char *uris[] = {"yaml:{a: \"${env:UNSET}\", b: \"${UNSET}${env:Y:-SECRET}\"}"};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config = ncl_config_load(uris, 1, NULL, diagnostics);
  char *printed = support_printed(diagnostics);
  (void)state;
  assert_non_null(strstr(printed, "    {a: \"${env:UNSET}\", b: ***}\n"));
  free(printed);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

static void keeps_the_text_behind_a_reference(void **state) {
  const char *uris[] = {"yaml:{a: \"${OCTAL}\", b: \"${MAP}\", c: \"x${X}\", d: \"${CHAIN}\", e: \"${INNER}\"}"};
  ncl_environment env = support_environment(environment);
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config = ncl_config_load(uris, 1, &env, diagnostics);
  const ncl_node *root = ncl_config_root(config);
  const ncl_node *a = ncl_node_get(root, (ncl_str)NCL_STR("a")), *b = ncl_node_get(root, (ncl_str)NCL_STR("b"));
  const ncl_node *c = ncl_node_get(root, (ncl_str)NCL_STR("c")), *e = ncl_node_get(root, (ncl_str)NCL_STR("e"));
  (void)state;
  assert_int_equal(a->flags, NCL_NODE_REFERENCE);
  assert_true(ncl_str_eq(a->text, (ncl_str)NCL_STR("0123")));
  assert_int_equal(b->flags, NCL_NODE_REFERENCE);
  assert_int_equal(b->kind, NCL_NODE_MAP);
  assert_true(ncl_str_eq(b->text, (ncl_str)NCL_STR("{a: 1, b: [1, 2]}")));
  assert_int_equal(c->flags, NCL_NODE_SPLICED);
  assert_true(ncl_str_eq(e->text, (ncl_str)NCL_STR("{a: \"str\", c::d: '5'}")));
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(expands_references),
      cmocka_unit_test(understands_the_references_of_older_collectors),
      cmocka_unit_test(reports_references_that_lead_nowhere),
      cmocka_unit_test(follows_twenty_references_that_lead_to_each_other),
      cmocka_unit_test(limits_what_references_make_of_a_value),
      cmocka_unit_test(shows_the_name_of_a_variable_but_no_default),
      cmocka_unit_test(keeps_the_text_behind_a_reference),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From URIs to a tree: schemes, files, merging, paths as keys; what a parameter holds instead of a config. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/core/config/load_support.h"

static const char *const environment[] = {"EMPTY", "", "WHOLE", "receivers:\n  nop:\n", NULL};

static void merges_sources_in_their_order(void **state) {
  static const load_case cases[] = {
      {{"yaml:a: 1"}, "{a: 1}", NULL},
      {{"yaml:a: {b: 1}", "yaml:a: {c: 2}"}, "{a: {b: 1, c: 2}}", NULL},
      {{"yaml:a: {b: {c: 1, d: 2}}", "yaml:a: {b: {c: 3}}"}, "{a: {b: {c: 3, d: 2}}}", NULL},
      {{"yaml:a: [1, 2]", "yaml:a: [3]"}, "{a: [3]}", NULL},
      {{"yaml:a: {b: 1}", "yaml:a: "}, "{a: null}", NULL},
      {{"yaml:a: {b: 1}", "yaml:a: 5"}, "{a: 5}", NULL},
      {{"yaml:a: 5", "yaml:a: {b: 1}"}, "{a: {b: 1}}", NULL},
      {{"yaml:a: ", "yaml:a: {b: 1}"}, "{a: {b: 1}}", NULL},
      {{"yaml:a: {b: 1}", "yaml:a: ", "yaml:a: {c: 2}"}, "{a: {c: 2}}", NULL},
      {{"yaml:a: {b: 1}", "yaml:a::b: 2", "yaml:a::c::d: x"}, "{a: {b: 2, c: {d: \"x\"}}}", NULL},
      {{"env:WHOLE", "yaml:receivers::nop::a: 1"}, "{receivers: {nop: {a: 1}}}", NULL},
      {{"env:UNSET:-{a: 1}"}, "{a: 1}", NULL},
      {{"yaml:a: 1", "env:EMPTY"}, "{a: 1}", "env:EMPTY: warning: the text is empty\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++)
    load_and_expect(&cases[i], environment);
}

static void divides_keys_at_double_colons(void **state) {
  static const load_case cases[] = {
      {{"yaml:a::b::c: 1"}, "{a: {b: {c: 1}}}", NULL},
      {{"yaml:a: {b::c: {d::e: 1}}"}, "{a: {b: {c: {d: {e: 1}}}}}", NULL},
      {{"yaml:{a::b: 1, a: {c: 2}, a::d: 3}"}, "{a: {b: 1, c: 2, d: 3}}", NULL},
      {{"yaml:{a:b: 1, \"c: d\": 2}"}, "{a:b: 1, c: d: 2}", NULL},
      {{"yaml:a: [{b::c: 1}]"}, "{a: [{b::c: 1}]}", NULL},
      {{"yaml:a: {\"::b\": 1, \"c::\": 2, d: 3}"}, "{a: {::b: 1, c::: 2, d: 3}}", NULL},
      {{"yaml:{a::b: 1, a: {b: 2}}"},
       "{a: {b: 1}}",
       "yaml:1:15: error: a.b: the key is set twice, first on line 1; keep one of them\n"},
      {{"yaml:{a::b: 1, a: 2}"},
       "{a: {b: 1}}",
       "yaml:1:11: error: a: the key is set twice, first on line 1; keep one of them\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++)
    load_and_expect(&cases[i], environment);
}

static void explains_what_a_parameter_holds_instead_of_a_config(void **state) {
  static const struct {
    const char *text, *lines;
  } cases[] = {
      {"arn:aws:ssm:us-east-1:123456789012:parameter/otel/collector-config",
       "env:COLLECTOR_CONFIG:1:1: error: this is the ARN of a parameter or secret, not the config that is stored under "
       "it; in the ECS task definition, name the variable under \"secrets\" with this ARN as \"valueFrom\", not under "
       "\"environment\"\n"},
      {"file://collector-config.yaml\n",
       "env:COLLECTOR_CONFIG:1:1: error: this is the name of a file, not the config in it; store the file's text (aws "
       "ssm put-parameter --value file://collector.yaml), or read the file itself with --config file:NAME\n"},
      {"/etc/otel/config.yaml",
       "env:COLLECTOR_CONFIG:1:1: error: this is the name of a file, not the config in it; store the file's text (aws "
       "ssm put-parameter --value file://collector.yaml), or read the file itself with --config file:NAME\n"},
      {"https://example.com/config.yaml",
       "env:COLLECTOR_CONFIG:1:1: error: this is an address, not the config that is found there; to read it from "
       "there, give the address itself: --config https://...\n"},
      {"cmVjZWl2ZXJzOgogIG90bHA6CiAgICBwcm90b2NvbHM6CiAgICAgIGdycGM6Cg==\n",
       "env:COLLECTOR_CONFIG:1:1: error: this looks like base64, not like YAML text; store the YAML text as it is\n"},
      {"\"receivers:\\n  otlp:\\n\"",
       "env:COLLECTOR_CONFIG:1:1: error: the whole text stands in quotes (\"), so it is one string and no config; take "
       "the quotes away and turn each \\n into a real line break\n"},
      {"receivers:\\n  otlp:\\n    protocols:\\n",
       "env:COLLECTOR_CONFIG:1:1: error: its line breaks became the two characters \\n, so all of it is one line; "
       "store the text as the file has it, for example aws ssm put-parameter --value file://collector.yaml, and in a "
       "shell keep \"$VARIABLE\" in double quotes\n"},
      {"receivers: otlp: protocols: grpc: exporters: debug:",
       "env:COLLECTOR_CONFIG:1:1: error: all of it stands on one line: its line breaks were lost on the way; store the "
       "text as the file has it, for example aws ssm put-parameter --value file://collector.yaml, and in a shell keep "
       "\"$VARIABLE\" in double quotes\n"},
      {"{\"config\": \"receivers:\\n  otlp:\\n\"}",
       "env:COLLECTOR_CONFIG:1:2: error: the config is a text inside the key \"config\"; in the ECS task definition, "
       "end \"valueFrom\" with \":config::\" to take that key of the secret alone\n"},
      {"{\"containerDefinitions\": []}",
       "env:COLLECTOR_CONFIG:1:2: error: this is an ECS task definition around a config, not the config itself; give "
       "the collector's part of it alone, as text\n"},
      {"apiVersion: v1\nkind: ConfigMap\n",
       "env:COLLECTOR_CONFIG:1:1: error: this is a Kubernetes object around a config, not the config itself; give the "
       "collector's part of it alone, as text\n"},
      {"```yaml\nreceivers:\n```\n",
       "env:COLLECTOR_CONFIG:1:1: error: the text begins with a Markdown fence; remove the lines that begin with "
       "```\n"},
      {"- receivers\n",
       "env:COLLECTOR_CONFIG:1:1: error: a config is a map, and this is a list; a config begins with keys at the left "
       "margin: receivers:, exporters:, service:\n"},
      {"changeme",
       "env:COLLECTOR_CONFIG:1:1: error: this is one word, perhaps the name of a parameter or secret, not the config "
       "that is stored under it; in the ECS task definition, list the variable under \"secrets\" with this name, or "
       "the parameter's ARN, as \"valueFrom\", not under \"environment\"\n"},
      {"change me",
       "env:COLLECTOR_CONFIG:1:1: error: a config is a map, and this is text; a config begins with keys at the left "
       "margin: receivers:, exporters:, service:\n"},
      {"receivers:\n\totlp:\n\t\tprotocols:\n\t\t\tgrpc:\n",
       "env:COLLECTOR_CONFIG:2:1: error: a tab stands where only spaces may, also in line 3, 4; YAML indents with "
       "spaces: replace each tab by spaces\n"},
      {"receivers:\n  otlp:\n    protocols:\n      grpc:\n   endpoint: 0.0.0.0:4317\n",
       "env:COLLECTOR_CONFIG:5:4: error: the indentation fits none of the lines above: this line begins in column 4; "
       "begin it in column 3 as line 2 does, or in column 7 as line 4 does\n"},
      {"receivers:\n  otlp\n    protocols:\n",
       "env:COLLECTOR_CONFIG:2:3: error: this line is neither a key nor a list item, and keys follow it; end a key "
       "with \":\", or begin a list item with \"- \"\n"},
      {"receivers: {otlp: {protocols: {grpc: {}}}\n",
       "env:COLLECTOR_CONFIG:1:12: error: the \"{\" that opens here is not closed before line 2, or a \",\" is "
       "missing; close it, put a \",\" between the parts, and quotes around text with , : [ ] { }\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    const char *pairs[] = {"COLLECTOR_CONFIG", cases[i].text, NULL}, *uris[] = {"env:COLLECTOR_CONFIG"};
    ncl_environment env = support_environment(pairs);
    ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
    ncl_config *config = ncl_config_load(uris, 1, &env, diagnostics);
    char *lines = support_lines(diagnostics);
    SUPPORT_EXPECT(lines, cases[i].lines, cases[i].text);
    assert_null(config);
    free(lines);
    ncl_diagnostics_free(diagnostics);
  }
}

static void limits_the_depth_of_keys_that_are_paths(void **state) {
  static const struct {
    size_t parts, nested;
    bool fits;
  } cases[] = {{64, 0, true}, {66, 0, false}, {30, 20, true}, {40, 30, false}, {64, 60, false}};
  size_t i, j;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
    char *uri = NULL, *lines;
    size_t size = 0;
    const char *uris[1];
    ncl_config *config;
    FILE *out = open_memstream(&uri, &size);
    (void)fputs("yaml:", out);
    for (j = 1; j < cases[i].parts; j++)
      (void)fputs("a::", out);
    (void)fputs("a: ", out);
    for (j = 0; j < cases[i].nested; j++)
      (void)fputs("{a: ", out);
    (void)fputs("1", out);
    for (j = 0; j < cases[i].nested; j++)
      (void)fputs("}", out);
    (void)fclose(out);
    uris[0] = uri;
    config = ncl_config_load(uris, 1, NULL, diagnostics);
    lines = support_lines(diagnostics);
    assert_int_equal(strstr(lines, "maps are nested more than 64 deep") == NULL, cases[i].fits);
    free(lines);
    free(uri);
    ncl_config_free(config);
    ncl_diagnostics_free(diagnostics);
  }
}

static void says_what_to_do_when_there_is_no_config(void **state) {
  static const load_case cases[] = {
      {{NULL}, NULL, "error: there is no config; name one with --config, for example --config /etc/nacelle.yaml\n"},
      {{"env:COLLECTOR_CONFIG"},
       NULL,
       "error: env:COLLECTOR_CONFIG: the environment variable COLLECTOR_CONFIG is not set; set it to the text of the "
       "config; in an ECS task definition, list it under \"secrets\" of this container with the parameter's ARN as "
       "\"valueFrom\"\n"},
      {{"/nonexistent/config.yaml"},
       NULL,
       "error: the file \"/nonexistent/config.yaml\" cannot be opened: No such file or directory; check the name; a "
       "relative one counts from the working directory\n"},
      {{"file:"}, NULL, "error: the name of the file is empty; write file:/path/of/the/config.yaml\n"},
      {{"file:/tmp"}, NULL, "error: \"/tmp\" is a directory; name the file in it\n"},
      {{"arn:aws:ssm:eu-west-1:1:parameter/a"},
       NULL,
       "error: the scheme \"arn\" is not known; to read the parameter, write ssm: before its ARN; or give the ARN as "
       "\"valueFrom\" of a variable under \"secrets\" in the ECS task definition, and name that variable here: "
       "env:COLLECTOR_CONFIG\n"},
      {{"fiel:/etc/x"},
       NULL,
       "error: the scheme \"fiel\" is not known; did you mean \"file:\"? the schemes that are known are env, file, "
       "yaml\n"},
      {{"https://example.com/config.yaml"},
       NULL,
       "error: the scheme \"https\" is not known; the schemes that are known are env, file, yaml\n"},
      {{"env:"},
       NULL,
       "error: what stands in ${...} cannot be the name of an environment variable; write ${env:NAME}, or $${ for a "
       "\"${\" that is to stay\n"},
      {{"yaml:a: [", "yaml:b: ]"},
       NULL,
       "yaml:2:1: error: the text ends before a list or a map in brackets is complete; close each \"[\" and \"{\"\n"
       "yaml:1:4: error: a value is expected here, and \"]\" is none; remove it, or put the text that it belongs to "
       "in quotes\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++)
    load_and_expect(&cases[i], environment);
}

/* ---- files --------------------------------------------------------------------------------- */

typedef struct directory {
  char path[64];
  char config[80], secret[80];
} directory;

static void write_file(const char *name, const char *text) {
  FILE *out = fopen(name, "w");
  assert_non_null(out);
  (void)fputs(text, out);
  (void)fclose(out);
}

static directory open_directory(void) {
  directory d;
  (void)snprintf(d.path, sizeof(d.path), "/tmp/ncl_test_load_XXXXXX");
  assert_non_null(mkdtemp(d.path));
  (void)snprintf(d.config, sizeof(d.config), "%s/c.yaml", d.path);
  (void)snprintf(d.secret, sizeof(d.secret), "%s/secret", d.path);
  return d;
}

static void close_directory(const directory *d) {
  (void)unlink(d->config);
  (void)unlink(d->secret);
  (void)rmdir(d->path);
}

static void expect_file_tree(const char *uri, const char *tree) {
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config = ncl_config_load(&uri, 1, NULL, diagnostics);
  char *found = config != NULL ? support_node_text(ncl_config_root(config)) : support_printed(diagnostics);
  SUPPORT_EXPECT(found, tree, uri);
  free(found);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

static void reads_files_with_and_without_a_scheme(void **state) {
  directory d = open_directory();
  char uri[100], text[200];
  (void)state;
  (void)snprintf(text, sizeof(text), "a: ${file:%s}\nb: x${file:%s}y\n", d.secret, d.secret);
  write_file(d.config, text);
  write_file(d.secret, "word\n");
  (void)snprintf(uri, sizeof(uri), "file:%s", d.config);
  expect_file_tree(uri, "{a: \"word\", b: \"xwordy\"}"); /* the line's end is not part of the value */
  expect_file_tree(d.config, "{a: \"word\", b: \"xwordy\"}");
  write_file(d.secret, "{c: [1]}\n");
  expect_file_tree(d.config, "{a: {c: [1]}, b: \"x{c: [1]}y\"}");
  close_directory(&d);
}

static void names_the_file_in_its_errors(void **state) {
  directory d = open_directory();
  char uri[100], expected[300], *found;
  const char *uris[] = {uri};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  (void)state;
  (void)snprintf(uri, sizeof(uri), "file:%s", d.config);
  write_file(d.config, "a: 1\na: 2\n");
  assert_null(ncl_config_load(uris, 1, NULL, diagnostics));
  (void)snprintf(expected, sizeof(expected),
                 "%s:2:1: error: a: the key is written twice in the same map, first on line 1; keep one of them\n"
                 "    a: ***\n"
                 "    ^\n",
                 d.config);
  found = support_printed(diagnostics);
  SUPPORT_EXPECT(found, expected, "print");
  free(found);
  ncl_diagnostics_free(diagnostics);
  close_directory(&d);
}

static void refuses_a_file_beyond_the_limit(void **state) {
  directory d = open_directory();
  const char *uris[] = {d.config};
  char expected[300], *found;
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  FILE *out = fopen(d.config, "w");
  size_t i;
  (void)state;
  for (i = 0; i <= 1024; i++)
    (void)fprintf(out, "#%1022s\n", "");
  (void)fclose(out);
  assert_null(ncl_config_load(uris, 1, NULL, diagnostics));
  (void)snprintf(expected, sizeof(expected),
                 "error: the file \"%s\" has more than 1048576 bytes; a config is far smaller than that\n", d.config);
  found = support_lines(diagnostics);
  SUPPORT_EXPECT(found, expected, "size");
  free(found);
  ncl_diagnostics_free(diagnostics);
  close_directory(&d);
}

static void reads_a_pipe_to_its_end(void **state) {
  const char *uris[1];
  char name[40], *tree;
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config;
  int ends[2];
  (void)state;
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], "a: 1\n", 5), 5);
  (void)close(ends[1]);
  (void)snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
  uris[0] = name;
  config = ncl_config_load(uris, 1, NULL, diagnostics);
  (void)close(ends[0]);
  assert_non_null(config);
  tree = support_node_text(ncl_config_root(config));
  SUPPORT_EXPECT(tree, "{a: 1}", "pipe");
  free(tree);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

static void waits_for_a_pipe_that_somebody_writes(void **state) {
  const char *uris[1];
  char name[40], *tree;
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config;
  int ends[2], status = 0;
  pid_t writer;
  (void)state;
  assert_int_equal(pipe(ends), 0);
  writer = fork();
  assert_true(writer >= 0);
  if (writer == 0) {
    (void)usleep(50000);
    _exit(write(ends[1], "a: 1\n", 5) == 5 ? 0 : 1);
  }
  (void)close(ends[1]);
  (void)snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
  uris[0] = name;
  config = ncl_config_load(uris, 1, NULL, diagnostics);
  (void)close(ends[0]);
  assert_int_equal(waitpid(writer, &status, 0), writer);
  assert_int_equal(status, 0);
  assert_non_null(config);
  tree = support_node_text(ncl_config_root(config));
  SUPPORT_EXPECT(tree, "{a: 1}", "pipe");
  free(tree);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

static void does_not_wait_for_a_pipe_that_nobody_writes(void **state) {
  directory d = open_directory();
  char expected[300];
  (void)state;
  assert_int_equal(mkfifo(d.config, 0600), 0);
  (void)snprintf(expected, sizeof(expected),
                 "%s: error: there is no config in it; write at least receivers:, exporters: and service: with "
                 "pipelines:\n",
                 d.config);
  expect_file_tree(d.config, expected);
  close_directory(&d);
}

/* ---- added schemes ------------------------------------------------------------------------- */

typedef struct fetched {
  uint32_t asked, released;
  const char *big; /* a text beyond the limit; NULL = another */
} fetched;

static void release_text(void *arg) {
  ((fetched *)arg)->released++;
}

static bool fetch(void *ctx, ncl_str scheme, ncl_str uri, ncl_retrieved *out) {
  fetched *f = ctx;
  if (!ncl_str_eq(scheme, (ncl_str)NCL_STR("ssm"))) {
    out->no_scheme = 1;
    (void)snprintf(out->hint, sizeof(out->hint), "there is ssm");
    return false;
  }
  f->asked++;
  if (f->big != NULL) {
    out->text = ncl_str_of(f->big, NCL_CONFIG_TEXT_MAX + 1);
    out->release = release_text;
    out->release_arg = f;
    return true;
  }
  if (uri.len == 4 && memcmp(uri.ptr, "fail", 5) == 0) { /* a NUL stands behind it */
    (void)snprintf(out->reason, sizeof(out->reason), "the parameter \"fail\" may not be read");
    (void)snprintf(out->hint, sizeof(out->hint), "allow ssm:GetParameter");
    return false;
  }
  out->text = ncl_str_of("a: 1", 4);
  out->release = release_text;
  out->release_arg = f;
  return true;
}

static void asks_added_schemes(void **state) {
  fetched f = {0, 0, NULL};
  const char *good[] = {"ssm:x", "yaml:b: ${ssm:y}"}, *bad[] = {"yaml:b: ${ssm:fail}"};
  ncl_load_options options = {.uris = good, .uri_count = 2, .retrieve = fetch, .retrieve_ctx = &f};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config = ncl_config_load_with(&options, diagnostics);
  char *text;
  (void)state;
  assert_non_null(config);
  text = support_node_text(ncl_config_root(config));
  SUPPORT_EXPECT(text, "{a: 1, b: {a: 1}}", "tree");
  free(text);
  ncl_config_free(config);
  assert_int_equal(f.asked, 2);
  assert_int_equal(f.released, 2);

  options.uris = bad;
  options.uri_count = 1;
  config = ncl_config_load_with(&options, diagnostics);
  text = support_lines(diagnostics);
  SUPPORT_EXPECT(text, "yaml:1:4: error: b: ssm:fail: the parameter \"fail\" may not be read; allow ssm:GetParameter\n",
                 "lines");
  free(text);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

static void refuses_a_text_of_an_added_scheme_beyond_the_limit(void **state) {
  fetched f = {0, 0, calloc(1, NCL_CONFIG_TEXT_MAX + 1)};
  const char *uris[] = {"ssm:x"};
  ncl_load_options options = {.uris = uris, .uri_count = 1, .retrieve = fetch, .retrieve_ctx = &f};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  char *lines;
  (void)state;
  assert_null(ncl_config_load_with(&options, diagnostics));
  lines = support_lines(diagnostics);
  SUPPORT_EXPECT(
      lines,
      "error: ssm:x: the text has 1048577 bytes, more than the 1048576 that are allowed; a config is far smaller "
      "than that\n",
      "big");
  assert_int_equal(f.released, 1);
  free(lines);
  free((void *)(uintptr_t)f.big);
  ncl_diagnostics_free(diagnostics);
}

static void reads_the_environment_of_the_process(void **state) {
  ncl_environment env = ncl_environment_of_process();
  const char *uris[] = {"yaml:a: ${env:NCL_TEST_LOAD_VARIABLE}"};
  ncl_diagnostics *diagnostics = ncl_diagnostics_new(NULL);
  ncl_config *config;
  char *tree;
  (void)state;
  assert_int_equal(setenv("NCL_TEST_LOAD_VARIABLE", "seen", 1), 0);
  config = ncl_config_load(uris, 1, &env, diagnostics);
  tree = support_node_text(ncl_config_root(config));
  SUPPORT_EXPECT(tree, "{a: \"seen\"}", "environment");
  assert_int_equal(unsetenv("NCL_TEST_LOAD_VARIABLE"), 0);
  free(tree);
  ncl_config_free(config);
  ncl_diagnostics_free(diagnostics);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(merges_sources_in_their_order),
      cmocka_unit_test(divides_keys_at_double_colons),
      cmocka_unit_test(explains_what_a_parameter_holds_instead_of_a_config),
      cmocka_unit_test(limits_the_depth_of_keys_that_are_paths),
      cmocka_unit_test(says_what_to_do_when_there_is_no_config),
      cmocka_unit_test(reads_files_with_and_without_a_scheme),
      cmocka_unit_test(names_the_file_in_its_errors),
      cmocka_unit_test(refuses_a_file_beyond_the_limit),
      cmocka_unit_test(reads_a_pipe_to_its_end),
      cmocka_unit_test(waits_for_a_pipe_that_somebody_writes),
      cmocka_unit_test(does_not_wait_for_a_pipe_that_nobody_writes),
      cmocka_unit_test(asks_added_schemes),
      cmocka_unit_test(refuses_a_text_of_an_added_scheme_beyond_the_limit),
      cmocka_unit_test(reads_the_environment_of_the_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

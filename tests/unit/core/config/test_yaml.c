/* SPDX-License-Identifier: Apache-2.0 */
/* YAML texts and the trees they give; texts that are wrong and what is said about them. */
#include "unit/core/config/support.h"

#include "core/config/config.h"

typedef struct parsed {
  ncl_region region;
  ncl_source *source;
  ncl_diagnostics *diagnostics;
  ncl_node *root;
} parsed;

static parsed parse_bytes(ncl_str text, uint32_t kind) {
  parsed p;
  ncl_region_init(&p.region, NULL, 64u * 1024 * 1024);
  p.diagnostics = ncl_diagnostics_new(NULL);
  p.source = ncl_source_new(NULL, kind, (ncl_str)NCL_STR("c.yaml"), text, 0);
  assert_non_null(p.diagnostics);
  assert_non_null(p.source);
  p.root = ncl_yaml_parse(p.source, &p.region, p.diagnostics, NULL);
  return p;
}

static parsed parse(const char *text) {
  return parse_bytes(ncl_str_of(text, strlen(text)), NCL_SOURCE_FILE);
}

static void end(parsed *p) {
  ncl_diagnostics_free(p->diagnostics);
  ncl_source_release(p->source);
  ncl_region_end(&p->region);
}

static void expect_tree(const char *text, const char *tree) {
  parsed p = parse(text);
  char *found = p.root != NULL ? support_node_text(p.root) : support_printed(p.diagnostics);
  SUPPORT_EXPECT(found, tree, text);
  free(found);
  end(&p);
}

static void expect_errors(const char *text, const char *errors) {
  parsed p = parse(text);
  char *found = support_lines(p.diagnostics);
  SUPPORT_EXPECT(found, errors, text);
  assert_null(p.root);
  free(found);
  end(&p);
}

static void reads_what_yaml_says(void **state) {
  static const struct {
    const char *text, *tree;
  } cases[] = {
      {"", "null"},
      {"# nothing\n", "null"},
      {"---\n", "null"},
      {"a: 1", "{a: 1}"},
      {"a: 1\r\nb:\r\n  c: x\r\n", "{a: 1, b: {c: \"x\"}}"},
      {"\xEF\xBB\xBF"
       "a: 1",
       "{a: 1}"},
      {"a:", "{a: null}"},
      {"a: ~\nb: null\nc: \"\"\nd: 'null'", "{a: null, b: null, c: \"\", d: \"null\"}"},
      {"a: 0x1F\nb: 017\nc: 1_000\nd: 1.5\ne: .inf", "{a: 31, b: 15, c: 1000, d: 1.5., e: inf.}"},
      {"a: \"1\"\nb: '1'\nc: |\n  1\n", "{a: \"1\", b: \"1\", c: \"1\\n\"}"},
      {"a: yes\nb: on\nc: true", "{a: \"yes\", b: \"on\", c: true}"},
      {"a: [1, two, [3], {b: 4}]", "{a: [1, \"two\", [3], {b: 4}]}"},
      {"a:\n- 1\n- b: 2\n  c: 3\n", "{a: [1, {b: 2, c: 3}]}"},
      {"a: 'it''s'\nb: \"x\\ty\\u00e9\"", "{a: \"it's\", b: \"x\ty\xC3\xA9\"}"},
      {"a: foo\n  bar\n\n  baz", "{a: \"foo bar\\nbaz\"}"},
      {"a: >-\n  foo\n  bar\n", "{a: \"foo bar\"}"},
      {"a:b: c", "{a:b: \"c\"}"},
      {"a: b#c # d", "{a: \"b#c\"}"},
      {"{\"a\":1,\"b\" :[2],}", "{a: 1, b: [2]}"},
      {"endpoint: http://x:1/y", "{endpoint: \"http://x:1/y\"}"},
      {"? a\n: b", "{a: \"b\"}"},
      {"a: 1\n...\n", "{a: 1}"},
      {"a: 1\n---\n", "{a: 1}"},
      {"%YAML 1.1\n---\na: 1", "{a: 1}"},
      {"a: !!str 12\nb: !!int \"12\"\nc: !!float 1\nd: !!bool \"true\"\ne: !!null \"\"\nf: ! 12",
       "{a: \"12\", b: 12, c: 1, d: true, e: null, f: 12}"},
      {"a: !!map {b: 1}\nc: !!seq [1]", "{a: {b: 1}, c: [1]}"},
      {"a: &x 1\nb: *x\nc: &x 2\nd: *x", "{a: 1, b: 1, c: 2, d: 2}"},
      {"a: &x {k: [1]}\nb: *x", "{a: {k: [1]}, b: {k: [1]}}"},
      {"&k key: 1\nb: *k", "{key: 1, b: \"key\"}"},
      {"a: &k v\n*k : 1", "{a: \"v\", v: 1}"},
      {"x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  a: 3", "{x: {a: 1, b: 2}, y: {a: 3, b: 2}}"},
      {"x: &x {a: 1}\ny: &y {a: 2, b: 3}\nz:\n  <<: [*x, *y]", "{x: {a: 1}, y: {a: 2, b: 3}, z: {a: 1, b: 3}}"},
      {"y: {\"<<\": {a: 1}}", "{y: {<<: {a: 1}}}"},
      {"a: x\tb\nc: {d: 1,\te: 2}", "{a: \"x\tb\", c: {d: 1, e: 2}}"},
      {"a: \"x\ny\"", "{a: \"x y\"}"},
      {"a: \xC3\xA9\xE2\x9C\x93\xF0\x9F\x8E\x89", "{a: \"\xC3\xA9\xE2\x9C\x93\xF0\x9F\x8E\x89\"}"},
      {"12: a\ntrue: b", "{12: \"a\", true: \"b\"}"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++)
    expect_tree(cases[i].text, cases[i].tree);
}

static void explains_what_is_wrong(void **state) {
  static const struct {
    const char *text, *errors;
  } cases[] = {
      {"a:\n\tb: 1",
       "c.yaml:2:1: error: a tab stands where only spaces may; YAML indents with spaces: replace each tab by spaces\n"},
      {"a:\n  b: 1\n\tc: 2\n\td: 3\n",
       "c.yaml:3:1: error: a tab stands where only spaces may, also in line 4; YAML indents with spaces: replace each "
       "tab by spaces\n"},
      {"a: 1\n\t\nb: 2",
       "c.yaml:2:1: error: a tab stands where only spaces may; YAML indents with spaces: replace each tab by spaces\n"},
      {"a: |\n  x\n\ty",
       "c.yaml:3:1: error: a tab stands where only spaces may; YAML indents with spaces: replace each tab by spaces\n"},
      {"a:\n  b: 1\n c: 2",
       "c.yaml:3:2: error: the indentation fits none of the lines above: this line begins in column 2; begin it in "
       "column 1 as line 1 does, or in column 3 as line 2 does\n"},
      {"a:\n  b:\n    c: 1\n   d: 2",
       "c.yaml:4:4: error: the indentation fits none of the lines above: this line begins in column 4; begin it in "
       "column 3 as line 2 does, or in column 5 as line 3 does\n"},
      {"a:\n  - b: 1\n   c: 2",
       "c.yaml:3:4: error: the indentation fits none of the lines above: this line begins in column 4; begin it in "
       "column 3 as line 2 does\n"},
      {"a: |\n  abc\n def",
       "c.yaml:3:2: error: the indentation fits none of the lines above: this line begins in column 2; begin it in "
       "column 1 as line 1 does, or in column 3 as line 2 does\n"},
      {"a:\n    - b\n  - c",
       "c.yaml:3:3: error: the indentation fits none of the lines above: this line begins in column 3; begin it in "
       "column 1 as line 1 does, or in column 5 as line 2 does\n"},
      {"a:\n  b: 1\n   c: 2",
       "c.yaml:3:5: error: this line is indented under line 2, which already has a value; begin both lines in the same "
       "column if they are neighbours, or remove the value above if this line belongs under it\n"},
      {"key: value\n  nested: 1",
       "c.yaml:2:9: error: this line is indented under line 1, which already has a value; begin both lines in the same "
       "column if they are neighbours, or remove the value above if this line belongs under it\n"},
      {"a: b: c",
       "c.yaml:1:5: error: a second \": \" stands on this line; put the value in quotes if the \":\" belongs to it, "
       "else begin a new line for the second key\n"},
      {"a\nb: 1",
       "c.yaml:1:1: error: this line is neither a key nor a list item, and keys follow it; end a key with \":\", or "
       "begin a list item with \"- \"\n"},
      {"receivers:\n  otlp\n    protocols:",
       "c.yaml:2:3: error: this line is neither a key nor a list item, and keys follow it; end a key with \":\", or "
       "begin a list item with \"- \"\n"},
      {"a:1\nb: 2",
       "c.yaml:1:1: error: there is no space behind the \":\"; write \"key: value\" with a space behind the \":\"\n"},
      {"a:\n- b\n c: 1",
       "c.yaml:3:3: error: this line is indented under the list item of line 2, which is text; begin it further left, "
       "or give the item keys: \"- key: value\"\n"},
      {"a: : b",
       "c.yaml:1:4: error: a second \": \" stands on this line; put the value in quotes if the \":\" belongs to it, "
       "else begin a new line for the second key\n"},
      {"- a\nb: 1",
       "c.yaml:2:1: error: a key stands among list items, which began on line 1; begin each item with \"- \"\n"},
      {"a: 1\n- b",
       "c.yaml:2:1: error: a list item stands among keys, which began on line 1; indent the item under the key that it "
       "belongs to\n"},
      {"  a: 1\nb: 2",
       "c.yaml:2:1: error: this line begins further left than line 1, where the config begins in column 3; begin all "
       "top-level keys in the same column, best the first\n"},
      {"a: 1\n...\nb",
       "c.yaml:3:1: error: the config is complete before this line, and here is more; put all keys into one map at the "
       "left margin\n"},
      {"a: \"x\" y", "c.yaml:1:8: error: text follows behind the end of the value; put the whole value in quotes\n"},
      {"a: [b]c", "c.yaml:1:7: error: text follows behind the end of the value; put the whole value in quotes\n"},
      {": 1", "c.yaml:1:1: error: a key is missing; write the key before the \":\"\n"},
      {"a: 1\n: 2", "c.yaml:2:1: error: a key is missing; write the key before the \":\"\n"},
      {"a: \"abc\nb: 1",
       "c.yaml:1:4: error: the quote that opens here is never closed; close it at the end of its value\n"},
      {"a: 'abc\nb: 1",
       "c.yaml:1:4: error: the quote that opens here is never closed; close it at the end of its value\n"},
      {"a: \"x\n---\nb: 1",
       "c.yaml:1:4: error: the quote that opens here is never closed; close it at the end of its value\n"},
      {"a: \"\\d\"",
       "c.yaml:1:5: error: a backslash in double quotes begins an escape, and this is none; put the text in single "
       "quotes, or write each backslash twice\n"},
      {"a: \"\\xZZ\"",
       "c.yaml:1:7: error: a backslash in double quotes begins an escape, and this is none; put the text in single "
       "quotes, or write each backslash twice\n"},
      {"a: [1, 2\nb: 1",
       "c.yaml:1:4: error: the \"[\" that opens here is not closed before line 2, or a \",\" is missing; close it, put "
       "a \",\" between the parts, and quotes around text with , : [ ] { }\n"},
      {"a: {b: 1",
       "c.yaml:1:4: error: the \"{\" that opens here is not closed before line 2, or a \",\" is missing; close it, put "
       "a \",\" between the parts, and quotes around text with , : [ ] { }\n"},
      {"a: [",
       "c.yaml:2:1: error: the text ends before a list or a map in brackets is complete; close each \"[\" and \"{\"\n"},
      {"a: {grpc:, http: }",
       "c.yaml:1:9: error: between brackets, a \":\" needs a space behind it; write a space behind it, as in {grpc: , "
       "http: }, or {} as the value\n"},
      {"a: ]",
       "c.yaml:1:4: error: a value is expected here, and \"]\" is none; remove it, or put the text that it belongs to "
       "in quotes\n"},
      {"a: [b,,c]",
       "c.yaml:1:7: error: a value is expected here, and \",\" is none; remove it, or put the text that it belongs to "
       "in quotes\n"},
      {"a: @x", "c.yaml:1:4: error: a value cannot begin with \"@\"; put the whole value in quotes\n"},
      {"a: `x", "c.yaml:1:4: error: a value cannot begin with \"`\"; put the whole value in quotes\n"},
      {"a: %x", "c.yaml:1:4: error: a value cannot begin with \"%\"; put the whole value in quotes\n"},
      {"a: *.com",
       "c.yaml:1:4: error: \"*\" at the start of a value has a meaning of its own in YAML; put the whole value in "
       "quotes\n"},
      {"a: &",
       "c.yaml:1:4: error: \"&\" at the start of a value has a meaning of its own in YAML; put the whole value in "
       "quotes\n"},
      {"a: - b",
       "c.yaml:1:4: error: a list item cannot stand on the line of its key; begin the list on the next line, or put "
       "text that begins with \"-\" in quotes\n"},
      {"a: ? b", "c.yaml:1:4: error: a value cannot begin with \"?\"; put the whole value in quotes\n"},
      {"a: |x\n b",
       "c.yaml:1:5: error: nothing may follow \"|\" or \">\" on its line; begin the text on the next line, indented\n"},
      {"%YAML 1.2\n---\na: 1", "c.yaml:1:1: error: a \"%YAML 1.2\" line is not supported; remove the line\n"},
      {"a: 1\n%x\n",
       "c.yaml:2:3: error: a line that begins with \"%\" is a YAML directive, and this one is not supported; remove "
       "the line\n"},
      {"---\na: 1\n---\nb: 2",
       "c.yaml:3:1: error: a second YAML document begins here, and a config is one; remove the \"---\" and put all "
       "into one document, or give two files with two --config\n"},
      {"```yaml\na: 1\n```",
       "c.yaml:1:1: error: the text begins with a Markdown fence; remove the lines that begin with ```\n"},
      {"a: 1\n<<<<<<< HEAD\nb: 1\n=======\n>>>>>>> x\n",
       "c.yaml:2:1: error: this line is the mark of a merge conflict; resolve the conflict and remove its markers\n"},
      {"a: 1\na: 2\nb: 1\na: 3",
       "c.yaml:2:1: error: a: the key is written twice in the same map, first on line 1; keep one of them\n"
       "c.yaml:4:1: error: a: the key is written twice in the same map, first on line 1; keep one of them\n"},
      {"x:\n  y: {b: 1, b: 2}",
       "c.yaml:2:13: error: x.y.b: the key is written twice in the same map, first on line 2; keep one of them\n"},
      {"a: *b",
       "c.yaml:1:4: error: a: \"*\" with a name stands for a value above that is marked with \"&\" and the name, and "
       "there is none; write the value in "
       "quotes if the \"*\" belongs to it\n"},
      {"a: &x [*x]",
       "c.yaml:1:8: error: a[0]: the alias contains itself; an alias cannot stand inside the value that it repeats\n"},
      {"a: &x {b: *x}",
       "c.yaml:1:11: error: a.b: the alias contains itself; an alias cannot stand inside the value that it repeats\n"},
      {"a: {{ x }}",
       "c.yaml:1:5: error: a: a map or a list stands where a key must be; \"{{ ... }}\" is a template that was not "
       "filled in; text that starts with \"{\" or \"[\" needs quotes\n"},
      {"[a]: 1",
       "c.yaml:1:1: error: a map or a list stands where a key must be; \"{{ ... }}\" is a template that was not filled "
       "in; text that starts with \"{\" or \"[\" needs quotes\n"},
      {"~: 1", "c.yaml:1:1: error: a key is missing; write the key before the \":\"\n"},
      {"a:\n  <<: 1",
       "c.yaml:2:3: error: a: \"<<\" takes over the keys of a map or of a list of maps, and this is a number; write "
       "\"<<: *anchor\", where the anchor stands at a map\n"},
      {"a:\n  <<: [{b: 1}, 2]",
       "c.yaml:2:3: error: a: \"<<\" takes over the keys of a map or of a list of maps, and this is a list of "
       "something else; write \"<<: *anchor\", where the anchor stands at a map\n"},
      {"a: {<<: {a: 1}, <<: {b: 1}}",
       "c.yaml:1:17: error: a: \"<<\" is written twice in the same map; write one, with a list: \"<<: [*a, *b]\"\n"},
      {"a: !!int x", "c.yaml:1:4: error: a: the value is not what its tag \"!!int\" says; leave the tag out\n"},
      {"a: !!binary eA==",
       "c.yaml:1:4: error: a: the tag behind \"!!\" is not supported; leave the tag out, or write text that begins "
       "with \"!!\" in quotes\n"},
      {"a: !!bool yes", "c.yaml:1:4: error: a: the value is not what its tag \"!!bool\" says; leave the tag out\n"},
      {"a: \x01",
       "c.yaml:1:4: error: an invisible control character stands here, which YAML does not allow; remove it; in a "
       "value, write it in double quotes with its escape, such as \"\\x1b\"\n"},
      {"a: b\xFF", "c.yaml:1:5: error: the byte 0xff is not UTF-8; save the text as UTF-8\n"},
      {"\xC3\xA9: \xED\xA0\x80", "c.yaml:1:4: error: the byte 0xed is not UTF-8; save the text as UTF-8\n"},
      {"a: b\nc: d\x7F"
       "e",
       "c.yaml:2:5: error: an invisible control character stands here, which YAML does not allow; remove it; in a "
       "value, write it in double quotes with its escape, such as \"\\x1b\"\n"},
      {"\x1F\x8B\x08", "c.yaml: error: this is compressed (gzip), not YAML text; unpack it first\n"},
      {"a: !x!y z",
       "c.yaml:1:4: error: this is not YAML: while parsing a node, found undefined tag handle; put text with special "
       "characters in quotes\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++)
    expect_errors(cases[i].text, cases[i].errors);
}

/* What a person sees of five typical mistakes. */
static void shows_the_line_with_a_caret(void **state) {
  static const struct {
    const char *text, *printed;
  } cases[] = {
      {"receivers:\n\totlp:\n",
       "c.yaml:2:1: error: a tab stands where only spaces may; YAML indents with spaces: replace each tab by spaces\n"
       "    <tab>otlp:\n"
       "    ^\n"},
      {"receivers:\n  otlp:\n    protocols:\n   grpc: x\n",
       "c.yaml:4:4: error: the indentation fits none of the lines above: this line begins in column 4; begin it in "
       "column 3 as line 2 does, or in column 5 as line 3 does\n"
       "       grpc: ***\n"
       "       ^\n"},
      {"a:\n  token: SECRET\n    b: SECRET\n",
       "c.yaml:3:6: error: this line is indented under line 2, which already has a value; begin both lines in the same "
       "column if they are neighbours, or remove the value above if this line belongs under it\n"
       "        b: ***\n"
       "         ^\n"},
      {"a: {b: ${X}}\nc: [${Y}]\n",
       "c.yaml:1:4: error: the \"{\" that opens here is not closed before line 1, or a \",\" is missing; between "
       "brackets, put each ${...} in quotes\n"
       "    a: {b: ***\n"
       "       ^\n"},
      {"token: \"SECRET\nb: 1\n",
       "c.yaml:1:8: error: the quote that opens here is never closed; close it at the end of its value\n"
       "    token: ***\n"
       "           ^\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    parsed p = parse(cases[i].text);
    char *found = support_printed(p.diagnostics);
    SUPPORT_EXPECT(found, cases[i].printed, cases[i].text);
    free(found);
    end(&p);
  }
}

static void tells_other_encodings_by_their_first_bytes(void **state) {
  static const struct {
    ncl_str text;
    const char *errors;
  } cases[] = {
      {NCL_STR("\xFF\xFE"
               "a\0"),
       "c.yaml: error: the text is UTF-16, not UTF-8; save it as UTF-8 (PowerShell: Out-File -Encoding utf8)\n"},
      {NCL_STR("\xFE\xFF\0a"),
       "c.yaml: error: the text is UTF-16, not UTF-8; save it as UTF-8 (PowerShell: Out-File -Encoding utf8)\n"},
      {NCL_STR("\x1F\x8B\x08\0"), "c.yaml: error: this is compressed (gzip), not YAML text; unpack it first\n"},
      {NCL_STR("a\0b"),
       "c.yaml:1:2: error: an invisible control character stands here, which YAML does not allow; remove it; in a "
       "value, write it in double quotes with its escape, such as \"\\x1b\"\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    parsed p = parse_bytes(cases[i].text, NCL_SOURCE_FILE);
    char *found = support_lines(p.diagnostics);
    SUPPORT_EXPECT(found, cases[i].errors, cases[i].text.ptr);
    assert_null(p.root);
    free(found);
    end(&p);
  }
}

static void warns_of_quotes_that_are_none(void **state) {
  static const struct {
    const char *text, *warnings;
  } cases[] = {
      {"a: |\n  \xC2\xA0\xC2\xA0 text\n", ""},
      {"a: \"\xE3\x80\x80text\"\n", ""},
      {"a: \xE2\x80\x9Cx\xE2\x80\x9D\n",
       "c.yaml:1:4: warning: the quote U+201C is not a quote to YAML and becomes part of the text; write \" or ' "
       "instead\n"},
      {"a: [\xE2\x80\x98x\xE2\x80\x99]\n",
       "c.yaml:1:5: warning: the quote U+2018 is not a quote to YAML and becomes part of the text; write \" or ' "
       "instead\n"},
      {"a: it\xE2\x80\x99s x\xC2\xA0y\n", ""},
      {"a: !Ref x\n",
       "c.yaml:1:4: warning: a: the tag \"!Ref\" means nothing here and is ignored; a template (CloudFormation, ...) "
       "must be filled in before the text gets here; write a text that begins with \"!\" in quotes\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < ITEMS(cases); i++) {
    parsed p = parse(cases[i].text);
    char *found = support_lines(p.diagnostics);
    SUPPORT_EXPECT(found, cases[i].warnings, cases[i].text);
    assert_non_null(p.root);
    free(found);
    end(&p);
  }
}

/* Builds "open" * n + middle + "close" * n. The caller frees. */
static char *repeated(const char *open, size_t n, const char *middle, const char *close) {
  char *text = NULL;
  size_t size = 0, i;
  FILE *out = open_memstream(&text, &size);
  for (i = 0; i < n; i++)
    (void)fputs(open, out);
  (void)fputs(middle, out);
  for (i = 0; i < n; i++)
    (void)fputs(close, out);
  (void)fclose(out);
  return text;
}

static void expect_first_error(char *text, const char *error) {
  parsed p = parse(text);
  char *found = support_lines(p.diagnostics);
  found[strcspn(found, "\n")] = 0;
  SUPPORT_EXPECT(found, error, "a text beyond a limit");
  assert_null(p.root);
  free(found);
  end(&p);
  free(text);
}

static void accepts_what_is_just_within_the_limits(void **state) {
  char *text = repeated("[", 64, "x", "]");
  parsed p = parse(text);
  (void)state;
  assert_non_null(p.root);
  assert_int_equal(ncl_diagnostics_errors(p.diagnostics), 0);
  end(&p);
  free(text);
}

static void refuses_what_is_beyond_the_limits(void **state) {
  char key[2000];
  (void)state;
  expect_first_error(repeated("[", 65, "x", "]"),
                     "c.yaml:1:66: error: maps and lists are nested more than 64 deep; a config is far flatter than "
                     "that");
  expect_first_error(repeated("[", 5000, "", ""),
                     "c.yaml:1:66: error: maps and lists are nested more than 64 deep; a config is far flatter than "
                     "that");
  expect_first_error(
      repeated("- a\n", 100001, "", ""),
      "c.yaml:100000:3: error: [99999]: the text has more than 100000 values, with what aliases repeat; a config "
      "is far smaller than that");
  expect_first_error(repeated("- &a x\n", 1001, "", ""),
                     "c.yaml:1001:3: error: [1000]: the text has more than 1000 anchors; write some of them out");
  memset(key, 'k', sizeof(key));
  memcpy(key, "? ", 2);
  memcpy(key + 2 + 1025, "\n: 1", 5);
  expect_first_error(strdup(key),
                     "c.yaml:1:3: error: a key of 1025 bytes is longer than the 1024 that are allowed; write the text "
                     "as a value");
}

static void refuses_a_map_with_too_many_keys(void **state) {
  char *text = NULL;
  size_t size = 0, i;
  FILE *out = open_memstream(&text, &size);
  (void)state;
  for (i = 0; i <= 10000; i++)
    (void)fprintf(out, "k%zu: 1\n", i);
  (void)fclose(out);
  expect_first_error(text,
                     "c.yaml:10001:1: error: a map has more than 10000 keys; a config is far smaller than "
                     "that");
}

static void does_not_let_aliases_multiply(void **state) {
  (void)state;
  expect_first_error(
      strdup("a: &a [x,x,x,x,x,x,x,x,x,x]\n"
             "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
             "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
             "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
             "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"),
      "c.yaml:5:29: error: e[7]: the text has more than 100000 values, with what aliases repeat; aliases "
      "that repeat aliases multiply; write the values out");
}

static void says_when_a_parameter_was_cut_off(void **state) {
  char *text = malloc(4097);
  parsed p;
  char *found;
  (void)state;
  memset(text, ' ', 4096);
  memcpy(text, "a: b\nc: \"", 9);
  memset(text + 9, 'x', 4096 - 9);
  text[4096] = 0;
  p = parse_bytes(ncl_str_of(text, 4096), NCL_SOURCE_ENVIRONMENT);
  found = support_lines(p.diagnostics);
  SUPPORT_EXPECT(found,
                 "c.yaml:2:4: error: the quote that opens here is never closed; the text is exactly 4096 bytes long, "
                 "the most that an SSM standard parameter holds: it was cut off; use an advanced parameter or a "
                 "secret\n",
                 "4096 bytes");
  free(found);
  end(&p);
  free(text);
}

static void keeps_the_marks_of_keys_and_values(void **state) {
  parsed p = parse("\xC3\xA9: 1\nb:\n  - c\n  - d: [x]\n");
  const ncl_entry *e = &p.root->map.entries[0], *b = &p.root->map.entries[1];
  const ncl_node *x = ncl_node_get(b->value->list.items[1], (ncl_str)NCL_STR("d"))->list.items[0];
  (void)state;
  assert_int_equal(e->mark.line, 1);
  assert_int_equal(e->mark.column, 1);
  assert_int_equal(e->value->mark.line, 1);
  assert_int_equal(e->value->mark.column, 4); /* characters, not bytes */
  assert_int_equal(b->mark.line, 2);
  assert_int_equal(b->value->list.items[0]->mark.line, 3);
  assert_int_equal(b->value->list.items[0]->mark.column, 5);
  assert_int_equal(x->mark.line, 4);
  assert_int_equal(x->mark.column, 9);
  assert_ptr_equal(x->mark.source, p.source);
  end(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_yaml_says),
      cmocka_unit_test(explains_what_is_wrong),
      cmocka_unit_test(shows_the_line_with_a_caret),
      cmocka_unit_test(tells_other_encodings_by_their_first_bytes),
      cmocka_unit_test(warns_of_quotes_that_are_none),
      cmocka_unit_test(accepts_what_is_just_within_the_limits),
      cmocka_unit_test(refuses_what_is_beyond_the_limits),
      cmocka_unit_test(refuses_a_map_with_too_many_keys),
      cmocka_unit_test(does_not_let_aliases_multiply),
      cmocka_unit_test(says_when_a_parameter_was_cut_off),
      cmocka_unit_test(keeps_the_marks_of_keys_and_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

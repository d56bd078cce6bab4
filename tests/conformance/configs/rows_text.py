# SPDX-License-Identifier: Apache-2.0
"""Bytes, YAML, and what is no YAML."""

import json

import yaml

from configs.table import BASE, bad, good, in_batch, in_debug, in_http_exporter, in_telemetry

SIZE = "processors::batch::send_batch_size"
HEADERS = "exporters::otlp_http::headers"
ENDPOINT = {"receivers::otlp::protocols::grpc::endpoint": "localhost:0"}

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi")
)

ROWS = [
    good("json", json.dumps(yaml.safe_load(BASE)), ENDPOINT),
    good("json in lines", json.dumps(yaml.safe_load(BASE), indent=2), ENDPOINT),
    good("a byte order mark", b"\xef\xbb\xbf" + BASE.encode(), ENDPOINT),
    good("lines end in CR LF", BASE.replace("\n", "\r\n"), ENDPOINT),
    good("no line break at the end", BASE.rstrip(), ENDPOINT),
    good("a document's begin and end", f"---\n{BASE}...\n", ENDPOINT),
    good("comments", "# first\n" + BASE.replace("  debug:\n", "  debug: # comment\n    # another\n"), ENDPOINT),
    good("everything indented", "".join(f"  {line}\n" for line in BASE.splitlines()), ENDPOINT),
    bad(
        "two documents",
        f"{BASE}---\nexporters: {{debug: }}\n",
        "config.yaml:16:1: error: a second YAML document begins here, and a config is one",
        differs="second-document",
    ),
    bad("an empty text", "", "there is no config in it"),
    bad("only comments", "# to do\n", "there is no config in it"),
    bad("text", "receivers\n", "config.yaml:1:1: error: a config is a map, and this is text"),
    bad("a list of words", "- receivers\n", "config.yaml:1:1: error: a config is a map, and this is a list"),
    bad("bytes that are no UTF-8", BASE.encode() + b"# \xff\n", "config.yaml:16:3: error: the byte 0xff is not UTF-8"),
    bad(
        "a control character",
        BASE.encode() + b"# \x07\n",
        "config.yaml:16:3: error: an invisible control character stands here, which YAML does not allow",
    ),
    bad("UTF-16", BASE.encode("utf-16"), "the text is UTF-16, not UTF-8", differs="utf-16"),
    # ---- structure
    bad(
        "a tab",
        BASE.replace("  otlp:\n", "\totlp:\n"),
        "config.yaml:2:1: error: a tab stands where only spaces may",
        "YAML indents with spaces",
    ),
    bad(
        "an indentation that fits nothing",
        BASE.replace("      grpc:", "   grpc:"),
        "config.yaml:4:4: error: the indentation fits none of the lines above: this line begins in column 4",
    ),
    bad(
        "a key twice",
        BASE + "exporters:\n  nop:\n",
        "config.yaml:16:1: error: exporters: the key is written twice in the same map, first on line 6",
    ),
    bad(
        "a quote that is not closed",
        in_debug('verbosity: "basic'),
        "config.yaml:8:16: error: the quote that opens here is never closed",
    ),
    bad(
        "a bracket that is not closed",
        BASE.replace("[debug]", "[debug"),
        'config.yaml:15:18: error: the "[" that opens here is not closed before line 16, or a "," is missing',
    ),
    bad(
        "no space behind a colon",
        in_batch("send_batch_size:10"),
        'config.yaml:8:5: error: processors.batch: there is no space behind "send_batch_size:", so this is text',
    ),
    bad(
        "a second colon on a line",
        in_debug("verbosity: basic: x"),
        'config.yaml:8:21: error: a second ": " stands on this line',
    ),
    bad(
        "a list item among keys",
        in_debug("- verbosity: basic\n  sampling_initial: 2\nverbosity: basic"),
        "config.yaml:10:5: error: a key stands among list items",
    ),
    bad(
        "a key that is a list",
        in_debug("? [a]\n: b"),
        "config.yaml:8:7: error: exporters.debug: a map or a list stands where a key must be",
    ),
    bad(
        "an alias without its anchor",
        in_batch("send_batch_size: *size"),
        'config.yaml:8:22: error: processors.batch.send_batch_size: "*" with a name stands for a value above that is marked with "&" and the name, and there is none',
    ),
    bad("a template", in_debug("verbosity: {{ .Verbosity }}"), '"{{ ... }}" is a template that was not filled in'),
    bad("a YAML directive", f"%YAML 1.2\n---\n{BASE}", 'a "%YAML 1.2" line is not supported'),
    bad("aliases that multiply", LAUGHS + BASE, "aliases that repeat aliases multiply"),
    bad(
        "a hundred lists in each other",
        BASE + "x: " + "[" * 100 + "]" * 100 + "\n",
        "maps and lists are nested more than 64 deep",
    ),
    # ---- anchors, merge keys, tags
    good(
        "anchor and alias",
        in_batch("send_batch_size: &size 100\nsend_batch_max_size: *size"),
        {"processors::batch::send_batch_max_size": 100},
    ),
    good(
        "a merge key",
        in_batch("<<: &some {send_batch_size: 100, timeout: 1s}\ntimeout: 2s"),
        {SIZE: 100, "processors::batch::timeout": "2s"},
    ),
    good(
        "a merge key with a list",
        in_batch("<<: [{send_batch_size: 100}, {send_batch_size: 200, timeout: 1s}]"),
        {SIZE: 100, "processors::batch::timeout": "1s"},
    ),
    bad(
        "a merge key with text",
        in_batch("<<: x"),
        '"<<" takes over the keys of a map or of a list of maps, and this is text',
    ),
    good("a tag of YAML", in_http_exporter("headers:\n  a: !!str 10"), {HEADERS: {"a": "10"}}),
    good(
        "a tag that nobody knows",
        in_http_exporter("headers:\n  a: !Ref name"),
        {HEADERS: {"a": "name"}},
        says=['the tag "!Ref" means nothing here and is ignored'],
    ),
    # ---- scalars
    good("octal with a zero", in_batch("send_batch_size: 017"), {SIZE: 15}),
    good("octal with 0o", in_batch("send_batch_size: 0o17"), {SIZE: 15}),
    good("hexadecimal", in_batch("send_batch_size: 0x10"), {SIZE: 16}),
    good("binary", in_batch("send_batch_size: 0b11"), {SIZE: 3}),
    good("digits in groups", in_batch("send_batch_size: 1_000"), {SIZE: 1000}),
    good(
        "a block of text",
        in_telemetry("metrics: {level: none}\nlogs:\n  initial_fields:\n    a: |\n      x y\n      z\n"),
        {"service::telemetry::logs::initial_fields": {"a": "x y\nz\n"}},
    ),
    good("text that looks like a number", in_http_exporter("headers:\n  a: '0123'"), {HEADERS: {"a": "0123"}}),
    good("letters beyond ASCII", in_http_exporter("headers:\n  a: gr\u00fcn"), {HEADERS: {"a": "gr\u00fcn"}}),
]

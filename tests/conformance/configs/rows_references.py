# SPDX-License-Identifier: Apache-2.0
"""${env:NAME} and its kin: what they become, and what they must not."""

from configs.table import BASE, bad, good, in_batch, in_debug, in_grpc, in_http_exporter, in_telemetry

HEADERS = "exporters::otlp_http::headers"
SIZE = "processors::batch::send_batch_size"
TIMEOUT = "processors::batch::timeout"
VERBOSITY = "exporters::debug::verbosity"


def header(value):
    return in_http_exporter(f"headers:\n  a: {value}")


ROWS = [
    good("env", in_debug("verbosity: ${env:V}"), {VERBOSITY: "detailed"}, env={"V": "detailed"}),
    good("env without its scheme", in_debug("verbosity: ${V}"), {VERBOSITY: "detailed"}, env={"V": "detailed"}),
    good("a default that is needed", in_debug("verbosity: ${env:V:-normal}"), {VERBOSITY: "normal"}),
    good(
        "a default that is not needed",
        in_debug("verbosity: ${env:V:-normal}"),
        {VERBOSITY: "detailed"},
        env={"V": "detailed"},
    ),
    good("a default for a variable that is empty", header("${env:V:-normal}"), {HEADERS: {"a": ""}}, env={"V": ""}),
    good(
        "a default without env",
        in_debug("verbosity: ${V:-normal}"),
        {VERBOSITY: "normal"},
        differs="default-without-scheme",
    ),
    good("a default in a default", in_debug("verbosity: ${env:A:-${env:B:-normal}}"), {VERBOSITY: "normal"}),
    good(
        "text that is not set",
        header("${env:NOT_SET}"),
        {HEADERS: {"a": ""}},
        says=["exporters.otlp_http.headers.a: the environment variable NOT_SET is not set"],
    ),
    good(
        "a number that is not set",
        in_batch("send_batch_size: ${env:NOT_SET}"),
        {SIZE: 8192},
        says=["processors.batch.send_batch_size: the environment variable NOT_SET is not set"],
        differs="null-is-default",
    ),
    good("inside text", in_http_exporter("headers:\n  a: x-${env:V}-y"), {HEADERS: {"a": "x-1-y"}}, env={"V": "1"}),
    good("a number as a whole", in_batch("send_batch_size: ${env:N}"), {SIZE: 100}, env={"N": "100"}),
    good("a number in quotes as a whole", in_batch('send_batch_size: "${env:N}"'), {SIZE: 100}, env={"N": "100"}),
    good(
        "octal digits are a number for a number", in_batch("send_batch_size: ${env:N}"), {SIZE: 83}, env={"N": "0123"}
    ),
    good("octal digits are text for text", header("${env:N}"), {HEADERS: {"a": "0123"}}, env={"N": "0123"}),
    good("octal digits inside text", header("n${env:N}"), {HEADERS: {"a": "n0123"}}, env={"N": "0123"}),
    bad(
        "a number put together",
        in_batch("send_batch_size: 1${env:N}"),
        'processors.batch.send_batch_size: must be a whole number, but "10" is text',
        "use one ${...} alone",
        env={"N": "0"},
    ),
    good(
        "a true",
        in_http_exporter("disable_keep_alives: ${env:B}"),
        {"exporters::otlp_http::disable_keep_alives": True},
        env={"B": "true"},
    ),
    good("a duration", in_batch("timeout: ${env:T}"), {TIMEOUT: "1s"}, env={"T": "1s"}),
    good("a duration put together", in_batch("timeout: ${env:T}s"), {TIMEOUT: "3s"}, env={"T": "3"}),
    bad(
        "a duration without a unit",
        in_batch("timeout: ${env:T}"),
        "processors.batch.timeout: 3 has no unit; write 3s for seconds",
        env={"T": "3"},
        differs="duration-without-unit",
    ),
    good(
        "a map",
        BASE.replace("  debug:\n", "  debug: ${env:M}\n"),
        {VERBOSITY: "detailed"},
        env={"M": "{verbosity: detailed}"},
    ),
    good(
        "a list",
        BASE.replace("[otlp]", "${env:L}"),
        {"service::pipelines::traces::receivers": ["otlp"]},
        env={"L": "[otlp]"},
    ),
    good(
        "an item of a list",
        BASE.replace("[otlp]", "['${env:R}']"),
        {"service::pipelines::traces::receivers": ["otlp"]},
        env={"R": "otlp"},
    ),
    good(
        "an address with a colon",
        in_http_exporter("traces_endpoint: ${env:U}"),
        {"exporters::otlp_http::traces_endpoint": "https://h:1/a"},
        env={"U": "https://h:1/a"},
    ),
    good(
        "lines of text",
        in_telemetry("metrics: {level: none}\nlogs: {initial_fields: {a: x}}\nresource: {a: '${env:P}'}"),
        {},
        env={"P": "one: x\ntwo: y: z\n"},
    ),
    good(
        "a variable that leads to another",
        in_debug("verbosity: ${env:A}"),
        {VERBOSITY: "normal"},
        env={"A": "${env:B}", "B": "normal"},
    ),
    bad(
        "a variable that leads to itself",
        in_debug("verbosity: ${env:A}"),
        "exporters.debug.verbosity: the reference leads to a reference, and so on, more than 20 times",
        env={"A": "${env:A}"},
    ),
    bad(
        "variables that multiply",
        header("${env:A}"),
        "more than",
        env={"A": "${env:B}" * 10, "B": "${env:C}" * 10, "C": "${env:D}" * 10, "D": "x" * 10},
        differs="limits",
    ),
    # ---- dollars
    good("two dollars", header("$$5"), {HEADERS: {"a": "$5"}}),
    good("one dollar", header("a$5 $-"), {HEADERS: {"a": "a$5 $-"}}),
    good("a reference kept as text", header("$${env:V}"), {HEADERS: {"a": "${env:V}"}}, env={"V": "x"}),
    good(
        "text kept beside a reference",
        header('"$${X} ${X}"'),
        {HEADERS: {"a": "${X} 5"}},
        env={"X": "5"},
        differs="dollars",
    ),
    good("a group of a pattern", header("$1"), {HEADERS: {"a": "$1"}}),
    bad("a group in braces", header("${1}"), 'exporters.otlp_http.headers.a: "${1}" cannot be an environment variable'),
    bad(
        "a name that is none",
        header("${env:A-B}"),
        "what stands in ${...} cannot be the name of an environment variable",
    ),
    bad("no name", header("${env:}"), "what stands in ${...} cannot be the name of an environment variable"),
    good("a brace that is not closed", header('"${env:V"'), {HEADERS: {"a": "${env:V"}}),
    bad(
        "a reference as a key",
        BASE.replace("  debug:\n", "  debug:\n    ${env:K}: basic\n"),
        "exporters.debug.${env:K}: there is no such key",
        env={"K": "verbosity"},
    ),
    # ---- other schemes
    good("a file", in_debug("verbosity: ${file:word}"), {VERBOSITY: "normal"}, files={"word": "normal"}),
    good(
        "a file with a line break at its end",
        header("${file:word}"),
        {HEADERS: {"a": "x"}},
        files={"word": "x\n"},
        differs="file-newline",
    ),
    good(
        "a file with a map",
        BASE.replace("  debug:\n", "  debug: ${file:part.yaml}\n"),
        {VERBOSITY: "detailed"},
        files={"part.yaml": "verbosity: detailed\n"},
    ),
    bad(
        "a file that is not there",
        in_debug("verbosity: ${file:nowhere}"),
        'exporters.debug.verbosity: the file "nowhere" cannot be opened: No such file or directory',
    ),
    good("yaml", in_debug("verbosity: ${yaml:normal}"), {VERBOSITY: "normal"}),
    bad(
        "an unknown scheme",
        in_debug("verbosity: ${vault:secret}"),
        'exporters.debug.verbosity: the scheme "vault" is not known; the schemes that are known are env, file, yaml, http, https',
        "no file sources/vault.so in /",
    ),
    bad(
        "a variable of CloudFormation",
        in_http_exporter("headers:\n  a: ${AWS::Region}"),
        '"${AWS::Region}" is a variable of CloudFormation that was not filled in',
    ),
    bad(
        "a secret in the wrong place",
        in_grpc("max_recv_msg_size_mib: ${env:TOKEN}"),
        "must be a whole number, but the value is text",
        env={"TOKEN": "t0p-secret"},
    ),
]

# SPDX-License-Identifier: Apache-2.0
"""Ids, pipelines, and how components hang together."""

from configs.table import BASE, bad, good, in_batch, pipelines

ROWS = [
    good(
        "a pipeline with a name",
        BASE.replace("traces:", "traces/slow:"),
        {"service::pipelines::traces/slow::receivers": ["otlp"]},
    ),
    good(
        "all signals",
        pipelines(
            "traces: {receivers: [otlp], exporters: [debug]}\nmetrics: {receivers: [otlp], exporters: [debug]}\nlogs: {receivers: [otlp], exporters: [debug]}"
        ),
        {"service::pipelines::logs::exporters": ["debug"]},
    ),
    good(
        "two of a type",
        BASE.replace("  debug:\n", "  debug:\n  debug/2:\n").replace("[debug]", "[debug, debug/2]"),
        {"exporters::debug/2::sampling_initial": 2},
    ),
    good(
        "a list as text",
        BASE.replace("[otlp]", "otlp"),
        {"service::pipelines::traces::receivers": ["otlp"]},
        differs="list-as-text",
    ),
    good(
        "lists in lines",
        BASE.replace("receivers: [otlp]", "receivers:\n        - otlp"),
        {"service::pipelines::traces::receivers": ["otlp"]},
    ),
    good("no processors", BASE + "      processors: []\n", {"service::pipelines::traces::exporters": ["debug"]}),
    good(
        "a component that nothing uses",
        BASE.replace("  debug:\n", "  debug:\n  nop:\n"),
        {"service::pipelines::traces::exporters": ["debug"]},
        says=["config.yaml:8:3: warning: exporters.nop: the exporter is defined and used in no pipeline"],
    ),
    bad(
        "a mistake in a component that nothing uses",
        BASE.replace("  debug:\n", "  debug:\n  debug/2: {verbosity: loud}\n"),
        'exporters.debug/2.verbosity: "loud" is not one of: basic, normal, detailed',
    ),
    bad(
        "a type that there is not",
        BASE.replace("  debug:\n", "  debug:\n  kafka:\n").replace("[debug]", "[kafka]"),
        'config.yaml:8:3: error: exporters.kafka: exporter "kafka" is not installed: no file exporters/kafka.so in /',
    ),
    bad(
        "a type with a slip",
        BASE.replace("otlp", "oltp"),
        'receivers.oltp: receiver "oltp" is not installed',
        'did you mean "otlp"?',
    ),
    bad(
        "a type of another kind",
        BASE.replace("  debug:\n", "  debug:\n  batch:\n").replace("[debug]", "[debug, batch]"),
        '"batch" is a processor: define it under "processors"',
    ),
    bad(
        "a receiver that is not defined",
        BASE.replace("[otlp]", "[otpl]"),
        'config.yaml:14:19: error: service.pipelines.traces.receivers[0]: the receiver "otpl" is not defined; did you mean "otlp"?',
    ),
    bad(
        "a processor that is not defined",
        BASE + "      processors: [batch]\n",
        'service.pipelines.traces.processors[0]: the processor "batch" is not defined; define it under "processors"',
    ),
    bad(
        "an exporter that is not defined",
        BASE.replace("[debug]", "[otlp]"),
        'service.pipelines.traces.exporters[0]: the exporter "otlp" is not defined; there is a receiver "otlp"',
    ),
    bad(
        "an extension that is not defined",
        BASE.replace("  pipelines:", "  extensions: [health_check]\n  pipelines:"),
        'service.extensions[0]: the extension "health_check" is not defined',
    ),
    good(
        "a receiver twice",
        BASE.replace("[otlp]", "[otlp, otlp]"),
        {},
        says=['warning: service.pipelines.traces.receivers[1]: "otlp" is listed twice, and counts once'],
    ),
    good(
        "an exporter twice",
        BASE.replace("[debug]", "[debug, debug]"),
        {},
        says=['warning: service.pipelines.traces.exporters[1]: "debug" is listed twice, and counts once'],
    ),
    bad("a processor twice", in_batch("timeout: 1s").replace("[batch]", "[batch, batch]"), '"batch" is listed twice'),
    bad(
        "no receivers",
        BASE.replace("      receivers: [otlp]\n", ""),
        "config.yaml:13:5: error: service.pipelines.traces: the pipeline has no receiver",
    ),
    bad(
        "no exporters",
        BASE.replace("      exporters: [debug]\n", ""),
        "config.yaml:13:5: error: service.pipelines.traces: the pipeline has no exporter",
    ),
    bad(
        "exporters that are empty",
        BASE.replace("[debug]", "[]"),
        "service.pipelines.traces: the pipeline has no exporter",
    ),
    bad(
        "a signal that there is not",
        BASE.replace("traces:", "spans:"),
        'service.pipelines.spans: a pipeline carries traces, metrics or logs, and "spans" is none of them',
    ),
    bad("a signal with a slip", BASE.replace("traces:", "trace:"), 'did you mean "traces"?'),
    bad("no pipelines", BASE.partition("  pipelines:")[0], "there is no pipeline"),
    bad("pipelines that are empty", pipelines(""), "there is no pipeline"),
    bad("no service", BASE.partition("service:")[0], "there is no pipeline, so there is nothing to run"),
    bad(
        "a pipeline that is a list",
        BASE.replace("traces:\n      receivers: [otlp]\n      exporters: [debug]", "traces: [otlp, debug]"),
        "service.pipelines.traces: must be a map with receivers, processors and exporters, but this is a list",
    ),
    bad(
        "settings in a pipeline",
        BASE.replace("[debug]", "[debug: {verbosity: basic}]"),
        "must be the id of a component, but this is a map",
    ),
    bad(
        "an id without a name",
        BASE.replace("  debug:\n", "  debug/:\n").replace("[debug]", "[debug/]"),
        'this cannot be the id of a component: its name behind the "/" is empty',
    ),
    bad(
        "an id that begins with a digit",
        BASE.replace("  debug:\n", "  2debug:\n").replace("[debug]", "[2debug]"),
        "its type does not begin with a letter",
    ),
    bad(
        "an id with a hyphen",
        BASE.replace("  debug:\n", "  de-bug:\n").replace("[debug]", "[de-bug]"),
        'its type may hold letters, digits and "_" only',
    ),
    bad(
        "components as a list",
        BASE.replace("exporters:\n  debug:", "exporters:\n  - debug:"),
        "exporters: must be a map of components, but this is a list",
    ),
    good(
        "a connector",
        pipelines(
            "traces/in: {receivers: [otlp], exporters: [forward]}\ntraces/out: {receivers: [forward], exporters: [debug]}",
            "connectors: {forward: }\n",
        ),
        {"service::pipelines::traces/out::receivers": ["forward"]},
        go_without="forward",
    ),
    bad(
        "a connector to nowhere",
        pipelines("traces: {receivers: [otlp], exporters: [forward]}", "connectors: {forward: }\n"),
        "connectors.forward: the connector joins two pipelines, and none has it as its receiver",
        go_without="forward",
    ),
    bad(
        "a connector to another signal",
        pipelines(
            "traces: {receivers: [otlp], exporters: [forward]}\nlogs: {receivers: [forward], exporters: [debug]}",
            "connectors: {forward: }\n",
        ),
        "connectors.forward: connector forward takes traces but leads into no pipeline",
        go_without="forward",
    ),
    bad(
        "connectors in a circle",
        pipelines(
            "traces/a: {receivers: [otlp, forward/2], exporters: [forward/1]}\ntraces/b: {receivers: [forward/1], exporters: [forward/2]}",
            "connectors: {forward/1: , forward/2: }\n",
        ),
        "connectors lead from this pipeline back to itself",
        go_without="forward",
    ),
    bad(
        "everything wrong at once",
        "receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: localhost:0\n        tls: {min_version: '9'}\n"
        "processors:\n  batch:\n    timeout: 5\nexporters:\n  debug:\n    verbosity: loud\nservice:\n  pipelines:\n    traces:\n"
        "      receivers: [otlp]\n      processors: [batch]\n      exporters: [debug, nop]\n",
        "config.yaml:6:28: error: receivers.otlp.protocols.grpc.tls",
        "config.yaml:9:14: error: processors.batch.timeout: 5 has no unit",
        "config.yaml:12:16: error: exporters.debug.verbosity",
        'config.yaml:18:26: error: service.pipelines.traces.exporters[1]: the exporter "nop" is not defined',
        "Error: the config has 4 errors",
    ),
]

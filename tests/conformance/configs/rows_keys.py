# SPDX-License-Identifier: Apache-2.0
"""Keys that are paths, several configs, --set."""

from configs.table import BASE, bad, good, in_batch, in_debug, in_grpc, in_http_exporter

SIZE = "processors::batch::send_batch_size"
TIMEOUT = "processors::batch::timeout"
BATCH = in_batch("send_batch_size: 100")

ROWS = [
    good(
        "a key with ::",
        BASE.replace("  debug:\n", "  debug::verbosity: detailed\n"),
        {"exporters::debug::verbosity": "detailed"},
    ),
    good(
        "a path beside its map",
        in_debug("verbosity: basic") + "exporters::debug::sampling_initial: 5\n",
        {"exporters::debug::sampling_initial": 5},
    ),
    bad(
        "a path and a key set the same",
        in_debug("sampling_initial: 1") + "exporters::debug::sampling_initial: 5\n",
        "exporters.debug.sampling_initial: the key is set twice, first on line 8",
        differs="set-twice",
    ),
    good("--set", BATCH, {SIZE: 5}, arguments=["--set", "processors.batch.send_batch_size=5"]),
    good("--set with =", BATCH, {SIZE: 5}, arguments=["--set=processors.batch.send_batch_size=5"]),
    good(
        "--set of a list",
        BATCH,
        {"processors::batch::metadata_keys": ["a", "b"]},
        arguments=["--set", "processors.batch.metadata_keys=[a, b]"],
    ),
    good(
        "--set counts behind all configs",
        [BATCH, "processors: {batch: {send_batch_size: 7}}\n"],
        {SIZE: 5},
        arguments=["--set=processors.batch.send_batch_size=5"],
    ),
    bad(
        "--set without a value",
        BATCH,
        "Error: --set: KEY=VALUE is needed",
        arguments=["--set", "processors.batch.send_batch_size"],
    ),
    # ---- merging
    good("maps merge deeply", [BATCH, "processors: {batch: {timeout: 3s}}\n"], {SIZE: 100, TIMEOUT: "3s"}),
    good("a later value counts", [BATCH, "processors: {batch: {send_batch_size: 7}}\n"], {SIZE: 7}),
    good(
        "lists are replaced",
        [BASE, "exporters: {nop: }\nservice: {pipelines: {traces: {exporters: [nop]}}}\n"],
        {"service::pipelines::traces::exporters": ["nop"]},
        says=["exporters.debug: the exporter is defined and used in no pipeline"],
    ),
    good("a null takes a map away", [BATCH, "processors: {batch: null}\n"], {SIZE: 8192}),
    good("a path in the second config", [BATCH, "processors::batch::timeout: 4s\n"], {SIZE: 100, TIMEOUT: "4s"}),
    good(
        "three configs",
        [BATCH, "processors: {batch: {timeout: 1s}}\n", "processors: {batch: {timeout: 2s}}\n"],
        {SIZE: 100, TIMEOUT: "2s"},
    ),
    good("an empty second config", [BATCH, "# nothing\n"], {SIZE: 100}, says=["2.yaml: warning: the text is empty"]),
    good(
        "a second config adds a pipeline",
        [BASE, "service: {pipelines: {metrics: {receivers: [otlp], exporters: [debug]}}}\n"],
        {"service::pipelines::metrics::receivers": ["otlp"], "service::pipelines::traces::receivers": ["otlp"]},
    ),
    bad(
        "text replaces a map",
        [BATCH, "processors: {batch: x}\n"],
        "2.yaml:1:21: error: processors.batch: must be a map of settings, but this is text",
    ),
    bad(
        "an error in the second config",
        [BATCH, "processors: {batch: {tmeout: 1s}}\n"],
        '2.yaml:1:22: error: processors.batch.tmeout: there is no such key; did you mean "timeout"?',
    ),
    # ---- unknown keys
    bad(
        "an unknown key at the top",
        BASE + "exporter: {}\n",
        'config.yaml:16:1: error: exporter: there is no such key at the top level; did you mean "exporters"?',
    ),
    bad(
        "an unknown key of a component",
        in_batch("send_batch_sise: 5"),
        'config.yaml:8:5: error: processors.batch.send_batch_sise: there is no such key; did you mean "send_batch_size"?',
    ),
    bad(
        "an unknown key of a section",
        in_grpc("keepalive: {server_parameters: {tme: 1s}}"),
        'receivers.otlp.protocols.grpc.keepalive.server_parameters.tme: there is no such key; did you mean "time"?',
    ),
    bad(
        "a key in another case",
        in_batch("Timeout: 5s"),
        'config.yaml:8:5: error: processors.batch.Timeout: there is no such key; did you mean "timeout"?',
    ),
    bad(
        "a key too far up",
        BASE.replace("    protocols:\n", "    endpoint: localhost:1\n    protocols:\n"),
        "config.yaml:3:5: error: receivers.otlp.endpoint: there is no such key; it belongs under",
    ),
    bad(
        "a key too far down",
        in_http_exporter("sending_queue: {compression: gzip}"),
        'exporters.otlp_http.sending_queue.compression: there is no such key; it is a key of "exporters.otlp_http": indent it less',
    ),
    bad(
        "a number as a key", in_batch("8192: 5"), "config.yaml:8:5: error: processors.batch.8192: there is no such key"
    ),
    bad(
        "an unknown key of a pipeline",
        BASE + "      procesors: []\n",
        'config.yaml:16:7: error: service.pipelines.traces.procesors: there is no such key of a pipeline; did you mean "processors"?',
    ),
    bad(
        "an unknown key of the service",
        BASE + "  pipeline: {}\n",
        'config.yaml:16:3: error: service.pipeline: there is no such key of the service; did you mean "pipelines"?',
    ),
]

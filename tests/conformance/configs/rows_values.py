# SPDX-License-Identifier: Apache-2.0
"""Values of each type, sections that are on or off, and what components say of their settings."""

from configs.table import (
    BASE,
    bad,
    good,
    in_batch,
    in_debug,
    in_grpc,
    in_grpc_exporter,
    in_http_exporter,
    in_limiter,
    in_protocols,
    in_telemetry,
)

SIZE = "processors::batch::send_batch_size"
TIMEOUT = "processors::batch::timeout"
GRPC = "receivers::otlp::protocols::grpc"
HTTP = "receivers::otlp::protocols::http"
QUEUE = "exporters::otlp_http::sending_queue"
BATCH_DEFAULTS = {
    f"{QUEUE}::batch::flush_timeout": "200ms",
    f"{QUEUE}::batch::min_size": 8192,
    f"{QUEUE}::batch::max_size": 0,
}

ROWS = [
    # ---- durations
    bad(
        "a duration without a unit, written",
        in_batch("timeout: 5"),
        "config.yaml:8:14: error: processors.batch.timeout: 5 has no unit; write 5s for seconds",
        differs="duration-without-unit",
    ),
    good("a duration of several units", in_batch("timeout: 1h30m0.5s"), {TIMEOUT: "1h30m0.5s"}),
    good("a duration of zero", in_batch("timeout: 0"), {TIMEOUT: "0s"}),
    bad(
        "a duration in days",
        in_batch("timeout: 1d"),
        'processors.batch.timeout: "1d" counts days, a unit that durations do not have: a day is 24h',
    ),
    bad("a duration with a space", in_batch("timeout: 5 s"), 'processors.batch.timeout: "5 s" '),
    bad(
        "a duration in words",
        in_batch("timeout: 5sec"),
        'processors.batch.timeout: "5sec" has a unit that is not known: units are ns, us, ms, s, m and h',
    ),
    bad(
        "a duration below zero",
        in_batch("timeout: -1s"),
        'processors.batch.timeout: "-1s" is less than 0s, the least that is allowed',
    ),
    # ---- numbers
    good("a whole number written as 1e3", in_batch("send_batch_size: 1e3"), {SIZE: 1000}),
    bad(
        "a fraction",
        in_batch("send_batch_size: 10.5"),
        "processors.batch.send_batch_size: must be a whole number, but 10.5 has a fraction",
        differs="fraction",
    ),
    bad(
        "a number in quotes",
        in_batch('send_batch_size: "10"'),
        'processors.batch.send_batch_size: must be a whole number, but "10" is text; remove the quotes',
    ),
    bad(
        "a size for a number",
        in_batch("send_batch_size: 8KiB"),
        'processors.batch.send_batch_size: must be a whole number, but "8KiB" is text; write the number alone: 8192',
    ),
    bad(
        "a number below zero",
        in_batch("send_batch_size: -1"),
        "processors.batch.send_batch_size: -1 is less than 0, the least that is allowed",
    ),
    bad(
        "a number that is far too large",
        in_batch("send_batch_size: 99999999999999999999"),
        "processors.batch.send_batch_size: must be a whole number, but 99999999999999999999 is too large",
        differs="overflow",
    ),
    good("nothing for a number", in_batch("send_batch_size: null"), {SIZE: 8192}, differs="null-is-default"),
    good(
        "nothing behind a key",
        in_batch("send_batch_size:"),
        {SIZE: 8192},
        says=["processors.batch.send_batch_size: nothing is written behind the key"],
        differs="null-is-default",
    ),
    good(
        "a signal's path in an endpoint that it is added to",
        in_http_exporter("").replace("http://localhost:1", "http://localhost:1/v1/traces/"),
        {"exporters::otlp_http::endpoint": "http://localhost:1/v1/traces/"},
        says=["requests go to /v1/traces/v1/traces; leave /v1/traces off (traces_endpoint is used as it is)"],
    ),
    # ---- other types
    bad(
        "yes",
        in_http_exporter("disable_keep_alives: yes"),
        'exporters.otlp_http.disable_keep_alives: must be true or false, but "yes" is text; write true',
    ),
    bad(
        "1 for true",
        in_http_exporter("disable_keep_alives: 1"),
        "exporters.otlp_http.disable_keep_alives: must be true or false, but 1 is a number; write true",
    ),
    bad(
        "true in quotes",
        in_http_exporter('disable_keep_alives: "true"'),
        'must be true or false, but "true" is text; remove the quotes',
    ),
    bad(
        "a number for text",
        in_http_exporter("headers: {a: 1}"),
        "exporters.otlp_http.headers.a: must be text, but the value is a number; put it in quotes",
    ),
    bad(
        "true for text",
        in_http_exporter("headers: {a: true}"),
        "exporters.otlp_http.headers.a: must be text, but the value is a true/false value; put it in quotes",
    ),
    bad(
        "a map for text",
        in_http_exporter("headers: {a: {b: c}}"),
        "exporters.otlp_http.headers.a: must be text, but this is a map",
    ),
    good("a word of a choice", in_debug("verbosity: Detailed"), {"exporters::debug::verbosity": "detailed"}),
    bad(
        "no word of a choice",
        in_debug("verbosity: loud"),
        'exporters.debug.verbosity: "loud" is not one of: basic, normal, detailed',
    ),
    good(
        "text with commas for a list", in_batch("metadata_keys: a,b"), {"processors::batch::metadata_keys": ["a", "b"]}
    ),
    bad(
        "a map for a list",
        in_batch("metadata_keys: {a: b}"),
        'processors.batch.metadata_keys: must be a list, but this is a map; begin each item with "- "',
    ),
    good(
        "headers as a list of names and values",
        in_http_exporter("headers:\n  - name: a\n    value: b"),
        {"exporters::otlp_http::headers": {"a": "b"}},
    ),
    # ---- sections
    good(
        "a protocol by its key alone",
        in_protocols("grpc:\n  endpoint: localhost:0\nhttp:"),
        {f"{HTTP}::endpoint": "localhost:4318", f"{HTTP}::traces_url_path": "/v1/traces"},
    ),
    bad(
        "no protocol",
        BASE.replace("      grpc:\n        endpoint: localhost:0\n", ""),
        "config.yaml:3:5: error: receivers.otlp.protocols: no protocol is on; add `grpc:` or `http:` (or both) under protocols",
    ),
    bad(
        "false instead of a section",
        in_protocols("grpc: false"),
        'receivers.otlp.protocols.grpc: must be a map of settings, but this is a true/false value; write "enabled: false" below the key, indented',
    ),
    good("a queue that is off", in_http_exporter("sending_queue: {enabled: false}"), {}),
    good("a queue with its defaults", in_http_exporter("sending_queue:"), {f"{QUEUE}::queue_size": 1000}),
    good(
        "a queue with one setting",
        in_http_exporter("sending_queue: {queue_size: 5}"),
        {f"{QUEUE}::queue_size": 5, f"{QUEUE}::num_consumers": 10},
    ),
    good("a queue that batches", in_http_exporter("sending_queue: {batch: }"), BATCH_DEFAULTS),
    good("a queue that does not batch", in_http_exporter("sending_queue: {batch: {enabled: false}}"), {}),
    good(
        "a queue that batches: every key",
        in_http_exporter(
            "sending_queue:\n  batch: {flush_timeout: 1s, min_size: 0, max_size: 7, sizer: bytes, partition: {metadata_keys: [a, B]}}"
        ),
        {
            f"{QUEUE}::batch::flush_timeout": "1s",
            f"{QUEUE}::batch::min_size": 0,
            f"{QUEUE}::batch::max_size": 7,
            f"{QUEUE}::batch::partition::metadata_keys": ["a", "B"],
        },
    ),
    good(
        "a queue that counts requests, with batches that need not",
        in_http_exporter("sending_queue: {sizer: requests, batch: }"),
        BATCH_DEFAULTS,
    ),
    good(
        "a queue and its batches count bytes",
        in_http_exporter("sending_queue: {sizer: bytes, queue_size: 10000, batch: {max_size: 9000}}"),
        {f"{QUEUE}::batch::min_size": 8192, f"{QUEUE}::batch::max_size": 9000},
    ),
    good(
        "a queue on disk whose senders wait for the result",
        in_http_exporter("sending_queue: {storage: file_storage, wait_for_result: true}").replace(
            "service:\n", "extensions: {file_storage: {directory: /tmp}}\nservice:\n  extensions: [file_storage]\n"
        ),
        {f"{QUEUE}::wait_for_result": True},
        go_without="file_storage",
    ),
    good(
        "retry: no delay, no growth",
        in_http_exporter("retry_on_failure: {initial_interval: 0s, max_interval: 0s, multiplier: 0}"),
        {
            "exporters::otlp_http::retry_on_failure::initial_interval": "0s",
            "exporters::otlp_http::retry_on_failure::multiplier": 0,
        },
    ),
    good(
        "retry: a first delay above the longest",
        in_http_exporter("retry_on_failure: {initial_interval: 10s, max_interval: 5s}"),
        {"exporters::otlp_http::retry_on_failure::initial_interval": "10s"},
    ),
    good(
        "retry with one setting",
        in_http_exporter("retry_on_failure: {max_interval: 10s}"),
        {
            "exporters::otlp_http::retry_on_failure::max_interval": "10s",
            "exporters::otlp_http::retry_on_failure::initial_interval": "5s",
        },
    ),
    good(
        "defaults of otlp_http",
        in_http_exporter(""),
        {
            "exporters::otlp_http::timeout": "30s",
            "exporters::otlp_http::compression": "gzip",
            "exporters::otlp_http::encoding": "proto",
        },
    ),
    good(
        "defaults of otlp_grpc",
        in_grpc_exporter(""),
        {"exporters::otlp_grpc::timeout": "5s", "exporters::otlp_grpc::compression": "gzip"},
    ),
    good(
        "defaults of batch",
        in_batch("send_batch_max_size: 0"),
        {SIZE: 8192, TIMEOUT: "200ms", "processors::batch::metadata_cardinality_limit": 1000},
    ),
    good(
        "keepalive",
        in_grpc("keepalive:\n  server_parameters:\n    max_connection_age: 1h"),
        {f"{GRPC}::keepalive::server_parameters::max_connection_age": "1h"},
    ),
    # ---- what components say
    bad(
        "batch: the maximum below the size",
        in_batch("send_batch_size: 100\nsend_batch_max_size: 10"),
        "processors.batch.send_batch_max_size: ",
    ),
    bad("batch: a key of metadata twice", in_batch("metadata_keys: [a, A]"), "processors.batch.metadata_keys"),
    bad("memory_limiter: no interval", in_limiter("limit_mib: 100"), "check_interval must be greater than zero"),
    bad(
        "memory_limiter: no limit",
        in_limiter("check_interval: 1s"),
        "no limit: limit_mib or limit_percentage must be set",
    ),
    bad(
        "memory_limiter: more than all",
        in_limiter("check_interval: 1s\nlimit_percentage: 120"),
        "processors.memory_limiter.limit_percentage: 120 is more than 100, the most that is allowed",
    ),
    bad(
        "memory_limiter: the spike above the limit",
        in_limiter("check_interval: 1s\nlimit_mib: 10\nspike_limit_mib: 20"),
        "the spike limit must be smaller than the limit",
    ),
    good(
        "memory_limiter",
        in_limiter(
            "check_interval: 1s\nlimit_percentage: 80\nspike_limit_percentage: 20\nmax_gc_interval_when_soft_limited: 40s"
        ),
        {"processors::memory_limiter::limit_percentage": 80},
    ),
    bad(
        "otlp_http: no endpoint",
        in_http_exporter("").replace("    endpoint: http://localhost:1\n", ""),
        "exporters.otlp_http: neither endpoint nor traces_endpoint is set",
    ),
    bad(
        "otlp_http: an endpoint without a scheme",
        in_http_exporter("").replace("http://localhost:1", "localhost:4318"),
        "exporters.otlp_http.endpoint: the URL has to begin with http://, https:// or unix://",
        differs="url-scheme",
    ),
    bad(
        "otlp_http: a compression that there is not",
        in_http_exporter("compression: brotli"),
        'exporters.otlp_http.compression: "brotli" is not one of: gzip, zstd, deflate, none',
    ),
    bad(
        "otlp_http: an encoding that there is not",
        in_http_exporter("encoding: xml"),
        'exporters.otlp_http.encoding: "xml" is not one of: proto, json',
    ),
    bad(
        "otlp_grpc: no endpoint", in_grpc_exporter("").replace("    endpoint: localhost:1\n", ""), "exporters.otlp_grpc"
    ),
    good(
        "otlp_grpc: an endpoint without a port",
        in_grpc_exporter("").replace("localhost:1", "localhost"),
        {"exporters::otlp_grpc::endpoint": "localhost"},
        differs="default-port",
    ),
    bad(
        "a queue of size zero",
        in_http_exporter("sending_queue: {queue_size: 0}"),
        "exporters.otlp_http.sending_queue.queue_size: 0 is less than 1, the least that is allowed",
    ),
    bad(
        "no consumers",
        in_http_exporter("sending_queue: {num_consumers: 0}"),
        "exporters.otlp_http.sending_queue.num_consumers: 0 is less than 1, the least that is allowed",
    ),
    bad(
        "batches of requests",
        in_http_exporter("sending_queue: {batch: {min_size: 5, sizer: requests}}"),
        'exporters.otlp_http.sending_queue.batch.sizer: "requests" is not one of: items, bytes',
    ),
    bad(
        "batches of a queue that counts requests",
        in_http_exporter("sending_queue: {sizer: requests, batch: {min_size: 5}}"),
        "exporters.otlp_http.sending_queue.sizer: the sizer of a queue is that of its batches, too, and these count no requests",
    ),
    bad(
        "batches that never leave for their time",
        in_http_exporter("sending_queue: {batch: {flush_timeout: 0s}}"),
        'exporters.otlp_http.sending_queue.batch.flush_timeout: "0s" is less than 1ns, the least that is allowed',
    ),
    bad(
        "batches: a negative size",
        in_http_exporter("sending_queue: {batch: {min_size: -1}}"),
        "exporters.otlp_http.sending_queue.batch.min_size: -1 is less than 0",
    ),
    bad(
        "batches: max_size below min_size",
        in_http_exporter("sending_queue: {batch: {max_size: 5}}"),
        "exporters.otlp_http.sending_queue.batch.max_size: max_size is smaller than min_size",
    ),
    bad(
        "batches that the queue cannot hold",
        in_http_exporter("sending_queue: {sizer: items, queue_size: 5, batch: {min_size: 6}}"),
        "exporters.otlp_http.sending_queue.batch.min_size: min_size is larger than queue_size",
    ),
    bad(
        "batches: a key twice",
        in_http_exporter("sending_queue: {batch: {partition: {metadata_keys: [a, A]}}}"),
        "exporters.otlp_http.sending_queue.batch.partition.metadata_keys[1]: this key stands twice",
    ),
    bad(
        "retry: over before it begins",
        in_http_exporter("retry_on_failure: {max_elapsed_time: 1s}"),
        "exporters.otlp_http.retry_on_failure.max_elapsed_time: max_elapsed_time is less than initial_interval",
    ),
    bad(
        "retry: over before the longest delay",
        in_http_exporter("retry_on_failure: {max_elapsed_time: 10s}"),
        "exporters.otlp_http.retry_on_failure.max_elapsed_time: max_elapsed_time is less than max_interval",
    ),
    bad(
        "retry: a share above one",
        in_http_exporter("retry_on_failure: {randomization_factor: 2}"),
        "exporters.otlp_http.retry_on_failure.randomization_factor: 2 is more than 1, the most that is allowed",
    ),
    bad(
        "an extension for requests that is not there",
        in_http_exporter("auth: {authenticator: sigv4auth}"),
        'exporters.otlp_http.auth.authenticator: extension "sigv4auth" is not defined',
        differs="references-are-checked",
    ),
    bad("a certificate without its key", in_http_exporter("tls: {cert_file: a.crt}"), "exporters.otlp_http.tls"),
    bad(
        "a certificate that is not there",
        in_http_exporter("tls: {ca_file: nowhere.crt}"),
        "exporters.otlp_http.tls.ca_file: there is no such file",
        differs="files-are-checked",
    ),
    bad(
        "a version of TLS that there is not",
        in_http_exporter("tls: {min_version: '1.4'}"),
        "exporters.otlp_http.tls.min_version",
    ),
    bad(
        "a receiver at a port that there is not",
        BASE.replace("localhost:0", "localhost:99999"),
        "receivers.otlp.protocols.grpc.endpoint",
        differs="endpoint-is-checked",
    ),
    bad(
        "a receiver with a URL",
        BASE.replace("localhost:0", "http://localhost:0"),
        "receivers.otlp.protocols.grpc.endpoint: the endpoint has a scheme; use host:port",
        differs="endpoint-is-checked",
    ),
    bad(
        "a header with a line break",
        in_http_exporter('headers: {a: "x\\n"}'),
        "exporters.otlp_http.headers.a: the value of the header holds a control character",
        differs="headers-are-checked",
    ),
    # ---- service.telemetry
    good(
        "logs as JSON",
        in_telemetry("logs: {level: DEBUG, encoding: json}\nmetrics: {level: none}"),
        {"service::telemetry::logs::encoding": "json", "service::telemetry::logs::level": "debug"},
    ),
    bad(
        "a level that there is not",
        in_telemetry("logs: {level: loud}"),
        'service.telemetry.logs.level: "loud" is not one of: debug, info, warn, error',
    ),
    bad(
        "an unknown key of logs",
        in_telemetry("logs: {levle: info}"),
        'service.telemetry.logs.levle: there is no such key; did you mean "level"?',
    ),
    good(
        "readers",
        in_telemetry(
            "metrics:\n  level: none\n  readers: [{pull: {exporter: {prometheus: {host: localhost, port: 8889}}}}]"
        ),
        {"service::telemetry::metrics::level": "none"},
    ),
    good("attributes of the resource", in_telemetry("metrics: {level: none}\nresource: {service.name: mine}"), {}),
]

# SPDX-License-Identifier: Apache-2.0
"""Configs as they were written for ADOT v0.39 (collector v0.98, 2024) and before: understood with a warning, or refused
with the reason. The Go collector of today refuses most of them."""

from configs.table import (
    BASE,
    bad,
    good,
    in_batch,
    in_debug,
    in_grpc_exporter,
    in_http_exporter,
    in_limiter,
    in_protocols,
    in_telemetry,
    pipelines,
)

ADOT = """\
extensions:
  health_check:
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
      http:
        endpoint: 0.0.0.0:4318
  awsxray:
    endpoint: 0.0.0.0:2000
    transport: udp
processors:
  batch/traces:
    timeout: 1s
    send_batch_size: 50
  batch/metrics:
    timeout: 60s
exporters:
  awsxray:
  awsemf:
    log_group_name: /aws/ecs/application/metrics
service:
  extensions: [health_check]
  pipelines:
    traces:
      receivers: [otlp, awsxray]
      processors: [batch/traces]
      exporters: [awsxray]
    metrics:
      receivers: [otlp]
      processors: [batch/metrics]
      exporters: [awsemf]
"""
OTLP_OLD = "receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: localhost:0\n"


def logging(settings=""):
    return BASE.replace("  debug:\n", f"  logging:{settings}\n").replace("[debug]", "[logging]")


LOGGING = ["exporters.logging: the exporter logging is called debug now"]

ROWS = [
    good("logging", logging(), {"exporters::logging::sampling_initial": 2}, says=LOGGING, differs="older"),
    good(
        "logging with its level",
        logging(" {loglevel: debug}"),
        {"exporters::logging::loglevel": "debug"},
        says=[*LOGGING, "exporters.logging.loglevel: is deprecated: write `verbosity: detailed`"],
        differs="older",
    ),
    good(
        "logging with a verbosity",
        logging(" {verbosity: detailed, sampling_thereafter: 200}"),
        {"exporters::logging::verbosity": "detailed"},
        says=LOGGING,
        differs="older",
    ),
    bad(
        "logging with both",
        logging(" {loglevel: info, verbosity: normal}"),
        "exporters.logging.loglevel: loglevel and verbosity are both set",
    ),
    good(
        "memory_ballast",
        BASE.replace("  pipelines:", "  extensions: [memory_ballast]\n  pipelines:")
        + "extensions: {memory_ballast: {size_mib: 165}}\n",
        {"extensions::memory_ballast::size_mib": 165},
        says=["extensions.memory_ballast: there is no garbage collector here"],
        differs="older",
    ),
    good(
        "pprof",
        BASE.replace("  pipelines:", "  extensions: [pprof]\n  pipelines:")
        + "extensions: {pprof: {endpoint: 0.0.0.0:1777}}\n",
        {"extensions::pprof::endpoint": "0.0.0.0:1777"},
        says=["extensions.pprof: there is no Go runtime here"],
        go_without="pprof",
    ),
    good(
        "health_check",
        BASE.replace("  pipelines:", "  extensions: [health_check]\n  pipelines:")
        + "extensions: {health_check: {endpoint: 'localhost:0', check_collector_pipeline: {enabled: true, interval: 5m, exporter_failure_threshold: 5}}}\n",
        {"extensions::health_check::endpoint": "localhost:0"},
        go_without="health_check",
    ),
    bad(
        "health_check with a port",
        BASE.replace("  pipelines:", "  extensions: [health_check]\n  pipelines:")
        + "extensions: {health_check: {port: 13133}}\n",
        'extensions.health_check.port: there is no such key; write "endpoint: 0.0.0.0:13133", with the port',
        go_without="health_check",
    ),
    good(
        "$NAME",
        in_http_exporter("headers:\n  a: $TOKEN"),
        {"exporters::otlp_http::headers": {"a": "xyz"}},
        env={"TOKEN": "xyz"},
        says=[
            '"$TOKEN" is replaced by the environment variable of that name, as older collectors did; write ${env:TOKEN}'
        ],
        differs="dollar-name",
    ),
    good(
        "$NAME inside text",
        in_http_exporter("traces_endpoint: http://$HOST_IP:4318/v1/traces"),
        {"exporters::otlp_http::traces_endpoint": "http://10.0.0.1:4318/v1/traces"},
        env={"HOST_IP": "10.0.0.1"},
        says=['"$HOST_IP" is replaced'],
        differs="dollar-name",
    ),
    good(
        "$NAME for a number",
        in_batch("send_batch_size: $SIZE"),
        {"processors::batch::send_batch_size": 50},
        env={"SIZE": "50"},
        says=['"$SIZE" is replaced'],
        differs="dollar-name",
    ),
    good(
        "$NAME that is not set",
        in_http_exporter("headers:\n  a: $TOKEN"),
        {"exporters::otlp_http::headers": {"a": "$TOKEN"}},
    ),
    good(
        "an address of metrics",
        in_telemetry("metrics: {address: 'localhost:0', level: none}"),
        {"service::telemetry::metrics::level": "none"},
        says=["service.telemetry.metrics.address"],
        differs="older",
    ),
    good(
        "ballast_size_mib",
        in_limiter("check_interval: 1s\nlimit_mib: 100\nballast_size_mib: 20"),
        {"processors::memory_limiter::limit_mib": 100},
        says=["processors.memory_limiter.ballast_size_mib: is deprecated: there is no ballast here, so it is ignored"],
        differs="older",
    ),
    good(
        "blocking",
        in_http_exporter("sending_queue: {blocking: true}"),
        {"exporters::otlp_http::sending_queue::block_on_overflow": True},
        says=['exporters.otlp_http.sending_queue.blocking: this is the old name of "block_on_overflow"'],
        differs="older",
    ),
    bad(
        "batcher",
        in_grpc_exporter("batcher: {enabled: true, min_size_items: 100}"),
        'exporters.otlp_grpc.batcher: there is no such key; collectors v0.96 to v0.125 had it; it is "batch" under "sending_queue" now',
    ),
    bad(
        "insecure beside the endpoint",
        in_grpc_exporter("insecure: true"),
        'exporters.otlp_grpc.insecure: there is no such key; it belongs under "tls", indented',
    ),
    bad(
        "CORS of older receivers",
        in_protocols("http:\n  endpoint: localhost:0\n  cors_allowed_origins: ['*']"),
        'receivers.otlp.protocols.http.cors_allowed_origins: there is no such key; write "cors: {allowed_origins: [...]}"',
    ),
    bad(
        "TLS of older receivers",
        in_protocols("grpc:\n  endpoint: localhost:0\n  tls_settings: {}"),
        'receivers.otlp.protocols.grpc.tls_settings: there is no such key; write "tls"',
    ),
    bad(
        "readers of v0.80",
        in_telemetry("metrics: {metric_readers: []}"),
        'service.telemetry.metrics.metric_readers: there is no such key; write "readers"',
    ),
    bad(
        "a number in quotes, as once was allowed",
        in_batch('send_batch_size: "256"'),
        'must be a whole number, but "256" is text; remove the quotes',
    ),
    bad(
        "a number as a header, as once was allowed",
        in_http_exporter("headers: {X-Scope-OrgID: 1}"),
        "exporters.otlp_http.headers.X-Scope-OrgID: must be text, but the value is a number; put it in quotes",
    ),
    bad(
        "queued_retry",
        pipelines(
            "traces: {receivers: [otlp], processors: [queued_retry], exporters: [debug]}",
            "processors: {queued_retry: }\n",
        ),
        'processor "queued_retry" is not installed',
        'every exporter has "sending_queue" and "retry_on_failure": remove it',
    ),
    bad(
        "the jaeger exporter",
        BASE.replace("  debug:\n", "  jaeger: {endpoint: 'jaeger:14250'}\n").replace("[debug]", "[jaeger]"),
        'exporter "jaeger" is not installed',
        "Jaeger takes OTLP since v1.35: use the exporter otlp, port 4317",
    ),
    good(
        "balancer_name",
        in_grpc_exporter("balancer_name: round_robin"),
        {"exporters::otlp_grpc::balancer_name": "round_robin"},
        says=["exporters.otlp_grpc.balancer_name: requests go to one address at a time"],
    ),
    good(
        "names of exporters",
        BASE.replace(
            "  debug:\n", "  otlp: {endpoint: 'a:1', tls: {insecure: true}}\n  otlphttp: {endpoint: 'http://a:1'}\n"
        ).replace("[debug]", "[otlp, otlphttp]"),
        {"exporters::otlp::endpoint": "a:1", "exporters::otlphttp::endpoint": "http://a:1"},
    ),
    good(
        "a sidecar of ADOT",
        ADOT,
        {
            "receivers::awsxray::endpoint": "0.0.0.0:2000",
            "receivers::awsxray::transport": "udp",
            "exporters::awsemf::log_group_name": "/aws/ecs/application/metrics",
        },
        go_without="awsxray",
    ),
]

# SPDX-License-Identifier: Apache-2.0
"""Builds collector configs as trees, so that a test names only what it is about."""

import os

LOOPBACK = "127.0.0.1:0"
SIGNALS = ("traces", "metrics", "logs")
# The protocols that the receiver is given: a collector that has only one of them yet can be tested, too.
PROTOCOLS = os.environ.get("NACELLE_PROTOCOLS", "grpc,http").split(",")


def otlp_receiver(grpc=None, http=None):
    """The otlp receiver on free ports; the arguments add to one protocol's settings."""
    settings = {"grpc": grpc or {}, "http": http or {}}
    protocols = {protocol: {"endpoint": LOOPBACK, **settings[protocol]} for protocol in PROTOCOLS}
    return {"otlp": {"protocols": protocols}}


def tree(program, exporters, receivers=None, processors=None, connectors=None, pipelines=None, signals=SIGNALS):
    """A whole config. Without `pipelines` there is one for each signal, through every component in the order given.

    Own metrics would be served at one fixed port, which collectors side by side cannot share, and the Go collector would
    leave out most of what the debug exporter says: both are switched off."""
    receivers = receivers or otlp_receiver()
    config = {"receivers": receivers}
    if processors:
        config["processors"] = processors
    if connectors:
        config["connectors"] = connectors
    config["exporters"] = exporters
    if pipelines is None:
        pipelines = {}
        for signal in signals:
            pipelines[signal] = {"receivers": list(receivers)}
            if processors:
                pipelines[signal]["processors"] = list(processors)
            pipelines[signal]["exporters"] = list(exporters)
    config["service"] = {"telemetry": {"metrics": {"level": "none"}}, "pipelines": pipelines}
    if program.is_go:
        config["service"]["telemetry"]["logs"] = {"sampling": {"enabled": False}}
    return config


def otlp_http(sink, kind="otlp_http", **settings):
    """An OTLP/HTTP exporter to the sink, uncompressed unless `settings` say otherwise."""
    return {kind: {"endpoint": sink.http_endpoint, "compression": "none", **settings}}


def otlp_grpc(sink, kind="otlp_grpc", **settings):
    """An OTLP/gRPC exporter to the sink, uncompressed and without TLS unless `settings` say otherwise."""
    return {kind: {"endpoint": sink.grpc_endpoint, "compression": "none", "tls": {"insecure": True}, **settings}}

# SPDX-License-Identifier: Apache-2.0
"""Sequences of metrics for the exporter awsemf, each with the config that it is sent under."""

import dataclasses
import math

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

START = 1_700_000_000_000_000_000
STEP = 30_000_000_000
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
NO_RECORDED_VALUE = 1

SHOP = {"service.name": "shop", "service.namespace": "store"}
ECS = {
    "service.name": "shop",
    "aws.ecs.cluster.arn": "arn:aws:ecs:eu-central-1:123456789012:cluster/main",
    "aws.ecs.cluster.name": "main",
    "aws.ecs.task.id": "0123456789abcdef",
    "aws.ecs.task.family": "shop-task",
    "k8s.node.name": "node-1",
}


@dataclasses.dataclass
class Case:
    name: str
    config: dict
    requests: list  # of encoded requests


def put(attributes, values):
    for key, value in values.items():
        put_value(attributes.add(key=key).value, value)


def put_value(into, value):
    if isinstance(value, bool):
        into.bool_value = value
    elif isinstance(value, int):
        into.int_value = value
    elif isinstance(value, float):
        into.double_value = value
    elif isinstance(value, bytes):
        into.bytes_value = value
    elif isinstance(value, list):
        into.array_value.SetInParent()
        for one in value:
            put_value(into.array_value.values.add(), one)
    elif isinstance(value, dict):
        into.kvlist_value.SetInParent()
        put(into.kvlist_value.values, value)
    elif value is not None:
        into.string_value = value


class Request:
    """One request; `at`: how many steps after the start its points are."""

    def __init__(self, at=0):
        self.message = ExportMetricsServiceRequest()
        self.time = START + at * STEP
        self.group = self.under = None

    def resource(self, attributes):
        self.group = self.message.resource_metrics.add()
        put(self.group.resource.attributes, attributes)
        self.under = None
        return self

    def scope(self, name):
        if self.group is None:
            self.resource(SHOP)
        self.under = self.group.scope_metrics.add()
        self.under.scope.name = name
        return self

    def metric(self, name, unit):
        if self.under is None:
            self.scope("")
        return self.under.metrics.add(name=name, unit=unit)

    def point(self, points, labels, flags=0, time=None):
        point = points.add(
            time_unix_nano=self.time if time is None else time, flags=flags, start_time_unix_nano=START - STEP
        )
        put(point.attributes, labels)
        return point

    def number(self, points, labels, value, **more):
        point = self.point(points, labels, **more)
        if isinstance(value, float):
            point.as_double = value
        elif value is not None:
            point.as_int = value

    def gauge(self, name, values, unit="", **more):
        """`values`: a number, or (labels, number) pairs."""
        points = self.metric(name, unit).gauge.data_points
        for labels, value in pairs(values):
            self.number(points, labels, value, **more)
        return self

    def sum(self, name, values, unit="", temporality=CUMULATIVE, monotonic=True, **more):
        data = self.metric(name, unit).sum
        data.aggregation_temporality = temporality
        data.is_monotonic = monotonic
        for labels, value in pairs(values):
            self.number(data.data_points, labels, value, **more)
        return self

    def histogram(self, name, labels, counts, bounds, unit="ms", temporality=DELTA, flags=0, **more):
        data = self.metric(name, unit).histogram
        data.aggregation_temporality = temporality
        point = self.point(data.data_points, labels, flags=flags)
        point.bucket_counts.extend(counts)
        point.explicit_bounds.extend(bounds)
        point.count = sum(counts)
        for key, value in more.items():
            setattr(point, key, value)
        return self

    def exponential(
        self,
        name,
        labels,
        scale,
        positive=(0, ()),
        negative=(0, ()),
        zero=0,
        unit="s",
        temporality=DELTA,
        flags=0,
        **more,
    ):
        data = self.metric(name, unit).exponential_histogram
        data.aggregation_temporality = temporality
        point = self.point(data.data_points, labels, flags=flags)
        point.scale = scale
        point.zero_count = zero
        point.positive.offset, point.negative.offset = positive[0], negative[0]
        point.positive.bucket_counts.extend(positive[1])
        point.negative.bucket_counts.extend(negative[1])
        point.count = sum(positive[1]) + sum(negative[1]) + zero
        for key, value in more.items():
            setattr(point, key, value)
        return self

    def summary(self, name, labels, total, count, quantiles=(), unit="ms", flags=0):
        point = self.point(self.metric(name, unit).summary.data_points, labels, flags=flags)
        point.sum, point.count = total, count
        for quantile, value in quantiles:
            point.quantile_values.add(quantile=quantile, value=value)
        return self

    def encoded(self):
        return self.message.SerializeToString()


def pairs(values):
    return values if isinstance(values, list) else [({"host": "a"}, values)]


def labels_of(count):
    return {f"label{i:02}": f"value {i}" for i in range(count)}


# ---- one request ------------------------------------------------------------------------------------------


def kinds():
    yield "gauge", {}, Request().gauge("queue.length", 7)
    yield "gauge with a fraction", {}, Request().gauge("load", 0.1 + 0.2)
    yield "gauge, negative and large", {}, Request().gauge("a", -3).gauge("b", 2**53).gauge("c", 1.5e300).gauge(
        "d", -1e-7
    )
    yield "gauge that is no number", {}, Request().gauge("a", math.nan).gauge("b", math.inf).gauge(
        "c", -math.inf
    ).gauge("d", 1)
    yield "gauge without a recorded value", {}, Request().gauge("a", 1, flags=NO_RECORDED_VALUE).gauge("b", 2)
    yield "gauge without a value", {}, Request().gauge("a", None).gauge("b", 2)
    yield "gauge of several points", {}, Request().gauge("a", [({"host": "a"}, 1), ({"host": "b"}, 2), ({}, 3)])
    yield "gauge twice", {}, Request().gauge("a", 1).gauge("a", 2)
    yield "delta sum", {}, Request().sum("requests", 5, temporality=DELTA)
    yield "sum without temporality", {}, Request().sum("requests", 5, temporality=0)
    yield "metric without data", {}, nothing()
    yield "no points", {}, Request().gauge("a", []).gauge("b", 1)
    yield "several metrics, one document", {}, Request().gauge("a", 1).gauge("b", 2.5).sum(
        "c", 3, temporality=DELTA
    ).sum("d", 4, temporality=DELTA)
    yield "several times", {}, times()
    yield "histogram", {}, Request().histogram("latency", {"a": "b"}, [1, 2, 0], [5, 10], sum=17.5, min=1.5, max=9)
    yield "histogram without min and max", {}, Request().histogram("latency", {"a": "b"}, [1, 2, 0], [5, 10], sum=17.5)
    yield "histogram without buckets", {}, Request().histogram("latency", {}, [], [], count=3, sum=4.5)
    yield "histogram that is no number", {}, Request().histogram("latency", {}, [1], [], sum=math.nan).histogram(
        "b", {}, [1], [], sum=1, min=-math.inf
    )
    yield "histogram without a recorded value", {}, Request().histogram(
        "a", {}, [1], [], sum=1, flags=NO_RECORDED_VALUE
    ).gauge("b", 1)
    yield "exponential histogram", {}, Request().exponential(
        "latency", {"a": "b"}, 1, (0, (1, 2, 0, 4)), zero=3, sum=20, min=0, max=4
    )
    yield "exponential histogram, negative", {}, Request().exponential(
        "latency", {}, 0, (-2, (1, 0, 2)), (1, (3, 0, 1)), sum=-5, min=-14, max=1
    )
    yield "exponential histogram, empty", {}, Request().exponential("latency", {}, 3, sum=0)
    yield "exponential histogram, many buckets", {}, Request().exponential(
        "latency", {}, 5, (-120, tuple(i % 3 for i in range(320))), sum=1000, min=0.01, max=70
    )
    yield "exponential histogram, all signs, many", {}, Request().exponential(
        "latency", {}, 4, (-60, (1,) * 150), (-10, (2,) * 80), zero=9, sum=3, min=-20, max=50
    )
    yield "exponential histogram that is no number", {}, Request().exponential(
        "a", {}, 0, (0, (1,)), sum=math.inf
    ).gauge("b", 1)
    yield "summary", {}, Request().summary("latency", {"a": "b"}, 100.5, 7, [(0, 1.5), (0.5, 10), (1, 42)])
    yield "summary without quantiles", {}, Request().summary("latency", {}, 100.5, 7)
    yield "summary that is no number", {}, Request().summary("a", {}, math.nan, 7).summary(
        "b", {}, 1, 7, [(0.5, math.nan)]
    ).gauge("c", 1)
    yield "summary in detail", {"detailed_metrics": True}, Request().summary(
        "latency", {"a": "b"}, 100.5, 7, [(0, 1.5), (0.5, 10), (0.999, 41), (1, 42)]
    )


def nothing():
    request = Request()
    request.metric("empty", "s")
    return request.gauge("a", 1)


def times():
    request = Request().gauge("a", 1)
    request.time += STEP
    return request.gauge("a", 2).gauge("b", 3)


def names():
    yield "namespace of the service", {}, Request().resource({"service.name": "shop"}).gauge("a", 1)
    yield "namespace of its namespace", {}, Request().resource({"service.namespace": "store"}).gauge("a", 1)
    yield "namespace that is no text", {}, Request().resource({"service.name": 5}).gauge("a", 1)
    yield "no namespace", {}, Request().resource({}).gauge("a", 1)
    yield "config's names", {
        "namespace": "Mine",
        "log_group_name": "/my/group",
        "log_stream_name": "one",
    }, Request().gauge("a", 1)
    everything = "{ClusterName}/{TaskId}/{NodeName}/{ServiceName}/{TaskDefinitionFamily}"
    yield "placeholders", {
        "log_group_name": "/g/" + everything,
        "log_stream_name": "{TaskId}{TaskId}-x",
    }, Request().resource(ECS).gauge("a", 1)
    yield "placeholders by their own names", {"log_stream_name": "{PodName}-{ContainerInstanceId}"}, Request().resource(
        {"PodName": "p", "pod": "q", "ContainerInstanceId": "i"}
    ).gauge("a", 1)
    yield "placeholders from labels", {"log_stream_name": "{PodName}"}, Request().gauge(
        "a", [({"pod": "p1"}, 1)]
    ).gauge("b", [({"PodName": "p2"}, 2)])
    yield "placeholders that nothing fills in", {
        "log_stream_name": "{TaskId}",
        "log_group_name": "/{NodeName}/x",
    }, Request().gauge("a", 1)
    yield "placeholders, one from the resource, one from labels", {
        "log_stream_name": "{ServiceName}-{PodName}"
    }, Request().gauge("a", [({"pod": "p1"}, 1)])
    yield "placeholders from the labels of several points", {"log_stream_name": "{PodName}"}, Request().gauge(
        "a", [({"pod": "p1"}, 1), ({"pod": "p2"}, 2)]
    )
    yield "cluster by its ARN", {"log_stream_name": "{ClusterName}"}, Request().resource(
        {k: v for k, v in ECS.items() if k != "aws.ecs.cluster.name"}
    ).gauge("a", 1)
    yield "unknown placeholder", {"log_stream_name": "{Unknown}-{TaskId"}, Request().gauge("a", 1)


def units():
    for unit in (
        "1",
        "ms",
        "s",
        "us",
        "ns",
        "By",
        "bit",
        "Bi",
        "Percent",
        "Count",
        "%",
        "{request}",
        "widgets",
        "KiBy",
    ):
        yield f"unit {unit}", {}, Request().gauge("a", 1, unit=unit)
    descriptors = {
        "metric_descriptors": [
            {"metric_name": "a", "unit": "Count"},
            {"metric_name": "b", "unit": "Bytes", "overwrite": True},
        ]
    }
    yield "descriptors", descriptors, Request().gauge("a", 1).gauge("b", 2, unit="ms").gauge("c", 3, unit="ms")
    yield "descriptor that does not overwrite", descriptors, Request().gauge("a", 1, unit="s")


def dimensions():
    three = [({"x": "1", "y": "2", "z": "3"}, 1)]
    for option in ("ZeroAndSingleDimensionRollup", "SingleDimensionRollupOnly", "NoDimensionRollup"):
        config = {"dimension_rollup_option": option}
        yield f"{option}, no label", config, Request().gauge("a", [({}, 1)])
        yield f"{option}, no label, a scope", config, Request().scope("lib").gauge("a", [({}, 1)])
        yield f"{option}, one label", config, Request().gauge("a", [({"x": "1"}, 1)])
        yield f"{option}, one label, a scope", config, Request().scope("lib").gauge("a", [({"x": "1"}, 1)])
        yield f"{option}, three labels", config, Request().gauge("a", three)
        yield f"{option}, three labels, a scope", config, Request().scope("lib").gauge("a", three)
    yield "labels of all types", {}, Request().gauge(
        "a",
        [
            (
                {
                    "b": True,
                    "i": -5,
                    "d": 2.5,
                    "e": 1e21,
                    "y": b"\x00\xff",
                    "l": [1, "x", None],
                    "m": {"z": 1, "a": "b"},
                    "n": None,
                    "s": 'é"\\\n',
                },
                1,
            )
        ],
    )
    yield "label with the name of the metric", {}, Request().gauge("a", [({"a": "x", "b": "y"}, 1)])
    yield "label with the name of the scope's dimension", {}, Request().scope("lib").gauge("a", [({"OTelLib": "x"}, 1)])
    yield "scope without a name behind one with", {}, Request().scope("lib").gauge("a", 1).scope("").gauge("b", 2)
    yield "30 labels", {"dimension_rollup_option": "NoDimensionRollup"}, Request().gauge("a", [(labels_of(30), 1)])
    yield "31 labels", {"dimension_rollup_option": "NoDimensionRollup"}, Request().gauge("a", [(labels_of(31), 1)])
    yield "100 metrics", {}, many(100)
    yield "101 metrics", {}, many(101)
    yield "storage resolution", {}, Request().gauge("a", [({"aws.emf.storage_resolution": 1, "x": "y"}, 1)]).gauge(
        "b", [({"aws.emf.storage_resolution": "high"}, 1)]
    )
    conversion = {"resource_to_telemetry_conversion": {"enabled": True}}
    yield "resource as labels", conversion, Request().resource(ECS).gauge(
        "a", [({"x": "1", "service.name": "mine"}, 1)]
    )
    conversion = {"resource_to_telemetry_conversion": {"enabled": True, "exclude_service_attributes": True}}
    yield "resource as labels, without the service", conversion, Request().resource(
        {**SHOP, "service.instance.id": "i", "k": "v"}
    ).gauge("a", 1)
    yield "two resources, other metrics", {"namespace": "n"}, Request().resource({"r": "1"}).gauge("a", 1).resource(
        {"r": "2"}
    ).gauge("b", 2)
    yield "two resources, the same metric", {"namespace": "n"}, Request().resource({"r": "1"}).gauge("a", 1).resource(
        {"r": "2"}
    ).gauge("a", 2)


def many(count):
    request = Request()
    for i in range(count):
        request.gauge(f"metric{i:03}", i)
    return request


def declarations():
    some = (
        Request()
        .scope("lib")
        .gauge("http.count", [({"method": "GET", "path": "/a", "host": "h"}, 1)])
        .gauge("http.size", [({"method": "GET", "path": "/a", "host": "h"}, 2)])
        .gauge("cpu", [({"core": "0"}, 3)])
    )
    plain = {"dimension_rollup_option": "NoDimensionRollup"}

    def rules(*list_of, **more):
        return {"metric_declarations": list(list_of), **plain, **more}

    http = {"dimensions": [["method", "path"], ["host"], []], "metric_name_selectors": ["^http\\."]}
    yield "declaration", rules(http), some
    yield "declaration that selects in the middle", rules(
        {"dimensions": [["host"]], "metric_name_selectors": ["oun"]}
    ), some
    yield "declarations that overlap", rules(
        http, {"dimensions": [["host"], ["path"]], "metric_name_selectors": ["size$", "cpu"]}
    ), some
    yield "declaration with a dimension that is not there", rules(
        {"dimensions": [["nobody"]], "metric_name_selectors": [".*"]}
    ), some
    yield "declaration with roll-up", rules(http, dimension_rollup_option="ZeroAndSingleDimensionRollup"), some
    yield "declaration with dimensions twice", rules(
        {"dimensions": [["host", "method", "host"], ["method", "host"]], "metric_name_selectors": [".*"]}
    ), some
    matched = {"label_matchers": [{"label_names": ["method", "path"], "regex": "GET;/a"}]}
    yield "label matcher", rules({**http, **matched}), some
    yield "label matcher that matches nothing", rules(
        {**http, "label_matchers": [{"label_names": ["method"], "regex": "^POST$"}]}
    ), some
    yield "label matchers, one of two, own separator", rules(
        {
            **http,
            "label_matchers": [
                {"label_names": ["method", "nobody", "host"], "separator": "--", "regex": "^GET----h$"},
                {"label_names": ["x"], "regex": "y"},
            ],
        }
    ), some
    yield "declaration, version 0", rules(http, version="0"), some


def forms():
    labels = {"json": '{"a": [1, {"b": null}], "c": "d", "n": 1.50}', "bad": "{", "text": '"x"', "x": "y"}
    yield "JSON in labels", {"parse_json_encoded_attr_values": ["json", "bad", "text", "nobody"]}, Request().gauge(
        "a", [(labels, 1)]
    )
    pod = {
        "Type": "Pod",
        "container": "c",
        "container_id": "i",
        "NodeName": "n",
        "app": "shop",
        "pod-template-hash": "h",
        "Namespace": "s",
        "PodId": "p",
        "PodName": "pn",
        "owner_kind": "k",
        "owner_name": "o",
        "Service": "v",
    }
    fargate = {"eks_fargate_container_insights_enabled": True, "parse_json_encoded_attr_values": ["kubernetes"]}
    yield "kubernetes", fargate, Request().gauge("a", [(pod, 1)]).gauge(
        "b", [({"Type": "Container", "PodName": "x"}, 1)]
    ).gauge("c", [({"Type": "Node"}, 1)])
    yield "version 0", {"version": "0"}, Request().gauge("a", 1)
    prometheus = {"receiver": "prometheus", "service.name": "shop"}
    yield "metrics of Prometheus", {}, Request().resource(prometheus).gauge("a", 1).sum(
        "b", 2, temporality=DELTA
    ).histogram("c", {}, [1], [], sum=1)
    yield "exponential histogram of Prometheus", {}, Request().resource(prometheus).exponential(
        "a", {}, 0, (0, (1,)), sum=1
    )


# ---- sequences --------------------------------------------------------------------------------------------


def totals(values, **more):
    """A request a step; None: nothing comes."""
    return [Request(i).sum("requests", v, **more) for i, v in enumerate(values) if v is not None]


def sequences():
    yield "cumulative", {}, totals([10, 15, 15, 40])
    yield "cumulative with fractions", {}, totals([0.5, 1.25, 9.0])
    yield "cumulative, first kept", {"retain_initial_value_of_delta_metric": True}, totals([10, 15, 40])
    yield "cumulative that begins anew", {}, totals([10, 15, 3, 8])
    yield "cumulative with a gap", {}, totals([10, None, None, 25, 30])
    yield "cumulative, not monotonic", {}, totals([10, 4, 12], monotonic=False)
    yield "cumulative, twice a request", {}, [
        Request(i).sum("a", [({"x": "1"}, 10 * i), ({"x": "2"}, 7 * i)]) for i in range(3)
    ]
    yield "cumulative, the same point twice", {}, [
        Request(i).sum("a", [({"x": "1"}, 10 * i), ({"x": "1"}, 10 * i + 4)]) for i in range(3)
    ]
    yield "cumulative, other labels in between", {}, [
        Request(i).sum("a", [({"x": str(i % 2)}, 10 * i)]) for i in range(6)
    ]
    yield "cumulative, labels in another order", {}, [
        Request(i).sum(
            "a", [(dict(reversed(list({"x": "1", "y": "2"}.items())) if i % 2 else {"x": "1", "y": "2"}), 10 * i)]
        )
        for i in range(3)
    ]
    yield "cumulative, other scopes", {}, [
        Request(i).scope("one").sum("a", 10 * i).scope("two").sum("a", 3 * i) for i in range(3)
    ]
    yield "cumulative, two resources", {"namespace": "n"}, [
        Request(i).resource({"r": "1"}).sum("a", 10 * i).resource({"r": "2"}).sum("a", 100 + i) for i in range(3)
    ]
    yield "cumulative, two resources, which are labels", {
        "namespace": "n",
        "resource_to_telemetry_conversion": {"enabled": True},
    }, [Request(i).resource({"r": "1"}).sum("a", 10 * i).resource({"r": "2"}).sum("a", 100 + i) for i in range(3)]
    yield "cumulative, attributes of the resource in another order", {}, [
        Request(i).resource(dict(reversed(list(SHOP.items()))) if i % 2 else SHOP).sum("a", 10 * i) for i in range(3)
    ]
    yield "cumulative with nothing recorded in between", {}, [
        Request(0).sum("a", 10),
        Request(1).sum("a", 0, flags=NO_RECORDED_VALUE),
        Request(2).sum("a", 25),
    ]
    yield "cumulative that is no number in between", {}, [
        Request(0).sum("a", 10),
        Request(1).sum("a", math.nan),
        Request(2).sum("a", 25),
    ]
    yield "cumulative and gauge of one name", {}, [Request(i).sum("a", 10 * i).gauge("a", 5) for i in range(2)]
    yield "cumulative histogram", {}, [
        Request(i).histogram(
            "latency", {"a": "b"}, [i, 2 * i, 1], [5, 10], temporality=CUMULATIVE, sum=10.0 * i, min=1, max=20
        )
        for i in range(3)
    ]
    yield "cumulative exponential histogram", {}, [
        Request(i).exponential("latency", {}, 1, (0, (i, 1)), temporality=CUMULATIVE, sum=10.0 * i, min=1, max=2)
        for i in range(3)
    ]
    yield "summaries", {}, [Request(i).summary("latency", {}, 10.0 * i, i, [(0.5, i)]) for i in range(3)]
    prometheus = {"receiver": "prometheus", "service.name": "shop"}
    yield "summaries of Prometheus", {}, [
        Request(i).resource(prometheus).summary("latency", {}, 10.0 * i, i * i, [(0.5, i)]) for i in range(4)
    ]
    yield "summaries of Prometheus, first kept, in detail", {
        "retain_initial_value_of_delta_metric": True,
        "detailed_metrics": True,
    }, [Request(i).resource(prometheus).summary("latency", {}, 10.0 * i, i * i, [(0.5, i)]) for i in range(3)]
    yield "summaries of Prometheus that begin anew", {}, [
        Request(i).resource(prometheus).summary("latency", {}, 10.0 * v, v) for i, v in enumerate((5, 7, 2, 3))
    ]
    yield "cumulative, streams by label", {"log_stream_name": "{PodName}"}, [
        Request(i).sum("a", [({"pod": "p"}, 10 * i)]) for i in range(3)
    ]
    yield "delta sums", {}, totals([5, 6, 0], temporality=DELTA)


def steps(make, count=4):
    """A request a step, as `make(request, step)` fills it."""
    return [make(Request(i), i) for i in range(count)]


def long_sequences():
    """What runs for longer: series that come and go, change, and lie beside others."""
    hosts = [{"host": "a", "zone": "x"}, {"host": "b", "zone": "x"}, {"host": "c", "zone": "y"}]
    rollup = {"dimension_rollup_option": "NoDimensionRollup"}
    declared = {"metric_declarations": [{"dimensions": [["zone"]], "metric_name_selectors": ["^req"]}], **rollup}
    kept = {"retain_initial_value_of_delta_metric": True}
    everything = {
        "resource_to_telemetry_conversion": {"enabled": True},
        "log_group_name": "/g/{ServiceName}",
        "log_stream_name": "{TaskId}",
        "version": "0",
    }

    def of_hosts(request, i):
        return request.sum("requests", [(host, 10 * i + k) for k, host in enumerate(hosts)])

    def coming_and_going(request, i):
        return request.sum("requests", [(host, 10 * i + k) for k, host in enumerate(hosts) if (i + k) % 3])

    def mixed(request, i):
        request.scope("lib").gauge("queue", [({"host": "a"}, 7 - i)]).sum("requests", [({"host": "a"}, i * i)])
        return request.histogram("latency", {"host": "a"}, [i, 1], [5], sum=1.0 * i).summary(
            "size", {"host": "a"}, i, i
        )

    yield "three hosts", {}, steps(of_hosts)
    yield "three hosts, one set of dimensions", rollup, steps(of_hosts)
    yield "three hosts, declared", declared, steps(of_hosts)
    yield "three hosts, first kept", kept, steps(of_hosts)
    yield "three hosts, version 0", {"version": "0"}, steps(of_hosts)
    yield "hosts that come and go", {}, steps(coming_and_going, 7)
    yield "hosts that come and go, first kept", kept, steps(coming_and_going, 7)
    yield "metrics of all kinds", {}, steps(mixed)
    yield "metrics of all kinds, in detail, declared", {"detailed_metrics": True, **declared}, steps(mixed)
    yield "all names and labels at once", everything, steps(lambda r, i: of_hosts(r.resource(ECS), i))
    yield "integers that become fractions", {}, totals([1, 2.5, 4, 4.25])
    yield "large totals", {}, totals([2**53, 2**53 + 4, 2**60, 2**60 + 2**20])
    yield "falling below zero", {}, totals([5, -3, -10, 4], monotonic=False)
    yield "begins anew twice", {}, totals([100, 110, 4, 9, 1, 1, 3])
    yield "begins anew at the same value", {}, totals([7, 0, 7, 7])
    yield "a gap at each end", {}, totals([None, 3, None, 9, None])
    yield "from cumulative to delta", {}, [
        *totals([5, 8]),
        Request(2).sum("requests", 3, temporality=DELTA),
        Request(3).sum("requests", 20),
    ]
    yield "from sum to gauge", {}, [*totals([5, 8]), Request(2).gauge("requests", 3), Request(3).sum("requests", 20)]
    yield "a unit that changes", {}, steps(lambda r, i: r.sum("bytes", 10 * i, unit=("By", "s", "")[i % 3]))
    yield "a scope that changes", {}, steps(lambda r, i: r.scope(f"lib{i // 2}").sum("a", 10 * i))
    yield "a resource as label that changes", everything, steps(
        lambda r, i: r.resource({**ECS, "deploy": str(i // 2)}).sum("a", 10 * i)
    )
    yield "streams of tasks", {"log_stream_name": "{TaskId}"}, steps(
        lambda r, i: r.resource({**ECS, "aws.ecs.task.id": f"t{i % 2}"}).sum("a", 10 * i), 6
    )
    yield "points of several times", {}, steps(lambda r, i: r.gauge("a", i).gauge("a", i + 1, time=r.time + 1_000_000))
    yield "delta histograms", {}, steps(
        lambda r, i: r.histogram("h", {"k": "v"}, [i, 0, 2], [1, 2], sum=i + 0.5, min=i, max=i + 2)
    )
    yield "delta exponential histograms", {}, steps(
        lambda r, i: r.exponential("x", {"k": "v"}, 2 - i, (i - 2, (1, i, 0, 3)), zero=i, sum=i + 0.5, min=0, max=9)
    )
    yield "histograms whose bounds change", {}, steps(
        lambda r, i: r.histogram("h", {}, [1] * (i + 2), list(range(1, i + 2)), temporality=CUMULATIVE, sum=3.0)
    )
    yield "counters of Prometheus", {}, steps(
        lambda r, i: r.resource({"receiver": "prometheus", "service.name": "p"}).sum(
            "http_requests_total", [({"code": "200"}, 5 * i), ({"code": "500"}, i)]
        )
    )


def cases():
    for group in (kinds, names, units, dimensions, declarations, forms, sequences, long_sequences):
        for name, config, requests in group():
            requests = requests if isinstance(requests, list) else [requests]
            yield Case(name, config, [request.encoded() for request in requests])

# SPDX-License-Identifier: Apache-2.0
"""Where exporters/awsemf differs from the Go exporter, and why. A path is that of a value: request, event, member;
"*" stands for one step."""

import fnmatch


class Difference:
    """`only`: patterns of the cases' names. `holds(ours, theirs)`: what the two values must be."""

    def __init__(self, path, reason, only=("*",), holds=lambda ours, theirs: True):
        self.path, self.reason, self.only, self.holds = path.split("/"), reason, only, holds

    def covers(self, name, path, ours, theirs):
        steps = [str(step) for step in path]
        return (
            len(steps) == len(self.path)
            and all(fnmatch.fnmatchcase(step, wanted) for step, wanted in zip(steps, self.path))
            and any(fnmatch.fnmatchcase(name, wanted) for wanted in self.only)
            and self.holds(ours, theirs)
        )


def is_nothing(value):
    return not isinstance(value, (dict, list, str, int, float, bool, type(None)))


def is_rejected(reason):
    return lambda ours, theirs: is_nothing(theirs) and ours.get("rejected") == reason


DIFFERENCES = [
    Difference("0/0/document/a", "a point without a value makes no 0", only=("gauge without a value",)),
    Difference(
        "0/0/document/_aws/CloudWatchMetrics/0/Metrics/*",
        "a point without a value makes no metric",
        only=("gauge without a value",),
        holds=lambda ours, theirs: is_nothing(ours),
    ),
    Difference(
        "0/0/document/_aws/CloudWatchMetrics/0/Metrics/0/Name",
        "a point without a value makes no metric",
        only=("gauge without a value",),
    ),
    Difference(
        "*/*",
        "what comes twice is counted; there it is gone",
        only=("gauge twice", "cumulative, the same*"),
        holds=is_rejected("duplicate"),
    ),
    Difference(
        "0/0/stream",
        "one placeholder that labels fill in does not undo what the resource filled in (Better)",
        only=("placeholders, one from the resource, one from labels",),
    ),
    Difference(
        "0/1/stream",
        "each point has the stream that its own labels say; there all have that of the first",
        only=("placeholders from the labels of several points",),
    ),
    Difference("0/0/stream", "the cluster's name is known from its ARN (Better)", only=("cluster by its ARN",)),
    Difference(
        "0/0/document/_aws/CloudWatchMetrics/0/Dimensions/0/30",
        "30 dimensions: CloudWatch refuses more (Better)",
        only=("31 labels",),
    ),
    Difference(
        "0/0/document/_aws/CloudWatchMetrics/0/Metrics/100",
        "100 metrics a document: CloudWatch refuses more " "(Better)",
        only=("101 metrics",),
    ),
    Difference(
        "0/0/document/metric100", "100 metrics a document: CloudWatch refuses more (Better)", only=("101 metrics",)
    ),
    Difference("0/1", "100 metrics a document: CloudWatch refuses more (Better)", only=("101 metrics",)),
    Difference(
        "*/1",
        "the same metric of another resource has a document of its own; there it is gone",
        only=("two resources, the same metric", "cumulative, two resources"),
    ),
    Difference(
        "0/0",
        "each resource has its own differences (Better): there is none yet",
        only=("cumulative, two resources",),
        holds=lambda ours, theirs: is_nothing(ours),
    ),
    Difference("*/*/document/a", "each resource has its own differences (Better)", only=("cumulative, two resources",)),
    Difference(
        "2/0/document/latency/*",
        "a summary that begins anew is its own difference; there the count runs over",
        only=("summaries of Prometheus that begin anew",),
    ),
]

# SPDX-License-Identifier: Apache-2.0
"""Where the X-Ray plugins differ from contrib v0.98.0, and why. A path is that of a value: "*" stands for one step."""

import fnmatch


class Difference:
    """`only`: patterns of the cases' names. `holds(ours, theirs)`: what the two values must be."""

    def __init__(self, path, reason, only=("*",), holds=lambda ours, theirs: True):
        self.path, self.reason, self.only, self.holds = path.split("/") if path else [], reason, only, holds

    def covers(self, name, path, ours, theirs):
        steps = [str(step) for step in path]
        return (
            len(steps) == len(self.path)
            and all(fnmatch.fnmatchcase(step, wanted) for step, wanted in zip(steps, self.path))
            and any(fnmatch.fnmatchcase(name, wanted) for wanted in self.only)
            and self.holds(ours, theirs)
        )


def is_close(ours, theirs):
    return isinstance(ours, (int, float)) and isinstance(theirs, (int, float)) and abs(ours - theirs) < 1e-6


def is_nothing(value):
    return not isinstance(value, (dict, list, str, int, float, bool, type(None)))


LATER = "contrib v0.156.0, which ADOT v0.49 has: "
CONSUMERS = ("kind 5 with parent", "consumer", "sqs consumer")

EXPORTER = [
    Difference("*/start_time", "times have all their digits; there they are rounded to a double twice", holds=is_close),
    Difference("*/name", "names are rid of what X-Ray refuses, whichever source they have (Better)",
               only=("http client with peer.service",)),
    Difference("*/metadata*", "events that are no exceptions are kept (Better)", only=("*message event",)),
    Difference("*/metadata/default/otel.events", "events that are no exceptions are kept (Better)"),
    Difference("*/cause/exceptions/*/message", "lines of a message stay lines; there they are glued together",
               holds=lambda ours, theirs: ours.replace("\n", "") == theirs),
    Difference("*/cause/exceptions/*/stack", "telemetry.sdk.language of Node.js is nodejs: its stacks are read, too",
               only=("exception, nodejs",), holds=lambda ours, theirs: is_nothing(theirs)),
    Difference("*/aws/ec2/*", "members without a value are left out; there they are null",
               holds=lambda ours, theirs: is_nothing(ours) and theirs is None),
    Difference("*/aws/elastic_beanstalk/*", "members without a value are left out; there they are null",
               holds=lambda ours, theirs: is_nothing(ours) and theirs is None),
    Difference("*/metadata/*", "a namespace that is JSON's null has nothing in it; there it is null",
               only=("metadata by namespace that is no object",),
               holds=lambda ours, theirs: is_nothing(ours) and theirs is None),
    Difference("*/metadata/default/aws.xray.metadata.c", "... and its text is kept among the rest",
               only=("metadata by namespace that is no object",)),
    # What contrib has changed since.
    Difference("*/http/request/url", LATER + "url.query is part of the URL", only=("http server, stable conventions",)),
    Difference("*/metadata/default/url.query", LATER + "url.query is part of the URL",
               only=("http server, stable conventions",)),
    Difference("*/name", LATER + "jdbc: before a connection string is left out", only=("sql with a jdbc url",)),
    Difference("*/namespace", LATER + "a producer is remote", only=("kind 4*", "producer"),
               holds=lambda ours, theirs: ours == "remote"),
    Difference("*/type", LATER + "a consumer makes a segment, with a parent, too", only=CONSUMERS,
               holds=lambda ours, theirs: is_nothing(ours)),
    Difference("*/metadata", LATER + "a consumer makes a segment, which has the resource", only=CONSUMERS),
    Difference("*/metadata/default/otel.resource.service.name", LATER + "a consumer makes a segment, which has the resource",
               only=CONSUMERS),
    Difference("*/end_time", LATER + "what is in progress has no end", only=("in progress",),
               holds=lambda ours, theirs: is_nothing(ours)),
    Difference("*/in_progress", LATER + "what is in progress says so", only=("in progress",),
               holds=lambda ours, theirs: ours is True),
    Difference("*/metadata/default/aws.xray.inprogress", LATER + "aws.xray.inprogress is taken out",
               only=("in progress*",)),
    Difference("*/parent_id", LATER + "a local root that calls makes two documents", only=("local root, client",)),
    Difference("1", LATER + "a local root that calls makes two documents", only=("local root, client",)),
]

def is_time(ours, theirs):
    return isinstance(ours, int) and isinstance(theirs, int) and abs(ours - theirs) < 1000


RECEIVER = [
    Difference("spans/*/start", "times have all their digits; there they are doubles", holds=is_time),
    Difference("spans/*/end", "times have all their digits; there they are doubles", holds=is_time),
    Difference("spans/*/events/*/time", "an exception happened when its segment ended; there it has no time",
               holds=lambda ours, theirs: ours > 0 and theirs == 0),
    Difference("spans/*/links/*", "links are kept; there they are lost", only=("links",),
               holds=lambda ours, theirs: is_nothing(theirs)),
    Difference("", "a URL that names no database is kept whole; there the document is lost",
               only=("sql at 'no url'", "sql at 'mysql://host'", "sql at ''"), holds=lambda ours, theirs: theirs is None),
    Difference("", "metadata of any form is kept as its JSON; there the document is lost",
               only=("metadata that is no object",), holds=lambda ours, theirs: theirs is None),
    # What contrib has changed since.
    Difference("spans/*/kind", LATER + "a segment is a server's, with a parent, too", only=("a segment with a parent",),
               holds=lambda ours, theirs: ours == 2),
    Difference("", LATER + "the namespace local is known", only=("namespace local",),
               holds=lambda ours, theirs: theirs is None and ours["spans"][0]["kind"] == 1),
    Difference("resource/aws.log.group.*", LATER + "log groups are kept", only=("log groups",)),
    Difference("", LATER + "a URL without // has a database, too", only=("sql at 'jdbc:sqlite:test.db'",),
               holds=lambda ours, theirs: ours["spans"][0]["attributes"]["db.name"] == "test.db"),
    Difference("spans/*/attributes/db.*", LATER + "all behind the host is the database's name",
               only=("sql at 'postgresql://h/a/b'",)),
]

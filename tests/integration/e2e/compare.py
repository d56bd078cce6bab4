# SPDX-License-Identifier: Apache-2.0
"""Compares telemetry field by field, unknown fields included. Only what merging may legally change is set aside:
which records with equal resource and scope stand in one group, and the order of groups."""

import difflib
import math
import struct
from collections import Counter

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.unknown_fields import UnknownFieldSet

from e2e.signals import METRICS, data_points

FLOATS = {FieldDescriptor.TYPE_DOUBLE: "<d", FieldDescriptor.TYPE_FLOAT: "<f"}
SHOWN = 3  # differing items that a failure prints, so many lines of each, so much of a line
SHOWN_LINES = 60
SHOWN_LINE = 200


def unchanged(message):
    """What Nacelle owes: everything counts."""
    return message


def as_go_collector(message):
    """A copy as far as the Go collector keeps it: it drops unknown fields and the sign of a zero, and always writes
    some sub-messages (status, resource, scope, an attribute's value), empty or not, so that empty ones say nothing."""
    copy = type(message)()
    copy.CopyFrom(message)
    copy.DiscardUnknownFields()
    _prune(copy)
    return copy


def _prune(message):
    for field, value in message.ListFields():
        if not field.message_type:
            if field.type in FLOATS and field.is_repeated:
                value[:] = [item or 0.0 for item in value]
            elif field.type in FLOATS and value == 0:
                setattr(message, field.name, 0.0)
            continue
        for child in value if field.is_repeated else (value,):
            _prune(child)
        if not field.is_repeated and not field.containing_oneof and not value.ListFields():
            message.ClearField(field.name)


def one_nan(message):
    """A copy where every NaN has the same bits: JSON has one name for all of them."""
    copy = type(message)()
    copy.CopyFrom(message)
    _unify_nan(copy)
    return copy


def _unify_nan(message):
    for field, value in message.ListFields():
        if field.message_type:
            for child in value if field.is_repeated else (value,):
                _unify_nan(child)
        elif field.type in FLOATS and field.is_repeated:
            value[:] = [math.nan if item != item else item for item in value]
        elif field.type in FLOATS and value != value:
            setattr(message, field.name, math.nan)


def _unknown(fields):
    found = []
    for field in fields:
        data = field.data
        found.append((field.field_number, field.wire_type, _unknown(data) if field.wire_type == 3 else data))
    return tuple(sorted(found, key=lambda item: item[0]))


def canonical(message):
    """A hashable value, equal for two messages exactly when every field is. Doubles compare by their bits."""
    found = []
    for field, value in message.ListFields():
        many = field.is_repeated
        if field.message_type:
            content = tuple(map(canonical, value)) if many else canonical(value)
        elif field.type in FLOATS:
            layout = FLOATS[field.type]
            content = tuple(struct.pack(layout, item) for item in value) if many else struct.pack(layout, value)
        else:
            content = tuple(value) if many else value
        found.append((field.number, content))
    return tuple(found), _unknown(UnknownFieldSet(message))


def _without(message, *fields):
    copy = type(message)()
    copy.CopyFrom(message)
    for field in fields:
        copy.ClearField(field)
    return copy


def _envelope(message, field):
    """The canonical form of a message without its (possibly many) children in `field`."""
    return canonical(_without(message, field))


def _metric_parts(metric):
    """Splits a metric into what describes it and its points."""
    bare = _without(metric)
    if kind := metric.WhichOneof("data"):
        getattr(bare, kind).ClearField("data_points")
    return bare, data_points(metric)


def flatten(signal, requests):
    """Counts each item (span, data point, log record) together with everything around it but the request, whose own
    unknown fields belong to no item. A metric without points counts as itself. Returns (Counter, {item: messages
    that show it})."""
    counts, shown = Counter(), {}

    def add(item, *messages):
        counts[item] += 1
        if item not in shown:
            shown[item] = messages

    for request in requests:
        for group in getattr(request, signal.groups):
            group_key = _envelope(group, signal.scopes)
            for scope in getattr(group, signal.scopes):
                scope_key = _envelope(scope, signal.records)
                for record in getattr(scope, signal.records):
                    key = (group_key, scope_key)
                    around = (_without(group, signal.scopes), _without(scope, signal.records))
                    if signal is not METRICS:
                        add((*key, canonical(record)), *around, record)
                        continue
                    bare, points = _metric_parts(record)
                    key = (*key, canonical(bare))
                    for point in points:
                        add((*key, canonical(point)), *around, bare, point)
                    if not points:
                        add(key, *around, bare)
    return counts, shown


def _text(messages):
    return "\n".join(
        text_format.MessageToString(message, as_utf8=True, print_unknown_fields=True) for message in messages
    ).split("\n")


def _cut(lines):
    text = "\n".join(line[:SHOWN_LINE] for line in lines[:SHOWN_LINES])
    return text if len(lines) <= SHOWN_LINES else text + "\n… cut"


def _closest(text, others):
    """The one of `others` that shares most lines with `text`."""
    mine = Counter(text)
    return max(others, key=lambda other: (mine & Counter(other)).total())


def _assert_equal_counts(sent, received, show, what):
    missing, unexpected = sent - received, received - sent
    if not missing and not unexpected:
        return
    report = [
        f"{what}: {sent.total()} sent, {received.total()} received, "
        f"{missing.total()} missing, {unexpected.total()} unexpected"
    ]
    arrived = [_text(show[item]) for item in unexpected]
    for item in list(missing)[:SHOWN]:
        text = _text(show[item])
        if arrived:
            closest = _closest(text, arrived)
            lines = list(difflib.unified_diff(text, closest, "sent", "the closest that arrived", n=2, lineterm=""))
            report.append(_cut(lines) or "equal but for what the text does not show (presence, bits of a NaN)")
        else:
            report.append("missing:\n" + _cut(text))
    if not missing:
        report.extend("unexpected:\n" + _cut(text) for text in arrived[:SHOWN])
    raise AssertionError("\n".join(report))


def assert_same_items(signal, sent, received, normalise=unchanged):
    """Every item of `sent` is in `received`, as often, with the same resource, scope and envelopes, and no other."""
    sent_counts, sent_shown = flatten(signal, map(normalise, sent))
    received_counts, received_shown = flatten(signal, map(normalise, received))
    _assert_equal_counts(sent_counts, received_counts, {**received_shown, **sent_shown}, signal.debug_count)


def assert_same_requests(signal, sent, received, normalise=unchanged):
    """Every request came out as it went in, in any order: what a pipeline without batching owes."""
    shown, counters = {}, []
    for requests in (sent, received):
        counter = Counter()
        for request in map(normalise, requests):
            key = canonical(request)
            counter[key] += 1
            shown.setdefault(key, (request,))
        counters.append(counter)
    _assert_equal_counts(*counters, shown, f"{signal.name} requests")

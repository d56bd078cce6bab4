# SPDX-License-Identifier: Apache-2.0
"""The comparison itself: it notices a change in any field of any message, and forgives regrouping alone."""

import random

import pytest
from google.protobuf.descriptor import FieldDescriptor as F

from e2e import compare, random_otlp, wire
from e2e.random_otlp import Shape
from e2e.samples import small
from e2e.signals import METRICS, SIGNALS

signals = pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
SEEDS = 40
COMPARISONS = (compare.assert_same_requests, compare.assert_same_items)


def copy_of(message):
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def places(message, path=()):
    """Every (path, field) that is set in a message; a path holds (field name, index or None)."""
    for field, value in message.ListFields():
        yield path, field
        if field.message_type:
            children = enumerate(value) if field.is_repeated else [(None, value)]
            for index, child in children:
                yield from places(child, (*path, (field.name, index)))


def follow(message, path):
    for name, index in path:
        message = getattr(message, name)
        message = message if index is None else message[index]
    return message


def other_value(field, value):
    if field.type == F.TYPE_STRING:
        return value + "x"
    if field.type == F.TYPE_BYTES:
        return value + b"x"
    if field.type == F.TYPE_BOOL:
        return not value
    return 3 if value == 5 else 5


def changes(signal):
    """(what, request, the same but for one place) for each field of each message that random requests reach."""
    seen = set()
    for seed in range(SEEDS):
        request = random_otlp.request(signal, seed, Shape(size=1))
        for path, field in places(request):
            if field.full_name not in seen:
                seen.add(field.full_name)
                yield from ((what, request, changed) for what, changed in changes_at(request, path, field))


def changes_at(sample, path, field):
    """(what, changed request) for one field that is set."""
    if field.is_repeated:
        changed = copy_of(sample)
        del getattr(follow(changed, path), field.name)[-1]
        yield f"{field.full_name}: one less", changed
        changed = copy_of(sample)
        values = getattr(follow(changed, path), field.name)
        values.append(values[0])
        yield f"{field.full_name}: one more", changed
    elif not field.message_type:
        changed = copy_of(sample)
        target = follow(changed, path)
        setattr(target, field.name, other_value(field, getattr(target, field.name)))
        yield f"{field.full_name}: another value", changed
    if not field.is_repeated:
        changed = copy_of(sample)
        follow(changed, path).ClearField(field.name)
        yield f"{field.full_name}: taken away", changed
    if field.message_type:
        changed = copy_of(sample)
        target = getattr(follow(changed, path), field.name)
        (target[0] if field.is_repeated else target).MergeFromString(wire.tag(1999, wire.VARINT) + b"\x01")
        yield f"{field.full_name}: an unknown field", changed


@signals
@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda function: function.__name__)
def test_any_change_is_noticed(signal, comparison):
    overlooked = []
    for what, request, changed in changes(signal):
        comparison(signal, [request], [copy_of(request)])
        try:
            comparison(signal, [request], [changed])
        except AssertionError:
            continue
        overlooked.append(what)
    assert not overlooked


@signals
def test_regrouping_is_forgiven_by_items_and_noticed_by_requests(signal):
    requests = [random_otlp.request(signal, seed, Shape(unknown_fields=True)) for seed in range(3)]
    merged = signal.request()
    for request in reversed(requests):
        merged.MergeFrom(request)
    compare.assert_same_items(signal, requests, [merged])
    with pytest.raises(AssertionError):
        compare.assert_same_requests(signal, requests, [merged])


@signals
def test_a_lost_and_a_doubled_item_are_noticed(signal):
    requests = [small(signal, 2) for _ in range(3)]
    for received in (requests[:-1], requests + requests[:1]):
        with pytest.raises(AssertionError):
            compare.assert_same_items(signal, requests, received)


def test_points_of_a_split_metric_are_the_same_items():
    whole = random_otlp.request(METRICS, 1)
    pieces = []
    for group, scope, metric in METRICS.each_record(whole):
        points = len(getattr(metric, metric.WhichOneof("data")).data_points)
        for keep in range(points):
            piece = METRICS.request()
            new_group = piece.resource_metrics.add()
            new_group.CopyFrom(group)
            del new_group.scope_metrics[:]
            new_scope = new_group.scope_metrics.add()
            new_scope.CopyFrom(scope)
            del new_scope.metrics[:]
            new_metric = new_scope.metrics.add()
            new_metric.CopyFrom(metric)
            kept = getattr(new_metric, metric.WhichOneof("data")).data_points
            del kept[keep + 1 :], kept[:keep]
            pieces.append(piece)
    compare.assert_same_items(METRICS, [whole], pieces)


@signals
@pytest.mark.parametrize("seed", range(20))
def test_scrambled_bytes_mean_the_same(signal, seed):
    """What test_roundtrip sends as rare wire forms is what protobuf's own runtime reads as the same message."""
    request = random_otlp.request(signal, seed, Shape(unknown_fields=True))
    raw = request.SerializeToString()
    scrambled = wire.scramble(raw, signal.request.DESCRIPTOR, random.Random(seed))
    assert scrambled != raw
    compare.assert_same_requests(signal, [request], [signal.request.FromString(scrambled)])

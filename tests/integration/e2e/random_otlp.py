# SPDX-License-Identifier: Apache-2.0
"""Random OTLP requests: every field of every message of opentelemetry-proto, unknown fields on request. The same
seed gives the same request."""

import random
import struct
from dataclasses import dataclass

from google.protobuf.descriptor import FieldDescriptor as F

from e2e import wire

MAX_DEPTH = 12  # messages in messages; values nest no deeper than this
ID_LENGTHS = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
PROFILES_ONLY = {"key_strindex", "string_value_strindex"}  # indexes into a dictionary that these signals do not have
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz._-",
    "ABC 0123456789/:{}[]\"'\\<>&%$",
    "žluťoučkýůňÜßæ",
    "日本語中文한국어अआ",
    "🐎🦀👩‍👩‍👧‍👦𝔘𐍈",
    "\0\t\n\r\x1b\x7f\u2028\ufeff\ufffd\u0300",
)
DOUBLES = (0.0, -0.0, 1.0, -1.5, 0.1, 1e308, 5e-324, 2.0**53 + 2, float("inf"), float("-inf"), float("nan"))


@dataclass(frozen=True)
class Shape:
    """What the requests may hold. `size` scales how many groups, scopes and records there are."""

    size: int = 3
    unknown_fields: bool = False
    profiles_fields: bool = True
    empty_groups: bool = False


def _bits(rng, width):
    """Numbers of all lengths, the extremes among them."""
    return rng.choice((0, 1, (1 << width) - 1, 1 << (width - 1), rng.getrandbits(rng.randint(1, width))))


def _signed(value, width):
    return value - (1 << width) if value >> (width - 1) else value


def _text(rng):
    alphabet = rng.choice(ALPHABETS)
    length = rng.choice((0, 1, 5, 20, 130, 700)) if rng.random() < 0.3 else rng.randint(1, 12)
    return "".join(rng.choice(alphabet) for _ in range(length))


def _scalar(rng, field):
    if field.name in ID_LENGTHS:
        return rng.randbytes(ID_LENGTHS[field.name])
    if field.type == F.TYPE_STRING:
        return _text(rng)
    if field.type == F.TYPE_BYTES:
        return rng.randbytes(rng.choice((0, 1, 3, 40)))
    if field.type == F.TYPE_DOUBLE:
        return rng.choice(DOUBLES) if rng.random() < 0.6 else struct.unpack("<d", rng.randbytes(8))[0]
    if field.type == F.TYPE_BOOL:
        return rng.random() < 0.5
    if field.type == F.TYPE_ENUM:
        return rng.choice(field.enum_type.values).number
    if field.type in (F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_SFIXED32):
        return _signed(_bits(rng, 32), 32)
    if field.type in (F.TYPE_UINT32, F.TYPE_FIXED32):
        return _bits(rng, 32)
    if field.type in (F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64):
        return _signed(_bits(rng, 64), 64)
    if field.type in (F.TYPE_UINT64, F.TYPE_FIXED64):
        return _bits(rng, 64)
    raise TypeError(f"{field.full_name}: type {field.type}")


def _without_nan_payload(value):
    """NaN has many bit patterns and JSON one name for all: use one pattern."""
    return float("nan") if isinstance(value, float) and value != value else value


def unknown_bytes(rng):
    """One to three fields that no OTLP message has, of every wire type that is no group."""
    out = b""
    for _ in range(rng.randint(1, 3)):
        number = rng.choice((90, 1000, 18999, 20000, (1 << 29) - 1, rng.randint(100, 1 << 20)))
        wire_type = rng.choice((wire.VARINT, wire.I64, wire.LEN, wire.I32))
        content = {
            wire.VARINT: lambda: wire.varint(_bits(rng, 64)),
            wire.I64: lambda: rng.randbytes(8),
            wire.LEN: lambda: rng.randbytes(rng.choice((0, 1, 7, 200))),
            wire.I32: lambda: rng.randbytes(4),
        }[wire_type]()
        out += wire.field(number, content) if wire_type == wire.LEN else wire.tag(number, wire_type) + content
    return out


STRUCTURE = {
    "resource_spans", "scope_spans", "spans", "resource_metrics", "scope_metrics", "metrics", "data_points",
    "resource_logs", "scope_logs", "log_records",
}  # fmt: skip


def _fill(rng, message, shape, depth):
    chosen = {}
    for oneof in message.DESCRIPTOR.oneofs:
        members = [field for field in oneof.fields if shape.profiles_fields or field.name not in PROFILES_ONLY]
        # A metric must have a type to have a point; other choices may be left open.
        chosen[oneof.name] = rng.choice(members if oneof.name == "data" else [*members, None])
    for field in message.DESCRIPTOR.fields:
        if not shape.profiles_fields and field.name in PROFILES_ONLY:
            continue
        if field.containing_oneof and chosen[field.containing_oneof.name] is not field:
            continue
        if depth >= MAX_DEPTH and field.message_type:
            if field.containing_oneof:
                getattr(message, field.name).SetInParent()
            continue
        if field.name in STRUCTURE:
            count = rng.randint(0 if shape.empty_groups else 1, shape.size)
        elif field.is_repeated:
            count = rng.choice((0, 0, 1, 2, 4))
        else:
            count = 1 if field.containing_oneof or rng.random() < 0.75 else 0
        for _ in range(count):
            if field.message_type:
                child = getattr(message, field.name)
                child = child.add() if field.is_repeated else child
                child.SetInParent()
                _fill(rng, child, shape, depth + 1)
            elif field.is_repeated:
                getattr(message, field.name).append(_without_nan_payload(_scalar(rng, field)))
            else:
                setattr(message, field.name, _without_nan_payload(_scalar(rng, field)))
    if shape.unknown_fields and rng.random() < 0.5:
        message.MergeFromString(unknown_bytes(rng))


def request(signal, seed, shape=Shape()):
    """A request with at least one item."""
    rng = random.Random(f"{signal.name} {seed}")
    message = signal.request()
    while signal.items(message) == 0:
        message.Clear()
        _fill(rng, message, shape, 0)
    return message

# SPDX-License-Identifier: Apache-2.0
"""Protobuf's wire format by hand: what no library would write, legal and illegal."""

import random

from google.protobuf.descriptor import FieldDescriptor as F

VARINT, I64, LEN, SGROUP, EGROUP, I32 = range(6)
VARINT_TYPES = {
    F.TYPE_INT32, F.TYPE_INT64, F.TYPE_UINT32, F.TYPE_UINT64, F.TYPE_SINT32, F.TYPE_SINT64, F.TYPE_BOOL, F.TYPE_ENUM
}  # fmt: skip
I64_TYPES = {F.TYPE_FIXED64, F.TYPE_SFIXED64, F.TYPE_DOUBLE}
UNKNOWN_NUMBER = 1999  # in no OTLP message


TAG_BYTES = 5  # what parsers take at most for a tag or a length


def varint(value, padding=0):
    """A varint; `padding` adds bytes that change nothing, up to TAG_BYTES in all."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    for _ in range(min(padding, TAG_BYTES - len(out))):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


def tag(number, wire_type, padding=0):
    return varint(number << 3 | wire_type, padding)


def field(number, body, padding=0):
    """A length-delimited field."""
    return tag(number, LEN) + varint(len(body), padding) + body


def wire_type_of(descriptor):
    """The wire type of one value of a field."""
    if descriptor.type in VARINT_TYPES:
        return VARINT
    if descriptor.type in I64_TYPES:
        return I64
    return LEN if descriptor.type in (F.TYPE_STRING, F.TYPE_BYTES, F.TYPE_MESSAGE) else I32


def read_varint(raw, at):
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(raw):
    """Splits well-formed bytes (without groups) into (number, wire type, content bytes)."""
    at = 0
    while at < len(raw):
        key, at = read_varint(raw, at)
        number, wire_type = key >> 3, key & 7
        start = at
        if wire_type == VARINT:
            _, at = read_varint(raw, at)
        elif wire_type == I64:
            at += 8
        elif wire_type == I32:
            at += 4
        elif wire_type == LEN:
            length, start = read_varint(raw, at)
            at = start + length
        else:
            raise ValueError(f"wire type {wire_type}")
        yield number, wire_type, raw[start:at]


def _join(number, wire_type, content, padding=0):
    if wire_type == LEN:
        return tag(number, LEN, padding) + varint(len(content), padding) + content
    return tag(number, wire_type, padding) + content


def _unpacked(descriptor, content, rng, split):
    """A packed repeated field as single values, or as two packed pieces."""
    size = {I64: 8, I32: 4}.get(wire_type_of(descriptor))
    values, at = [], 0
    while at < len(content):
        end = at + size if size else read_varint(content, at)[1]
        values.append(content[at:end])
        at = end
    if not split or rng.random() < 0.5:
        return [(wire_type_of(descriptor), value) for value in values]
    cut = rng.randint(0, len(values))
    return [(LEN, b"".join(values[:cut])), (LEN, b"".join(values[cut:]))]


def scramble(raw, descriptor, rng: random.Random, split_packed=True):
    """The same message in a legal but rare form: fields in another order, sub-messages in two pieces, singular
    fields given twice (the last counts), packed fields unpacked or in pieces, lengths and tags as longer varints."""
    by_number = {known.number: known for known in descriptor.fields}
    runs = {}  # number -> its pieces, in the order that must stay
    for number, wire_type, content in fields(raw):
        known = by_number.get(number)
        pieces = [(wire_type, content)]
        if known and known.message_type and wire_type == LEN:
            content = scramble(content, known.message_type, rng, split_packed)
            pieces = [(LEN, content)]
            if not known.is_repeated and not known.containing_oneof and rng.random() < 0.3:
                inner = [_join(*piece) for piece in fields(content)]
                cut = rng.randint(0, len(inner))
                pieces = [(LEN, b"".join(inner[:cut])), (LEN, b"".join(inner[cut:]))]
        elif known and known.is_repeated and wire_type == LEN and wire_type_of(known) != LEN:
            if rng.random() < 0.5:
                pieces = _unpacked(known, content, rng, split_packed)
        elif known and not known.is_repeated and not known.has_presence and rng.random() < 0.1:
            pieces = [(wire_type, content), (wire_type, content)]
        runs.setdefault(number, []).extend(pieces)
    order = [number for number, pieces in runs.items() for _ in pieces]
    rng.shuffle(order)
    waiting = {number: iter(pieces) for number, pieces in runs.items()}
    return b"".join(_join(number, *next(waiting[number]), padding=rng.choice((0, 0, 0, 1, 2))) for number in order)

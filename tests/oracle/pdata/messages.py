# SPDX-License-Identifier: Apache-2.0
"""Random OTLP requests as bytes, drawn from the descriptors: every legal form of the wire, however rare, and damage."""

VARINT, FIXED64, BYTES, GROUP, GROUP_END, FIXED32 = range(6)

# google.protobuf.descriptor.FieldDescriptor.TYPE_*, by the wire type of one value.
TYPES = {
    1: FIXED64, 6: FIXED64, 16: FIXED64,
    7: FIXED32, 15: FIXED32, 2: FIXED32,
    3: VARINT, 4: VARINT, 5: VARINT, 8: VARINT, 13: VARINT, 14: VARINT, 17: VARINT, 18: VARINT,
    9: BYTES, 11: BYTES, 12: BYTES,
}
STRING, MESSAGE = 9, 11

WORDS = ["", "a", "service.name", "http.request.method", "GET", "/v2/products/{product_id}", "é", "日本語のテキスト",
         "😀", "x" * 15, "y" * 16, "z" * 17, "long " * 30, "nul\0byte", "µ" * 70]
NOT_UTF8 = [b"\xff", b"caf\xe9", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"ok \xc3(", b"\xc0\x80" * 5, b"0123456789abcde\x80"]


def varint(value, width=0):
    """The varint of `value`, of at least `width` bytes."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    while len(out) < width:
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


class Generator:
    """Draws requests. `rare` is the probability of each rare form at each place where it could be."""

    def __init__(self, random, rare, bad_text):
        self.random = random
        self.rare = rare
        self.bad_text = bad_text

    def is_rare(self):
        return self.random.random() < self.rare

    def u32(self, value):
        """A tag or a length: sometimes longer than it need be, never above the five bytes that all accept."""
        return varint(value, self.random.randint(1, 5) if self.is_rare() else 0)

    def number(self):
        draw = self.random.random()
        if draw < 0.4:
            value = self.random.randrange(200)
        elif draw < 0.8:
            value = self.random.randrange(1 << 40)
        else:
            value = self.random.getrandbits(64)
        return varint(value, self.random.randint(1, 10) if self.is_rare() else 0)

    def text(self):
        if self.random.random() < self.bad_text:
            return self.random.choice(NOT_UTF8)
        return self.random.choice(WORDS).encode()

    def field(self, number, wire_type, content):
        tag = self.u32(number << 3 | wire_type)
        if wire_type == BYTES:
            return tag + self.u32(len(content)) + content
        return tag + content

    def scalar(self, wire_type):
        if wire_type == VARINT:
            return self.number()
        return self.random.randbytes(8 if wire_type == FIXED64 else 4)

    def unknown(self, depth=0):
        """A field that no version of OTLP has, of any type, or a group of such fields."""
        number = self.random.choice([50, 99, 1000, 1001, 100000, (1 << 29) - 1])
        kind = self.random.choice([VARINT, FIXED64, BYTES, FIXED32, GROUP])
        if kind == GROUP:
            inner = b"".join(self.unknown(depth + 1) for _ in range(self.random.randrange(3) if depth < 4 else 0))
            return self.field(number, GROUP, inner) + self.u32(number << 3 | GROUP_END)
        content = self.random.randbytes(self.random.randrange(20)) if kind == BYTES else self.scalar(kind)
        return self.field(number, kind, content)

    def one(self, field, depth):
        """One value of a field, in its usual form."""
        if field.type == MESSAGE:
            return self.field(field.number, BYTES, self.message(field.message_type, depth + 1))
        if field.type == STRING:
            return self.field(field.number, BYTES, self.text())
        wire_type = TYPES[field.type]
        if wire_type == BYTES:
            return self.field(field.number, BYTES, self.random.randbytes(self.random.choice([0, 8, 16, 30])))
        return self.field(field.number, wire_type, self.scalar(wire_type))

    def repeated(self, field, depth):
        wire_type = TYPES[field.type]
        count = self.random.choice([0, 1, 1, 2, 3]) if depth < 9 else 0
        if wire_type == BYTES:
            return [self.one(field, depth) for _ in range(count)]
        out = []
        values = [self.scalar(wire_type) for _ in range(self.random.randrange(20))]
        while values:  # packed, unpacked, or some of both
            if self.is_rare():
                out.append(self.field(field.number, wire_type, values.pop()))
            else:
                taken = self.random.randrange(len(values) + 1) if self.is_rare() else len(values)
                out.append(self.field(field.number, BYTES, b"".join(values[:taken])))
                values = values[taken:]
        return out

    def message(self, descriptor, depth=0):
        parts = []
        chosen = {o.name: self.random.choice(o.fields).number for o in descriptor.oneofs}
        for field in descriptor.fields:
            if field.is_repeated:
                parts += self.repeated(field, depth)
                continue
            if field.message_type is not None and depth >= 9:
                continue
            oneof = field.containing_oneof
            if oneof is not None and chosen[oneof.name] != field.number and not self.is_rare():
                continue
            if self.random.random() < 0.8:
                parts.append(self.one(field, depth))
            if self.is_rare():  # again: a scalar replaces, a message merges
                parts.append(self.one(field, depth))
        if self.is_rare():
            parts += [self.unknown() for _ in range(self.random.randrange(4))]
        if self.is_rare():
            self.random.shuffle(parts)
        return b"".join(parts)

    def damage(self, request):
        """The request with a few bytes changed, taken out or put in."""
        out = bytearray(request)
        for _ in range(self.random.choice([1, 1, 1, 2, 5])):
            at = self.random.randrange(len(out) + 1)
            how = self.random.randrange(5)
            if how == 0 and at < len(out):
                out[at] = self.random.randrange(256)
            elif how == 1 and at < len(out):
                out[at] ^= 1 << self.random.randrange(8)
            elif how == 2:
                del out[at:at + self.random.choice([1, 1, 2, 9])]
            elif how == 3:
                out[at:at] = self.random.randbytes(self.random.choice([1, 1, 2, 9]))
            else:
                out[at:at] = self.random.choice([b"\x80", b"\xff" * 10, b"\x00", b"\x0b", b"\x0c", b"\x0a\xff\x01"])
        return bytes(out)


class Malformed(Exception):
    """The bytes are no message of that type."""


def read_varint(data, at, end, most=10):
    value = 0
    for i in range(most):
        if at + i >= end:
            raise Malformed("a varint is cut off")
        value |= (data[at + i] & 0x7F) << (7 * i)
        if data[at + i] < 0x80:
            return value, at + i + 1
    raise Malformed("a varint is too long")


def skip(data, at, end, tag):
    """The end of the value of an unknown field."""
    wire_type = tag & 7
    if wire_type == VARINT:
        return read_varint(data, at, end)[1]
    if wire_type in (FIXED64, FIXED32):
        at += 8 if wire_type == FIXED64 else 4
    elif wire_type == BYTES:
        length, at = read_varint(data, at, end, 5)
        at += length
    elif wire_type == GROUP:
        while True:
            inner, at = read_varint(data, at, end, 5)
            if inner == tag + 1:
                return at
            if inner & 7 == GROUP_END:
                raise Malformed("a group ends that did not begin")
            at = skip(data, at, end, inner)
    else:
        raise Malformed("a wire type that there is not")
    if at > end:
        raise Malformed("a value is cut off")
    return at


def repair(descriptor, data):
    """The message with U+FFFD in the place of what is not UTF-8, and how many strings that were.

    Of the schema URLs of an envelope, field 3, only the last one counts: the others are dropped, not mended.
    """
    known = {f.number: f for f in descriptor.fields}
    envelope = descriptor.name.startswith(("Resource", "Scope")) and 3 in known and known[3].name == "schema_url"
    out, bad, bad_url, at, end = bytearray(), 0, 0, 0, len(data)
    while at < end:
        start = at
        tag, at = read_varint(data, at, end, 5)
        after = skip(data, at, end, tag)
        field = known.get(tag >> 3)
        if field is None or tag & 7 != BYTES or field.type not in (STRING, MESSAGE):
            out += data[start:after]
            at = after
            continue
        length, body = read_varint(data, at, end, 5)
        content = data[body:after]
        if field.type == STRING:
            mended = content.decode("utf-8", "replace").encode()
            if envelope:
                bad_url = int(mended != content)
            else:
                bad += mended != content
        else:
            mended, inner = repair(field.message_type, content)
            bad += inner
        out += data[start:after] if mended == content else varint(tag) + varint(len(mended)) + mended
        at = after
    return bytes(out), bad + bad_url



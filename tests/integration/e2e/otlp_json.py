# SPDX-License-Identifier: Apache-2.0
"""OTLP/JSON by way of protobuf's own JSON mapping; OTLP differs from it in that ids are in hex, not in base64."""

import base64
import json

from google.protobuf import json_format

ID_KEYS = {"traceId", "spanId", "parentSpanId"}
SNAKE_ID_KEYS = {"trace_id", "span_id", "parent_span_id"}


def _map_ids(node, convert):
    if isinstance(node, list):
        return [_map_ids(child, convert) for child in node]
    if isinstance(node, dict):
        return {
            key: convert(value)
            if key in ID_KEYS | SNAKE_ID_KEYS and isinstance(value, str)
            else _map_ids(value, convert)
            for key, value in node.items()
        }
    return node


def to_tree(message, snake_case=False, enum_names=False):
    """The JSON tree of a request: enums as numbers, 64-bit numbers as strings, ids in hex."""
    tree = json_format.MessageToDict(
        message, preserving_proto_field_name=snake_case, use_integers_for_enums=not enum_names
    )
    return _map_ids(tree, lambda text: base64.b64decode(text).hex())


def dump(message, **options):
    """OTLP/JSON bytes of a request; `options` are to_tree's."""
    return json.dumps(to_tree(message, **options), ensure_ascii=False).encode()


def parse(text, message):
    """Fills `message` from OTLP/JSON as a strict receiver does: an unknown field is an error."""
    tree = _map_ids(json.loads(text), lambda value: base64.b64encode(bytes.fromhex(value)).decode())
    return json_format.ParseDict(tree, message)

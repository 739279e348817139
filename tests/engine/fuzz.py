"""Requests made from the messages' own descriptions: most right in form, some in nothing."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

from vertex_flow.engine.api.messages import raw_kind
from vertex_flow.engine.api.rpc import Rpc

HERE = "projects/local/locations/us-central1"
_DEPTH = 4
# Commands among these end at once; nothing else here is a program.
_TEXTS = st.sampled_from(
    [
        "",
        "true",
        "a",
        "A-b_c",
        "-1",
        "1e400",
        "NaN",
        "@default",
        "\x00",
        "\u202e\u0000",
        "\U0001f4a5",
        "x" * 300,
        "../../etc/passwd",
        "gs://bucket/folder",
        "gs://../x",
        "/nowhere/at/all",
        "file:///nowhere@sha256:0",
        f"{HERE}/models/1",
        f"{HERE}/models/1@default",
        f"{HERE}/endpoints/1",
        "* * * * *",
        "us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-5:latest",
    ]
) | st.text(max_size=12)
_NUMBERS = st.sampled_from([0, 1, -1, 2**31, 2**63, -(2**63), 1.5, 1e308]) | st.integers(-5, 5)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
_STRUCT = st.dictionaries(_TEXTS, _JSON, max_size=3)
_KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "google.protobuf.Struct": _STRUCT,
    "google.protobuf.Value": _JSON,
    "google.protobuf.ListValue": st.lists(_JSON, max_size=3),
    "google.protobuf.Timestamp": st.sampled_from(["2031-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
    | _TEXTS,
    "google.protobuf.Duration": st.sampled_from(["0s", "3s", "-1s", "315576000001s"]) | _TEXTS,
    "google.protobuf.FieldMask": st.sampled_from(["displayName", "labels.a", "*", ",", "no.such"]),
    "google.protobuf.Any": _STRUCT,
    "google.api.HttpBody": st.fixed_dictionaries({"data": st.sampled_from(["", "MSwy", "%"])}),
}


def requests(rpc: Rpc) -> st.SearchStrategy[tuple[str, dict[str, str], Any]]:
    """Give path, query and body of requests for a method."""
    query = st.dictionaries(
        st.sampled_from(["pageSize", "filter", "pageToken", "updateMask", "orderBy", "x"]),
        _TEXTS,
        max_size=2,
    )
    body = st.none() if not rpc.body else _body(rpc) | _JSON
    return st.tuples(_path(rpc), query, body)


def _body(rpc: Rpc) -> st.SearchStrategy[Any]:
    kind = raw_kind(rpc.request).DESCRIPTOR
    if rpc.body != "*":
        kind = kind.fields_by_name[rpc.body].message_type
    return _message(kind, _DEPTH)


def _path(rpc: Rpc) -> st.SearchStrategy[str]:
    """Fill the path's stars: with this location, and with ids that may or may not be there."""
    template = re.sub(r"\{[\w.]+=([^}]*)\}", r"\1", rpc.path)
    template = template.replace("projects/*/locations/*", HERE, 1)
    ids = st.sampled_from(["1", "default", "mine", "a@1", "%00", "x" * 200])
    parts = re.split(r"\*+", template)
    filled = st.lists(ids, min_size=len(parts) - 1, max_size=len(parts) - 1)
    return filled.map(lambda given: _joined(parts, given))


def _joined(parts: list[str], given: list[str]) -> str:
    return parts[0] + "".join(one + part for one, part in zip(given, parts[1:], strict=True))


def _message(kind: Any, depth: int) -> st.SearchStrategy[Any]:
    if kind.full_name in _KNOWN:
        return _KNOWN[kind.full_name]
    fields = {field.json_name: _field(field, depth) for field in kind.fields}
    if depth == 0:
        return st.just({})
    some = st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True) if fields else None
    if some is None:
        return st.just({})
    return some.flatmap(lambda names: st.fixed_dictionaries({n: fields[n] for n in names}))


def _field(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type and field.message_type.GetOptions().map_entry:
        value = field.message_type.fields_by_name["value"]
        return st.deferred(lambda: st.dictionaries(_TEXTS, _one(value, depth), max_size=2))
    one = st.deferred(lambda: _one(field, depth))
    right = st.lists(one, max_size=2) if field.is_repeated else one
    return st.one_of(right, right, right, _JSON)


def _one(field: Any, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type:
        return _message(field.message_type, depth - 1)
    if field.type == field.TYPE_BOOL:
        return st.booleans()
    if field.enum_type:
        return st.sampled_from([value.name for value in field.enum_type.values]) | _TEXTS
    if field.type in (field.TYPE_STRING, field.TYPE_BYTES):
        return _TEXTS
    return _NUMBERS

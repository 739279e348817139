"""Google's discovery documents: the routes of each API and the messages that they take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import attrs


@attrs.frozen
class Method:
    """A method of one of Google's APIs, as its discovery document has it.

    Attributes:
        id: For example `serviceusage.services.batchEnable`.
        verb: HTTP verb.
        pattern: Matches its path; with a group for each part that varies.
        request: Name of the message in its body, or None.
        response: Name of the message that it answers with, or None.
        query: Names of the query parameters that it takes.
    """

    id: str
    verb: str
    pattern: re.Pattern[str]
    request: str | None
    response: str | None
    query: frozenset[str]


@cache
def document(api: str) -> Any:
    """The discovery document of an API, for example `iam.v1`."""
    folder = resources.files("googleapiclient.discovery_cache") / "documents"
    return json.loads((folder / f"{api}.json").read_text(encoding="utf-8"))


@cache
def method(api: str, name: str) -> Method:
    """A method of an API; KeyError when there is none of that name."""
    found = {one["id"]: one for one in _methods(document(api))}[name]
    document_ = document(api)
    path = found.get("flatPath") or found["path"]
    prefix = document_.get("servicePath", "")
    parts = re.split(r"\{[^}]*\}", prefix + path)
    return Method(
        id=name,
        verb=found["httpMethod"],
        pattern=re.compile("/" + "([^/:]+)".join(map(re.escape, parts))),
        request=found.get("request", {}).get("$ref"),
        response=found.get("response", {}).get("$ref"),
        query=frozenset(
            name
            for owner in (found, document_)
            for name, one in owner.get("parameters", {}).items()
            if one.get("location") == "query"
        ),
    )


@cache
def find_method(api: str, verb: str, path: str) -> Method | None:
    """The method of an API that a request is of, or None."""
    for one in _methods(document(api)):
        found = method(api, one["id"]) if one["httpMethod"] == verb else None
        if found and found.pattern.fullmatch(path):
            return found
    return None


def unknown_fields(api: str, schema: str | None, value: Any, at: str = "") -> list[str]:
    """Paths of the fields in a message that its schema does not have."""
    if schema is None:
        return [] if not value else [at or "the body"]
    return list(_unknown(document(api)["schemas"], {"$ref": schema}, value, at))


def _unknown(schemas: Any, schema: Mapping[str, Any], value: Any, at: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    if schema.get("type") == "any":
        return
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _unknown(schemas, schema.get("items", {}), one, f"{at}[{index}]")
        return
    if not isinstance(value, dict) or schema.get("type") == "any":
        return
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for key, one in value.items():
        name = f"{at}.{key}" if at else key
        if key in known:
            yield from _unknown(schemas, known[key], one, name)
        elif others is None:
            yield name
        else:
            yield from _unknown(schemas, others, one, name)


def _methods(node: Mapping[str, Any]) -> Iterator[Any]:
    yield from node.get("methods", {}).values()
    for one in node.get("resources", {}).values():
        yield from _methods(one)

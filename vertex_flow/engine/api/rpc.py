"""Vertex AI's methods: which verb and path calls which handler, and with which message."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from vertex_flow.engine.api import binding, support
from vertex_flow.engine.api.errors import invalid, not_found
from vertex_flow.engine.api.messages import raw_kind, to_json

Handler = Callable[[Any], Awaitable[Any]]
Row = tuple[str, str, str, type[Any], str, Handler]
Query = Mapping[str, "str | Sequence[str]"]

_VARIABLE = re.compile(r"\{(?P<field>[\w.]+)(?:=(?P<pattern>[^}]*))?\}")
# A segment never holds a colon: in a path the colon starts the custom verb.
_SEGMENT = r"[^/:]+"


@attrs.frozen(kw_only=True)
class Rpc:
    """One method of the API.

    Attributes:
        id: The method's id in Google's discovery document without `aiplatform.`, for example
            `projects.locations.customJobs.create`.
        verb: The HTTP verb.
        path: The path with its variables, for example
            `/v1/{parent=projects/*/locations/*}/customJobs`.
        request: The class of the request message.
        body: The request's field that the HTTP body is, `*` for the whole request, or empty when
            there is no body.
    """

    id: str
    verb: str
    path: str
    request: type[Any]
    body: str = ""

    @property
    def raw(self) -> bool:
        """Whether the HTTP body may be any bytes, and goes to the handler as it came."""
        return "http_body" in raw_kind(self.request).DESCRIPTOR.fields_by_name


@attrs.frozen(kw_only=True)
class RawResponse:
    """An answer that is passed on as it is.

    Attributes:
        status: The HTTP status code.
        headers: The headers that the caller gets.
        body: The body, or its parts, each of which the caller gets as soon as it is there.
    """

    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes | AsyncIterator[bytes] = b""


@attrs.frozen(kw_only=True)
class RawBody:
    """A request body that is not a JSON message.

    Attributes:
        content_type: The value of the header of that name.
        data: The body.
    """

    content_type: str
    data: bytes


@attrs.frozen(kw_only=True)
class Route:
    """A method that was found for a verb and a path.

    Attributes:
        rpc: The method.
        handler: What answers it.
        variables: Values of the path's variables, by field path.
    """

    rpc: Rpc
    handler: Handler
    variables: Mapping[str, str]


@attrs.frozen
class _Binding:
    rpc: Rpc
    handler: Handler
    pattern: re.Pattern[str]
    fields: tuple[str, ...]

    def match(self, path: str) -> Route | None:
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        variables = dict(zip(self.fields, found.groups(), strict=True))
        return Route(rpc=self.rpc, handler=self.handler, variables=variables)


class Router:
    """Finds the handler of a request, and puts its answer into Google's JSON.

    Args:
        bindings: The methods and what answers each.
        fields: What the engine makes of each field of a request, see `support`.
    """

    def __init__(
        self,
        bindings: Iterable[tuple[Rpc, Handler]],
        fields: Mapping[str, support.Level] | None = None,
    ) -> None:
        self._bindings: dict[str, list[_Binding]] = {}
        self._fields: Mapping[str, support.Level] = fields or {}
        for rpc, handler in bindings:
            self._bindings.setdefault(rpc.verb, []).append(_bind(rpc, handler))

    @cached_property
    def rpcs(self) -> tuple[Rpc, ...]:
        """The methods served, by id."""
        found = [item.rpc for items in self._bindings.values() for item in items]
        return tuple(sorted(found, key=lambda rpc: rpc.id))

    def route(self, verb: str, path: str) -> Route:
        """Find the method for a request.

        Args:
            verb: The HTTP verb.
            path: The path, its percent-escapes decoded, without the query.

        Raises:
            ApiError: NOT_FOUND when there is none.
        """
        for item in self._bindings.get(verb, ()):
            route = item.match(path)
            if route is not None:
                return route
        raise not_found(self._no_route(verb, path))

    async def answer(
        self, route: Route, query: Query, body: Any, *, large: bool = False
    ) -> dict[str, Any] | RawResponse:
        """Call the handler of a route.

        Args:
            route: What `route` found.
            query: Query parameters; a repeated one has a list of values.
            body: Parsed JSON, a `RawBody`, or None.
            large: Whether the body takes long to read, so that others are answered meanwhile.

        Returns:
            Google's JSON for the answer, or the raw answer of the handler.

        Raises:
            ApiError: The request or the handler failed.
        """
        if large:
            request = await asyncio.to_thread(self._request, route, query, body)
        else:
            request = self._request(route, query, body)
        result = await route.handler(request)
        if isinstance(result, RawResponse | dict):
            return result
        integer_enums = "enum-encoding=int" in str(query.get("$alt", ""))
        return to_json(result, integer_enums=integer_enums)

    async def call(
        self, verb: str, path: str, query: Query | None = None, body: Any | None = None
    ) -> dict[str, Any]:
        """Do what an HTTP request would do, from inside the engine.

        Args:
            verb: The HTTP verb.
            path: The path without the query.
            query: Query parameters.
            body: Parsed JSON, or None.

        Returns:
            Google's JSON for the answer.

        Raises:
            ApiError: The request or the handler failed.
        """
        route = self.route(verb, path)
        if route.rpc.raw and body is not None:
            body = RawBody(content_type="application/json", data=json.dumps(body).encode())
        answer = await self.answer(route, query or {}, body)
        if isinstance(answer, RawResponse):
            return _raw_json(answer)
        return answer

    def _request(self, route: Route, query: Query, body: Any) -> Any:
        rpc = route.rpc
        payload = None if isinstance(body, RawBody) else body
        request = binding.build(
            rpc.request,
            path=route.variables,
            query=query,
            body=payload,
            body_field="*" if rpc.raw else rpc.body,
        )
        if isinstance(body, RawBody):
            request.http_body.content_type = body.content_type
            request.http_body.data = body.data
        support.check(request, self._fields)
        return request

    def _no_route(self, verb: str, path: str) -> str:
        others = sorted(
            other
            for other, items in self._bindings.items()
            if other != verb and any(item.match(path) for item in items)
        )
        if others:
            return f"{path} answers {', '.join(others)}, not {verb}."
        return (
            f"The local engine has no {verb} {path}. It serves Vertex AI's v1 REST API for "
            f"{', '.join(self._collections())}."
        )

    def _collections(self) -> list[str]:
        names = {rpc.id.split(".")[2] for rpc in self.rpcs if rpc.id.count(".") >= 3}
        return sorted(names - {"operations"})


def methods(collection: str, rows: Iterable[Row]) -> list[tuple[Rpc, Handler]]:
    """Give the methods of one collection and what answers each.

    Args:
        collection: For example `customJobs`.
        rows: Name, verb, path, request class, body field and handler of each method.
    """
    return [
        (
            Rpc(
                id=f"projects.locations.{collection}.{name}",
                verb=verb,
                path=path,
                request=request,
                body=body,
            ),
            handler,
        )
        for name, verb, path, request, body, handler in rows
    ]


def _bind(rpc: Rpc, handler: Handler) -> _Binding:
    """Turn a path template into a pattern; `*` is one segment and `**` any number of them."""
    pattern, fields, end = "", [], 0
    for variable in _VARIABLE.finditer(rpc.path):
        pattern += re.escape(rpc.path[end : variable.start()])
        pattern += f"({_segments(variable['pattern'] or '*')})"
        fields.append(variable["field"])
        end = variable.end()
    pattern += re.escape(rpc.path[end:])
    return _Binding(rpc, handler, re.compile(pattern), tuple(fields))


def _segments(pattern: str) -> str:
    kinds = {"*": _SEGMENT, "**": r"[^:]+"}
    return "/".join(kinds.get(part) or re.escape(part) for part in pattern.split("/"))


def _raw_json(answer: RawResponse) -> dict[str, Any]:
    if not isinstance(answer.body, bytes):
        raise invalid("An answer in parts can be had over HTTP only.")
    body: dict[str, Any] = json.loads(answer.body or b"{}")
    return body

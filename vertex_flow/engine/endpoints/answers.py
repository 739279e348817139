"""What goes to a model server, and what comes back from it, in the API's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import httpx

from vertex_flow.engine.api.errors import internal, invalid
from vertex_flow.errors import ApiError, nearest

_FIELDS = ("instances", "labels", "parameters")
_REASON = 2000  # characters of an answer that is no JSON
# What a status of the model server is in the API; any other is INVALID_ARGUMENT or INTERNAL.
_STATUSES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def read_request(data: bytes) -> bytes:
    """Check the body of a predict request.

    Args:
        data: The JSON of a `PredictRequest`.

    Returns:
        What the model server gets: the instances, and the parameters where there are any.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    try:
        body = json.loads(data or b"{}", parse_constant=_refuse_constant)
    except RecursionError:
        raise invalid("Invalid JSON payload received: it is nested too deep.") from None
    except ValueError as error:
        raise invalid(f"Invalid JSON payload received: {error}.") from None
    if not isinstance(body, dict):
        raise invalid("Invalid JSON payload received. Expected an object at the root of the body.")
    for name in body.keys() - {*_FIELDS, "endpoint"}:
        raise invalid(
            f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
            f"{nearest(name, _FIELDS)}"
        )
    if not isinstance(body.get("instances"), list):
        raise invalid("'instances' is required: a list with one item an instance.")
    if body.keys() <= {"instances", "parameters"} and body.get("parameters", 0) is not None:
        return data
    kept = {name: body[name] for name in ("instances", "parameters") if body.get(name) is not None}
    return json.dumps(kept, separators=(",", ":")).encode()


def with_facts(content: bytes, facts: Mapping[str, Any], *, trusted: bool) -> bytes:
    """Add to a model server's answer who gave it.

    Args:
        content: The JSON that the server answered with.
        facts: Fields to add.
        trusted: Whether the answer is known to be `{"predictions": [...]}`, with nothing else.

    Raises:
        ApiError: INTERNAL when the answer is something else.
    """
    if trusted:  # spliced: parsing large answers takes longer than the rest of the way
        return content.rstrip()[:-1] + b"," + json.dumps(facts).encode()[1:]
    try:
        answer = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("predictions"), list):
        raise internal(
            'The model server did not answer with JSON of the form {"predictions": [...]}: '
            f"{content[:200]!r}"
        )
    kept = {name: answer[name] for name in ("predictions", "metadata") if name in answer}
    return json.dumps({**kept, **facts}).encode()


def refusal(answer: httpx.Response) -> ApiError:
    """Turn a model server's error into the API's, with the server's reason."""
    code, reason = answer.status_code, _reason(answer)
    if code in (404, 405):
        reason = (
            f"The model server answered {code} on its predict route: {reason} Set "
            "container_spec.predict_route to the route that it takes predictions on."
        )
    if code in _STATUSES:
        return ApiError(code, _STATUSES[code], reason)
    return invalid(reason) if 400 <= code < 500 else internal(reason)


def _reason(answer: httpx.Response) -> str:
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        body = None
    said = body.get("error") or body.get("detail") if isinstance(body, dict) else None
    if isinstance(said, dict):
        said = said.get("message")
    text = said if isinstance(said, str) else answer.content[:_REASON].decode(errors="replace")
    return text or f"The model server answered {answer.status_code} without a reason."


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")

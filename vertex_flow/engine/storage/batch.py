"""Batches: many calls of the JSON API in one `multipart/mixed` request."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.storage.bodies import parsed
from vertex_flow.engine.storage.methods import Call
from vertex_flow.engine.storage.refusals import error_body
from vertex_flow.errors import ApiError

_MOST = 1000  # what Google's client puts into one; the service itself takes 100


def answer(
    body: bytes, content_type: str, root: str, call: Callable[[Call], Any]
) -> tuple[bytes, str]:
    """Answer the calls of a batch, one after the other.

    Args:
        body: The body of the request.
        content_type: Its header of that name.
        root: Root URL of the API as the caller reaches it.
        call: Answers one call.

    Returns:
        The body and the content type of the answer.

    Raises:
        ApiError: INVALID_ARGUMENT when it is no batch.
    """
    parts = list(_parts(body, content_type))
    boundary = f"batch_{secrets.token_hex(12)}"
    texts = [_answered(part, root, call) for part in parts]
    lines = [f"--{boundary}\r\n{text}\r\n" for text in texts]
    return "".join(
        [*lines, f"--{boundary}--\r\n"]
    ).encode(), f"multipart/mixed; boundary={boundary}"


def _parts(body: bytes, content_type: str) -> Iterator[Message]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = message_from_bytes(head + body)
    if not message.is_multipart():
        raise invalid("A batch is a multipart/mixed request with one call in each part.")
    parts = message.get_payload()
    if len(parts) > _MOST:
        raise invalid(f"The batch has {len(parts)} calls; at most {_MOST} are allowed.")
    for part in parts:
        if isinstance(part, Message):
            yield part


def _answered(part: Message, root: str, call: Callable[[Call], Any]) -> str:
    try:
        status, answer = 200, call(_call(part, root))
        status = 204 if answer is None else 200
    except ApiError as error:
        status, answer = error.code, error_body(error)
    text = "" if answer is None else json.dumps(answer)
    given = str(part.get("Content-ID", "")).strip("<>")
    head = ["Content-Type: application/http", f"Content-ID: <response-{given}>", ""]
    inner = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json; charset=UTF-8",
        f"Content-Length: {len(text.encode())}",
        "",
        text,
    ]
    return "\r\n".join([*head, *inner])


def _call(part: Message, root: str) -> Call:
    payload = part.get_payload(decode=True)
    line, _, rest = (payload if isinstance(payload, bytes) else b"").lstrip().partition(b"\n")
    words = line.decode("latin-1").split()
    if len(words) < 2:
        raise invalid(f"A part of the batch is no HTTP request: {line[:100]!r}.")
    inner = BytesParser().parsebytes(rest)
    url = urlsplit(words[1])
    _, found, path = url.path.partition("/storage/v1/")
    if not found:
        raise invalid(f"{url.path} is no method of the JSON API; a batch holds nothing else.")
    return Call(
        verb=words[0],
        path=path,
        query=parse_qs(url.query, keep_blank_values=True),
        headers={name.lower(): value for name, value in inner.items()},
        body=parsed(str(inner.get_payload())),
        root=root,
    )

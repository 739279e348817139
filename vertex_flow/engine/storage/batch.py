"""Batches: many calls of the JSON API in one `multipart/mixed` request."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vertex_flow.engine.api.errors import invalid
from vertex_flow.engine.storage.bodies import parsed
from vertex_flow.engine.storage.methods import Call
from vertex_flow.engine.storage.refusals import error_body
from vertex_flow.errors import ApiError

_MOST = 1000  # what Google's client puts into one; the service itself takes 100
_LARGEST_ANSWER = 32 * 1024 * 1024  # characters
_BLANK = re.compile(rb"\r?\n\r?\n")


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
    texts: list[str] = []
    size = 0
    for part in _parts(body, content_type):
        texts.append(_answered(part, root, call, full=size > _LARGEST_ANSWER))
        size += len(texts[-1])
    boundary = f"batch_{secrets.token_hex(12)}"
    lines = [f"--{boundary}\r\n{text}\r\n" for text in texts]
    content = "".join([*lines, f"--{boundary}--\r\n"]).encode()
    return content, f"multipart/mixed; boundary={boundary}"


def _parts(body: bytes, content_type: str) -> list[bytes]:
    """Give the parts, headers and all; no more of them are made than a batch may have."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_maintype() != "multipart" or not boundary:
        raise invalid("A batch is a multipart/mixed request with one call in each part.")
    mark = b"\n--" + boundary.encode("latin-1", "replace")
    parts = (b"\n" + body).split(mark, _MOST + 1)[1:]
    if parts and parts[-1].startswith(b"--"):
        parts.pop()
    if len(parts) > _MOST:
        raise invalid(f"The batch has more than {_MOST} calls.")
    return parts


def _answered(part: bytes, root: str, call: Callable[[Call], Any], *, full: bool) -> str:
    headers, payload = _headed(part)
    try:
        if full:
            raise invalid(f"The answers before have {_LARGEST_ANSWER} bytes. Send smaller batches.")
        status, answer = 200, call(_call(payload, root))
        status = 204 if answer is None else 200
    except ApiError as error:
        status, answer = error.code, error_body(error)
    text = "" if answer is None else json.dumps(answer)
    given = headers.get("content-id", "").strip("<>")
    head = ["Content-Type: application/http", f"Content-ID: <response-{given}>", ""]
    inner = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json; charset=UTF-8",
        f"Content-Length: {len(text.encode())}",
        "",
        text,
    ]
    return "\r\n".join([*head, *inner])


def _call(payload: bytes, root: str) -> Call:
    line, _, rest = payload.lstrip().partition(b"\n")
    words = line.decode("latin-1").split()
    if len(words) < 2:
        raise invalid(f"A part of the batch is no HTTP request: {line[:100]!r}.")
    headers, body = _headed(b"\n" + rest)
    try:
        url = urlsplit(words[1])
    except ValueError as error:
        raise invalid(f"{words[1][:100]!r} is no URL: {error}.") from error
    _, found, path = url.path.partition("/storage/v1/")
    if not found:
        raise invalid(f"{url.path} is no method of the JSON API; a batch holds nothing else.")
    return Call(
        verb=words[0],
        path=path,
        query=parse_qs(url.query, keep_blank_values=True),
        headers=headers,
        body=parsed(body),
        root=root,
    )


def _headed(data: bytes) -> tuple[dict[str, str], bytes]:
    """Split a message, which begins with a line break, into headers and what follows them."""
    end = _BLANK.search(data)
    if end is None:
        return {}, data
    lines = data[: end.start()].decode("latin-1").splitlines()
    pairs = [line.partition(":") for line in lines if ":" in line]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, data[end.end() :]

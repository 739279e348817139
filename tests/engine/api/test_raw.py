from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

from google.api import httpbody_pb2
from google.protobuf import json_format

from vertex_flow.engine.api.raw import passed_on
from vertex_flow.engine.api.rpc import RawResponse


async def parts(*texts: bytes) -> AsyncIterator[bytes]:
    for text in texts:
        yield text


def content(response: Any) -> bytes:
    async def read() -> bytes:
        return b"".join([part async for part in response.body_iterator])

    return asyncio.run(read())


def test_bytes_are_passed_on_as_they_are() -> None:
    answer = RawResponse(status=201, headers={"Content-Type": "text/plain"}, body=b"rose")
    response = passed_on(answer, wrapped=False)

    assert (response.status_code, response.headers["content-type"], response.body) == (
        201,
        "text/plain",
        b"rose",
    )


def test_who_asks_in_a_message_is_answered_in_one() -> None:
    answer = RawResponse(headers={"content-type": "text/plain"}, body=b"rose")
    response = passed_on(answer, wrapped=True)

    message = json_format.Parse(response.body, httpbody_pb2.HttpBody())
    assert (message.content_type, message.data) == ("text/plain", b"rose")


def test_an_error_is_never_put_into_a_message() -> None:
    answer = RawResponse(status=400, body=b'{"error": "bad"}')

    assert passed_on(answer, wrapped=True).body == b'{"error": "bad"}'


def test_parts_stay_parts() -> None:
    response = passed_on(RawResponse(body=parts(b"a", b"b")), wrapped=False)

    assert content(response) == b"ab"


def test_parts_become_a_list_of_messages() -> None:
    response = passed_on(RawResponse(body=parts(b"a", b"b")), wrapped=True)

    listed = json.loads(content(response))
    assert [base64.b64decode(item["data"]) for item in listed] == [b"a", b"b"]


def test_no_parts_are_an_empty_list() -> None:
    response = passed_on(RawResponse(body=parts()), wrapped=True)

    assert content(response) == b"[]"

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from vertex_flow.engine.storage.related import Related

BOUNDARY = "b0und"
PIECES = st.sampled_from([b"--", b"b0un", b"d", b"\r", b"\n", b"\r\n", b"x", b"--b0un"])


def body(content: bytes, newline: str) -> bytes:
    head = newline.join(
        [f"--{BOUNDARY}", "Content-Type: application/json", "", '{"name": "a"}', f"--{BOUNDARY}"]
    )
    head += newline.join(["", "Content-Type: text/x-mine", "", ""])
    return head.encode() + content + f"{newline}--{BOUNDARY}--{newline}".encode()


async def read(data: bytes, cuts: list[int]) -> tuple[object, str, bytes]:
    async def chunks() -> AsyncIterator[bytes]:
        places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
        for first, last in itertools.pairwise(places):
            yield data[first:last]

    related = Related(chunks(), f'multipart/related; boundary="{BOUNDARY}"')
    metadata, kind = await related.metadata()
    return metadata, kind, b"".join([piece async for piece in related.content()])


@given(
    content=st.lists(PIECES, max_size=20).map(b"".join).filter(lambda c: b"--b0und" not in c),
    newline=st.sampled_from(["\r\n", "\n"]),
    cuts=st.lists(st.integers(0, 1000), max_size=20),
)
def test_content_comes_through_however_it_is_cut(
    content: bytes, newline: str, cuts: list[int]
) -> None:
    found = asyncio.run(read(body(content, newline), cuts))
    assert found == ({"name": "a"}, "text/x-mine", content)

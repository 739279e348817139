"""Downloads: the content of an object, or a range of it, piece by piece."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator

from vertex_flow.engine.storage.digests import PIECE
from vertex_flow.errors import ApiError

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def span(header: str | None, size: int) -> tuple[int, int] | None:
    """Read the header `Range`.

    Args:
        header: Its value, or None.
        size: The size of the object.

    Returns:
        The first byte and the one after the last; None for the whole object, which several
        ranges and what is no range get too.

    Raises:
        ApiError: 416 for a range that begins after the end.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match[0] == "bytes=-":
        return None
    if not match[1]:
        first, end = max(0, size - int(match[2])), size
    else:
        first, end = int(match[1]), min(size, int(match[2]) + 1) if match[2] else size
        if match[2] and int(match[2]) < first:
            return None
    if first >= size:
        message = f"The requested range {header!r} cannot be satisfied: there are {size} bytes."
        raise ApiError(416, "OUT_OF_RANGE", message)
    return first, end


async def content(handle: int, first: int, end: int) -> AsyncIterator[bytes]:
    """Give a part of an open file.

    Args:
        handle: The descriptor.
        first: Number of the first byte.
        end: The one after the last.
    """
    while first < end:
        data = await asyncio.to_thread(os.pread, handle, min(PIECE, end - first), first)
        if not data:
            return  # the file was cut meanwhile; the connection ends before its length
        first += len(data)
        yield data

"""Small grey images as data URIs, for pages that load nothing."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY = 0  # the colour type of PNG without palette and alpha


def data_uri(rows: Sequence[Sequence[int]]) -> str:
    """Write grey values as a PNG image in a `data:` URI.

    Args:
        rows: Rows of one length, of values from 0 (black) to 255.
    """
    height, width = len(rows), len(rows[0])
    header = struct.pack(">IIBBBBB", width, height, 8, _GREY, 0, 0, 0)
    pixels = b"".join(b"\0" + bytes(row) for row in rows)  # each row begins with its filter: none
    content = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(pixels, 9))
    png = _SIGNATURE + content + _chunk(b"IEND", b"")
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

"""Grey images as data URIs."""

from __future__ import annotations

import base64
import zlib

from vertex_flow.report.images import data_uri


def test_an_image_is_a_png_of_its_size_and_values() -> None:
    head, _, text = data_uri([[0, 128, 255], [1, 2, 3]]).partition(",")
    png = base64.b64decode(text)
    size = png[16:24]
    start = png.index(b"IDAT") + 4
    assert head == "data:image/png;base64"
    assert (int.from_bytes(size[:4], "big"), int.from_bytes(size[4:], "big")) == (3, 2)
    assert zlib.decompressobj().decompress(png[start:]) == bytes([0, 0, 128, 255, 0, 1, 2, 3])

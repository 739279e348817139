"""What a transfer needs of a bucket, wherever it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Protocol

import attrs

from vertex_flow.gcp.transfer.content import Content

Gauge = Callable[[int], None]
"""Told how far a file is, in bytes."""


@attrs.frozen
class Stored:
    """An object.

    Attributes:
        name: Its name.
        size: Its size in bytes.
        crc32c: Its CRC32C in base64; empty where it is not known yet.
        generation: Number of this content of it; 0 on this machine.
    """

    name: str
    size: int
    crc32c: str = ""
    generation: int = 0


class Bucket(Protocol):
    """A bucket; any thread may use it."""

    def listed(
        self, prefix: str, *, first: str = "", last: str = "", pattern: str = "", most: int = 0
    ) -> Iterator[Stored]:
        """Give objects in the order of names.

        Args:
            prefix: What their names begin with.
            first: The first name.
            last: The last name; empty for no end.
            pattern: What the names match; empty for all.
            most: How many at most; 0 for all.
        """
        ...

    def checksum(self, stored: Stored) -> str:
        """Give the CRC32C of an object, in base64."""
        ...

    def put(self, content: Content, name: str, gauge: Gauge) -> None:
        """Make a file an object, at once and as a whole."""
        ...

    def fetch(self, stored: Stored, file: IO[bytes], gauge: Gauge) -> None:
        """Write the bytes of an object that a file does not have yet at the end of it."""
        ...

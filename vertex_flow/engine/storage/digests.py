"""The checksums of an object: CRC32C and MD5, as base64."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import IO, Any

import google_crc32c

from vertex_flow.engine.api.errors import invalid

PIECE = 1024 * 1024  # bytes that are read or written at a time


class Digests:
    """Checksums of what has gone through so far."""

    def __init__(self) -> None:
        self._crc32c: Any = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
        self._md5 = hashlib.md5(usedforsecurity=False)

    @classmethod
    def of(cls, file: IO[bytes]) -> Digests:
        """Give the checksums of an open file."""
        digests = cls()
        while data := file.read(PIECE):
            digests.update(data)
        return digests

    def update(self, data: bytes) -> None:
        """Take in what comes next."""
        self._crc32c.update(data)
        self._md5.update(data)

    def facts(self) -> dict[str, str]:
        """Give both as the API shows them."""
        return {"crc32c": _text(self._crc32c.digest()), "md5Hash": _text(self._md5.digest())}

    def check(self, stated: Mapping[str, Any]) -> None:
        """Refuse content that is not what its sender has computed.

        Args:
            stated: `crc32c` and `md5Hash`, as far as the sender gives them.

        Raises:
            ApiError: INVALID_ARGUMENT.
        """
        for name, found in self.facts().items():
            given = stated.get(name)
            if given is not None and given != found:
                raise invalid(
                    f"Provided {name} {given!r} doesn't match calculated {name} {found!r}: the "
                    "content was changed on its way. Nothing was stored."
                )


def stated_in(header: str) -> dict[str, str]:
    """Read the header `X-Goog-Hash`: `crc32c=...,md5=...`."""
    names = {"crc32c": "crc32c", "md5": "md5Hash"}
    pairs = (part.strip().partition("=") for part in header.split(",") if part.strip())
    return {names[name]: value for name, _, value in pairs if name in names}


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")

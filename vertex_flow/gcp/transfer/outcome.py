"""What a transfer has done, and what of it has failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from vertex_flow.calls import TRANSIENT
from vertex_flow.errors import ApiError, CredentialsError, ServiceDisabled, TransferFailed

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class FileFault(Exception):  # noqa: N818 - reads as what is wrong
    """Something is wrong with one file or object; the others go on."""


class Stopped(Exception):  # noqa: N818 - reads as what has happened
    """The transfer was interrupted; what is underway ends as soon as it can."""


@attrs.frozen(kw_only=True)
class Transfer:
    """What was copied to or from a bucket.

    Attributes:
        copied: Number of files that were copied.
        skipped: Number of files that were there already, by size and CRC32C.
        bytes: Size of the files that were copied, in bytes.
        seconds: How long it took.
        uris: URI of each object in the bucket, those of skipped ones too, in the order of names.
        paths: The file on this machine that belongs to each of them.
    """

    copied: int
    skipped: int
    bytes: int
    seconds: float
    uris: tuple[str, ...] = attrs.field(repr=False)
    paths: tuple[str, ...] = attrs.field(repr=False)

    def __str__(self) -> str:
        noun = "file" if self.copied == 1 else "files"
        text = f"{self.copied:,} {noun} copied"
        if self.copied:
            rate = in_units(self.bytes / self.seconds) if self.seconds > 0 else "?"
            text += f", {in_units(self.bytes)} in {self.seconds:.1f} s ({rate}/s)"
        return f"{text}; {self.skipped:,} there already" if self.skipped else text


@attrs.frozen
class Copied:
    """What became of one file.

    Attributes:
        uri: The object.
        path: The file.
        bytes: How much was copied, or None when it was there already.
    """

    uri: str
    path: str
    bytes: int | None


@attrs.frozen
class Failure:
    """A file that could not be copied.

    Attributes:
        what: The file or object.
        error: Why not.
    """

    what: str
    error: Exception

    @property
    def reason(self) -> str:
        """Why not, in words."""
        if isinstance(self.error, OSError) and self.error.strerror:
            return self.error.strerror
        return str(self.error)


def concluded(done: Sequence[Copied], failures: Sequence[Failure], seconds: float) -> Transfer:
    """Sum up a transfer.

    Raises:
        ApiError: All of it has failed for a reason that the service gave.
        TransferFailed: Some files could not be copied.
    """
    sizes = [one.bytes for one in done if one.bytes is not None]
    transfer = Transfer(
        copied=len(sizes),
        skipped=len(done) - len(sizes),
        bytes=sum(sizes),
        seconds=seconds,
        uris=tuple(one.uri for one in done),
        paths=tuple(one.path for one in done),
    )
    if not failures:
        return transfer
    refusals = [one.error for one in failures if isinstance(one.error, ApiError)]
    if not done and len(refusals) == len(failures) and len({one.code for one in refusals}) == 1:
        raise refusals[0]
    raise TransferFailed([(one.what, one.reason) for one in failures], transfer)


def ends_all(error: Exception) -> bool:
    """Tell whether what one file has met will meet all others too."""
    if isinstance(error, (CredentialsError, ServiceDisabled)):
        return True
    return isinstance(error, ApiError) and error.code in TRANSIENT  # it was tried again for long


def total(sizes: Iterable[int]) -> int:
    """Sum of sizes, at least 1: a bar needs something to fill."""
    return sum(sizes) or 1


def in_units(count: float) -> str:
    """Word a number of bytes, for example `12.3 MB`."""
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.1f} {_UNITS[unit]}" if unit else f"{count:.0f} bytes"

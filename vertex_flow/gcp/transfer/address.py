"""Where in Cloud Storage: URIs, and which names objects can have."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from vertex_flow.errors import SettingError
from vertex_flow.place import Place

_WILD = re.compile(r"[*?\[{]")
# Names with "google" in them too: nobody can make them, but Google has some to read from.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_SCHEME = re.compile(r"[A-Za-z][\w+.-]*:/*")
_LONGEST = 1024  # bytes
_RESERVED = ".well-known/acme-challenge/"


@attrs.frozen
class Address:
    """A place in a bucket: an object, a folder or a pattern.

    Attributes:
        bucket: Name of the bucket.
        name: What comes after it; empty for the whole bucket, with `/` at its end for a folder.
    """

    bucket: str
    name: str

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.name}" if self.name else f"gs://{self.bucket}"

    @property
    def folder(self) -> str:
        """The name as that of a folder, with `/` at its end; empty for the whole bucket."""
        return f"{self.name.rstrip('/')}/" if self.name.strip("/") else ""


def address_of(place: Place, uri: str, call: str) -> Address:
    """Read where in Cloud Storage something is.

    Args:
        place: The project; for this machine a path in the engine's folder is a URI too.
        uri: `gs://BUCKET/NAME` or `/gcs/BUCKET/NAME`.
        call: What was called, for the error.

    Raises:
        SettingError: It is no such URI.
    """
    said = f"{call}(uri={uri!r})"
    if not isinstance(uri, str):
        raise SettingError(f"{said}: expected a text: 'gs://BUCKET/FOLDER'.")
    bucket, _, name = _inside(place, uri, said).partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise SettingError(
            f"{said}: {bucket!r} is no name of a bucket, which has 3 to 63 lower-case letters, "
            "digits, '-', '_' and '.', with a letter or a digit first and last."
        )
    fault = name_fault(name) if name else None
    if fault:
        raise SettingError(f"{said}: no object can have this name: {fault}.")
    return Address(bucket, name)


def _inside(place: Place, uri: str, said: str) -> str:
    """What comes after `gs://`."""
    for start in ("gs://", "/gcs/"):
        if uri.startswith(start):
            return uri.removeprefix(start)
    if place.home is not None and Path(uri).is_absolute():
        root = place.home / "storage"
        if root in Path(uri).parents:
            ending = "/" if uri.endswith("/") else ""
            return Path(uri).relative_to(root).as_posix() + ending
        raise SettingError(
            f"{said}: this path is in no bucket: on this machine they are the folders of {root}. "
            f"Expected {root / place.bucket}/FOLDER or gs://{place.bucket}/FOLDER."
        )
    bare = _SCHEME.sub("", uri).strip("/") or "BUCKET/FOLDER"
    raise SettingError(f"{said}: expected gs://BUCKET/FOLDER. Did you mean {'gs://' + bare!r}?")


def name_fault(name: str) -> str | None:
    """Say why Cloud Storage would refuse a name for an object, or why it could not come back.

    Args:
        name: The name.

    Returns:
        What is wrong with it, or None.
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "it is not valid UTF-8"
    if size > _LONGEST:
        return f"it has {size:,} bytes, of {_LONGEST:,} that a name may have"
    if any(char in name for char in "\r\n\0"):
        return "it contains a line break or a NUL"
    if {".", ".."} & set(name.split("/")):
        return "a part of it is '.' or '..'"
    if name.startswith(_RESERVED):
        return f"names that begin with {_RESERVED} are reserved"
    return None


def is_pattern(text: str) -> bool:
    """Tell whether there are wildcards in a text: `*`, `?`, `[` or `{`."""
    return bool(_WILD.search(text))


def fixed_folder(pattern: str) -> str:
    """The folders of a pattern before the first that has a wildcard, with `/` at the end."""
    head = pattern[: _WILD.search(pattern).start()] if is_pattern(pattern) else pattern  # type: ignore[union-attr]
    return head[: head.rfind("/") + 1]

"""Which names buckets and objects may have: Cloud Storage's rules, and those of a file."""

from __future__ import annotations

import re

from vertex_flow.engine.api.errors import invalid

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]*[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_LONGEST_NAME = 1024  # bytes, of an object
_LONGEST_PART = 255  # bytes, of a file


def check_bucket(name: str) -> None:
    """Refuse a name that Cloud Storage refuses for a bucket.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    fault = _bucket_fault(name)
    if fault:
        raise invalid(f"Invalid bucket name: {name!r}: {fault}.")


def is_bucket(name: str) -> bool:
    """Tell whether a folder's name is that of a bucket."""
    return _bucket_fault(name) is None


def _bucket_fault(name: str) -> str | None:
    longest = 222 if "." in name else 63
    if not 3 <= len(name) <= longest:
        return f"it has {len(name)} characters; 3 to {longest} are allowed"
    if not _BUCKET.fullmatch(name):
        return (
            "use lower-case letters, digits, '-', '_' and '.', with a letter or a digit first "
            "and last"
        )
    if _ADDRESS.fullmatch(name):
        return "it looks like an IP address"
    if any(not part or len(part) > 63 or "-" in (part[0], part[-1]) for part in name.split(".")):
        return "each part between dots has 1 to 63 characters, and no '-' first or last"
    if name.startswith("goog") or "google" in name:
        return "it begins with 'goog' or contains 'google'"
    return None


def check_object(bucket: str, name: str) -> None:
    """Refuse a name that Cloud Storage refuses for an object, or that no file can have.

    Args:
        bucket: The bucket, for the error.
        name: The object's name; one that ends with `/` is a folder.

    Raises:
        ApiError: INVALID_ARGUMENT that says why.
    """
    fault = _object_fault(name)
    if fault:
        raise invalid(f"Invalid object name: {name[:200]!r} in bucket {bucket!r}: {fault}.")


def is_object(name: str) -> bool:
    """Tell whether a path in a bucket's folder can be the name of an object."""
    return _object_fault(name) is None


def _object_fault(name: str) -> str | None:
    if not name:
        return "it is empty"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "it is not valid UTF-8"
    if size > _LONGEST_NAME:
        return f"it has {size} bytes; at most {_LONGEST_NAME} are allowed"
    if any(char in name for char in "\r\n\0"):
        return "it contains a line break or a NUL"
    return _part_fault(name.removesuffix("/").split("/"))


def _part_fault(parts: list[str]) -> str | None:
    if ".." in parts or "." in parts:
        return "a part of it is '.' or '..', which would leave its place"
    if "" in parts:
        return "it begins with '/' or contains '//', which no file's path can here"
    longest = max(len(part.encode()) for part in parts)
    if longest > _LONGEST_PART:
        return (
            f"a part between slashes has {longest} bytes; an object is a file here, and the name "
            f"of a file has at most {_LONGEST_PART}"
        )
    return None

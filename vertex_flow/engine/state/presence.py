"""What a folder says of the engine in it, to programs that look for one."""

from __future__ import annotations

import fcntl
import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

_ENDPOINT = re.compile(r"http://127\.0\.0\.1:[1-9]\d{0,4}")


class Presence(NamedTuple):
    """What an engine says of itself in its folder.

    Attributes:
        endpoint: Its root URL.
        pid: Its process.
        parent: The process that it lives as long as, or None when it stands on its own.
        standing: Whether any program may join it.
        version: Version of the package that it runs.
        started: When it was started, as RFC 3339 has it.
    """

    endpoint: str
    pid: int
    parent: int | None
    standing: bool
    version: str
    started: str


def read(root: Path) -> Presence | None:
    """Read what the engine that holds a folder says; None when none does, or it says nothing yet.

    The file alone proves nothing: a killed engine leaves it behind, and its process number and
    its port may be another program's by now. So the lock, which the kernel frees with the process,
    must be held by the very process that the file names.
    """
    try:
        facts: dict[str, Any] = json.loads((root / "engine.json").read_text(encoding="utf-8"))
        presence = Presence(**{name: facts[name] for name in Presence._fields})
        if not _ENDPOINT.fullmatch(presence.endpoint):
            return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return presence if held_by(root) == presence.pid else None


def is_held(root: Path) -> bool:
    """Whether a living process holds a folder."""
    try:
        handle = os.open(root / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared, and for no longer than a look
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def held_by(root: Path) -> int | None:
    """Give the process that holds a folder; None when it is free, or its holder is unknown."""
    if not is_held(root):
        return None
    try:
        text = (root / "lock").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return int(text) if text.isdigit() else None

"""Uploads that are underway, remembered on disk so that another process can go on with them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Cloud Storage forgets an upload after a week; one that is about to go is not begun again with.
_LONGEST = 6.5 * 24 * 3600.0  # seconds


class Session:
    """What is remembered of one upload.

    Attributes:
        uri: Where it goes on, a secret; None when it has not begun.
    """

    def __init__(self, handle: int | None = None) -> None:
        self._handle = handle
        self.uri = _read(handle) if handle is not None else None

    def keep(self, uri: str) -> None:
        """Remember where it goes on; without a disk to write to, for this process alone."""
        self.uri = uri
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)
                os.pwrite(self._handle, json.dumps({"uri": uri}).encode(), 0)

    def forget(self) -> None:
        """Forget it: it has ended."""
        self.uri = None


class Sessions:
    """A folder that remembers uploads, a file each.

    Args:
        folder: The folder; by default `vertex_flow/uploads` in the user's cache.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or _cache()

    @contextmanager
    def of(self, key: str) -> Iterator[Session]:
        """Hold what is remembered of an upload; what another process holds is not shared.

        Args:
            key: Names the file, its content and the target, in letters and digits.
        """
        handle = self._taken(key)
        session = Session(handle)
        try:
            yield session
        finally:
            if handle is not None:
                if session.uri is None:
                    with contextlib.suppress(OSError):
                        os.unlink(self._file(key))
                os.close(handle)

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _taken(self, key: str) -> int | None:
        handle = None
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._clean()
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            handle = os.open(self._file(key), flags, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if handle is not None:
                os.close(handle)
            return None
        return handle

    def _clean(self) -> None:
        oldest = time.time() - _LONGEST
        for file in self._folder.glob("*.json"):
            with contextlib.suppress(OSError):
                if file.lstat().st_mtime < oldest:
                    file.unlink()


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "vertex_flow" / "uploads"


def _read(handle: int) -> str | None:
    try:
        uri = json.loads(os.pread(handle, 64 * 1024, 0))["uri"]
    except (OSError, ValueError, LookupError, TypeError):
        return None  # new, or cut while it was written
    return uri if isinstance(uri, str) else None

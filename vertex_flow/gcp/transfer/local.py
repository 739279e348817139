"""A bucket of this machine: a folder in which objects are files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from vertex_flow.engine.state.home import Home
from vertex_flow.engine.storage.files import Files
from vertex_flow.engine.storage.globs import Glob
from vertex_flow.errors import ApiError
from vertex_flow.gcp.transfer.buckets import Gauge, Stored
from vertex_flow.gcp.transfer.content import Content
from vertex_flow.gcp.transfer.outcome import Stopped

_ATTEMPTS = 3


class LocalBucket:
    """A bucket in the folder of a local engine, whether one is up or not.

    It is made when something is put into it, as nothing else on this machine would.

    Args:
        home: Folder of the engine.
        name: Name of the bucket.
        stop: Set when what is underway should end.
    """

    def __init__(self, home: Path, name: str, stop: threading.Event) -> None:
        folder = Home(home)
        folder.create()
        self._files = Files(folder.storage)
        self._name = name
        self._stop = stop
        self._folder = folder.storage / name

    def listed(
        self, prefix: str, *, first: str = "", last: str = "", pattern: str = "", most: int = 0
    ) -> Iterator[Stored]:
        """Give objects in the order of names; see `Bucket`."""
        if not self._folder.is_dir():
            return
        glob = Glob(pattern) if pattern else None
        count = 0
        for name in self._files.walk(self._name, prefix, first, deep=True):
            if (most and count >= most) or (last and name > last):
                return
            if name.endswith("/") or (glob and not glob.matches(name)):
                continue
            try:
                size = self._files.version(self._name, name).size
            except ApiError:
                continue  # gone meanwhile, or a link that leads elsewhere
            count += 1
            yield Stored(name, size)

    def checksum(self, stored: Stored) -> str:
        """Compute the CRC32C of an object, in base64."""
        with Content.open(self._path(stored.name)) as content:
            return content.crc32c()

    def put(self, content: Content, name: str, gauge: Gauge) -> None:
        """Make a file an object, at once and as a whole."""
        self._folder.mkdir(exist_ok=True)
        for attempt in range(_ATTEMPTS):
            draft = self._files.draft()
            try:
                with draft.open("wb") as file:
                    self._copy(content, file, 0, gauge)
                self._files.place(draft, self._name, name)
                return
            except FileNotFoundError:
                # An engine that starts clears drafts away, as those of a killed one.
                if attempt + 1 == _ATTEMPTS:
                    raise
            finally:
                draft.unlink(missing_ok=True)

    def fetch(self, stored: Stored, file: IO[bytes], gauge: Gauge) -> None:
        """Write the bytes of an object that a file does not have yet at the end of it."""
        with Content.open(self._path(stored.name)) as content:
            self._copy(content, file, file.seek(0, 2), gauge)

    def _path(self, name: str) -> Path:
        return self._files.path(self._name, name)

    def _copy(self, content: Content, file: IO[bytes], at: int, gauge: Gauge) -> None:
        for piece in content.pieces(at):
            if self._stop.is_set():
                raise Stopped
            file.write(piece)
            at += len(piece)
            gauge(at)

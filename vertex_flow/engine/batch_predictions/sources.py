"""The files that a job's input URIs stand for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import attrs

from vertex_flow.engine.api.errors import invalid, not_found, permission_denied
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.storage.globs import Glob

_WILD = re.compile(r"\*\*/?|\*|\?|\[[^\]]+\]")
_GLOB = re.compile(rf"{_WILD.pattern}|\{{")
_LONGEST = 1024  # characters of a URI with wildcards


@attrs.frozen
class Source:
    """One file.

    Attributes:
        uri: Where it is, as in the request, without wildcards.
    """

    uri: str
    _home: Home

    def open(self) -> BinaryIO:
        """Open it for reading.

        Raises:
            ApiError: It is not there, or behind a link that leaves its bucket.
            OSError: It cannot be read.
        """
        path = self._home.path(self.uri)
        storage = os.path.realpath(self._home.storage)
        real = Path(os.path.realpath(path))
        if path.is_relative_to(self._home.storage) and not real.is_relative_to(storage):
            raise permission_denied(
                f"{self.uri} is behind a symbolic link that leaves the folder of the engine's "
                "buckets."
            )
        if not real.is_file():  # a pipe would keep the opener waiting for a writer
            raise not_found(f"{self.uri} is not there, or no file.")
        return real.open("rb")


def check_uris(uris: Sequence[str], home: Home) -> None:
    """Refuse URIs that can name no file.

    Raises:
        ApiError: INVALID_ARGUMENT.
    """
    if not uris:
        raise invalid(
            "input_config.gcs_source.uris is required: the files that the instances are in, for "
            'example ["gs://bucket/instances.jsonl"].'
        )
    for uri in uris:
        home.path(uri)
        if _WILD.search(uri) and len(uri) > _LONGEST:
            raise invalid(
                f"input_config.gcs_source.uris has a URI with wildcards of {len(uri)} characters; "
                f"at most {_LONGEST} are allowed: {uri[:100]!r}..."
            )


def find_sources(uris: Sequence[str], home: Home) -> list[Source]:
    """Find the files, those of each URI in the order of their names.

    Args:
        uris: `gs://bucket/object` or paths; `*`, `?` and `[...]` stand for what is in one folder,
            `**` for any folders.
        home: Has the buckets.

    Raises:
        ApiError: NOT_FOUND; a URI names no file.
    """
    found: list[Source] = []
    for index, uri in enumerate(uris):
        names = list(_names(uri, home)) if _WILD.search(uri) else [uri]
        if not names:
            raise not_found(f"input_config.gcs_source.uris[{index}] {uri!r} matches no file.")
        found += [Source(name, home) for name in sorted(names)]
    return found


def _names(uri: str, home: Home) -> Iterator[str]:
    """Give the URIs that one with wildcards stands for."""
    start = uri.rindex("/", 0, _first(uri)) + 1
    root, wanted = uri[:start], Glob(_GLOB.sub(_piece, uri[start:]))
    base = home.path(root)
    for folder, folders, files in os.walk(base):
        folders.sort()
        for file in sorted(files):
            name = Path(folder, file).relative_to(base).as_posix()
            if wanted.matches(name):
                yield root + name


def _first(uri: str) -> int:
    wild = _WILD.search(uri)
    return wild.start() if wild else len(uri)


def _piece(wild: re.Match[str]) -> str:
    """Give a wildcard as a glob has it; a brace, which globs give a meaning, is one character."""
    return "[{]" if wild[0] == "{" else wild[0].replace("[^", "[!", 1)

"""Data to and from Cloud Storage."""

from __future__ import annotations

from pathlib import Path

import attrs

from vertex_flow.place import Place


@attrs.frozen
class Transfer:
    """What was copied."""


def upload(place: Place, path: Path, uri: str, *, progress: bool) -> Transfer:
    """Copy files to a bucket."""
    raise NotImplementedError


def download(place: Place, uri: str, path: Path, *, progress: bool) -> Transfer:
    """Copy objects to a folder."""
    raise NotImplementedError

"""A bucket as a folder, by gcsfuse."""

from __future__ import annotations

from pathlib import Path

from vertex_flow.place import Place


class Mount:
    """A mounted bucket."""


def mount(place: Place, path: Path) -> Mount:
    """Mount the bucket at a folder."""
    raise NotImplementedError

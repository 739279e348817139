"""What runs have left over, and what of it has expired."""

from __future__ import annotations

import attrs

from vertex_flow.client import Client
from vertex_flow.place import Place


@attrs.frozen
class Leftovers:
    """What runs have left."""


def clean(place: Place, client: Client, *, dry_run: bool) -> Leftovers:
    """List what is left over, and remove what has expired."""
    raise NotImplementedError

"""Taking down what was set up."""

from __future__ import annotations

import attrs

from vertex_flow.apis import Apis
from vertex_flow.place import Place


@attrs.frozen
class Removals:
    """What is removed, in order."""


def tear_down(place: Place, apis: Apis, *, yes: bool, data: bool) -> Removals:
    """List what carries the label, and remove it when `yes`."""
    raise NotImplementedError

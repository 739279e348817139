"""Setting a project up, and saying before what that would change."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from vertex_flow.apis import Apis
from vertex_flow.place import Place


@attrs.frozen
class Plan:
    """Changes to a project, in order."""


def plan(place: Place, apis: Apis) -> Plan:
    """List what `set_up` would change."""
    raise NotImplementedError


def set_up(place: Place, apis: Apis, say: Callable[[str], None]) -> Plan:
    """Make what is missing, and give what was changed."""
    raise NotImplementedError

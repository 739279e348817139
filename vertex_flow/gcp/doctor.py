"""Whether a project has what a pipeline needs."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from vertex_flow.apis import Apis
from vertex_flow.machines import MachineNeed
from vertex_flow.place import Place


@attrs.frozen
class Diagnosis:
    """What was checked."""


def examine(place: Place, apis: Apis, needs: Sequence[MachineNeed] = ()) -> Diagnosis:
    """Check everything that a pipeline needs; changes nothing."""
    raise NotImplementedError

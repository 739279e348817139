"""Machine types and accelerators: which go together, and where."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class MachineNeed:
    """Machines that a stage asks for.

    Attributes:
        stage: Name of the stage.
        purpose: `training`, or `serving` for those behind an endpoint.
        machine_type: Compute Engine machine type, for example `n1-standard-4`.
        accelerator_type: Name as in Vertex AI's API; empty for none.
        accelerator_count: Accelerators a machine.
        replicas: Machines at the same time, those of parallel trials included.
    """

    stage: str
    purpose: str
    machine_type: str
    accelerator_type: str = ""
    accelerator_count: int = 0
    replicas: int = 1


def compatibility(need: MachineNeed, location: str) -> str | None:
    """Say what is wrong with a machine in a location, from a table, without network.

    Args:
        need: The machine.
        location: Region.

    Returns:
        What does not go together and what would; None when nothing is known to be wrong.
    """
    raise NotImplementedError

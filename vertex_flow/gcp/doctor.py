"""Whether a project has what a pipeline needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from vertex_flow.apis import Apis
from vertex_flow.errors import ApiError
from vertex_flow.gcp.requirement import Finding, Requirement, refused
from vertex_flow.gcp.requirements import requirements
from vertex_flow.gcp.site import Site, api_name
from vertex_flow.gcp.table import rows
from vertex_flow.machines import MachineNeed
from vertex_flow.place import Place


@attrs.frozen
class Diagnosis:
    """What was checked; printed, a table with a command below each line that needs one.

    Attributes:
        findings: Every check, in the order in which things are made.
    """

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether everything is there."""
        return self.exit_code == 0

    @property
    def exit_code(self) -> int:
        """0 when all is well, 1 when something is missing or wrong, 2 when something is unknown."""
        states = {found.state for found in self.findings}
        if states & {"missing", "wrong"}:
            return 1
        return 2 if "unknown" in states else 0

    def as_json(self) -> dict[str, Any]:
        """The findings as plain values."""
        return {"ok": self.ok, "findings": [attrs.asdict(found) for found in self.findings]}

    def __str__(self) -> str:
        return rows(
            [(found.state, found.name, found.detail) for found in self.findings],
            [found.fix for found in self.findings],
        )


def examine(place: Place, apis: Apis, needs: Sequence[MachineNeed] = ()) -> Diagnosis:
    """Check everything that a pipeline needs; changes nothing.

    Args:
        place: What is needed, and where.
        apis: Google's APIs.
        needs: Machines whose compatibility and quotas are checked too.

    Returns:
        A finding for each check. What was refused is one of them, so that nothing is raised.
    """
    site = Site(place, apis, needs)
    found: dict[str, Finding] = {}
    for requirement in requirements():
        found.update((one.name, one) for one in _looked(requirement, site, found))
    return Diagnosis(tuple(found.values()))


def _looked(
    requirement: Requirement, site: Site, found: Mapping[str, Finding]
) -> Sequence[Finding]:
    names = requirement.names(site)
    needs = (*map(api_name, requirement.services), *requirement.needs)
    lacking = [name for name in needs if found[name].state != "ok"]
    if lacking:
        fix = found[lacking[0]].fix
        return [Finding(name, "unknown", f"not checked: needs {lacking[0]}", fix) for name in names]
    try:
        return requirement.look(site)
    except ApiError as error:
        return [refused(name, error) for name in names]

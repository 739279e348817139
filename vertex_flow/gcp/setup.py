"""Setting a project up, and saying before what that would change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from vertex_flow.apis import Apis
from vertex_flow.errors import VertexFlowError
from vertex_flow.gcp.requirement import Change, Requirement, settled
from vertex_flow.gcp.requirements import requirements
from vertex_flow.gcp.site import Site
from vertex_flow.gcp.table import rows
from vertex_flow.place import Place
from vertex_flow.texts import plain


@attrs.frozen
class Plan:
    """Changes to a project, in order; printed, a line each.

    Attributes:
        changes: What would be done, or was done.
        obstacles: What a person must mend before, each with its fix.
    """

    changes: tuple[str, ...]
    obstacles: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 when there is nothing to do, 1 for changes, 2 when something is in the way."""
        return 2 if self.obstacles else int(bool(self.changes))

    def as_json(self) -> dict[str, Any]:
        """The changes as plain values."""
        return {"changes": list(self.changes), "obstacles": list(self.obstacles)}

    def __str__(self) -> str:
        lines = [("+", change) for change in self.changes]
        for obstacle in self.obstacles:
            first, *others = obstacle.splitlines()
            lines += [("!", first), *((" ", line.strip()) for line in others)]
        return rows(lines) if lines else "nothing to change"


def plan(place: Place, apis: Apis) -> Plan:
    """List what `set_up` would change; changes nothing.

    Behind an API that is not enabled nothing can be seen: there, everything is listed.

    Args:
        place: What is wanted, and where.
        apis: Google's APIs.
    """
    site = Site(place, apis)
    changes: list[str] = []
    obstacles: list[str] = []
    for requirement in requirements():
        try:
            changes += _planned(requirement, site)
        except VertexFlowError as error:
            obstacles += [str(error)] if str(error) not in obstacles else []
    return Plan(tuple(changes), tuple(obstacles))


def set_up(place: Place, apis: Apis, say: Callable[[str], None]) -> Plan:
    """Make what is missing, and give what was changed.

    It may be cut off at any moment; the next call goes on.

    Args:
        place: What is wanted, and where.
        apis: Google's APIs.
        say: Called with a line for each change, once it is made.

    Raises:
        SettingError: Something is there in a way that only a person can mend.
        ApiError: Google Cloud refused; what was made before stays.
    """
    site = Site(place, apis)
    made: list[str] = []
    for requirement in requirements():
        for change in settled(site, _changes_of(requirement, site)):
            note = settled(site, change.apply)
            site.forget()
            made.append(f"{change.what} ({note})" if note else change.what)
            say(plain(made[-1]))
    return Plan(tuple(made))


def _changes_of(requirement: Requirement, site: Site) -> Callable[[], Sequence[Change]]:
    return lambda: requirement.changes(site)


def _planned(requirement: Requirement, site: Site) -> Sequence[str]:
    if not site.enabled.issuperset(requirement.services):
        return requirement.wanted(site)
    return [change.what for change in requirement.changes(site)]

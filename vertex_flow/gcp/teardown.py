"""Taking down what was set up."""

from __future__ import annotations

from typing import Any

import attrs

from vertex_flow.apis import Apis
from vertex_flow.gcp.requirement import Removal
from vertex_flow.gcp.requirements import requirements
from vertex_flow.gcp.site import Site
from vertex_flow.gcp.table import rows
from vertex_flow.place import Place


@attrs.frozen
class Removals:
    """What `setup` has made; printed, a line each with what becomes of it.

    Attributes:
        gone: What was removed, or with `yes` would be, in order.
        kept: What stays, and why.
        done: Whether it was removed; otherwise it is only listed.
    """

    gone: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]
    done: bool

    @property
    def exit_code(self) -> int:
        """1 when something stays that was to be removed, else 0."""
        return int(self.done and bool(self.kept))

    def as_json(self) -> dict[str, Any]:
        """What goes and what stays, as plain values."""
        kept = [{"what": what, "why": why} for what, why in self.kept]
        return {"done": self.done, "gone": list(self.gone), "kept": kept}

    def __str__(self) -> str:
        lines = [("removed" if self.done else "to remove", what) for what in self.gone]
        lines += [("kept", f"{what}: {why}") for what, why in self.kept]
        more = "" if self.done or not self.gone else "\nNothing is removed yet: teardown(yes=True)."
        return rows(lines) + more if lines else "nothing of it is here"


def tear_down(place: Place, apis: Apis, *, yes: bool, data: bool) -> Removals:
    """List what `setup` has made, and remove it when `yes`.

    It may be cut off at any moment; the next call goes on.

    Args:
        place: What was wanted, and where.
        apis: Google's APIs.
        yes: Whether to remove it.
        data: Whether a bucket goes that holds objects, and a TensorBoard that holds runs.

    Raises:
        ApiError: Google Cloud refused; what was removed before is gone.
    """
    site = Site(place, apis, data=data)
    gone: list[str] = []
    kept: list[tuple[str, str]] = []
    for requirement in reversed(requirements()):
        if not site.enabled.issuperset(requirement.services):
            continue  # where an API is not enabled, nothing of it was made
        for removal in requirement.removals(site):
            why = removal.kept or (removal.apply() if yes else "")
            _note(site, removal, why)
            kept += [(removal.what, why)] if why else []
            gone += [] if why else [removal.what]
        site.forget() if yes else None
    return Removals(tuple(gone), tuple(kept), yes)


def _note(site: Site, removal: Removal, why: str) -> None:
    """Remember what goes, for those who ask what is left."""
    if removal.resource and not why:
        site.going.add(removal.resource)

"""The TensorBoard instance that training logs to."""

from __future__ import annotations

from collections.abc import Sequence

from vertex_flow.calls import if_there
from vertex_flow.client import Client
from vertex_flow.errors import SettingError
from vertex_flow.gcp.marks import is_managed, labels
from vertex_flow.gcp.requirement import Change, Finding, Removal, Requirement
from vertex_flow.gcp.site import VERTEX_AI, Site
from vertex_flow.names import Resource
from vertex_flow.place import Place

DISPLAY_NAME = "vertex-flow"
"""Name of the instance that `setup` makes."""


def find_tensorboard(place: Place, client: Client) -> str | None:
    """Resource name of the TensorBoard instance of a place, or None when there is none.

    Args:
        place: It may name one; by default it is the instance that `setup` makes.
        client: Vertex AI.
    """
    if place.tensorboard:
        return place.tensorboard
    return next((str(one.name) for one in client.tensorboards(DISPLAY_NAME)), None)


class Tensorboard(Requirement):
    """A TensorBoard instance: the one that the place names, else one named `vertex-flow`."""

    services = (VERTEX_AI,)

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""
        return ("TensorBoard",)

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask Vertex AI."""
        named = site.place.tensorboard
        if named:
            return [_named(site, named)]
        found = find_tensorboard(site.place, site.apis.vertex)
        if found is None:
            detail = f"no instance {DISPLAY_NAME!r} in {site.place.location}"
            return [Finding("TensorBoard", "missing", detail, _command(site))]
        return [Finding("TensorBoard", "ok", _short(found))]

    def changes(self, site: Site) -> Sequence[Change]:
        """Make the instance, unless the place names one."""
        super().changes(site)
        if find_tensorboard(site.place, site.apis.vertex):
            return ()
        return [Change(self.wanted(site)[0], lambda: _create(site))]

    def wanted(self, site: Site) -> Sequence[str]:
        """Make the instance, unless the place names one."""
        if site.place.tensorboard:
            return ()
        return [f"create TensorBoard instance {DISPLAY_NAME} in {site.place.location}"]

    def removals(self, site: Site) -> Sequence[Removal]:
        """Remove the instance that `setup` has made, when it holds nothing or data goes too."""
        if site.place.tensorboard:
            return ()
        return [
            Removal(
                f"TensorBoard {_short(one.name)}",
                lambda name=str(one.name): site.apis.vertex.delete_tensorboard(name),  # type: ignore[misc]
                "" if site.data or not one.run_count else _held(one.run_count),
                str(one.name),
            )
            for one in site.apis.vertex.tensorboards(DISPLAY_NAME)
            if is_managed(one.labels)
        ]


def _named(site: Site, name: str) -> Finding:
    fix = (
        f"gcloud ai tensorboards list --region={site.place.location} --project={site.place.project}"
    )
    try:
        full = str(Resource.parse(name))
        found = if_there(lambda: site.apis.vertex.get_tensorboard(full))
    except SettingError as error:
        return Finding("TensorBoard", "wrong", str(error), fix)
    if found is None:
        return Finding("TensorBoard", "wrong", f"{name} is not there.", fix)
    return Finding("TensorBoard", "ok", _short(name))


def _short(name: str) -> str:
    """Resource names are longer than a line of a terminal."""
    return f"instance {name.rpartition('/')[2]}"


def _create(site: Site) -> None:
    site.apis.vertex.ensure_tensorboard(DISPLAY_NAME, labels(site.place))


def _held(runs: int) -> str:
    return f"it holds {runs} runs: teardown(yes=True, data=True) removes them too"


def _command(site: Site) -> str:
    return (
        f"gcloud ai tensorboards create --display-name={DISPLAY_NAME} "
        f"--region={site.place.location} --project={site.place.project}"
    )

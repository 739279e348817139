"""The APIs that a pipeline needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vertex_flow.commands import enable
from vertex_flow.errors import ApiError
from vertex_flow.gcp.marks import api_mark, mark_project, project_labels, unmark_project
from vertex_flow.gcp.requirement import Change, Finding, Removal, Requirement
from vertex_flow.gcp.site import (
    ARTIFACT_REGISTRY,
    RESOURCE_MANAGER,
    SERVICES,
    STORAGE,
    VERTEX_AI,
    Site,
    api_name,
)

_MARK = "enabled"
_REFUSED = (400, 401, 403, 404)  # answers after which nothing has been enabled
_LABELS = "it is needed by the labels that say which APIs stay"


class Services(Requirement):
    """Six APIs that are enabled.

    What `setup` enables is written to the project's labels before, so that `teardown` knows it.
    Resource Manager itself is the exception: no label can be written until it is enabled.
    """

    needs = ("credentials", "project")

    def names(self, site: Site) -> tuple[str, ...]:
        """Names of the findings."""
        return tuple(map(api_name, SERVICES))

    def look(self, site: Site) -> Sequence[Finding]:
        """Ask Service Usage."""
        return [
            Finding(api_name(name), "ok", "enabled")
            if name in site.enabled
            else Finding(api_name(name), "missing", "not enabled", enable(site.place.project, name))
            for name in SERVICES
        ]

    def changes(self, site: Site) -> Sequence[Change]:
        """Enable what is not: Resource Manager first, for the labels of the project."""
        missing = [name for name in SERVICES if name not in site.enabled]
        steps = [missing[:1], missing[1:]] if RESOURCE_MANAGER in missing else [missing]
        return [
            Change(f"enable {', '.join(some)}", _enabling(site, some)) for some in steps if some
        ]

    def removals(self, site: Site) -> Sequence[Removal]:
        """Disable what was enabled here, unless something would be lost with it."""
        if RESOURCE_MANAGER not in site.enabled:
            return ()
        found = project_labels(site)
        marked = [name for name in SERVICES if found.get(api_mark(name)) == _MARK]
        removals: list[Removal] = []
        for name in reversed(marked):
            left = any(one.kept for one in removals)
            kept = _LABELS if name == RESOURCE_MANAGER and left else _in_use(site, name)
            removals.append(Removal(api_name(name), _disabling(site, name), kept))
        return removals


def _enabling(site: Site, names: Sequence[str]) -> Callable[[], str]:
    marks = {api_mark(name): _MARK for name in names}

    def enable() -> str:
        body = {"serviceIds": list(names)}
        site.switched_on.update(names)
        refused = "" if RESOURCE_MANAGER in names else mark_project(site, marks)
        request = site.usage.batchEnable(parent=site.project_name, body=body)
        try:
            site.apis.finished(site.apis.services.operations(), site.apis.send(request))
        except ApiError as error:
            # Nothing was enabled: whoever enables it later owns it.
            if error.code in _REFUSED and RESOURCE_MANAGER not in names:
                unmark_project(site, list(marks))
            raise
        refused = mark_project(site, marks) if RESOURCE_MANAGER in names else refused
        return f"teardown will leave it enabled: {refused}" if refused else ""

    return enable


def _disabling(site: Site, name: str) -> Callable[[], str]:
    def disable() -> str:
        kept = _disable(site, name)
        if not kept:
            unmark_project(site, [api_mark(name)])
        return kept

    return _disabling_labels(site) if name == RESOURCE_MANAGER else disable


def _disabling_labels(site: Site) -> Callable[[], str]:
    """Disable Resource Manager, without which no label can be written: its own goes before."""
    mark = api_mark(RESOURCE_MANAGER)

    def disable() -> str:
        if {api_mark(other) for other in SERVICES[1:]} & set(project_labels(site)):
            return _LABELS
        unmark_project(site, [mark])
        kept = _disable(site, RESOURCE_MANAGER)
        if kept:
            mark_project(site, {mark: _MARK})
        return kept

    return disable


def _disable(site: Site, name: str) -> str:
    """Disable an API as Google does by default: not while enabled APIs depend on it."""
    site.forget()
    if name not in site.enabled:
        return ""
    service = f"{site.project_name}/services/{name}"
    try:
        operation = site.apis.send(site.usage.disable(name=service, body={}))
        site.apis.finished(site.apis.services.operations(), operation)
    except ApiError as error:
        site.forget()
        if name not in site.enabled:  # an answer was lost
            return ""
        if error.status == "FAILED_PRECONDITION":
            return f"it stays enabled: {error.message}"
        raise
    return ""


def _in_use(site: Site, name: str) -> str:
    """Say what would be out of reach, and go on costing money, without an API."""
    asked = {
        STORAGE: _buckets,
        ARTIFACT_REGISTRY: _repositories,
        VERTEX_AI: _endpoints,
    }.get(name)
    if asked is None or name not in site.enabled:
        return ""
    left = asked(site)
    return f"it is needed by {left}" if left else ""


def _buckets(site: Site) -> str:
    storage = site.apis.storage
    ours = site.going
    found = site.apis.sent(
        lambda: [one.name for one in storage.list_buckets(max_results=10, retry=None)], "storage"
    )
    return _first("bucket", [f"gs://{name}" for name in found if f"gs://{name}" not in ours])


def _repositories(site: Site) -> str:
    request = site.repositories.list(parent=site.place.parent)
    found = site.apis.pages(site.repositories, request, "repositories")
    return _first("repository", [one["name"] for one in found if one["name"] not in site.going])


def _endpoints(site: Site) -> str:
    """Endpoints with models behind them, which are paid for by the hour, and TensorBoards."""
    vertex = site.apis.vertex
    boards = [str(one.name) for one in vertex.tensorboards() if one.name not in site.going]
    return _first("endpoint", vertex.busy_endpoints()) or _first("TensorBoard", boards)


def _first(what: str, names: Sequence[str]) -> str:
    others = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{what} {names[0]}{others}" if names else ""

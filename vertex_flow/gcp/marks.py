"""The labels that say that `setup` has made something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vertex_flow.errors import ApiError, PermissionMissing
from vertex_flow.gcp.site import Site
from vertex_flow.place import Place

MANAGED = ("vertex-flow", "managed")
"""The label of everything that `setup` makes."""

_PAUSES = (0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0)
"""Seconds between attempts to write what others write too."""


def labels(place: Place) -> dict[str, str]:
    """The labels of what is made for a place."""
    return {**place.labels, MANAGED[0]: MANAGED[1]}


def is_managed(found: Mapping[str, str] | None) -> bool:
    """Tell by its labels whether `setup` has made something."""
    return (found or {}).get(MANAGED[0]) == MANAGED[1]


def api_mark(service: str) -> str:
    """Key of the label of a project that says that `setup` has enabled an API."""
    return f"vertex-flow-api-{service.partition('.')[0]}"


def role_mark(word: str, account: str) -> str:
    """Key of the label that says that `setup` has given a role to an account.

    Args:
        word: Short for the role and what it is given on.
        account: E-mail address of the service account.
    """
    return f"vertex-flow-{word}-{account.partition('@')[0]}"[:63]


def mark_project(site: Site, marks: Mapping[str, str]) -> str:
    """Add labels to the project.

    Returns:
        Why the project could not be labelled, or the empty text.
    """
    try:
        change_project_labels(site, lambda found: {**found, **marks})
    except ApiError as error:
        return without_mark(error)
    return ""


def without_mark(error: ApiError) -> str:
    """Say why no label could be written, where that need not stop what it would tell of.

    Raises:
        ApiError: It is something else than that the caller may not, or that no label is left.
    """
    if isinstance(error, PermissionMissing):
        return error.cause
    if error.code == 400 and "label" in error.message.lower():
        return error.message
    raise error


def unmark_project(site: Site, keys: Iterable[str]) -> None:
    """Remove labels from the project."""
    gone = set(keys)
    change_project_labels(
        site, lambda found: {key: value for key, value in found.items() if key not in gone}
    )


def project_labels(site: Site) -> Mapping[str, str]:
    """The project's labels."""
    return dict(site.project.get("labels", {}))


def change_project_labels(
    site: Site, change: Callable[[Mapping[str, str]], Mapping[str, str]]
) -> None:
    """Change the project's labels and nothing else of it; those of others stay."""

    def once() -> None:
        project = site.apis.send(site.projects.get(name=site.project_name))
        wanted = dict(change(project.get("labels", {})))
        if wanted == project.get("labels", {}):
            return
        body = {"name": project["name"], "labels": wanted, "etag": project.get("etag", "")}
        request = site.projects.patch(name=project["name"], updateMask="labels", body=body)
        site.apis.finished(site.apis.projects.operations(), site.apis.send(request))

    without_conflict(site, once)
    site.__dict__.pop("project", None)


def without_conflict(site: Site, once: Callable[[], Any]) -> None:
    """Read, change and write until nobody else has written in between.

    Args:
        site: The project.
        once: Does it, and is refused with 409 or 412 when somebody else was faster.
    """
    for seconds in _PAUSES:
        try:
            once()
        except ApiError as error:
            if error.code not in (409, 412):
                raise
        else:
            return
        site.apis.patience.sleep(seconds)
    once()

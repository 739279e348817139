"""Where a context's values come from: argument, environment, credentials, gcloud, Google Cloud."""

from __future__ import annotations

import configparser
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from vertex_flow.apis import Apis
from vertex_flow.calls.refusals import LOGIN
from vertex_flow.errors import PermissionMissing, ServiceDisabled, SettingError

_OVERRIDES = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"
_VARIABLES = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT", "GCLOUD_PROJECT")


@attrs.frozen
class Found:
    """A value and where it comes from.

    Attributes:
        value: The value.
        source: Where it was found, in words.
    """

    value: str
    source: str


def find_project(apis: Apis) -> Found:
    """Find the project that a caller means who names none.

    The environment is asked first, then the application-default credentials, then gcloud's
    active configuration, then Google Cloud for the first project that the caller can see.

    Args:
        apis: Google's APIs; their project is not used.

    Raises:
        SettingError: None was found; with each place that was looked at.
    """
    for variable in _VARIABLES:
        if os.environ.get(variable):
            return Found(os.environ[variable], f"the environment variable {variable}")
    of_credentials, missing = _credentials_project(apis.credentials)
    if of_credentials:
        return Found(of_credentials, "the application-default credentials")
    configured = gcloud_setting("core", "project")
    if configured:
        return Found(*configured)
    first = None if missing else _first_visible(apis)
    if first:
        return Found(first, "the first project that the caller can see")
    raise SettingError(
        "no Google Cloud project: pass GcpContext(project=...), set GOOGLE_CLOUD_PROJECT, or run "
        f"`gcloud config set project PROJECT`{f' and `{LOGIN}`' if missing else ''}. "
        "To run on this machine, use GcpContext.local()."
    )


def configured_project() -> Found | None:
    """Find the project that this machine is set up for; asks nobody, and needs no credentials.

    The environment is looked at first, then the file of application-default credentials, then
    gcloud's active configuration. What is there and broken counts as not there.
    """
    for variable in _VARIABLES:
        if os.environ.get(variable):
            return Found(os.environ[variable], f"the environment variable {variable}")
    file = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    path = Path(file) if file else _gcloud_folder() / "application_default_credentials.json"
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        project = facts.get("project_id") or facts.get("quota_project_id")
    except (OSError, ValueError, AttributeError):
        project = None
    if project:
        return Found(str(project), "the application-default credentials")
    try:
        configured = gcloud_setting("core", "project")
    except SettingError:
        return None
    return Found(*configured) if configured else None


def endpoint_overrides() -> dict[str, str]:
    """Read where APIs are that are not at their usual place, as gcloud is told of it.

    Returns:
        Root URL by service, from variables such as `CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM`.
    """
    return {
        name.removeprefix(_OVERRIDES).lower(): value.rstrip("/")
        for name, value in os.environ.items()
        if name.startswith(_OVERRIDES) and value
    }


def gcloud_setting(section: str, name: str) -> tuple[str, str] | None:
    """Read a setting of gcloud's active configuration, from its files: gcloud takes a second.

    Args:
        section: For example `core`.
        name: For example `project`.

    Returns:
        The value and where it stands, or None.
    """
    folder = _gcloud_folder()
    active = os.environ.get("CLOUDSDK_ACTIVE_CONFIG_NAME") or _text(folder / "active_config")
    file = folder / "configurations" / f"config_{active or 'default'}"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(file, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise SettingError(f"gcloud's configuration {file} cannot be read: {error}") from error
    value = parser.get(section, name, fallback=None)
    source = f"gcloud's configuration {active or 'default'!r}"
    return (value, source) if value else None


def _gcloud_folder() -> Path:
    return Path(os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud")


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def _credentials_project(given: Any | None) -> tuple[str | None, bool]:
    """The project that credentials name, and whether there are none at all.

    `google.auth.default` falls back to gcloud for those of a person, which is looked at after.
    """
    if given is not None:
        return getattr(given, "project_id", None), False
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    try:
        found, project = google.auth.default()
    except DefaultCredentialsError:
        return None, True
    own = getattr(found, "project_id", None)
    if own or gcloud_setting("core", "project"):
        return own, False
    return project, False


def _first_visible(apis: Apis) -> str | None:
    """The first active project that the caller can see; None when there is none to see."""
    request = apis.projects.projects().search(query="state:ACTIVE", pageSize=1)
    try:
        seen = apis.send(request).get("projects", [])
    except (PermissionMissing, ServiceDisabled):
        return None  # not allowed to look is the same as nothing to see; what is needed is said
    return str(seen[0]["projectId"]) if seen else None


def explanation(rows: Mapping[str, Callable[[], Found]]) -> str:
    """Word values with their sources, a line each; what cannot be found says why."""
    from vertex_flow.texts import plain

    lines = {name: tuple(map(plain, _line(find))) for name, find in rows.items()}
    width = max(map(len, lines))
    longest = max(len(value) for value, _ in lines.values())
    return "\n".join(
        f"{name:<{width}}  {value:<{longest}}  {source}".rstrip()
        for name, (value, source) in lines.items()
    )


def _line(find: Callable[[], Found]) -> tuple[str, str]:
    try:
        found = find()
    except SettingError as error:
        return "not found", str(error)
    return found.value, found.source

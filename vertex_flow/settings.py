"""What each setting of a context may be; refused before it is part of a URL or a command."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from vertex_flow.endpoints import check_endpoints, check_services
from vertex_flow.errors import SettingError, nearest
from vertex_flow.locations import LOCATIONS
from vertex_flow.names import check_labels as check_keys_and_values

# What would not be found under any name, or would be read as another part of a URL.
_FORMS = {
    "project": (
        r"(?:[a-z0-9.-]+:)?[a-z0-9-]+",
        "the id of a project, such as 'acme-prod', or its number",
    ),
    "bucket": (
        r"[a-z0-9][a-z0-9._-]{0,221}",
        "the name of a bucket: lower-case letters, digits, '-', '_' and '.'",
    ),
    "service_account": (
        r"[a-z0-9-]+@[a-z0-9.-]+|",
        "an e-mail address, such as 'NAME@PROJECT.iam.gserviceaccount.com', or the empty text "
        "for the project's default account",
    ),
    "repository": (
        r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
        "up to 63 lower-case letters, digits and hyphens, a letter first, no hyphen last",
    ),
}


def check_form(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Refuse a name that nothing can have."""
    if value is None:
        return
    form, words = _FORMS[str(attribute.alias)]
    if not (isinstance(value, str) and re.fullmatch(form, value)):
        raise SettingError(f"GcpContext({attribute.alias}={value!r}): expected {words}.")


def check_project(project: str, source: str) -> None:
    """Refuse the id of a project that was found and that nothing can have.

    Args:
        project: The id.
        source: Where it was found, in words.
    """
    form, words = _FORMS["project"]
    if not re.fullmatch(form, project):
        raise SettingError(f"{source} says {project!r}: expected {words}.")


def check_text(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Refuse what is no text of one line."""
    if value is not None and not (isinstance(value, str) and value.isprintable()):
        raise SettingError(f"GcpContext({attribute.alias}={value!r}): expected a text of one line.")


def check_location(_: Any, __: Any, location: Any) -> None:
    """Refuse what is no region of Vertex AI."""
    if not (isinstance(location, str) and location in LOCATIONS):
        raise SettingError(
            f"GcpContext(location={location!r}): Vertex AI is in no such region; expected one "
            f"such as 'us-central1' or 'europe-west4'.{nearest(str(location), LOCATIONS)}"
        )


def check_port(_: Any, __: Any, port: Any) -> None:
    """Refuse what is no port."""
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        raise SettingError(
            f"GcpContext(port={port!r}): expected 0, for any free port, or a number up to 65535."
        )


def check_labels(_: Any, __: Any, labels: Any) -> None:
    """Refuse labels that Google Cloud would refuse."""
    if not isinstance(labels, Mapping):
        raise SettingError(
            f"GcpContext(labels={labels!r}): expected labels by name, for example "
            "{'team': 'vision'}."
        )
    check_keys_and_values("GcpContext", labels)


def check_api_endpoints(_: Any, __: Any, endpoints: Any) -> None:
    """Refuse what are no URLs of services, or not safe ones."""
    check_services(endpoints)
    check_endpoints(endpoints)


def bare_bucket(bucket: Any) -> Any:
    """Name of a bucket that may be given with `gs://`; what is no text is refused later."""
    if not isinstance(bucket, str):
        return bucket
    if not bucket:
        return None
    name = bucket.removeprefix("gs://").rstrip("/")
    if "/" in name:
        raise SettingError(
            f"GcpContext(bucket={bucket!r}): expected a bucket, not a folder in it: "
            f"bucket={name.partition('/')[0]!r}."
        )
    return name


def home_folder(home: Any) -> Path | None:
    """The folder of a local engine, absolute."""
    if home is None:
        return None
    if not isinstance(home, (str, os.PathLike)) or "\0" in str(home):
        raise SettingError(f"GcpContext(home={home!r}): expected the path of a folder.")
    try:
        return Path(home).expanduser().resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, an unknown user in ~user
        raise SettingError(f"GcpContext(home={str(home)!r}): {error}.") from error

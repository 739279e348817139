"""Where Google's APIs may be that are not at their usual place, and get the credentials sent to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from vertex_flow.errors import SettingError, nearest

SERVICES = (
    "aiplatform",
    "artifactregistry",
    "cloudbilling",
    "cloudbuild",
    "cloudresourcemanager",
    "iam",
    "logging",
    "serviceusage",
    "storage",
)
"""The services that this package asks, as `GcpContext(api_endpoints=...)` names them."""

_HERE = ("127.0.0.1", "localhost")


def check_services(endpoints: Any) -> None:
    """Refuse what does not say where services are, and services that nobody asks.

    Raises:
        SettingError: It is no mapping, or has a name that is not in `SERVICES`.
    """
    if not isinstance(endpoints, Mapping):
        raise SettingError(
            f"GcpContext(api_endpoints={endpoints!r}): expected URLs by service, for example "
            "{'aiplatform': 'http://127.0.0.1:8080'}."
        )
    for service in endpoints:
        if service not in SERVICES:
            raise SettingError(
                f"GcpContext(api_endpoints={{{service!r}: ...}}): there is no such service; there "
                f"are {', '.join(SERVICES)}.{nearest(str(service), SERVICES)}"
            )


def check_endpoints(endpoints: Mapping[str, Any]) -> None:
    """Refuse URLs that would send credentials in the clear to another machine.

    Raises:
        SettingError: One is not for https, and not on this machine.
    """
    for service, url in endpoints.items():
        if not _is_safe(url):
            raise SettingError(
                f"GcpContext(api_endpoints={{{service!r}: {url!r}}}): expected a URL that starts "
                "with https://, or with http://127.0.0.1: for a server on this machine."
            )


def _is_safe(url: Any) -> bool:
    if not (isinstance(url, str) and url.isascii() and url.isprintable()) or " " in url:
        return False
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:  # no number, as in http://127.0.0.1:80x
        return False
    if "@" in split.netloc:  # what stands before it looks like the host
        return False
    return bool(split.hostname) and (
        split.scheme == "https"
        or (split.scheme == "http" and split.hostname in _HERE and bool(port))
    )

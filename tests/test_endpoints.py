"""Where credentials may be sent to, and where not."""

from __future__ import annotations

from typing import Any

import pytest

from vertex_flow.endpoints import check_endpoints, check_services
from vertex_flow.errors import SettingError


@pytest.mark.parametrize(
    "url",
    [
        "https://storage-acme.p.googleapis.com",
        "https://example.com:8443/",
        "http://127.0.0.1:8080",
        "http://localhost:8080/-/abc",
    ],
)
def test_where_credentials_may_go(url: str) -> None:
    check_endpoints({"storage": url})


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.example",
        "http://127.0.0.1:80@evil.example",
        "http://127.0.0.1:80@evil.example/",
        "http://localhost:80.evil.example",
        "https://storage.googleapis.com@evil.example",
        "https://",
        "https://a b",
        "storage.googleapis.com",
        "",
        None,
        5,
    ],
)
def test_where_they_may_not(url: Any) -> None:
    with pytest.raises(SettingError) as caught:
        check_endpoints({"storage": url})
    assert str(caught.value) == (
        f"GcpContext(api_endpoints={{'storage': {url!r}}}): expected a URL that starts with "
        "https://, or with http://127.0.0.1: for a server on this machine."
    )


def test_a_service_that_nobody_asks() -> None:
    with pytest.raises(SettingError) as caught:
        check_services({"storge": "http://127.0.0.1:1"})
    assert str(caught.value) == (
        "GcpContext(api_endpoints={'storge': ...}): there is no such service; there are "
        "aiplatform, artifactregistry, cloudbilling, cloudbuild, cloudresourcemanager, iam, "
        "logging, serviceusage, storage. Did you mean 'storage'?"
    )


def test_what_does_not_say_where() -> None:
    with pytest.raises(SettingError) as caught:
        check_services("http://127.0.0.1:1")
    assert str(caught.value) == (
        "GcpContext(api_endpoints='http://127.0.0.1:1'): expected URLs by service, for example "
        "{'aiplatform': 'http://127.0.0.1:8080'}."
    )

"""What tests of runs share: a Google Cloud on the loopback interface, of which Logging is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.auth.credentials import AnonymousCredentials

from tests.cloud.fake import FakeCloud, fake_cloud
from tests.loopback import Loopback, serving
from vertex_flow.apis import Apis


@pytest.fixture
def server() -> Iterator[Loopback]:
    """A Vertex AI that answers as a test says."""
    with serving() as server:
        yield server


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    """A cloud without any service."""
    with fake_cloud() as cloud:
        yield cloud


@pytest.fixture
def apis(cloud: FakeCloud) -> Iterator[Apis]:
    """Google's APIs, as somebody asks them there."""
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    with Apis("acme", "us-central1", credentials, {"logging": cloud.url}) as apis:
        yield apis

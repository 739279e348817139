"""A Google Cloud project on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud.project import FakeProject, fake_project
from vertex_flow.apis import Apis
from vertex_flow.gcp.site import SERVICES, Site


@pytest.fixture
def project() -> Iterator[FakeProject]:
    """An empty project: no API is enabled but Billing."""
    with fake_project() as project:
        yield project


@pytest.fixture
def enabled(project: FakeProject) -> FakeProject:
    """A project whose APIs are enabled, with nothing else in it."""
    project.rules.enabled |= set(SERVICES)
    return project


@pytest.fixture
def apis(project: FakeProject) -> Iterator[Apis]:
    """Google's clients for the project, which do not sleep."""
    with project.apis() as apis:
        yield apis


@pytest.fixture
def site(project: FakeProject, apis: Apis) -> Site:
    """A look at the project."""
    return Site(project.context(), apis)

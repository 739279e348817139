from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.cloud.aiplatform_v1 import MetadataServiceClient

from tests.engine.clients import connect
from tests.engine.metadata.running import Place
from vertex_flow.engine.embedded import EmbeddedEngine


@pytest.fixture(scope="module")
def client(engine: EmbeddedEngine) -> Iterator[MetadataServiceClient]:
    """Google's client of the engine of the module."""
    client = connect(MetadataServiceClient, engine)
    yield client
    client.transport.close()


@pytest.fixture
def place(client: MetadataServiceClient, request: pytest.FixtureRequest) -> Place:
    """A metadata store for one test."""
    return Place.create(client, request.node.name)

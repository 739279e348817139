from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.cloud.aiplatform_v1 import TensorboardServiceClient

from tests.engine.clients import connect
from tests.engine.tensorboards.running import Place
from vertex_flow.engine.embedded import EmbeddedEngine


@pytest.fixture(scope="module")
def client(engine: EmbeddedEngine) -> Iterator[TensorboardServiceClient]:
    """Google's client of the engine of the module."""
    client = connect(TensorboardServiceClient, engine)
    yield client
    client.transport.close()


@pytest.fixture
def place(client: TensorboardServiceClient) -> Place:
    """A TensorBoard instance for one test, with the run `mnist/first`."""
    return Place.create(client)

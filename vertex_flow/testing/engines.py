"""An engine for a test."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from vertex_flow.context import GcpContext
from vertex_flow.engine.embedded import EmbeddedEngine

C = TypeVar("C")


class VertexEngine:
    """A local Vertex AI for a test, which any program that the test starts may join.

    It ends with the test, and with the process that runs the tests, however that ends.

    Attributes:
        home: Its folder: state, artifacts and logs.
        endpoint: Root URL of its API, for example `http://127.0.0.1:41234`.
        token: The bearer token of its API.
        context: Where flows run on it: `flow.run(vertex_engine.context)`.

    Example:
        ```python
        def test_models_are_listed(vertex_engine):
            models = vertex_engine.client(aiplatform_v1.ModelServiceClient)
            assert list(models.list_models(parent=vertex_engine.context.parent)) == []
        ```
    """

    def __init__(self, engine: EmbeddedEngine) -> None:
        self.home = engine.home
        self.endpoint = engine.endpoint
        self.token = engine.token
        self.context = GcpContext.local(engine.home)
        self._engine = engine
        self._clients: list[Any] = []

    @classmethod
    def start(cls, home: Path) -> VertexEngine:
        """Start one and wait until it answers.

        Args:
            home: Its folder; made when it is not there.

        Raises:
            EngineError: It did not start; the message has the last lines of its log.
        """
        return cls(EmbeddedEngine.start(home, standing=True))

    def client(self, kind: type[C]) -> C:
        """Make one of Google's clients, for example `aiplatform_v1.JobServiceClient`.

        Args:
            kind: The class of the client; closed at the end of the test.
        """
        from google.api_core.client_options import ClientOptions
        from google.oauth2.credentials import Credentials

        make: Any = kind
        client = make(
            transport="rest",  # the engine speaks no gRPC
            credentials=Credentials(token=self.token),
            client_options=ClientOptions(api_endpoint=self.endpoint),
        )
        client.transport._session.trust_env = False  # no proxy stands between it and the engine
        self._clients.append(client)
        made: C = client
        return made

    def close(self) -> None:
        """End the engine and all that it runs."""
        for client in self._clients:
            client.transport.close()
        self._engine.close()

    def __enter__(self) -> VertexEngine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

"""A project whose Cloud Storage is that of an engine."""

from __future__ import annotations

from google.auth.credentials import AnonymousCredentials

from vertex_flow import GcpContext
from vertex_flow.engine.embedded import EmbeddedEngine
from vertex_flow.names import storage_host


def cloud_at(engine: EmbeddedEngine) -> GcpContext:
    """A context of a project, reached at an engine."""
    return GcpContext(
        project="acme",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        api_endpoints={
            "aiplatform": engine.endpoint,
            "storage": storage_host(engine.endpoint, engine.token),
        },
    )

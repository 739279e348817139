"""How a context is reached: by Google's endpoint, or by an engine that is joined or started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vertex_flow.context import GcpContext

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.engine.joining import LocalEngine


def connect(context: GcpContext) -> tuple[Client, LocalEngine | None]:
    """Reach the endpoint of a context; for this machine, join the standing engine or start one.

    Raises:
        HomeBusyError: Another program has an engine of its own in the folder.
        PortInUseError: The port asked for is taken.
        EngineError: The engine did not start, or the standing one is another than is meant.
    """
    engine = None
    if context.home is not None:
        from vertex_flow.engine.joining import join

        engine = join(context.home, port=context.port)
    from vertex_flow.client import Client

    endpoint = engine.endpoint if engine else context.endpoint
    token = engine.token if engine else None
    return Client(endpoint, context.parent, token, context.credentials), engine

"""Model servers: one process a deployed model, watched and restarted."""

from __future__ import annotations

from vertex_flow.engine.background import Background
from vertex_flow.engine.endpoints.plans import ServerPlan
from vertex_flow.engine.endpoints.server import ModelServer, ServerState, ServingLimits
from vertex_flow.engine.processes import Launcher
from vertex_flow.engine.state.home import Home

__all__ = ["ModelServer", "ModelServers", "ServerState", "ServingLimits"]


class ModelServers:
    """The model servers of an engine, by the resource names of what they serve.

    Args:
        home: Gives the folders that they run in.
        launcher: Starts processes.
        background: Runs what watches them, and stops it with the engine.
        limits: Times and counts.
    """

    def __init__(
        self,
        home: Home,
        launcher: Launcher,
        background: Background,
        limits: ServingLimits | None = None,
    ) -> None:
        self._home = home
        self._launcher = launcher
        self._background = background
        self._limits = limits or ServingLimits()
        self._servers: dict[str, ModelServer] = {}

    def find(self, name: str) -> ModelServer | None:
        """Give a server that was started, unless it was given up and is due for another try."""
        server = self._servers.get(name)
        return None if server is None or server.over else server

    def state(self, name: str) -> ServerState | None:
        """Say how a server is doing; None when none of this name was started."""
        server = self._servers.get(name)
        return None if server is None else server.state

    def start(self, plan: ServerPlan) -> ModelServer:
        """Start a server; returns before it is healthy."""
        server = ModelServer(plan, home=self._home, launcher=self._launcher, limits=self._limits)
        self._background.start(plan.name, server.run())
        self._servers[plan.name] = server
        return server

    async def stop(self, name: str) -> None:
        """Stop a server, and wait until it is gone; does nothing when there is none."""
        self._servers.pop(name, None)
        await self._background.cancel(name)

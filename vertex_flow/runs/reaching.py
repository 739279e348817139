"""How a context is reached: by Google's endpoint, or by an engine that is joined or started."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from vertex_flow.context import GcpContext
from vertex_flow.errors import ApiError, HomeOwnedError, SettingError
from vertex_flow.names import Resource, pipeline_job_name

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.engine.joining import LocalEngine
    from vertex_flow.runs.run import Run

_ID = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


def connect(context: GcpContext, *, to_start: bool = False) -> tuple[Client, LocalEngine | None]:
    """Reach the endpoint of a context; for this machine, join the engine there or start one.

    Args:
        context: The context.
        to_start: Whether something is started there, which must not end with the engine of
            another program.

    Raises:
        HomeBusyError: Another program has an engine of its own in the folder, and something is to
            be started.
        PortInUseError: The port asked for is taken.
        EngineError: The engine did not start, or the standing one is another than is meant.
    """
    engine = None
    if context.home is not None:
        from vertex_flow.engine.joining import join
        from vertex_flow.engine.visited import visit

        engine = (join if to_start else visit)(context.home, port=context.port)
    from vertex_flow.client import Client

    endpoint = engine.endpoint if engine else context.endpoint
    token = engine.token if engine else None
    return Client(endpoint, context.parent, token, context.credentials), engine


@contextmanager
def reached(context: GcpContext) -> Iterator[Client]:
    """Reach the endpoint of a context for the time of a block.

    An engine that is started for it ends with the block.
    """
    client, engine = connect(context)
    try:
        yield client
    finally:
        let_go(engine)


def let_go(engine: LocalEngine | None) -> None:
    """End an engine, unless it stands, or another object of this process needs it."""
    if engine is not None and not engine.shared:
        engine.close()


def give_up(engine: LocalEngine | None, run: Run | None) -> None:
    """Leave nothing running after an error, but what earlier runs of this process need.

    Args:
        engine: The engine that was reached, or None in the cloud.
        run: What was started there, or None.
    """
    let_go(engine)
    if engine is not None and engine.shared and run is not None:
        with suppress(ApiError):  # it may have ended by itself, or the engine has
            run.cancel()


def refuse_visited(engine: LocalEngine | None) -> None:
    """Refuse to start something in the engine of another program, with which it would end.

    Raises:
        HomeBusyError: It is that.
    """
    from vertex_flow.engine.visited import VisitedEngine

    if isinstance(engine, VisitedEngine):
        raise HomeOwnedError(engine.home, engine.owner)


def is_empty(context: GcpContext) -> bool:
    """Tell whether a context is a folder on this machine in which no engine has ever been."""
    return context.home is not None and not (context.home / "engine.db").exists()


def where(context: GcpContext) -> str:
    """Word which place a context is."""
    if context.home is not None:
        return f"in {context.home}"
    return f"in project {context.project}, {context.location}"


def nothing(context: GcpContext) -> str:
    """Say that a folder on this machine is empty."""
    return f"nothing has run in {context.home} yet."


def full_name(context: Any, name: Any) -> str:
    """Give the resource name of a run, from that or from the last part of it.

    Raises:
        SettingError: It is no name of a run, or the run is in another location.
    """
    if not isinstance(context, GcpContext):
        raise SettingError(
            f"Run.attach({context!r}, ...): expected a GcpContext: GcpContext.local(), or "
            "GcpContext(project=...)."
        )
    expected = (
        f"Run.attach(context, {name!r}): expected the name of a pipeline job, "
        "projects/P/locations/L/pipelineJobs/ID, or its ID alone."
    )
    if not isinstance(name, str):
        raise SettingError(expected)
    full = name if "/" in name else pipeline_job_name(context.parent, name)
    try:
        found = Resource.parse(full)
    except SettingError as error:
        raise SettingError(expected) from error
    if found.collection != "pipelineJobs" or not _ID.fullmatch(found.id):
        raise SettingError(expected)
    if found.location != context.location:
        raise SettingError(
            f"Run.attach(context, {name!r}): the run is in {found.location}, and the context in "
            f"{context.location}: GcpContext(project=..., location={found.location!r})."
        )
    return str(found)

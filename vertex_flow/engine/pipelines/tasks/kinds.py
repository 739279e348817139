"""Which kind of task an executor makes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from vertex_flow.engine.pipelines.gcpc import launchers
from vertex_flow.engine.pipelines.tasks import container, importer, python
from vertex_flow.engine.pipelines.values import Ports
from vertex_flow.engine.pipelines.work import Work

Run = Callable[[Work], Awaitable[Ports]]


def runner(executor: Any) -> Run:
    """Give what runs the tasks of an executor.

    Args:
        executor: An `ExecutorSpec` that `spec.read` let pass.
    """
    if executor.WhichOneof("spec") == "importer":
        return importer.run
    if launchers.module(executor.container):
        return launchers.run
    if python.recognise(executor.container) is not None:
        return python.run
    return container.run


def is_process(executor: Any) -> bool:
    """Tell whether a task of an executor is a process on this machine."""
    return runner(executor) in (container.run, python.run)


def schema(executor: Any) -> str:
    """Name the schema of the executions of an executor."""
    is_importer = executor.WhichOneof("spec") == "importer"
    return "system.ImporterExecution" if is_importer else "system.ContainerExecution"

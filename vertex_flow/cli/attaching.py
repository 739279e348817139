"""The argument by which a command is told which run is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vertex_flow.cli import completing

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.runs.run import Run

F = TypeVar("F", bound=Callable[..., Any])


def run_argument(command: F) -> F:
    """Give a command the argument RUN, as `name`; None when it is left out."""
    return click.argument(
        "name", metavar="[RUN]", required=False, shell_complete=completing.run_ids
    )(command)


@contextmanager
def attached(context: GcpContext, name: str | None) -> Iterator[Run]:
    """Take up a run for the time of a block; an engine that is started for it ends with it.

    Args:
        context: Where it runs.
        name: Its job id or full name; None for the newest run.
    """
    from vertex_flow.runs.run import Run

    run = Run.newest(context) if name is None else Run.attach(context, name)
    try:
        yield run
    finally:
        run.close()

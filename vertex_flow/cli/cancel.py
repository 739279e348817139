"""`vertex-flow cancel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vertex_flow.cli.attaching import attached, run_argument
from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.places import place_options
from vertex_flow.errors import SettingError

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@run_argument
@place_options
@json_option
def cancel(name: str | None, context: GcpContext, as_json: bool) -> None:
    """Stop a run, and every job behind it.

    RUN is a job id or full name; left out, it is the newest run. It takes a moment until it has
    stopped: vertex-flow status RUN says when. The same as run.cancel() in Python.

    \b
    Exit codes:
      0  it is being stopped
      1  there is no such run, or it has ended already

    \b
    Example:
      vertex-flow cancel mnist-20260801093000-123
    """
    with attached(context, name) as run:
        snapshot = run.snapshot()
        if snapshot.is_over:
            raise SettingError(f"run {run.job_id} has ended already: {snapshot.state}.")
        run.cancel()
        if as_json:
            print_json({"name": run.name, "state": run.state})
        else:
            click.echo(f"run {run.job_id} is being cancelled")

"""`vertex-flow resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vertex_flow.cli.attaching import (
    attached,
    check_stays,
    echo_progress,
    ending,
    follow,
    run_argument,
    say_started,
)
from vertex_flow.cli.command import Command, json_option
from vertex_flow.cli.places import place_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@run_argument
@place_options
@click.option("--no-wait", is_flag=True, help="Return as soon as the new run is started.")
@json_option
@click.pass_context
def resume(
    ctx: click.Context, *, name: str | None, context: GcpContext, no_wait: bool, as_json: bool
) -> None:
    """Start a failed or cancelled run again where it ended.

    It is a new run of the same spec, with the same parameters and options; what has succeeded is
    taken from the cache. Stages whose caching is off run again, which is said. RUN is a job id or
    full name; left out, it is the newest run. The same as run.resume() in Python.

    \b
    Exit codes:
      0    the new run succeeded, or with --no-wait: is started
      1    it failed or was cancelled; or the old one has succeeded, or has not ended
      4    the engine in the folder belongs to another program
      130  interrupted

    \b
    Example:
      vertex-flow resume mnist-20260801093000-123
    """
    if no_wait:
        check_stays(context)
    with attached(context, name) as run:
        new = run.resume(wait=False, progress=echo_progress if as_json else "auto")
        if no_wait:
            say_started(ctx, new, as_json=as_json)
            return
        with ending(ctx, new):
            code = follow(new, as_json=as_json)
        ctx.exit(code)

"""`vertex-flow why`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vertex_flow.cli import completing
from vertex_flow.cli.attaching import attached, run_argument
from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.diff import echo, width
from vertex_flow.cli.places import place_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@click.argument("stage", metavar="STAGE", shell_complete=completing.stages)
@run_argument
@place_options
@json_option
def why(context: GcpContext, stage: str, name: str | None, as_json: bool) -> None:
    """Say why a stage was, or was not, served from the cache.

    RUN is a job id or a full name; left out, it is the newest run. Each task of the stage is
    compared with the newest earlier run in which it succeeded: code, image, parameters, inputs. An
    input that changed is followed to what changed first. The same as run.why(stage) in Python.

    \b
    Exit codes:
      0  it was said
      1  there is no such run or stage, or it cannot be read

    \b
    Example:
      vertex-flow why train mnist-20260801101500-456
    """
    with attached(context, name) as run:
        reason = run.why(stage)
    if as_json:
        print_json(reason.as_json())
    else:
        echo(reason.text(width=width()))

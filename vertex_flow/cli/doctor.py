"""`vertex-flow doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.contexts import context_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@context_options
@json_option
@click.pass_context
def doctor(ctx: click.Context, context: GcpContext, as_json: bool) -> None:
    """Check whether a Google Cloud project has what a pipeline needs.

    Changes nothing. Each thing that is missing comes with the command that mends it. The same as
    GcpContext(...).doctor() in Python.

    \b
    Exit codes:
      0  everything is there
      1  something is missing or wrong
      2  something could not be checked

    \b
    Example:
      vertex-flow doctor --on dev
    """
    diagnosis = context.doctor()
    if as_json:
        print_json(diagnosis.as_json())
    else:
        click.echo(str(diagnosis))
    ctx.exit(diagnosis.exit_code)

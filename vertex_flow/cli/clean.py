"""`vertex-flow clean`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.contexts import context_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@context_options
@click.option("--dry-run", is_flag=True, help="Only list what is left over.")
@json_option
@click.pass_context
def clean(ctx: click.Context, context: GcpContext, dry_run: bool, as_json: bool) -> None:
    """List what runs have left over, and remove what has expired.

    Endpoints, jobs and schedules that cost money and carry this package's labels are listed; what
    is past the time that Deploy(expires=...) set is removed. With --on local it is about the engine
    that is up on this machine. The same as GcpContext(...).clean() in Python.

    \b
    Exit codes:
      0  it was listed, and what has expired is gone
      1  something could not be removed

    \b
    Example:
      vertex-flow clean --on dev --dry-run
    """
    leftovers = context.clean(dry_run=dry_run)
    if as_json:
        print_json(leftovers.as_json())
    else:
        click.echo(str(leftovers))
    ctx.exit(leftovers.exit_code)

"""`vertex-flow teardown`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.contexts import context_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@context_options
@click.option("--data", is_flag=True, help="Remove the bucket also if it still holds objects.")
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask before something is removed.")
@json_option
@click.pass_context
def teardown(  # noqa: PLR0913 - click's context, and an argument for each option
    ctx: click.Context, *, context: GcpContext, data: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Remove what setup has made in a Google Cloud project.

    Only what carries this package's label is touched. It is listed, and you are asked, before it is
    removed. The same as GcpContext(...).teardown(yes=True) in Python.

    \b
    Exit codes:
      0  it is gone, or with --dry-run: was listed
      1  something stays, could not be removed, or was not to be

    \b
    Example:
      vertex-flow teardown --on dev --dry-run
    """
    removals = context.teardown(data=data)
    if not as_json:
        click.echo(str(removals))
    if removals.gone and not dry_run:
        if not yes:
            click.confirm("Remove these?", abort=True, err=as_json)
        removals = context.teardown(yes=True, data=data)
        if not as_json:
            click.echo(str(removals))
    if as_json:
        print_json(removals.as_json())
    ctx.exit(removals.exit_code)

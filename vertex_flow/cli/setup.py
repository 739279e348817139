"""`vertex-flow setup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.contexts import context_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@context_options
@click.option("--dry-run", is_flag=True, help="Only list what would be changed.")
@click.option("--yes", is_flag=True, help="Do not ask before something is changed.")
@json_option
@click.pass_context
def setup(ctx: click.Context, context: GcpContext, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Make what a pipeline needs and a Google Cloud project lacks.

    Lists the changes and asks before it makes them. Where nothing is missing, nothing is done;
    where it was interrupted, it goes on. The same as GcpContext(...).plan() and setup() in Python.

    \b
    Exit codes:
      0  everything is there
      1  something could not be made, or was not to be, or is to be (--dry-run)
      2  something is in the way that setup cannot change

    \b
    Example:
      vertex-flow setup --on dev --dry-run
    """
    plan = context.plan()
    if not as_json:
        click.echo(str(plan))
    code = plan.exit_code
    if plan.changes and not plan.obstacles and not dry_run:
        if not yes:
            click.confirm("Make these changes?", abort=True, err=as_json)
        plan, code = context.setup(say=_silent if as_json else click.echo), 0
    if as_json:
        print_json(plan.as_json())
    ctx.exit(code)


def _silent(_: str) -> None:
    """Say nothing: the output is one JSON object."""

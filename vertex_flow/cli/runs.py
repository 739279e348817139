"""`vertex-flow runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.listing import echo_rows
from vertex_flow.cli.places import place_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.runs.listing import RunEntry


@click.command(cls=Command)
@place_options
@click.option("--flow", metavar="NAME", help="Only the runs of this flow.")
@click.option("--state", metavar="STATE", help="Only those in this state, for example failed.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="How many at most.",
)
@json_option
def runs(
    context: GcpContext, flow: str | None, state: str | None, limit: int, as_json: bool
) -> None:
    """List the runs, the newest first.

    The same as Run.list(context) in Python. Times are those of this machine's time zone.

    \b
    Exit codes:
      0  they were listed, were there none too
      1  they could not be listed, or there is no such state

    \b
    Example:
      vertex-flow runs --flow mnist --state failed
    """
    from vertex_flow.report.states import say
    from vertex_flow.runs.run import Run

    wanted = state.upper() if state else None
    found = Run.list(context, flow=flow, state=wanted, limit=limit)
    if as_json:
        print_json({"runs": [one.as_json() for one in found]})
    elif found:
        echo_rows(
            ("id", "flow", "state", "started", "took"),
            [_row(one) for one in found],
            flexible=[1],
            right=[4],
            states=[say(one.state) for one in found],
        )
    else:
        click.echo("no runs")


def _row(one: RunEntry) -> tuple[str, ...]:
    from vertex_flow.report.states import say
    from vertex_flow.texts import describe_seconds, describe_time

    took = "" if one.seconds is None else describe_seconds(one.seconds)
    return (one.job_id, one.flow, say(one.state), describe_time(one.start), took)

"""`vertex-flow report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vertex_flow.cli.attaching import attached, run_argument
from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.places import place_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@run_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="The file to write.",
)
@place_options
@json_option
def report(name: str | None, output: Path, context: GcpContext, as_json: bool) -> None:
    """Write the report of a run: one HTML file that opens offline.

    It shows the graph, where the time went, metrics against thresholds, trials, learning curves,
    sample predictions, parameters, lineage, environment and machine-hours. RUN is a job id or a
    full name; left out, it is the newest run. The same as Run.attach(context,
    RUN).report("report.html") in Python. A run on this machine gets one by itself, in the folder
    reports of the engine's.

    \b
    Exit codes:
      0  it is written
      1  there is no such run, or the file cannot be written

    \b
    Example:
      vertex-flow report mnist-20260101120000-000 -o mnist.html
    """
    with attached(context, name) as run:
        path = run.report(output)
        if as_json:
            print_json({"run": run.name, "report": str(path)})
        else:
            click.echo(f"report of {run.job_id} written to {path}")

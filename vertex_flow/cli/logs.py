"""`vertex-flow logs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import click

from vertex_flow.cli import completing
from vertex_flow.cli.attaching import attached, run_argument
from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.places import place_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.runs.run import Run
    from vertex_flow.runs.tailing import LogLine

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue")
_AT_FIRST = {False: 1000, True: 100}


@click.command(cls=Command)
@run_argument
@place_options
@click.option(
    "--stage", metavar="NAME", shell_complete=completing.stages, help="Only what this one prints."
)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=1),
    metavar="N",
    help="Most lines, the last ones; on this machine of each log.  "
    "[default: 1000, with --follow 100]",
)
@click.option("--all", "everything", is_flag=True, help="Also what KFP says around each task.")
@json_option
def logs(  # noqa: PLR0913 - an argument for each option
    *,
    name: str | None,
    context: GcpContext,
    stage: str | None,
    follow: bool,
    lines: int | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Print what the stages of a run have printed.

    RUN is a job id or full name; left out, it is the newest run. Each line begins with the stage
    that it is from, and the trial or replica where there are several. The same as
    run.log_lines("train", follow=True) in Python.

    \b
    Exit codes:
      0    it was printed, were it nothing
      1    there is no such run or stage, or the logs may not be read
      130  interrupted

    \b
    Example:
      vertex-flow logs --stage train --follow
    """
    if follow and as_json:
        raise click.UsageError("--follow prints lines as they come, --json one object: give one.")
    with attached(context, name) as run:
        most = lines or _AT_FIRST[follow]
        found = run.log_lines(stage, lines=most, follow=follow, everything=everything)
        if as_json:
            print_json({"run": run.name, "lines": [attrs.asdict(line) for line in found]})
            return
        starts = _starts(run, stage)
        for line in found:
            start = starts.get(line.stage, "")
            click.echo(f"{start}{_part(line)}{line.text}")


def _starts(run: Run, stage: str | None) -> dict[str, str]:
    """What the lines of each stage begin with: nothing where it is one alone."""
    if stage is not None:
        return {}
    from vertex_flow.texts import plain

    names = [one.name for one in run.stages]
    width = max(map(len, names), default=0)
    return {
        name: click.style(f"{plain(name):<{width}}  ", fg=_COLOURS[index % len(_COLOURS)])
        for index, name in enumerate(names)
    } | {"": " " * (width + 2)}


def _part(line: LogLine) -> str:
    return click.style(f"{line.part}  ", dim=True) if line.part else ""

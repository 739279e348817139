"""`vertex-flow diff`."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from vertex_flow.cli import completing
from vertex_flow.cli.attaching import engine_for
from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.places import place_options
from vertex_flow.errors import SettingError

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.report.comparison import Comparison

DIFFERENT, TROUBLE = 1, 2
_COLOURS = {"+": "green", "-": "red", "@@": "cyan"}


class _Diff(Command):
    failed = TROUBLE


@click.command(cls=_Diff)
@click.argument("runs", metavar="[RUN] [RUN]...", nargs=-1, shell_complete=completing.run_ids)
@place_options
@click.option("--all", "everything", is_flag=True, help="Show what is the same too.")
@json_option
@click.pass_context
def diff(
    ctx: click.Context,
    context: GcpContext,
    runs: tuple[str, ...],
    everything: bool,
    as_json: bool,
) -> None:
    """Show what differs between runs: parameters, code, results.

    A RUN is a job id or a full name. One alone is compared with the newest run; without any, the
    newest run is compared with the one of its flow before it. How long things took is shown, and
    does not count as a difference. The same as run.diff(other) in Python.

    \b
    Exit codes, as diff(1) has them:
      0  the runs are the same
      1  they differ
      2  there is no such run, or it cannot be read

    \b
    Example:
      vertex-flow diff mnist-20260801093000-123 mnist-20260801101500-456
    """
    with engine_for(context):
        comparison = _compared(context, runs)
    if as_json:
        print_json(comparison.as_json(everything=everything))
    else:
        echo(comparison.text(everything=everything, width=width()))
    ctx.exit(0 if comparison.same else DIFFERENT)


def width() -> int:
    """Give the columns of the terminal; 80 where there is none."""
    return max(80, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 80


def echo(text: str) -> None:
    """Print a text, with its titles and the lines of source code in colours."""
    for line in text.split("\n"):
        click.echo(_styled(line))


def _compared(context: GcpContext, given: tuple[str, ...]) -> Comparison:
    from vertex_flow.runs.run import Run

    with ExitStack() as stack:
        runs = []
        for name in _names(context, given):
            runs.append(Run.attach(context, name))
            stack.callback(runs[-1].close)
        return runs[0].diff(*runs[1:])


def _names(context: GcpContext, given: tuple[str, ...]) -> tuple[str, ...]:
    """Name the runs that are meant, the older one first where none is named."""
    from vertex_flow.runs.run import Run

    if len(given) > 1:
        return given
    newest = Run.list(context, limit=1)
    if given and newest:
        return (*given, newest[0].name)
    flow = newest[0].flow if newest else None
    last = Run.list(context, flow=flow, limit=2) if newest else ()
    if len(last) < 2:
        raise SettingError(
            "vertex-flow diff: there are no two runs to compare"
            + (f" of flow {flow!r}" if flow else "")
            + ". To see what there is: vertex-flow runs"
        )
    return last[1].name, last[0].name


def _styled(line: str) -> str:
    from vertex_flow.report.columns import SECTIONS

    if line in SECTIONS.values():
        return click.style(line, bold=True)
    colour = next((_COLOURS[mark] for mark in _COLOURS if line.startswith(mark)), None)
    return click.style(line, fg=colour) if colour else line

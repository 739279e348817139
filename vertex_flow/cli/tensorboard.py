"""`vertex-flow tensorboard`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from vertex_flow.cli.attaching import attached, run_argument
from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.places import place_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@run_argument
@place_options
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port on 127.0.0.1; 0 for any free one.",
)
@json_option
def tensorboard(name: str | None, context: GcpContext, port: int, as_json: bool) -> None:
    """Show the logs of training, and of each trial, in TensorBoard.

    On this machine TensorBoard is started, until Ctrl-C; it needs the package `tensorboard`. For a
    run in the cloud the page of its TensorBoard instance is said. RUN is a job id or full name;
    left out, it is the newest run. The same as run.tensorboard() in Python.

    \b
    Exit codes:
      0  it was shown, and ended by Ctrl-C
      1  there is no such run, it has no such logs, or TensorBoard did not start

    \b
    Example:
      vertex-flow tensorboard mnist-20260801093000-123 --port 6006
    """
    with attached(context, name) as run:
        board = run.tensorboard(port=port)
    with board, contextlib.suppress(KeyboardInterrupt):
        if as_json:
            print_json({"urls": board.urls})
        else:
            for of, url in board.urls.items():
                click.echo(f"{of}  {click.style(url, bold=True)}")
            if board.is_local:
                click.echo("Ctrl-C ends it.")
        board.wait()

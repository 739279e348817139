"""`vertex-flow show`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.flows import flow_argument, loaded
from vertex_flow.errors import SettingError
from vertex_flow.texts import plain

if TYPE_CHECKING:
    from vertex_flow.flow import Flow


@click.command(cls=Command)
@flow_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.svg",
    help="Write the graph as a picture instead.",
)
@json_option
def show(address: str | None, output: Path | None, as_json: bool) -> None:
    """Show the wires of a flow, and its graph.

    What each stage takes and gives, then which one waits for which. FLOW is path/file.py:name;
    left out, it is the one that pyproject.toml names. The same as print(flow), flow.as_json() and
    flow.svg() in Python.

    \b
    Exit codes:
      0  it is shown
      1  the flow cannot be loaded, or the picture not be written

    \b
    Example:
      vertex-flow show flow.py:flow
    """
    flow = loaded(address)
    if output is not None:
        _write(output, flow.svg())
    if as_json:
        print_json(flow.as_json())
        return
    if output is not None:
        click.echo(plain(str(output.absolute())))
        return
    click.echo("\n".join(map(plain, str(flow).split("\n"))))
    click.echo()
    _draw(flow)


def _write(file: Path, svg: str) -> None:
    if file.suffix != ".svg":
        raise SettingError(f"-o {file}: expected a name that ends in .svg.")
    try:
        file.write_text(svg + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{file} cannot be written: {error.strerror}.") from error


def _draw(flow: Flow) -> None:
    """Draw the graph: as wide as the terminal, and unbroken where there is none."""
    from rich.console import Console

    from vertex_flow.wires import tree

    bare = bool(os.environ.get("NO_COLOR"))  # rich would still write bold and dim letters
    console = Console(file=sys.stdout, highlight=False, color_system=None if bare else "auto")
    console.print(tree(flow.graph), soft_wrap=not console.is_terminal)

"""`vertex-flow show`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.flows import flow_argument, loaded
from vertex_flow.texts import plain

if TYPE_CHECKING:
    from vertex_flow.flow import Flow


@click.command(cls=Command)
@flow_argument
@json_option
def show(address: str | None, as_json: bool) -> None:
    """Show the wires of a flow, and its graph.

    What each stage takes and gives, then which one waits for which. FLOW is path/file.py:name;
    left out, it is the one that pyproject.toml names. The same as print(flow) and flow.as_json() in
    Python.

    \b
    Exit codes:
      0  it is shown
      1  the flow cannot be loaded

    \b
    Example:
      vertex-flow show flow.py:flow
    """
    flow = loaded(address)
    if as_json:
        print_json(flow.as_json())
        return
    click.echo("\n".join(map(plain, str(flow).split("\n"))))
    click.echo()
    _draw(flow)


def _draw(flow: Flow) -> None:
    """Draw the graph: as wide as the terminal, and unbroken where there is none."""
    from rich.console import Console

    from vertex_flow.wires import tree

    console = Console(file=sys.stdout, highlight=False)
    console.print(tree(flow.graph), soft_wrap=not console.is_terminal)

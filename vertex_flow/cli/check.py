"""`vertex-flow check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.flows import flow_argument, loaded, params_option, parsed
from vertex_flow.cli.places import place_options
from vertex_flow.errors import WiringError

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.runs.checking import Checked


@click.command(cls=Command)
@flow_argument
@place_options
@params_option
@json_option
@click.pass_context
def check(
    ctx: click.Context,
    address: str | None,
    context: GcpContext,
    texts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Look for everything that would keep a flow from running.

    Its wires, parameters, stages, trainers' sources, and secrets where none belong. Changes
    nothing and starts nothing; with --on PROFILE Google Cloud is asked whether the training image
    is there. FLOW is path/file.py:name; left out, it is the one that pyproject.toml names:
    [tool.vertex_flow] flow = "flow.py:flow". The same as Flow.load("flow.py:flow").check() in
    Python.

    \b
    Exit codes:
      0  nothing is wrong
      1  something is wrong, or the file cannot be loaded

    \b
    Example:
      vertex-flow check flow.py:flow -p epochs=3
    """
    found = _checked(address, context, texts)
    if as_json:
        print_json(found.as_json())
    else:
        click.echo(str(found))
    ctx.exit(found.exit_code)


def _checked(address: str | None, context: GcpContext, texts: tuple[str, ...]) -> Checked:
    try:
        flow = loaded(address)
    except WiringError as error:
        from vertex_flow.runs.checking import Checked

        return Checked.miswired(error, context)
    values, faults = parsed(flow, texts)
    return flow.check(context, params=values).with_faults("parameter", *faults)

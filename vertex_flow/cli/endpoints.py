"""`vertex-flow endpoints`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.places import place_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.runs.outcomes import DeployedEndpoint, DeployedModel

_DOWN = "served while an engine is up: vertex-flow up"


@click.command(cls=Command)
@place_options
@json_option
def endpoints(context: GcpContext, as_json: bool) -> None:
    """List the endpoints, with what is deployed to them.

    Each deployed model has its share of the requests. The URL takes predictions, by HTTP POST with
    a bearer token. The same as DeployedEndpoint.list(context) in Python.

    \b
    Exit codes:
      0  they were listed, were there none too
      1  they could not be listed

    \b
    Example:
      vertex-flow endpoints --on dev
    """
    from vertex_flow.runs.outcomes import DeployedEndpoint

    found = DeployedEndpoint.list(context)
    stays = _stays(context)
    if as_json:
        print_json({"endpoints": [_facts(one, stays=stays) for one in found]})
        return
    click.echo("\n\n".join(_block(one, stays=stays) for one in found) or "no endpoints")


def _stays(context: GcpContext) -> bool:
    """Whether what serves is still there after this command."""
    from vertex_flow.engine.standing import StandingEngine

    return context.home is None or StandingEngine.find(context.home) is not None


def _facts(one: DeployedEndpoint, *, stays: bool) -> dict[str, Any]:
    facts = one.as_json()
    return facts if stays else {**facts, "url": None}


def _block(one: DeployedEndpoint, *, stays: bool) -> str:
    from vertex_flow.texts import describe_time, plain

    lines = [f"{click.style(plain(one.display_name), bold=True)}  {one.id}"]
    lines += _deployed(one.deployed_models)
    if one.expires:
        lines.append(f"  expires  {describe_time(one.expires)}")
    lines.append(f"  url      {one.url if stays else _DOWN}")
    return "\n".join(lines)


def _deployed(models: Sequence[DeployedModel]) -> list[str]:
    from vertex_flow.texts import describe_time, plain

    if not models:
        return ["  nothing is deployed to it"]
    return [
        f"  {one.traffic_percent:3d} %    {plain(one.display_name)}, model "
        f"{one.model.rpartition('/')[2]} version {one.version}, since {describe_time(one.created)}"
        for one in models
    ]

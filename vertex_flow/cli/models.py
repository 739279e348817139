"""`vertex-flow models`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.listing import echo_rows
from vertex_flow.cli.places import place_options

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.runs.outcomes import RegisteredModel


@click.command(cls=Command)
@place_options
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="How many models at most.",
)
@json_option
def models(context: GcpContext, limit: int, as_json: bool) -> None:
    """List the registered models, with their versions.

    The version with the alias `default` is the one that the model's name alone means. The last
    column has the endpoints that a version is deployed to. The same as
    RegisteredModel.list(context) in Python.

    \b
    Exit codes:
      0  they were listed, were there none too
      1  they could not be listed

    \b
    Example:
      vertex-flow models --on dev
    """
    found, names = _listed(context, limit)
    if as_json:
        print_json({"models": [one.as_json() for one in found]})
    elif found:
        header = ("id", "version", "name", "aliases", "registered", "deployed to")
        echo_rows(header, [_row(one, names) for one in found], flexible=[5, 2, 3], right=[1])
    else:
        click.echo("no models")


def _listed(context: GcpContext, limit: int) -> tuple[Sequence[RegisteredModel], Mapping[str, str]]:
    """The versions, and the display names of the endpoints by resource name."""
    from vertex_flow.runs import reaching
    from vertex_flow.runs.outcomes import DeployedEndpoint, RegisteredModel

    if reaching.is_empty(context):
        return (), {}
    with reaching.reached(context):  # an engine that is started for it serves both
        found = RegisteredModel.list(context, limit=limit)
        return found, {one.name: one.display_name for one in DeployedEndpoint.list(context)}


def _row(one: RegisteredModel, names: Mapping[str, str]) -> tuple[str, ...]:
    from vertex_flow.texts import describe_minute

    endpoints = ", ".join(names.get(name, name.rpartition("/")[2]) for name in one.endpoints)
    created = describe_minute(one.created)
    return (one.id, one.version, one.display_name, ", ".join(one.aliases), created, endpoints)

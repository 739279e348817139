"""`vertex-flow models`."""

from __future__ import annotations

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
    column has the ids of the endpoints that a version is deployed to. The same as
    RegisteredModel.list(context) in Python.

    \b
    Exit codes:
      0  they were listed, were there none too
      1  they could not be listed
      4  the engine in the folder belongs to another program

    \b
    Example:
      vertex-flow models --on dev
    """
    from vertex_flow.runs.outcomes import RegisteredModel

    found = RegisteredModel.list(context, limit=limit)
    if as_json:
        print_json({"models": [one.as_json() for one in found]})
    elif found:
        header = ("id", "version", "name", "aliases", "registered", "deployed to")
        echo_rows(header, [_row(one) for one in found], flexible=[5, 2, 3], right=[1])
    else:
        click.echo("no models")


def _row(one: RegisteredModel) -> tuple[str, ...]:
    from vertex_flow.texts import describe_time

    endpoints = ", ".join(name.rpartition("/")[2] for name in one.endpoints)
    created = describe_time(one.created).rpartition(":")[0]  # to the minute
    return (one.id, one.version, one.display_name, ", ".join(one.aliases), created, endpoints)

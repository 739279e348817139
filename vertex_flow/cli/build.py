"""`vertex-flow build`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from vertex_flow.cli.command import Command, json_option, print_json
from vertex_flow.cli.contexts import context_options
from vertex_flow.cli.flows import flow_argument, loaded
from vertex_flow.errors import SettingError

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.flow import Flow
    from vertex_flow.gcp.images import Builder
    from vertex_flow.training import Trainer


@click.command(cls=Command)
@flow_argument
@context_options
@click.option(
    "--builder",
    type=click.Choice(["cloud", "docker"]),
    default="cloud",
    show_default=True,
    help="Cloud Build, or Docker on this machine.",
)
@json_option
def build(address: str | None, context: GcpContext, builder: Builder, as_json: bool) -> None:
    """Build and push the training image that a flow's trainers need.

    Where the same sources were built before, nothing is done; runs find the image by themselves.
    The log goes to the standard error. FLOW is path/file.py:name; left out, it is the one that
    pyproject.toml names. The same as GcpContext(...).build_image(trainer) in Python.

    \b
    Exit codes:
      0  it is there
      1  it could not be built, or the flow cannot be loaded or needs none

    \b
    Example:
      vertex-flow build --on dev
    """
    flow = loaded(address)
    images = [_built(context, one, builder) for one in _trainers(flow)]
    if as_json:
        print_json({"flow": flow.name, "images": images})
        return
    for image in images:
        click.echo(image["uri"])


def _trainers(flow: Flow) -> Iterable[Trainer]:
    """The trainers that need an image, each code once."""
    from vertex_flow.runs.submission import trainers

    found = {(one.module, one.source, one.base_image): one for one in trainers(flow.graph)}
    if not found:
        raise SettingError(
            f"flow {flow.name!r} needs no training image: it has no trainer, or each names an "
            "image of its own. For one that is built, leave image= out: "
            "Train(Trainer(module='trainer.task'))."
        )
    return found.values()


def _built(context: GcpContext, trainer: Trainer, builder: Builder) -> dict[str, Any]:
    uri = context.build_image(trainer, builder=builder, say=_say)
    return {"module": trainer.module, "uri": uri, "digest": uri.partition("@")[2]}


def _say(line: str) -> None:
    click.echo(line, err=True)

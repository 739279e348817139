"""`vertex-flow run`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from vertex_flow.cli.attaching import check_stays, echo_progress, ending, follow, say_started
from vertex_flow.cli.command import Command, json_option
from vertex_flow.cli.flows import flow_argument, loaded, params_option, values_of
from vertex_flow.cli.places import place_options
from vertex_flow.errors import SettingError

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext


@click.command(cls=Command)
@flow_argument
@place_options
@params_option
@click.option("--no-cache", is_flag=True, help="Run every stage, also where a result is there.")
@click.option("--no-wait", is_flag=True, help="Return as soon as the run is started.")
@click.option(
    "--label", "labels", metavar="KEY=VALUE", multiple=True, help="Label of the run; repeatable."
)
@click.option("--experiment", metavar="NAME", help="Vertex AI experiment that shows the run.")
@click.option(
    "--job-id",
    metavar="ID",
    help="Id of the run; one that is there is followed.  [default: flow and time]",
)
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0),
    metavar="N",
    help="What it may cost, by the prices that pyproject.toml names.",
)
@json_option
@click.pass_context
def run(  # noqa: PLR0913 - click's context, and an argument for each option
    ctx: click.Context,
    /,
    *,
    address: str | None,
    context: GcpContext,
    texts: tuple[str, ...],
    no_cache: bool,
    no_wait: bool,
    labels: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Run a flow, on this machine or on Vertex AI.

    Prints how it goes, and what came out of it. FLOW is path/file.py:name; left out, it is the one
    that pyproject.toml names: [tool.vertex_flow] flow = "flow.py:flow". Ctrl-C stops a run on this
    machine; one in the cloud goes on, and how it is followed again is said. The same as
    Flow.load("flow.py:flow").run(context, params={...}) in Python.

    \b
    Exit codes:
      0    it succeeded, or with --no-wait: is started
      1    it failed, was cancelled, or was not started
      4    the engine in the folder belongs to another program
      130  interrupted

    \b
    Example:
      vertex-flow run flow.py:flow --on dev -p epochs=3
    """
    from vertex_flow.runs.start import first_line

    flow = loaded(address)
    given: dict[str, Any] = {
        "params": values_of(flow, texts),
        "enable_caching": False if no_cache else None,
        "wait": False,  # it is waited for below: so why it fails is said before the engine ends
        "labels": _labels(labels),
        **{name: value for name, value in options.items() if value is not None},
    }
    if no_wait:
        check_stays(context)
    started = flow.run(context, progress=echo_progress if as_json else "auto", **given)
    if no_wait:
        say_started(ctx, started, as_json=as_json)
        return
    click.echo(first_line(started), err=as_json)
    with ending(ctx, started):
        code = follow(started, as_json=as_json)
    ctx.exit(code)


def _labels(texts: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for text, (key, equals, _) in zip(texts, pairs, strict=True):
        if not (key and equals):
            raise SettingError(f"--label {text}: expected KEY=VALUE, as team=vision.")
    return {key: value for key, _, value in pairs}

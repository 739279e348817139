"""`vertex-flow up`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vertex_flow.cli.command import Command, home_of, home_option, json_option, print_json
from vertex_flow.cli.engines import facts_of, table, ways_in

if TYPE_CHECKING:
    from vertex_flow.engine.standing import StandingEngine


@click.command(cls=Command)
@home_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port on 127.0.0.1; 0 for any free one.",
)
@click.option(
    "--foreground", is_flag=True, help="Stay, until Ctrl-C: for containers, supervisors and CI."
)
@json_option
def up(home: Path | None, port: int, foreground: bool, as_json: bool) -> None:
    """Start the engine in the background.

    It is a local Vertex AI. Every program may join it, and it stays until `vertex-flow down`.
    Where it is up already, nothing is started. The same as StandingEngine.up(home, port=port) in
    Python.

    \b
    Exit codes:
      0  it is up
      1  it did not start, or another port or version is up
      4  another program has an engine of its own in the folder
      5  the port is taken

    \b
    Example:
      vertex-flow up --home my-engine
    """
    folder = home_of(home)
    if foreground:
        _stay(folder, port, as_json=as_json)
        return
    from vertex_flow.engine.standing import StandingEngine

    _say(StandingEngine.up(folder, port=port), as_json=as_json)


def _say(engine: StandingEngine, *, as_json: bool) -> None:
    if as_json:
        print_json({**facts_of(engine), "fresh": engine.fresh})
        return
    verb = "is" if engine.fresh else "was already"
    click.echo(
        f"vertex_flow {engine.version} {verb} up at {click.style(engine.endpoint, bold=True)}"
    )
    click.echo(table({"home": engine.home, "process": engine.pid}))
    click.echo(f"\n{ways_in(engine)}")


def _stay(home: Path, port: int, *, as_json: bool) -> None:
    """Run the engine in this process."""
    import logging

    from vertex_flow.engine.serve import serve
    from vertex_flow.engine.standing import StandingEngine
    from vertex_flow.engine.state import presence

    def announce(_: str) -> None:
        logging.getLogger().addHandler(logging.StreamHandler())  # beside the file
        facts = presence.read(home)
        if facts is not None:
            _say(StandingEngine(home, facts, fresh=True), as_json=as_json)

    serve(home, port=port, standing=True, parent=False, announce=announce)

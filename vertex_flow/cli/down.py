"""`vertex-flow down`."""

from __future__ import annotations

from pathlib import Path

import click

from vertex_flow.cli.command import Command, home_of, home_option, json_option, print_json
from vertex_flow.cli.engines import duration, refuse_embedded, seconds_since


@click.command(cls=Command)
@home_option
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=20,
    show_default=True,
    metavar="SECONDS",
    help="How long it may take to end in order before it is killed.",
)
@json_option
def down(home: Path | None, patience: float, as_json: bool) -> None:
    """End the engine and all that it runs.

    What it holds stays in its folder, and the next one goes on with it. Where none is up, nothing
    is done. The same as StandingEngine.find(home).down() in Python.

    \b
    Exit codes:
      0  none is up any more
      1  it cannot be ended from here
      4  the engine in the folder belongs to another program, and ends with it

    \b
    Example:
      vertex-flow down --home my-engine
    """
    from vertex_flow.engine.standing import StandingEngine

    folder = home_of(home)
    refuse_embedded(folder)
    engine = StandingEngine.find(folder, silent=True)
    if engine is None:
        _say(f"no engine is up in {folder}", {"home": str(folder), "ended": None}, as_json)
        return
    engine.down(patience=patience)
    age = duration(seconds_since(engine.started))
    ended = {"endpoint": engine.endpoint, "pid": engine.pid}
    _say(
        f"ended the engine of {folder}, which was up for {age}",
        {"home": str(folder), "ended": ended},
        as_json,
    )


def _say(text: str, facts: dict[str, object], as_json: bool) -> None:
    if as_json:
        print_json({"state": "down", **facts})
        return
    click.echo(text)

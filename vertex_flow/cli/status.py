"""`vertex-flow status`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vertex_flow.cli.command import (
    HOME_BUSY,
    NOT_UP,
    Command,
    home_of,
    home_option,
    json_option,
    print_json,
)
from vertex_flow.cli.engines import duration, embedded, facts_of, seconds_since, table

_NOUNS = {"pipelineJobs": "pipeline job", "models": "model", "endpoints": "endpoint"}


@click.command(cls=Command)
@home_option
@json_option
@click.pass_context
def status(ctx: click.Context, home: Path | None, as_json: bool) -> None:
    """Say whether the engine is up, and what it holds.

    The same as StandingEngine.find(home) and its holds() in Python.

    \b
    Exit codes, as service managers have them:
      0  it is up
      1  it is up and does not answer
      3  it is not up
      4  the engine in the folder belongs to another program, and ends with it

    \b
    Example:
      vertex-flow status --home my-engine || vertex-flow up --home my-engine
    """
    from vertex_flow.engine.standing import StandingEngine

    folder = home_of(home)
    engine = StandingEngine.find(folder, patience=0)
    if engine is not None:
        uptime = round(seconds_since(engine.started), 1)
        _say_up({**facts_of(engine), "uptime_seconds": uptime, "holds": engine.holds()}, as_json)
        return
    other = embedded(folder)
    if other is None:
        _say(f"no engine is up in {folder}", {"state": "down", "home": str(folder)}, as_json)
        ctx.exit(NOT_UP)
    facts = {"state": "embedded", "home": str(folder), **other._asdict()}
    text = (
        f"no engine stands in {folder}: the one at {other.endpoint} belongs to process "
        f"{other.parent}, and ends with it"
    )
    _say(text, facts, as_json)
    ctx.exit(HOME_BUSY)


def _say_up(facts: dict[str, Any], as_json: bool) -> None:
    holds = [_counted(count, _NOUNS[collection]) for collection, count in facts["holds"].items()]
    rows = {
        "home": facts["home"],
        "process": facts["pid"],
        "version": facts["version"],
        "holds": ", ".join(holds),
    }
    endpoint = click.style(facts["endpoint"], bold=True)
    text = f"up at {endpoint} for {duration(facts['uptime_seconds'])}\n{table(rows)}"
    _say(text, facts, as_json)


def _say(text: str, facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    click.echo(text)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")

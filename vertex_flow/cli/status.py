"""`vertex-flow status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vertex_flow.cli.attaching import attached, follow, run_argument, say_detached
from vertex_flow.cli.command import (
    FAILED,
    HOME_BUSY,
    NOT_UP,
    Command,
    json_option,
    print_json,
    say_error,
)
from vertex_flow.cli.engines import duration, embedded, facts_of, seconds_since, table
from vertex_flow.cli.places import place_options
from vertex_flow.errors import RunCancelled, RunFailed

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.runs.run import Run

UNDER_WAY, CANCELLED = 6, 7

_NOUNS = {"pipelineJobs": "pipeline job", "models": "model", "endpoints": "endpoint"}
_CODES = {"SUCCEEDED": 0, "FAILED": FAILED, "CANCELLED": CANCELLED}


@click.command(cls=Command)
@run_argument
@place_options
@click.option(
    "-f", "--follow", "is_followed", is_flag=True, help="Show how RUN goes, until it has ended."
)
@json_option
@click.pass_context
def status(
    ctx: click.Context, *, name: str | None, context: GcpContext, is_followed: bool, as_json: bool
) -> None:
    """Say how a run stands, or whether the engine is up.

    With a RUN, a job id or full name: how it stands, stage by stage; the same as
    Run.attach(context, "mnist-20260801093000-123").summary() in Python. In a project RUN may be
    left out for the newest run. Without one on this machine: whether the engine is up, and what it
    holds; the same as StandingEngine.find(home) and its holds().

    With --follow, how the run goes, until it has ended; the same as run.wait(progress="auto").
    Ctrl-C ends that, and the run goes on.

    \b
    Exit codes of a run:
      0    it has succeeded
      1    it has failed, or there is none
      6    it has not ended
      7    it was cancelled
      130  interrupted

    \b
    Exit codes of the engine, as service managers have them:
      0  it is up
      1  it is up and does not answer
      3  it is not up
      4  the engine in the folder belongs to another program, and ends with it

    \b
    Example:
      vertex-flow status mnist-20260801093000-123 --follow
      vertex-flow status --home my-engine || vertex-flow up --home my-engine
    """
    if name is None and context.home is not None:
        if is_followed:
            raise click.UsageError("--follow shows how a run goes: give RUN, its id.")
        ctx.exit(_of_engine(context.home, as_json))
    with attached(context, name) as run:
        if is_followed:
            _follow(ctx, run, as_json=as_json)
        elif as_json:
            print_json(run.as_json())
        else:
            _say_run(run)
        ctx.exit(_CODES.get(run.state, UNDER_WAY))


def _follow(ctx: click.Context, run: Run, *, as_json: bool) -> None:
    """Follow a run that others have started: who looks on ends nothing."""
    from vertex_flow.runs.start import first_line

    click.echo(first_line(run), err=as_json)
    try:
        follow(run, as_json=as_json)
    except (RunFailed, RunCancelled) as error:
        say_error(error, as_json=as_json)
    except KeyboardInterrupt:
        if not run.ends_with_program:
            say_detached(ctx, run)
        raise


def _say_run(run: Run) -> None:
    from vertex_flow.report.states import say
    from vertex_flow.texts import describe_time, plain

    snapshot = run.snapshot()
    start = f"started {describe_time(snapshot.start)}" if snapshot.start else ""
    state = click.style(say(snapshot.state), bold=True)
    click.echo("  ".join(filter(None, (run.job_id, state, start, run.console_url))))
    click.echo(f"\n{run.summary()}")
    if snapshot.state == "FAILED":
        try:
            run.wait()
        except RunFailed as error:
            click.echo("\n".join(["", *map(plain, str(error).split("\n"))]))  # a log is quoted


def _of_engine(folder: Path, as_json: bool) -> int:
    """Say whether the engine of a folder is up, and give the exit code."""
    from vertex_flow.engine.standing import StandingEngine

    engine = StandingEngine.find(folder, patience=0)
    if engine is not None:
        uptime = round(seconds_since(engine.started), 1)
        _say_up({**facts_of(engine), "uptime_seconds": uptime, "holds": engine.holds()}, as_json)
        return 0
    other = embedded(folder)
    if other is None:
        _say(f"no engine is up in {folder}", {"state": "down", "home": str(folder)}, as_json)
        return NOT_UP
    facts = {"state": "embedded", "home": str(folder), **other._asdict()}
    text = (
        f"no engine stands in {folder}: the one at {other.endpoint} belongs to process "
        f"{other.parent}, and ends with it"
    )
    _say(text, facts, as_json)
    return HOME_BUSY


def _say_up(facts: dict[str, Any], as_json: bool) -> None:
    from vertex_flow.texts import counted

    holds = [counted(count, _NOUNS[collection]) for collection, count in facts["holds"].items()]
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

"""How commands take up runs, follow them, and end them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vertex_flow.cli import completing
from vertex_flow.cli.command import FAILED, print_json, say_error
from vertex_flow.cli.places import place_flags

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.runs.run import Run

F = TypeVar("F", bound=Callable[..., Any])


def run_argument(command: F) -> F:
    """Give a command the argument RUN, as `name`; None when it is left out."""
    return click.argument(
        "name", metavar="[RUN]", required=False, shell_complete=completing.run_ids
    )(command)


@contextmanager
def engine_for(context: GcpContext) -> Iterator[None]:
    """Hold one engine for the time of a block that takes up several runs.

    Nothing is held in the cloud, nor in a folder in which nothing has run yet.
    """
    from vertex_flow.runs import reaching

    is_held = context.is_local and not reaching.is_empty(context)
    with reaching.reached(context) if is_held else nullcontext():
        yield


def check_stays(context: GcpContext) -> None:
    """Refuse to leave a run alone on this machine where no engine stands: it would end with us.

    Raises:
        EngineError: No engine is up.
    """
    if context.is_local:
        _ = context.vertex


def echo_progress(line: str) -> None:
    """Say a line of progress where it is in no program's way."""
    click.echo(line, err=True)


def say_started(ctx: click.Context, run: Run, *, as_json: bool) -> None:
    """Say which run was started that is not waited for, and how it is looked at.

    Args:
        ctx: The command, which has the options of a place.
        run: The run.
        as_json: Whether for a program: then it is the run as one JSON object.
    """
    from vertex_flow.runs.start import first_line

    if as_json:
        print_json(run.as_json())
        return
    click.echo(first_line(run))
    click.echo(f"to see how it goes: {_following(ctx, run)}")


def say_detached(ctx: click.Context, run: Run) -> None:
    """Say after Ctrl-C how a run that goes on is followed again.

    In the cloud `Run.wait` has said how a program does that.

    Args:
        ctx: The command, which has the options of a place.
        run: The run.
    """
    start = "detached: the run goes on. To follow it again" if run.is_local else "or"
    click.echo(f"{start}: {_following(ctx, run)}", err=True)


def _following(ctx: click.Context, run: Run) -> str:
    """The command that follows a run."""
    return f"vertex-flow status {run.job_id} --follow{place_flags(ctx.params)}"


def follow(run: Run, *, as_json: bool) -> int:
    """Follow a run to its end, and print what came out of it, and what ends with us.

    Args:
        run: The run.
        as_json: Whether for a program: then it is one JSON object, that of a failed run too, and
            how it goes is on the standard error.

    Returns:
        The exit code.

    Raises:
        RunFailed: It failed, and a person is to be told.
        RunCancelled: It was cancelled.
    """
    from vertex_flow.errors import RunFailed

    if not as_json:
        run.wait(progress="auto")
        click.echo(f"\n{run.summary()}")
        _say_what_ends(run)
        return 0
    code = 0
    try:
        run.wait(progress=echo_progress)
    except RunFailed:
        code = FAILED
    print_json(run.as_json())
    _say_what_ends(run)
    return code


def _say_what_ends(run: Run) -> None:
    """Say that the endpoint ends with this program, where it has an engine of its own."""
    if run.ends_with_program and run.endpoint is not None:
        click.echo(
            "\nThe endpoint ends with this command. For one that stays, start the engine first: "
            "vertex-flow up",
            err=True,
        )


@contextmanager
def ending(ctx: click.Context, run: Run) -> Iterator[None]:
    """End a run on this machine with a block that follows it, and an engine of its own.

    Why it failed is said first: an engine that ends writes the reports of its runs before. One that
    was interrupted is stopped, unless it is in the cloud.
    """
    from vertex_flow.errors import RunCancelled, RunFailed

    try:
        yield
    except (RunFailed, RunCancelled) as error:
        say_error(error, as_json=bool(ctx.params.get("as_json")))
        ctx.exit(FAILED)
    except KeyboardInterrupt:
        if not run.is_local:
            say_detached(ctx, run)
        elif not run.ends_with_program:
            run.cancel()
        raise
    finally:
        if run.ends_with_program:
            run.close()


@contextmanager
def attached(context: GcpContext, name: str | None) -> Iterator[Run]:
    """Take up a run for the time of a block; an engine that is started for it ends with it.

    Args:
        context: Where it runs.
        name: Its job id or full name; None for the newest run.
    """
    from vertex_flow.runs.run import Run

    run = Run.newest(context) if name is None else Run.attach(context, name)
    try:
        yield run
    finally:
        run.close()

"""What all commands share: options, exit codes, and how errors are said."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from vertex_flow.errors import HomeBusyError, PortInUseError, VertexFlowError

F = TypeVar("F", bound=Callable[..., Any])

FAILED, NOT_UP, HOME_BUSY, PORT_IN_USE, INTERRUPTED = 1, 3, 4, 5, 130


class Command(click.Command):
    """A command whose errors are said in the package's own words, without a traceback.

    It takes `--json`: then its output is one JSON object, that of a failure too.

    Attributes:
        failed: The exit code of an error that has none of its own.
    """

    failed = FAILED

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except VertexFlowError as error:
            say_error(error, as_json=bool(ctx.params.get("as_json")))
            ctx.exit(_code(error, self.failed))
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


def home_option(command: F) -> F:
    """Give a command the option `--home`."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the engine.  [default: $VERTEX_FLOW_HOME, else .vertex_flow]",
    )(command)


def json_option(command: F) -> F:
    """Give a command the option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def home_of(given: Path | None) -> Path:
    """Give the folder that a command means: the same as `GcpContext.local(given)`."""
    from vertex_flow.context import GcpContext

    home = GcpContext.local(given).home
    assert home is not None  # noqa: S101 - a local context has one
    return home


def print_json(facts: dict[str, Any]) -> None:
    """Print facts as one JSON object."""
    click.echo(json_of(facts, indent=2))


def json_of(value: Any, *, indent: int | None = None) -> str:
    """Write a value as JSON, which has no NaN and no infinity: these are null."""
    try:
        return json.dumps(value, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), indent=indent)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def say_error(error: VertexFlowError, *, as_json: bool = False) -> None:
    """Say an error, to a person or to a program."""
    if as_json:
        print_json({"error": {"type": type(error).__name__, "message": str(error)}})
        return
    from vertex_flow.texts import plain

    said = "\n".join(map(plain, str(error).split("\n")))  # files and servers may have said it
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {said}", err=True)


def _code(error: VertexFlowError, failed: int) -> int:
    if isinstance(error, HomeBusyError):
        return HOME_BUSY
    return PORT_IN_USE if isinstance(error, PortInUseError) else failed

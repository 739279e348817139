"""The options by which a command is told where a run is: on this machine, or in a project."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vertex_flow.cli import completing
from vertex_flow.errors import SettingError

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext

LOCAL = "local"

_OPTIONS = (
    click.option(
        "--on",
        "place",
        metavar="local|PROFILE",
        default=LOCAL,
        show_default=True,
        shell_complete=completing.profiles,
        help="This machine, or a profile of pyproject.toml: [tool.vertex_flow.contexts.PROFILE].",
    ),
    click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the engine, with --on local.  "
        "[default: $VERTEX_FLOW_HOME, else .vertex_flow]",
    ),
)


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a place, and the context that they mean as `context`."""

    @functools.wraps(command)
    def run(*, place: str, home: Path | None, **others: Any) -> Any:
        return command(context=_context(place, home), **others)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run


def place_flags(given: Mapping[str, Any]) -> str:
    """Word the options of a place as they were given, for a command about the same place.

    Args:
        given: The values of the command that was given, by parameter.

    Returns:
        What is put behind another command, as ` --on dev`; empty for this machine's usual folder.
    """
    words = [] if given["place"] == LOCAL else ["--on", given["place"]]
    words += ["--home", str(given["home"])] if given["home"] else []
    return f" {shlex.join(words)}" if words else ""


def _context(place: str, home: Path | None) -> GcpContext:
    from vertex_flow.context import GcpContext

    if place == LOCAL:
        return GcpContext.local(home)
    if home is not None:
        raise SettingError(
            f"--on {place} and --home: the folder is for runs on this machine. Give one of the two."
        )
    return GcpContext.from_profile(place)

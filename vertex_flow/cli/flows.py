"""How a command is told which flow it is about, and values for its parameters."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from vertex_flow.errors import SettingError

if TYPE_CHECKING:
    from vertex_flow.flow import Flow

F = TypeVar("F", bound=Callable[..., Any])


def _complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from vertex_flow.loading import names

    known = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
    return [*known, CompletionItem(incomplete, type="file")]


def flow_argument(command: F) -> F:
    """Give a command the argument FLOW, as `address`."""
    return click.argument(
        "address", metavar="[FLOW]", required=False, default=None, shell_complete=_complete
    )(command)


def params_option(command: F) -> F:
    """Give a command the option `-p NAME=VALUE`, as `texts`."""
    return click.option(
        "-p",
        "--param",
        "texts",
        metavar="NAME=VALUE",
        multiple=True,
        help="Value of a pipeline parameter; lists and dicts as JSON. May be given several times.",
    )(command)


def loaded(address: str | None) -> Flow:
    """Load a flow; what its file prints goes to the standard error, like all that is no result."""
    from vertex_flow.flow import Flow

    with contextlib.redirect_stdout(sys.stderr):
        return Flow.load(address)


def parsed(flow: Flow, texts: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Read the values of `-p`: those that are right, and a sentence for each other one."""
    from vertex_flow.arguments import parse

    values, faults = parse(flow.name, flow.graph.params, texts)
    return values, [f"-p {fault}" for fault in faults]


def values_of(flow: Flow, texts: Sequence[str]) -> dict[str, Any]:
    """Read the values of `-p`.

    Raises:
        SettingError: Some are wrong; with all of these.
    """
    values, faults = parsed(flow, texts)
    if faults:
        raise SettingError("\n".join(faults))
    return values

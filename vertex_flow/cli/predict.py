"""`vertex-flow predict`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vertex_flow.cli import completing
from vertex_flow.cli.command import Command, json_of, json_option, print_json
from vertex_flow.cli.places import place_options
from vertex_flow.errors import SettingError, nearest

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext

_KEYS = ("instances", "parameters")
_FORM = 'a JSON list of instances, or {"instances": [...], "parameters": {...}}'


@click.command(cls=Command)
@click.argument("endpoint", shell_complete=completing.endpoints)
@click.argument("given", metavar="JSON|@FILE|-")
@place_options
@json_option
def predict(endpoint: str, given: str, context: GcpContext, as_json: bool) -> None:
    """Ask an endpoint for predictions.

    ENDPOINT is its display name, its id, or its full name. The instances are a JSON list, or
    {"instances": [...], "parameters": {...}}: as an argument, in a file (@FILE), or from the
    standard input (-). Prints a prediction a line, as JSON. On this machine without a standing
    engine, one is started for it. The same as DeployedEndpoint.find(context,
    "mnist").predict(instances) in Python.

    \b
    Exit codes:
      0  there are predictions
      1  there is no such endpoint, the instances are wrong, or the endpoint refused them

    \b
    Example:
      vertex-flow predict iris '[[5.1, 3.5, 1.4, 0.2]]'
    """
    from vertex_flow.runs.outcomes import DeployedEndpoint

    instances, parameters = _read(given)
    found = DeployedEndpoint.find(context, endpoint)
    try:
        predictions = found.predict(instances, parameters=parameters)
    finally:
        found.close()
    if as_json:
        print_json({"endpoint": found.name, "predictions": predictions})
        return
    for one in predictions:
        click.echo(json_of(one))


def _read(given: str) -> tuple[list[Any], dict[str, Any] | None]:
    """Read what was given: the instances, and the parameters or None."""
    where, text = _text(given)
    try:
        found = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise SettingError(f"{where}, {place}: no JSON: {error.msg}. Expected {_FORM}.") from error
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{where}: no JSON: {error}. Expected {_FORM}.") from error
    asked: Any = {"instances": found} if isinstance(found, list) else found
    _check(where, asked)
    return asked["instances"], asked.get("parameters")


def _check(where: str, found: Any) -> None:
    if not isinstance(found, dict):
        raise SettingError(f"{where}: {_kind(found)}. Expected {_FORM}.")
    for key in found:
        if key not in _KEYS:
            raise SettingError(
                f"{where}: there is no key {key!r}. Expected {_FORM}.{nearest(key, _KEYS)}"
            )
    instances, parameters = found.get("instances"), found.get("parameters", {})
    if not isinstance(instances, list) or not instances:
        said = "an empty list" if instances == [] else _kind(instances)
        said = said if "instances" in found else "missing"
        raise SettingError(f"{where}: instances: {said}. Expected a list of one instance or more.")
    if not isinstance(parameters, dict):
        raise SettingError(f"{where}: parameters: {_kind(parameters)}. Expected an object.")


def _text(given: str) -> tuple[str, str]:
    """Where the JSON is from, in words, and the JSON."""
    if given == "-":
        return "the standard input", sys.stdin.read()
    if not given.startswith("@"):
        return "the instances", given
    file = Path(given[1:])
    try:
        return str(file), file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise SettingError(f"{file} cannot be read: {why}.") from error


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number in it")


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        type(None): "null",
    }
    return names.get(type(value), "a number")

"""Values of pipeline parameters as they are written on a command line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NoReturn

from vertex_flow.errors import SettingError, nearest
from vertex_flow.ports import Param

_WHOLE = re.compile(r"[+-]?[0-9]+")
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parse(
    flow: str, params: Mapping[str, Param[Any]], texts: Iterable[str]
) -> tuple[dict[str, Any], list[str]]:
    """Read values of parameters, each by the type of its parameter.

    Args:
        flow: Name of the flow, for the faults.
        params: Its parameters by name.
        texts: `name=value` each; a list or dict as JSON, a truth value as `true` or `false`.

    Returns:
        The values by name, and a sentence for each text that is none.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            if not equals:
                raise SettingError(f"{text!r}: expected NAME=VALUE.")
            if name in values:
                raise SettingError(f"{name}: given twice.")
            values[name] = _value(flow, params, name, value)
        except SettingError as error:
            faults.append(str(error))
    return values, faults


def _value(flow: str, params: Mapping[str, Param[Any]], name: str, text: str) -> Any:
    if name not in params:
        known = ", ".join(params) or "none"
        raise SettingError(
            f"{name}={text}: flow {flow!r} has no parameter {name!r}; it has {known}."
            + nearest(name, list(params))
        )
    kind = params[name].type
    try:
        return _READERS[kind](text)
    except ValueError as error:
        raise SettingError(f"{name}={text}: expected {error}.") from error


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise ValueError("true or false")
    return _TRUTHS[text.lower()]


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError("a whole number, as 3")
    try:
        return int(text)
    except ValueError:  # thousands of digits
        raise ValueError("a whole number of fewer digits") from None


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("a finite number, as 0.5")
    return number


def _json(kind: type[Any], words: str, text: str) -> Any:
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise ValueError(f"{words} ({reason})") from None
    if not isinstance(found, kind):
        raise ValueError(words)
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_READERS: Mapping[type, Callable[[str], Any]] = {
    str: str,
    bool: _truth,
    int: _whole,
    float: _number,
    list: partial(_json, list, 'a list as JSON, as \'["a", "b"]\''),
    dict: partial(_json, dict, "an object as JSON, as '{\"a\": 1}'"),
}

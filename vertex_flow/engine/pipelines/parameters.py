"""The parameters of components: their types, and how they read in a text."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from vertex_flow.engine.pipelines.ir import messages

_EXACT = 2.0**53  # the largest double up to which every integer is one


def plain(value: Any) -> Any:
    """Give a `google.protobuf.Value` as a Python value.

    Numbers in it are doubles; a whole one is given as an int, as JSON on Vertex AI has it.
    """
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        return _number(value.number_value)
    if kind == "list_value":
        return [plain(item) for item in value.list_value.values]
    if kind == "struct_value":
        return plain_struct(value.struct_value)
    return None if kind in (None, "null_value") else getattr(value, kind)


def plain_struct(struct: Any) -> dict[str, Any]:
    """Give a `google.protobuf.Struct` as a dict, see `plain`."""
    return {name: plain(value) for name, value in struct.fields.items()}


def type_name(spec: Any) -> str:
    """Name the type of an input or output parameter, for example `NUMBER_INTEGER`."""
    name: str = messages().ParameterType.ParameterTypeEnum.Name(spec.parameter_type)
    return name


def fits(kind: str, value: Any) -> bool:
    """Tell whether a value is of a parameter type."""
    check = _FITS.get(kind)
    return check is None or check(value)


def cast(kind: str, value: Any) -> Any:
    """Give a value the Python type of its parameter type where that loses nothing.

    Args:
        kind: The parameter type, for example `NUMBER_DOUBLE`.
        value: The value; a text is read as JSON where the type is not `STRING`.
    """
    if kind not in _FITS or kind == "STRING" or value is None:
        return value
    if isinstance(value, str):
        value = _read(value)
    if kind == "NUMBER_INTEGER" and isinstance(value, float):
        return _number(value)
    if kind == "NUMBER_DOUBLE" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def text(value: Any) -> str:
    """Give a value as it reads inside a text: a string as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _read(written: str) -> Any:
    """Read a value that a component wrote as text; `True` and `False` are accepted too."""
    lower = written.strip().lower()
    if lower in ("true", "false"):
        return lower == "true"
    try:
        return json.loads(written)
    except ValueError:
        return written


def _number(value: float) -> float | int:
    whole = math.isfinite(value) and value.is_integer() and abs(value) <= _EXACT
    return int(value) if whole else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer()


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "NUMBER_DOUBLE": _is_number,
    "NUMBER_INTEGER": _is_integer,
    "STRING": lambda value: isinstance(value, str),
    "BOOLEAN": lambda value: isinstance(value, bool),
    "LIST": lambda value: isinstance(value, list),
    "STRUCT": lambda value: isinstance(value, dict),
}

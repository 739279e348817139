"""Values that are only known while the pipeline runs: read from text, put in place of markers.

KFP copies these functions into the components that use them, so each imports what it needs.
"""

from typing import Any


def parse_values(values: str) -> dict[str, Any]:
    """Read run-time values: records joined by U+241E, each `name U+241F type U+241F text`."""
    import re

    parsed: dict[str, Any] = {}
    # A text may hold U+241E itself: only before a name and a type does it begin a record.
    start = "\u241e(?=[^\u241e\u241f]+\u241f(?:str|int|float|bool|list|dict)\u241f)"
    for record in re.split(start, values) if values else []:
        parts = record.split("\u241f", 2)
        if len(parts) != 3 or not parts[0]:
            raise ValueError(
                f"values: the record {record!r} is malformed: expected name, type and text "
                "joined by U+241F, and U+241E between the records."
            )
        name, kind, text = parts
        parsed[name] = parse_value(name, kind, text)
    return parsed


def parse_value(name: str, kind: str, text: str) -> Any:
    """Read one run-time value; `kind` is int, float, bool, str, list or dict."""
    import json

    def whole(text: str) -> int:
        number = float(text)
        if not number.is_integer():
            raise ValueError(text)
        return int(text) if text.strip().lstrip("+-").isdigit() else int(number)

    def truth(text: str) -> bool:
        return {"true": True, "false": False}[text.strip().lower()]

    readers: dict[str, Any] = {"str": str, "float": float, "int": whole, "bool": truth}
    readers |= {"list": json.loads, "dict": json.loads}
    if kind not in readers:
        raise ValueError(
            f"values: {name!r} has the type {kind!r}: expected one of {', '.join(readers)}."
        )
    try:
        value = readers[kind](text)
    except (ValueError, KeyError, OverflowError):
        value = None
    if type(value).__name__ != kind:
        raise ValueError(f"values: {name!r} is not a valid {kind}: {text!r}.")
    return value


def resolve_markers(tree: Any, known: dict[str, Any]) -> Any:
    """Copy a setting with every `{"$value": name}` in it replaced by the value of that name."""
    if isinstance(tree, list):
        return [resolve_markers(item, known) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if set(tree) != {"$value"}:
        return {key: resolve_markers(item, known) for key, item in tree.items()}
    name = tree["$value"]
    if name not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise ValueError(f"values: no value is given for {name!r}. Given: {listed}.")
    return known[name]

"""Where the inputs of a stage come from that is tested on its own: KFP tasks that give them."""

# mypy: disallow-untyped-decorators=False
# No `from __future__ import annotations`: KFP reads the annotations of its components.
from typing import Any

from kfp import dsl

_IMAGE = "python:3.11"


@dsl.component(base_image=_IMAGE)
def give_str() -> str:
    """Give a text."""
    return ""


@dsl.component(base_image=_IMAGE)
def give_int() -> int:
    """Give a whole number."""
    return 0


@dsl.component(base_image=_IMAGE)
def give_float() -> float:
    """Give a number."""
    return 0.0


@dsl.component(base_image=_IMAGE)
def give_bool() -> bool:
    """Give a truth value."""
    return False


@dsl.component(base_image=_IMAGE)
def give_list() -> list:  # type: ignore[type-arg]
    """Give a list."""
    return []


@dsl.component(base_image=_IMAGE)
def give_dict() -> dict:  # type: ignore[type-arg]
    """Give a mapping."""
    return {}


def source_of(kind: type) -> Any:
    """Create a task that gives a value of a type, inside a pipeline function.

    Args:
        kind: A KFP artifact class, or one of str, int, float, bool, list, dict.

    Returns:
        The KFP channel of the value.
    """
    made = {
        str: give_str,
        int: give_int,
        float: give_float,
        bool: give_bool,
        list: give_list,
        dict: give_dict,
    }
    if kind in made:
        return made[kind]().output
    importer = dsl.importer(artifact_uri="gs://contract/input", artifact_class=kind)
    return importer.output

"""How the stages of a compiled pipeline hang together: edges and conditions, of any pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from vertex_flow.report.blueprint import (
    OPERAND,
    Blueprint,
    Given,
    Made,
    TaskPath,
    component_of,
    condition_of,
)
from vertex_flow.report.structs import mapping

_CAST = re.compile(r"\b(?:int|double|float|string)\(((?:[^()]|\([^()]*\))*)\)")


@attrs.frozen
class Place:
    """Where a stage is in its pipeline.

    Attributes:
        after: Names of the stages that it comes after.
        condition: What it hangs on, in words, or the empty text.
        component: Name of its component in the pipeline.
        takes: The outputs of stages that it takes, as `stage.output`.
        parameters: Names of the pipeline's parameters that it takes.
    """

    after: tuple[str, ...] = ()
    condition: str = ""
    component: str = ""
    takes: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


def places(spec: Mapping[str, Any]) -> dict[str, Place]:
    """Say of each stage of a compiled pipeline what it comes after and hangs on.

    Args:
        spec: A PipelineSpec, as plain values.
    """
    blueprint = Blueprint(spec)
    return {name: _place(blueprint, name, path) for name, path in blueprint.stages.items()}


def _place(blueprint: Blueprint, name: str, path: TaskPath) -> Place:
    task = blueprint.task(path)
    around = [path[:depth] for depth in range(1, len(path))]
    taken = list(_taken(blueprint, path))
    made = [one for _, one in taken if isinstance(one, Made)]
    operands = [one for each in around for one in _operands(blueprint, each).values()]
    after = [
        *((*path[:-1], one) for one in _names(task.get("dependentTasks"))),
        *(one.task for one in (*made, *operands) if isinstance(one, Made)),
    ]
    return Place(
        after=_each(one for each in after for one in _stages_at(blueprint, each) if one != name),
        condition=" and ".join(_condition(blueprint, each) for each in around),
        component=component_of(task),
        takes=_each(map(_name_of, made)),
        parameters=_each(
            one.name for kind, one in taken if kind == "parameters" and isinstance(one, Given)
        ),
    )


def _taken(blueprint: Blueprint, path: TaskPath) -> Iterator[tuple[str, Given | Made | None]]:
    """What the inputs of a task are wired to, each with its kind."""
    inputs = mapping(blueprint.task(path).get("inputs"))
    for kind in ("parameters", "artifacts"):
        for name in mapping(inputs.get(kind)):
            yield kind, blueprint.wire(path, kind, name)


def _operands(blueprint: Blueprint, path: TaskPath) -> dict[str, Given | Made | None]:
    """What a condition looks at, by the names that stand in it."""
    names = OPERAND.findall(condition_of(blueprint.task(path)))
    return {name: blueprint.wire(path, "parameters", name) for name in names}


def _condition(blueprint: Blueprint, path: TaskPath) -> str:
    """A condition in words: its operands by the names that a user gave them."""
    operands = _operands(blueprint, path)

    def named(match: re.Match[str]) -> str:
        wired = operands[match[1]]
        return _name_of(wired) if wired else match[1]

    text = _CAST.sub(r"\1", OPERAND.sub(named, condition_of(blueprint.task(path))))
    return text.removesuffix(" == true")


def _name_of(wired: Given | Made) -> str:
    """`stage.output`, or the name of a parameter."""
    return wired.name if isinstance(wired, Given) else f"{wired.task[-1]}.{wired.key}"


def _stages_at(blueprint: Blueprint, path: TaskPath) -> Iterator[str]:
    """The stage at a path; of a condition those inside."""
    for name, one in blueprint.stages.items():
        if one[: len(path)] == path:
            yield name


def _each(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _names(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []

"""Changes of a list of stages, wherever in it a stage stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from vertex_flow.contract import Stage
from vertex_flow.graph import Step, When


def edited(steps: Sequence[Step], name: str, change: Callable[[Stage], list[Step]]) -> list[Step]:
    """Put other steps in the place of a stage.

    Args:
        steps: Stages and `When`s.
        name: Name of the stage.
        change: Gives what takes the stage's place; a `When` that is left empty goes with it.
    """
    found: list[Step] = []
    for step in steps:
        if isinstance(step, When):
            inner = edited(step.stages, name, change)
            found += [attrs.evolve(step, stages=inner)] if inner else []
        elif step.name == name:
            found += change(step)
        else:
            found.append(step)
    return found

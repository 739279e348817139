"""What is repeated: the iterations of a loop, and the attempts of a task."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs

from vertex_flow.engine.pipelines.inputs import InputError
from vertex_flow.engine.pipelines.values import Ports

_FACTOR = 2.0
_LONGEST = 3600.0
_MOST = 10_000  # iterations of one loop
_AT_ONCE = 64  # of these; far more than processes run, and the engine answers in between


def iterations(task: Any, inputs: Ports) -> list[Ports]:
    """Give the inputs of each iteration of a loop.

    Args:
        task: A `PipelineTaskSpec` with an iterator.
        inputs: The inputs of the task.

    Raises:
        InputError: What is looped over is no list, or one of more than 10,000 items.
    """
    if task.WhichOneof("iterator") == "artifact_iterator":
        iterator = task.artifact_iterator
        found = inputs.artifacts.get(iterator.items.input_artifact, ())
        return [
            attrs.evolve(inputs, artifacts={**inputs.artifacts, iterator.item_input: (item,)})
            for item in found
        ]
    iterator = task.parameter_iterator
    return [
        attrs.evolve(inputs, parameters={**inputs.parameters, iterator.item_input: item})
        for item in _items(iterator.items, inputs)
    ]


def at_once(task: Any) -> int:
    """Tell how many iterations of a loop may be under way at a time.

    Args:
        task: A `PipelineTaskSpec` with an iterator.
    """
    return min(task.iterator_policy.parallelism_limit or _AT_ONCE, _AT_ONCE)


def own(task: Any, inputs: Ports) -> Ports:
    """Leave out of an iteration's inputs what the whole loop goes over.

    Each iteration can use it, but shows its own item only: a thousand iterations would show a
    thousand times a thousand items.

    Args:
        task: A `PipelineTaskSpec` with an iterator.
        inputs: The inputs of one iteration.
    """
    items = (
        task.parameter_iterator.items.input_parameter,
        task.artifact_iterator.items.input_artifact,
    )
    return attrs.evolve(
        inputs,
        parameters={name: one for name, one in inputs.parameters.items() if name not in items},
        artifacts={name: one for name, one in inputs.artifacts.items() if name not in items},
    )


def pauses(policy: Any) -> Iterator[float]:
    """Give the seconds to wait before each further attempt of a task; none when there is no more.

    Args:
        policy: A `RetryPolicy`.
    """
    pause = policy.backoff_duration.ToTimedelta().total_seconds()
    longest = policy.backoff_max_duration.ToTimedelta().total_seconds() or _LONGEST
    for _ in range(policy.max_retry_count):
        yield min(pause, longest)
        pause *= policy.backoff_factor or _FACTOR


def _items(items: Any, inputs: Ports) -> list[Any]:
    given = items.raw if items.WhichOneof("kind") == "raw" else None
    if given is None:
        given = inputs.parameters.get(items.input_parameter)
    found = json.loads(given) if isinstance(given, str) else given
    if not isinstance(found, list):
        raise InputError(f"a loop goes over {found!r}: expected a list.")
    if len(found) > _MOST:
        raise InputError(f"a loop goes over {len(found)} items: at most {_MOST} are run.")
    return found

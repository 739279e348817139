"""The stages in a compiled pipeline, a PipelineSpec as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def stages_of(spec: Any) -> dict[str, Mapping[str, Any]]:
    """Find the stages: the tasks of the root, and of the conditions below it.

    Args:
        spec: The PipelineSpec; what is missing in one of a foreign pipeline counts as empty.

    Returns:
        The task of each stage, by name.
    """
    return dict(_stages(_at(spec, "root"), _at(spec, "components")))


def is_cached(spec: Any, stage: str) -> bool:
    """Tell whether every task of a stage may be taken from an earlier run.

    Args:
        spec: The PipelineSpec.
        stage: Name of a stage in it.
    """
    return all(_caching(stages_of(spec)[stage], _at(spec, "components")))


def _stages(
    component: Mapping[str, Any], known: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, task in _at(component, "dag", "tasks").items():
        if "condition" in _at(task, "triggerPolicy"):
            yield from _stages(_component(task, known), known)
        else:
            yield name, task


def _caching(task: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[bool]:
    component = _component(task, known)
    if "dag" not in component:
        yield bool(_at(task, "cachingOptions").get("enableCache"))
    for inner in _at(component, "dag", "tasks").values():
        yield from _caching(inner, known)


def _component(task: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    return _at(known, str(_at(task, "componentRef").get("name")))


def _at(value: Any, *keys: str) -> Mapping[str, Any]:
    """What is at the end of a path of keys; an empty mapping where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}

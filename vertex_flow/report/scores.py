"""Metrics of a run with what was asked of them, and its confusion matrices."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vertex_flow.report.facts import Confusion, Score
from vertex_flow.report.metrics import is_overall
from vertex_flow.report.snapshot import Snapshot, StageRun

# Records of run-time values, as `components/_values.py` reads them.
_RECORD = re.compile("\u241e(?=[^\u241e\u241f]+\u241f(?:str|int|float|bool|list|dict)\u241f)")
_CLASSES = 100  # classes from which on a matrix is no picture any more


def scores_of(snapshot: Snapshot) -> tuple[Score, ...]:
    """Give the metrics of all the data, those with a threshold first in each stage.

    Args:
        snapshot: The run.
    """
    found: list[Score] = []
    for stage in snapshot.stages:
        least = thresholds_of(snapshot, stage.name)
        own = [
            Score(stage=stage.name, metric=name, value=float(value), least=least.get(name))
            for name, value in stage.metrics.items()
            if math.isfinite(value) and (name in least or is_overall(name))
        ]
        found += sorted(own, key=lambda one: one.least is None)
    return tuple(found)


def thresholds_of(snapshot: Snapshot, stage: str) -> dict[str, float]:
    """Give the thresholds that a stage compares its metrics with, by metric.

    They are what its tasks got as `thresholds`; values that were known only in the run stand
    under `values`.

    Args:
        snapshot: The run.
        stage: Name of the stage.
    """
    known: dict[str, str] = {}
    for text in snapshot.given(stage, "values"):
        known |= _records(text)
    found: dict[str, float] = {}
    for given in snapshot.given(stage, "thresholds"):
        for metric, written in _decoded(given).items():
            marked = isinstance(written, Mapping) and set(written) == {"$value"}
            least: Any = known.get(str(written["$value"])) if marked else written
            with contextlib.suppress(TypeError, ValueError):
                found[str(metric)] = float(least)
    return {metric: least for metric, least in found.items() if math.isfinite(least)}


def confusions_of(snapshot: Snapshot) -> tuple[Confusion, ...]:
    """Give the confusion matrices of a run.

    Args:
        snapshot: The run.
    """
    return tuple(one for stage in snapshot.stages for one in _confusions(stage))


def _confusions(stage: StageRun) -> Iterator[Confusion]:
    for artifact in stage.artifacts.values():
        if artifact.schema_title != "system.ClassificationMetrics":
            continue
        try:
            found = _confusion(stage.name, _decoded(artifact.metadata.get("confusionMatrix")))
        except (AttributeError, LookupError, TypeError, ValueError):
            continue  # it is in another form than KFP's
        if found is not None:
            yield found


def _confusion(stage: str, matrix: Mapping[str, Any]) -> Confusion | None:
    labels = tuple(str(one["displayName"]) for one in matrix["annotationSpecs"])
    rows = [one["row"] if isinstance(one, Mapping) else one for one in matrix["rows"]]
    counts = tuple(tuple(float(count) for count in row) for row in rows)
    square = len(counts) == len(labels) and all(len(row) == len(labels) for row in counts)
    finite = all(math.isfinite(count) for row in counts for count in row)
    if not square or not finite or not 0 < len(labels) <= _CLASSES:
        return None
    return Confusion(stage=stage, labels=labels, matrix=counts)


def _decoded(value: Any) -> Mapping[str, Any]:
    """A mapping, or one that stands as JSON in a text, as Vertex AI has it in some places."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = json.loads(value)
    return value if isinstance(value, Mapping) else {}


def _records(text: Any) -> dict[str, str]:
    parts: Sequence[list[str]] = [
        one.split("\u241f", 2) for one in _RECORD.split(text if isinstance(text, str) else "")
    ]
    return {one[0]: one[2] for one in parts if len(one) == 3}

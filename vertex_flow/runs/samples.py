"""Sample predictions, read from what evaluation put out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from vertex_flow.place import Place
from vertex_flow.report.facts import Sample
from vertex_flow.report.snapshot import Artifact
from vertex_flow.runs import files

_BYTES = 4 * 1024 * 1024
_MOST = 100
_SIDE = 64
_TEXT = 200


def read(place: Place | None, artifact: Artifact) -> tuple[Sample, ...]:
    """Read the samples of an artifact; what has another form is left out.

    Args:
        place: Where the run is; None where that is not known.
        artifact: An artifact of the name `samples`, a JSON file as `EvaluateOp` writes it.

    Raises:
        VertexFlowError: It cannot be reached, or is too large.
        OSError: It cannot be read.
        ValueError: It is no JSON.
    """
    found = json.loads(files.read(place, artifact.uri, most=_BYTES))
    listed = found.get("samples") if isinstance(found, dict) else None
    return tuple(_samples(listed[:_MOST] if isinstance(listed, list) else []))


def _samples(listed: list[Any]) -> Iterator[Sample]:
    for one in listed:
        if isinstance(one, dict) and "predicted" in one and "true" in one:
            yield Sample(
                predicted=str(one["predicted"])[:_TEXT],
                true=str(one["true"])[:_TEXT],
                score=_share(one.get("score")),
                image=_image(one.get("image")),
                text=str(one.get("text", ""))[:_TEXT],
            )


def _share(score: Any) -> float | None:
    number = isinstance(score, (int, float)) and not isinstance(score, bool)
    return float(score) if number and math.isfinite(score) else None


def _image(rows: Any) -> tuple[tuple[int, ...], ...]:
    """Rows of grey values of one length; nothing where they are something else."""
    if not isinstance(rows, list) or not 0 < len(rows) <= _SIDE:
        return ()
    width = len(rows[0]) if isinstance(rows[0], list) else 0
    for row in rows:
        if not isinstance(row, list) or len(row) != width or not 0 < width <= _SIDE:
            return ()
        if not all(type(value) is int and 0 <= value <= 255 for value in row):
            return ()
    return tuple(map(tuple, rows))

"""Compares runs: reads what the comparison is made from."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vertex_flow.errors import ApiError, SettingError
from vertex_flow.report.comparison import ComparedRun, Comparison
from vertex_flow.report.sides import Side, compare
from vertex_flow.runs.contents import content_of

if TYPE_CHECKING:
    from vertex_flow.report.snapshot import Artifact
    from vertex_flow.runs.reading import Reading


def compare_runs(runs: Sequence[Reading]) -> Comparison:
    """Compare runs, which may be of different flows and places.

    Args:
        runs: Two or more, in the order in which they are shown.

    Raises:
        SettingError: There are fewer than two.
        ApiError: A run cannot be read.
    """
    if len(runs) < 2:
        raise SettingError(f"compare_runs({list(runs)!r}): expected two or more runs.")
    sides = [_side(run) for run in runs]

    def content(index: int, artifact: Artifact) -> str | None:
        return content_of(artifact.uri, runs[index].where)

    return compare(sides, content)


def _side(run: Reading) -> Side:
    snapshot = run.snapshot()
    return Side(
        run=ComparedRun(
            name=run.name,
            job_id=run.job_id,
            flow=snapshot.flow,
            state=snapshot.state,
            place=run.place,
            start=snapshot.start,
        ),
        snapshot=snapshot,
        model=_model(run),
    )


def _model(run: Reading) -> dict[str, Any]:
    with contextlib.suppress(ApiError):  # what may not be read is not compared
        model = run.model
        if model is not None:
            return {"name": model.display_name, "version": model.version}
    return {}

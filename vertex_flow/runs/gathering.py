"""Reads everything that is shown of a run."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from vertex_flow.report.facts import RunFacts, StageFacts

if TYPE_CHECKING:
    from vertex_flow.report.snapshot import Snapshot
    from vertex_flow.runs.reading import Reading


def gather(run: Reading) -> RunFacts:
    """Read everything that is shown of a run.

    Args:
        run: The run, over or not.
    """
    snapshot = run.snapshot()
    return RunFacts(
        name=run.name,
        job_id=run.job_id,
        flow=snapshot.flow,
        state=snapshot.state,
        place=run.place,
        start=snapshot.start,
        end=snapshot.end,
        seen=datetime.now(timezone.utc),
        console_url=run.console_url,
        parameters=snapshot.parameters,
        labels=snapshot.labels,
        stages=_stages(snapshot),
    )


def _stages(snapshot: Snapshot) -> tuple[StageFacts, ...]:
    return tuple(
        StageFacts(
            name=one.name,
            state=one.state,
            start=one.start,
            end=one.end,
            jobs=snapshot.jobs(one.name),
            outputs=one.outputs,
            artifacts=one.artifacts,
            metrics=one.metrics,
        )
        for one in snapshot.stages
    )

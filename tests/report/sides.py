"""Runs that are compared, made by hand."""

from __future__ import annotations

from typing import Any

from tests.jobs import job, message, task
from vertex_flow.report.comparison import ComparedRun, Comparison
from vertex_flow.report.sides import Side, compare
from vertex_flow.report.snapshot import Artifact, Snapshot

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[red]",
    "\x1b[31m",
    "\u202e",
    "two\nlines",
    "long " * 2000,
    "🙂" * 40,
)


def side(*details: dict[str, Any], state: str = "SUCCEEDED", name: str = "run-1", **job_: Any):  # type: ignore[no-untyped-def]
    """A run with some tasks; `spec` and `values` (parameters) in short form."""
    plain = job(state, *details)
    plain["displayName"] = job_.pop("flow", "sample")
    plain["runtimeConfig"] = {"parameterValues": job_.pop("values", {})}
    if "spec" in job_:
        plain["pipelineSpec"] = job_.pop("spec")
    snapshot = Snapshot(message(plain))
    run = ComparedRun(
        name=snapshot.name,
        job_id=name,
        flow=snapshot.flow,
        state=snapshot.state,
        place="this machine",
        start=snapshot.start,
    )
    return Side(run=run, snapshot=snapshot, **job_)


def unknown(_: int, __: Artifact) -> None:
    """What is in artifacts, which nobody can tell."""


def comparison(*sides: Any) -> Comparison:
    """Compare such runs."""
    return compare(sides, unknown)


def scored(**metrics: Any) -> tuple[dict[str, Any], ...]:
    """Tasks of a stage `fit` that gives metrics."""
    artifact = {"schemaTitle": "system.Metrics", "uri": "/m", "metadata": metrics}
    outputs = {"model": artifact}
    return (
        task(1, "fit", "SUCCEEDED", outputs=outputs),
        task(2, "make-model", "SUCCEEDED", parent=1, outputs=outputs),
    )

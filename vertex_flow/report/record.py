"""A run as plain data, for programs and CI."""

from __future__ import annotations

from typing import Any

from vertex_flow.errors import RunFailed
from vertex_flow.report.snapshot import Snapshot, StageRun
from vertex_flow.texts import iso


def record(
    snapshot: Snapshot,
    *,
    console_url: str | None,
    model: Any,
    endpoint: Any,
    failure: RunFailed | None,
) -> dict[str, Any]:
    """Put a run into plain data, which `json.dumps` writes.

    Args:
        snapshot: The run.
        console_url: Its page in Google Cloud's console, or None.
        model: The registered model version, or None.
        endpoint: The endpoint, or None.
        failure: Why it failed, or None.
    """
    return {
        "name": snapshot.name,
        "state": snapshot.state,
        "console_url": console_url,
        "stages": [
            {**_stage(one), "jobs": list(snapshot.jobs(one.name))} for one in snapshot.stages
        ],
        "model": model_record(model) if model else None,
        "endpoint": endpoint_record(endpoint) if endpoint else None,
        "failure": failure_record(failure) if failure else None,
    }


def model_record(model: Any) -> dict[str, Any]:
    """Put a registered model version into plain data."""
    facts = {name: getattr(model, name) for name in ("name", "version", "display_name", "uri")}
    return {**facts, "aliases": list(model.aliases)}


def endpoint_record(endpoint: Any) -> dict[str, Any]:
    """Put an endpoint into plain data."""
    return {"name": endpoint.name, "url": endpoint.url}


def _stage(stage: StageRun) -> dict[str, Any]:
    return {
        "name": stage.name,
        "state": stage.state,
        "start": iso(stage.start),
        "end": iso(stage.end),
        "seconds": stage.seconds,
        "outputs": dict(stage.outputs),
        "artifacts": {name: one.uri for name, one in stage.artifacts.items()},
        "metrics": stage.metrics,
    }


def failure_record(failure: RunFailed) -> dict[str, Any]:
    """Put a failure into plain data."""
    return {
        "stage": failure.stage,
        "task": failure.task,
        "reason": failure.reason,
        "cause": failure.cause,
        "fix": failure.fix,
        "links": failure.links,
        "logs": failure.logs_uri,
    }

"""Pipeline jobs in JSON as Vertex AI gives them, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.cloud import aiplatform_v1
from google.protobuf import json_format

from tests.loopback import PARENT
from tests.samples import Fit, Score, Source, Spend, compiled
from vertex_flow import When
from vertex_flow.report.snapshot import Snapshot

NAME = f"{PARENT}/pipelineJobs/sample-1"
START = "2025-01-02T03:04:05Z"
END = "2025-01-02T03:04:07.500Z"


def spec() -> dict[str, Any]:
    """Four stages, the last one in a condition."""
    score = Score()
    return compiled(Source(), Fit(), score, When(score.passed, [Spend()]))


def job(state: str = "RUNNING", *details: dict[str, Any], error: str = "") -> dict[str, Any]:
    """A pipeline job of that spec with some task details."""
    return {
        "name": NAME,
        "state": f"PIPELINE_STATE_{state}",
        "createTime": START,
        "pipelineSpec": spec(),
        "jobDetail": {"taskDetails": list(details)},
        **({"error": {"code": 9, "message": error}} if error else {}),
    }


def printing(**jobs: Sequence[str]) -> Snapshot:
    """A run whose stages wait for some jobs each, each job in a task of its own."""
    stages, details = list(jobs), list[dict[str, Any]]()
    for number, stage in enumerate(stages, start=1):
        details.append(task(number, stage, "RUNNING"))
        for place, name in enumerate(jobs[stage], start=100 * number):
            waits = {"containerDetail": {"mainJob": name}}
            details.append(task(place, "wait", "RUNNING", parent=number, executorDetail=waits))
    tasks = {stage: {"componentRef": {"name": stage}} for stage in stages}
    given = {**job("RUNNING", *details), "pipelineSpec": {"root": {"dag": {"tasks": tasks}}}}
    return Snapshot(message(given))


def task(number: int, name: str, state: str, parent: int = 0, **more: Any) -> dict[str, Any]:
    """One task detail; `error`, `outputs` and `values` (output parameters) in short form."""
    detail = {
        "taskId": str(number),
        "parentTaskId": str(parent),
        "taskName": name,
        "state": state,
        "startTime": START,
        **({"endTime": END} if state not in ("PENDING", "RUNNING") else {}),
    }
    if "error" in more:
        detail["error"] = {"code": 9, "message": more.pop("error")}
    if "values" in more:
        values = {f"output:{name}": value for name, value in more.pop("values").items()}
        detail["execution"] = {"metadata": values}
    if "outputs" in more:
        detail["outputs"] = {
            name: {"artifacts": [one]} for name, one in more.pop("outputs").items()
        }
    return {**detail, **more}


def message(plain: dict[str, Any]) -> aiplatform_v1.PipelineJob:
    """Read such JSON as the message."""
    found = aiplatform_v1.PipelineJob()
    json_format.ParseDict(plain, aiplatform_v1.PipelineJob.pb(found))
    return found

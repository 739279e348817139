"""The launchers of custom jobs and hyperparameter tuning jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vertex_flow.engine.pipelines.gcpc.launch import Launch, without_empty


async def custom_job(launch: Launch) -> None:
    """Run a custom job."""
    job = without_empty(launch.labelled(launch.payload))
    scheduling = job.get("job_spec", {}).get("scheduling", {})
    if scheduling.get("strategy", "FLEX_START") != "FLEX_START":
        scheduling.pop("max_wait_duration", None)  # the API takes it with FLEX_START only
    await launch.job("customJobs", job)


async def tuning_job(launch: Launch) -> None:
    """Run a hyperparameter tuning job."""
    body = without_empty(launch.labelled(launch.payload))
    job = await launch.job("hyperparameterTuningJobs", body)
    metrics = launch.arguments.get("execution_metrics")
    if launch.arguments["type"] == "HyperparameterTuningJobWithMetrics" and metrics:
        _write_metrics(Path(metrics), job.get("trials", []))


def _write_metrics(file: Path, trials: list[dict[str, Any]]) -> None:
    succeeded = [trial for trial in trials if trial.get("state") == "SUCCEEDED"]
    counts = {"success_trials_count": len(succeeded), "total_trials_count": len(trials)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(counts, sort_keys=True), encoding="utf-8")

"""What the jobs of a run have used of machines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from vertex_flow.report.facts import MachineTime, Search
from vertex_flow.runs import searches


def of_custom_job(stage: str, job: Any, until: datetime) -> Iterator[MachineTime]:
    """Give the machine-hours of a custom job, by kind of machine.

    Args:
        stage: Name of the stage.
        job: A `CustomJob` message.
        until: What counts as the end of a job that runs.
    """
    if job.start_time:
        seconds = ((job.end_time or until) - job.start_time).total_seconds()
        yield from _pools(stage, job.name, job.job_spec, max(0.0, seconds))


def of_tuning_job(stage: str, job: Any, search: Search, until: datetime) -> Iterator[MachineTime]:
    """Give the machine-hours of a tuning job, those of all its trials together.

    Args:
        stage: Name of the stage.
        job: A `HyperparameterTuningJob` message.
        search: What was read of it.
        until: What counts as the end of a trial that runs.
    """
    seconds = searches.seconds(search.trials, until)
    yield from _pools(stage, job.name, job.trial_job_spec, seconds)


def _pools(stage: str, name: str, spec: Any, seconds: float) -> Iterator[MachineTime]:
    for pool in spec.worker_pool_specs:
        machine = pool.machine_spec
        replicas = int(pool.replica_count)
        if not replicas:
            continue
        count = int(machine.accelerator_count)
        kind = machine.accelerator_type.name if count else ""
        yield MachineTime(
            stage=stage,
            job=name,
            machine=f"{machine.machine_type} + {count} {kind}" if count else machine.machine_type,
            hours=replicas * seconds / 3600,
            machine_type=machine.machine_type,
            accelerator=kind,
            accelerators=count,
        )

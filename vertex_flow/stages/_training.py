"""What tuning and training have in common: the worker pools of a job and where it writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from kfp import dsl

from vertex_flow.components import GetTrainingArgsDictOp, GetWorkerPoolSpecsOp
from vertex_flow.contract import Inputs
from vertex_flow.errors import SettingError
from vertex_flow.machines import Known, MachineNeed
from vertex_flow.names import FLOW_LABEL, job_display_name, join_uri
from vertex_flow.training import Trainer

PROJECT = "{{$.pipeline_google_cloud_project_id}}"
LOCATION = "{{$.pipeline_google_cloud_location}}"


def check_trainer(stage: Any, _: Any, trainer: Any) -> None:
    """Refuse anything but a `Trainer`, the module's name alone in particular."""
    if not isinstance(trainer, Trainer):
        module = trainer if isinstance(trainer, str) else "trainer.task"
        raise SettingError(
            f"{type(stage).__name__}({trainer!r}, ...): expected a Trainer: "
            f"{type(stage).__name__}(Trainer(module={module!r}), ...)."
        )


def worker_pool_specs(
    io: Inputs, trainer: Trainer, args: Mapping[str, Any], hyperparameters: Any = None
) -> Any:
    """Create the tasks that put a job's worker pools together while the pipeline runs.

    Args:
        io: Inputs of the stage; its data sets become flags of the training code.
        trainer: Module, machines, environment, arguments.
        args: Arguments of the stage, which win over the trainer's.
        hyperparameters: Channel of a dict of tuned parameters, which win over both.

    Returns:
        Channel of the worker pool specs, a list.
    """
    arguments = _given({**trainer.args, **args})
    data = {"train_data": io.train_data, "validation_data": io.validation_data}
    collected = GetTrainingArgsDictOp(
        args=io.marked(arguments), values=io.values(arguments), **_given(data)
    )
    pools = trainer.worker_pool_specs()
    task = GetWorkerPoolSpecsOp(
        worker_pool_specs=io.marked(pools),
        args=collected.output,
        env=io.marked(trainer.env),
        values=io.values(pools, trainer.env),
        **_given({"hyperparams": hyperparameters}),
    )
    return task.output


def _given(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that have a value; KFP takes no None, in lists neither."""
    return {
        name: [item for item in value if item is not None] if isinstance(value, list) else value
        for name, value in inputs.items()
        if value is not None
    }


def base_output_directory(stage: str) -> str:
    """Where a stage's job writes: `<pipeline root>/<pipeline job>/<stage>`."""
    return join_uri(dsl.PIPELINE_ROOT_PLACEHOLDER, dsl.PIPELINE_JOB_NAME_PLACEHOLDER, stage)


def job_name(stage: str) -> str:
    """Display name of a stage's job: `<pipeline job>-<stage>`."""
    return job_display_name(dsl.PIPELINE_JOB_NAME_PLACEHOLDER, stage)


def labels(io: Inputs, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """Labels of what a stage makes: the flow's name, and the stage's own, which win."""
    return {FLOW_LABEL: io.flow, **(own or {})}


def machine_need(
    stage: str, trainer: Trainer, known: Known, *, parallel: int = 1, rounds: float = 1.0
) -> MachineNeed:
    """Say what machines a trainer's job asks for.

    Args:
        stage: Name of the stage.
        trainer: Its machines.
        known: Gives the value of a setting in a run, None where it is not known.
        parallel: Jobs at the same time.
        rounds: Jobs one after the other.
    """
    settings = {
        "machine_type": trainer.machine_type,
        "accelerator_type": trainer.accelerator_type,
        "accelerator_count": trainer.accelerator_count,
        "replicas": trainer.replicas,
    }
    need = MachineNeed.of(stage, "training", known, settings, rounds=rounds)
    return attrs.evolve(need, replicas=need.replicas * parallel)

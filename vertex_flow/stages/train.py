"""Train a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from google_cloud_pipeline_components.v1.custom_job import CustomTrainingJobOp
from kfp.dsl import Artifact, Dataset, Metrics, Model

from vertex_flow.components import GetCustomJobResultsOp
from vertex_flow.contract import Inputs, Outputs, Stage, stage
from vertex_flow.errors import SettingError
from vertex_flow.machines import Known, MachineNeed
from vertex_flow.ports import In, Out, Value
from vertex_flow.stages import _training
from vertex_flow.training import (
    TENSORBOARD,
    TRAINING_ACCOUNT,
    Argument,
    Trainer,
    check_arguments,
)


def _check_args(_: Any, __: Any, args: Mapping[str, Any]) -> None:
    check_arguments("Train", args)


def _check_timeout(_: Any, __: Any, timeout: Any) -> None:
    if isinstance(timeout, str) and not re.fullmatch(r"[1-9]\d*(\.\d{1,9})?s", timeout):
        raise SettingError(
            f"Train(timeout={timeout!r}): expected seconds with an 's', for example '3600s'."
        )


@stage
class Train(Stage):
    """Train a model with a Vertex AI custom job.

    Attributes:
        trainer: The code and its machines.
        args: Flags of the training code, on top of the trainer's own. A value may be a port
            or a `Param`.
        timeout: Longest time the job may run, in seconds with an `s`: `"3600s"`.
        tensorboard: Resource name of the TensorBoard instance that the job logs to, none when
            empty; by default the pipeline parameter `tensorboard`, which the context supplies.
        service_account: E-mail address of the identity of the job, that of Vertex AI's custom
            code when empty; by default the pipeline parameter `training_service_account`, which
            the context supplies with a TensorBoard instance, as that needs one.
        train_data: Passed as `--train_data=URI`.
        validation_data: Passed as `--validation_data=URI` when an earlier stage offers it.
        best_parameters: Tuned parameters, which win over `args`; from a `HyperTune` before it.
        model: What the code saved to the folder in `AIP_MODEL_DIR`.
        checkpoints: What it saved to the folder in `AIP_CHECKPOINT_DIR`.
        logs: TensorBoard logs from the folder in `AIP_TENSORBOARD_LOG_DIR`.
        metrics: Numbers that the code wrote to `metrics/metrics.json` beside the model.

    Example:
        ```python
        Train(trainer, args={"epochs": Param("epochs", 5)})
        ```
    """

    trainer: Trainer = attrs.field(kw_only=False, validator=_training.check_trainer)
    args: Mapping[str, Argument] = attrs.field(factory=dict, validator=_check_args)
    timeout: Value[str] = attrs.field(default="604800s", validator=_check_timeout)
    tensorboard: Value[str] = TENSORBOARD
    service_account: Value[str] = TRAINING_ACCOUNT
    train_data: In[Dataset] = In()
    validation_data: In[Dataset] = In(optional=True)
    best_parameters: In[dict[str, Any]] = In(optional=True)
    model = Out(Model)
    checkpoints = Out(Artifact)
    logs = Out(Artifact)
    metrics = Out(Metrics)

    def emit(self, io: Inputs) -> Outputs:
        """Run the training job and read its results."""
        job = CustomTrainingJobOp(
            display_name=_training.job_name(self.name),
            worker_pool_specs=_training.worker_pool_specs(
                io, self.trainer, self.args, io.best_parameters
            ),
            base_output_directory=_training.base_output_directory(self.name),
            timeout=io.timeout,
            tensorboard=io.tensorboard,
            service_account=io.service_account,
            strategy=io.resolve(self.trainer.strategy),
            labels=_training.labels(io),
        )
        results = GetCustomJobResultsOp(gcp_resources=job.outputs["gcp_resources"])
        return {name: results.outputs[name] for name in ("model", "checkpoints", "logs", "metrics")}

    def machines(self, known: Known) -> Sequence[MachineNeed]:
        """The replicas of the training job."""
        return (_training.machine_need(self.name, self.trainer, known),)

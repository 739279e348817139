"""The model that a training pipeline puts into the registry."""

from __future__ import annotations

from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import failed_precondition, invalid
from vertex_flow.engine.models import Models
from vertex_flow.engine.training_pipelines.tasks import Task
from vertex_flow.names import Resource, join_uri

_Tuning = types.HyperparameterTuningJob
_MODEL = "model"  # what AIP_MODEL_DIR is below the base output directory


def check_upload(pipeline: types.TrainingPipeline, parent: str, task: Task, models: Models) -> None:
    """Refuse a model that could not be uploaded after the training.

    Args:
        pipeline: As it was sent.
        parent: The location that it is in.
        task: What it runs.
        models: The registry.

    Raises:
        ApiError: The registry would not take it, or there is no folder that it would come from.
    """
    if "model_to_upload" not in pipeline:
        for field in ("model_id", "parent_model"):
            if getattr(pipeline, field):
                raise invalid(f"{field} is set, and there is no model_to_upload that it is for.")
        return
    if not task.output and not pipeline.model_to_upload.artifact_uri:
        raise invalid(
            "training_task_inputs.base_output_directory is required with model_to_upload: the "
            "program writes the model to the folder model/ in it, which AIP_MODEL_DIR names."
        )
    if isinstance(task.job, _Tuning) and len(task.job.study_spec.metrics) > 1:
        raise invalid(
            "model_to_upload needs one best trial, and training_task_inputs.study_spec has "
            f"{len(task.job.study_spec.metrics)} metrics: keep one, or upload the model of a "
            "trial of your choice afterwards."
        )
    models.check_upload(_request(pipeline, parent))


def upload(pipeline: types.TrainingPipeline, task: Task, job: Any, models: Models) -> None:
    """Put the trained model into the registry, and its name into the pipeline.

    Args:
        pipeline: The stored pipeline; not saved here.
        task: What it ran.
        job: The job behind it, which has succeeded.
        models: The registry.

    Raises:
        ApiError: The registry does not take it, or the program left no files.
    """
    request = _request(pipeline, Resource.parse(pipeline.name).parent)
    model = request.model
    model.training_pipeline = pipeline.name
    if not model.artifact_uri:
        model.artifact_uri = join_uri(task.output, *_trial(job), _MODEL)
    if not model.encryption_spec.kms_key_name and pipeline.encryption_spec.kms_key_name:
        model.encryption_spec = pipeline.encryption_spec
    version = models.register(request)
    uploaded = pipeline.model_to_upload
    uploaded.name, uploaded.version_id = version.name, version.version_id
    uploaded.artifact_uri = version.artifact_uri


def _request(pipeline: types.TrainingPipeline, parent: str) -> types.UploadModelRequest:
    return types.UploadModelRequest(
        parent=parent,
        model=types.Model(pipeline.model_to_upload),
        model_id=pipeline.model_id,
        parent_model=pipeline.parent_model,
    )


def _trial(job: Any) -> tuple[str, ...]:
    """Give the folder of a tuning job's best trial below the base output directory."""
    if not isinstance(job, _Tuning):
        return ()
    metric = job.study_spec.metrics[0]
    maximize = metric.goal == types.StudySpec.MetricSpec.GoalType.MAXIMIZE
    scores = {
        trial.id: found.value if maximize else -found.value
        for trial in job.trials
        if trial.state == types.Trial.State.SUCCEEDED
        for found in trial.final_measurement.metrics
        if found.metric_id == metric.metric_id
    }
    if not scores:
        raise failed_precondition(f"No trial of {job.name} has a final {metric.metric_id}.")
    return (max(scores, key=lambda trial: scores[trial]),)

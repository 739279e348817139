"""What a training pipeline's task definition and inputs ask for: a custom or a tuning job."""

from __future__ import annotations

import re
from typing import Any

import attrs
from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.binding import read, snake
from vertex_flow.engine.api.errors import invalid, unimplemented
from vertex_flow.engine.api.messages import raw
from vertex_flow.engine.api.support import Level, check
from vertex_flow.engine.jobs.checks import check_job
from vertex_flow.engine.jobs.service import JOB_SPEC
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.tuning import FIELDS as TUNING
from vertex_flow.engine.tuning.checks import check_tuning
from vertex_flow.errors import ApiError, nearest

_PLACE = "gs://google-cloud-aiplatform/schema/trainingjob/definition/"
CUSTOM = f"{_PLACE}custom_task_1.0.0.yaml"
TUNING_TASK = f"{_PLACE}hyperparameter_tuning_task_1.0.0.yaml"
_AUTO = re.compile(r"automl|forecasting")
_INPUTS = "training_task_inputs"
_CUSTOM_FIELDS: dict[str, Level] = {
    f"CustomJobSpec.{path}": level for path, level in JOB_SPEC.items()
}
_TUNING_INPUTS = (
    "max_failed_trial_count",
    "max_trial_count",
    "parallel_trial_count",
    "study_spec",
    "trial_job_spec",
)
_LONGEST_NAME = 128


@attrs.frozen(kw_only=True)
class Task:
    """The work of a training pipeline.

    Attributes:
        job: A `CustomJob` or a `HyperparameterTuningJob`, without a name.
        spec: Its `CustomJobSpec`; of a tuning job that of a trial.
        metadata_key: What the pipeline's `training_task_metadata` calls the job.
    """

    job: Any
    spec: types.CustomJobSpec
    metadata_key: str

    @property
    def output(self) -> str:
        """The base output directory, or the empty text."""
        prefix: str = self.spec.base_output_directory.output_uri_prefix
        return prefix


def read_task(pipeline: types.TrainingPipeline, home: Home) -> Task:
    """Read what a training pipeline asks for.

    Args:
        pipeline: As it was sent, or as it is stored.
        home: Resolves the output folder.

    Raises:
        ApiError: INVALID_ARGUMENT, or UNIMPLEMENTED for AutoML.
    """
    definition = pipeline.training_task_definition
    if definition not in (CUSTOM, TUNING_TASK):
        raise _no_task(definition)
    inputs = _inputs(pipeline)
    if definition == CUSTOM:
        return _custom(pipeline, inputs, home)
    return _tuning(pipeline, inputs, home)


def _custom(pipeline: types.TrainingPipeline, inputs: dict[str, Any], home: Home) -> Task:
    spec = read(types.CustomJobSpec, inputs, at=_INPUTS)
    check(spec, _CUSTOM_FIELDS)
    check_job(spec, home, field=_INPUTS)
    job = types.CustomJob(
        display_name=_name(pipeline, "custom-job"),
        job_spec=spec,
        labels=pipeline.labels,
        encryption_spec=pipeline.encryption_spec,
    )
    return Task(job=job, spec=spec, metadata_key="backingCustomJob")


def _tuning(pipeline: types.TrainingPipeline, inputs: dict[str, Any], home: Home) -> Task:
    for name in inputs:
        if snake(name) not in _TUNING_INPUTS:
            raise invalid(
                f"Invalid JSON payload received. Unknown name \"{name}\" at '{_INPUTS}': Cannot "
                f"find field.{nearest(snake(name), _TUNING_INPUTS)}"
            )
    job = read(types.HyperparameterTuningJob, inputs, at=_INPUTS)
    job.display_name = _name(pipeline, "hyperparameter-tuning-job")
    job.labels = pipeline.labels
    job.encryption_spec = pipeline.encryption_spec
    check(job, TUNING)
    check_tuning(job)
    check_job(job.trial_job_spec, home, field=f"{_INPUTS}.trial_job_spec")
    return Task(job=job, spec=job.trial_job_spec, metadata_key="backingHyperparameterTuningJob")


def _inputs(pipeline: types.TrainingPipeline) -> dict[str, Any]:
    from google.protobuf import json_format

    value = raw(pipeline).training_task_inputs
    if value.WhichOneof("kind") != "struct_value":
        raise invalid(
            f"{_INPUTS} is required: an object, of which the training_task_definition says what "
            "it holds."
        )
    found: dict[str, Any] = json_format.MessageToDict(value)
    return found


def _name(pipeline: types.TrainingPipeline, kind: str) -> str:
    return f"{pipeline.display_name[: _LONGEST_NAME - len(kind) - 1]}-{kind}"


def _no_task(definition: str) -> ApiError:
    if not definition:
        return invalid(f"training_task_definition is required, for example {CUSTOM}.")
    leaf = definition.rpartition("/")[2]
    if definition.startswith(_PLACE) and _AUTO.search(leaf):
        return unimplemented(
            f"training_task_definition {leaf}: AutoML trains with Google's own programs, which "
            "exist in the cloud alone. Train with a program of your own here "
            f"({CUSTOM.rpartition('/')[2]}), or send the request to Vertex AI."
        )
    return invalid(
        f"training_task_definition {definition!r} is unknown; the local engine runs {CUSTOM} and "
        f"{TUNING_TASK}.{nearest(definition, [CUSTOM, TUNING_TASK])}"
    )

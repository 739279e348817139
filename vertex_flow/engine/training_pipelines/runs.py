"""Follows the job behind a training pipeline to its end, and uploads the model."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from google.cloud.aiplatform_v1 import types

from vertex_flow.engine.api.errors import cancelled, reason, rpc_code
from vertex_flow.engine.api.messages import raw, stamp
from vertex_flow.engine.background import Background
from vertex_flow.engine.jobs import CustomJobs
from vertex_flow.engine.jobs.service import ENDED as JOB_ENDED
from vertex_flow.engine.models import Models
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.training_pipelines.tasks import Task, read_task
from vertex_flow.engine.training_pipelines.uploads import upload
from vertex_flow.engine.tuning import TuningJobs
from vertex_flow.errors import ApiError
from vertex_flow.names import Resource

_log = logging.getLogger(__name__)

_STATES = types.PipelineState
ENDED = frozenset(
    {
        _STATES.PIPELINE_STATE_SUCCEEDED,
        _STATES.PIPELINE_STATE_FAILED,
        _STATES.PIPELINE_STATE_CANCELLED,
    }
)
_JOB = "job"
# How long a job that was cancelled before its first step takes to say so, in seconds.
_SETTLING = 0.1


class PipelineRuns:
    """Runs training pipelines.

    Args:
        home: Resolves the output folders.
        store: Has the pipelines and the jobs.
        background: Runs the jobs.
        custom: Starts and stops custom jobs.
        tuning: Starts and stops tuning jobs.
        models: Gets the models.
    """

    def __init__(  # noqa: PLR0913 - what a training pipeline touches
        self,
        *,
        home: Home,
        store: Store,
        background: Background,
        custom: CustomJobs,
        tuning: TuningJobs,
        models: Models,
    ) -> None:
        self._home = home
        self._store = store
        self._background = background
        self._custom = custom
        self._tuning = tuning
        self._models = models

    async def run(self, name: str) -> None:
        """Run a pipeline from where it is to its end, which is stored."""
        pipeline = self._store.get(types.TrainingPipeline, name)
        try:
            task = read_task(pipeline, self._home)
            job = await self._job(pipeline, task)
            self._end(pipeline, task, await self._over(job))
        except asyncio.CancelledError:
            await self._stop(name)
            self.cancelled(pipeline)
            raise
        except Exception as error:
            if not isinstance(error, ApiError):
                _log.exception("the training pipeline %s could not be run", name)
            self.fail(pipeline, reason(error))

    def backing(self, name: str) -> Any | None:
        """Give the job behind a pipeline; None before there is one."""
        made = self._store.made(name, _JOB)
        if not made:
            return None
        # The oldest: the trials of a tuning job are made for the pipeline too.
        kinds: tuple[type[Any], ...] = (types.CustomJob, types.HyperparameterTuningJob)
        found = (self._store.find(kind, made[0]) for kind in kinds)
        return next((job for job in found if job is not None), None)

    def fail(self, pipeline: types.TrainingPipeline, error: ApiError) -> None:
        """Store that a pipeline failed."""
        self._close(pipeline, _STATES.PIPELINE_STATE_FAILED, error)

    def cancelled(self, pipeline: types.TrainingPipeline) -> None:
        """Store that a pipeline was cancelled."""
        error = cancelled("The training pipeline was cancelled.")
        self._close(pipeline, _STATES.PIPELINE_STATE_CANCELLED, error)

    async def _job(self, pipeline: types.TrainingPipeline, task: Task) -> Any:
        """Give the job behind a pipeline, which is started if there is none."""
        job = self.backing(pipeline.name)
        if job is None:
            with self._store.made_for(pipeline.name, _JOB):
                job = await self._start(Resource.parse(pipeline.name).parent, task)
        metadata = raw(pipeline).training_task_metadata.struct_value
        metadata.update({task.metadata_key: job.name})
        pipeline.state = _STATES.PIPELINE_STATE_RUNNING
        if not pipeline.start_time:
            stamp(pipeline, "start_time")
        stamp(pipeline, "update_time")
        self._store.save(pipeline)
        return job

    async def _start(self, parent: str, task: Task) -> Any:
        if isinstance(task.job, types.CustomJob):
            return self._custom.submit(parent, task.job)
        return await self._tuning.create(
            types.CreateHyperparameterTuningJobRequest(
                parent=parent, hyperparameter_tuning_job=task.job
            )
        )

    async def _over(self, job: Any) -> Any:
        """Wait for the end of a job, and give it as it is then."""
        await self._background.wait(job.name)
        ended = self._store.get(type(job), job.name)
        if ended.state not in JOB_ENDED:
            await asyncio.sleep(_SETTLING)
            ended = self._store.get(type(job), job.name)
        return ended

    async def _stop(self, name: str) -> None:
        job = self.backing(name)
        if job is None or job.state in JOB_ENDED:
            return
        if isinstance(job, types.CustomJob):
            await self._custom.stop(job.name)
        else:
            await self._tuning.cancel(types.CancelHyperparameterTuningJobRequest(name=job.name))

    def _end(self, pipeline: types.TrainingPipeline, task: Task, job: Any) -> None:
        if job.state == types.JobState.JOB_STATE_SUCCEEDED:
            self._succeed(pipeline, task, job)
        elif job.state == types.JobState.JOB_STATE_FAILED:
            raw(pipeline).error.CopyFrom(raw(job).error)
            self._close(pipeline, _STATES.PIPELINE_STATE_FAILED)
        else:
            self.cancelled(pipeline)

    def _succeed(self, pipeline: types.TrainingPipeline, task: Task, job: Any) -> None:
        # Together: a kill must not leave a model behind that the pipeline knows nothing of.
        with self._store.transaction():
            if "model_to_upload" in pipeline:
                self._upload(pipeline, task, job)
            self._close(pipeline, _STATES.PIPELINE_STATE_SUCCEEDED)

    def _upload(self, pipeline: types.TrainingPipeline, task: Task, job: Any) -> None:
        try:
            upload(pipeline, task, job, self._models)
        except ApiError as error:
            raise ApiError(
                error.code,
                error.status,
                f"The training succeeded, and its model could not be uploaded: {error.message} "
                "The program writes the model to the folder that AIP_MODEL_DIR names.",
            ) from error

    def _close(
        self, pipeline: types.TrainingPipeline, state: Any, error: ApiError | None = None
    ) -> None:
        pipeline.state = state
        if error is not None:
            status = raw(pipeline).error
            status.code, status.message = rpc_code(error), error.message
        stamp(pipeline, "end_time", "update_time")
        self._store.keep(pipeline)

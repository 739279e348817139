"""Batch prediction jobs: a model over files, predictions into files."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import (
    aborted,
    cancelled,
    failed_precondition,
    invalid,
    reason,
    rpc_code,
)
from vertex_flow.engine.api.messages import raw, stamp
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.background import Background
from vertex_flow.engine.batch_predictions.checks import check_batch
from vertex_flow.engine.batch_predictions.replicas import plan_replicas, served_model
from vertex_flow.engine.batch_predictions.runs import BatchRun, BatchTools
from vertex_flow.engine.endpoints.plans import ServerPlan
from vertex_flow.engine.endpoints.servers import ModelServers, ServingLimits
from vertex_flow.engine.jobs import STOPPED
from vertex_flow.engine.models.uploads import check_files, check_model
from vertex_flow.engine.models.versions import Versions
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.processes import Launcher
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store
from vertex_flow.errors import ApiError
from vertex_flow.names import Resource

_log = logging.getLogger(__name__)

_JOB = "BatchPredictionJob"
_LOCATION = "projects/*/locations/*"
_COLLECTION = "batchPredictionJobs"
_STATES = types.JobState
_ENDED = frozenset(
    {_STATES.JOB_STATE_SUCCEEDED, _STATES.JOB_STATE_FAILED, _STATES.JOB_STATE_CANCELLED}
)
_OUTPUT_ONLY = (
    "completion_stats",
    "end_time",
    "error",
    "output_info",
    "partial_failures",
    "resources_consumed",
    "start_time",
)
# As on Vertex AI: a model may load for 40 minutes, and a batch may take 10.
LIMITS = ServingLimits(start=2400.0, request=600.0, restarts=5, stable=5.0)


class BatchPredictionJobs:
    """Batch prediction jobs: a model over files, predictions into files.

    Args:
        home: Has the files.
        store: Where jobs and models are kept.
        launcher: Starts the model servers.
        background: Runs the jobs and the servers.
        operations: Runs what Vertex AI answers with a long-running operation.
        limits: Times and counts of the model servers.
    """

    def __init__(  # noqa: PLR0913 - what a job touches
        self,
        *,
        home: Home,
        store: Store,
        launcher: Launcher,
        background: Background,
        operations: Operations,
        limits: ServingLimits = LIMITS,
    ) -> None:
        self._home = home
        self._store = store
        self._background = background
        self._operations = operations
        self._versions = Versions(store)
        self._tools = BatchTools(
            home=home,
            servers=ModelServers(home, launcher, background, limits),
            save=self._save,
        )

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of this collection."""
        many = f"/v1/{{parent={_LOCATION}}}/{_COLLECTION}"
        one = f"/v1/{{name={_LOCATION}/{_COLLECTION}/*}}"
        rows: tuple[Row, ...] = (
            (
                "create",
                "POST",
                many,
                types.CreateBatchPredictionJobRequest,
                "batch_prediction_job",
                self.create,
            ),
            ("get", "GET", one, types.GetBatchPredictionJobRequest, "", self.get),
            ("list", "GET", many, types.ListBatchPredictionJobsRequest, "", self.list),
            (
                "cancel",
                "POST",
                f"{one}:cancel",
                types.CancelBatchPredictionJobRequest,
                "*",
                self.cancel,
            ),
            ("delete", "DELETE", one, types.DeleteBatchPredictionJobRequest, "", self.delete),
        )
        return methods(_COLLECTION, rows)

    def recover(self) -> None:
        """Fail the jobs that a killed engine left behind; what they had written stays."""
        for job in self._store.all(types.BatchPredictionJob):
            if job.state not in _ENDED:
                self._end(job, _STATES.JOB_STATE_FAILED, aborted(STOPPED))

    async def create(
        self, request: types.CreateBatchPredictionJobRequest
    ) -> types.BatchPredictionJob:
        """Answer `batchPredictionJobs.create`."""
        asked = request.batch_prediction_job
        check_batch(asked, self._home)
        model = self._model(asked, request.parent)
        job = types.BatchPredictionJob(asked)
        for output in _OUTPUT_ONLY:
            raw(job).ClearField(output)
        job.name = f"{request.parent}/{_COLLECTION}/{self._store.new_id()}"
        job.model_version_id = model.version_id
        job.state = _STATES.JOB_STATE_PENDING
        plans = plan_replicas(self._home, job, model)
        stamp(job, "create_time", "update_time")
        self._store.insert(job)
        self._background.start(job.name, self._work(job.name, model, plans))
        return job

    async def get(self, request: types.GetBatchPredictionJobRequest) -> types.BatchPredictionJob:
        """Answer `batchPredictionJobs.get`."""
        return self._get(request.name)

    async def list(
        self, request: types.ListBatchPredictionJobsRequest
    ) -> types.ListBatchPredictionJobsResponse:
        """Answer `batchPredictionJobs.list`."""
        found, token = page(self._store, types.BatchPredictionJob, request.parent, request)
        return types.ListBatchPredictionJobsResponse(
            batch_prediction_jobs=found, next_page_token=token
        )

    async def cancel(self, request: types.CancelBatchPredictionJobRequest) -> empty_pb2.Empty:
        """Answer `batchPredictionJobs.cancel`: what is written stays; a job that has ended too."""
        self._get(request.name)
        await self._background.cancel(request.name)
        job = self._get(request.name)
        # Work that is cancelled before its first step cannot record its end.
        if job.state not in _ENDED:
            self._cancelled(job)
        return empty_pb2.Empty()

    async def delete(self, request: types.DeleteBatchPredictionJobRequest) -> Any:
        """Answer `batchPredictionJobs.delete`; the output stays."""
        job = self._get(request.name)
        if job.state not in _ENDED:
            raise failed_precondition(
                f'The {_JOB} "{job.name}" is in state {job.state.name}: cancel it first.'
            )
        # Of the location: these jobs are no parents of operations in Vertex AI's API.
        parent = Resource.parse(job.name).parent
        return await self._operations.remove(job.name, under=parent)

    def _get(self, name: str) -> types.BatchPredictionJob:
        return self._store.get(types.BatchPredictionJob, name)

    def _model(self, job: types.BatchPredictionJob, parent: str) -> types.Model:
        if not job.model:
            unmanaged = served_model(job)
            check_model(unmanaged)
            check_files(self._home, unmanaged)
            return unmanaged
        if not job.model.startswith(f"{parent}/models/"):
            raise invalid(f"model {job.model!r} has to be in {parent}, as the job is.")
        return self._versions.get(job.model)

    async def _work(self, name: str, model: types.Model, plans: Sequence[ServerPlan]) -> None:
        job = self._get(name)
        job.state = _STATES.JOB_STATE_RUNNING
        stamp(job, "start_time")
        try:
            self._save(job)
            await BatchRun(job, model, plans, self._tools).run()
        except asyncio.CancelledError:
            self._cancelled(job)
            raise
        except Exception as error:
            if not isinstance(error, ApiError | OSError):
                _log.exception("the batch prediction job %s could not be run", name)
            self._end(job, _STATES.JOB_STATE_FAILED, reason(error))
        else:
            self._end(job, _STATES.JOB_STATE_SUCCEEDED)

    def _save(self, job: types.BatchPredictionJob) -> None:
        stamp(job, "update_time")
        self._store.save(job)

    def _cancelled(self, job: types.BatchPredictionJob) -> None:
        self._end(job, _STATES.JOB_STATE_CANCELLED, cancelled("The job was cancelled."))

    def _end(
        self, job: types.BatchPredictionJob, state: types.JobState, error: ApiError | None = None
    ) -> None:
        job.state = state
        if error is not None:
            status = raw(job).error
            status.code, status.message = rpc_code(error), error.message
        stamp(job, "end_time", "update_time")
        self._store.keep(job)

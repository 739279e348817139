"""Training pipelines: a custom or tuning job, and the model that it leaves in the registry."""

from __future__ import annotations

from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import aborted, failed_precondition
from vertex_flow.engine.api.messages import stamp
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.texts import check_display_name, check_labels
from vertex_flow.engine.background import Background
from vertex_flow.engine.jobs import CustomJobs
from vertex_flow.engine.jobs.checks import check_references
from vertex_flow.engine.models import Models
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.training_pipelines.runs import ENDED, PipelineRuns
from vertex_flow.engine.training_pipelines.tasks import read_task
from vertex_flow.engine.training_pipelines.uploads import check_upload
from vertex_flow.engine.tuning import TuningJobs

_LOCATION = "projects/*/locations/*"
_COLLECTION = "trainingPipelines"


class TrainingPipelines:
    """Training pipelines: a custom or tuning job, and the model that it leaves in the registry.

    Args:
        home: Resolves the output folders.
        store: Where they are kept.
        background: Runs them.
        operations: Runs what Vertex AI answers with a long-running operation.
        custom: Runs the custom jobs behind them.
        tuning: Runs the tuning jobs behind them.
        models: Gets the models.
    """

    def __init__(  # noqa: PLR0913 - what a training pipeline touches
        self,
        *,
        home: Home,
        store: Store,
        background: Background,
        operations: Operations,
        custom: CustomJobs,
        tuning: TuningJobs,
        models: Models,
    ) -> None:
        self._home = home
        self._store = store
        self._background = background
        self._operations = operations
        self._models = models
        self._runs = PipelineRuns(
            home=home,
            store=store,
            background=background,
            custom=custom,
            tuning=tuning,
            models=models,
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
                types.CreateTrainingPipelineRequest,
                "training_pipeline",
                self.create,
            ),
            ("get", "GET", one, types.GetTrainingPipelineRequest, "", self.get),
            ("list", "GET", many, types.ListTrainingPipelinesRequest, "", self.list),
            (
                "cancel",
                "POST",
                f"{one}:cancel",
                types.CancelTrainingPipelineRequest,
                "*",
                self.cancel,
            ),
            ("delete", "DELETE", one, types.DeleteTrainingPipelineRequest, "", self.delete),
        )
        return methods(_COLLECTION, rows)

    def recover(self) -> None:
        """Take up what a killed engine left: a job may go on, or have ended before the kill."""
        for pipeline in self._store.all(types.TrainingPipeline):
            if pipeline.state in ENDED:
                continue
            if self._runs.backing(pipeline.name) is None:
                self._runs.fail(pipeline, aborted("The engine stopped before the job began."))
            else:
                self._background.start(pipeline.name, self._runs.run(pipeline.name))

    async def create(self, request: types.CreateTrainingPipelineRequest) -> types.TrainingPipeline:
        """Answer `trainingPipelines.create`."""
        asked = request.training_pipeline
        check_display_name(asked.display_name, required=True)
        check_labels(asked.labels)
        task = read_task(asked, self._home)
        check_references(task.spec, self._store, field="training_task_inputs")
        check_upload(asked, request.parent, task, self._models)
        pipeline = types.TrainingPipeline(
            name=f"{request.parent}/{_COLLECTION}/{self._store.new_id()}",
            display_name=asked.display_name,
            training_task_definition=asked.training_task_definition,
            training_task_inputs=asked.training_task_inputs,
            model_id=asked.model_id,
            parent_model=asked.parent_model,
            labels=asked.labels,
            encryption_spec=asked.encryption_spec,
            state=types.PipelineState.PIPELINE_STATE_PENDING,
        )
        if "model_to_upload" in asked:
            pipeline.model_to_upload = asked.model_to_upload
            pipeline.model_to_upload.name = ""
        stamp(pipeline, "create_time", "update_time")
        self._store.insert(pipeline)
        self._background.start(pipeline.name, self._runs.run(pipeline.name))
        return pipeline

    async def get(self, request: types.GetTrainingPipelineRequest) -> types.TrainingPipeline:
        """Answer `trainingPipelines.get`."""
        return self._get(request.name)

    async def list(
        self, request: types.ListTrainingPipelinesRequest
    ) -> types.ListTrainingPipelinesResponse:
        """Answer `trainingPipelines.list`."""
        found, token = page(self._store, types.TrainingPipeline, request.parent, request)
        return types.ListTrainingPipelinesResponse(training_pipelines=found, next_page_token=token)

    async def cancel(self, request: types.CancelTrainingPipelineRequest) -> empty_pb2.Empty:
        """Answer `trainingPipelines.cancel`: the job ends too; one that has ended stays so."""
        self._get(request.name)
        await self._background.cancel(request.name)
        pipeline = self._get(request.name)
        # Work that is cancelled before its first step cannot record its end.
        if pipeline.state not in ENDED:
            self._runs.cancelled(pipeline)
        return empty_pb2.Empty()

    async def delete(self, request: types.DeleteTrainingPipelineRequest) -> Any:
        """Answer `trainingPipelines.delete`; the job and the model stay."""
        pipeline = self._get(request.name)
        if pipeline.state not in ENDED:
            raise failed_precondition(
                f'The TrainingPipeline "{pipeline.name}" is in state {pipeline.state.name}: '
                "cancel it first."
            )
        return await self._operations.remove(pipeline.name)

    def _get(self, name: str) -> types.TrainingPipeline:
        return self._store.get(types.TrainingPipeline, name)

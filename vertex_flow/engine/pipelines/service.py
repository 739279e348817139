"""The collection `pipelineJobs`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any

from google.cloud.aiplatform_v1.types import (
    Artifact,
    CancelPipelineJobRequest,
    CreatePipelineJobRequest,
    DeletePipelineJobRequest,
    GetPipelineJobRequest,
    ListPipelineJobsRequest,
    ListPipelineJobsResponse,
    PipelineFailurePolicy,
    PipelineJob,
    PipelineState,
)
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import failed_precondition, invalid, reason, rpc_code
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.background import Background
from vertex_flow.engine.jobs.replicas import cores
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.pipelines import arguments, facts, spec
from vertex_flow.engine.pipelines.batches import Batches
from vertex_flow.engine.pipelines.journal import Journal, Kept
from vertex_flow.engine.pipelines.labels import RUN_LABEL, SCHEDULE_LABEL
from vertex_flow.engine.pipelines.lineage import refresh
from vertex_flow.engine.pipelines.record import Record, close_tasks, merge
from vertex_flow.engine.pipelines.reports import Reports
from vertex_flow.engine.pipelines.slots import Slots
from vertex_flow.engine.pipelines.spec import Plan
from vertex_flow.engine.pipelines.values import Ports
from vertex_flow.engine.pipelines.walk import Walk
from vertex_flow.engine.pipelines.work import Call, TaskFailed, Tools
from vertex_flow.engine.processes import Launcher
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store
from vertex_flow.errors import ApiError

_log = logging.getLogger(__name__)

_PARENT = "/v1/{parent=projects/*/locations/*}/pipelineJobs"
_ONE = "/v1/{name=projects/*/locations/*/pipelineJobs/*}"
_OUTPUT_ONLY = (
    "create_time",
    "start_time",
    "end_time",
    "update_time",
    "state",
    "error",
    "job_detail",
    "template_metadata",
    "schedule_name",
)
_OVER = frozenset(
    {
        PipelineState.PIPELINE_STATE_SUCCEEDED,
        PipelineState.PIPELINE_STATE_FAILED,
        PipelineState.PIPELINE_STATE_CANCELLED,
    }
)
_STOPPED = "The engine stopped while this was under way."
_CANCELLED = "The pipeline job was cancelled."


class PipelineJobs:
    """The collection `pipelineJobs`: creates jobs, runs them, and tells how they went.

    Args:
        home: The engine's folder.
        store: Where jobs and the cache are kept.
        launcher: Starts the processes of tasks.
        background: Where jobs run.
        router_call: The engine's own API, for the tasks that create other resources.
        standing: Whether jobs that a killed engine left running go on; else they fail, as nobody
            is there any more who wants them.
    """

    def __init__(  # noqa: PLR0913 - the engine's parts
        self,
        home: Home,
        store: Store,
        launcher: Launcher,
        background: Background,
        router_call: Call,
        *,
        standing: bool = False,
    ) -> None:
        self._home = home
        self._store = store
        self._launcher = launcher
        self._background = background
        self._operations = Operations(store, background)
        self._tools = Tools(
            home=home,
            store=store,
            launcher=launcher,
            background=background,
            call=router_call,
            slots=Slots(max(2, cores())),
            job_slots=Slots(max(2, cores())),
        )
        self._standing = standing
        self._reports = Reports(home, launcher)
        self._live: dict[str, Record] = {}
        self._cancelling: set[asyncio.Task[None]] = set()

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of the collection and what answers each."""
        rows: tuple[Row, ...] = (
            ("create", "POST", _PARENT, CreatePipelineJobRequest, "pipeline_job", self.create),
            ("list", "GET", _PARENT, ListPipelineJobsRequest, "", self.list),
            ("get", "GET", _ONE, GetPipelineJobRequest, "", self.get),
            ("delete", "DELETE", _ONE, DeletePipelineJobRequest, "", self.delete),
            ("cancel", "POST", f"{_ONE}:cancel", CancelPipelineJobRequest, "*", self.cancel),
        )
        batches = Batches(
            operations=self._operations,
            background=self._background,
            deletable=self._deletable,
            delete=self._forget,
            find=self._find,
            cancel=self.cancel,
        )
        return [*methods("pipelineJobs", rows), *batches.bindings()]

    def recover(self) -> None:
        """Go on with the jobs that a killed engine left running, or fail them with the reason."""
        for job in self._store.all(PipelineJob):
            if job.state not in _OVER:
                self._recover(job, Journal(self._store, job.name).read())

    async def finish(self, seconds: float) -> None:
        """Wait until the reports of the jobs that are over are written.

        Args:
            seconds: The longest wait.
        """
        await self._reports.finish(seconds)

    async def close(self) -> None:
        """Give up the reports that have not been written."""
        await self._reports.close()

    def _recover(self, job: PipelineJob, kept: list[Kept]) -> None:
        merge(PipelineJob.pb(job), kept)
        if job.state == PipelineState.PIPELINE_STATE_CANCELLING:
            self._stop(job, "CANCELLED", 1, _STOPPED)
        elif not self._standing:
            self._stop(job, "FAILED", 10, _STOPPED)
        else:
            try:
                plan = self._plan(job)
                parent = job.name.rpartition("/pipelineJobs/")[0]
                inputs = self._inputs(parent, plan, PipelineJob.pb(job).runtime_config)
            except ApiError as error:  # created by an engine of another version
                self._stop(job, "FAILED", rpc_code(error), error.message)
            else:
                _log.info("%s goes on", job.name)
                self._begin(job, plan, inputs, kept)

    def _stop(self, job: PipelineJob, state: str, code: int, message: str) -> None:
        made = Journal(self._store, job.name).made()
        behind = [name for name in made if name.split("/")[-2].endswith("Jobs")]
        self._background.start(job.name, self._cancel(behind))
        close_tasks(PipelineJob.pb(job), state, message)
        try:
            Record(job, self._store).state(state, code=code, message=message)
        except ApiError:  # a full disk; what was stored can be read all the same
            self._store.keep(job)

    async def _cancel(self, jobs: Iterable[str]) -> None:
        """Cancel jobs that tasks began and that go on by themselves."""
        for name in jobs:
            with contextlib.suppress(ApiError):  # it was deleted
                await self._tools.call("POST", f"/v1/{name}:cancel", {}, {})

    async def create(self, request: CreatePipelineJobRequest) -> PipelineJob:
        """Answer `pipelineJobs.create`: check the job, and start it.

        Raises:
            ApiError: INVALID_ARGUMENT, ALREADY_EXISTS, or UNIMPLEMENTED for a construct that the
                local engine cannot run.
        """
        return self.submit(request)

    def submit(
        self, request: CreatePipelineJobRequest, *, schedule: str = "", run_time: str = ""
    ) -> PipelineJob:
        """Check a job, and start it.

        Args:
            request: What `pipelineJobs.create` gets.
            schedule: Name of the schedule that the job is a run of, or empty.
            run_time: When the schedule had it due, in seconds since 1970, or empty.

        Raises:
            ApiError: As `create`.
        """
        job, plan, inputs = self._checked(request)
        message = PipelineJob.pb(job)
        message.name = self._name(request, plan)
        message.display_name = message.display_name or plan.name
        message.labels[RUN_LABEL] = self._store.new_id()
        if schedule:
            message.schedule_name = schedule
            message.labels[SCHEDULE_LABEL] = run_time
        message.create_time.GetCurrentTime()
        message.update_time.CopyFrom(message.create_time)
        message.state = PipelineState.PIPELINE_STATE_PENDING
        self._store.insert(job)
        self._begin(job, plan, inputs)
        return job

    def check(self, request: CreatePipelineJobRequest) -> str:
        """Check a job without starting it, and give the name of its pipeline.

        Raises:
            ApiError: As `create`.
        """
        _, plan, _ = self._checked(request)
        return plan.name

    def _checked(self, request: CreatePipelineJobRequest) -> tuple[PipelineJob, Plan, Ports]:
        job, plan = PipelineJob(request.pipeline_job), self._plan(request.pipeline_job)
        message = PipelineJob.pb(job)
        for field in _OUTPUT_ONLY:
            message.ClearField(field)
        config = message.runtime_config
        config.gcs_output_directory = config.gcs_output_directory or plan.spec.default_pipeline_root
        facts.check(message, self._home)
        return job, plan, self._inputs(request.parent, plan, config)

    def _inputs(self, parent: str, plan: Plan, config: Any) -> Ports:
        def find(identifier: str) -> Any:
            name = f"{parent}/metadataStores/default/artifacts/{identifier}"
            found = self._store.find(Artifact, name)
            return found and Artifact.pb(found)

        root = plan.spec.root
        return Ports(
            parameters=arguments.check(root, config.parameter_values),
            artifacts=arguments.artifacts(root, config.input_artifacts, find),
        )

    async def get(self, request: GetPipelineJobRequest) -> PipelineJob:
        """Answer `pipelineJobs.get`."""
        job = self._find(request.name)
        refresh(PipelineJob.pb(job), self._store)
        return job

    async def list(self, request: ListPipelineJobsRequest) -> ListPipelineJobsResponse:
        """Answer `pipelineJobs.list`; `job_detail` is there when the read mask names it."""
        for record in self._live.values():
            with contextlib.suppress(ApiError):  # a full disk fails the run, not the reader
                record.flush()
        detailed = any(path.partition(".")[0] == "job_detail" for path in request.read_mask.paths)

        def shown(job: PipelineJob) -> PipelineJob:
            if detailed:
                refresh(PipelineJob.pb(job), self._store)
            else:
                PipelineJob.pb(job).ClearField("job_detail")
            return job

        jobs, token = page(self._store, PipelineJob, request.parent, request, shown=shown)
        return ListPipelineJobsResponse(pipeline_jobs=jobs, next_page_token=token)

    async def delete(self, request: DeletePipelineJobRequest) -> operations_pb2.Operation:
        """Answer `pipelineJobs.delete`.

        Raises:
            ApiError: NOT_FOUND, or FAILED_PRECONDITION while the job runs.
        """
        job = self._deletable(request.name)
        return await self._operations.remove(job.name, self._forget(job.name))

    async def cancel(self, request: CancelPipelineJobRequest) -> empty_pb2.Empty:
        """Answer `pipelineJobs.cancel`; the job is cancelled some time after the answer."""
        job = self._find(request.name)
        record = self._live.get(job.name)
        if record is not None and job.state not in _OVER:
            record.state("CANCELLING")
            task = asyncio.create_task(self._background.cancel(job.name))
            self._cancelling.add(task)
            task.add_done_callback(self._cancelling.discard)
        return empty_pb2.Empty()

    def _deletable(self, name: str) -> PipelineJob:
        job = self._find(name)
        if job.state not in _OVER:
            raise failed_precondition(
                f"The PipelineJob {job.name!r} is in state {PipelineState(job.state).name} and "
                "cannot be deleted. Cancel it, and wait until it is cancelled."
            )
        return job

    def _find(self, name: str) -> PipelineJob:
        record = self._live.get(name)
        return record.job if record else self._store.get(PipelineJob, name)

    async def _forget(self, name: str) -> empty_pb2.Empty:
        self._live.pop(name, None)
        self._store.delete(name)
        self._reports.forget(name)
        return empty_pb2.Empty()

    def _name(self, request: CreatePipelineJobRequest, plan: Plan) -> str:
        collection = f"{request.parent}/pipelineJobs"
        identifier = facts.job_id(
            request.pipeline_job_id,
            plan.name,
            lambda name: self._store.find(PipelineJob, f"{collection}/{name}") is not None,
        )
        return f"{collection}/{identifier}"

    def _plan(self, job: PipelineJob) -> Plan:
        message = PipelineJob.pb(job)
        if not message.pipeline_spec.fields:
            raise invalid("pipeline_spec is required: compile the pipeline and send its spec.")
        return spec.read(message.pipeline_spec)

    def _begin(
        self,
        job: PipelineJob,
        plan: Plan,
        inputs: Ports,
        kept: Iterable[Kept] = (),
    ) -> None:
        record = Record(job, self._store, kept)
        record.lineage.begin(plan.name)
        self._live[record.name] = record
        fast = PipelineFailurePolicy.PIPELINE_FAILURE_POLICY_FAIL_FAST
        walk = Walk(
            plan,
            facts.of(job, plan.name),
            record,
            self._tools,
            fail_fast=job.runtime_config.failure_policy == fast,
        )
        self._background.start(record.name, self._run(record, walk, inputs))

    async def _run(self, record: Record, walk: Walk, inputs: Ports) -> None:
        """Run a job to its end, whatever that is; the end is recorded."""
        try:
            record.state("RUNNING")
            await walk.run(inputs)
        except asyncio.CancelledError:
            self._end(record, "CANCELLED", code=1, message=_CANCELLED)
            raise
        except TaskFailed as error:
            message = f"{error}{record.first_fault(error.tasks)}"
            self._end(record, "FAILED", code=error.code, message=message)
        except Exception as error:
            known = reason(error)
            self._end(record, "FAILED", code=rpc_code(known), message=known.message)
        else:
            self._end(record, "SUCCEEDED")

    def _end(self, record: Record, state: str, *, code: int = 0, message: str = "") -> None:
        close_tasks(PipelineJob.pb(record.job), "CANCELLED", message)
        try:
            record.state(state, code=code, message=message)
        except ApiError as error:
            # What cannot be stored stays in memory, where readers find how it ended.
            if state == "SUCCEEDED":
                self._end(record, "FAILED", code=rpc_code(error), message=error.message)
            return
        self._live.pop(record.name, None)
        self._reports.begin(record.name)

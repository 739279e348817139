"""Custom jobs: training code that runs as processes of this machine."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import empty_pb2

from vertex_flow.engine.api.errors import failed_precondition, reason, rpc_code
from vertex_flow.engine.api.messages import stamp
from vertex_flow.engine.api.rpc import Handler, Row, Rpc, methods
from vertex_flow.engine.api.support import HONOURED, REFUSED, SIMULATED, Level
from vertex_flow.engine.api.texts import check_display_name, check_labels
from vertex_flow.engine.background import Background
from vertex_flow.engine.jobs.checks import check_job, check_references
from vertex_flow.engine.jobs.replicas import Launch, Surroundings
from vertex_flow.engine.jobs.runs import JobTools, Outcome, run
from vertex_flow.engine.jobs.tracking import Tracking
from vertex_flow.engine.operations import Operations
from vertex_flow.engine.processes import Docker, Launcher
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.listing import page
from vertex_flow.engine.state.store import Store

_log = logging.getLogger(__name__)

# Of a CustomJobSpec, whether in a custom job or in a tuning job.
JOB_SPEC: dict[str, Level] = {
    "base_output_directory": HONOURED,
    "enable_dashboard_access": SIMULATED,
    "enable_web_access": SIMULATED,
    "experiment": HONOURED,
    "experiment_run": HONOURED,
    "models": REFUSED,
    "network": SIMULATED,
    "persistent_resource_id": REFUSED,
    "protected_artifact_location_id": SIMULATED,
    "psc_interface_config": REFUSED,
    "reserved_ip_ranges": SIMULATED,
    "scheduling.disable_retries": HONOURED,
    "scheduling.max_wait_duration": SIMULATED,
    "scheduling.restart_job_on_worker_restart": HONOURED,
    "scheduling.strategy": SIMULATED,
    "scheduling.timeout": HONOURED,
    "service_account": SIMULATED,
    "tensorboard": HONOURED,
    "worker_pool_specs": HONOURED,
    "worker_pool_specs.disk_spec": SIMULATED,
    "worker_pool_specs.lustre_mounts": REFUSED,
    "worker_pool_specs.machine_spec": SIMULATED,
    "worker_pool_specs.nfs_mounts": REFUSED,
}
JOB_SPEC_NOTES: dict[str, str] = {
    "base_output_directory": "gs:// and /gcs/ are folders of the engine's storage. Without it "
    "there are no AIP_MODEL_DIR, AIP_CHECKPOINT_DIR and AIP_TENSORBOARD_LOG_DIR, as on Vertex AI.",
    "enable_dashboard_access": "There are no web_access_uris.",
    "enable_web_access": "There are no web_access_uris: the replicas are processes of this "
    "machine, and their logs are files.",
    "experiment": "Must exist; its processes get AIP_EXPERIMENT_NAME.",
    "experiment_run": "Must exist; without one the job gets one of its own. Its processes get "
    "AIP_EXPERIMENT_RUN_NAME.",
    "persistent_resource_id": "There are no machines to keep.",
    "scheduling.disable_retries": "Without it, SIGABRT and SIGSEGV start the job again, up to 3 "
    "times; another signal but SIGKILL starts the replica again, up to 5 times.",
    "scheduling.max_wait_duration": "With FLEX_START only; the machine is there at once.",
    "scheduling.restart_job_on_worker_restart": "A signal then starts the whole job again.",
    "scheduling.strategy": "The machine is there at once, and is not taken away.",
    "scheduling.timeout": "7 days unless set; the job then fails with DEADLINE_EXCEEDED.",
    "tensorboard": "Must exist. When the processes of a job that was not cancelled have ended, "
    "the scalars in AIP_TENSORBOARD_LOG_DIR go into an experiment of it that is named after the "
    "job; needs the package tensorboard. Other summaries stay in the files.",
    "worker_pool_specs": "A replica is a process in this Python environment; container_spec needs "
    "a command, and its image is not pulled. With the runner `docker` a replica is a container of "
    "its image. The first replica is the primary one.",
    "worker_pool_specs.machine_spec": "Replicas share the cores of this machine.",
    "worker_pool_specs.python_package_spec": "Packages are installed into a cached environment on "
    "top of this one; what they need and this one has is not installed again. An archive may hold "
    "50,000 files and 4 GiB.",
}
FIELDS: dict[str, Level] = {
    "CustomJob.display_name": HONOURED,
    "CustomJob.encryption_spec": SIMULATED,
    "CustomJob.labels": HONOURED,
    "CustomJob.web_access_uris": SIMULATED,
    **{f"CustomJob.job_spec.{path}": level for path, level in JOB_SPEC.items()},
}
NOTES: dict[str, str] = {
    f"CustomJob.job_spec.{path}": note for path, note in JOB_SPEC_NOTES.items()
}

ENDED = frozenset(
    {
        types.JobState.JOB_STATE_SUCCEEDED,
        types.JobState.JOB_STATE_FAILED,
        types.JobState.JOB_STATE_CANCELLED,
    }
)
STOPPED = "The engine stopped during the job."
_LOCATION = "projects/*/locations/*"


class CustomJobs:
    """Custom jobs.

    Args:
        home: Has the outputs and logs.
        store: Where jobs are kept.
        launcher: Starts their processes.
        background: Runs them.
        docker: Runs them in containers of their images; None for processes of this machine.
    """

    def __init__(
        self,
        home: Home,
        store: Store,
        launcher: Launcher,
        background: Background,
        docker: Docker | None = None,
    ) -> None:
        self._home = home
        self._store = store
        self._tools = JobTools(home=home, launcher=launcher, docker=docker)
        self._background = background
        self._operations = Operations(store, background)
        self._tracking = Tracking(home, store)

    def bindings(self) -> list[tuple[Rpc, Handler]]:
        """Give the methods of custom jobs."""
        many = f"/v1/{{parent={_LOCATION}}}/customJobs"
        one = f"/v1/{{name={_LOCATION}/customJobs/*}}"
        rows: tuple[Row, ...] = (
            ("create", "POST", many, types.CreateCustomJobRequest, "custom_job", self.create),
            ("get", "GET", one, types.GetCustomJobRequest, "", self.get),
            ("list", "GET", many, types.ListCustomJobsRequest, "", self.list),
            ("cancel", "POST", f"{one}:cancel", types.CancelCustomJobRequest, "*", self.cancel),
            ("delete", "DELETE", one, types.DeleteCustomJobRequest, "", self.delete),
        )
        return methods("customJobs", rows)

    def recover(self) -> None:
        """Fail the jobs that a killed engine left behind: their processes ended with it."""
        for job in self._store.all(types.CustomJob):
            if job.state not in ENDED:
                self._end(job.name, Outcome(code=10, message=STOPPED))

    async def create(self, request: types.CreateCustomJobRequest) -> types.CustomJob:
        """Answer `customJobs.create`."""
        check_display_name(request.custom_job.display_name, required=True)
        check_labels(request.custom_job.labels)
        return self.submit(request.parent, request.custom_job)

    def check(self, spec: Any, *, field: str) -> None:
        """Refuse a job that cannot run.

        Args:
            spec: A `CustomJobSpec`.
            field: The field that it is in, for the error.

        Raises:
            ApiError: INVALID_ARGUMENT or NOT_FOUND.
        """
        containers = self._tools.docker is not None
        check_job(spec, self._home, field=field, containers=containers)
        check_references(spec, self._store, field=field)

    def submit(
        self,
        parent: str,
        job: types.CustomJob,
        *,
        around: Surroundings | None = None,
    ) -> types.CustomJob:
        """Start a job.

        Args:
            parent: The location it is in.
            job: Its display name, labels and specification.
            around: What it has around it.

        Raises:
            ApiError: INVALID_ARGUMENT or NOT_FOUND; the job cannot run.
        """
        self.check(job.job_spec, field="job_spec")
        number = self._store.new_id()
        new = types.CustomJob(
            name=f"{parent}/customJobs/{number}",
            display_name=job.display_name,
            job_spec=job.job_spec,
            labels=job.labels,
            encryption_spec=job.encryption_spec,
            state=types.JobState.JOB_STATE_PENDING,
        )
        stamp(new, "create_time", "update_time")
        self._tracking.begin(new)
        self._store.insert(new)
        launch = Launch(
            job=new.name,
            spec=new.job_spec,
            around=around or Surroundings(),
            containers=self._tools.docker is not None,
        )
        self._background.start(new.name, self._work(launch))
        return new

    async def get(self, request: types.GetCustomJobRequest) -> types.CustomJob:
        """Answer `customJobs.get`."""
        return self._store.get(types.CustomJob, request.name)

    async def list(self, request: types.ListCustomJobsRequest) -> types.ListCustomJobsResponse:
        """Answer `customJobs.list`."""
        found, token = page(self._store, types.CustomJob, request.parent, request)
        return types.ListCustomJobsResponse(custom_jobs=found, next_page_token=token)

    async def cancel(self, request: types.CancelCustomJobRequest) -> empty_pb2.Empty:
        """Answer `customJobs.cancel`; a job that has ended stays as it is."""
        self._store.get(types.CustomJob, request.name)
        await self.stop(request.name)
        return empty_pb2.Empty()

    async def stop(self, name: str) -> None:
        """Cancel a job and wait until its processes are gone."""
        await self._background.cancel(name)
        # Work that is cancelled before its first step cannot record its end.
        if self._store.get(types.CustomJob, name).state not in ENDED:
            self._cancelled(name)

    async def delete(self, request: types.DeleteCustomJobRequest) -> Any:
        """Answer `customJobs.delete`."""
        job = self._store.get(types.CustomJob, request.name)
        if job.state not in ENDED:
            raise failed_precondition(
                f'The CustomJob "{job.name}" is in state {job.state.name}: cancel it first.'
            )
        return await self._operations.remove(job.name)

    async def _work(self, launch: Launch) -> None:
        job = self._store.get(types.CustomJob, launch.job)
        job.state = types.JobState.JOB_STATE_RUNNING
        stamp(job, "start_time", "update_time")
        try:
            self._store.save(job)
            outcome = await run(launch, self._tools)
            await self._tracking.upload(launch.job, ok=outcome.ok)
        except asyncio.CancelledError:
            self._cancelled(launch.job)
            raise
        except Exception as error:
            _log.exception("the job %s could not be run", launch.job)
            answer = reason(error)
            outcome = Outcome(code=rpc_code(answer), message=answer.message)
        self._end(launch.job, outcome)

    def _end(self, name: str, outcome: Outcome) -> None:
        states = types.JobState
        job = self._store.get(types.CustomJob, name)
        job.state = states.JOB_STATE_SUCCEEDED if outcome.ok else states.JOB_STATE_FAILED
        if not outcome.ok:
            _fail(job, outcome.code, outcome.message)
        self._tracking.end(job, "COMPLETE" if outcome.ok else "FAILED")
        stamp(job, "end_time", "update_time")
        self._store.keep(job)

    def _cancelled(self, name: str) -> None:
        job = self._store.get(types.CustomJob, name)
        job.state = types.JobState.JOB_STATE_CANCELLED
        _fail(job, 1, "The job was cancelled.")
        self._tracking.end(job, "CANCELLED")
        stamp(job, "end_time", "update_time")
        self._store.keep(job)


def _fail(job: types.CustomJob, code: int, message: str) -> None:
    error = types.CustomJob.pb(job).error
    error.code, error.message = code, message

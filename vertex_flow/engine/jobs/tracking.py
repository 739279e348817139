"""What a job leaves in its experiment and in its TensorBoard instance."""

from __future__ import annotations

from typing import Any

from google.cloud.aiplatform_v1 import types
from google.protobuf import json_format

from vertex_flow.engine.api.messages import raw
from vertex_flow.engine.metadata import Lineage, ensure, renew
from vertex_flow.engine.state.home import Home
from vertex_flow.engine.state.store import Store
from vertex_flow.engine.tensorboards import Uploads
from vertex_flow.names import join_uri

_CONSOLE = "https://console.cloud.google.com/vertex-ai"


class Tracking:
    """Keeps what a job leaves in its experiment and in its TensorBoard instance.

    As on Vertex AI, a job with an `experiment` and no `experiment_run` gets a run of its own, and
    the logs of a job with a `tensorboard` go into an experiment that is named after the job.

    Args:
        home: Has the logs.
        store: Where experiments and instances are kept.
    """

    def __init__(self, home: Home, store: Store) -> None:
        self._home = home
        self._store = store
        self._lineage = Lineage(store)
        self._uploads = Uploads(store)

    def begin(self, job: types.CustomJob) -> None:
        """Make what a new job needs; the run that it gets is named in its specification."""
        spec = job.job_spec
        with self._store.transaction():
            if spec.experiment:
                spec.experiment_run = spec.experiment_run or self._run(spec.experiment, job)
                self._note_job(spec.experiment_run, job.name)
            if spec.tensorboard:
                self._uploads.experiment(spec.tensorboard, job.name, job.display_name)

    def end(self, job: types.CustomJob, state: str) -> None:
        """Note how a job ended in the run that it got; one that a user made is the user's to end.

        Args:
            job: The job.
            state: Name of a state of executions, for example `COMPLETE`.
        """
        run = self._store.find(types.Context, job.job_spec.experiment_run)
        if run is not None and run.name.endswith(f"-{_id(job)}"):
            raw(run).metadata.fields["_state"].string_value = state
            self._store.keep(renew(run))

    async def upload(self, name: str, *, ok: bool) -> None:
        """Put the logs of a job whose processes have ended into its TensorBoard instance.

        Args:
            name: Name of the job.
            ok: Whether it succeeded.
        """
        job = self._store.get(types.CustomJob, name)
        spec = job.job_spec
        state = "COMPLETE" if ok else "FAILED"
        base = spec.base_output_directory.output_uri_prefix
        if spec.tensorboard and base:
            experiment = f"{spec.tensorboard}/experiments/{_id(job)}"
            runs = await self._uploads.put(experiment, self._home.path(join_uri(base, "logs")))
            self._mirror(job, experiment, runs, state)

    def _run(self, experiment: str, job: types.CustomJob) -> str:
        """Make a run of an experiment for a job."""
        name = f"{experiment}-{_id(job)}"
        self._make_run(name, _id(job), experiment, "RUNNING")
        return name

    def _make_run(self, name: str, display_name: str, experiment: str, state: str) -> None:
        if self._store.find(types.Context, name) is None:
            metadata = {"_params": {}, "_metrics": {}, "_state": state}
            self._make(name, display_name, "system.ExperimentRun", metadata)
            self._lineage.adopt(experiment, [name])

    def _make(self, name: str, display_name: str, schema: str, metadata: dict[str, Any]) -> None:
        context = types.Context.pb()(
            name=name, display_name=display_name, schema_title=schema, schema_version="0.0.1"
        )
        json_format.ParseDict(metadata, context.metadata)
        self._store.insert(renew(context))

    def _note_job(self, run: str, job: str) -> None:
        """Name a job in a run, where Google's client looks for the jobs of a run."""
        context = raw(self._store.get(types.Context, run))
        _, project, _, location, _, identifier = job.split("/")
        uri = f"{_CONSOLE}/locations/{location}/training/{identifier}?project={project}"
        entry = {"custom_job_resource_name": job, "custom_job_console_uri": uri}
        jobs = context.metadata.fields["_custom_jobs"].list_value
        json_format.ParseDict(entry, jobs.values.add().struct_value)
        self._store.save(context)  # with its etag, as who holds the run may update it

    def _mirror(self, job: types.CustomJob, experiment: str, runs: list[str], state: str) -> None:
        """Show the runs of a TensorBoard experiment in Vertex ML Metadata too."""
        home = f"{job.name.rpartition('/customJobs/')[0]}/metadataStores/default"
        ensure(self._store, home)
        name = f"{home}/contexts/{_id(job)}"
        with self._store.transaction():
            if self._store.find(types.Context, name) is None:
                link = {"tensorboard_link": experiment}
                self._make(name, job.display_name, "system.Experiment", link)
            for run in runs:
                self._make_run(f"{name}-{run}", run, name, state)


def _id(job: types.CustomJob) -> str:
    identifier: str = job.name.rpartition("/")[2]
    return identifier

"""A run of a flow: how it went, and what came out of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from vertex_flow.console import resource_url
from vertex_flow.context import GcpContext
from vertex_flow.errors import (
    ApiError,
    RunCancelled,
    RunFailed,
    SettingError,
    nearest,
)
from vertex_flow.names import Resource
from vertex_flow.report.progress import Progress, plain
from vertex_flow.report.record import record
from vertex_flow.report.snapshot import Snapshot, StageRun
from vertex_flow.report.summary import summarise
from vertex_flow.runs import reaching
from vertex_flow.runs.following import FAR, NEARBY, Outage, cloud_outage, engine_outage
from vertex_flow.runs.outcomes import DeployedEndpoint, RegisteredModel

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.engine.joining import LocalEngine

Say = Callable[[str], None]
T = TypeVar("T")


class Run:
    """A run of a flow, local or in the cloud.

    Every property asks the endpoint again until the run has ended.

    Args:
        client: Speaks to the endpoint.
        name: Resource name of the pipeline job.
        engine: The engine on this machine that the run lives in, or None.
        context: Where it runs; needed for the logs of a run in the cloud.

    Example:
        ```python
        run = flow.run()
        print(run.state, run["evaluate"].metrics, run.model.version)
        ```
    """

    def __init__(
        self,
        client: Client,
        name: str,
        engine: LocalEngine | None = None,
        context: GcpContext | None = None,
    ) -> None:
        self.name = name
        self._client = client
        self._engine = engine
        self._context = context
        self._ended: Snapshot | None = None
        self._failure: RunFailed | None = None

    @classmethod
    def attach(cls, context: GcpContext, name: str) -> Run:
        """Take up a run that was started elsewhere or earlier.

        Args:
            context: Where it runs.
            name: Resource name of the pipeline job, or the last part of it.

        Raises:
            SettingError: It is no such name, or that of a run elsewhere.
            ApiError: There is no such run.
        """
        full = reaching.full_name(context, name)
        client, engine = reaching.connect(context)
        run = cls(client, full, engine, context)
        try:
            run.snapshot()
        except BaseException:
            give_up(engine, None)
            raise
        return run

    @property
    def job_id(self) -> str:
        """Last part of the name."""
        return Resource.parse(self.name).id

    @property
    def state(self) -> str:
        """`PENDING`, `RUNNING`, `SUCCEEDED`, `FAILED`, `CANCELLING` or `CANCELLED`."""
        return self.snapshot().state

    @property
    def stages(self) -> tuple[StageRun, ...]:
        """How each stage went, each after those it depends on."""
        return self.snapshot().stages

    def __getitem__(self, stage: str) -> StageRun:
        """How one stage went: `run["evaluate"].metrics["accuracy"]`."""
        stages = {one.name: one for one in self.stages}
        if not isinstance(stage, str) or stage not in stages:
            names = plain(", ".join(stages)) or "none"
            raise SettingError(
                f"run {self.job_id} has no stage {stage!r}; it has {names}."
                + nearest(str(stage), list(stages))
            )
        return stages[stage]

    @property
    def model(self) -> RegisteredModel | None:
        """The model version that was registered, or None when none was."""
        name = self._resource("google.VertexModel")
        if name is None:
            return None
        model = self._reached().get_model(name)
        return RegisteredModel(
            name=model.name.partition("@")[0],
            version=model.version_id,
            display_name=model.display_name,
            aliases=tuple(model.version_aliases),
            uri=model.artifact_uri,
        )

    @property
    def endpoint(self) -> DeployedEndpoint | None:
        """The endpoint that the model was deployed to, or None when it was not."""
        name = self._resource("google.VertexEndpoint")
        if name is None:
            return None
        client = self._reached()
        url = f"{client.endpoint}/v1/{name}:predict"
        return DeployedEndpoint(name=name, url=url, client=client)

    @property
    def token_file(self) -> Path | None:
        """File that holds the bearer token of the local engine; None in the cloud."""
        return self._engine.home / "token" if self._engine else None

    @property
    def console_url(self) -> str | None:
        """The run's page in Google Cloud's console; None on this machine."""
        if self._is_local:
            return None
        return self._page(self.name)

    def _page(self, name: str) -> str | None:
        """The page of a resource in Google Cloud's console."""
        return resource_url(name, self._client.parent.split("/")[1])

    @property
    def api_endpoint(self) -> str:
        """Root URL of the API that the run lives at, for Google's own clients."""
        return self._reached().endpoint

    def wait(self, *, progress: Say | None = None, timeout: float | None = None) -> Run:
        """Wait until the run has ended.

        Ctrl-C ends the waiting. A run in the cloud goes on, and how it is followed again is said.

        Args:
            progress: Called with each line of progress.
            timeout: Seconds to wait at most; None for as long as it takes.

        Returns:
            This run.

        Raises:
            RunFailed: The run failed; with the likely cause and the fix, where they are known.
            RunCancelled: The run was cancelled.
            EngineError: The standing engine has stopped, and did not come back.
            ApiError: Vertex AI was away for ten minutes, or refused; the run goes on.
            TimeoutError: It has not ended in time; it goes on.
        """
        with self.detaching(progress):
            snapshot = self._followed(progress, timeout)
        if snapshot.state == "CANCELLED":
            raise RunCancelled(f"{snapshot.name} was cancelled.")
        if snapshot.state == "FAILED":
            raise self._why(snapshot)
        return self

    @contextlib.contextmanager
    def detaching(self, say: Say | None) -> Iterator[None]:
        """Say how a run in the cloud is followed again when Ctrl-C ends the block.

        Args:
            say: Called with the line; None for silence.
        """
        try:
            yield
        except KeyboardInterrupt:
            if say and not self._is_local:
                say(f"detached: the run goes on. To follow it again: {self._attaching}")
            raise

    def cancel(self) -> None:
        """Stop the run and every job behind it."""
        self._reached().cancel_pipeline_job(self.name)

    def logs(self, stage: str, *, lines: int = 1000) -> str:
        """What the tasks of a stage, and the jobs behind them, have printed.

        Args:
            stage: Name of the stage.
            lines: Most lines, the last ones; on this machine for each task.

        Raises:
            SettingError: The run has no such stage, or `lines` is no number of lines.
            ApiError: The caller may not read the logs, for example.
        """
        from vertex_flow.runs import logs

        if type(lines) is not int or lines < 1:
            raise SettingError(f"Run.logs(lines={lines!r}): expected a whole number from 1.")
        stage = self[stage].name
        jobs = self.snapshot().jobs(stage)
        home = self._engine.home if self._engine else self._context and self._context.home
        if home:
            return logs.of_files(home, self.name, stage, jobs, lines=lines)
        return self._cloud_logs(logs.query_of(self.name, jobs), lines)

    def close(self) -> None:
        """Stop an engine of this program's own, and with it the endpoints.

        A standing engine goes on, with its endpoints, and so does the cloud.
        """
        if self._engine is None:
            return
        with contextlib.suppress(ApiError):  # it may have ended by itself
            self.snapshot()
        self._engine.close()

    def snapshot(self) -> Snapshot:
        """What the endpoint says of the run now."""
        if self._ended is not None:
            return self._ended
        snapshot = Snapshot(self._reached().get_pipeline_job(self.name))
        if snapshot.is_over:
            self._ended = snapshot
        return snapshot

    def summary(self) -> str:
        """What came out of the run, as text for a person: stages, trials, metrics, model."""
        return summarise(self.snapshot(), model=self.model, endpoint=self.endpoint)

    def as_json(self) -> dict[str, Any]:
        """Everything about the run as plain data, for programs and CI.

        Returns:
            `name`, `state`, `console_url`; `stages`, each with its state, times, seconds,
            outputs, artifacts and metrics; `model`, `endpoint` and `failure`, None where there
            is none. It can be written with `json.dumps`.
        """
        snapshot = self.snapshot()
        failure = self._why(snapshot) if snapshot.state == "FAILED" else None
        return record(
            snapshot,
            console_url=self.console_url,
            model=self.model,
            endpoint=self.endpoint,
            failure=failure,
        )

    def __repr__(self) -> str:
        return f"Run({self.name!r})"

    @property
    def _is_local(self) -> bool:
        context = self._context
        return context.is_local if context else self._client.token is not None

    @property
    def _attaching(self) -> str:
        """The line of Python that takes the run up again."""
        _, project, _, location = self._client.parent.split("/")
        context = f"GcpContext(project={project!r}, location={location!r})"
        return f"Run.attach({context}, {self.job_id!r}).wait(progress=print)"

    def _followed(self, progress: Say | None, timeout: float | None) -> Snapshot:
        """Look at the run until it has ended."""
        queued = not self._is_local
        page = self._page if queued else None
        watch = None
        if progress:
            watch = Progress(progress, self._tuning_job, queued=queued, page=page)
        limit = None if timeout is None else time.monotonic() + timeout
        pace = NEARBY if self._client.endpoint.startswith("http://") else FAR
        for pause in pace.pauses():
            snapshot = self._patiently(self.snapshot, progress, pause)
            if watch:
                self._patiently(partial(watch.update, snapshot), progress, pause)
            if snapshot.is_over:
                return snapshot
            left = pause if limit is None else limit - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{self.name} is still {snapshot.state} after {timeout} s.")
            time.sleep(min(pause, left))
        raise AssertionError("pauses have no end")

    def _why(self, snapshot: Snapshot) -> RunFailed:
        from vertex_flow.runs.failures import cloud_failure, local_failure

        if self._failure is not None:
            return self._failure
        if not self._is_local:
            with contextlib.suppress(Exception):  # what is odd there must not hide the failure
                self._failure = cloud_failure(snapshot, self._reached(), self._cloud_logs)
        self._failure = self._failure or local_failure(snapshot)
        return self._failure

    def _cloud_logs(self, query: str, lines: int) -> str:
        from vertex_flow.runs import logs

        if self._context is None:
            raise SettingError(
                f"run {self.job_id} was made without a context, which its logs need: "
                "Run.attach(context, name)."
            )
        with self._context.apis as apis:
            return logs.of_jobs(apis, query, lines=lines)

    def _reached(self) -> Client:
        """The client, of the engine that is there now: a standing one may have been restarted."""
        engine = self._engine.now() if self._engine else None
        if engine is not None and engine is not self._engine:
            self._engine = engine
            self._client = attrs.evolve(self._client, endpoint=engine.endpoint, token=engine.token)
        return self._client

    def _tuning_job(self, display_name: str) -> Any:
        return self._reached().tuning_job(display_name)

    def _patiently(self, ask: Callable[[], T], say: Say | None, pause: float) -> T:
        """Ask, and ask again for a while when the other side is away."""
        outage = self._outage()
        return outage.bridge(ask, say, pause=pause) if outage else ask()

    def _outage(self) -> Outage | None:
        engine = self._engine
        if engine is not None and engine.outlives:
            return engine_outage(engine.home, self.job_id)
        return None if self._is_local else cloud_outage(self._attaching)

    def _resource(self, schema_title: str) -> str | None:
        names = [
            artifact.metadata.get("resourceName")
            for stage in self.stages
            for artifact in stage.artifacts.values()
            if artifact.schema_title == schema_title
        ]
        return next((str(name) for name in reversed(names) if name), None)


def give_up(engine: LocalEngine | None, run: Run | None) -> None:
    """Leave nothing running after an error, but what earlier runs of this process need."""
    if engine is None:
        return
    if not engine.shared:
        engine.close()
    elif run is not None:
        with contextlib.suppress(ApiError):  # it may have ended by itself, or the engine has
            run.cancel()

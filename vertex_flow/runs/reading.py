"""What a run says of itself, however it was started, and whether it has ended."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.console import resource_url
from vertex_flow.errors import RunFailed, SettingError, VertexFlowError, nearest
from vertex_flow.names import Resource
from vertex_flow.report.record import record
from vertex_flow.report.snapshot import Snapshot, StageRun
from vertex_flow.report.summary import summarise
from vertex_flow.report.view import now
from vertex_flow.runs.outcomes import DeployedEndpoint, RegisteredModel, endpoint_of, model_of
from vertex_flow.texts import plain

if TYPE_CHECKING:
    from vertex_flow.apis import Apis
    from vertex_flow.client import Client
    from vertex_flow.context import GcpContext
    from vertex_flow.engine.joining import LocalEngine
    from vertex_flow.report.comparison import Comparison
    from vertex_flow.report.facts import RunFacts
    from vertex_flow.report.reason import Reason

_log = logging.getLogger(__name__)


class Reading:
    """What a run says of itself: the part of `Run` that only reads.

    Args:
        client: Speaks to the endpoint.
        name: Resource name of the pipeline job.
        engine: The engine on this machine that the run lives in, or None.
        context: Where it runs; needed for the logs of a run in the cloud.
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
        return self._stage(self.snapshot(), stage)

    def _stage(self, snapshot: Snapshot, stage: str) -> StageRun:
        """How one stage went, at one moment."""
        stages = {one.name: one for one in snapshot.stages}
        if not isinstance(stage, str) or stage not in stages:
            names = plain(", ".join(stages)) or "none"
            raise SettingError(
                f"run {self.job_id} has no stage {stage!r}; it has {names}."
                + nearest(str(stage), list(stages))
            )
        return stages[stage]

    @property
    def model(self) -> RegisteredModel | None:
        """The model version that was registered, or None when none was, or it was deleted since."""
        name = self.snapshot().resource("google.VertexModel")
        return None if name is None else model_of(self._reached(), name)

    @property
    def endpoint(self) -> DeployedEndpoint | None:
        """The endpoint that the model was deployed to, or None when it was not."""
        name = self.snapshot().resource("google.VertexEndpoint")
        return None if name is None else endpoint_of(self._reached(), name)

    @property
    def token_file(self) -> Path | None:
        """File that holds the bearer token of the local engine; None in the cloud."""
        return self._engine.home / "token" if self._engine else None

    @property
    def console_url(self) -> str | None:
        """The run's page in Google Cloud's console; None on this machine."""
        if self.is_local:
            return None
        return self._page(self.name)

    def _page(self, name: str) -> str | None:
        """The page of a resource in Google Cloud's console."""
        return resource_url(name, self._client.parent.split("/")[1])

    @property
    def place(self) -> str:
        """Where it runs, in words."""
        if self.is_local:
            return "this machine"
        _, project, _, location = self._client.parent.split("/")
        return f"project {project}, {location}"

    @property
    def api_endpoint(self) -> str:
        """Root URL of the API that the run lives at, for Google's own clients."""
        return self._reached().endpoint

    def snapshot(self) -> Snapshot:
        """What the endpoint says of the run now."""
        if self._ended is not None:
            return self._ended
        snapshot = Snapshot(self._reached().get_pipeline_job(self.name))
        if snapshot.is_over:
            self._ended = snapshot
        return snapshot

    def summary(self) -> str:
        """What came out of the run, as text for a person: stages, trials, metrics, model.

        Its last line says where the report is that a run on this machine gets by itself.
        """
        report = self.own_report
        text = summarise(self.snapshot(), model=self.model, endpoint=self.endpoint, at=now())
        return f"{text}\nreport    {report}" if report else text

    def as_json(self) -> dict[str, Any]:
        """Everything about the run as plain data, for programs and CI.

        Returns:
            `name`, `state`, `console_url`; `stages`, each with its state, times, seconds,
            outputs, artifacts and metrics; `model`, `endpoint` and `failure`, None where there
            is none. It can be written with `json.dumps`.
        """
        snapshot = self.snapshot()
        failure = self.failure_of(snapshot) if snapshot.state == "FAILED" else None
        return record(
            snapshot,
            console_url=self.console_url,
            model=self.model,
            endpoint=self.endpoint,
            failure=failure,
        )

    def __repr__(self) -> str:
        return f"Run({self.name!r})"

    def _repr_html_(self) -> str | None:
        """What stands for it in a notebook; None, for its name alone, where it cannot be read."""
        from vertex_flow.report.notebook import run_html

        with contextlib.suppress(VertexFlowError):
            return run_html(
                self.snapshot(),
                place=self.place,
                console_url=self.console_url,
                model=self.model,
                endpoint=self.endpoint,
            )
        return None

    def facts(self) -> RunFacts:
        """Everything about the run, with the trials, curves and lineage that pictures need.

        It reads the jobs behind the run and, in the cloud, files of the bucket: a few requests a
        stage.
        """
        from vertex_flow.runs.gathering import gather

        where = self._context
        if where is None and self._engine is not None:
            from vertex_flow.context import GcpContext

            where = GcpContext.local(self._engine.home)
        return gather(self, self._reached(), where)

    def report(self, path: str | Path = "report.html") -> Path:
        """Write the run's report: one HTML file that holds everything and opens offline.

        It shows the graph, where the time went, metrics and thresholds, trials, learning curves,
        sample predictions, parameters, lineage, environment and machine-hours. A run on this
        machine gets one by itself, in `reports` in the engine's folder, unless
        `VERTEX_FLOW_REPORTS=off` is set where the engine starts.

        Args:
            path: The file; missing folders are made.

        Returns:
            Its absolute path.

        Raises:
            SettingError: It cannot be written there.
        """
        from vertex_flow.report.page import write

        return write(self.facts(), path)

    def diff(self, *others: Reading) -> Comparison:
        """Compare the run with others: parameters, code, stages, settings, results.

        The runs may be of different flows, in different places, half done or failed, or of
        pipelines that were not made by a flow. What is in artifacts on this machine is compared
        too, where it is not too much.

        Args:
            others: One run or more.

        Returns:
            How they differ, this run first. `print` shows a table; `same` tells whether nothing
            differs but the time that was taken.

        Raises:
            SettingError: There is none, or one is no run.
            ApiError: A run cannot be read.

        Example:
            ```python
            old, new = flow.run(), flow.run()
            comparison = old.diff(new)
            print(comparison)
            for row in comparison.section("metrics"):
                print(row.name, row.values, row.best)
            ```
        """
        from vertex_flow.runs.comparing import compare_runs

        if not others or not all(isinstance(one, Reading) for one in others):
            raise SettingError(
                f"Run.diff({', '.join(map(repr, others))}): expected one run or more: "
                "Run.attach(context, name)."
            )
        return compare_runs([self, *others])

    def why(self, stage: str) -> Reason:
        """Find out why a stage was, or was not, served from the cache.

        Each task of the stage is compared with the newest earlier run in which it succeeded, by
        what the cache looks at: code, image, parameters, inputs. An input that changed is followed
        to the stage that it comes from, and on to what changed first.

        Args:
            stage: Name of the stage.

        Returns:
            The reason; `print` shows it, `changes` are what it all comes from.

        Raises:
            SettingError: The run has no such stage.
            ApiError: The runs before cannot be read.

        Example:
            ```python
            print(flow.run().why("preprocess"))
            ```
        """
        from vertex_flow.runs.reasoning import reason

        found = self[stage]
        return reason(self._reached(), self.snapshot(), found, self._home)

    @property
    def where(self) -> GcpContext | None:
        """The context that it is reached by; None where it was made without one."""
        return self._context

    @property
    def own_report(self) -> Path | None:
        """The report that a run on this machine gets by itself; None where there is none."""
        home = self._home
        path = home / "reports" / f"{self.job_id}.html" if home else None
        return path if path is not None and path.is_file() else None

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        context = self._context
        return context.is_local if context else self._client.token is not None

    def failure_of(
        self, snapshot: Snapshot, say: Callable[[str], None] = lambda _: None
    ) -> RunFailed:
        """Why it failed: the error that `wait` raises.

        In the cloud it is looked into once, and again as long as something could not be read.

        Args:
            snapshot: The run, failed.
            say: Told what could not be read, a sentence each.
        """
        if self._failure is not None:
            return self._failure
        missed: list[str] = []
        found = self._looked_into(snapshot, missed.append)
        for line in missed:
            say(line)
        if not missed:
            self._failure = found
        return found

    def _looked_into(self, snapshot: Snapshot, say: Callable[[str], None]) -> RunFailed:
        from vertex_flow.runs.failures import cloud_failure, local_failure

        if self.is_local:
            return local_failure(snapshot)
        try:
            return cloud_failure(snapshot, self._reached(), self._cloud_logs, say)
        except Exception as error:  # what is odd there must not hide the failure
            _log.debug("what is behind the failure of %s is odd", self.name, exc_info=True)
            say(f"what is behind the failure could not be read: {plain(repr(error))}")
            return local_failure(snapshot)

    def _cloud_logs(self, query: str, lines: int) -> str:
        from vertex_flow.runs import logs

        with self._apis() as apis:
            return logs.of_jobs(apis, query, lines=lines)

    def _apis(self) -> Apis:
        """Google's APIs, which the logs of a run in the cloud are read by."""
        if self._context is None:
            raise SettingError(
                f"run {self.job_id} was made without a context, which its logs need: "
                "Run.attach(context, name)."
            )
        return self._context.apis

    @property
    def _home(self) -> Path | None:
        """The folder of the engine that it runs in; None in the cloud."""
        if self._engine is not None:
            return self._engine.home
        return self._context.home if self._context else None

    def _reached(self) -> Client:
        """The client, of the engine that is there now: a standing one may have been restarted."""
        engine = self._engine.now() if self._engine else None
        if engine is not None and engine is not self._engine:
            self._engine = engine
            self._client = attrs.evolve(self._client, endpoint=engine.endpoint, token=engine.token)
        return self._client

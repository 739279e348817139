"""A run of a flow: how it went, and what came out of it."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from vertex_flow.context import GcpContext
from vertex_flow.errors import (
    ApiError,
    EngineError,
    RunCancelled,
    RunFailed,
    SettingError,
    nearest,
)
from vertex_flow.names import Resource
from vertex_flow.report.progress import Progress
from vertex_flow.report.snapshot import Snapshot, StageRun
from vertex_flow.report.summary import summarise

if TYPE_CHECKING:
    from vertex_flow.client import Client
    from vertex_flow.engine.joining import LocalEngine
    from vertex_flow.graph import Graph

_PAUSES = {True: 0.25, False: 10.0}  # seconds between two looks, local and cloud
_AWAY = 20.0  # how long a standing engine may be away while a run is followed, in seconds
_LOG_LINE = re.compile(r"^Log: (.+)$", re.MULTILINE)

Say = Callable[[str], None]
T = TypeVar("T")


@attrs.frozen
class RegisteredModel:
    """A version of a model in the registry.

    Attributes:
        name: `projects/…/models/ID`.
        version: Version id, `"1"` for the first.
        display_name: Name shown in the registry.
        aliases: Aliases of this version.
        uri: Where the model's files are.
    """

    name: str
    version: str
    display_name: str
    aliases: tuple[str, ...]
    uri: str


@attrs.frozen(eq=False)
class DeployedEndpoint:
    """An endpoint that serves a model.

    Attributes:
        name: `projects/…/endpoints/ID`.
        url: The URL that takes predictions, by HTTP POST with a bearer token.
    """

    name: str
    url: str
    _client: Client = attrs.field(repr=False, alias="client")

    def predict(
        self, instances: Iterable[Any], *, parameters: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Get predictions.

        Args:
            instances: One element a prediction, in the form the model takes; NumPy arrays too.
            parameters: What the model's server takes besides.

        Returns:
            One prediction an instance.

        Raises:
            ApiError: The endpoint refused the request, for example 400 for a wrong shape.
        """
        plain = [one.tolist() if hasattr(one, "tolist") else one for one in instances]
        return list(self._client.predict(self.name, plain, parameters)["predictions"])


class Run:
    """A run of a flow, local or in the cloud.

    Every property asks the endpoint again until the run has ended.

    Args:
        client: Speaks to the endpoint.
        name: Resource name of the pipeline job.
        engine: The engine on this machine that the run lives in, or None.

    Example:
        ```python
        run = flow.run()
        print(run.state, run["evaluate"].metrics, run.model.version)
        ```
    """

    def __init__(self, client: Client, name: str, engine: LocalEngine | None = None) -> None:
        self.name = name
        self._client = client
        self._engine = engine
        self._ended: Snapshot | None = None

    @classmethod
    def attach(cls, context: GcpContext, name: str) -> Run:
        """Take up a run that was started elsewhere or earlier.

        Args:
            context: Where it runs.
            name: Resource name of the pipeline job, or the last part of it.
        """
        client, engine = connect(context)
        full = name if "/" in name else f"{client.parent}/pipelineJobs/{name}"
        run = cls(client, full, engine)
        try:
            run.snapshot()
        except BaseException:
            _give_up(engine, None)
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
        if stage not in stages:
            raise SettingError(
                f"run {self.job_id} has no stage {stage!r}; it has {', '.join(stages)}."
                + nearest(stage, list(stages))
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
    def api_endpoint(self) -> str:
        """Root URL of the API that the run lives at, for Google's own clients."""
        return self._reached().endpoint

    def wait(self, *, progress: Say | None = None, timeout: float | None = None) -> Run:
        """Wait until the run has ended.

        Args:
            progress: Called with each line of progress.
            timeout: Seconds to wait at most; None for as long as it takes.

        Returns:
            This run.

        Raises:
            RunFailed: The run failed.
            RunCancelled: The run was cancelled.
            EngineError: The standing engine has stopped, and did not come back.
            TimeoutError: It has not ended in time; it goes on.
        """
        watch = Progress(progress, self._tuning_job) if progress else None
        limit = None if timeout is None else time.monotonic() + timeout
        while True:
            snapshot = self._patiently(self.snapshot, progress)
            if watch:
                self._patiently(partial(watch.update, snapshot), progress)
            if snapshot.is_over:
                _raise_for(snapshot)
                return self
            if limit is not None and time.monotonic() > limit:
                raise TimeoutError(f"{self.name} is still {snapshot.state} after {timeout} s.")
            time.sleep(_PAUSES[self._client.token is not None])

    def cancel(self) -> None:
        """Stop the run and every job behind it."""
        self._reached().cancel_pipeline_job(self.name)

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

    def __repr__(self) -> str:
        return f"Run({self.name!r})"

    def _reached(self) -> Client:
        """The client, of the engine that is there now: a standing one may have been restarted."""
        engine = self._engine.now() if self._engine else None
        if engine is not None and engine is not self._engine:
            self._engine = engine
            self._client = attrs.evolve(self._client, endpoint=engine.endpoint, token=engine.token)
        return self._client

    def _tuning_job(self, display_name: str) -> Any:
        return self._reached().tuning_job(display_name)

    def _patiently(self, ask: Callable[[], T], say: Say | None) -> T:
        """Ask, and ask again for a while when a standing engine is away."""
        deadline = None
        while True:
            try:
                return ask()
            except ApiError as error:
                engine = self._engine
                if error.status != "UNAVAILABLE" or engine is None or not engine.outlives:
                    raise
                if deadline is None:
                    deadline = time.monotonic() + _AWAY
                    _say_away(engine.home, say)
                if time.monotonic() >= deadline:
                    raise self._gone(engine.home) from error
            time.sleep(_PAUSES[True])

    def _gone(self, home: Path) -> EngineError:
        return EngineError(
            f"the standing engine of {home} has stopped, and did not come back in {_AWAY:g} s. "
            f"Start it again: vertex-flow up --home {home}. The run goes on there from where it "
            f"was: Run.attach(GcpContext.local({str(home)!r}), {self.job_id!r}).wait()."
        )

    def _resource(self, schema_title: str) -> str | None:
        names = [
            artifact.metadata.get("resourceName")
            for stage in self.stages
            for artifact in stage.artifacts.values()
            if artifact.schema_title == schema_title
        ]
        return next((str(name) for name in reversed(names) if name), None)


def start(  # noqa: PLR0913 - the options of Flow.run, passed on
    graph: Graph,
    context: GcpContext,
    *,
    params: Mapping[str, Any],
    cache: bool,
    wait: bool,
    progress: Say | None,
) -> Run:
    """Compile a graph, submit it, and follow it to its end.

    Args:
        graph: The wired stages.
        context: Where to run.
        params: Values for pipeline parameters, by name.
        cache: Whether earlier results are reused.
        wait: Whether to return only when the run has ended.
        progress: Called with each line of progress while waiting.
    """
    from vertex_flow import submission

    values = submission.parameter_values(graph, context, params)
    client, engine = connect(context)
    run = None
    try:
        job = submission.pipeline_job(graph, context, values, cache=cache)
        created = client.create_pipeline_job(_job_id(graph.name), job)
        run = Run(client, created.name, engine)
        return _followed(run, progress) if wait else run
    except EngineError:
        raise  # there is no engine any more, and the run goes on in the next one
    except BaseException:
        _give_up(engine, run)
        raise


def _say_away(home: Path, say: Say | None) -> None:
    if say:
        say(f"the standing engine of {home} does not answer; waiting {_AWAY:g} s for it")


def _give_up(engine: LocalEngine | None, run: Run | None) -> None:
    """Leave nothing running after an error, but what earlier runs of this process need."""
    if engine is None:
        return
    if not engine.shared:
        engine.close()
    elif run is not None:
        with contextlib.suppress(ApiError):  # it may have ended by itself, or the engine has
            run.cancel()


def _followed(run: Run, progress: Say | None) -> Run:
    if progress:
        progress(f"run {run.job_id}")
    return run.wait(progress=progress)


def connect(context: GcpContext) -> tuple[Client, LocalEngine | None]:
    """Reach the endpoint of a context; for this machine, join the standing engine or start one.

    Raises:
        HomeBusyError: Another program has an engine of its own in the folder.
        PortInUseError: The port asked for is taken.
        EngineError: The engine did not start, or the standing one is another than is meant.
    """
    engine = None
    if context.home is not None:
        from vertex_flow.engine.joining import join

        engine = join(context.home, port=context.port)
    from vertex_flow.client import Client

    endpoint = engine.endpoint if engine else context.endpoint
    token = engine.token if engine else None
    return Client(endpoint, context.parent, token), engine


def _job_id(name: str) -> str:
    now = datetime.now(timezone.utc)
    return f"{name}-{now:%Y%m%d%H%M%S}-{now.microsecond // 1000:03d}"


def _raise_for(snapshot: Snapshot) -> None:
    if snapshot.state == "CANCELLED":
        raise RunCancelled(f"{snapshot.name} was cancelled.")
    if snapshot.state != "FAILED":
        return
    failed = snapshot.first_failure()
    reason = failed.reason if failed else snapshot.reason
    log = _LOG_LINE.search(reason)
    raise RunFailed(
        snapshot.name,
        stage=failed.stage if failed else None,
        task=failed.task if failed else None,
        reason=reason,
        logs_uri=log.group(1) if log else None,
    )

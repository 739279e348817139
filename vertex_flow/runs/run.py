"""A run of a flow: how it went, and what came out of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from vertex_flow.context import GcpContext
from vertex_flow.errors import (
    ApiError,
    RunCancelled,
    SettingError,
)
from vertex_flow.report.progress import Progress
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs import reaching
from vertex_flow.runs.following import FAR, NEARBY, Outage, cloud_outage, engine_outage
from vertex_flow.runs.reading import Reading

if TYPE_CHECKING:
    from vertex_flow.engine.joining import LocalEngine
    from vertex_flow.runs.listing import RunEntry

Say = Callable[[str], None]
T = TypeVar("T")


class Run(Reading):
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
            raise self.why(snapshot)
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
            if say and not self.is_local:
                say(f"detached: the run goes on. To follow it again: {self._attaching}")
            raise

    @classmethod
    def list(
        cls,
        context: GcpContext,
        *,
        flow: str | None = None,
        state: str | None = None,
        limit: int = 100,
    ) -> tuple[RunEntry, ...]:
        """List the runs of a place, the newest first.

        Args:
            context: Where they are. On this machine without a standing engine, one is started for
                the time of the call.
            flow: Only those of this flow.
            state: Only those in this state, for example `"FAILED"`.
            limit: How many at most.

        Raises:
            SettingError: There is no such state, or the limit is no whole number from 1.
            ApiError: Google Cloud refused.

        Example:
            ```python
            newest = Run.list(GcpContext.local(), flow="mnist")[0]
            run = Run.attach(GcpContext.local(), newest.job_id)
            ```
        """
        from vertex_flow.runs.listing import entries

        client, engine = reaching.connect(context)
        try:
            return entries(client, flow=flow, state=state, limit=limit)
        finally:
            give_up(engine, None)

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
        if self._home:
            return logs.of_files(self._home, self.name, stage, jobs, lines=lines)
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

    @property
    def _attaching(self) -> str:
        """The line of Python that takes the run up again."""
        _, project, _, location = self._client.parent.split("/")
        context = f"GcpContext(project={project!r}, location={location!r})"
        return f"Run.attach({context}, {self.job_id!r}).wait(progress=print)"

    def _followed(self, progress: Say | None, timeout: float | None) -> Snapshot:
        """Look at the run until it has ended."""
        queued = not self.is_local
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
        return None if self.is_local else cloud_outage(self._attaching)


def give_up(engine: LocalEngine | None, run: Run | None) -> None:
    """Leave nothing running after an error, but what earlier runs of this process need."""
    if engine is None:
        return
    if not engine.shared:
        engine.close()
    elif run is not None:
        with contextlib.suppress(ApiError):  # it may have ended by itself, or the engine has
            run.cancel()

"""A run of a flow: how it went, and what came out of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from vertex_flow.context import GcpContext
from vertex_flow.errors import ApiError, EngineError, RunCancelled, SettingError
from vertex_flow.report.activity import Watch
from vertex_flow.report.showing import ProgressTo, view_of
from vertex_flow.report.snapshot import Snapshot
from vertex_flow.runs import reaching
from vertex_flow.runs.following import (
    FAR,
    NEARBY,
    Outage,
    Pace,
    check_lines,
    check_timeout,
    cloud_outage,
    engine_outage,
    rest,
)
from vertex_flow.runs.reading import Reading

if TYPE_CHECKING:
    from vertex_flow.report.view import View
    from vertex_flow.runs.boards import TensorBoard
    from vertex_flow.runs.listing import RunEntry
    from vertex_flow.runs.tailing import LogLine

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
            ApiError: There is no such run; with the nearest one.
        """
        from vertex_flow.runs import listing

        full = reaching.full_name(context, name)
        if reaching.is_empty(context):
            raise ApiError(
                404, "NOT_FOUND", f"there is no run {name!r}: {reaching.nothing(context)}"
            )
        client, engine = reaching.connect(context)
        run = cls(client, full, engine, context)
        try:
            run.snapshot()
        except BaseException as error:
            better = listing.suggest(client, run.job_id, error)
            reaching.let_go(engine)
            if better is not error:
                raise better from error
            raise
        return run

    @classmethod
    def newest(cls, context: GcpContext, *, flow: str | None = None) -> Run:
        """Take up the run that was started last.

        Args:
            context: Where it runs.
            flow: Only a run of this flow.

        Raises:
            SettingError: There is none.
            ApiError: Google Cloud refused.
        """
        from vertex_flow.runs import listing

        of = "" if flow is None else f" of flow {flow!r}"
        if reaching.is_empty(context):
            raise SettingError(f"there is no run{of}: {reaching.nothing(context)}")
        client, engine = reaching.connect(context)
        try:
            found = listing.entries(client, listing.wanted(flow=flow), 1)
            if not found:
                raise SettingError(f"there is no run{of} {reaching.where(context)}.")
        except BaseException:
            reaching.let_go(engine)
            raise
        return cls(client, found[0].name, engine, context)

    def wait(self, *, progress: ProgressTo = None, timeout: float | None = None) -> Run:
        """Wait until the run has ended.

        Ctrl-C ends the waiting. A run in the cloud goes on, and how it is followed again is said.

        Args:
            progress: `"auto"` for a table on a terminal and in a notebook that changes in its
                place, and lines elsewhere; a function that is called with each line; None for
                silence.
            timeout: Seconds to wait at most; None for as long as it takes.

        Returns:
            This run.

        Raises:
            RunFailed: The run failed; with the likely cause and the fix, where they are known.
            RunCancelled: The run was cancelled.
            SettingError: `progress` is none of these, or `timeout` no number of seconds.
            EngineError: The standing engine has stopped, and did not come back.
            ApiError: Vertex AI was away for ten minutes, or refused; the run goes on.
            TimeoutError: It has not ended in time; it goes on.
        """
        check_timeout(timeout)
        view = view_of(progress, "Run.wait")
        with self.detaching(view.say if view else None), view or contextlib.nullcontext():
            snapshot = self._followed(view, timeout)
        if snapshot.state == "CANCELLED":
            raise RunCancelled(f"{snapshot.name} was cancelled.")
        if snapshot.state == "FAILED":
            raise self.failure_of(snapshot)
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
        from vertex_flow.runs import listing

        wanted = listing.wanted(flow=flow, state=state, limit=limit)
        if reaching.is_empty(context):
            return ()
        with reaching.reached(context) as client:
            return listing.entries(client, wanted, limit)

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

        check_lines("logs", lines)
        snapshot = self.snapshot()
        stage = self._stage(snapshot, stage).name
        home = self._home
        if home is not None:
            files = logs.files_by_stage(home, snapshot, [stage])[stage]
            return logs.of_files(home, files, lines=lines)
        return self._cloud_logs(logs.query_of(self.name, snapshot.jobs(stage)), lines)

    def log_lines(
        self,
        stage: str | None = None,
        *,
        lines: int = 1000,
        follow: bool = False,
        everything: bool = False,
    ) -> Iterator[LogLine]:
        """Give what the stages print, line by line.

        Args:
            stage: Name of a stage; None for all of them.
            lines: Most lines of what is there at first, the last ones; on this machine of each log.
            follow: Whether to go on until the run has ended, with each line as it comes.
            everything: Whether what KFP's executor says around each task is given too.

        Returns:
            The lines, each with its stage; `print` shows them so.

        Raises:
            SettingError: The run has no such stage, or `lines` is no number of lines.
            ApiError: The caller may not read the logs, for example.

        Example:
            ```python
            run = flow.run(wait=False)
            for line in run.log_lines(follow=True):
                print(line)
            ```
        """
        from vertex_flow.runs import tailing

        check_lines("log_lines", lines)
        stages = () if stage is None else (self[stage].name,)
        look = partial(self._patiently, self.snapshot, None)
        source = self._home or self._apis()
        tail = tailing.open_tail(source, lines, own=stage is None, everything=everything)
        return tailing.told(tail, look, stages, self._pace.pauses(), follow=follow)

    def resume(self, *, wait: bool = True, progress: ProgressTo = "auto") -> Run:
        """Start a failed or cancelled run again, with the same spec, parameters and options.

        It is a new run, in the same experiments. What has succeeded is taken from the cache; which
        stages run again all the same, because their caching is off, is said.

        Args:
            wait: Whether to return only when the new run has ended.
            progress: Where progress is shown, as in `Flow.run`.

        Returns:
            The new run.

        Raises:
            SettingError: The run has succeeded, or has not ended.
            HomeBusyError: The engine there belongs to another program, and ends with it.
            RunFailed: The new run failed.
            RunCancelled: The new run was cancelled.
            ApiError: Google Cloud refused; with the cause and the fix where they are known.
        """
        from vertex_flow.runs import experiments, resuming

        reaching.refuse_visited(self._engine)
        view = view_of(progress, "Run.resume")
        say = view.say if view else None
        name = resuming.resume(self._reached(), self.name, say)
        run = Run(self._client, name, self._engine, self._context)
        try:
            with run.detaching(say):
                for experiment in experiments.showing(self._client, self.name):
                    experiments.show(self._client, experiment, name, say)
            return run.wait(progress=view) if wait else run
        except EngineError:
            raise  # there is no engine any more, and the run goes on in the next one
        except BaseException:
            reaching.give_up(self._engine, run)
            raise

    def tensorboard(self, *, port: int = 0) -> TensorBoard:
        """Show the logs of training and of each trial in TensorBoard.

        On this machine it is started, on 127.0.0.1, and ends by `close` or with the program; in
        the cloud its `urls` are the pages of the TensorBoard instance that the run logs to.

        Args:
            port: Port on this machine; 0 for any free one.

        Raises:
            SettingError: The run has no such logs, or no instance in the cloud; or the package
                `tensorboard` is not installed here.
            EngineError: It did not start.
        """
        from vertex_flow.runs import boards

        return boards.open_board(self._reached(), self.snapshot(), self._home, port=port)

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
    def ends_with_program(self) -> bool:
        """Whether the engine that the run lives in, with its endpoints, ends with this program."""
        return self._engine is not None and not self._engine.outlives

    @property
    def _attaching(self) -> str:
        """The line of Python that takes the run up again."""
        _, project, _, location = self._client.parent.split("/")
        context = f"GcpContext(project={project!r}, location={location!r})"
        return f"Run.attach({context}, {self.job_id!r}).wait(progress='auto')"

    @property
    def _pace(self) -> Pace:
        """How often it is looked at."""
        return NEARBY if self._client.endpoint.startswith("http://") else FAR

    def _followed(self, view: View | None, timeout: float | None) -> Snapshot:
        """Look at the run until it has ended."""
        say = view.say if view else None
        watch = self._watch()
        limit = None if timeout is None else time.monotonic() + timeout
        for pause in self._pace.pauses():
            snapshot = self._patiently(self.snapshot, say, pause)
            if view:
                view.show(self._patiently(partial(watch.look, snapshot), say, pause))
            if snapshot.is_over:
                return snapshot
            left = pause if limit is None else limit - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{self.name} is still {snapshot.state} after {timeout} s.")
            rest(min(pause, left), view.tick if view else None)
        raise AssertionError("pauses have no end")

    def _watch(self) -> Watch:
        """What works out what the run is doing, from its logs too."""
        from vertex_flow.runs import last_lines

        source = self._home or (self._context.apis if self._context is not None else None)
        is_queued = not self.is_local
        return Watch(
            self._tuning_job,
            queued=is_queued,
            page=self._page if is_queued else None,
            read_log=last_lines.reader(source) if source is not None else None,
        )

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

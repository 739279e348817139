"""A flow: a name and a list of stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vertex_flow.context import GcpContext
from vertex_flow.contract import Stage
from vertex_flow.edits import edited
from vertex_flow.errors import SettingError, nearest
from vertex_flow.graph import Graph, Step, as_steps, wire
from vertex_flow.names import check_stage_name

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from vertex_flow.cost.estimate import Estimate
    from vertex_flow.machines import MachineNeed
    from vertex_flow.prices import Prices
    from vertex_flow.runs.checking import Checked
    from vertex_flow.runs.options import RunOptions
    from vertex_flow.runs.run import Run
    from vertex_flow.schedules.schedule import Schedule


class Flow:
    """A pipeline for Vertex AI, as a list of stages.

    The stages are wired when the flow is made: an input that was left alone is filled by name
    and type from the nearest earlier stage. A flow never changes; `replace`, `without` and
    `insert_before` / `insert_after` give new ones. It knows no project, so the same compiled
    file runs on this machine and on Vertex AI.

    Args:
        name: Lower-case letters, digits and hyphens; also the default name of the registered
            model and of the endpoint.
        stages: Stages and `When`s, in order.

    Raises:
        SettingError: The name is not valid.
        WiringError: The stages do not fit together; with every fault.

    Example:
        ```python
        score = Evaluate(thresholds={"accuracy": 0.90})
        flow = Flow("mnist", [
            ImportDataset("gs://acme-ml/mnist.npz"),
            Preprocess(),
            Train(Trainer(module="trainer.task")),
            score,
            When(score.passed, [Register(), Deploy()]),
        ])
        flow.compile("mnist.yaml")
        ```
    """

    def __init__(self, name: str, stages: Sequence[Step]) -> None:
        check_stage_name(name)
        self._graph = wire(name, as_steps(stages))

    @classmethod
    def load(cls, address: str | Path | None = None) -> Flow:
        """Load a flow from a Python file.

        The file is run as `python file.py` would, but for what stands below
        `if __name__ == "__main__":`; its folder is on Python's path from then on.

        Args:
            address: `path/file.py:name`, where the name is that of a `Flow` or of a function
                without arguments that gives one; `path/file.py` alone where there is exactly one
                in it; or its name in the table `[tool.vertex_flow.flows]` of the nearest
                `pyproject.toml`. None for `flow` in `[tool.vertex_flow]`. Paths in that file are
                relative to it.

        Raises:
            SettingError: There is no such file or flow, or the file cannot be loaded; with the
                user's lines of the traceback.
            WiringError: The flow's stages do not fit together.
        """
        from vertex_flow.loading import read

        return read(cls, address)

    @property
    def name(self) -> str:
        """Name of the flow."""
        return self._graph.name

    @property
    def graph(self) -> Graph:
        """The stages in their places, with every wire."""
        return self._graph

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Every stage in order, those inside a `When` included."""
        return tuple(node.stage for node in self._graph.nodes)

    def __getitem__(self, name: str) -> Stage:
        """The stage of a name."""
        self._check_known(name)
        return next(stage for stage in self.stages if stage.name == name)

    def replace(self, name: str, stage: Stage) -> Flow:
        """Make a flow with another stage in the place of one.

        The new stage takes over the name, so that every wire to it stays.

        Args:
            name: Name of the stage to replace.
            stage: The stage that takes its place.
        """

        def named(old: Stage) -> list[Step]:
            # Anything but a stage goes on as it is: the wiring says what is wrong with it.
            return [stage.changed(name=old.name) if isinstance(stage, Stage) else stage]

        return self._changed(name, named)

    def without(self, name: str) -> Flow:
        """Make a flow that lacks a stage.

        Args:
            name: Name of the stage to leave out; a `When` that is left empty goes with it.
        """
        return self._changed(name, lambda _: [])

    def insert_before(self, name: str, *stages: Step) -> Flow:
        """Make a flow with further stages right before one, inside the same `When`."""
        return self._changed(name, lambda old: [*stages, old])

    def insert_after(self, name: str, *stages: Step) -> Flow:
        """Make a flow with further stages right after one, inside the same `When`."""
        return self._changed(name, lambda old: [old, *stages])

    def compile(self, path: str | Path) -> Path:
        """Write the PipelineSpec, which Vertex AI Pipelines and the local engine both run.

        Needs no credentials and no network; the same flow gives the same bytes.

        Args:
            path: Ends in `.yaml`, `.yml` or `.json`.

        Returns:
            The absolute path of the file.
        """
        from vertex_flow import compiler

        return compiler.write(self._graph, path)

    def machines(self, params: Mapping[str, Any] | None = None) -> tuple[MachineNeed, ...]:
        """The machines that the stages ask for, in order; those that may be left out included.

        Args:
            params: Values for pipeline parameters, by name, that machine settings depend on;
                their defaults otherwise.
        """
        return self._graph.machines({} if params is None else params)

    def estimate(
        self,
        context: GcpContext,
        *,
        params: Mapping[str, Any] | None = None,
        hours: Mapping[str, float] | None = None,
        run: Run | None = None,
        prices: str | Path | Prices | None = None,
    ) -> Estimate:
        """Say how many machine-hours a run takes, and what they cost where there are prices.

        How long a stage takes is what you say, else what it took in an earlier run, with
        tuning scaled to the number of trials. Tasks without either count six minutes each.

        Args:
            context: Where it is to run, and where its earlier runs are looked for.
            params: Values for pipeline parameters, by name.
            hours: Hours by stage: of its training job, of one trial, of the time that its model
                serves, or of its tasks.
            run: An earlier run, whose durations count; by default the last that succeeded, if the
                hours of a job are not given.
            prices: Prices an hour, or the TOML file with them; by default the file that `prices`
                under `[tool.vertex_flow]` in `pyproject.toml` names.

        Returns:
            The estimate, which prints as a table.

        Raises:
            SettingError: A parameter, a stage or a price is none.
        """
        from vertex_flow.cost import estimate

        self._check_context("estimate", context)
        return estimate.estimate(
            self._graph,
            context,
            params={} if params is None else params,
            hours={} if hours is None else hours,
            run=run,
            prices=prices,
        )

    def check(
        self, context: GcpContext | None = None, *, params: Mapping[str, Any] | None = None
    ) -> Checked:
        """Look for everything that would keep the flow from running; changes nothing.

        Parameters, the compiled pipeline, the trainers' sources, and what is sent are looked at.
        No engine is started; in the cloud it is asked whether the training image is there.

        Args:
            context: Where it is to run; this machine when None.
            params: Values for pipeline parameters, by name.

        Returns:
            Every fault; printed, a line each.
        """
        from vertex_flow.runs.checking import check

        if context is not None:
            self._check_context("check", context)
        return check(self._graph, context or GcpContext.local(), {} if params is None else params)

    def as_json(self) -> dict[str, Any]:
        """The flow as plain values: `flow`, `params`, `nodes` and `edges`."""
        from vertex_flow.wires import as_json

        return as_json(self._graph)

    def svg(self) -> str:
        """The graph as a picture: an `<svg>` element."""
        from vertex_flow.wires import svg

        return svg(self._graph)

    def run(
        self,
        context: GcpContext | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        enable_caching: bool | None = None,
        wait: bool = True,
        progress: Callable[[str], None] | None = print,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Run the flow, on this machine or on Vertex AI.

        Args:
            context: Where; this machine when None.
            params: Values for this run's pipeline parameters, by name.
            enable_caching: Whether results of earlier runs with the same code and inputs are
                reused, by every stage, also by those that say otherwise; None for as each says.
            wait: Whether to return only when the run has ended. While it waits for a run in the
                cloud, Ctrl-C ends the waiting only.
            progress: Called with each line of progress while waiting; None for silence.
            options: Further options, those of `RunOptions`: `service_account`, `labels`,
                `network`, `encryption_key`, `failure_policy`, `experiment`, `tensorboard`,
                `job_id`, `max_cost`, `hours`.

        Returns:
            The run.

        Raises:
            RunFailed: The run failed; with stage, reason, the last lines of the log, and the
                likely cause and the fix.
            RunCancelled: The run was cancelled.
            SettingError: A parameter or an option is unknown or of the wrong type.
            PreflightError: Vertex AI would refuse the run; with every fault.
            CostError: It may cost more than `max_cost`, or what it costs is not known.
            ApiError: Google Cloud refused; with the cause and the fix where they are known.
        """
        from vertex_flow.cost.limit import check_options
        from vertex_flow.runs.start import start

        if progress is not None and not callable(progress):
            raise SettingError(
                f"Flow.run(progress={progress!r}): expected a function of a line of text, such "
                "as print, or None."
            )
        if context is not None:
            self._check_context("run", context)
        where = context or GcpContext.local()
        check_options(self._graph, where, {} if params is None else params, options)
        return start(
            self._graph,
            where,
            params={} if params is None else params,
            enable_caching=enable_caching,
            wait=wait,
            progress=progress,
            options=options,
        )

    def schedule(  # noqa: PLR0913 - the options of a schedule, keyword-only
        self,
        context: GcpContext,
        cron: str,
        *,
        timezone: str | None = None,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        enable_caching: bool | None = None,
        max_concurrent: int = 1,
        max_runs: int = 0,
        start: datetime | None = None,
        end: datetime | None = None,
        **options: Unpack[RunOptions],
    ) -> Schedule:
        """Run the flow by the clock: make the schedule of that name, or change the one there is.

        Where nothing differs, nothing is sent. A schedule that is paused stays paused.

        Args:
            context: Where: Vertex AI, or this machine with a standing engine, as long as it is up.
            cron: Five fields, for example `"30 8 * * 1-5"`: minute, hour, day of month, month, day
                of week.
            timezone: Time zone in the IANA database, for example `"Europe/Berlin"`; UTC when None.
            name: Display name of the schedule; the flow's name when None.
            params: Values for the runs' pipeline parameters, by name.
            enable_caching: Whether results of earlier runs are reused, as in `run`.
            max_concurrent: Runs at the same time; what is due beyond that is left out.
            max_runs: Runs in all; 0 for no limit.
            start: No run before; without a time zone in that of the schedule, like `end`.
            end: No run after.
            options: Further options of the runs, those of `RunOptions` but `job_id`,
                `experiment`, `max_cost` and `hours`.

        Returns:
            The schedule.

        Raises:
            SettingError: The times or a parameter are wrong, or two schedules have the name.
            EngineError: The context is this machine, and no engine stands.
        """
        from vertex_flow.schedules.timing import Timing
        from vertex_flow.schedules.upserting import put

        self._check_context("schedule", context)
        timing = Timing(
            name=self.name if name is None else name,
            cron=cron,
            timezone=timezone,
            max_concurrent=max_concurrent,
            max_runs=max_runs,
            start=start,
            end=end,
        )
        return put(
            self._graph,
            context,
            timing,
            params={} if params is None else params,
            enable_caching=enable_caching,
            options=options,
        )

    def __str__(self) -> str:
        from vertex_flow.wires import lines

        return "\n".join([f"flow {self.name!r}", *lines(self._graph)])

    def __repr__(self) -> str:
        return f"Flow({self.name!r}, {[stage.name for stage in self.stages]!r})"

    def _check_context(self, method: str, context: Any) -> None:
        if not isinstance(context, GcpContext):
            raise SettingError(
                f"Flow.{method}({context!r}): expected a GcpContext: GcpContext.local(), or "
                "GcpContext(project=...)."
            )

    def _changed(self, name: str, change: Callable[[Stage], list[Step]]) -> Flow:
        self._check_known(name)
        return Flow(self.name, edited(self._graph.steps, name, change))

    def _check_known(self, name: str) -> None:
        names = [stage.name for stage in self.stages]
        if name not in names:
            raise SettingError(
                f"flow {self.name!r} has no stage {name!r}; it has {', '.join(names)}."
                + nearest(name, names)
            )

"""What a run takes before it is started: machine-hours, and money where there are prices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.cost.past import Past, earlier
from vertex_flow.errors import CostError, SettingError, nearest
from vertex_flow.expiry import seconds
from vertex_flow.machines import PIPELINE_TASK, MachineNeed, machine
from vertex_flow.prices import Prices, is_amount, read
from vertex_flow.report.table import table
from vertex_flow.runs.run import Run

if TYPE_CHECKING:
    from vertex_flow.context import GcpContext
    from vertex_flow.graph import Graph

_TASK = 0.1
_GUESS = f"{_TASK * 60:.0f} minutes a task"


@attrs.frozen(kw_only=True)
class Row:
    """Machines of one kind that a stage uses.

    Attributes:
        stage: Name of the stage.
        machine: The machine in words: `n1-standard-8 + 2 NVIDIA_TESLA_T4`.
        machines: How many at the same time, at most.
        hours: How long each is used; None where that is not known, or has no end.
        source: Where the hours are from: `given`, a run, or an assumption.
        endless: Whether it is used until somebody removes it: a model that serves.
        price: What an hour of one machine costs; None without prices.
        missing: What is not known, a line each.
    """

    stage: str
    machine: str
    machines: int
    hours: float | None
    source: str
    endless: bool = False
    price: float | None = None
    missing: tuple[str, ...] = ()

    @property
    def machine_hours(self) -> float | None:
        """Hours of all its machines; None where they are not known."""
        return None if self.hours is None else self.hours * self.machines

    @property
    def cost(self) -> float | None:
        """What they cost; None where that is not known."""
        if self.price is None or self.machine_hours is None:
            return None
        return self.price * self.machine_hours

    @property
    def an_hour(self) -> float | None:
        """What an hour of all its machines costs; None without prices."""
        return None if self.price is None else self.price * self.machines


@attrs.frozen(kw_only=True)
class Estimate:
    """What a run takes, at most: stages in a `When` count as if it held.

    Attributes:
        flow: Name of the flow.
        rows: Machines by stage.
        currency: What the prices are in; empty without prices.
    """

    flow: str
    rows: tuple[Row, ...]
    currency: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not known, a line each; empty when the whole is."""
        return tuple(dict.fromkeys(line for row in self.rows for line in row.missing))

    @property
    def endless(self) -> tuple[Row, ...]:
        """What goes on after the run, until somebody removes it."""
        return tuple(row for row in self.rows if row.endless)

    @property
    def machine_hours(self) -> float | None:
        """Machine-hours, without what is endless; None when not all are known."""
        return _total(row.machine_hours for row in self.rows if not row.endless)

    @property
    def cost(self) -> float | None:
        """What the run costs, without what is endless; None when that is not known."""
        if self.missing:
            return None
        return _total(row.cost for row in self.rows if not row.endless)

    def as_json(self) -> dict[str, Any]:
        """The estimate as plain values for `json.dumps`."""
        rows = [
            {**attrs.asdict(row), "machine_hours": row.machine_hours, "cost": row.cost}
            for row in self.rows
        ]
        return {
            "flow": self.flow,
            "machine_hours": self.machine_hours,
            "cost": self.cost,
            "currency": self.currency,
            "missing": list(self.missing),
            "rows": rows,
        }

    def __str__(self) -> str:
        money = [f"{self.currency}"] if self.currency else []
        header = ["stage", "machines", "hours", "machine-hours", *money, "hours from"]
        shown = [
            [
                row.stage,
                f"{row.machines} {row.machine}",
                "no end" if row.endless else _number(row.hours),
                "" if row.endless else _number(row.machine_hours),
                *["" if row.endless else _number(row.cost)][: len(money)],
                row.source,
            ]
            for row in self.rows
        ]
        total = [_number(self.machine_hours), *[_number(self.cost)][: len(money)]]
        shown.append(["total", "", "", *total, ""])
        columns = table(header, shown, flexible=(1, 0, -1), right={2, 3, 4} if money else {2, 3})
        return "\n".join([columns, *self._notes()])

    def _notes(self) -> Iterator[str]:
        for row in self.endless:
            price = f", {row.an_hour:.2f} {self.currency} an hour" if row.an_hour else ""
            yield f"{row.stage} serves on: {row.machines} {row.machine}{price}"
        for line in self.missing:
            yield f"not known: {line}"


def estimate(  # noqa: PLR0913 - the options of Flow.estimate, passed on
    graph: Graph,
    context: GcpContext,
    *,
    params: Mapping[str, Any],
    hours: Mapping[str, float],
    run: Run | None,
    prices: Prices | str | Path | None,
) -> Estimate:
    """Say what a run of a graph takes.

    Args:
        graph: The wired stages.
        context: Where it is to run, and where its earlier runs are looked for.
        params: Values for pipeline parameters, by name.
        hours: Hours by stage: of a training job, of one trial, of serving, or of all tasks.
        run: An earlier run whose durations count; when None, the last that succeeded, if hours
            of a job are not given.
        prices: Prices, or their file; by default the one that `pyproject.toml` names.
    """
    check_hours(graph, hours)
    if not isinstance(run, (Run, type(None))):
        raise SettingError(f"estimate(run={run!r}): expected a Run: Run.attach(context, name).")
    needs = graph.machines(params)
    known = prices if isinstance(prices, Prices) else read(prices)
    tasks = _tasks(graph)
    jobs = {need.stage for need in needs if need.purpose != "serving"}
    runs = [run.snapshot()] if run is not None else []
    past = Past(graph, iter(runs) if runs or jobs <= {*hours} else earlier(graph, context))
    rows = []
    for node in graph.nodes:
        own = [need for need in needs if need.stage == node.name]
        rows += [_priced(_job_row(need, hours, past), need, known) for need in own]
        if tasks[node.name]:
            row = _task_row(node.name, tasks[node.name], own, hours, past)
            rows.append(_priced(row, _task_need(node.name), known))
    return Estimate(
        flow=graph.name, rows=tuple(rows), currency=known.currency if known is not None else ""
    )


def check_cost(  # noqa: PLR0913 - what a run is told, passed on
    graph: Graph,
    context: GcpContext,
    params: Mapping[str, Any],
    max_cost: float,
    *,
    hours: Mapping[str, float] | None = None,
    prices: Prices | str | Path | None = None,
) -> Estimate | None:
    """Refuse a run that may cost more than it is allowed to, before anything is sent.

    Args:
        graph: The wired stages.
        context: Where it is to run.
        params: Values for pipeline parameters, by name.
        max_cost: What it may cost, in the currency of the prices.
        hours: As in `estimate`.
        prices: As in `estimate`.

    Returns:
        The estimate, which is within the limit; None for this machine, which costs nothing.

    Raises:
        CostError: It may cost more, or what it costs is not known.
        SettingError: The limit, the prices or the hours are none.
    """
    if not is_amount(max_cost):
        raise SettingError(f"run(max_cost={max_cost!r}): expected a number of 0 or more.")
    if context.is_local:
        return None
    found = estimate(graph, context, params=params, hours=hours or {}, run=None, prices=prices)
    unknown = [*found.missing, *map(_without_end, found.endless)]
    if not found.currency:
        unknown = [
            "there are no prices: name a file in pyproject.toml, under [tool.vertex_flow]: "
            "prices = 'prices.toml'",
            *unknown,
        ]
    cost = found.cost
    if unknown or cost is None:
        lines = "\n".join(f"  {line}" for line in unknown)
        raise CostError(
            f"flow {graph.name!r} was not started: what it costs is not known, and "
            f"max_cost={max_cost:g}.\n{lines}",
            cost=None,
            max_cost=max_cost,
        )
    if cost > max_cost:
        raise CostError(
            f"flow {graph.name!r} was not started: it may cost {cost:.2f} {found.currency}, and "
            f"max_cost={max_cost:g}.\n{found}",
            cost=cost,
            max_cost=max_cost,
        )
    return found


def _without_end(row: Row) -> str:
    return (
        f"{row.stage}: the model serves without an end. Give one: Deploy(expires='8h'); or count "
        f"some hours: hours={{{row.stage!r}: 24}}."
    )


def _tasks(graph: Graph) -> dict[str, int]:
    """Count the tasks of each stage that run in a container."""
    from vertex_flow import compiler

    spec = compiler.build(graph).pipeline_spec
    executors = spec.deployment_spec["executors"]

    def count(component: Any) -> int:
        if component.WhichOneof("implementation") == "executor_label":
            return int("container" in executors[component.executor_label])
        tasks = component.dag.tasks.values()
        return sum(count(spec.components[task.component_ref.name]) for task in tasks)

    def stages(component: Any) -> Iterator[tuple[str, int]]:
        for name, task in component.dag.tasks.items():
            inner = spec.components[task.component_ref.name]
            if task.trigger_policy.condition:
                yield from stages(inner)
            else:
                yield name, count(inner)

    return dict(stages(spec.root))


def _job_row(need: MachineNeed, hours: Mapping[str, float], past: Past) -> Row:
    """The machines of a stage's job, or of its model."""
    used, source, endless, missing = _used(need, hours, past)
    return Row(
        stage=need.stage,
        machine=need.machine,
        machines=need.replicas,
        hours=used,
        source=source,
        endless=endless,
        missing=(*missing, *map(partial(_unknown, need.stage), need.unknown)),
    )


def _unknown(stage: str, setting: str) -> str:
    return f"{stage}: its {setting} is a port, which only the running pipeline knows"


def _used(
    need: MachineNeed, hours: Mapping[str, float], past: Past
) -> tuple[float | None, str, bool, tuple[str, ...]]:
    """How long machines are used, from where that is known, whether it ends, what is missing."""
    if need.stage in hours:
        return hours[need.stage] * need.rounds, "given", False, ()
    if need.purpose == "serving":
        if need.lifetime:
            return _lifetime(need), "expires", False, ()
        return None, "", "lifetime" not in need.unknown, ()
    found = past.hours(need, need.stage)
    if found is not None:
        return *found, False, ()
    missing = f"{need.stage}: no earlier run says how long it takes: hours={{{need.stage!r}: 1.5}}"
    return None, "", False, (missing,)


def _lifetime(need: MachineNeed) -> float:
    """Hours until a model may go."""
    try:
        return seconds(need.lifetime) / 3600
    except ValueError as error:
        raise SettingError(f"stage {need.stage!r}: {error}") from error


def _task_row(
    stage: str, count: int, needs: list[MachineNeed], hours: Mapping[str, float], past: Past
) -> Row:
    """The machines of a stage's own tasks; one of them waits for its job."""
    job = [one for one in needs if one.purpose != "serving"]
    if stage in hours and (job or not needs):
        used = hours[stage] * (job[0].rounds if job else 1.0)
        time, source = used + (count * _TASK if job else 0.0), "given"
    else:
        found = past.hours(job[0] if job else None, stage)
        time, source = found or (count * _TASK, _GUESS)
    return Row(stage=stage, machine=PIPELINE_TASK, machines=1, hours=time, source=source)


def _task_need(stage: str) -> MachineNeed:
    return MachineNeed(stage=stage, purpose="task", machine_type=PIPELINE_TASK)


def _priced(row: Row, need: MachineNeed, prices: Prices | None) -> Row:
    if prices is None or "machine_type" in need.unknown:
        return row
    found = machine(need.machine_type)
    comes_with_it = bool(found and found.accelerator_type)
    kind = "" if comes_with_it else need.accelerator_type
    price, missing = prices.an_hour(need.machine_type, kind, need.accelerator_count)
    if missing:
        lines = [f"{name} has no price in {prices.source or 'the prices'}" for name in missing]
        return attrs.evolve(row, missing=(*row.missing, *lines))
    return attrs.evolve(row, price=price)


def check_hours(graph: Graph, hours: Mapping[str, float]) -> None:
    """Refuse hours by stage that are none, or of a stage that there is not."""
    if not isinstance(hours, Mapping):
        raise SettingError(
            f"estimate(hours={hours!r}): expected hours by stage, for example {{'train': 1.5}}."
        )
    names = [node.name for node in graph.nodes]
    for stage, value in hours.items():
        if stage not in names:
            raise SettingError(
                f"estimate(hours={{{stage!r}: ...}}): flow {graph.name!r} has no stage {stage!r}; "
                f"it has {', '.join(names)}.{nearest(stage, names)}"
            )
        if not is_amount(value):
            raise SettingError(
                f"estimate(hours={{{stage!r}: {value!r}}}): expected a number of 0 or more."
            )


def _total(values: Iterable[float | None]) -> float | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if len(known) == len(found) else None


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}"

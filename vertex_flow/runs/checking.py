"""What would keep a flow from running, looked for without doing anything."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import attrs

from vertex_flow import compiler
from vertex_flow.context import GcpContext
from vertex_flow.errors import SettingError, VertexFlowError, WiringError
from vertex_flow.graph import Graph
from vertex_flow.modules import files_of, folder_of, is_installed
from vertex_flow.ports import check_param, check_params
from vertex_flow.runs import preflight, submission
from vertex_flow.runs.options import Settled, settle
from vertex_flow.runs.sending import fresh_id
from vertex_flow.texts import counted, plain
from vertex_flow.training import TRAINING_IMAGE, Trainer

T = TypeVar("T")


@attrs.frozen
class Fault:
    """Something that keeps a flow from running.

    Attributes:
        about: What it is about: `wiring`, `parameter`, `stage`, `trainer`, `place` or `run`.
        text: What is wrong, what is expected, and the fix.
    """

    about: str
    text: str


@attrs.frozen
class Checked:
    """What a check has found; printed, a line for each fault.

    Attributes:
        flow: Name of the flow.
        place: Where it is to run, in words.
        faults: Everything that was found.
    """

    flow: str
    place: str
    faults: tuple[Fault, ...] = ()

    @classmethod
    def miswired(cls, error: WiringError, context: GcpContext) -> Checked:
        """What is found of a flow that cannot be made.

        Args:
            error: What making it has raised.
            context: Where it was to run.
        """
        faults = tuple(Fault("wiring", text) for text in error.faults)
        return cls(error.flow, _place(context), faults)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.faults

    @property
    def exit_code(self) -> int:
        """0 when nothing was found, else 1."""
        return 0 if self.ok else 1

    def with_faults(self, about: str, *texts: str) -> Checked:
        """Make one with further faults, before the others."""
        more = tuple(Fault(about, text) for text in texts)
        return attrs.evolve(self, faults=(*more, *self.faults))

    def as_json(self) -> dict[str, Any]:
        """What was found, as plain values."""
        return {"ok": self.ok, **attrs.asdict(self)}

    def __str__(self) -> str:
        if self.ok:
            return f"nothing is wrong with flow {self.flow!r}, for {self.place}"
        count = counted(len(self.faults), "fault")
        lines = [f"{count} in flow {plain(self.flow)!r}, for {self.place}"]
        for fault in self.faults:
            first, *rest = map(plain, fault.text.splitlines() or [""])
            lines += [f"  {first}", *(f"  {line}" for line in rest)]
        return "\n".join(lines)


def check(graph: Graph, context: GcpContext, params: Mapping[str, Any]) -> Checked:
    """Look for everything that would keep a flow from running.

    Args:
        graph: The wired stages.
        context: Where it is to run.
        params: Values for pipeline parameters, by name.
    """
    if not isinstance(params, Mapping):
        check_params(graph.name, graph.params, params)  # says what is expected
    good, faults = _parameters(graph, params)
    named = good.get(TRAINING_IMAGE.name) or (context.named_training_image and not context.is_local)
    untrained = [] if named else list(_trainers(graph))
    faults += untrained
    settled = _attempt(faults, "place", lambda: settle(context, {}))
    if settled is None:
        _attempt(faults, "stage", lambda: compiler.build(graph))
    else:
        faults += _message(graph, context, good, settled, untrained=bool(untrained))
    return Checked(graph.name, _place(context), tuple(faults))


def _place(context: GcpContext) -> str:
    if context.is_local:
        return "this machine"
    try:
        return f"project {context.project}, {context.location}"
    except VertexFlowError:
        return f"a project in {context.location}"


def _parameters(graph: Graph, params: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The values that are right, and a fault for each other one."""
    good: dict[str, Any] = {}
    faults = []
    for name, value in params.items():
        try:
            check_param(graph.name, graph.params, name, value)
            good[name] = value
        except SettingError as error:
            faults.append(Fault("parameter", str(error)))
    return good, faults


def _trainers(graph: Graph) -> Iterator[Fault]:
    """Faults of the trainers' sources: they are not there, or no Python."""
    seen: set[tuple[str, str]] = set()
    for trainer in submission.trainers(graph):
        if (trainer.module, trainer.source) not in seen:
            seen.add((trainer.module, trainer.source))
            yield from (Fault("trainer", text) for text in _sources(trainer))


def _sources(trainer: Trainer) -> Iterator[str]:
    try:
        folder = folder_of(trainer.module, trainer.source)
    except SettingError as error:
        yield str(error)
        return
    if is_installed(folder):
        return
    for file in files_of(folder, trainer.module.partition(".")[0]):
        if file.suffix != ".py":
            continue
        try:
            ast.parse(file.read_bytes())
        except SyntaxError as error:
            yield f"{file}, line {error.lineno}: {error.msg}"
        except (OSError, ValueError) as error:
            yield f"{file}: {error}"


def _message(
    graph: Graph,
    context: GcpContext,
    params: Mapping[str, Any],
    settled: Settled,
    *,
    untrained: bool,
) -> list[Fault]:
    """Faults of the message that a run is started with, as far as it can be made."""
    faults: list[Fault] = []
    values: Any = None
    if not untrained:
        values = _attempt(
            faults,
            "place",
            lambda: submission.parameter_values(graph, context, params, settled),
        )
    given = params if values is None else values
    job = _attempt(
        faults,
        "stage",
        lambda: submission.pipeline_job(graph, context, given, options=settled),
    )
    if job is not None:
        found = preflight.faults(fresh_id(graph.name), job, context, settled, secrets=True)
        faults += [Fault("run", text) for text in found]
    return faults


def _attempt(faults: list[Fault], about: str, make: Callable[[], T]) -> T | None:
    """Make something, or note what is in the way."""
    try:
        return make()
    except VertexFlowError as error:
        faults.append(Fault(about, str(error)))
    except Exception as error:  # emit is the user's code
        faults.append(Fault(about, f"cannot be compiled: {type(error).__name__}: {error}"))
    return None

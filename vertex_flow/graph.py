"""Places stages, finds the source of each input, checks types: pure, without kfp."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import attrs

from vertex_flow.contract import Stage
from vertex_flow.errors import SettingError, WiringError, nearest
from vertex_flow.machines import MachineNeed
from vertex_flow.ports import (
    Condition,
    Param,
    Port,
    article,
    check_params,
    fits,
    is_artifact,
    is_constant_of,
    references,
    value_of,
)


def _as_condition(condition: Any) -> Any:
    if isinstance(condition, (Port, Param)):
        if condition.type is not bool:
            raise SettingError(
                f"When({condition}, ...): it is {article(condition.type)}, not a bool. Compare "
                f"it: When({condition} >= ..., [...])."
            )
        return Condition(condition, "==", True)
    if not isinstance(condition, Condition):
        raise SettingError(
            f"When({condition!r}, ...): expected a bool port such as score.passed, or a "
            "comparison such as score.accuracy >= 0.9."
        )
    return condition


def as_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Freeze the stages of a flow or a `When`.

    Raises:
        SettingError: It is no list, for example a stage alone.
    """
    if isinstance(steps, str) or not isinstance(steps, Iterable):
        shown = f"{type(steps).__name__}(...)" if isinstance(steps, (Stage, When)) else repr(steps)
        raise SettingError(f"{shown} stands alone where a list of stages is expected: [{shown}].")
    return tuple(steps)


@attrs.frozen(eq=False)
class When:
    """Stages that only run when a condition holds.

    Attributes:
        condition: A bool port or parameter, or a comparison: `score.accuracy >= 0.9`.
        stages: Stages, and further `When`s.

    Raises:
        SettingError: The condition is neither.

    Example:
        ```python
        When(score.passed, [Register(), Deploy()])
        ```
    """

    condition: Condition = attrs.field(converter=_as_condition)
    stages: Sequence[Step] = attrs.field(converter=as_steps)


Step = Stage | When


@attrs.frozen(eq=False)
class Node:
    """A stage in its place.

    Attributes:
        stage: The stage.
        scope: The `When`s around it, outermost first.
        sources: Input → the port that fills it; an optional input that nothing fills is absent.
    """

    stage: Stage
    scope: tuple[When, ...]
    sources: Mapping[str, Port[Any]]

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.stage.name


@attrs.frozen(eq=False)
class Graph:
    """A flow that is wired without a fault.

    Attributes:
        name: Name of the flow.
        steps: The stages and `When`s as the user gave them.
        nodes: Every stage, in order.
        params: Every pipeline parameter, by name.
    """

    name: str
    steps: tuple[Step, ...]
    nodes: tuple[Node, ...]
    params: Mapping[str, Param[Any]]

    def machines(self, params: Mapping[str, Any]) -> tuple[MachineNeed, ...]:
        """The machines that the stages ask for, in order.

        Args:
            params: Values of pipeline parameters, by name; the others have their defaults.

        Raises:
            SettingError: A parameter is unknown or of another type.
        """
        check_params(self.name, self.params, params)
        known = partial(value_of, params=params)
        return tuple(need for node in self.nodes for need in node.stage.machines(known))


def place(steps: Iterable[Any], scope: tuple[When, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Walk over steps in order, with the `When`s around each; a `When` comes before its stages."""
    for step in steps:
        yield step, scope
        if isinstance(step, When):
            yield from place(step.stages, (*scope, step))


def wire(name: str, steps: Sequence[Any]) -> Graph:
    """Connect the stages of a flow and check all of it.

    Args:
        name: Name of the flow.
        steps: Stages and `When`s.

    Raises:
        WiringError: With every fault that was found.
    """
    faults = _misplaced(name, steps)
    if faults:
        raise WiringError(name, faults)
    wiring = _Wiring()
    for step, scope in place(steps):
        if isinstance(step, When):
            wiring.check_condition(step, scope)
        else:
            wiring.add(step, scope)
    wiring.check_after()
    if wiring.faults:
        raise WiringError(name, wiring.faults)
    return Graph(name, tuple(steps), tuple(wiring.nodes), wiring.params)


def _misplaced(name: str, steps: Sequence[Any]) -> list[str]:
    """Faults that keep the rest from making sense: no stages, no stage at all, two of a name."""
    faults, seen = [], set()
    for step, _ in place(steps):
        if isinstance(step, When):
            if not step.stages:
                faults.append(f"When({step.condition}, []) has no stages.")
        elif not isinstance(step, Stage):
            faults.append(_not_a_stage(step))
        elif step.name in seen:
            cls = type(step).__name__
            faults.append(
                f"two stages are named {step.name!r}. Give one a name of its own: "
                f"{cls}(name='{step.name}-2', ...)."
            )
        else:
            seen.add(step.name)
    if not steps:
        faults.append(f"it has no stages. Give at least one: Flow({name!r}, [Train(...)]).")
    return faults


def _not_a_stage(step: Any) -> str:
    if inspect.isclass(step):
        return f"{step.__name__} is a class, not a stage. Write {step.__name__}(...)."
    return f"{step!r} is not a stage. A flow is a list of Stage and When objects."


class _Wiring:
    """The state of one pass over the steps: what is offered so far, and what is wrong."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.params: dict[str, Param[Any]] = {}
        self.faults: list[str] = []
        self._scopes: dict[str, tuple[When, ...]] = {}
        self._ports: dict[str, Mapping[str, Port[Any]]] = {}

    def add(self, stage: Stage, scope: tuple[When, ...]) -> None:
        """Wire one stage to those before it."""
        sources = {}
        for name, kind in stage.inputs_declared.items():
            port = self._source(stage, name, kind, scope)
            if port is not None:
                sources[name] = port
        for field, setting in stage.settings.items():
            self._check_setting(stage, field, setting, scope)
        self.nodes.append(Node(stage, scope, sources))
        self._scopes[stage.name] = scope
        self._ports[stage.name] = stage.ports

    def check_condition(self, when: When, scope: tuple[When, ...]) -> None:
        """Check both sides of a comparison."""
        for side in (when.condition.left, when.condition.right):
            if isinstance(side, Param):
                self._add_param(side)
            elif isinstance(side, Port):
                self._check_port(f"When({when.condition})", side, scope)

    def check_after(self) -> None:
        """Check the order that is given by name."""
        position = {node.name: index for index, node in enumerate(self.nodes)}
        for index, node in enumerate(self.nodes):
            for name in node.stage.after:
                if name not in position:
                    hint = nearest(name, list(position))
                    self.faults.append(f"{node.name}.after: there is no stage {name!r}.{hint}")
                elif position[name] >= index:
                    self.faults.append(
                        f"{node.name}.after: stage {name!r} does not come before it. "
                        "Move it up in the list."
                    )
                elif not _encloses(self._scopes[name], node.scope):
                    self.faults.append(_other_branch(f"{node.name}.after", name))

    def _source(
        self, stage: Stage, name: str, kind: type, scope: tuple[When, ...]
    ) -> Port[Any] | None:
        given = getattr(stage, name)
        where = f"{stage.name}.{name}"
        if isinstance(given, Port):
            return self._check_given(where, given, kind, scope)
        if isinstance(given, Param) or not hasattr(given, "optional"):
            self.faults.append(
                f"{where} is an input, and {given!r} is no port. "
                "Pass the output of a stage, or leave it out."
            )
            return None
        found = self._nearest_offer(name, kind, scope)
        if found is None and not given.optional:
            self.faults.append(self._missing(stage, name, kind, scope))
        return found

    def _check_given(
        self, where: str, port: Port[Any], kind: type, scope: tuple[When, ...]
    ) -> Port[Any] | None:
        if not self._check_port(where, port, scope):
            return None
        offered = self._ports[port.stage][port.name].type
        if fits(offered, kind):
            return port
        self.faults.append(
            f"{where} needs {article(kind)}, and {port} is {article(offered)}."
            + self._suggest(kind, scope)
        )
        return None

    def _check_port(self, where: str, port: Port[Any], scope: tuple[When, ...]) -> bool:
        """Whether a port that was passed by hand exists, before and where it is used."""
        if port.stage not in self._ports:
            hint = nearest(port.stage, list(self._ports))
            self.faults.append(
                f"{where} is fed from {port}, and no earlier stage is named {port.stage!r}.{hint} "
                f"Put that stage into the list, before the one that uses it."
            )
        elif port.name not in self._ports[port.stage]:
            offers = self._ports[port.stage]
            self.faults.append(
                f"{where} is fed from {port}, and {port.stage!r} has no such output; it has "
                f"{', '.join(offers) or 'none'}.{nearest(port.name, list(offers))}"
            )
        elif not _encloses(self._scopes[port.stage], scope):
            self.faults.append(_other_branch(where, str(port)))
        else:
            return True
        return False

    def _check_setting(
        self, stage: Stage, field: str, setting: Any, scope: tuple[When, ...]
    ) -> None:
        where = f"{stage.name}.{field}"
        constant = field in stage.constants_declared
        for source in references(setting):
            if constant:
                self.faults.append(
                    f"{where} is written into the compiled pipeline and takes a constant, and "
                    f"{source} is only known while the pipeline runs."
                )
            elif isinstance(source, Param):
                self._add_param(source)
            elif self._check_port(where, source, scope) and is_artifact(source.type):
                self.faults.append(
                    f"{where} holds {source}, which is {article(source.type)}. A setting takes "
                    "a parameter (str, int, float, bool, list, dict), not an artifact."
                )
        self._check_value(where, setting, stage.values_declared.get(field))

    def _check_value(self, where: str, setting: Any, wanted: type | None) -> None:
        """Check the type of a `Value[...]`."""
        if wanted is None or setting is None:
            return
        if not isinstance(setting, (Port, Param)):
            if not is_constant_of(setting, wanted):
                kind = article(type(setting))
                self.faults.append(f"{where} needs {article(wanted)}, and {setting!r} is {kind}.")
        elif not fits(setting.type, wanted) and not is_artifact(setting.type):
            hint = " Give it a float." if (setting.type, wanted) == (int, float) else ""
            self.faults.append(
                f"{where} needs {article(wanted)}, and {setting} is {article(setting.type)}.{hint}"
            )

    def _add_param(self, param: Param[Any]) -> None:
        known = self.params.setdefault(param.name, param)
        if known != param:
            self.faults.append(
                f"the parameter {param.name!r} stands with two defaults, {known.default!r} and "
                f"{param.default!r}. Create one Param and use it in both places."
            )

    def _offers(self, scope: tuple[When, ...]) -> Iterator[Port[Any]]:
        """Every output that a stage in this scope may use, the nearest last."""
        for name, ports in self._ports.items():
            if _encloses(self._scopes[name], scope):
                yield from ports.values()

    def _nearest_offer(self, name: str, kind: type, scope: tuple[When, ...]) -> Port[Any] | None:
        matches = [p for p in self._offers(scope) if p.name == name and fits(p.type, kind)]
        return matches[-1] if matches else None

    def _missing(self, stage: Stage, name: str, kind: type, scope: tuple[When, ...]) -> str:
        offers = list(self._offers(scope))
        listed = ", ".join(f"{port} ({port.type.__name__})" for port in offers) or "nothing"
        cls = type(stage).__name__
        close = nearest(name, [port.name for port in offers if fits(port.type, kind)])
        makers = _makers(name, kind)
        put = f"Put a {' or '.join(makers)} before it, or pass one" if makers else "Pass one"
        return (
            f"{stage.name}.{name} needs {article(kind)}, and no earlier stage offers {name!r}."
            f"{close}\n"
            f"  Offered so far: {listed}.\n"
            f"  {put}: {cls}({name}=...)."
        )

    def _suggest(self, kind: type, scope: tuple[When, ...]) -> str:
        fitting = [str(port) for port in self._offers(scope) if fits(port.type, kind)]
        return f" These would fit: {', '.join(fitting)}." if fitting else ""


def _encloses(outer: tuple[When, ...], inner: tuple[When, ...]) -> bool:
    """Whether what runs in one scope has always run where the other one is."""
    return inner[: len(outer)] == outer


def _other_branch(where: str, what: str) -> str:
    return (
        f"{where} uses {what}, which only runs when a condition holds, outside of that When. "
        "Move the stage into the same When."
    )


def _makers(name: str, kind: type) -> list[str]:
    """Calls of the known stage classes that offer such an output, for an error."""
    found, queue = [], list(Stage.__subclasses__())
    while queue:
        cls = queue.pop(0)
        queue.extend(cls.__subclasses__())
        out: Any = getattr(cls, name, None)
        decorated = "__attrs_attrs__" in cls.__dict__
        public = cls.__module__.startswith("vertex_flow.stages.")
        if decorated and public and hasattr(out, "type") and fits(out.type, kind):
            found.append(f"{cls.__name__}(...)")
    return sorted(set(found))

"""What a compiled pipeline consists of: its stages, their tasks, and where inputs come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

from vertex_flow.report.structs import mapping

OWN_INPUT = re.compile(r"\{\{\$\.inputs\.parameters\['([^']*)'\]\}\}")
"""A placeholder that stands for an input of the task itself."""

OPERAND = re.compile(r"inputs\.parameter_values\['([^']*)'\]")
"""What a condition looks at: an input of its task."""

CHANNEL = "pipelinechannel--"
"""What KFP puts before the names of the inputs that it makes."""

_ROUND = re.compile(r"-\d+$")  # a round of a loop is named after the loop

TaskPath = tuple[str, ...]


@attrs.frozen
class Constant:
    """A value that is written in the spec.

    Attributes:
        value: The value; its texts may hold placeholders.
        uses: Where the inputs come from that its placeholders name.
    """

    value: Any
    uses: Mapping[str, Source] = attrs.field(factory=dict)


@attrs.frozen
class Given:
    """A parameter, or an artifact, of the pipeline.

    Attributes:
        name: Its name.
    """

    name: str


@attrs.frozen
class Made:
    """An output of a task.

    Attributes:
        task: Path of the task.
        key: Name of the output.
    """

    task: TaskPath
    key: str


@attrs.frozen
class Unclear:
    """Something that only the run tells: an item of a loop, one of several tasks."""


Source = Constant | Given | Made | Unclear


@attrs.frozen
class Leaf:
    """A task that is no graph: code that runs.

    Attributes:
        stage: Name of the stage that it is in.
        path: Names of the tasks that it is in, and its own.
        task: Its `PipelineTaskSpec`.
        component: Its `ComponentSpec`.
        executor: Its `ExecutorSpec`.
    """

    stage: str
    path: TaskPath
    task: Mapping[str, Any]
    component: Mapping[str, Any]
    executor: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1]

    @property
    def container(self) -> Mapping[str, Any]:
        """What is started for it; empty for what is no container."""
        return mapping(self.executor.get("container"))

    @property
    def is_importer(self) -> bool:
        """Whether it only notes where an artifact is."""
        return "importer" in self.executor

    @property
    def is_cached(self) -> bool:
        """Whether its spec allows for earlier results."""
        return bool(mapping(self.task.get("cachingOptions")).get("enableCache"))


class Blueprint:
    """A compiled pipeline, read for what it consists of.

    What does not look like a pipeline is left out: a foreign spec may hold anything.

    Args:
        spec: The `PipelineSpec` as plain values.
    """

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec = spec
        self._components = mapping(spec.get("components"))
        deployment = mapping(spec.get("deploymentSpec"))
        self._executors = mapping(deployment.get("executors"))

    @property
    def pipeline(self) -> str:
        """The pipeline's name, which runs must share to share results."""
        return str(mapping(self._spec.get("pipelineInfo")).get("name", ""))

    @property
    def sdk(self) -> str:
        """What it was compiled by, for example `kfp-2.17.0`."""
        return str(self._spec.get("sdkVersion", ""))

    @property
    def given(self) -> Mapping[str, Any]:
        """Definition of each parameter of the pipeline."""
        root = mapping(self._spec.get("root"))
        return mapping(mapping(root.get("inputDefinitions")).get("parameters"))

    @cached_property
    def stages(self) -> Mapping[str, TaskPath]:
        """Path of each stage: the tasks of the root and of the conditions below it."""
        return dict(self._stages_in(self._spec.get("root"), ()))

    @cached_property
    def leaves(self) -> Mapping[TaskPath, Leaf]:
        """The tasks that are no graphs, by their paths."""
        return {
            leaf.path: leaf for name, path in self.stages.items() for leaf in self._in(name, path)
        }

    def leaves_of(self, stage: str) -> tuple[Leaf, ...]:
        """The tasks of a stage that are no graphs."""
        return tuple(leaf for leaf in self.leaves.values() if leaf.stage == stage)

    def is_cached(self, stage: str) -> bool:
        """Tell whether every task of a stage may be taken from an earlier run."""
        return all(leaf.is_cached for leaf in self.leaves_of(stage))

    @cached_property
    def conditions(self) -> Mapping[str, str]:
        """What each stage hangs on that is in a condition, as the spec says it."""
        found = {}
        for name, path in self.stages.items():
            levels = [self.task(path[: depth + 1]) for depth in range(len(path) - 1)]
            if levels:
                found[name] = " and ".join(map(condition_of, levels))
        return found

    def path_of(self, names: TaskPath) -> TaskPath:
        """Give the path in the spec of a task of a run, whose loops have numbered rounds."""
        found: TaskPath = ()
        for name in names:
            known, loop = tasks_of(self.component(found)), _ROUND.sub("", name)
            if name in known or loop in known:
                found = (*found, name if name in known else loop)
            elif (loop,) != found[-1:]:  # a round may stand below its loop, or in its place
                found = (*found, name)
        return found

    def task(self, path: TaskPath) -> Mapping[str, Any]:
        """Give the `PipelineTaskSpec` at a path; empty where there is none."""
        if not path:
            return {}
        return mapping(tasks_of(self.component(path[:-1])).get(path[-1]))

    def sources(self, leaf: Leaf) -> Mapping[str, Source]:
        """Tell where the inputs of a task come from, the defaults of its component included."""
        inputs = mapping(leaf.task.get("inputs"))
        declared = mapping(mapping(leaf.component.get("inputDefinitions")).get("parameters"))
        found: dict[str, Source] = {
            name: Constant(one["defaultValue"])
            for name, one in declared.items()
            if "defaultValue" in mapping(one)
        }
        for kind in ("parameters", "artifacts"):
            for name in mapping(inputs.get(kind)):
                if kind == "artifacts" or name in declared:
                    found[name] = self.source(leaf.path, kind, name)
        return found

    def source(self, path: TaskPath, kind: str, name: str) -> Source:
        """Tell where an input of a task comes from.

        Args:
            path: Path of the task.
            kind: `parameters` or `artifacts`.
            name: Name of the input.
        """
        written = self._written(path, kind, name)
        if "parameterExpressionSelector" in written:
            return Unclear()
        outer, made = _outer_input(written), _producer(path, written)
        if outer:
            return self._outer(path, kind, outer)
        if made:
            return self._made(made.task, kind, made.key)
        runtime = mapping(written.get("runtimeValue"))
        if "constant" in runtime:
            return self._constant(path, runtime["constant"])
        return Unclear()

    def wire(self, path: TaskPath, kind: str, name: str) -> Given | Made | None:
        """Tell what an input of a task is wired to, be it the whole or a part that it takes.

        Args:
            path: Path of the task.
            kind: `parameters` or `artifacts`.
            name: Name of the input.

        Returns:
            A parameter of the pipeline; or an output, of the task that stands beside this one or
            beside a graph that this one is in, which may be a graph itself; None for a constant.
        """
        written = self._written(path, kind, name)
        outer = _outer_input(written)
        if not outer:
            return _producer(path, written)
        return self.wire(path[:-1], kind, outer) if path[:-1] else Given(outer)

    def _written(self, path: TaskPath, kind: str, name: str) -> Mapping[str, Any]:
        """Give the `InputParameterSpec` or `InputArtifactSpec` of an input of a task."""
        inputs = mapping(self.task(path).get("inputs"))
        return mapping(mapping(inputs.get(kind)).get(name))

    def _constant(self, path: TaskPath, value: Any) -> Constant:
        names = sorted({name for text in texts(value) for name in OWN_INPUT.findall(text)})
        return Constant(value, {name: self.source(path, "parameters", name) for name in names})

    def _outer(self, path: TaskPath, kind: str, name: str) -> Source:
        around = path[:-1]
        if not around:
            return Given(name)
        inputs = mapping(mapping(self.task(around).get("inputs")).get(kind))
        if name in inputs:
            return self.source(around, kind, name)
        declared = mapping(self.component(around).get("inputDefinitions"))
        definition = mapping(mapping(declared.get(kind)).get(name))
        return Constant(definition["defaultValue"]) if "defaultValue" in definition else Unclear()

    def _made(self, path: TaskPath, kind: str, key: str) -> Source:
        """Follow an output into the graph that gives it."""
        component = self.component(path)
        if "dag" not in component or self.task(path).keys() & {
            "parameterIterator",
            "artifactIterator",
        }:
            return Made(path, key)
        outputs = mapping(mapping(mapping(component.get("dag")).get("outputs")).get(kind))
        one = mapping(outputs.get(key))
        if kind == "artifacts":
            selectors = list(one.get("artifactSelectors", []))
        elif "valueFromParameter" in one:
            selectors = [one["valueFromParameter"]]
        else:
            selectors = []
        if len(selectors) != 1:
            return Unclear()
        inner = mapping(selectors[0])
        name = inner.get("outputParameterKey") or inner.get("outputArtifactKey")
        return self._made((*path, str(inner.get("producerSubtask"))), kind, str(name))

    def component(self, path: TaskPath) -> Mapping[str, Any]:
        """Give the `ComponentSpec` of the task at a path; that of the root for an empty one."""
        component = mapping(self._spec.get("root"))
        for name in path:
            component = self._of(mapping(tasks_of(component).get(name)))
        return component

    def _of(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give the component that a task runs."""
        return mapping(self._components.get(component_of(task)))

    def _stages_in(self, component: Any, path: TaskPath) -> Iterator[tuple[str, TaskPath]]:
        tasks = tasks_of(component)
        for name in in_order(tasks):
            if condition_of(tasks[name]):
                yield from self._stages_in(self._of(tasks[name]), (*path, name))
            else:
                yield name, (*path, name)

    def _in(self, stage: str, path: TaskPath) -> Iterator[Leaf]:
        component, task = self.component(path), self.task(path)
        if "dag" in component:
            for name in in_order(tasks_of(component)):
                yield from self._in(stage, (*path, name))
            return
        executor = mapping(self._executors.get(str(component.get("executorLabel"))))
        yield Leaf(stage, path, task, component, executor)


def tasks_of(component: Any) -> Mapping[str, Mapping[str, Any]]:
    """Give the tasks of a component that is a graph."""
    found = mapping(mapping(mapping(component).get("dag")).get("tasks"))
    return {name: mapping(task) for name, task in found.items()}


def component_of(task: Mapping[str, Any]) -> str:
    """Give the name of the component that a task runs; empty where it names none."""
    return str(mapping(task.get("componentRef")).get("name", ""))


def condition_of(task: Mapping[str, Any]) -> str:
    """Give the condition that a task hangs on, as the spec says it; empty for none."""
    return str(mapping(task.get("triggerPolicy")).get("condition", ""))


def _outer_input(written: Mapping[str, Any]) -> str:
    """Name the input, of the graph around, that an input is; empty for what is none."""
    return str(
        written.get("componentInputParameter") or written.get("componentInputArtifact") or ""
    )


def _producer(path: TaskPath, written: Mapping[str, Any]) -> Made | None:
    """Give the output of a task beside that an input is, or None."""
    made = mapping(written.get("taskOutputParameter") or written.get("taskOutputArtifact"))
    if not made:
        return None
    key = made.get("outputParameterKey") or made.get("outputArtifactKey")
    return Made((*path[:-1], str(made.get("producerTask"))), str(key))


def in_order(tasks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Name tasks, each after those it depends on; KFP sorts them by name."""
    ordered: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name in seen or name not in tasks:
            return
        seen.add(name)
        for needed in tasks[name].get("dependentTasks", []):
            visit(needed)
        ordered.append(name)

    for name in tasks:
        visit(name)
    return ordered


def texts(value: Any) -> Iterator[str]:
    """Give every text in a nested value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from (name, *texts(item))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)

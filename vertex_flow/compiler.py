"""Turns a wired graph into a KFP pipeline: each stage a nested one, each `When` a condition."""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import attrs
from kfp import compiler, dsl
from kfp.dsl import Input
from kfp.dsl.pipeline_channel import PipelineChannel
from kfp.dsl.pipeline_context import Pipeline
from kfp.dsl.types.type_utils import InconsistentTypeException

from vertex_flow.contract import Inputs, Stage
from vertex_flow.errors import SettingError, nearest
from vertex_flow.graph import Graph, Node, Step, When
from vertex_flow.ports import Condition, Param, Port, is_artifact, references

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Source = Port[Any] | Param[Any]


@attrs.frozen
class _Argument:
    """One parameter of a pipeline function.

    Attributes:
        name: Its name.
        type: An artifact class or a parameter type.
        source: What is passed.
        default: Value of a run that sets none; only on the whole flow's own pipeline.
    """

    name: str
    type: type
    source: Source
    default: Any = inspect.Parameter.empty

    def parameter(self) -> inspect.Parameter:
        """As it stands in the signature that KFP reads."""
        annotation = Input[self.type] if is_artifact(self.type) else self.type
        return inspect.Parameter(
            self.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            annotation=annotation,
            default=self.default,
        )


def build(graph: Graph) -> Any:
    """Make the KFP pipeline of a graph.

    The pipeline holds no project, bucket or image: what a context supplies is a parameter.

    Returns:
        A KFP pipeline component; `.pipeline_spec` is its `PipelineSpec` message.
    """
    stages = {node.name: _StagePipeline(graph.name, node) for node in graph.nodes}
    arguments = [
        _Argument(param.name, param.type, param, param.default) for param in graph.params.values()
    ]

    def body(*channels: Any) -> None:
        known: dict[Source, Any] = {
            argument.source: channel for argument, channel in zip(arguments, channels, strict=True)
        }
        _Walk(stages, known).run(graph.steps)

    return _pipeline(graph.name, body, arguments, {}, f"Flow {graph.name}.")


def write(graph: Graph, path: str | Path) -> Path:
    """Compile a graph to a PipelineSpec file; the same graph gives the same bytes.

    Args:
        graph: The graph.
        path: Ends in `.yaml`, `.yml` or `.json`; missing folders are made.

    Returns:
        The absolute path.

    Raises:
        SettingError: The path ends in something else, or cannot be written.
    """
    target = Path(path).expanduser().resolve()
    if target.suffix not in (".yaml", ".yml", ".json"):
        raise SettingError(
            f"compile({str(path)!r}): expected a path that ends in .yaml, .yml or .json."
        )
    pipeline = build(graph)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        compiler.Compiler().compile(pipeline, str(target))
    except OSError as error:
        raise SettingError(f"{target} cannot be written: {error.strerror}.") from error
    return target


class _Walk:
    """One pass over the steps inside the flow's pipeline function."""

    def __init__(self, stages: Mapping[str, _StagePipeline], known: dict[Source, Any]) -> None:
        self._stages = stages
        self._known = known
        self._tasks: dict[str, Any] = {}

    def run(self, steps: Sequence[Step]) -> None:
        """Create the tasks of some steps."""
        for step in steps:
            if isinstance(step, When):
                with dsl.If(self._compare(step.condition), name=_condition_name(step.condition)):
                    self.run(step.stages)
            else:
                self._create(self._stages[step.name])

    def _create(self, pipeline: _StagePipeline) -> None:
        task = pipeline.component(**{a.name: self._known[a.source] for a in pipeline.arguments})
        stage = pipeline.node.stage
        task.after(*[self._tasks[name] for name in stage.after])
        self._tasks[stage.name] = task
        for name, port in stage.ports.items():
            self._known[port] = task.outputs[name]

    def _compare(self, condition: Condition) -> Any:
        right = condition.right
        left = self._known[condition.left]
        return _COMPARISONS[condition.operator](
            left, self._known[right] if isinstance(right, (Port, Param)) else right
        )


class _StagePipeline:
    """The nested pipeline of one stage.

    Attributes:
        node: The stage in its place.
        arguments: What is passed in, inputs first.
        component: The KFP pipeline.
    """

    def __init__(self, flow: str, node: Node) -> None:
        self.node = node
        declared = node.stage.inputs_declared
        inputs = [_Argument(name, declared[name], port) for name, port in node.sources.items()]
        settings = dict.fromkeys(
            source for value in node.stage.settings.values() for source in references(value)
        )
        names = _unique_names([argument.name for argument in inputs], list(settings))
        values = [_Argument(names[source], source.type, source) for source in settings]
        self.arguments = [*inputs, *values]

        def body(*channels: Any) -> Any:
            given = dict(zip([a.name for a in self.arguments], channels, strict=True))
            io = Inputs(
                node.stage,
                flow,
                {argument.name: given[argument.name] for argument in inputs},
                {argument.source: (argument.name, given[argument.name]) for argument in values},
            )
            emitted = _check_outputs(node, node.stage.emit(io))
            _check_tasks(node)
            return emitted

        outputs = {name: port.type for name, port in node.stage.ports.items()}
        doc = _doc(node.stage)
        try:
            self.component = _pipeline(node.name, _cached(node, body), self.arguments, outputs, doc)
        except InconsistentTypeException as error:
            cls = type(node.stage).__name__
            raise SettingError(f"{cls}.emit of stage {node.name!r}: {error}") from error


def _cached(node: Node, body: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the cache off for every task of a stage with `cache=False`."""
    if node.stage.cache:
        return body

    def uncached(*channels: Any) -> Any:
        result = body(*channels)
        pipeline: Any = Pipeline.get_default_pipeline()
        for task in pipeline.tasks.values():
            task.set_caching_options(False)
        return result

    return uncached


def _pipeline(
    name: str,
    body: Callable[..., Any],
    arguments: Sequence[_Argument],
    outputs: Mapping[str, type],
    doc: str,
) -> Any:
    """Make a KFP pipeline of a function, with a signature that is only known now."""
    make: Any = NamedTuple  # a name for the type checkers, which want literal fields
    returned = make("Outputs", list(outputs.items())) if outputs else inspect.Signature.empty

    def function(*channels: Any) -> Any:
        result = body(*channels)
        return returned(**result) if outputs else None

    function.__name__ = name
    function.__doc__ = _pipeline_doc(doc)
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [argument.parameter() for argument in arguments], return_annotation=returned
    )
    return dsl.pipeline(name=name)(function)


def _doc(stage: Stage) -> str:
    """The docstring of a stage's class; that of `Stage` itself says nothing of this one."""
    doc = inspect.getdoc(type(stage)) or ""
    return "" if doc == inspect.getdoc(Stage) else doc


def _pipeline_doc(doc: str) -> str:
    """The text that KFP shows in the console: without examples, attributes as arguments."""
    text = re.split(r"\n\s*(?:Example|Raises):", doc)[0]
    return text.replace("Attributes:", "Args:").strip()


def _check_outputs(node: Node, outputs: Mapping[str, Any]) -> dict[str, Any]:
    declared = list(node.stage.ports)
    where = f"{type(node.stage).__name__}.emit"
    if not isinstance(outputs, Mapping):
        raise SettingError(
            f"{where} returned {outputs!r}: expected a mapping of output name to KFP channel, "
            f"for example {{{(declared or ['model'])[0]!r}: task.output}}."
        )
    unknown = [name for name in outputs if name not in declared]
    if unknown:
        raise SettingError(
            f"{where} returned {unknown[0]!r}, which the class does not declare. Add "
            f"`{unknown[0]} = Out(Type)`.{nearest(unknown[0], declared)}"
        )
    missing = [name for name in declared if name not in outputs]
    if missing:
        raise SettingError(
            f"{where} returned no {missing[0]!r}, which the class declares as an output."
        )
    constants = [name for name in outputs if not isinstance(outputs[name], PipelineChannel)]
    if constants:
        raise SettingError(
            f"{where} returned {outputs[constants[0]]!r} for {constants[0]!r}: expected a KFP "
            "channel such as task.output or task.outputs['name']."
        )
    return dict(outputs)


def _check_tasks(node: Node) -> None:
    pipeline: Any = Pipeline.get_default_pipeline()
    if not pipeline.tasks:
        raise SettingError(
            f"{type(node.stage).__name__}.emit created no KFP task: call a component in it."
        )


def _condition_name(condition: Condition) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"when {condition.left}".lower()).strip("-")


def _unique_names(taken: Sequence[str], sources: Sequence[Source]) -> dict[Source, str]:
    names: dict[Source, str] = {}
    used = set(taken)
    for source in sources:
        stem = source.name if isinstance(source, Param) else f"{source.stage}_{source.name}"
        stem = stem.replace("-", "_")
        name = stem
        while name in used:
            name += "_value"
        used.add(name)
        names[source] = name
    return names

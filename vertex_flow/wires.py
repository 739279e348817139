"""The wires of a flow: as lines of text, as a tree, as a picture, as nodes and edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from vertex_flow.contract import Stage
from vertex_flow.graph import Graph, Node, When, place
from vertex_flow.ports import Param, Port, references
from vertex_flow.texts import plain
from vertex_flow.training import TENSORBOARD, TRAINING_ACCOUNT

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree


@attrs.frozen
class Edge:
    """What makes one stage wait for another.

    Attributes:
        source: Name of the stage that comes first.
        target: Name of the stage that waits.
        outputs: Names of the outputs that it takes; empty where it only waits.
        condition: The `When` around it that the source decides on, in words, or the empty text.
    """

    source: str
    target: str
    outputs: tuple[str, ...] = ()
    condition: str = ""


def edges(graph: Graph) -> tuple[Edge, ...]:
    """Give every edge of a flow, in the order of the stages that wait; one for each pair."""
    found: list[Edge] = []
    for node in graph.nodes:
        outputs: dict[str, list[str]] = {name: [] for name in node.stage.after}
        for port in _ports(node):
            taken = outputs.setdefault(port.stage, [])
            taken += [] if port.name in taken else [port.name]
        deciding = _deciding(node)
        for name in deciding:
            outputs.setdefault(name, [])
        found += [
            Edge(name, node.name, tuple(taken), deciding.get(name, ""))
            for name, taken in outputs.items()
        ]
    return tuple(found)


def as_json(graph: Graph) -> dict[str, Any]:
    """Put a flow into plain values.

    Returns:
        `flow`, its name; `params` with name, type and default; `nodes` with name, class, inputs
        (input → output that fills it), outputs (name → type) and conditions; `edges` with source,
        target, outputs and condition.
    """
    return {
        "flow": graph.name,
        "params": [
            {"name": one.name, "type": one.type.__name__, "default": one.default}
            for one in graph.params.values()
        ],
        "nodes": [
            {
                "name": node.name,
                "class": type(node.stage).__name__,
                "inputs": {name: str(port) for name, port in node.sources.items()},
                "outputs": {name: port.type.__name__ for name, port in node.stage.ports.items()},
                "conditions": [str(when.condition) for when in node.scope],
            }
            for node in graph.nodes
        ],
        "edges": [{**attrs.asdict(one), "outputs": list(one.outputs)} for one in edges(graph)],
    }


def lines(graph: Graph) -> Iterator[str]:
    """Word a flow, a line for each stage, input and output."""
    nodes = {node.name: node for node in graph.nodes}
    for step, scope in place(graph.steps):
        indent = "  " * (len(scope) + 1)
        if isinstance(step, When):
            yield f"{indent}when {step.condition}"
            continue
        yield f"{indent}{step.name}"
        for line in _wires(step, nodes[step.name].sources):
            yield f"{indent}    {line}"


def tree(graph: Graph) -> Tree:
    """Draw a flow as a tree: each stage below the last of those that it waits for."""
    from rich.text import Text as Label
    from rich.tree import Tree as Branch

    root = Branch(Label(graph.name, style="bold"))
    position = {node.name: at for at, node in enumerate(graph.nodes)}
    scopes = {node.name: node.scope for node in graph.nodes}
    branches: dict[str, Tree] = {}
    conditions: dict[tuple[int, int], Tree] = {}
    into = edges(graph)
    for node in graph.nodes:
        waits = [one for one in into if one.target == node.name]
        waits.sort(key=lambda one: position[one.source])
        last = waits[-1].source if waits else None
        below = root if last is None else branches[last]
        for when in node.scope[len(scopes.get(last or "", ())) :]:
            key = (id(below), id(when))
            if key not in conditions:
                conditions[key] = below.add(Label(plain(f"when {when.condition}"), style="italic"))
            below = conditions[key]
        branches[node.name] = below.add(_label(node.name, last, waits))
    return root


def svg(graph: Graph) -> str:
    """Draw a flow as a picture: an `<svg>` element."""
    from vertex_flow.report.drawing import Node as Box
    from vertex_flow.report.drawing import draw

    scopes = {node.name: node.scope for node in graph.nodes}
    every = edges(graph)
    boxes = []
    for node in graph.nodes:
        into = [one for one in every if one.target == node.name]
        # What another stage of the same When has waited for needs no line of its own.
        inside = any(scopes[one.source] == node.scope for one in into if one.outputs)
        after = [one.source for one in into if one.outputs or not one.condition or not inside]
        condition = " and ".join(str(when.condition) for when in node.scope)
        boxes.append(Box(name=node.name, after=tuple(after), condition=condition))
    return draw(boxes, title=f"flow {graph.name!r}")


def _label(name: str, above: str | None, waits: list[Edge]) -> Text:
    """Name a stage and what it takes; outputs of the stage above it stand without its name."""
    from rich.text import Text as Label

    parts = [
        output if one.source == above else f"{one.source}.{output}"
        for one in reversed(waits)
        for output in one.outputs
    ]
    taken = f"  ← {', '.join(parts)}" if parts else ""
    return Label.assemble(name, (taken, "dim"))


def _ports(node: Node) -> Iterator[Port[Any]]:
    yield from node.sources.values()
    for setting in node.stage.settings.values():
        yield from (one for one in references(setting) if isinstance(one, Port))


def _deciding(node: Node) -> dict[str, str]:
    """The stages whose outputs the `When`s around a stage look at, with the conditions."""
    found: dict[str, list[str]] = {}
    for when in node.scope:
        for side in (when.condition.left, when.condition.right):
            if isinstance(side, Port):
                found.setdefault(side.stage, []).append(str(when.condition))
    return {name: " and ".join(dict.fromkeys(words)) for name, words in found.items()}


def _wires(stage: Stage, sources: Mapping[str, Port[Any]]) -> list[str]:
    """What goes into a stage and what comes out, a line each."""
    inputs = {name: str(port) for name, port in sources.items()}
    for field, setting in stage.settings.items():
        for source in references(setting):
            if any(source is one for one in (TENSORBOARD, TRAINING_ACCOUNT)):
                continue  # the context's affair, and empty in most runs: no wire of the flow's
            key = field if source is setting else f"{field}: {source.name}"
            inputs[key] = str(source) if isinstance(source, Port) else _describe(source)
    width = max(map(len, [*inputs, *stage.ports]), default=0)
    given = [f"← {name:<{width}}  {source}" for name, source in inputs.items()]
    return given + [
        f"→ {name:<{width}}  {port.type.__name__}" for name, port in stage.ports.items()
    ]


def _describe(param: Param[Any]) -> str:
    return f"parameter {param.name!r}, {param.default!r} by default"

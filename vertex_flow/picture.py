"""The picture of a flow: its stages, each below those that it waits for."""

from __future__ import annotations

from collections.abc import Iterator

from vertex_flow.graph import Graph, Node
from vertex_flow.ports import Port, references
from vertex_flow.report import drawing


def draw(graph: Graph) -> str:
    """Draw a flow as SVG.

    Args:
        graph: The wired stages.
    """
    boxes = [
        drawing.Node(
            name=node.name,
            after=tuple(dict.fromkeys(_sources(node))),
            condition=" and ".join(str(when.condition) for when in node.scope),
        )
        for node in graph.nodes
    ]
    return drawing.draw(boxes, title=f"flow {graph.name!r}")


def _sources(node: Node) -> Iterator[str]:
    """Names of the stages that a stage waits for, some of them more than once."""
    yield from node.stage.after
    yield from (port.stage for port in node.sources.values())
    for setting in node.stage.settings.values():
        yield from (one.stage for one in references(setting) if isinstance(one, Port))
    for when in node.scope:
        sides = (when.condition.left, when.condition.right)
        yield from (side.stage for side in sides if isinstance(side, Port))

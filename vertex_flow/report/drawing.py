"""The graph of a flow or a run, as SVG: no script, no style sheet, for light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import attrs

from vertex_flow.report.layers import Layout, Wire, arrange
from vertex_flow.report.states import look, say
from vertex_flow.texts import plain

_SVG = "http://www.w3.org/2000/svg"
_MARGIN, _ROW, _SPACE = 12.0, 26.0, 34.0  # pixels: around all, of a line of a box, between rows
_LETTER, _SMALL = 8.0, 6.6  # width of a letter of a name, and of what is below it
_LEAST, _MOST = 130.0, 300.0  # width of a box
_FONT = "system-ui, sans-serif"


@attrs.frozen(kw_only=True)
class Node:
    """A box of the graph.

    Attributes:
        name: What it is called.
        after: Names of those that it comes after.
        state: Its state, for mark and colour; empty for a flow that does not run.
        note: A few words below the name, for example how long it took.
        condition: What it hangs on, in words; empty when it always runs.
        href: Where a click leads; empty for nowhere.
    """

    name: str
    after: tuple[str, ...] = ()
    state: str = ""
    note: str = ""
    condition: str = ""
    href: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """What stands below the name."""
        words = [f"{look(self.state).mark} {self.note or say(self.state)}"]
        said = words if self.state else [self.note]
        condition = [f"if {self.condition}"] if self.condition else []
        return tuple(line for line in [*said, *condition] if line)

    @property
    def width(self) -> float:
        """Width of its box, in pixels."""
        longest = max([len(self.name) * _LETTER, *[len(line) * _SMALL for line in self.lines]])
        return min(max(longest + 34, _LEAST), _MOST)

    @property
    def height(self) -> float:
        """Height of its box, in pixels."""
        return _ROW * 1.25 + 17.0 * len(self.lines)


def draw(nodes: Sequence[Node], *, title: str) -> str:
    """Draw a graph from top to bottom.

    Args:
        nodes: The boxes, each after those it comes after; their names are unique.
        title: What the picture shows, for those who cannot see it.

    Returns:
        An `<svg>` element that takes the colour of the text around it.

    Example:
        ```python
        from vertex_flow.report.drawing import Node, draw

        svg = draw([Node(name="load"), Node(name="train", after=("load",))], title="flow 'mnist'")
        ```
    """
    known = {node.name: node for node in nodes}
    layout = arrange(
        {name: node.width for name, node in known.items()},
        {name: node.after for name, node in known.items()},
    )
    tops, height = _tops(layout, known)
    width = layout.width + 2 * _MARGIN
    svg = ElementTree.Element(
        "svg",
        {
            "xmlns": _SVG,
            "viewBox": f"0 0 {width:.0f} {height:.0f}",
            "width": f"{width:.0f}",
            "height": f"{height:.0f}",
            "role": "img",
            "style": "max-width:100%;height:auto",
            "font-family": _FONT,
        },
    )
    _sub(svg, "title", plain(title))
    _sub(svg, "desc", _words(nodes))
    wires = ElementTree.SubElement(svg, "g", {"fill": "none", "stroke": "currentColor"})
    for wire in layout.wires:
        _draw_wire(wires, wire, layout, tops, known)
    for node in known.values():
        _draw_box(svg, node, layout.centres[node.name] + _MARGIN, tops[node.name])
    return ElementTree.tostring(svg, encoding="unicode")


def _tops(layout: Layout, known: dict[str, Node]) -> tuple[dict[str, float], float]:
    """Give y of the upper edge of each box, and the height of the whole."""
    tops: dict[str, float] = {}
    y = _MARGIN
    for row in layout.rows:
        tallest = max(known[name].height for name in row)
        for name in row:
            tops[name] = y + (tallest - known[name].height) / 2
        y += tallest + _SPACE
    return tops, max(y - _SPACE, _MARGIN) + _MARGIN


def _draw_wire(
    parent: ElementTree.Element,
    wire: Wire,
    layout: Layout,
    tops: dict[str, float],
    known: dict[str, Node],
) -> None:
    """Draw a smooth line from the lower edge of a box to the upper edge of another."""
    rows = {name: at for at, row in enumerate(layout.rows) for name in row}
    source, target = known[wire.source], known[wire.target]
    x, y = layout.centres[source.name] + _MARGIN, tops[source.name] + source.height
    path = f"M{x:.1f} {y:.1f}"
    for step, bend in enumerate(wire.bends, rows[source.name] + 1):
        names = layout.rows[step]
        upper = min(tops[name] for name in names)
        lower = max(tops[name] + known[name].height for name in names)
        path += _curve(x, y, bend + _MARGIN, upper) + f"V{lower:.1f}"
        x, y = bend + _MARGIN, lower
    end = tops[target.name] - 6
    path += _curve(x, y, layout.centres[target.name] + _MARGIN, end)
    dashed = {"stroke-dasharray": "5 4"} if target.condition and not source.condition else {}
    ElementTree.SubElement(
        parent, "path", {"d": path, "stroke-width": "1.4", "stroke-opacity": "0.55", **dashed}
    )
    tip = layout.centres[target.name] + _MARGIN
    head = f"M{tip - 4:.1f} {end:.1f}H{tip + 4:.1f}L{tip:.1f} {end + 6:.1f}Z"
    attributes = {"d": head, "fill": "currentColor", "fill-opacity": "0.7", "stroke": "none"}
    ElementTree.SubElement(parent, "path", attributes)


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (y + to_y) / 2
    return f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"


def _draw_box(parent: ElementTree.Element, node: Node, centre: float, top: float) -> None:
    left, colour = centre - node.width / 2, look(node.state).colour
    if node.href:
        parent = ElementTree.SubElement(parent, "a", {"href": node.href})
    group = ElementTree.SubElement(parent, "g", {"fill": "currentColor"})
    _sub(group, "title", ": ".join([plain(node.name), ", ".join(map(plain, node.lines))]))
    box = {
        "x": f"{left:.1f}",
        "y": f"{top:.1f}",
        "width": f"{node.width:.1f}",
        "height": f"{node.height:.1f}",
        "rx": "8",
        "fill-opacity": "0.05",
        "stroke": colour if node.state else "currentColor",
        "stroke-width": "1.6" if node.state else "1.2",
        "stroke-opacity": "1" if node.state else "0.6",
    }
    if node.condition:
        box["stroke-dasharray"] = "5 4"
    ElementTree.SubElement(group, "rect", box)
    y = top + _ROW * 0.85
    _text(group, _cut(node.name, node.width, _LETTER), (centre, y), size=14, bold=True)
    for line in node.lines:
        y += 17
        _text(group, _cut(line, node.width, _SMALL), (centre, y), size=12)


def _text(
    parent: ElementTree.Element,
    text: str,
    at: tuple[float, float],
    *,
    size: int,
    bold: bool = False,
) -> None:
    element = _sub(parent, "text", text)
    element.set("x", f"{at[0]:.1f}")
    element.set("y", f"{at[1]:.1f}")
    element.set("font-size", str(size))
    element.set("text-anchor", "middle")
    if bold:
        element.set("font-weight", "600")
    else:
        element.set("fill-opacity", "0.8")


def _cut(text: str, width: float, letter: float) -> str:
    """Cut a text to the width of its box."""
    text, most = plain(text), int((width - 24) / letter)
    return text if len(text) <= most else text[: most - 1] + "…"


def _words(nodes: Sequence[Node]) -> str:
    """Say what the picture shows."""
    said = []
    for node in nodes:
        after = f" after {', '.join(map(plain, node.after))}" if node.after else ""
        lines = f" ({', '.join(map(plain, node.lines))})" if node.lines else ""
        said.append(f"{plain(node.name)}{lines}{after}")
    return "; ".join(said)


def _sub(parent: ElementTree.Element, tag: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag)
    element.text = text
    return element

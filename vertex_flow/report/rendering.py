"""Vega-Lite specifications as SVG that stands in a page: no script, no style sheet, no id twice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from vertex_flow.texts import plain

_SVG = "http://www.w3.org/2000/svg"
_MARKS = ("path", "rect", "line", "circle", "text")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_DROPPED = ("aria-label", "aria-roledescription", "aria-hidden", "role", "font-family", "class")


def svg(spec: Mapping[str, Any] | None, title: str) -> str:
    """Draw a chart.

    Args:
        spec: A Vega-Lite specification; None for no chart.
        title: What the picture shows, for those who cannot see it.

    Returns:
        An `<svg>` element, whose marks say their values when the pointer is on them, and that
        takes colour and font of the text around it; the empty text without a chart.
    """
    if spec is None:
        return ""
    import vl_convert  # a browser's engine, of 160 MB: only where a chart is drawn

    text = vl_convert.vegalite_to_svg(dict(spec), vl_version="6.4", allowed_base_urls=[])
    root = ElementTree.fromstring(text)  # noqa: S314 - just drawn, here
    prefix = f"c{hashlib.sha256((plain(title) + text).encode()).hexdigest()[:8]}-"
    for element in list(root.iter()):
        _settle(element, prefix)
    drawn = ElementTree.Element(
        "svg",
        {
            "xmlns": _SVG,
            "viewBox": root.attrib["viewBox"],
            "role": "img",
            "style": f"width:{root.attrib['width']}px;max-width:100%;height:auto",
        },
    )
    drawn.append(_title(plain(title)))
    drawn.extend(root)
    return ElementTree.tostring(drawn, encoding="unicode")


def _settle(element: ElementTree.Element, prefix: str) -> None:
    """Make what a mark says its title, and its ids unique in a page."""
    element.tag = element.tag.rpartition("}")[2]
    says = element.get("aria-label")
    if says and element.get("role") == "graphics-symbol" and element.tag in _MARKS:
        element.insert(0, _title(says))
    for name in _DROPPED:
        element.attrib.pop(name, None)
    for name, value in element.attrib.items():
        if name == "id":
            element.set(name, prefix + value)
        elif "url(#" in value:
            element.set(name, _REFERENCE.sub(rf"url(#{prefix}\1)", value))


def _title(text: str) -> ElementTree.Element:
    made = ElementTree.Element("title")
    made.text = text
    return made
